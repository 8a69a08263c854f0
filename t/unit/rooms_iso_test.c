
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#include <rooms_iso.h>


static void
test_known(void **state)
{
    unsigned  i;
    char      text[ROOMS_ISO_LEN + 1];

    static const struct {
        int64_t      ms;
        const char  *text;
    } known[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1, "1970-01-01T00:00:00.001Z" },
        { INT64_C(951782399999), "2000-02-28T23:59:59.999Z" },
        { INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
        { INT64_C(1759235696789), "2025-09-30T12:34:56.789Z" },
        { INT64_C(4107542400000), "2100-03-01T00:00:00.000Z" },
        { ROOMS_ISO_MAX, "9999-12-31T23:59:59.999Z" },
        { ROOMS_ISO_MAX + 1, "9999-12-31T23:59:59.999Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { INT64_C(-2203891200000), "1900-03-01T00:00:00.000Z" },
        { ROOMS_ISO_MIN, "0001-01-01T00:00:00.000Z" },
        { ROOMS_ISO_MIN - 1, "0001-01-01T00:00:00.000Z" },
        { INT64_MIN, "0001-01-01T00:00:00.000Z" }
    };

    (void) state;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        rooms_iso_format(known[i].ms, text);
        assert_string_equal(text, known[i].text);
    }
}


/* Every day of eight centuries, against the C library. */

static void
test_calendar(void **state)
{
    char       text[ROOMS_ISO_LEN + 1], expected[64];
    time_t     t;
    uint64_t   day;
    struct tm  tm;

    (void) state;

    for (day = 0; day < 292194; day++) {
        t = (time_t) (day * 86400 + day % 86400);
        assert_non_null(gmtime_r(&t, &tm));
        assert_int_not_equal(strftime(expected, sizeof(expected),
                                      "%Y-%m-%dT%H:%M:%S.123Z", &tm), 0);

        rooms_iso_format((uint64_t) t * 1000 + 123, text);
        assert_string_equal(text, expected);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
