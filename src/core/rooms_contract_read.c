
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_contract_read.h>


#define ROOMS_CONTRACT_REFS  16         /* from one to the next */


rooms_int_t
rooms_contract_fail(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, const char *fmt, ...)
{
    va_list  args;

    r->err->line = 0;
    r->err->column = 0;

    snprintf(r->err->pointer, sizeof(r->err->pointer), "#%.*s",
             (int) sizeof(r->err->pointer) - 2, at->pointer);

    va_start(args, fmt);
    vsnprintf(r->err->reason, sizeof(r->err->reason), fmt, args);
    va_end(args);

    return ROOMS_ERROR;
}


void
rooms_contract_top(rooms_contract_reader_t *r, rooms_contract_place_t *at)
{
    at->json = r->document;
    at->pointer[0] = '\0';
}


rooms_int_t
rooms_contract_member(rooms_contract_reader_t *r,
    const rooms_contract_place_t *from, const char *key,
    rooms_contract_place_t *to)
{
    char         pointer[ROOMS_SCHEMA_POINTER], *p, *end;
    json_t      *json;
    const char  *k;

    json = json_object_get(from->json, key);
    if (json == NULL) {
        return ROOMS_DECLINED;
    }

    p = pointer + snprintf(pointer, sizeof(pointer), "%s", from->pointer);
    end = pointer + sizeof(pointer) - 1;

    if (p < end) {
        *p++ = '/';
    }

    for (k = key; *k != '\0'; k++) {

        if (end - p < 2) {
            return rooms_contract_fail(r, from, "the name \"%s\" is too long",
                                       key);
        }

        if (*k == '~' || *k == '/') {
            *p++ = '~';
            *p++ = (*k == '~') ? '0' : '1';
            continue;
        }

        *p++ = *k;
    }

    *p = '\0';

    to->json = json;
    memcpy(to->pointer, pointer, sizeof(pointer));

    return ROOMS_OK;
}


rooms_int_t
rooms_contract_element(rooms_contract_reader_t *r,
    const rooms_contract_place_t *from, size_t index,
    rooms_contract_place_t *to)
{
    char     pointer[ROOMS_SCHEMA_POINTER + 24];
    int      n;
    json_t  *json;

    json = json_array_get(from->json, index);
    if (json == NULL) {
        return ROOMS_DECLINED;
    }

    n = snprintf(pointer, sizeof(pointer), "%s/%zu", from->pointer, index);

    if (n >= ROOMS_SCHEMA_POINTER) {
        return rooms_contract_fail(r, from, "the pointer is too long");
    }

    to->json = json;
    memcpy(to->pointer, pointer, n + 1);

    return ROOMS_OK;
}


rooms_int_t
rooms_contract_follow(rooms_contract_reader_t *r, rooms_contract_place_t *at)
{
    json_t      *json;
    unsigned     i;
    const char  *ref;

    for (i = 0; i < ROOMS_CONTRACT_REFS; i++) {

        if (!json_is_object(at->json)) {
            return rooms_contract_fail(r, at, "must be an object");
        }

        json = json_object_get(at->json, "$ref");
        if (json == NULL) {
            return ROOMS_OK;
        }

        ref = json_string_value(json);

        if (ref == NULL || ref[0] != '#'
            || strlen(ref) >= ROOMS_SCHEMA_POINTER)
        {
            return rooms_contract_fail(r, at, "\"$ref\" must begin with "
                                       "\"#/\": other documents are not read");
        }

        json = rooms_schema_at(r->document, ref + 1);
        if (json == NULL) {
            return rooms_contract_fail(r, at, "\"$ref\": \"%s\" leads "
                                       "nowhere", ref);
        }

        at->json = json;
        snprintf(at->pointer, sizeof(at->pointer), "%s", ref + 1);
    }

    return rooms_contract_fail(r, at, "\"$ref\" refers to itself without end");
}


rooms_int_t
rooms_contract_compile(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_schema_t **schema)
{
    rooms_schema_error_t  err;

    *schema = rooms_schema_compile(r->document, at->pointer,
                                   ROOMS_SCHEMA_FORMAT, &err);
    if (*schema != NULL) {
        return ROOMS_OK;
    }

    r->err->line = 0;
    r->err->column = 0;

    memcpy(r->err->pointer, err.pointer, sizeof(err.pointer));
    memcpy(r->err->reason, err.reason, sizeof(err.reason));

    return ROOMS_ERROR;
}


rooms_int_t
rooms_contract_extensions(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, const char *const *names)
{
    json_t                  *json;
    const char              *key;
    const char *const       *name;
    rooms_contract_place_t   place;

    json_object_foreach(at->json, key, json) {

        if (strncmp(key, "x-rooms-", 8) != 0) {
            continue;
        }

        for (name = names; *name != NULL; name++) {
            if (strcmp(*name, key) == 0) {
                break;
            }
        }

        if (*name == NULL) {
            if (rooms_contract_member(r, at, key, &place) != ROOMS_OK) {
                return ROOMS_ERROR;
            }

            return rooms_contract_fail(r, &place, "unknown extension");
        }
    }

    return ROOMS_OK;
}


/* Grows when the number is a power of two. */

rooms_int_t
rooms_contract_append(rooms_contract_reader_t *r, void *list, unsigned *n,
    void *item)
{
    void                   **items, **grown;
    rooms_contract_place_t   top;

    memcpy(&items, list, sizeof(items));

    if ((*n & (*n - 1)) == 0) {

        grown = realloc(items, (*n ? *n * 2 : 1) * sizeof(void *));

        if (grown == NULL) {
            free(item);
            rooms_contract_top(r, &top);
            return rooms_contract_fail(r, &top, "out of memory");
        }

        items = grown;
        memcpy(list, &items, sizeof(items));
    }

    items[(*n)++] = item;

    return ROOMS_OK;
}


rooms_str_t
rooms_contract_string(const json_t *json)
{
    return rooms_str(json_string_value(json), json_string_length(json));
}


unsigned
rooms_contract_same(rooms_str_t a, rooms_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
