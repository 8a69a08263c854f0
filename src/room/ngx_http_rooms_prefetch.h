
/*
 * Copyright (C) nginx rooms contributors
 *
 * The way from a member to its connection is five misses of the cache.  For
 * the first members each step is begun for all of them; after that, each turn
 * of a loop over the members begins one step for one of the next ones.
 */


#ifndef _NGX_HTTP_ROOMS_PREFETCH_H_INCLUDED_
#define _NGX_HTTP_ROOMS_PREFETCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_socket.h>


#define NGX_HTTP_ROOMS_AHEAD       4         /* members to be fetched */
#define NGX_HTTP_ROOMS_WARM_STEPS  4


static ngx_inline void
ngx_http_rooms_member_prefetch(ngx_http_rooms_member_t *member)
{
    ngx_http_rooms_prefetch(&member->socket);
    ngx_http_rooms_prefetch(&member->pos);
}


/* A step for the first members, from 0; each needs those before it. */

static ngx_inline void
ngx_http_rooms_stream_warm(ngx_http_rooms_stream_t *stream, ngx_uint_t step)
{
    ngx_uint_t                 i, n;
    ngx_http_rooms_member_t  **members;

    members = stream->members;
    n = ngx_min(stream->n, NGX_HTTP_ROOMS_AHEAD);

    for (i = 0; i < n; i++) {

        switch (step) {

        case 0:
            ngx_http_rooms_member_prefetch(members[i]);
            break;

        case 1:
            ngx_http_rooms_prefetch(&members[i]->socket->session);
            break;

        case 2:
            ngx_http_rooms_session_prefetch(members[i]->socket->session);
            break;

        default:
            ngx_http_rooms_session_prefetch_connection(
                                              members[i]->socket->session);
            break;
        }
    }
}


/* All steps from that one on. */

static ngx_inline void
ngx_http_rooms_stream_warm_from(ngx_http_rooms_stream_t *stream,
    ngx_uint_t step)
{
    while (step < NGX_HTTP_ROOMS_WARM_STEPS) {
        ngx_http_rooms_stream_warm(stream, step++);
    }
}


/* next[0] is what the loop looks at now, and there is next[AHEAD]. */

static ngx_inline void
ngx_http_rooms_stream_prefetch(ngx_http_rooms_member_t **next)
{
    ngx_http_rooms_member_prefetch(next[4]);
    ngx_http_rooms_prefetch(&next[3]->socket->session);
    ngx_http_rooms_session_prefetch(next[2]->socket->session);
    ngx_http_rooms_session_prefetch_connection(next[1]->socket->session);
}


#endif /* _NGX_HTTP_ROOMS_PREFETCH_H_INCLUDED_ */
