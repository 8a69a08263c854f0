
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_http_rooms_redis_conf.h>
#include <ngx_http_rooms_redis_link.h>

#include <rooms_redis_redirect.h>
#include <rooms_redis_url.h>


#define NGX_HTTP_ROOMS_REDIS_TIMEOUT  2000
#define NGX_HTTP_ROOMS_REDIS_HISTORY  1000
#define NGX_HTTP_ROOMS_REDIS_KEEP     (60 * 60 * 1000)
#define NGX_HTTP_ROOMS_REDIS_PREFIX   64
#define NGX_HTTP_ROOMS_REDIS_SECRET   512
#define NGX_HTTP_ROOMS_REDIS_NODES    64


static ngx_http_rooms_redis_conf_t *ngx_http_rooms_redis_conf_get(
    ngx_conf_t *cf, ngx_http_rooms_app_t *app);
static ngx_int_t ngx_http_rooms_redis_conf_copy(ngx_conf_t *cf,
    ngx_str_t *to, rooms_str_t from);
static char *ngx_http_rooms_redis_conf_nodes(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf, rooms_redis_url_t *url);
static char *ngx_http_rooms_redis_conf_time(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_rooms_redis_conf_keep(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_rooms_redis_conf_count(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_rooms_redis_conf_prefix(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_rooms_redis_conf_file(ngx_conf_t *cf, void *post,
    void *data);
static ngx_int_t ngx_http_rooms_redis_conf_key(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);
static ngx_int_t ngx_http_rooms_redis_conf_password(ngx_conf_t *cf,
    ngx_str_t *file, ngx_str_t *password);


static ngx_conf_post_t  ngx_http_rooms_redis_post_time =
    { ngx_http_rooms_redis_conf_time };
static ngx_conf_post_t  ngx_http_rooms_redis_post_keep =
    { ngx_http_rooms_redis_conf_keep };
static ngx_conf_post_t  ngx_http_rooms_redis_post_count =
    { ngx_http_rooms_redis_conf_count };
static ngx_conf_post_t  ngx_http_rooms_redis_post_prefix =
    { ngx_http_rooms_redis_conf_prefix };
static ngx_conf_post_t  ngx_http_rooms_redis_post_file =
    { ngx_http_rooms_redis_conf_file };


#if (NGX_SSL)

static ngx_conf_bitmask_t  ngx_http_rooms_redis_protocols[] = {
    { ngx_string("TLSv1"), NGX_SSL_TLSv1 },
    { ngx_string("TLSv1.1"), NGX_SSL_TLSv1_1 },
    { ngx_string("TLSv1.2"), NGX_SSL_TLSv1_2 },
    { ngx_string("TLSv1.3"), NGX_SSL_TLSv1_3 },
    { ngx_null_string, 0 }
};

#endif


/* Those that ngx_http_rooms_app.c lists, which counts their arguments. */

static ngx_command_t  ngx_http_rooms_redis_commands[] = {

    { ngx_string("redis_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, timeout),
      &ngx_http_rooms_redis_post_time },

    { ngx_string("redis_keep"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, keep),
      &ngx_http_rooms_redis_post_keep },

    { ngx_string("redis_history"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, history),
      &ngx_http_rooms_redis_post_count },

    { ngx_string("redis_prefix"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, prefix),
      &ngx_http_rooms_redis_post_prefix },

    { ngx_string("redis_password_file"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, password_file),
      &ngx_http_rooms_redis_post_file },

    { ngx_string("redis_sentinel_password_file"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, sentinel_password_file),
      &ngx_http_rooms_redis_post_file },

#if (NGX_SSL)

    { ngx_string("redis_ssl"),
      NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, tls),
      NULL },

    { ngx_string("redis_ssl_protocols"),
      NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_protocols),
      &ngx_http_rooms_redis_protocols },

    { ngx_string("redis_ssl_ciphers"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_ciphers),
      NULL },

    { ngx_string("redis_ssl_name"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_name),
      NULL },

    { ngx_string("redis_ssl_verify"),
      NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_verify),
      NULL },

    { ngx_string("redis_ssl_verify_depth"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_verify_depth),
      NULL },

    { ngx_string("redis_ssl_trusted_certificate"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_trusted_certificate),
      NULL },

    { ngx_string("redis_ssl_crl"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_crl),
      NULL },

    { ngx_string("redis_ssl_certificate"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_certificate),
      NULL },

    { ngx_string("redis_ssl_certificate_key"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_rooms_redis_conf_t, ssl_certificate_key),
      NULL },

#endif

      ngx_null_command
};


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
    conf->tls = NGX_CONF_UNSET;
    conf->ssl_verify = NGX_CONF_UNSET;
    conf->ssl_verify_depth = NGX_CONF_UNSET;

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

    reason = NULL;

    conf = ngx_http_rooms_redis_conf_get(cf, app);
    url = ngx_palloc(cf->temp_pool, sizeof(rooms_redis_url_t));

    if (conf == NULL || url == NULL) {
        return NGX_CONF_ERROR;
    }

    if (conf->url.len) {
        return "is duplicate";
    }

    if (rooms_redis_url(rooms_str(value[1].data, value[1].len), url, &reason)
        != ROOMS_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid redis URL \"%V\": %s", &value[1], reason);
        return NGX_CONF_ERROR;
    }

    conf->db = url->db;

    if (url->tls) {
        conf->tls = 1;
    }

    /* without the password, for the log */

    if (ngx_http_rooms_redis_conf_copy(cf, &conf->user, url->user) != NGX_OK
        || ngx_http_rooms_redis_conf_copy(cf, &conf->password, url->password)
           != NGX_OK
        || ngx_http_rooms_redis_conf_copy(cf, &conf->master, url->name)
           != NGX_OK
        || ngx_http_rooms_redis_conf_copy(cf, &conf->url, url->hosts)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_rooms_redis_conf_nodes(cf, conf, url);
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


static char *
ngx_http_rooms_redis_conf_nodes(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf, rooms_redis_url_t *url)
{
    unsigned                      port, standard;
    rooms_str_t                   hosts, host;
    ngx_array_t                   nodes;
    ngx_http_rooms_redis_node_t  *node;

    if (ngx_array_init(&nodes, cf->pool, 1,
                       sizeof(ngx_http_rooms_redis_node_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    hosts = url->hosts;
    standard = url->sentinel ? ROOMS_REDIS_SENTINEL_PORT : ROOMS_REDIS_PORT;

    while (rooms_redis_url_host(&hosts, standard, &host, &port) == ROOMS_OK) {

        if (host.len > NGX_HTTP_ROOMS_REDIS_HOST) {
            return "has a host that is too long";
        }

        if (nodes.nelts == NGX_HTTP_ROOMS_REDIS_NODES) {
            return "has too many hosts";
        }

        node = ngx_array_push(&nodes);
        if (node == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(node, sizeof(ngx_http_rooms_redis_node_t));

        ngx_memcpy(node->host, host.data, host.len);
        node->len = host.len;
        node->port = (in_port_t) port;
    }

    conf->nodes = nodes.elts;
    conf->nnodes = nodes.nelts;
    conf->clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    return NGX_CONF_OK;
}


char *
ngx_http_rooms_redis_conf_more(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    ngx_command_t                *cmd;
    ngx_http_rooms_redis_conf_t  *conf;

    conf = ngx_http_rooms_redis_conf_get(cf, app);
    if (conf == NULL) {
        return NGX_CONF_ERROR;
    }

    for (cmd = ngx_http_rooms_redis_commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(value[0].data, cmd->name.data) == 0) {
            return cmd->set(cf, cmd, conf);
        }
    }

    return "needs an nginx that is built with TLS";
}


static char *
ngx_http_rooms_redis_conf_time(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *msec = data;

    return (*msec < 10) ? "must be a time of at least 10ms" : NGX_CONF_OK;
}


static char *
ngx_http_rooms_redis_conf_keep(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t *msec = data;

    return (*msec < 1000) ? "must be a time of at least 1s" : NGX_CONF_OK;
}


static char *
ngx_http_rooms_redis_conf_count(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *n = data;

    return (*n == 0) ? "must be a number of records" : NGX_CONF_OK;
}


static char *
ngx_http_rooms_redis_conf_prefix(ngx_conf_t *cf, void *post, void *data)
{
    ngx_str_t *prefix = data;

    if (prefix->len == 0 || prefix->len > NGX_HTTP_ROOMS_REDIS_PREFIX
        || ngx_strlchr(prefix->data, prefix->data + prefix->len, '}'))
    {
        return "must be 1 to 64 octets without \"}\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_rooms_redis_conf_file(ngx_conf_t *cf, void *post, void *data)
{
    return (ngx_conf_full_name(cf->cycle, data, 1) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
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

    ngx_conf_init_msec_value(conf->timeout, NGX_HTTP_ROOMS_REDIS_TIMEOUT);
    ngx_conf_init_uint_value(conf->history, NGX_HTTP_ROOMS_REDIS_HISTORY);
    ngx_conf_init_msec_value(conf->keep, NGX_HTTP_ROOMS_REDIS_KEEP);
    ngx_conf_init_value(conf->tls, 0);

    if (conf->prefix.len == 0) {
        ngx_str_set(&conf->prefix, "rooms");
    }

    if (ngx_http_rooms_redis_conf_key(cf, app) != NGX_OK
        || ngx_http_rooms_redis_conf_password(cf, &conf->password_file,
                                              &conf->password)
           != NGX_OK
        || ngx_http_rooms_redis_conf_password(cf,
                                              &conf->sentinel_password_file,
                                              &conf->sentinel_password)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return conf->tls ? ngx_http_rooms_redis_tls_conf(cf, conf) : NGX_OK;
}


/* All keys of the zone have the hash tag of this one. */

static ngx_int_t
ngx_http_rooms_redis_conf_key(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    ngx_http_rooms_redis_conf_t  *conf;

    conf = app->redis;

    conf->key.data = ngx_pnalloc(cf->pool,
                                 conf->prefix.len + app->name.len
                                 + sizeof("{:}:z") - 1);
    if (conf->key.data == NULL) {
        return NGX_ERROR;
    }

    conf->key.len = ngx_sprintf(conf->key.data, "{%V:%V}:z", &conf->prefix,
                                &app->name)
                    - conf->key.data;

    conf->slot = rooms_redis_slot(rooms_str(conf->key.data, conf->key.len));

    return NGX_OK;
}


/* The first line of the file. */

static ngx_int_t
ngx_http_rooms_redis_conf_password(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *password)
{
    u_char    buf[NGX_HTTP_ROOMS_REDIS_SECRET], *p;
    ssize_t   n;
    ngx_fd_t  fd;

    if (file->len == 0) {
        return NGX_OK;
    }

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed", file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    (void) ngx_close_file(fd);

    p = (n > 0) ? memchr(buf, '\n', n) : NULL;

    if (p) {
        n = p - buf;
    }

    if (n > 0 && buf[n - 1] == '\r') {
        n--;
    }

    if (n <= 0 || n == (ssize_t) sizeof(buf)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "there is no password of 1 to %d octets in \"%V\"",
                      NGX_HTTP_ROOMS_REDIS_SECRET - 1, file);
        return NGX_ERROR;
    }

    return ngx_http_rooms_redis_conf_copy(cf, password, rooms_str(buf, n));
}
