
/*
 * Copyright (C) nginx rooms contributors
 *
 * A session that comes here from another worker, see ngx_http_rooms_given.h.
 *
 * Its records are asked for until it is known whose they are, also where the
 * WebSocket has gone meanwhile: what is this worker's has to be ended by it.
 * What it missed is fetched at the same time.
 */


#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_image.h>
#include <ngx_http_rooms_upgrade.h>


#define NGX_HTTP_ROOMS_REDIS_MOVE_AGAIN  100     /* ms */


typedef struct ngx_http_rooms_moving_s  ngx_http_rooms_moving_t;


/* One socket that has a record. */

typedef struct {
    ngx_http_rooms_moving_t        *moving;
    u_char                         *sid;     /* in the image */
    unsigned                        asked:1;
    unsigned                        known:1;
} ngx_http_rooms_adopted_t;


struct ngx_http_rooms_moving_s {
    ngx_queue_t                     queue;   /* in redis->moves */
    ngx_http_rooms_zone_t          *zone;
    ngx_pool_t                     *pool;
    ngx_event_t                     timer;   /* asks again */
    uint32_t                        from;
    uint64_t                        id;
    rooms_str_t                     image;
    ngx_http_rooms_adopted_t       *sockets;
    ngx_uint_t                      n;
    ngx_uint_t                      unknown; /* of the n */
    unsigned                        refused:1;
    unsigned                        fetching:1;
};


static ngx_http_rooms_moving_t *ngx_http_rooms_redis_moving(
    ngx_http_rooms_zone_t *zone, rooms_str_t image);
static void ngx_http_rooms_redis_adopt(ngx_http_rooms_moving_t *m);
static ngx_int_t ngx_http_rooms_redis_adopt_one(ngx_http_rooms_moving_t *m,
    ngx_http_rooms_adopted_t *socket);
static void ngx_http_rooms_redis_adopted(void *data, redisReply *reply);
static void ngx_http_rooms_redis_move_timer(ngx_event_t *ev);
static void ngx_http_rooms_redis_move_fetch(ngx_http_rooms_moving_t *m);
static void ngx_http_rooms_redis_move_fetched(void *data,
    ngx_uint_t complete);
static void ngx_http_rooms_redis_move_done(ngx_http_rooms_moving_t *m,
    ngx_uint_t complete);
static void ngx_http_rooms_redis_move_free(ngx_http_rooms_moving_t *m);


void
ngx_http_rooms_redis_move(ngx_http_rooms_zone_t *zone, uint32_t from,
    uint64_t id, rooms_str_t image)
{
    ngx_http_rooms_moving_t  *m;

    m = ngx_http_rooms_redis_moving(zone, image);

    if (m == NULL) {
        ngx_http_rooms_upgrade_unmoved(zone, from, id, image);
        return;
    }

    m->from = from;
    m->id = id;

    ngx_http_rooms_redis_adopt(m);
    ngx_http_rooms_redis_move_fetch(m);
}


/* NULL: no memory, or it is damaged. */

static ngx_http_rooms_moving_t *
ngx_http_rooms_redis_moving(ngx_http_rooms_zone_t *zone, rooms_str_t image)
{
    ngx_int_t                  rc;
    ngx_uint_t                 n;
    ngx_pool_t                *pool;
    rooms_str_t                in;
    ngx_http_rooms_image_t     socket;
    ngx_http_rooms_moving_t   *m;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    m = ngx_pcalloc(pool, sizeof(ngx_http_rooms_moving_t));
    if (m == NULL) {
        goto failed;
    }

    m->zone = zone;
    m->pool = pool;
    m->image.len = image.len;
    m->image.data = ngx_pnalloc(pool, image.len);
    if (m->image.data == NULL) {
        goto failed;
    }

    ngx_memcpy((u_char *) m->image.data, image.data, image.len);

    in = m->image;
    n = 0;

    if (ngx_http_rooms_image_skip(&in) != NGX_OK) {
        goto failed;
    }

    while ((rc = ngx_http_rooms_image_next(&in, &socket)) == NGX_OK) {
        n++;
    }

    m->sockets = ngx_pcalloc(pool, (n + 1) * sizeof(ngx_http_rooms_adopted_t));

    if (rc != NGX_DONE || m->sockets == NULL) {
        goto failed;
    }

    in = m->image;
    (void) ngx_http_rooms_image_skip(&in);

    while (ngx_http_rooms_image_next(&in, &socket) == NGX_OK) {

        if (socket.flags & NGX_HTTP_ROOMS_IMAGE_REGISTERED) {
            m->sockets[m->n].moving = m;
            m->sockets[m->n].sid = (u_char *) socket.sid.data;
            m->n++;
        }
    }

    m->unknown = m->n;

    m->timer.handler = ngx_http_rooms_redis_move_timer;
    m->timer.data = m;
    m->timer.log = ngx_cycle->log;
    m->timer.cancelable = 1;

    ngx_queue_insert_tail(&zone->redis->moves, &m->queue);

    return m;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


/* Asks for those of which it is not known yet. */

static void
ngx_http_rooms_redis_adopt(ngx_http_rooms_moving_t *m)
{
    ngx_uint_t                 i;
    ngx_http_rooms_adopted_t  *socket;

    for (i = 0; i < m->n; i++) {
        socket = &m->sockets[i];

        if (socket->known || socket->asked) {
            continue;
        }

        if (ngx_http_rooms_redis_adopt_one(m, socket) == NGX_OK) {
            socket->asked = 1;

        } else if (!m->timer.timer_set) {
            ngx_add_timer(&m->timer, NGX_HTTP_ROOMS_REDIS_MOVE_AGAIN);
        }
    }
}


static ngx_int_t
ngx_http_rooms_redis_adopt_one(ngx_http_rooms_moving_t *m,
    ngx_http_rooms_adopted_t *socket)
{
    u_char                   keys[3][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[NGX_INT64_LEN];
    rooms_str_t              words[6];
    ngx_http_rooms_redis_t  *redis;

    redis = m->zone->redis;

    words[3] = rooms_str(socket->sid, NGX_HTTP_ROOMS_SID_LEN);
    words[4] = ngx_http_rooms_redis_me(redis);
    words[5] = ngx_http_rooms_redis_digits(digits, m->from);
    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "@:", words[3]);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "m:", words[4]);
    words[2] = ngx_http_rooms_redis_key(redis, keys[2], "m:", words[5]);

    return ngx_http_rooms_redis_script(&redis->cmd,
                                       NGX_HTTP_ROOMS_SCRIPT_ADOPT, words, 3,
                                       6, ngx_http_rooms_redis_adopted,
                                       socket);
}


/* NULL: it may have been done or not. */

static void
ngx_http_rooms_redis_adopted(void *data, redisReply *reply)
{
    ngx_http_rooms_adopted_t *socket = data;

    ngx_http_rooms_moving_t  *m;

    m = socket->moving;

    socket->asked = 0;

    if (reply == NULL) {

        if (!m->timer.timer_set) {
            ngx_add_timer(&m->timer, NGX_HTTP_ROOMS_REDIS_MOVE_AGAIN);
        }

        return;
    }

    socket->known = 1;

    if (ngx_http_rooms_redis_integer(reply) != 1) {
        m->refused = 1;
    }

    if (--m->unknown == 0 && !m->fetching) {

        /* what was fetched before is not of now */

        ngx_http_rooms_redis_move_fetch(m);
    }
}


static void
ngx_http_rooms_redis_move_timer(ngx_event_t *ev)
{
    ngx_http_rooms_redis_adopt(ev->data);
}


static void
ngx_http_rooms_redis_move_fetch(ngx_http_rooms_moving_t *m)
{
    ngx_int_t    rc;
    rooms_buf_t  rooms;

    if (m->refused && m->unknown == 0) {
        ngx_http_rooms_redis_move_done(m, 0);
        return;
    }

    rooms_buf_init(&rooms, 0);
    ngx_http_rooms_image_rooms(m->image, &rooms);

    m->fetching = 1;

    rc = rooms.failed ? NGX_ERROR
         : ngx_http_rooms_redis_fetch(m->zone->redis,
                                      rooms_str(rooms.data, rooms.len), 0,
                                      ngx_http_rooms_redis_move_fetched, m);

    rooms_buf_free(&rooms);

    if (rc != NGX_OK) {
        ngx_http_rooms_redis_move_fetched(m, rc == NGX_DONE);
    }
}


static void
ngx_http_rooms_redis_move_fetched(void *data, ngx_uint_t complete)
{
    ngx_http_rooms_moving_t *m = data;

    m->fetching = 0;

    if (m->unknown == 0) {
        ngx_http_rooms_redis_move_done(m, complete);
    }
}


/* Of those that are not taken in, what is this worker's is ended. */

static void
ngx_http_rooms_redis_move_done(ngx_http_rooms_moving_t *m,
    ngx_uint_t complete)
{
    if (m->refused || !complete) {
        ngx_http_rooms_upgrade_unmoved(m->zone, m->from, m->id, m->image);

    } else {
        ngx_http_rooms_upgrade_moved(m->zone, m->from, m->id, m->image);
    }

    ngx_http_rooms_redis_move_free(m);
}


static void
ngx_http_rooms_redis_move_free(ngx_http_rooms_moving_t *m)
{
    if (m->timer.timer_set) {
        ngx_del_timer(&m->timer);
    }

    ngx_queue_remove(&m->queue);
    ngx_destroy_pool(m->pool);
}


void
ngx_http_rooms_redis_moves_free(ngx_http_rooms_redis_t *redis)
{
    while (!ngx_queue_empty(&redis->moves)) {
        ngx_http_rooms_redis_move_free(
                                 ngx_queue_data(ngx_queue_head(&redis->moves),
                                                ngx_http_rooms_moving_t,
                                                queue));
    }
}
