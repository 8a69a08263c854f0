
/*
 * Copyright (C) nginx rooms contributors
 *
 * Clients with socket.io-msgpack-parser.  Inside, packets are what those of
 * the default parser are: text, and attachments beside it.
 */


#ifndef _NGX_HTTP_ROOMS_MSGPACK_H_INCLUDED_
#define _NGX_HTTP_ROOMS_MSGPACK_H_INCLUDED_


#include <ngx_http_rooms_session.h>


/*
 * Takes a binary message that is no attachment.  As the first one of a
 * session, a CONNECT in it makes the session one of this parser.
 * NGX_ERROR: the session was closed by it.
 */

ngx_int_t ngx_http_rooms_msgpack_message(ngx_http_rooms_session_t *s,
    rooms_str_t data);

/*
 * The text of a packet, with its n attachments, as one binary message, which
 * is there until the next call.  No octets at all: no memory.
 */

rooms_str_t ngx_http_rooms_msgpack(rooms_str_t text,
    const rooms_str_t *attachments, ngx_uint_t n);


#endif /* _NGX_HTTP_ROOMS_MSGPACK_H_INCLUDED_ */
