
/*
 * Copyright (C) nginx rooms contributors
 *
 * Rooms whose journal is in Redis: subscribed to, then loaded, then kept up
 * with what is published; where something is missing, it is read from the
 * stream.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_publish.h>


static void ngx_http_rooms_redis_room_load_reply(void *data,
    redisReply *reply);
static ngx_int_t ngx_http_rooms_redis_room_state(ngx_http_rooms_room_t *room,
    redisReply *reply);
static void ngx_http_rooms_redis_room_since_reply(void *data,
    redisReply *reply);
static ngx_int_t ngx_http_rooms_redis_room_entries(
    ngx_http_rooms_room_t *room, redisReply *list);
static void ngx_http_rooms_redis_room_apply(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e);
static void ngx_http_rooms_redis_room_is_ready(ngx_http_rooms_room_t *room);
static ngx_uint_t ngx_http_rooms_redis_room_epoch(
    ngx_http_rooms_room_t *room, redisReply *reply);


void
ngx_http_rooms_redis_room_init(ngx_http_rooms_room_t *room)
{
    ngx_http_rooms_redis_room_subscribe(room);
}


void
ngx_http_rooms_redis_room_free(ngx_http_rooms_room_t *room)
{
    u_char       key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t  words[2];

    words[0] = rooms_str("UNSUBSCRIBE", 11);
    words[1] = ngx_http_rooms_redis_key(room->zone->redis, key, "r:",
                                   rooms_str(room->name.data,
                                             room->name.len));

    (void) ngx_http_rooms_redis_send(&room->zone->redis->sub, words, 2, NULL,
                                     NULL);
}


void
ngx_http_rooms_redis_room_subscribe(ngx_http_rooms_room_t *room)
{
    u_char       key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t  words[2];

    room->backing.subscribed = 0;

    words[0] = rooms_str("SUBSCRIBE", 9);
    words[1] = ngx_http_rooms_redis_key(room->zone->redis, key, "r:",
                                   rooms_str(room->name.data,
                                             room->name.len));

    (void) ngx_http_rooms_redis_send(&room->zone->redis->sub, words, 2, NULL,
                                     NULL);
}


void
ngx_http_rooms_redis_room_subscribed(ngx_http_rooms_room_t *room)
{
    if (!room->backing.subscribed) {
        room->backing.subscribed = 1;
        ngx_http_rooms_redis_room_read(room);
    }
}


/* Reads what is missing, if both connections are there. */

void
ngx_http_rooms_redis_room_read(ngx_http_rooms_room_t *room)
{
    if (!room->backing.subscribed || !room->zone->redis->cmd.is_up
        || room->zone->epoch == 0)
    {
        return;
    }

    if (room->backing.loaded) {
        ngx_http_rooms_redis_room_since(room);

    } else {
        ngx_http_rooms_redis_room_reload(room);
    }
}


void
ngx_http_rooms_redis_room_reload(ngx_http_rooms_room_t *room)
{
    u_char                   keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t              words[3], name;
    ngx_http_rooms_redis_t  *redis;

    if (room->backing.state == NGX_HTTP_ROOMS_BACKING_LOADING) {
        return;
    }

    redis = room->zone->redis;
    name = rooms_str(room->name.data, room->name.len);

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "z",
                                        rooms_str(NULL, 0));
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "r:", name);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "s:", name);

    if (ngx_http_rooms_redis_script(&redis->cmd, NGX_HTTP_ROOMS_SCRIPT_LOAD,
                                    words, 3, 3,
                                    ngx_http_rooms_redis_room_load_reply,
                                    room)
        == NGX_OK)
    {
        room->backing.state = NGX_HTTP_ROOMS_BACKING_LOADING;
        room->backing.busy++;
    }
}


static void
ngx_http_rooms_redis_room_load_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_room_t *room = data;

    room->backing.busy--;
    room->backing.state = room->backing.loaded ? NGX_HTTP_ROOMS_BACKING_STALE
                                               : NGX_HTTP_ROOMS_BACKING_NEW;

    if (reply == NULL || ngx_http_rooms_redis_room_epoch(room, reply)) {
        return;
    }

    if (ngx_http_rooms_redis_room_state(room, reply) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": the state of room \"%V\" cannot "
                      "be read from redis",
                      &room->zone->app->name, &room->name);
        return;
    }

    room->backing.loaded = 1;

    ngx_http_rooms_redis_room_is_ready(room);
}


static ngx_int_t
ngx_http_rooms_redis_room_state(ngx_http_rooms_room_t *room,
    redisReply *reply)
{
    size_t                  i;
    uint64_t                last;
    redisReply             *list, *snapshot;
    ngx_http_rooms_app_t   *app;
    rooms_journal_entry_t   e;

    app = room->zone->app;

    ngx_http_rooms_room_release_state(room);

    if (rooms_bus_number(ngx_http_rooms_redis_str(
                                    ngx_http_rooms_redis_element(reply, 1)),
                         &last)
        != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    if (app->app->evolve) {
        snapshot = ngx_http_rooms_redis_element(reply, 4);

        if (ngx_http_rooms_redis_str(snapshot).len
            && app->app->restore(app->conf, &room->state,
                                 ngx_http_rooms_redis_str(snapshot))
               != ROOMS_OK)
        {
            return NGX_ERROR;
        }

        list = ngx_http_rooms_redis_element(reply, 5);

        for (i = 0; ngx_http_rooms_redis_element(list, i); i++) {

            if (ngx_http_rooms_redis_entry(room,
                                     ngx_http_rooms_redis_element(list, i),
                                     &e)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            if (e.fact.len
                && app->app->evolve(app->conf, &room->state, e.id, e.fact)
                   != ROOMS_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    room->last = last;
    room->zone->redis->max = ngx_max(room->zone->redis->max, last);

    return NGX_OK;
}


/* [ID [p PREV d RECORD]] */

ngx_int_t
ngx_http_rooms_redis_entry(ngx_http_rooms_room_t *room, redisReply *reply,
    rooms_journal_entry_t *e)
{
    u_char              *p;
    redisReply          *fields;
    rooms_str_t          id, data;
    rooms_bus_record_t   r;

    ngx_memzero(e, sizeof(rooms_journal_entry_t));

    id = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));
    fields = ngx_http_rooms_redis_element(reply, 1);

    p = id.len ? memchr(id.data, '-', id.len) : NULL;

    if (p == NULL) {
        return NGX_ERROR;
    }

    id.len = p - id.data;

    data = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(fields, 3));

    if (rooms_bus_number(id, &e->id) != ROOMS_OK
        || rooms_bus_number(ngx_http_rooms_redis_str(
                                    ngx_http_rooms_redis_element(fields, 1)),
                            &e->prev)
           != ROOMS_OK
        || rooms_bus_read(&data, &r) != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    e->kind = ROOMS_ENTRY_RECORD;
    e->time = r.time;
    e->hash = room->hash;
    e->room = rooms_str(room->name.data, room->name.len);
    e->fact = r.fact;
    e->messages = r.messages;
    e->removed = r.removed;

    return NGX_OK;
}


void
ngx_http_rooms_redis_room_since(ngx_http_rooms_room_t *room)
{
    u_char                   keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[NGX_INT64_LEN];
    rooms_str_t              words[4], name;
    ngx_http_rooms_redis_t  *redis;

    if (room->backing.state == NGX_HTTP_ROOMS_BACKING_LOADING
        || room->backing.state == NGX_HTTP_ROOMS_BACKING_CATCHING)
    {
        return;
    }

    redis = room->zone->redis;
    name = rooms_str(room->name.data, room->name.len);

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "z",
                                        rooms_str(NULL, 0));
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "r:", name);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "s:", name);
    words[3] = ngx_http_rooms_redis_digits(digits, room->last);

    if (ngx_http_rooms_redis_script(&redis->cmd, NGX_HTTP_ROOMS_SCRIPT_SINCE,
                                    words, 3, 4,
                                    ngx_http_rooms_redis_room_since_reply,
                                    room)
        == NGX_OK)
    {
        room->backing.state = NGX_HTTP_ROOMS_BACKING_CATCHING;
        room->backing.busy++;
    }
}


static void
ngx_http_rooms_redis_room_since_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_room_t *room = data;

    uint64_t    last;
    ngx_uint_t  live;

    room->backing.busy--;

    if (room->backing.state != NGX_HTTP_ROOMS_BACKING_CATCHING) {
        return;
    }

    room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;

    if (reply == NULL || ngx_http_rooms_redis_room_epoch(room, reply)
        || rooms_bus_number(ngx_http_rooms_redis_str(
                                    ngx_http_rooms_redis_element(reply, 1)),
                            &last)
           != ROOMS_OK)
    {
        return;
    }

    live = (ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 2))
            .len == 1
            && ngx_http_rooms_redis_element(reply, 2)->str[0] == '1');

    if (ngx_http_rooms_redis_room_entries(room,
                                      ngx_http_rooms_redis_element(reply, 3))
        != NGX_OK
        || room->last < last
        || (!live && room->state))
    {
        /* not all of it is kept: members are told by being sent away */

        room->zone->stat->lost++;

        ngx_http_rooms_room_doom(room, 1);
        ngx_http_rooms_redis_room_reload(room);
        return;
    }

    ngx_http_rooms_redis_room_is_ready(room);
}


static ngx_int_t
ngx_http_rooms_redis_room_entries(ngx_http_rooms_room_t *room,
    redisReply *list)
{
    size_t                  i;
    rooms_journal_entry_t   e;

    for (i = 0; ngx_http_rooms_redis_element(list, i); i++) {

        if (ngx_http_rooms_redis_entry(room,
                                       ngx_http_rooms_redis_element(list, i),
                                       &e)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (e.id <= room->last) {
            continue;
        }

        /* a room that never had a record here has missed nothing */

        if (e.prev != room->last && room->last) {
            return NGX_ERROR;
        }

        ngx_http_rooms_redis_room_apply(room, &e);
    }

    return NGX_OK;
}


void
ngx_http_rooms_redis_room_told(ngx_http_rooms_room_t *room,
    const rooms_bus_header_t *h, rooms_str_t records)
{
    uint64_t                id, prev;
    rooms_int_t             rc;
    rooms_bus_record_t      r;
    rooms_journal_entry_t   e;

    if (h->epoch != room->zone->epoch) {
        room->backing.dropped = h->first;
        return;
    }

    id = h->first;
    prev = h->prev;

    while ((rc = rooms_bus_read(&records, &r)) == ROOMS_OK) {

        if (id > room->last) {

            if (room->backing.state != NGX_HTTP_ROOMS_BACKING_READY
                || prev != room->last)
            {
                room->backing.dropped = ngx_max(room->backing.dropped, id);

            } else {
                ngx_memzero(&e, sizeof(rooms_journal_entry_t));

                e.kind = ROOMS_ENTRY_RECORD;
                e.id = id;
                e.prev = prev;
                e.time = r.time;
                e.hash = room->hash;
                e.room = rooms_str(room->name.data, room->name.len);
                e.fact = r.fact;
                e.messages = r.messages;
                e.removed = r.removed;

                ngx_http_rooms_redis_room_apply(room, &e);
            }
        }

        prev = id;
        id += ROOMS_MESSAGE_IDS;
    }

    if (rc == ROOMS_ERROR) {
        room->backing.dropped = ngx_max(room->backing.dropped, id);
    }

    if (room->backing.dropped > room->last
        && room->backing.state == NGX_HTTP_ROOMS_BACKING_READY)
    {
        room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
        ngx_http_rooms_redis_room_read(room);
        return;
    }

    if (room->backing.committed <= room->last) {
        ngx_http_rooms_redis_room_run(room);
    }
}


static void
ngx_http_rooms_redis_room_apply(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e)
{
    ngx_http_rooms_zone_t  *zone;

    zone = room->zone;

    zone->redis->max = ngx_max(zone->redis->max, e->id);

    ngx_http_rooms_redis_tap(room, e);
    ngx_http_rooms_room_apply(room, e);
}


/* Everything up to room->last has been read. */

static void
ngx_http_rooms_redis_room_is_ready(ngx_http_rooms_room_t *room)
{
    room->backing.state = NGX_HTTP_ROOMS_BACKING_READY;

    if (!room->backing.subscribed) {
        room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
        return;
    }

    if (room->backing.dropped > room->last) {
        room->backing.dropped = 0;
        room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
        ngx_http_rooms_redis_room_since(room);
        return;
    }

    room->backing.committed = 0;

    ngx_http_rooms_redis_room_wake(room);
    ngx_http_rooms_redis_fetches_wake(room->zone->redis);
    ngx_http_rooms_redis_room_run(room);
}


/* 1: it has changed, and what was read is worth nothing. */

static ngx_uint_t
ngx_http_rooms_redis_room_epoch(ngx_http_rooms_room_t *room,
    redisReply *reply)
{
    uint64_t     epoch;
    rooms_str_t  text;

    text = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));

    if (rooms_bus_number(text, &epoch) == ROOMS_OK
        && epoch == room->zone->epoch)
    {
        return 0;
    }

    ngx_http_rooms_redis_epoch(room->zone->redis, text);

    return 1;
}


ngx_uint_t
ngx_http_rooms_redis_room_ready(ngx_http_rooms_room_t *room)
{
    return room->backing.state == NGX_HTTP_ROOMS_BACKING_READY;
}
