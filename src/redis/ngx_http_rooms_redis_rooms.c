
/*
 * Copyright (C) nginx rooms contributors
 *
 * All rooms held here, after a connection or the journal has come or gone.
 */


#include <ngx_http_rooms_redis.h>


static ngx_http_rooms_room_t *ngx_http_rooms_redis_room_first(
    ngx_http_rooms_redis_t *redis);
static ngx_http_rooms_room_t *ngx_http_rooms_redis_room_next(
    ngx_http_rooms_room_t *room);


static ngx_http_rooms_room_t *
ngx_http_rooms_redis_room_first(ngx_http_rooms_redis_t *redis)
{
    rooms_link_t  *node;

    node = rooms_table_next(&redis->zone->rooms, NULL);

    return node ? rooms_table_data(node, ngx_http_rooms_room_t, node) : NULL;
}


static ngx_http_rooms_room_t *
ngx_http_rooms_redis_room_next(ngx_http_rooms_room_t *room)
{
    rooms_link_t  *node;

    node = rooms_table_next(&room->zone->rooms, &room->node);

    return node ? rooms_table_data(node, ngx_http_rooms_room_t, node) : NULL;
}


void
ngx_http_rooms_redis_rooms_subscribe(ngx_http_rooms_redis_t *redis)
{
    ngx_http_rooms_room_t  *room;

    for (room = ngx_http_rooms_redis_room_first(redis);
         room;
         room = ngx_http_rooms_redis_room_next(room))
    {
        ngx_http_rooms_redis_room_subscribe(room);
    }
}


void
ngx_http_rooms_redis_rooms_up(ngx_http_rooms_redis_t *redis)
{
    ngx_http_rooms_room_t  *room;

    for (room = ngx_http_rooms_redis_room_first(redis);
         room;
         room = ngx_http_rooms_redis_room_next(room))
    {
        ngx_http_rooms_redis_room_read(room);
    }
}


void
ngx_http_rooms_redis_rooms_stale(ngx_http_rooms_redis_t *redis)
{
    ngx_http_rooms_room_t  *room;

    for (room = ngx_http_rooms_redis_room_first(redis);
         room;
         room = ngx_http_rooms_redis_room_next(room))
    {
        room->backing.subscribed = 0;

        if (room->backing.state == NGX_HTTP_ROOMS_BACKING_READY
            || room->backing.state == NGX_HTTP_ROOMS_BACKING_CATCHING)
        {
            room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
        }
    }
}


void
ngx_http_rooms_redis_rooms_lost(ngx_http_rooms_redis_t *redis)
{
    ngx_http_rooms_room_t  *room;

    for (room = ngx_http_rooms_redis_room_first(redis);
         room;
         room = ngx_http_rooms_redis_room_next(room))
    {
        ngx_http_rooms_room_doom(room, 1);

        room->backing.loaded = 0;
        room->backing.dropped = 0;
        room->backing.committed = 0;

        if (room->backing.state != NGX_HTTP_ROOMS_BACKING_LOADING) {
            room->backing.state = NGX_HTTP_ROOMS_BACKING_STALE;
        }

        ngx_http_rooms_redis_room_read(room);
    }
}


/* What was appended here should have been heard by now. */

void
ngx_http_rooms_redis_rooms_behind(ngx_http_rooms_redis_t *redis)
{
    ngx_http_rooms_room_t  *room;

    for (room = ngx_http_rooms_redis_room_first(redis);
         room;
         room = ngx_http_rooms_redis_room_next(room))
    {
        if (room->backing.state == NGX_HTTP_ROOMS_BACKING_READY) {
            room->backing.current = ngx_current_msec;
        }

        if (room->backing.state == NGX_HTTP_ROOMS_BACKING_STALE
            || room->backing.state == NGX_HTTP_ROOMS_BACKING_NEW
            || (room->backing.committed > room->last
                && room->backing.behind == room->backing.committed))
        {
            ngx_http_rooms_redis_room_read(room);
        }

        room->backing.behind = room->backing.committed;
    }
}
