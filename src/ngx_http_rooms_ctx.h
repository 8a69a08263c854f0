
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a request knows of its session: the module's context of a request of
 * a "rooms" location.  The transport sets it, and copies the figures into it
 * before the request is logged; the variables show it.
 */


#ifndef _NGX_HTTP_ROOMS_CTX_H_INCLUDED_
#define _NGX_HTTP_ROOMS_CTX_H_INCLUDED_


#include <ngx_http_rooms_conf.h>


typedef struct {
    ngx_http_rooms_session_t  *session;      /* or NULL */
    ngx_http_rooms_app_t      *app;
    ngx_str_t                  sid;          /* of the request's pool; empty:
                                                there is no session */
    uint64_t                   in;           /* events */
    uint64_t                   out;
    ngx_uint_t                 polling;
    ngx_uint_t                 close;        /* ngx_http_rooms_close_e */

    void                      *exchange;     /* of the polling transport */
    void                      *pending;      /* hand-over to WebSocket */
    void                      *api;          /* of ngx_http_rooms_api.c */
} ngx_http_rooms_ctx_t;


/* Copies the session's figures and its sid into the context. */

void ngx_http_rooms_ctx_fill(ngx_http_rooms_ctx_t *ctx,
    ngx_http_request_t *r, ngx_http_rooms_session_t *s);


#endif /* _NGX_HTTP_ROOMS_CTX_H_INCLUDED_ */
