
/*
 * Copyright (C) nginx rooms contributors
 *
 * Appends: what goes into them, and what becomes of their commands.
 */


#include <ngx_http_rooms_redis_op.h>
#include <ngx_http_rooms_tree.h>


#define NGX_HTTP_ROOMS_REDIS_BATCH       512       /* records of one append */
#define NGX_HTTP_ROOMS_REDIS_BATCH_SIZE  1048576   /* and their octets */
#define NGX_HTTP_ROOMS_REDIS_CONFLICTS   1000


/* Replies of the script. */

typedef enum {
    NGX_HTTP_ROOMS_APPENDED = 0,
    NGX_HTTP_ROOMS_APPENDED_CONFLICT,
    NGX_HTTP_ROOMS_APPENDED_EPOCH,
    NGX_HTTP_ROOMS_APPENDED_TAKEN
} ngx_http_rooms_appended_e;


static void ngx_http_rooms_op_other(rooms_buf_t *b, rooms_str_t room,
    const rooms_bus_record_t *r);
static ngx_http_rooms_pending_t *ngx_http_rooms_op_claimant(
    ngx_http_rooms_op_t *op, uint64_t n);
static void ngx_http_rooms_op_done(ngx_http_rooms_op_t *op);


ngx_http_rooms_op_t *
ngx_http_rooms_op_create(ngx_http_rooms_redis_t *redis, rooms_str_t name)
{
    ngx_http_rooms_op_t  *op;

    op = ngx_calloc(sizeof(ngx_http_rooms_op_t), ngx_cycle->log);
    if (op == NULL) {
        return NULL;
    }

    op->redis = redis;
    op->deadline = ROOMS_JOURNAL_KEEP;
    op->now = ngx_http_rooms_now();

    ngx_queue_init(&op->tasks);
    rooms_buf_str(&op->name, name);

    op->node.key = ++redis->seq;
    ngx_rbtree_insert(&redis->ops, &op->node);

    return op;
}


void
ngx_http_rooms_op_add(ngx_http_rooms_op_t *op, ngx_http_rooms_pending_t *p)
{
    ngx_uint_t           i, own;
    rooms_str_t          room;
    rooms_decided_t     *d;
    rooms_bus_record_t   r;

    p->op = op;
    p->state = NGX_HTTP_ROOMS_PENDING_OP;
    p->index = op->n;
    p->claims = 0;

    op->refs++;
    ngx_queue_insert_tail(&op->tasks, &p->queue);

    op->now = p->task.cmd.now;

    own = 0;

    for (i = 0; i < p->d.nrecords; i++) {
        own += (p->d.records[i].room.len == 0);
    }

    for (i = 0; i < p->d.nrecords; i++) {
        d = &p->d.records[i];

        room = rooms_decision_str(&p->d, d->room);

        r.time = op->now;
        r.removed = 0;
        r.fact = rooms_decision_str(&p->d, d->fact);
        r.messages = ngx_http_rooms_messages(&p->d, d);

        if (d->room.len == 0) {
            r.removed = (--own == 0 && p->d.remove);
            rooms_bus_write(&op->records, &r);
            op->n++;
            op->facts |= (r.fact.len != 0);

        } else if (d->claim) {
            ngx_http_rooms_op_other(&op->claims, room, &r);
            op->nclaims++;
            p->claims++;

        } else if (d->drop) {
            r.removed = 1;
            ngx_http_rooms_op_other(&op->drops, room, &r);
            op->ndrops++;

        } else {
            ngx_http_rooms_op_other(&op->others, room, &r);
            op->nothers++;
        }
    }

    if (!p->d.keep_deadline) {
        op->deadline = p->d.deadline;
    }

    if (p->d.remove) {
        op->remove = 1;

        if (op->n == p->index) {
            ngx_memzero(&r, sizeof(rooms_bus_record_t));

            r.time = op->now;
            r.removed = 1;

            rooms_bus_write(&op->records, &r);
            op->n++;
        }
    }
}


static void
ngx_http_rooms_op_other(rooms_buf_t *b, rooms_str_t room,
    const rooms_bus_record_t *r)
{
    rooms_buf_str16(b, room);
    rooms_bus_write(b, r);
}


ngx_uint_t
ngx_http_rooms_op_full(ngx_http_rooms_op_t *op)
{
    return op->n + op->nclaims + op->nothers + op->ndrops
           >= NGX_HTTP_ROOMS_REDIS_BATCH
           || op->records.len + op->others.len
              >= NGX_HTTP_ROOMS_REDIS_BATCH_SIZE;
}


void
ngx_http_rooms_op_send(ngx_http_rooms_op_t *op)
{
    if (op->records.failed || op->name.failed || op->keys.failed
        || op->claims.failed || op->others.failed || op->drops.failed)
    {
        ngx_http_rooms_op_failed(op, ROOMS_REFUSE_INTERNAL);
        return;
    }

    if (ngx_http_rooms_redis_gathers(op)) {
        ngx_http_rooms_redis_gather(op);
        return;
    }

    if (ngx_http_rooms_redis_append(op->redis, op) != NGX_OK) {
        ngx_http_rooms_op_failed(op, ROOMS_REFUSE_STORAGE);
    }
}


void
ngx_http_rooms_redis_appended(void *data, redisReply *reply)
{
    uint64_t                 n;
    ngx_int_t                rc;
    rooms_str_t              text;
    ngx_http_rooms_op_t     *op;
    ngx_http_rooms_room_t   *room;
    ngx_http_rooms_redis_t  *redis;

    op = data;
    room = op->room;
    redis = op->redis;

    if (reply == NULL && room && !ngx_http_rooms_redis_is_full(redis)) {
        room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
    }

    if (reply && reply->type == REDIS_REPLY_INTEGER) {
        ngx_http_rooms_op_written(op, reply->integer);
        return;
    }

    rc = ngx_http_rooms_redis_integer(ngx_http_rooms_redis_element(reply, 0));
    text = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 1));

    if (rc == NGX_HTTP_ROOMS_APPENDED_EPOCH) {
        ngx_http_rooms_redis_epoch(redis, text);
        ngx_http_rooms_op_again(op, NULL);
        return;
    }

    n = ngx_http_rooms_redis_integer(ngx_http_rooms_redis_element(reply, 1));

    if (rc < 0 || (text.len && rooms_bus_number(text, &n) != ROOMS_OK)) {
        ngx_http_rooms_op_failed(op, ROOMS_REFUSE_STORAGE);
        return;
    }

    switch (rc) {

    case NGX_HTTP_ROOMS_APPENDED:
        if (room) {
            room->backing.compact = 1;
        }

        ngx_http_rooms_op_written(op, n);
        return;

    case NGX_HTTP_ROOMS_APPENDED_CONFLICT:
        ngx_http_rooms_op_conflict(op, n,
                                   ngx_http_rooms_redis_element(reply, 2));
        return;

    case NGX_HTTP_ROOMS_APPENDED_TAKEN:
        ngx_http_rooms_op_again(op, ngx_http_rooms_op_claimant(op, n));
        return;
    }

    ngx_http_rooms_op_failed(op, ROOMS_REFUSE_STORAGE);
}


void
ngx_http_rooms_op_written(ngx_http_rooms_op_t *op, uint64_t base)
{
    uint64_t                last;
    ngx_http_rooms_room_t  *room;

    room = op->room;

    if (op->n) {
        op->first = base + (op->nclaims + 1) * ROOMS_MESSAGE_IDS;
        last = op->first + (op->n - 1) * ROOMS_MESSAGE_IDS;

        /* also where what was published is never heard here */

        op->redis->max = ngx_max(op->redis->max, last);

        if (room) {
            room->backing.committed = last;
        }
    }

    ngx_http_rooms_op_done(op);
}


/*
 * What is missing came with the answer, and if that is too much, it is about
 * to be told; or all of it is gone.
 */

void
ngx_http_rooms_op_conflict(ngx_http_rooms_op_t *op, uint64_t last,
    redisReply *records)
{
    ngx_http_rooms_room_t  *room;

    room = op->room;

    op->redis->zone->stat->conflicts++;

    if (room && last > op->base) {
        room->backing.committed = last;
        ngx_http_rooms_redis_room_ahead(room, records);

    } else if (room) {
        ngx_http_rooms_room_doom(room, 1);
        room->backing.loaded = 0;
        ngx_http_rooms_redis_room_reload(room);
    }

    ngx_http_rooms_op_again(op, NULL);
}


/* Whose claim it is that cannot be had, counted from 1. */

static ngx_http_rooms_pending_t *
ngx_http_rooms_op_claimant(ngx_http_rooms_op_t *op, uint64_t n)
{
    ngx_queue_t               *q;
    ngx_http_rooms_pending_t  *p;

    for (q = ngx_queue_head(&op->tasks);
         q != ngx_queue_sentinel(&op->tasks);
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        if (n <= p->claims) {
            return p;
        }

        n -= p->claims;
    }

    return NULL;
}


static void
ngx_http_rooms_op_done(ngx_http_rooms_op_t *op)
{
    ngx_queue_t               *q, tasks;
    ngx_http_rooms_room_t     *room;

    room = op->room;

    if (room) {
        room->backing.appending = 0;

        if (op->deadline != ROOMS_JOURNAL_KEEP) {
            ngx_http_rooms_room_wake(room, op->now, op->deadline);
        }
    }

    /* the memory of op goes with the last of its tasks */

    ngx_queue_init(&tasks);

    while (!ngx_queue_empty(&op->tasks)) {
        q = ngx_queue_head(&op->tasks);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&tasks, q);
    }

    while (!ngx_queue_empty(&tasks)) {
        q = ngx_queue_head(&tasks);
        ngx_queue_remove(q);
        ngx_http_rooms_pending_advance(ngx_queue_data(q,
                                           ngx_http_rooms_pending_t, queue));
    }

    if (room) {
        room->backing.busy--;
        ngx_http_rooms_redis_room_run(room);
    }
}


/*
 * All of its commands are decided again, before those that came later; but
 * the claimant, who asks for another room.
 */

void
ngx_http_rooms_op_again(ngx_http_rooms_op_t *op,
    ngx_http_rooms_pending_t *claimant)
{
    ngx_queue_t               *q, again, failed;
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_pending_t  *p;

    room = op->room;

    if (room) {
        room->backing.appending = 0;
    }

    ngx_queue_init(&again);
    ngx_queue_init(&failed);

    while (!ngx_queue_empty(&op->tasks)) {
        q = ngx_queue_last(&op->tasks);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);
        p->op = NULL;

        if (p == claimant) {
            continue;
        }

        if (++p->conflicts == NGX_HTTP_ROOMS_REDIS_CONFLICTS) {
            ngx_queue_insert_head(&failed, q);

        } else if (room) {
            p->state = NGX_HTTP_ROOMS_PENDING_ROOM;
            ngx_queue_insert_head(&room->backing.tasks, q);

        } else {
            ngx_queue_insert_head(&again, q);
        }
    }

    ngx_http_rooms_op_free(op);

    if (claimant) {
        ngx_http_rooms_pending_again(claimant);
    }

    while (!ngx_queue_empty(&again)) {
        q = ngx_queue_head(&again);
        ngx_queue_remove(q);

        ngx_http_rooms_pending_start(ngx_queue_data(q,
                                           ngx_http_rooms_pending_t, queue));
    }

    while (!ngx_queue_empty(&failed)) {
        q = ngx_queue_head(&failed);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
        ngx_http_rooms_pending_finish(p);
    }

    if (room) {
        room->backing.busy--;
        ngx_http_rooms_redis_room_run(room);
    }
}


/*
 * It is not known whether the records are in the journal.  What has to be
 * done for certain is tried again; the others are refused.
 */

void
ngx_http_rooms_op_failed(ngx_http_rooms_op_t *op, rooms_refusal_e why)
{
    ngx_queue_t               *q, tasks, again;
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_pending_t  *p;

    room = op->room;

    if (room) {
        room->backing.appending = 0;
    }

    ngx_queue_init(&tasks);
    ngx_queue_init(&again);

    while (!ngx_queue_empty(&op->tasks)) {
        q = ngx_queue_head(&op->tasks);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        ngx_queue_insert_tail((p->durable && room) ? &again : &tasks, q);
    }

    /* else it might be freed in the midst of this */

    op->refs++;

    while (!ngx_queue_empty(&again)) {
        q = ngx_queue_last(&again);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        p->op = NULL;
        op->refs--;
        p->state = NGX_HTTP_ROOMS_PENDING_ROOM;
        ngx_queue_insert_head(&room->backing.tasks, q);
    }

    while (!ngx_queue_empty(&tasks)) {
        q = ngx_queue_head(&tasks);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        if (room && !ngx_http_rooms_pending_writes(p)
            && ngx_http_rooms_pending_known(p, room))
        {
            ngx_http_rooms_pending_finish(p);
            continue;
        }

        if (p->task.socket) {
            ngx_http_rooms_pending_ghost(p);
        }

        ngx_http_rooms_pending_refuse(p, why);
        ngx_http_rooms_pending_finish(p);
    }

    if (--op->refs == 0) {
        ngx_http_rooms_op_free(op);
    }

    if (room) {
        room->backing.busy--;
    }
}


void
ngx_http_rooms_op_free(ngx_http_rooms_op_t *op)
{
    ngx_rbtree_delete(&op->redis->ops, &op->node);

    rooms_buf_free(&op->name);
    rooms_buf_free(&op->records);
    rooms_buf_free(&op->claims);
    rooms_buf_free(&op->others);
    rooms_buf_free(&op->drops);
    rooms_buf_free(&op->keys);

    ngx_http_rooms_redis_resume(op->redis);

    ngx_free(op);
}


ngx_uint_t
ngx_http_rooms_redis_own(ngx_http_rooms_redis_t *redis,
    const rooms_bus_header_t *h)
{
    if (h->owner != redis->zone->owner) {
        return 0;
    }

    return ngx_http_rooms_tree_find(&redis->ops, (ngx_rbtree_key_t) h->seq)
           != NULL;
}
