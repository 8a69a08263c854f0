
/*
 * Copyright (C) nginx rooms contributors
 *
 * What other workers want of the sessions that are held here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_remote_message.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_upgrade.h>


static void ngx_http_rooms_remote_serve_abort(ngx_http_rooms_session_t *s,
    ngx_http_rooms_remote_t *m);
static void ngx_http_rooms_remote_serve_reserve(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_session_t *s, ngx_http_rooms_remote_t *m);
static void ngx_http_rooms_remote_serve_take(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_session_t *s, ngx_http_rooms_remote_t *m);
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

        return;

    case NGX_HTTP_ROOMS_REMOTE_TAKE:
        ngx_http_rooms_remote_serve_take(zone, s, m);
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
    answer.code = (s && ngx_http_rooms_polling_reserve(s, m->from, m->id)
                        == NGX_OK);

    (void) ngx_http_rooms_remote_send(zone, m->from, &answer);
}


/* The session goes to the worker that has its WebSocket. */

static void
ngx_http_rooms_remote_serve_take(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_session_t *s, ngx_http_rooms_remote_t *m)
{
    rooms_buf_t              b;
    ngx_http_rooms_remote_t  answer;

    ngx_memzero(&answer, sizeof(ngx_http_rooms_remote_t));

    answer.type = NGX_HTTP_ROOMS_REMOTE_SESSION;
    answer.id = m->id;

    rooms_buf_init(&b, 0);

    if (s && s->polling && !s->closed && !s->doomed
        && ngx_http_rooms_polling_candidate(s, m->from, m->id)
        && ngx_http_rooms_move_out(s, &b) == NGX_OK)
    {
        answer.body = rooms_str(b.data, b.len);
    }

    if (answer.body.len
        && ngx_http_rooms_remote_send(zone, m->from, &answer) == NGX_OK)
    {
        ngx_http_rooms_polling_finish(s);
        ngx_http_rooms_session_forget(s);

    } else {

        /* it stays, and goes on with polling */

        if (s) {
            ngx_http_rooms_polling_release(s, m->from, m->id);
        }

        answer.body = rooms_str(NULL, 0);
        (void) ngx_http_rooms_remote_send(zone, m->from, &answer);
    }

    rooms_buf_free(&b);
}


static ngx_http_rooms_session_t *
ngx_http_rooms_remote_session(ngx_http_rooms_zone_t *zone, rooms_str_t sid)
{
    ngx_str_t  name;

    name.data = (u_char *) sid.data;
    name.len = sid.len;

    return ngx_http_rooms_session_find(zone, &name);
}
