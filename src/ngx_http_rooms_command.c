
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/rand.h>

#include <rooms_offset.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_packet.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_replay.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_verify.h>


#define NGX_HTTP_ROOMS_DEPTH      8      /* commands caused by commands */
#define NGX_HTTP_ROOMS_CONFLICTS  1000   /* lost races for one command */
#define NGX_HTTP_ROOMS_ATTEMPTS   10     /* rooms tried for a new one */
#define NGX_HTTP_ROOMS_RECORDS    64     /* of one decision */
#define NGX_HTTP_ROOMS_POOL       4096   /* random octets at a time */

#define NGX_HTTP_ROOMS_CALLER_ROOMS        256
#define NGX_HTTP_ROOMS_EFFECT_ATTACHMENTS  256


typedef struct {
    rooms_caller_t               caller;
    rooms_str_t                  rooms[NGX_HTTP_ROOMS_CALLER_ROOMS];
    rooms_buf_t                  name;       /* of the command's room */
    rooms_decision_t             d;
    unsigned                     ready:1;
} ngx_http_rooms_frame_t;


static ngx_int_t ngx_http_rooms_decide(ngx_http_rooms_task_t *task,
    ngx_http_rooms_frame_t *frame, rooms_refusal_e *why);
static ngx_int_t ngx_http_rooms_decide_in_room(ngx_http_rooms_task_t *task,
    ngx_http_rooms_frame_t *frame, rooms_refusal_e *why);
static void ngx_http_rooms_deadline(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, ngx_http_rooms_room_t *room);
static ngx_int_t ngx_http_rooms_append(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, ngx_http_rooms_room_t *room, rooms_refusal_e *why);
static void ngx_http_rooms_append_others(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
static ngx_int_t ngx_http_rooms_claim(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, rooms_refusal_e *why);
static void ngx_http_rooms_remove_others(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, ngx_uint_t claims);
static void ngx_http_rooms_finish(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
static void ngx_http_rooms_effect_welcome(ngx_http_rooms_socket_t *socket,
    rooms_str_t args, const rooms_str_t *attachments, ngx_uint_t n);
static ngx_uint_t ngx_http_rooms_effect(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, rooms_effect_t *e);
static void ngx_http_rooms_replay(ngx_http_rooms_task_t *task,
    rooms_str_t offset, rooms_str_t sids);
static ngx_uint_t ngx_http_rooms_effect_data(ngx_http_rooms_socket_t *socket,
    rooms_str_t text);
static ngx_http_rooms_frame_t *ngx_http_rooms_frame_push(
    ngx_http_rooms_task_t *task);
static void ngx_http_rooms_frame_pop(void);
static void ngx_http_rooms_frame_caller(ngx_http_rooms_task_t *task,
    ngx_http_rooms_frame_t *frame);


static ngx_http_rooms_frame_t  ngx_http_rooms_frames[NGX_HTTP_ROOMS_DEPTH];
static ngx_uint_t              ngx_http_rooms_depth;


void
ngx_http_rooms_execute(ngx_http_rooms_task_t *task)
{
    ngx_int_t                rc;
    rooms_refusal_e          why;
    ngx_http_rooms_frame_t  *frame;

    if (task->zone->redis) {
        ngx_http_rooms_redis_execute(task);
        return;
    }

    frame = ngx_http_rooms_frame_push(task);

    why = ROOMS_REFUSE_INTERNAL;

    rc = ngx_http_rooms_decide(task, frame, &why);

    if (rc == NGX_DONE) {

        /* it waits for a thread */

        ngx_http_rooms_frame_pop();
        return;
    }

    if (rc != NGX_OK) {

        if (why == ROOMS_REFUSE_STORAGE) {
            task->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_STORAGE]++;
        }

        rooms_decision_reset(&frame->d);
        task->zone->app->app->refuse(task->zone->app->conf, &task->cmd, why,
                                     rooms_str(NULL, 0), &frame->d);
    }

    ngx_http_rooms_finish(task, &frame->d);

    ngx_http_rooms_frame_pop();
}


void
ngx_http_rooms_refuse(ngx_http_rooms_task_t *task, rooms_refusal_e why,
    const char *detail)
{
    ngx_http_rooms_stat_t   *stat;
    ngx_http_rooms_frame_t  *frame;

    stat = task->zone->stat;

    if (why == ROOMS_REFUSE_RATE) {
        stat->refused[NGX_HTTP_ROOMS_REFUSED_RATE]++;

    } else if (why == ROOMS_REFUSE_TOO_LARGE) {
        stat->refused[NGX_HTTP_ROOMS_REFUSED_PAYLOAD]++;

    } else {
        stat->refused[NGX_HTTP_ROOMS_REFUSED_INVALID]++;
    }

    frame = ngx_http_rooms_frame_push(task);

    task->zone->app->app->refuse(task->zone->app->conf, &task->cmd, why,
                                 rooms_str(detail, ngx_strlen(detail)),
                                 &frame->d);

    ngx_http_rooms_finish(task, &frame->d);

    ngx_http_rooms_frame_pop();
}


void
ngx_http_rooms_execute_in(ngx_http_rooms_zone_t *zone,
    rooms_command_kind_e kind, rooms_str_t room, rooms_str_t sid,
    rooms_str_t nsp)
{
    rooms_caller_t         caller;
    ngx_http_rooms_task_t  task;

    ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));
    ngx_memzero(&caller, sizeof(rooms_caller_t));

    caller.sid = sid;
    caller.nsp = nsp;

    task.zone = zone;
    task.cmd.kind = kind;
    task.cmd.room = room;
    task.cmd.caller = sid.len ? &caller : NULL;

    ngx_http_rooms_execute(&task);
}


/* NGX_ERROR: *why says why the command is to be refused. */

static ngx_int_t
ngx_http_rooms_decide(ngx_http_rooms_task_t *task,
    ngx_http_rooms_frame_t *frame, rooms_refusal_e *why)
{
    ngx_int_t              rc;
    ngx_uint_t             known;
    ngx_http_rooms_app_t  *app;

    app = task->zone->app;

    known = (task->cmd.room.len != 0);

    for (task->cmd.attempt = 0;
         task->cmd.attempt < NGX_HTTP_ROOMS_ATTEMPTS;
         task->cmd.attempt++)
    {
        if (task->cmd.attempt) {
            task->cmd.random = ngx_http_rooms_random(app);
        }

        if (!known) {
            rooms_buf_reset(&frame->name);
            task->cmd.room = rooms_str(NULL, 0);

            rc = app->app->route(app->conf, &task->cmd, &frame->name);

            if (rc == ROOMS_ERROR || frame->name.failed) {
                return NGX_ERROR;
            }

            if (rc == ROOMS_OK) {
                task->cmd.room = rooms_str(frame->name.data,
                                           frame->name.len);
            }
        }

        rc = ngx_http_rooms_decide_in_room(task, frame, why);

        if (rc != NGX_AGAIN) {
            return rc;
        }

        if (frame->d.redirect.len) {
            rooms_buf_reset(&frame->name);
            rooms_buf_str(&frame->name,
                          rooms_decision_str(&frame->d, frame->d.redirect));

            if (frame->name.failed) {
                return NGX_ERROR;
            }

            task->cmd.room = rooms_str(frame->name.data, frame->name.len);
            known = 1;
        }
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "rooms: zone \"%V\": no free name for a new room in %d "
                  "attempts", &app->name, NGX_HTTP_ROOMS_ATTEMPTS);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_rooms_decide_in_room(ngx_http_rooms_task_t *task,
    ngx_http_rooms_frame_t *frame, rooms_refusal_e *why)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    rooms_decision_t       *d;
    ngx_http_rooms_app_t   *app;
    ngx_http_rooms_room_t  *room;
    ngx_http_rooms_zone_t  *zone;

    zone = task->zone;
    app = zone->app;
    d = &frame->d;
    room = NULL;

    for (i = 0; i < NGX_HTTP_ROOMS_CONFLICTS; i++) {

        if (task->cmd.room.len && app->app->evolve) {
            ngx_http_rooms_zone_drain(zone);

            room = ngx_http_rooms_room_open(zone, task->cmd.room);
            if (room == NULL) {
                return NGX_ERROR;
            }
        }

        rooms_decision_reset(d);

        rc = app->app->decide(app->conf, room ? room->state : NULL,
                              &task->cmd, d);

        if (rc == ROOMS_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc != ROOMS_OK || rooms_decision_failed(d)) {
            return NGX_ERROR;
        }

        if (d->verify) {
            rc = ngx_http_rooms_verify(task, d);

            if (rc != NGX_OK) {
                return rc;
            }

            continue;
        }

        if (d->nrecords == 0 && !d->remove) {
            ngx_http_rooms_deadline(task, d, room);
            return NGX_OK;
        }

        rc = ngx_http_rooms_append(task, d, room, why);

        if (rc == NGX_BUSY) {
            return NGX_AGAIN;
        }

        if (rc != NGX_AGAIN) {
            return rc;
        }

        zone->stat->conflicts++;
    }

    return NGX_ERROR;
}


/* A tick that came too early only says when it wants to come again. */

static void
ngx_http_rooms_deadline(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    ngx_http_rooms_room_t *room)
{
    ngx_http_rooms_zone_t  *zone;

    if (d->keep_deadline || room == NULL || room->state == NULL) {
        return;
    }

    zone = task->zone;

    ngx_http_rooms_zone_lock(zone);

    (void) rooms_journal_touch(zone->journal, task->cmd.room, d->deadline, 0);

    ngx_http_rooms_zone_unlock(zone);

    ngx_http_rooms_room_wake(room, task->cmd.now, d->deadline);
}


/* NGX_AGAIN: the room has moved on; NGX_BUSY: what was claimed is taken. */

static ngx_int_t
ngx_http_rooms_append(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    ngx_http_rooms_room_t *room, rooms_refusal_e *why)
{
    uint64_t          last;
    ngx_int_t         rc;
    ngx_uint_t        i, n;
    rooms_append_t    a;
    rooms_decided_t  *r;
    rooms_record_t    records[NGX_HTTP_ROOMS_RECORDS];

    n = 0;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (r->room.len) {
            continue;
        }

        if (n == NGX_HTTP_ROOMS_RECORDS) {
            return NGX_ERROR;
        }

        records[n].fact = rooms_decision_str(d, r->fact);
        records[n].messages = ngx_http_rooms_messages(d, r);
        n++;
    }

    rc = ngx_http_rooms_claim(task, d, why);

    if (rc != NGX_OK) {
        return rc;
    }

    if (n || d->remove) {
        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = task->cmd.room;
        a.expected = (room == NULL) ? ROOMS_JOURNAL_ANY
                     : room->state ? room->last : ROOMS_JOURNAL_NONE;
        a.records = records;
        a.nrecords = n;
        a.now = task->cmd.now;
        a.deadline = d->keep_deadline ? ROOMS_JOURNAL_KEEP : d->deadline;
        a.remove = d->remove;

        rc = ngx_http_rooms_zone_append(task->zone, &a, &last);

        if (rc != ROOMS_OK) {
            ngx_http_rooms_remove_others(task, d, 1);
        }

        switch (rc) {

        case ROOMS_OK:
            break;

        case ROOMS_AGAIN:
            return NGX_AGAIN;

        case ROOMS_DECLINED:
            *why = ROOMS_REFUSE_STORAGE;
            return NGX_ERROR;

        default:
            *why = ROOMS_REFUSE_TOO_LARGE;
            return NGX_ERROR;
        }

        if (room && !d->keep_deadline) {
            ngx_http_rooms_room_wake(room, task->cmd.now, d->deadline);
        }
    }

    if (n < d->nrecords) {
        ngx_http_rooms_append_others(task, d);
        ngx_http_rooms_remove_others(task, d, 0);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_claim(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    rooms_refusal_e *why)
{
    uint64_t          last;
    ngx_int_t         rc;
    ngx_uint_t        i;
    rooms_append_t    a;
    rooms_record_t    record;
    rooms_decided_t  *r;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (!r->claim) {
            continue;
        }

        record.fact = rooms_decision_str(d, r->fact);
        record.messages = ngx_http_rooms_messages(d, r);

        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = rooms_decision_str(d, r->room);
        a.expected = ROOMS_JOURNAL_NONE;
        a.records = &record;
        a.nrecords = 1;
        a.now = task->cmd.now;

        rc = ngx_http_rooms_zone_append(task->zone, &a, &last);

        if (rc == ROOMS_OK) {
            continue;
        }

        /* those before it were ours */

        while (i--) {
            if (d->records[i].claim) {
                d->records[i].drop = 1;
            }
        }

        ngx_http_rooms_remove_others(task, d, 0);

        if (rc == ROOMS_AGAIN) {
            return NGX_BUSY;
        }

        *why = ROOMS_REFUSE_STORAGE;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Rooms that end with the command's, or whose claim came to nothing. */

static void
ngx_http_rooms_remove_others(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    ngx_uint_t claims)
{
    uint64_t          last;
    ngx_uint_t        i;
    rooms_append_t    a;
    rooms_decided_t  *r;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (claims ? !r->claim : !r->drop) {
            continue;
        }

        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = rooms_decision_str(d, r->room);
        a.expected = ROOMS_JOURNAL_ANY;
        a.now = task->cmd.now;
        a.remove = 1;

        (void) ngx_http_rooms_zone_append(task->zone, &a, &last);
    }
}


rooms_str_t
ngx_http_rooms_messages(rooms_decision_t *d, rooms_decided_t *r)
{
    if (r->messages.len == 0) {
        return rooms_str(NULL, 0);
    }

    return rooms_str(d->messages.data + r->messages.pos, r->messages.len);
}


/* Records for other rooms: messages only, so they cannot conflict. */

static void
ngx_http_rooms_append_others(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    uint64_t          last;
    ngx_uint_t        i;
    rooms_append_t    a;
    rooms_record_t    record;
    rooms_decided_t  *r;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (r->room.len == 0 || r->claim || r->drop) {
            continue;
        }

        record.fact = rooms_str(NULL, 0);
        record.messages = ngx_http_rooms_messages(d, r);

        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = rooms_decision_str(d, r->room);
        a.expected = ROOMS_JOURNAL_ANY;
        a.records = &record;
        a.nrecords = 1;
        a.now = task->cmd.now;
        a.deadline = ROOMS_JOURNAL_KEEP;

        if (ngx_http_rooms_zone_append(task->zone, &a, &last) != ROOMS_OK) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "rooms: zone \"%V\": a message of %uz octets was "
                          "not taken by the journal",
                          &task->zone->app->name, record.messages.len);
        }
    }
}


/* The answer, the effects, and then what the records cause. */

static void
ngx_http_rooms_finish(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    uint64_t                hash;
    ngx_http_rooms_room_t  *room;

    if (task->done) {
        task->done(task, d);
    }

    if (task->socket && d->neffects) {
        ngx_http_rooms_effects(task, d);
    }

    if (d->nrecords == 0 && !d->remove) {
        return;
    }

    ngx_http_rooms_zone_drain(task->zone);

    if (task->zone->app->app->evolve && task->cmd.room.len) {
        hash = rooms_journal_hash(task->zone->journal, task->cmd.room);
        room = ngx_http_rooms_room_find(task->zone, hash);

        if (room) {
            ngx_http_rooms_room_compact(room);
        }
    }
}


void
ngx_http_rooms_effects(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    ngx_uint_t                i, changed;
    ngx_http_rooms_socket_t  *socket;

    socket = task->socket;
    changed = 0;

    for (i = 0; i < d->neffects && !socket->dead; i++) {
        changed |= ngx_http_rooms_effect(task, d, &d->effects[i]);
    }

    if (changed && socket->registered && !socket->dead) {
        (void) ngx_http_rooms_recovery_save(socket);
    }
}


/* Returns 1 where the socket's recovery record changes. */

static ngx_uint_t
ngx_http_rooms_effect(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    rooms_effect_t *e)
{
    rooms_str_t               name, text,
                              attachments[NGX_HTTP_ROOMS_EFFECT_ATTACHMENTS];
    ngx_uint_t                n;
    ngx_http_rooms_socket_t  *socket;

    socket = task->socket;

    name = rooms_decision_str(d, e->name);
    text = rooms_decision_str(d, e->text);

    switch (e->type) {

    case ROOMS_EFFECT_EMIT:
    case ROOMS_EFFECT_ASK:
        n = ngx_http_rooms_socket_attachments(
                                      rooms_decision_str(d, e->attachments),
                                      e->nattachments, attachments,
                                      NGX_HTTP_ROOMS_EFFECT_ATTACHMENTS);

        if (e->type == ROOMS_EFFECT_ASK) {
            (void) ngx_http_rooms_socket_ask(socket, name, text, attachments,
                                             n);
        } else if (task->cmd.kind == ROOMS_CMD_CONNECT
                   && socket->recoverable)
        {
            ngx_http_rooms_effect_welcome(socket, text, attachments, n);

        } else {
            ngx_http_rooms_socket_emit(socket, ROOMS_SIO_EVENT,
                                       ROOMS_SIO_NO_ACK, text, attachments,
                                       n);
        }

        return 0;

    case ROOMS_EFFECT_JOIN:
        return ngx_http_rooms_room_join(socket, name) == NGX_OK;

    case ROOMS_EFFECT_LEAVE:
        ngx_http_rooms_room_leave(socket, name);
        return 1;

    case ROOMS_EFFECT_DATA:
        return ngx_http_rooms_effect_data(socket, text);

    case ROOMS_EFFECT_VARIANT:
        socket->variant = e->number & 7;
        ngx_http_rooms_room_restream(socket);
        return 1;

    case ROOMS_EFFECT_KICK:
        ngx_http_rooms_kick(socket, e->number);
        return 0;

    case ROOMS_EFFECT_REVOKE:
        ngx_http_rooms_recovery_revoke(socket->session->zone, name);
        return 0;

    case ROOMS_EFFECT_REPLAY:
        ngx_http_rooms_replay(task, text, name);
        return 0;

    case ROOMS_EFFECT_REPLAYED:

        if (task->replay) {
            (void) ngx_http_rooms_replay_send(socket, task->replay);
            task->replay = NULL;
        }

        return 0;
    }

    return 0;
}


/*
 * What is said at a CONNECT gives the client an offset to come back with: all
 * that this worker has read so far was before its time.  Nothing more is read
 * now, because a replay may follow, and what was missed goes before the rest.
 */

static void
ngx_http_rooms_effect_welcome(ngx_http_rooms_socket_t *socket,
    rooms_str_t args, const rooms_str_t *attachments, ngx_uint_t n)
{
    rooms_buf_t             b;
    ngx_http_rooms_zone_t  *zone;
    unsigned char           text[ROOMS_OFFSET_LEN];

    zone = socket->session->zone;

    rooms_buf_init(&b, 0);

    rooms_buf_append(&b, args.data, args.len - 1);
    rooms_buf_append(&b, ",\"", 2);
    rooms_buf_append(&b, text,
                     rooms_offset_write(text, zone->epoch, zone->cursor - 1));
    rooms_buf_append(&b, "\"]", 2);

    if (!b.failed) {
        ngx_http_rooms_socket_emit(socket, ROOMS_SIO_EVENT, ROOMS_SIO_NO_ACK,
                                   rooms_str(b.data, b.len), attachments, n);
    }

    rooms_buf_free(&b);
}


/*
 * What was missed ends where the membership began, or where it has read to;
 * nothing is read from the journal until it is queued, so that nothing comes
 * between.
 */

static void
ngx_http_rooms_replay(ngx_http_rooms_task_t *task, rooms_str_t offset,
    rooms_str_t sids)
{
    rooms_int_t               rc;
    ngx_http_rooms_app_t     *app;
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_task_t     asked;
    ngx_http_rooms_frame_t   *frame;
    ngx_http_rooms_replay_t   replay;

    app = task->zone->app;

    ngx_memzero(&replay, sizeof(ngx_http_rooms_replay_t));
    ngx_memzero(&asked, sizeof(ngx_http_rooms_task_t));

    asked.zone = task->zone;
    asked.socket = task->socket;
    asked.cmd.kind = ROOMS_CMD_REPLAY;
    asked.cmd.room = task->cmd.room;
    asked.cmd.text = offset;
    asked.cmd.query = task->cmd.query;
    asked.cmd.missed = -1;

    replay.former = sids;

    if (ngx_http_rooms_replay_since(&replay, task->socket, offset)
        == NGX_OK)
    {
        asked.cmd.missed = ngx_http_rooms_replay_records(&replay);
        asked.replay = &replay;
    }

    room = NULL;

    if (task->cmd.room.len) {
        room = ngx_http_rooms_room_find(task->zone,
                                    rooms_journal_hash(task->zone->journal,
                                                       task->cmd.room));
    }

    frame = ngx_http_rooms_frame_push(&asked);

    rooms_decision_reset(&frame->d);

    rc = app->app->decide(app->conf, room ? room->state : NULL, &asked.cmd,
                          &frame->d);

    if (rc == ROOMS_OK && !rooms_decision_failed(&frame->d)
        && frame->d.nrecords == 0)
    {
        ngx_http_rooms_effects(&asked, &frame->d);
    }

    ngx_http_rooms_frame_pop();

    ngx_http_rooms_replay_free(&replay);
}


static ngx_uint_t
ngx_http_rooms_effect_data(ngx_http_rooms_socket_t *socket, rooms_str_t text)
{
    u_char  *p;

    p = NULL;

    if (text.len) {
        p = ngx_alloc(text.len, ngx_cycle->log);
        if (p == NULL) {
            return 0;
        }

        ngx_memcpy(p, text.data, text.len);
    }

    if (socket->data.data) {
        ngx_free(socket->data.data);
    }

    socket->data.data = p;
    socket->data.len = text.len;

    return 1;
}


void
ngx_http_rooms_kick(ngx_http_rooms_socket_t *socket, ngx_uint_t connection)
{
    ngx_queue_t               *q;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    if (!connection) {
        ngx_http_rooms_socket_disconnect(socket, 1, 0);
        return;
    }

    while (!ngx_queue_empty(&s->sockets)) {
        q = ngx_queue_head(&s->sockets);
        ngx_http_rooms_socket_disconnect(ngx_queue_data(q,
                                             ngx_http_rooms_socket_t, queue),
                                         1, 0);
    }

    ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_SERVER, 0);
}


/* What a command needs while it runs; its memory is used again. */

static ngx_http_rooms_frame_t *
ngx_http_rooms_frame_push(ngx_http_rooms_task_t *task)
{
    ngx_http_rooms_frame_t  *frame;

    /*
     * A command causes others only by disconnecting its caller, and those
     * have no caller: the depth is bounded by the code.
     */

    ngx_http_rooms_depth++;
    frame = &ngx_http_rooms_frames[ngx_min(ngx_http_rooms_depth,
                                           NGX_HTTP_ROOMS_DEPTH)
                                   - 1];

    if (!frame->ready) {
        rooms_decision_init(&frame->d);
        rooms_buf_init(&frame->name, 0);
        frame->ready = 1;
    }

    rooms_decision_reset(&frame->d);

    task->cmd.now = ngx_http_rooms_now();
    task->cmd.epoch = task->zone->epoch;
    task->cmd.random = ngx_http_rooms_random(task->zone->app);
    task->cmd.healthy = 1;

    if (task->socket) {
        ngx_http_rooms_frame_caller(task, frame);
    }

    return frame;
}


static void
ngx_http_rooms_frame_pop(void)
{
    ngx_http_rooms_depth--;
}


static void
ngx_http_rooms_frame_caller(ngx_http_rooms_task_t *task,
    ngx_http_rooms_frame_t *frame)
{
    ngx_connection_t  *c;

    ngx_http_rooms_command_caller(task->socket, &frame->caller, frame->rooms,
                                  NGX_HTTP_ROOMS_CALLER_ROOMS);

    c = task->socket->session->connection;

    if (c) {
        task->cmd.address = rooms_str(c->addr_text.data, c->addr_text.len);
    }

    task->cmd.caller = &frame->caller;
}


void
ngx_http_rooms_command_caller(ngx_http_rooms_socket_t *socket,
    rooms_caller_t *caller, rooms_str_t *rooms, ngx_uint_t max)
{
    ngx_uint_t                n;
    ngx_queue_t              *q;
    ngx_http_rooms_member_t  *member;

    n = 0;

    for (q = ngx_queue_head(&socket->session->members);
         q != ngx_queue_sentinel(&socket->session->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket == socket && n < max) {
            rooms[n++] = rooms_str(member->room->name.data,
                                   member->room->name.len);
        }
    }

    caller->sid = rooms_str(socket->sid, NGX_HTTP_ROOMS_SID_LEN);
    caller->nsp = rooms_str(socket->nsp.data, socket->nsp.len);
    caller->data = rooms_str(socket->data.data, socket->data.len);
    caller->rooms = rooms;
    caller->nrooms = n;
    caller->recovered = socket->recovered;
    caller->recoverable = socket->connected
                          ? socket->recoverable
                          : (socket->session->conf->recovery != 0);
}


const unsigned char *
ngx_http_rooms_random(ngx_http_rooms_app_t *app)
{
    const unsigned char  *p;

    static unsigned char  pool[NGX_HTTP_ROOMS_POOL];
    static size_t         used = NGX_HTTP_ROOMS_POOL;

    if (app->app->text_only) {
        return NULL;
    }

    if (used == NGX_HTTP_ROOMS_POOL) {

        if (RAND_bytes(pool, sizeof(pool)) != 1) {
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                          "rooms: no random numbers");
        }

        used = 0;
    }

    p = pool + used;
    used += ROOMS_RANDOM_LEN;

    return p;
}
