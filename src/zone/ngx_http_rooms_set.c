
/*
 * Copyright (C) nginx rooms contributors
 *
 * What directives set, and what is inherited from where.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_cors.h>
#include <ngx_http_rooms_set.h>


static void ngx_http_rooms_merge_handler(ngx_conf_t *cf,
    ngx_http_rooms_loc_conf_t *prev, ngx_http_rooms_loc_conf_t *conf);
static void ngx_http_rooms_merge_limits(ngx_http_rooms_loc_conf_t *prev,
    ngx_http_rooms_loc_conf_t *conf);
static char *ngx_http_rooms_handler_set(ngx_conf_t *cf,
    ngx_http_rooms_loc_conf_t *rlcf, ngx_http_handler_pt handler);


void *
ngx_http_rooms_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_rooms_main_conf_t  *rmcf;

    rmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_rooms_main_conf_t));
    if (rmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&rmcf->apps, cf->pool, 4,
                       sizeof(ngx_http_rooms_app_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&rmcf->locations, cf->pool, 4,
                       sizeof(ngx_http_rooms_loc_conf_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return rmcf;
}


void *
ngx_http_rooms_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_rooms_loc_conf_t  *rlcf;

    rlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_rooms_loc_conf_t));
    if (rlcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     rlcf->app = NULL;
     *     rlcf->mode = NGX_HTTP_ROOMS_SOCKET_IO;
     *     rlcf->api = NULL;
     *     rlcf->status = 0;
     *     rlcf->methods = { 0, NULL };
     *     rlcf->cookie = { 0, NULL };
     */

    rlcf->ping_interval = NGX_CONF_UNSET_MSEC;
    rlcf->ping_timeout = NGX_CONF_UNSET_MSEC;
    rlcf->connect_timeout = NGX_CONF_UNSET_MSEC;
    rlcf->upgrade_timeout = NGX_CONF_UNSET_MSEC;
    rlcf->recovery = NGX_CONF_UNSET_MSEC;
    rlcf->shutdown = NGX_CONF_UNSET_MSEC;
    rlcf->coalesce = NGX_CONF_UNSET_MSEC;

    rlcf->max_payload = NGX_CONF_UNSET_SIZE;
    rlcf->send_queue = NGX_CONF_UNSET_SIZE;
    rlcf->max_fragments = NGX_CONF_UNSET_UINT;
    rlcf->max_attachments = NGX_CONF_UNSET_UINT;
    rlcf->max_rooms = NGX_CONF_UNSET_UINT;
    rlcf->max_namespaces = NGX_CONF_UNSET_UINT;
    rlcf->max_nodes = NGX_CONF_UNSET_UINT;
    rlcf->parser = NGX_CONF_UNSET_UINT;
    rlcf->events = NGX_CONF_UNSET_UINT;
    rlcf->handshakes = NGX_CONF_UNSET_UINT;

    rlcf->origins = NGX_CONF_UNSET_PTR;
    rlcf->any_origin = NGX_CONF_UNSET;
    rlcf->credentials = NGX_CONF_UNSET;

    rlcf->deflate = NGX_CONF_UNSET;
    rlcf->deflate_threshold = NGX_CONF_UNSET_SIZE;
    rlcf->deflate_bits = NGX_CONF_UNSET_UINT;

    return rlcf;
}


char *
ngx_http_rooms_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_rooms_loc_conf_t *prev = parent;
    ngx_http_rooms_loc_conf_t *conf = child;

    ngx_http_rooms_loc_conf_t   **location;
    ngx_http_rooms_main_conf_t   *rmcf;

    ngx_http_rooms_merge_handler(cf, prev, conf);
    ngx_http_rooms_merge_limits(prev, conf);

    ngx_conf_merge_str_value(conf->cookie, prev->cookie, "");

    ngx_conf_merge_value(conf->deflate, prev->deflate, 0);
    ngx_conf_merge_size_value(conf->deflate_threshold,
                              prev->deflate_threshold, 1024);
    ngx_conf_merge_uint_value(conf->deflate_bits, prev->deflate_bits, 10);

    if (conf->app) {
        rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_rooms_module);

        location = ngx_array_push(&rmcf->locations);
        if (location == NULL) {
            return NGX_CONF_ERROR;
        }

        *location = conf;
    }

    return ngx_http_rooms_cors_merge(cf, prev, conf);
}


/*
 * "if" and "limit_except" are locations to nginx, but to their writer they
 * are within the one that says "rooms".
 */

static void
ngx_http_rooms_merge_handler(ngx_conf_t *cf, ngx_http_rooms_loc_conf_t *prev,
    ngx_http_rooms_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!(clcf->noname || clcf->lmt_excpt)
        || clcf->handler
        || conf->app || conf->api || conf->status)
    {
        return;
    }

    conf->app = prev->app;
    conf->mode = prev->mode;
    conf->api = prev->api;
    conf->status = prev->status;

    if (clcf->lmt_excpt) {
        clcf->handler = conf->app ? ngx_http_rooms_transport_handler
                      : conf->api ? ngx_http_rooms_api_handler
                      : conf->status ? ngx_http_rooms_status_handler
                      : NULL;
    }
}


static void
ngx_http_rooms_merge_limits(ngx_http_rooms_loc_conf_t *prev,
    ngx_http_rooms_loc_conf_t *conf)
{
    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval,
                              25000);
    ngx_conf_merge_msec_value(conf->ping_timeout, prev->ping_timeout, 20000);
    ngx_conf_merge_msec_value(conf->connect_timeout, prev->connect_timeout,
                              45000);
    ngx_conf_merge_msec_value(conf->upgrade_timeout, prev->upgrade_timeout,
                              10000);
    ngx_conf_merge_msec_value(conf->recovery, prev->recovery, 0);
    ngx_conf_merge_msec_value(conf->shutdown, prev->shutdown, 2000);
    ngx_conf_merge_msec_value(conf->coalesce, prev->coalesce, 0);

    ngx_conf_merge_size_value(conf->max_payload, prev->max_payload, 1000000);
    ngx_conf_merge_size_value(conf->send_queue, prev->send_queue,
                              1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_fragments, prev->max_fragments, 1024);
    ngx_conf_merge_uint_value(conf->max_attachments, prev->max_attachments,
                              10);
    ngx_conf_merge_uint_value(conf->max_rooms, prev->max_rooms, 64);
    ngx_conf_merge_uint_value(conf->max_namespaces, prev->max_namespaces, 16);
    ngx_conf_merge_uint_value(conf->max_nodes, prev->max_nodes, 10000);
    ngx_conf_merge_uint_value(conf->parser, prev->parser,
                              NGX_HTTP_ROOMS_PARSER_ANY);
    ngx_conf_merge_uint_value(conf->events, prev->events, 0);
    ngx_conf_merge_uint_value(conf->handshakes, prev->handshakes, 65536);
}


char *
ngx_http_rooms_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rooms_loc_conf_t *rlcf = conf;

    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    rv = ngx_http_rooms_handler_set(cf, rlcf,
                                    ngx_http_rooms_transport_handler);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rlcf->app = ngx_http_rooms_app_get(cf, &value[1]);
    if (rlcf->app == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2 || ngx_strcmp(value[2].data, "socket.io") == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[2].data, "engine.io") == 0) {
        rlcf->mode = NGX_HTTP_ROOMS_ENGINE_IO;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[2].data, "websocket") == 0) {
        rlcf->mode = NGX_HTTP_ROOMS_WEBSOCKET;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid protocol \"%V\", it must be \"socket.io\", "
                       "\"engine.io\" or \"websocket\"", &value[2]);

    return NGX_CONF_ERROR;
}


char *
ngx_http_rooms_api_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rooms_loc_conf_t *rlcf = conf;

    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    rv = ngx_http_rooms_handler_set(cf, rlcf, ngx_http_rooms_api_handler);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rlcf->api = ngx_http_rooms_app_get(cf, &value[1]);

    return rlcf->api ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_rooms_status_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rooms_loc_conf_t *rlcf = conf;

    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    rv = ngx_http_rooms_handler_set(cf, rlcf, ngx_http_rooms_status_handler);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (cf->args->nelts == 1 || ngx_strcmp(value[1].data, "json") == 0) {
        rlcf->status = NGX_HTTP_ROOMS_JSON;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "prometheus") == 0) {
        rlcf->status = NGX_HTTP_ROOMS_PROMETHEUS;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid format \"%V\", it must be \"json\" or "
                       "\"prometheus\"", &value[1]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_rooms_handler_set(ngx_conf_t *cf, ngx_http_rooms_loc_conf_t *rlcf,
    ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (rlcf->app || rlcf->api || rlcf->status) {
        return "cannot share a location with another \"rooms\", "
               "\"rooms_api\" or \"rooms_status\"";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    return NGX_CONF_OK;
}


char *
ngx_http_rooms_time_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t   *value;
    ngx_msec_t  *time;

    time = (ngx_msec_t *) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") != 0) {
        return ngx_conf_set_msec_slot(cf, cmd, conf);
    }

    if (*time != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    *time = 0;

    return NGX_CONF_OK;
}


/* A cookie's name is a token (RFC 6265, 4.1.1). */

char *
ngx_http_rooms_cookie_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rooms_loc_conf_t *rlcf = conf;

    u_char      c;
    size_t      i;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (rlcf->cookie.data) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&rlcf->cookie, "");
        return NGX_CONF_OK;
    }

    for (i = 0; i < value[1].len; i++) {
        c = value[1].data[i];

        if (c <= ' ' || c >= 0x7f || ngx_strchr("()<>@,;:\\\"/[]?={}", c)) {
            break;
        }
    }

    if (i == 0 || i < value[1].len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid cookie name \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    rlcf->cookie = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_rooms_check_bounds(ngx_conf_t *cf, void *post, void *data)
{
    ngx_uint_t               *np = data;
    ngx_http_rooms_bounds_t  *bounds = post;

    if (*np < bounds->low || *np > bounds->high) {
        return bounds->reason;
    }

    return NGX_CONF_OK;
}
