
/*
 * Copyright (C) nginx rooms contributors
 *
 * Membership of rooms.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_publish.h>
#include <ngx_http_rooms_socket.h>


#define NGX_HTTP_ROOMS_MEMBERS  4


static ngx_http_rooms_stream_t *ngx_http_rooms_stream_get(
    ngx_http_rooms_room_t *room, ngx_http_rooms_socket_t *socket);
static ngx_int_t ngx_http_rooms_stream_add(ngx_http_rooms_member_t *member);
static void ngx_http_rooms_stream_remove(ngx_http_rooms_member_t *member);
static void ngx_http_rooms_member_remove(ngx_http_rooms_member_t *member);
static void ngx_http_rooms_member_shared(ngx_http_rooms_member_t *member,
    ngx_int_t n);
static void ngx_http_rooms_room_interest(ngx_http_rooms_room_t *room,
    ngx_uint_t on);


ngx_http_rooms_member_t *
ngx_http_rooms_room_member(ngx_http_rooms_room_t *room,
    ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t               *q;
    ngx_http_rooms_member_t   *member;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    for (q = ngx_queue_head(&s->members);
         q != ngx_queue_sentinel(&s->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->room == room && member->socket == socket) {
            return member;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_rooms_room_join(ngx_http_rooms_socket_t *socket, rooms_str_t name)
{
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_zone_t     *zone;
    ngx_http_rooms_member_t   *member;
    ngx_http_rooms_session_t  *s;

    s = socket->session;
    zone = s->zone;

    room = ngx_http_rooms_room_open(zone, name);
    if (room == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_rooms_room_member(room, socket)) {
        return NGX_OK;
    }

    if (s->nmembers >= s->conf->max_rooms) {
        zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_LIMIT]++;
        return NGX_DECLINED;
    }

    member = ngx_calloc(sizeof(ngx_http_rooms_member_t), ngx_cycle->log);
    if (member == NULL) {
        return NGX_ERROR;
    }

    /* what it has of other rooms is older than what this one will have */

    ngx_http_rooms_room_take(s, NULL);

    member->room = room;
    member->socket = socket;
    member->joined = rooms_message_whole(room->last);

    if (ngx_http_rooms_stream_add(member) != NGX_OK) {
        ngx_free(member);
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&s->members, &member->queue);

    if (s->nmembers++) {
        ngx_http_rooms_member_shared(member, 1);
    }

    if (room->nmembers++ == 0) {
        ngx_queue_remove(&room->idle);
        room->is_idle = 0;
        zone->nidle--;

        ngx_http_rooms_room_interest(room, 1);
    }

    return NGX_OK;
}


void
ngx_http_rooms_room_leave(ngx_http_rooms_socket_t *socket, rooms_str_t name)
{
    uint64_t                  hash;
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_zone_t    *zone;
    ngx_http_rooms_member_t  *member;

    zone = socket->session->zone;
    hash = rooms_journal_hash(zone->journal, name);

    room = ngx_http_rooms_room_find(zone, hash);
    if (room == NULL) {
        return;
    }

    member = ngx_http_rooms_room_member(room, socket);

    if (member) {
        ngx_http_rooms_member_remove(member);
    }
}


void
ngx_http_rooms_room_leave_all(ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t               *q, *next;
    ngx_http_rooms_member_t   *member;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    for (q = ngx_queue_head(&s->members);
         q != ngx_queue_sentinel(&s->members);
         q = next)
    {
        next = ngx_queue_next(q);
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket == socket) {
            ngx_http_rooms_member_remove(member);
        }
    }
}


void
ngx_http_rooms_room_empty(ngx_http_rooms_room_t *room)
{
    ngx_queue_t              *q;
    ngx_http_rooms_stream_t  *stream;

    /* a stream goes with its last member */

    while (!ngx_queue_empty(&room->streams)) {
        q = ngx_queue_head(&room->streams);
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        ngx_http_rooms_member_remove(stream->members[stream->n - 1]);
    }
}


uint64_t
ngx_http_rooms_room_count(ngx_http_rooms_session_t *s)
{
    uint64_t                  n;
    ngx_queue_t              *q;
    ngx_http_rooms_member_t  *member;

    n = 0;

    for (q = ngx_queue_head(&s->members);
         q != ngx_queue_sentinel(&s->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->stream) {
            n += member->stream->count - member->since;
        }
    }

    return n;
}


void
ngx_http_rooms_room_restream(ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t               *q;
    ngx_http_rooms_member_t   *member;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    for (q = ngx_queue_head(&s->members);
         q != ngx_queue_sentinel(&s->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket != socket) {
            continue;
        }

        ngx_http_rooms_member_take(member);
        ngx_http_rooms_stream_remove(member);

        if (ngx_http_rooms_stream_add(member) != NGX_OK) {
            member->stream = NULL;
            ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
        }
    }
}


static void
ngx_http_rooms_member_remove(ngx_http_rooms_member_t *member)
{
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_session_t  *s;

    room = member->room;
    s = member->socket->session;

    if (member->stream) {
        ngx_http_rooms_member_take(member);
        ngx_http_rooms_stream_remove(member);
    }

    if (--s->nmembers) {
        ngx_http_rooms_member_shared(member, -1);
    }

    ngx_queue_remove(&member->queue);
    ngx_free(member);

    if (--room->nmembers == 0) {
        ngx_queue_insert_tail(&room->zone->idle, &room->idle);
        room->is_idle = 1;
        room->zone->nidle++;

        ngx_http_rooms_room_interest(room, 0);
    }
}


/* A further membership of its session begins, or ends. */

static void
ngx_http_rooms_member_shared(ngx_http_rooms_member_t *member, ngx_int_t n)
{
    ngx_queue_t               *q;
    ngx_http_rooms_member_t   *other;
    ngx_http_rooms_session_t  *s;

    s = member->socket->session;

    member->room->nshared += n;

    if (s->nmembers + (n < 0) != 2) {
        return;
    }

    /* the other one is no longer alone, or is so again */

    q = ngx_queue_head(&s->members);

    if (q == &member->queue) {
        q = ngx_queue_next(q);
    }

    other = ngx_queue_data(q, ngx_http_rooms_member_t, queue);
    other->room->nshared += n;
}


static void
ngx_http_rooms_room_interest(ngx_http_rooms_room_t *room, ngx_uint_t on)
{
    ngx_http_rooms_zone_t  *zone;

    zone = room->zone;

    if (zone->redis) {
        return;
    }

    ngx_http_rooms_zone_lock(zone);

    (void) rooms_journal_interest(zone->journal,
                                  rooms_str(room->name.data, room->name.len),
                                  rooms_owner_slot(ngx_http_rooms_owner),
                                  on);

    ngx_http_rooms_zone_unlock(zone);
}


static ngx_http_rooms_stream_t *
ngx_http_rooms_stream_get(ngx_http_rooms_room_t *room,
    ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t              *q;
    ngx_http_rooms_beat_t    *hold;
    ngx_http_rooms_form_t     form;
    ngx_http_rooms_stream_t  *stream;

    ngx_http_rooms_session_form(socket->session, &form);
    hold = socket->session->conf->coalesce ? &socket->session->conf->hold
                                           : NULL;

    for (q = ngx_queue_head(&room->streams);
         q != ngx_queue_sentinel(&room->streams);
         q = ngx_queue_next(q))
    {
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        if (ngx_http_rooms_form_equal(&stream->form, &form)
            && stream->hold == hold
            && stream->offset == socket->recoverable
            && stream->variant == socket->variant
            && stream->nsp.len == socket->nsp.len
            && ngx_memcmp(stream->nsp.data, socket->nsp.data,
                          socket->nsp.len) == 0)
        {
            return stream;
        }
    }

    stream = ngx_calloc(sizeof(ngx_http_rooms_stream_t) + socket->nsp.len,
                        ngx_cycle->log);
    if (stream == NULL) {
        return NULL;
    }

    stream->members = ngx_alloc(NGX_HTTP_ROOMS_MEMBERS * sizeof(void *),
                                ngx_cycle->log);
    if (stream->members == NULL) {
        ngx_free(stream);
        return NULL;
    }

    stream->alloc = NGX_HTTP_ROOMS_MEMBERS;
    stream->room = room;
    stream->form = form;
    stream->hold = hold;
    stream->offset = socket->recoverable;
    stream->variant = socket->variant;

    stream->nsp.len = socket->nsp.len;
    stream->nsp.data = (u_char *) stream + sizeof(ngx_http_rooms_stream_t);
    ngx_memcpy(stream->nsp.data, socket->nsp.data, socket->nsp.len);

    stream->want = NGX_HTTP_ROOMS_CHUNK - sizeof(ngx_http_rooms_chunk_t);

    ngx_queue_insert_tail(&room->streams, &stream->queue);

    return stream;
}


static ngx_int_t
ngx_http_rooms_stream_add(ngx_http_rooms_member_t *member)
{
    ngx_http_rooms_stream_t   *stream;
    ngx_http_rooms_member_t  **members;

    stream = ngx_http_rooms_stream_get(member->room, member->socket);
    if (stream == NULL) {
        return NGX_ERROR;
    }

    if (stream->n == stream->alloc) {
        members = realloc(stream->members,
                          2 * stream->alloc * sizeof(void *));
        if (members == NULL) {
            return NGX_ERROR;
        }

        stream->members = members;
        stream->alloc *= 2;
    }

    member->stream = stream;
    member->index = stream->n;
    member->pos = stream->chunk ? stream->chunk->len : 0;
    member->since = stream->count;

    stream->members[stream->n++] = member;

    return NGX_OK;
}


static void
ngx_http_rooms_stream_remove(ngx_http_rooms_member_t *member)
{
    ngx_http_rooms_stream_t  *stream;
    ngx_http_rooms_member_t  *last;

    stream = member->stream;

    member->socket->session->out_events += stream->count - member->since;

    last = stream->members[--stream->n];
    stream->members[member->index] = last;
    last->index = member->index;

    member->stream = NULL;

    if (stream->n) {
        return;
    }

    ngx_http_rooms_ungather(stream);

    if (stream->chunk) {
        ngx_http_rooms_chunk_release(stream->chunk);
    }

    ngx_queue_remove(&stream->queue);

    ngx_free(stream->members);
    ngx_free(stream);
}
