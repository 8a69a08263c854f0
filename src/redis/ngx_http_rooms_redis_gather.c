
/*
 * Copyright (C) nginx rooms contributors
 *
 * Appends of nothing but records, to rooms that go on living, or not living, as
 * they do: those that are made in one turn go to Redis together, in one call of
 * a script.  Each of them has its own outcome.
 */


#include <ngx_http_rooms_redis_op.h>
#include <ngx_http_rooms_redis_words.h>


#define NGX_HTTP_ROOMS_GATHER       64       /* appends in one call */
#define NGX_HTTP_ROOMS_GATHER_SIZE  262144   /* octets of them, or one */
#define NGX_HTTP_ROOMS_GATHER_KEPT  64       /* messages, until trimmed */
#define NGX_HTTP_ROOMS_GATHER_HEAD  4        /* words */
#define NGX_HTTP_ROOMS_GATHER_KEYS  2
#define NGX_HTTP_ROOMS_GATHER_EACH  7        /* words */


/* What the script says of an append that is not only written. */

typedef enum {
    NGX_HTTP_ROOMS_GATHERED_SNAPSHOT = 0,
    NGX_HTTP_ROOMS_GATHERED_CONFLICT,
    NGX_HTTP_ROOMS_GATHERED_FAILED
} ngx_http_rooms_gathered_e;


struct ngx_http_rooms_gathered_s {
    ngx_queue_t              queue;          /* redis->gatherings */
    ngx_http_rooms_redis_t  *redis;
    uint64_t                 epoch;          /* in which they were decided */
    size_t                   size;           /* octets */
    ngx_uint_t               n;
    ngx_http_rooms_op_t     *ops[NGX_HTTP_ROOMS_GATHER];
};


static ngx_int_t ngx_http_rooms_gather_call(ngx_http_rooms_gathered_t *g);
static void ngx_http_rooms_gather_words(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op);
static ngx_uint_t ngx_http_rooms_gather_keeps(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_op_t *op);
static void ngx_http_rooms_gathered_done(ngx_http_rooms_gathered_t *g);
static void ngx_http_rooms_gather_reply(void *data, redisReply *reply);
static void ngx_http_rooms_gather_written(ngx_http_rooms_gathered_t *g,
    redisReply *reply);
static uint64_t ngx_http_rooms_gather_one(ngx_http_rooms_op_t *op,
    redisReply *said, uint64_t base);


ngx_uint_t
ngx_http_rooms_redis_gathers(ngx_http_rooms_op_t *op)
{
    if (op->n == 0 || op->nclaims || op->nothers || op->ndrops || op->has_keys
        || op->remove)
    {
        return 0;
    }

    if (op->live) {
        return op->expected != ROOMS_JOURNAL_ANY;
    }

    return op->expected == ROOMS_JOURNAL_ANY && !op->facts
           && op->deadline == ROOMS_JOURNAL_KEEP;
}


void
ngx_http_rooms_redis_gather(ngx_http_rooms_op_t *op)
{
    ngx_http_rooms_redis_t     *redis;
    ngx_http_rooms_gathered_t  *g;

    redis = op->redis;
    g = redis->gathered;

    if (g == NULL) {
        g = ngx_alloc(sizeof(ngx_http_rooms_gathered_t), ngx_cycle->log);
        if (g == NULL) {
            ngx_http_rooms_op_failed(op, ROOMS_REFUSE_INTERNAL);
            return;
        }

        g->redis = redis;
        g->epoch = redis->zone->epoch;
        g->size = 0;
        g->n = 0;

        redis->gathered = g;
        ngx_queue_insert_tail(&redis->gatherings, &g->queue);
        ngx_post_event(&redis->gather, &ngx_posted_events);
    }

    g->ops[g->n++] = op;
    g->size += op->records.len;

    if (g->n == NGX_HTTP_ROOMS_GATHER
        || g->size >= NGX_HTTP_ROOMS_GATHER_SIZE)
    {
        ngx_http_rooms_redis_gathered_send(redis);
    }
}


ngx_http_rooms_op_t *
ngx_http_rooms_redis_gathering(ngx_http_rooms_redis_t *redis,
    rooms_str_t room)
{
    ngx_uint_t                  i;
    ngx_http_rooms_op_t        *op;
    ngx_http_rooms_gathered_t  *g;

    g = redis->gathered;

    for (i = 0; g && i < g->n; i++) {
        op = g->ops[i];

        if (op->room == NULL && op->name.len == room.len
            && ngx_memcmp(op->name.data, room.data, room.len) == 0
            && !ngx_http_rooms_op_full(op))
        {
            return op;
        }
    }

    return NULL;
}


void
ngx_http_rooms_redis_gather_handler(ngx_event_t *ev)
{
    ngx_http_rooms_redis_gathered_send(ev->data);
}


void
ngx_http_rooms_redis_gathered_send(ngx_http_rooms_redis_t *redis)
{
    ngx_uint_t                  i;
    ngx_http_rooms_gathered_t  *g;

    g = redis->gathered;

    if (g == NULL) {
        return;
    }

    redis->gathered = NULL;

    if (redis->gather.posted) {
        ngx_delete_posted_event(&redis->gather);
    }

    if (ngx_http_rooms_gather_call(g) == NGX_OK) {
        return;
    }

    for (i = 0; i < g->n; i++) {
        ngx_http_rooms_op_failed(g->ops[i], ROOMS_REFUSE_STORAGE);
    }

    ngx_http_rooms_gathered_done(g);
}


static ngx_int_t
ngx_http_rooms_gather_call(ngx_http_rooms_gathered_t *g)
{
    uint64_t                 keep;
    ngx_uint_t               i;
    ngx_http_rooms_words_t   w;
    ngx_http_rooms_redis_t  *redis;

    redis = g->redis;

    if (ngx_http_rooms_words_init(&w, redis) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_rooms_words_alloc(&w, NGX_HTTP_ROOMS_GATHER_KEYS + 2 * g->n,
                                   NGX_HTTP_ROOMS_GATHER_HEAD
                                   + NGX_HTTP_ROOMS_GATHER_EACH * g->n)
        == NGX_OK)
    {
        ngx_http_rooms_words_key(&w, "z", rooms_str(NULL, 0));
        ngx_http_rooms_words_key(&w, "due", rooms_str(NULL, 0));

        /* it is not said with each message: an eighth more, and then again */

        keep = redis->conf->keep;

        ngx_http_rooms_words_number(&w, g->epoch);
        ngx_http_rooms_words_arg(&w, ngx_http_rooms_redis_me(redis));
        ngx_http_rooms_words_number(&w, keep + keep / 8);
        ngx_http_rooms_words_number(&w, redis->conf->history);

        for (i = 0; i < g->n; i++) {
            ngx_http_rooms_gather_words(&w, g->ops[i]);
        }
    }

    return ngx_http_rooms_words_run(&w, NGX_HTTP_ROOMS_SCRIPT_RECORDS,
                                    ngx_http_rooms_gather_reply, g);
}


static void
ngx_http_rooms_gather_words(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op)
{
    rooms_str_t  name;

    name = rooms_str(op->name.data, op->name.len);

    ngx_http_rooms_words_key(w, "r:", name);
    ngx_http_rooms_words_key(w, "s:", name);

    if (op->live) {
        ngx_http_rooms_words_print(w, op->deadline == ROOMS_JOURNAL_KEEP
                                      ? "%uL" : "=%uL", op->expected);

    } else {
        ngx_http_rooms_words_arg(w,
                    rooms_str(ngx_http_rooms_gather_keeps(w->redis, op)
                              ? "+" : "*", 1));
    }

    ngx_http_rooms_words_number(w, op->n * ROOMS_MESSAGE_IDS);
    ngx_http_rooms_words_number(w, (uint64_t) op->node.key);
    ngx_http_rooms_words_arg(w, rooms_str(op->records.data,
                                          op->records.len));

    if (op->deadline != ROOMS_JOURNAL_KEEP) {
        ngx_http_rooms_words_arg(w, name);
        ngx_http_rooms_words_number(w, op->deadline);
        ngx_http_rooms_append_ttl(w, op);
    }
}


/* 1: how long the room without a state is kept is to be said again. */

static ngx_uint_t
ngx_http_rooms_gather_keeps(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_op_t *op)
{
    ngx_uint_t              kept;
    ngx_http_rooms_room_t  *room;

    room = ngx_http_rooms_room_find(redis->zone,
                     rooms_journal_hash(redis->zone->journal,
                                        rooms_str(op->name.data,
                                                  op->name.len)));
    if (room == NULL) {
        return 1;
    }

    kept = room->backing.kept;
    room->backing.kept += op->n;

    if (kept && room->backing.kept < NGX_HTTP_ROOMS_GATHER_KEPT
        && ngx_current_msec - room->backing.kept_since
           < redis->conf->keep / 8)
    {
        return 0;
    }

    room->backing.kept = 1;
    room->backing.kept_since = ngx_current_msec;

    return 1;
}


void
ngx_http_rooms_redis_gathered_free(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&redis->gatherings)) {
        q = ngx_queue_head(&redis->gatherings);
        ngx_http_rooms_gathered_done(ngx_queue_data(q,
                                     ngx_http_rooms_gathered_t, queue));
    }
}


static void
ngx_http_rooms_gathered_done(ngx_http_rooms_gathered_t *g)
{
    ngx_queue_remove(&g->queue);
    ngx_free(g);
}


static void
ngx_http_rooms_gather_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_gathered_t *g = data;

    ngx_uint_t              i;
    rooms_str_t             epoch;
    ngx_http_rooms_room_t  *room;

    if (reply == NULL) {

        for (i = 0; i < g->n; i++) {
            room = g->ops[i]->room;

            if (room && !ngx_http_rooms_redis_is_full(g->redis)) {
                room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
            }

            ngx_http_rooms_op_failed(g->ops[i], ROOMS_REFUSE_STORAGE);
        }

        ngx_http_rooms_gathered_done(g);
        return;
    }

    if (reply->type == REDIS_REPLY_INTEGER
        || ngx_http_rooms_redis_integer(
                         ngx_http_rooms_redis_element(reply, 0)) != NGX_ERROR)
    {
        ngx_http_rooms_gather_written(g, reply);
        ngx_http_rooms_gathered_done(g);
        return;
    }

    epoch = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));
    ngx_http_rooms_redis_epoch(g->redis, epoch);

    for (i = 0; i < g->n; i++) {
        ngx_http_rooms_op_again(g->ops[i], NULL);
    }

    ngx_http_rooms_gathered_done(g);
}


/* The ids of the first one begin after the number, those of others follow. */

static void
ngx_http_rooms_gather_written(ngx_http_rooms_gathered_t *g,
    redisReply *reply)
{
    uint64_t     base;
    ngx_uint_t   i;
    redisReply  *said;
    size_t       next;

    next = 1;

    base = ngx_http_rooms_redis_integer(reply->type == REDIS_REPLY_INTEGER
                               ? reply
                               : ngx_http_rooms_redis_element(reply, 0));

    for (i = 0; i < g->n; i++) {
        said = ngx_http_rooms_redis_element(reply, next);

        if (ngx_http_rooms_redis_integer(ngx_http_rooms_redis_element(said,
                                                                      0))
            == (ngx_int_t) i + 1)
        {
            next++;

        } else {
            said = NULL;
        }

        base = ngx_http_rooms_gather_one(g->ops[i], said, base);
    }
}


/* Where the ids of the next one begin. */

static uint64_t
ngx_http_rooms_gather_one(ngx_http_rooms_op_t *op, redisReply *said,
    uint64_t base)
{
    uint64_t     last;
    rooms_str_t  text;

    last = base + op->n * ROOMS_MESSAGE_IDS;

    if (said == NULL) {
        ngx_http_rooms_op_written(op, base);
        return last;
    }

    text = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(said, 2));

    switch (ngx_http_rooms_redis_integer(ngx_http_rooms_redis_element(said,
                                                                      1)))
    {
    case NGX_HTTP_ROOMS_GATHERED_SNAPSHOT:

        if (op->room) {
            op->room->backing.compact = 1;
        }

        ngx_http_rooms_op_written(op, base);
        return last;

    case NGX_HTTP_ROOMS_GATHERED_CONFLICT:

        if (rooms_bus_number(text, &last) == ROOMS_OK) {
            ngx_http_rooms_op_conflict(op, last,
                                     ngx_http_rooms_redis_element(said, 3));
            return base;
        }

        break;
    }

    /* its ids were given, and are not used */

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "rooms: redis \"%V\": %*s", &op->redis->conf->url,
                  text.len, text.data);

    ngx_http_rooms_op_failed(op, ROOMS_REFUSE_STORAGE);

    return last;
}
