
/*
 * Copyright (C) nginx rooms contributors
 *
 * A rooms_app that was read: its application gets the options, and, when all
 * of the configuration is read, the contracts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_conf.h>
#include <ngx_http_rooms_contract.h>
#include <ngx_http_rooms_limit.h>
#include <ngx_http_rooms_redis_conf.h>
#include <ngx_http_rooms_verify.h>
#include <ngx_http_rooms_zone.h>


static ngx_int_t ngx_http_rooms_app_init(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);
static ngx_int_t ngx_http_rooms_app_kept(ngx_conf_t *cf,
    ngx_http_rooms_main_conf_t *rmcf, ngx_http_rooms_app_t *app);
static void ngx_http_rooms_app_refused(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, const char *reason);
static void ngx_http_rooms_app_cleanup(void *data);


ngx_int_t
ngx_http_rooms_app_configure(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    char                       err[ROOMS_APP_ERROR];
    ngx_uint_t                 i;
    ngx_pool_cleanup_t        *cln;
    ngx_http_rooms_setting_t  *option;

    app->app = rooms_app_find(rooms_str(app->application.data,
                                        app->application.len));

    if (app->app == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "unknown application \"%V\", rooms_app \"%V\" needs an "
                      "\"application\" directive in %s:%ui",
                      &app->application, &app->name, app->file, app->line);
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    app->keys = rooms_app_keys(app->app);

    if (app->audit && !(rooms_app_uses(app->app) & ROOMS_APP_AUDITS)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"audit_log\" in rooms_app \"%V\": the application "
                      "\"%V\" writes none in %s:%ui",
                      &app->name, &app->application, app->file, app->line);
        return NGX_ERROR;
    }

    if ((rooms_app_uses(app->app) & ROOMS_APP_VERIFIES)
        && ngx_http_rooms_verify_conf(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_rooms_app_cleanup;
    cln->data = app;

    app->conf = app->app->create();
    if (app->conf == NULL) {
        return NGX_ERROR;
    }

    option = app->options->elts;

    for (i = 0; i < app->options->nelts; i++) {

        ngx_memzero(err, ROOMS_APP_ERROR);

        if (app->app->option(app->conf,
                             rooms_str(option[i].name.data,
                                       option[i].name.len),
                             rooms_str(option[i].value.data,
                                       option[i].value.len),
                             err)
            == ROOMS_OK)
        {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "invalid option \"%V\" with value \"%V\": %s in %s:%ui",
                      &option[i].name,
                      option[i].path.len ? &option[i].path
                                         : &option[i].value,
                      err[0] ? err : "it is refused",
                      option[i].file, option[i].line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_apps_init(ngx_conf_t *cf, ngx_http_rooms_main_conf_t *rmcf)
{
    ngx_uint_t              i;
    ngx_http_rooms_app_t  **apps;

    apps = rmcf->apps.elts;

    for (i = 0; i < rmcf->apps.nelts; i++) {

        if (!apps[i]->defined) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "there is no rooms_app \"%V\" in %s:%ui",
                          &apps[i]->name, apps[i]->file, apps[i]->line);
            return NGX_ERROR;
        }

        if (ngx_http_rooms_app_init(cf, apps[i]) != NGX_OK
            || ngx_http_rooms_app_kept(cf, rmcf, apps[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_rooms_workers_add(cf, rmcf);
}


static ngx_int_t
ngx_http_rooms_app_init(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    char  err[ROOMS_APP_ERROR];

    if (ngx_http_rooms_contract_load(cf, app) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(err, ROOMS_APP_ERROR);

    if (app->app->init(app->conf, app->contract, err) != ROOMS_OK) {
        ngx_http_rooms_app_refused(cf, app,
                                   err[0] ? err : "it does not suit");
        return NGX_ERROR;
    }

    if (ngx_http_rooms_redis_conf_hosts(cf, app) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_rooms_limit_add(cf, app) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_rooms_zone_add(cf, app);
}


/* What somebody comes back for must not have gone from Redis by then. */

static ngx_int_t
ngx_http_rooms_app_kept(ngx_conf_t *cf, ngx_http_rooms_main_conf_t *rmcf,
    ngx_http_rooms_app_t *app)
{
    ngx_uint_t                    i;
    ngx_http_rooms_loc_conf_t   **locations;
    ngx_http_rooms_redis_conf_t  *redis;

    redis = app->redis;
    locations = rmcf->locations.elts;

    for (i = 0; redis && i < rmcf->locations.nelts; i++) {

        if (locations[i]->app == app
            && locations[i]->recovery >= redis->keep)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"redis_keep\" of rooms_app \"%V\" must be longer "
                          "than \"rooms_recovery\" in %s:%ui",
                          &app->name, app->file, app->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * What the application does not like in its contract may be in either
 * document, or in that it lacks one.
 */

static void
ngx_http_rooms_app_refused(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    const char *reason)
{
    ngx_http_rooms_setting_t  *file;

    file = app->contracts->elts;

    switch (app->contracts->nelts) {

    case 0:
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "rooms_app \"%V\" without a contract: %s in %s:%ui",
                      &app->name, reason, app->file, app->line);
        break;

    case 1:
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "contract \"%V\": %s in %s:%ui",
                      &file[0].name, reason, file[0].file, file[0].line);
        break;

    default:
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "contract \"%V\" or \"%V\": %s in %s:%ui",
                      &file[0].name, &file[1].name, reason,
                      file[0].file, file[0].line);
    }
}


static void
ngx_http_rooms_app_cleanup(void *data)
{
    ngx_http_rooms_app_t *app = data;

    if (app->conf) {
        app->app->destroy(app->conf);
        app->conf = NULL;
    }

    if (app->contract) {
        rooms_contract_free(app->contract);
        app->contract = NULL;
    }
}
