
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_utf8.h>


#define ROOMS_UTF8_HIGH  UINT64_C(0x8080808080808080)
#define ROOMS_UTF8_ONES  UINT64_C(0x0101010101010101)


static const unsigned char *
rooms_utf8_ascii(const unsigned char *p, const unsigned char *end)
{
    uint64_t  word;

    while (end - p >= 8) {
        memcpy(&word, p, 8);

        if (word & ROOMS_UTF8_HIGH) {
            break;
        }

        p += 8;
    }

    while (p < end && *p < 0x80) {
        p++;
    }

    return p;
}


/*
 * Passes over characters of two and three octets that lie whole in the input
 * and whose second octet has no bounds of its own; all else is for the states.
 */

static const unsigned char *
rooms_utf8_run(const unsigned char *p, const unsigned char *end)
{
    while (end - p >= 3) {

        if (p[0] >= 0xc2 && p[0] <= 0xdf && (p[1] & 0xc0) == 0x80) {
            p += 2;
            continue;
        }

        if (p[0] > 0xe0 && p[0] <= 0xef && p[0] != 0xed
            && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80)
        {
            p += 3;
            continue;
        }

        break;
    }

    return p;
}


static rooms_int_t
rooms_utf8_lead(rooms_utf8_t *u, unsigned char c)
{
    if (c < 0xc2 || c > 0xf4) {
        return ROOMS_ERROR;
    }

    if (c < 0xe0) {
        u->need = 1;
        return ROOMS_OK;
    }

    if (c < 0xf0) {
        u->need = 2;

        /* E0 80..9F would be overlong, ED A0..BF a surrogate */

        u->low = (c == 0xe0) ? 0xa0 : 0;
        u->high = (c == 0xed) ? 0x9f : 0;

        return ROOMS_OK;
    }

    u->need = 3;

    /* F0 80..8F would be overlong, F4 90..BF is above U+10FFFF */

    u->low = (c == 0xf0) ? 0x90 : 0;
    u->high = (c == 0xf4) ? 0x8f : 0;

    return ROOMS_OK;
}


rooms_int_t
rooms_utf8_check(rooms_utf8_t *u, const unsigned char *p, size_t n)
{
    unsigned char         c;
    rooms_utf8_t          s;
    const unsigned char  *end;

    if (n == 0) {
        return ROOMS_OK;
    }

    s = *u;
    end = p + n;

    while (p < end) {

        if (s.need == 0) {
            p = (*p < 0x80) ? rooms_utf8_ascii(p, end)
                            : rooms_utf8_run(p, end);

            if (p < end && *p >= 0x80
                && rooms_utf8_lead(&s, *p++) != ROOMS_OK)
            {
                return ROOMS_ERROR;
            }

            continue;
        }

        c = *p++;

        if (c < (s.low ? s.low : 0x80) || c > (s.high ? s.high : 0xbf)) {
            return ROOMS_ERROR;
        }

        s.need--;
        s.low = 0;
        s.high = 0;
    }

    *u = s;

    return ROOMS_OK;
}


size_t
rooms_utf8_count(const unsigned char *p, size_t n)
{
    size_t    count;
    uint64_t  word;

    count = n;

    for ( /* void */ ; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);

        /* one bit for each octet that is 10xxxxxx, added up by the product */

        word = (word >> 7) & (~word >> 6) & ROOMS_UTF8_ONES;
        count -= (size_t) ((word * ROOMS_UTF8_ONES) >> 56);
    }

    for ( /* void */ ; n; n--, p++) {
        if ((*p & 0xc0) == 0x80) {
            count--;
        }
    }

    return count;
}
