
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include <rooms_schema_value.h>


static json_t *
json(const char *text)
{
    json_t  *value;

    value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);

    return value;
}


static void
test_compare(void **state)
{
    int      expected;
    size_t   i, j;
    json_t  *a, *b;

    /* in order, but for those that are equal, which share a number */

    static const struct {
        int          rank;
        const char  *text;
    } numbers[] = {
        { 0, "-1e300" }, { 1, "-9223372036854775808" },
        { 1, "-9223372036854775808.0" }, { 2, "-9223372036854775807" },
        { 3, "-1.5" }, { 4, "-1" }, { 4, "-1.0" }, { 5, "-0.5" }, { 6, "0" },
        { 6, "-0.0" }, { 7, "0.5" }, { 8, "1" }, { 8, "1e0" }, { 9, "1.5" },
        { 10, "2" }, { 11, "9007199254740992" }, { 11, "9007199254740992.0" },
        { 12, "9007199254740993" }, { 13, "9223372036854775807" },
        { 14, "9223372036854775808.0" }, { 15, "1e300" }
    };

    (void) state;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        for (j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {

            a = json(numbers[i].text);
            b = json(numbers[j].text);

            expected = (numbers[i].rank > numbers[j].rank)
                       - (numbers[i].rank < numbers[j].rank);

            if (rooms_schema_compare(a, b) != expected) {
                fail_msg("%s and %s", numbers[i].text, numbers[j].text);
            }

            json_decref(a);
            json_decref(b);
        }
    }
}


static unsigned
equal(const char *x, const char *y)
{
    size_t    steps;
    json_t   *a, *b;
    unsigned  result;

    a = json(x);
    b = json(y);

    steps = 1000;
    result = rooms_schema_equal(a, b, &steps);

    steps = 1000;
    assert_int_equal(rooms_schema_equal(b, a, &steps), result);

    steps = 1;
    assert_int_equal(rooms_schema_equal(a, b, &steps),
                     result && !json_is_array(a) && !json_is_object(a));

    json_decref(a);
    json_decref(b);

    return result;
}


static void
test_equal(void **state)
{
    (void) state;

    assert_true(equal("1", "1.0"));
    assert_true(equal("{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}"));
    assert_true(equal("\"a\"", "\"a\""));
    assert_true(equal("null", "null"));
    assert_false(equal("1", "true"));
    assert_false(equal("0", "false"));
    assert_false(equal("1", "\"1\""));
    assert_false(equal("\"a\"", "\"ab\""));
    assert_false(equal("[1,2]", "[2,1]"));
    assert_false(equal("[1]", "[1,2]"));
    assert_false(equal("{\"a\":1}", "{\"b\":1}"));
    assert_false(equal("{\"a\":1}", "{\"a\":1,\"b\":1}"));
    assert_false(equal("{}", "[]"));
}


static unsigned
multiple(const char *x, const char *y)
{
    json_t    *a, *b;
    unsigned   result;

    a = json(x);
    b = json(y);

    result = rooms_schema_multiple(rooms_schema_decimal(a),
                                   rooms_schema_decimal(b));
    json_decref(a);
    json_decref(b);

    return result;
}


static void
test_multiple(void **state)
{
    (void) state;

    assert_true(multiple("0", "7"));
    assert_true(multiple("-14", "7"));
    assert_false(multiple("-15", "7"));
    assert_true(multiple("0.3", "0.1"));
    assert_true(multiple("19.99", "0.01"));
    assert_false(multiple("19.995", "0.01"));
    assert_true(multiple("1e300", "3e-5") == 0);
    assert_true(multiple("9e300", "3e-5"));
    assert_true(multiple("9223372036854775807", "7"));
    assert_false(multiple("9223372036854775807", "2"));
    assert_true(multiple("-9223372036854775808", "2"));
    assert_true(multiple("100", "1e2"));
    assert_false(multiple("100", "1e3"));
    assert_false(multiple("5e-324", "1"));
    assert_true(multiple("1", "5e-324"));
    assert_true(multiple("0.1234567890123456", "0.0000000000000001"));
}


static void
test_integral(void **state)
{
    json_t  *number;

    (void) state;

    number = json_real(2.0);
    assert_true(rooms_schema_integral(number));
    json_real_set(number, 2.5);
    assert_false(rooms_schema_integral(number));
    json_real_set(number, -1e300);
    assert_true(rooms_schema_integral(number));
    json_decref(number);

    number = json_integer(-3);
    assert_true(rooms_schema_integral(number));
    json_decref(number);
}


static void
test_length(void **state)
{
    (void) state;

    assert_int_equal(rooms_schema_length("", 0), 0);
    assert_int_equal(rooms_schema_length("abc", 3), 3);
    assert_int_equal(rooms_schema_length("\xc3\xa9\xe2\x82\xac"
                                         "\xf0\x9f\x90\xb2", 9), 3);
    assert_int_equal(rooms_schema_length("e\xcc\x81", 3), 2);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_multiple),
        cmocka_unit_test(test_integral),
        cmocka_unit_test(test_length)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
