
/*
 * Copyright (C) nginx rooms contributors
 *
 * What follows from the state and is looked for at a command: made of the
 * whole state once, then kept with each change, so that no command goes
 * through all users, rooms, participants or connections.
 */


#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>


typedef rooms_int_t (*rooms_platform_note_pt)(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);


/* An entity of a kind is found by so many keys. */

typedef struct {
    const char              *name;
    unsigned                 keys;
    rooms_platform_note_pt   note;
} rooms_platform_kind_t;


static rooms_int_t rooms_platform_note_user(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);
static rooms_int_t rooms_platform_note_conn(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);
static rooms_int_t rooms_platform_note_room(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);
static rooms_int_t rooms_platform_note_part(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);
static rooms_int_t rooms_platform_note_winner(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);
static rooms_int_t rooms_platform_note_revoked(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);
static rooms_int_t rooms_platform_note_refresh(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);
static rooms_int_t rooms_platform_note_rate(rooms_platform_index_t *ix,
    const char *a, const char *b, const json_t *entity, int sign);


static const rooms_platform_kind_t  rooms_platform_kinds[] = {
    { "users", 1, rooms_platform_note_user },
    { "conns", 1, rooms_platform_note_conn },
    { "rooms", 1, rooms_platform_note_room },
    { "parts", 2, rooms_platform_note_part },
    { "winners", 2, rooms_platform_note_winner },
    { "revoked", 1, rooms_platform_note_revoked },
    { "refresh", 1, rooms_platform_note_refresh },
    { "rate", 1, rooms_platform_note_rate },
    { NULL, 0, NULL }
};


rooms_platform_index_t *
rooms_platform_index_create(const json_t *doc)
{
    size_t                        i;
    json_t                       *first, *second;
    const char                   *a, *b;
    rooms_int_t                   rc;
    rooms_platform_index_t       *ix;
    const rooms_platform_kind_t  *kind;

    ix = calloc(1, sizeof(rooms_platform_index_t));
    if (ix == NULL) {
        return NULL;
    }

    ix->expiring = rooms_due_create();
    ix->stale = rooms_due_create();
    rc = (ix->expiring && ix->stale) ? ROOMS_OK : ROOMS_ERROR;

    for (i = 0; i < ROOMS_PLATFORM_MAPS; i++) {
        ix->maps[i] = json_object();

        if (ix->maps[i] == NULL) {
            rc = ROOMS_ERROR;
        }
    }

    for (kind = rooms_platform_kinds; kind->name && rc == ROOMS_OK; kind++) {

        json_object_foreach(json_object_get(doc, kind->name), a, first) {

            if (kind->keys == 1) {
                rc = kind->note(ix, a, NULL, first, 1);

            } else {
                json_object_foreach(first, b, second) {
                    rc = kind->note(ix, a, b, second, 1);

                    if (rc != ROOMS_OK) {
                        break;
                    }
                }
            }

            if (rc != ROOMS_OK) {
                break;
            }
        }
    }

    if (rc != ROOMS_OK) {
        rooms_platform_index_free(ix);
        return NULL;
    }

    return ix;
}


void
rooms_platform_index_free(rooms_platform_index_t *ix)
{
    size_t  i;

    if (ix == NULL) {
        return;
    }

    for (i = 0; i < ROOMS_PLATFORM_MAPS; i++) {
        json_decref(ix->maps[i]);
    }

    rooms_due_free(ix->expiring);
    rooms_due_free(ix->stale);
    free(ix);
}


rooms_int_t
rooms_platform_index_note(rooms_platform_index_t *ix, const json_t *doc,
    const char *const *path, size_t n, int sign)
{
    const json_t                 *entity;
    const rooms_platform_kind_t  *kind;

    for (kind = rooms_platform_kinds; kind->name; kind++) {
        if (strcmp(kind->name, path[0]) == 0) {
            break;
        }
    }

    if (kind->name == NULL) {
        return ROOMS_OK;
    }

    if (n < kind->keys + 1) {
        return ROOMS_DECLINED;
    }

    if (kind->note == rooms_platform_note_conn && n > 2
        && strcmp(path[2], "rooms") == 0)
    {
        return ROOMS_OK;
    }

    entity = json_object_get(json_object_get(doc, path[0]), path[1]);

    if (kind->keys == 2) {
        entity = json_object_get(entity, path[2]);
    }

    return entity ? kind->note(ix, path[1], kind->keys == 2 ? path[2] : NULL,
                               entity, sign)
                  : ROOMS_OK;
}


static rooms_int_t
rooms_platform_put(json_t *map, const char *key, json_t *value)
{
    return json_object_set_new(map, key, value) == 0 ? ROOMS_OK
                                                     : ROOMS_ERROR;
}


static rooms_int_t
rooms_platform_count_up(json_t *map, const char *key, int sign)
{
    json_int_t  n;

    n = json_integer_value(json_object_get(map, key)) + sign;

    if (n == 0) {
        (void) json_object_del(map, key);
        return ROOMS_OK;
    }

    return rooms_platform_put(map, key, json_integer(n));
}


/* A member of a set of sets, which goes with its last one. */

static rooms_int_t
rooms_platform_in_set(json_t *map, const char *key, const char *member,
    int sign)
{
    json_t  *set;

    set = json_object_get(map, key);

    if (sign > 0) {
        if (set == NULL) {
            set = json_object();

            if (rooms_platform_put(map, key, set) != ROOMS_OK) {
                return ROOMS_ERROR;
            }
        }

        return rooms_platform_put(set, member, json_true());
    }

    (void) json_object_del(set, member);

    if (json_object_size(set) == 0) {
        (void) json_object_del(map, key);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_platform_when(rooms_due_t *due, char type, const char *key,
    json_int_t at, int sign)
{
    size_t  n;
    char    name[ROOMS_DUE_KEY];

    n = strlen(key);

    if (n >= sizeof(name)) {
        return ROOMS_ERROR;
    }

    name[0] = type;
    memcpy(name + 1, key, n);

    if (sign > 0) {
        return rooms_due_add(due, (uint64_t) at, rooms_str(name, n + 1));
    }

    rooms_due_remove(due, (uint64_t) at, rooms_str(name, n + 1));

    return ROOMS_OK;
}


const char *
rooms_platform_lower(const char *email, char lower[ROOMS_PLATFORM_EMAIL])
{
    size_t  i;

    for (i = 0; email[i] != '\0'; i++) {

        if (i == ROOMS_PLATFORM_EMAIL - 1) {
            return NULL;
        }

        lower[i] = (char) tolower((unsigned char) email[i]);
    }

    lower[i] = '\0';

    return lower;
}


/* Of two users with one address the first one has it. */

static rooms_int_t
rooms_platform_note_user(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    char         lower[ROOMS_PLATFORM_EMAIL];
    json_t      *map;
    const char  *email, *has;

    (void) b;

    map = ix->maps[ROOMS_PLATFORM_BY_EMAIL];
    email = rooms_platform_text(entity, "email");

    if (email == NULL || rooms_platform_lower(email, lower) == NULL) {
        return ROOMS_OK;
    }

    has = rooms_platform_text(map, lower);

    if (sign > 0) {
        return has ? ROOMS_OK : rooms_platform_put(map, lower,
                                                   json_string(a));
    }

    if (has != NULL && strcmp(has, a) == 0) {
        (void) json_object_del(map, lower);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_platform_note_conn(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    const char  *uid;

    (void) b;

    uid = rooms_platform_text(entity, "u");

    if (uid != NULL
        && rooms_platform_in_set(ix->maps[ROOMS_PLATFORM_BY_USER], uid, a,
                                 sign)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    /* who has been cut is not looked at any more */

    if (json_integer_value(json_object_get(entity, "w")) > 1) {
        return ROOMS_OK;
    }

    return rooms_platform_when(ix->expiring, 'c', a,
                       json_integer_value(json_object_get(entity, "exp")),
                               sign);
}


static rooms_int_t
rooms_platform_note_room(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    const char  *status, *app;

    (void) a;
    (void) b;

    status = rooms_platform_text(entity, "status");
    app = rooms_platform_text(entity, "appId");

    if (app == NULL || status == NULL || strcmp(status, "active") != 0
        || json_object_get(entity, "deleted"))
    {
        return ROOMS_OK;
    }

    return rooms_platform_count_up(ix->maps[ROOMS_PLATFORM_ACTIVE], app,
                                   sign);
}


static rooms_int_t
rooms_platform_note_part(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    const char  *role;

    (void) b;

    if (json_object_get(entity, "left")) {
        return ROOMS_OK;
    }

    role = rooms_platform_text(entity, "role");

    if (role != NULL && strcmp(role, "organizer") == 0
        && rooms_platform_count_up(ix->maps[ROOMS_PLATFORM_ORGANIZERS], a,
                                   sign)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_platform_count_up(ix->maps[ROOMS_PLATFORM_PARTS], a, sign);
}


static rooms_int_t
rooms_platform_note_winner(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    char         pair[ROOMS_PLATFORM_PAIR];
    const char  *pid, *prize;

    (void) b;

    pid = rooms_platform_text(entity, "participantId");
    prize = rooms_platform_text(entity, "prizeId");

    if (pid == NULL || prize == NULL) {
        return ROOMS_OK;
    }

    return rooms_platform_in_set(ix->maps[ROOMS_PLATFORM_WON], a,
                                 rooms_platform_pair(pid, prize, pair), sign);
}


const char *
rooms_platform_pair(const char *part, const char *prize,
    char pair[ROOMS_PLATFORM_PAIR])
{
    (void) snprintf(pair, ROOMS_PLATFORM_PAIR, "%s %s", part, prize);

    return pair;
}


static rooms_int_t
rooms_platform_note_revoked(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    (void) b;

    return rooms_platform_when(ix->stale, 'v', a, json_integer_value(entity),
                               sign);
}


static rooms_int_t
rooms_platform_note_refresh(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    (void) b;

    return rooms_platform_when(ix->stale, 'f', a,
                       json_integer_value(json_object_get(entity, "exp")),
                               sign);
}


static rooms_int_t
rooms_platform_note_rate(rooms_platform_index_t *ix, const char *a,
    const char *b, const json_t *entity, int sign)
{
    size_t  n;

    (void) b;

    n = json_array_size(entity);

    return rooms_platform_when(ix->stale, 'r', a,
                   json_integer_value(json_array_get(entity, n - 1))
                   + ROOMS_PLATFORM_WINDOW, sign);
}


json_t *
rooms_platform_found(const rooms_platform_t *p, rooms_platform_map_e map,
    const char *key)
{
    return (p->index && key) ? json_object_get(p->index->maps[map], key)
                             : NULL;
}
