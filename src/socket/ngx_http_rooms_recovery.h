
/*
 * Copyright (C) nginx rooms contributors
 *
 * Connection state recovery, and what is left of a worker that died.
 *
 * Every socket of an application with state, and every socket of a location
 * with recovery, has a record in the journal: a room named "@" and the sid,
 * whose latest fact says who it is, where it was and in which rooms, and
 * whose owner is the worker that holds it.
 */


#ifndef _NGX_HTTP_ROOMS_RECOVERY_H_INCLUDED_
#define _NGX_HTTP_ROOMS_RECOVERY_H_INCLUDED_


#include <ngx_http_rooms_socket.h>
#include <ngx_http_rooms_record.h>


/*
 * Writes the socket's record, first or anew after its rooms or data changed.
 * NGX_DECLINED: the journal has no space for it; the socket goes on, without
 * recovery.
 */

ngx_int_t ngx_http_rooms_recovery_save(ngx_http_rooms_socket_t *socket);

/*
 * Makes the record of a socket that moves here from another worker this
 * worker's.  NGX_DECLINED: it is not that worker's any more, or somebody tells
 * that the socket is gone.  Not where the journal is in Redis.
 */

ngx_int_t ngx_http_rooms_recovery_adopt(ngx_http_rooms_zone_t *zone,
    rooms_str_t sid, uint32_t from);

/*
 * The socket is gone, and the application is about to be told: who comes back
 * already waits until it has been.  Should this worker die before, another
 * one tells.
 */

void ngx_http_rooms_recovery_leave(ngx_http_rooms_socket_t *socket);

/*
 * It has been told: the record waits out the recovery window, or goes at
 * once.
 */

void ngx_http_rooms_recovery_release(ngx_http_rooms_socket_t *socket,
    ngx_uint_t keep);

/* Nobody may recover as sid any more, unless it is connected. */

void ngx_http_rooms_recovery_revoke(ngx_http_rooms_zone_t *zone,
    rooms_str_t sid);

/*
 * Makes a socket of the session from the record that pid names: same sid,
 * rooms and data; the messages it missed since offset are queued; the
 * application is told.  offset may be empty where the client has had no
 * event yet.
 *
 * NGX_OK: *socket is it; NGX_DECLINED: it cannot be recovered (unknown, still
 * connected, too late, wrong namespace or secret, foreign or lost offset,
 * more missed than the send queue holds), a new socket is to be made;
 * NGX_ERROR: the session or the socket was closed by it.
 */

ngx_int_t ngx_http_rooms_recovery_restore(ngx_http_rooms_session_t *s,
    ngx_str_t *nsp, rooms_str_t pid, rooms_str_t offset,
    ngx_http_rooms_socket_t **socket);

/* The same for a record that this worker has taken already, by whatever way;
 * it goes where the socket is not recovered. */

ngx_int_t ngx_http_rooms_recovery_claimed(ngx_http_rooms_session_t *s,
    ngx_str_t *nsp, rooms_str_t pid, rooms_str_t offset,
    ngx_http_rooms_record_t *rec, ngx_http_rooms_socket_t **socket);

/*
 * Has a socket that came from another worker join its rooms, and queues what
 * was published since.  rooms: as ngx_http_rooms_record_room() reads them, the
 * id being that up to which it has had everything; joined: for each of them
 * member->joined, a u64.  NGX_DECLINED: not all of it can be had.
 */

ngx_int_t ngx_http_rooms_recovery_rejoin(ngx_http_rooms_socket_t *socket,
    rooms_str_t rooms, rooms_str_t joined);

/*
 * Sees to the sockets of a worker that died: its applications hear of each
 * disconnect, and the records wait to be recovered.  May be done by several
 * workers; it happens once.
 */

void ngx_http_rooms_recovery_bury(ngx_http_rooms_zone_t *zone,
    uint32_t owner);

/* The same for one record, if it is still of that owner. */

void ngx_http_rooms_recovery_settle(ngx_http_rooms_zone_t *zone,
    rooms_str_t room, uint32_t owner);

/* A record whose time is over goes.  Used by the sweep. */

void ngx_http_rooms_recovery_expire(ngx_http_rooms_zone_t *zone,
    rooms_str_t room);


#endif /* _NGX_HTTP_ROOMS_RECOVERY_H_INCLUDED_ */
