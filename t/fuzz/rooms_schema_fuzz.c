
/*
 * Copyright (C) nginx rooms contributors
 *
 * The input is a schema, an octet 255, and a value.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_json.h>
#include <rooms_schema.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


static json_t *
parse(const uint8_t *data, size_t size)
{
    if (rooms_json_check(rooms_str(data, size), NULL, NULL) != ROOMS_OK) {
        return NULL;
    }

    return json_loadb((const char *) data, size,
                      JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);
}


/* Texts are UTF-8, also where they were cut. */

static void
text(const char *p, size_t cap)
{
    json_t  *s;

    check(memchr(p, '\0', cap) != NULL);

    s = json_string(p);
    check(s != NULL);
    json_decref(s);
}


static void
one(json_t *document, json_t *value, unsigned flags)
{
    rooms_int_t              rc;
    rooms_schema_t          *schema;
    rooms_schema_error_t     err;
    rooms_schema_failure_t   failure;

    schema = rooms_schema_compile(document, "", flags, &err);

    if (schema == NULL) {
        check(err.pointer[0] != '\0' && err.reason[0] != '\0');
        check(memchr(err.pointer, '\0', sizeof(err.pointer)) != NULL);
        return;
    }

    rc = rooms_schema_check(schema, value, &failure);

    check(rc == rooms_schema_check(schema, value, NULL));

    if (rc != ROOMS_OK) {
        text(failure.pointer, sizeof(failure.pointer));
        text(failure.message, sizeof(failure.message));
        check(failure.keyword != NULL);
    }

    rooms_schema_free(schema);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t         *document, *value;
    const uint8_t  *border;

    border = size ? memchr(data, 255, size) : NULL;

    if (border == NULL) {
        return 0;
    }

    document = parse(data, border - data);
    value = parse(border + 1, data + size - border - 1);

    if (document != NULL && value != NULL) {
        one(document, value, 0);
        one(document, value, ROOMS_SCHEMA_LENIENT|ROOMS_SCHEMA_FORMAT);
    }

    json_decref(document);
    json_decref(value);

    return 0;
}
