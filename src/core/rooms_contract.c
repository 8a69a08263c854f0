
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_contract_read.h>
#include <rooms_json.h>


#define ROOMS_CONTRACT_DEPTH  128


static rooms_int_t rooms_contract_check_args(rooms_schema_t *const *args,
    unsigned n, unsigned required, json_t *values,
    rooms_schema_failure_t *failure);
static void rooms_contract_line(rooms_str_t text, size_t offset,
    rooms_contract_error_t *err);


json_t *
rooms_contract_parse(rooms_str_t text, rooms_contract_error_t *err)
{
    json_t               *json;
    json_error_t          je;
    rooms_json_error_t    e;
    rooms_json_limits_t   limits;

    memset(err, 0, sizeof(rooms_contract_error_t));
    err->document = "";

    limits.depth = ROOMS_CONTRACT_DEPTH;
    limits.nodes = 0;

    if (rooms_json_check(text, &limits, &e) != ROOMS_OK) {
        rooms_contract_line(text, e.offset, err);
        snprintf(err->reason, sizeof(err->reason), "%s", e.reason);
        return NULL;
    }

    json = json_loadb((const char *) text.data, text.len,
                      JSON_REJECT_DUPLICATES, &je);

    if (json == NULL) {
        err->line = je.line > 0 ? je.line : 1;
        err->column = je.column > 0 ? je.column : 1;
        snprintf(err->reason, sizeof(err->reason), "%s", je.text);
    }

    return json;
}


static void
rooms_contract_line(rooms_str_t text, size_t offset,
    rooms_contract_error_t *err)
{
    size_t  i;

    err->line = 1;
    err->column = 1;

    for (i = 0; i < offset; i++) {

        if (text.data[i] == '\n') {
            err->line++;
            err->column = 1;
            continue;
        }

        err->column += (text.data[i] & 0xc0) != 0x80;
    }
}


rooms_contract_t *
rooms_contract_create(json_t *asyncapi, json_t *openapi,
    const rooms_contract_words_t *words, rooms_contract_error_t *err)
{
    rooms_contract_t         *c;
    rooms_contract_place_t    place;
    rooms_contract_reader_t   r;

    memset(err, 0, sizeof(rooms_contract_error_t));
    err->document = "";
    snprintf(err->reason, sizeof(err->reason), "out of memory");

    c = calloc(1, sizeof(rooms_contract_t));
    if (c == NULL) {
        return NULL;
    }

    c->asyncapi = json_incref(asyncapi);
    c->openapi = json_incref(openapi);
    c->routes = rooms_route_create();

    if (c->routes == NULL) {
        goto failed;
    }

    r.contract = c;
    r.words = words;
    r.err = err;

    if (asyncapi != NULL) {
        r.document = asyncapi;
        err->document = "asyncapi";

        rooms_contract_top(&r, &place);

        if (rooms_contract_read_rate(&r, &place, &c->rate) != ROOMS_OK
            || rooms_contract_read_events(&r) != ROOMS_OK)
        {
            goto failed;
        }
    }

    if (openapi != NULL) {
        r.document = openapi;
        err->document = "openapi";

        if (rooms_contract_read_rest(&r) != ROOMS_OK) {
            goto failed;
        }
    }

    return c;

failed:

    rooms_contract_free(c);

    return NULL;
}


void
rooms_contract_free(rooms_contract_t *contract)
{
    unsigned                     i, j;
    rooms_contract_operation_t  *op;

    if (contract == NULL) {
        return;
    }

    for (i = 0; i < contract->n_events; i++) {

        for (j = 0; j < ROOMS_CONTRACT_ARGS; j++) {
            rooms_schema_free(contract->events[i]->args[j]);
        }

        rooms_schema_free(contract->events[i]->reply);
        free(contract->events[i]);
    }

    for (i = 0; i < contract->n_messages; i++) {

        for (j = 0; j < ROOMS_CONTRACT_ARGS; j++) {
            rooms_schema_free(contract->messages[i]->args[j]);
        }

        free(contract->messages[i]);
    }

    for (i = 0; i < contract->n_operations; i++) {
        op = contract->operations[i];

        for (j = 0; j < op->n_params; j++) {
            rooms_schema_free(op->params[j].schema);
        }

        for (j = 0; j < op->n_responses; j++) {
            rooms_schema_free(op->responses[j].body);
        }

        rooms_schema_free(op->body);
        free(op->params);
        free(op->responses);
        free(op);
    }

    rooms_route_free(contract->routes);
    free(contract->events);
    free(contract->messages);
    free(contract->operations);
    json_decref(contract->asyncapi);
    json_decref(contract->openapi);
    free(contract);
}


const rooms_contract_event_t *
rooms_contract_event(const rooms_contract_t *contract, rooms_str_t name)
{
    unsigned  i;

    for (i = 0; i < contract->n_events; i++) {
        if (rooms_contract_same(contract->events[i]->name, name)) {
            return contract->events[i];
        }
    }

    return NULL;
}


const rooms_contract_message_t *
rooms_contract_message(const rooms_contract_t *contract, rooms_str_t name)
{
    unsigned  i;

    for (i = 0; i < contract->n_messages; i++) {
        if (rooms_contract_same(contract->messages[i]->name, name)) {
            return contract->messages[i];
        }
    }

    return NULL;
}


const rooms_contract_operation_t *
rooms_contract_operation(const rooms_contract_t *contract, rooms_str_t id)
{
    unsigned  i;

    for (i = 0; i < contract->n_operations; i++) {
        if (rooms_contract_same(contract->operations[i]->id, id)) {
            return contract->operations[i];
        }
    }

    return NULL;
}


unsigned
rooms_contract_events(const rooms_contract_t *contract)
{
    return contract->n_events;
}


unsigned
rooms_contract_messages(const rooms_contract_t *contract)
{
    return contract->n_messages;
}


unsigned
rooms_contract_operations(const rooms_contract_t *contract)
{
    return contract->n_operations;
}


const rooms_contract_event_t *
rooms_contract_event_at(const rooms_contract_t *contract, unsigned index)
{
    return index < contract->n_events ? contract->events[index] : NULL;
}


const rooms_contract_message_t *
rooms_contract_message_at(const rooms_contract_t *contract, unsigned index)
{
    return index < contract->n_messages ? contract->messages[index] : NULL;
}


const rooms_contract_operation_t *
rooms_contract_operation_at(const rooms_contract_t *contract, unsigned index)
{
    return index < contract->n_operations ? contract->operations[index] : NULL;
}


rooms_int_t
rooms_contract_check_event(const rooms_contract_event_t *event, json_t *args,
    rooms_schema_failure_t *failure)
{
    return rooms_contract_check_args(event->args, event->n_args,
                                     event->required, args, failure);
}


rooms_int_t
rooms_contract_check_message(const rooms_contract_message_t *message,
    json_t *args, rooms_schema_failure_t *failure)
{
    return rooms_contract_check_args(message->args, message->n_args,
                                     message->required, args, failure);
}


static rooms_int_t
rooms_contract_check_args(rooms_schema_t *const *args, unsigned n,
    unsigned required, json_t *values, rooms_schema_failure_t *failure)
{
    char        name[32], text[ROOMS_SCHEMA_TEXT];
    json_t     *value;
    unsigned    i;

    for (i = 0; i < n; i++) {

        value = json_array_get(values, i);

        if (value == NULL) {

            if (i >= required) {
                return ROOMS_OK;
            }

            if (failure != NULL) {
                snprintf(name, sizeof(name), "argument %u", i + 1);
                rooms_schema_missing(args[i], name, failure);
            }

            return ROOMS_DECLINED;
        }

        if (rooms_schema_check(args[i], value, failure) == ROOMS_OK) {
            continue;
        }

        if (failure != NULL && i != 0) {
            memcpy(text, failure->message, sizeof(text));
            snprintf(failure->message, sizeof(failure->message),
                     "argument %u: %.200s", i + 1, text);
        }

        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_contract_find(const rooms_contract_t *contract, rooms_str_t method,
    rooms_str_t path, rooms_route_match_t *match,
    const rooms_contract_operation_t **operation)
{
    rooms_int_t  rc;

    rc = rooms_route_find(contract->routes, rooms_route_method(method), path,
                          match);

    *operation = (rc == ROOMS_OK) ? match->data : NULL;

    return rc;
}


rooms_int_t
rooms_contract_check_body(const rooms_contract_operation_t *operation,
    json_t *body, rooms_schema_failure_t *failure)
{
    if (operation->body == NULL) {
        return ROOMS_OK;
    }

    if (body != NULL) {
        return rooms_schema_check(operation->body, body, failure);
    }

    if (!operation->body_required) {
        return ROOMS_OK;
    }

    if (failure != NULL) {
        rooms_schema_missing(operation->body, "body", failure);
    }

    return ROOMS_DECLINED;
}


rooms_schema_t *
rooms_contract_response(const rooms_contract_operation_t *operation,
    unsigned status)
{
    unsigned         i;
    rooms_schema_t  *body;

    body = NULL;

    for (i = 0; i < operation->n_responses; i++) {

        if (operation->responses[i].status == status) {
            return operation->responses[i].body;
        }

        if (operation->responses[i].status == 0) {
            body = operation->responses[i].body;
        }
    }

    return body;
}


json_t *
rooms_contract_extension(const rooms_contract_t *contract, const char *name)
{
    json_t  *json;

    json = json_object_get(contract->openapi, name);

    return json ? json : json_object_get(contract->asyncapi, name);
}
