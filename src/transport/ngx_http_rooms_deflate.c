
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_deflate.h>
#include <ngx_http_rooms_respond.h>


#define NGX_HTTP_ROOMS_WINDOW_MAX  15
#define NGX_HTTP_ROOMS_LEVEL       1


static rooms_inflate_t  *ngx_http_rooms_inflater;
static rooms_deflate_t  *ngx_http_rooms_deflaters[NGX_HTTP_ROOMS_WINDOW_MAX
                                                  + 1];


ngx_int_t
ngx_http_rooms_deflate_negotiate(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_str_t *offers, uint8_t *bits)
{
    ngx_int_t               rc;
    ngx_str_t               value;
    rooms_buf_t             answer;
    rooms_deflate_params_t  want, got;

    *bits = 0;

    if (!conf->deflate || offers == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&want, sizeof(rooms_deflate_params_t));

    want.server_bits = (uint8_t) conf->deflate_bits;
    want.client_bits = (uint8_t) conf->deflate_bits;
    want.server_no_takeover = 1;
    want.client_no_takeover = 1;

    rooms_buf_init(&answer, 0);

    if (rooms_deflate_negotiate(rooms_str(offers->data, offers->len), &want,
                                &got, &answer)
        != ROOMS_OK)
    {
        rooms_buf_free(&answer);
        return NGX_OK;
    }

    rc = NGX_ERROR;

    value.len = answer.len;
    value.data = answer.failed ? NULL : ngx_pnalloc(r->pool, answer.len);

    if (value.data) {
        ngx_memcpy(value.data, answer.data, answer.len);
        rc = ngx_http_rooms_respond_header(r, "Sec-WebSocket-Extensions",
                                           &value);
        *bits = got.server_bits;
    }

    rooms_buf_free(&answer);

    return rc;
}


rooms_int_t
ngx_http_rooms_inflate(rooms_str_t in, rooms_buf_t *b)
{
    if (ngx_http_rooms_inflater == NULL) {

        /* the largest window takes what was made with any */

        ngx_http_rooms_inflater =
                             rooms_inflate_create(NGX_HTTP_ROOMS_WINDOW_MAX,
                                                  1);
        if (ngx_http_rooms_inflater == NULL) {
            return ROOMS_DECLINED;
        }
    }

    return rooms_inflate_message(ngx_http_rooms_inflater, in, b);
}


rooms_int_t
ngx_http_rooms_deflate(ngx_uint_t bits, rooms_str_t in, rooms_buf_t *b)
{
    size_t            len;
    rooms_deflate_t **z;

    z = &ngx_http_rooms_deflaters[bits];

    if (*z == NULL) {
        *z = rooms_deflate_create(bits, 1, NGX_HTTP_ROOMS_LEVEL);

        if (*z == NULL) {
            return ROOMS_DECLINED;
        }
    }

    len = b->len;

    if (rooms_deflate_message(*z, in, b) != ROOMS_OK
        || b->len - len >= in.len)
    {
        b->len = len;
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}
