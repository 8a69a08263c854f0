
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_http_rooms_redis_conf.h>
#include <ngx_http_rooms_redis_conn.h>

#include <rooms_redis_url.h>


#define NGX_HTTP_ROOMS_REDIS_TIMEOUT  2000
#define NGX_HTTP_ROOMS_REDIS_HISTORY  1000
#define NGX_HTTP_ROOMS_REDIS_KEEP     (60 * 60 * 1000)
#define NGX_HTTP_ROOMS_REDIS_PREFIX   64
#define NGX_HTTP_ROOMS_REDIS_SECRET   512


static ngx_http_rooms_redis_conf_t *ngx_http_rooms_redis_conf_get(
    ngx_conf_t *cf, ngx_http_rooms_app_t *app);
static ngx_int_t ngx_http_rooms_redis_conf_copy(ngx_conf_t *cf,
    ngx_str_t *to, rooms_str_t from);
static ngx_int_t ngx_http_rooms_redis_conf_addrs(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf, rooms_str_t hosts);
static ngx_int_t ngx_http_rooms_redis_conf_password(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf);


static ngx_http_rooms_redis_conf_t *
ngx_http_rooms_redis_conf_get(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    ngx_http_rooms_redis_conf_t  *conf;

    if (app->redis) {
        return app->redis;
    }

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_rooms_redis_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->history = NGX_CONF_UNSET_UINT;
    conf->keep = NGX_CONF_UNSET_MSEC;

    app->redis = conf;

    return conf;
}


char *
ngx_http_rooms_redis_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    const char                   *reason;
    rooms_redis_url_t            *url;
    ngx_http_rooms_redis_conf_t  *conf;

    conf = ngx_http_rooms_redis_conf_get(cf, app);
    url = ngx_palloc(cf->temp_pool, sizeof(rooms_redis_url_t));

    if (conf == NULL || url == NULL) {
        return NGX_CONF_ERROR;
    }

    if (conf->url.len) {
        return "is duplicate";
    }

    reason = NULL;

    if (rooms_redis_url(rooms_str(value[1].data, value[1].len), url, &reason)
        == ROOMS_OK)
    {
        if (url->tls) {
            reason = "TLS is not supported";

        } else if (url->sentinel) {
            reason = "sentinels are not supported";
        }
    }

    if (reason) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid redis URL \"%V\": %s", &value[1], reason);
        return NGX_CONF_ERROR;
    }

    conf->db = url->db;

    if (ngx_http_rooms_redis_conf_copy(cf, &conf->user, url->user) != NGX_OK
        || ngx_http_rooms_redis_conf_copy(cf, &conf->password, url->password)
           != NGX_OK
        || ngx_http_rooms_redis_conf_addrs(cf, conf, url->hosts) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_rooms_redis_conf_copy(ngx_conf_t *cf, ngx_str_t *to,
    rooms_str_t from)
{
    ngx_str_null(to);

    if (from.len == 0) {
        return NGX_OK;
    }

    to->data = ngx_pnalloc(cf->pool, from.len);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, from.data, from.len);
    to->len = from.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_redis_conf_addrs(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf, rooms_str_t hosts)
{
    ngx_url_t     u;
    unsigned      port;
    rooms_str_t   host;

    if (rooms_redis_url_host(&hosts, ROOMS_REDIS_PORT, &host, &port)
        != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = ngx_pnalloc(cf->pool, host.len + NGX_INT_T_LEN + 3);
    if (u.url.data == NULL) {
        return NGX_ERROR;
    }

    u.url.len = ngx_sprintf(u.url.data,
                            memchr(host.data, ':', host.len) ? "[%*s]:%ud"
                                                             : "%*s:%ud",
                            host.len, host.data, port)
                - u.url.data;
    u.default_port = (in_port_t) port;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in redis host \"%V\"",
                           u.err ? u.err : "no memory", &u.url);
        return NGX_ERROR;
    }

    /* without the password, for the log */

    conf->url = u.url;
    conf->addrs = u.addrs;
    conf->naddrs = u.naddrs;

    return NGX_OK;
}


char *
ngx_http_rooms_redis_conf_more(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    ngx_int_t                     n;
    ngx_http_rooms_redis_conf_t  *conf;

    conf = ngx_http_rooms_redis_conf_get(cf, app);
    if (conf == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[0].data, "redis_timeout") == 0) {
        n = ngx_parse_time(&value[1], 0);

        if (n == NGX_ERROR || n < 10) {
            return "must be a time of at least 10ms";
        }

        conf->timeout = n;

    } else if (ngx_strcmp(value[0].data, "redis_keep") == 0) {
        n = ngx_parse_time(&value[1], 0);

        if (n == NGX_ERROR || n < 1000) {
            return "must be a time of at least 1s";
        }

        conf->keep = n;

    } else if (ngx_strcmp(value[0].data, "redis_history") == 0) {
        n = ngx_atoi(value[1].data, value[1].len);

        if (n == NGX_ERROR || n == 0) {
            return "must be a number of records";
        }

        conf->history = n;

    } else if (ngx_strcmp(value[0].data, "redis_prefix") == 0) {

        if (value[1].len == 0 || value[1].len > NGX_HTTP_ROOMS_REDIS_PREFIX
            || ngx_strlchr(value[1].data, value[1].data + value[1].len, '}'))
        {
            return "must be 1 to 64 octets without \"}\"";
        }

        conf->prefix = value[1];

    } else {
        conf->password_file = value[1];

        if (ngx_conf_full_name(cf->cycle, &conf->password_file, 1)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_rooms_redis_conf_init(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    ngx_http_rooms_redis_conf_t  *conf;

    conf = app->redis;

    if (conf == NULL) {
        return NGX_OK;
    }

    if (conf->url.len == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "rooms_app \"%V\" needs a \"redis\" directive for the "
                      "others in %s:%ui", &app->name, app->file, app->line);
        return NGX_ERROR;
    }

    /* what a command claims in other rooms is not appended with it yet */

    if (ngx_strcmp(app->application.data, "dinner") != 0
        && ngx_strcmp(app->application.data, "echo") != 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "application \"%V\" cannot keep its journal in redis "
                      "in %s:%ui", &app->application, app->file, app->line);
        return NGX_ERROR;
    }

    ngx_conf_init_msec_value(conf->timeout, NGX_HTTP_ROOMS_REDIS_TIMEOUT);
    ngx_conf_init_uint_value(conf->history, NGX_HTTP_ROOMS_REDIS_HISTORY);
    ngx_conf_init_msec_value(conf->keep, NGX_HTTP_ROOMS_REDIS_KEEP);

    if (conf->prefix.len == 0) {
        ngx_str_set(&conf->prefix, "rooms");
    }

    if (conf->password_file.len) {
        return ngx_http_rooms_redis_conf_password(cf, conf);
    }

    return NGX_OK;
}


/* The first line of the file. */

static ngx_int_t
ngx_http_rooms_redis_conf_password(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf)
{
    u_char    buf[NGX_HTTP_ROOMS_REDIS_SECRET], *p;
    ssize_t   n;
    ngx_fd_t  fd;

    fd = ngx_open_file(conf->password_file.data, NGX_FILE_RDONLY,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed",
                      &conf->password_file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    (void) ngx_close_file(fd);

    if (n <= 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "there is no password in \"%V\"",
                      &conf->password_file);
        return NGX_ERROR;
    }

    p = memchr(buf, '\n', n);

    return ngx_http_rooms_redis_conf_copy(cf, &conf->password,
                                          rooms_str(buf, p ? p - buf : n));
}
