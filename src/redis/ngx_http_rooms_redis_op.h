
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
    NGX_HTTP_ROOMS_PENDING_THREAD,       /* a password is checked */
    NGX_HTTP_ROOMS_PENDING_OP,           /* decided, the append is sent */
    NGX_HTTP_ROOMS_PENDING_ROOMS,        /* for rooms that it joins */
    NGX_HTTP_ROOMS_PENDING_FETCH         /* for what its caller missed */
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
    u_char                       random[ROOMS_RANDOM_LEN];
    ngx_http_rooms_room_t       *room;
    ngx_http_rooms_op_t         *op;
    ngx_uint_t                   conflicts;
    ngx_uint_t                   index;      /* of its first record in op */
    ngx_uint_t                   claims;     /* of op that are its own */
    rooms_refusal_e              why;        /* where it is refused */
    rooms_str_t                  detail;
    unsigned                     known:1;    /* the room was given */
    unsigned                     durable:1;  /* is not given up */
    unsigned                     started:1;
    unsigned                     listed:1;   /* in timed */
    unsigned                     fresh:1;    /* the room was asked about */
    unsigned                     refused:1;  /* before it was decided */
};


/*
 * One append: records of the room that its commands are decided in, and with
 * them rooms that are claimed, messages for other rooms, and rooms that end.
 * All of it is written, or nothing.
 */

struct ngx_http_rooms_op_s {
    ngx_rbtree_node_t            node;       /* in redis->ops, by seq */
    ngx_http_rooms_redis_t      *redis;
    ngx_http_rooms_room_t       *room;       /* NULL: nobody decides in it */
    ngx_queue_t                  tasks;
    ngx_uint_t                   refs;       /* tasks not yet finished */
    uint64_t                     first;      /* id, when it is known */
    uint64_t                     expected;
    uint64_t                     base;       /* the room's last, decided on */
    uint64_t                     deadline;
    uint64_t                     now;
    rooms_buf_t                  name;
    rooms_buf_t                  records;    /* rooms_bus.h */
    ngx_uint_t                   n;
    rooms_buf_t                  claims;     /* str16 room, record each */
    ngx_uint_t                   nclaims;
    rooms_buf_t                  others;     /* likewise */
    ngx_uint_t                   nothers;
    rooms_buf_t                  drops;
    ngx_uint_t                   ndrops;
    rooms_buf_t                  keys;       /* as rooms_app_t.keys() */
    unsigned                     has_keys:1;
    unsigned                     remove:1;
    unsigned                     facts:1;
    unsigned                     live:1;     /* the room was, before */
};


/* ngx_http_rooms_redis_pending.c: the copy of a command */

ngx_http_rooms_pending_t *ngx_http_rooms_pending_create(
    ngx_http_rooms_task_t *task);
void ngx_http_rooms_pending_free(ngx_http_rooms_pending_t *p);

/* Its time to be answered begins now; not where it is durable. */

void ngx_http_rooms_pending_limit(ngx_http_rooms_pending_t *p);

/* 1: it only reads, and is decided on what is known here of the room. */

ngx_uint_t ngx_http_rooms_pending_known(ngx_http_rooms_pending_t *p,
    ngx_http_rooms_room_t *room);


/* ngx_http_rooms_redis_command.c: on its way to a decision */

/* The first that waits at a socket, unless it is under way. */

void ngx_http_rooms_pending_next(ngx_http_rooms_socket_t *socket);
void ngx_http_rooms_pending_start(ngx_http_rooms_pending_t *p);

/* Asks the application: ROOMS_OK, where it is refused too, or ROOMS_AGAIN. */

rooms_int_t ngx_http_rooms_pending_decide(ngx_http_rooms_pending_t *p,
    const void *state);

/* 1 where there is something to append. */

ngx_uint_t ngx_http_rooms_pending_writes(ngx_http_rooms_pending_t *p);

/* This room will not do, or what it claimed is taken; it is in no queue. */

void ngx_http_rooms_pending_again(ngx_http_rooms_pending_t *p);

/* d.verify: it is decided again when that is known; it is in no queue. */

void ngx_http_rooms_pending_verify(ngx_http_rooms_pending_t *p);
void ngx_http_rooms_pending_refuse(ngx_http_rooms_pending_t *p,
    rooms_refusal_e why);


/* ngx_http_rooms_redis_finish.c: from the journal to the caller */

/* Its records are in the journal, or there are none. */

void ngx_http_rooms_pending_advance(ngx_http_rooms_pending_t *p);

/* The answer and the effects; then the next one of its socket. */

void ngx_http_rooms_pending_finish(ngx_http_rooms_pending_t *p);

/* It joined rooms, but its socket has gone: they hear of that, too. */

void ngx_http_rooms_pending_ghost(ngx_http_rooms_pending_t *p);


/* ngx_http_rooms_redis_op.c: appends */

ngx_http_rooms_op_t *ngx_http_rooms_op_create(ngx_http_rooms_redis_t *redis,
    rooms_str_t name);

/* Adds a command that was decided, and its records; it is in no queue. */

void ngx_http_rooms_op_add(ngx_http_rooms_op_t *op,
    ngx_http_rooms_pending_t *p);

/* 1: more would be too much for one append. */

ngx_uint_t ngx_http_rooms_op_full(ngx_http_rooms_op_t *op);
void ngx_http_rooms_op_send(ngx_http_rooms_op_t *op);
void ngx_http_rooms_op_free(ngx_http_rooms_op_t *op);


/* The outcomes of an append; none of them leaves it to its caller. */

/* It is in the journal, with ids after base. */

void ngx_http_rooms_op_written(ngx_http_rooms_op_t *op, uint64_t base);

/* The room's last id is another; with what is missing, as of XRANGE, or NULL:
 * its commands are decided again. */

void ngx_http_rooms_op_conflict(ngx_http_rooms_op_t *op, uint64_t last,
    redisReply *records);

/* They are decided again, but the claimant (or NULL) for another room. */

void ngx_http_rooms_op_again(ngx_http_rooms_op_t *op,
    ngx_http_rooms_pending_t *claimant);
void ngx_http_rooms_op_failed(ngx_http_rooms_op_t *op, rooms_refusal_e why);


/* ngx_http_rooms_redis_gather.c: appends that go to Redis together */

/* 1: nothing but records, and the room goes on as it is. */

ngx_uint_t ngx_http_rooms_redis_gathers(ngx_http_rooms_op_t *op);

/* Sends it when the turn ends. */

void ngx_http_rooms_redis_gather(ngx_http_rooms_op_t *op);

/* One for a room in which nobody decides, to which more may be added; or
 * NULL. */

ngx_http_rooms_op_t *ngx_http_rooms_redis_gathering(
    ngx_http_rooms_redis_t *redis, rooms_str_t room);


/* ngx_http_rooms_redis_append.c */

/* Sends it; .._redis_appended() gets the reply.  Errors: of the connection. */

ngx_int_t ngx_http_rooms_redis_append(ngx_http_rooms_redis_t *redis,
    ngx_http_rooms_op_t *op);
void ngx_http_rooms_redis_appended(void *data, redisReply *reply);


#endif /* _NGX_HTTP_ROOMS_REDIS_OP_H_INCLUDED_ */
