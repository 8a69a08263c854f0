
/*
 * Copyright (C) nginx rooms contributors
 *
 * Every tenth of a second: what wake-ups left, workers that died, deadlines,
 * and the sessions of a worker that goes.
 *
 * Workers share the sweep over the index of a zone: each goes on from where
 * the last one stopped, so that all together come round in about a second,
 * and none of them is needed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include <ngx_http_rooms_workers.h>
#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_remote.h>


#define NGX_HTTP_ROOMS_SWEEP_BATCH  256    /* entries under one lock */
#define NGX_HTTP_ROOMS_SWEEP_DUE    512    /* rooms in one tick */

#define NGX_HTTP_ROOMS_SWEEP_TICK    0
#define NGX_HTTP_ROOMS_SWEEP_EXPIRE  1
#define NGX_HTTP_ROOMS_SWEEP_SETTLE  2


static void ngx_http_rooms_tick(ngx_event_t *ev);
static ngx_uint_t ngx_http_rooms_sweep_workers(void);
static void ngx_http_rooms_sweep_gone(uint32_t owner);
static void ngx_http_rooms_sweep_bury(uint32_t owner, uint32_t pid);
static void ngx_http_rooms_sweep_zone(ngx_http_rooms_zone_t *zone,
    ngx_uint_t workers);
static void ngx_http_rooms_sweep_history(ngx_http_rooms_zone_t *zone,
    const rooms_journal_stat_t *st, uint64_t now);
static rooms_int_t ngx_http_rooms_sweep_collect(ngx_http_rooms_zone_t *zone,
    uint64_t now, rooms_buf_t *due, ngx_uint_t *n);
static void ngx_http_rooms_sweep_entry(const rooms_journal_room_t *info,
    rooms_str_t name, uint64_t now, rooms_buf_t *due, ngx_uint_t *n);
static void ngx_http_rooms_sweep_execute(ngx_http_rooms_zone_t *zone,
    rooms_buf_t *due);
static void ngx_http_rooms_shutdown(ngx_http_rooms_zone_t *zone,
    ngx_msec_t elapsed);
static ngx_uint_t ngx_http_rooms_shutdown_now(ngx_http_rooms_session_t *s,
    ngx_msec_t elapsed);


static ngx_event_t                  ngx_http_rooms_ticker;
static ngx_connection_t             ngx_http_rooms_dumb;
static ngx_http_rooms_main_conf_t  *ngx_http_rooms_swept;

/* the owners of all slots when they were looked at last */

static uint32_t  ngx_http_rooms_known[ROOMS_WORKERS_MAX];

static ngx_msec_t                   ngx_http_rooms_exiting_since;
static ngx_uint_t                   ngx_http_rooms_exiting;


void
ngx_http_rooms_sweep_start(ngx_http_rooms_main_conf_t *rmcf, ngx_log_t *log)
{
    ngx_event_t  *ev;

    ngx_http_rooms_swept = rmcf;
    ngx_http_rooms_dumb.fd = (ngx_socket_t) -1;

    ev = &ngx_http_rooms_ticker;

    ev->handler = ngx_http_rooms_tick;
    ev->data = &ngx_http_rooms_dumb;
    ev->log = log;
    ev->cancelable = 1;

    ngx_add_timer(ev, NGX_HTTP_ROOMS_TICK);
}


void
ngx_http_rooms_sweep_drain(void)
{
    ngx_uint_t              i;
    ngx_http_rooms_app_t  **apps;

    apps = ngx_http_rooms_swept->apps.elts;

    for (i = 0; i < ngx_http_rooms_swept->apps.nelts; i++) {
        ngx_http_rooms_zone_drain(apps[i]->zone);
    }
}


static void
ngx_http_rooms_tick(ngx_event_t *ev)
{
    ngx_uint_t              i, workers;
    ngx_http_rooms_app_t  **apps;

    rooms_workers_clear(&ngx_http_rooms_workers->table,
                        rooms_owner_slot(ngx_http_rooms_owner));

    ngx_http_rooms_sweep_drain();

    workers = ngx_http_rooms_sweep_workers();

    if (ngx_exiting && !ngx_http_rooms_exiting) {
        ngx_http_rooms_exiting = 1;
        ngx_http_rooms_exiting_since = ngx_current_msec;
    }

    apps = ngx_http_rooms_swept->apps.elts;

    for (i = 0; i < ngx_http_rooms_swept->apps.nelts; i++) {
        ngx_http_rooms_file_tick(apps[i]->zone);

        if (apps[i]->zone->redis == NULL) {
            ngx_http_rooms_sweep_zone(apps[i]->zone, workers);
        }

        if (ngx_http_rooms_exiting) {
            ngx_http_rooms_shutdown(apps[i]->zone, ngx_current_msec
                                            - ngx_http_rooms_exiting_since);
        }
    }

    ngx_add_timer(ev, NGX_HTTP_ROOMS_TICK);
}


/* Buries the dead and counts the living. */

static ngx_uint_t
ngx_http_rooms_sweep_workers(void)
{
    uint32_t          owner, pid;
    ngx_uint_t        slot, n;
    rooms_workers_t  *table;

    table = &ngx_http_rooms_workers->table;
    n = 0;

    for (slot = 0; slot < table->nslots; slot++) {
        owner = rooms_workers_owner(table, slot, &pid);

        if (owner && ngx_http_rooms_workers_gone(owner)) {
            ngx_http_rooms_sweep_bury(owner, pid);
            owner = 0;
        }

        if (ngx_http_rooms_known[slot] != owner) {
            ngx_http_rooms_sweep_gone(ngx_http_rooms_known[slot]);
            ngx_http_rooms_known[slot] = owner;
        }

        n += (owner != 0);
    }

    return n;
}


/* Whoever buried it, each worker may have had something to do with it. */

static void
ngx_http_rooms_sweep_gone(uint32_t owner)
{
    ngx_uint_t              i;
    ngx_http_rooms_app_t  **apps;

    if (owner == 0) {
        return;
    }

    apps = ngx_http_rooms_swept->apps.elts;

    for (i = 0; i < ngx_http_rooms_swept->apps.nelts; i++) {

        if (apps[i]->zone->redis == NULL) {

            /* its last answers may have been read just now */

            ngx_http_rooms_zone_deliver(&apps[i]->zone->deliver);
            ngx_http_rooms_remote_gone(apps[i]->zone, owner);
        }
    }
}


/*
 * Sockets it leaves behind in zones that only other workers know, or that
 * are too many for one turn, are found by the sweep.
 */

static void
ngx_http_rooms_sweep_bury(uint32_t owner, uint32_t pid)
{
    ngx_uint_t              i;
    ngx_http_rooms_app_t  **apps;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "rooms: worker %uD is gone, its sockets are disconnected",
                  pid);

    apps = ngx_http_rooms_swept->apps.elts;

    for (i = 0; i < ngx_http_rooms_swept->apps.nelts; i++) {

        if (apps[i]->zone->redis) {
            ngx_http_rooms_redis_died(apps[i]->zone, owner);
        }

        ngx_http_rooms_zone_forget(apps[i]->zone, owner);

        if (apps[i]->zone->redis == NULL) {
            ngx_http_rooms_recovery_bury(apps[i]->zone, owner);
        }
    }

    rooms_workers_leave(&ngx_http_rooms_workers->table, owner);
}


static void
ngx_http_rooms_sweep_zone(ngx_http_rooms_zone_t *zone, ngx_uint_t workers)
{
    uint64_t              now;
    ngx_int_t             left;
    ngx_uint_t            n;
    rooms_int_t           rc;
    rooms_buf_t           due;
    rooms_journal_stat_t  st;

    rooms_journal_stat(zone->journal, &st);

    left = st.capacity * NGX_HTTP_ROOMS_TICK / (workers * 750);
    now = ngx_http_rooms_now();

    ngx_http_rooms_sweep_history(zone, &st, now);

    rooms_buf_init(&due, 0);
    n = 0;

    do {
        rooms_buf_reset(&due);

        rc = ngx_http_rooms_sweep_collect(zone, now, &due, &n);

        ngx_http_rooms_sweep_execute(zone, &due);

        left -= NGX_HTTP_ROOMS_SWEEP_BATCH;

    } while (rc == ROOMS_AGAIN && left > 0 && n < NGX_HTTP_ROOMS_SWEEP_DUE);

    rooms_buf_free(&due);
}


/* The ring is full and holds less than was asked for: said once. */

static void
ngx_http_rooms_sweep_history(ngx_http_rooms_zone_t *zone,
    const rooms_journal_stat_t *st, uint64_t now)
{
    uint64_t  history;

    history = zone->app->history;

    if (history == 0 || zone->shared->told || st->used < st->size - st->size / 8
        || st->oldest + history <= now)
    {
        return;
    }

    ngx_http_rooms_zone_lock(zone);

    if (!zone->shared->told) {
        zone->shared->told = 1;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "rooms: zone \"%V\" of %uz octets holds the last %uL s "
                      "only, not the history of %uL s; a larger zone helps",
                      &zone->app->name, st->size, (now - st->oldest) / 1000,
                      history / 1000);
    }

    ngx_http_rooms_zone_unlock(zone);
}


/* ROOMS_DONE: the end of the index was reached. */

static rooms_int_t
ngx_http_rooms_sweep_collect(ngx_http_rooms_zone_t *zone, uint64_t now,
    rooms_buf_t *due, ngx_uint_t *n)
{
    size_t                len;
    u_char                name[ROOMS_JOURNAL_NAME];
    uint32_t              cursor, before, left;
    rooms_int_t           rc;
    rooms_journal_room_t  info;

    left = NGX_HTTP_ROOMS_SWEEP_BATCH;
    rc = ROOMS_AGAIN;

    ngx_http_rooms_zone_lock(zone);

    cursor = zone->shared->sweep;

    while (left) {
        before = cursor;

        rc = rooms_journal_walk(zone->journal, &cursor, left, &info, name,
                                &len);

        if (rc == ROOMS_DONE || rc == ROOMS_ERROR) {
            cursor = 0;
            break;
        }

        left -= ngx_min(left, cursor - before);

        if (rc == ROOMS_OK) {
            ngx_http_rooms_sweep_entry(&info, rooms_str(name, len), now, due,
                                       n);
            rc = ROOMS_AGAIN;
        }
    }

    zone->shared->sweep = cursor;

    ngx_http_rooms_zone_unlock(zone);

    return rc;
}


static void
ngx_http_rooms_sweep_entry(const rooms_journal_room_t *info,
    rooms_str_t name, uint64_t now, rooms_buf_t *due, ngx_uint_t *n)
{
    unsigned char  what;

    if (name.len == 0) {
        return;
    }

    if (name.data[0] != '@') {
        what = NGX_HTTP_ROOMS_SWEEP_TICK;

    } else if (info->owner == 0) {
        what = NGX_HTTP_ROOMS_SWEEP_EXPIRE;

    } else if (!rooms_workers_holds(&ngx_http_rooms_workers->table,
                                    info->owner))
    {
        what = NGX_HTTP_ROOMS_SWEEP_SETTLE;

    } else {
        return;
    }

    if (what != NGX_HTTP_ROOMS_SWEEP_SETTLE
        && (info->deadline == 0 || info->deadline > now))
    {
        return;
    }

    rooms_buf_byte(due, what);
    rooms_buf_u32(due, info->owner);
    rooms_buf_str16(due, name);

    (*n)++;
}


static void
ngx_http_rooms_sweep_execute(ngx_http_rooms_zone_t *zone, rooms_buf_t *due)
{
    uint8_t      what;
    uint32_t     owner;
    rooms_str_t  in, name, none;

    /* where memory was short, the next round finds them again */

    if (due->failed) {
        return;
    }

    in = rooms_str(due->data, due->len);
    none = rooms_str(NULL, 0);

    while (rooms_get_u8(&in, &what) == ROOMS_OK
           && rooms_get_u32(&in, &owner) == ROOMS_OK
           && rooms_get_str16(&in, &name) == ROOMS_OK)
    {
        switch (what) {

        case NGX_HTTP_ROOMS_SWEEP_TICK:
            ngx_http_rooms_execute_in(zone, ROOMS_CMD_TICK, name, none, none);
            break;

        case NGX_HTTP_ROOMS_SWEEP_EXPIRE:
            ngx_http_rooms_recovery_expire(zone, name);
            break;

        default:
            ngx_http_rooms_recovery_settle(zone, name, owner);
            break;
        }
    }
}


/*
 * This worker goes: its sessions are closed, spread over the time that their
 * location gives, so that their clients do not all come back at once.
 */

static void
ngx_http_rooms_shutdown(ngx_http_rooms_zone_t *zone, ngx_msec_t elapsed)
{
    ngx_uint_t                  i, n;
    ngx_queue_t                *q;
    ngx_http_rooms_session_t   *s, **leaving;

    n = 0;

    for (q = ngx_queue_head(&zone->all);
         q != ngx_queue_sentinel(&zone->all);
         q = ngx_queue_next(q))
    {
        n++;
    }

    if (n == 0) {
        return;
    }

    leaving = ngx_alloc(n * sizeof(ngx_http_rooms_session_t *),
                        ngx_cycle->log);
    if (leaving == NULL) {
        return;
    }

    /*
     * closing one may do anything to others, but their memory stays until
     * the end of the turn
     */

    n = 0;

    for (q = ngx_queue_head(&zone->all);
         q != ngx_queue_sentinel(&zone->all);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_rooms_session_t, link);

        if (!s->closed && ngx_http_rooms_shutdown_now(s, elapsed)) {
            leaving[n++] = s;
        }
    }

    for (i = 0; i < n; i++) {
        ngx_http_rooms_session_close(leaving[i],
                                     NGX_HTTP_ROOMS_CLOSE_SHUTDOWN,
                                     ROOMS_WS_GOING_AWAY);
    }

    ngx_free(leaving);
}


static ngx_uint_t
ngx_http_rooms_shutdown_now(ngx_http_rooms_session_t *s, ngx_msec_t elapsed)
{
    ngx_msec_t  left;

    if (elapsed + NGX_HTTP_ROOMS_TICK >= s->conf->shutdown) {
        return 1;
    }

    left = s->conf->shutdown - elapsed;

    return (ngx_msec_t) ngx_random() % left < NGX_HTTP_ROOMS_TICK;
}
