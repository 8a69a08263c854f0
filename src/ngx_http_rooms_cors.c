
/*
 * Copyright (C) nginx rooms contributors
 *
 * Origins and cross-origin requests.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_cors.h>


static ngx_table_elt_t *ngx_http_rooms_cors_find(ngx_http_request_t *r,
    const char *name, size_t len);
static ngx_int_t ngx_http_rooms_cors_allowed(ngx_http_rooms_loc_conf_t *conf,
    ngx_str_t *origin);
static ngx_int_t ngx_http_rooms_cors_add(ngx_http_request_t *r,
    const char *name, size_t len, ngx_str_t *value);
static char *ngx_http_rooms_origin_check(ngx_str_t *origin);
static ngx_uint_t ngx_http_rooms_token_char(u_char c);


#define ngx_http_rooms_cors_header(r, name)                                  \
    ngx_http_rooms_cors_find(r, name, sizeof(name) - 1)

#define ngx_http_rooms_cors_push(r, name, value)                             \
    ngx_http_rooms_cors_add(r, name, sizeof(name) - 1, value)


static ngx_str_t  ngx_http_rooms_cors_any = ngx_string("*");
static ngx_str_t  ngx_http_rooms_cors_true = ngx_string("true");
static ngx_str_t  ngx_http_rooms_cors_empty = ngx_string("0");
static ngx_str_t  ngx_http_rooms_cors_vary = ngx_string("Origin");
static ngx_str_t  ngx_http_rooms_cors_vary_headers =
    ngx_string("Access-Control-Request-Headers");


ngx_int_t
ngx_http_rooms_cors(ngx_http_request_t *r, ngx_http_rooms_loc_conf_t *conf)
{
    ngx_table_elt_t  *origin;

    if (conf->any_origin) {
        return ngx_http_rooms_cors_push(r, "Access-Control-Allow-Origin",
                                        &ngx_http_rooms_cors_any);
    }

    if (conf->origins == NULL) {
        return NGX_OK;
    }

    /* caches have to know it even where the request has no Origin */

    if (ngx_http_rooms_cors_push(r, "Vary", &ngx_http_rooms_cors_vary)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    origin = ngx_http_rooms_cors_header(r, "Origin");
    if (origin == NULL) {
        return NGX_OK;
    }

    if (ngx_http_rooms_cors_allowed(conf, &origin->value) != NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "rooms: origin \"%V\" is not allowed", &origin->value);
        return NGX_DECLINED;
    }

    if (ngx_http_rooms_cors_push(r, "Access-Control-Allow-Origin",
                                 &origin->value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!conf->credentials) {
        return NGX_OK;
    }

    return ngx_http_rooms_cors_push(r, "Access-Control-Allow-Credentials",
                                    &ngx_http_rooms_cors_true);
}


ngx_int_t
ngx_http_rooms_preflight(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf)
{
    ngx_int_t         rc;
    ngx_table_elt_t  *headers;

    if (!conf->any_origin && conf->origins == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_rooms_cors_push(r, "Access-Control-Allow-Methods",
                                 &conf->methods)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_rooms_cors_push(r, "Vary",
                                 &ngx_http_rooms_cors_vary_headers)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    headers = ngx_http_rooms_cors_header(r, "Access-Control-Request-Headers");

    if (headers
        && ngx_http_rooms_cors_push(r, "Access-Control-Allow-Headers",
                                    &headers->value)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /*
     * RFC 9110, 8.6, has no Content-Length in a 204, and nginx drops its own
     * there; but there are browsers that wait for a body without it
     */

    if (ngx_http_rooms_cors_push(r, "Content-Length",
                                 &ngx_http_rooms_cors_empty)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;

    return ngx_http_send_header(r);
}


static ngx_table_elt_t *
ngx_http_rooms_cors_find(ngx_http_request_t *r, const char *name, size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i];
        }
    }
}


static ngx_int_t
ngx_http_rooms_cors_allowed(ngx_http_rooms_loc_conf_t *conf,
    ngx_str_t *origin)
{
    ngx_str_t   *allowed;
    ngx_uint_t   i;

    allowed = conf->origins->elts;

    for (i = 0; i < conf->origins->nelts; i++) {
        if (allowed[i].len == origin->len
            && ngx_strncasecmp(allowed[i].data, origin->data, origin->len)
               == 0)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_rooms_cors_add(ngx_http_request_t *r, const char *name, size_t len,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.len = len;
    h->key.data = (u_char *) name;
    h->value = *value;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


/* "rooms_origin ORIGIN ... | * | off;" */

char *
ngx_http_rooms_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rooms_loc_conf_t *rlcf = conf;

    char        *rv;
    ngx_str_t   *value, *origin;
    ngx_uint_t   i;

    if (rlcf->any_origin != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rlcf->any_origin = 0;
    rlcf->origins = NULL;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "*") == 0) {
        rlcf->any_origin = 1;
        return NGX_CONF_OK;
    }

    rlcf->origins = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                     sizeof(ngx_str_t));
    if (rlcf->origins == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        rv = ngx_http_rooms_origin_check(&value[i]);

        if (rv != NGX_CONF_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\": %s", &value[i], rv);
            return NGX_CONF_ERROR;
        }

        /* the list has room for all */

        origin = ngx_array_push(rlcf->origins);
        *origin = value[i];
    }

    return NGX_CONF_OK;
}


/*
 * An origin as browsers serialize it (RFC 6454, 6.2): no path, and no port
 * where it is the scheme's own, which is taken away here.
 */

static char *
ngx_http_rooms_origin_check(ngx_str_t *origin)
{
    u_char      *p, *last;
    ngx_uint_t   tls;

    if (origin->len == 1 && origin->data[0] == '*') {
        return "\"*\" must stand alone";
    }

    last = origin->data + origin->len;

    p = ngx_strnstr(origin->data, "://", origin->len);
    if (p == NULL || p == origin->data) {
        return "it must be like \"https://example.com\"";
    }

    tls = (p - origin->data == 5
           && ngx_strncasecmp(origin->data, (u_char *) "https", 5) == 0);

    p += 3;

    if (p == last || *p == ':') {
        return "it has no host";
    }

    for ( /* void */ ; p < last; p++) {

        if (*p == '/' || *p == '?' || *p == '#') {
            return "it must end with the host or port";
        }

        if (*p <= ' ' || *p >= 0x7f || *p == '*' || *p == '@' || *p == '"') {
            return "it must name one host";
        }
    }

    if (tls && origin->len > 4 && ngx_strncmp(last - 4, ":443", 4) == 0) {
        origin->len -= 4;

    } else if (!tls && ngx_strncmp(last - 3, ":80", 3) == 0
               && ngx_strncasecmp(origin->data, (u_char *) "http:", 5) == 0)
    {
        origin->len -= 3;
    }

    return NGX_CONF_OK;
}


/* "rooms_methods METHOD ...;", with blanks or commas between them */

char *
ngx_http_rooms_methods(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rooms_loc_conf_t *rlcf = conf;

    u_char      *p;
    size_t       len, k;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (rlcf->methods.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        /* a method or a comma, each where it may stand */

        for (k = 0; k < value[i].len; k++) {
            if (!ngx_http_rooms_token_char(value[i].data[k])
                && (value[i].data[k] != ','
                    || k == 0
                    || k == value[i].len - 1
                    || value[i].data[k - 1] == ','))
            {
                break;
            }
        }

        if (k == 0 || k < value[i].len) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid method \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        len += value[i].len + 1;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    rlcf->methods.data = p;
    rlcf->methods.len = len - 1;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_cpymem(p, value[i].data, value[i].len);
        *p++ = ',';
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_rooms_token_char(u_char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c >= '0' && c <= '9') || c == '-' || c == '_';
}


char *
ngx_http_rooms_cors_merge(ngx_conf_t *cf, ngx_http_rooms_loc_conf_t *prev,
    ngx_http_rooms_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->any_origin == NGX_CONF_UNSET) {
        conf->any_origin = prev->any_origin;
        conf->origins = prev->origins;
    }

    if (conf->any_origin == NGX_CONF_UNSET) {
        conf->any_origin = 0;
        conf->origins = NULL;
    }

    ngx_conf_merge_value(conf->credentials, prev->credentials, 0);
    ngx_conf_merge_str_value(conf->methods, prev->methods,
                             "GET,HEAD,PUT,PATCH,POST,DELETE");

    /* no browser takes this, the Fetch standard, 3.2.5 */

    if (conf->any_origin && conf->credentials && (conf->app || conf->api)) {
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"rooms_credentials\" needs \"rooms_origin\" "
                           "to name the origins in location \"%V\"",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
