
/*
 * Copyright (C) nginx rooms contributors
 *
 * Records as they travel between machines and as they lie in the stream of a
 * room:
 *
 *     u32    octets that follow
 *     u64    time, ms
 *     u8     1: the room ends with it
 *     str32  fact
 *     str32  messages
 *
 * What is published is a line of text and then the records of one append:
 *
 *     EPOCH PREV FIRST OWNER SEQ LF
 *
 * in decimal digits: the epoch, the id of the room's record before these, the
 * id of the first of them (the others follow without gaps), who appended, and
 * a number of its own for it.
 */


#ifndef _ROOMS_BUS_H_INCLUDED_
#define _ROOMS_BUS_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>


typedef struct {
    uint64_t            time;
    unsigned            removed:1;
    rooms_str_t         fact;
    rooms_str_t         messages;
} rooms_bus_record_t;


typedef struct {
    uint64_t            epoch;
    uint64_t            prev;
    uint64_t            first;
    uint64_t            owner;
    uint64_t            seq;
} rooms_bus_header_t;


/* Appends a record to *b. */

void rooms_bus_write(rooms_buf_t *b, const rooms_bus_record_t *r);

/*
 * Takes the next record off the front of *in; the strings point into it.
 * ROOMS_DONE: there is none left; ROOMS_ERROR: damaged.
 */

rooms_int_t rooms_bus_read(rooms_str_t *in, rooms_bus_record_t *r);

/* Takes the line of text off the front of *in.  ROOMS_ERROR: damaged. */

rooms_int_t rooms_bus_header(rooms_str_t *in, rooms_bus_header_t *h);

/*
 * A number in decimal digits, up to 2^64 - 1 and without a sign.
 * ROOMS_ERROR: something else.
 */

rooms_int_t rooms_bus_number(rooms_str_t text, uint64_t *n);


#endif /* _ROOMS_BUS_H_INCLUDED_ */
