
/*
 * Copyright (C) nginx rooms contributors
 *
 * Engine.IO protocol, revision 4: packets and polling payloads.
 */


#ifndef _ROOMS_EIO_H_INCLUDED_
#define _ROOMS_EIO_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>


#define ROOMS_EIO_OPEN       '0'
#define ROOMS_EIO_CLOSE      '1'
#define ROOMS_EIO_PING       '2'
#define ROOMS_EIO_PONG       '3'
#define ROOMS_EIO_MESSAGE    '4'
#define ROOMS_EIO_UPGRADE    '5'
#define ROOMS_EIO_NOOP       '6'
#define ROOMS_EIO_BINARY     'b'         /* base64, polling only */

#define ROOMS_EIO_SEPARATOR  0x1e

#define ROOMS_EIO_SID_LEN    20          /* 15 octets in base64url */


typedef struct {
    unsigned char   type;                /* ROOMS_EIO_..., BINARY: a message */
    rooms_str_t     data;                /* BINARY: still in base64 */
} rooms_eio_packet_t;


/* One packet as it comes in a WebSocket text frame.  ROOMS_ERROR: empty, or
 * a type that does not exist there (BINARY does not: it has its own frames). */

rooms_int_t rooms_eio_packet(rooms_str_t text, rooms_eio_packet_t *pkt);

/*
 * Takes the next packet off the front of a polling payload and moves
 * *payload behind it and its separator.  ROOMS_DONE: there is none left;
 * ROOMS_ERROR as above, also behind a separator at the payload's end.
 */

rooms_int_t rooms_eio_next(rooms_str_t *payload, rooms_eio_packet_t *pkt);

/*
 * The data of a BINARY packet; strict RFC 4648 base64 with padding and no
 * stray bits.  Appended to *b.  ROOMS_ERROR: not base64, or (b->failed) no
 * memory or over the limit.
 */

rooms_int_t rooms_eio_decode(rooms_str_t base64, rooms_buf_t *b);

/* Appends 'b' and the base64 of data, without a separator. */

void rooms_eio_encode(rooms_buf_t *b, rooms_str_t data);

/*
 * Appends the open packet: 0{"sid":...,"upgrades":[...],"pingInterval":...,
 * "pingTimeout":...,"maxPayload":...}; times in milliseconds.
 */

typedef struct {
    rooms_str_t     sid;
    unsigned        upgrade:1;           /* "upgrades":["websocket"] */
    uint64_t        ping_interval;
    uint64_t        ping_timeout;
    uint64_t        max_payload;
} rooms_eio_open_t;

void rooms_eio_open(rooms_buf_t *b, const rooms_eio_open_t *o);

/* 15 random octets from the caller as a sid of ROOMS_EIO_SID_LEN, and back.
 * ROOMS_ERROR: not a sid. */

void rooms_eio_sid(unsigned char *sid, const unsigned char *random);
rooms_int_t rooms_eio_sid_parse(rooms_str_t sid, unsigned char *random);


#endif /* _ROOMS_EIO_H_INCLUDED_ */
