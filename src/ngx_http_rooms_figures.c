
/*
 * Copyright (C) nginx rooms contributors
 *
 * The figures of an application's zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_figures.h>
#include <ngx_http_rooms_redis.h>


#define NGX_HTTP_ROOMS_CENSUS_STEP   512       /* entries under one lock */
#define NGX_HTTP_ROOMS_CENSUS_SMALL  4096


static void ngx_http_rooms_figures_sum(ngx_http_rooms_figures_t *f,
    const ngx_http_rooms_stat_t *stat);
static void ngx_http_rooms_figures_file(ngx_http_rooms_figures_t *f,
    const rooms_journal_file_t *file);
static void ngx_http_rooms_figures_census(ngx_http_rooms_app_t *app,
    ngx_http_rooms_figures_t *f);
static void ngx_http_rooms_figures_walk(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_census_t *census);


void
ngx_http_rooms_figures(ngx_http_rooms_app_t *app, ngx_http_rooms_figures_t *f)
{
    uint64_t                      now;
    ngx_uint_t                    i;
    ngx_http_rooms_zone_t        *zone;
    const ngx_http_rooms_stat_t  *stat;

    zone = app->zone;

    ngx_memzero(f, sizeof(ngx_http_rooms_figures_t));

    for (i = 0; i < ROOMS_WORKERS_MAX; i++) {
        ngx_http_rooms_figures_sum(f, &zone->shared->stats[i]);

        stat = ngx_http_rooms_figures_worker(app, i);

        if (stat) {
            f->websocket += stat->websocket;
            f->polling += stat->polling;
            f->sockets += stat->sockets;
        }
    }

    ngx_http_rooms_zone_lock(zone);
    rooms_journal_stat(zone->journal, &f->journal);

    if (zone->file) {
        ngx_http_rooms_figures_file(f, zone->file);
    }

    ngx_http_rooms_zone_unlock(zone);

    now = ngx_http_rooms_now();

    if (f->journal.used && f->journal.oldest && now > f->journal.oldest) {
        f->window = now - f->journal.oldest;
    }

    ngx_http_rooms_figures_census(app, f);
}


static void
ngx_http_rooms_figures_sum(ngx_http_rooms_figures_t *f,
    const ngx_http_rooms_stat_t *stat)
{
    ngx_uint_t  i;

    f->in += stat->in;
    f->out += stat->out;
    f->in_bytes += stat->in_bytes;
    f->out_bytes += stat->out_bytes;
    f->connects += stat->connects;
    f->recovered += stat->recovered;
    f->timeouts += stat->timeouts;
    f->conflicts += stat->conflicts;
    f->lost += stat->lost;

    for (i = 0; i < NGX_HTTP_ROOMS_REFUSED_LAST; i++) {
        f->refused[i] += stat->refused[i];
    }
}


static void
ngx_http_rooms_figures_file(ngx_http_rooms_figures_t *f,
    const rooms_journal_file_t *file)
{
    f->kept = 1;
    f->broken = file->broken;
    f->written = file->at;
    f->unsynced = file->at - file->synced;
    f->syncs = file->syncs;
    f->failures = file->failures;
}


const ngx_http_rooms_stat_t *
ngx_http_rooms_figures_worker(ngx_http_rooms_app_t *app, ngx_uint_t slot)
{
    const ngx_http_rooms_stat_t  *stat;

    stat = &app->zone->shared->stats[slot];

    if (stat->owner == 0
        || !rooms_workers_holds(&ngx_http_rooms_workers->table, stat->owner))
    {
        return NULL;
    }

    return stat;
}


uint32_t
ngx_http_rooms_figures_pid(ngx_uint_t slot)
{
    uint32_t  pid;

    if (ngx_http_rooms_workers == NULL
        || rooms_workers_owner(&ngx_http_rooms_workers->table, slot, &pid)
           == 0)
    {
        return 0;
    }

    return pid;
}


/* The journal's own number of rooms has the records of sockets in it. */

static void
ngx_http_rooms_figures_census(ngx_http_rooms_app_t *app,
    ngx_http_rooms_figures_t *f)
{
    ngx_http_rooms_census_t  *census;

    census = &app->census;

    if (!census->counted
        || f->journal.entries <= NGX_HTTP_ROOMS_CENSUS_SMALL
        || (ngx_msec_int_t) (ngx_current_msec - census->next) >= 0)
    {
        ngx_http_rooms_figures_walk(app->zone, census);

        census->counted = 1;
        census->next = ngx_current_msec + 1000 + f->journal.entries / 100;
    }

    f->rooms = census->rooms;
    f->recovery = census->recovery;

    if (app->zone->redis) {
        f->rooms = app->zone->redis->rooms;
        f->recovery = app->zone->redis->records;
    }
}


static void
ngx_http_rooms_figures_walk(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_census_t *census)
{
    size_t                 len;
    u_char                 name[ROOMS_JOURNAL_NAME];
    uint32_t               cursor;
    ngx_uint_t             n;
    rooms_int_t            rc;
    rooms_journal_room_t   room;

    census->rooms = 0;
    census->recovery = 0;

    cursor = 0;
    rc = ROOMS_OK;

    while (rc != ROOMS_DONE) {
        ngx_http_rooms_zone_lock(zone);

        for (n = 0; n < NGX_HTTP_ROOMS_CENSUS_STEP; n++) {
            rc = rooms_journal_walk(zone->journal, &cursor,
                                    NGX_HTTP_ROOMS_CENSUS_STEP, &room, name,
                                    &len);
            if (rc != ROOMS_OK) {
                break;
            }

            if (len && name[0] == '@') {
                census->recovery++;

            } else {
                census->rooms++;
            }
        }

        ngx_http_rooms_zone_unlock(zone);
    }
}
