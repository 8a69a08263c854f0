
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_utf8.h>


/* 1: whole characters, 0: cut within one, -1: cannot become any. */

static int
check(const void *p, size_t n)
{
    rooms_utf8_t  u;

    memset(&u, 0, sizeof(u));

    if (rooms_utf8_check(&u, p, n) != ROOMS_OK) {
        return -1;
    }

    return u.need == 0;
}


static size_t
encode(unsigned char *p, unsigned long cp)
{
    if (cp < 0x80) {
        p[0] = (unsigned char) cp;
        return 1;
    }

    if (cp < 0x800) {
        p[0] = (unsigned char) (0xc0 | cp >> 6);
        p[1] = (unsigned char) (0x80 | (cp & 0x3f));
        return 2;
    }

    if (cp < 0x10000) {
        p[0] = (unsigned char) (0xe0 | cp >> 12);
        p[1] = (unsigned char) (0x80 | (cp >> 6 & 0x3f));
        p[2] = (unsigned char) (0x80 | (cp & 0x3f));
        return 3;
    }

    p[0] = (unsigned char) (0xf0 | cp >> 18);
    p[1] = (unsigned char) (0x80 | (cp >> 12 & 0x3f));
    p[2] = (unsigned char) (0x80 | (cp >> 6 & 0x3f));
    p[3] = (unsigned char) (0x80 | (cp & 0x3f));

    return 4;
}


static void
test_every_code_point(void **state)
{
    size_t         n;
    unsigned long  cp;
    unsigned char  p[4];

    (void) state;

    for (cp = 0; cp < 0x1fffff; cp++) {
        n = encode(p, cp);

        if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
            assert_int_equal(check(p, n), -1);
            continue;
        }

        assert_int_equal(check(p, n), 1);
        assert_int_equal(rooms_utf8_count(p, n), 1);
    }
}


/* Sequences of three octets that no code point has as its encoding. */

static void
test_every_three_octets(void **state)
{
    static unsigned char  begins[3][1 << 24 >> 3];

    size_t         i, n;
    unsigned       k, is;
    unsigned long  cp, key;
    unsigned char  p[4], q[3];

    (void) state;

    /* begins[k]: the runs of k + 1 octets at the front of an encoding */

    for (cp = 0x80; cp <= 0x10ffff; cp++) {

        if (cp >= 0xd800 && cp <= 0xdfff) {
            continue;
        }

        n = encode(p, cp);
        key = 0;

        for (i = 0; i < n && i < 3; i++) {
            key = key << 8 | p[i];
            begins[i][key >> 3] |= (unsigned char) (1 << (key & 7));
        }
    }

    for (key = 0xc000; key <= 0xffff; key++) {
        q[0] = (unsigned char) (key >> 8);
        q[1] = (unsigned char) key;

        is = begins[1][key >> 3] >> (key & 7) & 1;

        assert_int_equal(check(q, 2) >= 0, is);

        if (!is || q[0] < 0xe0) {
            continue;
        }

        for (k = 0; k < 256; k++) {
            cp = key << 8 | k;
            q[2] = (unsigned char) k;

            is = begins[2][cp >> 3] >> (cp & 7) & 1;

            assert_int_equal(check(q, 3) >= 0, is);
        }
    }
}


static void
test_lone_octets(void **state)
{
    unsigned       i;
    unsigned char  c;

    (void) state;

    for (i = 0; i < 256; i++) {
        c = (unsigned char) i;

        assert_int_equal(check(&c, 1),
                         i < 0x80 ? 1 : i >= 0xc2 && i <= 0xf4 ? 0 : -1);
    }

    assert_int_equal(check(NULL, 0), 1);
    assert_int_equal(rooms_utf8_count(NULL, 0), 0);
}


static void
test_bad_octet_anywhere(void **state)
{
    size_t         n, at;
    unsigned char  p[41];

    (void) state;

    for (n = 1; n <= sizeof(p); n++) {
        for (at = 0; at < n; at++) {
            memset(p, 'x', n);
            p[at] = 0xff;
            assert_int_equal(check(p, n), -1);

            p[at] = 0x80;
            assert_int_equal(check(p, n), -1);

            p[at] = 0x7f;
            assert_int_equal(check(p, n), 1);
        }
    }
}


static void
test_cut_anywhere(void **state)
{
    static const char  text[] = "plain ascii, \xc3\xa9t\xc3\xa9, "
        "\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80, \xf0\x9f\x98\x80"
        "\xf4\x8f\xbf\xbf, and ascii";

    size_t        i, j, n;
    rooms_utf8_t  u;

    (void) state;

    n = sizeof(text) - 1;

    for (i = 0; i <= n; i++) {
        for (j = i; j <= n; j++) {
            memset(&u, 0, sizeof(u));

            assert_int_equal(rooms_utf8_check(&u, (void *) text, i), 0);
            assert_int_equal(rooms_utf8_check(&u, (void *) (text + i), j - i),
                             0);
            assert_int_equal(rooms_utf8_check(&u, (void *) (text + j), n - j),
                             0);
            assert_int_equal(u.need, 0);
        }
    }

    assert_int_equal(rooms_utf8_count((void *) text, n), 36);
}


/* The bounds of the second octet have to outlast a cut. */

static void
test_cut_before_bad_octet(void **state)
{
    static const char  *bad[] = {
        "\xe0\x9f", "\xed\xa0", "\xf0\x8f", "\xf4\x90", "\xc3\x41",
        "\xe1\xc0", "\xf1\x7f"
    };

    unsigned      i;
    rooms_utf8_t  u;

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&u, 0, sizeof(u));

        assert_int_equal(rooms_utf8_check(&u, (void *) bad[i], 1), ROOMS_OK);
        assert_int_not_equal(u.need, 0);
        assert_int_equal(rooms_utf8_check(&u, (void *) (bad[i] + 1), 1),
                         ROOMS_ERROR);
    }
}


static void
test_count(void **state)
{
    size_t         i, n, expect;
    unsigned char  p[64];

    (void) state;

    for (n = 0; n <= sizeof(p); n++) {
        expect = 0;

        for (i = 0; i < n; i++) {
            p[i] = (unsigned char) (i * 37 + n);
            expect += (p[i] & 0xc0) != 0x80;
        }

        assert_int_equal(rooms_utf8_count(p, n), expect);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_every_three_octets),
        cmocka_unit_test(test_lone_octets),
        cmocka_unit_test(test_bad_octet_anywhere),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_cut_before_bad_octet),
        cmocka_unit_test(test_count)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
