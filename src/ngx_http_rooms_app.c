
/*
 * Copyright (C) nginx rooms contributors
 *
 * "rooms_app NAME { ... }": reads the block.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_audit.h>
#include <ngx_http_rooms_conf.h>
#include <ngx_http_rooms_contract.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_redis_bridge.h>
#include <ngx_http_rooms_redis_conf.h>


#define NGX_HTTP_ROOMS_NAME_MAX   64
#define NGX_HTTP_ROOMS_ZONE_SIZE  (16 * 1024 * 1024)
#define NGX_HTTP_ROOMS_ZONE_MIN   (1024 * 1024)


/* A directive of the block; nargs are those after its name, 0: some. */

typedef struct {
    ngx_str_t    name;
    ngx_uint_t   nargs;
    char      *(*set)(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
                      ngx_str_t *value);
} ngx_http_rooms_app_command_t;


static ngx_uint_t ngx_http_rooms_app_name_valid(ngx_str_t *name);
static char *ngx_http_rooms_app_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *ngx_http_rooms_app_application(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);
static char *ngx_http_rooms_app_contract(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);
static char *ngx_http_rooms_app_zone(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);
static char *ngx_http_rooms_app_history(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);
static char *ngx_http_rooms_app_option(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);
static char *ngx_http_rooms_app_option_file(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_str_t *value);
static ngx_http_rooms_setting_t *ngx_http_rooms_app_setting(ngx_conf_t *cf,
    ngx_array_t *settings);


static ngx_http_rooms_app_command_t  ngx_http_rooms_app_commands[] = {
    { ngx_string("application"), 1, ngx_http_rooms_app_application },
    { ngx_string("contract"), 1, ngx_http_rooms_app_contract },
    { ngx_string("zone"), 0, ngx_http_rooms_app_zone },
    { ngx_string("history"), 1, ngx_http_rooms_app_history },
    { ngx_string("option"), 2, ngx_http_rooms_app_option },
    { ngx_string("option_file"), 2, ngx_http_rooms_app_option_file },
    { ngx_string("audit_log"), 1, ngx_http_rooms_audit_conf },
    { ngx_string("redis"), 1, ngx_http_rooms_redis_conf },
    { ngx_string("redis_timeout"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_keep"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_history"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_prefix"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_password_file"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_emitter"), 1, ngx_http_rooms_bridge_conf },
    { ngx_string("redis_emitter_max"), 1, ngx_http_rooms_bridge_conf_max },
    { ngx_string("redis_sentinel_password_file"), 1,
      ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_protocols"), 0, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_ciphers"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_name"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_verify"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_verify_depth"), 1,
      ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_trusted_certificate"), 1,
      ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_crl"), 1, ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_certificate"), 1,
      ngx_http_rooms_redis_conf_more },
    { ngx_string("redis_ssl_certificate_key"), 1,
      ngx_http_rooms_redis_conf_more },
    { ngx_null_string, 0, NULL }
};


char *
ngx_http_rooms_app_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                  *rv;
    ngx_str_t             *value;
    ngx_conf_t             save;
    ngx_http_rooms_app_t  *app;

    value = cf->args->elts;

    if (!ngx_http_rooms_app_name_valid(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid rooms_app name \"%V\": it must be 1 to "
                           "%d letters, digits, \".\", \"_\" or \"-\"",
                           &value[1], NGX_HTTP_ROOMS_NAME_MAX);
        return NGX_CONF_ERROR;
    }

    app = ngx_http_rooms_app_get(cf, &value[1]);
    if (app == NULL) {
        return NGX_CONF_ERROR;
    }

    if (app->defined) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate rooms_app \"%V\", the other is in %s:%ui",
                           &app->name, app->file, app->line);
        return NGX_CONF_ERROR;
    }

    app->defined = 1;
    app->file = cf->conf_file->file.name.data;
    app->line = cf->conf_file->line;

    save = *cf;
    cf->handler = ngx_http_rooms_app_line;
    cf->handler_conf = (char *) app;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (app->application.len == 0) {
        app->application = app->name;
    }

    if (app->size == 0) {
        app->size = NGX_HTTP_ROOMS_ZONE_SIZE;
    }

    if (app->sync == NGX_CONF_UNSET) {
        app->sync = NGX_HTTP_ROOMS_SYNC_DEFAULT;
    }

    if (app->keep.len && app->redis) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "a journal is either in redis or in a file, rooms_app "
                      "\"%V\" wants both in %s:%ui",
                      &app->name, app->file, app->line);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_rooms_bridge_conf_init(cf, app) != NGX_OK
        || ngx_http_rooms_redis_conf_init(cf, app) != NGX_OK
        || ngx_http_rooms_app_configure(cf, app) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_http_rooms_app_t *
ngx_http_rooms_app_get(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_http_rooms_app_t         *app, **apps;
    ngx_http_rooms_main_conf_t   *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_rooms_module);
    apps = rmcf->apps.elts;

    for (i = 0; i < rmcf->apps.nelts; i++) {
        if (apps[i]->name.len == name->len
            && ngx_strncmp(apps[i]->name.data, name->data, name->len) == 0)
        {
            return apps[i];
        }
    }

    apps = ngx_array_push(&rmcf->apps);
    if (apps == NULL) {
        return NULL;
    }

    app = ngx_pcalloc(cf->pool, sizeof(ngx_http_rooms_app_t));
    if (app == NULL) {
        return NULL;
    }

    *apps = app;

    app->contracts = ngx_array_create(cf->pool, 2,
                                      sizeof(ngx_http_rooms_setting_t));
    app->options = ngx_array_create(cf->pool, 4,
                                    sizeof(ngx_http_rooms_setting_t));

    if (app->contracts == NULL || app->options == NULL) {
        return NULL;
    }

    app->sync = NGX_CONF_UNSET;
    app->name = *name;
    app->file = cf->conf_file->file.name.data;
    app->line = cf->conf_file->line;
    app->index = rmcf->apps.nelts - 1;

    return app;
}


/* Names go into zones, labels and logs, where nothing is escaped. */

static ngx_uint_t
ngx_http_rooms_app_name_valid(ngx_str_t *name)
{
    u_char  c;
    size_t  i;

    if (name->len == 0 || name->len > NGX_HTTP_ROOMS_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
              || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
        {
            return 0;
        }
    }

    return 1;
}


/* A line of the block. */

static char *
ngx_http_rooms_app_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_rooms_app_t *app = conf;

    char                          *rv;
    ngx_str_t                     *value;
    ngx_http_rooms_app_command_t  *cmd;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {

        if (cf->args->nelts != 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of arguments in \"include\" "
                               "directive");
            return NGX_CONF_ERROR;
        }

        return ngx_conf_include(cf, dummy, conf);
    }

    for (cmd = ngx_http_rooms_app_commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(value[0].data, cmd->name.data) == 0) {
            break;
        }
    }

    if (cmd->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in rooms_app \"%V\"",
                           &value[0], &app->name);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts < 2
        || (cmd->nargs && cf->args->nelts != cmd->nargs + 1))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" directive",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    rv = cmd->set(cf, app, value);

    if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" directive %s",
                       &value[0], rv);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_rooms_app_application(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    if (app->application.len) {
        return "is duplicate";
    }

    if (rooms_app_find(rooms_str(value[1].data, value[1].len)) == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown application \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    app->application = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_rooms_app_contract(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    ngx_http_rooms_setting_t  *file;

    if (app->contracts->nelts == 2) {
        return "may stand twice only, for the events and for the REST paths";
    }

    file = ngx_http_rooms_app_setting(cf, app->contracts);
    if (file == NULL) {
        return NGX_CONF_ERROR;
    }

    file->name = value[1];

    if (ngx_conf_full_name(cf->cycle, &file->name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_rooms_app_zone(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    char        *rv;
    ssize_t      size;
    ngx_uint_t   i;

    if (app->size) {
        return "is duplicate";
    }

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size < NGX_HTTP_ROOMS_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone size \"%V\" is too small, the minimum is 1m",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    app->size = size;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_rooms_file_conf(cf, app, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (app->keep.len == 0 && app->sync != NGX_CONF_UNSET) {
        return "has a \"sync\" parameter without \"file\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_rooms_app_history(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    ngx_int_t  n;

    if (app->history) {
        return "is duplicate";
    }

    n = ngx_parse_time(&value[1], 0);

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid history \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    app->history = n;

    return NGX_CONF_OK;
}


static char *
ngx_http_rooms_app_option(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    ngx_uint_t                 i;
    ngx_http_rooms_setting_t  *option;

    option = app->options->elts;

    for (i = 0; i < app->options->nelts; i++) {
        if (ngx_strcmp(option[i].name.data, value[1].data) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate option \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    option = ngx_http_rooms_app_setting(cf, app->options);
    if (option == NULL) {
        return NGX_CONF_ERROR;
    }

    option->name = value[1];
    option->value = value[2];

    return NGX_CONF_OK;
}


/* The same, where the value is what a file has. */

static char *
ngx_http_rooms_app_option_file(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    char                      *rv;
    ngx_str_t                  text;
    ngx_http_rooms_setting_t  *option, file;

    rv = ngx_http_rooms_app_option(cf, app, value);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    option = app->options->elts;
    option += app->options->nelts - 1;

    option->path = value[2];

    if (ngx_conf_full_name(cf->cycle, &option->path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    file = *option;
    file.name = option->path;

    if (ngx_http_rooms_contract_read(cf, &file, &text) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    option->value.len = text.len;
    option->value.data = ngx_pstrdup(cf->pool, &text);

    ngx_free(text.data);

    return option->value.data ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_http_rooms_setting_t *
ngx_http_rooms_app_setting(ngx_conf_t *cf, ngx_array_t *settings)
{
    ngx_http_rooms_setting_t  *setting;

    setting = ngx_array_push(settings);
    if (setting == NULL) {
        return NULL;
    }

    ngx_memzero(setting, sizeof(ngx_http_rooms_setting_t));

    setting->file = cf->conf_file->file.name.data;
    setting->line = cf->conf_file->line;

    return setting;
}
