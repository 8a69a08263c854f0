
/*
 * Copyright (C) nginx rooms contributors
 *
 * The address of a node: one of those found while the configuration was read,
 * the text itself where it is an address, or what nginx's resolver says each
 * time.
 */


#include <ngx_http_rooms_redis_link.h>


static ngx_int_t ngx_http_rooms_redis_conf_addrs(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app, ngx_http_rooms_redis_node_t *node);
static void ngx_http_rooms_redis_resolved(ngx_resolver_ctx_t *ctx);


ngx_int_t
ngx_http_rooms_redis_conf_hosts(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    ngx_uint_t                    i;
    ngx_http_rooms_redis_conf_t  *conf;

    conf = app->redis;

    if (conf == NULL
        || (conf->clcf->resolver && conf->clcf->resolver->connections.nelts))
    {
        return NGX_OK;
    }

    for (i = 0; i < conf->nnodes; i++) {
        if (ngx_http_rooms_redis_conf_addrs(cf, app, &conf->nodes[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_redis_conf_addrs(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_http_rooms_redis_node_t *node)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = ngx_pnalloc(cf->pool, node->len + NGX_INT_T_LEN + 3);
    if (u.url.data == NULL) {
        return NGX_ERROR;
    }

    u.url.len = ngx_sprintf(u.url.data,
                            ngx_strlchr(node->host, node->host + node->len,
                                        ':')
                            ? "[%*s]:%ud" : "%*s:%ud",
                            node->len, node->host, (ngx_uint_t) node->port)
                - u.url.data;
    u.default_port = node->port;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%s in redis host \"%V\" in %s:%ui",
                      u.err ? u.err : "no memory", &u.url, app->file,
                      app->line);
        return NGX_ERROR;
    }

    node->addrs = u.addrs;
    node->naddrs = u.naddrs;

    return NGX_OK;
}


void
ngx_http_rooms_redis_resolve(ngx_http_rooms_redis_link_t *link)
{
    ngx_addr_t                    addr;
    ngx_resolver_ctx_t           *ctx;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_rooms_redis_node_t  *node;

    node = &link->node;

    if (node->naddrs) {
        addr = node->addrs[(ngx_uint_t) ngx_random() % node->naddrs];

        ngx_http_rooms_redis_link_connect(link, addr.sockaddr, addr.socklen);
        return;
    }

    if (ngx_parse_addr(link->pool, &addr, node->host, node->len) == NGX_OK) {
        ngx_inet_set_port(addr.sockaddr, node->port);

        ngx_http_rooms_redis_link_connect(link, addr.sockaddr, addr.socklen);
        return;
    }

    ctx = NGX_NO_RESOLVER;
    clcf = link->conf->clcf;

    if (clcf->resolver) {
        ctx = ngx_resolve_start(clcf->resolver, NULL);
    }

    if (ctx == NULL) {
        ngx_http_rooms_redis_link_fail(link, "has no memory");
        return;
    }

    if (ctx == NGX_NO_RESOLVER) {
        ngx_http_rooms_redis_link_fail(link,
                             "has a name, and there is no \"resolver\" in "
                             "\"http\"");
        return;
    }

    ctx->name.data = node->host;
    ctx->name.len = node->len;
    ctx->handler = ngx_http_rooms_redis_resolved;
    ctx->data = link;
    ctx->timeout = link->conf->timeout;
    ctx->cancelable = 1;

    link->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        link->resolving = NULL;
        ngx_http_rooms_redis_link_fail(link, "cannot be resolved");
    }
}


static void
ngx_http_rooms_redis_resolved(ngx_resolver_ctx_t *ctx)
{
    socklen_t                     socklen;
    struct sockaddr              *sockaddr;
    ngx_http_rooms_redis_link_t  *link;

    link = ctx->data;

    if (ctx->state || ctx->naddrs == 0) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "rooms: redis host %V could not be resolved (%i: %s)",
                      &ctx->name, ctx->state,
                      ngx_resolver_strerror(ctx->state));

        ngx_http_rooms_redis_link_fail(link, "cannot be resolved");
        return;
    }

    /* the resolver has put them into another order each time */

    socklen = ctx->addrs[0].socklen;
    sockaddr = ngx_palloc(link->pool, socklen);

    if (sockaddr == NULL) {
        ngx_http_rooms_redis_link_fail(link, "has no memory");
        return;
    }

    ngx_memcpy(sockaddr, ctx->addrs[0].sockaddr, socklen);
    ngx_inet_set_port(sockaddr, link->node.port);

    ngx_http_rooms_redis_resolve_cancel(link);

    ngx_http_rooms_redis_link_connect(link, sockaddr, socklen);
}


void
ngx_http_rooms_redis_resolve_cancel(ngx_http_rooms_redis_link_t *link)
{
    if (link->resolving) {
        ngx_resolve_name_done(link->resolving);
        link->resolving = NULL;
    }
}
