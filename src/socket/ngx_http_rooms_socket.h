
/*
 * Copyright (C) nginx rooms contributors
 *
 * A Socket.IO socket: a session's membership of one namespace.
 */


#ifndef _NGX_HTTP_ROOMS_SOCKET_H_INCLUDED_
#define _NGX_HTTP_ROOMS_SOCKET_H_INCLUDED_


#include <ngx_http_rooms_session.h>

#include <rooms_sio.h>
#include <rooms_offset.h>
#include <rooms_decision.h>


#define NGX_HTTP_ROOMS_SID_LEN   20
#define NGX_HTTP_ROOMS_PID_LEN   40        /* the sid and a secret */


struct ngx_http_rooms_socket_s {
    rooms_link_t                 node;        /* in zone->sockets, by sid */
    ngx_queue_t                  queue;       /* in session->sockets */
    ngx_http_rooms_session_t    *session;
    ngx_str_t                    nsp;
    ngx_str_t                    data;        /* set by the application */
    uint64_t                     ask;         /* next ack id to ask for */
    ngx_queue_t                  asked;       /* acks the client owes */
    ngx_queue_t                  tasks;       /* commands that wait */
    u_char                       sid[NGX_HTTP_ROOMS_SID_LEN];
    u_char                       secret[NGX_HTTP_ROOMS_SID_LEN];
    uint16_t                     nasked;      /* both in a word: it counts */
    unsigned                     variant:3;
    unsigned                     recoverable:1;
    unsigned                     registered:1; /* has a recovery record */
    unsigned                     recovered:1;
    unsigned                     connected:1;
    unsigned                     starting:1;  /* its commands */
    unsigned                     dead:1;      /* freed after the turn */
    uint32_t                     holds;       /* of its memory */
};


/* Takes a message of a session: a packet's text, or an attachment. */

ngx_int_t ngx_http_rooms_socket_message(ngx_http_rooms_session_t *s,
    rooms_str_t data, ngx_uint_t binary);

ngx_http_rooms_socket_t *ngx_http_rooms_socket_create(
    ngx_http_rooms_session_t *s, ngx_str_t *nsp, u_char *sid);

ngx_http_rooms_socket_t *ngx_http_rooms_socket_find(
    ngx_http_rooms_zone_t *zone, rooms_str_t sid);

/*
 * Takes the socket out of its rooms and tells the application; with packet,
 * the client is told too.  recoverable: its record is kept for the recovery
 * window.  The socket is freed.
 */

void ngx_http_rooms_socket_disconnect(ngx_http_rooms_socket_t *socket,
    ngx_uint_t packet, ngx_uint_t recoverable);

/* Frees it; nobody is told. */

void ngx_http_rooms_socket_destroy(ngx_http_rooms_socket_t *socket);

/* Emits ["event",...] to this socket alone; the offset is not added. */

void ngx_http_rooms_socket_emit(ngx_http_rooms_socket_t *socket,
    unsigned type, uint64_t id, rooms_str_t json,
    const rooms_str_t *attachments, ngx_uint_t n);

/*
 * The text of an event packet for a message of the record id, as the
 * namespace takes it; with offset, that is its last argument, too.
 */

void ngx_http_rooms_socket_text(rooms_buf_t *b, ngx_str_t *nsp,
    const rooms_message_t *m, uint64_t epoch, uint64_t id,
    ngx_uint_t offset);

/* The attachments of a message as strings; at most max. */

ngx_uint_t ngx_http_rooms_socket_attachments(rooms_str_t in, ngx_uint_t n,
    rooms_str_t *out, ngx_uint_t max);

void ngx_http_rooms_binary_free(ngx_http_rooms_session_t *s);


#endif /* _NGX_HTTP_ROOMS_SOCKET_H_INCLUDED_ */
