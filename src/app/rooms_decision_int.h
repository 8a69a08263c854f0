
/*
 * Copyright (C) nginx rooms contributors
 *
 * How a decision is put together: for its own sources.
 */


#ifndef _ROOMS_DECISION_INT_H_INCLUDED_
#define _ROOMS_DECISION_INT_H_INCLUDED_


#include <rooms_decision.h>


/* Copies the octets into d->text. */

rooms_span_t rooms_decision_text(rooms_decision_t *d, rooms_str_t s);

/* The same for n attachments, each as a str32. */

rooms_span_t rooms_decision_attach(rooms_decision_t *d,
    const rooms_str_t *attachments, unsigned n);

/* Appends ["event",payload]. */

void rooms_decision_event(rooms_decision_t *d, rooms_buf_t *b,
    const char *event, const json_t *payload);

/*
 * An array of n items of so many octets, with space for one more.  NULL: no
 * memory, which the decision has noted; items is as it was.
 */

void *rooms_decision_grow(rooms_decision_t *d, void *items, size_t size,
    unsigned n, unsigned *allocated);


#endif /* _ROOMS_DECISION_INT_H_INCLUDED_ */
