
/*
 * Copyright (C) nginx rooms contributors
 *
 * Engine.IO sessions: their life and what they receive.  What they send is
 * in ngx_http_rooms_output.c and ngx_http_rooms_flush.c.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_session.h>
#include <ngx_http_rooms_backlog.h>
#include <ngx_http_rooms_socket.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_polling.h>
#include <ngx_http_rooms_random.h>
#include <ngx_http_rooms_remote.h>
#include <ngx_http_rooms_ws.h>


static ngx_int_t ngx_http_rooms_session_packet_in(ngx_http_rooms_session_t *s,
    const rooms_eio_packet_t *pkt);
static ngx_int_t ngx_http_rooms_session_attachment(
    ngx_http_rooms_session_t *s, rooms_str_t data);
static ngx_int_t ngx_http_rooms_session_echo(ngx_http_rooms_session_t *s,
    rooms_str_t data, ngx_uint_t binary);
static void ngx_http_rooms_session_release(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_session_gone(ngx_http_rooms_session_t *s);


ngx_http_rooms_session_t *
ngx_http_rooms_session_create(ngx_http_rooms_loc_conf_t *conf,
    ngx_uint_t polling)
{
    u_char                     random[15];
    ngx_http_rooms_session_t  *s;

    if (ngx_http_rooms_random_octets(random, sizeof(random)) != NGX_OK) {
        return NULL;
    }

    /* any worker can tell whose the session is */

    ngx_memcpy(random, &conf->app->zone->owner, sizeof(uint32_t));

    s = ngx_calloc(sizeof(ngx_http_rooms_session_t), ngx_cycle->log);
    if (s == NULL) {
        return NULL;
    }

    if (polling) {
        s->poll = ngx_calloc(sizeof(ngx_http_rooms_poll_t), ngx_cycle->log);
        if (s->poll == NULL) {
            ngx_free(s);
            return NULL;
        }
    }

    rooms_eio_sid(s->sid, random);

    s->conf = conf;
    s->zone = conf->app->zone;
    s->polling = polling;

    if (conf->mode == NGX_HTTP_ROOMS_SOCKET_IO) {
        s->parser = conf->parser;
    }

    ngx_queue_init(&s->sockets);
    ngx_queue_init(&s->members);

    ngx_http_rooms_session_install(s);

    return s;
}


void
ngx_http_rooms_session_install(ngx_http_rooms_session_t *s)
{
    rooms_table_insert(&s->zone->sessions, &s->node);
    ngx_queue_insert_tail(&s->zone->all, &s->link);

    if (s->polling) {
        s->zone->stat->polling++;

    } else {
        s->zone->stat->websocket++;
    }

    s->zone->stat->connects++;
}


ngx_http_rooms_session_t *
ngx_http_rooms_session_find(ngx_http_rooms_zone_t *zone, ngx_str_t *sid)
{
    uint64_t                   key;
    rooms_link_t              *node;
    ngx_http_rooms_session_t  *s;

    if (sid->len != ROOMS_EIO_SID_LEN) {
        return NULL;
    }

    ngx_memcpy(&key, sid->data + ROOMS_EIO_SID_LEN - sizeof(uint64_t),
               sizeof(uint64_t));

    for (node = rooms_table_find(&zone->sessions, key);
         node;
         node = rooms_table_again(&zone->sessions, node))
    {
        s = rooms_table_data(node, ngx_http_rooms_session_t, node);

        if (ngx_memcmp(s->sid, sid->data, ROOMS_EIO_SID_LEN) == 0) {
            return s;
        }
    }

    return NULL;
}


uint32_t
ngx_http_rooms_session_owner(ngx_str_t *sid)
{
    u_char    random[15];
    uint32_t  owner;

    if (rooms_eio_sid_parse(rooms_str(sid->data, sid->len), random)
        != ROOMS_OK)
    {
        return 0;
    }

    ngx_memcpy(&owner, random, sizeof(uint32_t));

    return owner;
}


void
ngx_http_rooms_session_start(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_beat_ping(s);
}


ngx_int_t
ngx_http_rooms_session_receive(ngx_http_rooms_session_t *s,
    rooms_str_t packet, ngx_uint_t binary)
{
    rooms_eio_packet_t  pkt;

    if (s->closed || s->doomed) {
        return NGX_ERROR;
    }

    if (binary) {
        ngx_http_rooms_beat_extend(s);
        return ngx_http_rooms_session_attachment(s, packet);
    }

    if (rooms_eio_packet(packet, &pkt) != ROOMS_OK) {
        return ngx_http_rooms_session_invalid(s);
    }

    ngx_http_rooms_beat_extend(s);

    return ngx_http_rooms_session_packet_in(s, &pkt);
}


ngx_int_t
ngx_http_rooms_session_input(ngx_http_rooms_session_t *s,
    const rooms_eio_packet_t *pkt)
{
    ngx_int_t    rc;
    rooms_buf_t  b;

    if (s->closed || s->doomed) {
        return NGX_ERROR;
    }

    ngx_http_rooms_beat_extend(s);

    if (pkt->type != ROOMS_EIO_BINARY) {
        return ngx_http_rooms_session_packet_in(s, pkt);
    }

    rooms_buf_init(&b, 0);

    if (rooms_eio_decode(pkt->data, &b) == ROOMS_OK) {
        rc = ngx_http_rooms_session_attachment(s, rooms_str(b.data, b.len));

    } else {
        rc = ngx_http_rooms_session_invalid(s);
    }

    rooms_buf_free(&b);

    return rc;
}


static ngx_int_t
ngx_http_rooms_session_attachment(ngx_http_rooms_session_t *s,
    rooms_str_t data)
{
    return s->conf->mode == NGX_HTTP_ROOMS_ENGINE_IO
           ? ngx_http_rooms_session_echo(s, data, 1)
           : ngx_http_rooms_socket_message(s, data, 1);
}


static ngx_int_t
ngx_http_rooms_session_packet_in(ngx_http_rooms_session_t *s,
    const rooms_eio_packet_t *pkt)
{
    switch (pkt->type) {

    case ROOMS_EIO_MESSAGE:
        return s->conf->mode == NGX_HTTP_ROOMS_ENGINE_IO
               ? ngx_http_rooms_session_echo(s, pkt->data, 0)
               : ngx_http_rooms_socket_message(s, pkt->data, 0);

    case ROOMS_EIO_PONG:
        ngx_http_rooms_beat_ping(s);
        return NGX_OK;

    case ROOMS_EIO_CLOSE:
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_CLIENT, 0);
        return NGX_DONE;

    case ROOMS_EIO_UPGRADE:
    case ROOMS_EIO_NOOP:
        return NGX_OK;

    default:

        /* the server pings, and opens sessions, in this revision */

        return ngx_http_rooms_session_invalid(s);
    }
}


static ngx_int_t
ngx_http_rooms_session_echo(ngx_http_rooms_session_t *s, rooms_str_t data,
    ngx_uint_t binary)
{
    s->in++;
    s->zone->stat->in++;

    ngx_http_rooms_session_plain(s, data, binary);

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_session_query(ngx_http_rooms_session_t *s, ngx_str_t *args)
{
    if (s->zone->app->app->text_only || args->len == 0) {
        return NGX_OK;
    }

    s->query = ngx_alloc(sizeof(ngx_str_t) + args->len, ngx_cycle->log);
    if (s->query == NULL) {
        return NGX_ERROR;
    }

    s->query->len = args->len;
    s->query->data = (u_char *) s->query + sizeof(ngx_str_t);
    ngx_memcpy(s->query->data, args->data, args->len);

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_session_invalid(ngx_http_rooms_session_t *s)
{
    s->broken = 1;
    s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PACKET]++;
    ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PROTOCOL, 0);

    return NGX_ERROR;
}


ngx_uint_t
ngx_http_rooms_session_recoverable(ngx_http_rooms_session_t *s)
{
    return s->reason != NGX_HTTP_ROOMS_CLOSE_PROTOCOL
           && s->reason != NGX_HTTP_ROOMS_CLOSE_SERVER;
}


void
ngx_http_rooms_session_close(ngx_http_rooms_session_t *s,
    ngx_http_rooms_close_e reason, ngx_uint_t ws_code)
{
    ngx_queue_t              *q;
    ngx_http_rooms_socket_t  *socket;

    if (s->closed) {

        /* it only waits for requests that may still come */

        if (ngx_exiting && s->beating) {
            ngx_http_rooms_beat_stop(s);
            ngx_http_rooms_session_end(s);
        }

        return;
    }

    s->reason = reason;

    ngx_http_rooms_room_take(s, NULL);

    s->closed = 1;

    ngx_http_rooms_beat_stop(s);
    ngx_http_rooms_beat_connected(s);

    while (!ngx_queue_empty(&s->sockets)) {
        q = ngx_queue_head(&s->sockets);
        socket = ngx_queue_data(q, ngx_http_rooms_socket_t, queue);

        ngx_http_rooms_socket_disconnect(socket, 0,
                                      ngx_http_rooms_session_recoverable(s));
    }

    if (s->polling) {
        ngx_http_rooms_polling_close(s);
        return;
    }

    ngx_http_rooms_ws_close(s, ws_code);
    ngx_http_rooms_session_end(s);
}


void
ngx_http_rooms_session_end(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_session_gone(s);
    ngx_http_rooms_session_release(s);

    s->ended = 1;

    if (s->holds == 0) {
        ngx_http_rooms_free_later(s);
    }
}


void
ngx_http_rooms_session_unhold(ngx_http_rooms_session_t *s)
{
    if (--s->holds) {
        return;
    }

    if (s->ended) {
        ngx_http_rooms_free_later(s);

    } else if (!s->closed && s->poll && s->poll->stopped) {
        ngx_http_rooms_remote_leave(s);
    }
}


void
ngx_http_rooms_session_forget(ngx_http_rooms_session_t *s)
{
    ngx_queue_t              *q;
    ngx_http_rooms_socket_t  *socket;

    s->closed = 1;

    ngx_http_rooms_beat_stop(s);
    ngx_http_rooms_beat_connected(s);

    while (!ngx_queue_empty(&s->sockets)) {
        q = ngx_queue_head(&s->sockets);
        socket = ngx_queue_data(q, ngx_http_rooms_socket_t, queue);

        ngx_http_rooms_socket_destroy(socket);
    }

    if (ngx_exiting) {
        ngx_http_rooms_session_end(s);
        return;
    }

    /* a late polling request is told that there is nothing to poll */

    ngx_http_rooms_session_release(s);

    s->zone->stat->polling--;
    s->polling = 0;
    s->moved = 1;

    ngx_http_rooms_beat_pong(s);
}


/* Takes it out of all tables. */

static void
ngx_http_rooms_session_gone(ngx_http_rooms_session_t *s)
{
    rooms_table_remove(&s->zone->sessions, &s->node);
    ngx_queue_remove(&s->link);

    if (s->is_dirty) {
        ngx_queue_remove(&s->dirty);
        s->is_dirty = 0;
    }

    ngx_http_rooms_session_unpace(s);

    if (s->moved) {
        return;
    }

    if (s->polling) {
        s->zone->stat->polling--;

    } else {
        s->zone->stat->websocket--;
    }
}


static void
ngx_http_rooms_session_release(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_queue_clear(&s->out);
    ngx_http_rooms_backlog_free(s);
    rooms_ws_reader_free(&s->reader);
    ngx_http_rooms_binary_free(s);

    if (s->poll) {
        ngx_free(s->poll);
        s->poll = NULL;
    }

    if (s->window) {
        ngx_free(s->window);
        s->window = NULL;
    }

    if (s->rates) {
        ngx_free(s->rates);
        s->rates = NULL;
    }

    if (s->query) {
        ngx_free(s->query);
        s->query = NULL;
    }
}
