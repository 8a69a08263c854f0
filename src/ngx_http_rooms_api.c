
/*
 * Copyright (C) nginx rooms contributors
 *
 * "rooms_api NAME": the REST operations of an application's contract.
 *
 * What a command needs is copied out of the request, because the answer may
 * come when the request is gone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_api.h>
#include <ngx_http_rooms_cors.h>
#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_limit.h>
#include <ngx_http_rooms_request.h>
#include <ngx_http_rooms_respond.h>


static ngx_int_t ngx_http_rooms_api_route(ngx_http_rooms_api_t *api,
    rooms_str_t path);
static ngx_int_t ngx_http_rooms_api_allow(ngx_http_rooms_api_t *api);
static ngx_int_t ngx_http_rooms_api_bodiless(ngx_http_rooms_api_t *api,
    ngx_int_t why, const char *detail);
static void ngx_http_rooms_api_body_handler(ngx_http_request_t *r);
static void ngx_http_rooms_api_run(ngx_http_rooms_api_t *api, ngx_int_t why,
    const char *detail);
static void ngx_http_rooms_api_free_handler(ngx_event_t *ev);
static void ngx_http_rooms_api_free(ngx_http_rooms_api_t *api);


#define NGX_HTTP_ROOMS_API_EXECUTE  -1     /* no rooms_refusal_e */


ngx_int_t
ngx_http_rooms_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    rooms_str_t                 path;
    ngx_http_rooms_api_t       *api;
    ngx_http_rooms_ctx_t       *ctx;
    ngx_http_rooms_zone_t      *zone;
    ngx_http_rooms_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_rooms_module);
    zone = conf->api->zone;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_http_rooms_owner == 0) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    rc = ngx_http_rooms_cors(r, conf);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_ORIGIN]++;

        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_http_rooms_respond_error(r, NGX_HTTP_ROOMS_ERROR_FORBIDDEN);
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        rc = ngx_http_rooms_preflight(r, conf);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    api = ngx_http_rooms_api_create(r, zone, &path);
    if (api == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_rooms_api_route(api, path);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->headers_in.content_length_n > (off_t) conf->max_payload) {
        return ngx_http_rooms_api_bodiless(api, ROOMS_REFUSE_TOO_LARGE,
                                           "the body is too large");
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_rooms_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->app = conf->api;
    ctx->api = api;
    ngx_http_set_ctx(r, ctx, ngx_http_rooms_module);

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_rooms_api_body_handler);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/* NGX_OK: the operation is known and may have a body. */

static ngx_int_t
ngx_http_rooms_api_route(ngx_http_rooms_api_t *api, rooms_str_t path)
{
    rooms_int_t           rc;
    ngx_http_request_t   *r;
    rooms_contract_t     *contract;

    r = api->request;
    contract = api->task.zone->app->contract;

    rc = ROOMS_DECLINED;

    if (contract) {
        rc = rooms_contract_find(contract,
                                 rooms_str(r->method_name.data,
                                           r->method_name.len),
                                 path, &api->match, &api->operation);
    }

    if (rc == ROOMS_DECLINED) {
        return ngx_http_rooms_api_bodiless(api, ROOMS_REFUSE_UNKNOWN,
                                           "no such path");
    }

    if (rc == ROOMS_DONE) {
        if (ngx_http_rooms_api_allow(api) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_rooms_api_bodiless(api, ROOMS_REFUSE_METHOD,
                                           "method not allowed");
    }

    if (rc != ROOMS_OK) {
        return ngx_http_rooms_api_bodiless(api, ROOMS_REFUSE_INVALID,
                                           "malformed path");
    }

    api->task.cmd.name = api->operation->id;
    api->task.cmd.params = api->match.params;
    api->task.cmd.nparams = api->match.n;

    if (ngx_http_rooms_limit_take(api) != NGX_OK) {
        return ngx_http_rooms_api_bodiless(api, ROOMS_REFUSE_RATE,
                                           "Too many requests");
    }

    if (api->operation->body == NULL) {
        return ngx_http_rooms_api_bodiless(api, NGX_HTTP_ROOMS_API_EXECUTE,
                                           NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_api_allow(ngx_http_rooms_api_t *api)
{
    ngx_str_t            allow;
    ngx_http_request_t  *r;

    r = api->request;

    allow.len = ngx_strlen(api->match.allow);
    allow.data = ngx_pnalloc(r->pool, allow.len);
    if (allow.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(allow.data, api->match.allow, allow.len);

    return ngx_http_rooms_respond_header(r, "Allow", &allow);
}


/* Goes on without looking at the body; what a content handler returns. */

static ngx_int_t
ngx_http_rooms_api_bodiless(ngx_http_rooms_api_t *api, ngx_int_t why,
    const char *detail)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = api->request;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;

    ngx_http_rooms_api_run(api, why, detail);

    return NGX_DONE;
}


static void
ngx_http_rooms_api_body_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    rooms_buf_t                *b;
    ngx_http_rooms_api_t       *api;
    ngx_http_rooms_ctx_t       *ctx;
    rooms_schema_failure_t      failure;
    ngx_http_rooms_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_rooms_module);
    api = ctx->api;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_rooms_module);

    b = &api->text;

    rooms_buf_init(b, conf->max_payload);

    rc = ngx_http_rooms_request_body(r, b);

    if (rc == NGX_OK) {
        api->task.cmd.text = rooms_str(b->data, b->len);

        rc = ngx_http_rooms_api_parse(api, api->task.cmd.text, &failure);

        if (rc == NGX_OK) {
            ngx_http_rooms_api_run(api, NGX_HTTP_ROOMS_API_EXECUTE, NULL);

        } else {
            ngx_http_rooms_api_run(api, ROOMS_REFUSE_INVALID,
                                   failure.message);
        }

        return;
    }

    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        ngx_http_rooms_api_run(api, ROOMS_REFUSE_TOO_LARGE,
                               "the body is too large");
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/*
 * Executes the command or refuses it.  The request has been counted once
 * more; it is finalized with the answer, now or later.
 */

static void
ngx_http_rooms_api_run(ngx_http_rooms_api_t *api, ngx_int_t why,
    const char *detail)
{
    ngx_http_request_t  *r;

    r = api->request;

    api->started = 1;
    api->running = 1;

    if (why == NGX_HTTP_ROOMS_API_EXECUTE) {
        ngx_http_rooms_execute(&api->task);

    } else {
        ngx_http_rooms_refuse(&api->task, (rooms_refusal_e) why, detail);
    }

    api->running = 0;

    if (api->done) {
        return;
    }

    /* a client that hangs up is noticed while the answer is awaited */

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


void
ngx_http_rooms_api_done(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_http_rooms_api_t  *api;

    api = task->data;
    r = api->request;

    api->done = 1;
    api->request = NULL;

    /* whoever called still works with the task */

    api->free.data = api;
    api->free.handler = ngx_http_rooms_api_free_handler;
    api->free.log = ngx_cycle->log;

    ngx_post_event(&api->free, &ngx_posted_events);

    if (r == NULL) {
        return;
    }

    ngx_http_rooms_file_settle(task->zone);

    api->cln->handler = NULL;
    c = r->connection;

    ngx_http_finalize_request(r, ngx_http_rooms_api_respond(r, d,
                                                            &api->limit));

    if (!api->running) {
        ngx_http_run_posted_requests(c);
    }
}


/*
 * The request ends before its answer has come, which then goes nowhere, or
 * even before the command was given to anybody.
 */

void
ngx_http_rooms_api_cleanup(void *data)
{
    ngx_http_rooms_api_t *api = data;

    api->request = NULL;

    if (!api->started) {
        ngx_http_rooms_api_free(api);
    }
}


static void
ngx_http_rooms_api_free_handler(ngx_event_t *ev)
{
    ngx_http_rooms_api_free(ev->data);
}


static void
ngx_http_rooms_api_free(ngx_http_rooms_api_t *api)
{
    json_decref(api->body);
    rooms_buf_free(&api->text);
    rooms_buf_free(&api->headers);
    ngx_free(api);
}
