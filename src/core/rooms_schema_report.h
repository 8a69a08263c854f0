
/*
 * Copyright (C) nginx rooms contributors
 *
 * Where a check is, and the words for why it fails.
 */


#ifndef _ROOMS_SCHEMA_REPORT_H_INCLUDED_
#define _ROOMS_SCHEMA_REPORT_H_INCLUDED_


#include <rooms_schema_node.h>


/* A place within the value: one step, and the steps before it. */

typedef struct rooms_schema_frame_s  rooms_schema_frame_t;

struct rooms_schema_frame_s {
    const rooms_schema_frame_t  *up;    /* NULL at the top */
    const char                  *key;   /* NULL: an index */
    size_t                       n;     /* the key's length, or the index */
    unsigned                     depth;
};


typedef struct {
    rooms_schema_failure_t      *failure;       /* NULL: nobody asks */
    size_t                       steps;         /* left */
    unsigned                     exhausted:1;
} rooms_schema_state_t;


static inline void
rooms_schema_frame_key(rooms_schema_frame_t *frame,
    const rooms_schema_frame_t *up, const char *key, size_t len)
{
    frame->up = up;
    frame->key = key;
    frame->n = len;
    frame->depth = up->depth + 1;
}


static inline void
rooms_schema_frame_index(rooms_schema_frame_t *frame,
    const rooms_schema_frame_t *up, size_t index)
{
    frame->up = up;
    frame->key = NULL;
    frame->n = index;
    frame->depth = up->depth + 1;
}


/*
 * Each fills in st->failure, unless it is NULL, and returns 0.  The words of
 * fmt follow the place; the node's "x-message" goes before them.  node may be
 * NULL.
 */

unsigned rooms_schema_report(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, const char *keyword,
    const rooms_schema_frame_t *at, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

unsigned rooms_schema_report_type(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, const rooms_schema_frame_t *at);

/* for "const" and "enum", naming the values as far as they fit */

unsigned rooms_schema_report_values(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, const char *keyword,
    const rooms_schema_frame_t *at);

/* a property of node, described by its own schema or NULL, is missing */

unsigned rooms_schema_report_required(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, const rooms_schema_node_t *property,
    const rooms_schema_frame_t *at);

void rooms_schema_report_missing(const rooms_schema_node_t *node,
    const char *name, rooms_schema_failure_t *failure);


#endif /* _ROOMS_SCHEMA_REPORT_H_INCLUDED_ */
