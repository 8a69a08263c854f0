
/*
 * Copyright (C) nginx rooms contributors
 *
 * Records as they come out of Redis: from the stream of a room, or published.
 * In the stream are the same octets, [ID [d TEXT]] for each append.
 */


#include <ngx_http_rooms_redis.h>


static ngx_int_t ngx_http_rooms_redis_entries_next(
    ngx_http_rooms_redis_entries_t *list);


void
ngx_http_rooms_redis_entries(ngx_http_rooms_redis_entries_t *list,
    redisReply *reply)
{
    ngx_memzero(list, sizeof(ngx_http_rooms_redis_entries_t));

    list->reply = reply;
}


void
ngx_http_rooms_redis_published_entries(ngx_http_rooms_redis_entries_t *list,
    const rooms_bus_header_t *h, rooms_str_t records)
{
    ngx_memzero(list, sizeof(ngx_http_rooms_redis_entries_t));

    list->id = h->first;
    list->prev = h->prev;
    list->records = records;
}


ngx_int_t
ngx_http_rooms_redis_entry(ngx_http_rooms_room_t *room,
    ngx_http_rooms_redis_entries_t *list, rooms_journal_entry_t *e)
{
    ngx_int_t            rc;
    rooms_int_t          read;
    rooms_bus_record_t   r;

    while ((read = rooms_bus_read(&list->records, &r)) == ROOMS_DONE) {

        rc = ngx_http_rooms_redis_entries_next(list);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (read != ROOMS_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(e, sizeof(rooms_journal_entry_t));

    e->kind = ROOMS_ENTRY_RECORD;
    e->id = list->id;
    e->prev = list->prev;
    e->time = r.time;
    e->hash = room->hash;
    e->room = rooms_str(room->name.data, room->name.len);
    e->fact = r.fact;
    e->messages = r.messages;
    e->removed = r.removed;

    list->prev = list->id;
    list->id += ROOMS_MESSAGE_IDS;

    return NGX_OK;
}


/* NGX_DONE: there are no more appends. */

static ngx_int_t
ngx_http_rooms_redis_entries_next(ngx_http_rooms_redis_entries_t *list)
{
    redisReply          *entry;
    rooms_bus_header_t   h;

    entry = ngx_http_rooms_redis_element(list->reply, list->n++);

    if (entry == NULL) {
        return NGX_DONE;
    }

    list->records = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(
                                   ngx_http_rooms_redis_element(entry, 1),
                                   1));

    if (rooms_bus_header(&list->records, &h) != ROOMS_OK) {
        return NGX_ERROR;
    }

    list->id = h.first;
    list->prev = h.prev;

    return NGX_OK;
}
