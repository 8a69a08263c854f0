
/*
 * Copyright (C) nginx rooms contributors
 *
 * Commands that wait for Redis, and the appends they are decided for.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_OP_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_OP_H_INCLUDED_


#include <ngx_http_rooms_redis.h>


typedef enum {
    NGX_HTTP_ROOMS_PENDING_SOCKET = 0,   /* behind others of its socket */
    NGX_HTTP_ROOMS_PENDING_ROOM,         /* in room->backing.tasks */
    NGX_HTTP_ROOMS_PENDING_OP,           /* decided, the append is sent */
    NGX_HTTP_ROOMS_PENDING_ROOMS         /* for rooms that it joins */
} ngx_http_rooms_pending_e;


struct ngx_http_rooms_pending_s {
    ngx_queue_t                  queue;      /* by state */
    ngx_queue_t                  behind;     /* in socket->tasks */
    ngx_queue_t                  timed;      /* in redis->timed */
    ngx_msec_t                   limit;
    ngx_http_rooms_pending_e     state;
    ngx_pool_t                  *pool;
    ngx_http_rooms_task_t        task;       /* strings in pool */
    rooms_caller_t               caller;     /* without a socket */
    rooms_decision_t             d;
    rooms_buf_t                  name;       /* of the room, as routed */
    ngx_http_rooms_room_t       *room;
    ngx_http_rooms_op_t         *op;
    ngx_queue_t                  others;     /* appends to other rooms */
    ngx_uint_t                   waits;      /* for so many of them */
    ngx_uint_t                   conflicts;
    ngx_uint_t                   index;      /* of its first record in op */
    unsigned                     known:1;    /* the room was given */
    unsigned                     durable:1;  /* is not given up */
    unsigned                     started:1;
    unsigned                     listed:1;   /* in timed */
    unsigned                     sent:1;     /* the others are */
};


struct ngx_http_rooms_op_s {
    ngx_queue_t                  queue;      /* in redis->ops */
    ngx_queue_t                  other;      /* in pending->others */
    ngx_http_rooms_redis_t      *redis;
    ngx_http_rooms_room_t       *room;       /* NULL: nobody decides in it */
    ngx_http_rooms_pending_t    *pending;    /* of others */
    ngx_queue_t                  tasks;
    ngx_uint_t                   refs;       /* tasks not yet finished */
    uint64_t                     seq;
    uint64_t                     first;      /* id, when it is known */
    uint64_t                     expected;
    uint64_t                     base;       /* the room's last, decided on */
    uint64_t                     deadline;
    uint64_t                     now;
    rooms_buf_t                  name;
    rooms_buf_t                  records;
    ngx_uint_t                   n;
    rooms_buf_t                  keys;       /* as rooms_app_t.keys() */
    unsigned                     has_keys:1;
    unsigned                     remove:1;
    unsigned                     facts:1;
    unsigned                     live:1;     /* the room was, before */
};


void ngx_http_rooms_redis_appended(void *data, redisReply *reply);


#endif /* _NGX_HTTP_ROOMS_REDIS_OP_H_INCLUDED_ */
