
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
#include <ngx_http_rooms_verify.h>


#define NGX_HTTP_ROOMS_REDIS_ATTEMPTS  10
#define NGX_HTTP_ROOMS_REDIS_ROOMS     256   /* of one caller */


static void ngx_http_rooms_redis_socket_hold(ngx_http_rooms_socket_t *socket);
static void ngx_http_rooms_pending_random(ngx_http_rooms_pending_t *p);
static ngx_int_t ngx_http_rooms_pending_route(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_direct(ngx_http_rooms_pending_t *p);
static ngx_uint_t ngx_http_rooms_pending_is_plain(
    ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_together(ngx_http_rooms_op_t *op,
    ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_caller(ngx_http_rooms_pending_t *p,
    rooms_caller_t *caller, rooms_str_t *rooms);
static void ngx_http_rooms_pending_uncaller(ngx_http_rooms_pending_t *p,
    rooms_caller_t *caller);
static void ngx_http_rooms_pending_verified(void *data, ngx_uint_t right);


void
ngx_http_rooms_redis_execute(ngx_http_rooms_task_t *task)
{
    ngx_http_rooms_socket_t   *socket;
    ngx_http_rooms_pending_t  *p;

    socket = task->socket;

    p = ngx_http_rooms_pending_create(task);
    if (p == NULL) {
        ngx_http_rooms_refuse(task, ROOMS_REFUSE_INTERNAL, "");
        return;
    }

    ngx_http_rooms_pending_limit(p);

    if (socket == NULL) {
        ngx_http_rooms_pending_start(p);
        return;
    }

    ngx_http_rooms_redis_socket_hold(socket);
    ngx_queue_insert_tail(&socket->tasks, &p->behind);

    ngx_http_rooms_pending_next(socket);
}


ngx_int_t
ngx_http_rooms_redis_refuse(ngx_http_rooms_task_t *task, rooms_refusal_e why,
    const char *detail)
{
    u_char                    *text;
    size_t                     len;
    ngx_http_rooms_socket_t   *socket;
    ngx_http_rooms_pending_t  *p;

    socket = task->socket;

    /* a flood takes no memory */

    if (socket->dead || ngx_queue_empty(&socket->tasks)
        || why == ROOMS_REFUSE_RATE)
    {
        return NGX_DECLINED;
    }

    p = ngx_http_rooms_pending_create(task);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    len = ngx_strlen(detail);

    text = ngx_pnalloc(p->pool, len + 1);
    if (text == NULL) {
        ngx_http_rooms_pending_free(p);
        return NGX_DECLINED;
    }

    ngx_memcpy(text, detail, len + 1);

    p->refused = 1;
    p->why = why;
    p->detail = rooms_str(text, len);

    ngx_http_rooms_redis_socket_hold(socket);
    ngx_queue_insert_tail(&socket->tasks, &p->behind);

    return NGX_OK;
}


/* The first that waits at a socket, unless it is under way. */

void
ngx_http_rooms_pending_next(ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t               *q;
    ngx_http_rooms_pending_t  *p;

    if (socket->starting) {
        return;
    }

    socket->starting = 1;
    ngx_http_rooms_redis_socket_hold(socket);

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


/* Whoever holds its memory needs its session, too. */

static void
ngx_http_rooms_redis_socket_hold(ngx_http_rooms_socket_t *socket)
{
    if (socket->holds++ == 0) {
        socket->session->holds++;
    }
}


void
ngx_http_rooms_redis_socket_free(ngx_http_rooms_socket_t *socket)
{
    ngx_http_rooms_session_t  *s;

    if (--socket->holds) {
        return;
    }

    s = socket->session;

    if (socket->dead) {
        ngx_http_rooms_free_later(socket);
    }

    ngx_http_rooms_session_unhold(s);
}


void
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

    if (p->refused) {
        ngx_http_rooms_pending_refuse(p, p->why);
        ngx_http_rooms_pending_finish(p);
        return;
    }

    ngx_http_rooms_pending_random(p);

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


/* What a room is routed by is what is decided on, however often. */

static void
ngx_http_rooms_pending_random(ngx_http_rooms_pending_t *p)
{
    const unsigned char  *random;

    random = ngx_http_rooms_random(p->task.zone->app);
    p->task.cmd.random = NULL;

    if (random) {
        ngx_memcpy(p->random, random, ROOMS_RANDOM_LEN);
        p->task.cmd.random = p->random;
    }
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
    p->task.cmd.room = rooms_str(NULL, 0);

    ngx_http_rooms_pending_caller(p, &caller, rooms);

    rooms_buf_reset(&p->name);

    rc = app->app->route(app->conf, &p->task.cmd, &p->name);

    ngx_http_rooms_pending_uncaller(p, &caller);

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
    ngx_uint_t            gathered;
    ngx_http_rooms_op_t  *op;

    if (ngx_http_rooms_pending_decide(p, NULL) == ROOMS_AGAIN) {
        ngx_http_rooms_pending_again(p);
        return;
    }

    if (p->d.verify) {
        ngx_http_rooms_pending_verify(p);
        return;
    }

    if (!ngx_http_rooms_pending_writes(p)) {
        ngx_http_rooms_pending_advance(p);
        return;
    }

    op = ngx_http_rooms_pending_is_plain(p)
         ? ngx_http_rooms_redis_gathering(p->task.zone->redis,
                                          p->task.cmd.room)
         : NULL;

    gathered = (op != NULL);

    if (op == NULL) {
        op = ngx_http_rooms_op_create(p->task.zone->redis, p->task.cmd.room);
        if (op == NULL) {
            ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
            ngx_http_rooms_pending_finish(p);
            return;
        }

        op->expected = ROOMS_JOURNAL_ANY;
    }

    ngx_http_rooms_op_add(op, p);

    if (p->task.socket && p->d.neffects == 0) {
        ngx_http_rooms_pending_together(op, p);
    }

    if (!gathered) {
        ngx_http_rooms_op_send(op);
    }
}


/* 1: nothing but records of its room. */

static ngx_uint_t
ngx_http_rooms_pending_is_plain(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t  i;

    for (i = 0; i < p->d.nrecords; i++) {
        if (p->d.records[i].room.len || p->d.records[i].fact.len) {
            return 0;
        }
    }

    return !p->d.remove && p->d.keep_deadline;
}


/*
 * Those behind it that go to the same room, and change nothing for those that
 * follow, go with it: else a socket would write one record in each round
 * trip, and everybody would be gathered one message at a time.
 */

static void
ngx_http_rooms_pending_together(ngx_http_rooms_op_t *op,
    ngx_http_rooms_pending_t *p)
{
    ngx_queue_t              *q;
    ngx_http_rooms_socket_t  *socket;

    socket = p->task.socket;

    for (q = ngx_queue_next(&p->behind);
         q != ngx_queue_sentinel(&socket->tasks)
         && !ngx_http_rooms_op_full(op);
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_http_rooms_pending_t, behind);

        if (p->started || p->refused || socket->dead) {
            return;
        }

        ngx_http_rooms_pending_random(p);

        if (ngx_http_rooms_pending_route(p) != NGX_OK
            || p->task.cmd.room.len != op->name.len
            || ngx_memcmp(p->task.cmd.room.data, op->name.data, op->name.len)
               != 0
            || ngx_http_rooms_pending_decide(p, NULL) == ROOMS_AGAIN
            || p->d.verify || p->d.neffects
            || !ngx_http_rooms_pending_writes(p)
            || !ngx_http_rooms_pending_is_plain(p))
        {
            /* it is decided again when its turn comes */

            return;
        }

        p->started = 1;
        ngx_http_rooms_op_add(op, p);
    }
}


/* A refusal, where it was not decided; ROOMS_AGAIN as of the application. */

rooms_int_t
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
    cmd->healthy = ngx_http_rooms_redis_healthy(p->task.zone);

    ngx_http_rooms_pending_caller(p, &caller, rooms);

    rooms_decision_reset(&p->d);

    rc = app->app->decide(app->conf, state, cmd, &p->d);

    ngx_http_rooms_pending_uncaller(p, &caller);

    if (rc == ROOMS_AGAIN) {
        return rc;
    }

    if (rc != ROOMS_OK || rooms_decision_failed(&p->d)) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
    }

    return ROOMS_OK;
}


/* The caller's rooms are known only while it is asked about. */

static void
ngx_http_rooms_pending_caller(ngx_http_rooms_pending_t *p,
    rooms_caller_t *caller, rooms_str_t *rooms)
{
    ngx_connection_t  *c;

    if (p->task.socket == NULL) {
        return;
    }

    ngx_http_rooms_command_caller(p->task.socket, caller, rooms,
                                  NGX_HTTP_ROOMS_REDIS_ROOMS);

    p->task.cmd.caller = caller;
    p->task.cmd.address = rooms_str(NULL, 0);

    c = p->task.socket->dead ? NULL : p->task.socket->session->connection;

    if (c) {
        p->task.cmd.address = rooms_str(c->addr_text.data, c->addr_text.len);
    }
}


static void
ngx_http_rooms_pending_uncaller(ngx_http_rooms_pending_t *p,
    rooms_caller_t *caller)
{
    if (p->task.socket == NULL) {
        return;
    }

    p->caller = *caller;
    p->caller.rooms = NULL;
    p->caller.nrooms = 0;

    p->task.cmd.caller = &p->caller;
    p->task.cmd.address = rooms_str(NULL, 0);
}


ngx_uint_t
ngx_http_rooms_pending_writes(ngx_http_rooms_pending_t *p)
{
    return p->d.nrecords || p->d.remove;
}


void
ngx_http_rooms_pending_again(ngx_http_rooms_pending_t *p)
{
    if (p->room) {
        p->room->backing.busy--;
        p->room = NULL;
    }

    p->state = NGX_HTTP_ROOMS_PENDING_SOCKET;

    if (p->d.redirect.len) {
        rooms_buf_reset(&p->name);
        rooms_buf_str(&p->name, rooms_decision_str(&p->d, p->d.redirect));

        p->task.cmd.room = rooms_str(p->name.data, p->name.len);
        p->known = 1;
    }

    if (p->name.failed
        || ++p->task.cmd.attempt == NGX_HTTP_ROOMS_REDIS_ATTEMPTS)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": no free name for a new room in "
                      "%d attempts", &p->task.zone->app->name,
                      NGX_HTTP_ROOMS_REDIS_ATTEMPTS);

        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
        ngx_http_rooms_pending_finish(p);
        return;
    }

    ngx_http_rooms_pending_start(p);
}


void
ngx_http_rooms_pending_verify(ngx_http_rooms_pending_t *p)
{
    ngx_int_t   rc;
    ngx_uint_t  right;

    if (p->room) {
        p->room->backing.busy--;
        p->room = NULL;
    }

    p->state = NGX_HTTP_ROOMS_PENDING_THREAD;

    rc = ngx_http_rooms_verify(&p->d, ngx_http_rooms_pending_verified, p,
                               &right);

    if (rc == NGX_OK) {
        ngx_http_rooms_pending_verified(p, right);
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_INTERNAL);
        ngx_http_rooms_pending_finish(p);
    }
}


static void
ngx_http_rooms_pending_verified(void *data, ngx_uint_t right)
{
    ngx_http_rooms_pending_t *p = data;

    p->task.cmd.verified = right ? ROOMS_VERIFIED_RIGHT
                                 : ROOMS_VERIFIED_WRONG;

    /* it waited for nobody but the processor */

    ngx_http_rooms_pending_limit(p);
    ngx_http_rooms_pending_start(p);
}


void
ngx_http_rooms_pending_refuse(ngx_http_rooms_pending_t *p,
    rooms_refusal_e why)
{
    ngx_http_rooms_app_t  *app;

    app = p->task.zone->app;

    if (why == ROOMS_REFUSE_STORAGE) {
        p->task.zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_STORAGE]++;
        p->task.unavailable = 1;
    }

    rooms_decision_reset(&p->d);
    app->app->refuse(app->conf, &p->task.cmd, why, p->detail, &p->d);
}
