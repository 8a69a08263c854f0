
/*
 * Copyright (C) nginx rooms contributors
 *
 * The sockets of this worker that are in one of several rooms and in none of
 * others, and what is done to them.
 *
 * Rooms are named as clients know them: the room of a socket's own id has
 * that socket in it, and where an application keeps the rooms of its
 * namespaces apart, the namespace is added.
 */


#ifndef _NGX_HTTP_ROOMS_TARGET_H_INCLUDED_
#define _NGX_HTTP_ROOMS_TARGET_H_INCLUDED_


#include <ngx_http_rooms_socket.h>

#include <rooms_emitter.h>


typedef struct {
    ngx_http_rooms_socket_t  **sockets;    /* each once */
    ngx_uint_t                 n;
    ngx_uint_t                 alloc;
} ngx_http_rooms_targets_t;


/* 1 where the namespace has a socket in that room, or with that id. */

ngx_uint_t ngx_http_rooms_targets_any(ngx_http_rooms_zone_t *zone,
    rooms_str_t nsp, rooms_str_t room);

/*
 * Fills *t.  Both are lists of names; no rooms at all are all sockets of the
 * namespace.  NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_rooms_targets_find(ngx_http_rooms_targets_t *t,
    ngx_http_rooms_zone_t *zone, rooms_str_t nsp, const json_t *rooms,
    const json_t *except);

void ngx_http_rooms_targets_free(ngx_http_rooms_targets_t *t);


/* Emits; encoded once for each form in which some of them take it. */

void ngx_http_rooms_targets_emit(ngx_http_rooms_targets_t *t,
    rooms_str_t nsp, const rooms_emitter_t *e);

/* They join the rooms, or leave them. */

void ngx_http_rooms_targets_move(ngx_http_rooms_targets_t *t,
    rooms_str_t nsp, const json_t *rooms, ngx_uint_t join);

/* They are disconnected; connection: with all other namespaces of theirs. */

void ngx_http_rooms_targets_disconnect(ngx_http_rooms_targets_t *t,
    ngx_uint_t connection);


#endif /* _NGX_HTTP_ROOMS_TARGET_H_INCLUDED_ */
