
/*
 * Copyright (C) nginx rooms contributors
 *
 * "epoch-id" as clients see it: the Socket.IO recovery offset and the event
 * ids of applications.  The epoch is 13 digits of base 36 at the most, the
 * id likewise; both without leading zeroes, lower case.
 */


#ifndef _ROOMS_OFFSET_H_INCLUDED_
#define _ROOMS_OFFSET_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_OFFSET_LEN  27


/* Writes at most ROOMS_OFFSET_LEN octets and returns how many. */

size_t rooms_offset_write(unsigned char *p, uint64_t epoch, uint64_t id);

/* The two parts of it: the epoch and what parts it from the id, the id. */

size_t rooms_offset_epoch(unsigned char *p, uint64_t epoch);
size_t rooms_offset_id(unsigned char *p, uint64_t id);

/* ROOMS_DECLINED: not an offset in just the form rooms_offset_write() has. */

rooms_int_t rooms_offset_parse(rooms_str_t text, uint64_t *epoch,
    uint64_t *id);


#endif /* _ROOMS_OFFSET_H_INCLUDED_ */
