
/*
 * Copyright (C) nginx rooms contributors
 *
 * Long-polling, and the change from it to WebSocket.
 *
 * A request is a handle: it stands for an HTTP request of this worker, or
 * for one that waits in another worker (ngx_http_rooms_remote.c).
 */


#ifndef _NGX_HTTP_ROOMS_POLLING_H_INCLUDED_
#define _NGX_HTTP_ROOMS_POLLING_H_INCLUDED_


#include <ngx_http_rooms_session.h>


typedef struct ngx_http_rooms_exchange_s  ngx_http_rooms_exchange_t;

struct ngx_http_rooms_exchange_s {
    ngx_http_request_t          *request;     /* here, or NULL */
    ngx_http_rooms_zone_t       *zone;
    uint32_t                     owner;       /* there: who, and which */
    uint64_t                     id;
    ngx_http_rooms_session_t    *session;     /* it waits for, or NULL */
    ngx_str_t                    sid;         /* there: of the session */
    ngx_pool_cleanup_t          *cleanup;     /* of the request */
    ngx_rbtree_node_t            node;        /* there: those that wait */
    ngx_msec_t                   since;       /* it waits */
    unsigned                     listed:1;
    unsigned                     coming:1;    /* its body */
};


struct ngx_http_rooms_poll_s {
    ngx_http_rooms_exchange_t   *get;         /* waits for packets, or NULL */
    ngx_http_rooms_exchange_t   *post;        /* its body is coming, or NULL */
    ngx_event_t                  upgrade;     /* noops while one is probed */
    uint32_t                     holder;      /* of the candidate: a worker */
    uint64_t                     candidate;   /* 0: none */
    ngx_msec_t                   reserved;    /* when it came */
    unsigned                     stopped:1;   /* the candidate has it next */
};


/* What an exchange is answered with. */

typedef enum {
    NGX_HTTP_ROOMS_ANSWER_PACKETS = 0,        /* 200 text/plain */
    NGX_HTTP_ROOMS_ANSWER_OK,                 /* 200 text/html "ok" */
    NGX_HTTP_ROOMS_ANSWER_ERROR               /* 400 or 413 {"code"...} */
} ngx_http_rooms_answer_e;

/* Answers and frees the exchange. */

void ngx_http_rooms_exchange_answer(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_answer_e type, ngx_uint_t code, rooms_str_t body);


/*
 * A POST begins: NGX_OK, or the code of the error that answers it.  It ends
 * with ngx_http_rooms_polling_post() or ngx_http_rooms_polling_abort().
 */

ngx_int_t ngx_http_rooms_polling_begin_post(ngx_http_rooms_session_t *s,
    ngx_http_rooms_exchange_t *x);

/* A GET and a POST with its whole body, for a session of this worker. */

void ngx_http_rooms_polling_get(ngx_http_rooms_session_t *s,
    ngx_http_rooms_exchange_t *x);
void ngx_http_rooms_polling_post(ngx_http_rooms_session_t *s,
    ngx_http_rooms_exchange_t *x, rooms_str_t body);

/* The client hung up while it waited. */

void ngx_http_rooms_polling_abort(ngx_http_rooms_exchange_t *x);

/* The request was answered by nginx; the session goes on. */

void ngx_http_rooms_polling_drop(ngx_http_rooms_exchange_t *x);

/* Sends what is queued, if a GET waits. */

void ngx_http_rooms_polling_flush(ngx_http_rooms_session_t *s);

/*
 * A WebSocket is the session's candidate, named by its worker and a number
 * other than 0.  NGX_DECLINED: there is one already, or it comes too late.
 */

ngx_int_t ngx_http_rooms_polling_reserve(ngx_http_rooms_session_t *s,
    uint32_t holder, uint64_t candidate);

/* The candidate was probed: requests are answered soon, so that the client
 * can stop polling. */

void ngx_http_rooms_polling_probe(ngx_http_rooms_session_t *s,
    uint32_t holder, uint64_t candidate);

/* It is the candidate no more; where polling has stopped, the session ends
 * with it. */

void ngx_http_rooms_polling_release(ngx_http_rooms_session_t *s,
    uint32_t holder, uint64_t candidate);

/* 1 where it is the candidate. */

ngx_uint_t ngx_http_rooms_polling_candidate(ngx_http_rooms_session_t *s,
    uint32_t holder, uint64_t candidate);

/*
 * The client has changed to the candidate, but the session has to wait for
 * something yet: its last request is answered, and more are refused.
 */

void ngx_http_rooms_polling_stop(ngx_http_rooms_session_t *s);

/* Polling is over for the session: its last request is answered. */

void ngx_http_rooms_polling_finish(ngx_http_rooms_session_t *s);

/* The session ends: what waits is answered. */

void ngx_http_rooms_polling_close(ngx_http_rooms_session_t *s);


#endif /* _NGX_HTTP_ROOMS_POLLING_H_INCLUDED_ */
