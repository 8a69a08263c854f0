
/*
 * Copyright (C) nginx rooms contributors
 *
 * What sessions send: encoding, and queueing or sending at once.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_deflate.h>
#include <ngx_http_rooms_msgpack.h>
#include <ngx_http_rooms_session.h>
#include <ngx_http_rooms_room.h>


static void ngx_http_rooms_encode_frame(rooms_buf_t *b,
    const ngx_http_rooms_form_t *form, ngx_uint_t opcode, u_char type,
    rooms_str_t data);
static ngx_int_t ngx_http_rooms_encode_deflated(rooms_buf_t *b,
    const ngx_http_rooms_form_t *form, ngx_uint_t opcode, u_char type,
    rooms_str_t data);
static void ngx_http_rooms_encode_binary(rooms_buf_t *b,
    const ngx_http_rooms_form_t *form, rooms_str_t data);
static void ngx_http_rooms_session_add(ngx_http_rooms_session_t *s,
    ngx_http_rooms_queue_t *q, rooms_str_t text,
    const rooms_str_t *attachments, ngx_uint_t n);
static void ngx_http_rooms_session_queue(ngx_http_rooms_session_t *s,
    ngx_http_rooms_queue_t *q, rooms_buf_t *b);
static ssize_t ngx_http_rooms_session_try(ngx_http_rooms_session_t *s,
    u_char *p, size_t len);


static rooms_buf_t  ngx_http_rooms_wire;
static rooms_buf_t  ngx_http_rooms_plain;
static rooms_buf_t  ngx_http_rooms_deflated;


/* One frame, or one packet and its separator; type 0: none. */

static void
ngx_http_rooms_encode_frame(rooms_buf_t *b, const ngx_http_rooms_form_t *form,
    ngx_uint_t opcode, u_char type, rooms_str_t data)
{
    u_char  header[ROOMS_WS_HEADER_MAX];
    size_t  len;

    if (form->deflate && data.len + (type ? 1 : 0) >= form->threshold
        && (opcode == ROOMS_WS_TEXT || opcode == ROOMS_WS_BINARY)
        && ngx_http_rooms_encode_deflated(b, form, opcode, type, data)
           == NGX_OK)
    {
        return;
    }

    len = rooms_ws_header(header, ROOMS_WS_FIN | opcode,
                          data.len + (type ? 1 : 0));

    rooms_buf_append(b, header, len);

    if (type) {
        rooms_buf_byte(b, type);
    }

    rooms_buf_str(b, data);
}


/* NGX_DECLINED: it does not get smaller. */

static ngx_int_t
ngx_http_rooms_encode_deflated(rooms_buf_t *b,
    const ngx_http_rooms_form_t *form, ngx_uint_t opcode, u_char type,
    rooms_str_t data)
{
    u_char        header[ROOMS_WS_HEADER_MAX];
    size_t        len;
    rooms_buf_t  *plain, *deflated;

    plain = &ngx_http_rooms_plain;
    deflated = &ngx_http_rooms_deflated;

    rooms_buf_reset(plain);
    rooms_buf_reset(deflated);

    if (type) {
        rooms_buf_byte(plain, type);
        rooms_buf_str(plain, data);

        if (plain->failed) {
            return NGX_DECLINED;
        }

        data = rooms_str(plain->data, plain->len);
    }

    if (ngx_http_rooms_deflate(form->deflate, data, deflated) != ROOMS_OK) {
        return NGX_DECLINED;
    }

    len = rooms_ws_header(header, ROOMS_WS_FIN | ROOMS_WS_RSV1 | opcode,
                          deflated->len);

    rooms_buf_append(b, header, len);
    rooms_buf_append(b, deflated->data, deflated->len);

    return NGX_OK;
}


void
ngx_http_rooms_session_form(ngx_http_rooms_session_t *s,
    ngx_http_rooms_form_t *form)
{
    form->polling = s->polling;
    form->msgpack = (s->parser == NGX_HTTP_ROOMS_PARSER_MSGPACK);
    form->deflate = s->polling ? 0 : s->deflate;
    form->threshold = s->conf->deflate_threshold;
}


void
ngx_http_rooms_session_encode(rooms_buf_t *b,
    const ngx_http_rooms_form_t *form, rooms_str_t text,
    const rooms_str_t *attachments, ngx_uint_t n)
{
    ngx_uint_t  i;

    if (form->msgpack) {
        text = ngx_http_rooms_msgpack(text, attachments, n);
        ngx_http_rooms_encode_binary(b, form, text);
        b->failed |= (text.len == 0);
        return;
    }

    if (!form->polling) {
        ngx_http_rooms_encode_frame(b, form, ROOMS_WS_TEXT,
                                    ROOMS_EIO_MESSAGE, text);

        for (i = 0; i < n; i++) {
            ngx_http_rooms_encode_frame(b, form, ROOMS_WS_BINARY, 0,
                                        attachments[i]);
        }

        return;
    }

    rooms_buf_byte(b, ROOMS_EIO_MESSAGE);
    rooms_buf_str(b, text);
    rooms_buf_byte(b, ROOMS_EIO_SEPARATOR);

    for (i = 0; i < n; i++) {
        rooms_eio_encode(b, attachments[i]);
        rooms_buf_byte(b, ROOMS_EIO_SEPARATOR);
    }
}


static void
ngx_http_rooms_encode_binary(rooms_buf_t *b,
    const ngx_http_rooms_form_t *form, rooms_str_t data)
{
    if (form->polling) {
        rooms_eio_encode(b, data);
        rooms_buf_byte(b, ROOMS_EIO_SEPARATOR);
        return;
    }

    ngx_http_rooms_encode_frame(b, form, ROOMS_WS_BINARY, 0, data);
}


void
ngx_http_rooms_session_message(ngx_http_rooms_session_t *s,
    rooms_str_t text, const rooms_str_t *attachments, ngx_uint_t n)
{
    if (s->closed || s->doomed) {
        return;
    }

    ngx_http_rooms_room_take(s, NULL);
    ngx_http_rooms_session_add(s, ngx_http_rooms_session_tail(s), text,
                               attachments, n);
}


void
ngx_http_rooms_session_past(ngx_http_rooms_session_t *s, rooms_str_t text,
    const rooms_str_t *attachments, ngx_uint_t n)
{
    if (s->closed || s->doomed) {
        return;
    }

    ngx_http_rooms_session_add(s, &s->out, text, attachments, n);
}


static void
ngx_http_rooms_session_add(ngx_http_rooms_session_t *s,
    ngx_http_rooms_queue_t *q, rooms_str_t text,
    const rooms_str_t *attachments, ngx_uint_t n)
{
    ngx_http_rooms_form_t  form;

    ngx_http_rooms_session_form(s, &form);

    rooms_buf_reset(&ngx_http_rooms_wire);
    ngx_http_rooms_session_encode(&ngx_http_rooms_wire, &form, text,
                                  attachments, n);
    ngx_http_rooms_session_queue(s, q, &ngx_http_rooms_wire);
}


void
ngx_http_rooms_session_plain(ngx_http_rooms_session_t *s, rooms_str_t data,
    ngx_uint_t binary)
{
    ngx_http_rooms_form_t  form;

    if (!binary) {
        ngx_http_rooms_session_message(s, data, NULL, 0);
        return;
    }

    if (s->closed || s->doomed) {
        return;
    }

    ngx_http_rooms_session_form(s, &form);

    rooms_buf_reset(&ngx_http_rooms_wire);
    ngx_http_rooms_encode_binary(&ngx_http_rooms_wire, &form, data);
    ngx_http_rooms_room_take(s, NULL);
    ngx_http_rooms_session_queue(s, ngx_http_rooms_session_tail(s),
                                 &ngx_http_rooms_wire);
}


void
ngx_http_rooms_session_packet(ngx_http_rooms_session_t *s, u_char type,
    rooms_str_t data)
{
    ngx_http_rooms_form_t  form;

    if (s->closed || s->doomed) {
        return;
    }

    ngx_http_rooms_session_form(s, &form);

    rooms_buf_reset(&ngx_http_rooms_wire);

    if (s->polling) {
        rooms_buf_byte(&ngx_http_rooms_wire, type);
        rooms_buf_str(&ngx_http_rooms_wire, data);
        rooms_buf_byte(&ngx_http_rooms_wire, ROOMS_EIO_SEPARATOR);

    } else {
        ngx_http_rooms_encode_frame(&ngx_http_rooms_wire, &form,
                                    ROOMS_WS_TEXT, type, data);
    }

    ngx_http_rooms_room_take(s, NULL);
    ngx_http_rooms_session_queue(s, &s->out, &ngx_http_rooms_wire);
}


/* Idle sessions hear nothing else: no frame is made, nothing is queued. */

void
ngx_http_rooms_session_ping(ngx_http_rooms_session_t *s)
{
    u_char   *p;
    size_t    len;
    ssize_t   n;

    static u_char  packet[] = {
        ROOMS_WS_FIN | ROOMS_WS_TEXT, 1, ROOMS_EIO_PING
    };

    static u_char  frame[] = {
        ROOMS_WS_FIN | ROOMS_WS_PING, 0
    };

    if (s->closed || s->doomed) {
        return;
    }

    if (s->conf->mode == NGX_HTTP_ROOMS_WEBSOCKET) {
        p = frame;
        len = sizeof(frame);

    } else {
        p = packet;
        len = sizeof(packet);
    }

    ngx_http_rooms_room_take(s, NULL);

    /* TLS takes what it was offered once from the same place only */

    n = (s->connection && s->connection->ssl)
        ? 0 : ngx_http_rooms_session_try(s, p, len);

    if (n == (ssize_t) len) {
        return;
    }

    if (n == 0) {

        if (p == frame) {
            ngx_http_rooms_session_frame(s, ROOMS_WS_PING,
                                         rooms_str(NULL, 0));
            return;
        }

        ngx_http_rooms_session_packet(s, ROOMS_EIO_PING, rooms_str(NULL, 0));
        return;
    }

    if (n == NGX_ERROR
        || ngx_http_rooms_queue_copy(&s->out, p + n, len - n) != NGX_OK)
    {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        return;
    }

    ngx_http_rooms_session_dirty(s);
}


void
ngx_http_rooms_session_frame(ngx_http_rooms_session_t *s, ngx_uint_t opcode,
    rooms_str_t data)
{
    ngx_http_rooms_form_t  form;

    if (s->closed || s->doomed) {
        return;
    }

    ngx_http_rooms_session_form(s, &form);

    rooms_buf_reset(&ngx_http_rooms_wire);
    ngx_http_rooms_encode_frame(&ngx_http_rooms_wire, &form, opcode, 0, data);
    ngx_http_rooms_room_take(s, NULL);
    ngx_http_rooms_session_queue(s, &s->out, &ngx_http_rooms_wire);
}


static void
ngx_http_rooms_session_queue(ngx_http_rooms_session_t *s,
    ngx_http_rooms_queue_t *q, rooms_buf_t *b)
{
    if (b->failed
        || ngx_http_rooms_queue_copy(q, b->data, b->len) != NGX_OK)
    {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_QUEUE,
                                    ROOMS_WS_INTERNAL);
        return;
    }

    ngx_http_rooms_session_dirty(s);
}


/* How much could be sent at once, without anything queued; NGX_ERROR. */

static ssize_t
ngx_http_rooms_session_try(ngx_http_rooms_session_t *s, u_char *p, size_t len)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = s->connection;

    if (c == NULL || s->out.first || s->is_held || s->is_behind) {
        return 0;
    }

    /*
     * With nothing queued, what was sent last was taken as a whole: the event
     * need not be asked.  The log is looked at when the kernel has taken it.
     */

    ngx_http_rooms_prefetch(c->log);

    n = c->send(c, p, len);

    if (n > 0) {
        s->zone->stat->out_bytes += n;
    }

    return n == NGX_AGAIN ? 0 : n;
}


void
ngx_http_rooms_session_send(ngx_http_rooms_session_t *s,
    ngx_http_rooms_chunk_t *chunk, uint32_t pos, uint32_t end)
{
    ssize_t  n;

    if (s->closed || s->doomed) {
        return;
    }

    n = ngx_http_rooms_session_try(s, chunk->data + pos, end - pos);

    if (n == NGX_ERROR) {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        return;
    }

    pos += (uint32_t) n;

    if (pos == end) {
        return;
    }

    if (ngx_http_rooms_queue_ref(ngx_http_rooms_session_tail(s), chunk, pos,
                                 end)
        != NGX_OK)
    {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
        return;
    }

    ngx_http_rooms_session_dirty(s);
}
