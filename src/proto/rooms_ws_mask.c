
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_ws.h>


/* The mask as it stands for the octet that is due. */

static inline uint32_t
rooms_ws_rotate(uint32_t mask, unsigned phase)
{
    unsigned       i;
    unsigned char  from[4], to[4];

    memcpy(from, &mask, 4);

    for (i = 0; i < 4; i++) {
        to[i] = from[(i + phase) & 3];
    }

    memcpy(&mask, to, 4);

    return mask;
}


uint64_t
rooms_ws_unmask(unsigned char *p, size_t n, uint32_t mask, unsigned phase)
{
    uint32_t  half;
    uint64_t  word[4], wide, bits;

    if (phase) {
        mask = rooms_ws_rotate(mask, phase);
    }

    bits = 0;
    wide = (uint64_t) mask << 32 | mask;

    for ( /* void */ ; n >= 32; n -= 32, p += 32) {
        memcpy(word, p, 32);

        word[0] ^= wide;
        word[1] ^= wide;
        word[2] ^= wide;
        word[3] ^= wide;

        memcpy(p, word, 32);
        bits |= word[0] | word[1] | word[2] | word[3];
    }

    for ( /* void */ ; n >= 8; n -= 8, p += 8) {
        memcpy(word, p, 8);
        word[0] ^= wide;
        memcpy(p, word, 8);
        bits |= word[0];
    }

    if (n >= 4) {
        memcpy(&half, p, 4);
        half ^= mask;
        memcpy(p, &half, 4);
        bits |= half;

        n -= 4;
        p += 4;
    }

    /* at most three more */

    for (phase = 0; phase < n; phase++) {
        p[phase] ^= ((unsigned char *) &mask)[phase];
        bits |= p[phase];
    }

    return bits;
}
