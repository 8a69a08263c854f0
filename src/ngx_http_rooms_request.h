
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a request asks for: its path, its body.
 */


#ifndef _NGX_HTTP_ROOMS_REQUEST_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_buf.h>


/*
 * The path by which nginx chose the location, percent-encoded.  What nginx
 * cannot say, that a slash was encoded, is taken from the request line, if
 * it is that line that led to the location.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_rooms_request_path(ngx_http_request_t *r, ngx_str_t *path);

/* 1: the Content-Type is application/json, with whatever parameters. */

ngx_uint_t ngx_http_rooms_request_is_json(ngx_http_request_t *r);

/*
 * Appends the body that nginx has read, in memory or in a file, to *b, whose
 * limit is the largest body taken.
 *
 * NGX_OK
 * NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
 * NGX_HTTP_INTERNAL_SERVER_ERROR  its file could not be read, or no memory
 */

ngx_int_t ngx_http_rooms_request_body(ngx_http_request_t *r, rooms_buf_t *b);


#endif /* _NGX_HTTP_ROOMS_REQUEST_H_INCLUDED_ */
