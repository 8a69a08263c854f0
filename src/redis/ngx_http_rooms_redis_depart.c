
/*
 * Copyright (C) nginx rooms contributors
 *
 * The end of a socket: its rooms are told, then its record is released.  The
 * record says that this is being done, so that somebody else does it where
 * this worker ends before it has.
 */


#include <ngx_http_rooms_redis.h>


typedef struct {
    ngx_queue_t                queue;        /* in redis->departures */
    ngx_http_rooms_zone_t     *zone;
    ngx_msec_t                 window;
    ngx_uint_t                 waits;
    rooms_buf_t                rooms;        /* where it is asking */
    rooms_buf_t                nsp;
    u_char                     sid[NGX_HTTP_ROOMS_SID_LEN];
    unsigned                   registered:1;
    unsigned                   asking:1;     /* whose the record is */
    unsigned                   sent:1;       /* a reply is awaited */
    unsigned                   told:1;
} ngx_http_rooms_departure_t;


static ngx_http_rooms_departure_t *ngx_http_rooms_redis_departure(
    ngx_http_rooms_zone_t *zone, rooms_str_t sid, ngx_msec_t window);
static void ngx_http_rooms_redis_departure_free(
    ngx_http_rooms_departure_t *dep);
static ngx_int_t ngx_http_rooms_redis_release(ngx_http_rooms_zone_t *zone,
    rooms_str_t sid, ngx_msec_t window, const char *step,
    ngx_http_rooms_redis_reply_pt handler, void *data);
static void ngx_http_rooms_redis_depart_tell(ngx_http_rooms_departure_t *dep,
    rooms_str_t nsp, rooms_str_t rooms, rooms_gone_e gone);
static void ngx_http_rooms_redis_departed_in(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);
static void ngx_http_rooms_redis_depart_next(ngx_http_rooms_departure_t *dep);
static void ngx_http_rooms_redis_departed(void *data, redisReply *reply);


void
ngx_http_rooms_redis_depart(ngx_http_rooms_zone_t *zone, rooms_str_t sid,
    rooms_str_t nsp, rooms_str_t rooms, rooms_gone_e gone, ngx_msec_t window,
    ngx_uint_t registered)
{
    ngx_http_rooms_departure_t  *dep;

    if (!registered && rooms.len == 0) {
        return;
    }

    dep = ngx_http_rooms_redis_departure(zone, sid, window);
    if (dep == NULL) {
        return;
    }

    dep->registered = registered;

    if (registered && rooms.len) {
        (void) ngx_http_rooms_redis_release(zone, sid, window, "t", NULL,
                                            NULL);
    }

    ngx_http_rooms_redis_depart_tell(dep, nsp, rooms, gone);
}


void
ngx_http_rooms_redis_reclaim(ngx_http_rooms_zone_t *zone, rooms_str_t sid,
    rooms_str_t nsp, rooms_str_t rooms, ngx_msec_t window)
{
    ngx_http_rooms_departure_t  *dep;

    if (ngx_http_rooms_redis_departs(zone->redis, sid)) {
        return;
    }

    dep = ngx_http_rooms_redis_departure(zone, sid, window);
    if (dep == NULL) {
        return;
    }

    dep->registered = 1;
    dep->asking = 1;

    rooms_buf_str(&dep->nsp, nsp);
    rooms_buf_str(&dep->rooms, rooms);

    if (dep->nsp.failed || dep->rooms.failed) {
        ngx_http_rooms_redis_departure_free(dep);
        return;
    }

    ngx_http_rooms_redis_depart_next(dep);
}


static ngx_http_rooms_departure_t *
ngx_http_rooms_redis_departure(ngx_http_rooms_zone_t *zone, rooms_str_t sid,
    ngx_msec_t window)
{
    ngx_http_rooms_departure_t  *dep;

    dep = ngx_calloc(sizeof(ngx_http_rooms_departure_t), ngx_cycle->log);
    if (dep == NULL) {
        return NULL;
    }

    dep->zone = zone;
    dep->window = window;
    rooms_buf_init(&dep->rooms, 0);
    rooms_buf_init(&dep->nsp, 0);
    ngx_memcpy(dep->sid, sid.data, NGX_HTTP_ROOMS_SID_LEN);

    ngx_queue_insert_tail(&zone->redis->departures, &dep->queue);

    return dep;
}


static void
ngx_http_rooms_redis_departure_free(ngx_http_rooms_departure_t *dep)
{
    ngx_queue_remove(&dep->queue);

    rooms_buf_free(&dep->rooms);
    rooms_buf_free(&dep->nsp);
    ngx_free(dep);
}


/* step: "t", its rooms are being told; "f", they have been. */

static ngx_int_t
ngx_http_rooms_redis_release(ngx_http_rooms_zone_t *zone, rooms_str_t sid,
    ngx_msec_t window, const char *step,
    ngx_http_rooms_redis_reply_pt handler, void *data)
{
    u_char                   keys[2][NGX_HTTP_ROOMS_REDIS_KEY];
    u_char                   digits[NGX_INT64_LEN];
    rooms_str_t              words[6];
    ngx_http_rooms_redis_t  *redis;

    redis = zone->redis;

    words[2] = sid;
    words[3] = ngx_http_rooms_redis_me(redis);
    words[4] = ngx_http_rooms_redis_digits(digits, window);
    words[5] = rooms_str(step, 1);
    words[0] = ngx_http_rooms_redis_key(redis, keys[0], "@:", sid);
    words[1] = ngx_http_rooms_redis_key(redis, keys[1], "m:", words[3]);

    return ngx_http_rooms_redis_script(&redis->cmd,
                                       NGX_HTTP_ROOMS_SCRIPT_RELEASE, words,
                                       2, 6, handler, data);
}


static void
ngx_http_rooms_redis_depart_tell(ngx_http_rooms_departure_t *dep,
    rooms_str_t nsp, rooms_str_t rooms, rooms_gone_e gone)
{
    rooms_str_t             name;
    rooms_caller_t          caller;
    ngx_http_rooms_task_t   task;
    ngx_http_rooms_zone_t  *zone;

    zone = dep->zone;

    ngx_memzero(&caller, sizeof(rooms_caller_t));
    caller.sid = rooms_str(dep->sid, NGX_HTTP_ROOMS_SID_LEN);
    caller.nsp = nsp;

    dep->waits = 1;

    while (zone->app->app->evolve
           && rooms_get_str16(&rooms, &name) == ROOMS_OK)
    {
        ngx_memzero(&task, sizeof(ngx_http_rooms_task_t));

        task.zone = zone;
        task.cmd.kind = ROOMS_CMD_DISCONNECT;
        task.cmd.room = name;
        task.cmd.caller = &caller;
        task.cmd.gone = gone;
        task.done = ngx_http_rooms_redis_departed_in;
        task.data = dep;

        dep->waits++;

        ngx_http_rooms_execute(&task);
    }

    ngx_http_rooms_redis_departed_in(NULL, (void *) dep);
}


/* One of its rooms has heard; without a task: d is the departure. */

static void
ngx_http_rooms_redis_departed_in(ngx_http_rooms_task_t *task,
    rooms_decision_t *d)
{
    ngx_http_rooms_departure_t  *dep;

    dep = task ? task->data : (void *) d;

    if (--dep->waits) {
        return;
    }

    dep->told = 1;

    if (dep->registered) {
        ngx_http_rooms_redis_depart_next(dep);

    } else {
        ngx_http_rooms_redis_departure_free(dep);
    }
}


/* Where it cannot be sent, it is when the connection is back. */

static void
ngx_http_rooms_redis_depart_next(ngx_http_rooms_departure_t *dep)
{
    rooms_str_t  sid;

    sid = rooms_str(dep->sid, NGX_HTTP_ROOMS_SID_LEN);

    dep->sent = 1;

    if (ngx_http_rooms_redis_release(dep->zone, sid, dep->window,
                                     dep->asking ? "t" : "f",
                                     ngx_http_rooms_redis_departed, dep)
        != NGX_OK)
    {
        dep->sent = 0;
    }
}


void
ngx_http_rooms_redis_depart_again(ngx_http_rooms_redis_t *redis)
{
    ngx_queue_t                 *q;
    ngx_http_rooms_departure_t  *dep;

    for (q = ngx_queue_head(&redis->departures);
         q != ngx_queue_sentinel(&redis->departures);
         q = ngx_queue_next(q))
    {
        dep = ngx_queue_data(q, ngx_http_rooms_departure_t, queue);

        if ((dep->told || dep->asking) && !dep->sent) {
            ngx_http_rooms_redis_depart_next(dep);
        }
    }
}


/* Of one that is asked for: 1, it is this worker's to tell. */

static void
ngx_http_rooms_redis_departed(void *data, redisReply *reply)
{
    ngx_http_rooms_departure_t *dep = data;

    dep->sent = 0;

    if (reply == NULL) {
        dep->zone->redis->unsaved = 1;
        return;
    }

    if (!dep->asking || ngx_http_rooms_redis_integer(reply) != 1) {
        ngx_http_rooms_redis_departure_free(dep);
        return;
    }

    dep->asking = 0;

    ngx_http_rooms_redis_depart_tell(dep,
                                     rooms_str(dep->nsp.data, dep->nsp.len),
                                     rooms_str(dep->rooms.data,
                                               dep->rooms.len),
                                     ROOMS_GONE_ERROR);
}


ngx_uint_t
ngx_http_rooms_redis_departs(ngx_http_rooms_redis_t *redis, rooms_str_t sid)
{
    ngx_queue_t                 *q;
    ngx_http_rooms_departure_t  *dep;

    for (q = ngx_queue_head(&redis->departures);
         q != ngx_queue_sentinel(&redis->departures);
         q = ngx_queue_next(q))
    {
        dep = ngx_queue_data(q, ngx_http_rooms_departure_t, queue);

        if (ngx_memcmp(dep->sid, sid.data, NGX_HTTP_ROOMS_SID_LEN) == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_rooms_redis_forget_departures(ngx_http_rooms_redis_t *redis)
{
    while (!ngx_queue_empty(&redis->departures)) {
        ngx_http_rooms_redis_departure_free(
                             ngx_queue_data(ngx_queue_head(&redis->departures),
                                            ngx_http_rooms_departure_t,
                                            queue));
    }
}
