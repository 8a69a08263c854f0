
/*
 * Copyright (C) nginx rooms contributors
 *
 * The opening handshake of WebSocket connections and their hand-over from
 * the HTTP request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_sha1.h>

#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_deflate.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_ws.h>


#define NGX_HTTP_ROOMS_LINGER  2000


static ngx_str_t *ngx_http_rooms_ws_header_in(ngx_http_request_t *r,
    const char *name, size_t len);
static ngx_uint_t ngx_http_rooms_ws_key(ngx_str_t *key);
static void ngx_http_rooms_ws_answer(ngx_http_request_t *r, ngx_str_t *key,
    rooms_buf_t *b);
static void ngx_http_rooms_ws_begin(ngx_event_t *rev);
static void ngx_http_rooms_ws_free_buffers(ngx_connection_t *c,
    ngx_http_connection_t *hc);
static void ngx_http_rooms_ws_shrink(ngx_connection_t *c);
static void ngx_http_rooms_ws_linger(ngx_event_t *rev);
static void ngx_http_rooms_ws_empty(ngx_event_t *wev);


typedef struct {
    ngx_http_rooms_ws_begin_pt   handler;
    void                        *data;
} ngx_http_rooms_ws_pending_t;


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


ngx_int_t
ngx_http_rooms_ws_hand_over(ngx_http_request_t *r,
    ngx_http_rooms_ws_begin_pt handler, void *data)
{
    ngx_connection_t             *c;
    ngx_http_rooms_ctx_t         *ctx;
    ngx_http_rooms_ws_pending_t  *pending;

    c = r->connection;

    pending = ngx_palloc(r->pool, sizeof(ngx_http_rooms_ws_pending_t));
    if (pending == NULL) {
        return NGX_ERROR;
    }

    pending->handler = handler;
    pending->data = data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_rooms_module);
    ctx->pending = pending;

    /* the connection is the request's until its handler has returned */

    r->main->count++;

    c->read->handler = ngx_http_rooms_ws_begin;
    c->write->handler = ngx_http_rooms_ws_empty;

    ngx_post_event(c->read, &ngx_posted_events);

    return NGX_DONE;
}


static void
ngx_http_rooms_ws_begin(ngx_event_t *rev)
{
    size_t                        n;
    u_char                       *p;
    ngx_connection_t             *c;
    ngx_http_request_t           *r;
    ngx_http_rooms_ctx_t         *ctx;
    ngx_http_connection_t        *hc;
    ngx_http_rooms_main_conf_t   *rmcf;
    ngx_http_rooms_ws_pending_t   pending;

    c = rev->data;
    r = c->data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_rooms_module);
    rmcf = ngx_http_get_module_main_conf(r, ngx_http_rooms_module);

    pending = *(ngx_http_rooms_ws_pending_t *) ctx->pending;

    if (rev->timer_set) {
        ngx_del_timer(rev);
    }

    /* frames that came together with the request */

    n = r->header_in->last - r->header_in->pos;
    p = NULL;

    if (n) {
        p = ngx_alloc(n, c->log);

        if (p == NULL) {
            n = 0;

        } else {
            ngx_memcpy(p, r->header_in->pos, n);
        }
    }

    c->log->action = "serving WebSocket";

    /* "limit_conn" counts until the request ends */

    if (!rmcf->keep_requests && r->limit_conn_status == 0) {
        hc = r->http_connection;

        ngx_http_free_request(r, 0);
        r = NULL;

        c->destroyed = 0;
        ngx_http_rooms_ws_free_buffers(c, hc);
        ngx_http_rooms_ws_shrink(c);
    }

    pending.handler(c, r, pending.data, p, n);

    if (p) {
        ngx_free(p);
    }
}


static void
ngx_http_rooms_ws_free_buffers(ngx_connection_t *c, ngx_http_connection_t *hc)
{
    ngx_chain_t  *cl;

    for (cl = hc->busy; cl; cl = cl->next) {
        if (cl->buf != c->buffer) {
            (void) ngx_pfree(c->pool, cl->buf->start);
        }
    }

    for (cl = hc->free; cl; cl = cl->next) {
        if (cl->buf != c->buffer) {
            (void) ngx_pfree(c->pool, cl->buf->start);
        }
    }

    hc->busy = NULL;
    hc->free = NULL;
    hc->nbusy = 0;

    if (c->buffer) {
        (void) ngx_pfree(c->pool, c->buffer->start);
        c->buffer = NULL;
    }
}


/*
 * Of all that the connection's pool holds, a WebSocket needs the log and the
 * address in it: they move to a pool that is just large enough.
 */

static void
ngx_http_rooms_ws_shrink(ngx_connection_t *c)
{
    u_char               *text;
    size_t                size;
    ngx_log_t            *log;
    ngx_pool_t           *pool;
    ngx_http_log_ctx_t   *ctx;

    if (c->ssl || c->pool->cleanup) {
        return;
    }

    size = sizeof(ngx_pool_t) + sizeof(ngx_log_t) + sizeof(ngx_http_log_ctx_t)
           + c->addr_text.len;

    pool = ngx_create_pool(size, c->log);
    if (pool == NULL) {
        return;
    }

    log = ngx_palloc(pool, sizeof(ngx_log_t));
    ctx = ngx_pcalloc(pool, sizeof(ngx_http_log_ctx_t));
    text = ngx_pnalloc(pool, c->addr_text.len);

    if (log == NULL || ctx == NULL || text == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    ngx_memcpy(text, c->addr_text.data, c->addr_text.len);

    ctx->connection = c;

    *log = *c->log;
    log->data = ctx;

    ngx_destroy_pool(c->pool);

    pool->log = log;
    c->pool = pool;
    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->addr_text.data = text;

    /* nobody asks for these once there is no request */

    c->sockaddr = NULL;
    c->socklen = 0;
    c->local_sockaddr = c->listening->sockaddr;
    c->local_socklen = c->listening->socklen;
    c->proxy_protocol = NULL;
}


void
ngx_http_rooms_ws_finish(ngx_connection_t *c, ngx_http_request_t *kept,
    ngx_uint_t linger)
{
    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (kept) {
        c->data = kept;
        ngx_http_free_request(kept, 0);
        c->destroyed = 0;
    }

    /*
     * Octets of the client that nobody reads would make the kernel reset the
     * connection, and the client might lose what it was sent last.
     */

    if (linger && !c->ssl && !c->error && !ngx_terminate
        && ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == 0)
    {
        c->log->action = "closing WebSocket";
        c->data = NULL;
        c->read->handler = ngx_http_rooms_ws_linger;
        c->write->handler = ngx_http_rooms_ws_empty;

        ngx_add_timer(c->read, NGX_HTTP_ROOMS_LINGER);

        if (c->read->ready) {
            ngx_post_event(c->read, &ngx_posted_events);
        }

        return;
    }

    ngx_http_close_connection(c);
}


static void
ngx_http_rooms_ws_linger(ngx_event_t *rev)
{
    ssize_t            n;
    ngx_connection_t  *c;
    u_char             buf[4096];

    c = rev->data;

    if (rev->timedout || c->close) {
        ngx_http_close_connection(c);
        return;
    }

    do {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_ERROR || n == 0) {
            ngx_http_close_connection(c);
            return;
        }

    } while (n > 0 && rev->ready);

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_close_connection(c);
    }
}


static void
ngx_http_rooms_ws_empty(ngx_event_t *wev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, wev->log, 0, "rooms: nothing to write");
}
