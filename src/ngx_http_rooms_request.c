
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a request asks for: its path, its body.
 */


#include <ngx_http_rooms_request.h>


ngx_int_t
ngx_http_rooms_request_path(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char     *p, *src, *dst, *decoded;
    size_t      len;
    uintptr_t   escape;

    if (r->valid_unparsed_uri) {
        p = ngx_strlchr(r->unparsed_uri.data,
                        r->unparsed_uri.data + r->unparsed_uri.len, '?');

        len = p ? (size_t) (p - r->unparsed_uri.data) : r->unparsed_uri.len;

        decoded = ngx_pnalloc(r->pool, len);
        if (decoded == NULL) {
            return NGX_ERROR;
        }

        src = r->unparsed_uri.data;
        dst = decoded;

        ngx_unescape_uri(&dst, &src, len, 0);

        if ((size_t) (dst - decoded) == r->uri.len
            && ngx_memcmp(decoded, r->uri.data, r->uri.len) == 0)
        {
            path->data = r->unparsed_uri.data;
            path->len = len;
            return NGX_OK;
        }
    }

    escape = ngx_escape_uri(NULL, r->uri.data, r->uri.len, NGX_ESCAPE_URI);

    path->len = r->uri.len + 2 * escape;
    path->data = ngx_pnalloc(r->pool, path->len);
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    if (escape == 0) {
        ngx_memcpy(path->data, r->uri.data, r->uri.len);

    } else {
        ngx_escape_uri(path->data, r->uri.data, r->uri.len, NGX_ESCAPE_URI);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_rooms_request_is_json(ngx_http_request_t *r)
{
    ngx_str_t  *type;

    static ngx_str_t  json = ngx_string("application/json");

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;

    if (type->len < json.len
        || ngx_strncasecmp(type->data, json.data, json.len) != 0)
    {
        return 0;
    }

    return type->len == json.len
           || type->data[json.len] == ';'
           || type->data[json.len] == ' '
           || type->data[json.len] == '\t';
}


ngx_int_t
ngx_http_rooms_request_body(ngx_http_request_t *r, rooms_buf_t *b)
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
