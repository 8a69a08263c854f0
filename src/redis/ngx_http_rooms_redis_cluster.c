
/*
 * Copyright (C) nginx rooms contributors
 *
 * A cluster whose slots move: calls that were sent to the wrong node are kept
 * and sent again, to another or a little later.
 */


#include <ngx_http_rooms_redis_finder.h>

#include <rooms_redis_redirect.h>


#define NGX_HTTP_ROOMS_REDIS_AGAIN  20       /* ms */


static void ngx_http_rooms_redis_ask(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call, rooms_str_t host, ngx_uint_t port);
static void ngx_http_rooms_redis_asking(ngx_http_rooms_redis_conn_t *ask,
    ngx_http_rooms_redis_call_t *call);


ngx_uint_t
ngx_http_rooms_redis_redirected(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call, redisReply *reply)
{
    rooms_redis_redirect_t  r;

    rooms_redis_redirect(rooms_str(reply->str, reply->len), &r);

    if (r.kind == ROOMS_REDIS_FAILED) {
        return 0;
    }

    if (r.kind == ROOMS_REDIS_NOSCRIPT && call->len) {
        ngx_http_rooms_redis_forgotten(conn, call);
        return 1;
    }

    if (r.kind == ROOMS_REDIS_AWAY || call->len == 0) {
        ngx_http_rooms_redis_lost(conn, "does not serve any more");
        return 0;
    }

    /* who was asked for another has no say about where to go */

    if (conn->parent) {
        ngx_http_rooms_redis_hold(conn->parent, call);
        return 1;
    }

    switch (r.kind) {

    case ROOMS_REDIS_ASK:
        ngx_http_rooms_redis_ask(conn, call, r.host, r.port);
        break;

    case ROOMS_REDIS_MOVED:
        ngx_http_rooms_redis_hold(conn, call);

        if (!conn->moving) {
            ngx_http_rooms_redis_moved(conn, r.host, r.port);
        }

        break;

    default:
        ngx_http_rooms_redis_hold(conn, call);
    }

    return 1;
}


void
ngx_http_rooms_redis_hold(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call)
{
    conn->held_size += call->len;
    ngx_queue_insert_tail(&conn->held, &call->queue);

    if (!conn->again.timer_set) {
        ngx_add_timer(&conn->again, NGX_HTTP_ROOMS_REDIS_AGAIN);
    }
}


void
ngx_http_rooms_redis_unhold(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_queue_t                  *q, calls;
    ngx_http_rooms_redis_call_t  *call;

    /* and so when the scripts are there */

    if (conn->loading) {
        return;
    }

    ngx_queue_init(&calls);

    while (!ngx_queue_empty(&conn->held)) {
        q = ngx_queue_head(&conn->held);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&calls, q);
    }

    conn->held_size = 0;

    while (!ngx_queue_empty(&calls)) {
        q = ngx_queue_head(&calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_http_rooms_redis_call_t, queue);

        if (conn->parent) {
            ngx_http_rooms_redis_asking(conn, call);

        } else {
            ngx_http_rooms_redis_call(conn, call);
        }
    }
}


static void
ngx_http_rooms_redis_ask(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call, rooms_str_t host, ngx_uint_t port)
{
    ngx_http_rooms_redis_conn_t  *ask;
    ngx_http_rooms_redis_node_t   node;

    ask = conn->ask;

    if (host.len == 0) {
        host = rooms_str(conn->link.node.host, conn->link.node.len);
    }

    if (ngx_http_rooms_redis_node(&node, host, port) != NGX_OK) {
        ngx_http_rooms_redis_hold(conn, call);
        return;
    }

    if (ask == NULL) {
        ask = ngx_calloc(sizeof(ngx_http_rooms_redis_conn_t), ngx_cycle->log);

        if (ask == NULL) {
            ngx_http_rooms_redis_hold(conn, call);
            return;
        }

        ask->conf = conn->conf;
        ask->name = "commands, asking";
        ask->parent = conn;

        conn->ask = ask;

        ngx_http_rooms_redis_start(ask);
    }

    if (ngx_http_rooms_redis_link_is_open(&ask->link)
        && !ngx_http_rooms_redis_node_is(&ask->link.node, &node))
    {
        /* a slot has one node to move to: what is still asked is old */

        ngx_http_rooms_redis_hold(conn, call);
        ngx_http_rooms_redis_lost(ask, "is another now");
        return;
    }

    if (ask->is_up) {
        ngx_http_rooms_redis_asking(ask, call);
        return;
    }

    ngx_queue_insert_tail(&ask->held, &call->queue);

    if (!ngx_http_rooms_redis_link_is_open(&ask->link)) {
        ngx_http_rooms_redis_conn_open(ask, &node);
    }
}


static void
ngx_http_rooms_redis_asking(ngx_http_rooms_redis_conn_t *ask,
    ngx_http_rooms_redis_call_t *call)
{
    rooms_str_t  word;

    word = rooms_str("ASKING", 6);

    if (ngx_http_rooms_redis_greet(ask, &word, 1, NULL, NULL) != NGX_OK) {
        ngx_http_rooms_redis_answer(call, NULL);
        return;
    }

    ngx_http_rooms_redis_call(ask, call);
}


void
ngx_http_rooms_redis_ask_stop(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_queue_t                  *q;
    ngx_http_rooms_redis_conn_t  *ask;

    ask = conn->ask;

    if (ask == NULL) {
        return;
    }

    conn->ask = NULL;

    /* they are told, or forgotten, with those of the connection itself */

    while (!ngx_queue_empty(&ask->calls)) {
        q = ngx_queue_head(&ask->calls);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&conn->calls, q);
    }

    while (!ngx_queue_empty(&ask->forgotten)) {
        q = ngx_queue_head(&ask->forgotten);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&conn->calls, q);
    }

    while (!ngx_queue_empty(&ask->held)) {
        q = ngx_queue_head(&ask->held);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&conn->calls, q);
    }

    ngx_http_rooms_redis_stop(ask);
    ngx_free(ask);
}
