
/*
 * Copyright (C) nginx rooms contributors
 *
 * Packets whose attachments follow them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_json.h>

#include <ngx_http_rooms_packet.h>


/* A packet whose attachments have not all come. */

struct ngx_http_rooms_binary_s {
    rooms_buf_t                  text;
    rooms_buf_t                  data;      /* attachments, one after another */
    ngx_uint_t                   n;         /* wanted */
    ngx_uint_t                   have;
    size_t                       ends[1];   /* of each in data */
};


ngx_int_t
ngx_http_rooms_binary_begin(ngx_http_rooms_session_t *s, rooms_str_t text,
    ngx_uint_t n)
{
    ngx_http_rooms_binary_t  *bin;

    bin = ngx_calloc(sizeof(ngx_http_rooms_binary_t) + n * sizeof(size_t),
                     ngx_cycle->log);
    if (bin == NULL) {
        return ngx_http_rooms_packet_invalid(s);
    }

    bin->n = n;
    rooms_buf_init(&bin->text, 0);
    rooms_buf_init(&bin->data, s->conf->max_payload);

    (void) rooms_buf_reserve(&bin->data, 1);
    rooms_buf_str(&bin->text, text);

    s->binary = bin;

    return bin->text.failed ? ngx_http_rooms_packet_invalid(s) : NGX_OK;
}


ngx_int_t
ngx_http_rooms_binary_add(ngx_http_rooms_session_t *s, rooms_str_t data)
{
    size_t                    start;
    unsigned                  count, order[NGX_HTTP_ROOMS_ATTACHMENTS];
    ngx_int_t                 rc;
    ngx_uint_t                i;
    rooms_str_t               attachments[NGX_HTTP_ROOMS_ATTACHMENTS];
    rooms_sio_packet_t        pkt;
    ngx_http_rooms_binary_t  *bin;

    bin = s->binary;

    rooms_buf_str(&bin->data, data);

    if (bin->data.failed) {
        s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PAYLOAD]++;
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PROTOCOL,
                                     ROOMS_WS_TOO_BIG);
        return NGX_ERROR;
    }

    bin->ends[bin->have++] = bin->data.len;

    if (bin->have < bin->n) {
        return NGX_OK;
    }

    start = 0;

    for (i = 0; i < bin->n; i++) {
        attachments[i] = rooms_str(bin->data.data + start,
                                   bin->ends[i] - start);
        start = bin->ends[i];
    }

    /* the next packet may begin while this one is handled */

    s->binary = NULL;

    if (rooms_sio_parse(rooms_str(bin->text.data, bin->text.len),
                        s->conf->max_attachments, &pkt)
        != ROOMS_OK
        || rooms_json_check(pkt.data, NULL, NULL) != ROOMS_OK
        || rooms_sio_placeholders(pkt.data, pkt.attachments, NULL, order,
                                  NGX_HTTP_ROOMS_ATTACHMENTS, &count)
           != ROOMS_OK)
    {
        rc = ngx_http_rooms_packet_invalid(s);

    } else {
        rc = ngx_http_rooms_packet_dispatch(s, &pkt, attachments);
    }

    rooms_buf_free(&bin->text);
    rooms_buf_free(&bin->data);
    ngx_free(bin);

    return rc;
}


void
ngx_http_rooms_binary_write(ngx_http_rooms_session_t *s, rooms_buf_t *b)
{
    ngx_uint_t                i;
    ngx_http_rooms_binary_t  *bin;

    bin = s->binary;

    if (bin == NULL) {
        rooms_buf_str32(b, rooms_str(NULL, 0));
        return;
    }

    rooms_buf_str32(b, rooms_str(bin->text.data, bin->text.len));
    rooms_buf_u16(b, (uint16_t) bin->n);
    rooms_buf_u16(b, (uint16_t) bin->have);

    for (i = 0; i < bin->have; i++) {
        rooms_buf_u32(b, (uint32_t) bin->ends[i]);
    }

    rooms_buf_str32(b, rooms_str(bin->data.data, bin->data.len));
}


ngx_int_t
ngx_http_rooms_binary_read(ngx_http_rooms_session_t *s, rooms_str_t *in)
{
    uint16_t     n, have;
    uint32_t     end, last;
    ngx_uint_t   i;
    rooms_str_t  text, data;

    if (rooms_get_str32(in, &text) != ROOMS_OK) {
        return NGX_ERROR;
    }

    if (text.len == 0) {
        return NGX_OK;
    }

    if (rooms_get_u16(in, &n) != ROOMS_OK
        || rooms_get_u16(in, &have) != ROOMS_OK
        || n > NGX_HTTP_ROOMS_ATTACHMENTS || have >= n
        || ngx_http_rooms_binary_begin(s, text, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    last = 0;

    for (i = 0; i < have; i++) {
        if (rooms_get_u32(in, &end) != ROOMS_OK || end < last) {
            return NGX_ERROR;
        }

        s->binary->ends[i] = end;
        last = end;
    }

    if (rooms_get_str32(in, &data) != ROOMS_OK || data.len != last) {
        return NGX_ERROR;
    }

    s->binary->have = have;
    rooms_buf_str(&s->binary->data, data);

    return s->binary->data.failed ? NGX_ERROR : NGX_OK;
}


void
ngx_http_rooms_binary_free(ngx_http_rooms_session_t *s)
{
    if (s->binary == NULL) {
        return;
    }

    rooms_buf_free(&s->binary->text);
    rooms_buf_free(&s->binary->data);
    ngx_free(s->binary);

    s->binary = NULL;
}
