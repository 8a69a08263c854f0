
/*
 * Copyright (C) nginx rooms contributors
 *
 * Commands whose records are in the journal: what they join is opened, what
 * their callers missed is fetched, then they are answered.
 */


#include <ngx_http_rooms_audit.h>
#include <ngx_http_rooms_redis_op.h>

#include <rooms_offset.h>


static ngx_uint_t ngx_http_rooms_pending_joins(ngx_http_rooms_pending_t *p);
static ngx_int_t ngx_http_rooms_pending_replay(ngx_http_rooms_pending_t *p);
static void ngx_http_rooms_pending_fetched(void *data, ngx_uint_t complete);
static void ngx_http_rooms_pending_effects(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_room_t *room);
static ngx_uint_t ngx_http_rooms_pending_replays(ngx_http_rooms_pending_t *p);


void
ngx_http_rooms_pending_advance(ngx_http_rooms_pending_t *p)
{
    if (ngx_http_rooms_pending_joins(p)) {
        p->state = NGX_HTTP_ROOMS_PENDING_ROOMS;
        ngx_queue_insert_tail(&p->task.zone->redis->joining, &p->queue);
        return;
    }

    if (ngx_http_rooms_pending_replay(p) == NGX_OK) {
        return;
    }

    ngx_http_rooms_pending_finish(p);
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
            ngx_http_rooms_pending_advance(p);

            /* anything may have happened to the next */

            next = ngx_queue_head(&redis->joining);
        }
    }
}


/*
 * NGX_OK: what its caller is to be told again is being fetched.  The effects
 * are carried out when it is here; what is published meanwhile waits.
 */

static ngx_int_t
ngx_http_rooms_pending_replay(ngx_http_rooms_pending_t *p)
{
    uint64_t                 epoch, after;
    ngx_int_t                rc;
    ngx_uint_t               i;
    rooms_buf_t              rooms;
    rooms_str_t              name, offset;
    ngx_queue_t             *q;
    ngx_http_rooms_member_t  *member;
    ngx_http_rooms_socket_t  *socket;

    socket = p->task.socket;

    if (socket == NULL || socket->dead) {
        return NGX_DECLINED;
    }

    offset = rooms_str(NULL, 0);
    rooms_buf_init(&rooms, 0);

    for (i = 0; i < p->d.neffects; i++) {

        switch (p->d.effects[i].type) {

        case ROOMS_EFFECT_REPLAY:
            offset = rooms_decision_str(&p->d, p->d.effects[i].text);
            break;

        case ROOMS_EFFECT_JOIN:
            name = rooms_decision_str(&p->d, p->d.effects[i].name);
            rooms_buf_str16(&rooms, name);
            rooms_buf_u64(&rooms, 0);
            break;

        default:
            break;
        }
    }

    rc = NGX_DECLINED;

    if (offset.len == 0
        || rooms_offset_parse(offset, &epoch, &after) != ROOMS_OK
        || epoch != p->task.zone->epoch || rooms_message_record(after) == 0)
    {
        goto done;
    }

    for (q = ngx_queue_head(&socket->session->members);
         q != ngx_queue_sentinel(&socket->session->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket == socket) {
            rooms_buf_str16(&rooms, rooms_str(member->room->name.data,
                                              member->room->name.len));
            rooms_buf_u64(&rooms, 0);
        }
    }

    if (!rooms.failed) {
        p->state = NGX_HTTP_ROOMS_PENDING_FETCH;

        rc = ngx_http_rooms_redis_fetch(p->task.zone->redis,
                                        rooms_str(rooms.data, rooms.len),
                                        rooms_message_record(after) - 1,
                                        ngx_http_rooms_pending_fetched, p);
    }

done:

    rooms_buf_free(&rooms);

    return rc;
}


static void
ngx_http_rooms_pending_fetched(void *data, ngx_uint_t complete)
{
    /* where it is not, the application hears that it is not known */

    ngx_http_rooms_pending_finish(data);
}


/* The answer and the effects; then the next one of its socket. */

void
ngx_http_rooms_pending_finish(ngx_http_rooms_pending_t *p)
{
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_socket_t  *socket;

    socket = p->task.socket;
    room = p->room;
    p->room = NULL;

    ngx_http_rooms_audit(&p->task, &p->d);

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
 * told; who joins hears of those before its own no more than otherwise, but
 * where it is told what it missed: that ends with what has been read here.
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
        || p->op->first == 0 || ngx_http_rooms_pending_replays(p))
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


static ngx_uint_t
ngx_http_rooms_pending_replays(ngx_http_rooms_pending_t *p)
{
    ngx_uint_t  i;

    for (i = 0; i < p->d.neffects; i++) {
        if (p->d.effects[i].type == ROOMS_EFFECT_REPLAY) {
            return 1;
        }
    }

    return 0;
}


/* It joined, but its socket has gone: the room hears of that, too. */

void
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
