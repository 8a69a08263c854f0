
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_polling.h>
#include <ngx_http_rooms_backlog.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_remote.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_room.h>


/* how long a request may wait while a WebSocket is probed, ms */

#define NGX_HTTP_ROOMS_NOOP  100

/* how long an upgrade is on its way to the owner at most, ms */

#define NGX_HTTP_ROOMS_WAY   20


static void ngx_http_rooms_polling_packets(ngx_http_rooms_session_t *s,
    const char *more);
static void ngx_http_rooms_polling_cut(ngx_http_rooms_session_t *s,
    rooms_buf_t *b);
static ngx_uint_t ngx_http_rooms_polling_late(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_polling_refuse(ngx_http_rooms_session_t *s,
    ngx_uint_t code);
static void ngx_http_rooms_polling_noop(ngx_event_t *ev);
static ngx_uint_t ngx_http_rooms_polling_overtook(
    ngx_http_rooms_session_t *s);
static void ngx_http_rooms_polling_error(ngx_http_rooms_exchange_t *x,
    ngx_uint_t code);


static void
ngx_http_rooms_polling_error(ngx_http_rooms_exchange_t *x, ngx_uint_t code)
{
    ngx_uint_t  why;

    why = (code == NGX_HTTP_ROOMS_ERROR_SESSION)
          ? NGX_HTTP_ROOMS_REFUSED_SESSION : NGX_HTTP_ROOMS_REFUSED_HANDSHAKE;

    x->zone->stat->refused[why]++;

    ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR, code,
                                   rooms_str(NULL, 0));
}


/* The timer of the heartbeat may not have had its turn yet. */

static ngx_uint_t
ngx_http_rooms_polling_late(ngx_http_rooms_session_t *s)
{
    if (!ngx_http_rooms_beat_late(s)) {
        return 0;
    }

    s->zone->stat->timeouts++;
    ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_PING, 0);

    return 1;
}


void
ngx_http_rooms_polling_get(ngx_http_rooms_session_t *s,
    ngx_http_rooms_exchange_t *x)
{
    if (!s->polling || s->poll->stopped) {
        ngx_http_rooms_polling_error(x, NGX_HTTP_ROOMS_ERROR_REQUEST);
        return;
    }

    if (s->closed) {

        /* what was left for this request, and for the next the end */

        s->poll->get = x;
        x->session = s;

        if (s->out.first) {
            ngx_http_rooms_polling_packets(s, NULL);
            return;
        }

        ngx_http_rooms_polling_packets(s, "6\x1e" "1");

        ngx_http_rooms_beat_stop(s);
        ngx_http_rooms_session_end(s);
        return;
    }

    if (ngx_http_rooms_polling_late(s)) {
        ngx_http_rooms_polling_error(x, NGX_HTTP_ROOMS_ERROR_SESSION);
        return;
    }

    if (s->poll->get) {
        ngx_http_rooms_polling_error(x, NGX_HTTP_ROOMS_ERROR_REQUEST);
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        return;
    }

    s->poll->get = x;
    x->session = s;
    x->since = ngx_current_msec;

    ngx_http_rooms_polling_flush(s);
}


void
ngx_http_rooms_polling_flush(ngx_http_rooms_session_t *s)
{
    if (s->poll->get == NULL) {
        return;
    }

    ngx_http_rooms_room_take(s, NULL);

    if (s->out.first == NULL && s->is_behind
        && ngx_http_rooms_backlog_more(s) == NGX_ERROR)
    {
        return;
    }

    if (s->out.first) {
        ngx_http_rooms_file_settle(s->zone);
        ngx_http_rooms_polling_packets(s, NULL);
    }
}


/* Answers the waiting GET with what is queued, and with more packets. */

static void
ngx_http_rooms_polling_packets(ngx_http_rooms_session_t *s, const char *more)
{
    rooms_buf_t            b;
    ngx_http_rooms_ref_t  *ref;

    rooms_buf_init(&b, 0);

    for (ref = s->out.first; ref; ref = ref->next) {
        rooms_buf_append(&b, ref->chunk->data + ref->pos,
                         ref->end - ref->pos);
    }

    if (more) {
        rooms_buf_append(&b, more, ngx_strlen(more));

    } else if (b.len) {

        /* each packet has a separator behind it */

        b.len--;
    }

    ngx_http_rooms_queue_clear(&s->out);

    if (s->poll->get->request == NULL) {
        ngx_http_rooms_polling_cut(s, &b);
    }

    if (b.failed) {
        rooms_buf_free(&b);

        if (!s->closed) {
            ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
            return;
        }

        ngx_http_rooms_exchange_answer(s->poll->get,
                                       NGX_HTTP_ROOMS_ANSWER_PACKETS, 0,
                                       rooms_str("1", 1));
        return;
    }

    s->zone->stat->out_bytes += b.len;

    ngx_http_rooms_exchange_answer(s->poll->get,
                                   NGX_HTTP_ROOMS_ANSWER_PACKETS, 0,
                                   rooms_str(b.data, b.len));

    rooms_buf_free(&b);
}


/* What does not fit on the way to another worker waits for the next GET. */

static void
ngx_http_rooms_polling_cut(ngx_http_rooms_session_t *s, rooms_buf_t *b)
{
    size_t  max, len;
    u_char  separator;

    max = ngx_http_rooms_remote_max(s->zone);

    if (b->len <= max) {
        return;
    }

    for (len = max; len && b->data[len] != ROOMS_EIO_SEPARATOR; len--) {
        /* void */
    }

    separator = ROOMS_EIO_SEPARATOR;

    if (len == 0
        || ngx_http_rooms_queue_copy(&s->out, b->data + len + 1,
                                     b->len - len - 1)
           != NGX_OK
        || ngx_http_rooms_queue_copy(&s->out, &separator, 1) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": a packet of %uz octets does not "
                      "fit into the journal; is the zone too small?",
                      &s->zone->app->name, b->len);
        b->failed = 1;
        return;
    }

    b->len = len;
}


ngx_int_t
ngx_http_rooms_polling_begin_post(ngx_http_rooms_session_t *s,
    ngx_http_rooms_exchange_t *x)
{
    if (!s->polling || s->poll->stopped) {
        return NGX_HTTP_ROOMS_ERROR_REQUEST;
    }

    if (s->closed || ngx_http_rooms_polling_late(s)) {
        return NGX_HTTP_ROOMS_ERROR_SESSION;
    }

    /*
     * The client may recover: what it sent before may be stuck in a worker
     * that has just died, and this be its farewell.
     */

    if (s->poll->post) {
        ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        return NGX_HTTP_ROOMS_ERROR_REQUEST;
    }

    s->poll->post = x;
    x->session = s;

    return NGX_OK;
}


void
ngx_http_rooms_polling_post(ngx_http_rooms_session_t *s,
    ngx_http_rooms_exchange_t *x, rooms_str_t body)
{
    rooms_int_t         rc;
    rooms_utf8_t        utf8;
    rooms_eio_packet_t  pkt;

    if (!s->polling) {
        ngx_http_rooms_polling_error(x, NGX_HTTP_ROOMS_ERROR_REQUEST);
        return;
    }

    if (body.len > s->conf->max_payload) {
        s->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PAYLOAD]++;
        ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR,
                                       NGX_HTTP_ROOMS_ERROR_REQUEST,
                                       rooms_str(NULL, 0));
        return;
    }

    s->zone->stat->in_bytes += body.len;

    /* what is not UTF-8 must not reach anybody in a text frame */

    ngx_memzero(&utf8, sizeof(rooms_utf8_t));

    if (body.len == 0
        || rooms_utf8_check(&utf8, body.data, body.len) != ROOMS_OK
        || utf8.need)
    {
        ngx_http_rooms_session_invalid(s);
        body.len = 0;
    }

    for ( ;; ) {
        rc = rooms_eio_next(&body, &pkt);

        if (rc == ROOMS_DONE) {
            break;
        }

        if (rc == ROOMS_ERROR) {
            ngx_http_rooms_session_invalid(s);
            break;
        }

        if (ngx_http_rooms_session_input(s, &pkt) != NGX_OK) {
            break;
        }
    }

    if (s->broken) {
        ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR,
                                       NGX_HTTP_ROOMS_ERROR_REQUEST,
                                       rooms_str(NULL, 0));
        return;
    }

    ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_OK, 0,
                                   rooms_str("ok", 2));
}


void
ngx_http_rooms_polling_abort(ngx_http_rooms_exchange_t *x)
{
    ngx_http_rooms_session_t  *s;

    s = x->session;

    if (s == NULL) {
        ngx_http_rooms_remote_abort(x, 1);
        ngx_free(x);
        return;
    }

    ngx_http_rooms_polling_drop(x);
    ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
}


void
ngx_http_rooms_polling_drop(ngx_http_rooms_exchange_t *x)
{
    ngx_http_rooms_session_t  *s;

    s = x->session;

    if (s == NULL) {
        ngx_http_rooms_remote_abort(x, 0);

    } else if (s->poll) {
        if (s->poll->get == x) {
            s->poll->get = NULL;
        }

        if (s->poll->post == x) {
            s->poll->post = NULL;
        }
    }

    ngx_free(x);
}


/* The session takes no body any more, and nobody else would answer it. */

static void
ngx_http_rooms_polling_refuse(ngx_http_rooms_session_t *s, ngx_uint_t code)
{
    ngx_http_rooms_exchange_t  *x;

    x = s->poll->post;

    if (x == NULL) {
        return;
    }

    x->session = NULL;
    s->poll->post = NULL;

    if (x->coming) {
        ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR, code,
                                       rooms_str(NULL, 0));
    }
}


ngx_int_t
ngx_http_rooms_polling_reserve(ngx_http_rooms_session_t *s, uint32_t holder,
    uint64_t candidate)
{
    /* what waits for a replay is in the form of this transport */

    if (s->closed || s->doomed || !s->polling || s->poll->candidate
        || s->is_behind)
    {
        return NGX_DECLINED;
    }

    s->poll->holder = holder;
    s->poll->candidate = candidate;
    s->poll->reserved = ngx_current_msec;

    return NGX_OK;
}


ngx_uint_t
ngx_http_rooms_polling_candidate(ngx_http_rooms_session_t *s, uint32_t holder,
    uint64_t candidate)
{
    return s->poll
           && s->poll->candidate == candidate && s->poll->holder == holder;
}


void
ngx_http_rooms_polling_probe(ngx_http_rooms_session_t *s, uint32_t holder,
    uint64_t candidate)
{
    if (s->closed
        || !ngx_http_rooms_polling_candidate(s, holder, candidate)
        || s->poll->upgrade.timer_set)
    {
        return;
    }

    s->poll->upgrade.handler = ngx_http_rooms_polling_noop;
    s->poll->upgrade.data = s;
    s->poll->upgrade.log = ngx_cycle->log;

    ngx_add_timer(&s->poll->upgrade, NGX_HTTP_ROOMS_NOOP);
}


void
ngx_http_rooms_polling_release(ngx_http_rooms_session_t *s, uint32_t holder,
    uint64_t candidate)
{
    if (!ngx_http_rooms_polling_candidate(s, holder, candidate)) {
        return;
    }

    s->poll->candidate = 0;

    if (s->poll->upgrade.timer_set) {
        ngx_del_timer(&s->poll->upgrade);
    }

    if (s->poll->stopped && !s->closed) {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
    }
}


static void
ngx_http_rooms_polling_noop(ngx_event_t *ev)
{
    ngx_http_rooms_session_t *s = ev->data;

    if (s->poll->get) {
        ngx_http_rooms_room_take(s, NULL);
        ngx_http_rooms_polling_packets(s, s->out.first ? NULL : "6");
    }

    ngx_add_timer(&s->poll->upgrade, NGX_HTTP_ROOMS_NOOP);
}


/*
 * 1 where the client may have sent the waiting GET after its "5", which came
 * over another worker.  A client that does as it should has none then.
 */

static ngx_uint_t
ngx_http_rooms_polling_overtook(ngx_http_rooms_session_t *s)
{
    ngx_msec_t  since;

    since = s->poll->get->since;

    return s->poll->holder
           && (ngx_msec_int_t) (since - s->poll->reserved) >= 0
           && (ngx_msec_int_t) (ngx_current_msec - since)
              <= NGX_HTTP_ROOMS_WAY;
}


void
ngx_http_rooms_polling_stop(ngx_http_rooms_session_t *s)
{
    s->poll->stopped = 1;

    if (s->poll->upgrade.timer_set) {
        ngx_del_timer(&s->poll->upgrade);
    }

    if (s->poll->get && ngx_http_rooms_polling_overtook(s)) {
        ngx_http_rooms_polling_error(s->poll->get,
                                     NGX_HTTP_ROOMS_ERROR_REQUEST);

    } else if (s->poll->get) {
        ngx_http_rooms_exchange_answer(s->poll->get,
                                       NGX_HTTP_ROOMS_ANSWER_PACKETS, 0,
                                       rooms_str("6", 1));
    }

    ngx_http_rooms_polling_refuse(s, NGX_HTTP_ROOMS_ERROR_REQUEST);
}


void
ngx_http_rooms_polling_finish(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_polling_stop(s);

    ngx_free(s->poll);
    s->poll = NULL;
}


void
ngx_http_rooms_polling_close(ngx_http_rooms_session_t *s)
{
    ngx_uint_t  tell, waits;

    /* a body that still comes, or is being taken apart, has no session */

    ngx_http_rooms_polling_refuse(s, NGX_HTTP_ROOMS_ERROR_SESSION);

    if (s->poll->upgrade.timer_set) {
        ngx_del_timer(&s->poll->upgrade);
    }

    if (s->poll->stopped) {
        ngx_http_rooms_remote_stay(s);
    }

    /* the client has to hear of this, from an answer to a later request */

    tell = !s->poll->stopped && !ngx_exiting && !s->broken
           && (s->reason == NGX_HTTP_ROOMS_CLOSE_PROTOCOL
               || s->reason == NGX_HTTP_ROOMS_CLOSE_SERVER);

    waits = (s->poll->get != NULL);

    /*
     * Stock clients handle a close at once, but packets a moment later.  Of
     * events that came together with it they would not have noted the offset,
     * and have them a second time after they recovered; a DISCONNECT packet
     * would come too late, and they would connect again.
     */

    if (waits && s->out.first
        && (tell || ngx_http_rooms_session_recoverable(s)))
    {
        ngx_http_rooms_polling_packets(s, NULL);

    } else if (waits) {
        ngx_http_rooms_polling_packets(s,
                                     s->reason == NGX_HTTP_ROOMS_CLOSE_CLIENT
                                     ? "6" : "1");
        tell = 0;
    }

    if (tell) {
        ngx_http_rooms_beat_pong(s);
        return;
    }

    ngx_http_rooms_session_end(s);
}
