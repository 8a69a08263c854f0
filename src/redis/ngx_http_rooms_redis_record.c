
/*
 * Copyright (C) nginx rooms contributors
 *
 * Records of sockets in Redis, and what is left of workers that died.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_record.h>


#define NGX_HTTP_ROOMS_REDIS_BURY  64        /* sockets at a time */


typedef struct {
    ngx_http_rooms_redis_t    *redis;
    size_t                     len;
    u_char                     owner[NGX_INT64_LEN];
} ngx_http_rooms_burial_t;


typedef struct {
    ngx_http_rooms_zone_t     *zone;
    u_char                     sid[NGX_HTTP_ROOMS_SID_LEN];
} ngx_http_rooms_saved_t;


static void ngx_http_rooms_redis_saved(void *data, redisReply *reply);
static void ngx_http_rooms_redis_bury_more(ngx_http_rooms_redis_t *redis,
    rooms_str_t owner, rooms_str_t told);
static void ngx_http_rooms_redis_bury_reply(void *data, redisReply *reply);
static ngx_uint_t ngx_http_rooms_redis_bury_one(ngx_http_rooms_redis_t *redis,
    rooms_str_t sid, rooms_str_t data, ngx_uint_t again);


ngx_int_t
ngx_http_rooms_redis_save(ngx_http_rooms_socket_t *socket)
{
    u_char                   keys[2][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[NGX_INT64_LEN];
    ngx_int_t                rc;
    rooms_buf_t              b;
    rooms_str_t              words[7];
    ngx_http_rooms_redis_t  *redis;
    ngx_http_rooms_saved_t  *saved;

    redis = socket->session->zone->redis;

    rooms_buf_init(&b, 0);
    ngx_http_rooms_record_encode(&b, socket, NULL);

    words[2] = rooms_str(socket->sid, NGX_HTTP_ROOMS_SID_LEN);
    words[3] = ngx_http_rooms_redis_me(redis);
    words[4] = rooms_str(b.data, b.len);
    words[5] = rooms_str(socket->registered ? "0" : "1", 1);
    words[6] = ngx_http_rooms_redis_digits(digits, redis->zone->epoch);
    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "@:", words[2]);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "m:", words[3]);

    /* where it is away now, all are saved when it is back */

    socket->registered = 1;
    rc = b.failed ? NGX_DECLINED : NGX_OK;

    saved = ngx_alloc(sizeof(ngx_http_rooms_saved_t), ngx_cycle->log);

    if (rc == NGX_OK && saved) {
        saved->zone = redis->zone;
        ngx_memcpy(saved->sid, socket->sid, NGX_HTTP_ROOMS_SID_LEN);

        if (ngx_http_rooms_redis_script(&redis->cmd,
                                        NGX_HTTP_ROOMS_SCRIPT_SAVE, words, 2,
                                        7, ngx_http_rooms_redis_saved, saved)
            == NGX_OK)
        {
            saved = NULL;
        }
    }

    if (saved) {
        ngx_free(saved);
    }

    rooms_buf_free(&b);

    return rc;
}


/* 0: somebody else has the socket, since this worker was thought dead. */

static void
ngx_http_rooms_redis_saved(void *data, redisReply *reply)
{
    ngx_http_rooms_saved_t *saved = data;

    ngx_http_rooms_socket_t  *socket;

    if (reply == NULL) {

        /* refused, or lost with the connection: all are saved again */

        saved->zone->redis->unsaved = 1;
    }

    if (reply && ngx_http_rooms_redis_integer(reply) == 0) {
        socket = ngx_http_rooms_socket_find(saved->zone,
                                            rooms_str(saved->sid,
                                                   NGX_HTTP_ROOMS_SID_LEN));
        if (socket) {
            ngx_http_rooms_session_doom(socket->session,
                                        NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        }
    }

    ngx_free(saved);
}


/* Redis was away, or has lost them. */

void
ngx_http_rooms_redis_save_all(ngx_http_rooms_redis_t *redis)
{
    rooms_link_t             *node;
    rooms_table_t            *table;
    ngx_http_rooms_socket_t  *socket;

    table = &redis->zone->sockets;

    for (node = rooms_table_next(table, NULL);
         node;
         node = rooms_table_next(table, node))
    {
        socket = rooms_table_data(node, ngx_http_rooms_socket_t, node);

        if (socket->registered) {
            (void) ngx_http_rooms_redis_save(socket);
        }
    }

    ngx_http_rooms_redis_depart_again(redis);
}


void
ngx_http_rooms_redis_revoke(ngx_http_rooms_zone_t *zone, rooms_str_t sid)
{
    u_char       keys[2][NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t  words[2];

    words[0] = ngx_http_rooms_redis_key(zone->redis, keys[0], "@:", sid);
    words[1] = ngx_http_rooms_redis_key(zone->redis, keys[1], "owners",
                                        rooms_str(NULL, 0));

    (void) ngx_http_rooms_redis_script(&zone->redis->cmd,
                                       NGX_HTTP_ROOMS_SCRIPT_REVOKE, words, 2,
                                       2, NULL, NULL);
}


void
ngx_http_rooms_redis_bury(ngx_http_rooms_redis_t *redis, rooms_str_t owner)
{
    ngx_http_rooms_redis_bury_more(redis, owner, rooms_str(NULL, 0));
}


/* told: sids that are seen to, one after the other. */

static void
ngx_http_rooms_redis_bury_more(ngx_http_rooms_redis_t *redis,
    rooms_str_t owner, rooms_str_t told)
{
    u_char                    keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                    head[NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                    digits[NGX_INT64_LEN];
    ngx_uint_t                n;
    rooms_str_t               words[7 + NGX_HTTP_ROOMS_REDIS_BURY], none;
    ngx_http_rooms_burial_t  *burial;

    burial = ngx_alloc(sizeof(ngx_http_rooms_burial_t), ngx_cycle->log);

    if (burial == NULL || owner.len > NGX_INT64_LEN) {
        ngx_free(burial);
        return;
    }

    burial->redis = redis;
    burial->len = owner.len;
    ngx_memcpy(burial->owner, owner.data, owner.len);

    none = rooms_str(NULL, 0);

    words[3] = rooms_str(burial->owner, burial->len);
    words[4] = ngx_http_rooms_redis_me(redis);
    words[5] = ngx_http_rooms_redis_key(redis, head, "@:", none);
    words[6] = ngx_http_rooms_redis_digits(digits, NGX_HTTP_ROOMS_REDIS_BURY);
    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "owners", none);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "m:", words[3]);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "m:", words[4]);

    for (n = 7; told.len && n < sizeof(words) / sizeof(words[0]); n++) {
        words[n] = rooms_str(told.data, NGX_HTTP_ROOMS_SID_LEN);
        told.data += NGX_HTTP_ROOMS_SID_LEN;
        told.len -= NGX_HTTP_ROOMS_SID_LEN;
    }

    if (ngx_http_rooms_redis_script(&redis->cmd, NGX_HTTP_ROOMS_SCRIPT_BURY,
                                    words, 3, n,
                                    ngx_http_rooms_redis_bury_reply, burial)
        != NGX_OK)
    {
        ngx_free(burial);
    }
}


/* Where it is lost, the owner is still among those that beats tell of. */

static void
ngx_http_rooms_redis_bury_reply(void *data, redisReply *reply)
{
    size_t                    i;
    ngx_uint_t                n;
    rooms_buf_t               told;
    rooms_str_t               sid;
    ngx_http_rooms_burial_t  *burial;

    burial = data;
    n = 0;

    rooms_buf_init(&told, 0);

    for (i = 0; ngx_http_rooms_redis_element(reply, i + 2); i += 3) {
        sid = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply,
                                                                    i));
        if (sid.len != NGX_HTTP_ROOMS_SID_LEN) {
            continue;
        }

        rooms_buf_str(&told, sid);

        n += ngx_http_rooms_redis_bury_one(burial->redis, sid,
                       ngx_http_rooms_redis_str(
                               ngx_http_rooms_redis_element(reply, i + 1)),
                       ngx_http_rooms_redis_str(
                               ngx_http_rooms_redis_element(reply, i + 2)).len
                       != 0);
    }

    if (n) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "rooms: worker %*s of another time or place is gone, "
                      "%ui of its sockets are disconnected",
                      burial->len, burial->owner, n);
    }

    if (told.len && !told.failed) {

        /* there may be more */

        ngx_http_rooms_redis_bury_more(burial->redis,
                                       rooms_str(burial->owner, burial->len),
                                       rooms_str(told.data, told.len));
    }

    rooms_buf_free(&told);
    ngx_free(burial);
}


/* again: the same was given before.  1: its rooms are being told now. */

static ngx_uint_t
ngx_http_rooms_redis_bury_one(ngx_http_rooms_redis_t *redis, rooms_str_t sid,
    rooms_str_t data, ngx_uint_t again)
{
    uint64_t                  since;
    rooms_buf_t               names;
    rooms_str_t               in, name;
    ngx_http_rooms_record_t   rec;

    if (again && ngx_http_rooms_redis_departs(redis, sid)) {
        return 0;
    }

    ngx_memzero(&rec, sizeof(ngx_http_rooms_record_t));
    rooms_buf_init(&names, 0);

    rooms_buf_str(&rec.buf, data);

    if (ngx_http_rooms_record_decode(&rec) == NGX_OK) {
        in = rec.rooms;

        while (ngx_http_rooms_record_room(&in, &name, &since) == NGX_OK) {
            rooms_buf_str16(&names, name);
        }

        if (!rec.recoverable) {
            rec.window = 0;
        }

    } else {
        rec.window = 0;
        rec.nsp = rooms_str(NULL, 0);
    }

    ngx_http_rooms_redis_depart(redis->zone, sid, rec.nsp,
                                rooms_str(names.data, names.len),
                                ROOMS_GONE_ERROR, rec.window, 1);

    rooms_buf_free(&names);
    rooms_buf_free(&rec.buf);

    return 1;
}
