
/*
 * Copyright (C) nginx rooms contributors
 *
 * The keywords of JSON Schema draft-07 whose values hold schemas.
 */


#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <rooms_schema_keyword.h>


static rooms_schema_node_t *
rooms_schema_below(rooms_schema_reader_t *r, const char *pointer,
    json_t *value)
{
    if (pointer == NULL) {
        return NULL;
    }

    return rooms_schema_node(r->schema, value, r->node->base, pointer,
                             r->depth + 1);
}


rooms_int_t
rooms_schema_set_schema(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    rooms_schema_node_t  *node;

    node = rooms_schema_below(r, rooms_schema_join(r->schema,
                                                   r->node->pointer, k->name),
                              value);

    *(rooms_schema_node_t **) ((char *) r->node + k->offset) = node;

    return node ? ROOMS_OK : ROOMS_ERROR;
}


rooms_int_t
rooms_schema_set_list(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    char                  key[24];
    size_t                i;
    json_t               *item;
    const char           *pointer;
    rooms_schema_list_t  *list;

    if (!json_is_array(value) || json_array_size(value) == 0) {
        return rooms_schema_bad(r, k->name, "must be a list of schemas that "
                                            "is not empty");
    }

    list = (rooms_schema_list_t *) ((char *) r->node + k->offset);

    pointer = rooms_schema_join(r->schema, r->node->pointer, k->name);
    list->nodes = rooms_schema_alloc(r->schema, json_array_size(value)
                                                * sizeof(*list->nodes));

    if (pointer == NULL || list->nodes == NULL) {
        return ROOMS_ERROR;
    }

    json_array_foreach(value, i, item) {

        snprintf(key, sizeof(key), "%zu", i);

        list->nodes[i] = rooms_schema_below(r, rooms_schema_join(r->schema,
                                                                 pointer, key),
                                            item);
        if (list->nodes[i] == NULL) {
            return ROOMS_ERROR;
        }

        list->n++;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_schema_set_items(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    rooms_schema_keyword_t  list;

    list = *k;

    if (!json_is_array(value)) {
        list.offset = rooms_schema_field(items);
        return rooms_schema_set_schema(r, &list, value);
    }

    r->node->tuple = 1;

    if (json_array_size(value) == 0) {
        return ROOMS_OK;
    }

    list.offset = rooms_schema_field(tuple_items);

    return rooms_schema_set_list(r, &list, value);
}


rooms_int_t
rooms_schema_set_properties(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    size_t                    len;
    json_t                   *json;
    const char               *key, *pointer;
    rooms_schema_property_t  *p;

    if (!json_is_object(value)) {
        return rooms_schema_bad(r, k->name, "must be an object of schemas");
    }

    pointer = rooms_schema_join(r->schema, r->node->pointer, k->name);
    p = rooms_schema_alloc(r->schema, json_object_size(value) * sizeof(*p));

    if (pointer == NULL || p == NULL) {
        return ROOMS_ERROR;
    }

    r->node->properties = p;
    r->node->property_map = value;

    json_object_keylen_foreach(value, key, len, json) {

        p->key = key;
        p->len = len;
        p->node = rooms_schema_below(r, rooms_schema_join(r->schema, pointer,
                                                          key),
                                     json);
        if (p->node == NULL) {
            return ROOMS_ERROR;
        }

        p++;
        r->node->n_properties++;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_schema_set_matches(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    json_t                *json;
    const char            *key, *pointer, *below;
    rooms_schema_match_t  *m;

    if (!json_is_object(value)) {
        return rooms_schema_bad(r, k->name, "must be an object of schemas");
    }

    pointer = rooms_schema_join(r->schema, r->node->pointer, k->name);
    m = rooms_schema_alloc(r->schema, json_object_size(value) * sizeof(*m));

    if (pointer == NULL || m == NULL) {
        return ROOMS_ERROR;
    }

    r->node->matches = m;

    json_object_foreach(value, key, json) {

        below = rooms_schema_join(r->schema, pointer, key);

        if (rooms_schema_set_regex(r, below, key, strlen(key), m)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        m->node = rooms_schema_below(r, below, json);
        if (m->node == NULL) {
            return ROOMS_ERROR;
        }

        m++;
        r->node->n_matches++;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_schema_set_dependencies(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    size_t                    len, i;
    json_t                   *json, *name;
    const char               *key, *pointer;
    rooms_schema_property_t  *p;

    if (!json_is_object(value)) {
        return rooms_schema_bad(r, k->name, "must be an object of schemas or "
                                            "lists of strings");
    }

    pointer = rooms_schema_join(r->schema, r->node->pointer, k->name);
    p = rooms_schema_alloc(r->schema, json_object_size(value) * sizeof(*p));

    if (pointer == NULL || p == NULL) {
        return ROOMS_ERROR;
    }

    r->node->dependencies = p;

    json_object_keylen_foreach(value, key, len, json) {

        p->key = key;
        p->len = len;

        if (json_is_array(json)) {
            p->names = json;

            json_array_foreach(json, i, name) {
                if (!json_is_string(name)) {
                    return rooms_schema_bad(r, k->name, "must have lists of "
                                                        "strings only");
                }
            }

        } else {
            p->node = rooms_schema_below(r, rooms_schema_join(r->schema,
                                                              pointer, key),
                                         json);
            if (p->node == NULL) {
                return ROOMS_ERROR;
            }
        }

        p++;
        r->node->n_dependencies++;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_schema_set_definitions(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value)
{
    json_t      *json;
    const char  *key, *pointer;

    if (!json_is_object(value)) {
        return rooms_schema_bad(r, k->name, "must be an object of schemas");
    }

    pointer = rooms_schema_join(r->schema, r->node->pointer, k->name);
    if (pointer == NULL) {
        return ROOMS_ERROR;
    }

    json_object_foreach(value, key, json) {

        if (rooms_schema_below(r, rooms_schema_join(r->schema, pointer, key),
                               json)
            == NULL)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}
