
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_ws.h>


static void
expect_header(uint64_t len, const char *bytes, size_t n)
{
    unsigned char  p[ROOMS_WS_HEADER_MAX];

    assert_int_equal(rooms_ws_header(p, ROOMS_WS_FIN|ROOMS_WS_TEXT, len), n);
    assert_memory_equal(p, bytes, n);
}


static void
test_header(void **state)
{
    (void) state;

    expect_header(0, "\x81\x00", 2);
    expect_header(125, "\x81\x7d", 2);
    expect_header(126, "\x81\x7e\x00\x7e", 4);
    expect_header(0xffff, "\x81\x7e\xff\xff", 4);
    expect_header(0x10000, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
    expect_header(0x0102030405060708, "\x81\x7f\1\2\3\4\5\6\7\x08", 10);
}


static void
test_header_flags(void **state)
{
    unsigned char  p[ROOMS_WS_HEADER_MAX];

    (void) state;

    (void) rooms_ws_header(p, ROOMS_WS_FIN|ROOMS_WS_RSV1|ROOMS_WS_BINARY, 1);
    assert_int_equal(p[0], 0xc2);

    (void) rooms_ws_header(p, ROOMS_WS_CONTINUATION, 1);
    assert_int_equal(p[0], 0x00);
}


static void
expect_close(unsigned code, rooms_str_t reason, const char *bytes, size_t n)
{
    rooms_buf_t  b;

    rooms_buf_init(&b, 0);
    rooms_ws_close_frame(&b, code, reason);

    assert_int_equal(b.failed, 0);
    assert_int_equal(b.len, n);
    assert_memory_equal(b.data, bytes, n);

    rooms_buf_free(&b);
}


static void
test_close(void **state)
{
    (void) state;

    expect_close(0, rooms_str(NULL, 0), "\x88\x00", 2);
    expect_close(1000, rooms_str(NULL, 0), "\x88\x02\x03\xe8", 4);
    expect_close(1009, rooms_str("too big", 7),
                 "\x88\x09\x03\xf1too big", 11);
}


static void
test_close_reason_is_cut(void **state)
{
    size_t       i;
    char         text[130], frame[128];

    (void) state;

    memset(text, 'x', sizeof(text));
    memset(frame, 'x', sizeof(frame));
    memcpy(frame, "\x88\x7d\x03\xe8", 4);

    expect_close(1000, rooms_str(text, 123), frame, 127);
    expect_close(1000, rooms_str(text, 124), frame, 127);
    expect_close(1000, rooms_str(text, 130), frame, 127);

    /* a character of four octets over the edge goes as a whole */

    for (i = 1; i <= 3; i++) {
        memset(text, 'x', sizeof(text));
        memcpy(text + 123 - i, "\xf0\x9f\x98\x80", 4);

        frame[1] = (char) (125 - i);

        expect_close(1000, rooms_str(text, 130), frame, 127 - i);
    }

    memset(text, 'x', sizeof(text));
    memcpy(text + 119, "\xf0\x9f\x98\x80", 4);

    frame[1] = 0x7d;
    memcpy(frame + 4 + 119, "\xf0\x9f\x98\x80", 4);

    expect_close(1000, rooms_str(text, 130), frame, 127);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_header_flags),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_close_reason_is_cut)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
