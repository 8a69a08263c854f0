
/*
 * Copyright (C) nginx rooms contributors
 *
 * The echo application: for conformance suites and benchmarks.  It keeps no
 * state and needs no contract; its rooms only carry messages.
 *
 * A room of a namespace is named NAMESPACE:ROOM in the journal, and each
 * namespace has one more, named as itself, of which every socket is a
 * member.  As no accepted namespace has a colon, names cannot clash.
 */


#ifndef _ROOMS_ECHO_H_INCLUDED_
#define _ROOMS_ECHO_H_INCLUDED_


#include <rooms_app.h>
#include <rooms_decision.h>


/* The arguments of an event that are not taken yet. */

typedef struct {
    const rooms_command_t  *cmd;
    rooms_decision_t       *d;
    rooms_str_t             rest;        /* JSON text without the brackets */
} rooms_echo_ctx_t;


typedef struct {
    rooms_str_t             name;
    rooms_int_t           (*handler)(rooms_echo_ctx_t *ctx);
    unsigned                routed:1;    /* its first argument is a room */
} rooms_echo_event_t;


/* rooms_echo_event.c: NULL where there is no such event. */

const rooms_echo_event_t *rooms_echo_find(rooms_str_t name);

/* The arguments of an event, behind its name. */

rooms_str_t rooms_echo_args(const rooms_command_t *cmd);

/*
 * Takes an argument that names a room; its name in the journal is written to
 * buf.  ROOMS_DECLINED: not a string, or too long.
 */

#define ROOMS_ECHO_ROOM  256

rooms_int_t rooms_echo_take_room(const rooms_command_t *cmd,
    rooms_str_t *rest, unsigned char buf[ROOMS_ECHO_ROOM], rooms_str_t *room);


/*
 * rooms_echo_relay.c: argument by argument through the text of a JSON array
 * that was checked already (rooms_json_check()); on other text it stays
 * within its bounds.
 */

/* The array without its brackets. */

rooms_str_t rooms_echo_inside(rooms_str_t text);

/* Takes the first value off; ROOMS_DECLINED: there is none. */

rooms_int_t rooms_echo_take(rooms_str_t *rest, rooms_str_t *item);

/* The same for a string (see rooms_json_string()) and a whole number. */

rooms_int_t rooms_echo_take_string(rooms_str_t *rest, unsigned char *buf,
    size_t cap, rooms_str_t *out);
rooms_int_t rooms_echo_take_number(rooms_str_t *rest, unsigned *n);


/*
 * args, a JSON array, to the caller: where it can recover, as a message of a
 * record of its namespace's room, so that it is not missed.
 */

rooms_int_t rooms_echo_tell(rooms_echo_ctx_t *ctx, rooms_str_t args,
    const rooms_str_t *attachments, unsigned n);

/*
 * [event,rest] to the caller; [rest] to the caller, to be acknowledged; rest
 * as the acknowledgement, where one is asked for.  The attachments are those
 * that rest refers to, in the order in which it does so.  ROOMS_ERROR: no
 * memory, or bad placeholders.
 */

rooms_int_t rooms_echo_emit(rooms_echo_ctx_t *ctx, const char *event,
    rooms_str_t rest);
rooms_int_t rooms_echo_ask(rooms_echo_ctx_t *ctx, const char *name,
    rooms_str_t rest);
rooms_int_t rooms_echo_answer(rooms_echo_ctx_t *ctx, rooms_str_t rest);

/* The message [rest] in the record begun last. */

rooms_int_t rooms_echo_message(rooms_echo_ctx_t *ctx, unsigned audience,
    rooms_str_t sid, unsigned ephemeral, rooms_str_t rest);


extern const rooms_app_t  rooms_echo_app;


#endif /* _ROOMS_ECHO_H_INCLUDED_ */
