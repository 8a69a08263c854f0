
/*
 * Copyright (C) nginx rooms contributors
 *
 * SipHash-2-4 with 128 bits of output, after J.-P. Aumasson and
 * D. J. Bernstein, "SipHash: a fast short-input PRF".
 */


#include <rooms_journal_int.h>


#define rooms_rotl(x, b)  (((x) << (b)) | ((x) >> (64 - (b))))


static void
rooms_sip_rounds(uint64_t *v, unsigned n)
{
    while (n--) {
        v[0] += v[1];
        v[1] = rooms_rotl(v[1], 13);
        v[1] ^= v[0];
        v[0] = rooms_rotl(v[0], 32);

        v[2] += v[3];
        v[3] = rooms_rotl(v[3], 16);
        v[3] ^= v[2];

        v[0] += v[3];
        v[3] = rooms_rotl(v[3], 21);
        v[3] ^= v[0];

        v[2] += v[1];
        v[1] = rooms_rotl(v[1], 17);
        v[1] ^= v[2];
        v[2] = rooms_rotl(v[2], 32);
    }
}


static uint64_t
rooms_sip_word(const unsigned char *p, size_t n)
{
    size_t    i;
    uint64_t  w;

    w = 0;

    for (i = 0; i < n; i++) {
        w |= (uint64_t) p[i] << (8 * i);
    }

    return w;
}


static uint64_t
rooms_sip_word8(const unsigned char *p)
{
    uint64_t  w;

    memcpy(&w, p, 8);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif

    return w;
}


void
rooms_journal_digest(const uint64_t *key, rooms_str_t name, uint64_t *hash)
{
    size_t                rest;
    uint64_t              v[4], m;
    const unsigned char  *p;

    v[0] = key[0] ^ 0x736f6d6570736575;
    v[1] = key[1] ^ 0x646f72616e646f6d ^ 0xee;
    v[2] = key[0] ^ 0x6c7967656e657261;
    v[3] = key[1] ^ 0x7465646279746573;

    p = name.data;

    for (rest = name.len; rest >= 8; rest -= 8) {
        m = rooms_sip_word8(p);
        p += 8;

        v[3] ^= m;
        rooms_sip_rounds(v, 2);
        v[0] ^= m;
    }

    m = rooms_sip_word(p, rest) | (uint64_t) name.len << 56;

    v[3] ^= m;
    rooms_sip_rounds(v, 2);
    v[0] ^= m;

    v[2] ^= 0xee;
    rooms_sip_rounds(v, 4);
    hash[0] = v[0] ^ v[1] ^ v[2] ^ v[3];

    v[1] ^= 0xdd;
    rooms_sip_rounds(v, 4);
    hash[1] = v[0] ^ v[1] ^ v[2] ^ v[3];

    if (hash[0] == 0) {
        hash[0] = 1;
    }
}
