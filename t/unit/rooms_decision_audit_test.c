
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_decision.h>


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static void
test_lines(void **state)
{
    rooms_buf_t       b;
    rooms_caller_t    caller;
    rooms_command_t   cmd;
    rooms_decision_t  d;

    static const char  lines[] =
        "{\"time\":\"2025-01-15T10:00:00.000Z\",\"app\":\"plat\","
        "\"event\":\"a\\\"b\",\"room\":\"r\",\"actor\":\"u\","
        "\"result\":\"ok\",\"sid\":\"s\",\"address\":\"::1\"}\n"
        "{\"time\":\"2025-01-15T10:00:00.000Z\",\"app\":\"plat\","
        "\"event\":\"c\xef\xbf\xbd\",\"result\":\"NO\",\"sid\":\"s\","
        "\"address\":\"::1\"}\n";

    (void) state;

    rooms_decision_init(&d);
    rooms_buf_init(&b, 0);
    memset(&cmd, 0, sizeof(cmd));
    memset(&caller, 0, sizeof(caller));

    cmd.now = UINT64_C(1736935200000);
    cmd.caller = &caller;
    cmd.address = str("::1");
    caller.sid = str("s");

    rooms_decision_audit(&d, str("plat"), &cmd, &b);
    assert_int_equal(b.len, 0);

    rooms_decide_audit(&d, str("a\"b"), str("r"), str("u"), "ok");
    rooms_decide_audit(&d, str("c\xff"), str(""), str(""), "NO");
    rooms_decision_audit(&d, str("plat"), &cmd, &b);

    assert_int_equal(b.len, strlen(lines));
    assert_memory_equal(b.data, lines, b.len);

    /* the next command has its own */

    rooms_decision_reset(&d);
    rooms_buf_reset(&b);
    rooms_decision_audit(&d, str("plat"), &cmd, &b);
    assert_int_equal(b.len, 0);

    /* without a caller and an address */

    cmd.caller = NULL;
    cmd.address = str("");
    rooms_decide_audit(&d, str("e"), str(""), str("u"), "ok");
    rooms_decision_audit(&d, str("p"), &cmd, &b);
    rooms_buf_byte(&b, '\0');
    assert_string_equal((char *) b.data,
                        "{\"time\":\"2025-01-15T10:00:00.000Z\",\"app\":\"p\","
                        "\"event\":\"e\",\"actor\":\"u\","
                        "\"result\":\"ok\"}\n");

    rooms_buf_free(&b);
    rooms_decision_free(&d);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_lines)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
