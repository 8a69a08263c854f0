
/*
 * Copyright (C) nginx rooms contributors
 *
 * Appends, as words of the script; deadlines and snapshots.
 */


#include <ngx_http_rooms_redis_op.h>


#define NGX_HTTP_ROOMS_REDIS_COMPACT  32     /* appends between snapshots */
#define NGX_HTTP_ROOMS_REDIS_WORDS    15     /* without records and keys */


static ngx_uint_t ngx_http_rooms_redis_append_count(ngx_http_rooms_op_t *op,
    ngx_uint_t *nkeys);
static ngx_uint_t ngx_http_rooms_redis_append_keys(ngx_http_rooms_op_t *op,
    rooms_str_t *keys, rooms_str_t *words, u_char *digits);
static rooms_str_t ngx_http_rooms_redis_append_ttl(ngx_http_rooms_op_t *op,
    u_char *p);
static rooms_str_t ngx_http_rooms_redis_append_until(ngx_http_rooms_op_t *op,
    u_char *p);


ngx_int_t
ngx_http_rooms_redis_append(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_op_t *op)
{
    u_char        keys[4][NGX_HTTP_ROOMS_REDIS_KEY], *numbers;
    u_char        chan[NGX_HTTP_ROOMS_REDIS_KEY], digits[8][NGX_INT64_LEN];
    u_char        token[2 * NGX_INT64_LEN];
    size_t        len;
    ngx_int_t     rc;
    ngx_uint_t    i, k, n, nkeys;
    rooms_str_t  *words, *w, in, name;

    name = rooms_str(op->name.data, op->name.len);
    n = ngx_http_rooms_redis_append_count(op, &nkeys);

    words = ngx_alloc((NGX_HTTP_ROOMS_REDIS_WORDS + op->n + nkeys + n)
                      * sizeof(rooms_str_t)
                      + (nkeys + 1) * NGX_INT_T_LEN, ngx_cycle->log);
    if (words == NULL) {
        return NGX_ERROR;
    }

    numbers = (u_char *) &words[NGX_HTTP_ROOMS_REDIS_WORDS + op->n + nkeys
                                + n];

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "z",
                                        rooms_str(NULL, 0));
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "r:", name);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "s:", name);
    words[3] = ngx_http_rooms_redis_key(redis, keys[3], "due",
                                        rooms_str(NULL, 0));

    w = &words[4 + nkeys];

    w[0] = ngx_http_rooms_redis_digits(digits[0], redis->zone->epoch);
    w[1] = (op->expected == ROOMS_JOURNAL_ANY)
           ? rooms_str("*", 1)
           : ngx_http_rooms_redis_digits(digits[1], op->expected);
    w[2] = (op->deadline == ROOMS_JOURNAL_KEEP)
           ? rooms_str("-", 1)
           : ngx_http_rooms_redis_digits(digits[2], op->deadline);
    w[3] = rooms_str(op->remove ? "r" : (op->facts || op->live) ? "l" : "-",
                     1);
    w[4] = ngx_http_rooms_redis_key(redis, chan, "r:", name);
    w[5] = name;
    w[6] = rooms_str(token, ngx_sprintf(token, "%*s %uL", redis->me_len,
                                        redis->me, op->seq) - token);
    w[7] = ngx_http_rooms_redis_append_ttl(op, digits[3]);
    w[8] = ngx_http_rooms_redis_digits(digits[4], redis->conf->history);
    w[9] = ngx_http_rooms_redis_append_until(op, digits[5]);
    w[10] = ngx_http_rooms_redis_digits(digits[6], op->n);

    w += 11;
    in = rooms_str(op->records.data, op->records.len);

    for (i = 0; i < op->n; i++) {
        len = 4 + ((size_t) in.data[0] | (size_t) in.data[1] << 8
                   | (size_t) in.data[2] << 16 | (size_t) in.data[3] << 24);

        *w++ = rooms_str(in.data, len);

        in.data += len;
        in.len -= len;
    }

    k = ngx_http_rooms_redis_append_keys(op, &words[4], w, numbers);

    rc = ngx_http_rooms_redis_script(&redis->cmd,
                                     NGX_HTTP_ROOMS_SCRIPT_APPEND, words,
                                     4 + nkeys, (w - words) + k,
                                     ngx_http_rooms_redis_appended, op);

    ngx_free(words);

    return rc;
}


static ngx_uint_t
ngx_http_rooms_redis_append_count(ngx_http_rooms_op_t *op, ngx_uint_t *nkeys)
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


/* Returns the number of words. */

static ngx_uint_t
ngx_http_rooms_redis_append_keys(ngx_http_rooms_op_t *op, rooms_str_t *keys,
    rooms_str_t *words, u_char *digits)
{
    uint16_t     n, i;
    ngx_uint_t   total;
    rooms_str_t  in, command, key, str;

    in = rooms_str(op->keys.data, op->keys.len);
    total = 0;

    while (rooms_get_str16(&in, &command) == ROOMS_OK
           && rooms_get_str16(&in, &key) == ROOMS_OK
           && rooms_get_u16(&in, &n) == ROOMS_OK)
    {
        *keys++ = key;

        words[total++] = command;
        words[total++] = ngx_http_rooms_redis_digits(digits, n);
        digits += NGX_INT_T_LEN;

        for (i = 0; i < n; i++) {
            str = rooms_str(NULL, 0);
            (void) rooms_get_str32(&in, &str);
            words[total++] = str;
        }
    }

    return total;
}


static rooms_str_t
ngx_http_rooms_redis_append_ttl(ngx_http_rooms_op_t *op, u_char *p)
{
    uint64_t  keep;

    keep = op->redis->conf->keep;

    if (op->remove || (!op->facts && !op->live)) {
        return ngx_http_rooms_redis_digits(p, keep);
    }

    if (op->deadline == ROOMS_JOURNAL_KEEP) {
        return op->live ? rooms_str("-", 1) : rooms_str("0", 1);
    }

    if (op->deadline == 0) {
        return rooms_str("0", 1);
    }

    return ngx_http_rooms_redis_digits(p,
               keep + (op->deadline > op->now ? op->deadline - op->now : 0));
}


static rooms_str_t
ngx_http_rooms_redis_append_until(ngx_http_rooms_op_t *op, u_char *p)
{
    if (!op->has_keys) {
        return rooms_str("-", 1);
    }

    if (op->deadline == ROOMS_JOURNAL_KEEP) {
        return rooms_str("k", 1);
    }

    return ngx_http_rooms_redis_digits(p, op->deadline);
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
    u_char                   digits[2][NGX_INT64_LEN];
    rooms_buf_t              b;
    rooms_str_t              words[5], name;
    ngx_http_rooms_redis_t  *redis;

    if (room->appends < NGX_HTTP_ROOMS_REDIS_COMPACT || room->state == NULL) {
        return;
    }

    room->appends = 0;

    redis = room->zone->redis;
    name = rooms_str(room->name.data, room->name.len);

    rooms_buf_init(&b, 0);
    room->zone->app->app->snapshot(room->state, &b);

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "r:", name);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "s:", name);
    words[2] = ngx_http_rooms_redis_digits(digits[0], room->last);
    words[3] = rooms_str(b.data, b.len);
    words[4] = ngx_http_rooms_redis_digits(digits[1], redis->conf->history);

    if (!b.failed) {
        (void) ngx_http_rooms_redis_script(&redis->cmd,
                                           NGX_HTTP_ROOMS_SCRIPT_SNAPSHOT,
                                           words, 2, 5, NULL, NULL);
    }

    rooms_buf_free(&b);
}
