
/*
 * Copyright (C) nginx rooms contributors
 *
 * Sessions over WebSocket.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_deflate.h>
#include <ngx_http_rooms_ws.h>


#define NGX_HTTP_ROOMS_RECV   65536
#define NGX_HTTP_ROOMS_TURNS  16


static void ngx_http_rooms_ws_begin_session(ngx_connection_t *c,
    ngx_http_request_t *r, void *data, u_char *p, size_t n);
static void ngx_http_rooms_ws_read_handler(ngx_event_t *rev);
static void ngx_http_rooms_ws_write_handler(ngx_event_t *wev);
static ngx_int_t ngx_http_rooms_ws_input(ngx_http_rooms_session_t *s,
    u_char *p, size_t n);
static ngx_int_t ngx_http_rooms_ws_event(ngx_http_rooms_session_t *s,
    rooms_ws_event_t *ev);
static ngx_int_t ngx_http_rooms_ws_message(ngx_http_rooms_session_t *s,
    ngx_uint_t opcode, rooms_str_t data);
static ngx_int_t ngx_http_rooms_ws_inflate(ngx_http_rooms_session_t *s,
    ngx_uint_t opcode, rooms_str_t data);
static void ngx_http_rooms_ws_failed(ngx_http_rooms_session_t *s);


/* What arrives is read here; only frames that lack a part are stored. */

static u_char  ngx_http_rooms_recv[NGX_HTTP_ROOMS_RECV];


ngx_int_t
ngx_http_rooms_ws_open(ngx_http_request_t *r, ngx_http_rooms_loc_conf_t *conf)
{
    ngx_int_t                  rc;
    rooms_eio_open_t           o;
    ngx_http_rooms_ctx_t      *ctx;
    ngx_http_rooms_session_t  *s;

    static rooms_buf_t         open, first;

    s = ngx_http_rooms_session_create(conf, 0);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rooms_buf_reset(&open);
    rooms_buf_reset(&first);

    if (conf->mode != NGX_HTTP_ROOMS_WEBSOCKET) {
        o.sid = rooms_str(s->sid, ROOMS_EIO_SID_LEN);
        o.upgrade = 0;
        o.ping_interval = conf->ping_interval;
        o.ping_timeout = conf->ping_timeout;
        o.max_payload = conf->max_payload;

        rooms_eio_open(&open, &o);

        (void) rooms_buf_reserve(&first, ROOMS_WS_HEADER_MAX + open.len);

        if (!first.failed) {
            first.len = rooms_ws_header(first.data,
                                        ROOMS_WS_FIN | ROOMS_WS_TEXT,
                                        open.len);
            rooms_buf_append(&first, open.data, open.len);
        }
    }

    rc = first.failed ? NGX_ERROR
                      : ngx_http_rooms_ws_accept(r, conf, &first, &s->out,
                                               &s->deflate);

    if (rc != NGX_OK) {
        s->reason = NGX_HTTP_ROOMS_CLOSE_TRANSPORT;
        s->closed = 1;
        ngx_http_rooms_session_end(s);
        return rc;
    }

    if (ngx_http_rooms_session_query(s, &r->args) != NGX_OK) {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_rooms_module);
    ngx_http_rooms_ctx_fill(ctx, r, s);

    return ngx_http_rooms_ws_hand_over(r, ngx_http_rooms_ws_begin_session, s);
}


static void
ngx_http_rooms_ws_begin_session(ngx_connection_t *c, ngx_http_request_t *r,
    void *data, u_char *p, size_t n)
{
    ngx_http_rooms_session_t *s = data;

    ngx_http_rooms_session_start(s);

    if (s->conf->mode == NGX_HTTP_ROOMS_SOCKET_IO) {
        ngx_http_rooms_beat_connect(s);
    }

    ngx_http_rooms_ws_attach(s, c, r, p, n);
}


void
ngx_http_rooms_ws_attach(ngx_http_rooms_session_t *s, ngx_connection_t *c,
    ngx_http_request_t *kept, u_char *p, size_t n)
{
    s->connection = c;
    s->request = kept;

    c->data = s;
    c->read->handler = ngx_http_rooms_ws_read_handler;
    c->write->handler = ngx_http_rooms_ws_write_handler;

    if (s->out.first || s->is_behind) {
        ngx_http_rooms_session_dirty(s);
    }

    if (n && ngx_http_rooms_ws_input(s, p, n) != NGX_OK) {
        return;
    }

    ngx_http_rooms_ws_read_handler(c->read);
}


/*
 * With many connections none of this is in the cache; it comes while the
 * kernel copies what arrived.  Begun before anything else of the connection is
 * looked at, since each line that is not there is waited for.
 */

static ngx_inline void
ngx_http_rooms_ws_prefetch(ngx_http_rooms_session_t *s, ngx_connection_t *c)
{
    size_t  i;

    ngx_http_rooms_prefetch(c->log);
    ngx_http_rooms_prefetch(&c->addr_text);
    ngx_http_rooms_prefetch(c->write);

    for (i = 0; i < sizeof(ngx_http_rooms_session_t); i += 64) {
        ngx_http_rooms_prefetch((u_char *) s + i);
    }
}


static void
ngx_http_rooms_ws_read_handler(ngx_event_t *rev)
{
    ssize_t                    n;
    ngx_uint_t                 i;
    ngx_connection_t          *c;
    ngx_http_rooms_session_t  *s;

    c = rev->data;
    s = c->data;

    ngx_http_rooms_ws_prefetch(s, c);

    if (c->close) {
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_SHUTDOWN,
                                     ROOMS_WS_GOING_AWAY);
        return;
    }

    for (i = 0; i < NGX_HTTP_ROOMS_TURNS; i++) {

        n = c->recv(c, ngx_http_rooms_recv, NGX_HTTP_ROOMS_RECV);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT,
                                         0);
            return;
        }

        s->zone->stat->in_bytes += n;

        if (ngx_http_rooms_ws_input(s, ngx_http_rooms_recv, (size_t) n)
            != NGX_OK)
        {
            return;
        }

        if (!rev->ready) {
            break;
        }
    }

    if (rev->ready) {

        /* the others' turn */

        ngx_post_event(rev, &ngx_posted_next_events);
        return;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        return;
    }

    ngx_http_rooms_session_answer(s);
}


static void
ngx_http_rooms_ws_write_handler(ngx_event_t *wev)
{
    ngx_connection_t          *c;
    ngx_http_rooms_session_t  *s;

    c = wev->data;
    s = c->data;

    if (s->out.first || s->is_behind) {
        ngx_http_rooms_session_dirty(s);
    }
}


static ngx_int_t
ngx_http_rooms_ws_input(ngx_http_rooms_session_t *s, u_char *p, size_t n)
{
    size_t              used;
    rooms_int_t         rc;
    rooms_ws_event_t    ev;
    rooms_ws_limits_t   limits;

    /* the first socket is, in practice, the one it is for */

    ngx_http_rooms_prefetch(ngx_queue_head(&s->sockets));
    ngx_http_rooms_prefetch((u_char *) ngx_queue_head(&s->sockets) + 64);
    ngx_http_rooms_prefetch((u_char *) ngx_queue_head(&s->sockets) + 128);
    ngx_http_rooms_prefetch(ngx_queue_head(&s->members));

    limits.max_message = s->conf->max_payload;
    limits.max_fragments = s->conf->max_fragments;
    limits.deflate = (s->deflate != 0);

    while (n) {

        rc = rooms_ws_read(&s->reader, &limits, p, n, &used, &ev);

        if (rc == ROOMS_AGAIN) {
            return NGX_OK;
        }

        if (rc == ROOMS_ERROR) {
            ngx_http_rooms_ws_failed(s);
            return NGX_ERROR;
        }

        p += used;
        n -= used;

        if (ngx_http_rooms_ws_event(s, &ev) != NGX_OK || s->closed
            || s->doomed)
        {
            return NGX_ERROR;
        }
    }

    if (s->reader.message.data) {

        /* the last message was put together, its memory is given back */

        (void) rooms_ws_read(&s->reader, &limits, p, 0, &used, &ev);
    }

    return NGX_OK;
}


static void
ngx_http_rooms_ws_failed(ngx_http_rooms_session_t *s)
{
    ngx_uint_t  why;

    why = (s->reader.close == ROOMS_WS_TOO_BIG)
          ? NGX_HTTP_ROOMS_REFUSED_PAYLOAD : NGX_HTTP_ROOMS_REFUSED_FRAME;

    s->zone->stat->refused[why]++;

    ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PROTOCOL,
                                 s->reader.close);
}


static ngx_int_t
ngx_http_rooms_ws_event(ngx_http_rooms_session_t *s, rooms_ws_event_t *ev)
{
    rooms_str_t  data;

    data = rooms_str(ev->payload, ev->len);

    if (s->conf->mode == NGX_HTTP_ROOMS_WEBSOCKET) {

        /* here the heartbeat is that of RFC 6455, section 5.5.2 */

        if (ev->opcode == ROOMS_WS_PONG) {
            ngx_http_rooms_beat_ping(s);

        } else {
            ngx_http_rooms_beat_extend(s);
        }
    }

    switch (ev->opcode) {

    case ROOMS_WS_PING:
        ngx_http_rooms_session_frame(s, ROOMS_WS_PONG, data);
        return NGX_OK;

    case ROOMS_WS_PONG:
        return NGX_OK;

    case ROOMS_WS_CLOSE:
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_CLIENT,
                                     ev->code == ROOMS_WS_NO_STATUS
                                     ? 0 : ev->code);
        return NGX_ERROR;

    default:
        return ev->compressed
               ? ngx_http_rooms_ws_inflate(s, ev->opcode, data)
               : ngx_http_rooms_ws_message(s, ev->opcode, data);
    }
}


static ngx_int_t
ngx_http_rooms_ws_inflate(ngx_http_rooms_session_t *s, ngx_uint_t opcode,
    rooms_str_t data)
{
    ngx_int_t     rc;
    rooms_buf_t   b;
    rooms_int_t   code;
    rooms_utf8_t  utf8;

    rooms_buf_init(&b, s->conf->max_payload);
    ngx_memzero(&utf8, sizeof(rooms_utf8_t));

    code = ngx_http_rooms_inflate(data, &b);

    if (code == ROOMS_OK && opcode == ROOMS_WS_TEXT
        && (rooms_utf8_check(&utf8, b.data, b.len) != ROOMS_OK || utf8.need))
    {
        code = ROOMS_ERROR;
    }

    if (code == ROOMS_OK) {
        rc = ngx_http_rooms_ws_message(s, opcode, rooms_str(b.data, b.len));

    } else {
        s->reader.close = (code == ROOMS_DECLINED) ? ROOMS_WS_TOO_BIG
                                                   : ROOMS_WS_INVALID;
        ngx_http_rooms_ws_failed(s);
        rc = NGX_ERROR;
    }

    rooms_buf_free(&b);

    return rc;
}


static ngx_int_t
ngx_http_rooms_ws_message(ngx_http_rooms_session_t *s, ngx_uint_t opcode,
    rooms_str_t data)
{
    if (s->conf->mode == NGX_HTTP_ROOMS_WEBSOCKET) {
        s->in++;
        s->zone->stat->in++;
        ngx_http_rooms_session_frame(s, opcode, data);
        return NGX_OK;
    }

    return ngx_http_rooms_session_receive(s, data,
                                          opcode == ROOMS_WS_BINARY);
}


void
ngx_http_rooms_ws_close(ngx_http_rooms_session_t *s, ngx_uint_t code)
{
    rooms_buf_t            b;
    ngx_uint_t             linger;
    ngx_connection_t      *c;
    ngx_http_rooms_ctx_t  *ctx;

    c = s->connection;

    if (c == NULL) {
        return;
    }

    linger = 0;

    if (s->reason != NGX_HTTP_ROOMS_CLOSE_TRANSPORT) {

        rooms_buf_init(&b, 0);
        rooms_ws_close_frame(&b, code, rooms_str(NULL, 0));

        if (!b.failed) {
            (void) ngx_http_rooms_queue_copy(&s->out, b.data, b.len);
            linger = (ngx_http_rooms_session_drain(s) == NGX_OK
                      && s->reason != NGX_HTTP_ROOMS_CLOSE_PING);
        }

        rooms_buf_free(&b);
    }

    /* a record of TLS that is sent in part leaves no way for a close_notify */

    if (c->ssl && (s->out.first || !c->write->ready)) {
        c->buffered |= NGX_HTTP_WRITE_BUFFERED;
    }

    if (s->request) {
        ctx = ngx_http_get_module_ctx(s->request, ngx_http_rooms_module);
        ngx_http_rooms_ctx_fill(ctx, s->request, s);
    }

    s->connection = NULL;

    ngx_http_rooms_ws_finish(c, s->request, linger);

    s->request = NULL;
}
