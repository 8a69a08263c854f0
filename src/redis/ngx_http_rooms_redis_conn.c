
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_http_rooms_redis_finder.h>

#include <rooms_redis_redirect.h>


#define NGX_HTTP_ROOMS_REDIS_STEADY  2000     /* ms, to be up for good */
#define NGX_HTTP_ROOMS_REDIS_HOPS    5        /* to nodes, without a pause */
#define NGX_HTTP_ROOMS_REDIS_TEXT    65536    /* kept, of what is encoded */
#define NGX_HTTP_ROOMS_REDIS_HELD    (64 * 1024 * 1024)


static void ngx_http_rooms_redis_ready(ngx_http_rooms_redis_link_t *link);
static ngx_http_rooms_redis_call_t *ngx_http_rooms_redis_call_create(
    ngx_http_rooms_redis_conn_t *conn, const rooms_str_t *words,
    ngx_uint_t n);
static void ngx_http_rooms_redis_reply(ngx_http_rooms_redis_link_t *link,
    redisReply *reply);
static void ngx_http_rooms_redis_gone(ngx_http_rooms_redis_link_t *link,
    const char *why);
static void ngx_http_rooms_redis_give_back(ngx_http_rooms_redis_conn_t *conn);


void
ngx_http_rooms_redis_start(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_queue_init(&conn->calls);
    ngx_queue_init(&conn->forgotten);
    ngx_queue_init(&conn->held);

    conn->link.conf = conn->conf;
    conn->link.data = conn;
    conn->link.ready = ngx_http_rooms_redis_ready;
    conn->link.reply = ngx_http_rooms_redis_reply;
    conn->link.lost = ngx_http_rooms_redis_gone;

    ngx_http_rooms_redis_link_init(&conn->link);

    ngx_http_rooms_redis_timers_init(conn);

    if (conn->parent) {
        return;
    }

    if (ngx_http_rooms_redis_finder_join(conn) != NGX_OK) {
        conn->stopped = 1;
        return;
    }

    ngx_http_rooms_redis_connect(conn);
}


void
ngx_http_rooms_redis_stop(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_queue_t  *q, *lists[3];
    ngx_uint_t    i;

    if (conn->stopped) {
        return;
    }

    conn->stopped = 1;
    conn->is_up = 0;

    ngx_http_rooms_redis_link_drain(&conn->link);
    ngx_http_rooms_redis_link_close(&conn->link);
    ngx_http_rooms_redis_ask_stop(conn);

    lists[0] = &conn->calls;
    lists[1] = &conn->forgotten;
    lists[2] = &conn->held;

    for (i = 0; i < 3; i++) {
        while (!ngx_queue_empty(lists[i])) {
            q = ngx_queue_head(lists[i]);
            ngx_queue_remove(q);
            ngx_free(ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue));
        }
    }

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->again.timer_set) {
        ngx_del_timer(&conn->again);
    }

    if (conn->parent == NULL) {
        ngx_http_rooms_redis_finder_leave(conn);
    }
}


void
ngx_http_rooms_redis_connect(ngx_http_rooms_redis_conn_t *conn)
{
    const ngx_http_rooms_redis_node_t  *node;

    node = ngx_http_rooms_redis_find(conn->conf->finder);

    if (node) {
        ngx_http_rooms_redis_conn_open(conn, node);
    }
}


void
ngx_http_rooms_redis_conn_open(ngx_http_rooms_redis_conn_t *conn,
    const ngx_http_rooms_redis_node_t *node)
{
    conn->greeting = 1;
    conn->since = ngx_current_msec;

    ngx_add_timer(&conn->timer, conn->conf->timeout);

    ngx_http_rooms_redis_link_open(&conn->link, node);
}


static void
ngx_http_rooms_redis_ready(ngx_http_rooms_redis_link_t *link)
{
    ngx_http_rooms_redis_hello(link->data);
}


void
ngx_http_rooms_redis_greeted(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_uint_t  was;

    was = conn->is_up;

    conn->is_up = 1;
    conn->greeting = 0;
    conn->moving = 0;
    conn->hops = 0;
    conn->refused = 0;
    conn->connects++;
    conn->since = ngx_current_msec;

    if (conn->told) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "rooms: redis \"%V\" (%s) is back at %V",
                      &conn->conf->url, conn->name, &conn->link.name);
        conn->told = 0;
    }

    if (conn->parent == NULL) {
        ngx_http_rooms_redis_found(conn->conf->finder, &conn->link.node);
    }

    if (!was && conn->up) {
        conn->up(conn);
    }

    ngx_http_rooms_redis_unhold(conn);
}


void
ngx_http_rooms_redis_follow(ngx_http_rooms_redis_conn_t *conn,
    const ngx_http_rooms_redis_node_t *node)
{
    ngx_uint_t  open;

    open = ngx_http_rooms_redis_link_is_open(&conn->link);

    if (open && ngx_http_rooms_redis_node_is(&conn->link.node, node)) {
        return;
    }

    /* not from here, where somebody else's reply is being read */

    if (!open) {

        if (!conn->moving) {
            ngx_add_timer(&conn->timer, 1);
        }

        return;
    }

    conn->moving = 1;

    ngx_add_timer(&conn->again, 1);
}


void
ngx_http_rooms_redis_moved(ngx_http_rooms_redis_conn_t *conn,
    rooms_str_t host, ngx_uint_t port)
{
    ngx_http_rooms_redis_node_t  node;

    if (host.len == 0) {
        host = rooms_str(conn->link.node.host, conn->link.node.len);
    }

    if (ngx_http_rooms_redis_node(&node, host, port) != NGX_OK
        || conn->hops++ == NGX_HTTP_ROOMS_REDIS_HOPS)
    {
        ngx_http_rooms_redis_lost(conn, "sends from node to node");
        return;
    }

    ngx_http_rooms_redis_found(conn->conf->finder, &node);
}


ngx_int_t
ngx_http_rooms_redis_send(ngx_http_rooms_redis_conn_t *conn,
    const rooms_str_t *words, ngx_uint_t n,
    ngx_http_rooms_redis_reply_pt handler, void *data)
{
    ngx_http_rooms_redis_call_t  *call;

    if (!conn->is_up || (conn->subscriber && conn->moving)) {
        return NGX_ERROR;
    }

    if (conn->subscriber) {
        return ngx_http_rooms_redis_greet(conn, words, n, handler, data);
    }

    call = ngx_http_rooms_redis_call_create(conn, words, n);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->handler = handler;
    call->data = data;

    /* what is held goes first */

    if (conn->moving || conn->loading || !ngx_queue_empty(&conn->held)) {

        if (conn->held_size + call->len > NGX_HTTP_ROOMS_REDIS_HELD) {
            ngx_free(call);
            return NGX_ERROR;
        }

        conn->held_size += call->len;
        ngx_queue_insert_tail(&conn->held, &call->queue);
        return NGX_OK;
    }

    if (ngx_http_rooms_redis_link_write(&conn->link,
                                        &(rooms_str_t) { call->text,
                                                         call->len }, 0)
        != NGX_OK)
    {
        ngx_free(call);
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&conn->calls, &call->queue);

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_redis_greet(ngx_http_rooms_redis_conn_t *conn,
    const rooms_str_t *words, ngx_uint_t n,
    ngx_http_rooms_redis_reply_pt handler, void *data)
{
    ngx_http_rooms_redis_call_t  *call;

    call = NULL;

    /* what a subscriber gets is no reply, but for what is said first */

    if (!conn->subscriber || handler) {
        call = ngx_alloc(sizeof(ngx_http_rooms_redis_call_t),
                         ngx_cycle->log);
        if (call == NULL) {
            return NGX_ERROR;
        }

        call->handler = handler;
        call->data = data;
        call->sent = ngx_current_msec;
        call->len = 0;
    }

    if (ngx_http_rooms_redis_link_write(&conn->link, words, n) != NGX_OK) {

        if (call) {
            ngx_free(call);
        }

        return NGX_ERROR;
    }

    if (call) {
        ngx_queue_insert_tail(&conn->calls, &call->queue);
    }

    return NGX_OK;
}


/* A call that keeps its octets, for another node or another time. */

static ngx_http_rooms_redis_call_t *
ngx_http_rooms_redis_call_create(ngx_http_rooms_redis_conn_t *conn,
    const rooms_str_t *words, ngx_uint_t n)
{
    ngx_http_rooms_redis_call_t  *call;

    static rooms_buf_t  text;

    rooms_buf_reset(&text);
    ngx_http_rooms_redis_encode(&text, words, n);

    if (text.failed) {
        rooms_buf_free(&text);
        return NULL;
    }

    call = ngx_alloc(sizeof(ngx_http_rooms_redis_call_t) + text.len,
                     ngx_cycle->log);

    if (call) {
        call->sent = ngx_current_msec;
        call->len = text.len;
        ngx_memcpy(call->text, text.data, text.len);
    }

    if (text.cap > NGX_HTTP_ROOMS_REDIS_TEXT) {
        rooms_buf_free(&text);
    }

    return call;
}


void
ngx_http_rooms_redis_call(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call)
{
    rooms_str_t  text;

    text = rooms_str(call->text, call->len);

    if (ngx_http_rooms_redis_link_write(&conn->link, &text, 0) != NGX_OK) {
        ngx_http_rooms_redis_answer(call, NULL);
        return;
    }

    ngx_queue_insert_tail(&conn->calls, &call->queue);
}


static void
ngx_http_rooms_redis_reply(ngx_http_rooms_redis_link_t *link,
    redisReply *reply)
{
    ngx_queue_t                  *q;
    ngx_http_rooms_redis_call_t  *call;
    ngx_http_rooms_redis_conn_t  *conn;

    conn = link->data;

    if (ngx_queue_empty(&conn->calls)) {

        if (conn->subscriber) {
            conn->push(conn, reply);
        }

        return;
    }

    q = ngx_queue_head(&conn->calls);
    ngx_queue_remove(q);

    call = ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue);

    if (reply->type == REDIS_REPLY_ERROR && !conn->greeting) {

        if (ngx_http_rooms_redis_redirected(conn, call, reply)) {
            return;
        }

        if (call->len) {
            ngx_http_rooms_redis_error(conn, reply->str);
            reply = NULL;
        }
    }

    ngx_http_rooms_redis_answer(call, reply);
}


void
ngx_http_rooms_redis_answer(ngx_http_rooms_redis_call_t *call,
    redisReply *reply)
{
    if (call->handler) {
        call->handler(call->data, reply);
    }

    ngx_free(call);
}


void
ngx_http_rooms_redis_lost(ngx_http_rooms_redis_conn_t *conn, const char *why)
{
    if (ngx_http_rooms_redis_link_is_open(&conn->link)) {
        ngx_http_rooms_redis_link_fail(&conn->link, why);
    }
}


static void
ngx_http_rooms_redis_gone(ngx_http_rooms_redis_link_t *link, const char *why)
{
    ngx_http_rooms_redis_conn_t  *conn;

    conn = link->data;

    if (!conn->told && !conn->stopped) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "rooms: redis \"%V\" (%s) %s",
                      &conn->conf->url, conn->name, why);
        conn->told = 1;
    }

    if (conn->is_up
        && ngx_current_msec - conn->since >= NGX_HTTP_ROOMS_REDIS_STEADY)
    {
        conn->failures = 0;
    }

    conn->hops = 0;

    if (conn->parent) {
        ngx_http_rooms_redis_give_back(conn);

    } else {
        ngx_http_rooms_redis_unfound(conn->conf->finder, &link->node);

        ngx_add_timer(&conn->timer,
                      rooms_redis_backoff(conn->failures++,
                                          (unsigned) ngx_random()));
    }

    ngx_http_rooms_redis_down(conn);
}


/* What was not sent yet, or was not done, may still be done elsewhere. */

static void
ngx_http_rooms_redis_give_back(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_queue_t  *q, *lists[2];
    ngx_uint_t    i;

    lists[0] = &conn->forgotten;
    lists[1] = &conn->held;

    for (i = 0; i < 2; i++) {
        while (!ngx_queue_empty(lists[i])) {
            q = ngx_queue_head(lists[i]);
            ngx_queue_remove(q);

            ngx_http_rooms_redis_hold(conn->parent,
                     ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue));
        }
    }
}


void
ngx_http_rooms_redis_down(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_uint_t                    i, was;
    ngx_queue_t                  *q, calls, *lists[3];
    ngx_http_rooms_redis_call_t  *call;

    was = conn->is_up;

    conn->is_up = 0;
    conn->greeting = 0;
    conn->moving = 0;
    conn->loading = 0;

    if (conn->again.timer_set) {
        ngx_del_timer(&conn->again);
    }

    ngx_http_rooms_redis_ask_stop(conn);

    ngx_queue_init(&calls);

    lists[0] = &conn->forgotten;
    lists[1] = &conn->calls;
    lists[2] = &conn->held;

    for (i = 0; i < 3; i++) {
        while (!ngx_queue_empty(lists[i])) {
            q = ngx_queue_head(lists[i]);
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&calls, q);
        }
    }

    conn->held_size = 0;

    if (was && conn->down) {
        conn->down(conn);
    }

    while (!ngx_queue_empty(&calls)) {
        q = ngx_queue_head(&calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue);

        ngx_http_rooms_redis_answer(call, NULL);
    }
}
