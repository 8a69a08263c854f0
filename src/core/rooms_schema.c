
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_schema_node.h>


struct rooms_schema_block_s {
    rooms_schema_block_t  *next;
    uint64_t               data[];
};


static rooms_int_t rooms_schema_build(rooms_schema_t *schema,
    const char *pointer);
static rooms_schema_node_t *rooms_schema_blank(rooms_schema_t *schema);
static size_t rooms_schema_bucket(const json_t *json);


rooms_schema_t *
rooms_schema_compile(json_t *document, const char *pointer, unsigned flags,
    rooms_schema_error_t *err)
{
    rooms_schema_t  *schema;

    snprintf(err->pointer, sizeof(err->pointer), "#%s", pointer);
    snprintf(err->reason, sizeof(err->reason), "out of memory");

    schema = calloc(1, sizeof(rooms_schema_t));
    if (schema == NULL) {
        return NULL;
    }

    schema->flags = flags;
    schema->document = json_incref(document);
    schema->error = err;

    if (rooms_schema_build(schema, pointer) != ROOMS_OK) {
        rooms_schema_free(schema);
        return NULL;
    }

    schema->error = NULL;

    return schema;
}


static rooms_int_t
rooms_schema_build(rooms_schema_t *schema, const char *pointer)
{
    char                 *where;
    json_t               *json;
    rooms_schema_base_t  *base;

    schema->always = rooms_schema_blank(schema);
    schema->never = rooms_schema_blank(schema);

    if (schema->always == NULL || schema->never == NULL) {
        return ROOMS_ERROR;
    }

    schema->never->never = 1;

    json = rooms_schema_at(schema->document, pointer);
    if (json == NULL) {
        (void) rooms_schema_fail(schema, schema->error->pointer, NULL,
                                 "nothing is there");
        return ROOMS_ERROR;
    }

    where = rooms_schema_copy(schema, schema->error->pointer);
    base = rooms_schema_base(schema, "", "#", schema->document);

    if (where == NULL || base == NULL) {
        return ROOMS_ERROR;
    }

    schema->root = rooms_schema_node(schema, json, base, where, 0);
    if (schema->root == NULL) {
        return ROOMS_ERROR;
    }

    return rooms_schema_resolve(schema);
}


json_t *
rooms_schema_at(json_t *document, const char *pointer)
{
    char         key[ROOMS_SCHEMA_POINTER];
    size_t       n;
    json_t      *json;
    const char  *p;

    json = document;
    p = pointer;

    while (*p != '\0' && json != NULL) {

        if (*p++ != '/') {
            return NULL;
        }

        for (n = 0; *p != '\0' && *p != '/'; p++) {

            if (n == sizeof(key) - 1) {
                return NULL;
            }

            if (p[0] == '~' && (p[1] == '0' || p[1] == '1')) {
                p++;
                key[n++] = (*p == '0') ? '~' : '/';
                continue;
            }

            key[n++] = *p;
        }

        key[n] = '\0';

        if (json_is_array(json)) {
            json = (n != 0 && strspn(key, "0123456789") == n)
                   ? json_array_get(json, strtoul(key, NULL, 10)) : NULL;
            continue;
        }

        json = json_object_get(json, key);
    }

    return json;
}


void
rooms_schema_free(rooms_schema_t *schema)
{
    rooms_schema_block_t  *block;
    rooms_schema_regex_t  *regex;

    if (schema == NULL) {
        return;
    }

    for (regex = schema->regexes; regex != NULL; regex = regex->next) {
        rooms_schema_pattern_free(regex->pattern);
    }

    while (schema->blocks != NULL) {
        block = schema->blocks;
        schema->blocks = block->next;
        free(block);
    }

    json_decref(schema->document);
    json_decref(schema->meta);
    free(schema);
}


unsigned
rooms_schema_types(const rooms_schema_t *schema)
{
    const rooms_schema_node_t  *node;

    node = schema->root;

    while (node->ref != NULL) {
        node = node->ref;
    }

    return node->types;
}


void *
rooms_schema_alloc(rooms_schema_t *schema, size_t size)
{
    rooms_schema_block_t  *block;

    block = calloc(1, sizeof(rooms_schema_block_t) + size);
    if (block == NULL) {
        return rooms_schema_fail(schema, "#", NULL, "out of memory");
    }

    block->next = schema->blocks;
    schema->blocks = block;

    return block->data;
}


char *
rooms_schema_copy(rooms_schema_t *schema, const char *text)
{
    char    *p;
    size_t   n;

    n = strlen(text) + 1;

    p = rooms_schema_alloc(schema, n);
    if (p != NULL) {
        memcpy(p, text, n);
    }

    return p;
}


char *
rooms_schema_join(rooms_schema_t *schema, const char *base, const char *key)
{
    char        *p, *q;
    size_t       n;

    n = strlen(base);

    p = rooms_schema_alloc(schema, n + 2 * strlen(key) + 2);
    if (p == NULL) {
        return NULL;
    }

    memcpy(p, base, n);
    q = p + n;
    *q++ = '/';

    for ( /* void */ ; *key != '\0'; key++) {

        if (*key == '~' || *key == '/') {
            *q++ = '~';
            *q++ = (*key == '~') ? '0' : '1';
            continue;
        }

        *q++ = *key;
    }

    *q = '\0';

    return p;
}


void *
rooms_schema_fail(rooms_schema_t *schema, const char *pointer,
    const char *key, const char *fmt, ...)
{
    char                  at[ROOMS_SCHEMA_POINTER];
    va_list               args;
    rooms_schema_error_t  *err;

    err = schema->error;

    snprintf(at, sizeof(at), "%s%s%s", pointer, key ? "/" : "",
             key ? key : "");
    memcpy(err->pointer, at, sizeof(at));

    va_start(args, fmt);
    vsnprintf(err->reason, sizeof(err->reason), fmt, args);
    va_end(args);

    return NULL;
}


/* A node that allows everything. */

static rooms_schema_node_t *
rooms_schema_blank(rooms_schema_t *schema)
{
    rooms_schema_node_t  *node;

    node = rooms_schema_alloc(schema, sizeof(rooms_schema_node_t));
    if (node == NULL) {
        return NULL;
    }

    node->types = ROOMS_SCHEMA_ANY;
    node->max_length = SIZE_MAX;
    node->max_items = SIZE_MAX;
    node->max_properties = SIZE_MAX;

    return node;
}


static size_t
rooms_schema_bucket(const json_t *json)
{
    return ((uintptr_t) json >> 5) % ROOMS_SCHEMA_BUCKETS;
}


rooms_schema_node_t *
rooms_schema_known(const rooms_schema_t *schema, const json_t *json)
{
    rooms_schema_node_t  *node;

    node = schema->buckets[rooms_schema_bucket(json)];

    while (node != NULL && node->json != json) {
        node = node->next;
    }

    return node;
}


rooms_schema_node_t *
rooms_schema_node(rooms_schema_t *schema, json_t *json,
    rooms_schema_base_t *base, const char *pointer, unsigned depth)
{
    size_t                bucket;
    rooms_schema_node_t  *node;

    if (json_is_boolean(json)) {
        return json_is_true(json) ? schema->always : schema->never;
    }

    if (!json_is_object(json)) {
        return rooms_schema_fail(schema, pointer, NULL,
                                 "a schema must be an object or a boolean");
    }

    node = rooms_schema_known(schema, json);
    if (node != NULL) {
        return node;
    }

    if (depth == ROOMS_SCHEMA_DEPTH) {
        return rooms_schema_fail(schema, pointer, NULL, "too deep");
    }

    node = rooms_schema_blank(schema);
    if (node == NULL) {
        return NULL;
    }

    node->json = json;
    node->pointer = pointer;

    bucket = rooms_schema_bucket(json);
    node->next = schema->buckets[bucket];
    schema->buckets[bucket] = node;

    node->base = rooms_schema_id(schema, node, base);

    if (node->base == NULL
        || rooms_schema_keywords(schema, node, depth) != ROOMS_OK)
    {
        return NULL;
    }

    return node;
}
