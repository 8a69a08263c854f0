
/*
 * Copyright (C) nginx rooms contributors
 *
 * Sessions on their way to another worker.
 *
 *     the taker, which has the WebSocket      the giver, which has the session
 *
 *     TAKE, and again until it hears       -> takes the session apart,
 *                                             keeps its image
 *                                          <- SESSION, the image; and again
 *                                             for each TAKE
 *     makes the records of the sockets
 *     its own, then the session
 *     TAKEN                                -> forgets the image
 *
 *     RELEASE: it could not, or the
 *     client has gone                      -> ends what is still its own
 *
 * All of it may be lost or come twice, and either may die.  Whose a socket is
 * says its record alone, which goes from the giver to the taker in one step
 * and only if it is still the giver's and nobody tells that the socket is
 * gone.  So an image that comes too late, after the giver has ended it or has
 * been buried, is refused; and where the giver is told nothing within
 * NGX_HTTP_ROOMS_GIVEN_TIME, or that the taker is gone, it ends those sockets
 * whose records it still has: the others are the taker's, or of whoever buries
 * it.  A giver that dies is buried with the records it has.  The client notices
 * in each case that its WebSocket is closed, and recovers.
 */


#ifndef _NGX_HTTP_ROOMS_GIVEN_H_INCLUDED_
#define _NGX_HTTP_ROOMS_GIVEN_H_INCLUDED_


#include <ngx_http_rooms_session.h>


#define NGX_HTTP_ROOMS_GIVEN_TIME    8000        /* ms */
#define NGX_HTTP_ROOMS_GIVEN_AGAIN   500         /* ms between two TAKE */
#define NGX_HTTP_ROOMS_GIVEN_MAX     4096        /* images that are kept */
#define NGX_HTTP_ROOMS_GIVEN_OCTETS  33554432    /* of all of them */


/*
 * Keeps the image of the session, which goes to the candidate id of holder;
 * its memory is taken over.  NGX_DECLINED: too many are kept, or there is no
 * memory; the image is still the caller's.
 */

ngx_int_t ngx_http_rooms_given_keep(ngx_http_rooms_session_t *s,
    uint32_t holder, uint64_t id, rooms_buf_t *image);

/* Sends it (again).  NGX_DECLINED: none is kept; NGX_ERROR: not possible. */

ngx_int_t ngx_http_rooms_given_send(ngx_http_rooms_zone_t *zone,
    uint32_t holder, uint64_t id);

/* It is not needed any more: the holder has it, or the session has stayed. */

void ngx_http_rooms_given_forget(ngx_http_rooms_zone_t *zone,
    uint32_t holder, uint64_t id);

/* The holder does not take it, or is gone: it ends here. */

void ngx_http_rooms_given_back(ngx_http_rooms_zone_t *zone, uint32_t holder,
    uint64_t id);
void ngx_http_rooms_given_gone(ngx_http_rooms_zone_t *zone, uint32_t holder);

/* The beginning and end of a zone in this process. */

void ngx_http_rooms_given_init(ngx_http_rooms_zone_t *zone);
void ngx_http_rooms_given_free(ngx_http_rooms_zone_t *zone);


#endif /* _NGX_HTTP_ROOMS_GIVEN_H_INCLUDED_ */
