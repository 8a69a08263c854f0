
/*
 * Copyright (C) nginx rooms contributors
 *
 * The opening handshake of WebSocket connections.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/evp.h>

#include <ngx_http_rooms_deflate.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_ws.h>


/* lines of extensions that are looked at */

#define NGX_HTTP_ROOMS_OFFERS  4


/* What the header of a request says about a WebSocket. */

typedef struct {
    ngx_str_t                   *key;
    ngx_str_t                   *version;
    ngx_str_t                   *offers[NGX_HTTP_ROOMS_OFFERS];
    ngx_uint_t                   noffers;       /* lines of extensions */
    unsigned                     upgrade:1;     /* in Connection */
    unsigned                     repeated:1;    /* what may be there once */
} ngx_http_rooms_ws_asked_t;


static void ngx_http_rooms_ws_headers(ngx_http_request_t *r,
    ngx_http_rooms_ws_asked_t *asked);
static void ngx_http_rooms_ws_header(ngx_table_elt_t *h,
    ngx_http_rooms_ws_asked_t *asked);
static ngx_uint_t ngx_http_rooms_ws_listed(ngx_str_t *list, ngx_str_t *token);
static ngx_uint_t ngx_http_rooms_ws_key(ngx_str_t *key);
static ngx_int_t ngx_http_rooms_ws_answer(ngx_http_request_t *r,
    ngx_str_t *key, rooms_buf_t *b);
static ngx_int_t ngx_http_rooms_ws_digest(ngx_str_t *key, u_char *digest);


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


static void
ngx_http_rooms_ws_headers(ngx_http_request_t *r,
    ngx_http_rooms_ws_asked_t *asked)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    ngx_memzero(asked, sizeof(ngx_http_rooms_ws_asked_t));

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        ngx_http_rooms_ws_header(&h[i], asked);
    }
}


/*
 * Lists may be spread over several lines; the key and the version may be there
 * once (RFC 6455, sections 11.3.1 and 11.3.5).
 */

static void
ngx_http_rooms_ws_header(ngx_table_elt_t *h,
    ngx_http_rooms_ws_asked_t *asked)
{
    u_char  *name;

    static ngx_str_t  token = ngx_string("upgrade");

    name = h->lowcase_key;

    switch (h->key.len) {

    case sizeof("connection") - 1:

        if (ngx_memcmp(name, "connection", sizeof("connection") - 1) == 0
            && ngx_http_rooms_ws_listed(&h->value, &token))
        {
            asked->upgrade = 1;
        }

        break;

    case sizeof("sec-websocket-key") - 1:

        if (ngx_memcmp(name, "sec-websocket-key",
                       sizeof("sec-websocket-key") - 1) == 0)
        {
            asked->repeated |= (asked->key != NULL);
            asked->key = &h->value;
        }

        break;

    case sizeof("sec-websocket-version") - 1:

        if (ngx_memcmp(name, "sec-websocket-version",
                       sizeof("sec-websocket-version") - 1) == 0)
        {
            asked->repeated |= (asked->version != NULL);
            asked->version = &h->value;
        }

        break;

    case sizeof("sec-websocket-extensions") - 1:

        if (asked->noffers < NGX_HTTP_ROOMS_OFFERS
            && ngx_memcmp(name, "sec-websocket-extensions",
                          sizeof("sec-websocket-extensions") - 1) == 0)
        {
            asked->offers[asked->noffers++] = &h->value;
        }

        break;
    }
}


/* 1 where the token is one of those of the list (RFC 9110, section 5.6.1). */

static ngx_uint_t
ngx_http_rooms_ws_listed(ngx_str_t *list, ngx_str_t *token)
{
    u_char  *p, *last, *start, *end;

    p = list->data;
    last = p + list->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        start = p;

        while (p < last && *p != ',') {
            p++;
        }

        end = p;

        while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
            end--;
        }

        if ((size_t) (end - start) == token->len
            && ngx_strncasecmp(start, token->data, token->len) == 0)
        {
            return 1;
        }
    }

    return 0;
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
    ssize_t                     n;
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_connection_t           *c;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_rooms_ws_asked_t   asked;

    static ngx_str_t    supported = ngx_string("13");
    static rooms_buf_t  b;

    c = r->connection;

#if (NGX_HTTP_V2)
    if (r->stream) {
        return NGX_DECLINED;
    }
#endif

    ngx_http_rooms_ws_headers(r, &asked);

    if (r->method != NGX_HTTP_GET
        || r->http_version != NGX_HTTP_VERSION_11
        || !ngx_http_rooms_ws_asked(r)
        || !asked.upgrade || asked.repeated
        || !ngx_http_rooms_ws_key(asked.key)
        || r->headers_in.content_length_n > 0 || r->headers_in.chunked)
    {
        return NGX_DECLINED;
    }

    if (asked.version == NULL || asked.version->len != 2
        || ngx_strncmp(asked.version->data, "13", 2) != 0)
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

    *deflate = 0;

    for (i = 0; i < asked.noffers && *deflate == 0; i++) {
        if (ngx_http_rooms_deflate_negotiate(r, conf, asked.offers[i],
                                             deflate)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    rooms_buf_reset(&b);

    rc = ngx_http_rooms_ws_answer(r, asked.key, &b);
    if (rc != NGX_OK) {
        return rc;
    }

    rooms_buf_append(&b, first->data, first->len);

    if (b.failed) {
        return NGX_ERROR;
    }

    n = b.len ? c->send(c, b.data, b.len) : 0;

    if (n == NGX_ERROR || (n == NGX_AGAIN && c->ssl)) {
        return NGX_ERROR;
    }

    n = ngx_max(n, 0);

    return ngx_http_rooms_queue_copy(rest, b.data + n, b.len - n);
}


/*
 * The answer goes through the header filters of nginx, so that "add_header"
 * and others hold for it.  The last of them keeps what is shorter than
 * "postpone_output": it is taken from there, to be sent together with the
 * first frame.
 */

static ngx_int_t
ngx_http_rooms_ws_answer(ngx_http_request_t *r, ngx_str_t *key,
    rooms_buf_t *b)
{
    u_char        digest[20];
    ngx_int_t     rc;
    ngx_str_t     src, accept;
    ngx_chain_t  *cl;

    static ngx_str_t  protocol = ngx_string("websocket");

    accept.data = ngx_pnalloc(r->pool, ngx_base64_encoded_length(20));
    if (accept.data == NULL
        || ngx_http_rooms_ws_digest(key, digest) != NGX_OK)
    {
        return NGX_ERROR;
    }

    src.data = digest;
    src.len = sizeof(digest);
    ngx_encode_base64(&accept, &src);

    if (ngx_http_rooms_respond_header(r, "Upgrade", &protocol) != NGX_OK
        || ngx_http_rooms_respond_header(r, "Sec-WebSocket-Accept", &accept)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");

    /* frames follow, which are no part of a limited answer */

    r->limit_rate = 0;
    r->limit_rate_set = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    r->keepalive = 0;

    /* a longer one has been sent, or is in the buffer of TLS */

    if (r->connection->buffered
        && (ngx_http_send_special(r, NGX_HTTP_FLUSH) != NGX_OK
            || r->connection->buffered))
    {
        return NGX_ERROR;
    }

    for (cl = r->out; cl; cl = cl->next) {
        rooms_buf_append(b, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    r->out = NULL;

    return NGX_OK;
}


/*
 * The SHA-1 of libcrypto uses what the processor has for it; the digest is
 * fetched once.
 */

static ngx_int_t
ngx_http_rooms_ws_digest(ngx_str_t *key, u_char *digest)
{
    static EVP_MD_CTX  *ctx;

    static u_char  guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    if (ctx == NULL) {
        ctx = EVP_MD_CTX_new();

        if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) != 1) {
            EVP_MD_CTX_free(ctx);
            ctx = NULL;
            goto failed;
        }

    } else if (EVP_DigestInit_ex(ctx, NULL, NULL) != 1) {
        goto failed;
    }

    if (EVP_DigestUpdate(ctx, key->data, key->len) == 1
        && EVP_DigestUpdate(ctx, guid, sizeof(guid) - 1) == 1
        && EVP_DigestFinal_ex(ctx, digest, NULL) == 1)
    {
        return NGX_OK;
    }

failed:

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "rooms: SHA-1 cannot be had from libcrypto");

    return NGX_ERROR;
}
