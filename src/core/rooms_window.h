
/*
 * Copyright (C) nginx rooms contributors
 *
 * Counts events in a window of time that slides: of any stretch as long as
 * the window, no more than limit events pass.  The times of those are kept.
 */


#ifndef _ROOMS_WINDOW_H_INCLUDED_
#define _ROOMS_WINDOW_H_INCLUDED_


#include <rooms_types.h>


typedef struct {
    uint32_t     limit;
    uint32_t     n;                     /* taken so far, up to limit */
    uint32_t     next;                  /* the oldest, once n is limit */
    uint64_t     window;                /* ms */
    uint64_t     times[];               /* limit of them */
} rooms_window_t;


/* Octets of a window; it is used when rooms_window_init() has seen it. */

size_t rooms_window_size(uint32_t limit);
void rooms_window_init(rooms_window_t *w, uint32_t limit, uint64_t window_ms);

/*
 * ROOMS_OK: taken.  ROOMS_DECLINED: over the limit, which is not counted.  A
 * time before the latest one counts as that.
 */

rooms_int_t rooms_window_take(rooms_window_t *w, uint64_t now_ms);

/*
 * How many pass now; *reset is when one more does, the oldest of those in the
 * window having left it, or now.
 */

uint32_t rooms_window_left(const rooms_window_t *w, uint64_t now_ms,
    uint64_t *reset);


#endif /* _ROOMS_WINDOW_H_INCLUDED_ */
