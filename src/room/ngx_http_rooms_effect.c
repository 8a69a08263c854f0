
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a command does to its caller.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_offset.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_packet.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_replay.h>
#include <ngx_http_rooms_room.h>


#define NGX_HTTP_ROOMS_EFFECT_ATTACHMENTS  256


static ngx_uint_t ngx_http_rooms_effect(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, rooms_effect_t *e);
static void ngx_http_rooms_effect_welcome(ngx_http_rooms_socket_t *socket,
    rooms_str_t args, const rooms_str_t *attachments, ngx_uint_t n);
static void ngx_http_rooms_replay(ngx_http_rooms_task_t *task,
    rooms_str_t offset, rooms_str_t sids);
static ngx_uint_t ngx_http_rooms_effect_data(ngx_http_rooms_socket_t *socket,
    rooms_str_t text);


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

        if (task->replay == NULL) {
            return 0;
        }

        ngx_http_rooms_replay_grant(socket, task->replay);
        (void) ngx_http_rooms_replay_send(socket, task->replay);
        task->replay = NULL;

        return 1;
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
    ngx_http_rooms_task_t    asked;
    ngx_http_rooms_replay_t  replay;

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

    ngx_http_rooms_ask(&asked);

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
