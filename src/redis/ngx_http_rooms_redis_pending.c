
/*
 * Copyright (C) nginx rooms contributors
 *
 * The copy of a command, which outlives the turn, and the time it has.
 */


#include <ngx_http_rooms_redis_op.h>


#define NGX_HTTP_ROOMS_REDIS_TICK  50        /* ms, of timeouts */


static ngx_int_t ngx_http_rooms_pending_copy(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_task_t *task);
static ngx_int_t ngx_http_rooms_pending_attachments(
    ngx_http_rooms_pending_t *p);
static ngx_int_t ngx_http_rooms_pending_params(ngx_http_rooms_pending_t *p);
static ngx_int_t ngx_http_rooms_pending_str(ngx_pool_t *pool,
    rooms_str_t *str);
static void ngx_http_rooms_pending_late(ngx_http_rooms_pending_t *p);


ngx_http_rooms_pending_t *
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

    if (ngx_http_rooms_pending_copy(p, task) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    rooms_decision_init(&p->d);
    rooms_buf_init(&p->name, 0);

    p->known = (task->cmd.room.len != 0);

    /* that a socket is gone, or back, is told however long it takes */

    p->durable = (task->cmd.kind == ROOMS_CMD_DISCONNECT
                  || task->cmd.kind == ROOMS_CMD_RECOVER);

    json_incref(p->task.cmd.args);
    json_incref(p->task.cmd.body);

    return p;
}


static ngx_int_t
ngx_http_rooms_pending_copy(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_task_t *task)
{
    rooms_command_t  *cmd;

    p->task = *task;
    cmd = &p->task.cmd;

    if (ngx_http_rooms_pending_str(p->pool, &cmd->room) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->name) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->text) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->query) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->authorization)
           != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->headers) != NGX_OK
        || ngx_http_rooms_pending_str(p->pool, &cmd->address) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_rooms_pending_attachments(p) != NGX_OK
        || ngx_http_rooms_pending_params(p) != NGX_OK)
    {
        return NGX_ERROR;
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
ngx_http_rooms_pending_attachments(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t        i;
    rooms_str_t      *attachments;
    rooms_command_t  *cmd;

    cmd = &p->task.cmd;

    if (cmd->nattachments == 0) {
        return NGX_OK;
    }

    attachments = ngx_palloc(p->pool,
                             cmd->nattachments * sizeof(rooms_str_t));
    if (attachments == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < cmd->nattachments; i++) {
        attachments[i] = cmd->attachments[i];

        if (ngx_http_rooms_pending_str(p->pool, &attachments[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    cmd->attachments = attachments;

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_pending_params(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t            i;
    rooms_command_t      *cmd;
    rooms_route_param_t  *params;

    cmd = &p->task.cmd;

    if (cmd->nparams == 0) {
        return NGX_OK;
    }

    params = ngx_palloc(p->pool,
                        cmd->nparams * sizeof(rooms_route_param_t));
    if (params == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < cmd->nparams; i++) {
        params[i] = cmd->params[i];

        if (ngx_http_rooms_pending_str(p->pool, &params[i].value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    cmd->params = params;

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


void
ngx_http_rooms_pending_free(ngx_http_rooms_pending_t *p)
{
    ngx_http_rooms_op_t  *op;

    if (p->listed) {
        ngx_queue_remove(&p->timed);
    }

    op = p->op;
    p->op = NULL;

    if (op && --op->refs == 0) {
        ngx_http_rooms_op_free(op);
    }

    json_decref(p->task.cmd.args);
    json_decref(p->task.cmd.body);

    rooms_decision_free(&p->d);
    rooms_buf_free(&p->name);

    ngx_destroy_pool(p->pool);
}


void
ngx_http_rooms_pending_limit(ngx_http_rooms_pending_t *p)
{
    ngx_event_t             *ev;
    ngx_http_rooms_redis_t  *redis;

    if (p->durable) {
        return;
    }

    redis = p->task.zone->redis;

    if (p->listed) {
        ngx_queue_remove(&p->timed);
    }

    p->limit = ngx_current_msec + redis->conf->timeout;
    p->listed = 1;
    ngx_queue_insert_tail(&redis->timed, &p->timed);

    ev = &redis->timeout;

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_ROOMS_REDIS_TICK);
    }
}


/* Commands whose time is over. */

void
ngx_http_rooms_redis_timeout_handler(ngx_event_t *ev)
{
    ngx_uint_t                 lost;
    ngx_queue_t               *q, *next;
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
        case NGX_HTTP_ROOMS_PENDING_THREAD:
        case NGX_HTTP_ROOMS_PENDING_FETCH:
            continue;

        case NGX_HTTP_ROOMS_PENDING_OP:
            lost = 1;
            continue;

        case NGX_HTTP_ROOMS_PENDING_ROOM:
            ngx_http_rooms_pending_late(p);
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


/* What only reads is answered from what is known here. */

static void
ngx_http_rooms_pending_late(ngx_http_rooms_pending_t *p)
{
    ngx_http_rooms_room_t  *room;

    ngx_queue_remove(&p->queue);

    room = p->room;
    room->backing.busy++;

    if (!ngx_http_rooms_pending_known(p, room)) {
        ngx_http_rooms_pending_refuse(p, ROOMS_REFUSE_STORAGE);
    }

    ngx_http_rooms_pending_finish(p);
    ngx_http_rooms_redis_room_run(room);

    room->backing.busy--;
}


ngx_uint_t
ngx_http_rooms_pending_known(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_room_t *room)
{
    return room->backing.loaded
           && ngx_http_rooms_pending_decide(p, room->state) == ROOMS_OK
           && !p->d.verify && !ngx_http_rooms_pending_writes(p);
}
