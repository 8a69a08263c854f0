
/*
 * Copyright (C) nginx rooms contributors
 *
 * The worker table and the sockets by which workers wake each other.
 *
 * The master makes the socket pairs when it makes the table, and closes them
 * when the last configuration that used the table is gone; all workers, also
 * those of later configurations, inherit the descriptors, whose numbers stand
 * in the shared memory.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include <ngx_http_rooms_workers.h>


#define NGX_HTTP_ROOMS_SLOTS_MIN  32
#define NGX_HTTP_ROOMS_SLOTS_PER  4        /* for each worker process */


/* In this process: the pairs, and how many configurations use them. */

typedef struct {
    ngx_uint_t                refs;
    ngx_uint_t                n;
    ngx_socket_t              fds[ROOMS_WORKERS_MAX][2];
} ngx_http_rooms_pairs_t;


typedef struct {
    ngx_cycle_t              *cycle;
    ngx_http_rooms_pairs_t   *pairs;
    ngx_http_rooms_workers_t *workers;
} ngx_http_rooms_table_t;


static ngx_int_t ngx_http_rooms_table_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_rooms_table_format(ngx_http_rooms_table_t *t,
    ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_http_rooms_pairs_create(ngx_http_rooms_table_t *t,
    ngx_log_t *log);
static ngx_int_t ngx_http_rooms_pair(ngx_socket_t *fds, ngx_log_t *log);
static void ngx_http_rooms_pairs_release(void *data);


ngx_int_t
ngx_http_rooms_workers_add(ngx_conf_t *cf, ngx_http_rooms_main_conf_t *rmcf)
{
    ngx_shm_zone_t          *shm_zone;
    ngx_pool_cleanup_t      *cln;
    ngx_http_rooms_table_t  *t;

    static ngx_str_t  name = ngx_string("rooms workers");

    t = ngx_pcalloc(cf->pool, sizeof(ngx_http_rooms_table_t));
    if (t == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_rooms_pairs_release;
    cln->data = t;

    shm_zone = ngx_shared_memory_add(cf, &name, 16 * ngx_pagesize,
                                     &ngx_http_rooms_module);
    if (shm_zone == NULL) {
        return NGX_ERROR;
    }

    t->cycle = cf->cycle;

    shm_zone->init = ngx_http_rooms_table_init;
    shm_zone->data = t;

    rmcf->workers = shm_zone;

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_table_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t         *shpool;
    ngx_core_conf_t         *ccf;
    ngx_http_rooms_table_t  *t, *old;

    t = shm_zone->data;
    old = data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old == NULL && !shm_zone->shm.exists) {
        return ngx_http_rooms_table_format(t, shm_zone);
    }

    t->workers = shpool->data;

    if (old && old->pairs) {
        t->pairs = old->pairs;
        t->pairs->refs++;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(t->cycle->conf_ctx,
                                           ngx_core_module);

    if ((ngx_uint_t) ccf->worker_processes * 2 > t->workers->table.nslots) {
        ngx_log_error(NGX_LOG_WARN, shm_zone->shm.log, 0,
                      "rooms: there is room for %uD workers only, those of "
                      "older configurations included; restart nginx for "
                      "%i worker_processes", t->workers->table.nslots,
                      ccf->worker_processes);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_table_format(ngx_http_rooms_table_t *t,
    ngx_shm_zone_t *shm_zone)
{
    ngx_int_t         n;
    ngx_uint_t        i;
    ngx_core_conf_t  *ccf;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    t->workers = ngx_slab_calloc(shpool, sizeof(ngx_http_rooms_workers_t));
    if (t->workers == NULL) {
        return NGX_ERROR;
    }

    shpool->data = t->workers;

    ccf = (ngx_core_conf_t *) ngx_get_conf(t->cycle->conf_ctx,
                                           ngx_core_module);

    n = ngx_max(NGX_HTTP_ROOMS_SLOTS_MIN,
                NGX_HTTP_ROOMS_SLOTS_PER * ccf->worker_processes);
    n = ngx_min(n, ROOMS_WORKERS_MAX);

    rooms_workers_init(&t->workers->table, n);

    for (i = 0; i < ROOMS_WORKERS_MAX; i++) {
        t->workers->wake[i][0] = (ngx_socket_t) -1;
        t->workers->wake[i][1] = (ngx_socket_t) -1;
    }

    if (ngx_test_config) {
        return NGX_OK;
    }

    return ngx_http_rooms_pairs_create(t, shm_zone->shm.log);
}


static ngx_int_t
ngx_http_rooms_pairs_create(ngx_http_rooms_table_t *t, ngx_log_t *log)
{
    ngx_uint_t               i;
    ngx_http_rooms_pairs_t  *pairs;

    pairs = ngx_calloc(sizeof(ngx_http_rooms_pairs_t), log);
    if (pairs == NULL) {
        return NGX_ERROR;
    }

    /* the cleanup of the configuration closes what has been made so far */

    pairs->refs = 1;
    t->pairs = pairs;

    for (i = 0; i < t->workers->table.nslots; i++) {

        if (ngx_http_rooms_pair(pairs->fds[i], log) != NGX_OK) {
            return NGX_ERROR;
        }

        pairs->n++;

        t->workers->wake[i][0] = pairs->fds[i][0];
        t->workers->wake[i][1] = pairs->fds[i][1];
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_pair(ngx_socket_t *fds, ngx_log_t *log)
{
    ngx_uint_t  i;

    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_socket_errno,
                      "rooms: socketpair() failed, a worker needs two "
                      "descriptors for each other worker");
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {

        if (ngx_nonblocking(fds[i]) == -1
            || fcntl(fds[i], F_SETFD, FD_CLOEXEC) == -1)
        {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_socket_errno,
                          "rooms: fcntl() of a wake-up socket failed");

            (void) ngx_close_socket(fds[0]);
            (void) ngx_close_socket(fds[1]);

            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_rooms_pairs_release(void *data)
{
    ngx_http_rooms_table_t *t = data;

    ngx_uint_t               i;
    ngx_http_rooms_pairs_t  *pairs;

    pairs = t->pairs;

    if (pairs == NULL || --pairs->refs) {
        return;
    }

    for (i = 0; i < pairs->n; i++) {
        (void) ngx_close_socket(pairs->fds[i][0]);
        (void) ngx_close_socket(pairs->fds[i][1]);
    }

    ngx_free(pairs);
}


ngx_int_t
ngx_http_rooms_zone_init_module(ngx_cycle_t *cycle)
{
    ngx_http_rooms_table_t      *t;
    ngx_http_rooms_main_conf_t  *rmcf;

    ngx_http_rooms_workers = NULL;

    rmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_rooms_module);

    if (rmcf && rmcf->workers) {
        t = rmcf->workers->data;
        ngx_http_rooms_workers = t->workers;
    }

    return NGX_OK;
}
