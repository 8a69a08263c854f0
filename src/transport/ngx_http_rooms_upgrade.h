
/*
 * Copyright (C) nginx rooms contributors
 *
 * The change of a session from long-polling to WebSocket, also where the
 * session lives in another worker: then it moves to the one that has the
 * WebSocket.
 */


#ifndef _NGX_HTTP_ROOMS_UPGRADE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_UPGRADE_H_INCLUDED_


#include <ngx_http_rooms_session.h>


typedef struct ngx_http_rooms_candidate_s  ngx_http_rooms_candidate_t;


/*
 * Accepts a WebSocket as a candidate for the session: of this worker, or
 * (s is NULL) of the owner in the sid, which is asked before.  One that comes
 * too late, or beside another one, is accepted and closed; of a session that
 * the owner does not know, it is refused.  Returns what the content handler
 * returns; NGX_DECLINED: not a good handshake.
 */

ngx_int_t ngx_http_rooms_upgrade(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_http_rooms_session_t *s,
    ngx_str_t *sid);

/* What the owner of a session says to a candidate. */

typedef enum {
    NGX_HTTP_ROOMS_RESERVE_DECLINED = 0,
    NGX_HTTP_ROOMS_RESERVE_OK,
    NGX_HTTP_ROOMS_RESERVE_UNKNOWN             /* there is no such session */
} ngx_http_rooms_reserve_e;

void ngx_http_rooms_upgrade_reserved(uint64_t id,
    ngx_http_rooms_reserve_e answer);

/*
 * An image came for a candidate.  NGX_OK: it waits for it, and asks no more;
 * NGX_DONE: it is answered, or is being taken in already.
 */

ngx_int_t ngx_http_rooms_upgrade_arrived(ngx_http_rooms_zone_t *zone,
    uint32_t from, uint64_t id, rooms_str_t image);

/*
 * The session moves here; image is what ngx_http_rooms_move_out() wrote in the
 * worker from.  Over Redis the records of its sockets are this worker's
 * already.  The other worker is told.
 */

void ngx_http_rooms_upgrade_moved(ngx_http_rooms_zone_t *zone, uint32_t from,
    uint64_t id, rooms_str_t image);

/*
 * It cannot: the candidate is closed, and what of the session is this worker's
 * ends; image may be empty.
 */

void ngx_http_rooms_upgrade_unmoved(ngx_http_rooms_zone_t *zone,
    uint32_t from, uint64_t id, rooms_str_t image);


/*
 * ngx_http_rooms_move.c: a session as octets, and back.  What was published
 * between the two is replayed.  NULL: not all of it can be had, or somebody
 * tells that it is gone; what of it was here is closed.
 */

ngx_int_t ngx_http_rooms_move_out(ngx_http_rooms_session_t *s,
    rooms_buf_t *b);
ngx_http_rooms_session_t *ngx_http_rooms_move_in(
    ngx_http_rooms_loc_conf_t *conf, uint8_t deflate, rooms_str_t in,
    uint32_t from);

/* What is queued as polling packets becomes WebSocket frames. */

ngx_int_t ngx_http_rooms_move_queue(ngx_http_rooms_session_t *s,
    rooms_str_t packets);


#endif /* _NGX_HTTP_ROOMS_UPGRADE_H_INCLUDED_ */
