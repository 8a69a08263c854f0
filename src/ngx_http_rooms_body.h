
/*
 * Copyright (C) nginx rooms contributors
 *
 * A request's body in one piece.
 */


#ifndef _NGX_HTTP_ROOMS_BODY_H_INCLUDED_
#define _NGX_HTTP_ROOMS_BODY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_buf.h>


/*
 * Appends the body that nginx has read, in memory or in a file, to *b, whose
 * limit is the largest body taken.
 *
 * NGX_OK
 * NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
 * NGX_HTTP_INTERNAL_SERVER_ERROR  its file could not be read, or no memory
 */

ngx_int_t ngx_http_rooms_body(ngx_http_request_t *r, rooms_buf_t *b);


#endif /* _NGX_HTTP_ROOMS_BODY_H_INCLUDED_ */
