
/*
 * Copyright (C) nginx rooms contributors
 *
 * Sockets: their life and what they send.  What they receive is in
 * ngx_http_rooms_packet.c.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_backlog.h>
#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_packet.h>
#include <ngx_http_rooms_random.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_socket.h>


static size_t ngx_http_rooms_socket_offset(u_char *p, uint64_t epoch,
    uint64_t id);
static rooms_gone_e ngx_http_rooms_socket_gone(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_socket_tell(ngx_http_rooms_socket_t *socket,
    rooms_buf_t *rooms);
static void ngx_http_rooms_socket_depart(ngx_http_rooms_socket_t *socket,
    rooms_buf_t *rooms, ngx_uint_t keep);
static void ngx_http_rooms_socket_rooms(ngx_http_rooms_socket_t *socket,
    rooms_buf_t *b);


static rooms_buf_t  ngx_http_rooms_socket_out;


ngx_http_rooms_socket_t *
ngx_http_rooms_socket_create(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    u_char *sid)
{
    u_char                    random[30], *p;
    size_t                    len;
    ngx_http_rooms_socket_t  *socket;

    if (ngx_http_rooms_random_octets(random, sizeof(random)) != NGX_OK) {
        return NULL;
    }

    /* nearly all sockets are in the main namespace */

    len = (nsp->len == 1) ? 0 : nsp->len;

    socket = ngx_calloc(sizeof(ngx_http_rooms_socket_t) + len,
                        ngx_cycle->log);
    if (socket == NULL) {
        return NULL;
    }

    if (len) {
        p = (u_char *) socket + sizeof(ngx_http_rooms_socket_t);
        ngx_memcpy(p, nsp->data, len);
        socket->nsp.data = p;

    } else {
        socket->nsp.data = (u_char *) "/";
    }

    socket->nsp.len = nsp->len;
    socket->session = s;

    if (sid) {
        ngx_memcpy(socket->sid, sid, NGX_HTTP_ROOMS_SID_LEN);

    } else {
        rooms_eio_sid(socket->sid, random);
    }

    rooms_eio_sid(socket->secret, random + 15);

    ngx_queue_init(&socket->asked);
    ngx_queue_init(&socket->tasks);

    rooms_table_insert(&s->zone->sockets, &socket->node);

    ngx_queue_insert_tail(&s->sockets, &socket->queue);
    s->nsockets++;
    s->zone->stat->sockets++;

    return socket;
}


ngx_http_rooms_socket_t *
ngx_http_rooms_socket_find(ngx_http_rooms_zone_t *zone, rooms_str_t sid)
{
    uint64_t                  key;
    rooms_link_t             *node;
    ngx_http_rooms_socket_t  *socket;

    if (sid.len != NGX_HTTP_ROOMS_SID_LEN) {
        return NULL;
    }

    ngx_memcpy(&key, sid.data, sizeof(uint64_t));

    for (node = rooms_table_find(&zone->sockets, key);
         node;
         node = rooms_table_again(&zone->sockets, node))
    {
        socket = rooms_table_data(node, ngx_http_rooms_socket_t, node);

        if (ngx_memcmp(socket->sid, sid.data, NGX_HTTP_ROOMS_SID_LEN) == 0) {
            return socket;
        }
    }

    return NULL;
}


/* The names of its rooms, each with its length. */

static void
ngx_http_rooms_socket_rooms(ngx_http_rooms_socket_t *socket, rooms_buf_t *b)
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

        if (member->socket == socket) {
            rooms_buf_str16(b, rooms_str(member->room->name.data,
                                         member->room->name.len));
        }
    }
}


void
ngx_http_rooms_socket_disconnect(ngx_http_rooms_socket_t *socket,
    ngx_uint_t packet, ngx_uint_t recoverable)
{
    rooms_buf_t                rooms;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    if (socket->dead) {
        return;
    }

    if (packet && !s->closed) {
        ngx_http_rooms_socket_emit(socket, ROOMS_SIO_DISCONNECT,
                                   ROOMS_SIO_NO_ACK, rooms_str(NULL, 0),
                                   NULL, 0);
    }

    rooms_buf_init(&rooms, 0);
    ngx_http_rooms_socket_rooms(socket, &rooms);

    ngx_http_rooms_room_leave_all(socket);

    if (s->zone->redis) {
        ngx_http_rooms_socket_depart(socket, &rooms,
                                     recoverable && socket->recoverable);
        rooms_buf_free(&rooms);
        return;
    }

    ngx_http_rooms_recovery_leave(socket);
    ngx_http_rooms_socket_destroy(socket);

    if (socket->connected && s->zone->app->app->evolve) {
        ngx_http_rooms_socket_tell(socket, &rooms);
    }

    ngx_http_rooms_recovery_release(socket,
                                    recoverable && socket->recoverable);

    rooms_buf_free(&rooms);
}


/* The same, where it takes more than a turn. */

static void
ngx_http_rooms_socket_depart(ngx_http_rooms_socket_t *socket,
    rooms_buf_t *rooms, ngx_uint_t keep)
{
    ngx_uint_t  registered;

    registered = socket->registered;
    socket->registered = 0;

    ngx_http_rooms_socket_destroy(socket);

    ngx_http_rooms_redis_depart(socket->session->zone,
                                rooms_str(socket->sid,
                                          NGX_HTTP_ROOMS_SID_LEN),
                                rooms_str(socket->nsp.data,
                                          socket->nsp.len),
                                rooms_str(rooms->data, rooms->len),
                                ngx_http_rooms_socket_gone(socket->session),
                                keep ? socket->session->conf->recovery : 0,
                                registered);
}


/* The application hears of it once for each room. */

static void
ngx_http_rooms_socket_tell(ngx_http_rooms_socket_t *socket,
    rooms_buf_t *rooms)
{
    rooms_str_t            in, name;
    rooms_caller_t         caller;
    ngx_http_rooms_task_t  task;

    in = rooms_str(rooms->data, rooms->len);

    ngx_memzero(&caller, sizeof(rooms_caller_t));

    caller.sid = rooms_str(socket->sid, NGX_HTTP_ROOMS_SID_LEN);
    caller.nsp = rooms_str(socket->nsp.data, socket->nsp.len);

    while (rooms_get_str16(&in, &name) == ROOMS_OK) {
        ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));

        task.zone = socket->session->zone;
        task.cmd.kind = ROOMS_CMD_DISCONNECT;
        task.cmd.room = name;
        task.cmd.caller = &caller;
        task.cmd.gone = ngx_http_rooms_socket_gone(socket->session);

        ngx_http_rooms_execute(&task);
    }
}


/* A session that is not closed goes on without this one namespace. */

static rooms_gone_e
ngx_http_rooms_socket_gone(ngx_http_rooms_session_t *s)
{
    if (!s->closed) {
        return ROOMS_GONE_MANUAL;
    }

    switch (s->reason) {

    case NGX_HTTP_ROOMS_CLOSE_SERVER:
        return ROOMS_GONE_MANUAL;

    case NGX_HTTP_ROOMS_CLOSE_PING:
        return ROOMS_GONE_TIMEOUT;

    default:
        return ROOMS_GONE_ERROR;
    }
}


void
ngx_http_rooms_socket_destroy(ngx_http_rooms_socket_t *socket)
{
    ngx_http_rooms_session_t  *s;

    if (socket->dead) {
        return;
    }

    s = socket->session;
    socket->dead = 1;

    ngx_http_rooms_room_leave_all(socket);
    ngx_http_rooms_backlog_gone(socket);

    rooms_table_remove(&s->zone->sockets, &socket->node);
    ngx_queue_remove(&socket->queue);
    s->nsockets--;
    s->zone->stat->sockets--;

    ngx_http_rooms_asked_free(socket);

    if (socket->data.data) {
        ngx_free(socket->data.data);
        ngx_str_null(&socket->data);
    }

    if (socket->holds == 0) {
        ngx_http_rooms_free_later(socket);
    }
}


void
ngx_http_rooms_socket_emit(ngx_http_rooms_socket_t *socket, unsigned type,
    uint64_t id, rooms_str_t json, const rooms_str_t *attachments,
    ngx_uint_t n)
{
    rooms_buf_t         *b;
    rooms_sio_packet_t   pkt;

    b = &ngx_http_rooms_socket_out;
    rooms_buf_reset(b);

    if (n) {
        type = (type == ROOMS_SIO_ACK) ? ROOMS_SIO_BINARY_ACK
                                       : ROOMS_SIO_BINARY_EVENT;
    }

    if (type == ROOMS_SIO_EVENT || type == ROOMS_SIO_BINARY_EVENT) {
        socket->session->out_events++;
        socket->session->zone->stat->out++;
    }

    pkt.type = type;
    pkt.attachments = n;
    pkt.id = id;
    pkt.nsp = rooms_str(socket->nsp.data, socket->nsp.len);
    pkt.data = rooms_str(NULL, 0);

    rooms_sio_header(b, &pkt);
    rooms_buf_str(b, json);

    if (b->failed) {
        ngx_http_rooms_session_doom(socket->session,
                                    NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
        return;
    }

    ngx_http_rooms_session_message(socket->session,
                                   rooms_str(b->data, b->len), attachments,
                                   n);
}


/* The epoch is that of the message before, in practice. */

static size_t
ngx_http_rooms_socket_offset(u_char *p, uint64_t epoch, uint64_t id)
{
    static u_char    text[ROOMS_OFFSET_LEN];
    static size_t    len;
    static uint64_t  of;

    if (len == 0 || of != epoch) {
        len = rooms_offset_epoch(text, epoch);
        of = epoch;
    }

    ngx_memcpy(p, text, len);

    return len + rooms_offset_id(p + len, id);
}


void
ngx_http_rooms_socket_text(rooms_buf_t *b, ngx_str_t *nsp,
    const rooms_message_t *m, uint64_t epoch, uint64_t id, ngx_uint_t offset)
{
    size_t              len;
    rooms_str_t         args;
    rooms_sio_packet_t  pkt;
    unsigned char       text[ROOMS_OFFSET_LEN];

    pkt.type = m->nattachments ? ROOMS_SIO_BINARY_EVENT : ROOMS_SIO_EVENT;
    pkt.attachments = m->nattachments;
    pkt.id = ROOMS_SIO_NO_ACK;
    pkt.nsp = rooms_str(nsp->data, nsp->len);
    pkt.data = rooms_str(NULL, 0);

    rooms_sio_header(b, &pkt);

    args = m->args;
    offset = offset && args.len >= m->id_at + 2;

    /* one event in several forms is one record, and has one id */

    if (m->id_at) {
        len = ngx_http_rooms_socket_offset(text, epoch,
                                           rooms_message_whole(id));
        rooms_buf_append(b, args.data, m->id_at);
        rooms_buf_append(b, text, len);
        args.data += m->id_at;
        args.len -= m->id_at;
    }

    if (!offset) {
        rooms_buf_str(b, args);
        return;
    }

    /* the offset is one more argument, before the closing bracket */

    rooms_buf_append(b, args.data, args.len - 1);
    rooms_buf_append(b, ",\"", 2);
    rooms_buf_append(b, text, ngx_http_rooms_socket_offset(text, epoch, id));
    rooms_buf_append(b, "\"]", 2);
}


ngx_uint_t
ngx_http_rooms_socket_attachments(rooms_str_t in, ngx_uint_t n,
    rooms_str_t *out, ngx_uint_t max)
{
    ngx_uint_t  i;

    for (i = 0; i < n && i < max; i++) {
        if (rooms_get_str32(&in, &out[i]) != ROOMS_OK) {
            break;
        }
    }

    return i;
}
