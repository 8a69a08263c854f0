
/*
 * Copyright (C) nginx rooms contributors
 *
 * The "redis..." directives of a rooms_app block.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_CONF_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_CONF_H_INCLUDED_


#include <ngx_http_rooms_conf.h>


/* A line of the block: NGX_CONF_ERROR, or a sentence, as of nginx's own. */

char *ngx_http_rooms_redis_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value);
char *ngx_http_rooms_redis_conf_more(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);

/* The end of the block: defaults, addresses, the password. */

ngx_int_t ngx_http_rooms_redis_conf_init(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);


#endif /* _NGX_HTTP_ROOMS_REDIS_CONF_H_INCLUDED_ */
