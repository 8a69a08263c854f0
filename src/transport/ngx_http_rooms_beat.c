
/*
 * Copyright (C) nginx rooms contributors
 *
 * Heartbeats.  All sessions of a location wait equally long for their next
 * ping, and equally long for the pong, so each of the two is a queue in the
 * order of time with one timer, not a timer for each session.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_session.h>


static void ngx_http_rooms_beat_add(ngx_http_rooms_session_t *s,
    ngx_http_rooms_beating_e what);
static ngx_http_rooms_beat_t *ngx_http_rooms_beat_of(
    ngx_http_rooms_session_t *s);
static void ngx_http_rooms_beat_schedule(ngx_http_rooms_beat_t *beat);
static void ngx_http_rooms_beat_ping_handler(ngx_event_t *ev);
static void ngx_http_rooms_beat_pong_handler(ngx_event_t *ev);
static void ngx_http_rooms_beat_connect_handler(ngx_event_t *ev);
static ngx_http_rooms_session_t *ngx_http_rooms_beat_due(
    ngx_http_rooms_beat_t *beat);


/*
 * Timers are as coarse as a small part of what clients wait for, within these
 * bounds, so that neighbours share a wake-up.
 */

#define NGX_HTTP_ROOMS_BEAT_FINE    10       /* ms */
#define NGX_HTTP_ROOMS_BEAT_COARSE  100
#define NGX_HTTP_ROOMS_BEAT_PART    64


void
ngx_http_rooms_beat_init(ngx_http_rooms_loc_conf_t *conf, ngx_log_t *log)
{
    ngx_msec_t  grain;

    grain = ngx_min(conf->ping_interval, conf->ping_timeout)
            / NGX_HTTP_ROOMS_BEAT_PART;
    grain = ngx_max(grain, NGX_HTTP_ROOMS_BEAT_FINE);
    grain = ngx_min(grain, NGX_HTTP_ROOMS_BEAT_COARSE);

    ngx_http_rooms_beat_queue(&conf->ping, conf->ping_interval,
                              ngx_http_rooms_beat_ping_handler, conf, log);
    conf->ping.grain = grain;

    ngx_http_rooms_beat_queue(&conf->pong, conf->ping_timeout,
                              ngx_http_rooms_beat_pong_handler, conf, log);
    conf->pong.grain = grain;

    ngx_http_rooms_beat_queue(&conf->connect, conf->connect_timeout,
                              ngx_http_rooms_beat_connect_handler, conf, log);
}


void
ngx_http_rooms_beat_queue(ngx_http_rooms_beat_t *beat, ngx_msec_t delay,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log)
{
    ngx_memzero(beat, sizeof(ngx_http_rooms_beat_t));

    ngx_queue_init(&beat->queue);
    beat->delay = delay;

    beat->event.handler = handler;
    beat->event.data = data;
    beat->event.log = log;
}


void
ngx_http_rooms_beat_ping(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_beat_stop(s);
    ngx_http_rooms_beat_add(s, NGX_HTTP_ROOMS_BEATING_PING);
}


void
ngx_http_rooms_beat_pong(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_beat_stop(s);
    s->extended = 0;
    ngx_http_rooms_beat_add(s, NGX_HTTP_ROOMS_BEATING_PONG);
}


ngx_uint_t
ngx_http_rooms_beat_late(ngx_http_rooms_session_t *s)
{
    return s->beating == NGX_HTTP_ROOMS_BEATING_PONG
           && (ngx_msec_int_t) (s->due - ngx_current_msec) <= 0;
}


void
ngx_http_rooms_beat_extend(ngx_http_rooms_session_t *s)
{
    if (s->beating != NGX_HTTP_ROOMS_BEATING_PONG || s->extended) {
        return;
    }

    ngx_http_rooms_beat_stop(s);
    s->extended = 1;
    ngx_http_rooms_beat_add(s, NGX_HTTP_ROOMS_BEATING_PONG);
}


void
ngx_http_rooms_beat_stop(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_beat_t  *beat;

    if (s->beating == NGX_HTTP_ROOMS_BEATING_NOT) {
        return;
    }

    beat = ngx_http_rooms_beat_of(s);

    ngx_queue_remove(&s->beat);
    beat->count--;
    s->beating = NGX_HTTP_ROOMS_BEATING_NOT;

    if (beat->count == 0 && beat->event.timer_set) {
        ngx_del_timer(&beat->event);
    }
}


uint32_t
ngx_http_rooms_beat_left(ngx_http_rooms_session_t *s)
{
    ngx_msec_int_t  left;

    if (s->beating != NGX_HTTP_ROOMS_BEATING_PING) {
        return (uint32_t) s->conf->ping_interval;
    }

    left = (ngx_msec_int_t) (s->due - ngx_current_msec);

    return (uint32_t) ngx_max(left, 0);
}


void
ngx_http_rooms_beat_resume(ngx_http_rooms_session_t *s, uint32_t left)
{
    ngx_queue_t               *q;
    ngx_http_rooms_beat_t     *beat;
    ngx_http_rooms_session_t  *before;

    beat = &s->conf->ping;

    s->due = ngx_current_msec + ngx_min(left, beat->delay);
    s->beating = NGX_HTTP_ROOMS_BEATING_PING;

    /* those that began their interval since then are few */

    for (q = ngx_queue_last(&beat->queue);
         q != ngx_queue_sentinel(&beat->queue);
         q = ngx_queue_prev(q))
    {
        before = ngx_queue_data(q, ngx_http_rooms_session_t, beat);

        if ((ngx_msec_int_t) (s->due - before->due) >= 0) {
            break;
        }
    }

    ngx_queue_insert_after(q, &s->beat);
    beat->count++;

    if (ngx_queue_head(&beat->queue) == &s->beat) {
        ngx_http_rooms_beat_schedule(beat);
    }
}


static ngx_http_rooms_beat_t *
ngx_http_rooms_beat_of(ngx_http_rooms_session_t *s)
{
    return s->beating == NGX_HTTP_ROOMS_BEATING_PING ? &s->conf->ping
                                                     : &s->conf->pong;
}


static void
ngx_http_rooms_beat_add(ngx_http_rooms_session_t *s,
    ngx_http_rooms_beating_e what)
{
    ngx_http_rooms_beat_t  *beat;

    s->beating = what;
    beat = ngx_http_rooms_beat_of(s);

    s->due = ngx_current_msec + beat->delay;

    ngx_queue_insert_tail(&beat->queue, &s->beat);
    beat->count++;

    if (!beat->event.timer_set) {
        ngx_http_rooms_beat_schedule(beat);
    }
}


static void
ngx_http_rooms_beat_schedule(ngx_http_rooms_beat_t *beat)
{
    ngx_msec_int_t             wait;
    ngx_http_rooms_session_t  *s;

    if (ngx_queue_empty(&beat->queue)) {
        return;
    }

    s = ngx_queue_data(ngx_queue_head(&beat->queue),
                       ngx_http_rooms_session_t, beat);

    wait = (ngx_msec_int_t) (s->due - ngx_current_msec);

    ngx_add_timer(&beat->event,
                  ngx_max((ngx_msec_t) ngx_max(wait, 0), beat->grain));
}


static ngx_http_rooms_session_t *
ngx_http_rooms_beat_due(ngx_http_rooms_beat_t *beat)
{
    ngx_http_rooms_session_t  *s;

    if (ngx_queue_empty(&beat->queue)) {
        return NULL;
    }

    s = ngx_queue_data(ngx_queue_head(&beat->queue),
                       ngx_http_rooms_session_t, beat);

    if ((ngx_msec_int_t) (s->due - ngx_current_msec) > 0) {
        return NULL;
    }

    return s;
}


static void
ngx_http_rooms_beat_ping_handler(ngx_event_t *ev)
{
    ngx_msec_t                  late;
    ngx_http_rooms_session_t   *s;
    ngx_http_rooms_loc_conf_t  *conf;

    conf = ev->data;

    while ((s = ngx_http_rooms_beat_due(&conf->ping)) != NULL) {
        late = ngx_current_msec - s->due;

        ngx_http_rooms_beat_pong(s);

        /* the client's clock began with the ping's time, not with ours */

        s->due -= ngx_min(late, conf->ping.grain);

        ngx_http_rooms_session_ping(s);
    }

    if (!ev->timer_set) {
        ngx_http_rooms_beat_schedule(&conf->ping);
    }
}


static void
ngx_http_rooms_beat_pong_handler(ngx_event_t *ev)
{
    ngx_http_rooms_session_t   *s;
    ngx_http_rooms_loc_conf_t  *conf;

    conf = ev->data;

    while ((s = ngx_http_rooms_beat_due(&conf->pong)) != NULL) {

        if (s->closed) {

            /* the client did not come for the rest */

            ngx_http_rooms_beat_stop(s);
            ngx_http_rooms_session_end(s);
            continue;
        }

        s->zone->stat->timeouts++;
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PING, 0);
    }

    if (!ev->timer_set) {
        ngx_http_rooms_beat_schedule(&conf->pong);
    }
}


void
ngx_http_rooms_beat_connect(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_beat_t  *beat;

    beat = &s->conf->connect;

    s->connecting = 1;
    s->connect_due = ngx_current_msec + beat->delay;
    ngx_queue_insert_tail(&beat->queue, &s->connect);
    beat->count++;

    if (!beat->event.timer_set) {
        ngx_add_timer(&beat->event, beat->delay);
    }
}


void
ngx_http_rooms_beat_connected(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_beat_t  *beat;

    if (!s->connecting) {
        return;
    }

    beat = &s->conf->connect;

    s->connecting = 0;
    ngx_queue_remove(&s->connect);
    beat->count--;

    if (ngx_queue_empty(&beat->queue) && beat->event.timer_set) {
        ngx_del_timer(&beat->event);
    }
}


static void
ngx_http_rooms_beat_connect_handler(ngx_event_t *ev)
{
    ngx_queue_t                *q;
    ngx_msec_int_t              wait;
    ngx_http_rooms_session_t   *s;
    ngx_http_rooms_loc_conf_t  *conf;

    conf = ev->data;

    while (!ngx_queue_empty(&conf->connect.queue)) {
        q = ngx_queue_head(&conf->connect.queue);
        s = ngx_queue_data(q, ngx_http_rooms_session_t, connect);

        wait = (ngx_msec_int_t) (s->connect_due - ngx_current_msec);

        if (wait > 0) {
            ngx_add_timer(ev, (ngx_msec_t) wait);
            return;
        }

        s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_HANDSHAKE]++;
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PROTOCOL, 0);
    }
}
