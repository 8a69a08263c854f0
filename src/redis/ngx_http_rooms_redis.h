
/*
 * Copyright (C) nginx rooms contributors
 *
 * The journal of a zone in Redis, shared by many nginx.
 *
 * Each worker has two connections for a zone: one for commands, one that is
 * subscribed to the rooms held here and to the worker's own channel.  Records
 * are applied in the order in which the subscription tells them, which is the
 * order of ids over the whole zone; what an append of this worker causes
 * waits until its commands have been answered.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_H_INCLUDED_


#include <ngx_http_rooms_redis_conn.h>
#include <ngx_http_rooms_redis_script.h>
#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_socket.h>
#include <ngx_http_rooms_command.h>

#include <rooms_bus.h>


#define NGX_HTTP_ROOMS_REDIS_KEY  (128 + ROOMS_JOURNAL_NAME)


typedef struct ngx_http_rooms_pending_s  ngx_http_rooms_pending_t;
typedef struct ngx_http_rooms_op_s       ngx_http_rooms_op_t;
typedef struct ngx_http_rooms_fetch_s    ngx_http_rooms_fetch_t;
typedef struct ngx_http_rooms_gathered_s  ngx_http_rooms_gathered_t;


struct ngx_http_rooms_redis_s {
    ngx_http_rooms_zone_t         *zone;
    ngx_http_rooms_redis_conf_t   *conf;
    ngx_http_rooms_redis_conn_t    cmd;
    ngx_http_rooms_redis_conn_t    sub;

    u_char                         me[NGX_INT32_LEN + 1];
    size_t                         me_len;
    uint64_t                       max;        /* highest id of the epoch */
    uint64_t                       came;       /* and so, as it connected */
    uint64_t                       listed;     /* epoch of the last beat */
    uint64_t                       seq;        /* of our appends */

    ngx_rbtree_t                   ops;        /* appends on their way */
    ngx_rbtree_node_t              ops_sentinel;
    ngx_http_rooms_gathered_t     *gathered;   /* of them, in this turn */
    ngx_event_t                    gather;     /* sends those */
    ngx_queue_t                    gatherings; /* and what was sent so */
    ngx_queue_t                    backlog;    /* published, not yet read */
    ngx_queue_t                    letters;    /* to workers, not yet sent */
    size_t                         letters_size;
    ngx_uint_t                     nletters;
    ngx_event_t                    post;       /* sends them again */
    ngx_queue_t                    timed;      /* commands that wait */
    ngx_event_t                    timeout;
    ngx_event_t                    beat;
    ngx_event_t                    resume;     /* to read the backlog */
    ngx_queue_t                    joining;    /* commands: for rooms */
    ngx_queue_t                    departures; /* of sockets, untold */
    ngx_queue_t                    restores;
    ngx_queue_t                    moves;      /* sessions that come here */
    ngx_queue_t                    fetches;
    rooms_buf_t                    owners;     /* that live, u32 each */
    uint64_t                       rooms;      /* that live */
    uint64_t                       records;    /* of sockets, anywhere */
    ngx_uint_t                     beats;
    unsigned                       beating:1;  /* a reply is awaited */
    unsigned                       enlisted:1;
    unsigned                       reading:1;
    unsigned                       unsaved:1;  /* a socket's record is */
};


/* ngx_http_rooms_redis.c: the zone */

ngx_int_t ngx_http_rooms_redis_open(ngx_http_rooms_zone_t *zone);
void ngx_http_rooms_redis_close_zone(ngx_http_rooms_zone_t *zone);
void ngx_http_rooms_redis_free_zone(ngx_http_rooms_zone_t *zone);

/* 1 while commands can be sent. */

ngx_uint_t ngx_http_rooms_redis_healthy(ngx_http_rooms_zone_t *zone);

/* Writes a key of the zone into p: its kind ("r:") and a name. */

rooms_str_t ngx_http_rooms_redis_key(ngx_http_rooms_redis_t *redis,
    u_char *p, const char *kind, rooms_str_t name);
rooms_str_t ngx_http_rooms_redis_digits(u_char *p, uint64_t n);
rooms_str_t ngx_http_rooms_redis_me(ngx_http_rooms_redis_t *redis);

/* Another epoch than the one known was met in a reply. */

void ngx_http_rooms_redis_epoch(ngx_http_rooms_redis_t *redis,
    rooms_str_t text);


/* ngx_http_rooms_redis_publish.c: what is published */

/* As ngx_http_rooms_redis_conn_t.push. */

void ngx_http_rooms_redis_push(ngx_http_rooms_redis_conn_t *conn,
    redisReply *reply);

/* The backlog is read on, after the turn. */

void ngx_http_rooms_redis_resume(ngx_http_rooms_redis_t *redis);
void ngx_http_rooms_redis_resume_handler(ngx_event_t *ev);

/* Not what is directed to this worker. */

void ngx_http_rooms_redis_forget_backlog(ngx_http_rooms_redis_t *redis);

/* All of it, when a worker ends; the rooms may be gone. */

void ngx_http_rooms_redis_free_backlog(ngx_http_rooms_redis_t *redis);

/*
 * ngx_http_rooms_redis_letter.c: octets to a worker, as
 * ngx_http_rooms_zone_direct() has it.  They wait while the connection is
 * away.
 */

ngx_int_t ngx_http_rooms_redis_direct(ngx_http_rooms_zone_t *zone,
    uint32_t to, rooms_str_t data);
void ngx_http_rooms_redis_letters_send(ngx_http_rooms_redis_t *redis);

/*
 * 0: there is no such worker, or so many wait for one of which nobody has
 * heard yet that it is not looked for.
 */

ngx_uint_t ngx_http_rooms_redis_may_hold(ngx_http_rooms_zone_t *zone,
    uint32_t owner);
void ngx_http_rooms_redis_letters_free(ngx_http_rooms_redis_t *redis);


/* ngx_http_rooms_redis_beat.c: leases */

void ngx_http_rooms_redis_beat(ngx_http_rooms_redis_t *redis);
void ngx_http_rooms_redis_beat_handler(ngx_event_t *ev);

/* A worker of this nginx has died: its lease ends now. */

void ngx_http_rooms_redis_died(ngx_http_rooms_zone_t *zone, uint32_t owner);

/* 1 where it was a worker of this nginx and is none any more: its lease is
 * about to end. */

ngx_uint_t ngx_http_rooms_redis_dead(ngx_http_rooms_zone_t *zone,
    rooms_str_t owner);

/* 0: the worker is gone for certain. */

ngx_uint_t ngx_http_rooms_redis_holds(ngx_http_rooms_zone_t *zone,
    uint32_t owner);


/* ngx_http_rooms_redis_room.c: rooms */

void ngx_http_rooms_redis_room_init(ngx_http_rooms_room_t *room);
void ngx_http_rooms_redis_room_free(ngx_http_rooms_room_t *room);
void ngx_http_rooms_redis_room_subscribe(ngx_http_rooms_room_t *room);
void ngx_http_rooms_redis_room_subscribed(ngx_http_rooms_room_t *room);

/* Reads what is missing, if both connections are there. */

void ngx_http_rooms_redis_room_read(ngx_http_rooms_room_t *room);
void ngx_http_rooms_redis_room_reload(ngx_http_rooms_room_t *room);
void ngx_http_rooms_redis_room_since(ngx_http_rooms_room_t *room);
void ngx_http_rooms_redis_room_told(ngx_http_rooms_room_t *room,
    const rooms_bus_header_t *h, rooms_str_t records);


/*
 * Records that came with an answer (as of XRANGE), after the last one here:
 * the state has them at once, so that more can be decided on it, and they are
 * told when the subscription tells them, for members hear what their rooms
 * have in the order of ids.  What does not follow is left to that, too.
 */

void ngx_http_rooms_redis_room_ahead(ngx_http_rooms_room_t *room,
    redisReply *records);

/* The id of the last record that the state has. */

static ngx_inline uint64_t
ngx_http_rooms_redis_room_id(ngx_http_rooms_room_t *room)
{
    return ngx_max(room->last, room->backing.ahead);
}

/* 1 while nothing is missing. */

ngx_uint_t ngx_http_rooms_redis_room_ready(ngx_http_rooms_room_t *room);


/* ngx_http_rooms_redis_entry.c: records that were read */

typedef struct {
    redisReply                    *reply;      /* of XRANGE */
    size_t                         n;          /* of its elements, read */
    rooms_str_t                    records;    /* of the last one */
    uint64_t                       id;         /* of the first of those */
    uint64_t                       prev;
} ngx_http_rooms_redis_entries_t;


void ngx_http_rooms_redis_entries(ngx_http_rooms_redis_entries_t *list,
    redisReply *reply);
void ngx_http_rooms_redis_published_entries(
    ngx_http_rooms_redis_entries_t *list, const rooms_bus_header_t *h,
    rooms_str_t records);

/* The next record, in place.  NGX_DONE: there is none; NGX_ERROR: damaged. */

ngx_int_t ngx_http_rooms_redis_entry(ngx_http_rooms_room_t *room,
    ngx_http_rooms_redis_entries_t *list, rooms_journal_entry_t *e);


/* ngx_http_rooms_redis_rooms.c: all rooms, after a connection has come or gone,
 * or the epoch changed */

void ngx_http_rooms_redis_rooms_up(ngx_http_rooms_redis_t *redis);
void ngx_http_rooms_redis_rooms_stale(ngx_http_rooms_redis_t *redis);
void ngx_http_rooms_redis_rooms_lost(ngx_http_rooms_redis_t *redis);
void ngx_http_rooms_redis_rooms_subscribe(ngx_http_rooms_redis_t *redis);
void ngx_http_rooms_redis_rooms_behind(ngx_http_rooms_redis_t *redis);



/* ngx_http_rooms_redis_command.c: commands */

void ngx_http_rooms_redis_execute(ngx_http_rooms_task_t *task);

/* NGX_OK: it is refused when it is its turn; NGX_DECLINED: that is now. */

ngx_int_t ngx_http_rooms_redis_refuse(ngx_http_rooms_task_t *task,
    rooms_refusal_e why, const char *detail);

/* Somebody who held the memory of a socket lets go of it. */

void ngx_http_rooms_redis_socket_free(ngx_http_rooms_socket_t *socket);


/* ngx_http_rooms_redis_pending.c: redis->timeout */

void ngx_http_rooms_redis_timeout_handler(ngx_event_t *ev);


/* ngx_http_rooms_redis_batch.c: decides what waits, if the room is ready */

void ngx_http_rooms_redis_room_run(ngx_http_rooms_room_t *room);


/* ngx_http_rooms_redis_finish.c: who joins the room may be waiting for it */

void ngx_http_rooms_redis_room_wake(ngx_http_rooms_room_t *room);


/* ngx_http_rooms_redis_op.c: 1 where it is an append of ours that has not been
 * answered yet */

ngx_uint_t ngx_http_rooms_redis_own(ngx_http_rooms_redis_t *redis,
    const rooms_bus_header_t *h);


/* ngx_http_rooms_redis_full.c: asks one that does not write, if it does now */

void ngx_http_rooms_redis_probe(ngx_http_rooms_redis_t *redis);

/* 1: a command that is answered by NULL was refused, nothing was written. */

static ngx_inline ngx_uint_t
ngx_http_rooms_redis_is_full(ngx_http_rooms_redis_t *redis)
{
    return redis->cmd.full && redis->cmd.is_up;
}


/* ngx_http_rooms_redis_gather.c: redis->gather; and before its time */

void ngx_http_rooms_redis_gather_handler(ngx_event_t *ev);
void ngx_http_rooms_redis_gathered_send(ngx_http_rooms_redis_t *redis);

/* What nobody has answered, when the worker ends. */

void ngx_http_rooms_redis_gathered_free(ngx_http_rooms_redis_t *redis);


/* ngx_http_rooms_redis_append.c: deadlines, snapshots */

void ngx_http_rooms_redis_touch(ngx_http_rooms_zone_t *zone,
    rooms_str_t room, uint64_t deadline);
void ngx_http_rooms_redis_compact(ngx_http_rooms_room_t *room);


/* ngx_http_rooms_redis_record.c: records of sockets, leases */

ngx_int_t ngx_http_rooms_redis_save(ngx_http_rooms_socket_t *socket);
void ngx_http_rooms_redis_save_all(ngx_http_rooms_redis_t *redis);

void ngx_http_rooms_redis_revoke(ngx_http_rooms_zone_t *zone,
    rooms_str_t sid);
void ngx_http_rooms_redis_bury(ngx_http_rooms_redis_t *redis,
    rooms_str_t owner);


/* ngx_http_rooms_redis_depart.c: the end of a socket */

/* A socket is gone: its rooms (str16 each) hear of it, then its record is
 * kept for window ms or goes. */

void ngx_http_rooms_redis_depart(ngx_http_rooms_zone_t *zone,
    rooms_str_t sid, rooms_str_t nsp, rooms_str_t rooms, rooms_gone_e gone,
    ngx_msec_t window, ngx_uint_t registered);

/* The same, if the record is this worker's. */

void ngx_http_rooms_redis_reclaim(ngx_http_rooms_zone_t *zone,
    rooms_str_t sid, rooms_str_t nsp, rooms_str_t rooms, ngx_msec_t window);

/* 1 while that is being done. */

ngx_uint_t ngx_http_rooms_redis_departs(ngx_http_rooms_redis_t *redis,
    rooms_str_t sid);

/* Redis is back: goes on with those that wait for it. */

void ngx_http_rooms_redis_depart_again(ngx_http_rooms_redis_t *redis);

/* Those that nobody has heard of yet, at the end of a worker. */

void ngx_http_rooms_redis_forget_departures(ngx_http_rooms_redis_t *redis);


/* ngx_http_rooms_redis_restore.c */

/*
 * As ngx_http_rooms_recovery_restore(), but later: NGX_DONE, and then
 * ngx_http_rooms_connect_recovered() is called.  NGX_DECLINED: not at all.
 */

ngx_int_t ngx_http_rooms_redis_restore(ngx_http_rooms_session_t *s,
    ngx_str_t *nsp, rooms_str_t pid, rooms_str_t offset, void *auth);


/* ngx_http_rooms_redis_move.c */

/*
 * The image of a session of the worker from came for the candidate id: makes
 * the records of its sockets this worker's, fetches what they need, and then
 * calls ngx_http_rooms_upgrade_moved(), or .._unmoved() where not all of it
 * can be had.
 */

void ngx_http_rooms_redis_move(ngx_http_rooms_zone_t *zone, uint32_t from,
    uint64_t id, rooms_str_t image);

/* Those that are not here yet, at the end of a worker. */

void ngx_http_rooms_redis_moves_free(ngx_http_rooms_redis_t *redis);


/* ngx_http_rooms_redis_fetch.c */

/*
 * Reads what the rooms (as ngx_http_rooms_record_room() has them) have had
 * since an id, and since their own.  NGX_OK: the handler is called once, and
 * may use .._redis_replay() where it is complete; NGX_DONE: there is no room;
 * NGX_ERROR: no memory.
 */

typedef void (*ngx_http_rooms_fetch_pt)(void *data, ngx_uint_t complete);

ngx_int_t ngx_http_rooms_redis_fetch(ngx_http_rooms_redis_t *redis,
    rooms_str_t rooms, uint64_t after, ngx_http_rooms_fetch_pt handler,
    void *data);

/* As rooms_journal_replay(), of what was fetched just now, up to what has
 * been applied here. */

rooms_int_t ngx_http_rooms_redis_replay(ngx_http_rooms_room_t *room,
    uint64_t after, rooms_journal_replay_pt handler, void *ctx);

/* What is applied to a room while its records are fetched. */

void ngx_http_rooms_redis_tap(ngx_http_rooms_room_t *room,
    const rooms_journal_entry_t *e);

/* A room is ready. */

void ngx_http_rooms_redis_fetches_wake(ngx_http_rooms_redis_t *redis);


#endif /* _NGX_HTTP_ROOMS_REDIS_H_INCLUDED_ */
