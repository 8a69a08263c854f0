
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include <rooms_rate.h>


#define START  1700000000000ull


static void
test_size(void **state)
{
    (void) state;

    assert_int_equal(sizeof(rooms_rate_t), 16);
}


static void
test_boundary(void **state)
{
    unsigned      i, limit;
    rooms_rate_t  rate;

    (void) state;

    for (limit = 1; limit < 30; limit++) {

        memset(&rate, 0, sizeof(rate));

        for (i = 0; i < limit; i++) {
            assert_int_equal(rooms_rate_wait(&rate, limit, 1000, START + i),
                             0);
            assert_int_equal(rooms_rate_take(&rate, limit, 1000, START + i),
                             ROOMS_OK);
        }

        assert_int_equal(rooms_rate_take(&rate, limit, 1000, START + 999),
                         ROOMS_DECLINED);
        assert_int_equal(rooms_rate_wait(&rate, limit, 1000, START + 999), 1);
        assert_int_equal(rooms_rate_wait(&rate, limit, 1000, START + 1000),
                         0);

        /* refused ones have not prolonged it, and the next is a full one */

        for (i = 0; i < limit; i++) {
            assert_int_equal(rooms_rate_take(&rate, limit, 1000, START + 1000),
                             ROOMS_OK);
        }

        assert_int_equal(rooms_rate_take(&rate, limit, 1000, START + 1999),
                         ROOMS_DECLINED);
        assert_int_equal(rooms_rate_take(&rate, limit, 1000, START + 5000),
                         ROOMS_OK);
    }
}


static void
test_zero_time(void **state)
{
    rooms_rate_t  rate;

    (void) state;

    memset(&rate, 0, sizeof(rate));

    assert_int_equal(rooms_rate_take(&rate, 1, 10, 0), ROOMS_OK);
    assert_int_equal(rooms_rate_take(&rate, 1, 10, 9), ROOMS_DECLINED);
    assert_int_equal(rooms_rate_take(&rate, 1, 10, 10), ROOMS_OK);
}


static void
test_time_goes_back(void **state)
{
    rooms_rate_t  rate;

    (void) state;

    memset(&rate, 0, sizeof(rate));

    assert_int_equal(rooms_rate_take(&rate, 1, 1000, START), ROOMS_OK);
    assert_int_equal(rooms_rate_wait(&rate, 1, 1000, START - 500), 1000);
    assert_int_equal(rooms_rate_take(&rate, 1, 1000, START - 500),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_rate_take(&rate, 1, 1000, START + 499),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_rate_take(&rate, 1, 1000, START + 500), ROOMS_OK);
}


static void
test_unlimited(void **state)
{
    unsigned      i;
    rooms_rate_t  rate;

    (void) state;

    memset(&rate, 0, sizeof(rate));

    for (i = 0; i < 100; i++) {
        assert_int_equal(rooms_rate_take(&rate, 0, 1000, START), ROOMS_OK);
        assert_int_equal(rooms_rate_take(&rate, 1, 0, START), ROOMS_OK);
    }

    assert_int_equal(rooms_rate_wait(&rate, 0, 1000, START), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_boundary),
        cmocka_unit_test(test_zero_time),
        cmocka_unit_test(test_time_goes_back),
        cmocka_unit_test(test_unlimited)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
