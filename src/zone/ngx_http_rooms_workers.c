
/*
 * Copyright (C) nginx rooms contributors
 *
 * The life of a worker among the others: it takes a slot of the table, is
 * woken and wakes, and gives the slot back.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include <ngx_http_rooms_workers.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_redis_bridge.h>
#include <ngx_http_rooms_session.h>


#define NGX_HTTP_ROOMS_ENLIST  500         /* ms between attempts */


static void ngx_http_rooms_enlist(ngx_event_t *ev);
static void ngx_http_rooms_enlisted(ngx_http_rooms_main_conf_t *rmcf,
    ngx_log_t *log);
static void ngx_http_rooms_workers_signal(ngx_uint_t slot);
static void ngx_http_rooms_woken(ngx_event_t *ev);
static ngx_uint_t ngx_http_rooms_process_gone(uint32_t pid);
static void ngx_http_rooms_workers_evict(void);


uint32_t                   ngx_http_rooms_owner;
ngx_http_rooms_workers_t  *ngx_http_rooms_workers;
ngx_uint_t                 ngx_http_rooms_workers_called;

static ngx_connection_t       *ngx_http_rooms_ear;
static ngx_connection_t        ngx_http_rooms_dumb;
static ngx_event_t             ngx_http_rooms_waiting;

/* slots that are to be woken */

static uint64_t                ngx_http_rooms_asleep[ROOMS_WORKERS_MAX / 64];

/* figures of a worker that stands in no table, which nobody reads */

static ngx_http_rooms_stat_t   ngx_http_rooms_nobody;


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
        ngx_http_rooms_file_finish(apps[i]->zone);

        if (apps[i]->zone->redis) {
            ngx_http_rooms_redis_free_zone(apps[i]->zone);
        }
    }

    ngx_http_rooms_workers_call();
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
    ngx_http_rooms_asleep[slot / 64] |= (uint64_t) 1 << (slot % 64);
    ngx_http_rooms_workers_called = 1;

    ngx_http_rooms_post_flush();
}


void
ngx_http_rooms_workers_call(void)
{
    uint64_t    bits;
    ngx_uint_t  i;

    ngx_http_rooms_workers_called = 0;

    for (i = 0; i < ROOMS_WORKERS_MAX / 64; i++) {
        bits = ngx_http_rooms_asleep[i];
        ngx_http_rooms_asleep[i] = 0;

        for ( /* void */ ; bits; bits &= bits - 1) {
            ngx_http_rooms_workers_signal(i * 64 + __builtin_ctzll(bits));
        }
    }
}


static void
ngx_http_rooms_workers_signal(ngx_uint_t slot)
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
