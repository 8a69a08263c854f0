
/*
 * Copyright (C) nginx rooms contributors
 *
 * MessagePack (msgpack.org, version 5 of the format), and its way to JSON
 * text and back.
 *
 * Nothing is built from it: a run of octets is checked first, then it is
 * written as the text that a client of the default parser would have sent,
 * with placeholders (rooms_sio.h) where octets stand.  What is said of lengths
 * and counts within is never believed, and nothing is allocated for it.
 */


#ifndef _ROOMS_MSGPACK_H_INCLUDED_
#define _ROOMS_MSGPACK_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>
#include <rooms_sio.h>


/* The largest limits possible. */

#define ROOMS_MSGPACK_DEPTH_MAX     256
#define ROOMS_MSGPACK_BINARIES_MAX  256    /* of a packet */


typedef enum {
    ROOMS_MSGPACK_NIL = 0,
    ROOMS_MSGPACK_UNDEFINED,               /* ext 0 of one octet: notepack */
    ROOMS_MSGPACK_BOOL,                    /* n: 0 or 1 */
    ROOMS_MSGPACK_UINT,                    /* n */
    ROOMS_MSGPACK_INT,                     /* below zero: n, as int64_t */
    ROOMS_MSGPACK_FLOAT,                   /* real */
    ROOMS_MSGPACK_STR,                     /* data; any octets */
    ROOMS_MSGPACK_BIN,                     /* data; also ext 0 */
    ROOMS_MSGPACK_TIME,                    /* ms since 1970, as int64_t: ext -1,
                                              and ext 0 of eight octets */
    ROOMS_MSGPACK_ARRAY,                   /* n values follow */
    ROOMS_MSGPACK_MAP                      /* n keys and values follow */
} rooms_msgpack_kind_e;


typedef struct {
    rooms_msgpack_kind_e  kind;
    uint64_t              n;
    double                real;
    rooms_str_t           data;            /* points into the input */
} rooms_msgpack_item_t;


typedef struct {
    unsigned              depth;           /* of arrays and maps */
    size_t                nodes;           /* values without keys; 0: all */
    unsigned              binaries;
} rooms_msgpack_limits_t;


/*
 * Takes the next item off the front of *in: a scalar, or the head of an array
 * or map.  ROOMS_ERROR: it is cut short, or of an extension type other than
 * those above.
 */

rooms_int_t rooms_msgpack_next(rooms_str_t *in, rooms_msgpack_item_t *item);


/*
 * Takes one whole value off the front of *in, *value.  ROOMS_ERROR: it is not
 * one; ROOMS_DECLINED: it is over a limit.
 */

rooms_int_t rooms_msgpack_value(rooms_str_t *in,
    const rooms_msgpack_limits_t *limits, rooms_str_t *value);


/*
 * Appends a value that rooms_msgpack_value() has taken to *b as JSON text:
 * integers with all their digits, other numbers with as many as it takes to
 * read the same one, NaN and the infinities as null, times as strings
 * (rooms_iso.h; those out of its bounds as null), "undefined" as null in arrays
 * and left out of objects.  The octets of the i-th binary are bins[i], and its
 * placeholder stands in the text; *nbins says how many there are, at most
 * "binaries" of the limits.  ROOMS_ERROR: a string that is not UTF-8, or a key
 * that is no string.  Whether *b failed is for the caller to look at.
 */

rooms_int_t rooms_msgpack_to_json(rooms_str_t value, rooms_buf_t *b,
    rooms_str_t *bins, unsigned *nbins);


/*
 * Appends an array or an object of JSON text, which has been checked, as
 * MessagePack.  With n not 0, placeholders become bins[0..n-1].  An escaped
 * lone surrogate becomes U+FFFD.  *b fails where it is deeper than
 * ROOMS_MSGPACK_DEPTH_MAX, or not JSON after all.
 */

void rooms_msgpack_from_json(rooms_buf_t *b, rooms_str_t json,
    const rooms_str_t *bins, unsigned n);


/* Append one value, in its shortest form; of a string, what precedes it. */

void rooms_msgpack_uint(rooms_buf_t *b, uint64_t n);
void rooms_msgpack_int(rooms_buf_t *b, int64_t n);
void rooms_msgpack_float(rooms_buf_t *b, double d);
void rooms_msgpack_str_head(rooms_buf_t *b, size_t len);
void rooms_msgpack_str(rooms_buf_t *b, rooms_str_t s);
void rooms_msgpack_bin(rooms_buf_t *b, rooms_str_t s);


/*
 * rooms_msgpack_packet.c: Socket.IO packets as socket.io-msgpack-parser has
 * them, one binary message each: a map of "type", "nsp", "data" and "id".
 *
 * Takes one apart as rooms_sio_parse() does.  Its data is appended to *b as
 * text; pkt->data points there and pkt->nsp into the input.  An event or ack
 * with binaries is ROOMS_SIO_BINARY_..., attachments is their number and bins
 * has them.  ROOMS_ERROR: it is none, or what JSON could not carry (a
 * namespace with a comma, an object that looks like a placeholder beside
 * binaries); ROOMS_DECLINED: it is over a limit, which holds
 * for each member, or *b failed.
 */

rooms_int_t rooms_msgpack_packet(rooms_str_t in,
    const rooms_msgpack_limits_t *limits, rooms_buf_t *b,
    rooms_sio_packet_t *pkt, rooms_str_t *bins);

/* Appends a packet whose data is JSON text, checked, with placeholders. */

void rooms_msgpack_packet_write(rooms_buf_t *b,
    const rooms_sio_packet_t *pkt, const rooms_str_t *bins);


#endif /* _ROOMS_MSGPACK_H_INCLUDED_ */
