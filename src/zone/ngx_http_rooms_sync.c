
/*
 * Copyright (C) nginx rooms contributors
 *
 * Writing to the file of a zone, and putting what was written on the disk.
 *
 * With sync=always a worker syncs once before the output of a turn, for all
 * commands of it and for all that other workers have written so far; with a
 * time, one of the workers does when it has passed, in a thread if there is
 * one.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <sys/uio.h>

#include <ngx_http_rooms_file.h>


static rooms_int_t ngx_http_rooms_sync_write(uint32_t handle,
    const rooms_str_t *parts, unsigned n, uint64_t offset);
static rooms_int_t ngx_http_rooms_sync_now(uint32_t handle);
static void ngx_http_rooms_sync_failed(const char *call);
static void ngx_http_rooms_sync_inline(ngx_http_rooms_zone_t *zone);
static void ngx_http_rooms_sync_done(ngx_http_rooms_zone_t *zone,
    const rooms_journal_sync_t *s, ngx_uint_t ok);

#if (NGX_THREADS)

typedef struct {
    ngx_http_rooms_zone_t    *zone;
    rooms_journal_sync_t      sync;
    uint32_t                  handle;
    ngx_err_t                 err;
} ngx_http_rooms_sync_t;

static ngx_int_t ngx_http_rooms_sync_post(ngx_http_rooms_zone_t *zone);
static void ngx_http_rooms_sync_thread(void *data, ngx_log_t *log);
static void ngx_http_rooms_sync_posted(ngx_event_t *ev);

#endif


static const rooms_journal_io_t  ngx_http_rooms_sync_io = {
    ngx_http_rooms_sync_write,
    ngx_http_rooms_sync_now
};


void
ngx_http_rooms_sync_init(void)
{
    rooms_journal_io = &ngx_http_rooms_sync_io;
}


static rooms_int_t
ngx_http_rooms_sync_write(uint32_t handle, const rooms_str_t *parts,
    unsigned n, uint64_t offset)
{
    size_t        size;
    ssize_t       done;
    unsigned      i;
    struct iovec  iovs[ROOMS_JOURNAL_IO_PARTS], *iov;

    size = 0;

    for (i = 0; i < n; i++) {
        iovs[i].iov_base = (void *) parts[i].data;
        iovs[i].iov_len = parts[i].len;
        size += parts[i].len;
    }

    iov = iovs;

    while (size != 0) {
        done = pwritev((int) handle, iov, (int) n, (off_t) offset);

        if (done == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (done <= 0) {
            ngx_http_rooms_sync_failed("pwritev()");
            return ROOMS_ERROR;
        }

        size -= done;
        offset += done;

        while (n != 0 && (size_t) done >= iov->iov_len) {
            done -= iov->iov_len;
            iov++;
            n--;
        }

        if (n != 0) {
            iov->iov_base = (u_char *) iov->iov_base + done;
            iov->iov_len -= done;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
ngx_http_rooms_sync_now(uint32_t handle)
{
    if (fdatasync((int) handle) == -1) {
        ngx_http_rooms_sync_failed("fdatasync()");
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


/* Every command may meet a full disk: once a second is enough. */

static void
ngx_http_rooms_sync_failed(const char *call)
{
    ngx_err_t      err;

    static time_t  said;

    err = ngx_errno;

    if (said != ngx_time()) {
        said = ngx_time();

        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, err,
                      "rooms: %s of a journal failed, what changes state is "
                      "refused", call);
    }
}


ngx_uint_t
ngx_http_rooms_file_behind(ngx_http_rooms_zone_t *zone)
{
    return zone->file && zone->app->sync == NGX_HTTP_ROOMS_SYNC_ALWAYS
           && !zone->file->broken
           && rooms_journal_file_pending(zone->file);
}


void
ngx_http_rooms_file_settle(ngx_http_rooms_zone_t *zone)
{
    if (ngx_http_rooms_file_behind(zone)) {
        ngx_http_rooms_sync_inline(zone);
    }
}


static void
ngx_http_rooms_sync_inline(ngx_http_rooms_zone_t *zone)
{
    rooms_int_t           rc;
    rooms_journal_sync_t  s;

    ngx_http_rooms_zone_lock(zone);
    rooms_journal_file_written(zone->file, &s);
    ngx_http_rooms_zone_unlock(zone);

    rc = ngx_http_rooms_sync_now(zone->file->handle);

    ngx_http_rooms_sync_done(zone, &s, rc == ROOMS_OK);
}


static void
ngx_http_rooms_sync_done(ngx_http_rooms_zone_t *zone,
    const rooms_journal_sync_t *s, ngx_uint_t ok)
{
    ngx_http_rooms_zone_lock(zone);
    rooms_journal_file_synced(zone->file, s, ok);
    ngx_http_rooms_zone_unlock(zone);

    if (!ok) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "rooms: nobody can tell what is on the disk of journal "
                      "\"%V\": nothing is taken until nginx is restarted",
                      &zone->app->keep);
    }
}


void
ngx_http_rooms_file_tick(ngx_http_rooms_zone_t *zone)
{
    uint64_t  now, last;

    if (zone->file == NULL || zone->file->broken
        || !rooms_journal_file_pending(zone->file))
    {
        return;
    }

    if (zone->app->sync == NGX_HTTP_ROOMS_SYNC_OFF) {
        return;
    }

    /* with "always", what nobody had to wait for */

    now = ngx_http_rooms_now();
    last = zone->shared->synced;

    if (zone->app->sync != NGX_HTTP_ROOMS_SYNC_ALWAYS
        && now < last + (uint64_t) zone->app->sync && now >= last)
    {
        return;
    }

    if (!__sync_bool_compare_and_swap(&zone->shared->synced, last, now)) {
        return;
    }

#if (NGX_THREADS)
    if (ngx_http_rooms_sync_post(zone) == NGX_OK) {
        return;
    }
#endif

    ngx_http_rooms_sync_inline(zone);
}


#if (NGX_THREADS)

static ngx_int_t
ngx_http_rooms_sync_post(ngx_http_rooms_zone_t *zone)
{
    ngx_str_t               name = ngx_string("default");
    ngx_thread_pool_t      *threads;
    ngx_http_rooms_sync_t  *sync;

    threads = ngx_thread_pool_get((ngx_cycle_t *) ngx_cycle, &name);

    if (threads == NULL) {
        return NGX_DECLINED;
    }

    if (zone->syncing == NULL) {
        zone->syncing = ngx_thread_task_alloc(ngx_cycle->pool,
                                              sizeof(ngx_http_rooms_sync_t));
        if (zone->syncing == NULL) {
            return NGX_DECLINED;
        }
    }

    if (zone->syncing->event.active) {
        return NGX_OK;
    }

    sync = zone->syncing->ctx;

    sync->zone = zone;
    sync->handle = zone->file->handle;

    ngx_http_rooms_zone_lock(zone);
    rooms_journal_file_written(zone->file, &sync->sync);
    ngx_http_rooms_zone_unlock(zone);

    zone->syncing->handler = ngx_http_rooms_sync_thread;
    zone->syncing->event.handler = ngx_http_rooms_sync_posted;
    zone->syncing->event.data = sync;

    return ngx_thread_task_post(threads, zone->syncing);
}


static void
ngx_http_rooms_sync_thread(void *data, ngx_log_t *log)
{
    ngx_http_rooms_sync_t *sync = data;

    sync->err = fdatasync((int) sync->handle) == -1 ? ngx_errno : 0;
}


static void
ngx_http_rooms_sync_posted(ngx_event_t *ev)
{
    ngx_http_rooms_sync_t  *sync;

    sync = ev->data;

    if (sync->err) {
        ngx_set_errno(sync->err);
        ngx_http_rooms_sync_failed("fdatasync()");
    }

    ngx_http_rooms_sync_done(sync->zone, &sync->sync, sync->err == 0);
}

#endif


void
ngx_http_rooms_file_finish(ngx_http_rooms_zone_t *zone)
{
    if (zone->file == NULL) {
        return;
    }

    ngx_http_rooms_zone_lock(zone);
    rooms_journal_file_finish(zone->journal);
    ngx_http_rooms_zone_unlock(zone);
}
