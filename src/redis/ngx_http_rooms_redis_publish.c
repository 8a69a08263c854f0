
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the subscription tells, and what is told to one worker.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_remote.h>


typedef struct {
    ngx_queue_t                    queue;
    ngx_http_rooms_room_t         *room;
    size_t                         len;
    u_char                         data[];
} ngx_http_rooms_published_t;


static ngx_http_rooms_room_t *ngx_http_rooms_redis_channel(
    ngx_http_rooms_redis_t *redis, rooms_str_t channel);
static void ngx_http_rooms_redis_published(ngx_http_rooms_redis_t *redis,
    rooms_str_t channel, rooms_str_t text);
static ngx_int_t ngx_http_rooms_redis_tell(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_room_t *room, rooms_str_t text);
static void ngx_http_rooms_redis_direct_in(ngx_http_rooms_redis_t *redis,
    rooms_str_t text);


/* [subscribe CHANNEL n], [message CHANNEL TEXT], [pong ""] */

void
ngx_http_rooms_redis_push(ngx_http_rooms_redis_conn_t *conn,
    redisReply *reply)
{
    rooms_str_t              what, channel, text;
    ngx_http_rooms_room_t   *room;
    ngx_http_rooms_redis_t  *redis;

    redis = conn->data;

    what = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));
    channel = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply,
                                                                    1));
    text = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 2));

    if (what.len == 7 && ngx_memcmp(what.data, "message", 7) == 0) {
        ngx_http_rooms_redis_published(redis, channel, text);
        return;
    }

    if (what.len == 9 && ngx_memcmp(what.data, "subscribe", 9) == 0) {
        room = ngx_http_rooms_redis_channel(redis, channel);

        if (room) {
            ngx_http_rooms_redis_room_subscribed(room);
        }
    }
}


/* The room of a channel; NULL where it is not held. */

static ngx_http_rooms_room_t *
ngx_http_rooms_redis_channel(ngx_http_rooms_redis_t *redis,
    rooms_str_t channel)
{
    u_char       key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t  head;

    head = ngx_http_rooms_redis_key(redis, key, "r:", rooms_str(NULL, 0));

    if (channel.len <= head.len
        || ngx_memcmp(channel.data, head.data, head.len) != 0)
    {
        return NULL;
    }

    channel.data += head.len;
    channel.len -= head.len;

    return ngx_http_rooms_room_find(redis->zone,
                                    rooms_journal_hash(redis->zone->journal,
                                                       channel));
}


static void
ngx_http_rooms_redis_published(ngx_http_rooms_redis_t *redis,
    rooms_str_t channel, rooms_str_t text)
{
    ngx_http_rooms_room_t       *room;
    ngx_http_rooms_published_t  *pub;

    room = ngx_http_rooms_redis_channel(redis, channel);

    if (room && ngx_queue_empty(&redis->backlog)
        && ngx_http_rooms_redis_tell(redis, room, text) == NGX_OK)
    {
        return;
    }

    pub = ngx_alloc(sizeof(ngx_http_rooms_published_t) + text.len,
                    ngx_cycle->log);
    if (pub == NULL) {
        return;
    }

    pub->room = room;
    pub->len = text.len;

    if (text.len) {
        ngx_memcpy(pub->data, text.data, text.len);
    }

    if (room) {
        room->backing.busy++;
    }

    ngx_queue_insert_tail(&redis->backlog, &pub->queue);

    if (room == NULL) {

        /* directed octets do more than a reply's handler may */

        ngx_http_rooms_redis_resume(redis);
    }
}


/* NGX_AGAIN: it is of our own command, which has not been answered yet. */

static ngx_int_t
ngx_http_rooms_redis_tell(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_room_t *room, rooms_str_t text)
{
    rooms_bus_header_t  h;

    if (rooms_bus_header(&text, &h) != ROOMS_OK) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": damaged octets were published in "
                      "room \"%V\"", &redis->zone->app->name, &room->name);
        return NGX_OK;
    }

    if (ngx_http_rooms_redis_own(redis, &h)) {
        return NGX_AGAIN;
    }

    ngx_http_rooms_redis_room_told(room, &h, text);

    return NGX_OK;
}


void
ngx_http_rooms_redis_resume(ngx_http_rooms_redis_t *redis)
{
    if (!ngx_queue_empty(&redis->backlog)) {
        ngx_post_event(&redis->resume, &ngx_posted_events);
    }
}


void
ngx_http_rooms_redis_resume_handler(ngx_event_t *ev)
{
    ngx_queue_t                 *q;
    rooms_str_t                  text;
    ngx_http_rooms_redis_t      *redis;
    ngx_http_rooms_published_t  *pub;

    redis = ev->data;

    if (redis->reading) {
        return;
    }

    redis->reading = 1;

    while (!ngx_queue_empty(&redis->backlog)) {
        q = ngx_queue_head(&redis->backlog);
        pub = ngx_queue_data(q, ngx_http_rooms_published_t, queue);

        text = rooms_str(pub->data, pub->len);

        if (pub->room
            && ngx_http_rooms_redis_tell(redis, pub->room, text) != NGX_OK)
        {
            break;
        }

        ngx_queue_remove(q);

        if (pub->room) {
            pub->room->backing.busy--;

        } else {
            ngx_http_rooms_redis_direct_in(redis, text);
        }

        ngx_free(pub);
    }

    redis->reading = 0;
}


static void
ngx_http_rooms_redis_direct_in(ngx_http_rooms_redis_t *redis,
    rooms_str_t text)
{
    ngx_http_rooms_remote_receive(redis->zone, text, redis->max);
}


void
ngx_http_rooms_redis_forget_backlog(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t                 *q, *next;
    ngx_http_rooms_published_t  *pub;

    for (q = ngx_queue_head(&redis->backlog);
         q != ngx_queue_sentinel(&redis->backlog);
         q = next)
    {
        next = ngx_queue_next(q);
        pub = ngx_queue_data(q, ngx_http_rooms_published_t, queue);

        /* rooms are read from their streams; other octets are only here */

        if (pub->room) {
            pub->room->backing.busy--;
            ngx_queue_remove(q);
            ngx_free(pub);
        }
    }

    ngx_http_rooms_redis_resume(redis);
}


void
ngx_http_rooms_redis_free_backlog(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&redis->backlog)) {
        q = ngx_queue_head(&redis->backlog);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_http_rooms_published_t, queue));
    }

    if (redis->resume.posted) {
        ngx_delete_posted_event(&redis->resume);
    }
}
