
/*
 * Copyright (C) nginx rooms contributors
 *
 * Appends, as words of the script; deadlines and snapshots.
 */


#include <ngx_http_rooms_redis_op.h>
#include <ngx_http_rooms_redis_words.h>


#define NGX_HTTP_ROOMS_REDIS_SNAPSHOT  16384 /* octets, as in the script */
#define NGX_HTTP_ROOMS_REDIS_LOAD      4     /* times a snapshot, to read */
#define NGX_HTTP_ROOMS_APPEND_HEAD     6     /* words */
#define NGX_HTTP_ROOMS_APPEND_PART     7     /* words */


static void ngx_http_rooms_append_words(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op);
static void ngx_http_rooms_append_token(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op);
static void ngx_http_rooms_append_own(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op);
static void ngx_http_rooms_append_others(ngx_http_rooms_words_t *w,
    const char *kind, const rooms_buf_t *b);
static size_t ngx_http_rooms_append_len(rooms_str_t in);
static ngx_uint_t ngx_http_rooms_append_count(ngx_http_rooms_op_t *op,
    ngx_uint_t *nkeys);
static void ngx_http_rooms_append_keys(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op);
static void ngx_http_rooms_append_until(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op);


ngx_int_t
ngx_http_rooms_redis_append(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_op_t *op)
{
    ngx_http_rooms_words_t  w;

    if (ngx_http_rooms_words_init(&w, redis) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_rooms_append_words(&w, op);

    return ngx_http_rooms_words_run(&w, NGX_HTTP_ROOMS_SCRIPT_APPEND,
                                    ngx_http_rooms_redis_appended, op);
}


/* See the script for their order. */

static void
ngx_http_rooms_append_words(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op)
{
    ngx_uint_t               parts, nkeys, nwords;
    ngx_http_rooms_redis_t  *redis;

    redis = w->redis;

    nwords = ngx_http_rooms_append_count(op, &nkeys);
    parts = op->nclaims + (op->n != 0) + op->nothers + op->ndrops;

    nkeys += 2 + 2 * parts;
    nwords += NGX_HTTP_ROOMS_APPEND_HEAD + NGX_HTTP_ROOMS_APPEND_PART * parts;

    if (ngx_http_rooms_words_alloc(w, nkeys, nwords) != NGX_OK) {
        return;
    }

    ngx_http_rooms_words_key(w, "z", rooms_str(NULL, 0));
    ngx_http_rooms_words_key(w, "due", rooms_str(NULL, 0));

    ngx_http_rooms_words_number(w, redis->zone->epoch);
    ngx_http_rooms_append_token(w, op);
    ngx_http_rooms_words_number(w, redis->conf->history);
    ngx_http_rooms_words_number(w, parts);
    ngx_http_rooms_words_number(w, op->n ? op->nclaims + 1 : 0);
    ngx_http_rooms_append_until(w, op);

    ngx_http_rooms_append_others(w, "c", &op->claims);

    if (op->n) {
        ngx_http_rooms_append_own(w, op);
    }

    ngx_http_rooms_append_others(w, "m", &op->others);
    ngx_http_rooms_append_others(w, "d", &op->drops);
    ngx_http_rooms_append_keys(w, op);
}


static void
ngx_http_rooms_append_token(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op)
{
    ngx_http_rooms_words_print(w, "%*s %uL", w->redis->me_len, w->redis->me,
                                (uint64_t) op->node.key);
}


/* The records of the room that was decided in. */

static void
ngx_http_rooms_append_own(ngx_http_rooms_words_t *w, ngx_http_rooms_op_t *op)
{
    ngx_uint_t   lives;
    rooms_str_t  name;

    name = rooms_str(op->name.data, op->name.len);
    lives = (op->facts || op->live);

    ngx_http_rooms_words_key(w, "r:", name);
    ngx_http_rooms_words_key(w, "s:", name);

    ngx_http_rooms_words_arg(w, rooms_str(op->remove ? "r"
                                           : lives ? "l" : "m", 1));
    ngx_http_rooms_words_arg(w, name);

    if (op->expected == ROOMS_JOURNAL_ANY) {
        ngx_http_rooms_words_arg(w, rooms_str("*", 1));

    } else if (op->expected == ROOMS_JOURNAL_NONE) {
        ngx_http_rooms_words_print(w, "-%uL", op->base);

    } else {
        ngx_http_rooms_words_number(w, op->expected);
    }

    if (op->deadline == ROOMS_JOURNAL_KEEP) {
        ngx_http_rooms_words_arg(w, rooms_str("-", 1));

    } else {
        ngx_http_rooms_words_number(w, op->deadline);
    }

    ngx_http_rooms_append_ttl(w, op);
    ngx_http_rooms_words_number(w, op->n);
    ngx_http_rooms_words_arg(w, rooms_str(op->records.data,
                                           op->records.len));
}


void
ngx_http_rooms_append_ttl(ngx_http_rooms_words_t *w, ngx_http_rooms_op_t *op)
{
    uint64_t  keep;

    keep = w->redis->conf->keep;

    if (op->remove || (!op->facts && !op->live)) {
        ngx_http_rooms_words_number(w, keep);

    } else if (op->deadline == ROOMS_JOURNAL_KEEP && op->live) {
        ngx_http_rooms_words_arg(w, rooms_str("-", 1));

    } else if (op->deadline == ROOMS_JOURNAL_KEEP || op->deadline == 0) {
        ngx_http_rooms_words_arg(w, rooms_str("0", 1));

    } else {
        ngx_http_rooms_words_number(w, keep + (op->deadline > op->now
                                                ? op->deadline - op->now
                                                : 0));
    }
}


/* Rooms with a record each: claimed, told something, or ended. */

static void
ngx_http_rooms_append_others(ngx_http_rooms_words_t *w, const char *kind,
    const rooms_buf_t *b)
{
    size_t       len;
    rooms_str_t  in, name;

    in = rooms_str(b->data, b->len);

    while (rooms_get_str16(&in, &name) == ROOMS_OK) {
        len = ngx_http_rooms_append_len(in);

        ngx_http_rooms_words_key(w, "r:", name);
        ngx_http_rooms_words_key(w, "s:", name);

        ngx_http_rooms_words_arg(w, rooms_str(kind, 1));
        ngx_http_rooms_words_arg(w, name);
        ngx_http_rooms_words_arg(w, rooms_str("*", 1));
        ngx_http_rooms_words_arg(w, rooms_str("0", 1));

        if (kind[0] == 'c') {
            ngx_http_rooms_words_arg(w, rooms_str("0", 1));

        } else {
            ngx_http_rooms_words_number(w, w->redis->conf->keep);
        }

        ngx_http_rooms_words_arg(w, rooms_str("1", 1));
        ngx_http_rooms_words_arg(w, rooms_str(in.data, len));

        in.data += len;
        in.len -= len;
    }
}


/* Of the record at the front of in, as rooms_bus_write() made it. */

static size_t
ngx_http_rooms_append_len(rooms_str_t in)
{
    uint32_t  len;

    len = 0;
    (void) rooms_get_u32(&in, &len);

    return 4 + len;
}


static ngx_uint_t
ngx_http_rooms_append_count(ngx_http_rooms_op_t *op, ngx_uint_t *nkeys)
{
    uint16_t     n, i;
    ngx_uint_t   total;
    rooms_str_t  in, str;

    in = rooms_str(op->keys.data, op->keys.len);
    *nkeys = 0;
    total = 0;

    while (rooms_get_str16(&in, &str) == ROOMS_OK
           && rooms_get_str16(&in, &str) == ROOMS_OK
           && rooms_get_u16(&in, &n) == ROOMS_OK)
    {
        for (i = 0; i < n; i++) {
            (void) rooms_get_str32(&in, &str);
        }

        (*nkeys)++;
        total += 2 + n;
    }

    return total;
}


/* Keys for other services, and the words they are made with. */

static void
ngx_http_rooms_append_keys(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op)
{
    uint16_t     n, i;
    rooms_str_t  in, command, key, str;

    in = rooms_str(op->keys.data, op->keys.len);

    while (rooms_get_str16(&in, &command) == ROOMS_OK
           && rooms_get_str16(&in, &key) == ROOMS_OK
           && rooms_get_u16(&in, &n) == ROOMS_OK)
    {
        w->words[w->nkeys++] = key;

        ngx_http_rooms_words_arg(w, command);
        ngx_http_rooms_words_number(w, n);

        for (i = 0; i < n; i++) {
            str = rooms_str(NULL, 0);
            (void) rooms_get_str32(&in, &str);
            ngx_http_rooms_words_arg(w, str);
        }
    }
}


static void
ngx_http_rooms_append_until(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op)
{
    if (!op->has_keys) {
        ngx_http_rooms_words_arg(w, rooms_str("-", 1));

    } else if (op->deadline == ROOMS_JOURNAL_KEEP) {
        ngx_http_rooms_words_arg(w, rooms_str("k", 1));

    } else {
        ngx_http_rooms_words_number(w, op->deadline);
    }
}


void
ngx_http_rooms_redis_touch(ngx_http_rooms_zone_t *zone, rooms_str_t room,
    uint64_t deadline)
{
    u_char                   keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[2][NGX_INT64_LEN];
    uint64_t                 now;
    rooms_str_t              words[6];
    ngx_http_rooms_redis_t  *redis;

    redis = zone->redis;
    now = ngx_http_rooms_now();

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "r:", room);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "s:", room);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "due",
                                        rooms_str(NULL, 0));
    words[3] = room;
    words[4] = rooms_str("+inf", 4);
    words[5] = rooms_str("0", 1);

    if (deadline) {
        words[4] = ngx_http_rooms_redis_digits(digits[0], deadline);
        words[5] = ngx_http_rooms_redis_digits(digits[1],
                       redis->conf->keep
                       + (deadline > now ? deadline - now : 0));
    }

    (void) ngx_http_rooms_redis_script(&redis->cmd,
                                       NGX_HTTP_ROOMS_SCRIPT_TOUCH, words, 3,
                                       6, NULL, NULL);
}


void
ngx_http_rooms_redis_compact(ngx_http_rooms_room_t *room)
{
    u_char                   keys[2][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[3][NGX_INT64_LEN];
    rooms_buf_t              b;
    rooms_str_t              words[6], name;
    ngx_http_rooms_redis_t  *redis;

    if (!room->backing.compact || room->state == NULL) {
        return;
    }

    room->backing.compact = 0;

    redis = room->zone->redis;
    name = rooms_str(room->name.data, room->name.len);

    rooms_buf_init(&b, 0);
    room->zone->app->app->snapshot(room->state, &b);
    room->backing.size = b.len;

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "r:", name);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "s:", name);
    words[2] = ngx_http_rooms_redis_digits(digits[0],
                                           ngx_http_rooms_redis_room_id(room));
    words[3] = rooms_str(b.data, b.len);
    words[4] = ngx_http_rooms_redis_digits(digits[1], redis->conf->history);
    words[5] = ngx_http_rooms_redis_digits(digits[2],
                              ngx_max(NGX_HTTP_ROOMS_REDIS_SNAPSHOT,
                                      NGX_HTTP_ROOMS_REDIS_LOAD * b.len));

    if (!b.failed) {
        (void) ngx_http_rooms_redis_script(&redis->cmd,
                                           NGX_HTTP_ROOMS_SCRIPT_SNAPSHOT,
                                           words, 2, 6, NULL, NULL);
    }

    rooms_buf_free(&b);
}
