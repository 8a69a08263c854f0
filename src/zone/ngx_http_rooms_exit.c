
/*
 * Copyright (C) nginx rooms contributors
 *
 * The end of a worker: its memory is given back, nobody is told.  A worker
 * that was asked to end in peace has closed its sessions before.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_given.h>
#include <ngx_http_rooms_polling.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_socket.h>
#include <ngx_http_rooms_workers.h>


static void ngx_http_rooms_exit_session(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_exit_exchange(ngx_http_rooms_exchange_t *x);


void
ngx_http_rooms_zone_close(ngx_http_rooms_zone_t *zone)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&zone->all)) {
        q = ngx_queue_head(&zone->all);
        ngx_http_rooms_exit_session(ngx_queue_data(q,
                                            ngx_http_rooms_session_t, link));
    }

    ngx_http_rooms_room_free_all(zone);

    while (!ngx_queue_empty(&zone->directed)) {
        q = ngx_queue_head(&zone->directed);
        ngx_queue_remove(q);
        ngx_free(q);
    }

    ngx_http_rooms_given_free(zone);

    rooms_table_free(&zone->rooms);
    rooms_table_free(&zone->sessions);
    rooms_table_free(&zone->sockets);

    rooms_buf_free(&zone->entry);

    ngx_http_rooms_flush(NULL);
}


static void
ngx_http_rooms_exit_session(ngx_http_rooms_session_t *s)
{
    ngx_queue_t  *q;

    s->closed = 1;

    ngx_http_rooms_beat_stop(s);
    ngx_http_rooms_beat_connected(s);

    if (s->poll) {

        if (s->poll->upgrade.timer_set) {
            ngx_del_timer(&s->poll->upgrade);
        }

        ngx_http_rooms_exit_exchange(s->poll->get);
        ngx_http_rooms_exit_exchange(s->poll->post);
    }

    while (!ngx_queue_empty(&s->sockets)) {
        q = ngx_queue_head(&s->sockets);
        ngx_http_rooms_socket_destroy(ngx_queue_data(q,
                                           ngx_http_rooms_socket_t, queue));
    }

    ngx_http_rooms_session_end(s);
}


static void
ngx_http_rooms_exit_exchange(ngx_http_rooms_exchange_t *x)
{
    if (x == NULL) {
        return;
    }

    if (x->cleanup) {
        x->cleanup->handler = NULL;
    }

    ngx_free(x);
}
