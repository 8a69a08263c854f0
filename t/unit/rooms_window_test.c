
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <rooms_window.h>


static rooms_window_t *
window(uint32_t limit, uint64_t ms)
{
    rooms_window_t  *w;

    w = malloc(rooms_window_size(limit));
    assert_non_null(w);
    rooms_window_init(w, limit, ms);

    return w;
}


static void
test_boundary(void **state)
{
    unsigned         i;
    rooms_window_t  *w;

    (void) state;

    w = window(100, 60000);

    for (i = 0; i < 100; i++) {
        assert_int_equal(rooms_window_take(w, 1000 + i * 10), ROOMS_OK);
    }

    assert_int_equal(rooms_window_take(w, 2000), ROOMS_DECLINED);
    assert_int_equal(rooms_window_take(w, 60999), ROOMS_DECLINED);

    /* one goes out at a time, so one comes in */

    assert_int_equal(rooms_window_take(w, 61000), ROOMS_OK);
    assert_int_equal(rooms_window_take(w, 61009), ROOMS_DECLINED);
    assert_int_equal(rooms_window_take(w, 61010), ROOMS_OK);

    free(w);
}


/* Of any stretch as long as the window at most limit have passed. */

static void
test_any_stretch(void **state)
{
    uint64_t         now, passed[2000];
    unsigned         i, n;
    rooms_window_t  *w;

    (void) state;

    w = window(7, 100);
    now = 5;
    n = 0;

    for (i = 0; i < 2000; i++) {
        now += (i * 7919) % 13;

        if (rooms_window_take(w, now) == ROOMS_OK) {
            passed[n++] = now;
        }
    }

    assert_true(n > 100);

    for (i = 7; i < n; i++) {
        assert_true(passed[i] - passed[i - 7] >= 100);
    }

    free(w);
}


static void
test_edges(void **state)
{
    rooms_window_t  *w;

    (void) state;

    w = window(0, 100);
    assert_int_equal(rooms_window_take(w, 0), ROOMS_OK);
    assert_int_equal(rooms_window_take(w, 0), ROOMS_OK);
    free(w);

    /* time that goes back opens nothing */

    w = window(1, 100);
    assert_int_equal(rooms_window_take(w, 1000), ROOMS_OK);
    assert_int_equal(rooms_window_take(w, 500), ROOMS_DECLINED);
    assert_int_equal(rooms_window_take(w, 1099), ROOMS_DECLINED);
    assert_int_equal(rooms_window_take(w, 1100), ROOMS_OK);
    free(w);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_boundary),
        cmocka_unit_test(test_any_stretch),
        cmocka_unit_test(test_edges)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
