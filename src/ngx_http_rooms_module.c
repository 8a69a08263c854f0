
/*
 * Copyright (C) nginx rooms contributors
 *
 * The module: its directives, its configuration, its hooks.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_conf.h>
#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_session.h>
#include <ngx_http_rooms_cors.h>


/* For sizes, times (ms) and numbers, which are all of one width. */

typedef struct {
    ngx_conf_post_handler_pt    post_handler;
    ngx_uint_t                  low;
    ngx_uint_t                  high;
    char                       *reason;
} ngx_http_rooms_bounds_t;


static ngx_int_t ngx_http_rooms_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_rooms_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_rooms_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_rooms_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_rooms_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_rooms_merge_handler(ngx_conf_t *cf,
    ngx_http_rooms_loc_conf_t *prev, ngx_http_rooms_loc_conf_t *conf);
static void ngx_http_rooms_merge_limits(ngx_http_rooms_loc_conf_t *prev,
    ngx_http_rooms_loc_conf_t *conf);

static char *ngx_http_rooms_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_rooms_api_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_rooms_status_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_rooms_handler_set(ngx_conf_t *cf,
    ngx_http_rooms_loc_conf_t *rlcf, ngx_http_handler_pt handler);
static char *ngx_http_rooms_recovery_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_rooms_cookie_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_rooms_check_bounds(ngx_conf_t *cf, void *post,
    void *data);

static ngx_int_t ngx_http_rooms_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_rooms_init_process(ngx_cycle_t *cycle);
static void ngx_http_rooms_exit_process(ngx_cycle_t *cycle);
static ngx_http_rooms_main_conf_t *ngx_http_rooms_used(ngx_cycle_t *cycle);


static ngx_http_rooms_bounds_t  ngx_http_rooms_delay_bounds = {
    ngx_http_rooms_check_bounds, 10, 86400000,
    "must be between 10ms and 1d"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_shutdown_bounds = {
    ngx_http_rooms_check_bounds, 0, 3600000, "must not be above 1h"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_payload_bounds = {
    ngx_http_rooms_check_bounds, 1, 1024 * 1024 * 1024,
    "must be between 1 and 1g"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_queue_bounds = {
    ngx_http_rooms_check_bounds, 4096, 1024 * 1024 * 1024,
    "must be between 4k and 1g"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_count_bounds = {
    ngx_http_rooms_check_bounds, 1, 1048576,
    "must be between 1 and 1048576"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_attachment_bounds = {
    ngx_http_rooms_check_bounds, 0, 1024, "must not be above 1024"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_nodes_bounds = {
    ngx_http_rooms_check_bounds, 1, 16777216,
    "must be between 1 and 16777216"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_events_bounds = {
    ngx_http_rooms_check_bounds, 0, 1048576, "must not be above 1048576"
};

static ngx_http_rooms_bounds_t  ngx_http_rooms_threshold_bounds = {
    ngx_http_rooms_check_bounds, 0, 1024 * 1024 * 1024,
    "must not be above 1g"
};

/* zlib makes no window of 8 bits in raw mode */

static ngx_http_rooms_bounds_t  ngx_http_rooms_bits_bounds = {
    ngx_http_rooms_check_bounds, 9, 15, "must be between 9 and 15"
};


#define NGX_HTTP_ROOMS_ANY_CONF                                              \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_command_t  ngx_http_rooms_commands[] = {

    { ngx_string("rooms_app"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_rooms_app_block,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("rooms"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_CONF_TAKE12,
      ngx_http_rooms_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("rooms_api"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_CONF_TAKE1,
      ngx_http_rooms_api_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("rooms_status"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_rooms_status_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("rooms_ping_interval"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, ping_interval),
      &ngx_http_rooms_delay_bounds },

    { ngx_string("rooms_ping_timeout"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, ping_timeout),
      &ngx_http_rooms_delay_bounds },

    { ngx_string("rooms_connect_timeout"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, connect_timeout),
      &ngx_http_rooms_delay_bounds },

    { ngx_string("rooms_upgrade_timeout"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, upgrade_timeout),
      &ngx_http_rooms_delay_bounds },

    { ngx_string("rooms_recovery"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_rooms_recovery_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, recovery),
      &ngx_http_rooms_delay_bounds },

    { ngx_string("rooms_shutdown_time"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, shutdown),
      &ngx_http_rooms_shutdown_bounds },

    { ngx_string("rooms_max_payload"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, max_payload),
      &ngx_http_rooms_payload_bounds },

    { ngx_string("rooms_send_queue"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, send_queue),
      &ngx_http_rooms_queue_bounds },

    { ngx_string("rooms_max_fragments"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, max_fragments),
      &ngx_http_rooms_count_bounds },

    { ngx_string("rooms_max_attachments"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, max_attachments),
      &ngx_http_rooms_attachment_bounds },

    { ngx_string("rooms_max_rooms"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, max_rooms),
      &ngx_http_rooms_count_bounds },

    { ngx_string("rooms_max_namespaces"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, max_namespaces),
      &ngx_http_rooms_count_bounds },

    { ngx_string("rooms_max_nodes"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, max_nodes),
      &ngx_http_rooms_nodes_bounds },

    { ngx_string("rooms_events"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, events),
      &ngx_http_rooms_events_bounds },

    { ngx_string("rooms_origin"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_rooms_origin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("rooms_credentials"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, credentials),
      NULL },

    { ngx_string("rooms_methods"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_rooms_methods,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("rooms_cookie"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_rooms_cookie_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("rooms_deflate"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, deflate),
      NULL },

    { ngx_string("rooms_deflate_threshold"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, deflate_threshold),
      &ngx_http_rooms_threshold_bounds },

    { ngx_string("rooms_deflate_bits"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, deflate_bits),
      &ngx_http_rooms_bits_bounds },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_rooms_module_ctx = {
    ngx_http_rooms_preconfiguration,       /* preconfiguration */
    ngx_http_rooms_postconfiguration,      /* postconfiguration */

    ngx_http_rooms_create_main_conf,       /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_rooms_create_loc_conf,        /* create location configuration */
    ngx_http_rooms_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_rooms_module = {
    NGX_MODULE_V1,
    &ngx_http_rooms_module_ctx,            /* module context */
    ngx_http_rooms_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_rooms_init_module,            /* init module */
    ngx_http_rooms_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_rooms_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_rooms_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_rooms_add_variables(cf);
}


static ngx_int_t
ngx_http_rooms_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_rooms_main_conf_t  *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_rooms_module);

    if (rmcf->apps.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_http_rooms_apps_init(cf, rmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    rmcf->keep_requests = ngx_http_rooms_variables_keep(cf);

    return NGX_OK;
}


static void *
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


static void *
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

    rlcf->max_payload = NGX_CONF_UNSET_SIZE;
    rlcf->send_queue = NGX_CONF_UNSET_SIZE;
    rlcf->max_fragments = NGX_CONF_UNSET_UINT;
    rlcf->max_attachments = NGX_CONF_UNSET_UINT;
    rlcf->max_rooms = NGX_CONF_UNSET_UINT;
    rlcf->max_namespaces = NGX_CONF_UNSET_UINT;
    rlcf->max_nodes = NGX_CONF_UNSET_UINT;
    rlcf->events = NGX_CONF_UNSET_UINT;

    rlcf->origins = NGX_CONF_UNSET_PTR;
    rlcf->any_origin = NGX_CONF_UNSET;
    rlcf->credentials = NGX_CONF_UNSET;

    rlcf->deflate = NGX_CONF_UNSET;
    rlcf->deflate_threshold = NGX_CONF_UNSET_SIZE;
    rlcf->deflate_bits = NGX_CONF_UNSET_UINT;

    return rlcf;
}


static char *
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

    ngx_conf_merge_size_value(conf->max_payload, prev->max_payload, 1000000);
    ngx_conf_merge_size_value(conf->send_queue, prev->send_queue,
                              1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_fragments, prev->max_fragments, 1024);
    ngx_conf_merge_uint_value(conf->max_attachments, prev->max_attachments,
                              10);
    ngx_conf_merge_uint_value(conf->max_rooms, prev->max_rooms, 64);
    ngx_conf_merge_uint_value(conf->max_namespaces, prev->max_namespaces, 16);
    ngx_conf_merge_uint_value(conf->max_nodes, prev->max_nodes, 10000);
    ngx_conf_merge_uint_value(conf->events, prev->events, 0);
}


static char *
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


static char *
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


static char *
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


static char *
ngx_http_rooms_recovery_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rooms_loc_conf_t *rlcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") != 0) {
        return ngx_conf_set_msec_slot(cf, cmd, conf);
    }

    if (rlcf->recovery != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    rlcf->recovery = 0;

    return NGX_CONF_OK;
}


/* A cookie's name is a token (RFC 6265, 4.1.1). */

static char *
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


static char *
ngx_http_rooms_check_bounds(ngx_conf_t *cf, void *post, void *data)
{
    ngx_uint_t               *np = data;
    ngx_http_rooms_bounds_t  *bounds = post;

    if (*np < bounds->low || *np > bounds->high) {
        return bounds->reason;
    }

    return NGX_CONF_OK;
}


/* NULL where there is no http block, or no rooms_app in it. */

static ngx_http_rooms_main_conf_t *
ngx_http_rooms_used(ngx_cycle_t *cycle)
{
    ngx_http_rooms_main_conf_t  *rmcf;

    rmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_rooms_module);

    if (rmcf == NULL || rmcf->apps.nelts == 0) {
        return NULL;
    }

    return rmcf;
}


static ngx_int_t
ngx_http_rooms_init_module(ngx_cycle_t *cycle)
{
    if (ngx_http_rooms_used(cycle) == NULL) {
        return NGX_OK;
    }

    return ngx_http_rooms_zone_init_module(cycle);
}


static ngx_int_t
ngx_http_rooms_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    ngx_http_rooms_loc_conf_t   **locations;
    ngx_http_rooms_main_conf_t   *rmcf;

    rmcf = ngx_http_rooms_used(cycle);

    /* the cache manager and loader are not workers */

    if (rmcf == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    locations = rmcf->locations.elts;

    for (i = 0; i < rmcf->locations.nelts; i++) {
        ngx_http_rooms_beat_init(locations[i], cycle->log);
    }

    return ngx_http_rooms_zone_init_process(cycle);
}


static void
ngx_http_rooms_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_http_rooms_used(cycle) == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return;
    }

    ngx_http_rooms_zone_exit_process(cycle);
}
