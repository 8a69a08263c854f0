
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

/* Queues in the member's session what it has not taken of its stream. */

void ngx_http_rooms_member_take(ngx_http_rooms_member_t *member);

/* All members leave a room that has ended; what was gathered is sent. */

void ngx_http_rooms_room_empty(ngx_http_rooms_room_t *room);


/* ngx_http_rooms_gather.c: when streams are flushed */

/* How many have something. */

extern ngx_uint_t  ngx_http_rooms_gathered;

/*
 * A message was put into the stream's chunk: it is flushed when the turn ends,
 * or when the stream's time is over or it holds enough.
 */

void ngx_http_rooms_gather(ngx_http_rooms_stream_t *stream);

/* The stream goes, and has nothing any more. */

void ngx_http_rooms_ungather(ngx_http_rooms_stream_t *stream);


#endif /* _NGX_HTTP_ROOMS_PUBLISH_H_INCLUDED_ */
