
/*
 * Copyright (C) nginx rooms contributors
 *
 * The way of a command: room, decision, append, answer, effects, delivery.
 */


#ifndef _NGX_HTTP_ROOMS_COMMAND_H_INCLUDED_
#define _NGX_HTTP_ROOMS_COMMAND_H_INCLUDED_


#include <ngx_http_rooms_socket.h>


typedef struct ngx_http_rooms_task_s  ngx_http_rooms_task_t;

/*
 * The answer is there: d->answered, ->status, ->rejected and so on.  Called
 * once, before the effects and before anything that the command's records
 * cause is delivered.
 */

typedef void (*ngx_http_rooms_done_pt)(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);

struct ngx_http_rooms_task_s {
    ngx_http_rooms_zone_t       *zone;
    ngx_http_rooms_socket_t     *socket;      /* the caller, or NULL */
    rooms_command_t              cmd;         /* caller, now, random: unset */
    ngx_http_rooms_done_pt       done;        /* or NULL */
    struct ngx_http_rooms_replay_s  *replay;  /* what the caller missed */
    void                        *data;
    unsigned                     detached:1;  /* may wait, see execute() */
    unsigned                     unavailable:1;  /* done: refused, for the
                                                    journal takes nothing */
    uint64_t                     id;          /* of the ack */
};


/*
 * Carries a command out.  cmd.room is set for a command whose room is known.
 * Where the journal is in Redis, the task is copied and done is called later,
 * with the copy.  Else it is called before this returns, but for a detached
 * one, whose memory stays until then.  The caller's socket may be gone
 * afterwards.
 */

void ngx_http_rooms_execute(ngx_http_rooms_task_t *task);

/* Refuses it instead, in the application's form. */

void ngx_http_rooms_refuse(ngx_http_rooms_task_t *task, rooms_refusal_e why,
    const char *detail);

/* A room's deadline has passed, or sid is gone from it or back. */

void ngx_http_rooms_execute_in(ngx_http_rooms_zone_t *zone,
    rooms_command_kind_e kind, rooms_str_t room, rooms_str_t sid,
    rooms_str_t nsp);


/*
 * Has the application decide in the room as it is known here, without a
 * chance to make records, and carries the effects out.
 */

void ngx_http_rooms_ask(ngx_http_rooms_task_t *task);


/* Parts of the way, for where it takes several turns. */

void ngx_http_rooms_command_caller(ngx_http_rooms_socket_t *socket,
    rooms_caller_t *caller, rooms_str_t *rooms, ngx_uint_t max);
const unsigned char *ngx_http_rooms_random(ngx_http_rooms_app_t *app);

/*
 * ngx_http_rooms_append.c: the records of a decision, all of them or none of
 * the command's own room.  NGX_AGAIN: the room has moved on; NGX_BUSY: what
 * was claimed is taken; NGX_ERROR: see *why.
 */

ngx_int_t ngx_http_rooms_append(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, ngx_http_rooms_room_t *room,
    rooms_refusal_e *why);
rooms_str_t ngx_http_rooms_messages(rooms_decision_t *d, rooms_decided_t *r);

/* ngx_http_rooms_effect.c: the effects on task->socket, in order. */

void ngx_http_rooms_effects(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);

/* Disconnects the socket; connection: with all others of its session. */

void ngx_http_rooms_kick(ngx_http_rooms_socket_t *socket,
    ngx_uint_t connection);


#endif /* _NGX_HTTP_ROOMS_COMMAND_H_INCLUDED_ */
