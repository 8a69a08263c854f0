
/*
 * Copyright (C) nginx rooms contributors
 *
 * rooms_check ASYNCAPI OPENAPI < cases > answers
 *
 * Reads a contract as the module does ("-" for a document that there is not)
 * and checks values against it.  Cases are a JSON array of
 *
 *   {"event": NAME, "args": [...]}             what a client sends
 *   {"reply": NAME, "value": V}                what it is answered
 *   {"message": NAME, "args": [...]}           what the server sends
 *   {"operation": ID, "body": V}               a request's body
 *   {"operation": ID, "status": N, "value": V} a response's body
 *   {"document": "asyncapi", "pointer": P, "value": V}
 *
 * and answers an array of null, or {"pointer", "keyword", "message"} where
 * the value is refused, or {"error"} where there is no such thing.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_buf.h>
#include <rooms_contract.h>


typedef struct {
    json_t            *asyncapi;
    json_t            *openapi;
    rooms_contract_t  *contract;
} rooms_check_t;


static void
rooms_check_die(const char *file, const rooms_contract_error_t *err)
{
    if (err->line) {
        fprintf(stderr, "%s:%d:%d: %s\n", file, err->line, err->column,
                err->reason);

    } else {
        fprintf(stderr, "%s: %s: %s\n", file, err->pointer, err->reason);
    }

    exit(1);
}


static json_t *
rooms_check_read(const char *file)
{
    FILE                    *f;
    json_t                  *json;
    size_t                   n;
    rooms_buf_t              b;
    unsigned char            chunk[4096];
    rooms_contract_error_t   err;

    if (strcmp(file, "-") == 0) {
        return NULL;
    }

    f = fopen(file, "r");
    if (f == NULL) {
        perror(file);
        exit(1);
    }

    rooms_buf_init(&b, 0);

    while ((n = fread(chunk, 1, sizeof(chunk), f)) != 0) {
        rooms_buf_append(&b, chunk, n);
    }

    fclose(f);

    json = rooms_contract_parse(rooms_str(b.data, b.len), &err);
    rooms_buf_free(&b);

    if (json == NULL) {
        rooms_check_die(file, &err);
    }

    return json;
}


static json_t *
rooms_check_answer(rooms_int_t rc, const rooms_schema_failure_t *failure)
{
    if (rc == ROOMS_OK) {
        return json_null();
    }

    return json_pack("{ssssss}", "pointer", failure->pointer,
                     "keyword", failure->keyword,
                     "message", failure->message);
}


static json_t *
rooms_check_schema(const rooms_schema_t *schema, json_t *value)
{
    rooms_schema_failure_t  failure;

    if (schema == NULL) {
        return json_pack("{ss}", "error", "nothing is described there");
    }

    return rooms_check_answer(rooms_schema_check(schema, value, &failure),
                              &failure);
}


static json_t *
rooms_check_pointer(const rooms_check_t *check, json_t *one)
{
    json_t                *answer;
    const char            *document, *pointer;
    rooms_schema_t        *schema;
    rooms_schema_error_t   err;

    document = json_string_value(json_object_get(one, "document"));
    pointer = json_string_value(json_object_get(one, "pointer"));

    schema = rooms_schema_compile(strcmp(document, "asyncapi") == 0
                                  ? check->asyncapi : check->openapi,
                                  pointer, ROOMS_SCHEMA_FORMAT, &err);
    if (schema == NULL) {
        return json_pack("{ss++}", "error", err.pointer, ": ",
                         err.reason);
    }

    answer = rooms_check_schema(schema, json_object_get(one, "value"));
    rooms_schema_free(schema);

    return answer;
}


static json_t *
rooms_check_operation(const rooms_contract_operation_t *op, json_t *one)
{
    json_t                  *status;
    rooms_schema_failure_t   failure;

    status = json_object_get(one, "status");

    if (status != NULL) {
        return rooms_check_schema(rooms_contract_response(op,
                                                json_integer_value(status)),
                                  json_object_get(one, "value"));
    }

    return rooms_check_answer(rooms_contract_check_body(op,
                                                json_object_get(one, "body"),
                                                        &failure),
                              &failure);
}


static rooms_str_t
rooms_check_name(json_t *one, const char *key)
{
    json_t  *name;

    name = json_object_get(one, key);

    return rooms_str(json_string_value(name), json_string_length(name));
}


static json_t *
rooms_check_one(const rooms_check_t *check, json_t *one)
{
    json_t                            *args;
    rooms_schema_failure_t             failure;
    const rooms_contract_event_t      *event;
    const rooms_contract_message_t    *message;
    const rooms_contract_operation_t  *op;

    args = json_object_get(one, "args");

    event = rooms_contract_event(check->contract,
                                 rooms_check_name(one, "event"));
    if (event != NULL) {
        return rooms_check_answer(rooms_contract_check_event(event, args,
                                                             &failure),
                                  &failure);
    }

    event = rooms_contract_event(check->contract,
                                 rooms_check_name(one, "reply"));
    if (event != NULL) {
        return rooms_check_schema(event->reply, json_object_get(one, "value"));
    }

    message = rooms_contract_message(check->contract,
                                     rooms_check_name(one, "message"));
    if (message != NULL) {
        return rooms_check_answer(rooms_contract_check_message(message, args,
                                                               &failure),
                                  &failure);
    }

    op = rooms_contract_operation(check->contract,
                                  rooms_check_name(one, "operation"));
    if (op != NULL) {
        return rooms_check_operation(op, one);
    }

    if (json_is_string(json_object_get(one, "document"))) {
        return rooms_check_pointer(check, one);
    }

    return json_pack("{ss}", "error", "no such name in the contract");
}


int
main(int argc, char **argv)
{
    size_t                   i;
    json_t                  *cases, *one, *answers;
    rooms_check_t            check;
    rooms_contract_error_t   err;

    if (argc != 3) {
        fprintf(stderr, "usage: rooms_check ASYNCAPI OPENAPI < CASES\n");
        return 2;
    }

    check.asyncapi = rooms_check_read(argv[1]);
    check.openapi = rooms_check_read(argv[2]);
    check.contract = rooms_contract_create(check.asyncapi, check.openapi,
                                           NULL, &err);

    if (check.contract == NULL) {
        rooms_check_die(err.document[0] == 'a' ? argv[1] : argv[2], &err);
    }

    cases = json_loadf(stdin, 0, NULL);
    answers = json_array();

    json_array_foreach(cases, i, one) {
        json_array_append_new(answers, rooms_check_one(&check, one));
    }

    json_dumpf(answers, stdout, JSON_COMPACT);

    rooms_contract_free(check.contract);
    json_decref(check.asyncapi);
    json_decref(check.openapi);
    json_decref(answers);
    json_decref(cases);

    return 0;
}
