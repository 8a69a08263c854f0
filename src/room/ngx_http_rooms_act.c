
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_act.h>
#include <ngx_http_rooms_socket.h>


/* A KICK; the sid is known again later, the socket may be gone then. */

typedef struct {
    ngx_event_t               event;
    ngx_http_rooms_zone_t    *zone;
    u_char                    sid[NGX_HTTP_ROOMS_SID_LEN];
} ngx_http_rooms_kick_t;


static void ngx_http_rooms_act_kick(ngx_http_rooms_socket_t *socket);
static void ngx_http_rooms_act_kick_handler(ngx_event_t *ev);


void
ngx_http_rooms_act(ngx_http_rooms_room_t *room, const rooms_message_t *m,
    uint64_t id)
{
    ngx_uint_t                 i, n;
    ngx_queue_t               *q;
    ngx_http_rooms_socket_t  **sockets, *socket;
    ngx_http_rooms_stream_t   *stream;

    if (room->nmembers == 0) {
        return;
    }

    /* leaving changes the lists that are walked here */

    sockets = ngx_alloc(room->nmembers * sizeof(void *), ngx_cycle->log);
    if (sockets == NULL) {
        return;
    }

    n = 0;

    for (q = ngx_queue_head(&room->streams);
         q != ngx_queue_sentinel(&room->streams);
         q = ngx_queue_next(q))
    {
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, queue);

        for (i = 0; i < stream->n; i++) {
            socket = stream->members[i]->socket;

            if (n < room->nmembers
                && stream->members[i]->from <= id
                && rooms_message_meant(m, rooms_str(socket->sid,
                                                    NGX_HTTP_ROOMS_SID_LEN),
                                       socket->variant))
            {
                sockets[n++] = socket;
            }
        }
    }

    for (i = 0; i < n; i++) {
        ngx_http_rooms_act_one(sockets[i], m);
    }

    ngx_free(sockets);
}


void
ngx_http_rooms_act_one(ngx_http_rooms_socket_t *socket,
    const rooms_message_t *m)
{
    if (m->action == ROOMS_MESSAGE_LEAVE) {
        ngx_http_rooms_room_leave(socket, m->args);
        return;
    }

    ngx_http_rooms_act_kick(socket);
}


/* The application is told of it, which must not happen within a drain. */

static void
ngx_http_rooms_act_kick(ngx_http_rooms_socket_t *socket)
{
    ngx_http_rooms_kick_t  *kick;

    kick = ngx_calloc(sizeof(ngx_http_rooms_kick_t), ngx_cycle->log);

    if (kick == NULL) {
        ngx_http_rooms_session_doom(socket->session,
                                    NGX_HTTP_ROOMS_CLOSE_SERVER, 0);
        return;
    }

    kick->zone = socket->session->zone;
    ngx_memcpy(kick->sid, socket->sid, NGX_HTTP_ROOMS_SID_LEN);

    kick->event.data = kick;
    kick->event.handler = ngx_http_rooms_act_kick_handler;
    kick->event.log = ngx_cycle->log;

    ngx_post_event(&kick->event, &ngx_posted_events);
}


static void
ngx_http_rooms_act_kick_handler(ngx_event_t *ev)
{
    ngx_http_rooms_kick_t    *kick;
    ngx_http_rooms_socket_t  *socket;

    kick = ev->data;

    socket = ngx_http_rooms_socket_find(kick->zone,
                                        rooms_str(kick->sid,
                                                  NGX_HTTP_ROOMS_SID_LEN));
    if (socket) {
        ngx_http_rooms_socket_disconnect(socket, 1, 0);
    }

    ngx_free(kick);
}
