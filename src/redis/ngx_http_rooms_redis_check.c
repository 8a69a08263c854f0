
/*
 * Copyright (C) nginx rooms contributors
 *
 * What time does to a connection: it is made, made again, and looked after.
 */


#include <ngx_http_rooms_redis_conn.h>


static void ngx_http_rooms_redis_again_handler(ngx_event_t *ev);
static void ngx_http_rooms_redis_timer_handler(ngx_event_t *ev);
static void ngx_http_rooms_redis_check(ngx_http_rooms_redis_conn_t *conn);
static ngx_msec_t ngx_http_rooms_redis_waited(ngx_queue_t *calls);


static ngx_connection_t  ngx_http_rooms_redis_dumb = { .fd = -1 };


void
ngx_http_rooms_redis_timers_init(ngx_http_rooms_redis_conn_t *conn)
{
    conn->timer.handler = ngx_http_rooms_redis_timer_handler;
    conn->timer.data = &ngx_http_rooms_redis_dumb;
    conn->timer.log = ngx_cycle->log;
    conn->timer.cancelable = 1;

    conn->again.handler = ngx_http_rooms_redis_again_handler;
    conn->again.data = &ngx_http_rooms_redis_dumb;
    conn->again.log = ngx_cycle->log;
    conn->again.cancelable = 1;
}


/* To another node, or what is held is due. */

static void
ngx_http_rooms_redis_again_handler(ngx_event_t *ev)
{
    ngx_http_rooms_redis_conn_t  *conn;

    conn = (ngx_http_rooms_redis_conn_t *)
               ((u_char *) ev - offsetof(ngx_http_rooms_redis_conn_t, again));

    if (!conn->moving) {
        ngx_http_rooms_redis_unhold(conn);
        return;
    }

    /* what was asked in a cluster is answered, or said to be elsewhere */

    if (conn->is_up && conn->cluster && !conn->subscriber
        && !conn->greeting && !ngx_queue_empty(&conn->calls))
    {
        ngx_add_timer(ev, 1);
        return;
    }

    ngx_http_rooms_redis_link_close(&conn->link);

    if (conn->subscriber || !conn->cluster
        || !ngx_queue_empty(&conn->calls))
    {
        ngx_http_rooms_redis_down(conn);
    }

    ngx_http_rooms_redis_connect(conn);
}


static void
ngx_http_rooms_redis_timer_handler(ngx_event_t *ev)
{
    ngx_http_rooms_redis_conn_t  *conn;

    conn = (ngx_http_rooms_redis_conn_t *)
               ((u_char *) ev - offsetof(ngx_http_rooms_redis_conn_t, timer));

    if (ngx_http_rooms_redis_link_is_open(&conn->link)) {
        ngx_http_rooms_redis_check(conn);
        return;
    }

    if (conn->parent == NULL) {
        ngx_http_rooms_redis_connect(conn);
    }
}


/*
 * A reply that does not come within the timeout, or, for a subscriber,
 * nothing at all although it asks for an answer all the time.
 */

static void
ngx_http_rooms_redis_check(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_msec_t   timeout, waited;
    rooms_str_t  word;

    timeout = conn->conf->timeout;

    if (conn->greeting) {
        waited = ngx_current_msec - conn->since;

    } else if (conn->subscriber) {
        waited = ngx_current_msec - conn->link.heard;

        word = rooms_str("PING", 4);
        (void) ngx_http_rooms_redis_send(conn, &word, 1, NULL, NULL);

    } else {
        waited = ngx_max(ngx_http_rooms_redis_waited(&conn->calls),
                         ngx_http_rooms_redis_waited(&conn->held));
    }

    if (waited >= timeout) {
        ngx_http_rooms_redis_lost(conn, "does not answer");
        return;
    }

    if (conn->parent && conn->is_up && waited == 0
        && ngx_current_msec - conn->link.heard >= timeout)
    {
        /* the slot has moved, nobody asks any more */

        ngx_http_rooms_redis_link_close(&conn->link);
        ngx_http_rooms_redis_down(conn);
        return;
    }

    ngx_add_timer(&conn->timer, ngx_max(timeout / 4, 10));
}


/* How long the first of them has. */

static ngx_msec_t
ngx_http_rooms_redis_waited(ngx_queue_t *calls)
{
    ngx_http_rooms_redis_call_t  *call;

    if (ngx_queue_empty(calls)) {
        return 0;
    }

    call = ngx_queue_data(ngx_queue_head(calls), ngx_http_rooms_redis_call_t,
                          queue);

    return ngx_current_msec - call->sent;
}
