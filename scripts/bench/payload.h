
/*
 * Copyright (C) nginx rooms contributors
 *
 * What messages carry: SEQUENCE(8) TIME(16), in hexadecimal, and what fills
 * them up to their size.
 */


#ifndef _PAYLOAD_H_INCLUDED_
#define _PAYLOAD_H_INCLUDED_


#include "client.h"


#define PAYLOAD_MIN    32
#define PAYLOAD_MAX    4096
#define PAYLOAD_FRAME  (PAYLOAD_MAX + 128)


/* Writes size octets, with the time as it is now. */

size_t payload_write(char *p, uint32_t seq, size_t size);

uint32_t payload_seq(const char *payload);
uint64_t payload_time(const char *payload);

/* The frame of an event that publishes a payload; returns its length. */

size_t payload_message(unsigned char *frame, const client_t *c,
    uint32_t room, uint32_t seq, size_t size);

/* The payload in a message as it came; NULL: it is none of ours. */

const char *payload_find(const client_t *c, const char *text, size_t len);


#endif /* _PAYLOAD_H_INCLUDED_ */
