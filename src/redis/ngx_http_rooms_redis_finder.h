
/*
 * Copyright (C) nginx rooms contributors
 *
 * Which server keeps a zone: the one that is configured, the node of a
 * cluster that has the zone's slot, or the master that sentinels name.  All
 * connections of a zone in a worker share what is known.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_FINDER_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_FINDER_H_INCLUDED_


#include <ngx_http_rooms_redis_conn.h>


struct ngx_http_rooms_redis_finder_s {
    ngx_http_rooms_redis_conf_t  *conf;
    ngx_queue_t                   conns;

    ngx_http_rooms_redis_node_t   node;        /* if it is known */
    ngx_http_rooms_redis_node_t  *learned;     /* nodes of the cluster */
    ngx_uint_t                    nlearned;
    ngx_uint_t                    next;        /* to be tried */

    /* ngx_http_rooms_redis_sentinel.c */
    ngx_http_rooms_redis_link_t   link;
    ngx_event_t                   timer;
    ngx_uint_t                    failures;

    unsigned                      known:1;
    unsigned                      asking:1;    /* an answer is awaited */
    unsigned                      told:1;      /* the log, of sentinels */
};


/* A connection begins and ends to use the finder of its zone. */

ngx_int_t ngx_http_rooms_redis_finder_join(ngx_http_rooms_redis_conn_t *conn);
void ngx_http_rooms_redis_finder_leave(ngx_http_rooms_redis_conn_t *conn);

/*
 * Where to connect to.  NULL: it is being asked, and then all connections
 * follow.
 */

const ngx_http_rooms_redis_node_t *ngx_http_rooms_redis_find(
    ngx_http_rooms_redis_finder_t *finder);

/* This is the node; all connections that are elsewhere follow. */

void ngx_http_rooms_redis_found(ngx_http_rooms_redis_finder_t *finder,
    const ngx_http_rooms_redis_node_t *node);

/* That node was no good. */

void ngx_http_rooms_redis_unfound(ngx_http_rooms_redis_finder_t *finder,
    const ngx_http_rooms_redis_node_t *node);

/* Keeps the nodes in a reply to CLUSTER SLOTS that "from" has given. */

void ngx_http_rooms_redis_learn(ngx_http_rooms_redis_finder_t *finder,
    redisReply *reply, const ngx_http_rooms_redis_node_t *from);

/* 1: it is the same server. */

ngx_uint_t ngx_http_rooms_redis_node_is(const ngx_http_rooms_redis_node_t *a,
    const ngx_http_rooms_redis_node_t *b);

/* NGX_ERROR: the host is too long. */

ngx_int_t ngx_http_rooms_redis_node(ngx_http_rooms_redis_node_t *node,
    rooms_str_t host, ngx_uint_t port);


/* ngx_http_rooms_redis_sentinel.c */

void ngx_http_rooms_redis_sentinel_init(
    ngx_http_rooms_redis_finder_t *finder);
void ngx_http_rooms_redis_sentinel_ask(ngx_http_rooms_redis_finder_t *finder);
void ngx_http_rooms_redis_sentinel_stop(
    ngx_http_rooms_redis_finder_t *finder);


#endif /* _NGX_HTTP_ROOMS_REDIS_FINDER_H_INCLUDED_ */
