
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_buf.h>


static void
holds(const rooms_buf_t *b, const char *data, size_t len)
{
    assert_int_equal(b->len, len);
    assert_memory_equal(b->data, data, len);
}


static void
test_growing(void **unused)
{
    size_t       i;
    rooms_buf_t  b;

    (void) unused;

    rooms_buf_init(&b, 0);

    rooms_buf_append(&b, "", 0);
    assert_null(b.data);

    for (i = 0; i < 5000; i++) {
        rooms_buf_byte(&b, (unsigned char) i);
        rooms_buf_append(&b, "abc", i % 4);
    }

    assert_int_equal(b.len, 5000 + 5000 / 4 * 6);
    assert_false(b.failed);
    assert_int_equal(b.data[0], 0);
    assert_int_equal(b.data[1], 1);
    assert_int_equal(b.data[2], 'a');

    rooms_buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_true(b.cap >= 5000);

    rooms_buf_str(&b, rooms_str("xyz", 3));
    holds(&b, "xyz", 3);

    rooms_buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.cap, 0);

    rooms_buf_byte(&b, 'x');
    holds(&b, "x", 1);
    rooms_buf_free(&b);
}


static void
test_limit(void **unused)
{
    rooms_buf_t  b;

    (void) unused;

    rooms_buf_init(&b, 5);

    rooms_buf_append(&b, "abc", 3);
    assert_non_null(rooms_buf_reserve(&b, 2));
    assert_true(b.cap <= 5);

    rooms_buf_append(&b, "def", 3);
    assert_true(b.failed);
    holds(&b, "abc", 3);

    /* it stays failed, also for what would fit */

    rooms_buf_byte(&b, 'd');
    assert_null(rooms_buf_reserve(&b, 1));
    holds(&b, "abc", 3);

    rooms_buf_reset(&b);
    assert_false(b.failed);

    rooms_buf_append(&b, "abcde", 5);
    assert_false(b.failed);
    holds(&b, "abcde", 5);

    rooms_buf_free(&b);

    rooms_buf_init(&b, 0);
    assert_null(rooms_buf_reserve(&b, SIZE_MAX / 2));
    assert_true(b.failed);
    rooms_buf_free(&b);
    assert_false(b.failed);
}


static void
test_reserve(void **unused)
{
    rooms_buf_t     b;
    unsigned char  *p;

    (void) unused;

    rooms_buf_init(&b, 0);

    rooms_buf_append(&b, "ab", 2);

    p = rooms_buf_reserve(&b, 1000);
    assert_non_null(p);
    memset(p, 'x', 1000);
    assert_int_equal(b.len, 2);

    b.len += 1000;
    assert_memory_equal(b.data, "abx", 3);
    assert_int_equal(b.data[1001], 'x');

    rooms_buf_reset(&b);
    assert_non_null(rooms_buf_reserve(&b, 0));

    rooms_buf_free(&b);
}


static void
test_numbers(void **unused)
{
    rooms_buf_t  b;

    (void) unused;

    rooms_buf_init(&b, 0);

    rooms_buf_uint(&b, 0);
    rooms_buf_byte(&b, ' ');
    rooms_buf_uint(&b, 10);
    rooms_buf_byte(&b, ' ');
    rooms_buf_uint(&b, UINT64_MAX);
    holds(&b, "0 10 18446744073709551615", 25);

    rooms_buf_reset(&b);
    rooms_buf_u16(&b, 0x0102);
    rooms_buf_u32(&b, 0x03040506);
    rooms_buf_u64(&b, 0x0708090a0b0c0d0e);
    holds(&b, "\2\1\6\5\4\3\16\15\14\13\12\11\10\7", 14);

    rooms_buf_free(&b);
}


static void
test_reading_back(void **unused)
{
    size_t       cut;
    uint8_t      u8;
    uint16_t     u16;
    uint32_t     u32;
    uint64_t     u64;
    rooms_buf_t  b;
    rooms_str_t  in, s, before;

    (void) unused;

    rooms_buf_init(&b, 0);

    rooms_buf_byte(&b, 200);
    rooms_buf_u16(&b, 0xfedc);
    rooms_buf_u32(&b, 0xfedcba98);
    rooms_buf_u64(&b, 0xfedcba9876543210);
    rooms_buf_str16(&b, rooms_str("one", 3));
    rooms_buf_str32(&b, rooms_str("", 0));
    rooms_buf_str32(&b, rooms_str("three", 5));
    assert_false(b.failed);

    in = rooms_str(b.data, b.len);

    assert_int_equal(rooms_get_u8(&in, &u8), ROOMS_OK);
    assert_int_equal(u8, 200);
    assert_int_equal(rooms_get_u16(&in, &u16), ROOMS_OK);
    assert_int_equal(u16, 0xfedc);
    assert_int_equal(rooms_get_u32(&in, &u32), ROOMS_OK);
    assert_int_equal(u32, 0xfedcba98);
    assert_int_equal(rooms_get_u64(&in, &u64), ROOMS_OK);
    assert_true(u64 == 0xfedcba9876543210);

    assert_int_equal(rooms_get_str16(&in, &s), ROOMS_OK);
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.data, "one", 3);
    assert_int_equal(rooms_get_str32(&in, &s), ROOMS_OK);
    assert_int_equal(s.len, 0);

    /* cut short anywhere, nothing is taken */

    for (cut = 0; cut < in.len; cut++) {
        before = rooms_str(in.data, cut);
        s = rooms_str("kept", 4);

        assert_int_equal(rooms_get_str32(&before, &s), ROOMS_ERROR);
        assert_ptr_equal(before.data, in.data);
        assert_int_equal(before.len, cut);
        assert_int_equal(s.len, 4);
    }

    assert_int_equal(rooms_get_str32(&in, &s), ROOMS_OK);
    assert_memory_equal(s.data, "three", 5);
    assert_int_equal(in.len, 0);

    assert_int_equal(rooms_get_u8(&in, &u8), ROOMS_ERROR);
    assert_int_equal(rooms_get_u16(&in, &u16), ROOMS_ERROR);
    assert_int_equal(rooms_get_u32(&in, &u32), ROOMS_ERROR);
    assert_int_equal(rooms_get_u64(&in, &u64), ROOMS_ERROR);
    assert_int_equal(rooms_get_str16(&in, &s), ROOMS_ERROR);

    rooms_buf_free(&b);
}


static void
test_string_too_long(void **unused)
{
    rooms_buf_t  b;

    static unsigned char  data[65536];

    (void) unused;

    rooms_buf_init(&b, 0);

    rooms_buf_str16(&b, rooms_str(data, 65535));
    assert_false(b.failed);
    assert_int_equal(b.len, 65537);

    rooms_buf_str16(&b, rooms_str(data, 65536));
    assert_true(b.failed);
    assert_int_equal(b.len, 65537);

    rooms_buf_free(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_reading_back),
        cmocka_unit_test(test_string_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
