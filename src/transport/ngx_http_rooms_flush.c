
/*
 * Copyright (C) nginx rooms contributors
 *
 * The flush at the end of a worker's turn: rooms, then sessions that have
 * something queued, then the memory that nobody uses any more.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_session.h>
#include <ngx_http_rooms_backlog.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_polling.h>
#include <ngx_http_rooms_workers.h>


#define NGX_HTTP_ROOMS_IOVS  64
#define NGX_HTTP_ROOMS_PACE  3         /* ms */
#define NGX_HTTP_ROOMS_STEPS  8        /* of a replay, in one turn */


typedef struct {
    ngx_queue_t    queue;
} ngx_http_rooms_grave_t;


static void ngx_http_rooms_session_flush(ngx_http_rooms_session_t *s);
static ngx_int_t ngx_http_rooms_session_write(ngx_http_rooms_session_t *s);
static ngx_int_t ngx_http_rooms_session_catch_up(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_session_over(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_session_paced(ngx_event_t *ev);


static ngx_queue_t  ngx_http_rooms_dirty_sessions = {
    &ngx_http_rooms_dirty_sessions, &ngx_http_rooms_dirty_sessions
};

static ngx_queue_t  ngx_http_rooms_graves = {
    &ngx_http_rooms_graves, &ngx_http_rooms_graves
};

static ngx_queue_t  ngx_http_rooms_held_sessions = {
    &ngx_http_rooms_held_sessions, &ngx_http_rooms_held_sessions
};

static ngx_event_t  ngx_http_rooms_flush_event;
static ngx_event_t  ngx_http_rooms_pace_event;


void
ngx_http_rooms_session_dirty(ngx_http_rooms_session_t *s)
{
    if (s->is_dirty) {
        return;
    }

    s->is_dirty = 1;
    ngx_queue_insert_tail(&ngx_http_rooms_dirty_sessions, &s->dirty);

    ngx_http_rooms_post_flush();
}


void
ngx_http_rooms_session_answer(ngx_http_rooms_session_t *s)
{
    if (!s->is_dirty || ngx_http_rooms_rooms_dirty()
        || ngx_http_rooms_file_behind(s->zone))
    {
        return;
    }

    ngx_queue_remove(&s->dirty);
    s->is_dirty = 0;

    ngx_http_rooms_session_flush(s);

    /* in most turns that was all */

    if (ngx_http_rooms_flush_event.posted
        && ngx_queue_empty(&ngx_http_rooms_dirty_sessions)
        && ngx_queue_empty(&ngx_http_rooms_graves)
        && !ngx_http_rooms_rooms_dirty() && !ngx_http_rooms_workers_called)
    {
        ngx_delete_posted_event(&ngx_http_rooms_flush_event);
    }
}


void
ngx_http_rooms_session_doom(ngx_http_rooms_session_t *s,
    ngx_http_rooms_close_e reason, ngx_uint_t ws_code)
{
    if (s->closed || s->doomed) {
        return;
    }

    s->doomed = 1;
    s->reason = reason;
    s->code = ws_code;

    ngx_http_rooms_session_dirty(s);
}


static ngx_inline size_t
ngx_http_rooms_session_queued(ngx_http_rooms_session_t *s)
{
    return s->out.size + (s->is_behind ? s->behind->size : 0);
}


static void
ngx_http_rooms_session_flush(ngx_http_rooms_session_t *s)
{
    if (s->doomed) {
        ngx_http_rooms_session_close(s, s->reason, s->code);
        return;
    }

    if (s->polling) {
        ngx_http_rooms_polling_flush(s);

    } else if (s->connection && !s->is_held) {

        if (ngx_http_rooms_session_write(s) == NGX_ERROR
            || (s->is_behind
                && ngx_http_rooms_session_catch_up(s) == NGX_ERROR))
        {
            ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT,
                                         0);
            return;
        }
    }

    if (ngx_http_rooms_session_queued(s) > s->conf->send_queue) {
        ngx_http_rooms_session_over(s);
    }
}


/* A client that reads as fast as it is written to lets others have turns. */

static ngx_int_t
ngx_http_rooms_session_catch_up(ngx_http_rooms_session_t *s)
{
    ngx_uint_t  n;

    for (n = 0; s->is_behind && s->out.first == NULL; n++) {

        if (n == NGX_HTTP_ROOMS_STEPS) {
            ngx_post_event(s->connection->write, &ngx_posted_next_events);
            return NGX_OK;
        }

        if (ngx_http_rooms_backlog_more(s) == NGX_ERROR
            || ngx_http_rooms_session_write(s) == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_rooms_session_over(ngx_http_rooms_session_t *s)
{
    ngx_log_t  *log;

    s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_QUEUE]++;

    log = s->connection ? s->connection->log : ngx_cycle->log;

    ngx_log_error(NGX_LOG_INFO, log, 0,
                  "rooms: \"%V\": client does not read, %uz octets are "
                  "queued, closing (rooms_send_queue)",
                  &s->zone->app->name, ngx_http_rooms_session_queued(s));

    ngx_http_rooms_queue_clear(&s->out);
    ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
}


static ngx_int_t
ngx_http_rooms_session_write(ngx_http_rooms_session_t *s)
{
    ssize_t            n;
    ngx_err_t          err;
    ngx_uint_t         niov;
    struct iovec       iov[NGX_HTTP_ROOMS_IOVS];
    ngx_connection_t  *c;

    c = s->connection;

    if (s->out.first) {
        ngx_http_rooms_file_settle(s->zone);
    }

    while (s->out.first && c->write->ready) {

        niov = ngx_http_rooms_queue_iovec(&s->out, iov, NGX_HTTP_ROOMS_IOVS);

        if (niov == 1 || c->ssl) {
            n = c->send(c, iov[0].iov_base, iov[0].iov_len);

            if (n == NGX_ERROR) {
                return NGX_ERROR;
            }

            if (n == NGX_AGAIN) {
                break;
            }

        } else {
            n = writev(c->fd, iov, (int) niov);

            if (n == -1) {
                err = ngx_socket_errno;

                if (err == NGX_EINTR) {
                    continue;
                }

                if (err != NGX_EAGAIN) {
                    c->write->error = 1;
                    (void) ngx_connection_error(c, err, "writev() failed");
                    return NGX_ERROR;
                }

                c->write->ready = 0;
                break;
            }

            c->sent += n;
        }

        s->zone->stat->out_bytes += n;
        ngx_http_rooms_queue_sent(&s->out, (size_t) n);
    }

    return ngx_handle_write_event(c->write, 0);
}


ngx_int_t
ngx_http_rooms_session_drain(ngx_http_rooms_session_t *s)
{
    if (ngx_http_rooms_session_write(s) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return s->out.first ? NGX_AGAIN : NGX_OK;
}


void
ngx_http_rooms_session_pace(ngx_http_rooms_session_t *s)
{
    ngx_event_t  *ev;

    static ngx_connection_t  dumb = { .fd = -1 };

    if (s->closed || s->doomed || s->connection == NULL || s->is_held) {
        return;
    }

    if (ngx_http_rooms_session_write(s) == NGX_ERROR) {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        return;
    }

    s->is_held = 1;
    s->connect_due = ngx_current_msec + NGX_HTTP_ROOMS_PACE;
    ngx_queue_insert_tail(&ngx_http_rooms_held_sessions, &s->connect);

    ev = &ngx_http_rooms_pace_event;

    if (!ev->timer_set) {
        ev->handler = ngx_http_rooms_session_paced;
        ev->data = &dumb;
        ev->log = ngx_cycle->log;
        ngx_add_timer(ev, NGX_HTTP_ROOMS_PACE);
    }
}


void
ngx_http_rooms_session_unpace(ngx_http_rooms_session_t *s)
{
    if (!s->is_held) {
        return;
    }

    s->is_held = 0;
    ngx_queue_remove(&s->connect);

    if (ngx_queue_empty(&ngx_http_rooms_held_sessions)
        && ngx_http_rooms_pace_event.timer_set)
    {
        ngx_del_timer(&ngx_http_rooms_pace_event);
    }
}


static void
ngx_http_rooms_session_paced(ngx_event_t *ev)
{
    ngx_queue_t               *q;
    ngx_msec_int_t             wait;
    ngx_http_rooms_session_t  *s;

    while (!ngx_queue_empty(&ngx_http_rooms_held_sessions)) {
        q = ngx_queue_head(&ngx_http_rooms_held_sessions);
        s = ngx_queue_data(q, ngx_http_rooms_session_t, connect);

        wait = (ngx_msec_int_t) (s->connect_due - ngx_current_msec);

        if (wait > 0) {
            ngx_add_timer(ev, (ngx_msec_t) wait);
            return;
        }

        ngx_queue_remove(q);
        s->is_held = 0;

        if (s->out.first || s->is_behind) {
            ngx_http_rooms_session_dirty(s);
        }
    }
}


void
ngx_http_rooms_free_later(void *p)
{
    ngx_http_rooms_grave_t  *grave;

    /* the memory itself holds the link: nobody looks at it but for flags
     * that are not at its beginning */

    grave = p;

    ngx_queue_insert_tail(&ngx_http_rooms_graves, &grave->queue);
    ngx_http_rooms_post_flush();
}


void
ngx_http_rooms_post_flush(void)
{
    ngx_event_t  *ev;

    ev = &ngx_http_rooms_flush_event;

    if (ev->handler == NULL) {
        ev->handler = ngx_http_rooms_flush;
        ev->log = ngx_cycle->log;
    }

    ngx_post_event(ev, &ngx_posted_events);
}


void
ngx_http_rooms_flush(ngx_event_t *ev)
{
    ngx_queue_t               *q;
    ngx_http_rooms_session_t  *s;

    /* the others can send at the same time */

    if (ngx_http_rooms_workers_called) {
        ngx_http_rooms_workers_call();
    }

    do {
        ngx_http_rooms_rooms_flush();

        while (!ngx_queue_empty(&ngx_http_rooms_dirty_sessions)) {
            q = ngx_queue_head(&ngx_http_rooms_dirty_sessions);
            s = ngx_queue_data(q, ngx_http_rooms_session_t, dirty);

            ngx_queue_remove(q);
            s->is_dirty = 0;

            ngx_http_rooms_session_flush(s);
        }

        /* a session that was closed may have made messages for others */

    } while (ngx_http_rooms_rooms_dirty());

    while (!ngx_queue_empty(&ngx_http_rooms_graves)) {
        q = ngx_queue_head(&ngx_http_rooms_graves);
        ngx_queue_remove(q);
        ngx_free(q);
    }
}
