
/*
 * Copyright (C) nginx rooms contributors
 *
 * Rooms as this worker holds them: a copy of the state, the members that are
 * connected here, and the buffers through which messages reach them.
 *
 * Members are grouped in streams by the form in which they take messages
 * (namespace, transport, offset or not, variant).  A message is encoded once
 * per stream into the stream's chunk, and when the worker's turn ends, or the
 * time of rooms_coalesce after it, each member is sent what it has not had yet
 * in one go: publishing costs nothing per member.  What a socket does not take
 * is queued in its session as a reference to the chunk, not as a copy.
 */


#ifndef _NGX_HTTP_ROOMS_ROOM_H_INCLUDED_
#define _NGX_HTTP_ROOMS_ROOM_H_INCLUDED_


#include <ngx_http_rooms_conf.h>
#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_chunk.h>
#include <ngx_http_rooms_session.h>

#include <rooms_message.h>


typedef struct ngx_http_rooms_stream_s  ngx_http_rooms_stream_t;
typedef struct ngx_http_rooms_member_s  ngx_http_rooms_member_t;


/*
 * Where the journal is in Redis: how far this copy is, and who waits.  A room
 * is subscribed to before its state is read, so that nothing is missed.
 */

typedef enum {
    NGX_HTTP_ROOMS_BACKING_NEW = 0,          /* not subscribed, no state */
    NGX_HTTP_ROOMS_BACKING_LOADING,          /* the state is on its way */
    NGX_HTTP_ROOMS_BACKING_READY,
    NGX_HTTP_ROOMS_BACKING_STALE,            /* something may be missing */
    NGX_HTTP_ROOMS_BACKING_CATCHING          /* and is on its way */
} ngx_http_rooms_backing_e;

typedef struct {
    ngx_http_rooms_backing_e  state;
    ngx_queue_t               tasks;         /* commands that wait */
    ngx_uint_t                busy;          /* who needs it to stay */
    uint64_t                  committed;     /* has to be read before more is
                                                decided */
    uint64_t                  ahead;         /* the state has the records up to
                                                it, which are still to be told;
                                                or less than last */
    uint64_t                  dropped;       /* highest id not applied */
    uint64_t                  behind;        /* committed, at the last beat */
    uint64_t                  late;          /* highest of member->from */
    ngx_queue_t               taps;
    ngx_msec_t                current;       /* when it was ready */
    size_t                    size;          /* of the state, copied last */
    ngx_uint_t                kept;          /* messages since it was said */
    ngx_msec_t                kept_since;    /* how long to keep them, when */
    unsigned                  compact:1;     /* a snapshot is wanted */
    unsigned                  loaded:1;      /* it has been, once */
    unsigned                  subscribed:1;
    unsigned                  appending:1;
    unsigned                  fenced:1;      /* its last id is asked for */
    unsigned                  running:1;
    unsigned                  again:1;
} ngx_http_rooms_backing_t;


struct ngx_http_rooms_room_s {
    rooms_link_t              node;          /* in zone->rooms */
    uint64_t                  hash;
    ngx_str_t                 name;
    ngx_http_rooms_zone_t    *zone;

    void                     *state;         /* of the application, or NULL */
    uint64_t                  last;          /* id of the last record seen */

    ngx_queue_t               streams;
    ngx_uint_t                nmembers;
    ngx_uint_t                nshared;       /* of them, in other rooms too */
    ngx_queue_t               idle;          /* in zone->idle */
    ngx_uint_t                appends;       /* since compaction was tried */
    ngx_http_rooms_backing_t  backing;
    ngx_event_t               wake;          /* a deadline that is near */
    unsigned                  is_idle:1;
};


struct ngx_http_rooms_stream_s {
    ngx_queue_t               queue;         /* in room->streams */
    ngx_http_rooms_room_t    *room;
    ngx_str_t                 nsp;
    unsigned                  variant:3;
    unsigned                  offset:1;
    unsigned                  is_dirty:1;    /* flushed with this turn */
    unsigned                  is_held:1;     /* flushed when due */
    ngx_http_rooms_form_t     form;

    ngx_http_rooms_member_t **members;
    ngx_uint_t                n;
    ngx_uint_t                alloc;
    ngx_http_rooms_chunk_t   *chunk;         /* what was gathered, or NULL */
    size_t                    want;          /* size of the next chunk */
    uint64_t                  count;         /* messages so far */

    ngx_queue_t               dirty;         /* has something to flush */
    ngx_http_rooms_beat_t    *hold;          /* of rooms_coalesce, or NULL */
    ngx_msec_t                due;
};


/* A socket's membership of a room. */

struct ngx_http_rooms_member_s {
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_stream_t  *stream;
    ngx_http_rooms_socket_t  *socket;
    ngx_queue_t               queue;         /* in session->members */
    uint32_t                  index;         /* in stream->members */
    uint32_t                  pos;           /* taken of the chunk */
    uint64_t                  joined;        /* messages after it are its */
    uint64_t                  from;          /* what was told before that is
                                                not for it; in Redis */
    uint64_t                  since;         /* messages not meant for it */
    uint64_t                  granted;       /* a replay began after that, and
                                                may not be at its end; or 0 */
};


/* The room as held here, or NULL. */

ngx_http_rooms_room_t *ngx_http_rooms_room_find(ngx_http_rooms_zone_t *zone,
    uint64_t hash);

/*
 * The room, loaded from the journal if it was not held yet; its state is
 * NULL where it does not live.  A room without members is kept for a while
 * and may go at the next call, so nobody keeps the pointer.  NULL: no memory.
 */

ngx_http_rooms_room_t *ngx_http_rooms_room_open(ngx_http_rooms_zone_t *zone,
    rooms_str_t name);

/*
 * A record was read: evolves the state, where it has not been evolved by it
 * already, and queues the messages.
 */

void ngx_http_rooms_room_apply(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e);
void ngx_http_rooms_room_evolve(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e);

/* The ring passed this worker: loads the state again where it changed and
 * closes the transports of members that missed something. */

void ngx_http_rooms_room_lost(ngx_http_rooms_room_t *room);

/* Lets go of its copy of the state. */

void ngx_http_rooms_room_release_state(ngx_http_rooms_room_t *room);

/* Closes the transports of all members, so that they come back; forget: and
 * do not recover. */

void ngx_http_rooms_room_doom(ngx_http_rooms_room_t *room,
    ngx_uint_t forget);

/*
 * The room has this deadline now (0: none), as decided here: where it is near,
 * a timer of this worker keeps it, and the sweep if the worker dies.
 */

void ngx_http_rooms_room_wake(ngx_http_rooms_room_t *room, uint64_t now,
    uint64_t deadline);

/* Replaces the room's facts in the journal by a snapshot when worth it. */

void ngx_http_rooms_room_compact(ngx_http_rooms_room_t *room);


/* Frees all rooms, which have no members any more. */

void ngx_http_rooms_room_free_all(ngx_http_rooms_zone_t *zone);

/*
 * Membership.  NGX_OK also where it is as wanted already; NGX_DECLINED: over
 * max_rooms; NGX_ERROR: no memory.
 */

ngx_int_t ngx_http_rooms_room_join(ngx_http_rooms_socket_t *socket,
    rooms_str_t name);
void ngx_http_rooms_room_leave(ngx_http_rooms_socket_t *socket,
    rooms_str_t name);
void ngx_http_rooms_room_leave_all(ngx_http_rooms_socket_t *socket);

ngx_http_rooms_member_t *ngx_http_rooms_room_member(
    ngx_http_rooms_room_t *room, ngx_http_rooms_socket_t *socket);

/* Messages that the rooms of a session have had for it so far. */

uint64_t ngx_http_rooms_room_count(ngx_http_rooms_session_t *s);

/* After the session changed transport, or the socket its variant. */

void ngx_http_rooms_room_restream(ngx_http_rooms_socket_t *socket);

/* Members that join with a later message have not heard this one. */

void ngx_http_rooms_room_skip(ngx_http_rooms_room_t *room, uint64_t id);

/*
 * Queues in the session what its rooms have gathered for it; called
 * before anything is queued for the session alone, so that order is kept.
 * except may be NULL.
 */

void ngx_http_rooms_room_take(ngx_http_rooms_session_t *s,
    ngx_http_rooms_room_t *except);

/* Sends what is due with this turn to all members that are to have it. */

void ngx_http_rooms_rooms_flush(void);

/* 1 where there is something left that is due. */

ngx_uint_t ngx_http_rooms_rooms_dirty(void);

/* What a location's streams may wait for, rooms_coalesce; all of it is due. */

void ngx_http_rooms_hold_init(ngx_http_rooms_loc_conf_t *conf,
    ngx_log_t *log);
void ngx_http_rooms_hold_end(ngx_http_rooms_loc_conf_t *conf);


#endif /* _NGX_HTTP_ROOMS_ROOM_H_INCLUDED_ */
