
/*
 * Copyright (C) nginx rooms contributors
 *
 * The beat of a worker: its lease, the journal's epoch, rooms whose deadline
 * has passed, and workers that are gone.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_remote.h>
#include <ngx_http_rooms_workers.h>

#include <openssl/rand.h>


#define NGX_HTTP_ROOMS_REDIS_BEAT   250      /* ms */
#define NGX_HTTP_ROOMS_REDIS_LEASE  4000     /* ms */
#define NGX_HTTP_ROOMS_REDIS_DUE    64       /* rooms in one beat */
#define NGX_HTTP_ROOMS_REDIS_COUNT  4        /* beats between two counts */


static void ngx_http_rooms_redis_beat_reply(void *data, redisReply *reply);
static void ngx_http_rooms_redis_owners(ngx_http_rooms_redis_t *redis,
    redisReply *reply);
static void ngx_http_rooms_redis_outcast(ngx_http_rooms_redis_t *redis);


void
ngx_http_rooms_redis_beat_handler(ngx_event_t *ev)
{
    ngx_http_rooms_redis_t  *redis;

    redis = (ngx_http_rooms_redis_t *)
                ((u_char *) ev - offsetof(ngx_http_rooms_redis_t, beat));

    ngx_http_rooms_redis_beat(redis);
    ngx_http_rooms_redis_rooms_behind(redis);

    ngx_add_timer(ev, NGX_HTTP_ROOMS_REDIS_BEAT);
}


void
ngx_http_rooms_redis_beat(ngx_http_rooms_redis_t *redis)
{
    u_char       keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char       digits[7][NGX_INT64_LEN];
    uint64_t     fresh;
    rooms_str_t  words[13], none;

    if (redis->beating || !redis->cmd.is_up
        || RAND_bytes((u_char *) &fresh, sizeof(uint64_t)) != 1)
    {
        return;
    }

    none = rooms_str(NULL, 0);

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "owners", none);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "z", none);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "due", none);
    words[3] = ngx_http_rooms_redis_me(redis);
    words[4] = ngx_http_rooms_redis_digits(digits[0],
                                           NGX_HTTP_ROOMS_REDIS_LEASE);
    words[5] = ngx_http_rooms_redis_digits(digits[1], ngx_http_rooms_now());
    words[6] = ngx_http_rooms_redis_digits(digits[2], redis->zone->epoch);
    words[7] = ngx_http_rooms_redis_digits(digits[3], redis->max);
    words[8] = ngx_http_rooms_redis_digits(digits[4], fresh | 1);
    words[9] = rooms_str(redis->enlisted ? "1" : "0", 1);
    words[10] = ngx_http_rooms_redis_digits(digits[5],
                                            NGX_HTTP_ROOMS_REDIS_DUE);
    words[11] = ngx_http_rooms_redis_digits(digits[6], redis->came);
    words[12] = rooms_str(redis->beats++ % NGX_HTTP_ROOMS_REDIS_COUNT
                          ? "0" : "1", 1);

    if (ngx_http_rooms_redis_script(&redis->cmd, NGX_HTTP_ROOMS_SCRIPT_BEAT,
                                    words, 3, 13,
                                    ngx_http_rooms_redis_beat_reply, redis)
        == NGX_OK)
    {
        redis->beating = 1;
    }
}


static void
ngx_http_rooms_redis_beat_reply(void *data, redisReply *reply)
{
    size_t                   i;
    uint64_t                 was;
    redisReply              *list;
    rooms_str_t              none, room;
    ngx_http_rooms_redis_t  *redis;

    redis = data;
    redis->beating = 0;

    if (reply == NULL || ngx_http_rooms_redis_element(reply, 5) == NULL) {
        return;
    }

    none = rooms_str(NULL, 0);
    was = redis->zone->epoch;

    ngx_http_rooms_redis_epoch(redis,
              ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply,
                                                                    0)));

    redis->rooms = ngx_http_rooms_redis_integer(
                                  ngx_http_rooms_redis_element(reply, 3));

    if (ngx_http_rooms_redis_element(reply, 6)) {
        redis->records = ngx_http_rooms_redis_integer(
                                  ngx_http_rooms_redis_element(reply, 6));
    }

    ngx_http_rooms_redis_owners(redis,
                                ngx_http_rooms_redis_element(reply, 5));

    /* a journal that begins anew knows of nobody */

    if (redis->enlisted && redis->listed == redis->zone->epoch
        && ngx_http_rooms_redis_integer(
                                    ngx_http_rooms_redis_element(reply, 4))
           == 0)
    {
        ngx_http_rooms_redis_outcast(redis);
    }

    redis->enlisted = 1;
    redis->listed = redis->zone->epoch;

    ngx_http_rooms_redis_probe(redis);

    if (redis->unsaved && !redis->cmd.full) {
        redis->unsaved = 0;
        ngx_http_rooms_redis_save_all(redis);
    }

    if (was == 0) {
        ngx_http_rooms_redis_rooms_up(redis);
    }

    list = ngx_http_rooms_redis_element(reply, 1);

    for (i = 0; ngx_http_rooms_redis_element(list, i); i++) {
        ngx_http_rooms_redis_bury(redis,
             ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(list, i)));
    }

    list = ngx_http_rooms_redis_element(reply, 2);

    for (i = 0; ngx_http_rooms_redis_element(list, i); i++) {
        room = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(list,
                                                                     i));

        ngx_http_rooms_execute_in(redis->zone, ROOMS_CMD_TICK, room, none,
                                  none);
    }
}


static void
ngx_http_rooms_redis_owners(ngx_http_rooms_redis_t *redis, redisReply *reply)
{
    size_t       i;
    uint32_t     one;
    uint64_t     owner;
    rooms_buf_t  were;
    rooms_str_t  in;

    were = redis->owners;
    rooms_buf_init(&redis->owners, 0);

    for (i = 0; ngx_http_rooms_redis_element(reply, i); i++) {

        if (rooms_bus_number(ngx_http_rooms_redis_str(
                                    ngx_http_rooms_redis_element(reply, i)),
                             &owner)
            == ROOMS_OK)
        {
            rooms_buf_u32(&redis->owners, (uint32_t) owner);
        }
    }

    in = rooms_str(were.data, were.len);

    while (rooms_get_u32(&in, &one) == ROOMS_OK) {

        if (!redis->owners.failed
            && !ngx_http_rooms_redis_holds(redis->zone, one))
        {
            ngx_http_rooms_remote_gone(redis->zone, one);
        }
    }

    rooms_buf_free(&were);
}


/*
 * This worker was thought dead, and its sockets have been told to be gone:
 * their clients come again.
 */

static void
ngx_http_rooms_redis_outcast(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t               *q;
    ngx_http_rooms_session_t  *s;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "rooms: zone \"%V\": this worker was away for too long, "
                  "its clients connect again", &redis->zone->app->name);

    for (q = ngx_queue_head(&redis->zone->all);
         q != ngx_queue_sentinel(&redis->zone->all);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_rooms_session_t, link);

        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
    }
}


ngx_uint_t
ngx_http_rooms_redis_holds(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    uint32_t     one;
    rooms_str_t  in;

    in = rooms_str(zone->redis->owners.data, zone->redis->owners.len);

    while (rooms_get_u32(&in, &one) == ROOMS_OK) {
        if (one == owner) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_rooms_redis_dead(ngx_http_rooms_zone_t *zone, rooms_str_t owner)
{
    uint64_t                n;
    ngx_uint_t              i;
    ngx_http_rooms_stat_t  *stat;

    if (rooms_bus_number(owner, &n) != ROOMS_OK || n == 0) {
        return 0;
    }

    for (i = 0; i < ROOMS_WORKERS_MAX; i++) {
        stat = &zone->shared->stats[i];

        if (stat->elsewhere != n) {
            continue;
        }

        if (stat->owner && !ngx_http_rooms_workers_gone(stat->owner)) {
            return 0;
        }

        if (stat->owner) {
            ngx_http_rooms_redis_died(zone, stat->owner);
        }

        return 1;
    }

    return 0;
}


void
ngx_http_rooms_redis_died(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    u_char                  digits[NGX_INT64_LEN];
    u_char                  key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t             words[5];
    ngx_http_rooms_stat_t  *stat;

    stat = &zone->shared->stats[rooms_owner_slot(owner)];

    if (stat->owner != owner || stat->elsewhere == 0) {
        return;
    }

    words[0] = rooms_str("ZADD", 4);
    words[1] = ngx_http_rooms_redis_key(zone->redis, key, "owners",
                                        rooms_str(NULL, 0));
    words[2] = rooms_str("XX", 2);
    words[3] = rooms_str("1", 1);
    words[4] = ngx_http_rooms_redis_digits(digits, stat->elsewhere);

    (void) ngx_http_rooms_redis_send(&zone->redis->cmd, words, 5, NULL, NULL);

    ngx_http_rooms_redis_bury(zone->redis, words[4]);
}
