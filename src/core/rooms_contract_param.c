
/*
 * Copyright (C) nginx rooms contributors
 *
 * The values of an operation's path and query parameters.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_contract_read.h>
#include <rooms_json.h>


#define ROOMS_CONTRACT_VALUE  4096      /* octets of a decoded value */


static rooms_int_t rooms_contract_param(const rooms_contract_param_t *param,
    const rooms_route_match_t *match, rooms_str_t query, unsigned char *buf,
    rooms_str_t *value);
static rooms_int_t rooms_contract_query(rooms_str_t query, rooms_str_t name,
    unsigned char *buf, rooms_str_t *value);
static json_t *rooms_contract_value(const rooms_contract_param_t *param,
    rooms_str_t text);
static void rooms_contract_param_failure(const rooms_contract_param_t *param,
    const char *keyword, const char *words, rooms_schema_failure_t *failure);


json_t *
rooms_contract_params(const rooms_contract_operation_t *operation,
    const rooms_route_match_t *match, rooms_str_t query,
    rooms_schema_failure_t *failure)
{
    json_t                        *params, *value;
    unsigned                       i;
    rooms_int_t                    rc;
    rooms_str_t                    text;
    const char                    *name;
    unsigned char                  buf[ROOMS_CONTRACT_VALUE];
    const rooms_contract_param_t  *param;

    params = json_object();

    for (i = 0; i < operation->n_params; i++) {

        param = &operation->params[i];
        name = (const char *) param->name.data;

        rc = rooms_contract_param(param, match, query, buf, &text);

        if (rc == ROOMS_ERROR) {
            rooms_contract_param_failure(param, "format", "is not well-formed",
                                         failure);
            goto failed;
        }

        if (rc == ROOMS_DECLINED) {

            if (param->required) {
                rooms_contract_param_failure(param, "required", "is required",
                                             failure);
                goto failed;
            }

            value = json_incref(param->fallback);

            if (value == NULL) {
                continue;
            }

        } else {
            value = rooms_contract_value(param, text);

            if (rooms_schema_check_member(param->schema, name, value, failure)
                != ROOMS_OK)
            {
                json_decref(value);
                goto failed;
            }
        }

        if (json_object_set_new(params, name, value) != 0) {
            rooms_contract_param_failure(param, "", "out of memory", failure);
            goto failed;
        }
    }

    return params;

failed:

    json_decref(params);

    return NULL;
}


static rooms_int_t
rooms_contract_param(const rooms_contract_param_t *param,
    const rooms_route_match_t *match, rooms_str_t query, unsigned char *buf,
    rooms_str_t *value)
{
    unsigned  i;

    if (!param->path) {
        return rooms_contract_query(query, param->name, buf, value);
    }

    for (i = 0; i < match->n; i++) {
        if (rooms_contract_same(match->params[i].name, param->name)) {
            *value = match->params[i].value;
            return ROOMS_OK;
        }
    }

    return ROOMS_DECLINED;
}


/* The last of that name; buf takes the names too, which are shorter. */

static rooms_int_t
rooms_contract_query(rooms_str_t query, rooms_str_t name, unsigned char *buf,
    rooms_str_t *value)
{
    rooms_int_t           rc;
    rooms_str_t           key, text;
    const unsigned char  *p, *end, *next, *equal;

    rc = ROOMS_DECLINED;
    text = rooms_str("", 0);

    if (query.len == 0) {
        return rc;
    }

    p = query.data;
    end = query.data + query.len;

    while (p < end) {

        next = memchr(p, '&', end - p);
        next = next ? next : end;

        equal = memchr(p, '=', next - p);
        equal = equal ? equal : next;

        if (rooms_route_decode(rooms_str(p, equal - p), 1, buf,
                               ROOMS_CONTRACT_VALUE, &key)
            == ROOMS_OK
            && rooms_contract_same(key, name))
        {
            text = (equal == next) ? rooms_str("", 0)
                                   : rooms_str(equal + 1, next - equal - 1);
            rc = ROOMS_OK;
        }

        p = next + 1;
    }

    if (rc != ROOMS_OK) {
        return rc;
    }

    return rooms_route_decode(text, 1, buf, ROOMS_CONTRACT_VALUE, value);
}


/* Text that is not of the type wanted stays text, and is refused as such. */

static json_t *
rooms_contract_value(const rooms_contract_param_t *param, rooms_str_t text)
{
    json_t    *json;
    unsigned   types;

    types = rooms_schema_types(param->schema);

    if (!(types & ROOMS_SCHEMA_STRING)
        && (types & (ROOMS_SCHEMA_INTEGER|ROOMS_SCHEMA_NUMBER
                     |ROOMS_SCHEMA_BOOLEAN))
        && rooms_json_check(text, NULL, NULL) == ROOMS_OK)
    {
        json = json_loadb((const char *) text.data, text.len,
                          JSON_DECODE_ANY, NULL);

        if (json_is_number(json) || json_is_boolean(json)) {
            return json;
        }

        json_decref(json);
    }

    return json_stringn((const char *) text.data, text.len);
}


static void
rooms_contract_param_failure(const rooms_contract_param_t *param,
    const char *keyword, const char *words, rooms_schema_failure_t *failure)
{
    if (failure == NULL) {
        return;
    }

    failure->keyword = keyword;

    snprintf(failure->pointer, sizeof(failure->pointer), "/%.100s",
             (const char *) param->name.data);
    snprintf(failure->message, sizeof(failure->message), "/%.100s: %s",
             (const char *) param->name.data, words);
}
