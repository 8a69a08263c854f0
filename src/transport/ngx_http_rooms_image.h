
/*
 * Copyright (C) nginx rooms contributors
 *
 * A session as octets, as ngx_http_rooms_move_out() writes it: its own part,
 * then its sockets, one after the other.  Strings point into the image.
 */


#ifndef _NGX_HTTP_ROOMS_IMAGE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_IMAGE_H_INCLUDED_


#include <ngx_http_rooms_session.h>


#define NGX_HTTP_ROOMS_IMAGE_RECOVERABLE  0x01
#define NGX_HTTP_ROOMS_IMAGE_REGISTERED   0x02
#define NGX_HTTP_ROOMS_IMAGE_RECOVERED    0x04
#define NGX_HTTP_ROOMS_IMAGE_CONNECTED    0x08


typedef struct {
    rooms_str_t                  sid;
    rooms_str_t                  secret;
    uint8_t                      flags;
    uint8_t                      variant;
    uint64_t                     ask;
    rooms_str_t                  nsp;
    rooms_str_t                  data;
    rooms_str_t                  asked;       /* u64 id, str16 name, ... */
    rooms_str_t                  rooms;       /* for .._record_room() */
    rooms_str_t                  joined;      /* a u64 for each of them */
} ngx_http_rooms_image_t;


/* Takes the session's own part off the front.  NGX_ERROR: damaged. */

ngx_int_t ngx_http_rooms_image_skip(rooms_str_t *in);

/* Takes the next socket off the front.  NGX_DONE: there is none left. */

ngx_int_t ngx_http_rooms_image_next(rooms_str_t *in,
    ngx_http_rooms_image_t *image);

/* Appends the rooms of all sockets, for .._record_room(). */

void ngx_http_rooms_image_rooms(rooms_str_t in, rooms_buf_t *b);

/*
 * Ends the sockets of a session that nobody goes on with: of those whose
 * records are this worker's, the applications are told that they are gone,
 * and the records wait for window ms to be recovered.  Of the others somebody
 * else is or has been in charge.
 */

void ngx_http_rooms_image_end(ngx_http_rooms_zone_t *zone, rooms_str_t in,
    ngx_msec_t window);


#endif /* _NGX_HTTP_ROOMS_IMAGE_H_INCLUDED_ */
