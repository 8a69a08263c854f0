
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


const char *
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

const char *
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

void
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

void
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

const char *
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
