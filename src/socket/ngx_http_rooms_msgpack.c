
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_json.h>
#include <rooms_msgpack.h>

#include <ngx_http_rooms_msgpack.h>
#include <ngx_http_rooms_packet.h>


#define NGX_HTTP_ROOMS_MSGPACK_KEEP  65536


static rooms_buf_t  ngx_http_rooms_msgpack_text;
static rooms_buf_t  ngx_http_rooms_msgpack_wire;


ngx_int_t
ngx_http_rooms_msgpack_message(ngx_http_rooms_session_t *s, rooms_str_t data)
{
    ngx_int_t                rc;
    rooms_str_t              bins[ROOMS_MSGPACK_BINARIES_MAX];
    rooms_buf_t             *b;
    rooms_sio_packet_t       pkt;
    rooms_msgpack_limits_t   limits;

    if (s->parser == NGX_HTTP_ROOMS_PARSER_JSON) {
        return ngx_http_rooms_packet_invalid(s);
    }

    b = &ngx_http_rooms_msgpack_text;

    rooms_buf_reset(b);

    /* the text is no longer than another client could have sent */

    b->limit = s->conf->max_payload;

    limits.depth = ROOMS_JSON_DEPTH;
    limits.nodes = s->conf->max_nodes;
    limits.binaries = s->conf->max_attachments;

    if (rooms_msgpack_packet(data, &limits, b, &pkt, bins) != ROOMS_OK
        || b->len > s->conf->max_payload
        || (s->parser == NGX_HTTP_ROOMS_PARSER_ANY
            && pkt.type != ROOMS_SIO_CONNECT))
    {
        rc = ngx_http_rooms_packet_invalid(s);

    } else {
        s->parser = NGX_HTTP_ROOMS_PARSER_MSGPACK;
        rc = ngx_http_rooms_packet_dispatch(s, &pkt, bins);
    }

    if (b->cap > NGX_HTTP_ROOMS_MSGPACK_KEEP) {
        rooms_buf_free(b);
    }

    return rc;
}


rooms_str_t
ngx_http_rooms_msgpack(rooms_str_t text, const rooms_str_t *attachments,
    ngx_uint_t n)
{
    rooms_buf_t         *b;
    rooms_sio_packet_t   pkt;

    b = &ngx_http_rooms_msgpack_wire;

    if (b->cap > NGX_HTTP_ROOMS_MSGPACK_KEEP) {
        rooms_buf_free(b);
    }

    rooms_buf_reset(b);

    if (rooms_sio_parse(text, NGX_HTTP_ROOMS_ATTACHMENTS, &pkt) == ROOMS_OK
        && pkt.attachments == n)
    {
        rooms_msgpack_packet_write(b, &pkt, attachments);

        if (!b->failed) {
            return rooms_str(b->data, b->len);
        }
    }

    return rooms_str(NULL, 0);
}
