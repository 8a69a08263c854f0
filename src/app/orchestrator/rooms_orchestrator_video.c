
/*
 * Copyright (C) nginx rooms contributors
 *
 * The shared display, which is the server's clock: loading, playing,
 * completed, idle; or loading, error, idle for what cannot be played.
 */


#include <string.h>

#include <rooms_orchestrator.h>


static const rooms_orchestrator_error_t  rooms_orchestrator_playing = {
    "CONFLICT", "A video is playing already", 409
};

static const rooms_orchestrator_error_t  rooms_orchestrator_nothing = {
    "CONFLICT", "There is no video for that", 409
};


static const char *
rooms_orchestrator_video_status(const rooms_orchestrator_t *g)
{
    return rooms_orchestrator_text(json_object_get(g->state, "video"),
                                   "status");
}


/* duration in ms, progress in percent */

static void
rooms_orchestrator_video_told(rooms_orchestrator_t *g, const char *status,
    const char *token, uint64_t duration, uint64_t progress,
    const char *error)
{
    json_t  *data;

    data = json_pack("{s:s, s:s?}", "status", status, "tokenId", token);

    if (token != NULL) {
        (void) json_object_set_new(data, "progress",
                                   json_integer((json_int_t) progress));
        (void) json_object_set_new(data, "duration",
                                   duration % 1000
                                   ? json_real((double) duration / 1000)
                                   : json_integer((json_int_t) (duration
                                                                / 1000)));
    }

    if (error != NULL) {
        (void) json_object_set_new(data, "error", json_string(error));
    }

    rooms_orchestrator_message(g, ROOMS_TO_ALL, rooms_str(NULL, 0),
                               "video:status", data, 0);
}


/* From what there is to another status. */

static void
rooms_orchestrator_video_go(rooms_orchestrator_t *g, const char *status,
    const char *error)
{
    json_t      *fact;
    uint64_t     duration, progress;
    const char  *token;

    fact = json_pack("{s:s, s:s}", "f", "video", "status", status);

    if (error != NULL) {
        (void) json_object_set_new(fact, "error", json_string(error));
    }

    rooms_orchestrator_fact(g, fact);

    if (strcmp(status, "idle") == 0) {
        rooms_orchestrator_video_told(g, status, NULL, 0, 0, NULL);
        return;
    }

    token = rooms_orchestrator_text(json_object_get(g->state, "video"),
                                    "token");
    duration = rooms_orchestrator_time(g->state, "video", "duration");
    progress = duration ? rooms_orchestrator_shown(g->state, g->now) * 100
                          / duration
                        : 0;

    if (strcmp(status, "completed") == 0) {
        progress = 100;
    }

    rooms_orchestrator_video_told(g, status, token, duration, progress,
                                  error);
}


void
rooms_orchestrator_play(rooms_orchestrator_t *g, const char *token,
    const char *by)
{
    char       id[ROOMS_ORCHESTRATOR_UUID + 1];
    json_t    *entry, *assets;
    uint64_t   duration;

    entry = rooms_orchestrator_token(g->conf, token);
    assets = json_object_get(entry, "mediaAssets");
    duration = rooms_orchestrator_video_time(entry);

    rooms_orchestrator_uuid(g, id);

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s, s:s, s:I, s:s,"
                                         " s:{s:s, s:s, s:s, s:o, s:s, s:O}}",
                                         "f", "video", "status", "loading",
                                         "token", token, "duration",
                                         (json_int_t) duration, "by", by,
                                         "item", "id", id, "tokenId", token,
                                         "requestedBy", by, "requestTime",
                                         rooms_orchestrator_iso(g->now),
                                         "status", "pending", "videoPath",
                                         json_object_get(assets, "video")));

    rooms_orchestrator_video_told(g, "loading", token, duration, 0, NULL);
}


static rooms_int_t
rooms_orchestrator_controlled(rooms_orchestrator_t *g, const char *message,
    const char *status)
{
    rooms_orchestrator_answer(g, 200, json_pack("{s:b, s:s, s:s}",
                                                "success", 1,
                                                "message", message,
                                                "currentStatus", status));

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_control_play(rooms_orchestrator_t *g, const char *id)
{
    json_t  *token;

    if (*id == '\0') {

        if (strcmp(rooms_orchestrator_video_status(g), "paused") == 0) {
            rooms_orchestrator_video_go(g, "playing", NULL);
            return rooms_orchestrator_controlled(g, "Video resumed",
                                                 "playing");
        }

        if (rooms_orchestrator_busy(g->state)) {
            return rooms_orchestrator_fail(g, &rooms_orchestrator_playing,
                                           NULL);
        }

        return rooms_orchestrator_invalid(g, "/tokenId: is required unless a "
                                             "video is paused");
    }

    token = rooms_orchestrator_token(g->conf, id);

    if (token == NULL) {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_no_token, NULL);
    }

    if (rooms_orchestrator_video_time(token) == 0) {
        return rooms_orchestrator_invalid(g, "/tokenId: has no video");
    }

    if (rooms_orchestrator_busy(g->state)) {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_playing, NULL);
    }

    rooms_orchestrator_play(g, id, "admin");

    return rooms_orchestrator_controlled(g, "Video is loading", "playing");
}


rooms_int_t
rooms_orchestrator_control(rooms_orchestrator_t *g)
{
    const char  *command;

    command = rooms_orchestrator_text(g->cmd->body, "command");

    if (strcmp(command, "play") == 0) {
        return rooms_orchestrator_control_play(g,
                   rooms_orchestrator_text(g->cmd->body, "tokenId"));
    }

    if (strcmp(command, "pause") == 0) {

        if (strcmp(rooms_orchestrator_video_status(g), "playing") != 0) {
            return rooms_orchestrator_fail(g, &rooms_orchestrator_nothing,
                                           NULL);
        }

        rooms_orchestrator_video_go(g, "paused", NULL);
        return rooms_orchestrator_controlled(g, "Video paused", "paused");
    }

    /* stop and skip: nothing waits behind it */

    if (*rooms_orchestrator_video_status(g) != '\0') {
        rooms_orchestrator_video_go(g, "idle", NULL);
    }

    return rooms_orchestrator_controlled(g, strcmp(command, "skip") == 0
                                            ? "Video skipped"
                                            : "Video stopped", "idle");
}


uint64_t
rooms_orchestrator_video_due(const rooms_orchestrator_t *g)
{
    uint64_t     since;
    const char  *status;

    status = rooms_orchestrator_video_status(g);
    since = rooms_orchestrator_time(g->state, "video", "since");

    if (strcmp(status, "loading") == 0) {
        return since + g->conf->loading;
    }

    if (strcmp(status, "playing") == 0) {
        return since + rooms_orchestrator_left(g->state, since);
    }

    if (strcmp(status, "completed") == 0 || strcmp(status, "error") == 0) {
        return since + g->conf->rest;
    }

    return 0;
}


unsigned
rooms_orchestrator_video_step(rooms_orchestrator_t *g)
{
    json_t      *token, *playable;
    uint64_t     due;
    const char  *status;

    due = rooms_orchestrator_video_due(g);

    if (due == 0 || g->now < due) {
        return 0;
    }

    status = rooms_orchestrator_video_status(g);

    if (strcmp(status, "loading") == 0) {
        token = rooms_orchestrator_token(g->conf,
                    rooms_orchestrator_text(json_object_get(g->state,
                                                            "video"),
                                            "token"));
        playable = json_object_get(json_object_get(token, "metadata"),
                                   "playable");

        if (token == NULL || json_is_false(playable)) {
            rooms_orchestrator_video_go(g, "error",
                                        "The video cannot be played");
        } else {
            rooms_orchestrator_video_go(g, "playing", NULL);
        }

    } else if (strcmp(status, "playing") == 0) {
        rooms_orchestrator_video_go(g, "completed", NULL);

    } else {
        rooms_orchestrator_video_go(g, "idle", NULL);
    }

    return 1;
}
