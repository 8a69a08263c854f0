
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_http_rooms_redis_link.h>


#define NGX_HTTP_ROOMS_REDIS_OUT_MAX   (64 * 1024 * 1024)
#define NGX_HTTP_ROOMS_REDIS_OUT_KEEP  65536


static void ngx_http_rooms_redis_link_connected(ngx_event_t *ev);
static ngx_int_t ngx_http_rooms_redis_link_test(ngx_connection_t *c);
static void ngx_http_rooms_redis_link_read(ngx_event_t *rev);
static ngx_int_t ngx_http_rooms_redis_link_replies(
    ngx_http_rooms_redis_link_t *link);
static void ngx_http_rooms_redis_link_send(ngx_event_t *wev);
static void ngx_http_rooms_redis_link_flush(ngx_event_t *ev);


void
ngx_http_rooms_redis_link_init(ngx_http_rooms_redis_link_t *link)
{
    rooms_buf_init(&link->out, NGX_HTTP_ROOMS_REDIS_OUT_MAX);

    link->flush.handler = ngx_http_rooms_redis_link_flush;
    link->flush.data = link;
    link->flush.log = ngx_cycle->log;
}


void
ngx_http_rooms_redis_link_open(ngx_http_rooms_redis_link_t *link,
    const ngx_http_rooms_redis_node_t *node)
{
    if (&link->node != node) {
        link->node = *node;
    }

    link->pool = ngx_create_pool(512, ngx_cycle->log);
    link->reader = redisReaderCreate();

    if (link->pool == NULL || link->reader == NULL) {
        ngx_http_rooms_redis_link_fail(link, "has no memory");
        return;
    }

    link->heard = ngx_current_msec;

    ngx_http_rooms_redis_resolve(link);
}


void
ngx_http_rooms_redis_link_connect(ngx_http_rooms_redis_link_t *link,
    struct sockaddr *sockaddr, socklen_t socklen)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    ngx_memzero(&link->peer, sizeof(ngx_peer_connection_t));

    link->name.data = ngx_pnalloc(link->pool, NGX_SOCKADDR_STRLEN);
    if (link->name.data == NULL) {
        ngx_http_rooms_redis_link_fail(link, "has no memory");
        return;
    }

    link->name.len = ngx_sock_ntop(sockaddr, socklen, link->name.data,
                                   NGX_SOCKADDR_STRLEN, 1);

    link->peer.sockaddr = sockaddr;
    link->peer.socklen = socklen;
    link->peer.name = &link->name;
    link->peer.get = ngx_event_get_peer;
    link->peer.log = ngx_cycle->log;
    link->peer.log_error = NGX_ERROR_INFO;

    rc = ngx_event_connect_peer(&link->peer);

    c = link->peer.connection;

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        ngx_http_rooms_redis_link_fail(link, "cannot be connected to");
        return;
    }

    c->data = link;
    c->pool = link->pool;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_http_rooms_redis_link_connected;
    c->write->handler = ngx_http_rooms_redis_link_connected;

    /* it does not keep a worker from going */

    c->idle = 0;

    if (rc == NGX_OK) {
        ngx_http_rooms_redis_link_connected(c->write);
    }
}


static void
ngx_http_rooms_redis_link_connected(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_http_rooms_redis_link_t  *link;

    c = ev->data;
    link = c->data;

    if (ngx_http_rooms_redis_link_test(c) != NGX_OK) {
        ngx_http_rooms_redis_link_fail(link, "cannot be connected to");
        return;
    }

    if (!ev->write) {
        return;
    }

    /* commands are small, and each is waited for */

    if (ngx_tcp_nodelay(c) != NGX_OK) {
        ngx_http_rooms_redis_link_fail(link, "cannot be connected to");
        return;
    }

    if (link->conf->tls) {
        ngx_http_rooms_redis_tls_handshake(link);
        return;
    }

    ngx_http_rooms_redis_link_ready(link);
}


static ngx_int_t
ngx_http_rooms_redis_link_test(ngx_connection_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_INFO, c->log, err,
                      "rooms: connect() to redis failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_rooms_redis_link_ready(ngx_http_rooms_redis_link_t *link)
{
    ngx_connection_t  *c;

    c = link->peer.connection;

    c->read->handler = ngx_http_rooms_redis_link_read;
    c->write->handler = ngx_http_rooms_redis_link_send;

    link->is_ready = 1;
    link->heard = ngx_current_msec;

    link->ready(link);

    if (link->is_ready) {
        ngx_post_event(&link->flush, &ngx_posted_events);

        if (c->read->ready) {
            ngx_post_event(c->read, &ngx_posted_events);
        }
    }
}


void
ngx_http_rooms_redis_link_close(ngx_http_rooms_redis_link_t *link)
{
    ngx_http_rooms_redis_resolve_cancel(link);

    if (link->peer.connection) {

        if (link->peer.connection->ssl) {
            ngx_http_rooms_redis_tls_close(link->peer.connection);
        }

        ngx_close_connection(link->peer.connection);
        link->peer.connection = NULL;
    }

    if (link->reader) {
        redisReaderFree(link->reader);
        link->reader = NULL;
    }

    if (link->pool) {
        ngx_destroy_pool(link->pool);
        link->pool = NULL;
    }

    if (link->flush.posted) {
        ngx_delete_posted_event(&link->flush);
    }

    rooms_buf_free(&link->out);

    link->sent = 0;
    link->broken = NULL;
    link->is_ready = 0;
}


void
ngx_http_rooms_redis_link_fail(ngx_http_rooms_redis_link_t *link,
    const char *why)
{
    if (link->replying) {
        link->broken = why;
        return;
    }

    ngx_http_rooms_redis_link_close(link);

    link->lost(link, why);
}


ngx_uint_t
ngx_http_rooms_redis_link_is_open(ngx_http_rooms_redis_link_t *link)
{
    return link->pool != NULL;
}


void
ngx_http_rooms_redis_encode(rooms_buf_t *b, const rooms_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    rooms_buf_byte(b, '*');
    rooms_buf_uint(b, n);
    rooms_buf_append(b, CRLF, 2);

    for (i = 0; i < n; i++) {
        rooms_buf_byte(b, '$');
        rooms_buf_uint(b, words[i].len);
        rooms_buf_append(b, CRLF, 2);
        rooms_buf_str(b, words[i]);
        rooms_buf_append(b, CRLF, 2);
    }
}


ngx_int_t
ngx_http_rooms_redis_link_write(ngx_http_rooms_redis_link_t *link,
    const rooms_str_t *words, ngx_uint_t n)
{
    size_t  len;

    len = link->out.len;

    if (n) {
        ngx_http_rooms_redis_encode(&link->out, words, n);

    } else {
        rooms_buf_str(&link->out, *words);
    }

    if (link->out.failed) {
        link->out.failed = 0;
        link->out.len = len;
        return NGX_ERROR;
    }

    if (link->is_ready) {
        ngx_post_event(&link->flush, &ngx_posted_events);
    }

    return NGX_OK;
}


static void
ngx_http_rooms_redis_link_flush(ngx_event_t *ev)
{
    ngx_http_rooms_redis_link_t *link = ev->data;

    if (link->is_ready && link->peer.connection->write->ready) {
        ngx_http_rooms_redis_link_send(link->peer.connection->write);
    }
}


static void
ngx_http_rooms_redis_link_send(ngx_event_t *wev)
{
    ssize_t                       n;
    ngx_connection_t             *c;
    ngx_http_rooms_redis_link_t  *link;

    c = wev->data;
    link = c->data;

    while (link->sent < link->out.len) {

        n = c->send(c, link->out.data + link->sent,
                    link->out.len - link->sent);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n < 0) {
            ngx_http_rooms_redis_link_fail(link, "closed the connection");
            return;
        }

        link->sent += n;
    }

    if (link->sent > NGX_HTTP_ROOMS_REDIS_OUT_KEEP
        && link->sent > link->out.len / 2
        && link->sent < link->out.len)
    {
        ngx_memmove(link->out.data, link->out.data + link->sent,
                    link->out.len - link->sent);
        link->out.len -= link->sent;
        link->sent = 0;
    }

    if (link->sent == link->out.len) {
        link->sent = 0;

        if (link->out.cap > NGX_HTTP_ROOMS_REDIS_OUT_KEEP) {
            rooms_buf_free(&link->out);

        } else {
            rooms_buf_reset(&link->out);
        }
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_rooms_redis_link_fail(link, "cannot be written to");
    }
}


void
ngx_http_rooms_redis_link_drain(ngx_http_rooms_redis_link_t *link)
{
    if (link->is_ready && link->out.len > link->sent) {
        (void) link->peer.connection->send(link->peer.connection,
                                           link->out.data + link->sent,
                                           link->out.len - link->sent);
    }
}


static void
ngx_http_rooms_redis_link_read(ngx_event_t *rev)
{
    ssize_t                       n;
    ngx_connection_t             *c;
    ngx_http_rooms_redis_link_t  *link;

    static u_char  buf[65536];

    c = rev->data;
    link = c->data;

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_http_rooms_redis_link_fail(link, "closed the connection");
            return;
        }

        link->heard = ngx_current_msec;

        if (redisReaderFeed(link->reader, (char *) buf, n) != REDIS_OK) {
            ngx_http_rooms_redis_link_fail(link, "sent what is no reply");
            return;
        }

        if (ngx_http_rooms_redis_link_replies(link) != NGX_OK) {
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_rooms_redis_link_fail(link, "cannot be read from");
    }
}


/* NGX_ERROR: the link is closed. */

static ngx_int_t
ngx_http_rooms_redis_link_replies(ngx_http_rooms_redis_link_t *link)
{
    void        *object;
    const char  *why;

    for ( ;; ) {

        if (redisReaderGetReply(link->reader, &object) != REDIS_OK) {
            ngx_http_rooms_redis_link_fail(link, "sent what is no reply");
            return NGX_ERROR;
        }

        if (object == NULL) {
            return NGX_OK;
        }

        /* handlers must not close the link under this loop */

        link->replying = 1;

        link->reply(link, object);

        link->replying = 0;

        freeReplyObject(object);

        if (link->broken) {
            why = link->broken;
            link->broken = NULL;

            ngx_http_rooms_redis_link_fail(link, why);
            return NGX_ERROR;
        }
    }
}
