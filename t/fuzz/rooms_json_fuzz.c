
/*
 * Copyright (C) nginx rooms contributors
 *
 * What passes must be what jansson reads, and the other way round.
 */


#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_json.h>


#define ITEMS  64


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


/* What is JSON, and jansson does not hold. */

static int
beyond(const char *text)
{
    return strstr(text, "Unicode") || strstr(text, "too big")
           || strstr(text, "overflow") || strstr(text, "NUL byte");
}


static void
items(rooms_str_t text, json_t *value)
{
    size_t          i, n;
    json_t         *item;
    rooms_int_t     rc;
    rooms_str_t     parts[ITEMS], s;
    unsigned char  *buf;

    rc = rooms_json_items(text, NULL, parts, ITEMS, &n, NULL);

    if (rc != ROOMS_OK) {
        check(rc == ROOMS_DECLINED && json_array_size(value) > ITEMS);
        return;
    }

    check(n == json_array_size(value));

    for (i = 0; i < n; i++) {

        item = json_loadb((const char *) parts[i].data, parts[i].len,
                          JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);
        check(item != NULL && json_equal(item, json_array_get(value, i)));

        if (json_is_string(item)) {
            buf = malloc(parts[i].len);
            check(rooms_json_string(parts[i], buf, parts[i].len, &s)
                  == ROOMS_OK);
            check(s.len == json_string_length(item));
            check(memcmp(s.data, json_string_value(item), s.len) == 0);
            free(buf);
        }

        json_decref(item);
    }
}


/* Any octets become a string, and text comes back as it was. */

static void
escape(rooms_str_t text)
{
    json_t       *value;
    rooms_buf_t   b;

    rooms_buf_init(&b, 0);
    rooms_json_escape(&b, text);
    check(rooms_json_check(rooms_str(b.data, b.len), NULL, NULL) == ROOMS_OK);

    value = json_stringn((const char *) text.data, text.len);

    if (value != NULL) {
        unsigned char  *buf;
        rooms_str_t     s;

        buf = malloc(b.len);
        check(rooms_json_string(rooms_str(b.data, b.len), buf, b.len, &s)
              == ROOMS_OK);
        check(s.len == text.len);
        check(s.len == 0 || memcmp(s.data, text.data, s.len) == 0);
        free(buf);
    }

    json_decref(value);
    rooms_buf_free(&b);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t               *value;
    rooms_int_t           rc;
    rooms_str_t           text;
    json_error_t          je;
    rooms_json_error_t    err;

    text = rooms_str(data, size);

    rc = rooms_json_check(text, NULL, &err);
    value = json_loadb((const char *) data, size,
                       JSON_DECODE_ANY|JSON_ALLOW_NUL, &je);

    if (rc != ROOMS_OK) {
        check(err.offset <= size && err.reason != NULL);

        /* jansson takes a zero octet for the end */

        check(rc == ROOMS_DECLINED || value == NULL
              || memchr(data, '\0', size) != NULL);

    } else if (value == NULL) {
        check(beyond(je.text));

    } else if (json_is_array(value)) {
        items(text, value);
    }

    json_decref(value);
    escape(text);

    return 0;
}
