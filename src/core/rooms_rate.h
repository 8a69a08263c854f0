
/*
 * Copyright (C) nginx rooms contributors
 *
 * Counts events in a window of time that opens with the first event.  The
 * counter is 16 octets of the caller's memory; all zeroes is a fresh one.
 */


#ifndef _ROOMS_RATE_H_INCLUDED_
#define _ROOMS_RATE_H_INCLUDED_


#include <rooms_types.h>


typedef struct {
    uint64_t     start;                 /* of the window, ms */
    uint64_t     count;                 /* events taken in it */
} rooms_rate_t;


/*
 * Takes one event.  In a window of window_ms exactly limit events pass; the
 * first event at or after its end opens the next one.  Refused events neither
 * count nor prolong it.  A limit or a window of 0 lets everything pass.  Time
 * that goes back prolongs the window by as much, and never opens one.
 *
 * ROOMS_OK        passed
 * ROOMS_DECLINED  over the limit
 */

rooms_int_t rooms_rate_take(rooms_rate_t *rate, uint64_t limit,
    uint64_t window_ms, uint64_t now_ms);

/* Milliseconds until an event passes again; 0 where one would now. */

uint64_t rooms_rate_wait(const rooms_rate_t *rate, uint64_t limit,
    uint64_t window_ms, uint64_t now_ms);


#endif /* _ROOMS_RATE_H_INCLUDED_ */
