
/*
 * Copyright (C) nginx rooms contributors
 *
 * Every file of the public test cases, then what failures say.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_schema.h>


#define ROOMS_SUITE  "t/unit/json-schema/"


static size_t
run_group(const char *file, json_t *group, unsigned flags)
{
    size_t                   i;
    json_t                  *tests, *test, *valid;
    rooms_int_t              expected, rc;
    rooms_schema_t          *schema;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   failure;

    schema = rooms_schema_compile(json_object_get(group, "schema"), "",
                                  flags, &err);

    if (schema == NULL) {
        fail_msg("%s: %s: %s: %s", file,
                 json_string_value(json_object_get(group, "description")),
                 err.pointer, err.reason);
    }

    tests = json_object_get(group, "tests");

    json_array_foreach(tests, i, test) {

        valid = json_object_get(test, "valid");
        assert_true(json_is_boolean(valid));

        expected = json_is_true(valid) ? ROOMS_OK : ROOMS_DECLINED;
        rc = rooms_schema_check(schema, json_object_get(test, "data"),
                                &failure);

        if (rc != expected) {
            fail_msg("%s: %s: %s", file,
                     json_string_value(json_object_get(group, "description")),
                     json_string_value(json_object_get(test, "description")));
        }

        if (rc == ROOMS_DECLINED) {
            assert_true(failure.message[0] != '\0');
            assert_true(failure.keyword[0] != '\0');
        }
    }

    rooms_schema_free(schema);

    return json_array_size(tests);
}


/* Integers that jansson cannot hold are read as reals. */

static size_t
run_file(const char *file, unsigned flags)
{
    size_t        i, n, options;
    json_t       *groups, *group;
    json_error_t  err;

    options = strstr(file, "bignum") ? JSON_DECODE_INT_AS_REAL : 0;

    groups = json_load_file(file, JSON_ALLOW_NUL|options, &err);
    if (groups == NULL) {
        fail_msg("%s:%d: %s", file, err.line, err.text);
    }

    n = 0;

    json_array_foreach(groups, i, group) {
        n += run_group(file, group, flags);
    }

    json_decref(groups);

    return n;
}


static void
run_suite(const char *pattern, unsigned flags, size_t least)
{
    size_t  i, n;
    glob_t  found;

    assert_int_equal(glob(pattern, 0, NULL, &found), 0);

    n = 0;

    for (i = 0; i < found.gl_pathc; i++) {
        n += run_file(found.gl_pathv[i], flags);
    }

    print_message("%s: %zu cases in %zu files\n", pattern, n,
                  found.gl_pathc);

    assert_true(n >= least);

    globfree(&found);
}


static void
test_required(void **state)
{
    (void) state;

    run_suite(ROOMS_SUITE "*.json", ROOMS_SCHEMA_LENIENT, 904);
}


static void
test_optional(void **state)
{
    (void) state;

    run_suite(ROOMS_SUITE "optional/*.json", ROOMS_SCHEMA_LENIENT, 22);
}


static void
test_format(void **state)
{
    (void) state;

    run_suite(ROOMS_SUITE "optional/format/*.json",
              ROOMS_SCHEMA_LENIENT|ROOMS_SCHEMA_FORMAT, 310);
}


typedef struct {
    const char  *schema;
    const char  *value;
    const char  *keyword;
    const char  *pointer;
    const char  *message;
} failure_case_t;


static const failure_case_t  failures[] = {

    { "{'type': 'string'}", "1", "type", "", "must be a string" },
    { "{'type': ['array', 'null']}", "1", "type", "",
      "must be null or an array" },
    { "{'properties': {'a': {'minLength': 1}}}", "{'a': ''}", "minLength",
      "/a", "/a: must be at least 1 character" },
    { "{'properties': {'a': {'maxLength': 2}}}", "{'a': 'xyz'}", "maxLength",
      "/a", "/a: must be at most 2 characters" },
    { "{'properties': {'a/b~': {'const': 'x'}}}", "{'a/b~': 1}", "const",
      "/a~1b~0", "/a~1b~0: must be \"x\"" },
    { "{'enum': ['a', 'b']}", "1", "enum", "",
      "must be one of \"a\", \"b\"" },
    { "{'enum': [1]}", "2", "enum", "", "is none of the values allowed" },
    { "{'items': {'minimum': 3}}", "[3, 2]", "minimum", "/1",
      "/1: must be at least 3" },
    { "{'exclusiveMaximum': 1.5}", "1.5", "exclusiveMaximum", "",
      "must be less than 1.5" },
    { "{'multipleOf': 0.01}", "0.015", "multipleOf", "",
      "must be a multiple of 0.01" },
    { "{'items': [{}], 'additionalItems': false}", "[1, 2]",
      "additionalItems", "/1", "/1: is not expected" },
    { "{'uniqueItems': true}", "[1, 2, 1.0]", "uniqueItems", "/2",
      "/2: is there twice" },
    { "{'minItems': 1}", "[]", "minItems", "",
      "must have at least 1 element" },
    { "{'additionalProperties': false}", "{'b': 1}", "additionalProperties",
      "/b", "/b: is not expected" },
    { "{'required': ['a']}", "{}", "required", "/a", "/a: is required" },
    { "{'properties': {'b': {'type': 'null'}, 'a': {}},"
      " 'required': ['a', 'b']}", "{}", "required", "/b",
      "/b: is required" },
    { "{'properties': {'b': {'type': 'null'}, 'a': {}},"
      " 'required': ['a', 'b']}", "{'b': 1}", "type", "/b",
      "/b: must be null" },
    { "{'dependencies': {'a': ['b']}}", "{'a': 1}", "dependencies", "/b",
      "/b: is required beside \"a\"" },
    { "{'properties': {'a': false}}", "{'a': 1}", "false", "/a",
      "/a: is not allowed" },
    { "{'not': {}}", "1", "not", "", "has a form that is not allowed" },
    { "{'oneOf': [{}, true]}", "1", "oneOf", "",
      "has more than one of the forms allowed" },
    { "{'anyOf': [{'type': 'null'}, false]}", "1", "anyOf", "",
      "has none of the forms allowed" },
    { "{'propertyNames': {'maxLength': 1}}", "{'ab': 1}", "propertyNames",
      "/ab", "/ab: is not a name that may stand there" },
    { "{'if': {'const': 1}, 'then': {'type': 'string'}}", "1", "type", "",
      "must be a string" },

    { "{'properties': {'a': {'minLength': 1, 'x-message': 'A name'}}}",
      "{'a': ''}", "minLength", "/a", "A name" },
    { "{'properties': {'a': {'minLength': 1, 'maxLength': 1,"
      " 'x-message': {'minLength': 'A name'}}}}",
      "{'a': 'xx'}", "maxLength", "/a", "/a: must be at most 1 character" },
    { "{'properties': {'a': {'x-message': {'required': 'A name'}}},"
      " 'required': ['a']}", "{}", "required", "/a", "A name" },
    { "{'properties': {'a': {'$ref': '#/definitions/a'}},"
      " 'required': ['a'],"
      " 'definitions': {'a': {'x-message': {'required': 'A name'}}}}",
      "{}", "required", "/a", "A name" },
    { "{'x-message': {'required': 'More'}, 'required': ['a']}", "{}",
      "required", "/a", "More" },

    { NULL, NULL, NULL, NULL, NULL }
};


/* JSON with single quotes, for the reader's sake */

static json_t *
json(const char *text)
{
    char    *copy, *p;
    json_t  *value;

    copy = strdup(text);

    for (p = copy; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    value = json_loads(copy, JSON_DECODE_ANY, NULL);
    assert_non_null(value);

    free(copy);

    return value;
}


static void
test_failures(void **state)
{
    json_t                  *schema_json, *value;
    rooms_schema_t          *schema;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   f;
    const failure_case_t    *c;

    (void) state;

    for (c = failures; c->schema != NULL; c++) {

        schema_json = json(c->schema);
        value = json(c->value);

        schema = rooms_schema_compile(schema_json, "", 0, &err);
        if (schema == NULL) {
            fail_msg("%s: %s: %s", c->schema, err.pointer, err.reason);
        }

        assert_int_equal(rooms_schema_check(schema, value, NULL),
                         ROOMS_DECLINED);
        assert_int_equal(rooms_schema_check(schema, value, &f),
                         ROOMS_DECLINED);

        assert_string_equal(f.message, c->message);
        assert_string_equal(f.keyword, c->keyword);
        assert_string_equal(f.pointer, c->pointer);

        rooms_schema_free(schema);
        json_decref(schema_json);
        json_decref(value);
    }
}


/* What would take too long, or too much stack, is invalid, also under "not" */

static void
test_bounds(void **state)
{
    size_t                   i;
    json_t                  *schema_json, *value, *outer;
    rooms_schema_t          *schema;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   f;

    (void) state;

    schema_json = json("{'not': {'not': {'uniqueItems': true}}}");
    schema = rooms_schema_compile(schema_json, "", 0, &err);
    assert_non_null(schema);

    value = json_array();

    for (i = 0; i < 20000; i++) {
        json_array_append_new(value, json_integer(i));
    }

    assert_int_equal(rooms_schema_check(schema, value, &f), ROOMS_DECLINED);
    assert_string_equal(f.keyword, "");

    rooms_schema_free(schema);
    json_decref(schema_json);
    json_decref(value);

    schema_json = json("{'items': {'$ref': '#'}}");
    schema = rooms_schema_compile(schema_json, "", 0, &err);
    assert_non_null(schema);

    value = json_array();

    for (i = 0; i < 300; i++) {
        outer = json_array();
        json_array_append_new(outer, value);
        value = outer;
    }

    assert_int_equal(rooms_schema_check(schema, value, &f), ROOMS_DECLINED);
    assert_string_equal(f.keyword, "");
    assert_true(strlen(f.pointer) < sizeof(f.pointer));

    rooms_schema_free(schema);
    json_decref(schema_json);
    json_decref(value);
}


/* A pointer that is cut is cut between characters. */

static void
test_long_names(void **state)
{
    char                     name[1001];
    size_t                   i;
    json_t                  *schema_json, *value, *text;
    rooms_schema_t          *schema;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   f;

    (void) state;

    schema_json = json("{'additionalProperties': false}");
    schema = rooms_schema_compile(schema_json, "", 0, &err);
    assert_non_null(schema);

    for (i = 0; i < 4; i++) {

        memset(name, 'a', i);
        memset(name + i, 0, sizeof(name) - i);

        while (strlen(name) < 900) {
            strcat(name, "\xf0\x9f\x90\xb2");
        }

        value = json_object();
        json_object_set_new(value, name, json_null());

        assert_int_equal(rooms_schema_check(schema, value, &f),
                         ROOMS_DECLINED);

        text = json_string(f.pointer);
        assert_non_null(text);
        json_decref(text);

        text = json_string(f.message);
        assert_non_null(text);
        json_decref(text);

        assert_non_null(strstr(f.message, ": is not expected"));

        json_decref(value);
    }

    rooms_schema_free(schema);
    json_decref(schema_json);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_optional),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_long_names)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
