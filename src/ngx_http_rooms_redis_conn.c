
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_http_rooms_redis_conn.h>


#define NGX_HTTP_ROOMS_REDIS_BACKOFF      50       /* ms, doubled each time */
#define NGX_HTTP_ROOMS_REDIS_BACKOFF_MAX  2000
#define NGX_HTTP_ROOMS_REDIS_OUT_MAX      (64 * 1024 * 1024)
#define NGX_HTTP_ROOMS_REDIS_OUT_KEEP     65536


static void ngx_http_rooms_redis_connect(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_hello(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_hello_reply(void *data, redisReply *reply);
static void ngx_http_rooms_redis_greeted(void *data, redisReply *reply);
static void ngx_http_rooms_redis_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_http_rooms_redis_dispatch(
    ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_write_handler(ngx_event_t *wev);
static void ngx_http_rooms_redis_flush_handler(ngx_event_t *ev);
static void ngx_http_rooms_redis_timer_handler(ngx_event_t *ev);
static void ngx_http_rooms_redis_check(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_close(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_again(ngx_http_rooms_redis_conn_t *conn);


static ngx_connection_t  ngx_http_rooms_redis_dumb = { .fd = -1 };


void
ngx_http_rooms_redis_start(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_queue_init(&conn->calls);
    rooms_buf_init(&conn->out, NGX_HTTP_ROOMS_REDIS_OUT_MAX);

    conn->timer.handler = ngx_http_rooms_redis_timer_handler;
    conn->timer.data = &ngx_http_rooms_redis_dumb;
    conn->timer.log = ngx_cycle->log;
    conn->timer.cancelable = 1;

    conn->flush.handler = ngx_http_rooms_redis_flush_handler;
    conn->flush.data = conn;
    conn->flush.log = ngx_cycle->log;

    ngx_http_rooms_redis_connect(conn);
}


void
ngx_http_rooms_redis_stop(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_queue_t  *q;

    conn->stopped = 1;
    conn->is_up = 0;

    if (conn->peer.connection && conn->out.len > conn->sent) {
        (void) conn->peer.connection->send(conn->peer.connection,
                                           conn->out.data + conn->sent,
                                           conn->out.len - conn->sent);
    }

    ngx_http_rooms_redis_close(conn);

    while (!ngx_queue_empty(&conn->calls)) {
        q = ngx_queue_head(&conn->calls);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue));
    }

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    rooms_buf_free(&conn->out);
}


static void
ngx_http_rooms_redis_connect(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_int_t          rc;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = &conn->conf->addrs[conn->addr++ % conn->conf->naddrs];

    ngx_memzero(&conn->peer, sizeof(ngx_peer_connection_t));

    conn->peer.sockaddr = addr->sockaddr;
    conn->peer.socklen = addr->socklen;
    conn->peer.name = &addr->name;
    conn->peer.get = ngx_event_get_peer;
    conn->peer.log = ngx_cycle->log;
    conn->peer.log_error = NGX_ERROR_INFO;

    rc = ngx_event_connect_peer(&conn->peer);

    c = conn->peer.connection;

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        ngx_http_rooms_redis_lost(conn, "cannot be connected to");
        return;
    }

    conn->pool = ngx_create_pool(512, ngx_cycle->log);
    conn->reader = redisReaderCreate();

    if (conn->pool == NULL || conn->reader == NULL) {
        ngx_http_rooms_redis_lost(conn, "has no memory");
        return;
    }

    c->data = conn;
    c->pool = conn->pool;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_http_rooms_redis_read_handler;
    c->write->handler = ngx_http_rooms_redis_write_handler;

    /* it does not keep a worker from going */

    c->idle = 0;

    conn->heard = ngx_current_msec;

    ngx_http_rooms_redis_hello(conn);

    ngx_add_timer(&conn->timer, conn->conf->timeout);
}


/* What is sent before anything else; the last reply tells that it is up. */

static void
ngx_http_rooms_redis_hello(ngx_http_rooms_redis_conn_t *conn)
{
    u_char                        digits[NGX_INT_T_LEN];
    ngx_uint_t                    n;
    rooms_str_t                   words[3];
    ngx_http_rooms_redis_conf_t  *conf;

    conf = conn->conf;
    conn->is_up = 1;

    if (conf->password.len) {
        n = 0;
        words[n++] = rooms_str("AUTH", 4);

        if (conf->user.len) {
            words[n++] = rooms_str(conf->user.data, conf->user.len);
        }

        words[n++] = rooms_str(conf->password.data, conf->password.len);

        (void) ngx_http_rooms_redis_send(conn, words, n,
                                         ngx_http_rooms_redis_hello_reply,
                                         conn);
    }

    if (conf->db) {
        words[0] = rooms_str("SELECT", 6);
        words[1] = rooms_str(digits, ngx_sprintf(digits, "%ui", conf->db)
                                     - digits);

        (void) ngx_http_rooms_redis_send(conn, words, 2,
                                         ngx_http_rooms_redis_hello_reply,
                                         conn);
    }

    words[0] = rooms_str("PING", 4);

    (void) ngx_http_rooms_redis_send(conn, words, 1,
                                     ngx_http_rooms_redis_greeted, conn);

    conn->is_up = 0;
}


static void
ngx_http_rooms_redis_hello_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_conn_t *conn = data;

    if (reply && reply->type == REDIS_REPLY_ERROR) {

        if (!conn->told) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "rooms: redis \"%V\" refuses: %s",
                          &conn->conf->url, reply->str);
        }

        conn->broken = 1;
    }
}


static void
ngx_http_rooms_redis_greeted(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_conn_t *conn = data;

    if (reply == NULL) {
        return;
    }

    /* also while it loads its data, or is a replica that lost its master */

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_http_rooms_redis_hello_reply(data, reply);
        return;
    }

    conn->is_up = 1;
    conn->failures = 0;
    conn->connects++;

    if (conn->told) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "rooms: redis \"%V\" (%s) is back",
                      &conn->conf->url, conn->name);
        conn->told = 0;
    }

    conn->up(conn);
}


ngx_int_t
ngx_http_rooms_redis_send(ngx_http_rooms_redis_conn_t *conn,
    const rooms_str_t *words, ngx_uint_t n,
    ngx_http_rooms_redis_reply_pt handler, void *data)
{
    size_t                        len;
    ngx_uint_t                    i;
    ngx_http_rooms_redis_call_t  *call;

    if (!conn->is_up) {
        return NGX_ERROR;
    }

    len = conn->out.len;

    rooms_buf_byte(&conn->out, '*');
    rooms_buf_uint(&conn->out, n);
    rooms_buf_append(&conn->out, CRLF, 2);

    for (i = 0; i < n; i++) {
        rooms_buf_byte(&conn->out, '$');
        rooms_buf_uint(&conn->out, words[i].len);
        rooms_buf_append(&conn->out, CRLF, 2);
        rooms_buf_str(&conn->out, words[i]);
        rooms_buf_append(&conn->out, CRLF, 2);
    }

    call = NULL;

    if (!conn->subscriber || handler) {
        call = ngx_alloc(sizeof(ngx_http_rooms_redis_call_t),
                         ngx_cycle->log);
    }

    if (conn->out.failed || (call == NULL && !conn->subscriber)) {
        conn->out.failed = 0;
        conn->out.len = len;

        if (call) {
            ngx_free(call);
        }

        return NGX_ERROR;
    }

    if (call) {
        call->handler = handler;
        call->data = data;
        call->sent = ngx_current_msec;
        ngx_queue_insert_tail(&conn->calls, &call->queue);
    }

    ngx_post_event(&conn->flush, &ngx_posted_events);

    return NGX_OK;
}


static void
ngx_http_rooms_redis_flush_handler(ngx_event_t *ev)
{
    ngx_http_rooms_redis_conn_t *conn = ev->data;

    if (conn->peer.connection && conn->peer.connection->write->ready) {
        ngx_http_rooms_redis_write_handler(conn->peer.connection->write);
    }
}


static void
ngx_http_rooms_redis_write_handler(ngx_event_t *wev)
{
    ssize_t                       n;
    ngx_connection_t             *c;
    ngx_http_rooms_redis_conn_t  *conn;

    c = wev->data;
    conn = c->data;

    while (conn->sent < conn->out.len) {

        n = c->send(c, conn->out.data + conn->sent,
                    conn->out.len - conn->sent);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n < 0) {
            ngx_http_rooms_redis_lost(conn, "closed the connection");
            return;
        }

        conn->sent += n;
    }

    if (conn->sent == conn->out.len) {
        conn->sent = 0;

        if (conn->out.cap > NGX_HTTP_ROOMS_REDIS_OUT_KEEP) {
            rooms_buf_free(&conn->out);

        } else {
            rooms_buf_reset(&conn->out);
        }
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_rooms_redis_lost(conn, "cannot be written to");
    }
}


static void
ngx_http_rooms_redis_read_handler(ngx_event_t *rev)
{
    ssize_t                       n;
    ngx_connection_t             *c;
    ngx_http_rooms_redis_conn_t  *conn;

    static u_char  buf[65536];

    c = rev->data;
    conn = c->data;

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_http_rooms_redis_lost(conn, "closed the connection");
            return;
        }

        conn->heard = ngx_current_msec;

        if (redisReaderFeed(conn->reader, (char *) buf, n) != REDIS_OK) {
            ngx_http_rooms_redis_lost(conn, "sent what is no reply");
            return;
        }

        if (ngx_http_rooms_redis_dispatch(conn) != NGX_OK) {
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_rooms_redis_lost(conn, "cannot be read from");
    }
}


/* NGX_ERROR: the connection is closed. */

static ngx_int_t
ngx_http_rooms_redis_dispatch(ngx_http_rooms_redis_conn_t *conn)
{
    void                         *object;
    redisReply                   *reply;
    ngx_queue_t                  *q;
    ngx_http_rooms_redis_call_t  *call;

    for ( ;; ) {

        if (redisReaderGetReply(conn->reader, &object) != REDIS_OK) {
            ngx_http_rooms_redis_lost(conn, "sent what is no reply");
            return NGX_ERROR;
        }

        if (object == NULL) {
            return NGX_OK;
        }

        reply = object;

        /* handlers must not close the connection under this loop */

        conn->dispatching = 1;

        if (conn->subscriber && ngx_queue_empty(&conn->calls)) {
            conn->push(conn, reply);

        } else if (!ngx_queue_empty(&conn->calls)) {
            q = ngx_queue_head(&conn->calls);
            ngx_queue_remove(q);

            call = ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue);

            if (call->handler) {
                call->handler(call->data, reply);
            }

            ngx_free(call);
        }

        conn->dispatching = 0;

        freeReplyObject(reply);

        if (conn->broken) {
            ngx_http_rooms_redis_lost(conn, "refused");
            return NGX_ERROR;
        }
    }
}


void
ngx_http_rooms_redis_lost(ngx_http_rooms_redis_conn_t *conn, const char *why)
{
    ngx_uint_t                    was;
    ngx_queue_t                  *q, calls;
    ngx_http_rooms_redis_call_t  *call;

    if (conn->dispatching) {
        conn->broken = 1;
        return;
    }

    if (!conn->told && !conn->stopped) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "rooms: redis \"%V\" (%s) %s",
                      &conn->conf->url, conn->name, why);
        conn->told = 1;
    }

    was = conn->is_up;
    conn->is_up = 0;
    conn->broken = 0;

    ngx_http_rooms_redis_close(conn);

    ngx_queue_init(&calls);

    while (!ngx_queue_empty(&conn->calls)) {
        q = ngx_queue_head(&conn->calls);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&calls, q);
    }

    ngx_http_rooms_redis_again(conn);

    if (was) {
        conn->down(conn);
    }

    while (!ngx_queue_empty(&calls)) {
        q = ngx_queue_head(&calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue);

        if (call->handler) {
            call->handler(call->data, NULL);
        }

        ngx_free(call);
    }
}


static void
ngx_http_rooms_redis_close(ngx_http_rooms_redis_conn_t *conn)
{
    if (conn->peer.connection) {
        ngx_close_connection(conn->peer.connection);
        conn->peer.connection = NULL;
    }

    if (conn->reader) {
        redisReaderFree(conn->reader);
        conn->reader = NULL;
    }

    if (conn->pool) {
        ngx_destroy_pool(conn->pool);
        conn->pool = NULL;
    }

    if (conn->flush.posted) {
        ngx_delete_posted_event(&conn->flush);
    }

    rooms_buf_reset(&conn->out);
    conn->sent = 0;
}


static void
ngx_http_rooms_redis_again(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_msec_t  delay;

    if (conn->stopped) {
        return;
    }

    delay = NGX_HTTP_ROOMS_REDIS_BACKOFF << ngx_min(conn->failures, 6);
    delay = ngx_min(delay, NGX_HTTP_ROOMS_REDIS_BACKOFF_MAX);
    delay = delay / 2 + (ngx_msec_t) ngx_random() % (delay / 2 + 1);

    conn->failures++;

    ngx_add_timer(&conn->timer, delay);
}


static void
ngx_http_rooms_redis_timer_handler(ngx_event_t *ev)
{
    ngx_http_rooms_redis_conn_t  *conn;

    conn = (ngx_http_rooms_redis_conn_t *)
               ((u_char *) ev - offsetof(ngx_http_rooms_redis_conn_t, timer));

    if (conn->peer.connection == NULL) {
        ngx_http_rooms_redis_connect(conn);
        return;
    }

    ngx_http_rooms_redis_check(conn);
}


/*
 * A reply that does not come within the timeout, or, for a subscriber,
 * nothing at all although it asks for an answer all the time.
 */

static void
ngx_http_rooms_redis_check(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_msec_t                    timeout;
    rooms_str_t                   word;
    ngx_queue_t                  *q;
    ngx_http_rooms_redis_call_t  *call;

    timeout = conn->conf->timeout;

    if (!conn->is_up) {
        ngx_http_rooms_redis_lost(conn, "does not answer");
        return;
    }

    if (conn->subscriber) {

        if (ngx_current_msec - conn->heard >= timeout) {
            ngx_http_rooms_redis_lost(conn, "does not answer");
            return;
        }

        word = rooms_str("PING", 4);
        (void) ngx_http_rooms_redis_send(conn, &word, 1, NULL, NULL);

    } else if (!ngx_queue_empty(&conn->calls)) {
        q = ngx_queue_head(&conn->calls);
        call = ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue);

        if (ngx_current_msec - call->sent >= timeout) {
            ngx_http_rooms_redis_lost(conn, "does not answer");
            return;
        }
    }

    ngx_add_timer(&conn->timer, ngx_max(timeout / 4, 10));
}
