
/*
 * Copyright (C) nginx rooms contributors
 *
 * Workers about each other's sessions: polling requests that reached the
 * wrong one travel to the owner and back, and a session moves to the worker
 * that has its WebSocket.  All of it goes through the journal, in order with
 * the records of rooms.
 */


#ifndef _NGX_HTTP_ROOMS_REMOTE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REMOTE_H_INCLUDED_


#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_polling.h>


/*
 * Another worker sent these octets by ngx_http_rooms_zone_direct(); id is
 * their place in the journal.
 */

void ngx_http_rooms_remote_receive(ngx_http_rooms_zone_t *zone,
    rooms_str_t data, uint64_t id);


/*
 * Sends a request to the owner in x->owner; the exchange is answered when
 * the answer comes, or the owner is gone.  A POST begins before its body is
 * read: whoever has no session costs no more than the question whether he has
 * one.  ngx_http_rooms_transport_go() is called where he has.
 */

void ngx_http_rooms_remote_get(ngx_http_rooms_exchange_t *x, ngx_str_t *sid);
void ngx_http_rooms_remote_begin(ngx_http_rooms_exchange_t *x,
    ngx_str_t *sid);
void ngx_http_rooms_remote_post(ngx_http_rooms_exchange_t *x, ngx_str_t *sid,
    rooms_str_t body);

/*
 * That worker is gone: what it was asked for is answered with an error, what
 * it asked for ends as where a client hangs up.
 */

void ngx_http_rooms_remote_gone(ngx_http_rooms_zone_t *zone, uint32_t owner);

/* The first part of it. */

void ngx_http_rooms_remote_refuse(ngx_http_rooms_zone_t *zone,
    uint32_t owner);

/* What was sent to that worker may not have arrived. */

void ngx_http_rooms_remote_lost(ngx_http_rooms_zone_t *zone, uint32_t to,
    rooms_str_t data);

/* The client of an exchange on its way hung up (and ends the session), or
 * was answered by nginx. */

void ngx_http_rooms_remote_abort(ngx_http_rooms_exchange_t *x,
    ngx_uint_t hangup);

/* How many octets an answer to another worker may have. */

size_t ngx_http_rooms_remote_max(ngx_http_rooms_zone_t *zone);

/* Answers an exchange whose request waits in another worker. */

void ngx_http_rooms_remote_answer(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_answer_e type, ngx_uint_t code, rooms_str_t body);


/*
 * The steps of a candidate whose session another worker holds, or gave away;
 * NGX_ERROR: they could not be sent.
 */

ngx_int_t ngx_http_rooms_remote_reserve(ngx_http_rooms_zone_t *zone,
    uint32_t owner, uint64_t id, rooms_str_t sid);
ngx_int_t ngx_http_rooms_remote_probe(ngx_http_rooms_zone_t *zone,
    uint32_t owner, uint64_t id, rooms_str_t sid);
ngx_int_t ngx_http_rooms_remote_release(ngx_http_rooms_zone_t *zone,
    uint32_t owner, uint64_t id, rooms_str_t sid);
ngx_int_t ngx_http_rooms_remote_take(ngx_http_rooms_zone_t *zone,
    uint32_t owner, uint64_t id, rooms_str_t sid);
ngx_int_t ngx_http_rooms_remote_taken(ngx_http_rooms_zone_t *zone,
    uint32_t owner, uint64_t id);


/*
 * A session whose polling has stopped waits for nothing any more: it goes to
 * its candidate's worker soon.
 */

void ngx_http_rooms_remote_leave(ngx_http_rooms_session_t *s);

/* It ends instead: its candidate is told. */

void ngx_http_rooms_remote_stay(ngx_http_rooms_session_t *s);


#endif /* _NGX_HTTP_ROOMS_REMOTE_H_INCLUDED_ */
