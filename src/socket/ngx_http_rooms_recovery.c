
/*
 * Copyright (C) nginx rooms contributors
 *
 * The life of the records of sockets, other than their recovery.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_record.h>
#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_workers.h>
#include <ngx_http_rooms_redis.h>


#define NGX_HTTP_ROOMS_BURY_BATCH  256     /* index entries under one lock */
#define NGX_HTTP_ROOMS_BURY_MAX    1000    /* sockets in one turn */


static ngx_int_t ngx_http_rooms_recovery_claim(ngx_http_rooms_zone_t *zone,
    rooms_str_t name, uint32_t owner, ngx_http_rooms_record_t *rec);
static void ngx_http_rooms_recovery_settled(ngx_http_rooms_zone_t *zone,
    rooms_str_t name);
static rooms_int_t ngx_http_rooms_recovery_collect(
    ngx_http_rooms_zone_t *zone, uint32_t owner, uint32_t *cursor,
    rooms_buf_t *names);


ngx_int_t
ngx_http_rooms_recovery_save(ngx_http_rooms_socket_t *socket)
{
    u_char                    p[NGX_HTTP_ROOMS_RECORD_LEN];
    ngx_int_t                 rc;
    rooms_buf_t               b;
    rooms_str_t               name;
    ngx_http_rooms_zone_t    *zone;
    ngx_http_rooms_record_t   rec, *old;

    zone = socket->session->zone;

    if (zone->app->app->evolve == NULL
        && socket->session->conf->recovery == 0)
    {
        return NGX_OK;
    }

    if (zone->redis) {
        return ngx_http_rooms_redis_save(socket);
    }

    name = ngx_http_rooms_record_name(p, socket->sid);

    rooms_buf_init(&b, 0);
    ngx_memzero(&rec, sizeof(ngx_http_rooms_record_t));
    old = NULL;

    ngx_http_rooms_zone_lock(zone);

    if (socket->registered
        && ngx_http_rooms_record_load(zone, name, &rec) == NGX_OK)
    {
        old = &rec;
    }

    ngx_http_rooms_record_encode(&b, socket, old);

    rc = ROOMS_ERROR;

    if (!b.failed) {
        rc = ngx_http_rooms_record_write(zone, name, rooms_str(b.data, b.len),
                                         ngx_http_rooms_owner, 0);
    }

    ngx_http_rooms_zone_unlock(zone);

    rooms_buf_free(&rec.buf);
    rooms_buf_free(&b);

    if (rc != ROOMS_OK) {
        zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_STORAGE]++;
        return NGX_DECLINED;
    }

    socket->registered = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_recovery_adopt(ngx_http_rooms_zone_t *zone, rooms_str_t sid,
    uint32_t from)
{
    u_char                p[NGX_HTTP_ROOMS_RECORD_LEN];
    ngx_int_t             rc;
    rooms_str_t           name;
    rooms_journal_room_t  info;

    name = ngx_http_rooms_record_name(p, sid.data);
    rc = NGX_DECLINED;

    ngx_http_rooms_zone_lock(zone);

    if (rooms_journal_lookup(zone->journal, name, &info) == ROOMS_OK
        && info.live && info.owner == from && info.deadline == 0
        && rooms_journal_touch(zone->journal, name, 0, ngx_http_rooms_owner)
           == ROOMS_OK)
    {
        rc = NGX_OK;
    }

    ngx_http_rooms_zone_unlock(zone);

    return rc;
}


void
ngx_http_rooms_recovery_leave(ngx_http_rooms_socket_t *socket)
{
    u_char                  p[NGX_HTTP_ROOMS_RECORD_LEN];
    rooms_str_t             name;
    rooms_journal_room_t    info;
    ngx_http_rooms_zone_t  *zone;

    if (!socket->registered) {
        return;
    }

    zone = socket->session->zone;
    name = ngx_http_rooms_record_name(p, socket->sid);

    ngx_http_rooms_zone_lock(zone);

    if (rooms_journal_lookup(zone->journal, name, &info) == ROOMS_OK
        && info.live && info.owner == ngx_http_rooms_owner)
    {
        (void) rooms_journal_touch(zone->journal, name,
                                   ngx_http_rooms_now()
                                   + socket->session->conf->recovery + 1,
                                   ngx_http_rooms_owner);
    }

    ngx_http_rooms_zone_unlock(zone);
}


void
ngx_http_rooms_recovery_release(ngx_http_rooms_socket_t *socket,
    ngx_uint_t keep)
{
    u_char                  p[NGX_HTTP_ROOMS_RECORD_LEN];
    ngx_msec_t              window;
    rooms_str_t             name;
    rooms_journal_room_t    info;
    ngx_http_rooms_zone_t  *zone;

    if (!socket->registered) {
        return;
    }

    socket->registered = 0;

    zone = socket->session->zone;
    window = socket->session->conf->recovery;
    name = ngx_http_rooms_record_name(p, socket->sid);

    ngx_http_rooms_zone_lock(zone);

    if (rooms_journal_lookup(zone->journal, name, &info) == ROOMS_OK
        && info.live && info.owner == ngx_http_rooms_owner)
    {
        if (keep && socket->recoverable && window) {
            (void) rooms_journal_touch(zone->journal, name,
                                       ngx_http_rooms_now() + window, 0);

        } else {
            ngx_http_rooms_record_remove(zone, name);
        }
    }

    ngx_http_rooms_zone_unlock(zone);
}


void
ngx_http_rooms_recovery_revoke(ngx_http_rooms_zone_t *zone, rooms_str_t sid)
{
    u_char                   p[NGX_HTTP_ROOMS_RECORD_LEN];
    rooms_str_t              name;
    ngx_http_rooms_record_t  rec;

    if (sid.len != NGX_HTTP_ROOMS_SID_LEN) {
        return;
    }

    if (zone->redis) {
        ngx_http_rooms_redis_revoke(zone, sid);
        return;
    }

    name = ngx_http_rooms_record_name(p, sid.data);
    ngx_memzero(&rec, sizeof(ngx_http_rooms_record_t));

    ngx_http_rooms_zone_lock(zone);

    if (ngx_http_rooms_record_load(zone, name, &rec) != NGX_OK) {
        /* void */

    } else if (rec.info.owner == 0) {
        ngx_http_rooms_record_remove(zone, name);

    } else if (rec.info.deadline
               || ngx_http_rooms_workers_gone(rec.info.owner))
    {
        /* its disconnect has still to be told, by what stands in it */

        ngx_http_rooms_record_revoke(&rec);

        (void) ngx_http_rooms_record_write(zone, name,
                                     rooms_str(rec.buf.data, rec.buf.len),
                                     rec.info.owner, rec.info.deadline);
    }

    ngx_http_rooms_zone_unlock(zone);

    rooms_buf_free(&rec.buf);
}


/*
 * The record is taken over first, so that no other worker tells the same,
 * and nobody recovers in between; should this worker die before it is done,
 * whoever buries it begins again.
 */

void
ngx_http_rooms_recovery_settle(ngx_http_rooms_zone_t *zone, rooms_str_t room,
    uint32_t owner)
{
    uint64_t                 since;
    rooms_str_t              in, name, sid;
    ngx_http_rooms_record_t  rec;

    ngx_memzero(&rec, sizeof(ngx_http_rooms_record_t));

    if (ngx_http_rooms_recovery_claim(zone, room, owner, &rec) == NGX_OK) {

        sid = rooms_str(room.data + 1, room.len - 1);
        in = rec.rooms;

        while (ngx_http_rooms_record_room(&in, &name, &since) == NGX_OK) {
            ngx_http_rooms_execute_in(zone, ROOMS_CMD_DISCONNECT, name, sid,
                                      rec.nsp);
        }

        ngx_http_rooms_recovery_settled(zone, room);
    }

    rooms_buf_free(&rec.buf);
}


static ngx_int_t
ngx_http_rooms_recovery_claim(ngx_http_rooms_zone_t *zone, rooms_str_t name,
    uint32_t owner, ngx_http_rooms_record_t *rec)
{
    ngx_int_t  rc;

    ngx_http_rooms_zone_lock(zone);

    rc = ngx_http_rooms_record_load(zone, name, rec);

    if (rc == NGX_OK && rec->info.owner != owner) {
        rc = NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        (void) rooms_journal_touch(zone->journal, name,
                                   ngx_http_rooms_now() + rec->window + 1,
                                   ngx_http_rooms_owner);
    }

    if (rc == NGX_ERROR && !rec->buf.failed) {
        ngx_http_rooms_record_remove(zone, name);
    }

    ngx_http_rooms_zone_unlock(zone);

    return rc;
}


static void
ngx_http_rooms_recovery_settled(ngx_http_rooms_zone_t *zone,
    rooms_str_t name)
{
    ngx_http_rooms_record_t  rec;

    ngx_memzero(&rec, sizeof(ngx_http_rooms_record_t));

    ngx_http_rooms_zone_lock(zone);

    if (ngx_http_rooms_record_load(zone, name, &rec) == NGX_OK
        && rec.info.owner == ngx_http_rooms_owner)
    {
        if (rec.recoverable && rec.window) {
            (void) rooms_journal_touch(zone->journal, name,
                                       ngx_http_rooms_now() + rec.window, 0);

        } else {
            ngx_http_rooms_record_remove(zone, name);
        }
    }

    ngx_http_rooms_zone_unlock(zone);

    rooms_buf_free(&rec.buf);
}


void
ngx_http_rooms_recovery_bury(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    uint32_t     cursor;
    ngx_uint_t   n;
    rooms_buf_t  names;
    rooms_int_t  rc;
    rooms_str_t  in, name;

    rooms_buf_init(&names, 0);

    cursor = 0;
    n = 0;

    do {
        rooms_buf_reset(&names);

        rc = ngx_http_rooms_recovery_collect(zone, owner, &cursor, &names);

        in = rooms_str(names.data, names.len);

        while (rooms_get_str16(&in, &name) == ROOMS_OK) {
            ngx_http_rooms_recovery_settle(zone, name, owner);
            n++;
        }

    } while (rc == ROOMS_AGAIN && n < NGX_HTTP_ROOMS_BURY_MAX);

    rooms_buf_free(&names);
}


static rooms_int_t
ngx_http_rooms_recovery_collect(ngx_http_rooms_zone_t *zone, uint32_t owner,
    uint32_t *cursor, rooms_buf_t *names)
{
    size_t                len;
    u_char                name[ROOMS_JOURNAL_NAME];
    uint32_t              before, left;
    rooms_int_t           rc;
    rooms_journal_room_t  info;

    left = NGX_HTTP_ROOMS_BURY_BATCH;
    rc = ROOMS_AGAIN;

    ngx_http_rooms_zone_lock(zone);

    while (left) {
        before = *cursor;

        rc = rooms_journal_walk(zone->journal, cursor, left, &info, name,
                                &len);

        if (rc == ROOMS_DONE || rc == ROOMS_ERROR) {
            break;
        }

        left -= ngx_min(left, *cursor - before);

        if (rc == ROOMS_OK) {
            rc = ROOMS_AGAIN;

            if (info.owner == owner && len && name[0] == '@') {
                rooms_buf_str16(names, rooms_str(name, len));
            }
        }
    }

    ngx_http_rooms_zone_unlock(zone);

    return rc;
}


void
ngx_http_rooms_recovery_expire(ngx_http_rooms_zone_t *zone, rooms_str_t room)
{
    rooms_journal_room_t  info;

    ngx_http_rooms_zone_lock(zone);

    if (rooms_journal_lookup(zone->journal, room, &info) == ROOMS_OK
        && info.live && info.owner == 0
        && info.deadline && info.deadline <= ngx_http_rooms_now())
    {
        ngx_http_rooms_record_remove(zone, room);
    }

    ngx_http_rooms_zone_unlock(zone);
}
