
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_bus.h>


static void
test_records(void **unused)
{
    rooms_buf_t         b;
    rooms_str_t         in;
    rooms_bus_record_t  r;

    (void) unused;

    rooms_buf_init(&b, 0);

    r.time = UINT64_C(0x0102030405060708);
    r.removed = 0;
    r.fact = rooms_str("a\0b", 3);
    r.messages = rooms_str(NULL, 0);
    rooms_bus_write(&b, &r);

    r.time = 0;
    r.removed = 1;
    r.fact = rooms_str(NULL, 0);
    r.messages = rooms_str("hear", 4);
    rooms_bus_write(&b, &r);

    in = rooms_str(b.data, b.len);

    assert_int_equal(rooms_bus_read(&in, &r), ROOMS_OK);
    assert_true(r.time == UINT64_C(0x0102030405060708));
    assert_int_equal(r.removed, 0);
    assert_int_equal(r.fact.len, 3);
    assert_memory_equal(r.fact.data, "a\0b", 3);
    assert_int_equal(r.messages.len, 0);

    assert_int_equal(rooms_bus_read(&in, &r), ROOMS_OK);
    assert_int_equal(r.removed, 1);
    assert_memory_equal(r.messages.data, "hear", 4);

    assert_int_equal(rooms_bus_read(&in, &r), ROOMS_DONE);

    rooms_buf_free(&b);
}


/* Cut anywhere, or longer inside than it says: damaged, never read over. */

static void
test_damaged(void **unused)
{
    size_t               n;
    rooms_buf_t          b;
    rooms_str_t          in;
    unsigned char       *copy;
    rooms_bus_record_t   r;

    (void) unused;

    rooms_buf_init(&b, 0);

    r.time = 7;
    r.removed = 0;
    r.fact = rooms_str("fact", 4);
    r.messages = rooms_str("messages", 8);
    rooms_bus_write(&b, &r);

    for (n = 1; n < b.len; n++) {
        copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, b.data, n);

        in = rooms_str(copy, n);
        assert_int_equal(rooms_bus_read(&in, &r), ROOMS_ERROR);

        free(copy);
    }

    /* the length of all of it does not agree with that of the parts */

    b.data[0]--;
    in = rooms_str(b.data, b.len);
    assert_int_equal(rooms_bus_read(&in, &r), ROOMS_ERROR);

    b.data[0] += 2;
    rooms_buf_byte(&b, 0);
    in = rooms_str(b.data, b.len);
    assert_int_equal(rooms_bus_read(&in, &r), ROOMS_ERROR);

    rooms_buf_free(&b);
}


static void
header(const char *text, rooms_int_t rc)
{
    rooms_str_t         in;
    rooms_bus_header_t  h;

    in = rooms_str(text, strlen(text));
    assert_int_equal(rooms_bus_header(&in, &h), rc);
}


static void
test_header(void **unused)
{
    rooms_str_t         in;
    rooms_bus_header_t  h;

    (void) unused;

    in = rooms_str("18446744073709551615 0 8 4294967295 3\nrest", 42);

    assert_int_equal(rooms_bus_header(&in, &h), ROOMS_OK);
    assert_true(h.epoch == UINT64_MAX);
    assert_true(h.prev == 0 && h.first == 8 && h.seq == 3);
    assert_true(h.owner == 4294967295u);
    assert_int_equal(in.len, 4);
    assert_memory_equal(in.data, "rest", 4);

    header("", ROOMS_ERROR);
    header("1 2 3 4 5", ROOMS_ERROR);
    header("1 2 3 4\n", ROOMS_ERROR);
    header("1 2 3 4 5 6\n", ROOMS_ERROR);
    header("1  3 4 5\n", ROOMS_ERROR);
    header("1 -2 3 4 5\n", ROOMS_ERROR);
    header("1 2 3 4 18446744073709551616\n", ROOMS_ERROR);
}


static void
test_number(void **unused)
{
    uint64_t  n;

    (void) unused;

    n = 7;

    assert_int_equal(rooms_bus_number(rooms_str("", 0), &n), ROOMS_ERROR);
    assert_int_equal(rooms_bus_number(rooms_str("+1", 2), &n), ROOMS_ERROR);
    assert_int_equal(rooms_bus_number(rooms_str("1a", 2), &n), ROOMS_ERROR);
    assert_true(n == 7);

    assert_int_equal(rooms_bus_number(rooms_str("007", 3), &n), ROOMS_OK);
    assert_true(n == 7);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_number)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
