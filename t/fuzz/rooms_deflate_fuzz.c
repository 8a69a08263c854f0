
/*
 * Copyright (C) nginx rooms contributors
 *
 * The input is an offer, a compressed message, and a message to compress.
 * The first octet sets windows, takeover and level.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_deflate.h>


#define LIMIT  100000


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


/* An answer is good as an offer too, and then leads to itself. */

static void
negotiate(rooms_str_t value, unsigned bits)
{
    rooms_buf_t             answer, again;
    rooms_deflate_params_t  want, got, same;

    memset(&want, 0, sizeof(want));
    want.server_bits = (uint8_t) bits;
    want.client_bits = 15;

    rooms_buf_init(&answer, 0);
    rooms_buf_init(&again, 0);

    if (rooms_deflate_negotiate(value, &want, &got, &answer) == ROOMS_OK) {
        check(got.server_bits >= 8 && got.server_bits <= 15);
        check(got.client_bits >= 8 && got.client_bits <= 15);
        check(got.server_bits <= bits || bits == 8);

        check(rooms_deflate_negotiate(rooms_str(answer.data, answer.len),
                                      &want, &same, &again) == ROOMS_OK);
        check(again.len == answer.len);
        check(memcmp(again.data, answer.data, answer.len) == 0);
        check(same.server_bits == got.server_bits
              && same.client_bits == got.client_bits
              && same.server_no_takeover == got.server_no_takeover
              && same.client_no_takeover == got.client_no_takeover);

    } else {
        check(answer.len == 0);
    }

    rooms_buf_free(&answer);
    rooms_buf_free(&again);
}


/* A lower limit gives the same content, cut there. */

static void
inflate_both(rooms_str_t in, unsigned bits, unsigned no_takeover)
{
    unsigned          i;
    rooms_int_t       rc, less;
    rooms_buf_t       a, b;
    rooms_inflate_t  *y, *z;

    y = rooms_inflate_create(bits, no_takeover);
    z = rooms_inflate_create(bits, no_takeover);
    check(y != NULL && z != NULL);

    for (i = 0; i < 3; i++) {
        rooms_buf_init(&a, LIMIT);
        rooms_buf_init(&b, 1 + in.len * (i + 1) / 2);

        rc = rooms_inflate_message(y, in, &a);
        less = rooms_inflate_message(z, in, &b);

        check(a.cap <= a.limit && b.cap <= b.limit);

        if (a.len > b.limit || less == ROOMS_DECLINED) {
            check(less == ROOMS_DECLINED && b.len == b.limit);
            check(a.len >= b.len);

        } else {
            check(less == rc && b.len == a.len);
        }

        check(b.len == 0 || memcmp(a.data, b.data, b.len) == 0);

        rooms_buf_free(&a);
        rooms_buf_free(&b);

        if (rc != ROOMS_OK || less != ROOMS_OK) {
            break;
        }
    }

    rooms_inflate_destroy(y);
    rooms_inflate_destroy(z);
}


static void
round_trip(rooms_str_t in, unsigned bits, unsigned no_takeover, int level)
{
    unsigned          i;
    rooms_buf_t       a, b;
    rooms_deflate_t  *z;
    rooms_inflate_t  *y;

    z = rooms_deflate_create(bits, no_takeover, level);
    y = rooms_inflate_create(bits, no_takeover);
    check(z != NULL && y != NULL);

    for (i = 0; i < 3; i++) {
        rooms_buf_init(&a, 0);
        rooms_buf_init(&b, in.len ? in.len : 1);

        check(rooms_deflate_message(z, in, &a) == ROOMS_OK);
        check(a.len != 0);
        check(rooms_inflate_message(y, rooms_str(a.data, a.len), &b)
              == ROOMS_OK);
        check(b.len == in.len);
        check(b.len == 0 || memcmp(b.data, in.data, b.len) == 0);

        rooms_buf_free(&a);
        rooms_buf_free(&b);

        in.len -= in.len / 3;
    }

    rooms_deflate_destroy(z);
    rooms_inflate_destroy(y);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          level;
    unsigned     bits, no_takeover;
    rooms_str_t  in;

    if (size == 0) {
        return 0;
    }

    bits = 8 + (data[0] & 7);
    no_takeover = data[0] >> 3 & 1;
    level = (data[0] >> 4) % 10;

    in = rooms_str(data + 1, size - 1);

    negotiate(in, bits);
    inflate_both(in, bits, no_takeover);
    round_trip(in, bits, no_takeover, level);

    return 0;
}
