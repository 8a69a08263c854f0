
/*
 * Copyright (C) nginx rooms contributors
 *
 * An Engine.IO session: one client's connection over whichever transport,
 * its heartbeat, its queue, its end.
 *
 * A session lives in one worker.  Polling requests that reach another worker
 * travel to it (ngx_http_rooms_remote.h); the owner is written in the sid.
 */


#ifndef _NGX_HTTP_ROOMS_SESSION_H_INCLUDED_
#define _NGX_HTTP_ROOMS_SESSION_H_INCLUDED_


#include <ngx_http_rooms_conf.h>
#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_chunk.h>

#include <rooms_ws.h>
#include <rooms_eio.h>
#include <rooms_rate.h>
#include <rooms_window.h>


/* Why a session ended: what the others are told and $rooms_close shows. */

typedef enum {
    NGX_HTTP_ROOMS_CLOSE_NONE = 0,
    NGX_HTTP_ROOMS_CLOSE_CLIENT,           /* the client said so */
    NGX_HTTP_ROOMS_CLOSE_TRANSPORT,        /* gone without a word, or two
                                              polling requests met */
    NGX_HTTP_ROOMS_CLOSE_PING,             /* heartbeat timeout */
    NGX_HTTP_ROOMS_CLOSE_PROTOCOL,         /* what it sent was wrong */
    NGX_HTTP_ROOMS_CLOSE_SERVER,           /* kicked */
    NGX_HTTP_ROOMS_CLOSE_QUEUE,            /* does not read */
    NGX_HTTP_ROOMS_CLOSE_SHUTDOWN          /* this worker goes */
} ngx_http_rooms_close_e;


/* What the heartbeat waits for. */

typedef enum {
    NGX_HTTP_ROOMS_BEATING_NOT = 0,
    NGX_HTTP_ROOMS_BEATING_PING,           /* the time of the next one */
    NGX_HTTP_ROOMS_BEATING_PONG
} ngx_http_rooms_beating_e;


/*
 * Begins to bring into the cache what is at an address.  To gcc 12 that is no
 * effect: calls of a function that does nothing else are left out, unless
 * there is a statement it does not look into.
 */

#define ngx_http_rooms_prefetch(p)                                            \
    do {                                                                      \
        __builtin_prefetch(p);                                                \
        __asm__ volatile ("");                                                \
    } while (0)


typedef struct ngx_http_rooms_poll_s    ngx_http_rooms_poll_t;
typedef struct ngx_http_rooms_binary_s  ngx_http_rooms_binary_t;


/*
 * The order is that of use: what a delivery looks at lies together, since
 * with many sessions the memory costs more than the instructions.
 */

struct ngx_http_rooms_session_s {
    rooms_link_t                 node;        /* in zone->sessions */
    ngx_queue_t                  link;        /* in zone->all */

    ngx_connection_t            *connection;  /* WebSocket, or NULL */
    unsigned                     polling:1;
    unsigned                     is_dirty:1;
    unsigned                     is_held:1;   /* flushes nothing until due */
    unsigned                     is_behind:1; /* a replay is under way */
    unsigned                     connecting:1;
    unsigned                     extended:1;  /* the pong's deadline, once */
    unsigned                     closed:1;
    unsigned                     doomed:1;    /* to be closed, see below */
    unsigned                     upgraded:1;  /* was polling before */
    unsigned                     moved:1;     /* to another worker */
    unsigned                     broken:1;    /* sent what is no Engine.IO */
    unsigned                     ended:1;     /* it is only held */
    unsigned                     parser:2;    /* NGX_HTTP_ROOMS_PARSER_... */
    unsigned                     beating:2;   /* ngx_http_rooms_beating_e */
    uint8_t                      deflate;     /* window bits, 0: off */
    uint8_t                      reason;      /* ngx_http_rooms_close_e */
    uint16_t                     code;        /* of the close frame */
    ngx_http_rooms_zone_t       *zone;
    ngx_http_rooms_queue_t       out;
    ngx_http_rooms_loc_conf_t   *conf;

    ngx_queue_t                  members;     /* member->queue */
    ngx_queue_t                  sockets;     /* socket->queue */
    uint32_t                     nmembers;
    uint32_t                     nsockets;
    uint64_t                     in;
    uint64_t                     out_events;

    ngx_queue_t                  dirty;       /* has something to flush */
    ngx_queue_t                  beat;        /* in conf->ping or ->pong */
    ngx_msec_t                   due;

    rooms_ws_reader_t            reader;
    ngx_http_rooms_binary_t     *binary;      /* packet that lacks parts */
    rooms_rate_t                 rate;        /* events per second */
    rooms_rate_t                *rates;       /* per event of the contract */
    rooms_window_t              *window;      /* events of all names */
    ngx_http_rooms_poll_t       *poll;        /* polling only */
    ngx_http_request_t          *request;     /* kept for its log line */
    ngx_str_t                   *query;       /* of the handshake, or NULL */
    ngx_queue_t                  connect;     /* in conf->connect; connected,
                                                 among those held */
    ngx_msec_t                   connect_due;
    ngx_http_rooms_queue_t      *behind;      /* what waits for a replay, or
                                                 NULL; see _backlog.h */
    uint32_t                     holds;       /* of its memory */
    u_char                       sid[ROOMS_EIO_SID_LEN];
};


/*
 * A new session with a fresh sid in zone->sessions, heartbeat not started.
 * NULL: no memory.
 */

ngx_http_rooms_session_t *ngx_http_rooms_session_create(
    ngx_http_rooms_loc_conf_t *conf, ngx_uint_t polling);

/* Keeps the query of the handshake, for applications that look at it. */

ngx_int_t ngx_http_rooms_session_query(ngx_http_rooms_session_t *s,
    ngx_str_t *args);

/* What was kept, as commands take it; empty where nothing was. */

static ngx_inline rooms_str_t
ngx_http_rooms_session_kept_query(ngx_http_rooms_session_t *s)
{
    return s->query ? rooms_str(s->query->data, s->query->len)
                    : rooms_str(NULL, 0);
}

/* Puts a session that came from another worker into the tables. */

void ngx_http_rooms_session_install(ngx_http_rooms_session_t *s);

/* NULL where this worker has no such session. */

ngx_http_rooms_session_t *ngx_http_rooms_session_find(
    ngx_http_rooms_zone_t *zone, ngx_str_t *sid);

/* The owner written in a sid; 0: not a sid. */

uint32_t ngx_http_rooms_session_owner(ngx_str_t *sid);

/* Begins the heartbeat, or goes on with it after a transport change. */

void ngx_http_rooms_session_start(ngx_http_rooms_session_t *s);


/*
 * Takes an Engine.IO packet (text: with its type; else a binary message).
 * NGX_OK; NGX_ERROR: the session was closed by it; NGX_DONE: the same, at the
 * client's wish.
 */

ngx_int_t ngx_http_rooms_session_receive(ngx_http_rooms_session_t *s,
    rooms_str_t packet, ngx_uint_t binary);

/* The same for a packet of a polling payload. */

ngx_int_t ngx_http_rooms_session_input(ngx_http_rooms_session_t *s,
    const rooms_eio_packet_t *pkt);

/* What came is not Engine.IO: the session is closed.  Returns NGX_ERROR. */

ngx_int_t ngx_http_rooms_session_invalid(ngx_http_rooms_session_t *s);

/*
 * Queues a message packet: text without the Engine.IO type, then n binary
 * attachments.  What the session's rooms have for it goes first.
 */

void ngx_http_rooms_session_message(ngx_http_rooms_session_t *s,
    rooms_str_t text, const rooms_str_t *attachments, ngx_uint_t n);

/* The same before all that waits for a replay. */

void ngx_http_rooms_session_past(ngx_http_rooms_session_t *s,
    rooms_str_t text, const rooms_str_t *attachments, ngx_uint_t n);

/* Where the next message is queued. */

static ngx_inline ngx_http_rooms_queue_t *
ngx_http_rooms_session_tail(ngx_http_rooms_session_t *s)
{
    return s->is_behind ? s->behind : &s->out;
}

/* Queues another packet: its type and data. */

void ngx_http_rooms_session_packet(ngx_http_rooms_session_t *s, u_char type,
    rooms_str_t data);

/*
 * A ping packet, on a plain WebSocket a ping frame; sent at once where nothing
 * is in its way.
 */

void ngx_http_rooms_session_ping(ngx_http_rooms_session_t *s);

/* Queues an Engine.IO message as it is, text or binary. */

void ngx_http_rooms_session_plain(ngx_http_rooms_session_t *s,
    rooms_str_t data, ngx_uint_t binary);

/* Queues a WebSocket frame: the opcode, and RSV1 as wanted. */

void ngx_http_rooms_session_frame(ngx_http_rooms_session_t *s,
    ngx_uint_t opcode, rooms_str_t data);

/*
 * The form of a transport: polling packets, each followed by its separator,
 * or WebSocket frames, those of threshold octets and more compressed where
 * deflate (window bits) is not 0; with msgpack, a packet is one binary.
 */

typedef struct {
    unsigned                     polling:1;
    unsigned                     msgpack:1;
    unsigned                     deflate:4;
    size_t                       threshold;
} ngx_http_rooms_form_t;

/* What is encoded for the one suits the other. */

static ngx_inline ngx_uint_t
ngx_http_rooms_form_equal(const ngx_http_rooms_form_t *one,
    const ngx_http_rooms_form_t *two)
{
    return one->polling == two->polling
           && one->msgpack == two->msgpack
           && one->deflate == two->deflate
           && one->threshold == two->threshold;
}

/*
 * Appends one encoded message to *b.  Used for sessions and for the streams
 * of rooms.
 */

void ngx_http_rooms_session_encode(rooms_buf_t *b,
    const ngx_http_rooms_form_t *form, rooms_str_t text,
    const rooms_str_t *attachments, ngx_uint_t n);

void ngx_http_rooms_session_form(ngx_http_rooms_session_t *s,
    ngx_http_rooms_form_t *form);

/* A reference into a chunk; sent at once where possible. */

void ngx_http_rooms_session_send(ngx_http_rooms_session_t *s,
    ngx_http_rooms_chunk_t *chunk, uint32_t pos, uint32_t end);

/*
 * Sends what is queued now, and what follows a few milliseconds later, as
 * something of its own: for clients that take the answer to a CONNECT first
 * and only then begin to listen for events.
 */

void ngx_http_rooms_session_pace(ngx_http_rooms_session_t *s);

/* It is over before its time. */

void ngx_http_rooms_session_unpace(ngx_http_rooms_session_t *s);

/* Marks the session for the flush at the end of the turn. */

void ngx_http_rooms_session_dirty(ngx_http_rooms_session_t *s);

/*
 * Ends the session: its sockets disconnect (the applications are told), the
 * transport is closed after what is queued was tried once; ws_code for the
 * close frame, 0: an empty one.  s->closed is set at once, the memory stays
 * until the end of the turn.
 */

void ngx_http_rooms_session_close(ngx_http_rooms_session_t *s,
    ngx_http_rooms_close_e reason, ngx_uint_t ws_code);

/* The last of a closed session: out of the tables, freed after the turn. */

void ngx_http_rooms_session_end(ngx_http_rooms_session_t *s);

/*
 * Takes the session out of this worker without anybody being told: it goes
 * on in another one.
 */

void ngx_http_rooms_session_forget(ngx_http_rooms_session_t *s);

/* The same at the end of the turn; allowed while rooms are walked. */

void ngx_http_rooms_session_doom(ngx_http_rooms_session_t *s,
    ngx_http_rooms_close_e reason, ngx_uint_t ws_code);

/* Whoever counted s->holds up lets go of its memory. */

void ngx_http_rooms_session_unhold(ngx_http_rooms_session_t *s);

/* 1 where the reason for which it was closed lets its sockets recover. */

ngx_uint_t ngx_http_rooms_session_recoverable(ngx_http_rooms_session_t *s);

/* Memory that somebody on the stack may still use: freed after the turn. */

void ngx_http_rooms_free_later(void *p);


/*
 * Tries once to send what is queued.  NGX_OK: nothing is left; NGX_AGAIN;
 * NGX_ERROR: the connection is broken.
 */

ngx_int_t ngx_http_rooms_session_drain(ngx_http_rooms_session_t *s);

/*
 * The end of what one read brought: sends what is queued, if this turn has
 * nothing from a room that could go with it.  By the end of the turn other
 * sessions would have pushed this one out of the cache.  May close the
 * session.
 */

void ngx_http_rooms_session_answer(ngx_http_rooms_session_t *s);

/*
 * What session_send() will look at, of the session and then, once that is
 * there, of its connection.  Neither begins at a line of the cache.
 */

static ngx_inline void
ngx_http_rooms_session_prefetch(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_prefetch(&s->connection);
    ngx_http_rooms_prefetch(&s->out.first);
}

static ngx_inline void
ngx_http_rooms_session_prefetch_connection(ngx_http_rooms_session_t *s)
{
    if (s->connection) {
        ngx_http_rooms_prefetch(&s->connection->fd);
        ngx_http_rooms_prefetch(&s->connection->log);
    }
}

/* The end of the turn: rooms, then sessions. */

void ngx_http_rooms_post_flush(void);
void ngx_http_rooms_flush(ngx_event_t *ev);


/* ngx_http_rooms_beat.c: heartbeats */

void ngx_http_rooms_beat_init(ngx_http_rooms_loc_conf_t *conf,
    ngx_log_t *log);

/* An empty queue of those that wait delay ms, and the event for the first. */

void ngx_http_rooms_beat_queue(ngx_http_rooms_beat_t *beat, ngx_msec_t delay,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log);

void ngx_http_rooms_beat_ping(ngx_http_rooms_session_t *s);
void ngx_http_rooms_beat_pong(ngx_http_rooms_session_t *s);
void ngx_http_rooms_beat_extend(ngx_http_rooms_session_t *s);
void ngx_http_rooms_beat_stop(ngx_http_rooms_session_t *s);

/*
 * The time until the next ping, ms, and to go on from it in another worker:
 * the client's own clock knows nothing of the change.
 */

uint32_t ngx_http_rooms_beat_left(ngx_http_rooms_session_t *s);
void ngx_http_rooms_beat_resume(ngx_http_rooms_session_t *s, uint32_t left);

/* 1 where the time for its pong is over. */

ngx_uint_t ngx_http_rooms_beat_late(ngx_http_rooms_session_t *s);

/* Waits for the first CONNECT, or no longer does. */

void ngx_http_rooms_beat_connect(ngx_http_rooms_session_t *s);
void ngx_http_rooms_beat_connected(ngx_http_rooms_session_t *s);


#endif /* _NGX_HTTP_ROOMS_SESSION_H_INCLUDED_ */
