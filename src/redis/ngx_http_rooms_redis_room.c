
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
    ngx_http_rooms_room_t *room, redisReply *reply);
static ngx_uint_t ngx_http_rooms_redis_room_follows(
    ngx_http_rooms_room_t *room, const rooms_journal_entry_t *e);
static ngx_uint_t ngx_http_rooms_redis_room_fresh(
    ngx_http_rooms_room_t *room);
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
    uint64_t                         last;
    ngx_int_t                        rc;
    redisReply                      *snapshot;
    ngx_http_rooms_app_t            *app;
    rooms_journal_entry_t            e;
    ngx_http_rooms_redis_entries_t   list;

    app = room->zone->app;

    ngx_http_rooms_room_release_state(room);
    room->backing.ahead = 0;

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

        ngx_http_rooms_redis_entries(&list,
                                  ngx_http_rooms_redis_element(reply, 5));

        while ((rc = ngx_http_rooms_redis_entry(room, &list, &e)) == NGX_OK) {

            if (e.fact.len
                && app->app->evolve(app->conf, &room->state, e.id, e.fact)
                   != ROOMS_OK)
            {
                return NGX_ERROR;
            }
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    room->last = last;
    room->zone->redis->max = ngx_max(room->zone->redis->max, last);

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
        || (!live && room->state)
        || (last < room->last && !ngx_http_rooms_redis_room_fresh(room)))
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
    redisReply *reply)
{
    ngx_int_t                        rc;
    rooms_journal_entry_t            e;
    ngx_http_rooms_redis_entries_t   list;

    ngx_http_rooms_redis_entries(&list, reply);

    while ((rc = ngx_http_rooms_redis_entry(room, &list, &e)) == NGX_OK) {

        if (e.id <= room->last) {
            continue;
        }

        if (!ngx_http_rooms_redis_room_follows(room, &e)) {
            return NGX_ERROR;
        }

        ngx_http_rooms_redis_room_apply(room, &e);
    }

    return rc == NGX_DONE ? NGX_OK : NGX_ERROR;
}


/*
 * A room that never had a record here has missed nothing.  One without a
 * state may have been quiet for so long that Redis has forgotten it, and
 * begins anew.
 */

static ngx_uint_t
ngx_http_rooms_redis_room_follows(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e)
{
    return e->prev == room->last || room->last == 0
           || (e->prev == 0 && room->state == NULL
               && ngx_http_rooms_redis_room_fresh(room));
}


/* Nothing can have come and been forgotten since all of it was known. */

static ngx_uint_t
ngx_http_rooms_redis_room_fresh(ngx_http_rooms_room_t *room)
{
    return room->backing.state == NGX_HTTP_ROOMS_BACKING_READY
           || ngx_current_msec - room->backing.current
              < room->zone->redis->conf->keep;
}


void
ngx_http_rooms_redis_room_told(ngx_http_rooms_room_t *room,
    const rooms_bus_header_t *h, rooms_str_t records)
{
    ngx_int_t                        rc;
    rooms_journal_entry_t            e;
    ngx_http_rooms_redis_entries_t   list;

    if (h->epoch != room->zone->epoch) {
        room->backing.dropped = h->first;
        return;
    }

    ngx_http_rooms_redis_published_entries(&list, h, records);

    while ((rc = ngx_http_rooms_redis_entry(room, &list, &e)) == NGX_OK) {

        if (e.id <= room->last) {
            continue;
        }

        if (room->backing.state != NGX_HTTP_ROOMS_BACKING_READY
            || !ngx_http_rooms_redis_room_follows(room, &e))
        {
            room->backing.dropped = ngx_max(room->backing.dropped, e.id);

        } else {
            ngx_http_rooms_redis_room_apply(room, &e);
        }
    }

    if (rc == NGX_ERROR) {
        room->backing.dropped = ngx_max(room->backing.dropped, list.id);
    }

    if (room->backing.dropped > room->last
        && room->backing.state == NGX_HTTP_ROOMS_BACKING_READY)
    {
        room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
        ngx_http_rooms_redis_room_read(room);
        return;
    }

    if (room->backing.committed <= ngx_http_rooms_redis_room_id(room)) {
        ngx_http_rooms_redis_room_run(room);
    }
}


void
ngx_http_rooms_redis_room_ahead(ngx_http_rooms_room_t *room,
    redisReply *records)
{
    uint64_t                         id;
    rooms_journal_entry_t            e;
    ngx_http_rooms_redis_entries_t   list;

    if (room->backing.state != NGX_HTTP_ROOMS_BACKING_READY) {
        return;
    }

    ngx_http_rooms_redis_entries(&list, records);

    while (ngx_http_rooms_redis_entry(room, &list, &e) == NGX_OK) {
        id = ngx_http_rooms_redis_room_id(room);

        if (e.id <= id) {
            continue;
        }

        /* one that has ended is begun anew where that is told */

        if (e.prev != id || e.removed) {
            return;
        }

        ngx_http_rooms_room_evolve(room, &e);
        room->backing.ahead = e.id;
        room->zone->redis->max = ngx_max(room->zone->redis->max, e.id);
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
    room->backing.current = ngx_current_msec;

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
