
/*
 * Copyright (C) nginx rooms contributors
 *
 * Records of sockets: their form, and how they are written and read.
 *
 *     u8     version
 *     u8     1: recoverable; 2, 4, 8: the variant
 *     20     secret
 *     u32    recovery window, ms
 *     str16  namespace
 *     str32  data
 *     then for each room: str16 name, u64 since
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_record.h>
#include <ngx_http_rooms_room.h>


#define NGX_HTTP_ROOMS_RECORD_VERSION      1
#define NGX_HTTP_ROOMS_RECORD_RECOVERABLE  1

/* with less, a snapshot is not worth it; see rooms_journal_snapshot() */

#define NGX_HTTP_ROOMS_RECORD_LOG          4096


static rooms_int_t ngx_http_rooms_record_copy(void *ctx, unsigned snapshot,
    uint64_t id, rooms_str_t data);
static uint64_t ngx_http_rooms_record_since(
    const ngx_http_rooms_record_t *old, ngx_str_t *room, uint64_t since);


rooms_str_t
ngx_http_rooms_record_name(u_char *p, const u_char *sid)
{
    p[0] = '@';
    ngx_memcpy(p + 1, sid, NGX_HTTP_ROOMS_SID_LEN);

    return rooms_str(p, NGX_HTTP_ROOMS_RECORD_LEN);
}


ngx_int_t
ngx_http_rooms_record_load(ngx_http_rooms_zone_t *zone, rooms_str_t name,
    ngx_http_rooms_record_t *rec)
{
    rooms_int_t  rc;

    rooms_buf_reset(&rec->buf);

    rc = rooms_journal_load(zone->journal, name, ngx_http_rooms_record_copy,
                            rec, &rec->info);

    if (rc == ROOMS_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc != ROOMS_OK) {
        return NGX_ERROR;
    }

    return ngx_http_rooms_record_decode(rec);
}


/* Each fact, as each snapshot, is the whole. */

static rooms_int_t
ngx_http_rooms_record_copy(void *ctx, unsigned snapshot, uint64_t id,
    rooms_str_t data)
{
    ngx_http_rooms_record_t *rec = ctx;

    rooms_buf_reset(&rec->buf);
    rooms_buf_str(&rec->buf, data);

    return rec->buf.failed ? ROOMS_ERROR : ROOMS_OK;
}


ngx_int_t
ngx_http_rooms_record_decode(ngx_http_rooms_record_t *rec)
{
    uint8_t      version, flags;
    rooms_str_t  in;

    in = rooms_str(rec->buf.data, rec->buf.len);

    if (rooms_get_u8(&in, &version) != ROOMS_OK
        || version != NGX_HTTP_ROOMS_RECORD_VERSION
        || rooms_get_u8(&in, &flags) != ROOMS_OK
        || in.len < NGX_HTTP_ROOMS_SID_LEN)
    {
        return NGX_ERROR;
    }

    rec->secret = rooms_str(in.data, NGX_HTTP_ROOMS_SID_LEN);
    in.data += NGX_HTTP_ROOMS_SID_LEN;
    in.len -= NGX_HTTP_ROOMS_SID_LEN;

    if (rooms_get_u32(&in, &rec->window) != ROOMS_OK
        || rooms_get_str16(&in, &rec->nsp) != ROOMS_OK
        || rooms_get_str32(&in, &rec->data) != ROOMS_OK)
    {
        return NGX_ERROR;
    }

    rec->recoverable = flags & NGX_HTTP_ROOMS_RECORD_RECOVERABLE;
    rec->variant = (flags >> 1) & 7;
    rec->rooms = in;

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_record_room(rooms_str_t *in, rooms_str_t *name,
    uint64_t *since)
{
    if (rooms_get_str16(in, name) != ROOMS_OK
        || rooms_get_u64(in, since) != ROOMS_OK)
    {
        return NGX_DONE;
    }

    return NGX_OK;
}


void
ngx_http_rooms_record_encode(rooms_buf_t *b, ngx_http_rooms_socket_t *socket,
    const ngx_http_rooms_record_t *old)
{
    uint64_t                   since;
    ngx_str_t                 *room;
    ngx_uint_t                 flags;
    ngx_queue_t               *q;
    ngx_http_rooms_member_t   *member;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    flags = socket->variant << 1;

    if (socket->recoverable && s->conf->recovery) {
        flags |= NGX_HTTP_ROOMS_RECORD_RECOVERABLE;
    }

    rooms_buf_byte(b, NGX_HTTP_ROOMS_RECORD_VERSION);
    rooms_buf_byte(b, flags);
    rooms_buf_append(b, socket->secret, NGX_HTTP_ROOMS_SID_LEN);
    rooms_buf_u32(b, ngx_min(s->conf->recovery, UINT32_MAX));
    rooms_buf_str16(b, rooms_str(socket->nsp.data, socket->nsp.len));
    rooms_buf_str32(b, rooms_str(socket->data.data, socket->data.len));

    for (q = ngx_queue_head(&s->members);
         q != ngx_queue_sentinel(&s->members);
         q = ngx_queue_next(q))
    {
        member = ngx_queue_data(q, ngx_http_rooms_member_t, queue);

        if (member->socket != socket) {
            continue;
        }

        room = &member->room->name;

        rooms_buf_str16(b, rooms_str(room->data, room->len));

        since = s->zone->redis ? member->joined
                               : ngx_max(s->zone->cursor - 1,
                                         member->room->last);

        since = ngx_http_rooms_record_since(old, room, since);

        /* what it has of a replay is known by its offset */

        if (member->granted && member->granted < since) {
            since = member->granted;
        }

        rooms_buf_u64(b, since);
    }
}


/* When the socket became a member: as written before, or just now. */

static uint64_t
ngx_http_rooms_record_since(const ngx_http_rooms_record_t *old,
    ngx_str_t *room, uint64_t since)
{
    uint64_t     before;
    rooms_str_t  in, name;

    if (old == NULL) {
        return since;
    }

    in = old->rooms;

    while (ngx_http_rooms_record_room(&in, &name, &before) == NGX_OK) {

        if (name.len == room->len
            && ngx_memcmp(name.data, room->data, room->len) == 0)
        {
            return before;
        }
    }

    return since;
}


void
ngx_http_rooms_record_revoke(ngx_http_rooms_record_t *rec)
{
    rec->buf.data[1] &= ~NGX_HTTP_ROOMS_RECORD_RECOVERABLE;
    rec->recoverable = 0;
}


rooms_int_t
ngx_http_rooms_record_write(ngx_http_rooms_zone_t *zone, rooms_str_t name,
    rooms_str_t data, uint32_t owner, uint64_t deadline)
{
    uint64_t              last, now;
    rooms_int_t           rc;
    rooms_append_t        a;
    rooms_record_t        record;
    rooms_journal_room_t  info;

    now = ngx_http_rooms_now();

    record.fact = data;
    record.messages = rooms_str(NULL, 0);

    ngx_memzero(&a, sizeof(rooms_append_t));

    a.room = name;
    a.expected = ROOMS_JOURNAL_ANY;
    a.records = &record;
    a.nrecords = 1;
    a.now = now;
    a.deadline = deadline;
    a.owner = owner;

    rc = rooms_journal_append(zone->journal, &a, &last, &info);

    if (rc == ROOMS_OK
        && info.log > ngx_max(NGX_HTTP_ROOMS_RECORD_LOG, info.snapshot))
    {
        (void) rooms_journal_snapshot(zone->journal, name, last, data, now);
    }

    return rc;
}


void
ngx_http_rooms_record_remove(ngx_http_rooms_zone_t *zone, rooms_str_t name)
{
    uint64_t        last;
    rooms_append_t  a;

    ngx_memzero(&a, sizeof(rooms_append_t));

    a.room = name;
    a.expected = ROOMS_JOURNAL_ANY;
    a.now = ngx_http_rooms_now();
    a.remove = 1;

    (void) rooms_journal_append(zone->journal, &a, &last, NULL);
}
