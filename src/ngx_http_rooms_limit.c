
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_limit.h>
#include <ngx_http_rooms_respond.h>


/* Besides the counters: what the slab allocator keeps for itself. */

#define ngx_http_rooms_limit_slack(size)                                      \
    ((size) / 64 + 16 * ngx_pagesize)


typedef struct {
    rooms_limits_t       *limits;            /* shared */
    ngx_slab_pool_t      *shpool;
    ngx_uint_t            n;
    rooms_limits_kind_t   kinds[ROOMS_LIMITS_MAX];
} ngx_http_rooms_limit_t;


static ngx_int_t ngx_http_rooms_limit_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_rooms_limit_header(ngx_http_request_t *r,
    const char *name, uint64_t value);


ngx_int_t
ngx_http_rooms_limit_add(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    size_t                   size;
    uint32_t                 crc;
    ngx_str_t                name;
    ngx_uint_t               i, n;
    rooms_contract_rate_t    rate;
    ngx_http_rooms_limit_t  *limit;

    n = app->contract ? rooms_contract_counters(app->contract) : 0;

    if (n == 0) {
        return NGX_OK;
    }

    limit = ngx_pcalloc(cf->pool, sizeof(ngx_http_rooms_limit_t));
    if (limit == NULL) {
        return NGX_ERROR;
    }

    limit->n = n;

    for (i = 0; i < n; i++) {
        rate = rooms_contract_counter(app->contract, (unsigned) i);

        limit->kinds[i].limit = rate.limit;
        limit->kinds[i].window = rate.window;
    }

    size = rooms_limits_size(limit->kinds, (unsigned) n);
    size += ngx_http_rooms_limit_slack(size);

    /* other limits have another zone: the old workers still use theirs */

    crc = ngx_crc32_long((u_char *) limit->kinds,
                         n * sizeof(rooms_limits_kind_t));

    name.len = sizeof("rooms_limits::") - 1 + app->name.len + 8;
    name.data = ngx_pnalloc(cf->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(name.data, "rooms_limits:%V:%08xD", &app->name, crc);

    app->limits = ngx_shared_memory_add(cf, &name,
                                        ngx_align(size, ngx_pagesize),
                                        &ngx_http_rooms_module);
    if (app->limits == NULL) {
        return NGX_ERROR;
    }

    app->limits->init = ngx_http_rooms_limit_init;
    app->limits->data = limit;

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_limit_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_rooms_limit_t *old = data;

    size_t                   size;
    ngx_http_rooms_limit_t  *limit;

    limit = shm_zone->data;
    limit->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        limit->limits = old->limits;
        return NGX_OK;
    }

    if (shm_zone->shm.exists) {
        limit->limits = limit->shpool->data;
        return NGX_OK;
    }

    size = rooms_limits_size(limit->kinds, (unsigned) limit->n);

    limit->limits = ngx_slab_alloc(limit->shpool, size);
    if (limit->limits == NULL) {
        return NGX_ERROR;
    }

    rooms_limits_init(limit->limits, limit->kinds, (unsigned) limit->n);
    limit->shpool->data = limit->limits;

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_limit_take(ngx_http_rooms_api_t *api)
{
    uint64_t                 caller;
    rooms_int_t              rc;
    ngx_http_rooms_app_t    *app;
    ngx_http_rooms_zone_t   *zone;
    ngx_http_rooms_limit_t  *limit;

    zone = api->task.zone;
    app = zone->app;

    if (api->operation->counter == 0) {
        return NGX_OK;
    }

    limit = app->limits->data;
    caller = rooms_journal_hash(zone->journal, api->task.cmd.address);

    ngx_shmtx_lock(&limit->shpool->mutex);

    rc = rooms_limits_take(limit->limits, api->operation->counter - 1, caller,
                           ngx_http_rooms_now(), &api->limit);

    ngx_shmtx_unlock(&limit->shpool->mutex);

    return rc == ROOMS_OK ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_rooms_limit_headers(ngx_http_request_t *r,
    const rooms_limits_state_t *limit, ngx_uint_t status)
{
    uint64_t  now;

    if (limit->limit == 0) {
        return NGX_OK;
    }

    if (ngx_http_rooms_limit_header(r, "X-RateLimit-Limit", limit->limit)
        != NGX_OK
        || ngx_http_rooms_limit_header(r, "X-RateLimit-Remaining",
                                       limit->left)
           != NGX_OK
        || ngx_http_rooms_limit_header(r, "X-RateLimit-Reset",
                                       (limit->reset + 999) / 1000)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (status != NGX_HTTP_TOO_MANY_REQUESTS || limit->left) {
        return NGX_OK;
    }

    now = ngx_http_rooms_now();

    return ngx_http_rooms_limit_header(r, "Retry-After",
                                       limit->reset > now
                                       ? (limit->reset - now + 999) / 1000
                                       : 1);
}


static ngx_int_t
ngx_http_rooms_limit_header(ngx_http_request_t *r, const char *name,
    uint64_t value)
{
    u_char     *p;
    ngx_str_t   text;

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text.data = p;
    text.len = ngx_sprintf(p, "%uL", value) - p;

    return ngx_http_rooms_respond_header(r, name, &text);
}
