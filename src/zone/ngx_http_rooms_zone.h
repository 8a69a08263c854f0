
/*
 * Copyright (C) nginx rooms contributors
 *
 * The zone of an application in this worker: the journal in shared memory,
 * the worker table, wake-ups, and the sweep that notices deadlines and dead
 * workers.
 *
 * There is one worker table for all zones (its own small shared zone), so an
 * owner names a worker everywhere.  A worker is woken by an octet on its
 * datagram socket; the pairs are made by the master, live as long as it, and
 * are inherited by every worker of every configuration.
 */


#ifndef _NGX_HTTP_ROOMS_ZONE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_ZONE_H_INCLUDED_


#include <ngx_http_rooms_conf.h>

#include <rooms_journal.h>
#include <rooms_journal_file.h>
#include <rooms_table.h>
#include <rooms_workers.h>


typedef enum {
    NGX_HTTP_ROOMS_REFUSED_ORIGIN = 0,
    NGX_HTTP_ROOMS_REFUSED_HANDSHAKE,      /* transport, version, method */
    NGX_HTTP_ROOMS_REFUSED_SESSION,        /* unknown sid */
    NGX_HTTP_ROOMS_REFUSED_PAYLOAD,        /* over max_payload */
    NGX_HTTP_ROOMS_REFUSED_FRAME,          /* 1002 and 1007 */
    NGX_HTTP_ROOMS_REFUSED_PACKET,         /* Socket.IO packet or JSON */
    NGX_HTTP_ROOMS_REFUSED_INVALID,        /* against the contract */
    NGX_HTTP_ROOMS_REFUSED_RATE,
    NGX_HTTP_ROOMS_REFUSED_QUEUE,          /* send queue over its limit */
    NGX_HTTP_ROOMS_REFUSED_STORAGE,        /* the journal took nothing */
    NGX_HTTP_ROOMS_REFUSED_LIMIT,          /* rooms, namespaces, memory */
    NGX_HTTP_ROOMS_REFUSED_EMITTER,        /* malformed, or too large */
    NGX_HTTP_ROOMS_REFUSED_LAST
} ngx_http_rooms_refused_e;

extern const char  *ngx_http_rooms_refused_names[];


/* Figures of one worker; it alone writes, everybody reads. */

typedef struct {
    uint32_t                  owner;
    uint32_t                  websocket;   /* connections now */
    uint32_t                  polling;
    uint32_t                  sockets;     /* namespaces connected */
    uint32_t                  rooms;       /* held here */
    uint32_t                  elsewhere;   /* its owner in Redis, or 0 */
    uint64_t                  in;          /* events */
    uint64_t                  out;
    uint64_t                  in_bytes;
    uint64_t                  out_bytes;
    uint64_t                  connects;
    uint64_t                  recovered;
    uint64_t                  timeouts;    /* of heartbeats */
    uint64_t                  conflicts;   /* appends that had to be redone */
    uint64_t                  lost;        /* times the ring passed us */
    uint64_t                  refused[NGX_HTTP_ROOMS_REFUSED_LAST];
} ngx_http_rooms_stat_t;


/* In the zone's shared memory. */

typedef struct {
    size_t                    journal;     /* offset from the zone's start */
    size_t                    size;
    uint32_t                  sweep;       /* where the sweep stands, locked */
    uint32_t                  told;        /* that the history is short */
    size_t                    file;        /* offset, 0: there is none */
    uint64_t                  synced;      /* ms, when it was last begun */
    ngx_http_rooms_stat_t     stats[ROOMS_WORKERS_MAX];
} ngx_http_rooms_shared_t;


/* The file of a zone in the master; all configurations of it share it. */

typedef struct {
    ngx_uint_t                refs;
    ngx_fd_t                  fd;
    ngx_fd_t                  old;         /* while the new one is written */
} ngx_http_rooms_kept_t;


/* In the shared memory of the worker table. */

typedef struct {
    rooms_workers_t           table;
    ngx_socket_t              wake[ROOMS_WORKERS_MAX][2];
} ngx_http_rooms_workers_t;


struct ngx_http_rooms_zone_s {
    ngx_http_rooms_app_t     *app;
    ngx_slab_pool_t          *shpool;
    ngx_http_rooms_shared_t  *shared;
    rooms_journal_t          *journal;
    rooms_journal_file_t     *file;        /* NULL: in memory only */
    ngx_http_rooms_kept_t    *kept;
#if (NGX_THREADS)
    ngx_thread_task_t        *syncing;
#endif
    ngx_http_rooms_stat_t    *stat;        /* this worker's */

    ngx_http_rooms_redis_t   *redis;         /* NULL: in shared memory */
    void                     *bridge;        /* to redis_emitter, or NULL */
    uint32_t                  owner;         /* this worker, in this zone */
    uint64_t                  epoch;
    uint64_t                  cursor;      /* of this worker in the journal */
    rooms_buf_t               entry;       /* the record being read */

    rooms_table_t             rooms;       /* by hash: room->node */
    ngx_queue_t               idle;        /* rooms without members, LRU */
    ngx_uint_t                nidle;
    rooms_table_t             sessions;    /* by sid: session->node */
    rooms_table_t             sockets;     /* by sid: socket->node */
    ngx_queue_t               all;         /* sessions: session->link */

    /* ngx_http_rooms_given.c */
    rooms_table_t             given;
    ngx_queue_t               giving;
    ngx_uint_t                ngiven;
    size_t                    given_size;
    ngx_event_t               given_timer;

    ngx_queue_t               directed;    /* copies, not yet handled */
    ngx_event_t               deliver;     /* posted when there are some */
    unsigned                  draining:1;
};


/* This process among the workers; 0 before it has joined. */

extern uint32_t                   ngx_http_rooms_owner;
extern ngx_http_rooms_workers_t  *ngx_http_rooms_workers;


/* Configuration: adds the shared zones of a block and of the table. */

ngx_int_t ngx_http_rooms_zone_add(ngx_conf_t *cf, ngx_http_rooms_app_t *app);
ngx_int_t ngx_http_rooms_workers_add(ngx_conf_t *cf,
    ngx_http_rooms_main_conf_t *rmcf);

/* The module's hooks. */

ngx_int_t ngx_http_rooms_zone_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_rooms_zone_init_process(ngx_cycle_t *cycle);
void ngx_http_rooms_zone_exit_process(ngx_cycle_t *cycle);


void ngx_http_rooms_zone_lock(ngx_http_rooms_zone_t *zone);
void ngx_http_rooms_zone_unlock(ngx_http_rooms_zone_t *zone);

/* Appends and wakes who is interested; codes of rooms_journal_append(). */

ngx_int_t ngx_http_rooms_zone_append(ngx_http_rooms_zone_t *zone,
    const rooms_append_t *a, uint64_t *last);

/*
 * Sends octets to another worker and wakes it; by way of Redis they may turn
 * out not to have arrived, see ngx_http_rooms_remote_lost().
 */

ngx_int_t ngx_http_rooms_zone_direct(ngx_http_rooms_zone_t *zone, uint32_t to,
    rooms_str_t data);

/* 0: there is no such worker any more. */

ngx_uint_t ngx_http_rooms_zone_holds(ngx_http_rooms_zone_t *zone,
    uint32_t owner);

/*
 * Reads the journal up to its head: state evolves, messages go to the local
 * members' buffers.  Calls no application decision and closes nothing, so it
 * may be called wherever the newest state is wanted.
 */

void ngx_http_rooms_zone_drain(ngx_http_rooms_zone_t *zone);

/* The handler of zone->deliver: what drains have put into zone->directed. */

void ngx_http_rooms_zone_deliver(ngx_event_t *ev);

/* What this worker has asked for in no zone any more; its figures are 0. */

void ngx_http_rooms_zone_forget(ngx_http_rooms_zone_t *zone, uint32_t owner);

/* Milliseconds since 1970 by nginx's cached clock. */

uint64_t ngx_http_rooms_now(void);


#endif /* _NGX_HTTP_ROOMS_ZONE_H_INCLUDED_ */
