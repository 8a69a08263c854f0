
/*
 * Copyright (C) nginx rooms contributors
 *
 * Which sockets are meant, and their rooms.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_target.h>


#define NGX_HTTP_ROOMS_TARGETS  64


static ngx_int_t ngx_http_rooms_targets_add(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_socket_t *socket, rooms_str_t nsp);
static ngx_int_t ngx_http_rooms_targets_all(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp);
static ngx_int_t ngx_http_rooms_targets_room(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp, rooms_str_t name);
static void ngx_http_rooms_targets_unique(ngx_http_rooms_targets_t *t);
static int ngx_libc_cdecl ngx_http_rooms_targets_cmp(const void *one,
    const void *two);
static void ngx_http_rooms_targets_except(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp, rooms_str_t name);
static ngx_uint_t ngx_http_rooms_target_in(ngx_http_rooms_socket_t *socket,
    rooms_str_t nsp);
static ngx_http_rooms_room_t *ngx_http_rooms_target_room(
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp, rooms_str_t name);
static rooms_str_t ngx_http_rooms_target_name(ngx_http_rooms_app_t *app,
    rooms_str_t nsp, rooms_str_t name);
static void ngx_http_rooms_target_join(ngx_http_rooms_socket_t *socket,
    rooms_str_t room);


ngx_uint_t
ngx_http_rooms_targets_any(ngx_http_rooms_zone_t *zone, rooms_str_t nsp,
    rooms_str_t name)
{
    ngx_http_rooms_room_t  *room;

    if (ngx_http_rooms_socket_find(zone, name)) {
        return 1;
    }

    room = ngx_http_rooms_target_room(zone, nsp, name);

    return room && room->nmembers;
}


ngx_int_t
ngx_http_rooms_targets_find(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp, const json_t *rooms,
    const json_t *except)
{
    char        buf[ROOMS_EMITTER_NAME];
    size_t      i, n;
    ngx_int_t   rc;

    t->n = 0;
    n = rooms_emitter_names(rooms);

    rc = n ? NGX_OK : ngx_http_rooms_targets_all(t, zone, nsp);

    for (i = 0; i < n && rc == NGX_OK; i++) {
        rc = ngx_http_rooms_targets_room(t, zone, nsp,
                                         rooms_emitter_name(rooms, i, buf));
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (n > 1) {
        ngx_http_rooms_targets_unique(t);
    }

    n = rooms_emitter_names(except);

    for (i = 0; i < n && t->n; i++) {
        ngx_http_rooms_targets_except(t, zone, nsp,
                                      rooms_emitter_name(except, i, buf));
    }

    return NGX_OK;
}


void
ngx_http_rooms_targets_free(ngx_http_rooms_targets_t *t)
{
    if (t->sockets) {
        ngx_free(t->sockets);
    }

    ngx_memzero(t, sizeof(ngx_http_rooms_targets_t));
}


static ngx_int_t
ngx_http_rooms_targets_add(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_socket_t *socket, rooms_str_t nsp)
{
    ngx_uint_t                 alloc;
    ngx_http_rooms_socket_t  **sockets;

    if (!ngx_http_rooms_target_in(socket, nsp)) {
        return NGX_OK;
    }

    if (t->n == t->alloc) {
        alloc = t->alloc ? 2 * t->alloc : NGX_HTTP_ROOMS_TARGETS;

        sockets = realloc(t->sockets, alloc * sizeof(void *));
        if (sockets == NULL) {
            return NGX_ERROR;
        }

        t->sockets = sockets;
        t->alloc = alloc;
    }

    t->sockets[t->n++] = socket;

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_targets_all(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp)
{
    ngx_queue_t               *q, *p;
    ngx_http_rooms_session_t  *s;

    for (q = ngx_queue_head(&zone->all);
         q != ngx_queue_sentinel(&zone->all);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_rooms_session_t, link);

        for (p = ngx_queue_head(&s->sockets);
             p != ngx_queue_sentinel(&s->sockets);
             p = ngx_queue_next(p))
        {
            if (ngx_http_rooms_targets_add(t,
                               ngx_queue_data(p, ngx_http_rooms_socket_t,
                                              queue), nsp)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_targets_room(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp, rooms_str_t name)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_socket_t  *socket;
    ngx_http_rooms_stream_t  *stream;

    socket = ngx_http_rooms_socket_find(zone, name);

    if (socket && ngx_http_rooms_targets_add(t, socket, nsp) != NGX_OK) {
        return NGX_ERROR;
    }

    room = ngx_http_rooms_target_room(zone, nsp, name);
    if (room == NULL) {
        return NGX_OK;
    }

    for (q = ngx_queue_head(&room->streams);
         q != ngx_queue_sentinel(&room->streams);
         q = ngx_queue_next(q))
    {
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        for (i = 0; i < stream->n; i++) {
            if (stream->members[i]->socket != socket
                && ngx_http_rooms_targets_add(t, stream->members[i]->socket,
                                              nsp)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static void
ngx_http_rooms_targets_unique(ngx_http_rooms_targets_t *t)
{
    ngx_uint_t  i, n;

    if (t->n == 0) {
        return;
    }

    qsort(t->sockets, t->n, sizeof(void *), ngx_http_rooms_targets_cmp);

    n = 1;

    for (i = 1; i < t->n; i++) {
        if (t->sockets[i] != t->sockets[n - 1]) {
            t->sockets[n++] = t->sockets[i];
        }
    }

    t->n = n;
}


static int ngx_libc_cdecl
ngx_http_rooms_targets_cmp(const void *one, const void *two)
{
    ngx_http_rooms_socket_t *const  *a = one;
    ngx_http_rooms_socket_t *const  *b = two;

    return (*a > *b) - (*a < *b);
}


static void
ngx_http_rooms_targets_except(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp, rooms_str_t name)
{
    ngx_uint_t                i, n;
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_socket_t  *one, *socket;

    one = ngx_http_rooms_socket_find(zone, name);
    room = ngx_http_rooms_target_room(zone, nsp, name);

    if (one == NULL && room == NULL) {
        return;
    }

    n = 0;

    for (i = 0; i < t->n; i++) {
        socket = t->sockets[i];

        if (socket != one
            && (room == NULL
                || ngx_http_rooms_room_member(room, socket) == NULL))
        {
            t->sockets[n++] = socket;
        }
    }

    t->n = n;
}


static ngx_uint_t
ngx_http_rooms_target_in(ngx_http_rooms_socket_t *socket, rooms_str_t nsp)
{
    return socket->connected && !socket->dead
           && socket->nsp.len == nsp.len
           && ngx_memcmp(socket->nsp.data, nsp.data, nsp.len) == 0;
}


/* NULL: it is not held here. */

static ngx_http_rooms_room_t *
ngx_http_rooms_target_room(ngx_http_rooms_zone_t *zone, rooms_str_t nsp,
    rooms_str_t name)
{
    name = ngx_http_rooms_target_name(zone->app, nsp, name);

    if (name.len == 0) {
        return NULL;
    }

    return ngx_http_rooms_room_find(zone,
                                    rooms_journal_hash(zone->journal, name));
}


/* The room as this application names it; empty: there cannot be one. */

static rooms_str_t
ngx_http_rooms_target_name(ngx_http_rooms_app_t *app, rooms_str_t nsp,
    rooms_str_t name)
{
    u_char  *p;

    static u_char  buf[ROOMS_JOURNAL_NAME];

    if (!rooms_app_scoped(app->app)) {

        /* what begins so are the records of sockets */

        return (name.len > ROOMS_JOURNAL_NAME
                || (name.len && name.data[0] == '@')) ? rooms_str(NULL, 0)
                                                      : name;
    }

    if (nsp.len + 1 + name.len > ROOMS_JOURNAL_NAME) {
        return rooms_str(NULL, 0);
    }

    p = ngx_cpymem(buf, nsp.data, nsp.len);
    *p++ = ':';
    p = ngx_cpymem(p, name.data, name.len);

    return rooms_str(buf, p - buf);
}


void
ngx_http_rooms_targets_move(ngx_http_rooms_targets_t *t, rooms_str_t nsp,
    const json_t *rooms, ngx_uint_t join)
{
    char                      buf[ROOMS_EMITTER_NAME];
    size_t                    k, n;
    ngx_uint_t                i;
    rooms_str_t               room;
    ngx_http_rooms_socket_t  *socket;

    n = rooms_emitter_names(rooms);

    for (i = 0; i < t->n; i++) {
        socket = t->sockets[i];

        for (k = 0; k < n; k++) {
            room = ngx_http_rooms_target_name(socket->session->zone->app,
                                              nsp,
                                              rooms_emitter_name(rooms, k,
                                                                 buf));
            if (room.len == 0) {
                continue;
            }

            if (join) {
                ngx_http_rooms_target_join(socket, room);

            } else {
                ngx_http_rooms_room_leave(socket, room);
            }
        }

        if (socket->registered) {
            (void) ngx_http_rooms_recovery_save(socket);
        }
    }
}


/*
 * What was appended before is not for it, even where the room has not been
 * read from Redis yet.
 */

static void
ngx_http_rooms_target_join(ngx_http_rooms_socket_t *socket, rooms_str_t name)
{
    uint64_t                  last;
    ngx_http_rooms_zone_t    *zone;
    ngx_http_rooms_member_t  *member;

    zone = socket->session->zone;

    if (ngx_http_rooms_room_join(socket, name) != NGX_OK) {
        return;
    }

    member = ngx_http_rooms_room_member(
                                  ngx_http_rooms_room_find(zone,
                                     rooms_journal_hash(zone->journal, name)),
                                  socket);

    last = rooms_message_whole(zone->redis->max);

    if (member->joined < last) {
        member->joined = last;
    }
}


/* The application hears of it, and may do more to them. */

void
ngx_http_rooms_targets_disconnect(ngx_http_rooms_targets_t *t,
    ngx_uint_t connection)
{
    ngx_uint_t                i;
    ngx_http_rooms_socket_t  *socket;

    for (i = 0; i < t->n; i++) {
        socket = t->sockets[i];

        if (!socket->dead && !socket->session->closed) {
            ngx_http_rooms_kick(socket, connection);
        }
    }
}
