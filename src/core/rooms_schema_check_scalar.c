
/*
 * Copyright (C) nginx rooms contributors
 *
 * The part of a check that looks at one value and at nothing below it.
 */


#include <string.h>

#include <rooms_schema_check.h>


unsigned
rooms_schema_give_up(rooms_schema_state_t *st)
{
    st->exhausted = 1;
    st->steps = 0;

    return 0;
}


/* Matching costs more than other steps. */

rooms_int_t
rooms_schema_match(rooms_schema_state_t *st,
    const rooms_schema_match_t *match, const char *p, size_t len)
{
    size_t       cost;
    rooms_int_t  rc;

    cost = 10 + len / 16;

    if (st->steps <= cost) {
        (void) rooms_schema_give_up(st);
        return ROOMS_ERROR;
    }

    st->steps -= cost;

    rc = rooms_schema_pattern_match(match->pattern, p, len);

    if (rc == ROOMS_ERROR) {
        (void) rooms_schema_give_up(st);
    }

    return rc;
}


static unsigned
rooms_schema_type_of(json_t *value)
{
    switch (json_typeof(value)) {

    case JSON_NULL:
        return ROOMS_SCHEMA_NULL;

    case JSON_TRUE:
    case JSON_FALSE:
        return ROOMS_SCHEMA_BOOLEAN;

    case JSON_INTEGER:
        return ROOMS_SCHEMA_INTEGER|ROOMS_SCHEMA_NUMBER;

    case JSON_REAL:
        return rooms_schema_integral(value)
               ? ROOMS_SCHEMA_INTEGER|ROOMS_SCHEMA_NUMBER
               : ROOMS_SCHEMA_NUMBER;

    case JSON_STRING:
        return ROOMS_SCHEMA_STRING;

    case JSON_ARRAY:
        return ROOMS_SCHEMA_ARRAY;

    default:
        return ROOMS_SCHEMA_OBJECT;
    }
}


unsigned
rooms_schema_eval_common(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t   i;
    json_t  *item;

    if (node->types != ROOMS_SCHEMA_ANY
        && !(node->types & rooms_schema_type_of(value)))
    {
        return rooms_schema_report_type(st, node, at);
    }

    if (node->constant != NULL
        && !rooms_schema_equal(node->constant, value, &st->steps))
    {
        return rooms_schema_report_values(st, node, "const", at);
    }

    if (node->values == NULL) {
        return 1;
    }

    json_array_foreach(node->values, i, item) {
        if (rooms_schema_equal(item, value, &st->steps)) {
            return 1;
        }
    }

    return rooms_schema_report_values(st, node, "enum", at);
}


unsigned
rooms_schema_eval_number(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    if (node->minimum != NULL
        && rooms_schema_compare(value, node->minimum) < 0)
    {
        return rooms_schema_report(st, node, "minimum", at,
                                   "must be at least %.15g",
                                   json_number_value(node->minimum));
    }

    if (node->maximum != NULL
        && rooms_schema_compare(value, node->maximum) > 0)
    {
        return rooms_schema_report(st, node, "maximum", at,
                                   "must be at most %.15g",
                                   json_number_value(node->maximum));
    }

    if (node->above != NULL && rooms_schema_compare(value, node->above) <= 0) {
        return rooms_schema_report(st, node, "exclusiveMinimum", at,
                                   "must be greater than %.15g",
                                   json_number_value(node->above));
    }

    if (node->below != NULL && rooms_schema_compare(value, node->below) >= 0) {
        return rooms_schema_report(st, node, "exclusiveMaximum", at,
                                   "must be less than %.15g",
                                   json_number_value(node->below));
    }

    if (node->divisor != NULL
        && !rooms_schema_multiple(rooms_schema_decimal(value),
                                  node->multiple))
    {
        return rooms_schema_report(st, node, "multipleOf", at,
                                   "must be a multiple of %.15g",
                                   json_number_value(node->divisor));
    }

    return 1;
}


unsigned
rooms_schema_eval_string(rooms_schema_state_t *st,
    const rooms_schema_node_t *node, json_t *value,
    const rooms_schema_frame_t *at)
{
    size_t       len, n;
    rooms_int_t  rc;
    const char  *p;

    p = json_string_value(value);
    len = json_string_length(value);

    /* a code point has at most four octets */

    if (len < node->min_length * 4 || len > node->max_length) {
        n = rooms_schema_length(p, len);

        if (n < node->min_length) {
            return rooms_schema_report(st, node, "minLength", at,
                                       "must be at least %zu character%s",
                                       node->min_length,
                                       node->min_length == 1 ? "" : "s");
        }

        if (n > node->max_length) {
            return rooms_schema_report(st, node, "maxLength", at,
                                       "must be at most %zu character%s",
                                       node->max_length,
                                       node->max_length == 1 ? "" : "s");
        }
    }

    if (node->pattern.pattern != NULL) {

        rc = rooms_schema_match(st, &node->pattern, p, len);

        if (rc == ROOMS_ERROR) {
            return 0;
        }

        if (rc != ROOMS_OK) {
            return rooms_schema_report(st, node, "pattern", at,
                                       "must match the pattern %s",
                                       node->pattern.text);
        }
    }

    if (node->format_check != NULL
        && !node->format_check(rooms_str(p, len)))
    {
        return rooms_schema_report(st, node, "format", at,
                                   "must have the format %s", node->format);
    }

    return 1;
}
