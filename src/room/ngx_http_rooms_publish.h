
/*
 * Copyright (C) nginx rooms contributors
 *
 * The way of messages to the local members of a room.
 */


#ifndef _NGX_HTTP_ROOMS_PUBLISH_H_INCLUDED_
#define _NGX_HTTP_ROOMS_PUBLISH_H_INCLUDED_


#include <ngx_http_rooms_room.h>


/* Gathers a message for those members that it is meant for. */

void ngx_http_rooms_publish(ngx_http_rooms_room_t *room,
    const rooms_message_t *m, uint64_t id);

/* Queues in the member's session what it has not taken of this turn. */

void ngx_http_rooms_member_take(ngx_http_rooms_member_t *member);

/* All members leave a room that has ended; what was gathered is sent. */

void ngx_http_rooms_room_empty(ngx_http_rooms_room_t *room);


#endif /* _NGX_HTTP_ROOMS_PUBLISH_H_INCLUDED_ */
