
/*
 * Copyright (C) nginx rooms contributors
 *
 * Sockets that come here from another time or place: the record is claimed,
 * and what was missed is fetched, before anything is done with it.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_record.h>
#include <ngx_http_rooms_packet.h>


#define NGX_HTTP_ROOMS_RESTORE_RETRY  20     /* ms, at first */
#define NGX_HTTP_ROOMS_RESTORE_PAUSE  160    /* ms, at last */
#define NGX_HTTP_ROOMS_RESTORE_GRACE  250    /* ms, for who still has it */


typedef struct {
    ngx_queue_t                     queue;   /* in redis->restores */
    ngx_http_rooms_redis_t         *redis;
    ngx_pool_t                     *pool;
    ngx_msec_t                      limit;
    ngx_msec_t                      grace;
    ngx_msec_t                      pause;
    ngx_event_t                     timer;   /* to ask again */

    ngx_http_rooms_session_t       *session;
    ngx_str_t                       nsp;
    rooms_str_t                     pid;
    rooms_str_t                     offset;
    json_t                         *auth;
    ngx_http_rooms_record_t         rec;
    ngx_uint_t                      buried;
    unsigned                        claimed:1;
} ngx_http_rooms_restore_t;


static ngx_http_rooms_restore_t *ngx_http_rooms_redis_restore_create(
    ngx_http_rooms_redis_t *redis);
static void ngx_http_rooms_redis_restore_free(ngx_http_rooms_restore_t *x);
static rooms_str_t ngx_http_rooms_redis_restore_copy(ngx_pool_t *pool,
    rooms_str_t str);
static void ngx_http_rooms_redis_restore_timer(ngx_event_t *ev);
static void ngx_http_rooms_redis_claim(ngx_http_rooms_restore_t *x);
static void ngx_http_rooms_redis_claim_reply(void *data, redisReply *reply);
static ngx_uint_t ngx_http_rooms_redis_restores(ngx_http_rooms_restore_t *x);
static void ngx_http_rooms_redis_restore_fetched(void *data,
    ngx_uint_t complete);
static void ngx_http_rooms_redis_restore_done(ngx_http_rooms_restore_t *x);
static void ngx_http_rooms_redis_restore_end(ngx_http_rooms_restore_t *x);


ngx_int_t
ngx_http_rooms_redis_restore(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    rooms_str_t pid, rooms_str_t offset, void *auth)
{
    rooms_str_t                str;
    ngx_http_rooms_redis_t    *redis;
    ngx_http_rooms_restore_t  *x;

    redis = s->zone->redis;

    if (pid.len != NGX_HTTP_ROOMS_PID_LEN) {
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
    x->grace = ngx_current_msec + NGX_HTTP_ROOMS_RESTORE_GRACE;
    x->pause = NGX_HTTP_ROOMS_RESTORE_RETRY;

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


static void
ngx_http_rooms_redis_restore_timer(ngx_event_t *ev)
{
    ngx_http_rooms_redis_claim((ngx_http_rooms_restore_t *)
                                  ((u_char *) ev
                                   - offsetof(ngx_http_rooms_restore_t,
                                              timer)));
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
        == NGX_OK)
    {
        return;
    }

    /* a worker that has just begun is not connected yet */

    if ((ngx_msec_int_t) (x->limit - ngx_current_msec) > 0
        && !x->session->closed)
    {
        ngx_add_timer(&x->timer, NGX_HTTP_ROOMS_RESTORE_RETRY);
        return;
    }

    ngx_http_rooms_redis_restore_end(x);
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

    if (reply && rc == 0 && text.len
        && ((ngx_msec_int_t) (x->grace - ngx_current_msec) > 0
            || ngx_http_rooms_redis_dead(x->redis->zone, text)))
    {
        /*
         * A client may be faster than the end of its socket can be written
         * by the worker that has it, or than the lease of that worker.
         */

        rc = 3;
    }

    if ((rc == 2 || rc == 3)
        && (ngx_msec_int_t) (x->limit - ngx_current_msec) > 0
        && !x->session->closed)
    {
        if (rc == 2 && !x->buried) {
            x->buried = 1;
            ngx_http_rooms_redis_bury(x->redis, text);
        }

        /* after a change of the network many may ask for what lives on */

        ngx_add_timer(&x->timer, x->pause);
        x->pause = ngx_min(2 * x->pause, NGX_HTTP_ROOMS_RESTORE_PAUSE);
        return;
    }

    if (reply == NULL) {

        /* it may be ours now, and nobody's here */

        x->claimed = !ngx_http_rooms_redis_restores(x);
        ngx_http_rooms_redis_restore_end(x);
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

    switch (ngx_http_rooms_redis_fetch(x->redis, x->rec.rooms, after,
                                       ngx_http_rooms_redis_restore_fetched,
                                       x))
    {
    case NGX_OK:
        return;

    case NGX_DONE:
        ngx_http_rooms_redis_restore_done(x);
        return;
    }

    ngx_http_rooms_redis_restore_end(x);
}


/* 1 where the socket is here, or somebody else is about to have it. */

static ngx_uint_t
ngx_http_rooms_redis_restores(ngx_http_rooms_restore_t *x)
{
    rooms_str_t                sid;
    ngx_queue_t               *q;
    ngx_http_rooms_redis_t    *redis;
    ngx_http_rooms_restore_t  *other;

    redis = x->redis;
    sid = rooms_str(x->pid.data, NGX_HTTP_ROOMS_SID_LEN);

    for (q = ngx_queue_head(&redis->restores);
         q != ngx_queue_sentinel(&redis->restores);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_http_rooms_restore_t, queue);

        if (other != x
            && ngx_memcmp(other->pid.data, sid.data, sid.len) == 0)
        {
            return 1;
        }
    }

    return ngx_http_rooms_socket_find(redis->zone, sid) != NULL
           || ngx_http_rooms_redis_departs(redis, sid);
}


static void
ngx_http_rooms_redis_restore_fetched(void *data, ngx_uint_t complete)
{
    if (complete) {
        ngx_http_rooms_redis_restore_done(data);

    } else {
        ngx_http_rooms_redis_restore_end(data);
    }
}


/* Everything is here; the rest is done as where nothing has to be waited. */

static void
ngx_http_rooms_redis_restore_done(ngx_http_rooms_restore_t *x)
{
    ngx_int_t                  rc;
    ngx_http_rooms_socket_t   *socket;
    ngx_http_rooms_session_t  *s;

    s = x->session;

    if (s->closed || s->doomed) {
        ngx_http_rooms_redis_restore_end(x);
        return;
    }

    socket = NULL;

    rc = ngx_http_rooms_recovery_claimed(s, &x->nsp, x->pid, x->offset,
                                         &x->rec, &socket);

    /* what is left of the record is not ours any more */

    x->claimed = 0;

    ngx_http_rooms_connect_recovered(s, &x->nsp, x->auth, rc, socket);

    ngx_http_rooms_redis_restore_free(x);
}


/* It is not recovered. */

static void
ngx_http_rooms_redis_restore_end(ngx_http_rooms_restore_t *x)
{
    ngx_http_rooms_session_t  *s;

    s = x->session;

    if (x->claimed) {

        /* a client that left again may come once more */

        ngx_http_rooms_redis_depart(x->redis->zone,
                                    rooms_str(x->pid.data,
                                              NGX_HTTP_ROOMS_SID_LEN),
                                    x->rec.nsp, rooms_str(NULL, 0),
                                    ROOMS_GONE_ERROR,
                                    (s->closed || s->doomed) ? x->rec.window
                                                             : 0, 1);
    }

    if (!s->closed && !s->doomed) {
        ngx_http_rooms_connect_recovered(s, &x->nsp, x->auth, NGX_DECLINED,
                                         NULL);
    }

    ngx_http_rooms_redis_restore_free(x);
}
