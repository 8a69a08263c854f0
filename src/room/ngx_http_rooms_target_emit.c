
/*
 * Copyright (C) nginx rooms contributors
 *
 * One message to many sockets that are not the members of one room.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_target.h>


#define NGX_HTTP_ROOMS_FORMS        8
#define NGX_HTTP_ROOMS_TARGET_KEEP  65536      /* octets of buffers */


/* A message in one form. */

typedef struct {
    ngx_http_rooms_form_t      form;
    ngx_http_rooms_chunk_t    *chunk;
} ngx_http_rooms_formed_t;


static ngx_http_rooms_chunk_t *ngx_http_rooms_target_form(
    ngx_array_t *formed, ngx_http_rooms_socket_t *socket, rooms_str_t nsp,
    const rooms_emitter_t *e);
static void ngx_http_rooms_target_emit(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_chunk_t *chunk, ngx_uint_t is_volatile);
static ngx_uint_t ngx_http_rooms_target_behind(ngx_http_rooms_session_t *s,
    size_t len);


static rooms_buf_t  ngx_http_rooms_target_text;
static rooms_buf_t  ngx_http_rooms_target_wire;


void
ngx_http_rooms_targets_emit(ngx_http_rooms_targets_t *t, rooms_str_t nsp,
    const rooms_emitter_t *e)
{
    ngx_uint_t                i;
    ngx_array_t               formed;
    ngx_pool_t               *pool;
    ngx_http_rooms_chunk_t   *chunk;
    ngx_http_rooms_formed_t  *f;

    if (t->n == 0) {
        return;
    }

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return;
    }

    if (ngx_array_init(&formed, pool, NGX_HTTP_ROOMS_FORMS,
                       sizeof(ngx_http_rooms_formed_t))
        == NGX_OK)
    {
        for (i = 0; i < t->n; i++) {
            chunk = ngx_http_rooms_target_form(&formed, t->sockets[i], nsp,
                                               e);
            if (chunk) {
                ngx_http_rooms_target_emit(t->sockets[i], chunk,
                                           e->is_volatile);
            }
        }

        f = formed.elts;

        for (i = 0; i < formed.nelts; i++) {
            ngx_http_rooms_chunk_release(f[i].chunk);
        }
    }

    ngx_destroy_pool(pool);

    if (ngx_http_rooms_target_wire.cap > NGX_HTTP_ROOMS_TARGET_KEEP) {
        rooms_buf_free(&ngx_http_rooms_target_text);
        rooms_buf_free(&ngx_http_rooms_target_wire);
    }
}


static ngx_http_rooms_chunk_t *
ngx_http_rooms_target_form(ngx_array_t *formed,
    ngx_http_rooms_socket_t *socket, rooms_str_t nsp,
    const rooms_emitter_t *e)
{
    rooms_buf_t              *text, *wire;
    ngx_uint_t                i;
    rooms_sio_packet_t        pkt;
    ngx_http_rooms_form_t     form;
    ngx_http_rooms_formed_t  *f;

    ngx_http_rooms_session_form(socket->session, &form);

    if (e->plain) {
        form.deflate = 0;
    }

    f = formed->elts;

    for (i = 0; i < formed->nelts; i++) {
        if (ngx_http_rooms_form_equal(&f[i].form, &form)) {
            return f[i].chunk;
        }
    }

    text = &ngx_http_rooms_target_text;
    wire = &ngx_http_rooms_target_wire;

    rooms_buf_reset(text);
    rooms_buf_reset(wire);

    pkt.type = e->nbins ? ROOMS_SIO_BINARY_EVENT : ROOMS_SIO_EVENT;
    pkt.attachments = e->nbins;
    pkt.id = ROOMS_SIO_NO_ACK;
    pkt.nsp = nsp;
    pkt.data = rooms_str(NULL, 0);

    rooms_sio_header(text, &pkt);
    rooms_buf_str(text, e->args);

    ngx_http_rooms_session_encode(wire, &form,
                                  rooms_str(text->data, text->len), e->bins,
                                  e->nbins);

    if (text->failed || wire->failed) {
        return NULL;
    }

    f = ngx_array_push(formed);
    if (f == NULL) {
        return NULL;
    }

    f->form = form;
    f->chunk = ngx_http_rooms_chunk_get(wire->len);

    if (f->chunk == NULL) {
        formed->nelts--;
        return NULL;
    }

    ngx_memcpy(f->chunk->data, wire->data, wire->len);
    f->chunk->len = wire->len;

    return f->chunk;
}


static void
ngx_http_rooms_target_emit(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_chunk_t *chunk, ngx_uint_t is_volatile)
{
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    if (s->closed || s->doomed
        || (is_volatile && ngx_http_rooms_target_behind(s, chunk->len)))
    {
        return;
    }

    /* in order with what rooms have said before */

    ngx_http_rooms_room_take(s, NULL);

    if (ngx_http_rooms_queue_ref(ngx_http_rooms_session_tail(s), chunk, 0,
                                 chunk->len)
        != NGX_OK)
    {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
        return;
    }

    s->out_events++;
    s->zone->stat->out++;

    ngx_http_rooms_session_dirty(s);
}


/* The client does not get what may be lost; one turn may bring a lot of it. */

static ngx_uint_t
ngx_http_rooms_target_behind(ngx_http_rooms_session_t *s, size_t len)
{
    if (s->is_behind) {
        return 1;
    }

    if (s->out.first == NULL) {
        return 0;
    }

    return (s->connection && !s->connection->write->ready)
           || s->out.size > s->conf->send_queue / 2
           || s->out.size + len > s->conf->send_queue;
}
