
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_json.h>


static rooms_str_t
str(const char *text)
{
    return rooms_str(text, strlen(text));
}


/* From memory of its own, so that reading behind the end is seen. */

static rooms_int_t
check(const char *text, size_t len, const rooms_json_limits_t *limits,
    rooms_json_error_t *err)
{
    char         *copy;
    rooms_int_t   rc;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    rc = rooms_json_check(rooms_str(copy, len), limits, err);

    free(copy);

    return rc;
}


static const char *const  good[] = {
    "0", "-0", "10", "-1.5e+10", "1E-2", "0.0", "true", "false", "null",
    "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u00e9\\uD83D\\uDe00\"",
    "\"\\ud800\"", "\"\x7f\"", "\"\xc2\x80\"", "\"\xdf\xbf\"",
    "\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"",
    "\"\xef\xbf\xbf\"", "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"",
    "[]", "[ ]", "{}", "{ }", " \t\r\n[ 1 , [ ] , { } ] \n",
    "{\"a\":1,\"b\":{\"c\":[null,{}]}}", "{ \"a\" : 1 , \"a\" : 2 }",
    "[[],{},\"\",0]", "[[[[]]]]",
    NULL
};


/* What is wrong, and the offset of the octet that is. */

typedef struct {
    const char  *text;
    size_t       offset;
} bad_t;


static const bad_t  bad[] = {
    { "", 0 }, { " ", 1 }, { "[", 1 }, { "{", 1 }, { "[1", 2 }, { "[1,", 3 },
    { "[1,]", 3 }, { "[,1]", 1 }, { "[1 2]", 3 }, { "]", 0 }, { "[}", 1 },
    { "[1}", 2 }, { "{1:2}", 1 }, { "{\"a\"}", 4 }, { "{\"a\":}", 5 },
    { "{\"a\":1,}", 7 }, { "{\"a\":1]", 6 }, { "{\"a\" 1}", 5 },
    { "1 2", 2 }, { "[]]", 2 }, { "{}x", 2 }, { "nul", 0 }, { "nulL", 0 },
    { "True", 0 }, { "tru ", 0 }, { "nullx", 4 }, { "'a'", 0 },
    { "00", 1 }, { "01", 1 }, { "-", 1 }, { "-a", 1 }, { "+1", 0 },
    { ".5", 0 }, { "1.", 2 }, { "1.e5", 2 }, { "1e", 2 }, { "1e+", 3 },
    { "0x1", 1 }, { "NaN", 0 }, { "-Infinity", 1 }, { "1.5.5", 3 },
    { "\"", 1 }, { "\"a", 2 }, { "\"\\", 2 }, { "\"\\x\"", 1 },
    { "\"\\u12\"", 1 }, { "\"\\u12g4\"", 1 }, { "\"\\u123", 1 },
    { "\"\n\"", 1 }, { "\"a\x1f\"", 2 }, { "\"\x80\"", 1 },
    { "\"\xc0\x80\"", 1 }, { "\"\xc1\xbf\"", 1 }, { "\"\xc2\"", 1 },
    { "\"\xe0\x9f\xbf\"", 1 }, { "\"\xed\xa0\x80\"", 1 },
    { "\"\xe2\x82\"", 1 }, { "\"\xf0\x8f\xbf\xbf\"", 1 },
    { "\"\xf4\x90\x80\x80\"", 1 }, { "\"\xf5\x80\x80\x80\"", 1 },
    { "\"\xff\"", 1 }, { "\"\xf0\x90\x80\"", 1 }, { "\xef\xbb\xbf[]", 0 },
    { "[1]\xc2\xa0", 3 }, { "/**/1", 0 },
    { NULL, 0 }
};


static void
test_grammar(void **state)
{
    size_t               i, n;
    rooms_json_error_t   err;

    (void) state;

    for (i = 0; good[i] != NULL; i++) {
        if (check(good[i], strlen(good[i]), NULL, &err) != ROOMS_OK) {
            fail_msg("%s: %s at %zu", good[i], err.reason, err.offset);
        }

        /* all that is cut from it is no JSON, but for numbers and space */

        for (n = strlen(good[i]); n-- != 0; /* void */ ) {
            if (strchr("[{\"", good[i][0]) != NULL) {
                assert_int_equal(check(good[i], n, NULL, NULL), ROOMS_ERROR);
            }
        }
    }

    for (i = 0; bad[i].text != NULL; i++) {

        if (check(bad[i].text, strlen(bad[i].text), NULL, &err)
            != ROOMS_ERROR)
        {
            fail_msg("%s passes", bad[i].text);
        }

        if (err.offset != bad[i].offset || err.reason[0] == '\0') {
            fail_msg("%s: %s at %zu", bad[i].text, err.reason, err.offset);
        }
    }

    assert_int_equal(check("\"a\0b\"", 5, NULL, &err), ROOMS_ERROR);
    assert_int_equal(err.offset, 2);
    assert_int_equal(check("1\0", 2, NULL, &err), ROOMS_ERROR);

    assert_int_equal(rooms_json_check(rooms_str(NULL, 0), NULL, &err),
                     ROOMS_ERROR);
}


static void
test_depth(void **state)
{
    char                  text[2 * (ROOMS_JSON_DEPTH_MAX + 2) * 8];
    size_t                i, n;
    unsigned              depth;
    rooms_json_error_t    err;
    rooms_json_limits_t   limits;

    (void) state;

    limits.nodes = 0;

    for (depth = 0; depth <= ROOMS_JSON_DEPTH_MAX + 1; depth++) {

        /* objects and arrays by turns, so that closing needs the stack */

        n = 0;

        for (i = 0; i < depth; i++) {
            n += sprintf(text + n, i % 3 ? "{\"\":" : "[0,");
        }

        n += sprintf(text + n, "1");

        for (i = depth; i-- != 0; /* void */ ) {
            n += sprintf(text + n, i % 3 ? "}" : "]");
        }

        limits.depth = depth;
        assert_int_equal(check(text, n, &limits, &err),
                         depth <= ROOMS_JSON_DEPTH_MAX ? ROOMS_OK
                                                       : ROOMS_DECLINED);

        assert_int_equal(check(text, n, NULL, &err),
                         depth <= ROOMS_JSON_DEPTH ? ROOMS_OK
                                                   : ROOMS_DECLINED);
        if (depth != 0) {
            limits.depth = depth - 1;
            assert_int_equal(check(text, n, &limits, &err), ROOMS_DECLINED);

            if (depth > 1) {
                text[n - 1] ^= ']' ^ '}';
                limits.depth = depth;
                assert_int_not_equal(check(text, n, &limits, &err), ROOMS_OK);
            }
        }
    }
}


static void
test_nodes(void **state)
{
    size_t                i;
    rooms_json_limits_t   limits;
    static const char     text[] = "{\"a\":[1,2,{}],\"b\":null}";

    (void) state;

    limits.depth = 3;

    for (i = 1; i < 10; i++) {
        limits.nodes = i;
        assert_int_equal(check(text, sizeof(text) - 1, &limits, NULL),
                         i < 6 ? ROOMS_DECLINED : ROOMS_OK);
    }
}


static void
test_items(void **state)
{
    size_t                n;
    rooms_str_t           items[4];
    rooms_json_error_t    err;

    (void) state;

    assert_int_equal(rooms_json_items(str(" [ \"a\" , {\"x\":[1,2]},[[3]] ,4]"),
                                      NULL, items, 4, &n, &err),
                     ROOMS_OK);
    assert_int_equal(n, 4);

    assert_int_equal(items[0].len, 3);
    assert_memory_equal(items[0].data, "\"a\"", 3);
    assert_int_equal(items[1].len, 11);
    assert_memory_equal(items[1].data, "{\"x\":[1,2]}", 11);
    assert_int_equal(items[2].len, 5);
    assert_memory_equal(items[2].data, "[[3]]", 5);
    assert_int_equal(items[3].len, 1);
    assert_memory_equal(items[3].data, "4", 1);

    assert_int_equal(rooms_json_items(str("[]"), NULL, items, 0, &n, &err),
                     ROOMS_OK);
    assert_int_equal(n, 0);

    assert_int_equal(rooms_json_items(str("[1,2,3,4,5]"), NULL, items, 4, &n,
                                      &err),
                     ROOMS_DECLINED);
    assert_int_equal(err.offset, 9);

    assert_int_equal(rooms_json_items(str("{}"), NULL, items, 4, &n, &err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_json_items(str(""), NULL, items, 4, &n, &err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_json_items(str("[1,2"), NULL, items, 4, &n, &err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_json_items(str("[1]]"), NULL, items, 4, &n, &err),
                     ROOMS_ERROR);
}


static void
string_is(const char *item, const char *expected)
{
    rooms_str_t    out;
    unsigned char  buf[64];

    assert_int_equal(rooms_json_string(str(item), buf, strlen(item), &out),
                     ROOMS_OK);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.data, expected, out.len);
}


static void
test_string(void **state)
{
    rooms_str_t    out, item;
    unsigned char  buf[64];

    (void) state;

    string_is("\"\"", "");
    string_is("\"plain\"", "plain");
    string_is("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    string_is("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00.\"",
              "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80.");

    item = str("\"plain\"");
    assert_int_equal(rooms_json_string(item, NULL, 0, &out), ROOMS_OK);
    assert_ptr_equal(out.data, item.data + 1);

    assert_int_equal(rooms_json_string(str("\"\\u0000\""), buf, 64, &out),
                     ROOMS_OK);
    assert_int_equal(out.len, 1);
    assert_int_equal(out.data[0], 0);

    assert_int_equal(rooms_json_string(str("\"\\n\""), buf, 1, &out),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_json_string(str("12"), buf, 64, &out),
                     ROOMS_DECLINED);

    assert_int_equal(rooms_json_string(str("\"\\ud800\""), buf, 64, &out),
                     ROOMS_ERROR);
    assert_int_equal(rooms_json_string(str("\"\\udc00\\ud800\""), buf, 64,
                                       &out),
                     ROOMS_ERROR);
    assert_int_equal(rooms_json_string(str("\"\\ud800\\ud800\""), buf, 64,
                                       &out),
                     ROOMS_ERROR);
    assert_int_equal(rooms_json_string(str("\"\\ud800\\n\""), buf, 64, &out),
                     ROOMS_ERROR);
}


static void
escape_is(const char *text, size_t len, const char *expected)
{
    rooms_buf_t  b;

    rooms_buf_init(&b, 0);
    rooms_json_escape(&b, rooms_str(text, len));

    assert_false(b.failed);
    assert_int_equal(b.len, strlen(expected));
    assert_memory_equal(b.data, expected, b.len);
    assert_int_equal(rooms_json_check(rooms_str(b.data, b.len), NULL, NULL),
                     ROOMS_OK);

    rooms_buf_free(&b);
}


static void
test_escape(void **state)
{
    (void) state;

    escape_is(NULL, 0, "\"\"");
    escape_is("plain", 5, "\"plain\"");
    escape_is("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f", 14,
              "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    escape_is("\0", 1, "\"\\u0000\"");
    escape_is("\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    escape_is("\xc3", 1, "\"\xef\xbf\xbd\"");
    escape_is("\xed\xa0\x80x", 4,
              "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"");
}


/* Runs of plain octets go eight at a time: each octet in each place. */

static void
test_places(void **state)
{
    int                 c;
    char                text[32];
    unsigned            i;
    rooms_int_t         rc;
    rooms_json_error_t  err;

    (void) state;

    for (i = 1; i <= 24; i++) {

        for (c = 0; c < 256; c++) {
            memset(text, 'x', 26);
            text[0] = '"';
            text[25] = '"';
            text[i] = (char) c;

            rc = check(text, 26, NULL, &err);

            if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
                assert_int_equal(rc, ROOMS_OK);
                continue;
            }

            /* an escaped quote leaves the string open */

            if (c == '\\' && i == 24) {
                assert_int_equal(err.offset, 26);

            } else {
                assert_int_equal(err.offset, c == '"' ? i + 1 : i);
            }

            assert_int_equal(rc, ROOMS_ERROR);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_string),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_places)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
