
/*
 * Copyright (C) nginx rooms contributors
 *
 * Socket.IO packets as they come: CONNECT, events, acks, attachments.
 */


#ifndef _NGX_HTTP_ROOMS_PACKET_H_INCLUDED_
#define _NGX_HTTP_ROOMS_PACKET_H_INCLUDED_


#include <ngx_http_rooms_socket.h>


#define NGX_HTTP_ROOMS_ATTACHMENTS  256    /* of one packet, at the most */


/* An ack that a client owes. */

typedef struct {
    ngx_queue_t                  queue;       /* in socket->asked */
    uint64_t                     id;
    ngx_str_t                    name;
} ngx_http_rooms_asked_t;


/* Takes a whole packet; NGX_ERROR: the session was closed by it. */

ngx_int_t ngx_http_rooms_packet_dispatch(ngx_http_rooms_session_t *s,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments);

/* Closes the session because of what it sent.  Returns NGX_ERROR. */

ngx_int_t ngx_http_rooms_packet_invalid(ngx_http_rooms_session_t *s);

/* The session's socket of that namespace, or NULL. */

ngx_http_rooms_socket_t *ngx_http_rooms_socket_of(
    ngx_http_rooms_session_t *s, rooms_str_t nsp);


/* ngx_http_rooms_connect.c: a CONNECT packet. */

ngx_int_t ngx_http_rooms_connect(ngx_http_rooms_session_t *s,
    const rooms_sio_packet_t *pkt);

/* What came of a recovery that took more than a turn. */

void ngx_http_rooms_connect_recovered(ngx_http_rooms_session_t *s,
    ngx_str_t *nsp, json_t *auth, ngx_int_t rc,
    ngx_http_rooms_socket_t *socket);


/* ngx_http_rooms_ack.c: acks that clients owe */

/* Emits an event that asks for an ack; name comes back with it. */

ngx_int_t ngx_http_rooms_socket_ask(ngx_http_rooms_socket_t *socket,
    rooms_str_t name, rooms_str_t json, const rooms_str_t *attachments,
    ngx_uint_t n);

/* Notes that an ack with this id is owed.  NULL: no memory, or too many. */

ngx_http_rooms_asked_t *ngx_http_rooms_asked_add(
    ngx_http_rooms_socket_t *socket, uint64_t id, rooms_str_t name);
void ngx_http_rooms_asked_free(ngx_http_rooms_socket_t *socket);

/* An ack has come. */

ngx_int_t ngx_http_rooms_packet_ack(ngx_http_rooms_socket_t *socket,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments);


/* ngx_http_rooms_attachment.c: attachments that follow their packet */

/* The packet's text is kept until its n attachments are there. */

ngx_int_t ngx_http_rooms_binary_begin(ngx_http_rooms_session_t *s,
    rooms_str_t text, ngx_uint_t n);
ngx_int_t ngx_http_rooms_binary_add(ngx_http_rooms_session_t *s,
    rooms_str_t data);

/*
 * The packet whose attachments have not all come, as octets, and back; one
 * that is not there is a text of no length.  A client may send them over two
 * transports.
 */

void ngx_http_rooms_binary_write(ngx_http_rooms_session_t *s,
    rooms_buf_t *b);
ngx_int_t ngx_http_rooms_binary_read(ngx_http_rooms_session_t *s,
    rooms_str_t *in);


#endif /* _NGX_HTTP_ROOMS_PACKET_H_INCLUDED_ */
