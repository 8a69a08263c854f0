
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a command of REST needs of its request, as memory of its own.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_api.h>
#include <ngx_http_rooms_request.h>

#include <rooms_json.h>


static void ngx_http_rooms_api_headers(ngx_http_request_t *r,
    rooms_buf_t *b);
static ngx_int_t ngx_http_rooms_api_invalid(rooms_schema_failure_t *failure,
    const char *text);


/* One piece of memory, which may outlive the request. */

ngx_http_rooms_api_t *
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


/* NGX_DECLINED: failure->message says why. */

ngx_int_t
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
