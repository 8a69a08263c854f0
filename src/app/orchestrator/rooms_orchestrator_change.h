
/*
 * Copyright (C) nginx rooms contributors
 *
 * Facts of a game, for the sources that apply them to its state.
 */


#ifndef _ROOMS_ORCHESTRATOR_CHANGE_H_INCLUDED_
#define _ROOMS_ORCHESTRATOR_CHANGE_H_INCLUDED_


#include <rooms_orchestrator.h>


typedef struct {
    json_t          *root;
    const json_t    *fact;
    uint64_t         id;                     /* of the record */
    json_t          *at;
} rooms_orchestrator_change_t;


/* A part of the state, a field of the fact; borrowed, NULL: none. */

json_t *rooms_orchestrator_part(rooms_orchestrator_change_t *c,
    const char *name);
json_t *rooms_orchestrator_field(rooms_orchestrator_change_t *c,
    const char *name);

/* ROOMS_ERROR: no memory, or value is NULL; set_new() takes the reference. */

rooms_int_t rooms_orchestrator_set(json_t *object, const char *name,
    json_t *value);
rooms_int_t rooms_orchestrator_set_new(json_t *object, const char *name,
    json_t *value);


/* The kinds of facts.  ROOMS_ERROR: it is not one, nothing has changed. */

rooms_int_t rooms_orchestrator_apply_session(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_status(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_device(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_away(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_forget(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_beat(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_tx(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_scan(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_video(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_reset(
    rooms_orchestrator_change_t *c);
rooms_int_t rooms_orchestrator_apply_fails(
    rooms_orchestrator_change_t *c);


#endif /* _ROOMS_ORCHESTRATOR_CHANGE_H_INCLUDED_ */
