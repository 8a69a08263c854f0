
/*
 * Copyright (C) nginx rooms contributors
 *
 * Taking arguments apart, at their borders and beyond.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_echo.h>


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static void
assert_is(rooms_str_t s, const char *text)
{
    assert_int_equal(s.len, strlen(text));

    if (s.len) {
        assert_memory_equal(s.data, text, s.len);
    }
}


static void
test_inside(void **state)
{
    (void) state;

    assert_is(rooms_echo_inside(str("[1,2]")), "1,2");
    assert_is(rooms_echo_inside(str(" \n[\t1 , 2\r] ")), "1 , 2");
    assert_is(rooms_echo_inside(str("[]")), "");
    assert_is(rooms_echo_inside(str("[ ]")), "");
    assert_is(rooms_echo_inside(str("")), "");
    assert_is(rooms_echo_inside(str("[")), "");
    assert_is(rooms_echo_inside(str("1")), "");
    assert_is(rooms_echo_inside(rooms_str(NULL, 0)), "");
}


static void
test_take(void **state)
{
    unsigned     i;
    rooms_str_t  rest, item;

    static const char *const  items[] = {
        "\"a,b\"", "[1,[2,3],\"]\"]", "{\"k\":{\"l\":1},\"m\":\"}\"}", "-1.5",
        "\"\\\",\\\\\"", "null", "\"\""
    };

    (void) state;

    rest = str("\"a,b\" , [1,[2,3],\"]\"],{\"k\":{\"l\":1},\"m\":\"}\"}, -1.5 "
               ",\"\\\",\\\\\",null,\"\"");

    for (i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        assert_int_equal(rooms_echo_take(&rest, &item), ROOMS_OK);
        assert_is(item, items[i]);
    }

    assert_int_equal(rest.len, 0);
    assert_int_equal(rooms_echo_take(&rest, &item), ROOMS_DECLINED);
}


static void
test_strings_and_numbers(void **state)
{
    unsigned       n;
    rooms_str_t    rest, out;
    unsigned char  buf[8];

    (void) state;

    rest = str("\"plain\",\"\\u00fc\\n\",12,\"12345678\",\"123456789\",7,"
               "000000009,1e3,1234567890,-1,\"5\"");

    assert_int_equal(rooms_echo_take_string(&rest, buf, 8, &out), ROOMS_OK);
    assert_is(out, "plain");
    assert_int_equal(rooms_echo_take_string(&rest, buf, 8, &out), ROOMS_OK);
    assert_is(out, "\xc3\xbc\n");
    assert_int_equal(rooms_echo_take_string(&rest, buf, 8, &out),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_echo_take_string(&rest, buf, 8, &out), ROOMS_OK);
    assert_is(out, "12345678");
    assert_int_equal(rooms_echo_take_string(&rest, buf, 8, &out),
                     ROOMS_DECLINED);

    assert_int_equal(rooms_echo_take_number(&rest, &n), ROOMS_OK);
    assert_int_equal(n, 7);
    assert_int_equal(rooms_echo_take_number(&rest, &n), ROOMS_OK);
    assert_int_equal(n, 9);

    assert_int_equal(rooms_echo_take_number(&rest, &n), ROOMS_DECLINED);
    assert_int_equal(rooms_echo_take_number(&rest, &n), ROOMS_DECLINED);
    assert_int_equal(rooms_echo_take_number(&rest, &n), ROOMS_DECLINED);
    assert_int_equal(rooms_echo_take_number(&rest, &n), ROOMS_DECLINED);
    assert_int_equal(rest.len, 0);
    assert_int_equal(rooms_echo_take_number(&rest, &n), ROOMS_DECLINED);
    assert_int_equal(rooms_echo_take_string(&rest, buf, 8, &out),
                     ROOMS_DECLINED);
}


/*
 * Text that was not checked: in memory of exactly its length, so that the
 * sanitizer sees a step over the end.  Every take shortens the rest.
 */

static void
test_any_text(void **state)
{
    char         *copy;
    size_t        n, len;
    unsigned      i, k;
    uint32_t      seed;
    rooms_str_t   rest, item;

    static const char  octets[] = "[]{}\",\\:1a \n";

    (void) state;

    seed = 1;

    for (i = 0; i < 20000; i++) {
        n = i % 24;
        copy = malloc(n ? n : 1);
        assert_non_null(copy);

        for (k = 0; k < n; k++) {
            seed = seed * 1103515245 + 12345;
            copy[k] = octets[(seed >> 16) % (sizeof(octets) - 1)];
        }

        rest = (i & 1) ? rooms_str(copy, n)
                       : rooms_echo_inside(rooms_str(copy, n));

        while (rest.len) {
            len = rest.len;
            assert_int_equal(rooms_echo_take(&rest, &item), ROOMS_OK);
            assert_true(rest.len < len);
            assert_true(item.len <= len);
        }

        free(copy);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_strings_and_numbers),
        cmocka_unit_test(test_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
