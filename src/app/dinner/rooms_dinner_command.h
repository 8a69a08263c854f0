
/*
 * Copyright (C) nginx rooms contributors
 *
 * A command that is being decided, for the sources that decide it.
 */


#ifndef _ROOMS_DINNER_COMMAND_H_INCLUDED_
#define _ROOMS_DINNER_COMMAND_H_INCLUDED_


#include <rooms_dinner.h>


typedef struct {
    const rooms_dinner_conf_t   *conf;
    const rooms_dinner_state_t  *state;  /* NULL: none, or expired */
    const rooms_command_t       *cmd;
    rooms_decision_t            *d;
    unsigned                     expired:1;
} rooms_dinner_ctx_t;


/* A string of an object; empty where there is none. */

static inline rooms_str_t
rooms_dinner_text(const json_t *object, const char *name)
{
    json_t  *value;

    value = json_object_get(object, name);

    return rooms_str(json_string_value(value), json_string_length(value));
}


/* rooms_dinner_tell.c: what is answered and told; takes the JSON values */

rooms_int_t rooms_dinner_error(rooms_dinner_ctx_t *ctx,
    const rooms_dinner_error_t *error);

/* What the contract should have refused; why: a sentence. */

rooms_int_t rooms_dinner_bad(rooms_dinner_ctx_t *ctx, const char *why);

/* status 0: for an ack; nothing where none is asked for */

void rooms_dinner_answer(rooms_dinner_ctx_t *ctx, unsigned status,
    json_t *value);

/* Of the record begun last; OTHERS and SOCKET are meant of the caller. */

void rooms_dinner_message(rooms_dinner_ctx_t *ctx, unsigned audience,
    const char *event, json_t *payload);

/* When the session ends unless something happens, ms. */

uint64_t rooms_dinner_end(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state);

/* Joins, submissions and restarts postpone the end of the session. */

void rooms_dinner_active(rooms_dinner_ctx_t *ctx,
    rooms_dinner_state_t *after);


/* rooms_dinner_route.c: a participantId of 20 characters */

void rooms_dinner_random_id(const rooms_command_t *cmd,
    rooms_dinner_id_t *id);

/* rooms_dinner_join.c: session:join, joinSession */

rooms_int_t rooms_dinner_join(rooms_dinner_ctx_t *ctx);
rooms_int_t rooms_dinner_join_session(rooms_dinner_ctx_t *ctx);


#endif /* _ROOMS_DINNER_COMMAND_H_INCLUDED_ */
