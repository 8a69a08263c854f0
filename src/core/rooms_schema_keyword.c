
/*
 * Copyright (C) nginx rooms contributors
 *
 * The keywords of JSON Schema draft-07 and what each puts into a node.
 */


#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <rooms_schema_keyword.h>


static const rooms_schema_keyword_t *rooms_schema_keyword(const char *name);
static rooms_int_t rooms_schema_ref(rooms_schema_reader_t *r);
static void rooms_schema_mark_required(rooms_schema_node_t *node);

static rooms_schema_set_t  rooms_schema_set_nothing;
static rooms_schema_set_t  rooms_schema_set_dialect;
static rooms_schema_set_t  rooms_schema_set_message;
static rooms_schema_set_t  rooms_schema_set_type;
static rooms_schema_set_t  rooms_schema_set_value;
static rooms_schema_set_t  rooms_schema_set_array;
static rooms_schema_set_t  rooms_schema_set_number;
static rooms_schema_set_t  rooms_schema_set_multiple;
static rooms_schema_set_t  rooms_schema_set_size;
static rooms_schema_set_t  rooms_schema_set_pattern;
static rooms_schema_set_t  rooms_schema_set_format;
static rooms_schema_set_t  rooms_schema_set_unique;
static rooms_schema_set_t  rooms_schema_set_required;


/* "$ref" and "$id" are read before these. */

static const rooms_schema_keyword_t  rooms_schema_known_keywords[] = {

    { "$ref", rooms_schema_set_nothing, 0 },
    { "$id", rooms_schema_set_nothing, 0 },
    { "$schema", rooms_schema_set_dialect, 0 },
    { "$comment", rooms_schema_set_nothing, 0 },
    { "title", rooms_schema_set_nothing, 0 },
    { "description", rooms_schema_set_nothing, 0 },
    { "default", rooms_schema_set_nothing, 0 },
    { "examples", rooms_schema_set_nothing, 0 },
    { "readOnly", rooms_schema_set_nothing, 0 },
    { "writeOnly", rooms_schema_set_nothing, 0 },
    { "contentEncoding", rooms_schema_set_nothing, 0 },
    { "contentMediaType", rooms_schema_set_nothing, 0 },
    { "deprecated", rooms_schema_set_nothing, 0 },
    { "externalDocs", rooms_schema_set_nothing, 0 },
    { "x-message", rooms_schema_set_message, 0 },
    { "definitions", rooms_schema_set_definitions, 0 },

    { "type", rooms_schema_set_type, 0 },
    { "const", rooms_schema_set_value, rooms_schema_field(constant) },
    { "enum", rooms_schema_set_array, rooms_schema_field(values) },

    { "multipleOf", rooms_schema_set_multiple, 0 },
    { "minimum", rooms_schema_set_number, rooms_schema_field(minimum) },
    { "maximum", rooms_schema_set_number, rooms_schema_field(maximum) },
    { "exclusiveMinimum", rooms_schema_set_number, rooms_schema_field(above) },
    { "exclusiveMaximum", rooms_schema_set_number, rooms_schema_field(below) },

    { "minLength", rooms_schema_set_size, rooms_schema_field(min_length) },
    { "maxLength", rooms_schema_set_size, rooms_schema_field(max_length) },
    { "pattern", rooms_schema_set_pattern, 0 },
    { "format", rooms_schema_set_format, 0 },

    { "items", rooms_schema_set_items, 0 },
    { "additionalItems", rooms_schema_set_schema,
      rooms_schema_field(more_items) },
    { "contains", rooms_schema_set_schema, rooms_schema_field(contains) },
    { "minItems", rooms_schema_set_size, rooms_schema_field(min_items) },
    { "maxItems", rooms_schema_set_size, rooms_schema_field(max_items) },
    { "uniqueItems", rooms_schema_set_unique, 0 },

    { "required", rooms_schema_set_required, 0 },
    { "properties", rooms_schema_set_properties, 0 },
    { "patternProperties", rooms_schema_set_matches, 0 },
    { "additionalProperties", rooms_schema_set_schema,
      rooms_schema_field(more_properties) },
    { "propertyNames", rooms_schema_set_schema, rooms_schema_field(names) },
    { "minProperties", rooms_schema_set_size,
      rooms_schema_field(min_properties) },
    { "maxProperties", rooms_schema_set_size,
      rooms_schema_field(max_properties) },
    { "dependencies", rooms_schema_set_dependencies, 0 },

    { "if", rooms_schema_set_schema, rooms_schema_field(condition) },
    { "then", rooms_schema_set_schema, rooms_schema_field(consequence) },
    { "else", rooms_schema_set_schema, rooms_schema_field(alternative) },
    { "allOf", rooms_schema_set_list, rooms_schema_field(all) },
    { "anyOf", rooms_schema_set_list, rooms_schema_field(any) },
    { "oneOf", rooms_schema_set_list, rooms_schema_field(one) },
    { "not", rooms_schema_set_schema, rooms_schema_field(not) },

    { NULL, NULL, 0 }
};


rooms_int_t
rooms_schema_keywords(rooms_schema_t *schema, rooms_schema_node_t *node,
    unsigned depth)
{
    json_t                        *value, *ref;
    const char                    *key;
    rooms_schema_reader_t          r;
    const rooms_schema_keyword_t  *k;

    r.schema = schema;
    r.node = node;
    r.depth = depth;

    ref = json_object_get(node->json, "$ref");

    if (json_is_string(ref)) {
        return rooms_schema_ref(&r);
    }

    json_object_foreach(node->json, key, value) {

        k = rooms_schema_keyword(key);

        if (k == NULL) {

            if (strncmp(key, "x-", 2) == 0
                || (schema->flags & ROOMS_SCHEMA_LENIENT))
            {
                continue;
            }

            return rooms_schema_bad(&r, key, "unknown keyword");
        }

        if (k->set(&r, k, value) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    if (ref != NULL && !(schema->flags & ROOMS_SCHEMA_LENIENT)) {
        return rooms_schema_bad(&r, "$ref", "must be a string");
    }

    rooms_schema_mark_required(node);

    return ROOMS_OK;
}


static const rooms_schema_keyword_t *
rooms_schema_keyword(const char *name)
{
    const rooms_schema_keyword_t  *k;

    for (k = rooms_schema_known_keywords; k->name != NULL; k++) {
        if (strcmp(k->name, name) == 0) {
            return k;
        }
    }

    return NULL;
}


/*
 * Beside "$ref" all keywords are ignored, as draft-07 says, so whoever wrote
 * one there is told.  Where it leads is found out when all is read.
 */

static rooms_int_t
rooms_schema_ref(rooms_schema_reader_t *r)
{
    json_t                        *value;
    const char                    *key;
    const rooms_schema_keyword_t  *k;

    r->node->later = r->schema->later;
    r->schema->later = r->node;

    if (r->schema->flags & ROOMS_SCHEMA_LENIENT) {
        return ROOMS_OK;
    }

    json_object_foreach(r->node->json, key, value) {

        k = rooms_schema_keyword(key);

        if (k == NULL && strncmp(key, "x-", 2) != 0) {
            return rooms_schema_bad(r, key, "unknown keyword");
        }

        if (k != NULL
            && (k->set != rooms_schema_set_nothing || strcmp(key, "$id") == 0))
        {
            return rooms_schema_bad(r, key, "has no effect beside \"$ref\"");
        }
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_schema_bad(rooms_schema_reader_t *r, const char *key,
    const char *reason)
{
    (void) rooms_schema_fail(r->schema, r->node->pointer, key, "%s", reason);

    return ROOMS_ERROR;
}

/* So that of two failures the first in the order of "properties" is told. */

static void
rooms_schema_mark_required(rooms_schema_node_t *node)
{
    size_t       i, n;
    json_t      *name;

    for (i = 0; i < node->n_properties; i++) {

        json_array_foreach(node->required, n, name) {

            if (json_string_length(name) == node->properties[i].len
                && memcmp(json_string_value(name), node->properties[i].key,
                          node->properties[i].len)
                   == 0)
            {
                node->properties[i].required = 1;
            }
        }
    }
}


static rooms_int_t
rooms_schema_set_nothing(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    (void) r;
    (void) k;
    (void) value;

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_dialect(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    size_t       n;
    const char  *uri;

    uri = json_string_value(value);
    n = sizeof(ROOMS_SCHEMA_META_URI) - 1;

    if ((uri == NULL || strncmp(uri, ROOMS_SCHEMA_META_URI, n) != 0
         || (uri[n] != '\0' && strcmp(uri + n, "#") != 0))
        && !(r->schema->flags & ROOMS_SCHEMA_LENIENT))
    {
        return rooms_schema_bad(r, k->name, "must be \"" ROOMS_SCHEMA_META_URI
                                            "#\"");
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_message(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    json_t      *text;
    const char  *key;

    if (!json_is_string(value) && !json_is_object(value)) {
        return rooms_schema_bad(r, k->name, "must be a string, or an object "
                                            "of keywords and strings");
    }

    json_object_foreach(value, key, text) {

        if (!json_is_string(text)) {
            return rooms_schema_bad(r, k->name, "must have strings only");
        }

        if (rooms_schema_keyword(key) == NULL) {
            return rooms_schema_bad(r, k->name, "names an unknown keyword");
        }
    }

    r->node->message = value;

    return ROOMS_OK;
}


static unsigned
rooms_schema_type(const char *name)
{
    unsigned                  i;
    static const char *const  names[] = { "null", "boolean", "integer",
                                          "number", "string", "array",
                                          "object" };

    for (i = 0; name != NULL && i < 7; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1u << i;
        }
    }

    return 0;
}


static rooms_int_t
rooms_schema_set_type(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    size_t    i;
    unsigned  types, type;
    json_t   *name;

    types = rooms_schema_type(json_string_value(value));

    json_array_foreach(value, i, name) {

        type = rooms_schema_type(json_string_value(name));

        if (type == 0 || (types & type)) {
            types = 0;
            break;
        }

        types |= type;
    }

    if (types == 0) {
        return rooms_schema_bad(r, k->name, "must be a type, or a list of "
                                            "different types");
    }

    r->node->types = types;

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_value(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    *(json_t **) ((char *) r->node + k->offset) = value;

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_array(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) == 0) {
        return rooms_schema_bad(r, k->name, "must be a list that is not "
                                            "empty");
    }

    return rooms_schema_set_value(r, k, value);
}


static rooms_int_t
rooms_schema_set_number(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    if (!json_is_number(value)) {
        return rooms_schema_bad(r, k->name, "must be a number");
    }

    return rooms_schema_set_value(r, k, value);
}


static rooms_int_t
rooms_schema_set_multiple(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    if (!json_is_number(value) || !(json_number_value(value) > 0)) {
        return rooms_schema_bad(r, k->name, "must be a number over 0");
    }

    r->node->multiple = rooms_schema_decimal(value);
    r->node->divisor = value;

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_size(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    double  d;

    d = json_number_value(value);

    if (!json_is_number(value) || !rooms_schema_integral(value) || d < 0
        || d > 9007199254740992.0)
    {
        return rooms_schema_bad(r, k->name, "must be an integer of at least "
                                            "0");
    }

    *(size_t *) ((char *) r->node + k->offset) = (size_t) d;

    return ROOMS_OK;
}


rooms_int_t
rooms_schema_set_regex(rooms_schema_reader_t *r, const char *pointer,
    const char *text, size_t len, rooms_schema_match_t *match)
{
    char                   reason[160];
    rooms_schema_regex_t  *regex;

    if (pointer == NULL) {
        return ROOMS_ERROR;
    }

    regex = rooms_schema_alloc(r->schema, sizeof(rooms_schema_regex_t));
    if (regex == NULL) {
        return ROOMS_ERROR;
    }

    regex->pattern = rooms_schema_pattern_create(text, len, reason,
                                                 sizeof(reason));
    if (regex->pattern == NULL) {
        (void) rooms_schema_fail(r->schema, pointer, NULL,
                                 "not a pattern: %s", reason);
        return ROOMS_ERROR;
    }

    regex->next = r->schema->regexes;
    r->schema->regexes = regex;

    match->text = text;
    match->pattern = regex->pattern;

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_pattern(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    if (!json_is_string(value)) {
        return rooms_schema_bad(r, k->name, "must be a string");
    }

    return rooms_schema_set_regex(r, rooms_schema_join(r->schema,
                                                       r->node->pointer,
                                                       k->name),
                                  json_string_value(value),
                                  json_string_length(value),
                                  &r->node->pattern);
}


static rooms_int_t
rooms_schema_set_format(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    if (!json_is_string(value)) {
        return rooms_schema_bad(r, k->name, "must be a string");
    }

    if (r->schema->flags & ROOMS_SCHEMA_FORMAT) {
        r->node->format = json_string_value(value);
        r->node->format_check = rooms_schema_format(r->node->format);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_unique(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    if (!json_is_boolean(value)) {
        return rooms_schema_bad(r, k->name, "must be a boolean");
    }

    r->node->unique = json_is_true(value);

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_set_required(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    size_t   i;
    json_t  *name;

    if (!json_is_array(value)) {
        return rooms_schema_bad(r, k->name, "must be a list of strings");
    }

    json_array_foreach(value, i, name) {
        if (!json_is_string(name)) {
            return rooms_schema_bad(r, k->name, "must be a list of strings");
        }
    }

    r->node->required = value;

    return ROOMS_OK;
}
