
/*
 * Copyright (C) nginx rooms contributors
 *
 * What other programs publish with @socket.io/redis-emitter reaches the
 * clients of this worker, over a connection of its own: it is neither
 * delayed by the journal nor delays it.
 *
 * Every worker hears it and tells its own sockets.  It is not in the journal:
 * there is no offset with it, and a client that recovers does not get what
 * was emitted while it was away.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_BRIDGE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_BRIDGE_H_INCLUDED_


#include <ngx_http_rooms_conf.h>


typedef struct ngx_http_rooms_bridge_s  ngx_http_rooms_bridge_t;


/* The "redis_emitter..." lines of a block, and what is to be with them. */

char *ngx_http_rooms_bridge_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value);
char *ngx_http_rooms_bridge_conf_max(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);
ngx_int_t ngx_http_rooms_bridge_conf_init(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);

/* The zone of a worker; nothing where the block has no redis_emitter. */

ngx_int_t ngx_http_rooms_bridge_open(ngx_http_rooms_zone_t *zone);
void ngx_http_rooms_bridge_close(ngx_http_rooms_zone_t *zone);


#endif /* _NGX_HTTP_ROOMS_REDIS_BRIDGE_H_INCLUDED_ */
