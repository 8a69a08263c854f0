
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_act.h>
#include <ngx_http_rooms_backlog.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_replay.h>


static ngx_uint_t ngx_http_rooms_replay_meant(
    ngx_http_rooms_replay_t *replay, const rooms_message_t *m);
static rooms_int_t ngx_http_rooms_replay_room(
    ngx_http_rooms_replay_t *replay, ngx_http_rooms_room_t *room);
static ngx_int_t ngx_http_rooms_replay_add(ngx_http_rooms_replay_t *replay,
    const rooms_message_t *m, uint64_t id);
static int ngx_libc_cdecl ngx_http_rooms_replay_cmp(const void *one,
    const void *two);
static ngx_int_t ngx_http_rooms_replay_message(
    ngx_http_rooms_socket_t *socket, rooms_buf_t *b, uint64_t id,
    const rooms_message_t *m, ngx_uint_t past);


ngx_int_t
ngx_http_rooms_replay_init(ngx_http_rooms_replay_t *replay,
    ngx_http_rooms_socket_t *socket)
{
    ngx_pool_t  *pool;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    replay->missed.pool = pool;

    if (ngx_array_init(&replay->missed, pool, 16,
                       sizeof(ngx_http_rooms_missed_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    replay->sid = rooms_str(socket->sid, NGX_HTTP_ROOMS_SID_LEN);
    replay->variant = socket->variant;

    replay->limit = ngx_max(socket->session->conf->send_queue / 2,
                            ngx_http_rooms_backlog_room(socket->session));

    return NGX_OK;
}


ngx_uint_t
ngx_http_rooms_replay_fits(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay)
{
    if (replay->messages.failed) {
        return 0;
    }

    /* frames and what else is sent now must have a place in the queue, too */

    return replay->messages.len <= socket->session->conf->send_queue / 2
           || ngx_http_rooms_backlog_wanted(socket, replay);
}


void
ngx_http_rooms_replay_grant(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay)
{
    uint64_t                  after;
    ngx_queue_t              *q;
    ngx_http_rooms_member_t  *member;

    after = ngx_http_rooms_replay_from(replay);

    for (q = ngx_queue_head(&socket->session->members);
         q != ngx_queue_sentinel(&socket->session->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket == socket) {
            member->granted = after;
        }
    }
}


void
ngx_http_rooms_replay_free(ngx_http_rooms_replay_t *replay)
{
    rooms_buf_free(&replay->messages);

    if (replay->missed.pool) {
        ngx_destroy_pool(replay->missed.pool);
        replay->missed.pool = NULL;
    }
}


ngx_int_t
ngx_http_rooms_replay_since(ngx_http_rooms_replay_t *replay,
    ngx_http_rooms_socket_t *socket, rooms_str_t offset)
{
    uint64_t                   epoch, now;
    ngx_queue_t               *q;
    rooms_int_t                rc;
    ngx_http_rooms_zone_t     *zone;
    ngx_http_rooms_member_t   *member;
    ngx_http_rooms_session_t  *s;

    s = socket->session;
    zone = s->zone;

    if (ngx_http_rooms_replay_init(replay, socket) != NGX_OK
        || rooms_offset_parse(offset, &epoch, &replay->after) != ROOMS_OK
        || epoch != zone->epoch)
    {
        return NGX_DECLINED;
    }

    replay->known = rooms_message_record(replay->after);

    if (replay->known == 0) {
        return NGX_DECLINED;
    }

    now = ngx_http_rooms_now();

    if (zone->app->history && zone->app->history < now) {
        replay->oldest = now - zone->app->history;
    }

    rc = ROOMS_OK;

    for (q = ngx_queue_head(&s->members);
         rc == ROOMS_OK && q != ngx_queue_sentinel(&s->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket == socket) {
            rc = ngx_http_rooms_replay_room(replay, member->room);
        }
    }

    if (rc != ROOMS_OK || !replay->found
        || !ngx_http_rooms_replay_fits(socket, replay))
    {
        return NGX_DECLINED;
    }

    ngx_http_rooms_replay_sort(replay);

    return NGX_OK;
}


static rooms_int_t
ngx_http_rooms_replay_room(ngx_http_rooms_replay_t *replay,
    ngx_http_rooms_room_t *room)
{
    rooms_int_t             rc;
    ngx_http_rooms_zone_t  *zone;

    zone = room->zone;

    if (zone->redis) {
        return ngx_http_rooms_redis_replay(room, replay->known - 1,
                                           ngx_http_rooms_replay_entry,
                                           replay);
    }

    ngx_http_rooms_zone_lock(zone);

    rc = rooms_journal_replay(zone->journal,
                              rooms_str(room->name.data, room->name.len),
                              replay->known - 1,
                              ngx_max(zone->cursor, room->last + 1),
                              ngx_http_rooms_replay_entry, replay);

    ngx_http_rooms_zone_unlock(zone);

    return rc;
}


void
ngx_http_rooms_replay_sort(ngx_http_rooms_replay_t *replay)
{
    ngx_qsort(replay->missed.elts, replay->missed.nelts,
              sizeof(ngx_http_rooms_missed_t), ngx_http_rooms_replay_cmp);
}


ngx_uint_t
ngx_http_rooms_replay_records(ngx_http_rooms_replay_t *replay)
{
    uint64_t                  last;
    ngx_uint_t                i, n;
    ngx_http_rooms_missed_t  *missed;

    missed = replay->missed.elts;
    last = 0;
    n = 0;

    for (i = 0; i < replay->missed.nelts; i++) {
        n += rooms_message_record(missed[i].id) != last;
        last = rooms_message_record(missed[i].id);
    }

    return n;
}


/* A record of which only a part was had has to be read again. */

uint64_t
ngx_http_rooms_replay_from(ngx_http_rooms_replay_t *replay)
{
    if (replay->after == 0
        || replay->after == rooms_message_whole(replay->after))
    {
        return replay->after;
    }

    return rooms_message_record(replay->after) - 1;
}


rooms_int_t
ngx_http_rooms_replay_entry(void *ctx, const rooms_journal_entry_t *e)
{
    ngx_http_rooms_replay_t *replay = ctx;

    uint64_t         id;
    unsigned         n;
    rooms_str_t      in;
    rooms_message_t  m;

    if (e->id == replay->known) {

        /* that it is there proves the offset */

        replay->found = (e->time >= replay->oldest);
    }

    in = e->messages;

    for (n = 0; rooms_message_read(&in, &m) == ROOMS_OK; n++) {

        id = rooms_message_id(e->id, n, in.len == 0);

        if (id <= replay->after || (m.ephemeral && replay->room == NULL)
            || !ngx_http_rooms_replay_meant(replay, &m))
        {
            continue;
        }

        if (ngx_http_rooms_replay_add(replay, &m, id) != NGX_OK) {
            return ROOMS_ERROR;
        }
    }

    /* whoever has the name now, it is another room */

    if (e->removed) {
        replay->ended = 1;

        if (replay->room) {
            ngx_memzero(&m, sizeof(rooms_message_t));

            m.action = ROOMS_MESSAGE_LEAVE;
            m.args = e->room;

            if (ngx_http_rooms_replay_add(replay, &m,
                                          rooms_message_whole(e->id))
                != NGX_OK)
            {
                return ROOMS_ERROR;
            }
        }

        return ROOMS_DONE;
    }

    return ROOMS_OK;
}


static ngx_int_t
ngx_http_rooms_replay_add(ngx_http_rooms_replay_t *replay,
    const rooms_message_t *m, uint64_t id)
{
    size_t                    pos;
    ngx_http_rooms_missed_t  *missed;

    pos = replay->messages.len;
    rooms_message_write(&replay->messages, m);

    if (replay->messages.failed || replay->messages.len > replay->limit) {
        return NGX_ERROR;
    }

    missed = ngx_array_push(&replay->missed);
    if (missed == NULL) {
        return NGX_ERROR;
    }

    replay->acts |= (m->action != ROOMS_MESSAGE_EMIT);

    missed->room = replay->room;
    missed->id = id;
    missed->pos = pos;
    missed->len = replay->messages.len - pos;

    return NGX_OK;
}


/* Was it meant for the socket, and for those that it was before? */

static ngx_uint_t
ngx_http_rooms_replay_meant(ngx_http_rooms_replay_t *replay,
    const rooms_message_t *m)
{
    ngx_uint_t   meant;
    rooms_str_t  in, sid;

    meant = rooms_message_meant(m, replay->sid, replay->variant);

    if (m->audience == ROOMS_TO_ALL) {
        return meant;
    }

    in = replay->former;

    while (rooms_get_str16(&in, &sid) == ROOMS_OK) {
        if (m->audience == ROOMS_TO_SOCKET) {
            meant |= rooms_message_meant(m, sid, replay->variant);

        } else {
            meant &= rooms_message_meant(m, sid, replay->variant);
        }
    }

    return meant;
}


static int ngx_libc_cdecl
ngx_http_rooms_replay_cmp(const void *one, const void *two)
{
    const ngx_http_rooms_missed_t  *a, *b;

    a = one;
    b = two;

    if (a->id != b->id) {
        return (a->id > b->id) ? 1 : -1;
    }

    return (a->pos > b->pos) ? 1 : -1;
}


ngx_int_t
ngx_http_rooms_replay_send(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    rooms_buf_t               b;
    rooms_str_t               in;
    rooms_message_t           m;
    ngx_http_rooms_missed_t  *missed;

    if (ngx_http_rooms_backlog_wanted(socket, replay)) {
        rc = ngx_http_rooms_backlog_start(socket, replay);

        if (rc != NGX_OK) {
            ngx_http_rooms_session_doom(socket->session,
                                        NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        }

        return rc;
    }

    rooms_buf_init(&b, 0);

    missed = replay->missed.elts;
    rc = NGX_OK;

    for (i = 0; rc == NGX_OK && i < replay->missed.nelts; i++) {
        in = rooms_str(replay->messages.data + missed[i].pos, missed[i].len);

        if (rooms_message_read(&in, &m) != ROOMS_OK
            || (missed[i].room
                && !ngx_http_rooms_room_member(missed[i].room, socket)))
        {
            continue;
        }

        if (m.action == ROOMS_MESSAGE_EMIT) {
            rc = ngx_http_rooms_replay_message(socket, &b, missed[i].id, &m,
                                               0);

        } else {
            ngx_http_rooms_act_one(socket, &m);
        }
    }

    rooms_buf_free(&b);

    return rc;
}


ngx_int_t
ngx_http_rooms_replay_past(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay, ngx_uint_t i, rooms_buf_t *b)
{
    rooms_str_t               in;
    rooms_message_t           m;
    ngx_http_rooms_missed_t  *missed;

    missed = replay->missed.elts;
    in = rooms_str(replay->messages.data + missed[i].pos, missed[i].len);

    if (rooms_message_read(&in, &m) != ROOMS_OK) {
        return NGX_OK;
    }

    return ngx_http_rooms_replay_message(socket, b, missed[i].id, &m, 1);
}


static ngx_int_t
ngx_http_rooms_replay_message(ngx_http_rooms_socket_t *socket,
    rooms_buf_t *b, uint64_t id, const rooms_message_t *m, ngx_uint_t past)
{
    ngx_uint_t                 n;
    rooms_str_t               *attachments;
    ngx_http_rooms_zone_t     *zone;
    ngx_http_rooms_session_t  *s;

    s = socket->session;
    zone = s->zone;

    attachments = NULL;
    n = 0;

    if (m->nattachments) {
        attachments = ngx_alloc(m->nattachments * sizeof(rooms_str_t),
                                ngx_cycle->log);
        if (attachments == NULL) {
            goto failed;
        }

        n = ngx_http_rooms_socket_attachments(m->attachments, m->nattachments,
                                              attachments, m->nattachments);
    }

    rooms_buf_reset(b);
    ngx_http_rooms_socket_text(b, &socket->nsp, m, zone->epoch, id,
                               socket->recoverable && !m->ephemeral);

    if (b->failed) {
        goto failed;
    }

    if (past) {
        ngx_http_rooms_session_past(s, rooms_str(b->data, b->len),
                                    attachments, n);

    } else {
        ngx_http_rooms_session_message(s, rooms_str(b->data, b->len),
                                       attachments, n);
    }

    if (attachments) {
        ngx_free(attachments);
    }

    return (s->closed || s->doomed) ? NGX_ERROR : NGX_OK;

failed:

    /* its record is kept, it may come again */

    if (attachments) {
        ngx_free(attachments);
    }

    ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);

    return NGX_ERROR;
}
