
/*
 * Copyright (C) nginx rooms contributors
 *
 * A Redis that answers and reads, but writes nothing: it has no memory left
 * (maxmemory, noeviction), or no disk, or not the replicas that it needs.  That
 * is logged once.  What an application writes is refused; leases and what gives
 * memory back are written all the same, see the scripts.
 */


#include <ngx_http_rooms_redis.h>


static void ngx_http_rooms_redis_probed(void *data, redisReply *reply);


void
ngx_http_rooms_redis_error(ngx_http_rooms_redis_conn_t *conn,
    const char *text)
{
    ngx_uint_t  full;

    while (conn->parent) {
        conn = conn->parent;
    }

    full = (ngx_strstr(text, "OOM command not allowed")
            || ngx_strncmp(text, "MISCONF", 7) == 0
            || ngx_strncmp(text, "NOREPLICAS", 10) == 0);

    if (full && conn->full) {
        return;
    }

    conn->full |= full;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "rooms: redis \"%V\"%s: %s",
                  &conn->conf->url, full ? " refuses to write" : "", text);
}


void
ngx_http_rooms_redis_probe(ngx_http_rooms_redis_t *redis)
{
    u_char       key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t  words[4];

    if (!redis->cmd.full) {
        return;
    }

    words[0] = rooms_str("HSET", 4);
    words[1] = ngx_http_rooms_redis_key(redis, key, "z", rooms_str(NULL, 0));
    words[2] = rooms_str("probe", 5);
    words[3] = rooms_str("1", 1);

    (void) ngx_http_rooms_redis_send(&redis->cmd, words, 4,
                                     ngx_http_rooms_redis_probed, redis);
}


/* What waits is decided when the rooms have been read. */

static void
ngx_http_rooms_redis_probed(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_t *redis = data;

    if (reply == NULL || !redis->cmd.full) {
        return;
    }

    redis->cmd.full = 0;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "rooms: redis \"%V\" writes again", &redis->conf->url);

    ngx_http_rooms_redis_rooms_up(redis);
}
