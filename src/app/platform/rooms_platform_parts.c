
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: participants.
 */


#include <string.h>

#include <rooms_platform.h>


/* The participant of the path; NULL: the answer is made. */

static json_t *
rooms_platform_part_of(rooms_platform_t *p, const char *room)
{
    char         id[ROOMS_PLATFORM_ID * 2];
    json_t      *part;
    const char  *pid;

    pid = rooms_platform_param(p, "pid", id);

    if (pid != NULL && strcmp(pid, "me") == 0) {
        part = rooms_platform_part(p, room, p->who.uid);

    } else {
        part = pid ? rooms_platform_at(p->doc, "parts", room, pid, NULL)
                   : NULL;
    }

    if (part == NULL || json_object_get(part, "left")) {
        (void) rooms_platform_fail(p, 404, "NOT_FOUND",
                                   "Participant not found", NULL);
        return NULL;
    }

    return part;
}


static json_t *
rooms_platform_part_event(rooms_platform_t *p, const json_t *part)
{
    json_t  *view;

    view = rooms_platform_part_view(p, part);
    (void) json_object_del(view, "roomId");
    (void) json_object_del(view, "metadata");

    return view;
}


static rooms_int_t
rooms_platform_enrol(rooms_platform_t *p)
{
    char         id[ROOMS_PLATFORM_ID * 2], fresh[ROOMS_PLATFORM_ID];
    json_t      *room, *part, *view, *role, *metadata;
    unsigned     status;
    const char  *pid, *open;

    room = rooms_platform_room(p, rooms_platform_param(p, "id", id));

    if (room == NULL) {
        return rooms_platform_fail(p, 404, "NOT_FOUND", "Room not found",
                                   NULL);
    }

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    if (rooms_platform_part(p, id, p->who.uid) != NULL) {
        return rooms_platform_fail(p, 409, "CONFLICT",
                                   "You are a participant already", NULL);
    }

    open = rooms_platform_text(room, "status");

    if (strcmp(open, "active") != 0
        && strcmp(rooms_platform_text(room, "createdBy"), p->who.uid) != 0)
    {
        return rooms_platform_fail(p, 409, "CONFLICT",
                                   "The room is not active", NULL);
    }

    pid = json_string_value(rooms_platform_at(p->doc, "members", id,
                                              p->who.uid, NULL));
    status = pid ? 200 : 201;

    if (pid == NULL) {
        pid = rooms_platform_id(p, "part_", fresh);
        rooms_platform_set(p, json_string(pid), "members", id, p->who.uid,
                           NULL);
    }

    role = json_object_get(p->cmd->body, "role");
    metadata = json_object_get(p->cmd->body, "metadata");

    part = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", pid, "roomId",
                     id, "userId", p->who.uid, "role",
                     role ? json_string_value(role) : "participant",
                     "joinedAt", p->stamp, "metadata",
                     metadata ? json_incref(metadata) : json_object());

    view = rooms_platform_part_view(p, part);

    rooms_platform_say(p, "room", id, rooms_str(NULL, 0),
                       "participant:joined",
                       json_pack("{s:s, s:o}", "roomId", id, "participant",
                                 rooms_platform_part_event(p, part)));
    rooms_platform_set(p, part, "parts", id, pid, NULL);

    return rooms_platform_data(p, status, view);
}


static rooms_int_t
rooms_platform_list_parts(rooms_platform_t *p)
{
    json_t      *room, *query, *list, *part, *role;
    const char  *id, *pid;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_READ,
                                "participants:read");
    query = room ? rooms_platform_query(p) : NULL;

    if (query == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    role = json_object_get(query, "role");
    list = json_array();

    json_object_foreach(rooms_platform_at(p->doc, "parts", id, NULL), pid,
                        part)
    {
        if (json_object_get(part, "left") == NULL
            && (role == NULL
                || json_equal(role, json_object_get(part, "role"))))
        {
            (void) json_array_append(list, part);
        }
    }

    return rooms_platform_page(p, list, query, rooms_platform_part_view);
}


static rooms_int_t
rooms_platform_get_part(rooms_platform_t *p)
{
    json_t  *room, *part;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_READ,
                                "participants:read");
    part = room ? rooms_platform_part_of(p, rooms_platform_text(room, "id"))
                : NULL;

    return part ? rooms_platform_data(p, 200,
                                      rooms_platform_part_view(p, part))
                : ROOMS_OK;
}


static rooms_int_t
rooms_platform_edit_part(rooms_platform_t *p)
{
    json_t      *room, *part, *copy, *changes, *view;
    const char  *id, *pid;

    static const char *const  fields[] = { "role", "metadata", NULL };

    room = rooms_platform_enter(p, ROOMS_PLATFORM_ORGANIZE, NULL);

    if (room == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    part = rooms_platform_part_of(p, id);

    if (part == NULL || rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    pid = rooms_platform_text(part, "id");
    changes = rooms_platform_changes(part, p->cmd->body, fields);

    if (json_object_get(changes, "role")
        && strcmp(rooms_platform_text(part, "role"), "organizer") == 0
        && json_integer_value(rooms_platform_found(p,
                                  ROOMS_PLATFORM_ORGANIZERS, id))
           == 1)
    {
        json_decref(changes);
        return rooms_platform_fail(p, 403, "FORBIDDEN",
                                   "A room keeps an organizer", NULL);
    }

    copy = json_copy(part);
    (void) json_object_update(copy, changes);
    view = rooms_platform_part_view(p, copy);

    if (json_object_size(changes)) {
        rooms_platform_say(p, "room", id, rooms_str(NULL, 0),
                           "participant:updated",
                           json_pack("{s:s, s:s, s:O, s:o}", "roomId", id,
                                     "participantId", pid, "changes",
                                     changes, "participant",
                                     rooms_platform_part_event(p, copy)));
        rooms_platform_set(p, json_incref(copy), "parts", id, pid, NULL);
    }

    json_decref(copy);
    json_decref(changes);

    return rooms_platform_data(p, 200, view);
}


static rooms_int_t
rooms_platform_drop_part(rooms_platform_t *p)
{
    json_t      *room, *part;
    unsigned     self;
    const char  *id, *pid, *uid, *mine, *role;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_READ, NULL);

    if (room == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    part = rooms_platform_part_of(p, id);

    if (part == NULL) {
        return ROOMS_OK;
    }

    pid = rooms_platform_text(part, "id");
    uid = rooms_platform_text(part, "userId");
    role = rooms_platform_text(part, "role");
    mine = rooms_platform_role(p, id, p->who.uid);
    self = strcmp(uid, p->who.uid) == 0;

    if (strcmp(role, "organizer") == 0
        || (!self && strcmp(mine, "organizer") != 0
            && strcmp(mine, "moderator") != 0))
    {
        return rooms_platform_fail(p, 403, "FORBIDDEN",
                                   self ? "An organizer cannot leave the room"
                                        : "You don't have permission to "
                                          "perform this action", NULL);
    }

    rooms_platform_set(p, json_string(p->stamp), "parts", id, pid, "left",
                       NULL);
    rooms_platform_say(p, "room", id, rooms_str(NULL, 0), "participant:left",
                       json_pack("{s:s, s:s, s:s}", "roomId", id,
                                 "participantId", pid, "userId", uid));
    rooms_platform_offline(p, id, uid);

    return rooms_platform_success(p, json_pack("{s:b}", "success", 1));
}


const rooms_platform_route_t  rooms_platform_parts_routes[] = {
    { "joinRoom", ROOMS_PLATFORM_USER, rooms_platform_enrol },
    { "listParticipants", ROOMS_PLATFORM_EITHER, rooms_platform_list_parts },
    { "getParticipant", ROOMS_PLATFORM_EITHER, rooms_platform_get_part },
    { "updateParticipant", ROOMS_PLATFORM_USER, rooms_platform_edit_part },
    { "removeParticipant", ROOMS_PLATFORM_USER, rooms_platform_drop_part },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};
