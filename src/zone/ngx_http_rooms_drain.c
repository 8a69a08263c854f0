
/*
 * Copyright (C) nginx rooms contributors
 *
 * Reading the journal of a zone: every record goes to the room it is about,
 * if this worker holds that.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_workers.h>
#include <ngx_http_rooms_remote.h>
#include <ngx_http_rooms_room.h>


typedef struct {
    ngx_queue_t               queue;
    uint64_t                  id;
    size_t                    len;
    u_char                    data[];
} ngx_http_rooms_directed_t;


static void ngx_http_rooms_zone_direct_in(ngx_http_rooms_zone_t *zone,
    const rooms_journal_entry_t *e);
static void ngx_http_rooms_zone_damaged(ngx_http_rooms_zone_t *zone);
static void ngx_http_rooms_zone_lost(ngx_http_rooms_zone_t *zone);
static ngx_uint_t ngx_http_rooms_zone_behind(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_room_t *room);


void
ngx_http_rooms_zone_drain(ngx_http_rooms_zone_t *zone)
{
    rooms_int_t             rc;
    ngx_http_rooms_room_t  *room;
    rooms_journal_entry_t   e;

    /* what Redis tells comes by itself */

    if (zone->draining || zone->redis) {
        return;
    }

    zone->draining = 1;

    for ( ;; ) {
        rc = rooms_journal_read(zone->journal, &zone->cursor, &zone->entry,
                                &e);

        if (rc == ROOMS_AGAIN) {
            break;
        }

        if (rc == ROOMS_DECLINED) {
            ngx_http_rooms_zone_lost(zone);
            continue;
        }

        if (rc == ROOMS_ERROR) {
            ngx_http_rooms_zone_damaged(zone);
            break;
        }

        if (e.kind == ROOMS_ENTRY_DIRECTED) {
            if (e.to == ngx_http_rooms_owner) {
                ngx_http_rooms_zone_direct_in(zone, &e);
            }

            continue;
        }

        room = ngx_http_rooms_room_find(zone, e.hash);

        if (room && e.id > room->last) {
            ngx_http_rooms_room_apply(room, &e);
        }
    }

    zone->draining = 0;
}


/* What a directed request makes this worker do must not happen within a
 * drain, which may stand anywhere. */

static void
ngx_http_rooms_zone_direct_in(ngx_http_rooms_zone_t *zone,
    const rooms_journal_entry_t *e)
{
    ngx_http_rooms_directed_t  *d;

    d = ngx_alloc(sizeof(ngx_http_rooms_directed_t) + e->fact.len,
                  ngx_cycle->log);
    if (d == NULL) {
        return;
    }

    d->id = e->id;
    d->len = e->fact.len;
    ngx_memcpy(d->data, e->fact.data, e->fact.len);

    ngx_queue_insert_tail(&zone->directed, &d->queue);

    ngx_post_event(&zone->deliver, &ngx_posted_events);
}


void
ngx_http_rooms_zone_deliver(ngx_event_t *ev)
{
    ngx_queue_t                *q;
    ngx_http_rooms_zone_t      *zone;
    ngx_http_rooms_directed_t  *d;

    zone = ev->data;

    while (!ngx_queue_empty(&zone->directed)) {
        q = ngx_queue_head(&zone->directed);
        ngx_queue_remove(q);

        d = ngx_queue_data(q, ngx_http_rooms_directed_t, queue);

        ngx_http_rooms_remote_receive(zone, rooms_str(d->data, d->len),
                                      d->id);
        ngx_free(d);
    }
}


static void
ngx_http_rooms_zone_damaged(ngx_http_rooms_zone_t *zone)
{
    if (zone->entry.failed) {
        rooms_buf_reset(&zone->entry);

        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": no memory to read a record, it "
                      "will be tried again", &zone->app->name);
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "rooms: zone \"%V\": the journal is damaged at %uL; "
                  "clients that may have missed something are disconnected",
                  &zone->app->name, zone->cursor);

    zone->cursor = rooms_journal_head(zone->journal);
    ngx_http_rooms_zone_lost(zone);
}


/*
 * The ring has passed this worker.  Rooms in which something happened since
 * they were read last are loaded again; what follows in the journal is read
 * on as usual.
 */

static void
ngx_http_rooms_zone_lost(ngx_http_rooms_zone_t *zone)
{
    ngx_uint_t              n;
    rooms_link_t           *node;
    ngx_http_rooms_room_t  *room;

    zone->stat->lost++;
    n = 0;

    for (node = rooms_table_next(&zone->rooms, NULL);
         node;
         node = rooms_table_next(&zone->rooms, node))
    {
        room = rooms_table_data(node, ngx_http_rooms_room_t, node);

        if (ngx_http_rooms_zone_behind(zone, room)) {
            ngx_http_rooms_room_lost(room);
            n++;
        }
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "rooms: zone \"%V\": this worker was overtaken by the "
                  "journal, %ui rooms are read again; a larger zone helps",
                  &zone->app->name, n);
}


static ngx_uint_t
ngx_http_rooms_zone_behind(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_room_t *room)
{
    rooms_int_t           rc;
    rooms_journal_room_t  info;

    ngx_http_rooms_zone_lock(zone);

    rc = rooms_journal_lookup(zone->journal,
                              rooms_str(room->name.data, room->name.len),
                              &info);

    ngx_http_rooms_zone_unlock(zone);

    return rc != ROOMS_OK || info.last != room->last;
}
