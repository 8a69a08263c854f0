
/*
 * Copyright (C) nginx rooms contributors
 *
 * Connection state recovery: a socket from its record.
 *
 * The socket first joins its rooms again, so that from then on everything
 * reaches it; then what lies between its offset and that moment is read from
 * the journal, over all rooms in the order of ids, and queued before anything
 * else.  Either all of it can be had, or it is not recovered.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_offset.h>

#include <ngx_http_rooms_recovery.h>
#include <ngx_http_rooms_record.h>
#include <ngx_http_rooms_replay.h>
#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_workers.h>


/* how often, in ms, it is looked whether another worker has done telling */

#define NGX_HTTP_ROOMS_RESTORE_TRIES  20


static void ngx_http_rooms_restore_drop(ngx_http_rooms_zone_t *zone,
    rooms_str_t pid);
static ngx_int_t ngx_http_rooms_restore_claim(ngx_http_rooms_zone_t *zone,
    rooms_str_t name, ngx_str_t *nsp, const u_char *secret,
    ngx_http_rooms_record_t *rec);
static ngx_int_t ngx_http_rooms_restore_try(ngx_http_rooms_zone_t *zone,
    rooms_str_t name, ngx_str_t *nsp, const u_char *secret,
    ngx_http_rooms_record_t *rec);
static ngx_uint_t ngx_http_rooms_restore_secret(const u_char *a,
    const u_char *b);
static ngx_int_t ngx_http_rooms_restore_socket(ngx_http_rooms_session_t *s,
    ngx_str_t *nsp, rooms_str_t pid, ngx_http_rooms_record_t *rec,
    ngx_http_rooms_socket_t **socket);
static ngx_int_t ngx_http_rooms_restore_rooms(
    ngx_http_rooms_socket_t *socket, ngx_http_rooms_record_t *rec,
    uint64_t after, ngx_http_rooms_replay_t *replay);
static ngx_http_rooms_member_t *ngx_http_rooms_restore_member(
    ngx_http_rooms_socket_t *socket, rooms_str_t name, uint64_t after);
static ngx_int_t ngx_http_rooms_restore_room(ngx_http_rooms_member_t *member,
    ngx_http_rooms_replay_t *replay);
static ngx_int_t ngx_http_rooms_restore_tell(ngx_http_rooms_socket_t *socket,
    rooms_str_t rooms);


ngx_int_t
ngx_http_rooms_recovery_restore(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    rooms_str_t pid, rooms_str_t offset, ngx_http_rooms_socket_t **socket)
{
    u_char                    p[NGX_HTTP_ROOMS_RECORD_LEN];
    ngx_int_t                 rc;
    ngx_http_rooms_record_t   rec;

    if (pid.len != NGX_HTTP_ROOMS_PID_LEN) {
        return NGX_DECLINED;
    }

    ngx_memzero(&rec, sizeof(ngx_http_rooms_record_t));

    rc = ngx_http_rooms_restore_claim(s->zone,
                                      ngx_http_rooms_record_name(p, pid.data),
                                      nsp, pid.data + NGX_HTTP_ROOMS_SID_LEN,
                                      &rec);
    if (rc == NGX_OK) {
        rc = ngx_http_rooms_recovery_claimed(s, nsp, pid, offset, &rec,
                                             socket);
    }

    rooms_buf_free(&rec.buf);

    return rc;
}


ngx_int_t
ngx_http_rooms_recovery_claimed(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    rooms_str_t pid, rooms_str_t offset, ngx_http_rooms_record_t *rec,
    ngx_http_rooms_socket_t **socket)
{
    uint64_t                  epoch, after;
    ngx_int_t                 rc;
    ngx_http_rooms_zone_t    *zone;
    ngx_http_rooms_replay_t   replay;

    zone = s->zone;

    ngx_memzero(&replay, sizeof(ngx_http_rooms_replay_t));

    ngx_http_rooms_zone_drain(zone);

    after = 0;
    rc = NGX_DECLINED;

    if (offset.len == 0
        || (rooms_offset_parse(offset, &epoch, &after) == ROOMS_OK
            && epoch == zone->epoch))
    {
        rc = ngx_http_rooms_restore_socket(s, nsp, pid, rec, socket);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_rooms_restore_rooms(*socket, rec, after, &replay);

        if (rc != NGX_OK) {
            ngx_http_rooms_socket_destroy(*socket);
            *socket = NULL;
        }
    }

    if (rc != NGX_OK) {
        ngx_http_rooms_restore_drop(zone, pid);
        goto done;
    }

    rc = ngx_http_rooms_replay_send(*socket, &replay);

    if (rc == NGX_OK) {
        rc = ngx_http_rooms_restore_tell(*socket, rec->rooms);
    }

done:

    ngx_http_rooms_replay_free(&replay);

    return rc;
}


/* Nobody recovers by it any more. */

static void
ngx_http_rooms_restore_drop(ngx_http_rooms_zone_t *zone, rooms_str_t pid)
{
    u_char       p[NGX_HTTP_ROOMS_RECORD_LEN];
    rooms_str_t  none;

    if (zone->redis) {
        none = rooms_str(NULL, 0);
        ngx_http_rooms_redis_depart(zone,
                                    rooms_str(pid.data,
                                              NGX_HTTP_ROOMS_SID_LEN),
                                    none, none, ROOMS_GONE_ERROR, 0, 1);
        return;
    }

    ngx_http_rooms_zone_lock(zone);
    ngx_http_rooms_record_remove(zone,
                                 ngx_http_rooms_record_name(p, pid.data));
    ngx_http_rooms_zone_unlock(zone);
}


ngx_int_t
ngx_http_rooms_recovery_rejoin(ngx_http_rooms_socket_t *socket,
    rooms_str_t rooms, rooms_str_t joined)
{
    uint64_t                  since, first;
    ngx_int_t                 rc;
    rooms_str_t               name;
    ngx_http_rooms_member_t  *member;
    ngx_http_rooms_replay_t   replay;

    ngx_memzero(&replay, sizeof(ngx_http_rooms_replay_t));

    rc = ngx_http_rooms_replay_init(&replay, socket);

    while (rc == NGX_OK
           && ngx_http_rooms_record_room(&rooms, &name, &since) == NGX_OK)
    {
        since = rooms_message_whole(since);
        member = ngx_http_rooms_restore_member(socket, name, since);

        if (member == NULL || rooms_get_u64(&joined, &first) != ROOMS_OK) {
            rc = NGX_DECLINED;
            break;
        }

        member->joined = first;

        replay.after = since;
        replay.room = member->room;

        rc = ngx_http_rooms_restore_room(member, &replay);
    }

    if (rc == NGX_OK && !ngx_http_rooms_replay_fits(socket, &replay)) {
        rc = NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        ngx_http_rooms_replay_sort(&replay);
        rc = ngx_http_rooms_replay_send(socket, &replay);
    }

    ngx_http_rooms_replay_free(&replay);

    return rc;
}


/*
 * Takes the record, so that nobody else recovers by it.  NGX_AGAIN of a try
 * means that another worker is about to tell that its socket is gone: that is
 * a matter of a millisecond, and rare, since it is done soon after a worker
 * has died; to wait is better than to lose what the client might recover.
 */

static ngx_int_t
ngx_http_rooms_restore_claim(ngx_http_rooms_zone_t *zone, rooms_str_t name,
    ngx_str_t *nsp, const u_char *secret, ngx_http_rooms_record_t *rec)
{
    uint32_t    dead;
    ngx_int_t   rc;
    ngx_uint_t  n;

    dead = 0;

    for (n = 0; n < NGX_HTTP_ROOMS_RESTORE_TRIES; n++) {

        rc = ngx_http_rooms_restore_try(zone, name, nsp, secret, rec);

        if (rc == NGX_AGAIN) {
            ngx_msleep(1);
            continue;
        }

        if (rc != NGX_BUSY) {
            return rc;
        }

        /* its worker has died, and nobody has heard of it yet */

        if (rec->info.owner == dead) {
            break;
        }

        dead = rec->info.owner;

        ngx_http_rooms_recovery_settle(zone, name, dead);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_rooms_restore_try(ngx_http_rooms_zone_t *zone, rooms_str_t name,
    ngx_str_t *nsp, const u_char *secret, ngx_http_rooms_record_t *rec)
{
    ngx_int_t  rc;

    ngx_http_rooms_zone_lock(zone);

    rc = NGX_DECLINED;

    if (ngx_http_rooms_record_load(zone, name, rec) != NGX_OK
        || !rec->recoverable
        || !ngx_http_rooms_restore_secret(rec->secret.data, secret)
        || rec->nsp.len != nsp->len
        || ngx_memcmp(rec->nsp.data, nsp->data, nsp->len) != 0)
    {
        goto done;
    }

    if (rec->info.owner == 0) {

        if (rec->info.deadline > ngx_http_rooms_now()
            && rooms_journal_touch(zone->journal, name, 0,
                                   ngx_http_rooms_owner)
               == ROOMS_OK)
        {
            rc = NGX_OK;
        }

        goto done;
    }

    if (ngx_http_rooms_workers_gone(rec->info.owner)) {
        rc = NGX_BUSY;

    } else if (rec->info.deadline) {
        rc = NGX_AGAIN;
    }

done:

    ngx_http_rooms_zone_unlock(zone);

    return rc;
}


/* In a time that does not tell how much of it was right. */

static ngx_uint_t
ngx_http_rooms_restore_secret(const u_char *a, const u_char *b)
{
    ngx_uint_t       i;
    volatile u_char  diff;

    diff = 0;

    for (i = 0; i < NGX_HTTP_ROOMS_SID_LEN; i++) {
        diff |= a[i] ^ b[i];
    }

    return diff == 0;
}


static ngx_int_t
ngx_http_rooms_restore_socket(ngx_http_rooms_session_t *s, ngx_str_t *nsp,
    rooms_str_t pid, ngx_http_rooms_record_t *rec,
    ngx_http_rooms_socket_t **socket)
{
    u_char                   *data;
    ngx_http_rooms_socket_t  *sk;

    data = NULL;

    if (rec->data.len) {
        data = ngx_alloc(rec->data.len, ngx_cycle->log);
        if (data == NULL) {
            return NGX_DECLINED;
        }

        ngx_memcpy(data, rec->data.data, rec->data.len);
    }

    sk = ngx_http_rooms_socket_create(s, nsp, (u_char *) pid.data);
    if (sk == NULL) {

        if (data) {
            ngx_free(data);
        }

        return NGX_DECLINED;
    }

    ngx_memcpy(sk->secret, pid.data + NGX_HTTP_ROOMS_SID_LEN,
               NGX_HTTP_ROOMS_SID_LEN);

    sk->data.data = data;
    sk->data.len = rec->data.len;
    sk->variant = rec->variant;
    sk->recoverable = 1;
    sk->registered = 1;
    sk->recovered = 1;
    sk->connected = 1;

    *socket = sk;

    return NGX_OK;
}


/* NGX_DECLINED: the rooms cannot all be had, or not all that was missed. */

static ngx_int_t
ngx_http_rooms_restore_rooms(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_record_t *rec, uint64_t after,
    ngx_http_rooms_replay_t *replay)
{
    uint64_t                  since;
    rooms_str_t               in, name;
    ngx_http_rooms_member_t  *member;

    if (ngx_http_rooms_replay_init(replay, socket) != NGX_OK) {
        return NGX_DECLINED;
    }

    in = rec->rooms;

    while (ngx_http_rooms_record_room(&in, &name, &since) == NGX_OK) {

        since = rooms_message_whole(since);
        replay->after = ngx_max(after, since);

        member = ngx_http_rooms_restore_member(socket, name, replay->after);
        if (member == NULL) {
            return NGX_DECLINED;
        }

        /* it may have ended before that */

        replay->ended = (socket->session->zone->app->app->evolve
                         && member->room->state == NULL);

        if (ngx_http_rooms_restore_room(member, replay) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (replay->ended) {
            ngx_http_rooms_room_leave(socket, name);
        }
    }

    if (!ngx_http_rooms_replay_fits(socket, replay)) {
        return NGX_DECLINED;
    }

    ngx_http_rooms_replay_sort(replay);

    return NGX_OK;
}


/*
 * What comes after that id is for it.  Redis may have told this worker less
 * of the room than the one that it was at.
 */

static ngx_http_rooms_member_t *
ngx_http_rooms_restore_member(ngx_http_rooms_socket_t *socket,
    rooms_str_t name, uint64_t after)
{
    ngx_http_rooms_room_t    *room;
    ngx_http_rooms_zone_t    *zone;
    ngx_http_rooms_member_t  *member;

    zone = socket->session->zone;

    if (ngx_http_rooms_room_join(socket, name) != NGX_OK) {
        return NULL;
    }

    room = ngx_http_rooms_room_open(zone, name);
    if (room == NULL) {
        return NULL;
    }

    member = ngx_http_rooms_room_member(room, socket);

    if (zone->redis && member) {
        member->joined = after;
        member->from = after + 1;
        room->backing.late = ngx_max(room->backing.late, member->from);
    }

    return member;
}


static ngx_int_t
ngx_http_rooms_restore_room(ngx_http_rooms_member_t *member,
    ngx_http_rooms_replay_t *replay)
{
    uint64_t                before;
    rooms_int_t             rc;
    ngx_http_rooms_room_t  *room;
    ngx_http_rooms_zone_t  *zone;

    room = member->room;
    zone = room->zone;

    if (zone->redis) {
        rc = ngx_http_rooms_redis_replay(room,
                                         ngx_http_rooms_replay_from(replay),
                                         ngx_http_rooms_replay_entry,
                                         replay);

    } else {

        /* where the member's own reading begins */

        before = ngx_max(zone->cursor, room->last + 1);

        ngx_http_rooms_zone_lock(zone);

        rc = rooms_journal_replay(zone->journal,
                                  rooms_str(room->name.data, room->name.len),
                                  ngx_http_rooms_replay_from(replay), before,
                                  ngx_http_rooms_replay_entry, replay);

        ngx_http_rooms_zone_unlock(zone);
    }

    return (rc == ROOMS_OK || rc == ROOMS_DONE) ? NGX_OK : NGX_DECLINED;
}


/* The applications hear that it is back; they may send it away again. */

static ngx_int_t
ngx_http_rooms_restore_tell(ngx_http_rooms_socket_t *socket,
    rooms_str_t rooms)
{
    uint64_t                   since;
    rooms_str_t                name;
    ngx_http_rooms_room_t     *room;
    ngx_http_rooms_task_t      task;
    ngx_http_rooms_zone_t     *zone;
    ngx_http_rooms_session_t  *s;

    s = socket->session;
    zone = s->zone;

    while (ngx_http_rooms_record_room(&rooms, &name, &since) == NGX_OK) {

        room = ngx_http_rooms_room_find(zone,
                                    rooms_journal_hash(zone->journal, name));

        if (room == NULL || !ngx_http_rooms_room_member(room, socket)) {
            continue;
        }

        ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));

        task.zone = zone;
        task.socket = socket;
        task.cmd.kind = ROOMS_CMD_RECOVER;
        task.cmd.room = name;

        ngx_http_rooms_execute(&task);

        if (s->closed || s->doomed || socket->dead) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
