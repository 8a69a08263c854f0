
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_respond.h>


static const char  *ngx_http_rooms_errors[] = {
    "Transport unknown",
    "Session ID unknown",
    "Bad handshake method",
    "Bad request",
    "Forbidden",
    "Unsupported protocol version"
};


ngx_int_t
ngx_http_rooms_respond_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    /* nginx answers 304 by itself where it knows the tag */

    if (ngx_strcasecmp((u_char *) name, (u_char *) "ETag") == 0) {
        r->headers_out.etag = h;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_rooms_respond_has(ngx_http_request_t *r, const char *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return 0;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (ngx_strcasecmp(h[i].key.data, (u_char *) name) == 0) {
            return 1;
        }
    }
}


ngx_int_t
ngx_http_rooms_respond(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, rooms_str_t body)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    static ngx_str_t  no_store = ngx_string("no-store");

    r->headers_out.status = status;
    r->headers_out.content_length_n = body.len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = strcspn(type, ";");
    r->headers_out.content_type_lowcase = NULL;

    if (!ngx_http_rooms_respond_has(r, "Cache-Control")
        && ngx_http_rooms_respond_header(r, "Cache-Control", &no_store)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (body.len == 0) {
        r->header_only = 1;
        return ngx_http_send_header(r);
    }

    b = ngx_create_temp_buf(r->pool, body.len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, body.data, body.len);
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_rooms_respond_error(ngx_http_request_t *r, ngx_uint_t code)
{
    u_char  *p, text[128];

    p = ngx_snprintf(text, sizeof(text), "{\"code\":%ui,\"message\":\"%s\"}",
                     code, ngx_http_rooms_errors[code]);

    return ngx_http_rooms_respond(r,
                                  code == NGX_HTTP_ROOMS_ERROR_FORBIDDEN
                                  ? NGX_HTTP_FORBIDDEN : NGX_HTTP_BAD_REQUEST,
                                  "application/json",
                                  rooms_str(text, p - text));
}
