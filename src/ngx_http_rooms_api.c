
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

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_cors.h>
#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_request.h>
#include <ngx_http_rooms_respond.h>

#include <rooms_json.h>


typedef struct {
    ngx_http_rooms_task_t                task;
    ngx_http_request_t                  *request;   /* NULL: it is gone */
    ngx_http_cleanup_t                  *cln;
    const rooms_contract_operation_t    *operation;
    rooms_route_match_t                  match;
    json_t                              *body;
    rooms_buf_t                          text;      /* of the body */
    rooms_buf_t                          headers;
    ngx_event_t                          free;
    unsigned                             started:1;
    unsigned                             running:1;
    unsigned                             done:1;
} ngx_http_rooms_api_t;


static ngx_http_rooms_api_t *ngx_http_rooms_api_create(ngx_http_request_t *r,
    ngx_http_rooms_zone_t *zone, rooms_str_t *path);
static void ngx_http_rooms_api_headers(ngx_http_request_t *r,
    rooms_buf_t *b);
static ngx_int_t ngx_http_rooms_api_route(ngx_http_rooms_api_t *api,
    rooms_str_t path);
static ngx_int_t ngx_http_rooms_api_allow(ngx_http_rooms_api_t *api);
static ngx_int_t ngx_http_rooms_api_bodiless(ngx_http_rooms_api_t *api,
    ngx_int_t why, const char *detail);
static void ngx_http_rooms_api_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_rooms_api_parse(ngx_http_rooms_api_t *api,
    rooms_str_t text, rooms_schema_failure_t *failure);
static ngx_int_t ngx_http_rooms_api_invalid(rooms_schema_failure_t *failure,
    const char *text);
static void ngx_http_rooms_api_run(ngx_http_rooms_api_t *api, ngx_int_t why,
    const char *detail);
static void ngx_http_rooms_api_done(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
static ngx_int_t ngx_http_rooms_api_respond(ngx_http_request_t *r,
    rooms_decision_t *d);
static ngx_int_t ngx_http_rooms_api_header(ngx_http_request_t *r,
    rooms_str_t name, rooms_str_t text);
static void ngx_http_rooms_api_cleanup(void *data);
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


/* One piece of memory, which may outlive the request. */

static ngx_http_rooms_api_t *
ngx_http_rooms_api_create(ngx_http_request_t *r, ngx_http_rooms_zone_t *zone,
    rooms_str_t *path)
{
    u_char                *p;
    ngx_str_t              uri, authorization, *address;
    rooms_command_t       *cmd;
    ngx_http_cleanup_t    *cln;
    ngx_http_rooms_api_t  *api;

    if (ngx_http_rooms_request_path(r, &uri) != NGX_OK) {
        return NULL;
    }

    ngx_str_null(&authorization);

    if (r->headers_in.authorization) {
        authorization = r->headers_in.authorization->value;
    }

    address = &r->connection->addr_text;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    api = ngx_alloc(sizeof(ngx_http_rooms_api_t)
                    + uri.len + r->args.len + authorization.len
                    + address->len,
                    r->connection->log);
    if (api == NULL) {
        return NULL;
    }

    ngx_memzero(api, sizeof(ngx_http_rooms_api_t));

    cln->handler = ngx_http_rooms_api_cleanup;
    cln->data = api;

    api->cln = cln;
    api->request = r;

    api->task.zone = zone;
    api->task.done = ngx_http_rooms_api_done;
    api->task.data = api;

    cmd = &api->task.cmd;
    cmd->kind = ROOMS_CMD_REST;

    p = (u_char *) api + sizeof(ngx_http_rooms_api_t);
    *path = rooms_str(p, uri.len);

    p = ngx_cpymem(p, uri.data, uri.len);
    cmd->query = rooms_str(p, r->args.len);

    if (r->args.len) {
        p = ngx_cpymem(p, r->args.data, r->args.len);
    }

    cmd->authorization = rooms_str(p, authorization.len);

    if (authorization.len) {
        p = ngx_cpymem(p, authorization.data, authorization.len);
    }

    ngx_memcpy(p, address->data, address->len);
    cmd->address = rooms_str(p, address->len);

    api->task.detached = 1;

    rooms_buf_init(&api->text, 0);
    rooms_buf_init(&api->headers, 0);

    ngx_http_rooms_api_headers(r, &api->headers);

    cmd->headers = rooms_str(api->headers.data, api->headers.len);

    return api;
}


/* Those that are nobody's but the application's. */

static void
ngx_http_rooms_api_headers(ngx_http_request_t *r, rooms_buf_t *b)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len < 2 || h[i].lowcase_key[0] != 'x'
            || h[i].lowcase_key[1] != '-' || h[i].key.len > UINT16_MAX
            || h[i].value.len > UINT16_MAX)
        {
            continue;
        }

        rooms_buf_str16(b, rooms_str(h[i].lowcase_key, h[i].key.len));
        rooms_buf_str16(b, rooms_str(h[i].value.data, h[i].value.len));
    }
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


/* NGX_DECLINED: failure->message says why. */

static ngx_int_t
ngx_http_rooms_api_parse(ngx_http_rooms_api_t *api, rooms_str_t text,
    rooms_schema_failure_t *failure)
{
    rooms_int_t                 rc;
    json_error_t                error;
    ngx_http_request_t         *r;
    rooms_json_limits_t         limits;
    ngx_http_rooms_loc_conf_t  *conf;

    r = api->request;

    if (text.len) {

        if (!api->operation->late_body && !ngx_http_rooms_request_is_json(r)) {
            return ngx_http_rooms_api_invalid(failure,
                                  "Content-Type must be application/json");
        }

        conf = ngx_http_get_module_loc_conf(r, ngx_http_rooms_module);

        limits.depth = ROOMS_JSON_DEPTH;
        limits.nodes = conf->max_nodes;

        rc = rooms_json_check(text, &limits, NULL);

        if (rc == ROOMS_DECLINED) {
            return ngx_http_rooms_api_invalid(failure,
                          "the body is too deep or has too many values");
        }

        if (rc == ROOMS_OK) {
            api->body = json_loadb((const char *) text.data, text.len,
                                   JSON_DECODE_ANY, &error);
        }

        if (api->body == NULL && api->operation->late_body) {
            api->task.cmd.malformed = 1;

        } else if (api->body == NULL) {
            return ngx_http_rooms_api_invalid(failure,
                                              "the body is not valid JSON");
        }
    }

    if (!api->operation->late_body
        && rooms_contract_check_body(api->operation, api->body, failure)
           != ROOMS_OK)
    {
        return NGX_DECLINED;
    }

    api->task.cmd.body = api->body;

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_api_invalid(rooms_schema_failure_t *failure, const char *text)
{
    (void) ngx_cpystrn((u_char *) failure->message, (u_char *) text,
                       ROOMS_SCHEMA_TEXT);

    return NGX_DECLINED;
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


static void
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

    api->cln->handler = NULL;
    c = r->connection;

    ngx_http_finalize_request(r, ngx_http_rooms_api_respond(r, d));

    if (!api->running) {
        ngx_http_run_posted_requests(c);
    }
}


static ngx_int_t
ngx_http_rooms_api_respond(ngx_http_request_t *r, rooms_decision_t *d)
{
    u_char       *p;
    const char   *type;
    rooms_str_t   headers, name, str;

    if (rooms_decision_failed(d) || !d->answered) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    headers = rooms_str(d->headers.data, d->headers.len);

    while (rooms_get_str16(&headers, &name) == ROOMS_OK
           && rooms_get_str16(&headers, &str) == ROOMS_OK)
    {
        if (ngx_http_rooms_api_header(r, name, str) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    type = "application/json";
    str = rooms_decision_str(d, d->content_type);

    if (str.len) {
        p = ngx_pnalloc(r->pool, str.len + 1);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_memcpy(p, str.data, str.len);
        p[str.len] = '\0';

        type = (const char *) p;
    }

    return ngx_http_rooms_respond(r, d->status ? d->status : NGX_HTTP_OK,
                                  type, rooms_decision_str(d, d->answer));
}


static ngx_int_t
ngx_http_rooms_api_header(ngx_http_request_t *r, rooms_str_t name,
    rooms_str_t text)
{
    u_char     *p;
    ngx_str_t   value;

    p = ngx_pnalloc(r->pool, name.len + 1 + text.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = ngx_cpymem(p, name.data, name.len) + 1;
    value.data[-1] = '\0';
    value.len = text.len;

    ngx_memcpy(value.data, text.data, text.len);

    return ngx_http_rooms_respond_header(r, (char *) p, &value);
}


/*
 * The request ends before its answer has come, which then goes nowhere, or
 * even before the command was given to anybody.
 */

static void
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
