
/*
 * Copyright (C) nginx rooms contributors
 *
 * Messages that do something to the members of a room.
 */


#ifndef _NGX_HTTP_ROOMS_ACT_H_INCLUDED_
#define _NGX_HTTP_ROOMS_ACT_H_INCLUDED_


#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_socket.h>


/*
 * Carries out ROOMS_MESSAGE_LEAVE and ROOMS_MESSAGE_KICK for the members of
 * this worker that are meant, when the turn of the event loop is over: what
 * was published to them before still reaches them.
 */

void ngx_http_rooms_act(ngx_http_rooms_room_t *room,
    const rooms_message_t *m, uint64_t id);

/* The same for one that is meant. */

void ngx_http_rooms_act_one(ngx_http_rooms_socket_t *socket,
    const rooms_message_t *m);


#endif /* _NGX_HTTP_ROOMS_ACT_H_INCLUDED_ */
