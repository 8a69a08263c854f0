
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a request asks for: its path, its body.
 */


#include <ngx_http_rooms_request.h>


static ngx_int_t ngx_http_rooms_request_raw(ngx_http_request_t *r,
    ngx_str_t *path);


ngx_int_t
ngx_http_rooms_request_path(ngx_http_request_t *r, ngx_str_t *path)
{
    uintptr_t  escape;

    switch (ngx_http_rooms_request_raw(r, path)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_ERROR:
        return NGX_ERROR;
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
        (void) ngx_escape_uri(path->data, r->uri.data, r->uri.len,
                              NGX_ESCAPE_URI);
    }

    return NGX_OK;
}


/* NGX_DECLINED: there is no encoded slash, or the location is another's. */

static ngx_int_t
ngx_http_rooms_request_raw(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char  *p, *last, *src, *dst, *decoded;

    if (!r->valid_unparsed_uri) {
        return NGX_DECLINED;
    }

    p = r->unparsed_uri.data;
    last = ngx_strlchr(p, p + r->unparsed_uri.len, '?');

    path->data = p;
    path->len = (last ? last : p + r->unparsed_uri.len) - p;

    if (ngx_strlcasestrn(p, p + path->len, (u_char *) "%2f", 3 - 1) == NULL) {
        return NGX_DECLINED;
    }

    decoded = ngx_pnalloc(r->pool, path->len);
    if (decoded == NULL) {
        return NGX_ERROR;
    }

    src = path->data;
    dst = decoded;

    ngx_unescape_uri(&dst, &src, path->len, 0);

    if ((size_t) (dst - decoded) != r->uri.len
        || ngx_memcmp(decoded, r->uri.data, r->uri.len) != 0)
    {
        return NGX_DECLINED;
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
