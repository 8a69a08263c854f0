
/*
 * Copyright (C) nginx rooms contributors
 *
 * One connection to one server: its name is resolved, it is connected to, TLS
 * is spoken where that is configured; then octets go out, and replies (RESP2)
 * come in.  When it is lost, it stays closed until it is opened again.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_LINK_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_LINK_H_INCLUDED_


#include <ngx_http_rooms_redis_conf.h>

#include <ngx_event.h>
#include <ngx_event_connect.h>

#include <hiredis/hiredis.h>

#include <rooms_buf.h>


typedef struct ngx_http_rooms_redis_link_s  ngx_http_rooms_redis_link_t;


struct ngx_http_rooms_redis_link_s {
    ngx_http_rooms_redis_conf_t  *conf;
    void                         *data;

    /* what has been written goes out from here on */
    void                        (*ready)(ngx_http_rooms_redis_link_t *link);

    /* the reply is freed afterwards; the link must not be closed here, but
     * "broken" may be set to say why it has to be */
    void                        (*reply)(ngx_http_rooms_redis_link_t *link,
                                         redisReply *reply);

    /* it was lost, and is closed */
    void                        (*lost)(ngx_http_rooms_redis_link_t *link,
                                        const char *why);

    ngx_http_rooms_redis_node_t   node;
    ngx_peer_connection_t         peer;
    ngx_str_t                     name;        /* of peer, for the log */
    ngx_resolver_ctx_t           *resolving;
    ngx_pool_t                   *pool;        /* while it is open */
    redisReader                  *reader;
    rooms_buf_t                   out;
    size_t                        sent;        /* of out */
    ngx_event_t                   flush;
    ngx_msec_t                    heard;       /* when something came last */
    const char                   *broken;
    unsigned                      replying:1;
    unsigned                      is_ready:1;
};


/* The fields above "node" are set, the others zero. */

void ngx_http_rooms_redis_link_init(ngx_http_rooms_redis_link_t *link);

/* A link that is closed; lost may be called before this returns. */

void ngx_http_rooms_redis_link_open(ngx_http_rooms_redis_link_t *link,
    const ngx_http_rooms_redis_node_t *node);

/* Nobody is told.  What was written and not sent yet is forgotten. */

void ngx_http_rooms_redis_link_close(ngx_http_rooms_redis_link_t *link);

/* Closes it and calls lost; from within "reply", after it. */

void ngx_http_rooms_redis_link_fail(ngx_http_rooms_redis_link_t *link,
    const char *why);

/* Sends what can be sent at once, before the link is closed. */

void ngx_http_rooms_redis_link_drain(ngx_http_rooms_redis_link_t *link);

ngx_uint_t ngx_http_rooms_redis_link_is_open(
    ngx_http_rooms_redis_link_t *link);

/*
 * Writes a command of n words, or, where n is 0, the octets of one that is
 * encoded already; also before the link is ready.  NGX_ERROR: no memory, or
 * too much is waiting already.
 */

ngx_int_t ngx_http_rooms_redis_link_write(ngx_http_rooms_redis_link_t *link,
    const rooms_str_t *words, ngx_uint_t n);

/* Appends a command of n words in the protocol's form. */

void ngx_http_rooms_redis_encode(rooms_buf_t *b, const rooms_str_t *words,
    ngx_uint_t n);


/* For ngx_http_rooms_redis_tls.c and _resolve.c. */

/* The address is known: node, port and all. */

void ngx_http_rooms_redis_link_connect(ngx_http_rooms_redis_link_t *link,
    struct sockaddr *sockaddr, socklen_t socklen);
void ngx_http_rooms_redis_link_ready(ngx_http_rooms_redis_link_t *link);


/* ngx_http_rooms_redis_tls.c */

/* The end of a rooms_app block. */

ngx_int_t ngx_http_rooms_redis_tls_conf(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf);

/* Begins the handshake on a connected link. */

void ngx_http_rooms_redis_tls_handshake(ngx_http_rooms_redis_link_t *link);
void ngx_http_rooms_redis_tls_close(ngx_connection_t *c);


/* ngx_http_rooms_redis_resolve.c: connects when the address is known */

void ngx_http_rooms_redis_resolve(ngx_http_rooms_redis_link_t *link);
void ngx_http_rooms_redis_resolve_cancel(ngx_http_rooms_redis_link_t *link);


#endif /* _NGX_HTTP_ROOMS_REDIS_LINK_H_INCLUDED_ */
