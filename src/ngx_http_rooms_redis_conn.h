
/*
 * Copyright (C) nginx rooms contributors
 *
 * A connection to Redis: commands go out in the order in which they are
 * given, replies come back in the same order (RESP2).  It connects by itself,
 * and again whenever it was lost, later each time and not to the beat of the
 * others.  Nothing blocks.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_CONN_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_CONN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include <ngx_http.h>

#include <hiredis/hiredis.h>

#include <rooms_types.h>
#include <rooms_buf.h>


typedef struct ngx_http_rooms_redis_conn_s  ngx_http_rooms_redis_conn_t;


/* From the "redis..." directives of a rooms_app block. */

typedef struct {
    ngx_str_t                     url;
    ngx_addr_t                   *addrs;
    ngx_uint_t                    naddrs;
    ngx_str_t                     user;
    ngx_str_t                     password;
    ngx_str_t                     password_file;
    ngx_str_t                     prefix;
    ngx_uint_t                    db;
    ngx_msec_t                    timeout;
    ngx_uint_t                    history;     /* records of a room's stream */
    ngx_msec_t                    keep;        /* ms, of streams of the dead */
} ngx_http_rooms_redis_conf_t;


/* reply is NULL where the connection was lost before it came. */

typedef void (*ngx_http_rooms_redis_reply_pt)(void *data, redisReply *reply);

typedef struct {
    ngx_queue_t                   queue;
    ngx_http_rooms_redis_reply_pt handler;     /* or NULL */
    void                         *data;
    ngx_msec_t                    sent;
} ngx_http_rooms_redis_call_t;


struct ngx_http_rooms_redis_conn_s {
    ngx_http_rooms_redis_conf_t  *conf;
    const char                   *name;        /* for the log */
    void                         *data;

    /* it is up, it is down again */
    void                        (*up)(ngx_http_rooms_redis_conn_t *conn);
    void                        (*down)(ngx_http_rooms_redis_conn_t *conn);

    /* what nobody has asked for: subscribers only, which get all here */
    void                        (*push)(ngx_http_rooms_redis_conn_t *conn,
                                        redisReply *reply);

    ngx_peer_connection_t         peer;
    ngx_pool_t                   *pool;        /* of the connection */
    redisReader                  *reader;
    rooms_buf_t                   out;
    size_t                        sent;        /* of out */
    ngx_queue_t                   calls;       /* that wait for replies */
    ngx_event_t                   timer;       /* to connect; else to check */
    ngx_event_t                   flush;
    ngx_msec_t                    heard;       /* when something came last */
    ngx_uint_t                    failures;
    ngx_uint_t                    addr;
    uint64_t                      connects;
    unsigned                      subscriber:1;
    unsigned                      is_up:1;
    unsigned                      dispatching:1;
    unsigned                      broken:1;
    unsigned                      stopped:1;
    unsigned                      told:1;      /* the log, that it is away */
};


/* The fields above "peer" are set, the others zero. */

void ngx_http_rooms_redis_start(ngx_http_rooms_redis_conn_t *conn);

/* For ever; calls that wait are not told. */

void ngx_http_rooms_redis_stop(ngx_http_rooms_redis_conn_t *conn);

/* Closes it, calls are told, and it connects again. */

void ngx_http_rooms_redis_lost(ngx_http_rooms_redis_conn_t *conn,
    const char *why);

/*
 * Sends a command of n words.  NGX_ERROR: it is not connected, or there is no
 * memory; the handler is not called then.
 */

ngx_int_t ngx_http_rooms_redis_send(ngx_http_rooms_redis_conn_t *conn,
    const rooms_str_t *words, ngx_uint_t n,
    ngx_http_rooms_redis_reply_pt handler, void *data);


/* Elements of replies; an empty string where it is something else. */

static ngx_inline rooms_str_t
ngx_http_rooms_redis_str(redisReply *reply)
{
    if (reply && reply->type == REDIS_REPLY_STRING) {
        return rooms_str(reply->str, reply->len);
    }

    return rooms_str(NULL, 0);
}


static ngx_inline redisReply *
ngx_http_rooms_redis_element(redisReply *reply, size_t i)
{
    if (reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements) {
        return reply->element[i];
    }

    return NULL;
}


static ngx_inline ngx_int_t
ngx_http_rooms_redis_integer(redisReply *reply)
{
    return (reply && reply->type == REDIS_REPLY_INTEGER) ? reply->integer
                                                         : NGX_ERROR;
}


#endif /* _NGX_HTTP_ROOMS_REDIS_CONN_H_INCLUDED_ */
