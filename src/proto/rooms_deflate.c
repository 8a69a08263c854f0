
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdlib.h>

#include <zlib.h>

#include <rooms_deflate.h>


#define ROOMS_DEFLATE_CHUNK      128
#define ROOMS_DEFLATE_MOST       (1U << 30)

/* zlib.h on inflate() and data_type: unused bits, and the end of a block */

#define ROOMS_INFLATE_STATE      (128|7)
#define ROOMS_INFLATE_BLOCK_END  128


struct rooms_inflate_s {
    z_stream    zs;
    unsigned    no_takeover:1;
};


struct rooms_deflate_s {
    z_stream    zs;
    unsigned    no_takeover:1;
};


static const unsigned char  rooms_deflate_tail[] = { 0x00, 0x00, 0xff, 0xff };


/* zlib counts in unsigned int. */

static inline uInt
rooms_deflate_avail(size_t n)
{
    return (uInt) (n < ROOMS_DEFLATE_MOST ? n : ROOMS_DEFLATE_MOST);
}


rooms_inflate_t *
rooms_inflate_create(unsigned bits, unsigned no_takeover)
{
    rooms_inflate_t  *z;

    z = calloc(1, sizeof(rooms_inflate_t));
    if (z == NULL) {
        return NULL;
    }

    z->no_takeover = no_takeover ? 1 : 0;

    /* some peers that ask zlib for 8 bits are given 9 */

    if (inflateInit2(&z->zs, bits < 9 ? -9 : -(int) bits) != Z_OK) {
        free(z);
        return NULL;
    }

    return z;
}


void
rooms_inflate_destroy(rooms_inflate_t *z)
{
    if (z == NULL) {
        return;
    }

    (void) inflateEnd(&z->zs);
    free(z);
}


/*
 * Points the stream at free memory in *b.  Where the limit leaves none, at
 * *spare: the message may still end without another octet.
 */

static rooms_int_t
rooms_inflate_room(z_stream *zs, rooms_buf_t *b, size_t want,
    unsigned char *spare)
{
    size_t  n;

    if (b->limit && b->len >= b->limit) {
        zs->next_out = spare;
        zs->avail_out = 1;

        return ROOMS_OK;
    }

    if (b->limit && want > b->limit - b->len) {
        want = b->limit - b->len;
    }

    zs->next_out = rooms_buf_reserve(b, want);

    if (zs->next_out == NULL) {
        return ROOMS_ERROR;
    }

    /* memory of a buffer used before may go beyond its present limit */

    n = b->cap - b->len;

    if (b->limit && n > b->limit - b->len) {
        n = b->limit - b->len;
    }

    zs->avail_out = rooms_deflate_avail(n);

    return ROOMS_OK;
}


/*
 * Inflates *in, which is moved, to its end.  ROOMS_DONE: or to the end of a
 * final block.
 */

static rooms_int_t
rooms_inflate_part(z_stream *zs, rooms_str_t *in, rooms_buf_t *b, size_t want)
{
    int            rc;
    size_t         n;
    unsigned       full;
    unsigned char  spare;

    do {
        if (rooms_inflate_room(zs, b, want, &spare) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        n = rooms_deflate_avail(in->len);

        zs->next_in = (Bytef *) in->data;
        zs->avail_in = (uInt) n;
        want = ROOMS_DEFLATE_CHUNK;

        full = (zs->next_out == &spare);
        rc = inflate(zs, Z_SYNC_FLUSH);

        if (!full) {
            b->len = (size_t) (zs->next_out - b->data);

        } else if (zs->avail_out == 0) {
            return ROOMS_DECLINED;
        }

        in->data += n - zs->avail_in;
        in->len -= n - zs->avail_in;

        if (rc == Z_STREAM_END) {
            return ROOMS_DONE;
        }

        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return ROOMS_ERROR;
        }

    } while (in->len || zs->avail_out == 0);

    return ROOMS_OK;
}


/*
 * A final block may end anywhere in a message (RFC 7692, section 7.2.3.4);
 * what was inflated stays the window for what follows.
 */

static rooms_int_t
rooms_inflate_blocks(z_stream *zs, rooms_str_t in, rooms_buf_t *b)
{
    rooms_int_t  rc;

    do {
        rc = rooms_inflate_part(zs, &in, b, in.len * 2 + ROOMS_DEFLATE_CHUNK);

        if (rc == ROOMS_DONE) {
            (void) inflateResetKeep(zs);
        }

    } while (rc == ROOMS_DONE && in.len);

    return rc;
}


rooms_int_t
rooms_inflate_message(rooms_inflate_t *z, rooms_str_t in, rooms_buf_t *b)
{
    rooms_int_t  rc;

    if (z->no_takeover) {
        (void) inflateReset(&z->zs);
    }

    if (in.len == 0) {
        return ROOMS_OK;
    }

    rc = rooms_inflate_blocks(&z->zs, in, b);

    if (rc == ROOMS_OK) {
        rc = rooms_inflate_blocks(&z->zs, rooms_str(rooms_deflate_tail,
                                            sizeof(rooms_deflate_tail)), b);

        /* short of the end of a block, the tail was taken for its data */

        if (rc == ROOMS_OK
            && (z->zs.data_type & ROOMS_INFLATE_STATE)
               != ROOMS_INFLATE_BLOCK_END)
        {
            return ROOMS_ERROR;
        }
    }

    return (rc == ROOMS_DONE) ? ROOMS_OK : rc;
}


rooms_deflate_t *
rooms_deflate_create(unsigned bits, unsigned no_takeover, int level)
{
    int               memory, strategy;
    rooms_deflate_t  *z;

    z = calloc(1, sizeof(rooms_deflate_t));
    if (z == NULL) {
        return NULL;
    }

    z->no_takeover = no_takeover ? 1 : 0;
    strategy = Z_DEFAULT_STRATEGY;

    /*
     * Without a zlib header there is no window of 8 bits; one of 9 whose
     * distances are all 1 is a proper stream for a peer that has 8.
     */

    if (bits < 9) {
        bits = 9;
        strategy = Z_RLE;
    }

    /* hash table and pending buffer in proportion to the window */

    memory = (int) bits - 7;

    if (deflateInit2(&z->zs, level, Z_DEFLATED, -(int) bits, memory, strategy)
        != Z_OK)
    {
        free(z);
        return NULL;
    }

    return z;
}


void
rooms_deflate_destroy(rooms_deflate_t *z)
{
    if (z == NULL) {
        return;
    }

    (void) deflateEnd(&z->zs);
    free(z);
}


rooms_int_t
rooms_deflate_message(rooms_deflate_t *z, rooms_str_t in, rooms_buf_t *b)
{
    size_t     n, want;
    z_stream  *zs;

    zs = &z->zs;

    if (z->no_takeover) {
        (void) deflateReset(zs);
    }

    /* nothing would come of a second flush in a row */

    if (in.len == 0) {
        rooms_buf_byte(b, 0x00);
        return b->failed ? ROOMS_ERROR : ROOMS_OK;
    }

    want = in.len / 2 + ROOMS_DEFLATE_CHUNK;

    do {
        zs->next_out = rooms_buf_reserve(b, want);

        if (zs->next_out == NULL) {
            return ROOMS_ERROR;
        }

        zs->avail_out = rooms_deflate_avail(b->cap - b->len);

        n = rooms_deflate_avail(in.len);

        zs->next_in = (Bytef *) in.data;
        zs->avail_in = (uInt) n;

        /* with room to spare, there is nothing it could fail at */

        (void) deflate(zs, n < in.len ? Z_NO_FLUSH : Z_SYNC_FLUSH);

        in.data += n - zs->avail_in;
        in.len -= n - zs->avail_in;

        b->len = (size_t) (zs->next_out - b->data);
        want = ROOMS_DEFLATE_CHUNK;

    } while (in.len || zs->avail_out == 0);

    b->len -= sizeof(rooms_deflate_tail);

    return ROOMS_OK;
}
