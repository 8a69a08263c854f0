
/*
 * Copyright (C) nginx rooms contributors
 *
 * A session that goes on in another worker.
 *
 * Everything that was published up to a place in the journal is in its
 * queue; from there on it is read again where the session arrives.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_backlog.h>
#include <ngx_http_rooms_image.h>
#include <ngx_http_rooms_packet.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_upgrade.h>


static void ngx_http_rooms_move_out_socket(ngx_http_rooms_socket_t *socket,
    uint64_t since, rooms_buf_t *b);
static uint64_t ngx_http_rooms_move_since(ngx_http_rooms_member_t *member);
static ngx_int_t ngx_http_rooms_move_in_session(ngx_http_rooms_session_t *s,
    rooms_str_t *in, rooms_str_t *packets);
static ngx_int_t ngx_http_rooms_move_in_socket(ngx_http_rooms_session_t *s,
    ngx_http_rooms_image_t *image, uint32_t from);
static ngx_int_t ngx_http_rooms_move_in_asked(ngx_http_rooms_socket_t *socket,
    rooms_str_t in);


ngx_int_t
ngx_http_rooms_move_out(ngx_http_rooms_session_t *s, rooms_buf_t *b)
{
    size_t                    size;
    ngx_queue_t              *q;
    ngx_http_rooms_ref_t     *ref;
    ngx_http_rooms_socket_t  *socket;

    ngx_http_rooms_zone_drain(s->zone);
    ngx_http_rooms_room_take(s, NULL);

    if (s->is_behind && ngx_http_rooms_backlog_all(s) != NGX_OK) {
        return NGX_ERROR;
    }

    rooms_buf_append(b, s->sid, ROOMS_EIO_SID_LEN);
    rooms_buf_u64(b, s->in);
    rooms_buf_u64(b, s->out_events);
    rooms_buf_byte(b, (u_char) (s->connecting | s->parser << 1));
    rooms_buf_u32(b, ngx_http_rooms_beat_left(s));
    rooms_buf_str16(b, ngx_http_rooms_session_kept_query(s));
    rooms_buf_str32(b, rooms_str(s->window,
                                 s->window
                                 ? rooms_window_size(s->window->limit) : 0));
    ngx_http_rooms_binary_write(s, b);

    size = s->out.size;
    rooms_buf_u32(b, (uint32_t) size);

    for (ref = s->out.first; ref; ref = ref->next) {
        rooms_buf_append(b, ref->chunk->data + ref->pos,
                         ref->end - ref->pos);
    }

    for (q = ngx_queue_head(&s->sockets);
         q != ngx_queue_sentinel(&s->sockets);
         q = ngx_queue_next(q))
    {
        socket = ngx_queue_data(q, ngx_http_rooms_socket_t, queue);
        ngx_http_rooms_move_out_socket(socket, s->zone->cursor - 1, b);
    }

    return b->failed ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_rooms_move_out_socket(ngx_http_rooms_socket_t *socket,
    uint64_t since, rooms_buf_t *b)
{
    u_char                     flags;
    rooms_buf_t                list, joined;
    ngx_queue_t               *q;
    ngx_http_rooms_asked_t    *asked;
    ngx_http_rooms_member_t   *member;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    flags = (socket->recoverable ? NGX_HTTP_ROOMS_IMAGE_RECOVERABLE : 0)
            | (socket->registered ? NGX_HTTP_ROOMS_IMAGE_REGISTERED : 0)
            | (socket->recovered ? NGX_HTTP_ROOMS_IMAGE_RECOVERED : 0)
            | (socket->connected ? NGX_HTTP_ROOMS_IMAGE_CONNECTED : 0);

    rooms_buf_append(b, socket->sid, NGX_HTTP_ROOMS_SID_LEN);
    rooms_buf_append(b, socket->secret, NGX_HTTP_ROOMS_SID_LEN);
    rooms_buf_byte(b, flags);
    rooms_buf_byte(b, (u_char) socket->variant);
    rooms_buf_u64(b, socket->ask);
    rooms_buf_str16(b, rooms_str(socket->nsp.data, socket->nsp.len));
    rooms_buf_str32(b, rooms_str(socket->data.data, socket->data.len));

    rooms_buf_init(&list, 0);

    for (q = ngx_queue_head(&socket->asked);
         q != ngx_queue_sentinel(&socket->asked);
         q = ngx_queue_next(q))
    {
        asked = ngx_queue_data(q, ngx_http_rooms_asked_t, queue);

        rooms_buf_u64(&list, asked->id);
        rooms_buf_str16(&list, rooms_str(asked->name.data, asked->name.len));
    }

    rooms_buf_str32(b, rooms_str(list.data, list.len));
    rooms_buf_reset(&list);
    rooms_buf_init(&joined, 0);

    for (q = ngx_queue_head(&s->members);
         q != ngx_queue_sentinel(&s->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket == socket) {
            rooms_buf_str16(&list, rooms_str(member->room->name.data,
                                             member->room->name.len));
            rooms_buf_u64(&list, s->zone->redis
                                 ? ngx_http_rooms_move_since(member)
                                 : since);
            rooms_buf_u64(&joined,
                          (member->granted
                           && member->granted < member->joined)
                          ? member->granted : member->joined);
        }
    }

    rooms_buf_str32(b, rooms_str(list.data, list.len));
    rooms_buf_str32(b, rooms_str(joined.data, joined.len));

    if (list.failed || joined.failed) {
        b->failed = 1;
    }

    rooms_buf_free(&list);
    rooms_buf_free(&joined);
}


/* It may have joined with a record that this worker has yet to be told. */

static uint64_t
ngx_http_rooms_move_since(ngx_http_rooms_member_t *member)
{
    uint64_t  last;

    last = rooms_message_whole(member->room->last);

    return member->from > last ? member->from - 1 : last;
}


ngx_http_rooms_session_t *
ngx_http_rooms_move_in(ngx_http_rooms_loc_conf_t *conf, uint8_t deflate,
    rooms_str_t in, uint32_t from)
{
    ngx_int_t                  rc;
    rooms_str_t                packets;
    ngx_http_rooms_image_t     image;
    ngx_http_rooms_session_t  *s;

    if (in.len < ROOMS_EIO_SID_LEN) {
        return NULL;
    }

    s = ngx_calloc(sizeof(ngx_http_rooms_session_t), ngx_cycle->log);
    if (s == NULL) {
        return NULL;
    }

    s->conf = conf;
    s->zone = conf->app->zone;
    s->upgraded = 1;
    s->deflate = deflate;

    ngx_queue_init(&s->sockets);
    ngx_queue_init(&s->members);

    ngx_memcpy(s->sid, in.data, ROOMS_EIO_SID_LEN);

    ngx_http_rooms_session_install(s);

    in.data += ROOMS_EIO_SID_LEN;
    in.len -= ROOMS_EIO_SID_LEN;

    rc = ngx_http_rooms_move_in_session(s, &in, &packets);

    if (rc == NGX_OK) {
        rc = ngx_http_rooms_move_queue(s, packets);
    }

    ngx_http_rooms_zone_drain(s->zone);

    while (rc == NGX_OK
           && (rc = ngx_http_rooms_image_next(&in, &image)) == NGX_OK)
    {
        rc = ngx_http_rooms_move_in_socket(s, &image, from);
    }

    if (rc != NGX_DONE) {

        /* the records of its sockets are kept: the client may recover */

        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        return NULL;
    }

    return s;
}


static ngx_int_t
ngx_http_rooms_move_in_session(ngx_http_rooms_session_t *s, rooms_str_t *in,
    rooms_str_t *packets)
{
    uint8_t      flags;
    uint32_t     left;
    ngx_str_t    args;
    rooms_str_t  query, window;

    if (rooms_get_u64(in, &s->in) != ROOMS_OK
        || rooms_get_u64(in, &s->out_events) != ROOMS_OK
        || rooms_get_u8(in, &flags) != ROOMS_OK
        || rooms_get_u32(in, &left) != ROOMS_OK
        || rooms_get_str16(in, &query) != ROOMS_OK
        || rooms_get_str32(in, &window) != ROOMS_OK
        || ngx_http_rooms_binary_read(s, in) != NGX_OK
        || rooms_get_str32(in, packets) != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_rooms_beat_resume(s, left);

    s->parser = flags >> 1 & 3;

    if (flags & 1) {
        ngx_http_rooms_beat_connect(s);
    }

    /* another configuration may have another limit, then it begins anew */

    if (window.len
        && window.len == rooms_window_size(s->zone->app->rate.limit))
    {
        s->window = ngx_alloc(window.len, ngx_cycle->log);
        if (s->window == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(s->window, window.data, window.len);
    }

    args.data = (u_char *) query.data;
    args.len = query.len;

    return ngx_http_rooms_session_query(s, &args);
}


static ngx_int_t
ngx_http_rooms_move_in_socket(ngx_http_rooms_session_t *s,
    ngx_http_rooms_image_t *image, uint32_t from)
{
    ngx_str_t                 name;
    ngx_http_rooms_socket_t  *socket;

    if ((image->flags & NGX_HTTP_ROOMS_IMAGE_REGISTERED)
        && s->zone->redis == NULL
        && ngx_http_rooms_recovery_adopt(s->zone, image->sid, from) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    name.data = (u_char *) image->nsp.data;
    name.len = image->nsp.len;

    socket = ngx_http_rooms_socket_create(s, &name,
                                          (u_char *) image->sid.data);
    if (socket == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(socket->secret, image->secret.data, NGX_HTTP_ROOMS_SID_LEN);

    socket->variant = image->variant & 7;
    socket->ask = image->ask;
    socket->registered = (image->flags & NGX_HTTP_ROOMS_IMAGE_REGISTERED)
                         != 0;
    socket->recoverable = (image->flags & NGX_HTTP_ROOMS_IMAGE_RECOVERABLE)
                          != 0;
    socket->recovered = (image->flags & NGX_HTTP_ROOMS_IMAGE_RECOVERED) != 0;
    socket->connected = (image->flags & NGX_HTTP_ROOMS_IMAGE_CONNECTED) != 0;

    if (image->data.len) {
        socket->data.data = ngx_alloc(image->data.len, ngx_cycle->log);
        if (socket->data.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(socket->data.data, image->data.data, image->data.len);
        socket->data.len = image->data.len;
    }

    if (ngx_http_rooms_move_in_asked(socket, image->asked) != NGX_OK
        || ngx_http_rooms_recovery_rejoin(socket, image->rooms,
                                          image->joined)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (socket->registered) {
        (void) ngx_http_rooms_recovery_save(socket);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_move_in_asked(ngx_http_rooms_socket_t *socket, rooms_str_t in)
{
    uint64_t     id;
    rooms_str_t  name;

    while (in.len) {

        if (rooms_get_u64(&in, &id) != ROOMS_OK
            || rooms_get_str16(&in, &name) != ROOMS_OK
            || ngx_http_rooms_asked_add(socket, id, name) == NULL)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_move_queue(ngx_http_rooms_session_t *s, rooms_str_t packets)
{
    rooms_int_t         rc;
    rooms_buf_t         b;
    rooms_eio_packet_t  pkt;

    /* a separator ends each packet, so there is an empty one at the end */

    if (packets.len) {
        packets.len--;
    }

    rooms_buf_init(&b, 0);

    for ( ;; ) {
        rc = rooms_eio_next(&packets, &pkt);

        if (rc != ROOMS_OK) {
            break;
        }

        if (pkt.type != ROOMS_EIO_BINARY) {
            ngx_http_rooms_session_packet(s, pkt.type, pkt.data);
            continue;
        }

        rooms_buf_reset(&b);
        rc = rooms_eio_decode(pkt.data, &b);

        if (rc != ROOMS_OK) {
            break;
        }

        ngx_http_rooms_session_plain(s, rooms_str(b.data, b.len), 1);
    }

    rooms_buf_free(&b);

    return rc == ROOMS_DONE ? NGX_OK : NGX_ERROR;
}
