
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the table of directives and the module's context refer to.
 */


#ifndef _NGX_HTTP_ROOMS_SET_H_INCLUDED_
#define _NGX_HTTP_ROOMS_SET_H_INCLUDED_


#include <ngx_http_rooms_conf.h>


/*
 * A post handler for sizes, times (in ms) and numbers, which are all of one
 * width; reason is a sentence without its subject, the directive.
 */

typedef struct {
    ngx_conf_post_handler_pt    post_handler;
    ngx_uint_t                  low;
    ngx_uint_t                  high;
    char                       *reason;
} ngx_http_rooms_bounds_t;

char *ngx_http_rooms_check_bounds(ngx_conf_t *cf, void *post, void *data);


void *ngx_http_rooms_create_main_conf(ngx_conf_t *cf);
void *ngx_http_rooms_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_rooms_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


/* Directives that no slot of nginx's own sets. */

char *ngx_http_rooms_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_rooms_api_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_rooms_status_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_rooms_time_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);                               /* a time, or "off" */
char *ngx_http_rooms_cookie_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_ROOMS_SET_H_INCLUDED_ */
