
/*
 * Copyright (C) nginx rooms contributors
 *
 * The module: its directives and its hooks.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_set.h>
#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_session.h>
#include <ngx_http_rooms_cors.h>


static ngx_int_t ngx_http_rooms_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_rooms_postconfiguration(ngx_conf_t *cf);

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

static ngx_http_rooms_bounds_t  ngx_http_rooms_coalesce_bounds = {
    ngx_http_rooms_check_bounds, 0, 1000, "must not be above 1s"
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
    ngx_http_rooms_check_bounds, 0, 256, "must not be above 256"
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


static ngx_conf_enum_t  ngx_http_rooms_parsers[] = {
    { ngx_string("auto"), NGX_HTTP_ROOMS_PARSER_ANY },
    { ngx_string("json"), NGX_HTTP_ROOMS_PARSER_JSON },
    { ngx_string("msgpack"), NGX_HTTP_ROOMS_PARSER_MSGPACK },
    { ngx_null_string, 0 }
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
      ngx_http_rooms_time_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, recovery),
      &ngx_http_rooms_delay_bounds },

    { ngx_string("rooms_shutdown_time"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, shutdown),
      &ngx_http_rooms_shutdown_bounds },

    { ngx_string("rooms_coalesce"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_rooms_time_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, coalesce),
      &ngx_http_rooms_coalesce_bounds },

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

    { ngx_string("rooms_parser"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, parser),
      &ngx_http_rooms_parsers },

    { ngx_string("rooms_events"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, events),
      &ngx_http_rooms_events_bounds },

    { ngx_string("rooms_handshakes"),
      NGX_HTTP_ROOMS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rooms_loc_conf_t, handshakes),
      &ngx_http_rooms_count_bounds },

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
        ngx_http_rooms_hold_init(locations[i], cycle->log);
    }

    return ngx_http_rooms_zone_init_process(cycle);
}


static void
ngx_http_rooms_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    ngx_http_rooms_loc_conf_t   **locations;
    ngx_http_rooms_main_conf_t   *rmcf;

    rmcf = ngx_http_rooms_used(cycle);

    if (rmcf == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return;
    }

    locations = rmcf->locations.elts;

    for (i = 0; i < rmcf->locations.nelts; i++) {
        ngx_http_rooms_hold_end(locations[i]);
    }

    ngx_http_rooms_zone_exit_process(cycle);
}
