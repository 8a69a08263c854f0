
/*
 * Copyright (C) nginx rooms contributors
 *
 * The limits of requests in a contract ("x-rooms-rate"), for each address of
 * clients and over all workers.
 */


#ifndef _NGX_HTTP_ROOMS_LIMIT_H_INCLUDED_
#define _NGX_HTTP_ROOMS_LIMIT_H_INCLUDED_


#include <ngx_http_rooms_api.h>


/* Adds the memory for the counters, where the contract has limits. */

ngx_int_t ngx_http_rooms_limit_add(ngx_conf_t *cf, ngx_http_rooms_app_t *app);

/*
 * Counts the request, and notes in api->limit what the answer says about it.
 * NGX_DECLINED: it is one too many.
 */

ngx_int_t ngx_http_rooms_limit_take(ngx_http_rooms_api_t *api);

/* X-RateLimit-Limit, -Remaining and -Reset, and Retry-After with 429. */

ngx_int_t ngx_http_rooms_limit_headers(ngx_http_request_t *r,
    const rooms_limits_state_t *limit, ngx_uint_t status);


#endif /* _NGX_HTTP_ROOMS_LIMIT_H_INCLUDED_ */
