
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_act.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_prefetch.h>
#include <ngx_http_rooms_publish.h>
#include <ngx_http_rooms_socket.h>


#define NGX_HTTP_ROOMS_WANT_MAX         65536

#define NGX_HTTP_ROOMS_MAX_ATTACHMENTS  256


static void ngx_http_rooms_publish_one(ngx_http_rooms_room_t *room,
    const rooms_message_t *m, uint64_t id);
static ngx_int_t ngx_http_rooms_stream_append(ngx_http_rooms_stream_t *stream,
    const rooms_message_t *m, uint64_t id, ngx_http_rooms_member_t *except);
static ngx_int_t ngx_http_rooms_stream_space(ngx_http_rooms_stream_t *stream,
    size_t size);
static void ngx_http_rooms_order(ngx_http_rooms_room_t *room);


/* Of all rooms, only this one has what a member of others has not taken. */

static ngx_http_rooms_room_t  *ngx_http_rooms_last;

/* Messages are put together here, once for each form. */

static rooms_buf_t  ngx_http_rooms_publish_text;
static rooms_buf_t  ngx_http_rooms_publish_wire;


void
ngx_http_rooms_publish(ngx_http_rooms_room_t *room, const rooms_message_t *m,
    uint64_t id)
{
    ngx_queue_t              *q;
    ngx_http_rooms_member_t  *except;
    ngx_http_rooms_socket_t  *socket;
    ngx_http_rooms_stream_t  *stream;

    if (m->action != ROOMS_MESSAGE_EMIT) {
        ngx_http_rooms_act(room, m, id);
        return;
    }

    if (m->audience == ROOMS_TO_SOCKET) {
        ngx_http_rooms_publish_one(room, m, id);
        return;
    }

    except = NULL;

    if (m->audience == ROOMS_TO_OTHERS) {
        socket = ngx_http_rooms_socket_find(room->zone, m->sid);

        if (socket) {
            except = ngx_http_rooms_room_member(room, socket);
        }
    }

    ngx_http_rooms_order(room);

    for (q = ngx_queue_head(&room->streams);
         q != ngx_queue_sentinel(&room->streams);
         q = ngx_queue_next(q))
    {
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        if (m->variants && !(m->variants & (1u << stream->variant))) {
            continue;
        }

        if (ngx_http_rooms_stream_append(stream, m, id,
                                         (except && except->stream == stream)
                                         ? except : NULL)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "rooms: no memory to send to room \"%V\"",
                          &room->name);
        }
    }
}


static void
ngx_http_rooms_publish_one(ngx_http_rooms_room_t *room,
    const rooms_message_t *m, uint64_t id)
{
    rooms_str_t               attachments[NGX_HTTP_ROOMS_MAX_ATTACHMENTS];
    ngx_uint_t                n;
    ngx_http_rooms_member_t  *member;
    ngx_http_rooms_socket_t  *socket;

    socket = ngx_http_rooms_socket_find(room->zone, m->sid);
    member = socket ? ngx_http_rooms_room_member(room, socket) : NULL;

    if (member == NULL || member->from > id
        || (m->variants && !(m->variants & (1u << socket->variant))))
    {
        return;
    }

    n = ngx_http_rooms_socket_attachments(m->attachments, m->nattachments,
                                          attachments,
                                          NGX_HTTP_ROOMS_MAX_ATTACHMENTS);

    rooms_buf_reset(&ngx_http_rooms_publish_text);

    ngx_http_rooms_socket_text(&ngx_http_rooms_publish_text, &socket->nsp, m,
                               room->zone->epoch, id,
                               socket->recoverable && !m->ephemeral);

    if (ngx_http_rooms_publish_text.failed) {
        return;
    }

    room->zone->stat->out++;
    socket->session->out_events++;

    ngx_http_rooms_session_message(socket->session,
                                   rooms_str(ngx_http_rooms_publish_text.data,
                                             ngx_http_rooms_publish_text.len),
                                   attachments, n);
}


/*
 * A connection hears messages in the order of their ids.  Where one is in
 * several rooms that have gathered something, what another room has for it is
 * queued before this room gathers more.
 */

static void
ngx_http_rooms_order(ngx_http_rooms_room_t *room)
{
    ngx_uint_t                 i;
    ngx_queue_t               *q;
    ngx_http_rooms_stream_t   *stream;
    ngx_http_rooms_session_t  *s;

    if (ngx_http_rooms_gathered == 0 || ngx_http_rooms_last == room
        || room->nshared == 0)
    {
        ngx_http_rooms_last = room;
        return;
    }

    ngx_http_rooms_last = room;

    for (q = ngx_queue_head(&room->streams);
         q != ngx_queue_sentinel(&room->streams);
         q = ngx_queue_next(q))
    {
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        ngx_http_rooms_stream_warm_from(stream, 0);

        for (i = 0; i < stream->n; i++) {
            s = stream->members[i]->socket->session;

            if (i + NGX_HTTP_ROOMS_AHEAD < stream->n) {
                ngx_http_rooms_stream_prefetch(&stream->members[i]);
            }

            if (s->nmembers > 1) {
                ngx_http_rooms_room_take(s, room);
            }
        }
    }
}


static ngx_int_t
ngx_http_rooms_stream_append(ngx_http_rooms_stream_t *stream,
    const rooms_message_t *m, uint64_t id, ngx_http_rooms_member_t *except)
{
    rooms_str_t              attachments[NGX_HTTP_ROOMS_MAX_ATTACHMENTS];
    ngx_uint_t               n, told;
    rooms_buf_t             *text, *wire;
    ngx_http_rooms_zone_t   *zone;
    ngx_http_rooms_chunk_t  *chunk;

    told = stream->n - (except ? 1 : 0);

    if (told == 0) {
        return NGX_OK;
    }

    zone = stream->room->zone;
    text = &ngx_http_rooms_publish_text;
    wire = &ngx_http_rooms_publish_wire;

    n = ngx_http_rooms_socket_attachments(m->attachments, m->nattachments,
                                          attachments,
                                          NGX_HTTP_ROOMS_MAX_ATTACHMENTS);

    rooms_buf_reset(text);
    rooms_buf_reset(wire);

    ngx_http_rooms_socket_text(text, &stream->nsp, m, zone->epoch, id,
                               stream->offset && !m->ephemeral);
    ngx_http_rooms_session_encode(wire, &stream->form,
                                  rooms_str(text->data, text->len),
                                  attachments, n);

    if (text->failed || wire->failed
        || ngx_http_rooms_stream_space(stream, wire->len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (except) {
        ngx_http_rooms_member_take(except);
    }

    chunk = stream->chunk;

    ngx_memcpy(chunk->data + chunk->len, wire->data, wire->len);
    chunk->len += wire->len;

    stream->count++;

    if (except) {
        except->pos = chunk->len;
        except->since++;
    }

    zone->stat->out += told;

    ngx_http_rooms_gather(stream);

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_stream_space(ngx_http_rooms_stream_t *stream, size_t size)
{
    ngx_uint_t                i;
    ngx_http_rooms_chunk_t   *chunk;
    ngx_http_rooms_member_t  *member;

    chunk = stream->chunk;

    if (chunk) {

        if (size <= chunk->size - chunk->len) {
            return NGX_OK;
        }

        for (i = 0; i < stream->n; i++) {
            member = stream->members[i];
            ngx_http_rooms_member_take(member);
            member->pos = 0;
        }

        ngx_http_rooms_chunk_release(chunk);
        stream->chunk = NULL;

        stream->want = ngx_min(stream->want * 2, NGX_HTTP_ROOMS_WANT_MAX);
    }

    stream->chunk = ngx_http_rooms_chunk_get(ngx_max(size, stream->want));

    return stream->chunk ? NGX_OK : NGX_ERROR;
}


void
ngx_http_rooms_room_skip(ngx_http_rooms_room_t *room, uint64_t id)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_http_rooms_member_t  *member;
    ngx_http_rooms_stream_t  *stream;

    for (q = ngx_queue_head(&room->streams);
         q != ngx_queue_sentinel(&room->streams);
         q = ngx_queue_next(q))
    {
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        for (i = 0; i < stream->n; i++) {
            member = stream->members[i];

            if (member->from > id) {
                member->pos = stream->chunk ? stream->chunk->len : 0;
                member->since = stream->count;
            }
        }
    }
}


void
ngx_http_rooms_member_take(ngx_http_rooms_member_t *member)
{
    ngx_http_rooms_chunk_t    *chunk;
    ngx_http_rooms_session_t  *s;

    chunk = member->stream->chunk;

    if (chunk == NULL || member->pos == chunk->len) {
        return;
    }

    s = member->socket->session;

    if (!s->closed
        && ngx_http_rooms_queue_ref(ngx_http_rooms_session_tail(s), chunk,
                                    member->pos, chunk->len)
           == NGX_OK)
    {
        ngx_http_rooms_session_dirty(s);
    }

    member->pos = chunk->len;
}


void
ngx_http_rooms_room_take(ngx_http_rooms_session_t *s,
    ngx_http_rooms_room_t *except)
{
    ngx_queue_t              *q;
    ngx_http_rooms_member_t  *member;

    if (ngx_http_rooms_gathered == 0) {
        return;
    }

    for (q = ngx_queue_head(&s->members);
         q != ngx_queue_sentinel(&s->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->room != except) {
            ngx_http_rooms_member_take(member);
        }
    }
}
