
/*
 * Copyright (C) nginx rooms contributors
 *
 * The "redis..." directives of a rooms_app block.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_CONF_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_CONF_H_INCLUDED_


#include <ngx_http_rooms_conf.h>


#define NGX_HTTP_ROOMS_REDIS_HOST  255


typedef struct ngx_http_rooms_redis_finder_s  ngx_http_rooms_redis_finder_t;


/* A server: a name or an address without brackets, and a port. */

typedef struct {
    u_char                          host[NGX_HTTP_ROOMS_REDIS_HOST];
    size_t                          len;
    in_port_t                       port;
    ngx_addr_t                     *addrs;     /* known while the */
    ngx_uint_t                      naddrs;    /* configuration was read */
} ngx_http_rooms_redis_node_t;


typedef struct {
    ngx_str_t                       url;       /* hosts only, for the log */
    ngx_http_rooms_redis_node_t    *nodes;     /* servers, or sentinels */
    ngx_uint_t                      nnodes;
    ngx_str_t                       master;    /* its name, to sentinels */
    ngx_str_t                       user;
    ngx_str_t                       password;
    ngx_str_t                       password_file;
    ngx_str_t                       sentinel_password;
    ngx_str_t                       sentinel_password_file;
    ngx_str_t                       prefix;
    ngx_str_t                       key;       /* one of the zone's */
    ngx_uint_t                      slot;      /* of all of them */
    ngx_uint_t                      db;
    ngx_msec_t                      timeout;
    ngx_uint_t                      history;   /* records of a room's stream */
    ngx_msec_t                      keep;      /* ms, of streams of the dead */

    ngx_flag_t                      tls;
#if (NGX_SSL)
    ngx_ssl_t                      *ssl;
#endif
    ngx_uint_t                      ssl_protocols;
    ngx_str_t                       ssl_ciphers;
    ngx_str_t                       ssl_name;
    ngx_flag_t                      ssl_verify;
    ngx_int_t                       ssl_verify_depth;
    ngx_str_t                       ssl_trusted_certificate;
    ngx_str_t                       ssl_crl;
    ngx_str_t                       ssl_certificate;
    ngx_str_t                       ssl_certificate_key;

    ngx_http_core_loc_conf_t       *clcf;      /* of "http": its resolver */
    ngx_http_rooms_redis_finder_t  *finder;    /* of this process */
} ngx_http_rooms_redis_conf_t;


/* A line of the block: NGX_CONF_ERROR, or a sentence, as of nginx's own. */

char *ngx_http_rooms_redis_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value);
char *ngx_http_rooms_redis_conf_more(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);

/* The end of the block: defaults, passwords, certificates. */

ngx_int_t ngx_http_rooms_redis_conf_init(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);

/* The end of "http": without a resolver, names are resolved here. */

ngx_int_t ngx_http_rooms_redis_conf_hosts(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);


#endif /* _NGX_HTTP_ROOMS_REDIS_CONF_H_INCLUDED_ */
