
/*
 * Copyright (C) nginx rooms contributors
 *
 * The record of a socket in the journal: the room "@" and its sid.  Its
 * latest fact says all; its owner and deadline in the index say how it is:
 *
 *     owner   deadline
 *     a       0          connected in worker a
 *     a       d          worker a tells the applications that it is gone
 *     0       d          may be recovered until d
 *
 * All functions but the codec want the zone's lock held.
 */


#ifndef _NGX_HTTP_ROOMS_RECORD_H_INCLUDED_
#define _NGX_HTTP_ROOMS_RECORD_H_INCLUDED_


#include <ngx_http_rooms_socket.h>


#define NGX_HTTP_ROOMS_RECORD_LEN  (1 + NGX_HTTP_ROOMS_SID_LEN)


/* Strings point into buf. */

typedef struct {
    rooms_buf_t               buf;
    rooms_journal_room_t      info;

    unsigned                  recoverable:1;
    unsigned                  variant:3;
    uint32_t                  window;      /* ms */
    rooms_str_t               secret;
    rooms_str_t               nsp;
    rooms_str_t               data;
    rooms_str_t               rooms;       /* for .._record_room() */
} ngx_http_rooms_record_t;


/* Writes the name of the record of a sid. */

rooms_str_t ngx_http_rooms_record_name(u_char *p, const u_char *sid);

/*
 * Reads the record, into *rec, which was zeroed; its memory is given back by
 * rooms_buf_free(&rec->buf).  NGX_DECLINED: there is none; NGX_ERROR: no
 * memory, or it is of another version.
 */

ngx_int_t ngx_http_rooms_record_load(ngx_http_rooms_zone_t *zone,
    rooms_str_t name, ngx_http_rooms_record_t *rec);

/* Reads rec->buf into the fields; NGX_ERROR: it is of another version. */

ngx_int_t ngx_http_rooms_record_decode(ngx_http_rooms_record_t *rec);

/*
 * Takes the next room off the front of *in, which was rec->rooms: its name,
 * and the id after which messages are meant for the socket.  NGX_DONE: there
 * is none left.
 */

ngx_int_t ngx_http_rooms_record_room(rooms_str_t *in, rooms_str_t *name,
    uint64_t *since);

/*
 * The record of a connected socket; old is what it was so far, or NULL.
 * b->failed: no memory.
 */

void ngx_http_rooms_record_encode(rooms_buf_t *b,
    ngx_http_rooms_socket_t *socket, const ngx_http_rooms_record_t *old);

/* Nobody can recover by it any more. */

void ngx_http_rooms_record_revoke(ngx_http_rooms_record_t *rec);

/* Appends data as the record's fact; codes of rooms_journal_append(). */

rooms_int_t ngx_http_rooms_record_write(ngx_http_rooms_zone_t *zone,
    rooms_str_t name, rooms_str_t data, uint32_t owner, uint64_t deadline);

void ngx_http_rooms_record_remove(ngx_http_rooms_zone_t *zone,
    rooms_str_t name);


#endif /* _NGX_HTTP_ROOMS_RECORD_H_INCLUDED_ */
