
/*
 * Copyright (C) nginx rooms contributors
 *
 * The zone in Redis: its connections, what is published, the beat.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_remote.h>

#include <openssl/rand.h>


#define NGX_HTTP_ROOMS_REDIS_BEAT   250      /* ms */
#define NGX_HTTP_ROOMS_REDIS_LEASE  4000     /* ms */
#define NGX_HTTP_ROOMS_REDIS_DUE    64       /* rooms in one beat */


typedef struct {
    ngx_queue_t                    queue;
    ngx_http_rooms_room_t         *room;
    size_t                         len;
    u_char                         data[];
} ngx_http_rooms_published_t;


static void ngx_http_rooms_redis_cmd_up(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_cmd_down(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_sub_up(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_sub_down(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_push(ngx_http_rooms_redis_conn_t *conn,
    redisReply *reply);
static ngx_http_rooms_room_t *ngx_http_rooms_redis_channel(
    ngx_http_rooms_redis_t *redis, rooms_str_t channel);
static void ngx_http_rooms_redis_published(ngx_http_rooms_redis_t *redis,
    rooms_str_t channel, rooms_str_t text);
static void ngx_http_rooms_redis_direct_in(ngx_http_rooms_redis_t *redis,
    rooms_str_t text);
static ngx_int_t ngx_http_rooms_redis_tell(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_room_t *room, rooms_str_t text);
static void ngx_http_rooms_redis_resume_handler(ngx_event_t *ev);
static void ngx_http_rooms_redis_forget_backlog(
    ngx_http_rooms_redis_t *redis);
static void ngx_http_rooms_redis_beat_handler(ngx_event_t *ev);
static void ngx_http_rooms_redis_beat(ngx_http_rooms_redis_t *redis);
static void ngx_http_rooms_redis_beat_reply(void *data, redisReply *reply);
static void ngx_http_rooms_redis_owners(ngx_http_rooms_redis_t *redis,
    redisReply *reply);
static void ngx_http_rooms_redis_outcast(ngx_http_rooms_redis_t *redis);
static void ngx_http_rooms_redis_direct_reply(void *data, redisReply *reply);


static ngx_connection_t  ngx_http_rooms_redis_dumb = { .fd = -1 };


ngx_int_t
ngx_http_rooms_redis_open(ngx_http_rooms_zone_t *zone)
{
    ngx_http_rooms_redis_t  *redis;

    redis = ngx_calloc(sizeof(ngx_http_rooms_redis_t), ngx_cycle->log);
    if (redis == NULL) {
        return NGX_ERROR;
    }

    /* a number of 32 bits that no other worker anywhere has */

    do {
        if (RAND_bytes((u_char *) &zone->owner, sizeof(uint32_t)) != 1) {
            ngx_free(redis);
            return NGX_ERROR;
        }
    } while (zone->owner == 0);

    redis->zone = zone;
    redis->conf = zone->app->redis;
    redis->me_len = ngx_sprintf(redis->me, "%uD", zone->owner) - redis->me;

    ngx_queue_init(&redis->ops);
    ngx_queue_init(&redis->backlog);
    ngx_queue_init(&redis->timed);
    ngx_queue_init(&redis->joining);
    ngx_queue_init(&redis->departures);
    ngx_queue_init(&redis->restores);
    rooms_buf_init(&redis->owners, 0);

    redis->timeout.data = &ngx_http_rooms_redis_dumb;
    redis->timeout.log = ngx_cycle->log;
    redis->timeout.cancelable = 1;

    redis->beat.handler = ngx_http_rooms_redis_beat_handler;
    redis->beat.data = &ngx_http_rooms_redis_dumb;
    redis->beat.log = ngx_cycle->log;
    redis->beat.cancelable = 1;

    redis->resume.handler = ngx_http_rooms_redis_resume_handler;
    redis->resume.data = redis;
    redis->resume.log = ngx_cycle->log;

    redis->cmd.conf = redis->conf;
    redis->cmd.name = "commands";
    redis->cmd.data = redis;
    redis->cmd.up = ngx_http_rooms_redis_cmd_up;
    redis->cmd.down = ngx_http_rooms_redis_cmd_down;

    redis->sub.conf = redis->conf;
    redis->sub.name = "subscription";
    redis->sub.data = redis;
    redis->sub.up = ngx_http_rooms_redis_sub_up;
    redis->sub.down = ngx_http_rooms_redis_sub_down;
    redis->sub.push = ngx_http_rooms_redis_push;
    redis->sub.subscriber = 1;

    zone->redis = redis;
    zone->stat->elsewhere = zone->owner;
    zone->epoch = 0;
    zone->cursor = 1;

    ngx_http_rooms_redis_start(&redis->cmd);
    ngx_http_rooms_redis_start(&redis->sub);

    ngx_add_timer(&redis->beat, NGX_HTTP_ROOMS_REDIS_BEAT);

    return NGX_OK;
}


void
ngx_http_rooms_redis_close_zone(ngx_http_rooms_zone_t *zone)
{
    u_char                   key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t              words[4];
    ngx_http_rooms_redis_t  *redis;

    redis = zone->redis;

    /* a lease in the past: whoever looks next sees to what is left */

    words[0] = rooms_str("ZADD", 4);
    words[1] = ngx_http_rooms_redis_key(redis, key, "owners",
                                        rooms_str(NULL, 0));
    words[2] = rooms_str("1", 1);
    words[3] = ngx_http_rooms_redis_me(redis);

    if (redis->enlisted) {
        (void) ngx_http_rooms_redis_send(&redis->cmd, words, 4, NULL, NULL);
    }

    ngx_http_rooms_redis_stop(&redis->cmd);
    ngx_http_rooms_redis_stop(&redis->sub);

    if (redis->beat.timer_set) {
        ngx_del_timer(&redis->beat);
    }

    if (redis->timeout.timer_set) {
        ngx_del_timer(&redis->timeout);
    }
}


void
ngx_http_rooms_redis_free_zone(ngx_http_rooms_zone_t *zone)
{
    rooms_buf_free(&zone->redis->owners);
    ngx_free(zone->redis);

    zone->redis = NULL;
}


void
ngx_http_rooms_redis_died(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    u_char                  digits[NGX_INT64_LEN];
    u_char                  key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t             words[5];
    ngx_http_rooms_stat_t  *stat;

    stat = &zone->shared->stats[rooms_owner_slot(owner)];

    if (stat->owner != owner || stat->elsewhere == 0) {
        return;
    }

    words[0] = rooms_str("ZADD", 4);
    words[1] = ngx_http_rooms_redis_key(zone->redis, key, "owners",
                                        rooms_str(NULL, 0));
    words[2] = rooms_str("XX", 2);
    words[3] = rooms_str("1", 1);
    words[4] = ngx_http_rooms_redis_digits(digits, stat->elsewhere);

    (void) ngx_http_rooms_redis_send(&zone->redis->cmd, words, 5, NULL, NULL);

    ngx_http_rooms_redis_bury(zone->redis, words[4]);
}


ngx_uint_t
ngx_http_rooms_redis_healthy(ngx_http_rooms_zone_t *zone)
{
    return zone->redis->cmd.is_up && zone->redis->sub.is_up && zone->epoch;
}


rooms_str_t
ngx_http_rooms_redis_key(ngx_http_rooms_redis_t *redis, u_char *p,
    const char *kind, rooms_str_t name)
{
    u_char  *last;

    last = ngx_snprintf(p, NGX_HTTP_ROOMS_REDIS_KEY, "{%V:%V}:%s%*s",
                        &redis->conf->prefix, &redis->zone->app->name, kind,
                        name.len, name.data ? name.data : (u_char *) "");

    return rooms_str(p, last - p);
}


rooms_str_t
ngx_http_rooms_redis_digits(u_char *p, uint64_t n)
{
    return rooms_str(p, ngx_sprintf(p, "%uL", n) - p);
}


rooms_str_t
ngx_http_rooms_redis_me(ngx_http_rooms_redis_t *redis)
{
    return rooms_str(redis->me, redis->me_len);
}


static void
ngx_http_rooms_redis_cmd_up(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_t *redis = conn->data;

    redis->beating = 0;

    ngx_http_rooms_redis_beat(redis);
    ngx_http_rooms_redis_rooms_up(redis);
    ngx_http_rooms_redis_save_all(redis);
}


static void
ngx_http_rooms_redis_cmd_down(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_t *redis = conn->data;

    redis->beating = 0;
}


static void
ngx_http_rooms_redis_sub_up(ngx_http_rooms_redis_conn_t *conn)
{
    u_char                   key[NGX_HTTP_ROOMS_REDIS_KEY];
    rooms_str_t              words[2];
    ngx_http_rooms_redis_t  *redis;

    redis = conn->data;

    words[0] = rooms_str("SUBSCRIBE", 9);
    words[1] = ngx_http_rooms_redis_key(redis, key, "w:",
                                        ngx_http_rooms_redis_me(redis));

    (void) ngx_http_rooms_redis_send(conn, words, 2, NULL, NULL);

    ngx_http_rooms_redis_rooms_subscribe(redis);
}


static void
ngx_http_rooms_redis_sub_down(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_t *redis = conn->data;

    ngx_http_rooms_redis_forget_backlog(redis);
    ngx_http_rooms_redis_rooms_stale(redis);
}


/* [subscribe CHANNEL n], [message CHANNEL TEXT], [pong ""] */

static void
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


static void
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


static void
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
ngx_http_rooms_redis_epoch(ngx_http_rooms_redis_t *redis, rooms_str_t text)
{
    uint64_t  epoch;

    /* none at all: the next beat makes one */

    if (rooms_bus_number(text, &epoch) != ROOMS_OK) {
        ngx_http_rooms_redis_beat(redis);
        return;
    }

    if (epoch == redis->zone->epoch) {
        return;
    }

    if (redis->zone->epoch == 0) {
        redis->zone->epoch = epoch;
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "rooms: zone \"%V\": redis has lost its journal, clients "
                  "begin anew", &redis->zone->app->name);

    redis->zone->epoch = epoch;

    ngx_http_rooms_redis_rooms_lost(redis);
    ngx_http_rooms_redis_save_all(redis);
}


static void
ngx_http_rooms_redis_beat_handler(ngx_event_t *ev)
{
    ngx_http_rooms_redis_t  *redis;

    redis = (ngx_http_rooms_redis_t *)
                ((u_char *) ev - offsetof(ngx_http_rooms_redis_t, beat));

    ngx_http_rooms_redis_beat(redis);
    ngx_http_rooms_redis_rooms_behind(redis);

    ngx_add_timer(ev, NGX_HTTP_ROOMS_REDIS_BEAT);
}


static void
ngx_http_rooms_redis_beat(ngx_http_rooms_redis_t *redis)
{
    u_char       keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char       digits[6][NGX_INT64_LEN];
    uint64_t     fresh;
    rooms_str_t  words[11], none;

    if (redis->beating || !redis->cmd.is_up
        || RAND_bytes((u_char *) &fresh, sizeof(uint64_t)) != 1)
    {
        return;
    }

    none = rooms_str(NULL, 0);

    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "owners", none);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "z", none);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "due", none);
    words[3] = ngx_http_rooms_redis_me(redis);
    words[4] = ngx_http_rooms_redis_digits(digits[0],
                                           NGX_HTTP_ROOMS_REDIS_LEASE);
    words[5] = ngx_http_rooms_redis_digits(digits[1], ngx_http_rooms_now());
    words[6] = ngx_http_rooms_redis_digits(digits[2], redis->zone->epoch);
    words[7] = ngx_http_rooms_redis_digits(digits[3], redis->max);
    words[8] = ngx_http_rooms_redis_digits(digits[4], fresh | 1);
    words[9] = rooms_str(redis->enlisted ? "1" : "0", 1);
    words[10] = ngx_http_rooms_redis_digits(digits[5],
                                            NGX_HTTP_ROOMS_REDIS_DUE);

    if (ngx_http_rooms_redis_script(&redis->cmd, NGX_HTTP_ROOMS_SCRIPT_BEAT,
                                    words, 3, 11,
                                    ngx_http_rooms_redis_beat_reply, redis)
        == NGX_OK)
    {
        redis->beating = 1;
    }
}


static void
ngx_http_rooms_redis_beat_reply(void *data, redisReply *reply)
{
    size_t                   i;
    uint64_t                 was;
    redisReply              *list;
    rooms_str_t              none, room;
    ngx_http_rooms_redis_t  *redis;

    redis = data;
    redis->beating = 0;

    if (reply == NULL || ngx_http_rooms_redis_element(reply, 5) == NULL) {
        return;
    }

    none = rooms_str(NULL, 0);
    was = redis->zone->epoch;

    ngx_http_rooms_redis_epoch(redis,
              ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply,
                                                                    0)));

    redis->rooms = ngx_http_rooms_redis_integer(
                                  ngx_http_rooms_redis_element(reply, 3));

    ngx_http_rooms_redis_owners(redis,
                                ngx_http_rooms_redis_element(reply, 5));

    if (redis->enlisted && was == redis->zone->epoch
        && ngx_http_rooms_redis_integer(
                                    ngx_http_rooms_redis_element(reply, 4))
           == 0)
    {
        ngx_http_rooms_redis_outcast(redis);
    }

    redis->enlisted = 1;

    if (was == 0) {
        ngx_http_rooms_redis_rooms_up(redis);
    }

    list = ngx_http_rooms_redis_element(reply, 1);

    for (i = 0; ngx_http_rooms_redis_element(list, i); i++) {
        ngx_http_rooms_redis_bury(redis,
             ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(list, i)));
    }

    list = ngx_http_rooms_redis_element(reply, 2);

    for (i = 0; ngx_http_rooms_redis_element(list, i); i++) {
        room = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(list,
                                                                     i));

        ngx_http_rooms_execute_in(redis->zone, ROOMS_CMD_TICK, room, none,
                                  none);
    }
}


static void
ngx_http_rooms_redis_owners(ngx_http_rooms_redis_t *redis, redisReply *reply)
{
    size_t    i;
    uint64_t  owner;

    rooms_buf_reset(&redis->owners);

    for (i = 0; ngx_http_rooms_redis_element(reply, i); i++) {

        if (rooms_bus_number(ngx_http_rooms_redis_str(
                                    ngx_http_rooms_redis_element(reply, i)),
                             &owner)
            == ROOMS_OK)
        {
            rooms_buf_u32(&redis->owners, (uint32_t) owner);
        }
    }
}


/*
 * This worker was thought dead, and its sockets have been told to be gone:
 * their clients come again.
 */

static void
ngx_http_rooms_redis_outcast(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t               *q;
    ngx_http_rooms_session_t  *s;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "rooms: zone \"%V\": this worker was away for too long, "
                  "its clients connect again", &redis->zone->app->name);

    for (q = ngx_queue_head(&redis->zone->all);
         q != ngx_queue_sentinel(&redis->zone->all);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_rooms_session_t, link);

        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
    }
}


ngx_uint_t
ngx_http_rooms_redis_holds(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    uint32_t     one;
    rooms_str_t  in;

    in = rooms_str(zone->redis->owners.data, zone->redis->owners.len);

    while (rooms_get_u32(&in, &one) == ROOMS_OK) {
        if (one == owner) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_rooms_redis_direct(ngx_http_rooms_zone_t *zone, uint32_t to,
    rooms_str_t data, uint64_t id)
{
    u_char       key[NGX_HTTP_ROOMS_REDIS_KEY], digits[NGX_INT64_LEN];
    rooms_str_t  words[3];

    words[0] = rooms_str("PUBLISH", 7);
    words[1] = ngx_http_rooms_redis_key(zone->redis, key, "w:",
                                ngx_http_rooms_redis_digits(digits, to));
    words[2] = data;

    return ngx_http_rooms_redis_send(&zone->redis->cmd, words, 3,
                              id ? ngx_http_rooms_redis_direct_reply : NULL,
                              (void *) (uintptr_t) id);
}


/* How many have heard it. */

static void
ngx_http_rooms_redis_direct_reply(void *data, redisReply *reply)
{
    if (ngx_http_rooms_redis_integer(reply) < 1) {
        ngx_http_rooms_remote_failed((uint64_t) (uintptr_t) data);
    }
}
