
/*
 * Copyright (C) nginx rooms contributors
 *
 * "audit_log FILE": who did what, as lines of JSON.
 */


#ifndef _NGX_HTTP_ROOMS_AUDIT_H_INCLUDED_
#define _NGX_HTTP_ROOMS_AUDIT_H_INCLUDED_


#include <ngx_http_rooms_command.h>


/* The directive in a rooms_app block. */

char *ngx_http_rooms_audit_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value);

/* Writes what the decision of a command that was carried out has for it. */

void ngx_http_rooms_audit(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);


#endif /* _NGX_HTTP_ROOMS_AUDIT_H_INCLUDED_ */
