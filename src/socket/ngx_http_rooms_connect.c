
/*
 * Copyright (C) nginx rooms contributors
 *
 * CONNECT packets: a new socket, or one that is recovered.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_json.h>
#include <rooms_rate.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_packet.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_redis.h>


static ngx_int_t ngx_http_rooms_connect_auth(ngx_http_rooms_session_t *s,
    rooms_str_t text, json_t **auth);
static ngx_int_t ngx_http_rooms_connect_recover(ngx_http_rooms_session_t *s,
    ngx_str_t *nsp, json_t *auth);
static void ngx_http_rooms_connect_new(ngx_http_rooms_session_t *s,
    ngx_str_t *nsp, json_t *auth);
static void ngx_http_rooms_connect_done(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
static void ngx_http_rooms_connect_answer(ngx_http_rooms_socket_t *socket);
static void ngx_http_rooms_connect_error(ngx_http_rooms_session_t *s,
    rooms_str_t nsp, rooms_str_t data);


ngx_int_t
ngx_http_rooms_connect(ngx_http_rooms_session_t *s,
    const rooms_sio_packet_t *pkt)
{
    json_t     *auth;
    ngx_str_t   nsp;

    if (ngx_http_rooms_socket_of(s, pkt->nsp)
        || ngx_http_rooms_connect_auth(s, pkt->data, &auth) != NGX_OK)
    {
        return ngx_http_rooms_packet_invalid(s);
    }

    nsp.data = (u_char *) pkt->nsp.data;
    nsp.len = pkt->nsp.len;

    if (s->nsockets >= s->conf->max_namespaces) {
        s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_LIMIT]++;

        ngx_http_rooms_connect_error(s, pkt->nsp,
                            rooms_str("{\"message\":\"Too many namespaces\"}",
                            sizeof("{\"message\":\"Too many namespaces\"}")
                            - 1));

    } else if (s->conf->events
               && rooms_rate_take(&s->rate, s->conf->events, 1000,
                                  ngx_http_rooms_now())
                  != ROOMS_OK)
    {
        s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_RATE]++;

        ngx_http_rooms_connect_error(s, pkt->nsp,
                              rooms_str("{\"message\":\"Too many events\"}",
                              sizeof("{\"message\":\"Too many events\"}")
                              - 1));

    } else if (ngx_http_rooms_connect_recover(s, &nsp, auth) != NGX_OK) {
        ngx_http_rooms_connect_new(s, &nsp, auth);
    }

    json_decref(auth);

    return (s->closed || s->doomed) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_rooms_connect_auth(ngx_http_rooms_session_t *s, rooms_str_t text,
    json_t **auth)
{
    rooms_json_limits_t  limits;

    *auth = NULL;

    if (text.len == 0) {
        return NGX_OK;
    }

    limits.depth = ROOMS_JSON_DEPTH;
    limits.nodes = s->conf->max_nodes;

    if (rooms_json_check(text, &limits, NULL) != ROOMS_OK) {
        return NGX_ERROR;
    }

    *auth = json_loadb((const char *) text.data, text.len, 0, NULL);

    if (!json_is_object(*auth)) {
        json_decref(*auth);
        *auth = NULL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A client that has had no event yet has no offset. */

static ngx_int_t
ngx_http_rooms_connect_recover(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    json_t *auth)
{
    json_t                   *pid, *offset;
    ngx_int_t                 rc;
    rooms_str_t               from;
    ngx_http_rooms_socket_t  *socket;

    if (s->conf->recovery == 0 || s->zone->app->app->own_replay) {
        return NGX_DECLINED;
    }

    pid = json_object_get(auth, "pid");
    offset = json_object_get(auth, "offset");

    if (!json_is_string(pid)) {
        return NGX_DECLINED;
    }

    from = rooms_str(json_string_value(offset), json_string_length(offset));

    if (s->zone->redis) {
        return ngx_http_rooms_redis_restore(s, nsp,
                                         rooms_str(json_string_value(pid),
                                                   json_string_length(pid)),
                                         from, auth)
               == NGX_DONE ? NGX_OK : NGX_DECLINED;
    }

    rc = ngx_http_rooms_recovery_restore(s, nsp,
                                         rooms_str(json_string_value(pid),
                                                   json_string_length(pid)),
                                         from, &socket);
    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    /* else the application has sent it away again */

    if (rc == NGX_OK) {
        ngx_http_rooms_connect_answer(socket);
    }

    return NGX_OK;
}


void
ngx_http_rooms_connect_recovered(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    json_t *auth, ngx_int_t rc, ngx_http_rooms_socket_t *socket)
{
    if (rc == NGX_OK) {
        ngx_http_rooms_connect_answer(socket);
        return;
    }

    if (rc == NGX_DECLINED
        && !ngx_http_rooms_socket_of(s, rooms_str(nsp->data, nsp->len)))
    {
        ngx_http_rooms_connect_new(s, nsp, auth);
    }
}


static void
ngx_http_rooms_connect_new(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    json_t *auth)
{
    ngx_http_rooms_task_t     task;
    ngx_http_rooms_socket_t  *socket;

    socket = ngx_http_rooms_socket_create(s, nsp, NULL);

    if (socket == NULL) {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_QUEUE,
                                    ROOMS_WS_INTERNAL);
        return;
    }

    ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));

    task.zone = s->zone;
    task.socket = socket;
    task.done = ngx_http_rooms_connect_done;
    task.cmd.kind = ROOMS_CMD_CONNECT;
    task.cmd.name = rooms_str("connect", 7);
    task.cmd.body = auth;
    task.cmd.query = ngx_http_rooms_session_kept_query(s);

    ngx_http_rooms_execute(&task);
}


static void
ngx_http_rooms_connect_done(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    ngx_http_rooms_socket_t   *socket;
    ngx_http_rooms_session_t  *s;

    socket = task->socket;
    s = socket->session;

    if (task->unavailable && s->nsockets == 1) {

        /* a client that is told of an error does not try again by itself */

        ngx_http_rooms_socket_destroy(socket);
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT,
                                    ROOMS_WS_INTERNAL);
        return;
    }

    if (d->rejected) {
        ngx_http_rooms_connect_error(s,
                                     rooms_str(socket->nsp.data,
                                               socket->nsp.len),
                                     rooms_decision_str(d, d->answer));
        ngx_http_rooms_socket_destroy(socket);
        return;
    }

    if (s->conf->recovery || s->zone->app->app->evolve) {
        socket->recoverable = (s->conf->recovery != 0);
        socket->registered =
                         (ngx_http_rooms_recovery_save(socket) == NGX_OK);
        socket->recoverable = socket->recoverable && socket->registered;
    }

    ngx_http_rooms_connect_answer(socket);
}


static void
ngx_http_rooms_connect_answer(ngx_http_rooms_socket_t *socket)
{
    u_char  *p, text[128];

    socket->connected = 1;

    ngx_http_rooms_beat_connected(socket->session);

    p = ngx_cpymem(text, "{\"sid\":\"", 8);
    p = ngx_cpymem(p, socket->sid, NGX_HTTP_ROOMS_SID_LEN);
    *p++ = '"';

    if (socket->recoverable) {
        p = ngx_cpymem(p, ",\"pid\":\"", 8);
        p = ngx_cpymem(p, socket->sid, NGX_HTTP_ROOMS_SID_LEN);
        p = ngx_cpymem(p, socket->secret, NGX_HTTP_ROOMS_SID_LEN);
        *p++ = '"';
    }

    *p++ = '}';

    ngx_http_rooms_socket_emit(socket, ROOMS_SIO_CONNECT, ROOMS_SIO_NO_ACK,
                               rooms_str(text, p - text), NULL, 0);

    ngx_http_rooms_session_pace(socket->session);
}


static void
ngx_http_rooms_connect_error(ngx_http_rooms_session_t *s, rooms_str_t nsp,
    rooms_str_t data)
{
    rooms_buf_t         b;
    rooms_sio_packet_t  pkt;

    rooms_buf_init(&b, 0);

    pkt.type = ROOMS_SIO_CONNECT_ERROR;
    pkt.attachments = 0;
    pkt.id = ROOMS_SIO_NO_ACK;
    pkt.nsp = nsp;
    pkt.data = rooms_str(NULL, 0);

    rooms_sio_header(&b, &pkt);
    rooms_buf_str(&b, data);

    if (!b.failed) {
        ngx_http_rooms_session_message(s, rooms_str(b.data, b.len), NULL, 0);
    }

    rooms_buf_free(&b);
}
