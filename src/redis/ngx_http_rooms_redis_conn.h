
/*
 * Copyright (C) nginx rooms contributors
 *
 * A connection to the server that keeps a zone: commands go out in the order
 * in which they are given, replies come back in the same order.  It finds the
 * server, connects by itself, and again whenever it was lost, later each time
 * and not to the beat of the others; it follows the zone to another node of a
 * cluster, and to another master.  Nothing blocks.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_CONN_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_CONN_H_INCLUDED_


#include <ngx_http_rooms_redis_link.h>

#include <rooms_types.h>


typedef struct ngx_http_rooms_redis_conn_s  ngx_http_rooms_redis_conn_t;


/* reply is NULL where the connection was lost before it came. */

typedef void (*ngx_http_rooms_redis_reply_pt)(void *data, redisReply *reply);

typedef struct {
    ngx_queue_t                   queue;
    ngx_http_rooms_redis_reply_pt handler;     /* or NULL */
    void                         *data;
    ngx_msec_t                    sent;
    size_t                        len;         /* 0: it is not repeated */
    u_char                        text[];      /* as it was sent */
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

    /* a node that is asked on behalf of another connection, which has done
     * so first; NULL: the zone's */
    ngx_http_rooms_redis_conn_t  *parent;

    ngx_queue_t                   queue;       /* in finder->conns */
    ngx_http_rooms_redis_link_t   link;
    ngx_queue_t                   calls;       /* that wait for replies */
    ngx_queue_t                   held;        /* that wait to be repeated */
    size_t                        held_size;   /* octets of those */
    ngx_queue_t                   forgotten;   /* calls: of unknown scripts */
    ngx_event_t                   timer;       /* to connect; else to check */
    ngx_event_t                   again;       /* to repeat what is held */
    ngx_http_rooms_redis_conn_t  *ask;         /* of a slot that moves */
    ngx_msec_t                    since;       /* when it came up */
    ngx_uint_t                    failures;
    ngx_uint_t                    hops;        /* to other nodes, in a row */
    uint64_t                      connects;
    unsigned                      subscriber:1;
    unsigned                      is_up:1;
    unsigned                      greeting:1;
    unsigned                      moving:1;    /* to another node, is up */
    unsigned                      cluster:1;   /* the server is part of one */
    unsigned                      replica:1;
    unsigned                      loading:1;   /* scripts, again */
    unsigned                      stopped:1;
    unsigned                      told:1;      /* the log, that it is away */
    unsigned                      refused:1;   /* and so, that it refuses */
    unsigned                      full:1;      /* and so, that it does not
                                                  write */
};


/* The fields above "parent", and "subscriber", are set, the others zero. */

void ngx_http_rooms_redis_start(ngx_http_rooms_redis_conn_t *conn);

/* For ever; calls that wait are not told. */

void ngx_http_rooms_redis_stop(ngx_http_rooms_redis_conn_t *conn);

/* Closes it, calls are told, and it connects again. */

void ngx_http_rooms_redis_lost(ngx_http_rooms_redis_conn_t *conn,
    const char *why);

/*
 * Sends a command of n words.  NGX_ERROR: it is not connected, or there is no
 * memory; the handler is not called then.  Error replies are logged, and NULL
 * for the handler; a subscriber has none.
 */

ngx_int_t ngx_http_rooms_redis_send(ngx_http_rooms_redis_conn_t *conn,
    const rooms_str_t *words, ngx_uint_t n,
    ngx_http_rooms_redis_reply_pt handler, void *data);


/* For the files of this layer. */

/* The node is known now, or is another: goes there, unless it is there. */

void ngx_http_rooms_redis_follow(ngx_http_rooms_redis_conn_t *conn,
    const ngx_http_rooms_redis_node_t *node);

/* Opens the link, to where the finder says; or waits until it knows. */

void ngx_http_rooms_redis_connect(ngx_http_rooms_redis_conn_t *conn);
void ngx_http_rooms_redis_conn_open(ngx_http_rooms_redis_conn_t *conn,
    const ngx_http_rooms_redis_node_t *node);

/* The link is closed: nothing of what was asked is answered any more. */

void ngx_http_rooms_redis_down(ngx_http_rooms_redis_conn_t *conn);

/* To the node of a MOVED, when all replies have come; others follow. */

void ngx_http_rooms_redis_moved(ngx_http_rooms_redis_conn_t *conn,
    rooms_str_t host, ngx_uint_t port);

/* Sends a call, or sends it again; what cannot be sent is answered so. */

void ngx_http_rooms_redis_call(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call);

/* Sends a command before the connection is up. */

ngx_int_t ngx_http_rooms_redis_greet(ngx_http_rooms_redis_conn_t *conn,
    const rooms_str_t *words, ngx_uint_t n,
    ngx_http_rooms_redis_reply_pt handler, void *data);

/* The last of those commands has been answered well. */

void ngx_http_rooms_redis_greeted(ngx_http_rooms_redis_conn_t *conn);

/* A call gets its reply and is freed; NULL: it was lost. */

void ngx_http_rooms_redis_answer(ngx_http_rooms_redis_call_t *call,
    redisReply *reply);


/* ngx_http_rooms_redis_hello.c: what is said first on a connection */

void ngx_http_rooms_redis_hello(ngx_http_rooms_redis_conn_t *conn);


/* ngx_http_rooms_redis_full.c: logs an error reply, and marks a server that
 * does not write */

void ngx_http_rooms_redis_error(ngx_http_rooms_redis_conn_t *conn,
    const char *text);


/* ngx_http_rooms_redis_eval.c: scripts */

/* Gives all of them to Redis; the handler gets a reply for each. */

ngx_int_t ngx_http_rooms_redis_load(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_reply_pt handler, void *data);

/* The script of the call is unknown: it is sent again when it is not. */

void ngx_http_rooms_redis_forgotten(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call);


/* ngx_http_rooms_redis_check.c: sets the events up, before any is added */

void ngx_http_rooms_redis_timers_init(ngx_http_rooms_redis_conn_t *conn);


/* ngx_http_rooms_redis_cluster.c */

/* 1: the call was taken over, and will be sent again. */

ngx_uint_t ngx_http_rooms_redis_redirected(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call, redisReply *reply);

/* A call that waits to be sent again. */

void ngx_http_rooms_redis_hold(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call);
void ngx_http_rooms_redis_unhold(ngx_http_rooms_redis_conn_t *conn);
void ngx_http_rooms_redis_ask_stop(ngx_http_rooms_redis_conn_t *conn);


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
