
/*
 * Copyright (C) nginx rooms contributors
 *
 * Rooms as this worker holds them: their state.  Members and delivery are in
 * ngx_http_rooms_member.c and ngx_http_rooms_publish.c.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_publish.h>
#include <ngx_http_rooms_socket.h>
#include <ngx_http_rooms_redis.h>


#define NGX_HTTP_ROOMS_IDLE_MAX       1024

/* how often the journal is asked whether a snapshot is worth it */

#define NGX_HTTP_ROOMS_COMPACT_EVERY  16
#define NGX_HTTP_ROOMS_COMPACT_MIN    4096

/* how near a deadline is, in ms, that does not wait for the sweep */

#define NGX_HTTP_ROOMS_NEAR           3000


static ngx_http_rooms_room_t *ngx_http_rooms_room_create(
    ngx_http_rooms_zone_t *zone, rooms_str_t name, uint64_t hash);
static ngx_int_t ngx_http_rooms_room_load(ngx_http_rooms_room_t *room);
static rooms_int_t ngx_http_rooms_room_load_handler(void *ctx,
    unsigned snapshot, uint64_t id, rooms_str_t data);
static void ngx_http_rooms_room_purge(ngx_http_rooms_zone_t *zone);
static void ngx_http_rooms_room_free(ngx_http_rooms_zone_t *zone);
static void ngx_http_rooms_room_wake_handler(ngx_event_t *ev);


ngx_http_rooms_room_t *
ngx_http_rooms_room_find(ngx_http_rooms_zone_t *zone, uint64_t hash)
{
    rooms_link_t  *node;

    node = rooms_table_find(&zone->rooms, hash);

    return node ? rooms_table_data(node, ngx_http_rooms_room_t, node) : NULL;
}


ngx_http_rooms_room_t *
ngx_http_rooms_room_open(ngx_http_rooms_zone_t *zone, rooms_str_t name)
{
    uint64_t                hash;
    ngx_http_rooms_room_t  *room;

    if (name.len == 0 || name.len > ROOMS_JOURNAL_NAME) {
        return NULL;
    }

    hash = rooms_journal_hash(zone->journal, name);

    room = ngx_http_rooms_room_find(zone, hash);

    if (room == NULL) {
        ngx_http_rooms_room_purge(zone);
        return ngx_http_rooms_room_create(zone, name, hash);
    }

    if (room->is_idle) {
        ngx_queue_remove(&room->idle);
        ngx_queue_insert_tail(&zone->idle, &room->idle);
    }

    return room;
}


static ngx_http_rooms_room_t *
ngx_http_rooms_room_create(ngx_http_rooms_zone_t *zone, rooms_str_t name,
    uint64_t hash)
{
    ngx_http_rooms_room_t  *room;

    room = ngx_calloc(sizeof(ngx_http_rooms_room_t) + name.len,
                      ngx_cycle->log);
    if (room == NULL) {
        return NULL;
    }

    room->zone = zone;
    room->hash = hash;
    room->name.data = (u_char *) room + sizeof(ngx_http_rooms_room_t);
    room->name.len = name.len;
    ngx_memcpy(room->name.data, name.data, name.len);

    ngx_queue_init(&room->streams);

    ngx_queue_init(&room->backing.tasks);
    ngx_queue_init(&room->backing.taps);

    room->wake.handler = ngx_http_rooms_room_wake_handler;
    room->wake.data = room;
    room->wake.log = ngx_cycle->log;
    room->wake.cancelable = 1;

    if (zone->redis == NULL && ngx_http_rooms_room_load(room) != NGX_OK) {
        ngx_http_rooms_room_release_state(room);
        ngx_free(room);
        return NULL;
    }

    rooms_table_insert(&zone->rooms, &room->node);

    ngx_queue_insert_tail(&zone->idle, &room->idle);
    room->is_idle = 1;
    zone->nidle++;
    zone->stat->rooms++;

    if (zone->redis) {
        ngx_http_rooms_redis_room_init(room);
    }

    return room;
}


static ngx_int_t
ngx_http_rooms_room_load(ngx_http_rooms_room_t *room)
{
    rooms_int_t             rc;
    rooms_str_t             name;
    rooms_journal_room_t    info;
    ngx_http_rooms_zone_t  *zone;

    zone = room->zone;
    name = rooms_str(room->name.data, room->name.len);

    ngx_memzero(&info, sizeof(rooms_journal_room_t));

    ngx_http_rooms_zone_lock(zone);

    rc = rooms_journal_lookup(zone->journal, name, &info);

    if (rc == ROOMS_OK && info.live && zone->app->app->evolve) {
        rc = rooms_journal_load(zone->journal, name,
                                ngx_http_rooms_room_load_handler, room,
                                &info);
    }

    ngx_http_rooms_zone_unlock(zone);

    if (rc != ROOMS_OK && rc != ROOMS_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": the state of room \"%V\" "
                      "cannot be read from the journal",
                      &zone->app->name, &room->name);
        return NGX_ERROR;
    }

    room->last = info.last;

    return NGX_OK;
}


static rooms_int_t
ngx_http_rooms_room_load_handler(void *ctx, unsigned snapshot, uint64_t id,
    rooms_str_t data)
{
    ngx_http_rooms_room_t *room = ctx;

    ngx_http_rooms_app_t  *app;

    app = room->zone->app;

    if (snapshot) {
        return app->app->restore(app->conf, &room->state, data);
    }

    return app->app->evolve(app->conf, &room->state, id, data);
}


void
ngx_http_rooms_room_release_state(ngx_http_rooms_room_t *room)
{
    if (room->state) {
        room->zone->app->app->release(room->state);
        room->state = NULL;
    }
}


static void
ngx_http_rooms_room_purge(ngx_http_rooms_zone_t *zone)
{
    ngx_http_rooms_room_t  *room;

    if (zone->nidle < NGX_HTTP_ROOMS_IDLE_MAX) {
        return;
    }

    room = ngx_queue_data(ngx_queue_head(&zone->idle), ngx_http_rooms_room_t,
                          idle);

    if (room->backing.busy) {

        /* commands wait for it */

        ngx_queue_remove(&room->idle);
        ngx_queue_insert_tail(&zone->idle, &room->idle);
        return;
    }

    ngx_http_rooms_room_free(zone);
}


void
ngx_http_rooms_room_free_all(ngx_http_rooms_zone_t *zone)
{
    while (zone->nidle) {
        ngx_http_rooms_room_free(zone);
    }
}


/* Frees the room that has been idle longest. */

static void
ngx_http_rooms_room_free(ngx_http_rooms_zone_t *zone)
{
    ngx_http_rooms_room_t  *room;

    room = ngx_queue_data(ngx_queue_head(&zone->idle), ngx_http_rooms_room_t,
                          idle);

    if (zone->redis) {
        ngx_http_rooms_redis_room_free(room);
    }

    ngx_queue_remove(&room->idle);
    zone->nidle--;
    zone->stat->rooms--;

    if (room->wake.timer_set) {
        ngx_del_timer(&room->wake);
    }

    rooms_table_remove(&zone->rooms, &room->node);

    ngx_http_rooms_room_release_state(room);
    ngx_free(room);
}


void
ngx_http_rooms_room_apply(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e)
{
    uint64_t         id;
    unsigned         n;
    rooms_int_t      rc;
    rooms_str_t      messages;
    rooms_message_t  m;

    if (e->id > room->backing.ahead) {
        ngx_http_rooms_room_evolve(room, e);
    }

    room->last = e->id;

    if (room->nmembers) {
        messages = e->messages;

        for (n = 0; /* void */ ; n++) {
            rc = rooms_message_read(&messages, &m);

            if (rc != ROOMS_OK) {
                break;
            }

            id = rooms_message_id(e->id, n, messages.len == 0);

            ngx_http_rooms_publish(room, &m, id);

            if (room->backing.late > id) {
                ngx_http_rooms_room_skip(room, id);
            }
        }

        if (rc == ROOMS_ERROR) {
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                          "rooms: zone \"%V\": record %uL of room \"%V\" "
                          "has damaged messages", &room->zone->app->name,
                          e->id, &room->name);
        }
    }

    if (e->removed) {
        ngx_http_rooms_room_release_state(room);
        ngx_http_rooms_room_empty(room);
    }
}


void
ngx_http_rooms_room_evolve(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e)
{
    ngx_http_rooms_app_t  *app;

    app = room->zone->app;

    if (e->fact.len && app->app->evolve
        && app->app->evolve(app->conf, &room->state, e->id, e->fact)
           != ROOMS_OK)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": record %uL of room \"%V\" "
                      "cannot be applied", &app->name, e->id, &room->name);
    }
}


void
ngx_http_rooms_room_lost(ngx_http_rooms_room_t *room)
{
    ngx_http_rooms_room_release_state(room);
    (void) ngx_http_rooms_room_load(room);

    ngx_http_rooms_room_doom(room, 0);
}


void
ngx_http_rooms_room_doom(ngx_http_rooms_room_t *room, ngx_uint_t forget)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_http_rooms_stream_t  *stream;

    for (q = ngx_queue_head(&room->streams);
         q != ngx_queue_sentinel(&room->streams);
         q = ngx_queue_next(q))
    {
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        for (i = 0; i < stream->n; i++) {

            if (forget) {
                stream->members[i]->socket->recoverable = 0;
            }

            ngx_http_rooms_session_doom(stream->members[i]->socket->session,
                                        NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
        }
    }
}


void
ngx_http_rooms_room_wake(ngx_http_rooms_room_t *room, uint64_t now,
    uint64_t deadline)
{
    if (room->wake.timer_set) {
        ngx_del_timer(&room->wake);
    }

    if (deadline == 0 || deadline > now + NGX_HTTP_ROOMS_NEAR) {
        return;
    }

    ngx_add_timer(&room->wake,
                  deadline > now ? (ngx_msec_t) (deadline - now) : 1);
}


static void
ngx_http_rooms_room_wake_handler(ngx_event_t *ev)
{
    u_char                  name[ROOMS_JOURNAL_NAME];
    rooms_str_t             none;
    ngx_http_rooms_room_t  *room;

    room = ev->data;
    none = rooms_str(NULL, 0);

    /* the room may go, its name is needed to the end */

    ngx_memcpy(name, room->name.data, room->name.len);

    ngx_http_rooms_execute_in(room->zone, ROOMS_CMD_TICK,
                              rooms_str(name, room->name.len), none, none);
}


void
ngx_http_rooms_room_compact(ngx_http_rooms_room_t *room)
{
    rooms_buf_t             b;
    rooms_str_t             name;
    rooms_journal_room_t    info;
    ngx_http_rooms_zone_t  *zone;

    zone = room->zone;

    if (room->state == NULL
        || ++room->appends < NGX_HTTP_ROOMS_COMPACT_EVERY)
    {
        return;
    }

    room->appends = 0;

    name = rooms_str(room->name.data, room->name.len);
    rooms_buf_init(&b, 0);

    ngx_http_rooms_zone_lock(zone);

    if (rooms_journal_lookup(zone->journal, name, &info) == ROOMS_OK
        && info.last == room->last
        && info.log > ngx_max(NGX_HTTP_ROOMS_COMPACT_MIN, info.snapshot))
    {
        zone->app->app->snapshot(room->state, &b);

        if (!b.failed) {
            (void) rooms_journal_snapshot(zone->journal, name, room->last,
                                          rooms_str(b.data, b.len),
                                          ngx_http_rooms_now());
        }
    }

    ngx_http_rooms_zone_unlock(zone);

    rooms_buf_free(&b);
}
