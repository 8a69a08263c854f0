
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the content handler of "rooms" locations does with the requests of a
 * session over long-polling.
 */


#ifndef _NGX_HTTP_ROOMS_TRANSPORT_H_INCLUDED_
#define _NGX_HTTP_ROOMS_TRANSPORT_H_INCLUDED_


#include <ngx_http_rooms_polling.h>


/*
 * Answers with an Engine.IO error, NGX_HTTP_ROOMS_ERROR_*, and counts it;
 * returns what the content handler returns.
 */

ngx_int_t ngx_http_rooms_transport_error(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_uint_t code);

/* A new exchange for the request.  NULL: no memory. */

ngx_http_rooms_exchange_t *ngx_http_rooms_transport_exchange(
    ngx_http_request_t *r, ngx_http_rooms_zone_t *zone);

/*
 * The requests themselves; s is NULL where another worker has the session
 * sid.  Return what the content handler returns.
 */

ngx_int_t ngx_http_rooms_transport_get(ngx_http_request_t *r,
    ngx_http_rooms_exchange_t *x, ngx_http_rooms_session_t *s,
    ngx_str_t *sid);
ngx_int_t ngx_http_rooms_transport_post(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_session_t *s, ngx_str_t *sid);

/* There is such a session: the body of its POST is read. */

void ngx_http_rooms_transport_go(ngx_http_rooms_exchange_t *x);


#endif /* _NGX_HTTP_ROOMS_TRANSPORT_H_INCLUDED_ */
