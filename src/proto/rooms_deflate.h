
/*
 * Copyright (C) nginx rooms contributors
 *
 * permessage-deflate (RFC 7692) over zlib, the server's side.
 */


#ifndef _ROOMS_DEFLATE_H_INCLUDED_
#define _ROOMS_DEFLATE_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>


/* What was agreed, and what a configuration asks for. */

typedef struct {
    uint8_t     server_bits;             /* 8..15 */
    uint8_t     client_bits;
    unsigned    server_no_takeover:1;
    unsigned    client_no_takeover:1;
    unsigned    client_bits_given:1;     /* the offer had the parameter */
} rooms_deflate_params_t;


/*
 * Chooses the first acceptable offer of a Sec-WebSocket-Extensions value and
 * appends the answer's value to *answer.  want: the largest windows and the
 * takeover modes the server would like, no less than 9 bits: only an offer
 * that insists on 8 gets them.
 * ROOMS_DECLINED: no acceptable offer (plain connection); ROOMS_ERROR: the
 * value is not well-formed (also a plain connection).
 */

rooms_int_t rooms_deflate_negotiate(rooms_str_t value,
    const rooms_deflate_params_t *want, rooms_deflate_params_t *got,
    rooms_buf_t *answer);


typedef struct rooms_inflate_s  rooms_inflate_t;
typedef struct rooms_deflate_s  rooms_deflate_t;

/* NULL: no memory.  Without takeover the streams may be shared by all
 * connections of a process, since each message starts afresh. */

rooms_inflate_t *rooms_inflate_create(unsigned bits, unsigned no_takeover);
void rooms_inflate_destroy(rooms_inflate_t *z);

/*
 * Appends the message's content to *b, whose limit caps it while it grows.
 * ROOMS_ERROR: not deflate data (close 1007), or (b->failed) no memory;
 * ROOMS_DECLINED: over the limit (close 1009), with what fits in *b.
 */

rooms_int_t rooms_inflate_message(rooms_inflate_t *z, rooms_str_t in,
    rooms_buf_t *b);

/* bits 8: zlib has no such window in raw mode, hence runs of one octet only. */

rooms_deflate_t *rooms_deflate_create(unsigned bits, unsigned no_takeover,
    int level);
void rooms_deflate_destroy(rooms_deflate_t *z);

/*
 * Appends the compressed message, without the trailing 00 00 ff ff.
 * ROOMS_ERROR: no memory, or no room under b's limit, which is not used to the
 * last octet; with takeover the stream cannot go on then.
 */

rooms_int_t rooms_deflate_message(rooms_deflate_t *z, rooms_str_t in,
    rooms_buf_t *b);


#endif /* _ROOMS_DEFLATE_H_INCLUDED_ */
