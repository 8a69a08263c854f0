
/*
 * Copyright (C) nginx rooms contributors
 *
 * Facts of the video and of its item in the queue.
 */


#include <string.h>

#include <rooms_orchestrator_change.h>


static json_t *
rooms_orchestrator_item(rooms_orchestrator_change_t *c)
{
    json_t  *queue;

    queue = rooms_orchestrator_part(c, "queue");

    return json_array_get(queue, json_array_size(queue) - 1);
}


static rooms_int_t
rooms_orchestrator_load(rooms_orchestrator_change_t *c)
{
    json_t  *queue, *video;

    queue = rooms_orchestrator_part(c, "queue");
    video = rooms_orchestrator_part(c, "video");

    if (!json_is_string(rooms_orchestrator_field(c, "token"))
        || !json_is_integer(rooms_orchestrator_field(c, "duration"))
        || !json_is_string(rooms_orchestrator_field(c, "by"))
        || !json_is_object(rooms_orchestrator_field(c, "item")))
    {
        return ROOMS_ERROR;
    }

    (void) json_object_clear(video);

    if (json_array_append(queue, rooms_orchestrator_field(c, "item")) != 0
        || rooms_orchestrator_set(video, "token",
                                  rooms_orchestrator_field(c, "token"))
           != ROOMS_OK
        || rooms_orchestrator_set(video, "duration",
                                  rooms_orchestrator_field(c, "duration"))
           != ROOMS_OK
        || rooms_orchestrator_set(video, "by",
                                  rooms_orchestrator_field(c, "by"))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (json_array_size(queue) > ROOMS_ORCHESTRATOR_VIDEOS) {
        (void) json_array_remove(queue, 0);
    }

    return ROOMS_OK;
}


/* The state of an item follows from that of the video. */

static rooms_int_t
rooms_orchestrator_follow(rooms_orchestrator_change_t *c, const char *status)
{
    json_t      *item, *time;
    const char  *was;

    item = rooms_orchestrator_item(c);

    if (item == NULL) {
        return ROOMS_OK;
    }

    was = rooms_orchestrator_text(item, "status");
    time = rooms_orchestrator_iso((uint64_t) json_integer_value(c->at));

    if (strcmp(status, "playing") == 0 && strcmp(was, "pending") == 0) {
        (void) json_object_set(item, "playbackStart", time);
        (void) json_object_set_new(item, "status", json_string("playing"));

    } else if (strcmp(status, "error") == 0) {
        (void) json_object_set(item, "error",
                               rooms_orchestrator_field(c, "error"));
        (void) json_object_set_new(item, "status", json_string("failed"));

    } else if ((strcmp(status, "completed") == 0
                || strcmp(status, "idle") == 0)
               && (strcmp(was, "playing") == 0 || strcmp(was, "pending") == 0))
    {
        (void) json_object_set(item, "playbackEnd", time);
        (void) json_object_set_new(item, "status", json_string("completed"));
    }

    json_decref(time);

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_apply_video(rooms_orchestrator_change_t *c)
{
    json_t      *video, *status;
    uint64_t     played;
    const char  *was, *text;

    video = rooms_orchestrator_part(c, "video");
    status = rooms_orchestrator_field(c, "status");
    text = rooms_orchestrator_text(c->fact, "status");

    if (*text == '\0') {
        return ROOMS_ERROR;
    }

    if (strcmp(text, "loading") == 0) {
        if (rooms_orchestrator_load(c) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

    } else if (json_object_size(video) == 0) {
        return ROOMS_ERROR;
    }

    if (strcmp(text, "idle") == 0) {
        (void) rooms_orchestrator_follow(c, text);
        (void) json_object_clear(video);
        return ROOMS_OK;
    }

    played = rooms_orchestrator_shown(c->root,
                                      (uint64_t) json_integer_value(c->at));
    was = rooms_orchestrator_text(video, "status");

    if (strcmp(text, "playing") == 0 && strcmp(was, "loading") == 0
        && rooms_orchestrator_set(video, "start", c->at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (rooms_orchestrator_set_new(video, "played",
                                   json_integer((json_int_t) played))
        != ROOMS_OK
        || rooms_orchestrator_set(video, "since", c->at) != ROOMS_OK
        || rooms_orchestrator_set(video, "status", status) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_follow(c, text);
}
