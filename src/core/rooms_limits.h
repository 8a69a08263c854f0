
/*
 * Copyright (C) nginx rooms contributors
 *
 * Limits for many callers, of whom each has windows of its own
 * (rooms_window.h), in a piece of memory of a fixed size that processes may
 * share: it holds no pointers.  Where there are more callers than places, who
 * came last the longest time ago is forgotten.
 */


#ifndef _ROOMS_LIMITS_H_INCLUDED_
#define _ROOMS_LIMITS_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_LIMITS_MAX    16           /* kinds of limits */
#define ROOMS_LIMITS_COUNT  1000         /* the highest limit */


typedef struct {
    uint64_t     limit;
    uint64_t     window;                 /* ms */
} rooms_limits_kind_t;

typedef struct rooms_limits_s  rooms_limits_t;


typedef struct {
    uint64_t     limit;
    uint64_t     left;                   /* that pass now */
    uint64_t     reset;                  /* when one more does, ms since 1970;
                                            now, where none has been taken */
} rooms_limits_state_t;


/* Octets for these kinds, at most ROOMS_LIMITS_MAX; aligned to eight. */

size_t rooms_limits_size(const rooms_limits_kind_t *kinds, unsigned n);
void rooms_limits_init(rooms_limits_t *limits,
    const rooms_limits_kind_t *kinds, unsigned n);

/*
 * Takes one of a kind for a caller: a hash of what it is known by, that nobody
 * can choose.  ROOMS_OK; ROOMS_DECLINED: over the limit, nothing is counted.
 * A kind that there is not passes, with a limit of 0.
 */

rooms_int_t rooms_limits_take(rooms_limits_t *limits, unsigned kind,
    uint64_t caller, uint64_t now, rooms_limits_state_t *state);


#endif /* _ROOMS_LIMITS_H_INCLUDED_ */
