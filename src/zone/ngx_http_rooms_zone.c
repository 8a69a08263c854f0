
/*
 * Copyright (C) nginx rooms contributors
 *
 * The zone of an application: its shared memory, and appending to the
 * journal.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/rand.h>

#include <ngx_http_rooms_zone.h>
#include <ngx_http_rooms_file.h>
#include <ngx_http_rooms_given.h>
#include <ngx_http_rooms_workers.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_socket.h>


static ngx_int_t ngx_http_rooms_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_rooms_zone_format(ngx_http_rooms_zone_t *zone,
    ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_http_rooms_zone_lay(ngx_http_rooms_zone_t *zone,
    ngx_shm_zone_t *shm_zone, u_char *mem);
static void ngx_http_rooms_zone_wake(const rooms_journal_room_t *room);


const char  *ngx_http_rooms_refused_names[] = {
    "origin",
    "handshake",
    "session",
    "payload",
    "frame",
    "packet",
    "invalid",
    "rate",
    "queue",
    "storage",
    "limit",
    "emitter"
};


ngx_int_t
ngx_http_rooms_zone_add(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    u_char                 *p;
    ngx_str_t               name;
    ngx_shm_zone_t         *shm_zone;
    ngx_pool_cleanup_t     *cln;
    ngx_http_rooms_zone_t  *zone;

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_rooms_zone_t));
    if (zone == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_rooms_file_release;
    cln->data = zone;

    ngx_http_rooms_sync_init();

    /* the journal of another application must not be taken over */

    name.len = sizeof("rooms::") - 1 + app->name.len + app->application.len;
    name.data = ngx_pnalloc(cf->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(name.data, "rooms:%V", &app->name);

    if (app->name.len != app->application.len
        || ngx_memcmp(app->name.data, app->application.data, app->name.len)
           != 0)
    {
        p = ngx_sprintf(p, ":%V", &app->application);
    }

    name.len = p - name.data;

    shm_zone = ngx_shared_memory_add(cf, &name, app->size,
                                     &ngx_http_rooms_module);
    if (shm_zone == NULL) {
        return NGX_ERROR;
    }

    shm_zone->init = ngx_http_rooms_zone_init;
    shm_zone->data = zone;

    zone->app = app;
    app->zone = zone;
    app->shm_zone = shm_zone;

    return NGX_OK;
}


/*
 * After a reload the memory is taken over as it is.  No lock is taken here:
 * a worker may have died with it, and the master, which would free it, is
 * busy with this.
 */

static ngx_int_t
ngx_http_rooms_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_rooms_zone_t  *zone;

    zone = shm_zone->data;
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data != NULL
        && ngx_http_rooms_file_inherit(zone, data, shm_zone->shm.log)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (data == NULL && !shm_zone->shm.exists
        && ngx_http_rooms_zone_format(zone, shm_zone) != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone->shared = zone->shpool->data;
    zone->journal = (rooms_journal_t *)
                        (shm_zone->shm.addr + zone->shared->journal);
    zone->epoch = rooms_journal_epoch(zone->journal);

    if (zone->shared->file) {
        zone->file = (rooms_journal_file_t *)
                         (shm_zone->shm.addr + zone->shared->file);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_zone_format(ngx_http_rooms_zone_t *zone,
    ngx_shm_zone_t *shm_zone)
{
    u_char                   *mem, *ctx;
    size_t                    size, len;
    ngx_slab_pool_t          *shpool;
    rooms_journal_file_t     *file;
    ngx_http_rooms_shared_t  *shared;

    shpool = zone->shpool;

    len = sizeof(" in zone \"\"") + shm_zone->shm.name.len;

    ctx = ngx_slab_alloc(shpool, len);
    shared = ngx_slab_calloc(shpool, sizeof(ngx_http_rooms_shared_t));

    if (ctx == NULL || shared == NULL) {
        goto small;
    }

    file = NULL;

    if (zone->app->keep.len) {
        file = ngx_slab_calloc(shpool, sizeof(rooms_journal_file_t));
        if (file == NULL) {
            goto small;
        }

        shared->file = (u_char *) file - shm_zone->shm.addr;
    }

    ngx_sprintf(ctx, " in zone \"%V\"%Z", &shm_zone->shm.name);
    shpool->log_ctx = ctx;

    /* all pages that are left are one run */

    size = shpool->pfree << ngx_pagesize_shift;
    mem = size ? ngx_slab_alloc(shpool, size) : NULL;

    if (mem == NULL) {
        goto small;
    }

    shared->journal = mem - shm_zone->shm.addr;
    shared->size = size;
    shpool->data = shared;
    zone->shared = shared;

    switch (ngx_http_rooms_zone_lay(zone, shm_zone, mem)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        goto small;

    default:
        return NGX_ERROR;
    }

    if (file == NULL || ngx_test_config) {
        return NGX_OK;
    }

    return ngx_http_rooms_file_start(zone, (rooms_journal_t *) mem, file,
                                     shm_zone->shm.log);

small:

    ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                  "rooms: zone \"%V\" of %uz octets is too small for a "
                  "journal", &shm_zone->shm.name, shm_zone->shm.size);

    return NGX_ERROR;
}


/* The journal of its file, or a fresh one; NGX_DECLINED: too small. */

static ngx_int_t
ngx_http_rooms_zone_lay(ngx_http_rooms_zone_t *zone,
    ngx_shm_zone_t *shm_zone, u_char *mem)
{
    size_t      size;
    uint64_t    random[3];
    ngx_int_t   rc;

    size = zone->shared->size;

    if (zone->app->keep.len) {
        zone->kept = ngx_alloc(sizeof(ngx_http_rooms_kept_t),
                               shm_zone->shm.log);
        if (zone->kept == NULL) {
            return NGX_ERROR;
        }

        zone->kept->refs = 1;
        zone->kept->fd = NGX_INVALID_FILE;
        zone->kept->old = NGX_INVALID_FILE;

        rc = ngx_http_rooms_file_load(zone, mem, size, shm_zone->shm.log);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (RAND_bytes((u_char *) random, sizeof(random)) != 1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "rooms: no random numbers for zone \"%V\"",
                      &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return rooms_journal_init(mem, size, random[0], random[1], random[2])
           == ROOMS_OK ? NGX_OK : NGX_DECLINED;
}


void
ngx_http_rooms_zone_open(ngx_http_rooms_zone_t *zone)
{
    rooms_table_start(&zone->rooms, ngx_http_rooms_room_t, node, hash);
    rooms_table_start(&zone->sockets, ngx_http_rooms_socket_t, node, sid);

    /* the first octets of a session's sid are the owner, the last random */

    rooms_table_start(&zone->sessions, ngx_http_rooms_session_t, node,
                      sid[ROOMS_EIO_SID_LEN - sizeof(uint64_t)]);

    ngx_queue_init(&zone->idle);
    ngx_queue_init(&zone->all);
    ngx_queue_init(&zone->directed);

    zone->deliver.handler = ngx_http_rooms_zone_deliver;
    zone->deliver.data = zone;
    zone->deliver.log = ngx_cycle->log;

    ngx_http_rooms_given_init(zone);

    rooms_buf_init(&zone->entry, 0);

    zone->cursor = rooms_journal_head(zone->journal);
}


void
ngx_http_rooms_zone_forget(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    ngx_http_rooms_stat_t  *stat;

    stat = &zone->shared->stats[rooms_owner_slot(owner)];

    ngx_http_rooms_zone_lock(zone);

    /*
     * if it is in the slot now, a later one has not asked for anything yet,
     * since that takes the lock
     */

    if (rooms_workers_holds(&ngx_http_rooms_workers->table, owner)) {
        rooms_journal_forget(zone->journal, rooms_owner_slot(owner));
    }

    if (stat->owner == owner) {
        stat->owner = 0;
        stat->websocket = 0;
        stat->polling = 0;
        stat->sockets = 0;
        stat->rooms = 0;
    }

    ngx_http_rooms_zone_unlock(zone);
}


void
ngx_http_rooms_zone_lock(ngx_http_rooms_zone_t *zone)
{
    ngx_shmtx_lock(&zone->shpool->mutex);
}


void
ngx_http_rooms_zone_unlock(ngx_http_rooms_zone_t *zone)
{
    ngx_shmtx_unlock(&zone->shpool->mutex);
}


ngx_int_t
ngx_http_rooms_zone_append(ngx_http_rooms_zone_t *zone,
    const rooms_append_t *a, uint64_t *last)
{
    rooms_int_t           rc;
    rooms_journal_room_t  room;

    ngx_http_rooms_zone_lock(zone);

    rc = rooms_journal_append(zone->journal, a, last, &room);

    ngx_http_rooms_zone_unlock(zone);

    if (rc == ROOMS_OK) {
        ngx_http_rooms_zone_wake(&room);
    }

    return rc;
}


static void
ngx_http_rooms_zone_wake(const rooms_journal_room_t *room)
{
    uint64_t    bits;
    ngx_uint_t  i, slot, own;

    own = rooms_owner_slot(ngx_http_rooms_owner);

    for (i = 0; i < ROOMS_JOURNAL_WORKERS / 64; i++) {

        for (bits = room->interest[i]; bits; bits &= bits - 1) {
            slot = i * 64 + __builtin_ctzll(bits);

            if (slot != own) {
                ngx_http_rooms_workers_wake(slot);
            }
        }
    }
}


ngx_int_t
ngx_http_rooms_zone_direct(ngx_http_rooms_zone_t *zone, uint32_t to,
    rooms_str_t data)
{
    rooms_int_t  rc;

    if (zone->redis) {
        return ngx_http_rooms_redis_direct(zone, to, data);
    }

    ngx_http_rooms_zone_lock(zone);

    rc = rooms_journal_direct(zone->journal, to, data, ngx_http_rooms_now());

    ngx_http_rooms_zone_unlock(zone);

    if (rc == ROOMS_OK) {
        ngx_http_rooms_workers_wake(rooms_owner_slot(to));

    } else {
        zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_STORAGE]++;
    }

    return rc;
}


ngx_uint_t
ngx_http_rooms_zone_holds(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    if (zone->redis) {
        return ngx_http_rooms_redis_holds(zone, owner);
    }

    return rooms_workers_holds(&ngx_http_rooms_workers->table, owner);
}


uint64_t
ngx_http_rooms_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}
