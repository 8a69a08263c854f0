
/*
 * Copyright (C) nginx rooms contributors
 *
 * Origins (RFC 6454) and cross-origin requests (the Fetch standard, 3.2).
 *
 * Without "rooms_origin" nothing is looked at and no header is sent.  With
 * it, a request that has an Origin must have one of those named, whatever
 * its transport; one without Origin comes from no browser and passes.
 */


#ifndef _NGX_HTTP_ROOMS_CORS_H_INCLUDED_
#define _NGX_HTTP_ROOMS_CORS_H_INCLUDED_


#include <ngx_http_rooms_conf.h>


/*
 * Looks at the request's Origin and adds the response's headers, for answers
 * of every status; to be called once, before anything is sent.
 *
 * NGX_OK
 * NGX_DECLINED  the Origin is not allowed: the caller answers 403
 * NGX_ERROR     no memory
 */

ngx_int_t ngx_http_rooms_cors(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf);

/*
 * Answers an OPTIONS request whose Origin ngx_http_rooms_cors() has let
 * pass: 204 with the methods, and with the headers that were asked for.
 * Returns what a content handler returns; NGX_DECLINED: there is no
 * "rooms_origin", the request is one as every other.
 */

ngx_int_t ngx_http_rooms_preflight(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf);


/* Directives. */

char *ngx_http_rooms_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_rooms_methods(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* What the location sends when it says nothing itself. */

char *ngx_http_rooms_cors_merge(ngx_conf_t *cf,
    ngx_http_rooms_loc_conf_t *prev, ngx_http_rooms_loc_conf_t *conf);


#endif /* _NGX_HTTP_ROOMS_CORS_H_INCLUDED_ */
