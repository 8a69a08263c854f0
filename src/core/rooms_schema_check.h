
/*
 * Copyright (C) nginx rooms contributors
 *
 * A check, between its files.
 */


#ifndef _ROOMS_SCHEMA_CHECK_H_INCLUDED_
#define _ROOMS_SCHEMA_CHECK_H_INCLUDED_


#include <rooms_schema_report.h>


/* The check costs too much: all fails from here on; returns 0. */

unsigned rooms_schema_give_up(rooms_schema_state_t *st);

/* As rooms_schema_pattern_match(), having given up on ROOMS_ERROR. */

rooms_int_t rooms_schema_match(rooms_schema_state_t *st,
    const rooms_schema_match_t *match, const char *p, size_t len);

/* 1: valid; 0: not, which is reported.  "type", "const" and "enum" first. */

unsigned rooms_schema_eval_common(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
unsigned rooms_schema_eval_number(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
unsigned rooms_schema_eval_string(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);


#endif /* _ROOMS_SCHEMA_CHECK_H_INCLUDED_ */
