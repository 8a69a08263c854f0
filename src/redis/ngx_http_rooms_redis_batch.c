
/*
 * Copyright (C) nginx rooms contributors
 *
 * Commands of a room, decided one on what the other leaves, as one append.
 */


#include <ngx_http_rooms_redis_op.h>


#define NGX_HTTP_ROOMS_REDIS_COPY  4096      /* octets of a state, a command */


static void ngx_http_rooms_room_decide(ngx_http_rooms_room_t *room);
static ngx_int_t ngx_http_rooms_room_decide_one(ngx_http_rooms_room_t *room,
    ngx_http_rooms_pending_t *p, const void *state, ngx_http_rooms_op_t **op);
static ngx_int_t ngx_http_rooms_room_fence(ngx_http_rooms_room_t *room,
    ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_room_fence_reply(void *data, redisReply *reply);
static ngx_uint_t ngx_http_rooms_room_is_worth(ngx_http_rooms_room_t *room);
static ngx_int_t ngx_http_rooms_room_speculate(ngx_http_rooms_room_t *room,
    ngx_http_rooms_op_t *op, ngx_http_rooms_pending_t *p, void **state,
    ngx_uint_t *copied);


void
ngx_http_rooms_redis_room_run(ngx_http_rooms_room_t *room)
{
    if (room->backing.running) {
        room->backing.again = 1;
        return;
    }

    room->backing.running = 1;
    room->backing.busy++;

    do {
        room->backing.again = 0;
        ngx_http_rooms_room_decide(room);
    } while (room->backing.again);

    room->backing.busy--;
    room->backing.running = 0;
}


static void
ngx_http_rooms_room_decide(ngx_http_rooms_room_t *room)
{
    void                      *state;
    ngx_int_t                  rc;
    ngx_uint_t                 copied;
    ngx_queue_t               *q;
    ngx_http_rooms_op_t       *op;
    ngx_http_rooms_app_t      *app;
    ngx_http_rooms_pending_t  *p;

    app = room->zone->app;

    if (!room->backing.loaded || room->backing.appending
        || room->backing.fenced
        || room->backing.state == NGX_HTTP_ROOMS_BACKING_LOADING
        || room->backing.committed > ngx_http_rooms_redis_room_id(room))
    {
        return;
    }

    if (ngx_http_rooms_redis_room_ready(room)) {
        ngx_http_rooms_redis_compact(room);
    }

    op = NULL;
    state = room->state;
    copied = 0;

    while (!ngx_queue_empty(&room->backing.tasks)) {
        q = ngx_queue_head(&room->backing.tasks);
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        rc = ngx_http_rooms_room_decide_one(room, p, state, &op);

        if (rc == NGX_AGAIN) {
            break;
        }

        if (rc == NGX_DECLINED) {
            continue;
        }

        if (op->remove || ngx_http_rooms_op_full(op)
            || (app->keys == NULL
                && (ngx_queue_empty(&room->backing.tasks)
                    || (!copied && !ngx_http_rooms_room_is_worth(room))))
            || ngx_http_rooms_room_speculate(room, op, p, &state, &copied)
               != NGX_OK)
        {
            break;
        }
    }

    if (op && app->keys) {
        op->has_keys = 1;

        if (!op->remove && copied && state) {
            app->keys(app->conf, state, &op->keys);
        }
    }

    if (copied && state) {
        app->app->release(state);
    }

    if (op) {
        room->backing.appending = 1;
        room->backing.busy++;
        ngx_http_rooms_op_send(op);
    }
}


/*
 * NGX_OK: it has gone into *op; NGX_DECLINED: it is done, or went elsewhere;
 * NGX_AGAIN: it waits, for this append or for better times.
 */

static ngx_int_t
ngx_http_rooms_room_decide_one(ngx_http_rooms_room_t *room,
    ngx_http_rooms_pending_t *p, const void *state, ngx_http_rooms_op_t **op)
{
    rooms_int_t             rc;
    ngx_http_rooms_zone_t  *zone;

    zone = room->zone;

    rc = ngx_http_rooms_pending_decide(p, state);

    if (rc == ROOMS_AGAIN || p->d.verify) {

        /* as it would be with what is not appended yet */

        if (*op) {
            return NGX_AGAIN;
        }

        ngx_queue_remove(&p->queue);

        if (rc == ROOMS_AGAIN) {
            ngx_http_rooms_pending_again(p);

        } else {
            ngx_http_rooms_pending_verify(p);
        }

        return NGX_DECLINED;
    }

    if (!ngx_http_rooms_pending_writes(p) && *op == NULL) {

        /* its caller is to be told before what the answer has */

        if (room->backing.ahead > room->last) {
            return NGX_AGAIN;
        }

        if (ngx_http_rooms_room_fence(room, p) == NGX_OK) {
            return NGX_AGAIN;
        }

        ngx_queue_remove(&p->queue);

        if (!p->d.keep_deadline && room->state) {
            ngx_http_rooms_redis_touch(zone, p->task.cmd.room,
                                       p->d.deadline);
            ngx_http_rooms_room_wake(room, p->task.cmd.now, p->d.deadline);
        }

        ngx_http_rooms_pending_advance(p);
        return NGX_DECLINED;
    }

    if (!ngx_http_rooms_redis_room_ready(room) || !zone->redis->cmd.is_up) {
        return NGX_AGAIN;
    }

    if (*op == NULL) {
        *op = ngx_http_rooms_op_create(zone->redis,
                                       rooms_str(room->name.data,
                                                 room->name.len));
        if (*op == NULL) {
            return NGX_AGAIN;
        }

        (*op)->room = room;
        (*op)->base = ngx_http_rooms_redis_room_id(room);
        (*op)->live = (room->state != NULL);
        (*op)->expected = room->state ? (*op)->base : ROOMS_JOURNAL_NONE;
    }

    ngx_queue_remove(&p->queue);
    ngx_http_rooms_op_add(*op, p);

    return NGX_OK;
}


/*
 * What writes nothing meets no conflict, so its caller might miss what was
 * answered to it elsewhere: how far the room is, is asked once for all that
 * wait now.
 */

static ngx_int_t
ngx_http_rooms_room_fence(ngx_http_rooms_room_t *room,
    ngx_http_rooms_pending_t *p)
{
    u_char                   key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t              words[3];
    ngx_queue_t             *q;
    ngx_http_rooms_redis_t  *redis;

    redis = room->zone->redis;

    if (p->fresh || p->durable || p->task.cmd.kind == ROOMS_CMD_TICK
        || !redis->cmd.is_up || !ngx_http_rooms_redis_room_ready(room))
    {
        return NGX_DECLINED;
    }

    words[0] = rooms_str("HGET", 4);
    words[1] = ngx_http_rooms_redis_key(redis, key, "r:",
                                        rooms_str(room->name.data,
                                                  room->name.len));
    words[2] = rooms_str("last", 4);

    if (ngx_http_rooms_redis_send(&redis->cmd, words, 3,
                                  ngx_http_rooms_room_fence_reply, room)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    room->backing.fenced = 1;
    room->backing.busy++;

    for (q = ngx_queue_head(&room->backing.tasks);
         q != ngx_queue_sentinel(&room->backing.tasks);
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);
        p->fresh = 1;
    }

    return NGX_OK;
}


static void
ngx_http_rooms_room_fence_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_room_t *room = data;

    uint64_t  last;

    room->backing.fenced = 0;

    if (rooms_bus_number(ngx_http_rooms_redis_str(reply), &last) == ROOMS_OK
        && last > room->last)
    {
        room->backing.committed = ngx_max(room->backing.committed, last);
    }

    ngx_http_rooms_redis_room_run(room);

    room->backing.busy--;
}


/*
 * A batch copies the state, which has to be worth it: of a large one, only
 * for many that wait.  Others wait for an append, and are more after it.
 */

static ngx_uint_t
ngx_http_rooms_room_is_worth(ngx_http_rooms_room_t *room)
{
    size_t        len;
    ngx_queue_t  *q;

    len = 0;

    for (q = ngx_queue_head(&room->backing.tasks);
         q != ngx_queue_sentinel(&room->backing.tasks)
         && len < room->backing.size;
         q = ngx_queue_next(q))
    {
        len += NGX_HTTP_ROOMS_REDIS_COPY;
    }

    return len >= room->backing.size;
}


/* What the state will be when these records are in the journal. */

static ngx_int_t
ngx_http_rooms_room_speculate(ngx_http_rooms_room_t *room,
    ngx_http_rooms_op_t *op, ngx_http_rooms_pending_t *p, void **state,
    ngx_uint_t *copied)
{
    ngx_uint_t             i;
    rooms_buf_t            b;
    rooms_str_t            fact;
    rooms_int_t            rc;
    ngx_http_rooms_app_t  *app;

    app = room->zone->app;
    rc = ROOMS_OK;

    if (!*copied) {
        *copied = 1;
        *state = NULL;

        if (room->state) {
            rooms_buf_init(&b, 0);

            app->app->snapshot(room->state, &b);
            room->backing.size = b.len;

            rc = b.failed ? ROOMS_ERROR
                          : app->app->restore(app->conf, state,
                                              rooms_str(b.data, b.len));
            rooms_buf_free(&b);
        }
    }

    for (i = 0; rc == ROOMS_OK && i < p->d.nrecords; i++) {
        fact = rooms_decision_str(&p->d, p->d.records[i].fact);

        if (p->d.records[i].room.len == 0 && fact.len) {
            rc = app->app->evolve(app->conf, state, room->last, fact);
        }
    }

    return rc == ROOMS_OK ? NGX_OK : NGX_ERROR;
}
