
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rooms_sio.h>


#define P(n)  "{\"_placeholder\":true,\"num\":" #n "}"


/*
 * Out of json comes text and the order, "0,2,1,"; NULL: it is refused.
 * Three attachments, at most four placeholders.
 */

static void
expect(const char *json, const char *text, const char *order)
{
    char         *copy;
    size_t        n;
    unsigned      i, nums[4], count;
    rooms_int_t   rc;
    rooms_buf_t   b, o;

    n = strlen(json);
    copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, json, n);

    rooms_buf_init(&b, 0);
    rooms_buf_init(&o, 0);

    rc = rooms_sio_placeholders(rooms_str(copy, n), 3, NULL, nums, 4, &count);
    assert_int_equal(rc, text ? ROOMS_OK : ROOMS_ERROR);

    rc = rooms_sio_placeholders(rooms_str(copy, n), 3, &b, nums, 4, &count);
    assert_int_equal(rc, text ? ROOMS_OK : ROOMS_ERROR);

    if (text != NULL) {

        for (i = 0; i < count; i++) {
            rooms_buf_uint(&o, nums[i]);
            rooms_buf_byte(&o, ',');
        }

        rooms_buf_byte(&b, '\0');
        rooms_buf_byte(&o, '\0');

        assert_string_equal((char *) b.data, text);
        assert_string_equal((char *) o.data, order);
    }

    rooms_buf_free(&b);
    rooms_buf_free(&o);
    free(copy);
}


static void
same(const char *json)
{
    expect(json, json, "");
}


static void
refuse(const char *json)
{
    expect(json, NULL, NULL);
}


static void
test_none(void **state)
{
    (void) state;

    same("");
    same("[]");
    same("[\"a\",{},{\"b\":[1,-2.5e3,true,null]}]");
    same("[{\"num\":1}]");
    same("[{\"num\":1,\"_placeholder\":false}]");
    same("[{\"_placeholder\":\"true\",\"num\":1}]");
    same("[{\"_placeholder\":1,\"num\":1}]");
    same("[{\"placeholder\":true,\"num\":1}]");
    same("[{\"_placeholder2\":true,\"num\":9}]");
    same("[\"_placeholder\",true,\"num\",9]");
}


static void
test_in_strings(void **state)
{
    (void) state;

    same("[\"{\\\"_placeholder\\\":true,\\\"num\\\":9}\"]");
    same("[\"\\\\\",\"{\\\"_placeholder\\\":true,\\\"num\\\":9}\"]");
    same("[\"a\\\"{\",\"}\"]");
    same("[{\"{\\\"_placeholder\\\":true,\\\"num\\\":9}\":1}]");

    expect("[\"\\\\\"," P(2) ",\"\\\"\"," P(1) "]",
           "[\"\\\\\"," P(0) ",\"\\\"\"," P(1) "]", "2,1,");
}


static void
test_renumbered(void **state)
{
    (void) state;

    expect(P(0), P(0), "0,");
    expect("[\"a\"," P(0) "," P(1) "]", "[\"a\"," P(0) "," P(1) "]", "0,1,");
    expect("[" P(2) "," P(0) "," P(1) "]", "[" P(0) "," P(1) "," P(2) "]",
           "2,0,1,");
    expect("[" P(2) "]", "[" P(0) "]", "2,");
    expect("[{\"a\":[" P(1) "],\"b\":{\"c\":" P(0) "}}]",
           "[{\"a\":[" P(0) "],\"b\":{\"c\":" P(1) "}}]", "1,0,");

    /* one attachment that stands twice */

    expect("[" P(1) "," P(1) "]", "[" P(0) "," P(1) "]", "1,1,");
}


static void
test_forms(void **state)
{
    (void) state;

    expect("[{\"num\":1,\"_placeholder\":true}]", "[" P(0) "]", "1,");
    expect("[ { \"_placeholder\" : true , \"num\" : 1 } ]", "[ " P(0) " ]",
           "1,");
    expect("[\n{\t\"num\"\r\n:\n 2 ,\n\"_placeholder\":\ntrue\n}\n]",
           "[\n" P(0) "\n]", "2,");
}


static void
test_bad_numbers(void **state)
{
    (void) state;

    refuse("[" P(3) "]");
    refuse("[" P(999999999) "]");
    refuse("[" P(4294967296) "]");
    refuse("[" P(18446744073709551616) "]");
    refuse("[" P(-1) "]");
    refuse("[" P(-0) "]");
    refuse("[" P(0.0) "]");
    refuse("[" P(1e0) "]");
    refuse("[" P("0") "]");
    refuse("[" P(null) "]");
    refuse("[" P([0]) "]");
}


static void
test_too_many(void **state)
{
    unsigned  count;

    (void) state;

    expect("[" P(0) P(0) P(0) P(0) "]", "[" P(0) P(1) P(2) P(3) "]",
           "0,0,0,0,");
    refuse("[" P(0) P(0) P(0) P(0) P(0) "]");

    assert_int_equal(rooms_sio_placeholders(rooms_str("[]", 2), 0, NULL, NULL,
                                            0, &count), ROOMS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(rooms_sio_placeholders(rooms_str(P(0), strlen(P(0))), 1,
                                            NULL, NULL, 0, &count),
                     ROOMS_ERROR);
}


/* Whatever a client's decoder would take for a placeholder is one. */

static void
test_lookalikes(void **state)
{
    (void) state;

    refuse("[{\"_placeholder\":true}]");
    refuse("[{\"_placeholder\":true,\"num\":0,\"x\":1}]");
    refuse("[{\"x\":1,\"_placeholder\":true,\"num\":0}]");
    refuse("[{\"x\":{\"y\":{}},\"_placeholder\" : true,\"num\":0}]");
    refuse("[{\"_placeholder\":true,\"_placeholder\":true}]");
    refuse("[{\"num\":1,\"num\":1,\"_placeholder\":true}]");
    refuse("[{\"\\u005fplaceholder\":true,\"num\":0}]");
    refuse("[{\"_place\\u0068older\":true,\"num\":0}]");
    refuse("[{\"_placeholde\\u0072\"\n:\ttrue,\"num\":0}]");
    refuse("[{\"\\u005F\\u0070\\u006C\\u0061\\u0063\\u0065\\u0068\\u006F"
           "\\u006C\\u0064\\u0065\\u0072\":true,\"num\":9}]");

    same("[{\"\\u005eplaceholder\":true,\"num\":0}]");
    same("[{\"\\u015fplaceholder\":true,\"num\":0}]");
    same("[{\"_placeholder\\u0000\":true,\"num\":0}]");
    same("[{\"\\\\u005fplaceholder\":true,\"num\":0}]");

    /* with "num" escaped no number is found */

    refuse("[{\"_placeholder\":true,\"n\\u0075m\":0}]");
}


/* Text that is no JSON must do no harm either. */

static void
test_cut_text(void **state)
{
    static const char  text[] = "[\"\\\\\",{ \"num\" : 1 , \"_placeholder\" "
        ": true } , { \"_placeholde\\u0072\" : false }]";

    char         *copy;
    size_t        n;
    unsigned      nums[4], count;
    rooms_buf_t   b;

    (void) state;

    for (n = 0; n < sizeof(text); n++) {
        copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text, n);

        rooms_buf_init(&b, 0);
        (void) rooms_sio_placeholders(rooms_str(copy, n), 3, &b, nums, 4,
                                      &count);
        assert_true(count <= 1);

        rooms_buf_free(&b);
        free(copy);
    }

    refuse("[\"open");
    refuse("[\"open\\\"");
    refuse("[\"open\\");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_in_strings),
        cmocka_unit_test(test_renumbered),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_bad_numbers),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_lookalikes),
        cmocka_unit_test(test_cut_text)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
