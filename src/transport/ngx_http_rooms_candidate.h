
/*
 * Copyright (C) nginx rooms contributors
 *
 * A candidate: a WebSocket that a session over long-polling may change to.
 * It answers the client's probe, and is the session's connection when the
 * client says so; one that comes too late is closed.
 */


#ifndef _NGX_HTTP_ROOMS_CANDIDATE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_CANDIDATE_H_INCLUDED_


#include <ngx_http_rooms_upgrade.h>


typedef enum {
    NGX_HTTP_ROOMS_WAIT_OWNER = 0,             /* as a request */
    NGX_HTTP_ROOMS_DECLINED,
    NGX_HTTP_ROOMS_WAIT_PROBE,
    NGX_HTTP_ROOMS_WAIT_UPGRADE,
    NGX_HTTP_ROOMS_WAIT_SESSION
} ngx_http_rooms_candidate_e;


struct ngx_http_rooms_candidate_s {
    ngx_rbtree_node_t            node;        /* by the id */
    uint64_t                     id;
    uint32_t                     owner;       /* 0: this worker */
    ngx_http_rooms_candidate_e   state;
    ngx_http_rooms_loc_conf_t   *conf;
    ngx_connection_t            *connection;  /* NULL: it is not accepted */
    ngx_http_request_t          *request;
    ngx_pool_cleanup_t          *cleanup;     /* of the request, until then */
    rooms_ws_reader_t            reader;
    ngx_event_t                  timer;
    ngx_event_t                  again;       /* asks for the session */
    rooms_buf_t                  rest;        /* read and not yet looked at */
    ngx_http_rooms_queue_t       out;
    u_char                       sid[ROOMS_EIO_SID_LEN];
    uint8_t                      deflate;
    unsigned                     reserved:1;  /* or may be */
    unsigned                     moving:1;    /* the session is here soon */
};


/*
 * Lists it and asks the owner, while the request waits.  NGX_ERROR: it cannot
 * be asked, and the candidate is still the caller's.
 */

ngx_int_t ngx_http_rooms_candidate_ask(ngx_http_rooms_candidate_t *cand,
    ngx_http_request_t *r);

/* Frees one whose request is answered otherwise. */

void ngx_http_rooms_candidate_cancel(ngx_http_rooms_candidate_t *cand);

/* Takes over the connection; a ngx_http_rooms_ws_begin_pt. */

void ngx_http_rooms_candidate_begin(ngx_connection_t *c,
    ngx_http_request_t *r, void *data, u_char *p, size_t n);

/*
 * The client has asked for the change (ngx_http_rooms_upgrade.c): the
 * candidate is gone, or waits for the session of another worker.
 */

void ngx_http_rooms_candidate_take(ngx_http_rooms_candidate_t *cand);

/* The session as this worker has it, over long-polling; or NULL. */

ngx_http_rooms_session_t *ngx_http_rooms_candidate_session(
    ngx_http_rooms_candidate_t *cand);

ngx_http_rooms_candidate_t *ngx_http_rooms_candidate_find(uint64_t id);

/* Closes those that wait for a worker that is gone. */

void ngx_http_rooms_candidates_gone(ngx_http_rooms_zone_t *zone,
    uint32_t owner);

/* It is a candidate no more; the connection stays. */

void ngx_http_rooms_candidate_remove(ngx_http_rooms_candidate_t *cand);

/*
 * Closes the connection, or answers the request that there is no such session,
 * and frees the candidate.
 */

void ngx_http_rooms_candidate_close(ngx_http_rooms_candidate_t *cand);


#endif /* _NGX_HTTP_ROOMS_CANDIDATE_H_INCLUDED_ */
