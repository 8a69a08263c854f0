
/*
 * Copyright (C) nginx rooms contributors
 *
 * What is refused as a schema, and why.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_schema.h>


/* JSON with single quotes, for the reader's sake */

static json_t *
json(const char *text)
{
    char          *copy, *p;
    json_t        *value;
    json_error_t   err;

    copy = strdup(text);

    for (p = copy; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    value = json_loads(copy, JSON_DECODE_ANY, &err);
    if (value == NULL) {
        fail_msg("%s: %s", text, err.text);
    }

    free(copy);

    return value;
}


typedef struct {
    const char  *schema;
    const char  *pointer;
    const char  *reason;                /* some words of it */
} refusal_t;


static const refusal_t  refusals[] = {

    { "1", "#", "must be an object or a boolean" },
    { "{'foo': 1}", "#/foo", "unknown keyword" },
    { "{'properties': {'a/b': {'maxLenght': 1}}}",
      "#/properties/a~1b/maxLenght", "unknown keyword" },
    { "{'items': [{}, {'foo': 1}]}", "#/items/1/foo", "unknown keyword" },
    { "{'definitions': {'a': {'foo': 1}}}", "#/definitions/a/foo",
      "unknown keyword" },
    { "{'dependencies': {'a': {'foo': 1}}}", "#/dependencies/a/foo",
      "unknown keyword" },
    { "{'patternProperties': {'a': {'foo': 1}}}", "#/patternProperties/a/foo",
      "unknown keyword" },
    { "{'if': {'foo': 1}}", "#/if/foo", "unknown keyword" },
    { "{'$ref': '#/definitions/a', 'foo': 1, 'definitions': {'a': {}}}",
      "#/foo", "unknown keyword" },

    { "{'type': 'strnig'}", "#/type", "must be a type" },
    { "{'type': []}", "#/type", "must be a type" },
    { "{'type': ['null', 'null']}", "#/type", "different" },
    { "{'type': ['null', 1]}", "#/type", "must be a type" },
    { "{'enum': {}}", "#/enum", "list" },
    { "{'enum': []}", "#/enum", "not empty" },
    { "{'minimum': '1'}", "#/minimum", "number" },
    { "{'exclusiveMaximum': true}", "#/exclusiveMaximum", "number" },
    { "{'multipleOf': 0}", "#/multipleOf", "over 0" },
    { "{'multipleOf': -1}", "#/multipleOf", "over 0" },
    { "{'maxLength': -1}", "#/maxLength", "at least 0" },
    { "{'maxLength': 1.5}", "#/maxLength", "integer" },
    { "{'maxLength': '1'}", "#/maxLength", "integer" },
    { "{'maxItems': 1e300}", "#/maxItems", "integer" },
    { "{'pattern': 1}", "#/pattern", "must be a string" },
    { "{'pattern': '['}", "#/pattern", "not a pattern" },
    { "{'pattern': '(?>a)'}", "#/pattern", "not ECMA-262" },
    { "{'patternProperties': {'(': {}}}", "#/patternProperties/(",
      "not a pattern" },
    { "{'patternProperties': []}", "#/patternProperties", "object" },
    { "{'format': 1}", "#/format", "string" },
    { "{'items': 1}", "#/items", "object or a boolean" },
    { "{'additionalItems': []}", "#/additionalItems", "object or a boolean" },
    { "{'uniqueItems': 1}", "#/uniqueItems", "boolean" },
    { "{'required': 'a'}", "#/required", "list of strings" },
    { "{'required': [1]}", "#/required", "list of strings" },
    { "{'required': true}", "#/required", "list of strings" },
    { "{'properties': []}", "#/properties", "object" },
    { "{'definitions': []}", "#/definitions", "object" },
    { "{'dependencies': []}", "#/dependencies", "object" },
    { "{'dependencies': {'a': [1]}}", "#/dependencies", "strings" },
    { "{'allOf': {}}", "#/allOf", "list" },
    { "{'anyOf': []}", "#/anyOf", "not empty" },
    { "{'oneOf': [1]}", "#/oneOf/0", "object or a boolean" },
    { "{'not': null}", "#/not", "object or a boolean" },
    { "{'$schema': 'https://json-schema.org/draft/2020-12/schema'}",
      "#/$schema", "draft-07" },
    { "{'$id': 1}", "#/$id", "string" },
    { "{'x-message': 1}", "#/x-message", "string" },
    { "{'x-message': {'minLength': 1}}", "#/x-message", "strings" },
    { "{'x-message': {'minLenght': 'a'}}", "#/x-message",
      "unknown keyword" },

    { "{'$ref': 1}", "#/$ref", "string" },
    { "{'properties': {'a': {'$ref': '#/definitions/b'}}}",
      "#/properties/a/$ref", "\"#/definitions/b\" leads nowhere" },
    { "{'properties': {'a': {'$ref': '#b'}}}", "#/properties/a/$ref",
      "leads nowhere" },
    { "{'properties': {'a': {'$ref': '#/items/x'}}, 'items': [{}]}",
      "#/properties/a/$ref", "leads nowhere" },
    { "{'properties': {'a': {'$ref': '#/%zz'}}}", "#/properties/a/$ref",
      "leads nowhere" },
    { "{'properties': {'a': {'$ref': '#/~2'}}}", "#/properties/a/$ref",
      "leads nowhere" },
    { "{'properties': {'a': {'$ref': 'other.json#/a'}}}",
      "#/properties/a/$ref", "\"other.json#/a\" is not in this document" },
    { "{'items': {'$ref': 'https://example.com/a'}}", "#/items/$ref",
      "is not in this document" },
    { "{'items': {'$ref': '#/enum'}, 'enum': [1]}", "#/enum",
      "object or a boolean" },
    { "{'items': {'$ref': '#/x-a'}, 'x-a': {'foo': 1}}", "#/x-a/foo",
      "unknown keyword" },
    { "{'items': {'$ref': '#/definitions/a', 'maxLength': 1},"
      " 'definitions': {'a': {}}}", "#/items/maxLength", "no effect" },

    { "{'$ref': '#'}", "#", "without end" },
    { "{'allOf': [{'$ref': '#'}]}", "", "without end" },
    { "{'definitions': {'a': {'$ref': '#/definitions/b'},"
      " 'b': {'not': {'$ref': '#/definitions/a'}}}}", "", "without end" },
    { "{'dependencies': {'a': {'$ref': '#'}}}", "", "without end" },

    { NULL, NULL, NULL }
};


static void
test_refused(void **state)
{
    json_t                *document;
    rooms_schema_t        *schema;
    const refusal_t       *r;
    rooms_schema_error_t   err;

    (void) state;

    for (r = refusals; r->schema != NULL; r++) {

        document = json(r->schema);
        schema = rooms_schema_compile(document, "", 0, &err);

        if (schema != NULL) {
            fail_msg("%s compiles", r->schema);
        }

        if ((r->pointer[0] != '\0' && strcmp(r->pointer, err.pointer) != 0)
            || strstr(err.reason, r->reason) == NULL)
        {
            fail_msg("%s: %s: %s", r->schema, err.pointer, err.reason);
        }

        json_decref(document);
    }
}


static const char *const  accepted[] = {

    "{'title': 'a', 'description': 'b', 'default': 1, 'examples': [],"
    " '$comment': 'c', 'readOnly': true, 'writeOnly': false,"
    " 'contentEncoding': 'base64', 'contentMediaType': 'text/plain',"
    " 'deprecated': true, 'externalDocs': {}, 'x-anything': {'foo': 1},"
    " '$schema': 'http://json-schema.org/draft-07/schema#',"
    " 'format': 'color'}",

    "{'items': {'$ref': '#/definitions/a', 'description': 'b', 'x-c': 1},"
    " 'definitions': {'a': {}}}",

    "{'$ref': 'http://json-schema.org/draft-07/schema'}",
    "{'properties': {'$ref': {'type': 'string'}, 'foo': true}}",
    "{'const': {'foo': 1}, 'enum': [{'$ref': 1}], 'default': {'foo': 1}}",
    "{'items': []}",
    "{'additionalProperties': {'$ref': '#'}}",
    "{'maxLength': 2.0}",
    NULL
};


static void
test_accepted(void **state)
{
    size_t                 i;
    json_t                *document;
    rooms_schema_t        *schema;
    rooms_schema_error_t   err;

    (void) state;

    for (i = 0; accepted[i] != NULL; i++) {

        document = json(accepted[i]);
        schema = rooms_schema_compile(document, "", 0, &err);

        if (schema == NULL) {
            fail_msg("%s: %s: %s", accepted[i], err.pointer, err.reason);
        }

        json_decref(document);
        rooms_schema_free(schema);
    }

    rooms_schema_free(NULL);
}


/* A schema somewhere in a document that is none, as in a contract */

static void
test_pointer(void **state)
{
    json_t                  *document, *value;
    rooms_schema_t          *schema;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   f;

    (void) state;

    document = json("{'asyncapi': '3', 'm': [{'a/b': {'items':"
                    " {'$ref': '#/s/t'}}}], 's': {'t': {'minimum': 3},"
                    " 'u': {'foo': 1}}}");

    schema = rooms_schema_compile(document, "/m/0/a~1b", 0, &err);
    assert_non_null(schema);

    value = json("[3, 2]");
    assert_int_equal(rooms_schema_check(schema, value, &f), ROOMS_DECLINED);
    assert_string_equal(f.pointer, "/1");

    assert_int_equal(rooms_schema_check_member(schema, "n", value, &f),
                     ROOMS_DECLINED);
    assert_string_equal(f.message, "/n/1: must be at least 3");

    json_decref(value);
    rooms_schema_free(schema);

    assert_null(rooms_schema_compile(document, "/s/u", 0, &err));
    assert_string_equal(err.pointer, "#/s/u/foo");

    assert_null(rooms_schema_compile(document, "/s/v", 0, &err));
    assert_string_equal(err.pointer, "#/s/v");
    assert_string_equal(err.reason, "nothing is there");

    assert_null(rooms_schema_compile(document, "/m/x", 0, &err));
    assert_null(rooms_schema_compile(document, "m", 0, &err));

    /* the schema outlives the caller's reference */

    schema = rooms_schema_compile(document, "/s/t", 0, &err);
    json_decref(document);

    value = json("2");
    assert_int_equal(rooms_schema_check(schema, value, &f), ROOMS_DECLINED);
    json_decref(value);
    rooms_schema_free(schema);
}


static void
test_types(void **state)
{
    size_t                 i;
    json_t                *document;
    rooms_schema_t        *schema;
    rooms_schema_error_t   err;

    static const struct {
        const char  *schema;
        unsigned     types;
    } cases[] = {
        { "{}", ROOMS_SCHEMA_ANY },
        { "true", ROOMS_SCHEMA_ANY },
        { "{'type': ['integer', 'null']}",
          ROOMS_SCHEMA_INTEGER|ROOMS_SCHEMA_NULL },
        { "{'$ref': '#/definitions/a',"
          " 'definitions': {'a': {'type': 'array'}}}", ROOMS_SCHEMA_ARRAY }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        document = json(cases[i].schema);
        schema = rooms_schema_compile(document, "", ROOMS_SCHEMA_LENIENT,
                                      &err);
        assert_non_null(schema);
        assert_int_equal(rooms_schema_types(schema), cases[i].types);

        rooms_schema_free(schema);
        json_decref(document);
    }
}


static void
test_missing(void **state)
{
    json_t                  *document;
    rooms_schema_t          *schema;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   f;

    (void) state;

    document = json("{'x-message': {'required': 'Say something'}}");

    schema = rooms_schema_compile(document, "", 0, &err);
    rooms_schema_missing(schema, "body", &f);
    assert_string_equal(f.message, "Say something");
    assert_string_equal(f.keyword, "required");
    assert_string_equal(f.pointer, "");
    rooms_schema_free(schema);
    json_decref(document);

    document = json("{'x-message': {'minLength': 'Say more'}}");

    schema = rooms_schema_compile(document, "", 0, &err);
    rooms_schema_missing(schema, "body", &f);
    assert_string_equal(f.message, "body: is required");
    rooms_schema_free(schema);

    json_decref(document);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_pointer),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_missing)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
