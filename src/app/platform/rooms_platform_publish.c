
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: events of apps, and the nine checks before one is published.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_PREFIX  80
#define ROOMS_PLATFORM_SECOND  1000


/* ^[a-z][a-z0-9_-]*:[a-z][a-z0-9_]*$ */

static unsigned
rooms_platform_event_name(const char *s)
{
    unsigned  part;

    for (part = 0; part < 2; part++) {

        if (*s < 'a' || *s > 'z') {
            return 0;
        }

        while ((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9')
               || *s == '_' || (*s == '-' && part == 0))
        {
            s++;
        }

        if (*s != (part == 0 ? ':' : '\0')) {
            return 0;
        }

        s++;
    }

    return 1;
}


/*
 * The prefix of an app: what its manifest says, else its id without "app_" at
 * the front and "_v" and digits at the end.
 */

static void
rooms_platform_prefix(const json_t *app, char prefix[ROOMS_PLATFORM_PREFIX])
{
    char        *s, *p;
    const char  *id;

    id = json_string_value(rooms_platform_at(app, "manifest", "eventPrefix",
                                             NULL));
    if (id != NULL) {
        (void) snprintf(prefix, ROOMS_PLATFORM_PREFIX, "%s", id);
        return;
    }

    id = rooms_platform_text(app, "appId");

    (void) snprintf(prefix, ROOMS_PLATFORM_PREFIX, "%s",
                    strncmp(id, "app_", 4) == 0 ? id + 4 : id);

    s = NULL;

    for (p = prefix; (p = strstr(p, "_v")) != NULL; p += 2) {
        s = p;
    }

    if (s != NULL && s != prefix && s[2] != '\0'
        && strspn(s + 2, "0123456789") == strlen(s + 2))
    {
        *s = '\0';
    }
}


static unsigned
rooms_platform_prefixed(const rooms_platform_t *p, const char *event)
{
    char    prefix[ROOMS_PLATFORM_PREFIX];
    size_t  i, n;

    static const char *const  ours[] = {
        "room", "participant", "prize", "winner", "notification",
        "presence", "token"
    };

    n = strcspn(event, ":");

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strlen(ours[i]) == n && memcmp(event, ours[i], n) == 0) {
            return 0;
        }
    }

    rooms_platform_prefix(p->who.app, prefix);

    return (strlen(prefix) == n && memcmp(event, prefix, n) == 0)
           || (strlen(p->who.aid) == n && memcmp(event, p->who.aid, n) == 0);
}


static rooms_int_t
rooms_platform_app_denied(rooms_platform_t *p, const char *message,
    json_t *details)
{
    return rooms_platform_fail(p, 403, "APP_PERMISSION_DENIED", message,
                               details);
}


/* The data goes out as it came, octet by octet. */

static void
rooms_platform_emit(rooms_platform_t *p, const char *room, const char *event,
    const json_t *data)
{
    int              len;
    char             name[ROOMS_PLATFORM_NAME], meta[400], *text;
    json_t          *stripped;
    rooms_buf_t     *b;
    rooms_str_t      raw;
    rooms_message_t  m;

    text = NULL;
    raw = rooms_platform_member(p->cmd->text, "data");

    if (raw.len == 0 || rooms_platform_secret(data)) {
        stripped = rooms_platform_strip(data);
        text = json_dumps(stripped, JSON_COMPACT);
        json_decref(stripped);

        if (text == NULL) {
            p->d->failed = 1;
            return;
        }

        raw = rooms_str(text, strlen(text));
    }

    (void) rooms_platform_id(p, "evt_", p->event);
    (void) snprintf(meta, sizeof(meta), "{\"eventId\":\"%s\","
                    "\"timestamp\":\"%s\",\"roomId\":\"%s\","
                    "\"appId\":\"%s\"}", p->event, p->stamp, room,
                    p->who.aid);

    b = rooms_decision_scratch(p->d);

    rooms_buf_append(b, "[\"", 2);
    rooms_buf_append(b, event, strlen(event));
    rooms_buf_append(b, "\",", 2);
    rooms_buf_str(b, raw);
    rooms_buf_byte(b, ',');
    rooms_buf_append(b, meta, strlen(meta));
    rooms_buf_byte(b, ']');

    memset(&m, 0, sizeof(rooms_message_t));
    m.ephemeral = 1;
    m.args = rooms_str(b->data, b->len);

    len = snprintf(name, sizeof(name), "room:%s", room);

    rooms_decide_in(p->d, rooms_str(name, (size_t) len));
    rooms_decide_message_raw(p->d, &m);
    rooms_platform_audit(p, event, room);

    free(text);
}


static rooms_int_t
rooms_platform_publish(rooms_platform_t *p)
{
    char         id[ROOMS_PLATFORM_ID * 2], key[ROOMS_PLATFORM_NAME];
    char         rate[ROOMS_PLATFORM_NAME];
    size_t       n;
    json_t      *room, *data;
    const char  *event;

    /* 1 and 2, the token and its app, have been checked */

    if (!rooms_platform_permitted(p->who.app, "realtime:publish")) {
        return rooms_platform_app_denied(p, "App lacks required permission",
                   json_pack("{s:s, s:O?}", "required", "realtime:publish",
                             "granted",
                             rooms_platform_at(p->who.app, "manifest",
                                               "permissions", NULL)));
    }

    room = rooms_platform_room(p, rooms_platform_param(p, "id", id));

    if (room == NULL) {
        return rooms_platform_fail(p, 404, "ROOM_NOT_FOUND",
                                   "Room doesn't exist", NULL);
    }

    if (strcmp(rooms_platform_text(room, "appId"), p->who.aid) != 0) {
        return rooms_platform_app_denied(p, "The room has another app",
                                         NULL);
    }

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    event = rooms_platform_text(p->cmd->body, "event");
    n = json_string_length(json_object_get(p->cmd->body, "event"));
    data = json_object_get(p->cmd->body, "data");

    if (strlen(event) != n || !rooms_platform_event_name(event)) {
        return rooms_platform_fail(p, 422, "VALIDATION_ERROR",
                                   "event: must be of the form prefix:action",
                                   json_pack("{s:{s:[s]}}", "fields",
                                             "event", "must be of the form "
                                             "prefix:action"));
    }

    if (!rooms_platform_prefixed(p, event)) {
        return rooms_platform_app_denied(p, "The event's name needs the "
                                         "prefix of the app",
                                         json_pack("{s:s}", "event", event));
    }

    /* in this room, and 600 a minute for each token */

    (void) snprintf(rate, sizeof(rate), "e:%s", id);
    (void) snprintf(key, sizeof(key), "t:%s", p->who.hash);

    if (rooms_platform_full(p, rate, p->conf->events_room,
                            ROOMS_PLATFORM_SECOND))
    {
        return rooms_platform_fail(p, 429, "RATE_LIMIT_EXCEEDED",
                                   "Too many events in this room", NULL);
    }

    if (rooms_platform_full(p, key, p->conf->events_app,
                            ROOMS_PLATFORM_WINDOW))
    {
        return rooms_platform_fail(p, 429, "RATE_LIMIT_EXCEEDED",
                                   "Too many events of this app", NULL);
    }

    if (p->conf->events_room) {
        (void) rooms_platform_hit(p, rate, p->conf->events_room,
                                  ROOMS_PLATFORM_SECOND, NULL, NULL);
    }

    if (p->conf->events_app) {
        (void) rooms_platform_hit(p, key, p->conf->events_app,
                                  ROOMS_PLATFORM_WINDOW, NULL, NULL);
    }

    if (strcmp(event, "quiz:question_published") == 0) {
        rooms_platform_question(p, id, data);
    }

    rooms_platform_emit(p, id, event, data);

    return rooms_platform_success(p, json_pack("{s:b}", "success", 1));
}


const rooms_platform_route_t  rooms_platform_publish_routes[] = {
    { "publishEvent", ROOMS_PLATFORM_APP, rooms_platform_publish },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};
