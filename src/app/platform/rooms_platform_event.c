
/*
 * Copyright (C) nginx rooms contributors
 *
 * Events that sockets send.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_platform.h>


static rooms_int_t rooms_platform_subscribe(rooms_platform_t *p);
static rooms_int_t rooms_platform_unsubscribe(rooms_platform_t *p);
static rooms_int_t rooms_platform_online(rooms_platform_t *p);
static rooms_int_t rooms_platform_mark(rooms_platform_t *p);
static json_t *rooms_platform_caller(rooms_platform_t *p);


static const struct {
    const char         *name;
    rooms_platform_pt   handler;
} rooms_platform_events[] = {
    { "room:subscribe", rooms_platform_subscribe },
    { "room:unsubscribe", rooms_platform_unsubscribe },
    { "presence:get_online", rooms_platform_online },
    { "notification:mark_read", rooms_platform_mark },
    { "quiz:answer_submit", rooms_platform_answer },
    { NULL, NULL }
};


unsigned
rooms_platform_knows(rooms_str_t event)
{
    size_t  i;

    for (i = 0; rooms_platform_events[i].name != NULL; i++) {
        if (rooms_option_is(event, rooms_platform_events[i].name)) {
            return 1;
        }
    }

    return 0;
}


rooms_int_t
rooms_platform_event(rooms_platform_t *p)
{
    size_t  i;

    if (rooms_platform_caller(p) == NULL) {
        return rooms_platform_error(p, "AUTHENTICATION_FAILED",
                                    "Invalid or expired token", NULL);
    }

    for (i = 0; rooms_platform_events[i].name != NULL; i++) {
        if (rooms_option_is(p->cmd->name, rooms_platform_events[i].name)) {
            return rooms_platform_events[i].handler(p);
        }
    }

    return rooms_platform_error(p, "INVALID_PAYLOAD", "Unknown event", NULL);
}


/* Who the socket is, as it was when it came; NULL: its time is over. */

static json_t *
rooms_platform_caller(rooms_platform_t *p)
{
    char         sid[ROOMS_PLATFORM_ID];
    json_t      *conn;
    const char  *uid, *aid;

    conn = rooms_platform_at(p->doc, "conns", rooms_platform_sid(p, sid),
                             NULL);
    uid = rooms_platform_text(conn, "u");
    aid = rooms_platform_text(conn, "a");

    if (uid != NULL) {
        p->who.user = rooms_platform_at(p->doc, "users", uid, NULL);
        p->who.uid = rooms_platform_text(p->who.user, "id");
    }

    if (aid != NULL) {
        p->who.app = rooms_platform_at(p->doc, "apps", aid, NULL);
        p->who.aid = rooms_platform_text(p->who.app, "appId");
    }

    return (p->who.uid != NULL || p->who.aid != NULL) ? conn : NULL;
}


static rooms_int_t
rooms_platform_denied(rooms_platform_t *p, const char *code,
    const char *room)
{
    const char  *message;

    message = (strcmp(code, "ROOM_NOT_FOUND") == 0)
              ? "Room doesn't exist"
              : (strcmp(code, "APP_PERMISSION_DENIED") == 0)
              ? "App lacks required permission"
              : "You don't have permission to perform this action";

    return rooms_platform_error(p, code, message,
                                json_pack("{s:s}", "roomId", room));
}


static rooms_int_t
rooms_platform_subscribe(rooms_platform_t *p)
{
    char         sid[ROOMS_PLATFORM_ID];
    json_t      *room, *brief;
    const char  *id, *why;

    id = rooms_platform_text(json_array_get(p->cmd->args, 0), "roomId");
    why = rooms_platform_may(p, id);

    if (why != NULL) {
        return rooms_platform_denied(p, why, id);
    }

    (void) rooms_platform_sid(p, sid);

    if (rooms_platform_at(p->doc, "conns", sid, "rooms", id, NULL) == NULL) {
        rooms_platform_come(p, id, sid);
    }

    room = rooms_platform_room(p, id);
    brief = json_pack("{s:s, s:O, s:O}", "id", id,
                      "name", json_object_get(room, "name"),
                      "status", json_object_get(room, "status"));

    rooms_platform_tell(p, "room:subscribed",
                        json_pack("{s:s, s:O}", "roomId", id, "room", brief));

    return rooms_platform_success(p, json_pack("{s:o}", "room", brief));
}


static rooms_int_t
rooms_platform_unsubscribe(rooms_platform_t *p)
{
    int          len;
    char         sid[ROOMS_PLATFORM_ID], name[ROOMS_PLATFORM_NAME];
    json_t      *conn;
    const char  *id;

    id = rooms_platform_text(json_array_get(p->cmd->args, 0), "roomId");

    (void) rooms_platform_sid(p, sid);
    conn = rooms_platform_at(p->doc, "conns", sid, NULL);

    if (rooms_platform_at(conn, "rooms", id, NULL)) {
        rooms_platform_leave(p, id, sid, conn);
        rooms_platform_unset(p, "conns", sid, "rooms", id, NULL);
    }

    len = snprintf(name, sizeof(name), "room:%s", id);
    rooms_decide_leave(p->d, rooms_str(name, (size_t) len));

    rooms_platform_tell(p, "room:unsubscribed",
                        json_pack("{s:s}", "roomId", id));

    return rooms_platform_success(p, json_pack("{s:s}", "roomId", id));
}


static rooms_int_t
rooms_platform_online(rooms_platform_t *p)
{
    json_t      *users, *user, *here;
    const char  *id, *why, *uid;

    id = rooms_platform_text(json_array_get(p->cmd->args, 0), "roomId");
    why = rooms_platform_may(p, id);

    if (why != NULL) {
        return rooms_platform_denied(p, why, id);
    }

    users = json_array();

    json_object_foreach(rooms_platform_at(p->doc, "online", id, NULL), uid,
                        here)
    {
        user = rooms_platform_user_view(p, uid);
        (void) json_object_set(user, "connectedAt",
                               json_object_get(here, "at"));
        (void) json_array_append_new(users, user);
    }

    return rooms_platform_success(p, json_pack("{s:s, s:o, s:I}",
                                      "roomId", id, "users", users, "count",
                                      (json_int_t) json_array_size(users)));
}


static rooms_int_t
rooms_platform_mark(rooms_platform_t *p)
{
    const char  *id, *owner;

    id = rooms_platform_text(json_array_get(p->cmd->args, 0),
                             "notificationId");
    owner = json_string_value(rooms_platform_at(p->doc, "owners", id, NULL));

    if (owner == NULL) {
        return rooms_platform_error(p, "INVALID_PAYLOAD",
                                    "Notification doesn't exist", NULL);
    }

    if (p->who.uid == NULL || strcmp(owner, p->who.uid) != 0) {
        return rooms_platform_error(p, "PERMISSION_DENIED",
                         "You don't have permission to perform this action",
                                    json_pack("{s:s}", "notificationId", id));
    }

    if (!json_is_true(rooms_platform_at(p->doc, "notices", owner, id, "read",
                                        NULL)))
    {
        rooms_platform_set(p, json_true(), "notices", owner, id, "read",
                           NULL);
    }

    return rooms_platform_success(p, json_pack("{s:s, s:b}",
                                               "notificationId", id, "read",
                                               1));
}
