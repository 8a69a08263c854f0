
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include <rooms_deflate.h>


#define hex(s)  rooms_str(s, sizeof(s) - 1)


/* Text that repeats itself over distances beyond each window. */

static rooms_str_t
text(size_t n)
{
    size_t          i, back;
    uint32_t        seed;
    unsigned char  *p;

    p = malloc(n ? n : 1);
    assert_non_null(p);
    seed = 1;

    for (i = 0; i < n; i++) {

        back = (size_t) 17 << (i / 64 % 11);

        if (i >= back && i % 64 > 20) {
            p[i] = p[i - back];
            continue;
        }

        seed = seed * 1664525 + 1013904223;
        p[i] = (unsigned char) ('a' + (seed >> 24) % 26);
    }

    return rooms_str(p, n);
}


static void
expect_inflated(rooms_inflate_t *z, rooms_str_t in, const char *expected)
{
    rooms_buf_t  b;

    rooms_buf_init(&b, 1000);
    rooms_buf_byte(&b, '.');

    assert_int_equal(rooms_inflate_message(z, in, &b), ROOMS_OK);

    rooms_buf_byte(&b, '\0');
    assert_int_equal(b.data[0], '.');
    assert_string_equal((char *) b.data + 1, expected);

    rooms_buf_free(&b);
}


/* The examples of RFC 7692, section 7.2.3. */

static void
test_examples(void **state)
{
    rooms_inflate_t  *z;

    (void) state;

    z = rooms_inflate_create(15, 0);
    assert_non_null(z);

    expect_inflated(z, hex("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");

    /* sharing the window */

    expect_inflated(z, hex("\xf2\x00\x11\x00\x00"), "Hello");

    /* a block without compression */

    expect_inflated(z, hex("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
                    "Hello");

    /* BFINAL, and the window goes on behind it */

    expect_inflated(z, hex("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello");
    expect_inflated(z, hex("\xf2\x00\x11\x00\x00"), "Hello");

    /* two blocks in one message */

    expect_inflated(z, hex("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9"
                           "\x07\x00"), "Hello");

    expect_inflated(z, hex("\x00"), "");
    expect_inflated(z, rooms_str(NULL, 0), "");

    rooms_inflate_destroy(z);
}


static void
test_final_blocks(void **state)
{
    rooms_inflate_t  *z;

    (void) state;

    z = rooms_inflate_create(15, 0);
    assert_non_null(z);

    /* nothing behind the final block, not even the octet 0 */

    expect_inflated(z, hex("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello");
    expect_inflated(z, hex("\xf2\x00\x11\x00\x00"), "Hello");

    /* an empty final block that the tail completes */

    expect_inflated(z, hex("\x01"), "");

    /* several final blocks, and data behind them */

    expect_inflated(z, hex("\x03\x00\x03\x00\xf3\x48\xcd\xc9\xc9\x07\x00"
                           "\xf2\x00\x11\x00\x00"), "HelloHello");

    rooms_inflate_destroy(z);
}


static void
refuse(rooms_str_t in)
{
    rooms_buf_t       b;
    rooms_inflate_t  *z;

    z = rooms_inflate_create(15, 1);
    assert_non_null(z);
    rooms_buf_init(&b, 1000);

    assert_int_equal(rooms_inflate_message(z, in, &b), ROOMS_ERROR);

    /* without takeover the next message is none the worse */

    expect_inflated(z, hex("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");

    rooms_buf_free(&b);
    rooms_inflate_destroy(z);
}


static void
test_broken(void **state)
{
    size_t            n;
    rooms_buf_t       b;
    rooms_str_t       in;
    rooms_deflate_t  *z;

    (void) state;

    refuse(hex("\x07"));
    refuse(hex("\xff\xff\xff\xff"));
    refuse(hex("\x00\x05\x00\xfb\xff\x48\x65\x6c\x6c\x6f\x00"));

    /* a distance beyond the start, as from a window that is not there */

    refuse(hex("\xf2\x00\x11\x00\x00"));

    /* behind a final block */

    refuse(hex("\xf3\x48\xcd\xc9\xc9\x07\x00\xff"));

    /* cut short anywhere */

    z = rooms_deflate_create(15, 1, 6);
    assert_non_null(z);
    rooms_buf_init(&b, 0);
    in = text(500);

    assert_int_equal(rooms_deflate_message(z, in, &b), ROOMS_OK);

    for (n = 1; n < b.len - 1; n++) {
        refuse(rooms_str(b.data, n));
    }

    free((void *) in.data);
    rooms_buf_free(&b);
    rooms_deflate_destroy(z);
}


static void
test_limit(void **state)
{
    size_t            limit, before;
    rooms_int_t       rc;
    rooms_buf_t       b, out;
    rooms_str_t       in;
    rooms_deflate_t  *z;
    rooms_inflate_t  *y;

    (void) state;

    z = rooms_deflate_create(15, 1, 6);
    y = rooms_inflate_create(15, 1);
    assert_non_null(z);
    assert_non_null(y);

    rooms_buf_init(&b, 0);
    in = text(1000);
    assert_int_equal(rooms_deflate_message(z, in, &b), ROOMS_OK);

    for (before = 0; before <= 10; before += 10) {
        for (limit = before + 1; limit < before + 1100; limit++) {
            rooms_buf_init(&out, limit);
            rooms_buf_append(&out, "..........", before);

            rc = rooms_inflate_message(y, rooms_str(b.data, b.len), &out);

            assert_true(out.cap <= limit);
            assert_int_equal(rc, limit < before + 1000 ? ROOMS_DECLINED
                                                       : ROOMS_OK);
            assert_int_equal(out.len, rc == ROOMS_OK ? before + 1000 : limit);
            assert_memory_equal(out.data + before, in.data,
                                out.len - before);

            rooms_buf_free(&out);
        }
    }

    /* the limit may be lower than the memory there is */

    rooms_buf_init(&out, 0);
    assert_non_null(rooms_buf_reserve(&out, 5000));
    out.limit = 999;
    rc = rooms_inflate_message(y, rooms_str(b.data, b.len), &out);
    assert_int_equal(rc, ROOMS_DECLINED);
    assert_int_equal(out.len, 999);
    rooms_buf_free(&out);

    free((void *) in.data);
    rooms_buf_free(&b);
    rooms_deflate_destroy(z);
    rooms_inflate_destroy(y);
}


/* A thousandfold: 16 MiB of zeroes stop at the limit. */

static void
test_bomb(void **state)
{
    rooms_buf_t       b, out;
    rooms_deflate_t  *z;
    rooms_inflate_t  *y;
    unsigned char    *zeroes;

    (void) state;

    z = rooms_deflate_create(15, 0, 9);
    y = rooms_inflate_create(15, 0);
    zeroes = calloc(1, 16 << 20);
    assert_non_null(z);
    assert_non_null(y);
    assert_non_null(zeroes);

    rooms_buf_init(&b, 0);
    assert_int_equal(rooms_deflate_message(z, rooms_str(zeroes, 16 << 20),
                                           &b), ROOMS_OK);
    assert_true(b.len < 20000);

    rooms_buf_init(&out, 100000);
    assert_int_equal(rooms_inflate_message(y, rooms_str(b.data, b.len), &out),
                     ROOMS_DECLINED);
    assert_true(out.cap <= 100000);

    free(zeroes);
    rooms_buf_free(&b);
    rooms_buf_free(&out);
    rooms_deflate_destroy(z);
    rooms_inflate_destroy(y);
}


static void
round_trip(unsigned bits, unsigned no_takeover, int level)
{
    static const size_t  sizes[] = { 0, 1, 0, 0, 5, 100, 256, 257, 1000, 3333,
                                     0, 70000, 70000, 200000, 7 };

    size_t            i;
    rooms_buf_t       b, out;
    rooms_str_t       in;
    rooms_deflate_t  *z;
    rooms_inflate_t  *y;

    z = rooms_deflate_create(bits, no_takeover, level);
    y = rooms_inflate_create(bits, no_takeover);
    assert_non_null(z);
    assert_non_null(y);

    rooms_buf_init(&b, 0);
    rooms_buf_init(&out, 0);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        rooms_buf_reset(&b);
        rooms_buf_reset(&out);
        in = text(sizes[i]);

        assert_int_equal(rooms_deflate_message(z, in, &b), ROOMS_OK);
        assert_true(b.len > 0);

        assert_int_equal(rooms_inflate_message(y, rooms_str(b.data, b.len),
                                               &out), ROOMS_OK);
        assert_int_equal(out.len, in.len);

        if (in.len) {
            assert_memory_equal(out.data, in.data, in.len);
        }

        free((void *) in.data);
    }

    rooms_buf_free(&b);
    rooms_buf_free(&out);
    rooms_deflate_destroy(z);
    rooms_inflate_destroy(y);
}


static void
test_round_trips(void **state)
{
    int       level;
    unsigned  bits;

    (void) state;

    for (bits = 8; bits <= 15; bits++) {
        round_trip(bits, 0, 6);
        round_trip(bits, 1, 1);
    }

    for (level = 0; level <= 9; level++) {
        round_trip(10, 1, level);
        round_trip(15, 0, level);
    }
}


/*
 * No distance may be beyond the window that was agreed.  zlib allows what its
 * own window holds, and that is no less than 256 octets with raw inflate.
 */

static void
test_windows_are_kept(void **state)
{
    unsigned          bits;
    z_stream          zs;
    rooms_buf_t       b;
    rooms_str_t       in;
    unsigned char    *out;
    rooms_deflate_t  *z;

    (void) state;

    in = text(200000);
    out = malloc(200000);
    assert_non_null(out);

    for (bits = 8; bits <= 15; bits++) {
        z = rooms_deflate_create(bits, 0, 9);
        assert_non_null(z);

        rooms_buf_init(&b, 0);
        assert_int_equal(rooms_deflate_message(z, in, &b), ROOMS_OK);
        rooms_buf_append(&b, "\x00\x00\xff\xff", 4);

        memset(&zs, 0, sizeof(zs));
        assert_int_equal(inflateInit2(&zs, -(int) bits), Z_OK);

        /* octet by octet, so that the window alone is what it looks at */

        zs.next_in = b.data;
        zs.avail_in = (uInt) b.len;
        zs.next_out = out;

        while (zs.total_out < 200000) {
            zs.avail_out = 1;
            assert_int_equal(inflate(&zs, Z_SYNC_FLUSH), Z_OK);
        }

        assert_memory_equal(out, in.data, 200000);

        assert_int_equal(inflateEnd(&zs), Z_OK);
        rooms_buf_free(&b);
        rooms_deflate_destroy(z);
    }

    free(out);
    free((void *) in.data);
}


static void
test_takeover(void **state)
{
    unsigned          no;
    rooms_buf_t       b;
    rooms_str_t       in;
    size_t            first;
    rooms_deflate_t  *z;

    (void) state;

    in = text(500);

    for (no = 0; no < 2; no++) {
        z = rooms_deflate_create(10, no, 6);
        assert_non_null(z);
        rooms_buf_init(&b, 0);

        assert_int_equal(rooms_deflate_message(z, in, &b), ROOMS_OK);
        first = b.len;
        assert_int_equal(rooms_deflate_message(z, in, &b), ROOMS_OK);

        if (no) {
            assert_int_equal(b.len, 2 * first);
            assert_memory_equal(b.data, b.data + first, first);

        } else {
            assert_true(b.len - first < first / 10);
        }

        rooms_buf_free(&b);
        rooms_deflate_destroy(z);
    }

    free((void *) in.data);
}


static void
test_deflate_limit(void **state)
{
    rooms_buf_t       b;
    rooms_str_t       in;
    rooms_deflate_t  *z;

    (void) state;

    z = rooms_deflate_create(10, 1, 6);
    assert_non_null(z);
    in = text(10000);

    rooms_buf_init(&b, 300);
    assert_int_equal(rooms_deflate_message(z, in, &b), ROOMS_ERROR);
    assert_int_equal(b.failed, 1);
    rooms_buf_free(&b);

    rooms_buf_init(&b, 300);
    assert_int_equal(rooms_deflate_message(z, rooms_str("Hello", 5), &b),
                     ROOMS_OK);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.data, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    rooms_buf_free(&b);

    free((void *) in.data);
    rooms_deflate_destroy(z);
}


static void
test_bad_level(void **state)
{
    (void) state;

    assert_null(rooms_deflate_create(15, 0, 10));
    assert_null(rooms_deflate_create(16, 0, 6));
    assert_null(rooms_inflate_create(16, 0));

    rooms_deflate_destroy(NULL);
    rooms_inflate_destroy(NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_final_blocks),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_windows_are_kept),
        cmocka_unit_test(test_takeover),
        cmocka_unit_test(test_deflate_limit),
        cmocka_unit_test(test_bad_level)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
