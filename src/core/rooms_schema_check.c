
/*
 * Copyright (C) nginx rooms contributors
 *
 * Is a value valid?  Stops at the first failure.
 */


#include <string.h>

#include <rooms_schema_check.h>


#define ROOMS_SCHEMA_STEPS  1000000     /* of one check */


static unsigned rooms_schema_eval(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_quietly(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_eval_array(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_eval_elements(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_eval_object(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_eval_properties(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_eval_keys(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_eval_dependencies(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);
static unsigned rooms_schema_eval_forms(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at);


rooms_int_t
rooms_schema_check(const rooms_schema_t *schema, json_t *value,
    rooms_schema_failure_t *failure)
{
    return rooms_schema_check_member(schema, NULL, value, failure);
}


rooms_int_t
rooms_schema_check_member(const rooms_schema_t *schema, const char *name,
    json_t *value, rooms_schema_failure_t *failure)
{
    unsigned                     valid;
    rooms_schema_state_t         st;
    rooms_schema_frame_t         top, member;
    const rooms_schema_frame_t  *at;

    st.failure = failure;
    st.steps = ROOMS_SCHEMA_STEPS;
    st.exhausted = 0;

    memset(&top, 0, sizeof(rooms_schema_frame_t));
    at = &top;

    if (name != NULL) {
        rooms_schema_frame_key(&member, &top, name, strlen(name));
        at = &member;
    }

    valid = rooms_schema_eval(&st, schema->root, value, at);

    /* out of steps, what "not" and its kin made of it means nothing */

    if (st.steps != 0 && !st.exhausted) {
        return valid ? ROOMS_OK : ROOMS_DECLINED;
    }

    st.failure = failure;
    (void) rooms_schema_report(&st, NULL, "", at,
                               "is too large or too deep to be checked");

    return ROOMS_DECLINED;
}


void
rooms_schema_missing(const rooms_schema_t *schema, const char *name,
    rooms_schema_failure_t *failure)
{
    rooms_schema_report_missing(schema->root, name, failure);
}


static unsigned
rooms_schema_eval(rooms_schema_state_t *st, const rooms_schema_node_t *node,
    json_t *value, const rooms_schema_frame_t *at)
{
    while (node->ref != NULL) {
        node = node->ref;
    }

    if (st->steps == 0 || at->depth > ROOMS_SCHEMA_DEPTH) {
        return rooms_schema_give_up(st);
    }

    st->steps--;

    if (node->never) {
        return rooms_schema_report(st, NULL, "false", at, "is not allowed");
    }

    if (!rooms_schema_eval_common(st, node, value, at)) {
        return 0;
    }

    switch (json_typeof(value)) {

    case JSON_INTEGER:
    case JSON_REAL:
        if (!rooms_schema_eval_number(st, node, value, at)) {
            return 0;
        }
        break;

    case JSON_STRING:
        if (!rooms_schema_eval_string(st, node, value, at)) {
            return 0;
        }
        break;

    case JSON_ARRAY:
        if (!rooms_schema_eval_array(st, node, value, at)) {
            return 0;
        }
        break;

    case JSON_OBJECT:
        if (!rooms_schema_eval_object(st, node, value, at)) {
            return 0;
        }
        break;

    default:
        break;
    }

    return rooms_schema_eval_forms(st, node, value, at);
}


/* For schemas that may fail without the value being invalid. */

static unsigned
rooms_schema_quietly(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    unsigned                 valid;
    rooms_schema_failure_t  *failure;

    failure = st->failure;
    st->failure = NULL;

    valid = rooms_schema_eval(st, node, value, at);

    st->failure = failure;

    return valid;
}


static unsigned
rooms_schema_eval_array(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t                i, j, n;
    rooms_schema_frame_t  frame;

    n = json_array_size(value);

    if (n < node->min_items) {
        return rooms_schema_report(st, node, "minItems", at,
                                   "must have at least %zu element%s",
                                   node->min_items,
                                   node->min_items == 1 ? "" : "s");
    }

    if (n > node->max_items) {
        return rooms_schema_report(st, node, "maxItems", at,
                                   "must have at most %zu element%s",
                                   node->max_items,
                                   node->max_items == 1 ? "" : "s");
    }

    if (!rooms_schema_eval_elements(st, node, value, at)) {
        return 0;
    }

    if (node->contains != NULL) {

        for (i = 0; i < n; i++) {
            rooms_schema_frame_index(&frame, at, i);

            if (rooms_schema_quietly(st, node->contains,
                                     json_array_get(value, i), &frame))
            {
                break;
            }
        }

        if (i == n) {
            return rooms_schema_report(st, node, "contains", at,
                                       "lacks an element of the right form");
        }
    }

    for (i = 1; node->unique && i < n; i++) {
        for (j = 0; j < i; j++) {

            if (rooms_schema_equal(json_array_get(value, i),
                                   json_array_get(value, j), &st->steps))
            {
                rooms_schema_frame_index(&frame, at, i);
                return rooms_schema_report(st, node, "uniqueItems", &frame,
                                           "is there twice");
            }

            if (st->steps == 0) {
                return rooms_schema_give_up(st);
            }
        }
    }

    return 1;
}


static unsigned
rooms_schema_eval_elements(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t                      i, n;
    rooms_schema_frame_t        frame;
    const rooms_schema_node_t  *item;

    n = json_array_size(value);

    if (node->items == NULL && !node->tuple) {
        return 1;
    }

    for (i = 0; i < n; i++) {

        item = node->items;

        if (node->tuple) {
            item = (i < node->tuple_items.n) ? node->tuple_items.nodes[i]
                                             : node->more_items;
        }

        if (item == NULL) {
            return 1;
        }

        rooms_schema_frame_index(&frame, at, i);

        if (item->never && item == node->more_items) {
            return rooms_schema_report(st, node, "additionalItems", &frame,
                                       "is not expected");
        }

        if (!rooms_schema_eval(st, item, json_array_get(value, i), &frame)) {
            return 0;
        }
    }

    return 1;
}


static unsigned
rooms_schema_eval_object(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t  n;

    n = json_object_size(value);

    if (!rooms_schema_eval_properties(st, node, value, at)) {
        return 0;
    }

    if (n < node->min_properties) {
        return rooms_schema_report(st, node, "minProperties", at,
                                   "must have at least %zu propert%s",
                                   node->min_properties,
                                   node->min_properties == 1 ? "y" : "ies");
    }

    if (n > node->max_properties) {
        return rooms_schema_report(st, node, "maxProperties", at,
                                   "must have at most %zu propert%s",
                                   node->max_properties,
                                   node->max_properties == 1 ? "y" : "ies");
    }

    if ((node->n_matches != 0 || node->more_properties != NULL
         || node->names != NULL)
        && !rooms_schema_eval_keys(st, node, value, at))
    {
        return 0;
    }

    return rooms_schema_eval_dependencies(st, node, value, at);
}


static unsigned
rooms_schema_eval_properties(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t                          i;
    json_t                         *child, *name;
    rooms_schema_frame_t            frame;
    const rooms_schema_property_t  *p;

    for (i = 0; i < node->n_properties; i++) {

        p = &node->properties[i];
        child = json_object_getn(value, p->key, p->len);

        if (child == NULL && !p->required) {
            continue;
        }

        rooms_schema_frame_key(&frame, at, p->key, p->len);

        if (child == NULL) {
            return rooms_schema_report_required(st, node, p->node, &frame);
        }

        if (!rooms_schema_eval(st, p->node, child, &frame)) {
            return 0;
        }
    }

    json_array_foreach(node->required, i, name) {

        if (json_object_getn(value, json_string_value(name),
                             json_string_length(name))
            == NULL)
        {
            rooms_schema_frame_key(&frame, at, json_string_value(name),
                                   json_string_length(name));

            return rooms_schema_report_required(st, node, NULL, &frame);
        }
    }

    return 1;
}


static unsigned
rooms_schema_eval_keys(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t                len, i;
    json_t               *child, *name;
    unsigned              known, valid;
    rooms_int_t           rc;
    const char           *key;
    rooms_schema_frame_t  frame;

    json_object_keylen_foreach(value, key, len, child) {

        rooms_schema_frame_key(&frame, at, key, len);
        known = node->property_map != NULL
                && json_object_getn(node->property_map, key, len) != NULL;

        for (i = 0; i < node->n_matches; i++) {

            rc = rooms_schema_match(st, &node->matches[i], key, len);

            if (rc == ROOMS_ERROR) {
                return 0;
            }

            if (rc != ROOMS_OK) {
                continue;
            }

            known = 1;

            if (!rooms_schema_eval(st, node->matches[i].node, child, &frame)) {
                return 0;
            }
        }

        if (!known && node->more_properties != NULL) {

            if (node->more_properties->never) {
                return rooms_schema_report(st, node, "additionalProperties",
                                           &frame, "is not expected");
            }

            if (!rooms_schema_eval(st, node->more_properties, child, &frame)) {
                return 0;
            }
        }

        if (node->names != NULL) {

            name = json_stringn_nocheck(key, len);
            valid = name && rooms_schema_quietly(st, node->names, name,
                                                 &frame);
            json_decref(name);

            if (!valid) {
                return rooms_schema_report(st, node, "propertyNames", &frame,
                                           "is not a name that may stand "
                                           "there");
            }
        }
    }

    return 1;
}


static unsigned
rooms_schema_eval_dependencies(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t                          i, j;
    json_t                         *name;
    rooms_schema_frame_t            frame;
    const rooms_schema_property_t  *p;

    for (i = 0; i < node->n_dependencies; i++) {

        p = &node->dependencies[i];

        if (json_object_getn(value, p->key, p->len) == NULL) {
            continue;
        }

        if (p->node != NULL) {

            if (!rooms_schema_eval(st, p->node, value, at)) {
                return 0;
            }

            continue;
        }

        json_array_foreach(p->names, j, name) {

            if (json_object_getn(value, json_string_value(name),
                                 json_string_length(name))
                == NULL)
            {
                rooms_schema_frame_key(&frame, at, json_string_value(name),
                                       json_string_length(name));

                return rooms_schema_report(st, node, "dependencies", &frame,
                                           "is required beside \"%s\"",
                                           p->key);
            }
        }
    }

    return 1;
}


/* allOf and its kin, which look at the same value */

static unsigned
rooms_schema_eval_forms(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t                      i, n;
    const rooms_schema_node_t  *next;

    for (i = 0; i < node->all.n; i++) {
        if (!rooms_schema_eval(st, node->all.nodes[i], value, at)) {
            return 0;
        }
    }

    for (i = 0; i < node->any.n; i++) {
        if (rooms_schema_quietly(st, node->any.nodes[i], value, at)) {
            break;
        }
    }

    if (node->any.n != 0 && i == node->any.n) {
        return rooms_schema_report(st, node, "anyOf", at,
                                   "has none of the forms allowed");
    }

    n = 0;

    for (i = 0; i < node->one.n && n < 2; i++) {
        n += rooms_schema_quietly(st, node->one.nodes[i], value, at);
    }

    if (node->one.n != 0 && n != 1) {
        return rooms_schema_report(st, node, "oneOf", at,
                                   n ? "has more than one of the forms allowed"
                                     : "has none of the forms allowed");
    }

    if (node->not != NULL
        && rooms_schema_quietly(st, node->not, value, at))
    {
        return rooms_schema_report(st, node, "not", at,
                                   "has a form that is not allowed");
    }

    if (node->condition != NULL) {

        next = rooms_schema_quietly(st, node->condition, value, at)
               ? node->consequence : node->alternative;

        if (next != NULL && !rooms_schema_eval(st, next, value, at)) {
            return 0;
        }
    }

    return 1;
}
