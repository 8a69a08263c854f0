
/*
 * Copyright (C) nginx rooms contributors
 *
 * A request's body in one piece.
 */


#include <ngx_http_rooms_body.h>


ngx_int_t
ngx_http_rooms_body(ngx_http_request_t *r, rooms_buf_t *b)
{
    size_t        len;
    u_char       *p;
    ngx_buf_t    *buf;
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        buf = cl->buf;
        len = (size_t) ngx_buf_size(buf);

        if (len == 0) {
            continue;
        }

        if (b->limit && len > b->limit - b->len) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        p = rooms_buf_reserve(b, len);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_buf_in_memory(buf)) {
            ngx_memcpy(p, buf->pos, len);

        } else if (ngx_read_file(buf->file, p, len, buf->file_pos)
                   != (ssize_t) len)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        b->len += len;
    }

    return NGX_OK;
}
