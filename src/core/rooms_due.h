
/*
 * Copyright (C) nginx rooms contributors
 *
 * Keys by the time at which something is due for them, the soonest first: a
 * skip list, so that adding and removing one cost a few steps of many, and
 * reading those that are due costs nothing for the others.
 */


#ifndef _ROOMS_DUE_H_INCLUDED_
#define _ROOMS_DUE_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_DUE_KEY  255               /* octets of a key, at most */


typedef struct rooms_due_s       rooms_due_t;
typedef struct rooms_due_node_s  rooms_due_node_t;


/* NULL: no memory. */

rooms_due_t *rooms_due_create(void);
void rooms_due_free(rooms_due_t *due);

/*
 * A key may be there with several times.  ROOMS_ERROR: no memory, or a key
 * that is too long; adding what is there, and removing what is not, is no
 * error.
 */

rooms_int_t rooms_due_add(rooms_due_t *due, uint64_t at, rooms_str_t key);
void rooms_due_remove(rooms_due_t *due, uint64_t at, rooms_str_t key);

size_t rooms_due_size(const rooms_due_t *due);

/* In order of time, then of the key's octets; NULL: there is no other. */

const rooms_due_node_t *rooms_due_first(const rooms_due_t *due);
const rooms_due_node_t *rooms_due_next(const rooms_due_node_t *node);

uint64_t rooms_due_at(const rooms_due_node_t *node);
rooms_str_t rooms_due_key(const rooms_due_node_t *node);


#endif /* _ROOMS_DUE_H_INCLUDED_ */
