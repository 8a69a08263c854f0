
/*
 * Copyright (C) nginx rooms contributors
 *
 * Variables for access logs.
 *
 *     $rooms_app        name of the application's block
 *     $rooms_sid        the Engine.IO session id
 *     $rooms_transport  "websocket" or "polling"
 *     $rooms_in         events that came from the client
 *     $rooms_out        events that went to it
 *     $rooms_close      why the session ended, one word
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_session.h>


static ngx_int_t ngx_http_rooms_variable_app(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_rooms_variable_sid(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_rooms_variable_transport(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_rooms_variable_count(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_rooms_variable_close(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_rooms_ctx_t *ngx_http_rooms_variable_ctx(
    ngx_http_request_t *r);
static void ngx_http_rooms_variable_set(ngx_http_variable_value_t *v,
    ngx_str_t *value);


static ngx_http_variable_t  ngx_http_rooms_variables[] = {

    { ngx_string("rooms_app"), NULL, ngx_http_rooms_variable_app, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("rooms_sid"), NULL, ngx_http_rooms_variable_sid, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("rooms_transport"), NULL, ngx_http_rooms_variable_transport,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("rooms_in"), NULL, ngx_http_rooms_variable_count,
      offsetof(ngx_http_rooms_ctx_t, in), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("rooms_out"), NULL, ngx_http_rooms_variable_count,
      offsetof(ngx_http_rooms_ctx_t, out), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("rooms_close"), NULL, ngx_http_rooms_variable_close, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* In the order of ngx_http_rooms_close_e. */

static ngx_str_t  ngx_http_rooms_close_names[] = {
    ngx_null_string,
    ngx_string("client"),
    ngx_string("transport"),
    ngx_string("ping"),
    ngx_string("protocol"),
    ngx_string("server"),
    ngx_string("queue"),
    ngx_string("shutdown")
};


ngx_int_t
ngx_http_rooms_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_rooms_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* Log formats have looked their variables up while they were read. */

ngx_uint_t
ngx_http_rooms_variables_keep(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_str_t                  *name;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        name = &v[i].name;

        if ((name->len == 8 && ngx_strncmp(name->data, "rooms_in", 8) == 0)
            || (name->len == 9
                && ngx_strncmp(name->data, "rooms_out", 9) == 0)
            || (name->len == 11
                && ngx_strncmp(name->data, "rooms_close", 11) == 0))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_rooms_variable_app(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_rooms_app_t       *app;
    ngx_http_rooms_loc_conf_t  *rlcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_rooms_module);
    app = rlcf->app ? rlcf->app : rlcf->api;

    ngx_http_rooms_variable_set(v, app ? &app->name : NULL);

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_variable_sid(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_rooms_ctx_t  *ctx;

    ctx = ngx_http_rooms_variable_ctx(r);

    ngx_http_rooms_variable_set(v, ctx ? &ctx->sid : NULL);

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_variable_transport(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_rooms_ctx_t  *ctx;

    static ngx_str_t  websocket = ngx_string("websocket");
    static ngx_str_t  polling = ngx_string("polling");

    ctx = ngx_http_rooms_variable_ctx(r);

    if (ctx == NULL) {
        ngx_http_rooms_variable_set(v, NULL);

    } else {
        ngx_http_rooms_variable_set(v, ctx->polling ? &polling : &websocket);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_variable_count(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                *p;
    ngx_str_t              value;
    ngx_http_rooms_ctx_t  *ctx;

    ctx = ngx_http_rooms_variable_ctx(r);

    if (ctx == NULL) {
        ngx_http_rooms_variable_set(v, NULL);
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%uL", *(uint64_t *) ((u_char *) ctx + data))
                - p;

    ngx_http_rooms_variable_set(v, &value);

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_variable_close(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_rooms_ctx_t  *ctx;

    ctx = ngx_http_rooms_variable_ctx(r);

    if (ctx == NULL || ctx->close > NGX_HTTP_ROOMS_CLOSE_SHUTDOWN) {
        ngx_http_rooms_variable_set(v, NULL);

    } else {
        ngx_http_rooms_variable_set(v,
                                    &ngx_http_rooms_close_names[ctx->close]);
    }

    return NGX_OK;
}


/* NULL where the request belongs to no session. */

static ngx_http_rooms_ctx_t *
ngx_http_rooms_variable_ctx(ngx_http_request_t *r)
{
    ngx_http_rooms_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_rooms_module);

    return (ctx && ctx->sid.len) ? ctx : NULL;
}


static void
ngx_http_rooms_variable_set(ngx_http_variable_value_t *v, ngx_str_t *value)
{
    if (value == NULL || value->len == 0) {
        v->not_found = 1;
        return;
    }

    v->len = value->len;
    v->data = value->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
}
