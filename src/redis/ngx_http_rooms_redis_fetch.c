
/*
 * Copyright (C) nginx rooms contributors
 *
 * What somebody who comes here has missed: the rooms are opened, and what
 * their streams have since is read; what is told meanwhile is kept aside.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_record.h>


/* One room. */

typedef struct {
    ngx_queue_t                     tap;     /* in room->backing.taps */
    ngx_http_rooms_fetch_t         *fetch;
    ngx_http_rooms_room_t          *room;
    uint64_t                        after;
    rooms_buf_t                     read;    /* from the stream */
    rooms_buf_t                     told;    /* meanwhile */
    unsigned                        asked:1;
    unsigned                        answered:1;
    unsigned                        failed:1;
} ngx_http_rooms_fetched_t;


struct ngx_http_rooms_fetch_s {
    ngx_queue_t                     queue;   /* in redis->fetches */
    ngx_http_rooms_redis_t         *redis;
    ngx_pool_t                     *pool;
    ngx_event_t                     timer;

    ngx_http_rooms_fetch_pt         handler;
    void                           *data;

    ngx_http_rooms_fetched_t       *rooms;
    ngx_uint_t                      n;
    ngx_uint_t                      waits;
    unsigned                        ended:1; /* replies are awaited */
};


static ngx_http_rooms_fetch_t *ngx_http_rooms_fetch_create(
    ngx_http_rooms_redis_t *redis, ngx_uint_t n);
static void ngx_http_rooms_fetch_free(ngx_http_rooms_fetch_t *x);
static void ngx_http_rooms_fetch_room(ngx_http_rooms_fetch_t *x,
    rooms_str_t name, uint64_t after);
static void ngx_http_rooms_fetch_ask(ngx_http_rooms_fetch_t *x);
static void ngx_http_rooms_fetch_reply(void *data, redisReply *reply);
static void ngx_http_rooms_fetch_timer(ngx_event_t *ev);
static void ngx_http_rooms_fetch_done(ngx_http_rooms_fetch_t *x);
static void ngx_http_rooms_fetch_keep(rooms_buf_t *b,
    const rooms_journal_entry_t *e);


/* Whose records are asked for just now. */

static ngx_http_rooms_fetch_t  *ngx_http_rooms_fetch_current;


ngx_int_t
ngx_http_rooms_redis_fetch(ngx_http_rooms_redis_t *redis, rooms_str_t rooms,
    uint64_t after, ngx_http_rooms_fetch_pt handler, void *data)
{
    uint64_t                 since;
    ngx_uint_t               n;
    rooms_str_t              in, name;
    ngx_http_rooms_fetch_t  *x;

    in = rooms;
    n = 0;

    while (ngx_http_rooms_record_room(&in, &name, &since) == NGX_OK) {
        n++;
    }

    if (n == 0) {
        return NGX_DONE;
    }

    x = ngx_http_rooms_fetch_create(redis, n);
    if (x == NULL) {
        return NGX_ERROR;
    }

    x->handler = handler;
    x->data = data;

    while (ngx_http_rooms_record_room(&rooms, &name, &since) == NGX_OK) {
        ngx_http_rooms_fetch_room(x, name, ngx_max(after, since));
    }

    ngx_add_timer(&x->timer, redis->conf->timeout);

    ngx_http_rooms_fetch_ask(x);

    return NGX_OK;
}


static ngx_http_rooms_fetch_t *
ngx_http_rooms_fetch_create(ngx_http_rooms_redis_t *redis, ngx_uint_t n)
{
    ngx_pool_t              *pool;
    ngx_http_rooms_fetch_t  *x;

    static ngx_connection_t  dumb = { .fd = -1 };

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    x = ngx_pcalloc(pool, sizeof(ngx_http_rooms_fetch_t));

    if (x) {
        x->rooms = ngx_pcalloc(pool, n * sizeof(ngx_http_rooms_fetched_t));
    }

    if (x == NULL || x->rooms == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    x->redis = redis;
    x->pool = pool;

    x->timer.handler = ngx_http_rooms_fetch_timer;
    x->timer.data = &dumb;
    x->timer.log = ngx_cycle->log;
    x->timer.cancelable = 1;

    ngx_queue_insert_tail(&redis->fetches, &x->queue);

    return x;
}


static void
ngx_http_rooms_fetch_free(ngx_http_rooms_fetch_t *x)
{
    ngx_uint_t                 i;
    ngx_http_rooms_fetched_t  *f;

    for (i = 0; i < x->n; i++) {
        f = &x->rooms[i];

        if (f->asked) {
            ngx_queue_remove(&f->tap);
        }

        f->room->backing.busy--;

        rooms_buf_free(&f->read);
        rooms_buf_free(&f->told);
    }

    if (x->timer.timer_set) {
        ngx_del_timer(&x->timer);
    }

    ngx_queue_remove(&x->queue);

    ngx_destroy_pool(x->pool);
}


static void
ngx_http_rooms_fetch_room(ngx_http_rooms_fetch_t *x, rooms_str_t name,
    uint64_t after)
{
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_fetched_t  *f;

    room = ngx_http_rooms_room_open(x->redis->zone, name);
    if (room == NULL) {
        return;
    }

    f = &x->rooms[x->n++];

    f->fetch = x;
    f->room = room;
    f->after = after;

    /* a record of which only a part was had is read again */

    if (after && after != rooms_message_whole(after)) {
        f->after = rooms_message_record(after) - 1;
    }

    room->backing.busy++;
    x->waits++;
}


/* Reads the streams of those rooms that are ready. */

static void
ngx_http_rooms_fetch_ask(ngx_http_rooms_fetch_t *x)
{
    u_char                    keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                    digits[NGX_INT64_LEN];
    ngx_uint_t                i;
    rooms_str_t               words[4], name;
    ngx_http_rooms_fetched_t  *f;
    ngx_http_rooms_redis_t   *redis;

    redis = x->redis;

    for (i = 0; i < x->n; i++) {
        f = &x->rooms[i];

        if (x->ended || f->asked || !ngx_http_rooms_redis_room_ready(f->room)) {
            continue;
        }

        name = rooms_str(f->room->name.data, f->room->name.len);

        words[0] = ngx_http_rooms_redis_key(redis, keys[0], "z",
                                            rooms_str(NULL, 0));
        words[1] = ngx_http_rooms_redis_key(redis, keys[1], "r:", name);
        words[2] = ngx_http_rooms_redis_key(redis, keys[2], "s:", name);
        words[3] = ngx_http_rooms_redis_digits(digits, f->after);

        if (ngx_http_rooms_redis_script(&redis->cmd,
                                        NGX_HTTP_ROOMS_SCRIPT_SINCE, words, 3,
                                        4, ngx_http_rooms_fetch_reply, f)
            == NGX_OK)
        {
            f->asked = 1;
            ngx_queue_insert_tail(&f->room->backing.taps, &f->tap);
        }
    }
}


void
ngx_http_rooms_redis_fetches_wake(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&redis->fetches);
         q != ngx_queue_sentinel(&redis->fetches);
         q = ngx_queue_next(q))
    {
        ngx_http_rooms_fetch_ask(ngx_queue_data(q, ngx_http_rooms_fetch_t,
                                                queue));
    }
}


static void
ngx_http_rooms_fetch_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_fetched_t *f = data;

    ngx_int_t                        rc;
    redisReply                      *records;
    rooms_journal_entry_t            e;
    ngx_http_rooms_fetch_t          *x;
    ngx_http_rooms_redis_entries_t   list;

    x = f->fetch;
    f->answered = 1;

    records = ngx_http_rooms_redis_element(reply, 3);

    ngx_http_rooms_redis_entries(&list, records);

    while ((rc = ngx_http_rooms_redis_entry(f->room, &list, &e)) == NGX_OK) {
        ngx_http_rooms_fetch_keep(&f->read, &e);
    }

    f->failed = (records == NULL || rc == NGX_ERROR);

    if (--x->waits) {
        return;
    }

    if (x->ended) {
        ngx_http_rooms_fetch_free(x);

    } else {
        ngx_http_rooms_fetch_done(x);
    }
}


/* Not all of it can be had in time. */

static void
ngx_http_rooms_fetch_timer(ngx_event_t *ev)
{
    ngx_uint_t               i;
    ngx_http_rooms_fetch_t  *x;

    x = (ngx_http_rooms_fetch_t *)
            ((u_char *) ev - offsetof(ngx_http_rooms_fetch_t, timer));

    x->ended = 1;
    x->waits = 0;

    for (i = 0; i < x->n; i++) {
        x->waits += (x->rooms[i].asked && !x->rooms[i].answered);
    }

    x->handler(x->data, 0);

    /* replies that are still to come find it */

    if (x->waits == 0) {
        ngx_http_rooms_fetch_free(x);
    }
}


/* It is read of while its handler runs. */

static void
ngx_http_rooms_fetch_done(ngx_http_rooms_fetch_t *x)
{
    ngx_http_rooms_fetch_t  *was;

    was = ngx_http_rooms_fetch_current;

    ngx_http_rooms_fetch_current = x;
    x->handler(x->data, 1);
    ngx_http_rooms_fetch_current = was;

    ngx_http_rooms_fetch_free(x);
}


void
ngx_http_rooms_redis_tap(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e)
{
    ngx_queue_t               *q;
    ngx_http_rooms_fetched_t  *f;

    for (q = ngx_queue_head(&room->backing.taps);
         q != ngx_queue_sentinel(&room->backing.taps);
         q = ngx_queue_next(q))
    {
        f = ngx_queue_data(q, ngx_http_rooms_fetched_t, tap);

        ngx_http_rooms_fetch_keep(&f->told, e);
    }
}


static void
ngx_http_rooms_fetch_keep(rooms_buf_t *b,
    const rooms_journal_entry_t *e)
{
    rooms_buf_u64(b, e->id);
    rooms_buf_u64(b, e->prev);
    rooms_buf_u64(b, e->time);
    rooms_buf_byte(b, e->removed);
    rooms_buf_str32(b, e->messages);
}


rooms_int_t
ngx_http_rooms_redis_replay(ngx_http_rooms_room_t *room, uint64_t after,
    rooms_journal_replay_pt handler, void *ctx)
{
    uint8_t                    removed;
    uint64_t                   last;
    ngx_uint_t                 i, k;
    rooms_int_t                rc;
    rooms_str_t                in;
    rooms_journal_entry_t      e;
    ngx_http_rooms_fetched_t  *f;
    ngx_http_rooms_fetch_t    *x;

    x = ngx_http_rooms_fetch_current;
    f = NULL;

    for (i = 0; x && i < x->n; i++) {
        if (x->rooms[i].room == room) {
            f = &x->rooms[i];
            break;
        }
    }

    if (f == NULL || f->failed || f->read.failed || f->told.failed) {
        return ROOMS_DECLINED;
    }

    last = after;

    ngx_memzero(&e, sizeof(rooms_journal_entry_t));

    e.kind = ROOMS_ENTRY_RECORD;
    e.hash = room->hash;
    e.room = rooms_str(room->name.data, room->name.len);

    for (k = 0; k < 2; k++) {
        in = k ? rooms_str(f->told.data, f->told.len)
               : rooms_str(f->read.data, f->read.len);

        while (rooms_get_u64(&in, &e.id) == ROOMS_OK
               && rooms_get_u64(&in, &e.prev) == ROOMS_OK
               && rooms_get_u64(&in, &e.time) == ROOMS_OK
               && rooms_get_u8(&in, &removed) == ROOMS_OK
               && rooms_get_str32(&in, &e.messages) == ROOMS_OK)
        {
            if (e.id <= last || e.id > room->last) {
                continue;
            }

            /* something between was not kept */

            if (e.prev > last) {
                return ROOMS_DECLINED;
            }

            last = e.id;
            e.removed = removed;

            rc = handler(ctx, &e);

            if (rc != ROOMS_OK) {
                return rc;
            }
        }
    }

    return last < room->last ? ROOMS_DECLINED : ROOMS_OK;
}
