
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_option.h>


static const rooms_str_t  name = rooms_string("ttl");


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static void
test_time(void **state)
{
    char      err[ROOMS_APP_ERROR];
    unsigned  i;
    uint64_t  ms;

    static const struct {
        const char  *text;
        uint64_t     ms;
    } good[] = {
        { "30m", 1800000 }, { "2s", 2000 }, { "500ms", 500 }, { "7", 7000 },
        { "1h30m", 5400000 }, { "1m1s1ms", 61001 }, { "1d", 86400000 },
        { "1w", 604800000 }, { "366d", UINT64_C(31622400000) }
    };

    static const char *const  bad[] = {
        "", "0", "0s", "-1", "1x", "m", "1.5s", "1s1m", "1m1m", "1m30",
        " 1s", "1s ", "1M", "99999999999999999999", "367d", "366d1ms",
        "31622401"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ms = 0;
        assert_int_equal(rooms_option_time(name, str(good[i].text), &ms, err),
                         ROOMS_OK);
        assert_int_equal(ms, good[i].ms);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ms = 42;
        assert_int_equal(rooms_option_time(name, str(bad[i]), &ms, err),
                         ROOMS_ERROR);
        assert_int_equal(ms, 42);
    }

    assert_int_equal(rooms_option_time(name, str("soon"), &ms, err),
                     ROOMS_ERROR);
    assert_string_equal(err, "option \"ttl\" has the value \"soon\", it must "
                        "be a time from 1ms to 366d, such as 30m or 1h30m");
}


static void
test_number(void **state)
{
    char      err[ROOMS_APP_ERROR];
    uint64_t  n;

    (void) state;

    assert_int_equal(rooms_option_number(name, str("5"), 1, 10, &n, err),
                     ROOMS_OK);
    assert_int_equal(n, 5);
    assert_int_equal(rooms_option_number(name, str("10"), 1, 10, &n, err),
                     ROOMS_OK);
    assert_int_equal(n, 10);

    assert_int_equal(rooms_option_number(name, str("9"), 1, 5, &n, err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_option_number(name, str("30"), 1, 29, &n, err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_option_number(name, str("29"), 1, 29, &n, err),
                     ROOMS_OK);
    assert_int_equal(n, 29);
    assert_int_equal(rooms_option_number(name, str("11"), 1, 10, &n, err),
                     ROOMS_ERROR);
    assert_string_equal(err, "option \"ttl\" has the value \"11\", it must be "
                        "a number from 1 to 10");
    assert_int_equal(rooms_option_number(name, str("0"), 1, 10, &n, err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_option_number(name, str(""), 0, 10, &n, err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_option_number(name, str("5x"), 0, 10, &n, err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_option_number(name, str("18446744073709551616"), 0,
                                         UINT64_MAX, &n, err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_option_number(name, str("18446744073709551615"), 0,
                                         UINT64_MAX, &n, err),
                     ROOMS_OK);
    assert_true(n == UINT64_MAX);
}


static void
test_flag(void **state)
{
    char      err[ROOMS_APP_ERROR];
    unsigned  flag;

    (void) state;

    assert_int_equal(rooms_option_flag(name, str("on"), &flag, err), ROOMS_OK);
    assert_int_equal(flag, 1);
    assert_int_equal(rooms_option_flag(name, str("off"), &flag, err),
                     ROOMS_OK);
    assert_int_equal(flag, 0);
    assert_int_equal(rooms_option_flag(name, str("yes"), &flag, err),
                     ROOMS_ERROR);
    assert_string_equal(err, "option \"ttl\" has the value \"yes\", it must "
                        "be \"on\" or \"off\"");
}


static void
test_url(void **state)
{
    char      err[ROOMS_APP_ERROR], url[ROOMS_OPTION_URL], text[700];
    unsigned  i;

    static const char *const  bad[] = {
        "", "http://", "https://", "http:///x", "http://:80", "ftp://host",
        "host", "http://ho st", "http://host?a=b", "http://host#a",
        "http://host\n", "http://h\xc3\xb6st", "HTTP://host"
    };

    (void) state;

    assert_int_equal(rooms_option_url(name, str("http://localhost:3000"), url,
                                      err), ROOMS_OK);
    assert_string_equal(url, "http://localhost:3000");
    assert_int_equal(rooms_option_url(name, str("https://a.example/app//"),
                                      url, err), ROOMS_OK);
    assert_string_equal(url, "https://a.example/app");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(rooms_option_url(name, str(bad[i]), url, err),
                         ROOMS_ERROR);
    }

    assert_string_equal(url, "https://a.example/app");

    /* at the limit and over it */

    memset(text, 'a', sizeof(text));
    memcpy(text, "http://", 7);
    assert_int_equal(rooms_option_url(name, rooms_str(text, 511), url, err),
                     ROOMS_OK);
    assert_int_equal(strlen(url), 511);
    assert_int_equal(rooms_option_url(name, rooms_str(text, 512), url, err),
                     ROOMS_ERROR);

    /* a long value does not make a long sentence */

    assert_true(strlen(err) < ROOMS_APP_ERROR - 1);
    assert_non_null(strstr(err, "it must be shorter"));
}


static void
test_unknown(void **state)
{
    char  err[ROOMS_APP_ERROR];

    (void) state;

    assert_int_equal(rooms_option_unknown(str("colour"), "dinner", err),
                     ROOMS_ERROR);
    assert_string_equal(err, "dinner has no option \"colour\"");
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_flag),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
