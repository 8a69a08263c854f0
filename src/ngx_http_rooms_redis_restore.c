
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a socket that comes here has missed: its rooms are opened, and what
 * their streams have since is read, before anything is done with it; what is
 * told meanwhile is kept aside.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_record.h>
#include <ngx_http_rooms_packet.h>


#define NGX_HTTP_ROOMS_RESTORE_RETRY  20     /* ms */


/* One room. */

typedef struct {
    ngx_queue_t                     tap;     /* in room->backing.taps */
    ngx_http_rooms_restore_t       *restore;
    ngx_http_rooms_room_t          *room;
    uint64_t                        after;
    rooms_buf_t                     read;    /* from the stream */
    rooms_buf_t                     told;    /* meanwhile */
    unsigned                        asked:1;
    unsigned                        answered:1;
    unsigned                        failed:1;
} ngx_http_rooms_fetch_t;


struct ngx_http_rooms_restore_s {
    ngx_queue_t                     queue;   /* in redis->restores */
    ngx_http_rooms_redis_t         *redis;
    ngx_pool_t                     *pool;
    ngx_msec_t                      limit;
    ngx_event_t                     timer;

    ngx_http_rooms_session_t       *session;
    ngx_str_t                       nsp;
    rooms_str_t                     pid;
    rooms_str_t                     offset;
    json_t                         *auth;
    ngx_http_rooms_record_t         rec;
    ngx_uint_t                      buried;

    uint64_t                        id;      /* of a session that moves */
    rooms_str_t                     image;
    ngx_http_rooms_redis_moved_pt   moved;

    ngx_http_rooms_fetch_t         *fetches;
    ngx_uint_t                      n;
    ngx_uint_t                      waits;
    unsigned                        claimed:1;
    unsigned                        ended:1;     /* replies are awaited */
};


static ngx_http_rooms_restore_t *ngx_http_rooms_redis_restore_create(
    ngx_http_rooms_redis_t *redis);
static void ngx_http_rooms_redis_restore_free(ngx_http_rooms_restore_t *x);
static void ngx_http_rooms_redis_restore_timer(ngx_event_t *ev);
static void ngx_http_rooms_redis_claim(ngx_http_rooms_restore_t *x);
static void ngx_http_rooms_redis_claim_reply(void *data, redisReply *reply);
static void ngx_http_rooms_redis_restore_fetch(ngx_http_rooms_restore_t *x,
    rooms_str_t rooms, uint64_t after);
static void ngx_http_rooms_redis_restore_ask(ngx_http_rooms_restore_t *x);
static void ngx_http_rooms_redis_fetch_reply(void *data, redisReply *reply);
static void ngx_http_rooms_redis_restore_keep(rooms_buf_t *b,
    const rooms_journal_entry_t *e);
static void ngx_http_rooms_redis_restore_done(ngx_http_rooms_restore_t *x);
static void ngx_http_rooms_redis_restore_end(ngx_http_rooms_restore_t *x);
static rooms_str_t ngx_http_rooms_redis_restore_copy(ngx_pool_t *pool,
    rooms_str_t str);


/* Whose records are asked for just now. */

static ngx_http_rooms_restore_t  *ngx_http_rooms_redis_restored;


static ngx_http_rooms_restore_t *
ngx_http_rooms_redis_restore_create(ngx_http_rooms_redis_t *redis)
{
    ngx_pool_t                *pool;
    ngx_http_rooms_restore_t  *x;

    static ngx_connection_t  dumb = { .fd = -1 };

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    x = ngx_pcalloc(pool, sizeof(ngx_http_rooms_restore_t));
    if (x == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    x->redis = redis;
    x->pool = pool;
    x->limit = ngx_current_msec + redis->conf->timeout;

    x->timer.handler = ngx_http_rooms_redis_restore_timer;
    x->timer.data = &dumb;
    x->timer.log = ngx_cycle->log;
    x->timer.cancelable = 1;

    ngx_queue_insert_tail(&redis->restores, &x->queue);

    return x;
}


static void
ngx_http_rooms_redis_restore_free(ngx_http_rooms_restore_t *x)
{
    ngx_uint_t               i;
    ngx_http_rooms_fetch_t  *f;

    for (i = 0; i < x->n; i++) {
        f = &x->fetches[i];

        if (f->asked) {
            ngx_queue_remove(&f->tap);
        }

        if (f->room) {
            f->room->backing.busy--;
        }

        rooms_buf_free(&f->read);
        rooms_buf_free(&f->told);
    }

    if (x->timer.timer_set) {
        ngx_del_timer(&x->timer);
    }

    ngx_queue_remove(&x->queue);

    rooms_buf_free(&x->rec.buf);
    json_decref(x->auth);

    if (x->session) {
        ngx_http_rooms_session_unhold(x->session);
    }

    ngx_destroy_pool(x->pool);
}


static rooms_str_t
ngx_http_rooms_redis_restore_copy(ngx_pool_t *pool, rooms_str_t str)
{
    u_char  *p;

    if (str.len == 0) {
        return rooms_str(NULL, 0);
    }

    p = ngx_pnalloc(pool, str.len);
    if (p == NULL) {
        return rooms_str(NULL, 0);
    }

    ngx_memcpy(p, str.data, str.len);

    return rooms_str(p, str.len);
}


ngx_int_t
ngx_http_rooms_redis_restore(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    rooms_str_t pid, rooms_str_t offset, void *auth)
{
    rooms_str_t                str;
    ngx_http_rooms_redis_t    *redis;
    ngx_http_rooms_restore_t  *x;

    redis = s->zone->redis;

    if (pid.len != NGX_HTTP_ROOMS_PID_LEN || !redis->cmd.is_up) {
        return NGX_DECLINED;
    }

    x = ngx_http_rooms_redis_restore_create(redis);
    if (x == NULL) {
        return NGX_DECLINED;
    }

    x->session = s;
    s->holds++;

    x->auth = json_incref(auth);
    x->pid = ngx_http_rooms_redis_restore_copy(x->pool, pid);
    x->offset = ngx_http_rooms_redis_restore_copy(x->pool, offset);

    str = ngx_http_rooms_redis_restore_copy(x->pool,
                                            rooms_str(nsp->data, nsp->len));
    x->nsp.data = (u_char *) str.data;
    x->nsp.len = str.len;

    if (str.len != nsp->len || x->pid.len != pid.len
        || x->offset.len != offset.len)
    {
        ngx_http_rooms_redis_restore_free(x);
        return NGX_DECLINED;
    }

    ngx_http_rooms_redis_claim(x);

    return NGX_DONE;
}


static void
ngx_http_rooms_redis_restore_timer(ngx_event_t *ev)
{
    ngx_http_rooms_restore_t  *x;

    x = (ngx_http_rooms_restore_t *)
            ((u_char *) ev - offsetof(ngx_http_rooms_restore_t, timer));

    if (x->n) {

        /* its rooms cannot be had in time */

        ngx_http_rooms_redis_restore_end(x);
        return;
    }

    ngx_http_rooms_redis_claim(x);
}


/* Takes the record, so that nobody else recovers by it. */

static void
ngx_http_rooms_redis_claim(ngx_http_rooms_restore_t *x)
{
    u_char                   keys[4][NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t              words[8];
    ngx_http_rooms_redis_t  *redis;

    redis = x->redis;

    words[4] = rooms_str(x->pid.data, NGX_HTTP_ROOMS_SID_LEN);
    words[5] = ngx_http_rooms_redis_me(redis);
    words[6] = rooms_str(x->pid.data + NGX_HTTP_ROOMS_SID_LEN,
                         NGX_HTTP_ROOMS_SID_LEN);
    words[7] = rooms_str(x->nsp.data, x->nsp.len);
    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "@:", words[4]);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "owners",
                                        rooms_str(NULL, 0));
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "m:", words[5]);
    words[3] = ngx_http_rooms_redis_key(redis, keys[3], "z",
                                        rooms_str(NULL, 0));

    if (ngx_http_rooms_redis_script(&redis->cmd, NGX_HTTP_ROOMS_SCRIPT_CLAIM,
                                    words, 4, 8,
                                    ngx_http_rooms_redis_claim_reply, x)
        != NGX_OK)
    {
        ngx_http_rooms_redis_restore_end(x);
    }
}


static void
ngx_http_rooms_redis_claim_reply(void *data, redisReply *reply)
{
    uint64_t                   epoch, after;
    ngx_int_t                  rc;
    rooms_str_t                text;
    ngx_http_rooms_restore_t  *x;

    x = data;

    rc = ngx_http_rooms_redis_integer(ngx_http_rooms_redis_element(reply, 0));
    text = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 1));

    if ((rc == 2 || rc == 3)
        && (ngx_msec_int_t) (x->limit - ngx_current_msec) > 0
        && !x->session->closed)
    {
        if (rc == 2 && !x->buried) {
            x->buried = 1;
            ngx_http_rooms_redis_bury(x->redis, text);
        }

        ngx_add_timer(&x->timer, NGX_HTTP_ROOMS_RESTORE_RETRY);
        return;
    }

    if (rc != 1) {
        ngx_http_rooms_redis_restore_end(x);
        return;
    }

    x->claimed = 1;

    rooms_buf_str(&x->rec.buf, text);

    after = 0;

    if (x->session->closed || x->rec.buf.failed
        || ngx_http_rooms_record_decode(&x->rec) != NGX_OK
        || (x->offset.len
            && (rooms_offset_parse(x->offset, &epoch, &after) != ROOMS_OK
                || epoch != x->redis->zone->epoch)))
    {
        ngx_http_rooms_redis_restore_end(x);
        return;
    }

    ngx_http_rooms_redis_restore_fetch(x, x->rec.rooms, after);
}


void
ngx_http_rooms_redis_fetch(ngx_http_rooms_zone_t *zone, uint64_t id,
    rooms_str_t image, rooms_str_t rooms,
    ngx_http_rooms_redis_moved_pt handler)
{
    ngx_http_rooms_restore_t  *x;

    x = ngx_http_rooms_redis_restore_create(zone->redis);
    if (x == NULL) {
        return;
    }

    x->id = id;
    x->moved = handler;
    x->image = ngx_http_rooms_redis_restore_copy(x->pool, image);

    ngx_http_rooms_redis_restore_fetch(x, rooms, 0);
}


static void
ngx_http_rooms_redis_restore_fetch(ngx_http_rooms_restore_t *x,
    rooms_str_t rooms, uint64_t after)
{
    uint64_t                 since;
    ngx_uint_t               n;
    rooms_str_t              in, name;
    ngx_http_rooms_room_t   *room;
    ngx_http_rooms_fetch_t  *f;

    in = rooms;
    n = 0;

    while (ngx_http_rooms_record_room(&in, &name, &since) == NGX_OK) {
        n++;
    }

    if (n == 0) {
        ngx_http_rooms_redis_restore_done(x);
        return;
    }

    x->fetches = ngx_pcalloc(x->pool, n * sizeof(ngx_http_rooms_fetch_t));
    if (x->fetches == NULL) {
        ngx_http_rooms_redis_restore_end(x);
        return;
    }

    while (ngx_http_rooms_record_room(&rooms, &name, &since) == NGX_OK) {
        room = ngx_http_rooms_room_open(x->redis->zone, name);

        if (room == NULL) {
            continue;
        }

        f = &x->fetches[x->n++];

        f->restore = x;
        f->room = room;

        /* a record of which only a part was had is read again */

        f->after = ngx_max(after, since);

        if (f->after && f->after != rooms_message_whole(f->after)) {
            f->after = rooms_message_record(f->after) - 1;
        }

        room->backing.busy++;
        x->waits++;
    }

    ngx_add_timer(&x->timer, x->redis->conf->timeout);

    ngx_http_rooms_redis_restore_ask(x);
}


/* Reads the streams of those rooms that are ready. */

static void
ngx_http_rooms_redis_restore_ask(ngx_http_rooms_restore_t *x)
{
    u_char                   keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[NGX_INT64_LEN];
    ngx_uint_t               i;
    rooms_str_t              words[4], name;
    ngx_http_rooms_fetch_t  *f;
    ngx_http_rooms_redis_t  *redis;

    redis = x->redis;

    for (i = 0; i < x->n; i++) {
        f = &x->fetches[i];

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
                                        4, ngx_http_rooms_redis_fetch_reply,
                                        f)
            == NGX_OK)
        {
            f->asked = 1;
            ngx_queue_insert_tail(&f->room->backing.taps, &f->tap);
        }
    }
}


void
ngx_http_rooms_redis_restores_wake(ngx_http_rooms_room_t *room)
{
    ngx_queue_t               *q;
    ngx_http_rooms_redis_t    *redis;

    redis = room->zone->redis;

    for (q = ngx_queue_head(&redis->restores);
         q != ngx_queue_sentinel(&redis->restores);
         q = ngx_queue_next(q))
    {
        ngx_http_rooms_redis_restore_ask(ngx_queue_data(q,
                                           ngx_http_rooms_restore_t, queue));
    }
}


static void
ngx_http_rooms_redis_fetch_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_fetch_t *f = data;

    size_t                     i;
    redisReply                *list;
    rooms_journal_entry_t      e;
    ngx_http_rooms_restore_t  *x;

    x = f->restore;
    f->answered = 1;

    list = ngx_http_rooms_redis_element(reply, 3);
    f->failed = (list == NULL);

    for (i = 0; ngx_http_rooms_redis_element(list, i); i++) {

        if (ngx_http_rooms_redis_entry(f->room,
                                       ngx_http_rooms_redis_element(list, i),
                                       &e)
            != NGX_OK)
        {
            f->failed = 1;
            break;
        }

        ngx_http_rooms_redis_restore_keep(&f->read, &e);
    }

    if (--x->waits == 0) {

        if (x->ended) {
            ngx_http_rooms_redis_restore_free(x);

        } else {
            ngx_http_rooms_redis_restore_done(x);
        }
    }
}


void
ngx_http_rooms_redis_tap(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e)
{
    ngx_queue_t             *q;
    ngx_http_rooms_fetch_t  *f;

    for (q = ngx_queue_head(&room->backing.taps);
         q != ngx_queue_sentinel(&room->backing.taps);
         q = ngx_queue_next(q))
    {
        f = ngx_queue_data(q, ngx_http_rooms_fetch_t, tap);

        ngx_http_rooms_redis_restore_keep(&f->told, e);
    }
}


static void
ngx_http_rooms_redis_restore_keep(rooms_buf_t *b,
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
    ngx_http_rooms_fetch_t    *f;
    ngx_http_rooms_restore_t  *x;

    x = ngx_http_rooms_redis_restored;
    f = NULL;

    for (i = 0; x && i < x->n; i++) {
        if (x->fetches[i].room == room) {
            f = &x->fetches[i];
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


/* Everything is here; the rest is done as where nothing has to be waited. */

static void
ngx_http_rooms_redis_restore_done(ngx_http_rooms_restore_t *x)
{
    ngx_int_t                  rc;
    ngx_http_rooms_socket_t   *socket;
    ngx_http_rooms_session_t  *s;

    if (x->moved) {
        ngx_http_rooms_redis_restored = x;
        x->moved(x->redis->zone, x->id, x->image);
        ngx_http_rooms_redis_restored = NULL;

        ngx_http_rooms_redis_restore_free(x);
        return;
    }

    s = x->session;

    if (s->closed || s->doomed) {
        ngx_http_rooms_redis_restore_end(x);
        return;
    }

    socket = NULL;

    ngx_http_rooms_redis_restored = x;
    rc = ngx_http_rooms_recovery_claimed(s, &x->nsp, x->pid, x->offset,
                                         &x->rec, &socket);
    ngx_http_rooms_redis_restored = NULL;

    /* what is left of the record is not ours any more */

    x->claimed = 0;

    ngx_http_rooms_connect_recovered(s, &x->nsp, x->auth, rc, socket);

    ngx_http_rooms_redis_restore_free(x);
}


/* It is not recovered. */

static void
ngx_http_rooms_redis_restore_end(ngx_http_rooms_restore_t *x)
{
    ngx_uint_t                 i, n;
    ngx_http_rooms_session_t  *s;

    s = x->session;

    if (x->claimed) {
        x->claimed = 0;

        /* a client that left again may come once more */

        ngx_http_rooms_redis_depart(x->redis->zone,
                                    rooms_str(x->pid.data,
                                              NGX_HTTP_ROOMS_SID_LEN),
                                    x->rec.nsp, rooms_str(NULL, 0),
                                    (s->closed || s->doomed) ? x->rec.window
                                                             : 0, 1);
    }

    if (x->moved) {
        x->moved(x->redis->zone, x->id, rooms_str(NULL, 0));

    } else if (!s->closed && !s->doomed) {
        ngx_http_rooms_connect_recovered(s, &x->nsp, x->auth, NGX_DECLINED,
                                         NULL);
    }

    x->ended = 1;

    /* replies that are still to come find it */

    n = 0;

    for (i = 0; i < x->n; i++) {
        n += (x->fetches[i].asked && !x->fetches[i].answered);
    }

    x->waits = n;

    if (n == 0) {
        ngx_http_rooms_redis_restore_free(x);
    }
}
