
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_ws.h>


/* Every length, alignment and phase; nothing beside may be touched. */

static void
test_unmask(void **state)
{
    size_t         i, n, at;
    uint32_t       mask;
    unsigned       phase;
    unsigned char  p[112], m[4] = { 0x11, 0x22, 0x44, 0x88 };

    (void) state;

    memcpy(&mask, m, 4);

    for (n = 0; n <= 96; n++) {
        for (at = 0; at < 8; at++) {
            for (phase = 0; phase < 4; phase++) {

                for (i = 0; i < sizeof(p); i++) {
                    p[i] = (unsigned char) i;
                }

                (void) rooms_ws_unmask(p + at, n, mask, phase);

                for (i = 0; i < sizeof(p); i++) {
                    assert_int_equal(p[i] ^ i, i < at || i >= at + n ? 0
                                               : m[(i - at + phase) & 3]);
                }
            }
        }
    }

    (void) rooms_ws_unmask(NULL, 0, mask, 0);
}


/* One octet that is not ASCII shows, wherever it stands. */

static void
test_high_bits(void **state)
{
    size_t          at, n;
    unsigned char   p[96];
    const uint32_t  mask = 0x01020304;
    const uint64_t  high = UINT64_C(0x8080808080808080);

    (void) state;

    for (n = 1; n <= sizeof(p); n++) {
        memset(p, 0x7f, n);
        assert_true((rooms_ws_unmask(p, n, mask, 1) & high) == 0);

        for (at = 0; at < n; at++) {
            memset(p, 0, n);
            p[at] = 0x80;
            assert_true((rooms_ws_unmask(p, n, mask, 3) & high) != 0);
        }
    }

    /* it is the result that counts */

    memset(p, 0xff, sizeof(p));
    assert_true((rooms_ws_unmask(p, sizeof(p), 0x80808080, 0) & high) == 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_unmask),
        cmocka_unit_test(test_high_bits)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
