
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a socket missed, read from the journal: for connection state recovery
 * and for the replay that an application grants.
 */


#ifndef _NGX_HTTP_ROOMS_REPLAY_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REPLAY_H_INCLUDED_


#include <ngx_http_rooms_socket.h>
#include <ngx_http_rooms_room.h>


typedef struct {
    ngx_http_rooms_room_t     *room;        /* of which it has to be a member
                                               still; NULL: of any */
    uint64_t                   id;          /* of the message */
    size_t                     pos;         /* in messages */
    size_t                     len;
} ngx_http_rooms_missed_t;


typedef struct ngx_http_rooms_replay_s {
    rooms_str_t                sid;
    rooms_str_t                former;      /* sids, each a str16 */
    unsigned                   variant;
    size_t                     limit;       /* of all messages */
    ngx_http_rooms_room_t     *room;        /* the socket was connected all the
                                               time, and a member: what is
                                               ephemeral is for it, too; NULL:
                                               it was not */
    ngx_uint_t                 ended;       /* the room, in between */
    uint64_t                   after;       /* id of the last message had */
    uint64_t                   known;       /* id of a record to be found */
    uint64_t                   oldest;      /* time, ms, it must not precede */
    ngx_uint_t                 found;
    ngx_uint_t                 acts;        /* not all are EMIT */
    rooms_buf_t                messages;
    ngx_array_t                missed;      /* ngx_http_rooms_missed_t */
} ngx_http_rooms_replay_t;


/* For a struct of zeroes; it is to be freed whatever this returns. */

ngx_int_t ngx_http_rooms_replay_init(ngx_http_rooms_replay_t *replay,
    ngx_http_rooms_socket_t *socket);
void ngx_http_rooms_replay_free(ngx_http_rooms_replay_t *replay);

/* What rooms_journal_replay() is to be asked for, given replay->after. */

uint64_t ngx_http_rooms_replay_from(ngx_http_rooms_replay_t *replay);

/* A handler of rooms_journal_replay(); the result is to be sorted by id. */

rooms_int_t ngx_http_rooms_replay_entry(void *ctx,
    const rooms_journal_entry_t *e);
void ngx_http_rooms_replay_sort(ngx_http_rooms_replay_t *replay);

/* The number of records that they are messages of, when sorted. */

ngx_uint_t ngx_http_rooms_replay_records(ngx_http_rooms_replay_t *replay);

/*
 * Queues it; where that is much, as the client reads, and the replay has been
 * emptied.  NGX_ERROR: the session was closed or doomed by it.
 */

ngx_int_t ngx_http_rooms_replay_send(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay);

/* 1 where it can be queued, or written step by step. */

ngx_uint_t ngx_http_rooms_replay_fits(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay);

/*
 * Whoever recovers the socket gets what is after the replay's offset, or its
 * own: the memberships are as old as that.
 */

void ngx_http_rooms_replay_grant(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay);

/*
 * Queues the i-th message, before what waits for the replay; b is for the
 * text of it.  NGX_ERROR: the session is doomed.
 */

ngx_int_t ngx_http_rooms_replay_past(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay, ngx_uint_t i, rooms_buf_t *b);

/*
 * Reads what all rooms of the socket had for it after the offset, up to where
 * its membership reads on by itself.  NGX_DECLINED: the offset is not one of
 * a record of theirs that is kept and within the history, or it is more than
 * the worker has memory for.
 */

ngx_int_t ngx_http_rooms_replay_since(ngx_http_rooms_replay_t *replay,
    ngx_http_rooms_socket_t *socket, rooms_str_t offset);


#endif /* _NGX_HTTP_ROOMS_REPLAY_H_INCLUDED_ */
