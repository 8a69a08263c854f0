
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_password.h>


static const char  hash[] =
    "$6$roomsdemo$bKviaGdYv1apYN3vz7uAi0xKVoDHr3C49Y1yF"
    "gl8aTTR0/zS0ppGxX4vAEOcPqdCDBhO/sqKRpD7qLb8wNp34.";


static void
test_password(void **state)
{
    (void) state;

    assert_true(rooms_password_check(rooms_str("password", 8), hash));
    assert_false(rooms_password_check(rooms_str("passwore", 8), hash));
    assert_false(rooms_password_check(rooms_str("password ", 9), hash));
    assert_false(rooms_password_check(rooms_str("", 0), hash));
    assert_false(rooms_password_check(rooms_str("password\0x", 10), hash));
}


static void
test_hash(void **state)
{
    (void) state;

    assert_false(rooms_password_check(rooms_str("password", 8), ""));
    assert_false(rooms_password_check(rooms_str("password", 8), "*"));
    assert_false(rooms_password_check(rooms_str("password", 8), "$9$x$y"));
    assert_false(rooms_password_check(rooms_str("*0", 2), "*0"));
}


static void
test_long(void **state)
{
    char  text[ROOMS_PASSWORD_MAX];

    (void) state;

    memset(text, 'x', sizeof(text));

    assert_false(rooms_password_check(rooms_str(text, sizeof(text)), hash));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_long)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
