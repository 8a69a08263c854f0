
/*
 * Copyright (C) nginx rooms contributors
 *
 * Sockets: who they are, what they are subscribed to, who is online.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_ROOT     0x1      /* variants, as bits */
#define ROOMS_PLATFORM_NARROW   0x2


static rooms_int_t rooms_platform_reject(rooms_platform_t *p,
    const char *message, const char *code);
static void rooms_platform_join(rooms_platform_t *p, const char *kind,
    const char *a, const char *b);
static void rooms_platform_come(rooms_platform_t *p, const char *room,
    const char *sid);
static void rooms_platform_leave(rooms_platform_t *p, const char *room,
    const char *sid, const json_t *conn);
static rooms_int_t rooms_platform_subscribe(rooms_platform_t *p);
static rooms_int_t rooms_platform_unsubscribe(rooms_platform_t *p);
static rooms_int_t rooms_platform_online(rooms_platform_t *p);
static rooms_int_t rooms_platform_mark(rooms_platform_t *p);
static json_t *rooms_platform_caller(rooms_platform_t *p);
static const char *rooms_platform_may(rooms_platform_t *p, const char *room);


static const char *
rooms_platform_sid(const rooms_platform_t *p, char sid[ROOMS_PLATFORM_ID])
{
    size_t  n;

    n = p->cmd->caller->sid.len;

    if (n >= ROOMS_PLATFORM_ID) {
        n = ROOMS_PLATFORM_ID - 1;
    }

    memcpy(sid, p->cmd->caller->sid.data, n);
    sid[n] = '\0';

    return sid;
}


rooms_int_t
rooms_platform_connect(rooms_platform_t *p)
{
    char          sid[ROOMS_PLATFORM_ID], room[ROOMS_PLATFORM_ID * 2];
    char          message[128];
    size_t        n;
    json_t       *token;
    rooms_str_t   nsp;
    const char   *why;

    nsp = p->cmd->caller->nsp;
    token = json_object_get(p->cmd->body, "token");
    room[0] = '\0';
    n = sizeof(ROOMS_PLATFORM_NSP) - 1;

    if (nsp.len > n && nsp.len - n < sizeof(room)
        && memcmp(nsp.data, ROOMS_PLATFORM_NSP, n) == 0)
    {
        memcpy(room, nsp.data + n, nsp.len - n);
        room[nsp.len - n] = '\0';

    } else if (nsp.len != 1) {
        return rooms_platform_reject(p, "Invalid namespace",
                                     "ROOM_NOT_FOUND");
    }

    why = rooms_platform_who(p, rooms_str(json_string_value(token),
                                          json_string_length(token)),
                             &p->who);
    if (why != NULL) {
        (void) snprintf(message, sizeof(message), "Authentication failed: %s",
                        why);
        return rooms_platform_reject(p, message, "AUTHENTICATION_FAILED");
    }

    if (p->who.app != NULL
        && !rooms_platform_permitted(p->who.app, "realtime:subscribe"))
    {
        return rooms_platform_reject(p, "App lacks required permission",
                                     "APP_PERMISSION_DENIED");
    }

    if (room[0] != '\0') {
        why = rooms_platform_may(p, room);

        if (why != NULL) {
            return rooms_platform_reject(p,
                                         strcmp(why, "ROOM_NOT_FOUND") == 0
                                         ? "Room not found"
                                         : "Permission denied", why);
        }
    }

    (void) rooms_platform_sid(p, sid);

    rooms_platform_set(p, json_pack("{s:s, s:I, s:s, s:s, s:s, s:{}}",
                           p->who.uid ? "u" : "a",
                           p->who.uid ? p->who.uid : p->who.aid,
                           "exp", (json_int_t) p->who.exp,
                           "tok", p->who.hash, "nsp", room,
                           "at", p->stamp, "rooms"),
                       "conns", sid, NULL);

    if (room[0] != '\0') {
        rooms_decide_variant(p->d, 1);
    }

    rooms_decide_join(p->d, rooms_str(ROOMS_PLATFORM_ROOM,
                                      sizeof(ROOMS_PLATFORM_ROOM) - 1));
    rooms_platform_join(p, "token", p->who.hash, NULL);

    if (room[0] != '\0') {
        if (p->who.uid != NULL) {
            rooms_platform_join(p, "in", room, p->who.uid);
        }

        rooms_platform_come(p, room, sid);

    } else if (p->who.uid != NULL) {
        rooms_platform_join(p, "user", p->who.uid, NULL);
    }

    rooms_platform_due(p, p->who.exp);

    return ROOMS_OK;
}


static rooms_int_t
rooms_platform_reject(rooms_platform_t *p, const char *message,
    const char *code)
{
    json_t  *data;

    p->code = code;

    data = json_pack("{s:s}", "code", code);
    rooms_decide_reject(p->d, message, data);
    json_decref(data);

    return ROOMS_OK;
}


static void
rooms_platform_join(rooms_platform_t *p, const char *kind, const char *a,
    const char *b)
{
    int   len;
    char  name[ROOMS_PLATFORM_NAME];

    len = snprintf(name, sizeof(name), "%s:%s%s%s", kind, a, b ? ":" : "",
                   b ? b : "");

    rooms_decide_join(p->d, rooms_str(name, (size_t) len));
}


/* Why the caller may not hear a room, or NULL. */

static const char *
rooms_platform_may(rooms_platform_t *p, const char *id)
{
    json_t      *room;
    const char  *app;

    room = rooms_platform_room(p, id);

    if (room == NULL) {
        return "ROOM_NOT_FOUND";
    }

    if (p->who.app != NULL) {
        app = rooms_platform_text(room, "appId");

        if (strcmp(app, p->who.aid) != 0
            || !rooms_platform_permitted(p->who.app, "realtime:subscribe"))
        {
            return "APP_PERMISSION_DENIED";
        }

        return NULL;
    }

    return rooms_platform_role(p, id, p->who.uid) ? NULL
                                                  : "PERMISSION_DENIED";
}


/* The caller is subscribed to the room from now on. */

static void
rooms_platform_come(rooms_platform_t *p, const char *room, const char *sid)
{
    json_t  *online;

    rooms_platform_join(p, "room", room, NULL);
    rooms_platform_set(p, json_true(), "conns", sid, "rooms", room, NULL);

    if (p->who.uid == NULL) {
        return;
    }

    online = rooms_platform_at(p->doc, "online", room, p->who.uid, NULL);

    if (online != NULL) {
        rooms_platform_set(p, json_true(), "online", room, p->who.uid, "sids",
                           sid, NULL);
        return;
    }

    rooms_platform_set(p, json_pack("{s:s, s:{s:b}}", "at", p->stamp, "sids",
                                    sid, 1),
                       "online", room, p->who.uid, NULL);

    rooms_platform_say(p, "room", room, p->cmd->caller->sid,
                       "presence:user_online",
                       json_pack("{s:s, s:s, s:o}", "roomId", room,
                                 "userId", p->who.uid, "user",
                                 rooms_platform_user_view(p, p->who.uid)));
}


/* A socket is not subscribed any more; its membership is not looked after. */

static void
rooms_platform_leave(rooms_platform_t *p, const char *room, const char *sid,
    const json_t *conn)
{
    json_t      *sids;
    const char  *uid;

    uid = rooms_platform_text(conn, "u");
    sids = uid ? rooms_platform_at(p->doc, "online", room, uid, "sids", NULL)
               : NULL;

    if (json_object_get(sids, sid) == NULL) {
        return;
    }

    if (json_object_size(sids) > 1) {
        rooms_platform_unset(p, "online", room, uid, "sids", sid, NULL);
        return;
    }

    rooms_platform_unset(p, "online", room, uid, NULL);
    rooms_platform_say(p, "room", room, p->cmd->caller->sid,
                       "presence:user_offline",
                       json_pack("{s:s, s:s}", "roomId", room, "userId",
                                 uid));
}


void
rooms_platform_offline(rooms_platform_t *p, const char *room,
    const char *only)
{
    char         name[ROOMS_PLATFORM_NAME], to[ROOMS_PLATFORM_NAME];
    size_t       n, m;
    json_t      *online, *here, *flag;
    const char  *uid, *sid;

    n = (size_t) snprintf(name, sizeof(name), "room:%s", room);
    online = rooms_platform_at(p->doc, "online", room, NULL);

    if (only == NULL) {
        rooms_decide_in(p->d, rooms_str(name, n));
        rooms_decide_message_leave(p->d, ROOMS_PLATFORM_ROOT,
                                   rooms_str(name, n));
        rooms_decide_message_kick(p->d, ROOMS_TO_ALL, rooms_str(NULL, 0),
                                  ROOMS_PLATFORM_NARROW);

        json_object_foreach(online, uid, here) {
            json_object_foreach(json_object_get(here, "sids"), sid, flag) {
                rooms_platform_unset(p, "conns", sid, "rooms", room, NULL);
            }
        }

        rooms_platform_unset(p, "online", room, NULL);
        rooms_platform_unset(p, "quiz", room, NULL);

        return;
    }

    uid = only;
    here = json_object_get(online, uid);

    if (here == NULL) {
        return;
    }

    m = (size_t) snprintf(to, sizeof(to), "user:%s", uid);
    rooms_decide_in(p->d, rooms_str(to, m));
    rooms_decide_message_leave(p->d, 0, rooms_str(name, n));

    m = (size_t) snprintf(to, sizeof(to), "in:%s:%s", room, uid);
    rooms_decide_in(p->d, rooms_str(to, m));
    rooms_decide_message_leave(p->d, 0, rooms_str(name, n));
    rooms_decide_message_kick(p->d, ROOMS_TO_ALL, rooms_str(NULL, 0), 0);

    json_object_foreach(json_object_get(here, "sids"), sid, flag) {
        rooms_platform_unset(p, "conns", sid, "rooms", room, NULL);
    }

    rooms_platform_unset(p, "online", room, uid, NULL);
    rooms_platform_say(p, "room", room, rooms_str(NULL, 0),
                       "presence:user_offline",
                       json_pack("{s:s, s:s}", "roomId", room, "userId",
                                 uid));
}


/* The user or the app of a connection. */

static const char *
rooms_platform_owner(const json_t *conn)
{
    const char  *uid;

    uid = rooms_platform_text(conn, "u");

    return uid ? uid : rooms_platform_text(conn, "a");
}


rooms_int_t
rooms_platform_gone(rooms_platform_t *p)
{
    char         sid[ROOMS_PLATFORM_ID];
    json_t      *conn, *flag;
    const char  *room;

    (void) rooms_platform_sid(p, sid);

    conn = rooms_platform_at(p->doc, "conns", sid, NULL);

    if (conn == NULL) {
        return ROOMS_OK;
    }

    p->actor = rooms_platform_owner(conn);

    json_object_foreach(json_object_get(conn, "rooms"), room, flag) {
        rooms_platform_leave(p, room, sid, conn);
    }

    rooms_platform_unset(p, "conns", sid, NULL);

    return ROOMS_OK;
}


rooms_int_t
rooms_platform_event(rooms_platform_t *p)
{
    size_t  i;

    static const struct {
        const char         *name;
        rooms_platform_pt   handler;
    } events[] = {
        { "room:subscribe", rooms_platform_subscribe },
        { "room:unsubscribe", rooms_platform_unsubscribe },
        { "presence:get_online", rooms_platform_online },
        { "notification:mark_read", rooms_platform_mark },
        { "quiz:answer_submit", rooms_platform_answer }
    };

    if (rooms_platform_caller(p) == NULL) {
        return rooms_platform_error(p, "AUTHENTICATION_FAILED",
                                    "Invalid or expired token", NULL);
    }

    for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (rooms_option_is(p->cmd->name, events[i].name)) {
            return events[i].handler(p);
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


/*
 * What was kept for tokens and for limits whose time is over goes.  Returns
 * when that, or what is due next (0: nothing), comes again.
 */

static uint64_t
rooms_platform_sweep(rooms_platform_t *p, uint64_t next)
{
    size_t       i, n;
    json_t      *value;
    uint64_t     at;
    const char  *key;

    static const char *const  kinds[] = { "revoked", "refresh", "rate" };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {

        json_object_foreach(json_object_get(p->doc, kinds[i]), key, value) {

            if (json_is_array(value)) {
                n = json_array_size(value);
                at = json_integer_value(json_array_get(value, n - 1))
                     + ROOMS_PLATFORM_WINDOW;

            } else if (json_is_object(value)) {
                at = json_integer_value(json_object_get(value, "exp"));

            } else {
                at = json_integer_value(value);
            }

            if (at <= p->cmd->now) {
                rooms_platform_unset(p, kinds[i], key, NULL);
                continue;
            }

            at = p->cmd->now + ROOMS_PLATFORM_WINDOW;

            if (next == 0 || at < next) {
                next = at;
            }
        }
    }

    return next;
}


/* Tokens that expire: their sockets are told, and after the grace cut. */

rooms_int_t
rooms_platform_tick(rooms_platform_t *p)
{
    char         text[128];
    size_t       n;
    json_t      *conn, *value, *expired, *late;
    uint64_t     at, next;
    const char  *sid, *hash;

    next = 0;
    expired = json_array();
    late = json_array();

    json_object_foreach(json_object_get(p->doc, "conns"), sid, conn) {
        at = json_integer_value(json_object_get(conn, "exp"));

        switch (json_integer_value(json_object_get(conn, "w"))) {

        case 0:
            if (at <= p->cmd->now) {
                (void) json_array_append_new(expired, json_string(sid));
                rooms_platform_set(p, json_integer(1), "conns", sid, "w",
                                   NULL);
                at = p->cmd->now + p->conf->grace;
                rooms_platform_set(p, json_integer((json_int_t) at), "conns",
                                   sid, "exp", NULL);
            }

            break;

        case 1:
            if (at <= p->cmd->now) {
                (void) json_array_append_new(late, json_string(sid));
                rooms_platform_set(p, json_integer(2), "conns", sid, "w",
                                   NULL);
                continue;
            }

            break;

        default:
            continue;
        }

        if (next == 0 || at < next) {
            next = at;
        }
    }

    next = rooms_platform_sweep(p, next);

    if (next) {
        rooms_platform_set(p, json_integer((json_int_t) next), "next", NULL);

    } else if (json_object_get(p->doc, "next")) {
        rooms_platform_unset(p, "next", NULL);
    }

    rooms_decide_deadline(p->d, next);

    for (n = 0; n < json_array_size(expired) + json_array_size(late); n++) {

        value = n < json_array_size(expired)
                ? json_array_get(expired, n)
                : json_array_get(late, n - json_array_size(expired));
        sid = json_string_value(value);
        conn = rooms_platform_at(p->doc, "conns", sid, NULL);
        hash = rooms_platform_text(conn, "tok");
        p->actor = rooms_platform_owner(conn);

        (void) snprintf(text, sizeof(text), "token:%s", hash);
        rooms_decide_in(p->d, rooms_str(text, strlen(text)));

        if (n < json_array_size(expired)) {
            value = json_pack("{s:s}", "timestamp", p->stamp);
            rooms_decide_message(p->d, ROOMS_TO_SOCKET,
                                 rooms_str(sid, strlen(sid)),
                                 "token:expired", value);
            json_decref(value);
            rooms_platform_audit(p, "token:expired", NULL);

        } else {
            rooms_decide_message_kick(p->d, ROOMS_TO_SOCKET,
                                      rooms_str(sid, strlen(sid)), 0);
        }
    }

    json_decref(expired);
    json_decref(late);

    return ROOMS_OK;
}
