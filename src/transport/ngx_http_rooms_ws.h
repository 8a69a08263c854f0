
/*
 * Copyright (C) nginx rooms contributors
 *
 * WebSocket connections inside a worker: the opening handshake (RFC 6455,
 * section 4.2), the hand-over of the connection from the HTTP request, its
 * reading and its end.
 */


#ifndef _NGX_HTTP_ROOMS_WS_H_INCLUDED_
#define _NGX_HTTP_ROOMS_WS_H_INCLUDED_


#include <ngx_http_rooms_session.h>


/* 1 where the request asks for a WebSocket, however badly. */

ngx_uint_t ngx_http_rooms_ws_asked(ngx_http_request_t *r);

/*
 * Checks the opening handshake and, if it is good, sends the 101 answer, as
 * the header filters of nginx have it, with what is in *first behind it, in
 * one write; what the socket does not take is left in *rest; *deflate is the
 * window of permessage-deflate, 0: it is not used.  NGX_OK; NGX_DECLINED: it
 * is not good, nothing was sent; NGX_ERROR: the connection is broken; else the
 * status a filter wants instead.
 */

ngx_int_t ngx_http_rooms_ws_accept(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, rooms_buf_t *first,
    ngx_http_rooms_queue_t *rest, uint8_t *deflate);

/*
 * Has the connection handed over when the request's handler has returned:
 * handler(c, data, p, n) is called with what had been read already.  The
 * request is freed before, unless a log format needs it; then it is given,
 * else NULL.  Returns what the content handler returns.
 */

typedef void (*ngx_http_rooms_ws_begin_pt)(ngx_connection_t *c,
    ngx_http_request_t *r, void *data, u_char *p, size_t n);

ngx_int_t ngx_http_rooms_ws_hand_over(ngx_http_request_t *r,
    ngx_http_rooms_ws_begin_pt handler, void *data);

/* The connection's end; kept is the request given at the hand-over. */

void ngx_http_rooms_ws_finish(ngx_connection_t *c, ngx_http_request_t *kept,
    ngx_uint_t linger);


/* A new session over WebSocket: the content handler's work. */

ngx_int_t ngx_http_rooms_ws_open(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf);

/* Gives the session this connection; p, n were read already. */

void ngx_http_rooms_ws_attach(ngx_http_rooms_session_t *s,
    ngx_connection_t *c, ngx_http_request_t *kept, u_char *p, size_t n);

/* Ends the session's connection: close frame, request, socket. */

void ngx_http_rooms_ws_close(ngx_http_rooms_session_t *s, ngx_uint_t code);


#endif /* _NGX_HTTP_ROOMS_WS_H_INCLUDED_ */
