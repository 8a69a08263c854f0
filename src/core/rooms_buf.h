
/*
 * Copyright (C) nginx rooms contributors
 *
 * A growing run of octets.
 *
 * A failure to grow (out of memory, or the limit would be passed) is sticky:
 * the buffer keeps what it has, every later append is ignored, and the caller
 * looks at "failed" once, at the end.
 */


#ifndef _ROOMS_BUF_H_INCLUDED_
#define _ROOMS_BUF_H_INCLUDED_


#include <string.h>

#include <rooms_types.h>


typedef struct {
    unsigned char  *data;
    size_t          len;
    size_t          cap;
    size_t          limit;              /* of len, 0: none */
    unsigned        failed:1;
} rooms_buf_t;


/* All zeroes is an empty buffer without a limit. */

void rooms_buf_init(rooms_buf_t *b, size_t limit);

/* Gives the memory back; the buffer is empty and usable again. */

void rooms_buf_free(rooms_buf_t *b);

/* Empties the buffer, keeps its memory and clears "failed". */

void rooms_buf_reset(rooms_buf_t *b);

/*
 * Makes room for n more octets and returns where they go, without taking
 * them into len; NULL (and "failed") where that cannot be had.
 */

unsigned char *rooms_buf_reserve(rooms_buf_t *b, size_t n);

/* These are in the way of every message, so they are written out here. */

static inline void
rooms_buf_append(rooms_buf_t *b, const void *data, size_t n)
{
    unsigned char  *p;

    if (n == 0) {
        return;
    }

    if (n <= b->cap - b->len && !b->failed) {
        p = b->data + b->len;

    } else {
        p = rooms_buf_reserve(b, n);
        if (p == NULL) {
            return;
        }
    }

    memcpy(p, data, n);
    b->len += n;
}


static inline void
rooms_buf_byte(rooms_buf_t *b, unsigned char c)
{
    rooms_buf_append(b, &c, 1);
}


static inline void
rooms_buf_str(rooms_buf_t *b, rooms_str_t s)
{
    rooms_buf_append(b, s.data, s.len);
}



/* n in decimal digits */

void rooms_buf_uint(rooms_buf_t *b, uint64_t n);

/* Fixed-width little-endian integers, for journal and bus records. */

void rooms_buf_u16(rooms_buf_t *b, uint16_t n);
void rooms_buf_u32(rooms_buf_t *b, uint32_t n);
void rooms_buf_u64(rooms_buf_t *b, uint64_t n);

/* A string with its length before it, as u16 or u32. */

void rooms_buf_str16(rooms_buf_t *b, rooms_str_t s);
void rooms_buf_str32(rooms_buf_t *b, rooms_str_t s);


/*
 * The reading side: takes from the front of *in and moves it.  ROOMS_OK, or
 * ROOMS_ERROR with *in and *out unchanged where *in is too short.  Strings
 * are not copied: *out points into the input.
 */

rooms_int_t rooms_get_u8(rooms_str_t *in, uint8_t *out);
rooms_int_t rooms_get_u16(rooms_str_t *in, uint16_t *out);
rooms_int_t rooms_get_u32(rooms_str_t *in, uint32_t *out);
rooms_int_t rooms_get_u64(rooms_str_t *in, uint64_t *out);
rooms_int_t rooms_get_str16(rooms_str_t *in, rooms_str_t *out);
rooms_int_t rooms_get_str32(rooms_str_t *in, rooms_str_t *out);


#endif /* _ROOMS_BUF_H_INCLUDED_ */
