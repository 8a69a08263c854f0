
/*
 * Copyright (C) nginx rooms contributors
 *
 * The opening handshake of WebSocket connections.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_sha1.h>

#include <ngx_http_rooms_deflate.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_ws.h>


static ngx_str_t *ngx_http_rooms_ws_header_in(ngx_http_request_t *r,
    const char *name, size_t len);
static ngx_uint_t ngx_http_rooms_ws_key(ngx_str_t *key);
static void ngx_http_rooms_ws_answer(ngx_http_request_t *r, ngx_str_t *key,
    rooms_buf_t *b);


ngx_uint_t
ngx_http_rooms_ws_asked(ngx_http_request_t *r)
{
    ngx_table_elt_t  *upgrade;

    upgrade = r->headers_in.upgrade;

    return upgrade
           && upgrade->value.len == sizeof("websocket") - 1
           && ngx_strncasecmp(upgrade->value.data, (u_char *) "websocket",
                              sizeof("websocket") - 1)
              == 0;
}


static ngx_str_t *
ngx_http_rooms_ws_header_in(ngx_http_request_t *r, const char *name,
    size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i].value;
        }
    }
}


/* 16 octets as base64, section 4.2.1. */

static ngx_uint_t
ngx_http_rooms_ws_key(ngx_str_t *key)
{
    u_char     octets[18];
    ngx_str_t  dst;

    if (key == NULL || key->len != 24) {
        return 0;
    }

    dst.data = octets;

    return ngx_decode_base64(&dst, key) == NGX_OK && dst.len == 16;
}


ngx_int_t
ngx_http_rooms_ws_accept(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, rooms_buf_t *first,
    ngx_http_rooms_queue_t *rest, uint8_t *deflate)
{
    ssize_t                    n;
    ngx_str_t                 *key, *version, *upgrade, *offers;
    ngx_connection_t          *c;
    ngx_http_core_loc_conf_t  *clcf;

    static ngx_str_t    supported = ngx_string("13");
    static rooms_buf_t  b;

    c = r->connection;

#if (NGX_HTTP_V2)
    if (r->stream) {
        return NGX_DECLINED;
    }
#endif

    key = ngx_http_rooms_ws_header_in(r, "Sec-WebSocket-Key",
                                      sizeof("Sec-WebSocket-Key") - 1);
    version = ngx_http_rooms_ws_header_in(r, "Sec-WebSocket-Version",
                                          sizeof("Sec-WebSocket-Version") - 1);
    upgrade = ngx_http_rooms_ws_header_in(r, "Connection",
                                          sizeof("Connection") - 1);

    if (r->method != NGX_HTTP_GET
        || r->http_version != NGX_HTTP_VERSION_11
        || !ngx_http_rooms_ws_asked(r)
        || upgrade == NULL
        || ngx_strlcasestrn(upgrade->data, upgrade->data + upgrade->len,
                            (u_char *) "upgrade", 7 - 1)
           == NULL
        || !ngx_http_rooms_ws_key(key)
        || r->headers_in.content_length_n > 0 || r->headers_in.chunked)
    {
        return NGX_DECLINED;
    }

    if (version == NULL || version->len != 2
        || ngx_strncmp(version->data, "13", 2) != 0)
    {
        /* section 4.4 */

        return ngx_http_rooms_respond_header(r, "Sec-WebSocket-Version",
                                             &supported)
               == NGX_OK ? NGX_DECLINED : NGX_ERROR;
    }

    /* small messages must not wait for the acknowledgement of others */

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->tcp_nodelay && ngx_tcp_nodelay(c) != NGX_OK) {
        return NGX_ERROR;
    }

    offers = ngx_http_rooms_ws_header_in(r, "Sec-WebSocket-Extensions",
                                       sizeof("Sec-WebSocket-Extensions") - 1);

    if (ngx_http_rooms_deflate_negotiate(r, conf, offers, deflate)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rooms_buf_reset(&b);

    ngx_http_rooms_ws_answer(r, key, &b);
    rooms_buf_append(&b, first->data, first->len);

    if (b.failed) {
        return NGX_ERROR;
    }

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    r->header_sent = 1;
    r->keepalive = 0;

    n = c->send(c, b.data, b.len);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    n = ngx_max(n, 0);

    return ngx_http_rooms_queue_copy(rest, b.data + n, b.len - n);
}


static void
ngx_http_rooms_ws_answer(ngx_http_request_t *r, ngx_str_t *key,
    rooms_buf_t *b)
{
    u_char            digest[20], encoded[28];
    ngx_str_t         src, dst;
    ngx_sha1_t        sha1;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static u_char  status[] =
        "HTTP/1.1 101 Switching Protocols" CRLF
        "Upgrade: websocket" CRLF
        "Connection: Upgrade" CRLF
        "Sec-WebSocket-Accept: ";
    static u_char  guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, guid, sizeof(guid) - 1);
    ngx_sha1_final(digest, &sha1);

    src.data = digest;
    src.len = sizeof(digest);
    dst.data = encoded;
    ngx_encode_base64(&dst, &src);

    rooms_buf_append(b, status, sizeof(status) - 1);
    rooms_buf_append(b, dst.data, dst.len);
    rooms_buf_append(b, CRLF, 2);

    /* what was put there for this answer: extensions, a cookie, CORS */

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash == 0) {
            continue;
        }

        rooms_buf_append(b, h[i].key.data, h[i].key.len);
        rooms_buf_append(b, ": ", 2);
        rooms_buf_append(b, h[i].value.data, h[i].value.len);
        rooms_buf_append(b, CRLF, 2);
    }

    rooms_buf_append(b, CRLF, 2);
}
