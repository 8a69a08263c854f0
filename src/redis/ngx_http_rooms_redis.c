
/*
 * Copyright (C) nginx rooms contributors
 *
 * The zone in Redis: its connections, its keys, its epoch.
 */


#include <ngx_http_rooms_redis.h>

#include <openssl/rand.h>


static void ngx_http_rooms_redis_cmd_up(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_cmd_down(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_sub_up(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_sub_down(ngx_http_rooms_redis_conn_t *conn);


static ngx_connection_t  ngx_http_rooms_redis_dumb = { .fd = -1 };


ngx_int_t
ngx_http_rooms_redis_open(ngx_http_rooms_zone_t *zone)
{
    ngx_http_rooms_redis_t  *redis;

    redis = ngx_calloc(sizeof(ngx_http_rooms_redis_t), ngx_cycle->log);
    if (redis == NULL) {
        return NGX_ERROR;
    }

    /* a number of 32 bits that no other worker anywhere has */

    do {
        if (RAND_bytes((u_char *) &zone->owner, sizeof(uint32_t)) != 1) {
            ngx_free(redis);
            return NGX_ERROR;
        }
    } while (zone->owner == 0);

    redis->zone = zone;
    redis->conf = zone->app->redis;
    redis->me_len = ngx_sprintf(redis->me, "%uD", zone->owner) - redis->me;

    ngx_rbtree_init(&redis->ops, &redis->ops_sentinel,
                    ngx_rbtree_insert_value);
    ngx_queue_init(&redis->gatherings);
    ngx_queue_init(&redis->backlog);
    ngx_queue_init(&redis->letters);
    ngx_queue_init(&redis->timed);
    ngx_queue_init(&redis->joining);
    ngx_queue_init(&redis->departures);
    ngx_queue_init(&redis->restores);
    ngx_queue_init(&redis->moves);
    ngx_queue_init(&redis->fetches);
    rooms_buf_init(&redis->owners, 0);

    redis->timeout.handler = ngx_http_rooms_redis_timeout_handler;
    redis->timeout.data = &ngx_http_rooms_redis_dumb;
    redis->timeout.log = ngx_cycle->log;
    redis->timeout.cancelable = 1;

    redis->beat.handler = ngx_http_rooms_redis_beat_handler;
    redis->beat.data = &ngx_http_rooms_redis_dumb;
    redis->beat.log = ngx_cycle->log;
    redis->beat.cancelable = 1;

    redis->resume.handler = ngx_http_rooms_redis_resume_handler;
    redis->resume.data = redis;
    redis->resume.log = ngx_cycle->log;

    redis->gather.handler = ngx_http_rooms_redis_gather_handler;
    redis->gather.data = redis;
    redis->gather.log = ngx_cycle->log;

    redis->cmd.conf = redis->conf;
    redis->cmd.name = "commands";
    redis->cmd.data = redis;
    redis->cmd.up = ngx_http_rooms_redis_cmd_up;
    redis->cmd.down = ngx_http_rooms_redis_cmd_down;

    redis->sub.conf = redis->conf;
    redis->sub.name = "subscription";
    redis->sub.data = redis;
    redis->sub.up = ngx_http_rooms_redis_sub_up;
    redis->sub.down = ngx_http_rooms_redis_sub_down;
    redis->sub.push = ngx_http_rooms_redis_push;
    redis->sub.subscriber = 1;

    zone->redis = redis;
    zone->stat->elsewhere = zone->owner;
    zone->epoch = 0;
    zone->cursor = 1;

    ngx_http_rooms_redis_start(&redis->cmd);
    ngx_http_rooms_redis_start(&redis->sub);

    ngx_add_timer(&redis->beat, 1);

    return NGX_OK;
}


void
ngx_http_rooms_redis_close_zone(ngx_http_rooms_zone_t *zone)
{
    u_char                   key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t              words[4];
    ngx_http_rooms_redis_t  *redis;

    redis = zone->redis;

    ngx_http_rooms_redis_gathered_send(redis);

    /* a lease in the past: whoever looks next sees to what is left */

    words[0] = rooms_str("ZADD", 4);
    words[1] = ngx_http_rooms_redis_key(redis, key, "owners",
                                        rooms_str(NULL, 0));
    words[2] = rooms_str("1", 1);
    words[3] = ngx_http_rooms_redis_me(redis);

    if (redis->enlisted) {
        (void) ngx_http_rooms_redis_send(&redis->cmd, words, 4, NULL, NULL);
    }

    ngx_http_rooms_redis_stop(&redis->cmd);
    ngx_http_rooms_redis_stop(&redis->sub);

    if (redis->beat.timer_set) {
        ngx_del_timer(&redis->beat);
    }

    if (redis->timeout.timer_set) {
        ngx_del_timer(&redis->timeout);
    }
}


void
ngx_http_rooms_redis_free_zone(ngx_http_rooms_zone_t *zone)
{
    ngx_http_rooms_redis_letters_free(zone->redis);
    ngx_http_rooms_redis_gathered_free(zone->redis);
    ngx_http_rooms_redis_free_backlog(zone->redis);
    ngx_http_rooms_redis_forget_departures(zone->redis);
    ngx_http_rooms_redis_moves_free(zone->redis);

    rooms_buf_free(&zone->redis->owners);
    ngx_free(zone->redis);

    zone->redis = NULL;
}


ngx_uint_t
ngx_http_rooms_redis_healthy(ngx_http_rooms_zone_t *zone)
{
    return zone->redis->cmd.is_up && zone->redis->sub.is_up && zone->epoch;
}


rooms_str_t
ngx_http_rooms_redis_key(ngx_http_rooms_redis_t *redis, u_char *p,
    const char *kind, rooms_str_t name)
{
    u_char  *last;

    last = ngx_snprintf(p, NGX_HTTP_ROOMS_REDIS_KEY, "{%V:%V}:%s%*s",
                        &redis->conf->prefix, &redis->zone->app->name, kind,
                        name.len, name.data ? name.data : (u_char *) "");

    return rooms_str(p, last - p);
}


rooms_str_t
ngx_http_rooms_redis_digits(u_char *p, uint64_t n)
{
    return rooms_str(p, ngx_sprintf(p, "%uL", n) - p);
}


rooms_str_t
ngx_http_rooms_redis_me(ngx_http_rooms_redis_t *redis)
{
    return rooms_str(redis->me, redis->me_len);
}


static void
ngx_http_rooms_redis_cmd_up(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_t *redis = conn->data;

    redis->beating = 0;
    redis->came = redis->max;

    ngx_http_rooms_redis_beat(redis);
    ngx_http_rooms_redis_rooms_up(redis);
    ngx_http_rooms_redis_save_all(redis);
    ngx_http_rooms_redis_letters_send(redis);
}


static void
ngx_http_rooms_redis_cmd_down(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_t *redis = conn->data;

    redis->beating = 0;
}


static void
ngx_http_rooms_redis_sub_up(ngx_http_rooms_redis_conn_t *conn)
{
    u_char                   key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t              words[2];
    ngx_http_rooms_redis_t  *redis;

    redis = conn->data;

    words[0] = rooms_str("SUBSCRIBE", 9);
    words[1] = ngx_http_rooms_redis_key(redis, key, "w:",
                                        ngx_http_rooms_redis_me(redis));

    (void) ngx_http_rooms_redis_send(conn, words, 2, NULL, NULL);

    ngx_http_rooms_redis_rooms_subscribe(redis);
}


static void
ngx_http_rooms_redis_sub_down(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_t *redis = conn->data;

    ngx_http_rooms_redis_forget_backlog(redis);
    ngx_http_rooms_redis_rooms_stale(redis);
}


void
ngx_http_rooms_redis_epoch(ngx_http_rooms_redis_t *redis, rooms_str_t text)
{
    uint64_t  epoch;

    /* none at all: the next beat makes one */

    if (rooms_bus_number(text, &epoch) != ROOMS_OK) {
        ngx_http_rooms_redis_beat(redis);
        return;
    }

    if (epoch == redis->zone->epoch) {
        return;
    }

    if (redis->zone->epoch == 0) {
        redis->zone->epoch = epoch;
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "rooms: zone \"%V\": redis has lost its journal, clients "
                  "begin anew", &redis->zone->app->name);

    redis->zone->epoch = epoch;

    /* what was seen before has no meaning in it */

    redis->max = 0;
    redis->came = 0;

    ngx_http_rooms_redis_rooms_lost(redis);
    ngx_http_rooms_redis_save_all(redis);
}
