
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/rand.h>

#include <ngx_http_rooms_audit.h>
#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_verify.h>


#define NGX_HTTP_ROOMS_DEPTH      8      /* commands caused by commands */
#define NGX_HTTP_ROOMS_CONFLICTS  1000   /* lost races for one command */
#define NGX_HTTP_ROOMS_ATTEMPTS   10     /* rooms tried for a new one */
#define NGX_HTTP_ROOMS_POOL       4096   /* random octets at a time */

#define NGX_HTTP_ROOMS_CALLER_ROOMS  256


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
static void ngx_http_rooms_verified(void *data, ngx_uint_t right);
static void ngx_http_rooms_deadline(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, ngx_http_rooms_room_t *room);
static void ngx_http_rooms_finish(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
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
            task->unavailable = 1;
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

    /* what its socket asked for before is answered before */

    if (task->zone->redis && task->socket
        && ngx_http_rooms_redis_refuse(task, why, detail) == NGX_OK)
    {
        return;
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
    ngx_uint_t              i, right;
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
            rc = ngx_http_rooms_verify(d, task->detached
                                          ? ngx_http_rooms_verified : NULL,
                                       task, &right);
            if (rc != NGX_OK) {
                return rc;
            }

            task->cmd.verified = right ? ROOMS_VERIFIED_RIGHT
                                       : ROOMS_VERIFIED_WRONG;
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


/* The room is asked for again, by its name. */

static void
ngx_http_rooms_verified(void *data, ngx_uint_t right)
{
    ngx_http_rooms_task_t *task = data;

    task->cmd.verified = right ? ROOMS_VERIFIED_RIGHT : ROOMS_VERIFIED_WRONG;
    task->cmd.room = rooms_str(NULL, 0);

    ngx_http_rooms_execute(task);
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


/* The answer, the effects, and then what the records cause. */

static void
ngx_http_rooms_finish(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    uint64_t                hash;
    ngx_http_rooms_room_t  *room;

    ngx_http_rooms_audit(task, d);

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
ngx_http_rooms_ask(ngx_http_rooms_task_t *task)
{
    rooms_int_t              rc;
    ngx_http_rooms_app_t    *app;
    ngx_http_rooms_room_t   *room;
    ngx_http_rooms_frame_t  *frame;

    app = task->zone->app;
    room = NULL;

    if (task->cmd.room.len) {
        room = ngx_http_rooms_room_find(task->zone,
                                    rooms_journal_hash(task->zone->journal,
                                                       task->cmd.room));
    }

    frame = ngx_http_rooms_frame_push(task);

    rooms_decision_reset(&frame->d);

    rc = app->app->decide(app->conf, room ? room->state : NULL, &task->cmd,
                          &frame->d);

    if (rc == ROOMS_OK && !rooms_decision_failed(&frame->d)
        && frame->d.nrecords == 0)
    {
        ngx_http_rooms_effects(task, &frame->d);
    }

    ngx_http_rooms_frame_pop();
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
