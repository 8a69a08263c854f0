
/*
 * Copyright (C) nginx rooms contributors
 *
 * A request to "rooms_api" and the command it becomes.
 */


#ifndef _NGX_HTTP_ROOMS_API_H_INCLUDED_
#define _NGX_HTTP_ROOMS_API_H_INCLUDED_


#include <ngx_http_rooms_command.h>

#include <rooms_limits.h>


typedef struct {
    ngx_http_rooms_task_t                task;
    ngx_http_request_t                  *request;   /* NULL: it is gone */
    ngx_http_cleanup_t                  *cln;
    const rooms_contract_operation_t    *operation;
    rooms_route_match_t                  match;
    rooms_limits_state_t                 limit;     /* of the operation */
    json_t                              *body;
    rooms_buf_t                          text;      /* of the body */
    rooms_buf_t                          headers;
    ngx_event_t                          free;
    unsigned                             started:1;
    unsigned                             running:1;
    unsigned                             done:1;
} ngx_http_rooms_api_t;


/*
 * One piece of memory, which may outlive the request: its path, arguments,
 * authorization, address and "X-" headers.  NULL: there was none.
 */

ngx_http_rooms_api_t *ngx_http_rooms_api_create(ngx_http_request_t *r,
    ngx_http_rooms_zone_t *zone, rooms_str_t *path);

/*
 * The body becomes that of the command.  NGX_DECLINED: it is not what the
 * operation wants, failure->message says why.
 */

ngx_int_t ngx_http_rooms_api_parse(ngx_http_rooms_api_t *api,
    rooms_str_t text, rooms_schema_failure_t *failure);

/* Sends the answer; what the request is to be finalized with. */

ngx_int_t ngx_http_rooms_api_respond(ngx_http_request_t *r,
    rooms_decision_t *d, const rooms_limits_state_t *limit);

void ngx_http_rooms_api_cleanup(void *data);
void ngx_http_rooms_api_done(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);


#endif /* _NGX_HTTP_ROOMS_API_H_INCLUDED_ */
