
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the streams of rooms have gathered, and when it is sent: with the turn
 * that brought it, or within the time of rooms_coalesce, so that members of a
 * busy room are written to once in that time and not in each turn.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_prefetch.h>
#include <ngx_http_rooms_publish.h>
#include <ngx_http_rooms_socket.h>


/* what waits at most: octets of a stream, streams of a location */

#define NGX_HTTP_ROOMS_HOLD_OCTETS   16384
#define NGX_HTTP_ROOMS_HOLD_STREAMS  4096


static void ngx_http_rooms_stream_due(ngx_http_rooms_stream_t *stream);
static void ngx_http_rooms_stream_hold(ngx_http_rooms_stream_t *stream);
static void ngx_http_rooms_hold_handler(ngx_event_t *ev);
static void ngx_http_rooms_hold_first(ngx_http_rooms_beat_t *hold);
static void ngx_http_rooms_rooms_prefetch(ngx_queue_t *q);
static void ngx_http_rooms_rooms_warm(void);
static void ngx_http_rooms_stream_flush(ngx_http_rooms_stream_t *stream);


static ngx_queue_t  ngx_http_rooms_dirty_streams = {
    &ngx_http_rooms_dirty_streams, &ngx_http_rooms_dirty_streams
};

/* The stream that is flushed next, and how far it has been fetched. */

static ngx_http_rooms_stream_t  *ngx_http_rooms_warm;
static ngx_uint_t                ngx_http_rooms_warm_steps;

ngx_uint_t                       ngx_http_rooms_gathered;


void
ngx_http_rooms_gather(ngx_http_rooms_stream_t *stream)
{
    if (stream->is_dirty) {
        return;
    }

    if (stream->hold && stream->chunk->len < NGX_HTTP_ROOMS_HOLD_OCTETS) {
        ngx_http_rooms_stream_hold(stream);
        return;
    }

    ngx_http_rooms_stream_due(stream);
}


void
ngx_http_rooms_ungather(ngx_http_rooms_stream_t *stream)
{
    if (!stream->is_dirty && !stream->is_held) {
        return;
    }

    ngx_queue_remove(&stream->dirty);
    ngx_http_rooms_gathered--;

    if (stream->is_held) {
        stream->is_held = 0;
        stream->hold->count--;
    }

    stream->is_dirty = 0;
}


static void
ngx_http_rooms_stream_due(ngx_http_rooms_stream_t *stream)
{
    ngx_http_rooms_ungather(stream);

    stream->is_dirty = 1;
    ngx_http_rooms_gathered++;
    ngx_queue_insert_tail(&ngx_http_rooms_dirty_streams, &stream->dirty);

    ngx_http_rooms_post_flush();
}


static void
ngx_http_rooms_stream_hold(ngx_http_rooms_stream_t *stream)
{
    ngx_http_rooms_beat_t  *hold;

    if (stream->is_held) {
        return;
    }

    hold = stream->hold;

    if (hold->count == NGX_HTTP_ROOMS_HOLD_STREAMS) {
        ngx_http_rooms_hold_first(hold);
    }

    stream->is_held = 1;
    stream->due = ngx_current_msec + hold->delay;
    hold->count++;
    ngx_http_rooms_gathered++;
    ngx_queue_insert_tail(&hold->queue, &stream->dirty);

    if (!hold->event.timer_set) {
        ngx_add_timer(&hold->event, hold->delay);
    }
}


/* The one that has waited longest. */

static void
ngx_http_rooms_hold_first(ngx_http_rooms_beat_t *hold)
{
    ngx_http_rooms_stream_due(ngx_queue_data(ngx_queue_head(&hold->queue),
                                             ngx_http_rooms_stream_t, dirty));
}


/* The timer may have been set for one that did not wait to the end. */

static void
ngx_http_rooms_hold_handler(ngx_event_t *ev)
{
    ngx_msec_int_t            wait;
    ngx_http_rooms_beat_t    *hold;
    ngx_http_rooms_stream_t  *stream;

    hold = ev->data;

    while (hold->count) {
        stream = ngx_queue_data(ngx_queue_head(&hold->queue),
                                ngx_http_rooms_stream_t, dirty);

        wait = (ngx_msec_int_t) (stream->due - ngx_current_msec);

        if (wait > 0) {
            ngx_add_timer(ev, (ngx_msec_t) wait);
            return;
        }

        ngx_http_rooms_stream_due(stream);
    }
}


void
ngx_http_rooms_hold_init(ngx_http_rooms_loc_conf_t *conf, ngx_log_t *log)
{
    ngx_http_rooms_beat_queue(&conf->hold, conf->coalesce,
                              ngx_http_rooms_hold_handler, &conf->hold, log);
}


void
ngx_http_rooms_hold_end(ngx_http_rooms_loc_conf_t *conf)
{
    if (conf->hold.count == 0) {
        return;
    }

    while (conf->hold.count) {
        ngx_http_rooms_hold_first(&conf->hold);
    }

    ngx_http_rooms_flush(NULL);
}


ngx_uint_t
ngx_http_rooms_rooms_dirty(void)
{
    return !ngx_queue_empty(&ngx_http_rooms_dirty_streams);
}


void
ngx_http_rooms_rooms_flush(void)
{
    ngx_queue_t              *q;
    ngx_http_rooms_stream_t  *stream;

    while (!ngx_queue_empty(&ngx_http_rooms_dirty_streams)) {

        q = ngx_queue_head(&ngx_http_rooms_dirty_streams);
        stream = ngx_queue_data(q, ngx_http_rooms_stream_t, dirty);

        ngx_http_rooms_rooms_prefetch(ngx_queue_next(q));

        ngx_http_rooms_ungather(stream);

        ngx_http_rooms_file_settle(stream->room->zone);
        ngx_http_rooms_stream_flush(stream);
    }
}


/* The streams that are next: their rooms, and the members' places. */

static void
ngx_http_rooms_rooms_prefetch(ngx_queue_t *q)
{
    ngx_http_rooms_stream_t  *stream;

    if (q == ngx_queue_sentinel(&ngx_http_rooms_dirty_streams)) {
        return;
    }

    stream = ngx_queue_data(q, ngx_http_rooms_stream_t, dirty);
    ngx_http_rooms_prefetch(stream->members);
    ngx_http_rooms_prefetch(stream->chunk);
    ngx_http_rooms_prefetch(&stream->room->zone);

    q = ngx_queue_next(q);

    if (q == ngx_queue_sentinel(&ngx_http_rooms_dirty_streams)) {
        return;
    }

    stream = ngx_queue_data(q, ngx_http_rooms_stream_t, dirty);
    ngx_http_rooms_prefetch(stream);
    ngx_http_rooms_prefetch(&stream->members);
    ngx_http_rooms_prefetch(ngx_queue_next(q));
}


/* A step for the stream that is flushed next. */

static void
ngx_http_rooms_rooms_warm(void)
{
    ngx_queue_t              *q;
    ngx_http_rooms_stream_t  *stream;

    q = ngx_queue_head(&ngx_http_rooms_dirty_streams);

    if (q == ngx_queue_sentinel(&ngx_http_rooms_dirty_streams)) {
        return;
    }

    stream = ngx_queue_data(q, ngx_http_rooms_stream_t, dirty);

    if (ngx_http_rooms_warm != stream) {
        ngx_http_rooms_warm = stream;
        ngx_http_rooms_warm_steps = 0;
    }

    if (ngx_http_rooms_warm_steps < NGX_HTTP_ROOMS_WARM_STEPS) {
        ngx_http_rooms_stream_warm(stream, ngx_http_rooms_warm_steps++);
    }
}


static void
ngx_http_rooms_stream_flush(ngx_http_rooms_stream_t *stream)
{
    ngx_uint_t                i;
    ngx_http_rooms_chunk_t   *chunk;
    ngx_http_rooms_member_t  *member;

    chunk = stream->chunk;

    if (chunk == NULL) {
        return;
    }

    ngx_http_rooms_stream_warm_from(stream,
                                    (ngx_http_rooms_warm == stream)
                                    ? ngx_http_rooms_warm_steps : 0);
    ngx_http_rooms_warm = NULL;

    for (i = 0; i < stream->n; i++) {
        member = stream->members[i];

        if (i + NGX_HTTP_ROOMS_AHEAD < stream->n) {
            ngx_http_rooms_stream_prefetch(&stream->members[i]);

        } else {
            ngx_http_rooms_rooms_warm();
        }

        if (member->pos < chunk->len) {
            ngx_http_rooms_session_send(member->socket->session, chunk,
                                        member->pos, chunk->len);
        }

        member->pos = 0;
    }

    stream->chunk = NULL;
    ngx_http_rooms_chunk_release(chunk);
}
