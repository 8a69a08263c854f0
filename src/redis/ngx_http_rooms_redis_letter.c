
/*
 * Copyright (C) nginx rooms contributors
 *
 * Octets for one worker, which is subscribed to a channel of its own.
 *
 * A worker that has just begun serves clients before it is connected to Redis
 * or subscribed; what is sent by it or to it then waits a little.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_remote.h>


#define NGX_HTTP_ROOMS_LETTERS_MAX  4194304  /* octets that wait */

/* that are sent again and again, since nobody is there: anyone may invent a
 * session of a worker that never was */

#define NGX_HTTP_ROOMS_LETTERS_UNHEARD  64

/* ms: how long nobody may be there, and between two tries */

#define NGX_HTTP_ROOMS_LETTER_WAIT  500
#define NGX_HTTP_ROOMS_LETTER_TRY   20


typedef struct {
    ngx_queue_t              queue;          /* in redis->letters */
    ngx_http_rooms_redis_t  *redis;
    uint32_t                 to;
    ngx_msec_t               since;
    size_t                   len;
    u_char                   data[];
} ngx_http_rooms_letter_t;


static ngx_uint_t ngx_http_rooms_letter_behind(ngx_http_rooms_redis_t *redis,
    uint32_t to);
static ngx_int_t ngx_http_rooms_letter_send(ngx_http_rooms_letter_t *letter);
static ngx_int_t ngx_http_rooms_letter_keep(ngx_http_rooms_letter_t *letter);
static void ngx_http_rooms_letter_reply(void *data, redisReply *reply);
static void ngx_http_rooms_letter_timer(ngx_event_t *ev);


ngx_int_t
ngx_http_rooms_redis_direct(ngx_http_rooms_zone_t *zone, uint32_t to,
    rooms_str_t data)
{
    ngx_int_t                 rc;
    ngx_http_rooms_redis_t   *redis;
    ngx_http_rooms_letter_t  *letter;

    redis = zone->redis;

    letter = ngx_alloc(sizeof(ngx_http_rooms_letter_t) + data.len,
                       ngx_cycle->log);
    if (letter == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(letter, sizeof(ngx_http_rooms_letter_t));

    letter->redis = redis;
    letter->to = to;
    letter->since = ngx_current_msec;
    letter->len = data.len;
    ngx_memcpy(letter->data, data.data, data.len);

    rc = ngx_http_rooms_letter_behind(redis, to)
         ? NGX_ERROR : ngx_http_rooms_letter_send(letter);

    if (rc != NGX_OK) {
        rc = ngx_http_rooms_letter_keep(letter);
    }

    if (rc != NGX_OK) {
        ngx_free(letter);
    }

    return rc;
}


/* 1: what waits for that worker goes first. */

static ngx_uint_t
ngx_http_rooms_letter_behind(ngx_http_rooms_redis_t *redis, uint32_t to)
{
    ngx_queue_t              *q;
    ngx_http_rooms_letter_t  *letter;

    for (q = ngx_queue_head(&redis->letters);
         q != ngx_queue_sentinel(&redis->letters);
         q = ngx_queue_next(q))
    {
        letter = ngx_queue_data(q, ngx_http_rooms_letter_t, queue);

        if (letter->to == to) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_rooms_letter_send(ngx_http_rooms_letter_t *letter)
{
    u_char                   key[NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[NGX_INT64_LEN];
    rooms_str_t              words[3];
    ngx_http_rooms_redis_t  *redis;

    redis = letter->redis;

    words[0] = rooms_str("PUBLISH", 7);
    words[1] = ngx_http_rooms_redis_key(redis, key, "w:",
                              ngx_http_rooms_redis_digits(digits,
                                                          letter->to));
    words[2] = rooms_str(letter->data, letter->len);

    return ngx_http_rooms_redis_send(&redis->cmd, words, 3,
                                     ngx_http_rooms_letter_reply, letter);
}


static ngx_int_t
ngx_http_rooms_letter_keep(ngx_http_rooms_letter_t *letter)
{
    ngx_http_rooms_redis_t  *redis;

    redis = letter->redis;

    if (redis->letters_size + letter->len > NGX_HTTP_ROOMS_LETTERS_MAX) {
        return NGX_ERROR;
    }

    redis->letters_size += letter->len;
    redis->nletters++;
    ngx_queue_insert_tail(&redis->letters, &letter->queue);

    return NGX_OK;
}


/* How many have heard it; NULL: that is not known. */

static void
ngx_http_rooms_letter_reply(void *data, redisReply *reply)
{
    ngx_event_t              *ev;
    ngx_http_rooms_letter_t  *letter;

    letter = data;

    if (ngx_http_rooms_redis_integer(reply) >= 1) {
        ngx_free(letter);
        return;
    }

    if (reply
        && ngx_current_msec - letter->since < NGX_HTTP_ROOMS_LETTER_WAIT
        && letter->redis->nletters < NGX_HTTP_ROOMS_LETTERS_UNHEARD
        && ngx_http_rooms_letter_keep(letter) == NGX_OK)
    {
        ev = &letter->redis->post;

        if (!ev->timer_set) {
            ev->handler = ngx_http_rooms_letter_timer;
            ev->data = letter->redis;
            ev->log = ngx_cycle->log;
            ev->cancelable = 1;

            ngx_add_timer(ev, NGX_HTTP_ROOMS_LETTER_TRY);
        }

        return;
    }

    /* the sessions of a worker that goes are closed by themselves */

    if (!ngx_exiting && !ngx_terminate) {
        ngx_http_rooms_remote_lost(letter->redis->zone, letter->to,
                                   rooms_str(letter->data, letter->len));
    }

    ngx_free(letter);
}


static void
ngx_http_rooms_letter_timer(ngx_event_t *ev)
{
    ngx_http_rooms_redis_letters_send(ev->data);
}


void
ngx_http_rooms_redis_letters_send(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t              *q;
    ngx_http_rooms_letter_t  *letter;

    while (!ngx_queue_empty(&redis->letters)) {
        q = ngx_queue_head(&redis->letters);
        letter = ngx_queue_data(q, ngx_http_rooms_letter_t, queue);

        if (ngx_http_rooms_letter_send(letter) != NGX_OK) {
            return;
        }

        redis->letters_size -= letter->len;
        redis->nletters--;
        ngx_queue_remove(q);
    }
}


ngx_uint_t
ngx_http_rooms_redis_may_hold(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    return zone->redis->nletters < NGX_HTTP_ROOMS_LETTERS_UNHEARD
           || ngx_http_rooms_redis_holds(zone, owner);
}


void
ngx_http_rooms_redis_letters_free(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&redis->letters)) {
        q = ngx_queue_head(&redis->letters);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_http_rooms_letter_t, queue));
    }

    if (redis->post.timer_set) {
        ngx_del_timer(&redis->post);
    }
}
