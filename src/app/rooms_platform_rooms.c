
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: rooms.
 */


#include <string.h>

#include <rooms_platform.h>


static const char *const  rooms_platform_room_fields[] = {
    "name", "description", "appSettings", "status", "isPublic", NULL
};


/* ROOMS_DECLINED: the settings are not as the app wants them. */

static rooms_int_t
rooms_platform_settings(rooms_platform_t *p, const json_t *app,
    json_t *settings)
{
    json_t                  *schema;
    rooms_int_t              rc;
    rooms_schema_t          *compiled;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   failure;

    schema = rooms_platform_at(app, "manifest", "settings", NULL);

    if (schema == NULL || settings == NULL) {
        return ROOMS_OK;
    }

    compiled = rooms_schema_compile(schema, "", 0, &err);

    if (compiled == NULL) {

        /* a manifest that cannot be understood forbids nothing */

        return ROOMS_OK;
    }

    rc = rooms_schema_check(compiled, settings, &failure);
    rooms_schema_free(compiled);

    if (rc != ROOMS_OK) {
        (void) rooms_platform_fail(p, 422, "VALIDATION_ERROR",
                                   failure.message,
                                   json_pack("{s:{s:[s]}}", "fields",
                                             "appSettings",
                                             failure.message));
    }

    return rc;
}


static rooms_int_t
rooms_platform_create_room(rooms_platform_t *p)
{
    char     id[ROOMS_PLATFORM_ID], pid[ROOMS_PLATFORM_ID];
    json_t  *body, *app, *room, *view, *settings, *public;

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    body = p->cmd->body;
    app = rooms_platform_at(p->doc, "apps", rooms_platform_text(body,
                                                                "appId"),
                            NULL);
    if (app == NULL) {
        return rooms_platform_fail(p, 404, "NOT_FOUND", "App not found",
                                   NULL);
    }

    settings = json_object_get(body, "appSettings");

    if (rooms_platform_settings(p, app, settings) != ROOMS_OK) {
        return ROOMS_OK;
    }

    public = json_object_get(body, "isPublic");

    (void) rooms_platform_id(p, "room_", id);
    (void) rooms_platform_id(p, "part_", pid);

    room = json_pack("{s:s, s:O, s:O?, s:O, s:o, s:O?, s:s, s:b, s:s, s:s,"
                     " s:s}",
                     "id", id, "name", json_object_get(body, "name"),
                     "description", json_object_get(body, "description"),
                     "appId", json_object_get(body, "appId"),
                     "appSettings", settings ? json_incref(settings)
                                             : json_object(),
                     "appManifestVersion",
                     json_object_get(app, "manifestVersion"),
                     "status", "draft",
                     "isPublic", public ? json_is_true(public) : 1,
                     "createdBy", p->who.uid, "createdAt", p->stamp,
                     "updatedAt", p->stamp);

    view = json_deep_copy(room);
    (void) json_object_set_new(view, "participantCount", json_integer(1));
    (void) json_object_set_new(view, "prizeCount", json_integer(0));

    rooms_platform_set(p, room, "rooms", id, NULL);
    rooms_platform_set(p, json_pack("{s:s, s:s, s:s, s:s, s:s, s:{}}",
                                    "id", pid, "roomId", id, "userId",
                                    p->who.uid, "role", "organizer",
                                    "joinedAt", p->stamp, "metadata"),
                       "parts", id, pid, NULL);
    rooms_platform_set(p, json_string(pid), "members", id, p->who.uid, NULL);

    return rooms_platform_data(p, 201, view);
}


/* 1 where the room passes the filters of the query. */

static unsigned
rooms_platform_listed(rooms_platform_t *p, const json_t *room, json_t *query)
{
    size_t       i;
    json_t      *want;
    const char  *id;

    static const char *const  filters[] = {
        "status", "appId", "createdBy", "isPublic"
    };

    id = rooms_platform_text(room, "id");

    if (json_object_get(room, "deleted")
        || (json_is_false(json_object_get(room, "isPublic"))
            && rooms_platform_role(p, id, p->who.uid) == NULL))
    {
        return 0;
    }

    for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        want = json_object_get(query, filters[i]);

        if (want != NULL
            && !json_equal(want, json_object_get(room, filters[i])))
        {
            return 0;
        }
    }

    return 1;
}


/* Compares by a field; the list is short, insertion will do. */

static void
rooms_platform_insert(json_t *list, json_t *view, const char *sort)
{
    size_t       i;
    unsigned     down;
    const char  *a, *b;

    down = sort[0] == '-';
    a = rooms_platform_text(view, sort + down);

    for (i = json_array_size(list); i > 0; i--) {
        b = rooms_platform_text(json_array_get(list, i - 1), sort + down);

        if (a == NULL || b == NULL
            || (down ? strcmp(b, a) >= 0 : strcmp(b, a) <= 0))
        {
            break;
        }
    }

    (void) json_array_insert_new(list, i, view);
}


static json_t *
rooms_platform_pick(json_t *view, const char *fields)
{
    char         name[64];
    size_t       n;
    json_t      *picked, *value;

    if (fields == NULL) {
        return view;
    }

    picked = json_object();

    while (*fields != '\0') {
        n = strcspn(fields, ",");

        if (n && n < sizeof(name)) {
            memcpy(name, fields, n);
            name[n] = '\0';
            value = json_object_get(view, name);

            if (value != NULL) {
                (void) json_object_set(picked, name, value);
            }
        }

        fields += n + (fields[n] == ',');
    }

    json_decref(view);

    return picked;
}


static rooms_int_t
rooms_platform_list_rooms(rooms_platform_t *p)
{
    size_t       i;
    json_t      *query, *list, *room, *picked;
    const char  *id, *sort, *fields;

    query = rooms_platform_query(p);

    if (query == NULL) {
        return ROOMS_OK;
    }

    sort = rooms_platform_text(query, "sort");
    fields = rooms_platform_text(query, "fields");
    list = json_array();

    json_object_foreach(json_object_get(p->doc, "rooms"), id, room) {
        if (rooms_platform_listed(p, room, query)) {
            rooms_platform_insert(list, rooms_platform_room_view(p, room, 0),
                                  sort ? sort : "-createdAt");
        }
    }

    if (fields != NULL) {
        for (i = 0; i < json_array_size(list); i++) {
            picked = json_incref(json_array_get(list, i));
            (void) json_array_set_new(list, i,
                                      rooms_platform_pick(picked, fields));
        }
    }

    return rooms_platform_page(p, list, query);
}


static rooms_int_t
rooms_platform_get_room(rooms_platform_t *p)
{
    char         id[ROOMS_PLATFORM_ID * 2];
    json_t      *room;
    const char  *role;

    room = rooms_platform_room(p, rooms_platform_param(p, "id", id));

    if (room == NULL) {
        return rooms_platform_fail(p, 404, "NOT_FOUND", "Room not found",
                                   NULL);
    }

    role = rooms_platform_role(p, id, p->who.uid);

    return rooms_platform_data(p, 200,
               rooms_platform_room_view(p, room, role != NULL
                                        && strcmp(role, "organizer") == 0));
}


/* 1 where a room may go from one status to the other. */

static unsigned
rooms_platform_goes(const char *from, const char *to)
{
    if (strcmp(from, "draft") == 0) {
        return strcmp(to, "active") == 0 || strcmp(to, "cancelled") == 0;
    }

    if (strcmp(from, "active") == 0) {
        return strcmp(to, "completed") == 0 || strcmp(to, "cancelled") == 0;
    }

    return 0;
}


static rooms_int_t
rooms_platform_edit_room(rooms_platform_t *p)
{
    json_t      *room, *copy, *changes, *view, *stripped;
    const char  *id, *from, *to;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_ORGANIZE, NULL);

    if (room == NULL || rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");
    from = rooms_platform_text(room, "status");

    if (rooms_platform_settings(p,
            rooms_platform_at(p->doc, "apps",
                              rooms_platform_text(room, "appId"), NULL),
            json_object_get(p->cmd->body, "appSettings"))
        != ROOMS_OK)
    {
        return ROOMS_OK;
    }

    changes = rooms_platform_changes(room, p->cmd->body,
                                     rooms_platform_room_fields);
    to = rooms_platform_text(changes, "status");

    if (to != NULL && !rooms_platform_goes(from, to)) {
        (void) rooms_platform_fail(p, 409, "CONFLICT",
                                   "A room's status cannot change so",
                                   json_pack("{s:s, s:s}", "from", from,
                                             "to", to));
        json_decref(changes);
        return ROOMS_OK;
    }

    copy = json_copy(room);
    (void) json_object_update(copy, changes);
    (void) json_object_set_new(copy, "updatedAt", json_string(p->stamp));

    view = rooms_platform_room_view(p, copy, 1);

    if (json_object_size(changes)) {
        stripped = rooms_platform_strip(changes);

        rooms_platform_say(p, "room", id, rooms_str(NULL, 0), "room:updated",
                           json_pack("{s:s, s:o, s:o}", "roomId", id,
                                     "changes", stripped, "room",
                                     rooms_platform_room_view(p, copy, 0)));

        if (to != NULL) {
            rooms_platform_say(p, "room", id, rooms_str(NULL, 0),
                               "room:status_changed",
                               json_pack("{s:s, s:s, s:s}", "roomId", id,
                                         "oldStatus", from, "newStatus",
                                         to));
        }

        rooms_platform_set(p, json_incref(copy), "rooms", id, NULL);
    }

    json_decref(copy);
    json_decref(changes);

    return rooms_platform_data(p, 200, view);
}


static rooms_int_t
rooms_platform_drop_room(rooms_platform_t *p)
{
    json_t      *room;
    const char  *id;

    room = rooms_platform_enter(p, ROOMS_PLATFORM_ORGANIZE, NULL);

    if (room == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(room, "id");

    rooms_platform_set(p, json_string(p->stamp), "rooms", id, "deleted",
                       NULL);
    rooms_platform_say(p, "room", id, rooms_str(NULL, 0), "room:deleted",
                       json_pack("{s:s}", "roomId", id));
    rooms_platform_offline(p, id, NULL);

    return rooms_platform_success(p, json_pack("{s:b}", "success", 1));
}


const rooms_platform_route_t  rooms_platform_rooms_routes[] = {
    { "createRoom", ROOMS_PLATFORM_USER, rooms_platform_create_room },
    { "listRooms", ROOMS_PLATFORM_USER, rooms_platform_list_rooms },
    { "getRoom", ROOMS_PLATFORM_USER, rooms_platform_get_room },
    { "updateRoom", ROOMS_PLATFORM_USER, rooms_platform_edit_room },
    { "deleteRoom", ROOMS_PLATFORM_USER, rooms_platform_drop_room },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};
