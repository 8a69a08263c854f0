
/*
 * Copyright (C) nginx rooms contributors
 *
 * What workers tell each other about sessions, as octets.
 */


#ifndef _NGX_HTTP_ROOMS_REMOTE_MESSAGE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REMOTE_MESSAGE_H_INCLUDED_


#include <ngx_http_rooms_remote.h>


typedef enum {
    NGX_HTTP_ROOMS_REMOTE_GET = 1,
    NGX_HTTP_ROOMS_REMOTE_POST,
    NGX_HTTP_ROOMS_REMOTE_BEGIN,                 /* a body is coming */
    NGX_HTTP_ROOMS_REMOTE_GO,                    /* it may */
    NGX_HTTP_ROOMS_REMOTE_ABORT,
    NGX_HTTP_ROOMS_REMOTE_ANSWER,
    NGX_HTTP_ROOMS_REMOTE_RESERVE,
    NGX_HTTP_ROOMS_REMOTE_RESERVED,
    NGX_HTTP_ROOMS_REMOTE_PROBE,
    NGX_HTTP_ROOMS_REMOTE_RELEASE,
    NGX_HTTP_ROOMS_REMOTE_TAKE,
    NGX_HTTP_ROOMS_REMOTE_SESSION,
    NGX_HTTP_ROOMS_REMOTE_TAKEN
} ngx_http_rooms_remote_e;


typedef struct {
    uint8_t                      type;
    uint32_t                     from;
    uint64_t                     id;        /* of the sender's exchange ... */
    rooms_str_t                  sid;
    uint8_t                      answer;    /* ... or the receiver's */
    uint16_t                     code;
    rooms_str_t                  body;
} ngx_http_rooms_remote_t;


/* NGX_ERROR: it could not be sent, or that worker is gone. */

ngx_int_t ngx_http_rooms_remote_send(ngx_http_rooms_zone_t *zone, uint32_t to,
    const ngx_http_rooms_remote_t *m);

/* ngx_http_rooms_remote_serve.c: what is wanted of a session held here. */

void ngx_http_rooms_remote_serve(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_remote_t *m);


#endif /* _NGX_HTTP_ROOMS_REMOTE_MESSAGE_H_INCLUDED_ */
