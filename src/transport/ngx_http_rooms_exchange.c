
/*
 * Copyright (C) nginx rooms contributors
 *
 * Requests of sessions over long-polling, as the transport's handler passes
 * them on: to the session, or to the worker that has it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_polling.h>
#include <ngx_http_rooms_remote.h>
#include <ngx_http_rooms_request.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_transport.h>


static ngx_int_t ngx_http_rooms_transport_body(ngx_http_request_t *r);
static void ngx_http_rooms_transport_settle(ngx_http_rooms_session_t *s);
static void ngx_http_rooms_transport_body_handler(ngx_http_request_t *r);
static void ngx_http_rooms_transport_cleanup(void *data);
static void ngx_http_rooms_exchange_respond(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_answer_e type, ngx_uint_t code, rooms_str_t body);


/*
 * An exchange stands for the request until it is answered; a client that
 * hangs up before takes the request away from it.
 */

ngx_http_rooms_exchange_t *
ngx_http_rooms_transport_exchange(ngx_http_request_t *r,
    ngx_http_rooms_zone_t *zone)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_rooms_exchange_t  *x;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    x = ngx_calloc(sizeof(ngx_http_rooms_exchange_t), r->connection->log);
    if (x == NULL) {
        return NULL;
    }

    x->request = r;
    x->zone = zone;

    cln->handler = ngx_http_rooms_transport_cleanup;
    cln->data = x;

    x->cleanup = cln;

    return x;
}


static void
ngx_http_rooms_transport_cleanup(void *data)
{
    ngx_http_rooms_exchange_t *x = data;

    ngx_uint_t           status;
    ngx_http_request_t  *r;

    r = x->request;
    status = r->err_status ? r->err_status : r->headers_out.status;

    x->request = NULL;
    x->cleanup = NULL;

    /* a body over the limit is nothing that ends a session */

    if (status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        x->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PAYLOAD]++;
        ngx_http_rooms_polling_drop(x);
        return;
    }

    ngx_http_rooms_polling_abort(x);
}


ngx_int_t
ngx_http_rooms_transport_get(ngx_http_request_t *r,
    ngx_http_rooms_exchange_t *x, ngx_http_rooms_session_t *s,
    ngx_str_t *sid)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;

    if (s) {
        ngx_http_rooms_polling_get(s, x);

    } else {
        ngx_http_rooms_remote_get(x, sid);
    }

    return NGX_DONE;
}


ngx_int_t
ngx_http_rooms_transport_post(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_session_t *s, ngx_str_t *sid)
{
    ngx_int_t          rc;
    ngx_table_elt_t   *type;

    type = r->headers_in.content_type;

    if (type
        && type->value.len >= sizeof("application/octet-stream") - 1
        && ngx_strncasecmp(type->value.data,
                           (u_char *) "application/octet-stream",
                           sizeof("application/octet-stream") - 1)
           == 0)
    {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_REQUEST);
    }

    if (s == NULL) {
        r->main->count++;
        r->read_event_handler = ngx_http_test_reading;

        ngx_http_rooms_remote_begin(x, sid);

        return NGX_DONE;
    }

    ngx_http_rooms_transport_settle(s);

    rc = s->ended ? NGX_HTTP_ROOMS_ERROR_SESSION
                  : ngx_http_rooms_polling_begin_post(s, x);

    if (rc != NGX_OK) {
        return ngx_http_rooms_transport_error(r, conf, rc);
    }

    return ngx_http_rooms_transport_body(r);
}


void
ngx_http_rooms_transport_go(ngx_http_rooms_exchange_t *x)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = x->request;
    c = r->connection;

    rc = ngx_http_rooms_transport_body(r);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_rooms_transport_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r,
                                      ngx_http_rooms_transport_body_handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/*
 * The POST before this one may have been refused by another worker.  That has
 * written so before it answered, but may not have been read yet.
 */

static void
ngx_http_rooms_transport_settle(ngx_http_rooms_session_t *s)
{
    if (s->poll && s->poll->post && s->poll->post->owner) {
        ngx_http_rooms_zone_drain(s->zone);
        ngx_http_rooms_zone_deliver(&s->zone->deliver);
    }
}


static void
ngx_http_rooms_transport_body_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    rooms_buf_t                 b;
    ngx_http_rooms_ctx_t       *ctx;
    ngx_http_rooms_session_t   *s;
    ngx_http_rooms_exchange_t  *x;
    ngx_http_rooms_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_rooms_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_rooms_module);

    x = ctx->exchange;
    s = x->session;

    rooms_buf_init(&b, conf->max_payload);

    rc = ngx_http_rooms_request_body(r, &b);

    if (rc != NGX_OK) {

        if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
            x->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PAYLOAD]++;
            x->cleanup->handler = NULL;
            ngx_http_rooms_polling_drop(x);
        }

        rooms_buf_free(&b);
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->read_event_handler = ngx_http_test_reading;

    if (x->owner) {
        ngx_http_rooms_remote_post(x, &x->sid, rooms_str(b.data, b.len));

    } else if (s) {
        ngx_http_rooms_polling_post(s, x, rooms_str(b.data, b.len));

    } else {

        /* it ended while the body came */

        ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR,
                                       NGX_HTTP_ROOMS_ERROR_SESSION,
                                       rooms_str(NULL, 0));
    }

    rooms_buf_free(&b);
}


void
ngx_http_rooms_exchange_answer(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_answer_e type, ngx_uint_t code, rooms_str_t body)
{
    ngx_http_rooms_session_t  *s;

    s = x->session;

    if (s && s->poll) {
        if (s->poll->get == x) {
            s->poll->get = NULL;
        }

        if (s->poll->post == x) {
            s->poll->post = NULL;
        }
    }

    if (x->request) {
        ngx_http_rooms_exchange_respond(x, type, code, body);

    } else {
        ngx_http_rooms_remote_answer(x, type, code, body);
    }

    ngx_free(x);
}


static void
ngx_http_rooms_exchange_respond(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_answer_e type, ngx_uint_t code, rooms_str_t body)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = x->request;
    c = r->connection;

    x->cleanup->handler = NULL;

    /* what is left of its body must not be taken for the next request */

    if (r->request_body && r->request_body->rest) {
        r->keepalive = 0;
        r->lingering_close = 1;
    }

    if (r->request_body == NULL) {
        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc);
            ngx_http_run_posted_requests(c);
            return;
        }
    }

    switch (type) {

    case NGX_HTTP_ROOMS_ANSWER_PACKETS:
        rc = ngx_http_rooms_respond(r, NGX_HTTP_OK,
                                    "text/plain; charset=UTF-8", body);
        break;

    case NGX_HTTP_ROOMS_ANSWER_OK:
        rc = ngx_http_rooms_respond(r, NGX_HTTP_OK, "text/html", body);
        break;

    default:
        rc = ngx_http_rooms_respond_error(r, code);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}
