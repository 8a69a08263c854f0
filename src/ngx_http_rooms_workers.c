
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
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_redis_bridge.h>


#define NGX_HTTP_ROOMS_SLOTS_MIN  32
#define NGX_HTTP_ROOMS_SLOTS_PER  4        /* for each worker process */

#define NGX_HTTP_ROOMS_ENLIST     500      /* ms between attempts */


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
static void ngx_http_rooms_enlist(ngx_event_t *ev);
static void ngx_http_rooms_enlisted(ngx_http_rooms_main_conf_t *rmcf,
    ngx_log_t *log);
static void ngx_http_rooms_woken(ngx_event_t *ev);
static ngx_uint_t ngx_http_rooms_process_gone(uint32_t pid);
static void ngx_http_rooms_workers_evict(void);


uint32_t                   ngx_http_rooms_owner;
ngx_http_rooms_workers_t  *ngx_http_rooms_workers;

static ngx_connection_t       *ngx_http_rooms_ear;
static ngx_connection_t        ngx_http_rooms_dumb;
static ngx_event_t             ngx_http_rooms_waiting;

/* figures of a worker that stands in no table, which nobody reads */

static ngx_http_rooms_stat_t   ngx_http_rooms_nobody;


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


ngx_int_t
ngx_http_rooms_zone_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i;
    ngx_http_rooms_app_t        **apps;
    ngx_http_rooms_main_conf_t   *rmcf;

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    rmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_rooms_module);

    if (rmcf == NULL || ngx_http_rooms_workers == NULL) {
        return NGX_OK;
    }

    apps = rmcf->apps.elts;

    for (i = 0; i < rmcf->apps.nelts; i++) {
        apps[i]->zone->stat = &ngx_http_rooms_nobody;
        ngx_http_rooms_zone_open(apps[i]->zone);
    }

    switch (ngx_http_rooms_workers_join(cycle)) {

    case NGX_OK:
        ngx_http_rooms_enlisted(rmcf, cycle->log);
        return NGX_OK;

    case NGX_DECLINED:
        break;

    default:
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                  "rooms: all %uD places for workers are taken, this worker "
                  "serves no rooms until one of an older configuration has "
                  "gone", ngx_http_rooms_workers->table.nslots);

    ngx_http_rooms_dumb.fd = (ngx_socket_t) -1;

    ngx_http_rooms_waiting.handler = ngx_http_rooms_enlist;
    ngx_http_rooms_waiting.data = &ngx_http_rooms_dumb;
    ngx_http_rooms_waiting.log = cycle->log;
    ngx_http_rooms_waiting.cancelable = 1;

    ngx_add_timer(&ngx_http_rooms_waiting, NGX_HTTP_ROOMS_ENLIST);

    return NGX_OK;
}


static void
ngx_http_rooms_enlist(ngx_event_t *ev)
{
    ngx_cycle_t  *cycle;

    cycle = (ngx_cycle_t *) ngx_cycle;

    if (ngx_exiting) {
        return;
    }

    if (ngx_http_rooms_workers_join(cycle) != NGX_OK) {
        ngx_add_timer(ev, NGX_HTTP_ROOMS_ENLIST);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                  "rooms: this worker has a place now and serves rooms");

    ngx_http_rooms_enlisted(ngx_http_cycle_get_module_main_conf(cycle,
                                                      ngx_http_rooms_module),
                            ev->log);
}


static void
ngx_http_rooms_enlisted(ngx_http_rooms_main_conf_t *rmcf, ngx_log_t *log)
{
    ngx_uint_t               i;
    ngx_http_rooms_app_t   **apps;
    ngx_http_rooms_zone_t   *zone;

    apps = rmcf->apps.elts;

    for (i = 0; i < rmcf->apps.nelts; i++) {
        zone = apps[i]->zone;

        zone->stat = &zone->shared->stats
                                    [rooms_owner_slot(ngx_http_rooms_owner)];

        /* who had the slot before may have left more than its counters */

        zone->stat->owner = ngx_http_rooms_owner;
        ngx_http_rooms_zone_forget(zone, ngx_http_rooms_owner);
        zone->stat->owner = ngx_http_rooms_owner;

        zone->cursor = rooms_journal_head(zone->journal);
        zone->owner = ngx_http_rooms_owner;

        if (apps[i]->redis
            && (ngx_http_rooms_redis_open(zone) != NGX_OK
                || ngx_http_rooms_bridge_open(zone) != NGX_OK))
        {
            ngx_log_error(NGX_LOG_ALERT, log, 0,
                          "rooms: zone \"%V\" cannot use redis",
                          &zone->app->name);
        }
    }

    ngx_http_rooms_sweep_start(rmcf, log);
}


void
ngx_http_rooms_zone_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                    i, leave;
    ngx_http_rooms_app_t        **apps;
    ngx_http_rooms_main_conf_t   *rmcf;

    if (ngx_http_rooms_owner == 0) {
        return;
    }

    rmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_rooms_module);
    apps = rmcf->apps.elts;

    /* with sockets left, it is as if this worker had died */

    leave = 1;

    for (i = 0; i < rmcf->apps.nelts; i++) {

        if (apps[i]->zone->stat->sockets) {
            leave = 0;
        }

        ngx_http_rooms_zone_forget(apps[i]->zone, ngx_http_rooms_owner);

        if (apps[i]->zone->redis) {
            ngx_http_rooms_bridge_close(apps[i]->zone);
            ngx_http_rooms_redis_close_zone(apps[i]->zone);
        }
    }

    for (i = 0; i < rmcf->apps.nelts; i++) {
        ngx_http_rooms_zone_close(apps[i]->zone);

        if (apps[i]->zone->redis) {
            ngx_http_rooms_redis_free_zone(apps[i]->zone);
        }
    }

    ngx_http_rooms_workers_part(leave);
}


ngx_int_t
ngx_http_rooms_workers_join(ngx_cycle_t *cycle)
{
    uint32_t           owner;
    ngx_event_t       *rev;
    ngx_socket_t       fd;
    ngx_connection_t  *c;
    rooms_workers_t   *table;

    table = &ngx_http_rooms_workers->table;

    if (rooms_workers_join(table, ngx_pid, &owner) != ROOMS_OK) {

        ngx_http_rooms_workers_evict();

        if (rooms_workers_join(table, ngx_pid, &owner) != ROOMS_OK) {
            return NGX_DECLINED;
        }
    }

    fd = ngx_http_rooms_workers->wake[rooms_owner_slot(owner)][0];

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        goto failed;
    }

    c->pool = cycle->pool;

    rev = c->read;

    rev->log = cycle->log;
    rev->handler = ngx_http_rooms_woken;

    /* neither a shutdown timeout nor a check for open sockets means it */

    rev->channel = 1;

    c->write->log = cycle->log;
    c->write->channel = 1;

    if (ngx_add_conn && (ngx_event_flags & NGX_USE_EPOLL_EVENT) == 0) {

        if (ngx_add_conn(c) == NGX_ERROR) {
            ngx_free_connection(c);
            goto failed;
        }

    } else if (ngx_add_event(rev, NGX_READ_EVENT, 0) == NGX_ERROR) {
        ngx_free_connection(c);
        goto failed;
    }

    rooms_workers_clear(table, rooms_owner_slot(owner));

    ngx_http_rooms_ear = c;
    ngx_http_rooms_owner = owner;

    return NGX_OK;

failed:

    rooms_workers_leave(table, owner);

    return NGX_ERROR;
}


void
ngx_http_rooms_workers_part(ngx_uint_t leave)
{
    ngx_connection_t  *c;

    c = ngx_http_rooms_ear;
    ngx_http_rooms_ear = NULL;

    /* the descriptor belongs to the master and goes with this process */

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    if (leave) {
        rooms_workers_leave(&ngx_http_rooms_workers->table,
                            ngx_http_rooms_owner);
    }

    ngx_http_rooms_owner = 0;
}


void
ngx_http_rooms_workers_wake(ngx_uint_t slot)
{
    uint32_t          pid;
    ssize_t           n;
    ngx_err_t         err;
    rooms_workers_t  *table;

    table = &ngx_http_rooms_workers->table;

    if (slot >= table->nslots
        || rooms_workers_owner(table, slot, &pid) == 0
        || !rooms_workers_signal(table, slot))
    {
        return;
    }

    n = send(ngx_http_rooms_workers->wake[slot][1], "", 1, MSG_DONTWAIT);

    if (n == 1) {
        return;
    }

    err = ngx_socket_errno;

    /* a full socket wakes it as well; else its next tick does */

    if (err != NGX_EAGAIN && err != ENOBUFS) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, err,
                      "rooms: send() to worker %uD failed", pid);
    }
}


static void
ngx_http_rooms_woken(ngx_event_t *ev)
{
    char               octets[8];
    ngx_connection_t  *c;

    c = ev->data;

    while (recv(c->fd, octets, sizeof(octets), MSG_DONTWAIT) >= 0) {
        /* void */
    }

    rooms_workers_clear(&ngx_http_rooms_workers->table,
                        rooms_owner_slot(ngx_http_rooms_owner));

    ngx_http_rooms_sweep_drain();
}


ngx_uint_t
ngx_http_rooms_workers_gone(uint32_t owner)
{
    uint32_t          pid;
    rooms_workers_t  *table;

    table = &ngx_http_rooms_workers->table;

    if (owner == ngx_http_rooms_owner) {
        return 0;
    }

    if (rooms_owner_slot(owner) >= table->nslots
        || rooms_workers_owner(table, rooms_owner_slot(owner), &pid) != owner)
    {
        return 1;
    }

    return ngx_http_rooms_process_gone(pid);
}


/* Its own pid in another's slot: the other process was of that number. */

static ngx_uint_t
ngx_http_rooms_process_gone(uint32_t pid)
{
    return pid == (uint32_t) ngx_pid
           || (kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == ESRCH);
}


/* What the dead held is found by the sweep. */

static void
ngx_http_rooms_workers_evict(void)
{
    uint32_t          pid, owner;
    ngx_uint_t        slot;
    rooms_workers_t  *table;

    table = &ngx_http_rooms_workers->table;

    for (slot = 0; slot < table->nslots; slot++) {
        owner = rooms_workers_owner(table, slot, &pid);

        if (owner && ngx_http_rooms_process_gone(pid)) {
            rooms_workers_leave(table, owner);
        }
    }
}
