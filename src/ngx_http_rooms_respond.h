
/*
 * Copyright (C) nginx rooms contributors
 *
 * Whole answers of the polling transport.
 */


#ifndef _NGX_HTTP_ROOMS_RESPOND_H_INCLUDED_
#define _NGX_HTTP_ROOMS_RESPOND_H_INCLUDED_


#include <ngx_http_rooms_conf.h>

#include <rooms_types.h>


/* Errors of the Engine.IO handshake, by the code in the answer. */

typedef enum {
    NGX_HTTP_ROOMS_ERROR_TRANSPORT = 0,
    NGX_HTTP_ROOMS_ERROR_SESSION,
    NGX_HTTP_ROOMS_ERROR_METHOD,
    NGX_HTTP_ROOMS_ERROR_REQUEST,
    NGX_HTTP_ROOMS_ERROR_FORBIDDEN,
    NGX_HTTP_ROOMS_ERROR_VERSION
} ngx_http_rooms_error_e;


/*
 * Sends an answer that is not to be cached; body is copied.  Returns what a
 * content handler returns, for ngx_http_finalize_request() too.
 */

ngx_int_t ngx_http_rooms_respond(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, rooms_str_t body);

ngx_int_t ngx_http_rooms_respond_error(ngx_http_request_t *r,
    ngx_uint_t code);

/* Adds "name: value" to the answer. */

ngx_int_t ngx_http_rooms_respond_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);


#endif /* _NGX_HTTP_ROOMS_RESPOND_H_INCLUDED_ */
