
/*
 * Copyright (C) nginx rooms contributors
 *
 * Acks that clients owe.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_json.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_packet.h>


#define NGX_HTTP_ROOMS_ASKED_MAX  1000      /* acks owed by one socket */


ngx_int_t
ngx_http_rooms_packet_ack(ngx_http_rooms_socket_t *socket,
    const rooms_sio_packet_t *pkt, const rooms_str_t *attachments)
{
    ngx_queue_t               *q;
    rooms_json_limits_t        limits;
    ngx_http_rooms_task_t      task;
    ngx_http_rooms_asked_t    *asked;
    ngx_http_rooms_session_t  *s;

    s = socket->session;
    asked = NULL;

    limits.depth = ROOMS_JSON_DEPTH;
    limits.nodes = s->conf->max_nodes;

    if (rooms_json_check(pkt->data, &limits, NULL) != ROOMS_OK) {
        return ngx_http_rooms_packet_invalid(s);
    }

    for (q = ngx_queue_head(&socket->asked);
         q != ngx_queue_sentinel(&socket->asked);
         q = ngx_queue_next(q))
    {
        asked = ngx_queue_data(q, ngx_http_rooms_asked_t, queue);

        if (asked->id == pkt->id) {
            break;
        }
    }

    if (asked == NULL || q == ngx_queue_sentinel(&socket->asked)) {

        /* an ack that nobody waits for is ignored */

        return NGX_OK;
    }

    ngx_queue_remove(q);
    socket->nasked--;

    ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));

    task.zone = s->zone;
    task.socket = socket;
    task.cmd.kind = ROOMS_CMD_ACK;
    task.cmd.name = rooms_str(asked->name.data, asked->name.len);
    task.cmd.text = pkt->data;
    task.cmd.attachments = attachments;
    task.cmd.nattachments = pkt->attachments;

    ngx_http_rooms_execute(&task);

    ngx_free(asked);

    return (s->closed || s->doomed) ? NGX_ERROR : NGX_OK;
}


ngx_http_rooms_asked_t *
ngx_http_rooms_asked_add(ngx_http_rooms_socket_t *socket, uint64_t id,
    rooms_str_t name)
{
    ngx_http_rooms_asked_t  *asked;

    if (socket->nasked == NGX_HTTP_ROOMS_ASKED_MAX) {
        return NULL;
    }

    asked = ngx_alloc(sizeof(ngx_http_rooms_asked_t) + name.len,
                      ngx_cycle->log);
    if (asked == NULL) {
        return NULL;
    }

    asked->id = id;
    asked->name.data = (u_char *) asked + sizeof(ngx_http_rooms_asked_t);
    asked->name.len = name.len;
    ngx_memcpy(asked->name.data, name.data, name.len);

    ngx_queue_insert_tail(&socket->asked, &asked->queue);
    socket->nasked++;

    return asked;
}


void
ngx_http_rooms_asked_free(ngx_http_rooms_socket_t *socket)
{
    ngx_queue_t             *q;
    ngx_http_rooms_asked_t  *asked;

    while (!ngx_queue_empty(&socket->asked)) {
        q = ngx_queue_head(&socket->asked);
        asked = ngx_queue_data(q, ngx_http_rooms_asked_t, queue);

        ngx_queue_remove(q);
        ngx_free(asked);
    }

    socket->nasked = 0;
}


ngx_int_t
ngx_http_rooms_socket_ask(ngx_http_rooms_socket_t *socket, rooms_str_t name,
    rooms_str_t json, const rooms_str_t *attachments, ngx_uint_t n)
{
    uint64_t  id;

    id = socket->ask;

    if (ngx_http_rooms_asked_add(socket, id, name) == NULL) {
        socket->session->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_LIMIT]++;
        return NGX_ERROR;
    }

    socket->ask++;

    ngx_http_rooms_socket_emit(socket, ROOMS_SIO_EVENT, id, json, attachments,
                               n);

    return NGX_OK;
}
