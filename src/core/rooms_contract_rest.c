
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST operations, from an OpenAPI 3.1 document.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_contract_read.h>


#define ROOMS_CONTRACT_SERVERS  8
#define ROOMS_CONTRACT_PATH     512


typedef struct {
    rooms_contract_reader_t  *r;
    rooms_str_t               path;
    rooms_contract_place_t    item;     /* of the path */
    unsigned                  n_prefixes;
    rooms_str_t               prefixes[ROOMS_CONTRACT_SERVERS];
} rooms_contract_rest_t;


static rooms_int_t rooms_contract_read_servers(rooms_contract_rest_t *rest);
static rooms_int_t rooms_contract_read_path(rooms_contract_rest_t *rest);
static rooms_int_t rooms_contract_read_method(rooms_contract_rest_t *rest,
    rooms_route_method_t method, const rooms_contract_place_t *at);
static rooms_int_t rooms_contract_add_routes(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op);
static rooms_int_t rooms_contract_read_params(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *owner, rooms_contract_operation_t *op);
static rooms_int_t rooms_contract_read_param(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op);
static rooms_int_t rooms_contract_check_path(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, const rooms_contract_operation_t *op);
static rooms_int_t rooms_contract_read_body(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op);
static rooms_int_t rooms_contract_read_responses(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op);
static rooms_int_t rooms_contract_read_content(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_schema_t **schema);


static const char *const  rooms_contract_operation_names[] = {
    "x-rooms-rate", "x-rooms-late-body", NULL
};

static const char *const  rooms_contract_item_keys[] = {
    "summary", "description", "parameters", "servers", "$ref", NULL
};


rooms_int_t
rooms_contract_read_rest(rooms_contract_reader_t *r)
{
    json_t                  *json;
    rooms_int_t              rc;
    const char              *version, *key;
    rooms_contract_rest_t    rest;
    rooms_contract_place_t   top, paths;

    rest.r = r;

    rooms_contract_top(r, &top);

    version = json_string_value(json_object_get(r->document, "openapi"));

    if (version == NULL || strncmp(version, "3.1", 3) != 0) {
        return rooms_contract_fail(r, &top, "\"openapi\" must be \"3.1.0\"");
    }

    if (rooms_contract_read_servers(&rest) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    rc = rooms_contract_member(r, &top, "paths", &paths);

    if (rc != ROOMS_OK || !json_is_object(paths.json)) {
        return rooms_contract_fail(r, &top, "\"paths\" must be an object");
    }

    json_object_foreach(paths.json, key, json) {

        if (strncmp(key, "x-", 2) == 0) {
            continue;
        }

        rest.path = rooms_str(key, strlen(key));

        if (rooms_contract_member(r, &paths, key, &rest.item) != ROOMS_OK
            || rooms_contract_follow(r, &rest.item) != ROOMS_OK
            || rooms_contract_read_path(&rest) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


/* What stands behind the authority of each URL goes before each path. */

static rooms_int_t
rooms_contract_read_servers(rooms_contract_rest_t *rest)
{
    size_t                   i, n;
    unsigned                 j;
    json_t                  *json;
    rooms_str_t              prefix;
    const char              *url, *p;
    rooms_contract_place_t   servers, at;

    rest->n_prefixes = 0;

    rooms_contract_top(rest->r, &servers);

    n = 0;

    if (rooms_contract_member(rest->r, &servers, "servers", &servers)
        == ROOMS_OK)
    {
        n = json_array_size(servers.json);
    }

    for (i = 0; i < n; i++) {

        (void) rooms_contract_element(rest->r, &servers, i, &at);

        json = json_object_get(at.json, "url");
        url = json_string_value(json);

        if (url == NULL) {
            return rooms_contract_fail(rest->r, &at, "\"url\" must be a "
                                       "string");
        }

        p = strstr(url, "//");
        p = p ? p + 2 + strcspn(p + 2, "/") : url;
        prefix = rooms_str(p, strcspn(p, "?#"));

        if (prefix.len && p[prefix.len - 1] == '/') {
            prefix.len--;
        }

        if (strpbrk(p, "{}") != NULL || (prefix.len && p[0] != '/')) {
            return rooms_contract_fail(rest->r, &at, "\"url\" must have a "
                                       "path without variables");
        }

        for (j = 0; j < rest->n_prefixes; j++) {
            if (rooms_contract_same(rest->prefixes[j], prefix)) {
                break;
            }
        }

        if (j < rest->n_prefixes) {
            continue;
        }

        if (j == ROOMS_CONTRACT_SERVERS) {
            return rooms_contract_fail(rest->r, &at, "more than 8 servers");
        }

        rest->prefixes[rest->n_prefixes++] = prefix;
    }

    if (rest->n_prefixes == 0) {
        rest->prefixes[rest->n_prefixes++] = rooms_str("", 0);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_contract_read_path(rooms_contract_rest_t *rest)
{
    json_t                  *json;
    const char              *key;
    const char *const       *known;
    rooms_route_method_t     method;
    rooms_contract_place_t   at;

    json_object_foreach(rest->item.json, key, json) {

        for (known = rooms_contract_item_keys; *known != NULL; known++) {
            if (strcmp(*known, key) == 0) {
                break;
            }
        }

        if (*known != NULL || strncmp(key, "x-", 2) == 0) {
            continue;
        }

        if (rooms_contract_member(rest->r, &rest->item, key, &at)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        method = rooms_route_method(rooms_str(key, strlen(key)));

        if (method == ROOMS_ROUTE_UNKNOWN || *key < 'a') {
            return rooms_contract_fail(rest->r, &at, "not a method");
        }

        if (!json_is_object(json)) {
            return rooms_contract_fail(rest->r, &at, "must be an object");
        }

        if (rooms_contract_read_method(rest, method, &at) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_contract_read_method(rooms_contract_rest_t *rest,
    rooms_route_method_t method, const rooms_contract_place_t *at)
{
    json_t                        *id;
    rooms_contract_t              *c;
    rooms_contract_operation_t    *op;
    const rooms_contract_words_t  *words;

    c = rest->r->contract;
    id = json_object_get(at->json, "operationId");

    if (json_string_length(id) == 0) {
        return rooms_contract_fail(rest->r, at, "\"operationId\" is "
                                   "required");
    }

    words = rest->r->words;

    if (words && words->operation
        && !words->operation(rooms_contract_string(id)))
    {
        return rooms_contract_fail(rest->r, at, "the application has no "
                                   "operation \"%s\"",
                                   json_string_value(id));
    }

    if (rooms_contract_operation(c, rooms_contract_string(id)) != NULL) {
        return rooms_contract_fail(rest->r, at, "the operation \"%s\" is "
                                   "there twice", json_string_value(id));
    }

    if (rooms_contract_extensions(rest->r, at, rooms_contract_operation_names)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    op = calloc(1, sizeof(rooms_contract_operation_t));
    if (op == NULL) {
        return rooms_contract_fail(rest->r, at, "out of memory");
    }

    op->id = rooms_contract_string(id);
    op->index = c->n_operations;
    op->method = method;
    op->path = rest->path;
    op->json = at->json;

    if (rooms_contract_append(rest->r, &c->operations, &c->n_operations, op)
        != ROOMS_OK
        || rooms_contract_read_params(rest, &rest->item, op) != ROOMS_OK
        || rooms_contract_read_params(rest, at, op) != ROOMS_OK
        || rooms_contract_check_path(rest, at, op) != ROOMS_OK
        || rooms_contract_read_body(rest, at, op) != ROOMS_OK
        || rooms_contract_read_responses(rest, at, op) != ROOMS_OK
        || rooms_contract_read_request_rate(rest->r, at, op) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_contract_add_routes(rest, at, op);
}


static rooms_int_t
rooms_contract_add_routes(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op)
{
    unsigned       i;
    const char    *reason;
    rooms_str_t    prefix;
    unsigned char  path[ROOMS_CONTRACT_PATH];

    for (i = 0; i < rest->n_prefixes; i++) {

        prefix = rest->prefixes[i];

        if (prefix.len + op->path.len > sizeof(path)) {
            return rooms_contract_fail(rest->r, at, "the path is too long");
        }

        memcpy(path, prefix.data, prefix.len);
        memcpy(path + prefix.len, op->path.data, op->path.len);

        if (rooms_route_add(rest->r->contract->routes, op->method,
                            rooms_str(path, prefix.len + op->path.len), op,
                            &reason)
            != ROOMS_OK)
        {
            return rooms_contract_fail(rest->r, at, "%s", reason);
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_contract_read_params(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *owner, rooms_contract_operation_t *op)
{
    size_t                   i, n;
    rooms_int_t              rc;
    rooms_contract_param_t  *params;
    rooms_contract_place_t   list, at;

    rc = rooms_contract_member(rest->r, owner, "parameters", &list);
    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    n = json_array_size(list.json);

    params = realloc(op->params, (op->n_params + n + 1)
                                 * sizeof(rooms_contract_param_t));
    if (params == NULL) {
        return rooms_contract_fail(rest->r, &list, "out of memory");
    }

    op->params = params;

    for (i = 0; i < n; i++) {

        if (rooms_contract_element(rest->r, &list, i, &at) != ROOMS_OK
            || rooms_contract_follow(rest->r, &at) != ROOMS_OK
            || rooms_contract_read_param(rest, &at, op) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


/* One of the operation goes before one of the path with the same name. */

static rooms_int_t
rooms_contract_read_param(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op)
{
    unsigned                 i, path;
    const char              *in;
    rooms_str_t              name;
    rooms_schema_t          *schema;
    rooms_contract_place_t   place;
    rooms_contract_param_t  *param;

    name = rooms_contract_string(json_object_get(at->json, "name"));
    in = json_string_value(json_object_get(at->json, "in"));

    if (name.len == 0 || in == NULL) {
        return rooms_contract_fail(rest->r, at, "\"name\" and \"in\" must be "
                                   "strings");
    }

    path = (strcmp(in, "path") == 0);

    if (!path && strcmp(in, "query") != 0) {
        return ROOMS_OK;
    }

    if (rooms_contract_member(rest->r, at, "schema", &place) != ROOMS_OK) {
        return rooms_contract_fail(rest->r, at, "\"schema\" is required");
    }

    if (rooms_contract_compile(rest->r, &place, &schema) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    for (i = 0; i < op->n_params; i++) {
        if (op->params[i].path == path
            && rooms_contract_same(op->params[i].name, name))
        {
            break;
        }
    }

    param = &op->params[i];

    if (i == op->n_params) {
        op->n_params++;

    } else {
        rooms_schema_free(param->schema);
    }

    param->name = name;
    param->path = path;
    param->required = json_is_true(json_object_get(at->json, "required"));
    param->schema = schema;
    param->fallback = json_object_get(place.json, "default");

    if ((rooms_schema_types(schema) & (ROOMS_SCHEMA_ARRAY|ROOMS_SCHEMA_OBJECT))
        && rooms_schema_types(schema) != ROOMS_SCHEMA_ANY)
    {
        return rooms_contract_fail(rest->r, &place, "lists and objects are "
                                   "not supported as parameters");
    }

    if (path && !param->required) {
        return rooms_contract_fail(rest->r, at, "a path's parameter must "
                                   "have \"required\": true");
    }

    return ROOMS_OK;
}


/* Each {name} of the path is described, and nothing else is. */

static rooms_int_t
rooms_contract_check_path(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, const rooms_contract_operation_t *op)
{
    unsigned              i, names, described;
    rooms_str_t           name;
    const unsigned char  *p, *end, *close;

    names = 0;
    described = 0;
    end = op->path.data + op->path.len;

    for (i = 0; i < op->n_params; i++) {
        described += op->params[i].path;
    }

    for (p = op->path.data; p < end; p++) {

        if (*p != '{') {
            continue;
        }

        close = memchr(p, '}', end - p);
        if (close == NULL) {
            break;
        }

        name = rooms_str(p + 1, close - p - 1);
        names++;

        for (i = 0; i < op->n_params; i++) {
            if (op->params[i].path
                && rooms_contract_same(op->params[i].name, name))
            {
                break;
            }
        }

        if (i == op->n_params) {
            return rooms_contract_fail(rest->r, at, "the path's parameter "
                                       "\"%.*s\" is not described",
                                       (int) name.len, name.data);
        }
    }

    if (described > names) {
        return rooms_contract_fail(rest->r, at, "a parameter is described "
                                   "that the path does not have");
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_contract_read_body(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op)
{
    rooms_int_t             rc;
    rooms_contract_place_t  body;

    rc = rooms_contract_member(rest->r, at, "requestBody", &body);
    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    if (rooms_contract_follow(rest->r, &body) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    op->late_body = json_is_true(json_object_get(at->json,
                                                 "x-rooms-late-body"));
    op->body_required = json_is_true(json_object_get(body.json, "required"));

    rc = rooms_contract_read_content(rest, &body, &op->body);

    if (rc == ROOMS_DECLINED) {
        return rooms_contract_fail(rest->r, &body, "\"content\" must have a "
                                   "\"schema\" for \"application/json\"");
    }

    return rc;
}


static rooms_int_t
rooms_contract_read_responses(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op)
{
    json_t                     *json;
    rooms_int_t                 rc;
    const char                 *key;
    rooms_contract_place_t      responses, place;
    rooms_contract_response_t  *response;

    rc = rooms_contract_member(rest->r, at, "responses", &responses);
    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    op->responses = calloc(json_object_size(responses.json) + 1,
                           sizeof(rooms_contract_response_t));
    if (op->responses == NULL) {
        return rooms_contract_fail(rest->r, at, "out of memory");
    }

    json_object_foreach(responses.json, key, json) {

        if (strncmp(key, "x-", 2) == 0) {
            continue;
        }

        if (rooms_contract_member(rest->r, &responses, key, &place)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        if (strcmp(key, "default") != 0
            && (strlen(key) != 3 || strspn(key, "0123456789") != 3))
        {
            return rooms_contract_fail(rest->r, &place, "must be a status of "
                                       "three digits, or \"default\"");
        }

        if (rooms_contract_follow(rest->r, &place) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        response = &op->responses[op->n_responses++];
        response->status = strtoul(key, NULL, 10);

        if (rooms_contract_read_content(rest, &place, &response->body)
            == ROOMS_ERROR)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_contract_read_content(rooms_contract_rest_t *rest,
    const rooms_contract_place_t *at, rooms_schema_t **schema)
{
    unsigned                   i;
    rooms_int_t                rc;
    rooms_contract_place_t     place;
    static const char *const   steps[] = { "content", "application/json",
                                           "schema" };

    place = *at;

    for (i = 0; i < 3; i++) {

        rc = rooms_contract_member(rest->r, &place, steps[i], &place);
        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    return rooms_contract_compile(rest->r, &place, schema);
}
