
/*
 * Copyright (C) nginx rooms contributors
 *
 * permessage-deflate of connections.  Every message starts afresh in both
 * directions (no context takeover), so one stream for each window size serves
 * all connections of the worker, and a broadcast is compressed once.
 */


#ifndef _NGX_HTTP_ROOMS_DEFLATE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_DEFLATE_H_INCLUDED_


#include <ngx_http_rooms_conf.h>

#include <rooms_deflate.h>


/*
 * Chooses from the offers of the request, where the location wants to, and
 * puts the answer's header into headers_out.  *bits is the window for what is
 * sent; 0: the connection is a plain one.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_rooms_deflate_negotiate(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_str_t *offers, uint8_t *bits);

/* Appends the content; codes of rooms_inflate_message(). */

rooms_int_t ngx_http_rooms_inflate(rooms_str_t in, rooms_buf_t *b);

/*
 * Appends the compressed content.  ROOMS_DECLINED: it is better sent as it
 * is, *b is as it was.
 */

rooms_int_t ngx_http_rooms_deflate(ngx_uint_t bits, rooms_str_t in,
    rooms_buf_t *b);


#endif /* _NGX_HTTP_ROOMS_DEFLATE_H_INCLUDED_ */
