
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <rooms_limits.h>


#define NOW  UINT64_C(1700000000000)


static const rooms_limits_kind_t  kinds[] = { { 10, 1000 }, { 3, 60000 } };


static rooms_limits_t *
make(void)
{
    rooms_limits_t  *limits;

    limits = malloc(rooms_limits_size(kinds, 2));
    assert_non_null(limits);
    rooms_limits_init(limits, kinds, 2);

    return limits;
}


static void
test_boundary(void **state)
{
    unsigned               i;
    rooms_limits_t        *limits;
    rooms_limits_state_t   s;

    (void) state;

    limits = make();

    for (i = 0; i < 10; i++) {
        assert_int_equal(rooms_limits_take(limits, 0, 7, NOW + i, &s),
                         ROOMS_OK);
        assert_int_equal(s.limit, 10);
        assert_int_equal(s.left, 9 - i);
        assert_int_equal(s.reset, NOW + 1000);
    }

    assert_int_equal(rooms_limits_take(limits, 0, 7, NOW + 999, &s),
                     ROOMS_DECLINED);
    assert_int_equal(s.left, 0);
    assert_int_equal(s.reset, NOW + 1000);

    /* one leaves the window, and one more comes in */

    assert_int_equal(rooms_limits_take(limits, 0, 7, NOW + 1000, &s),
                     ROOMS_OK);
    assert_int_equal(s.left, 0);
    assert_int_equal(s.reset, NOW + 1001);
    assert_int_equal(rooms_limits_take(limits, 0, 7, NOW + 1000, &s),
                     ROOMS_DECLINED);

    /* all of them have */

    assert_int_equal(rooms_limits_take(limits, 0, 7, NOW + 2500, &s),
                     ROOMS_OK);
    assert_int_equal(s.left, 9);

    free(limits);
}


/* Another caller, another kind, and one that there is not. */

static void
test_apart(void **state)
{
    unsigned               i;
    rooms_limits_t        *limits;
    rooms_limits_state_t   s;

    (void) state;

    limits = make();

    for (i = 0; i < 3; i++) {
        assert_int_equal(rooms_limits_take(limits, 1, 7, NOW, &s), ROOMS_OK);
    }

    assert_int_equal(rooms_limits_take(limits, 1, 7, NOW, &s),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_limits_take(limits, 1, 8, NOW, &s), ROOMS_OK);
    assert_int_equal(rooms_limits_take(limits, 0, 7, NOW, &s), ROOMS_OK);
    assert_int_equal(s.left, 9);
    assert_int_equal(rooms_limits_take(limits, 2, 7, NOW, &s), ROOMS_OK);
    assert_int_equal(s.limit, 0);

    free(limits);
}


/* Of too many callers the one that was silent the longest is forgotten. */

static void
test_full(void **state)
{
    unsigned               i;
    uint64_t               caller;
    rooms_limits_t        *limits;
    rooms_limits_state_t   s;

    (void) state;

    limits = make();

    for (i = 0; i < 3; i++) {
        (void) rooms_limits_take(limits, 1, 1, NOW, &s);
    }

    /* all in one set */

    for (i = 1; i < 8; i++) {
        (void) rooms_limits_take(limits, 1, 1 + 1024 * i, NOW + i, &s);
    }

    assert_int_equal(rooms_limits_take(limits, 1, 1, NOW + 9, &s),
                     ROOMS_DECLINED);

    (void) rooms_limits_take(limits, 1, 1 + 1024 * 8, NOW + 10, &s);
    assert_int_equal(rooms_limits_take(limits, 1, 1, NOW + 11, &s),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_limits_take(limits, 1, 1 + 1024, NOW + 12, &s),
                     ROOMS_OK);
    assert_int_equal(s.left, 2);

    /* any number of them */

    for (caller = 0; caller < 100000; caller++) {
        assert_int_equal(rooms_limits_take(limits, 1,
                                           caller * 0x9e3779b97f4a7c15,
                                           NOW + caller, &s), ROOMS_OK);
    }

    free(limits);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boundary),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_full)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
