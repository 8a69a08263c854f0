
/*
 * Copyright (C) nginx rooms contributors
 *
 * A replay that is longer than a session may have queued: it is written step
 * by step as the client reads, and what is said to the session meanwhile
 * waits behind it.
 */


#ifndef _NGX_HTTP_ROOMS_BACKLOG_H_INCLUDED_
#define _NGX_HTTP_ROOMS_BACKLOG_H_INCLUDED_


#include <ngx_http_rooms_replay.h>
#include <ngx_http_rooms_socket.h>


/* Octets that a replay may have now, of all that are under way in a worker. */

size_t ngx_http_rooms_backlog_room(ngx_http_rooms_session_t *s);

/* 1 where it is more than is queued at once, and can be written in steps. */

ngx_uint_t ngx_http_rooms_backlog_wanted(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay);

/* Begins, and takes what the replay holds.  NGX_ERROR: no memory. */

ngx_int_t ngx_http_rooms_backlog_start(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay);

/*
 * Queues the next step, where nothing else is queued; after the last one what
 * has waited.  NGX_OK: there is something; NGX_DONE: nothing; NGX_ERROR: the
 * session is doomed.
 */

ngx_int_t ngx_http_rooms_backlog_more(ngx_http_rooms_session_t *s);

/* Queues all of it: the session goes to another worker. */

ngx_int_t ngx_http_rooms_backlog_all(ngx_http_rooms_session_t *s);

/* The socket goes, and what was missed is for nobody any more. */

void ngx_http_rooms_backlog_gone(ngx_http_rooms_socket_t *socket);

/* Nothing of it is sent. */

void ngx_http_rooms_backlog_free(ngx_http_rooms_session_t *s);


#endif /* _NGX_HTTP_ROOMS_BACKLOG_H_INCLUDED_ */
