
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: rooms.
 */


#include <stdlib.h>
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


/* A room of a list that is sorted by a text of it. */

typedef struct {
    json_t      *room;
    const char  *text;
    size_t       place;                  /* so far */
    unsigned     down;
} rooms_platform_sorted_t;


static int
rooms_platform_compare(const void *one, const void *two)
{
    int                             rc;
    const rooms_platform_sorted_t  *a = one, *b = two;

    rc = strcmp(a->text, b->text);

    if (rc == 0) {
        return a->place < b->place ? -1 : 1;
    }

    return a->down ? -rc : rc;
}


/* The rooms of a query in its order, or NULL: no memory. */

static json_t *
rooms_platform_listing(rooms_platform_t *p, json_t *query)
{
    size_t                    i, n;
    json_t                   *rooms, *room, *list;
    unsigned                  down;
    const char               *id, *sort, *text;
    rooms_platform_sorted_t  *sorted;

    sort = rooms_platform_text(query, "sort");
    sort = sort ? sort : "-createdAt";
    down = sort[0] == '-';
    rooms = json_object_get(p->doc, "rooms");

    list = json_array();
    sorted = malloc((json_object_size(rooms) + 1)
                    * sizeof(rooms_platform_sorted_t));

    if (list == NULL || sorted == NULL) {
        json_decref(list);
        free(sorted);
        return NULL;
    }

    n = 0;

    json_object_foreach(rooms, id, room) {
        if (rooms_platform_listed(p, room, query)) {
            text = rooms_platform_text(room, sort + down);

            sorted[n].room = room;
            sorted[n].text = text ? text : "";
            sorted[n].place = n;
            sorted[n].down = down;
            n++;
        }
    }

    qsort(sorted, n, sizeof(rooms_platform_sorted_t), rooms_platform_compare);

    for (i = 0; i < n; i++) {
        (void) json_array_append(list, sorted[i].room);
    }

    free(sorted);

    return list;
}


static json_t *
rooms_platform_listed_view(const rooms_platform_t *p, const json_t *room)
{
    return rooms_platform_room_view(p, room, 0);
}


static rooms_int_t
rooms_platform_list_rooms(rooms_platform_t *p)
{
    json_t  *query, *list;

    query = rooms_platform_query(p);

    if (query == NULL) {
        return ROOMS_OK;
    }

    list = rooms_platform_listing(p, query);

    if (list == NULL) {
        json_decref(query);
        return ROOMS_ERROR;
    }

    return rooms_platform_page(p, list, query, rooms_platform_listed_view);
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
