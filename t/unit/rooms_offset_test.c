
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_offset.h>


static void
writes(uint64_t epoch, uint64_t id, const char *text)
{
    size_t         len;
    uint64_t       e, i;
    unsigned char  buf[ROOMS_OFFSET_LEN];

    len = rooms_offset_write(buf, epoch, id);

    assert_int_equal(len, strlen(text));
    assert_memory_equal(buf, text, len);

    assert_int_equal(rooms_offset_parse(rooms_str(buf, len), &e, &i),
                     ROOMS_OK);
    assert_true(e == epoch && i == id);
}


static void
refused(const char *text)
{
    uint64_t  e, i;

    e = 7;
    i = 8;

    assert_int_equal(rooms_offset_parse(rooms_str(text, strlen(text)), &e, &i),
                     ROOMS_DECLINED);
    assert_true(e == 7 && i == 8);
}


static void
test_both_ways(void **unused)
{
    uint64_t       n, e, i;
    size_t         len;
    unsigned char  buf[ROOMS_OFFSET_LEN];

    (void) unused;

    writes(0, 0, "0-0");
    writes(35, 36, "z-10");
    writes(1296, 46655, "100-zzz");
    writes(UINT64_MAX, UINT64_MAX, "3w5e11264sgsf-3w5e11264sgsf");

    n = 1;

    for (len = 0; len < 64; len++) {
        n = n * 6364136223846793005u + 1442695040888963407u;

        assert_int_equal(rooms_offset_parse(
                             rooms_str(buf, rooms_offset_write(buf, n >> len,
                                                               n)), &e, &i),
                         ROOMS_OK);
        assert_true(e == n >> len && i == n);
    }
}


static void
test_refused(void **unused)
{
    size_t         i;
    unsigned char  zero[3];
    uint64_t       e, id;

    static const char  *texts[] = {
        "", "-", "1-", "-1", "1", "1-2-3", "1--2", "01-1", "1-01", "00-1",
        "A-1", "1-A", " 1-1", "1-1 ", "+1-1", "1-/", "1-:", "1-`", "1-{",
        "3w5e11264sgsg-1", "1-3w5e11264sgsg", "zzzzzzzzzzzzz-1",
        "10000000000000-1", "1-10000000000000", "1.5-1"
    };

    (void) unused;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refused(texts[i]);
    }

    zero[0] = '1';
    zero[1] = '-';
    zero[2] = 0;

    assert_int_equal(rooms_offset_parse(rooms_str(zero, 3), &e, &id),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_offset_parse(rooms_str(NULL, 0), &e, &id),
                     ROOMS_DECLINED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
