
/*
 * Copyright (C) nginx rooms contributors
 *
 * WebSocket frames (RFC 6455), the server's side.
 */


#ifndef _ROOMS_WS_H_INCLUDED_
#define _ROOMS_WS_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>
#include <rooms_utf8.h>


#define ROOMS_WS_CONTINUATION  0x0
#define ROOMS_WS_TEXT          0x1
#define ROOMS_WS_BINARY        0x2
#define ROOMS_WS_CLOSE         0x8
#define ROOMS_WS_PING          0x9
#define ROOMS_WS_PONG          0xa

#define ROOMS_WS_FIN           0x80
#define ROOMS_WS_RSV1          0x40

#define ROOMS_WS_HEADER_MAX    10          /* of an unmasked frame */

/* Close codes, section 7.4.1 */

#define ROOMS_WS_NORMAL        1000
#define ROOMS_WS_GOING_AWAY    1001
#define ROOMS_WS_PROTOCOL      1002
#define ROOMS_WS_NO_STATUS     1005
#define ROOMS_WS_INVALID       1007
#define ROOMS_WS_POLICY        1008
#define ROOMS_WS_TOO_BIG       1009
#define ROOMS_WS_INTERNAL      1011


typedef struct {
    size_t          max_message;     /* octets on the wire, all fragments */
    uint32_t        max_fragments;   /* of one message */
    unsigned        deflate:1;       /* RSV1 is allowed on a message */
} rooms_ws_limits_t;


/*
 * What the reader keeps between two calls.  All zeroes is the start of a
 * connection.  A connection that has no partial frame holds no memory.
 */

typedef struct {
    rooms_buf_t     message;         /* fragments of the data message so far */
    uint64_t        left;            /* of the current frame's payload */
    unsigned char  *partial;         /* 125 octets, only while needed */
    uint32_t        fragments;
    uint32_t        mask;            /* as it stands in memory */
    uint16_t        close;           /* after ROOMS_ERROR */
    rooms_utf8_t    utf8;
    uint8_t         nheader;
    uint8_t         control;         /* octets of a control payload so far */
    uint8_t         opcode;          /* of the current frame */
    uint8_t         type;            /* of the message, 0: none is open */
    uint8_t         fin;             /* whole octets, not bits: hot */
    uint8_t         compressed;
    uint8_t         in_payload;
    uint8_t         phase;           /* of the mask, 0..3 */
    uint8_t         given;           /* memory to be released */
    unsigned char   header[14];
} rooms_ws_reader_t;


typedef struct {
    uint8_t         opcode;          /* TEXT, BINARY, CLOSE, PING or PONG */
    uint8_t         compressed;      /* payload is to be inflated */
    uint16_t        code;            /* CLOSE: or ROOMS_WS_NO_STATUS */
    unsigned char  *payload;         /* unmasked; CLOSE: the reason */
    size_t          len;
} rooms_ws_event_t;


/*
 * Reads on at p, where n octets lie, which are unmasked in place.  *used says
 * how many were taken.
 *
 * ROOMS_OK: *ev is a whole message or control frame.  Its payload lies in p
 *   where it arrived in one piece, else in the reader, and is valid until the
 *   next call.  Call again with what is left; memory of a payload that had to
 *   be put together is given back then, also where n is 0.
 * ROOMS_AGAIN: all n octets were taken; more are needed.
 * ROOMS_ERROR: the connection is to be failed with r->close: 1002 (framing,
 *   unmasked frame, reserved bits or opcode, bad close code, fragmentation),
 *   1007 (text that is not UTF-8, noticed at the first bad octet also inside
 *   a fragment; uncompressed messages only), 1009 (over a limit, noticed in
 *   the frame's header), 1011 (no memory).
 *
 * Memory is taken as payload arrives, never from a declared length.
 */

rooms_int_t rooms_ws_read(rooms_ws_reader_t *r, const rooms_ws_limits_t *l,
    unsigned char *p, size_t n, size_t *used, rooms_ws_event_t *ev);

void rooms_ws_reader_free(rooms_ws_reader_t *r);


/*
 * Writes the header of an unmasked frame: first is the opcode with
 * ROOMS_WS_FIN and RSV1 as wanted.  Returns its length, at most
 * ROOMS_WS_HEADER_MAX.
 */

size_t rooms_ws_header(unsigned char *p, unsigned first, uint64_t len);

/* A close frame with code (0: an empty one) and reason (cut to 123). */

void rooms_ws_close_frame(rooms_buf_t *b, unsigned code, rooms_str_t reason);


/*
 * XORs n octets with the mask from the given phase on, 8 at a time.  Returns
 * a word with a bit set where any octet of the result has that bit; the result
 * is ASCII where no octet of the word has its highest bit set.
 */

uint64_t rooms_ws_unmask(unsigned char *p, size_t n, uint32_t mask,
    unsigned phase);


#endif /* _ROOMS_WS_H_INCLUDED_ */
