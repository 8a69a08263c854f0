
/*
 * Copyright (C) nginx rooms contributors
 *
 * WebSocket connections: their hand-over from the HTTP request, their end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_ws.h>


#define NGX_HTTP_ROOMS_LINGER        2000     /* ms */
#define NGX_HTTP_ROOMS_LINGER_TURNS  16


typedef struct {
    ngx_http_rooms_ws_begin_pt   handler;
    void                        *data;
} ngx_http_rooms_ws_pending_t;


static void ngx_http_rooms_ws_begin(ngx_event_t *rev);
static void ngx_http_rooms_ws_free_buffers(ngx_connection_t *c,
    ngx_http_connection_t *hc);
static void ngx_http_rooms_ws_shrink(ngx_connection_t *c);
static void ngx_http_rooms_ws_linger(ngx_event_t *rev);
static void ngx_http_rooms_ws_empty(ngx_event_t *wev);


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

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
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
    ngx_uint_t         i;
    ngx_connection_t  *c;
    u_char             buf[4096];

    c = rev->data;

    if (rev->timedout || c->close) {
        ngx_http_close_connection(c);
        return;
    }

    for (i = 0; i < NGX_HTTP_ROOMS_LINGER_TURNS; i++) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_ERROR || n == 0) {
            ngx_http_close_connection(c);
            return;
        }

        if (n == NGX_AGAIN || !rev->ready) {
            break;
        }
    }

    if (rev->ready) {

        /* the others' turn */

        ngx_post_event(rev, &ngx_posted_next_events);
        return;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_close_connection(c);
    }
}


static void
ngx_http_rooms_ws_empty(ngx_event_t *wev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, wev->log, 0, "rooms: nothing to write");
}
