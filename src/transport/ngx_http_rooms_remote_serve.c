
/*
 * Copyright (C) nginx rooms contributors
 *
 * What other workers want of the sessions that are held here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_candidate.h>
#include <ngx_http_rooms_given.h>
#include <ngx_http_rooms_remote_message.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_upgrade.h>


static void ngx_http_rooms_remote_serve_go(ngx_http_rooms_exchange_t *x);
static void ngx_http_rooms_remote_serve_abort(ngx_http_rooms_session_t *s,
    ngx_http_rooms_remote_t *m);
static void ngx_http_rooms_remote_serve_reserve(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_session_t *s, ngx_http_rooms_remote_t *m);
static void ngx_http_rooms_remote_serve_take(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_session_t *s, ngx_http_rooms_remote_t *m);
static void ngx_http_rooms_remote_serve_left(ngx_event_t *ev);
static void ngx_http_rooms_remote_serve_give(ngx_http_rooms_session_t *s,
    uint32_t holder, uint64_t id);
static void ngx_http_rooms_remote_serve_nothing(ngx_http_rooms_zone_t *zone,
    uint32_t holder, uint64_t id);
static ngx_http_rooms_session_t *ngx_http_rooms_remote_session(
    ngx_http_rooms_zone_t *zone, rooms_str_t sid);


void
ngx_http_rooms_remote_serve(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_remote_t *m)
{
    ngx_uint_t                  code;
    ngx_http_rooms_session_t   *s;
    ngx_http_rooms_exchange_t  *x;

    s = ngx_http_rooms_remote_session(zone, m->sid);

    switch (m->type) {

    case NGX_HTTP_ROOMS_REMOTE_ABORT:
        ngx_http_rooms_remote_serve_abort(s, m);
        return;

    case NGX_HTTP_ROOMS_REMOTE_RESERVE:
        ngx_http_rooms_remote_serve_reserve(zone, s, m);
        return;

    case NGX_HTTP_ROOMS_REMOTE_PROBE:

        if (s) {
            ngx_http_rooms_polling_probe(s, m->from, m->id);
        }

        return;

    case NGX_HTTP_ROOMS_REMOTE_RELEASE:

        if (s) {
            ngx_http_rooms_polling_release(s, m->from, m->id);
        }

        ngx_http_rooms_given_back(zone, m->from, m->id);
        return;

    case NGX_HTTP_ROOMS_REMOTE_TAKE:
        ngx_http_rooms_remote_serve_take(zone, s, m);
        return;

    case NGX_HTTP_ROOMS_REMOTE_TAKEN:
        ngx_http_rooms_given_forget(zone, m->from, m->id);
        return;
    }

    if (s && s->poll && m->type == NGX_HTTP_ROOMS_REMOTE_POST) {
        x = s->poll->post;

        if (x && x->coming && x->owner == m->from && x->id == m->id) {
            x->coming = 0;
            ngx_http_rooms_polling_post(s, x, m->body);
            return;
        }
    }

    x = ngx_calloc(sizeof(ngx_http_rooms_exchange_t), ngx_cycle->log);
    if (x == NULL) {
        return;
    }

    x->zone = zone;
    x->owner = m->from;
    x->id = m->id;

    if (s && m->type == NGX_HTTP_ROOMS_REMOTE_GET) {
        ngx_http_rooms_polling_get(s, x);
        return;
    }

    code = NGX_HTTP_ROOMS_ERROR_SESSION;

    if (s) {
        code = ngx_http_rooms_polling_begin_post(s, x);

        if (code == NGX_OK && m->type == NGX_HTTP_ROOMS_REMOTE_BEGIN) {
            x->coming = 1;
            ngx_http_rooms_remote_serve_go(x);
            return;
        }

        if (code == NGX_OK) {
            ngx_http_rooms_polling_post(s, x, m->body);
            return;
        }
    }

    ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR, code,
                                   rooms_str(NULL, 0));
}


static void
ngx_http_rooms_remote_serve_go(ngx_http_rooms_exchange_t *x)
{
    ngx_http_rooms_remote_t  answer;

    ngx_memzero(&answer, sizeof(ngx_http_rooms_remote_t));

    answer.type = NGX_HTTP_ROOMS_REMOTE_GO;
    answer.id = x->id;

    (void) ngx_http_rooms_remote_send(x->zone, x->owner, &answer);
}


static void
ngx_http_rooms_remote_serve_abort(ngx_http_rooms_session_t *s,
    ngx_http_rooms_remote_t *m)
{
    ngx_http_rooms_exchange_t  *x;

    if (s == NULL || s->poll == NULL) {
        return;
    }

    x = s->poll->get;

    if (x == NULL || x->owner != m->from || x->id != m->id) {
        x = s->poll->post;
    }

    if (x == NULL || x->owner != m->from || x->id != m->id) {
        return;
    }

    if (m->code) {
        ngx_http_rooms_polling_abort(x);

    } else {
        ngx_http_rooms_polling_drop(x);
    }
}


static void
ngx_http_rooms_remote_serve_reserve(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_session_t *s, ngx_http_rooms_remote_t *m)
{
    ngx_http_rooms_remote_t  answer;

    ngx_memzero(&answer, sizeof(ngx_http_rooms_remote_t));

    answer.type = NGX_HTTP_ROOMS_REMOTE_RESERVED;
    answer.id = m->id;

    if (s == NULL) {
        answer.code = NGX_HTTP_ROOMS_RESERVE_UNKNOWN;

    } else if (ngx_http_rooms_polling_reserve(s, m->from, m->id) == NGX_OK) {
        answer.code = NGX_HTTP_ROOMS_RESERVE_OK;

    } else {
        answer.code = NGX_HTTP_ROOMS_RESERVE_DECLINED;
    }

    (void) ngx_http_rooms_remote_send(zone, m->from, &answer);
}


/*
 * The session goes to the worker that has its WebSocket, see
 * ngx_http_rooms_given.h.  Commands that wait for Redis stay, and know where
 * its sockets are: they are finished before.
 */

static void
ngx_http_rooms_remote_serve_take(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_session_t *s, ngx_http_rooms_remote_t *m)
{
    if (ngx_http_rooms_given_send(zone, m->from, m->id) != NGX_DECLINED) {
        return;
    }

    if (s == NULL || !s->polling || s->closed
        || !ngx_http_rooms_polling_candidate(s, m->from, m->id))
    {
        ngx_http_rooms_remote_serve_nothing(zone, m->from, m->id);
        return;
    }

    if (s->holds && !s->doomed) {
        ngx_http_rooms_polling_stop(s);

        /* a pong would come to the candidate, which has a time limit */

        if (s->beating == NGX_HTTP_ROOMS_BEATING_PONG) {
            ngx_http_rooms_beat_stop(s);
        }

        return;
    }

    ngx_http_rooms_remote_serve_give(s, m->from, m->id);
}


void
ngx_http_rooms_remote_leave(ngx_http_rooms_session_t *s)
{
    /* whoever has just finished may still look at it */

    s->poll->upgrade.handler = ngx_http_rooms_remote_serve_left;
    s->poll->upgrade.data = s;
    s->poll->upgrade.log = ngx_cycle->log;

    ngx_add_timer(&s->poll->upgrade, 0);
}


static void
ngx_http_rooms_remote_serve_left(ngx_event_t *ev)
{
    ngx_http_rooms_session_t *s = ev->data;

    if (s->holds == 0) {
        ngx_http_rooms_remote_serve_give(s, s->poll->holder,
                                         s->poll->candidate);
    }
}


static void
ngx_http_rooms_remote_serve_give(ngx_http_rooms_session_t *s,
    uint32_t holder, uint64_t id)
{
    rooms_buf_t             b;
    ngx_http_rooms_zone_t  *zone;

    zone = s->zone;

    rooms_buf_init(&b, 0);

    if (!s->doomed
        && ngx_http_rooms_move_out(s, &b) == NGX_OK
        && ngx_http_rooms_given_keep(s, holder, id, &b) == NGX_OK)
    {
        if (ngx_http_rooms_given_send(zone, holder, id) == NGX_OK) {
            ngx_http_rooms_polling_finish(s);
            ngx_http_rooms_session_forget(s);
            return;
        }

        ngx_http_rooms_given_forget(zone, holder, id);
    }

    rooms_buf_free(&b);

    /* it stays, and goes on with polling if it still can */

    ngx_http_rooms_polling_release(s, holder, id);
    ngx_http_rooms_remote_serve_nothing(zone, holder, id);
}


void
ngx_http_rooms_remote_stay(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_remote_serve_nothing(s->zone, s->poll->holder,
                                        s->poll->candidate);
}


/* There is no session for that candidate. */

static void
ngx_http_rooms_remote_serve_nothing(ngx_http_rooms_zone_t *zone,
    uint32_t holder, uint64_t id)
{
    ngx_http_rooms_remote_t  answer;

    ngx_memzero(&answer, sizeof(ngx_http_rooms_remote_t));

    answer.type = NGX_HTTP_ROOMS_REMOTE_SESSION;
    answer.id = id;

    (void) ngx_http_rooms_remote_send(zone, holder, &answer);
}


void
ngx_http_rooms_remote_gone(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    ngx_queue_t                *q;
    ngx_http_rooms_session_t   *s;
    ngx_http_rooms_exchange_t  *x;

    ngx_http_rooms_remote_refuse(zone, owner);
    ngx_http_rooms_candidates_gone(zone, owner);
    ngx_http_rooms_given_gone(zone, owner);

    for (q = ngx_queue_head(&zone->all);
         q != ngx_queue_sentinel(&zone->all);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_rooms_session_t, link);

        if (s->poll == NULL || s->closed) {
            continue;
        }

        x = s->poll->get;

        if (x && x->owner == owner) {
            ngx_http_rooms_polling_abort(x);
        }

        x = s->poll->post;

        if (x && x->owner == owner && x->coming) {
            ngx_http_rooms_polling_abort(x);
        }

        if (s->poll->candidate && s->poll->holder == owner) {
            ngx_http_rooms_polling_release(s, owner, s->poll->candidate);
        }
    }
}


static ngx_http_rooms_session_t *
ngx_http_rooms_remote_session(ngx_http_rooms_zone_t *zone, rooms_str_t sid)
{
    ngx_str_t  name;

    name.data = (u_char *) sid.data;
    name.len = sid.len;

    return ngx_http_rooms_session_find(zone, &name);
}
