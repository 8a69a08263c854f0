
/*
 * Copyright (C) nginx rooms contributors
 *
 * Commands whose journal is in Redis.
 *
 * A command is copied, for it outlives the turn.  Those of one socket are
 * carried out one after the other; those of a room that wait while an append
 * is on its way are decided together, each on the state that the ones before
 * it would leave, and go as one append.  Where that meets a conflict, all of
 * them are decided again.
 */


#include <ngx_http_rooms_redis_op.h>

#include <rooms_json.h>


#define NGX_HTTP_ROOMS_REDIS_BATCH      512     /* records of one append */
#define NGX_HTTP_ROOMS_REDIS_ATTEMPTS   10
#define NGX_HTTP_ROOMS_REDIS_CONFLICTS  1000
#define NGX_HTTP_ROOMS_REDIS_TICK       50      /* ms, of timeouts */
#define NGX_HTTP_ROOMS_REDIS_ROOMS      256     /* of one caller */


static ngx_http_rooms_pending_t *ngx_http_rooms_pending_create(
    ngx_http_rooms_task_t *task);
static ngx_int_t ngx_http_rooms_pending_copy(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_task_t *task);
static ngx_int_t ngx_http_rooms_pending_str(ngx_pool_t *pool,
    rooms_str_t *str);
static void ngx_http_rooms_pending_free(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_next(ngx_http_rooms_socket_t *socket);
static void ngx_http_rooms_pending_start(ngx_http_rooms_pending_t *p);
static ngx_int_t ngx_http_rooms_pending_route(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_direct(ngx_http_rooms_pending_t *p);
static rooms_int_t ngx_http_rooms_pending_decide(ngx_http_rooms_pending_t *p,
    const void *state);
static ngx_uint_t ngx_http_rooms_pending_own(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_refuse(ngx_http_rooms_pending_t *p,
    rooms_refusal_e why);
static void ngx_http_rooms_pending_advance(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_others(ngx_http_rooms_pending_t *p);
static ngx_uint_t ngx_http_rooms_pending_joins(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_finish(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_effects(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_room_t *room);
static void ngx_http_rooms_pending_ghost(ngx_http_rooms_pending_t *p);

static void ngx_http_rooms_room_decide(ngx_http_rooms_room_t *room);
static ngx_int_t ngx_http_rooms_room_speculate(ngx_http_rooms_room_t *room,
    ngx_http_rooms_op_t *op, ngx_http_rooms_pending_t *p, void **state,
    ngx_uint_t *copied);
static ngx_http_rooms_op_t *ngx_http_rooms_op_create(
    ngx_http_rooms_redis_t *redis, rooms_str_t name);
static void ngx_http_rooms_op_add(ngx_http_rooms_op_t *op,
    ngx_http_rooms_pending_t *p, ngx_uint_t other, ngx_uint_t i);
static void ngx_http_rooms_op_send(ngx_http_rooms_op_t *op);
static void ngx_http_rooms_op_done(ngx_http_rooms_op_t *op);
static void ngx_http_rooms_op_again(ngx_http_rooms_op_t *op);
static void ngx_http_rooms_op_failed(ngx_http_rooms_op_t *op,
    rooms_refusal_e why);
static void ngx_http_rooms_op_free(ngx_http_rooms_op_t *op);
static void ngx_http_rooms_redis_timeout_handler(ngx_event_t *ev);


void
ngx_http_rooms_redis_execute(ngx_http_rooms_task_t *task)
{
    ngx_event_t               *ev;
    ngx_http_rooms_redis_t    *redis;
    ngx_http_rooms_socket_t   *socket;
    ngx_http_rooms_pending_t  *p;

    redis = task->zone->redis;
    socket = task->socket;

    p = ngx_http_rooms_pending_create(task);
    if (p == NULL) {
        ngx_http_rooms_refuse(task, ROOMS_REFUSE_INTERNAL, "");
        return;
    }

    if (!p->durable) {
        p->limit = ngx_current_msec + redis->conf->timeout;
        p->listed = 1;
        ngx_queue_insert_tail(&redis->timed, &p->timed);

        ev = &redis->timeout;

        if (!ev->timer_set) {
            ev->handler = ngx_http_rooms_redis_timeout_handler;
            ngx_add_timer(ev, NGX_HTTP_ROOMS_REDIS_TICK);
        }
    }

    if (socket == NULL) {
        ngx_http_rooms_pending_start(p);
        return;
    }

    socket->holds++;
    ngx_queue_insert_tail(&socket->tasks, &p->behind);

    ngx_http_rooms_pending_next(socket);
}


static ngx_http_rooms_pending_t *
ngx_http_rooms_pending_create(ngx_http_rooms_task_t *task)
{
    ngx_pool_t                *pool;
    ngx_http_rooms_pending_t  *p;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    p = ngx_pcalloc(pool, sizeof(ngx_http_rooms_pending_t));
    if (p == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    p->pool = pool;
    ngx_queue_init(&p->others);

    if (ngx_http_rooms_pending_copy(p, task) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    rooms_decision_init(&p->d);
    rooms_buf_init(&p->name, 0);

    p->known = (task->cmd.room.len != 0);
    p->durable = (task->cmd.kind == ROOMS_CMD_DISCONNECT);

    json_incref(p->task.cmd.args);
    json_incref(p->task.cmd.body);

    return p;
}


static ngx_int_t
ngx_http_rooms_pending_copy(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_task_t *task)
{
    ngx_uint_t            i;
    rooms_str_t          *attachments;
    rooms_command_t      *cmd;
    rooms_route_param_t  *params;

    p->task = *task;
    cmd = &p->task.cmd;

    if (ngx_http_rooms_pending_str(p->pool, &cmd->room) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->name) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->text) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->query) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->authorization)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (cmd->nattachments) {
        attachments = ngx_palloc(p->pool,
                                 cmd->nattachments * sizeof(rooms_str_t));
        if (attachments == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < cmd->nattachments; i++) {
            attachments[i] = cmd->attachments[i];

            if (ngx_http_rooms_pending_str(p->pool, &attachments[i])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        cmd->attachments = attachments;
    }

    if (cmd->nparams) {
        params = ngx_palloc(p->pool,
                            cmd->nparams * sizeof(rooms_route_param_t));
        if (params == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < cmd->nparams; i++) {
            params[i] = cmd->params[i];

            if (ngx_http_rooms_pending_str(p->pool, &params[i].value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        cmd->params = params;
    }

    if (task->socket == NULL && cmd->caller) {
        p->caller.sid = cmd->caller->sid;
        p->caller.nsp = cmd->caller->nsp;

        if (ngx_http_rooms_pending_str(p->pool, &p->caller.sid) != NGX_OK
            || ngx_http_rooms_pending_str(p->pool, &p->caller.nsp) != NGX_OK)
        {
            return NGX_ERROR;
        }

        cmd->caller = &p->caller;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_pending_str(ngx_pool_t *pool, rooms_str_t *str)
{
    u_char  *p;

    if (str->len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, str->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, str->data, str->len);
    str->data = p;

    return NGX_OK;
}


static void
ngx_http_rooms_pending_free(ngx_http_rooms_pending_t *p)
{
    ngx_queue_t          *q;
    ngx_http_rooms_op_t  *op;

    if (p->listed) {
        ngx_queue_remove(&p->timed);
    }

    op = p->op;
    p->op = NULL;

    if (op && --op->refs == 0) {
        ngx_http_rooms_op_free(op);
    }

    while (!ngx_queue_empty(&p->others)) {
        q = ngx_queue_head(&p->others);
        ngx_queue_remove(q);
        ngx_http_rooms_op_free(ngx_queue_data(q, ngx_http_rooms_op_t, other));
    }

    json_decref(p->task.cmd.args);
    json_decref(p->task.cmd.body);

    rooms_decision_free(&p->d);
    rooms_buf_free(&p->name);

    ngx_destroy_pool(p->pool);
}


/* The first that waits at a socket, unless it is under way. */

static void
ngx_http_rooms_pending_next(ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t               *q;
    ngx_http_rooms_pending_t  *p;

    if (socket->starting) {
        return;
    }

    socket->starting = 1;
    socket->holds++;

    while (!ngx_queue_empty(&socket->tasks)) {
        q = ngx_queue_head(&socket->tasks);
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, behind);

        if (p->started) {
            break;
        }

        ngx_http_rooms_pending_start(p);
    }

    socket->starting = 0;

    ngx_http_rooms_redis_socket_free(socket);
}


/* Somebody who held the memory of a socket lets go of it. */

void
ngx_http_rooms_redis_socket_free(ngx_http_rooms_socket_t *socket)
{
    if (--socket->holds == 0 && socket->dead) {
        ngx_http_rooms_free_later(socket);
    }
}


static void
ngx_http_rooms_pending_start(ngx_http_rooms_pending_t *p)
{
    ngx_int_t               rc;
    ngx_http_rooms_room_t  *room;

    p->started = 1;

    /* what a socket that is gone still asked for is not done any more */

    if (p->task.socket && p->task.socket->dead) {
        ngx_http_rooms_pending_finish(p);
        return;
    }

    rc = ngx_http_rooms_pending_route(p);

    if (rc == NGX_ERROR) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
        ngx_http_rooms_pending_finish(p);
        return;
    }

    if (rc == NGX_DECLINED || p->task.zone->app->app->evolve == NULL) {
        ngx_http_rooms_pending_direct(p);
        return;
    }

    room = ngx_http_rooms_room_open(p->task.zone, p->task.cmd.room);
    if (room == NULL) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
        ngx_http_rooms_pending_finish(p);
        return;
    }

    p->room = room;
    p->state = NGX_HTTP_ROOMS_PENDING_ROOM;

    room->backing.busy++;
    ngx_queue_insert_tail(&room->backing.tasks, &p->queue);

    ngx_http_rooms_redis_room_run(room);
}


/* NGX_OK: cmd.room is set; NGX_DECLINED: it goes to none. */

static ngx_int_t
ngx_http_rooms_pending_route(ngx_http_rooms_pending_t *p)
{
    rooms_int_t            rc;
    rooms_caller_t         caller;
    rooms_str_t            rooms[NGX_HTTP_ROOMS_REDIS_ROOMS];
    ngx_http_rooms_app_t  *app;

    if (p->known) {
        return NGX_OK;
    }

    app = p->task.zone->app;

    p->task.cmd.now = ngx_http_rooms_now();
    p->task.cmd.random = ngx_http_rooms_random(app);
    p->task.cmd.room = rooms_str(NULL, 0);

    if (p->task.socket) {
        ngx_http_rooms_command_caller(p->task.socket, &caller, rooms,
                                      NGX_HTTP_ROOMS_REDIS_ROOMS);
        p->task.cmd.caller = &caller;
    }

    rooms_buf_reset(&p->name);

    rc = app->app->route(app->conf, &p->task.cmd, &p->name);

    if (p->task.socket) {
        p->caller = caller;
        p->caller.rooms = NULL;
        p->caller.nrooms = 0;
        p->task.cmd.caller = &p->caller;
    }

    if (rc == ROOMS_ERROR || p->name.failed) {
        return NGX_ERROR;
    }

    if (rc != ROOMS_OK || p->name.len == 0) {
        return NGX_DECLINED;
    }

    p->task.cmd.room = rooms_str(p->name.data, p->name.len);

    return NGX_OK;
}


/* A command that no state is needed for. */

static void
ngx_http_rooms_pending_direct(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t            i;
    rooms_int_t           rc;
    ngx_http_rooms_op_t  *op;

    rc = ngx_http_rooms_pending_decide(p, NULL);

    if (rc == ROOMS_AGAIN) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
    }

    if (ngx_http_rooms_pending_own(p) == 0 || p->task.cmd.room.len == 0) {
        ngx_http_rooms_pending_advance(p);
        return;
    }

    op = ngx_http_rooms_op_create(p->task.zone->redis, p->task.cmd.room);
    if (op == NULL) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
        ngx_http_rooms_pending_finish(p);
        return;
    }

    op->expected = ROOMS_JOURNAL_ANY;
    op->now = p->task.cmd.now;

    for (i = 0; i < p->d.nrecords; i++) {
        if (p->d.records[i].room.len == 0) {
            ngx_http_rooms_op_add(op, p, 0, i);
        }
    }

    p->op = op;
    p->state = NGX_HTTP_ROOMS_PENDING_OP;
    op->refs = 1;
    ngx_queue_insert_tail(&op->tasks, &p->queue);

    ngx_http_rooms_op_send(op);
}


/* A refusal, where it was not decided; ROOMS_AGAIN as of the application. */

static rooms_int_t
ngx_http_rooms_pending_decide(ngx_http_rooms_pending_t *p, const void *state)
{
    rooms_int_t            rc;
    rooms_caller_t         caller;
    rooms_str_t            rooms[NGX_HTTP_ROOMS_REDIS_ROOMS];
    rooms_command_t       *cmd;
    ngx_http_rooms_app_t  *app;

    app = p->task.zone->app;
    cmd = &p->task.cmd;

    cmd->now = ngx_http_rooms_now();
    cmd->epoch = p->task.zone->epoch;
    cmd->random = ngx_http_rooms_random(app);
    cmd->healthy = ngx_http_rooms_redis_healthy(p->task.zone);

    if (p->task.socket) {
        ngx_http_rooms_command_caller(p->task.socket, &caller, rooms,
                                      NGX_HTTP_ROOMS_REDIS_ROOMS);
        cmd->caller = &caller;
    }

    rooms_decision_reset(&p->d);

    rc = app->app->decide(app->conf, state, cmd, &p->d);

    if (p->task.socket) {

        /* the caller's rooms are known only while it decides */

        p->caller = caller;
        p->caller.rooms = NULL;
        p->caller.nrooms = 0;
        cmd->caller = &p->caller;
    }

    if (rc == ROOMS_AGAIN) {
        return rc;
    }

    if (rc != ROOMS_OK || rooms_decision_failed(&p->d)) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
    }

    return ROOMS_OK;
}


/* Records for the command's own room, or its removal. */

static ngx_uint_t
ngx_http_rooms_pending_own(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t  i, n;

    n = p->d.remove;

    for (i = 0; i < p->d.nrecords; i++) {
        n += (p->d.records[i].room.len == 0);
    }

    return n;
}


static void
ngx_http_rooms_pending_refuse(ngx_http_rooms_pending_t *p,
    rooms_refusal_e why)
{
    ngx_http_rooms_app_t  *app;

    app = p->task.zone->app;

    if (why == ROOMS_REFUSE_STORAGE) {
        p->task.zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_STORAGE]++;
    }

    rooms_decision_reset(&p->d);
    app->app->refuse(app->conf, &p->task.cmd, why, rooms_str(NULL, 0),
                     &p->d);
}


/* Its own records are in the journal, or there are none. */

static void
ngx_http_rooms_pending_advance(ngx_http_rooms_pending_t *p)
{
    ngx_http_rooms_redis_t  *redis;

    redis = p->task.zone->redis;

    if (!p->sent) {
        p->sent = 1;
        p->state = NGX_HTTP_ROOMS_PENDING_OP;

        p->waits++;
        ngx_http_rooms_pending_others(p);
        p->waits--;
    }

    if (p->waits) {
        return;
    }

    if (ngx_http_rooms_pending_joins(p)) {

        if (p->state != NGX_HTTP_ROOMS_PENDING_ROOMS) {
            p->state = NGX_HTTP_ROOMS_PENDING_ROOMS;
            ngx_queue_insert_tail(&redis->joining, &p->queue);
        }

        return;
    }

    ngx_http_rooms_pending_finish(p);
}


static void
ngx_http_rooms_pending_others(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t            i;
    ngx_http_rooms_op_t  *op;

    for (i = 0; i < p->d.nrecords; i++) {

        if (p->d.records[i].room.len == 0) {
            continue;
        }

        op = ngx_http_rooms_op_create(p->task.zone->redis,
                               rooms_decision_str(&p->d,
                                                  p->d.records[i].room));
        if (op == NULL) {
            continue;
        }

        op->expected = ROOMS_JOURNAL_ANY;
        op->now = p->task.cmd.now;
        op->pending = p;

        ngx_http_rooms_op_add(op, p, 1, i);

        p->waits++;
        ngx_queue_insert_tail(&p->others, &op->other);

        ngx_http_rooms_op_send(op);
    }
}


/* 1: a room that it joins is not ready yet. */

static ngx_uint_t
ngx_http_rooms_pending_joins(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t              i, wait;
    ngx_http_rooms_room_t  *room;

    wait = 0;

    if (p->task.socket == NULL || p->task.socket->dead) {
        return 0;
    }

    for (i = 0; i < p->d.neffects; i++) {

        if (p->d.effects[i].type != ROOMS_EFFECT_JOIN) {
            continue;
        }

        room = ngx_http_rooms_room_open(p->task.zone,
                            rooms_decision_str(&p->d, p->d.effects[i].name));

        if (room && !room->backing.loaded) {
            wait = 1;
        }
    }

    return wait;
}


void
ngx_http_rooms_redis_room_wake(ngx_http_rooms_room_t *room)
{
    ngx_queue_t               *q, *next;
    ngx_http_rooms_redis_t    *redis;
    ngx_http_rooms_pending_t  *p;

    redis = room->zone->redis;

    for (q = ngx_queue_head(&redis->joining);
         q != ngx_queue_sentinel(&redis->joining);
         q = next)
    {
        next = ngx_queue_next(q);
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        if (!ngx_http_rooms_pending_joins(p)) {
            ngx_queue_remove(q);
            p->state = NGX_HTTP_ROOMS_PENDING_OP;
            ngx_http_rooms_pending_finish(p);

            /* anything may have happened to the next */

            next = ngx_queue_head(&redis->joining);
        }
    }
}


/* The answer and the effects; then the next one of its socket. */

static void
ngx_http_rooms_pending_finish(ngx_http_rooms_pending_t *p)
{
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_socket_t  *socket;

    socket = p->task.socket;
    room = p->room;
    p->room = NULL;

    if (socket == NULL || !socket->dead) {

        if (p->task.done) {
            p->task.done(&p->task, &p->d);
        }

        if (socket && !socket->dead && p->d.neffects) {
            ngx_http_rooms_pending_effects(p, room);
        }

    } else {
        ngx_http_rooms_pending_ghost(p);
    }

    if (socket) {
        ngx_queue_remove(&p->behind);
    }

    ngx_http_rooms_pending_free(p);

    if (room) {
        room->backing.busy--;
    }

    if (socket) {
        ngx_http_rooms_pending_next(socket);
        ngx_http_rooms_redis_socket_free(socket);
    }
}


/*
 * Commands of one append are answered together, before their records are
 * told; who joins hears of those before its own no more than otherwise.
 */

static void
ngx_http_rooms_pending_effects(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_room_t *room)
{
    ngx_uint_t                was;
    ngx_http_rooms_member_t  *member;
    ngx_http_rooms_socket_t  *socket;

    socket = p->task.socket;
    was = (room && ngx_http_rooms_room_member(room, socket));

    ngx_http_rooms_effects(&p->task, &p->d);

    if (room == NULL || was || socket->dead || p->op == NULL
        || p->op->first == 0)
    {
        return;
    }

    member = ngx_http_rooms_room_member(room, socket);

    if (member) {
        member->from = p->op->first
                       + p->index * ROOMS_MESSAGE_IDS;
        member->joined = member->from - 1;
        room->backing.late = ngx_max(room->backing.late, member->from);
    }
}


/* It joined, but its socket has gone: the room hears of that, too. */

static void
ngx_http_rooms_pending_ghost(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t                i;
    rooms_str_t               name;
    ngx_http_rooms_socket_t  *socket;

    socket = p->task.socket;

    if (p->task.zone->app->app->evolve == NULL) {
        return;
    }

    for (i = 0; i < p->d.neffects; i++) {

        if (p->d.effects[i].type != ROOMS_EFFECT_JOIN) {
            continue;
        }

        name = rooms_decision_str(&p->d, p->d.effects[i].name);

        ngx_http_rooms_execute_in(p->task.zone, ROOMS_CMD_DISCONNECT, name,
                                  rooms_str(socket->sid,
                                            NGX_HTTP_ROOMS_SID_LEN),
                                  rooms_str(socket->nsp.data,
                                            socket->nsp.len));
    }
}


void
ngx_http_rooms_redis_room_run(ngx_http_rooms_room_t *room)
{
    if (room->backing.running) {
        room->backing.again = 1;
        return;
    }

    room->backing.running = 1;
    room->backing.busy++;

    do {
        room->backing.again = 0;
        ngx_http_rooms_room_decide(room);
    } while (room->backing.again);

    room->backing.busy--;
    room->backing.running = 0;
}


static void
ngx_http_rooms_room_decide(ngx_http_rooms_room_t *room)
{
    void                      *state;
    ngx_uint_t                 copied, own, i;
    rooms_int_t                rc;
    ngx_queue_t               *q;
    ngx_http_rooms_app_t      *app;
    ngx_http_rooms_op_t       *op;
    ngx_http_rooms_zone_t     *zone;
    ngx_http_rooms_pending_t  *p;

    zone = room->zone;
    app = zone->app;

    if (!room->backing.loaded || room->backing.appending
        || room->backing.state == NGX_HTTP_ROOMS_BACKING_LOADING
        || room->backing.committed > room->last)
    {
        return;
    }

    if (ngx_http_rooms_redis_room_ready(room)) {
        ngx_http_rooms_redis_compact(room);
    }

    op = NULL;
    state = room->state;
    copied = 0;

    while (!ngx_queue_empty(&room->backing.tasks)) {
        q = ngx_queue_head(&room->backing.tasks);
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        rc = ngx_http_rooms_pending_decide(p, state);

        if (rc == ROOMS_AGAIN) {

            if (op) {
                break;
            }

            /* another room is tried */

            ngx_queue_remove(q);
            room->backing.busy--;
            p->room = NULL;

            if (p->known
                || ++p->task.cmd.attempt == NGX_HTTP_ROOMS_REDIS_ATTEMPTS)
            {
                ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
                ngx_http_rooms_pending_finish(p);

            } else {
                ngx_http_rooms_pending_start(p);
            }

            continue;
        }

        own = ngx_http_rooms_pending_own(p);

        if (own == 0 && op == NULL) {
            ngx_queue_remove(q);

            if (!p->d.keep_deadline && room->state) {
                ngx_http_rooms_redis_touch(zone, p->task.cmd.room,
                                           p->d.deadline);
                ngx_http_rooms_room_wake(room, p->task.cmd.now,
                                         p->d.deadline);
            }

            ngx_http_rooms_pending_advance(p);
            continue;
        }

        if (own && (!ngx_http_rooms_redis_room_ready(room)
                    || !zone->redis->cmd.is_up))
        {
            break;
        }

        if (op == NULL) {
            op = ngx_http_rooms_op_create(zone->redis,
                                          rooms_str(room->name.data,
                                                    room->name.len));
            if (op == NULL) {
                break;
            }

            op->room = room;
            op->base = room->last;
            op->live = (room->state != NULL);
            op->expected = op->live ? room->last : ROOMS_JOURNAL_NONE;
        }

        ngx_queue_remove(q);

        p->op = op;
        p->state = NGX_HTTP_ROOMS_PENDING_OP;
        op->refs++;
        ngx_queue_insert_tail(&op->tasks, &p->queue);

        p->index = op->n;

        if (own == 0) {
            continue;
        }

        for (i = 0; i < p->d.nrecords; i++) {
            if (p->d.records[i].room.len == 0) {
                ngx_http_rooms_op_add(op, p, 0, i);
            }
        }

        op->now = p->task.cmd.now;

        if (!p->d.keep_deadline) {
            op->deadline = p->d.deadline;
        }

        if (p->d.remove) {
            op->remove = 1;
            break;
        }

        if ((ngx_queue_empty(&room->backing.tasks) && app->keys == NULL)
            || op->n >= NGX_HTTP_ROOMS_REDIS_BATCH)
        {
            break;
        }

        if (ngx_http_rooms_room_speculate(room, op, p, &state, &copied)
            != NGX_OK)
        {
            break;
        }
    }

    if (op && app->keys) {
        op->has_keys = 1;

        if (!op->remove && copied && state) {
            app->keys(app->conf, state, &op->keys);
        }
    }

    if (copied && state) {
        app->app->release(state);
    }

    if (op) {
        room->backing.appending = 1;
        room->backing.busy++;
        ngx_http_rooms_op_send(op);
    }
}


/* What the state will be when these records are in the journal. */

static ngx_int_t
ngx_http_rooms_room_speculate(ngx_http_rooms_room_t *room,
    ngx_http_rooms_op_t *op, ngx_http_rooms_pending_t *p, void **state,
    ngx_uint_t *copied)
{
    ngx_uint_t             i;
    rooms_buf_t            b;
    rooms_str_t            fact;
    rooms_int_t            rc;
    ngx_http_rooms_app_t  *app;

    app = room->zone->app;
    rc = ROOMS_OK;

    if (!*copied) {
        *copied = 1;
        *state = NULL;

        if (room->state) {
            rooms_buf_init(&b, 0);

            app->app->snapshot(room->state, &b);

            rc = b.failed ? ROOMS_ERROR
                          : app->app->restore(app->conf, state,
                                              rooms_str(b.data, b.len));
            rooms_buf_free(&b);
        }
    }

    for (i = 0; rc == ROOMS_OK && i < p->d.nrecords; i++) {
        fact = rooms_decision_str(&p->d, p->d.records[i].fact);

        if (p->d.records[i].room.len == 0 && fact.len) {
            rc = app->app->evolve(app->conf, state, room->last + op->n, fact);
        }
    }

    return rc == ROOMS_OK ? NGX_OK : NGX_ERROR;
}


static ngx_http_rooms_op_t *
ngx_http_rooms_op_create(ngx_http_rooms_redis_t *redis, rooms_str_t name)
{
    ngx_http_rooms_op_t  *op;

    op = ngx_calloc(sizeof(ngx_http_rooms_op_t), ngx_cycle->log);
    if (op == NULL) {
        return NULL;
    }

    op->redis = redis;
    op->seq = ++redis->seq;
    op->deadline = ROOMS_JOURNAL_KEEP;
    op->now = ngx_http_rooms_now();

    ngx_queue_init(&op->tasks);
    rooms_buf_str(&op->name, name);

    ngx_queue_insert_tail(&redis->ops, &op->queue);

    return op;
}


static void
ngx_http_rooms_op_add(ngx_http_rooms_op_t *op, ngx_http_rooms_pending_t *p,
    ngx_uint_t other, ngx_uint_t i)
{
    rooms_bus_record_t  r;

    r.time = p->task.cmd.now;
    r.removed = p->d.remove && !other && i + 1 == p->d.nrecords;
    r.fact = other ? rooms_str(NULL, 0)
                   : rooms_decision_str(&p->d, p->d.records[i].fact);
    r.messages = ngx_http_rooms_messages(&p->d, &p->d.records[i]);

    rooms_bus_write(&op->records, &r);

    op->n++;
    op->facts |= (r.fact.len != 0);
}


static void
ngx_http_rooms_op_send(ngx_http_rooms_op_t *op)
{
    rooms_bus_record_t  r;

    if (op->remove && op->n == 0) {
        ngx_memzero(&r, sizeof(rooms_bus_record_t));

        r.time = op->now;
        r.removed = 1;

        rooms_bus_write(&op->records, &r);
        op->n = 1;
    }

    if (op->records.failed || op->name.failed || op->keys.failed) {
        ngx_http_rooms_op_failed(op, ROOMS_REFUSE_INTERNAL);
        return;
    }

    if (ngx_http_rooms_redis_append(op->redis, op) != NGX_OK) {
        ngx_http_rooms_op_failed(op, ROOMS_REFUSE_STORAGE);
    }
}


void
ngx_http_rooms_redis_appended(void *data, redisReply *reply)
{
    uint64_t                last;
    rooms_str_t             text;
    ngx_http_rooms_op_t    *op;
    ngx_http_rooms_room_t  *room;

    op = data;
    room = op->room;

    if (reply == NULL) {

        if (room) {
            room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
        }

        ngx_http_rooms_op_failed(op, ROOMS_REFUSE_STORAGE);
        return;
    }

    text = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 1));

    switch (ngx_http_rooms_redis_integer(ngx_http_rooms_redis_element(reply,
                                                                      0)))
    {
    case 0:

        if (rooms_bus_number(text, &last) == ROOMS_OK) {
            op->redis->rooms = ngx_http_rooms_redis_integer(
                                   ngx_http_rooms_redis_element(reply, 2));

            op->first = last - (op->n - 1) * ROOMS_MESSAGE_IDS;

            if (room) {
                room->backing.committed = last;
                room->appends += op->n;
            }

            ngx_http_rooms_op_done(op);
            return;
        }

        break;

    case 1:
        op->redis->zone->stat->conflicts++;

        if (room && rooms_bus_number(text, &last) == ROOMS_OK) {

            /* what is missing is about to be told, or all of it is gone */

            if (last > op->base) {
                room->backing.committed = last;

            } else {
                ngx_http_rooms_room_doom(room, 1);
                room->backing.loaded = 0;
                ngx_http_rooms_redis_room_reload(room);
            }

            ngx_http_rooms_op_again(op);
            return;
        }

        break;

    case 2:
        ngx_http_rooms_redis_epoch(op->redis, text);

        if (room) {
            ngx_http_rooms_op_again(op);
            return;
        }

        break;
    }

    ngx_http_rooms_op_failed(op, ROOMS_REFUSE_STORAGE);
}


static void
ngx_http_rooms_op_done(ngx_http_rooms_op_t *op)
{
    ngx_queue_t               *q, tasks;
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_pending_t  *p;

    p = op->pending;

    if (p) {
        if (--p->waits == 0) {
            ngx_http_rooms_pending_advance(p);
        }

        return;
    }

    room = op->room;

    if (room) {
        room->backing.appending = 0;

        if (op->deadline != ROOMS_JOURNAL_KEEP) {
            ngx_http_rooms_room_wake(room, op->now, op->deadline);
        }
    }

    /* the memory of op goes with the last of its tasks */

    ngx_queue_init(&tasks);

    while (!ngx_queue_empty(&op->tasks)) {
        q = ngx_queue_head(&op->tasks);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&tasks, q);
    }

    while (!ngx_queue_empty(&tasks)) {
        q = ngx_queue_head(&tasks);
        ngx_queue_remove(q);
        ngx_http_rooms_pending_advance(ngx_queue_data(q,
                                           ngx_http_rooms_pending_t, queue));
    }

    if (room) {
        room->backing.busy--;
        ngx_http_rooms_redis_room_run(room);
    }
}


/* All of its commands are decided again, before those that came later. */

static void
ngx_http_rooms_op_again(ngx_http_rooms_op_t *op)
{
    ngx_queue_t               *q, failed;
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_pending_t  *p;

    room = op->room;
    room->backing.appending = 0;

    ngx_queue_init(&failed);

    while (!ngx_queue_empty(&op->tasks)) {
        q = ngx_queue_last(&op->tasks);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);
        p->op = NULL;
        p->state = NGX_HTTP_ROOMS_PENDING_ROOM;

        if (++p->conflicts < NGX_HTTP_ROOMS_REDIS_CONFLICTS) {
            ngx_queue_insert_head(&room->backing.tasks, q);

        } else {
            ngx_queue_insert_head(&failed, q);
        }
    }

    op->refs = 0;
    ngx_http_rooms_op_free(op);

    while (!ngx_queue_empty(&failed)) {
        q = ngx_queue_head(&failed);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
        ngx_http_rooms_pending_finish(p);
    }

    room->backing.busy--;
    ngx_http_rooms_redis_room_run(room);
}


/*
 * It is not known whether the records are in the journal.  What has to be
 * done for certain is tried again; the others are refused.
 */

static void
ngx_http_rooms_op_failed(ngx_http_rooms_op_t *op, rooms_refusal_e why)
{
    ngx_queue_t               *q, tasks, again;
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_pending_t  *p;

    p = op->pending;

    if (p) {
        if (--p->waits == 0) {
            ngx_http_rooms_pending_advance(p);
        }

        return;
    }

    room = op->room;

    if (room) {
        room->backing.appending = 0;
    }

    ngx_queue_init(&tasks);
    ngx_queue_init(&again);

    while (!ngx_queue_empty(&op->tasks)) {
        q = ngx_queue_head(&op->tasks);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        ngx_queue_insert_tail((p->durable && room) ? &again : &tasks, q);
    }

    /* else it might be freed in the midst of this */

    op->refs++;

    while (!ngx_queue_empty(&again)) {
        q = ngx_queue_last(&again);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        p->op = NULL;
        op->refs--;
        p->state = NGX_HTTP_ROOMS_PENDING_ROOM;
        ngx_queue_insert_head(&room->backing.tasks, q);
    }

    while (!ngx_queue_empty(&tasks)) {
        q = ngx_queue_head(&tasks);
        ngx_queue_remove(q);

        p = ngx_queue_data(q, ngx_http_rooms_pending_t, queue);

        if (p->task.socket) {
            ngx_http_rooms_pending_ghost(p);
        }

        ngx_http_rooms_pending_refuse(p, why);
        ngx_http_rooms_pending_finish(p);
    }

    if (--op->refs == 0) {
        ngx_http_rooms_op_free(op);
    }

    if (room) {
        room->backing.busy--;
    }
}


static void
ngx_http_rooms_op_free(ngx_http_rooms_op_t *op)
{
    ngx_queue_remove(&op->queue);

    rooms_buf_free(&op->name);
    rooms_buf_free(&op->records);
    rooms_buf_free(&op->keys);

    ngx_http_rooms_redis_resume(op->redis);

    ngx_free(op);
}


ngx_uint_t
ngx_http_rooms_redis_own(ngx_http_rooms_redis_t *redis,
    const rooms_bus_header_t *h)
{
    ngx_queue_t          *q;
    ngx_http_rooms_op_t  *op;

    if (h->owner != redis->zone->owner) {
        return 0;
    }

    for (q = ngx_queue_head(&redis->ops);
         q != ngx_queue_sentinel(&redis->ops);
         q = ngx_queue_next(q))
    {
        op = ngx_queue_data(q, ngx_http_rooms_op_t, queue);

        if (op->seq == h->seq) {
            return 1;
        }
    }

    return 0;
}


/* Commands whose time is over. */

static void
ngx_http_rooms_redis_timeout_handler(ngx_event_t *ev)
{
    ngx_uint_t                 lost;
    ngx_queue_t               *q, *next;
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_redis_t    *redis;
    ngx_http_rooms_pending_t  *p;

    redis = (ngx_http_rooms_redis_t *)
                ((u_char *) ev - offsetof(ngx_http_rooms_redis_t, timeout));
    lost = 0;

    for (q = ngx_queue_head(&redis->timed);
         q != ngx_queue_sentinel(&redis->timed);
         q = next)
    {
        next = ngx_queue_next(q);
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, timed);

        if ((ngx_msec_int_t) (p->limit - ngx_current_msec) > 0) {
            break;
        }

        switch (p->state) {

        case NGX_HTTP_ROOMS_PENDING_SOCKET:
            continue;

        case NGX_HTTP_ROOMS_PENDING_OP:
            lost = 1;
            continue;

        case NGX_HTTP_ROOMS_PENDING_ROOM:
            ngx_queue_remove(&p->queue);

            room = p->room;
            room->backing.busy++;

            /* what only reads is answered from what is known here */

            if (!room->backing.loaded
                || ngx_http_rooms_pending_decide(p, room->state) != ROOMS_OK
                || ngx_http_rooms_pending_own(p))
            {
                ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_STORAGE);
            }

            ngx_http_rooms_pending_finish(p);
            ngx_http_rooms_redis_room_run(room);

            room->backing.busy--;
            break;

        case NGX_HTTP_ROOMS_PENDING_ROOMS:
            ngx_queue_remove(&p->queue);
            ngx_http_rooms_pending_finish(p);
            break;
        }

        /* anything may have happened to the next */

        next = ngx_queue_head(&redis->timed);
    }

    if (lost) {
        ngx_http_rooms_redis_lost(&redis->cmd, "does not answer");
    }

    if (!ngx_queue_empty(&redis->timed)) {
        ngx_add_timer(ev, NGX_HTTP_ROOMS_REDIS_TICK);
    }
}
