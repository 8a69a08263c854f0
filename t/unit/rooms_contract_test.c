
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_contract.h>


static rooms_str_t
str(const char *text)
{
    return rooms_str(text, strlen(text));
}


/* JSON with single quotes, for the reader's sake */

static json_t *
json(const char *text)
{
    char                    *copy, *p;
    json_t                  *value;
    rooms_contract_error_t   err;

    copy = strdup(text);

    for (p = copy; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    value = rooms_contract_parse(str(copy), &err);
    if (value == NULL) {
        fail_msg("%s: %d:%d: %s", text, err.line, err.column, err.reason);
    }

    free(copy);

    return value;
}


static const char  events[] =
    "{'asyncapi': '3.0.0', 'x-top': 'events', 'x-both': 'events',"
    " 'channels': {'c': {'address': '/', 'messages': {"
    "   'say': {'$ref': '#/components/messages/say'},"
    "   'said': {'$ref': '#/components/messages/said'},"
    "   'sayAck': {'payload': {'type': 'boolean'}}}},"
    "  'd': {'messages': {'ping': {'name': 'ping'},"
    "   'two': {'x-rooms-event': 'x:two', 'name': 'two',"
    "    'payload': {'schemaFormat':"
    "     'application/schema+json;version=draft-07',"
    "     'schema': {'type': 'integer'}},"
    "    'x-rooms-args': [{'$ref': '#/components/schemas/text'}, true],"
    "    'x-rooms-min-args': 1, 'x-rooms-ack': {'type': 'null'}}}}},"
    " 'operations': {"
    "  'say': {'action': 'receive', 'channel': {'$ref': '#/channels/c'},"
    "   'messages': [{'$ref': '#/channels/c/messages/say'}],"
    "   'reply': {'messages': [{'$ref': '#/channels/c/messages/sayAck'}]}},"
    "  'others': {'action': 'receive', 'channel': {'$ref': '#/channels/d'}},"
    "  'said': {'action': 'send', 'channel': {'$ref': '#/channels/c'},"
    "   'messages': [{'$ref': '#/channels/c/messages/said'}]},"
    "  'again': {'action': 'send', 'channel': {'$ref': '#/channels/c'},"
    "   'messages': [{'$ref': '#/channels/c/messages/said'}]}},"
    " 'components': {'schemas': {'text': {'type': 'string',"
    "   'x-message': {'required': 'Say something', 'type': 'Text please'}}},"
    "  'messages': {'say': {'name': 'say', 'x-rooms-rate':"
    "    {'limit': 5, 'per': 0.5}, 'payload': {'properties':"
    "    {'text': {'$ref': '#/components/schemas/text'}},"
    "    'required': ['text'], 'type': 'object'}},"
    "   'said': {'name': 'said', 'x-rooms-audience': 'room',"
    "    'x-rooms-ephemeral': true, 'payload': {'type': 'string'}}}}}";


static void
test_events(void **state)
{
    json_t                          *document, *args;
    rooms_contract_t                *c;
    rooms_contract_error_t           err;
    rooms_schema_failure_t           f;
    const rooms_contract_event_t    *event;
    const rooms_contract_message_t  *message;

    (void) state;

    document = json(events);
    c = rooms_contract_create(document, NULL, NULL, &err);
    json_decref(document);

    if (c == NULL) {
        fail_msg("%s: %s", err.pointer, err.reason);
    }

    assert_int_equal(rooms_contract_events(c), 3);
    assert_int_equal(rooms_contract_messages(c), 1);
    assert_int_equal(rooms_contract_operations(c), 0);

    event = rooms_contract_event(c, str("say"));
    assert_non_null(event);
    assert_ptr_equal(event, rooms_contract_event_at(c, event->index));
    assert_int_equal(event->n_args, 1);
    assert_int_equal(event->required, 1);
    assert_true(event->ack);
    assert_int_equal(event->rate.limit, 5);
    assert_int_equal(event->rate.window, 500);
    assert_int_equal(rooms_schema_types(event->reply), ROOMS_SCHEMA_BOOLEAN);

    args = json("[{'text': 'a'}, 1, 2]");
    assert_int_equal(rooms_contract_check_event(event, args, &f), ROOMS_OK);
    json_decref(args);

    args = json("[{}]");
    assert_int_equal(rooms_contract_check_event(event, args, &f),
                     ROOMS_DECLINED);
    assert_string_equal(f.message, "Say something");
    assert_string_equal(f.pointer, "/text");
    json_decref(args);

    assert_int_equal(rooms_contract_check_event(event, NULL, NULL),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_contract_check_event(event, NULL, &f),
                     ROOMS_DECLINED);
    assert_string_equal(f.message, "argument 1: is required");

    event = rooms_contract_event(c, str("ping"));
    assert_non_null(event);
    assert_int_equal(event->n_args, 0);
    assert_false(event->ack);
    assert_null(event->reply);
    assert_int_equal(event->rate.limit, 0);
    assert_int_equal(rooms_contract_check_event(event, NULL, &f), ROOMS_OK);

    event = rooms_contract_event(c, str("x:two"));
    assert_non_null(event);
    assert_int_equal(event->n_args, 3);
    assert_int_equal(event->required, 1);
    assert_true(event->ack);
    assert_int_equal(rooms_schema_types(event->reply), ROOMS_SCHEMA_NULL);

    args = json("[1]");
    assert_int_equal(rooms_contract_check_event(event, args, &f), ROOMS_OK);
    json_decref(args);

    args = json("[1, 2]");
    assert_int_equal(rooms_contract_check_event(event, args, &f),
                     ROOMS_DECLINED);
    assert_string_equal(f.message, "argument 2: Text please");
    json_decref(args);

    assert_null(rooms_contract_event(c, str("two")));
    assert_null(rooms_contract_event(c, str("said")));
    assert_null(rooms_contract_event(c, str("")));
    assert_null(rooms_contract_event_at(c, 3));

    message = rooms_contract_message(c, str("said"));
    assert_non_null(message);
    assert_ptr_equal(message, rooms_contract_message_at(c, 0));
    assert_null(rooms_contract_message_at(c, 1));
    assert_int_equal(message->audience.len, 4);
    assert_memory_equal(message->audience.data, "room", 4);
    assert_true(message->ephemeral);

    args = json("['a']");
    assert_int_equal(rooms_contract_check_message(message, args, &f),
                     ROOMS_OK);
    json_decref(args);

    assert_string_equal(json_string_value(rooms_contract_extension(c,
                                                                   "x-top")),
                        "events");
    assert_null(rooms_contract_extension(c, "x-none"));

    rooms_contract_free(c);
    rooms_contract_free(NULL);
}


static const char  rest[] =
    "{'openapi': '3.1.0', 'x-both': 'rest',"
    " 'servers': [{'url': 'http://localhost:1'}, {'url': '/v1/'},"
    "  {'url': 'https://a.example/'}],"
    " 'paths': {"
    "  '/things': {'summary': 's', 'x-note': 1,"
    "   'get': {'operationId': 'list', 'x-rooms-rate':"
    "    {'limit': 10, 'per': 60}, 'parameters': ["
    "    {'name': 'limit', 'in': 'query', 'schema':"
    "     {'type': 'integer', 'maximum': 50, 'default': 20}},"
    "    {'name': 'deep', 'in': 'query', 'schema': {'type': 'boolean'}},"
    "    {'name': 'q', 'in': 'query', 'schema': {'type': 'string',"
    "     'minLength': 1}},"
    "    {'name': 'X-A', 'in': 'header', 'schema': {'foo': 1}}]},"
    "   'post': {'operationId': 'make', 'requestBody':"
    "    {'$ref': '#/components/requestBodies/thing'}, 'responses': {"
    "    '201': {'content': {'application/json': {'schema':"
    "     {'type': 'object'}}}}, '204': {'description': 'n'},"
    "    'default': {'$ref': '#/components/responses/error'}}}},"
    "  '/things/{id}': {'parameters': [{'name': 'id', 'in': 'path',"
    "    'required': true, 'schema': {'type': 'string'}}],"
    "   'get': {'operationId': 'read'},"
    "   'put': {'operationId': 'write', 'requestBody': {'content':"
    "    {'application/json': {'schema': {'type': 'object'}}}},"
    "    'parameters': [{'name': 'id', 'in': 'path', 'required': true,"
    "     'schema': {'type': 'integer'}}]}}},"
    " 'components': {'requestBodies': {'thing': {'required': true,"
    "   'content': {'application/json': {'schema': {'type': 'object',"
    "    'required': ['name']}}}}}, 'responses': {'error': {'content':"
    "   {'application/json': {'schema': {'type': 'string'}}}}}}}";


static rooms_contract_t *
both(void)
{
    json_t                  *asyncapi, *openapi;
    rooms_contract_t        *c;
    rooms_contract_error_t   err;

    asyncapi = json(events);
    openapi = json(rest);

    c = rooms_contract_create(asyncapi, openapi, NULL, &err);
    if (c == NULL) {
        fail_msg("%s: %s", err.pointer, err.reason);
    }

    json_decref(asyncapi);
    json_decref(openapi);

    return c;
}


static void
test_operations(void **state)
{
    json_t                            *body;
    rooms_contract_t                  *c;
    rooms_route_match_t                match;
    rooms_schema_failure_t             f;
    const rooms_contract_operation_t  *op;

    (void) state;

    c = both();

    assert_string_equal(json_string_value(rooms_contract_extension(c,
                                                                   "x-both")),
                        "rest");
    assert_string_equal(json_string_value(rooms_contract_extension(c,
                                                                   "x-top")),
                        "events");

    assert_int_equal(rooms_contract_operations(c), 4);
    assert_ptr_equal(rooms_contract_operation(c, str("make")),
                     rooms_contract_operation_at(c, 1));
    assert_null(rooms_contract_operation(c, str("none")));
    assert_null(rooms_contract_operation_at(c, 4));

    assert_int_equal(rooms_contract_find(c, str("POST"), str("/v1/things"),
                                         &match, &op),
                     ROOMS_OK);
    assert_string_equal(op->id.data, "make");
    assert_true(op->body_required);

    assert_int_equal(rooms_contract_find(c, str("POST"), str("/things"),
                                         &match, &op),
                     ROOMS_OK);
    assert_string_equal(op->id.data, "make");

    assert_int_equal(rooms_contract_check_body(op, NULL, NULL),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_contract_check_body(op, NULL, &f),
                     ROOMS_DECLINED);
    assert_string_equal(f.message, "body: is required");

    body = json("{}");
    assert_int_equal(rooms_contract_check_body(op, body, &f),
                     ROOMS_DECLINED);
    assert_string_equal(f.message, "/name: is required");
    json_decref(body);

    assert_int_equal(rooms_schema_types(rooms_contract_response(op, 201)),
                     ROOMS_SCHEMA_OBJECT);
    assert_int_equal(rooms_schema_types(rooms_contract_response(op, 500)),
                     ROOMS_SCHEMA_STRING);
    assert_null(rooms_contract_response(op, 204));

    assert_int_equal(rooms_contract_find(c, str("GET"), str("/things"),
                                         &match, &op),
                     ROOMS_OK);
    assert_int_equal(op->rate.limit, 10);
    assert_int_equal(op->rate.window, 60000);
    assert_null(rooms_contract_response(op, 200));
    assert_int_equal(rooms_contract_check_body(op, NULL, &f), ROOMS_OK);

    assert_int_equal(rooms_contract_find(c, str("PUT"), str("/things/5"),
                                         &match, &op),
                     ROOMS_OK);
    assert_int_equal(rooms_contract_check_body(op, NULL, &f), ROOMS_OK);

    assert_int_equal(rooms_contract_find(c, str("DELETE"), str("/things/5"),
                                         &match, &op),
                     ROOMS_DONE);
    assert_string_equal(match.allow, "GET, HEAD, PUT");
    assert_null(op);

    assert_int_equal(rooms_contract_find(c, str("GET"), str("/v2/things"),
                                         &match, &op),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_contract_find(c, str("GET"), str("/things/%zz"),
                                         &match, &op),
                     ROOMS_ERROR);

    rooms_contract_free(c);
}


static void
params_are(const rooms_contract_t *c, const char *method, const char *path,
    const char *query, const char *expected, const char *message)
{
    json_t                            *params, *wanted;
    rooms_route_match_t                match;
    rooms_schema_failure_t             f;
    const rooms_contract_operation_t  *op;

    assert_int_equal(rooms_contract_find(c, str(method), str(path), &match,
                                         &op),
                     ROOMS_OK);

    params = rooms_contract_params(op, &match, str(query), &f);

    if (expected == NULL) {
        assert_null(params);
        assert_string_equal(f.message, message);
        return;
    }

    if (params == NULL) {
        fail_msg("%s: %s", query, f.message);
    }

    wanted = json(expected);

    if (!json_equal(params, wanted)) {
        fail_msg("%s: %s", query, json_dumps(params, 0));
    }

    json_decref(wanted);
    json_decref(params);
}


static void
test_params(void **state)
{
    rooms_contract_t  *c;

    (void) state;

    c = both();

    params_are(c, "GET", "/things", "", "{'limit': 20}", NULL);
    params_are(c, "GET", "/things", "limit=5&deep=true&q=a+b%26&x=1",
               "{'limit': 5, 'deep': true, 'q': 'a b&'}", NULL);
    params_are(c, "GET", "/things", "&&limit=1&=&lim%69t=2&q=7",
               "{'limit': 2, 'q': '7'}", NULL);

    params_are(c, "GET", "/things", "limit=51", NULL,
               "/limit: must be at most 50");
    params_are(c, "GET", "/things", "limit=x", NULL,
               "/limit: must be an integer");
    params_are(c, "GET", "/things", "limit=%225%22", NULL,
               "/limit: must be an integer");
    params_are(c, "GET", "/things", "limit=[1]", NULL,
               "/limit: must be an integer");
    params_are(c, "GET", "/things", "limit", NULL,
               "/limit: must be an integer");
    params_are(c, "GET", "/things", "limit=1.5", NULL,
               "/limit: must be an integer");
    params_are(c, "GET", "/things", "limit=9223372036854775808", NULL,
               "/limit: must be an integer");
    params_are(c, "GET", "/things", "deep=1", NULL,
               "/deep: must be a boolean");
    params_are(c, "GET", "/things", "q=", NULL,
               "/q: must be at least 1 character");
    params_are(c, "GET", "/things", "q=%ff", NULL,
               "/q: is not well-formed");
    params_are(c, "GET", "/things", "q=%00", NULL,
               "/q: is not well-formed");

    params_are(c, "GET", "/things/5", "", "{'id': '5'}", NULL);
    params_are(c, "PUT", "/things/5", "id=6", "{'id': 5}", NULL);
    params_are(c, "PUT", "/things/x", "", NULL, "/id: must be an integer");

    rooms_contract_free(c);
}


typedef struct {
    const char  *document;
    const char  *find;                  /* in the good document */
    const char  *put;
    const char  *pointer;
    const char  *reason;                /* some words of it */
} refusal_t;


static unsigned
is_known(rooms_str_t name)
{
    return name.data[0] != 'z';
}


static const refusal_t  refusals[] = {

    { events, "'name': 'ping'", "'name': 'zing'",
      "#/channels/d/messages/ping", "has no event \"zing\"" },
    { rest, "'operationId': 'read'", "'operationId': 'zead'",
      "#/paths/~1things~1{id}/get", "has no operation \"zead\"" },
    { events, "'3.0.0'", "'2.6.0'", "#", "\"asyncapi\"" },
    { events, "'operations'", "'operation'", "#", "\"operations\"" },
    { events, "'action': 'receive', 'channel': {'$ref': '#/channels/d'}",
      "'action': 'get'", "#/operations/others", "\"action\"" },
    { events, "'channel': {'$ref': '#/channels/d'}", "'a': 1",
      "#/operations/others", "\"channel\" is required" },
    { events, "'#/channels/d'", "'#/channels/e'",
      "#/operations/others/channel", "leads nowhere" },
    { events, "'#/channels/d'", "'other.json#/channels/d'",
      "#/operations/others/channel", "other documents" },
    { events, "'#/channels/d'", "'#/operations/others/channel'",
      "#/operations/others/channel", "without end" },
    { events, "'name': 'ping'", "'title': 'ping'", "#/channels/d/messages/ping",
      "\"name\"" },
    { events, "'name': 'ping'", "'name': 'disconnect'",
      "#/channels/d/messages/ping", "reserved" },
    { events, "'name': 'ping'", "'name': 'say'", "#/channels/d/messages/ping",
      "there twice" },
    { events, "'name': 'ping'", "'name': 'ping', 'x-rooms-rates': 1",
      "#/channels/d/messages/ping/x-rooms-rates", "unknown extension" },
    { events, "'x-rooms-audience'", "'x-rooms-rate'",
      "#/components/messages/said/x-rooms-rate", "unknown extension" },
    { events, "'x-rooms-audience': 'room'", "'x-rooms-audience': 1",
      "#/components/messages/said/x-rooms-audience", "string" },
    { events, "'x-rooms-ephemeral': true", "'x-rooms-ephemeral': 1",
      "#/components/messages/said/x-rooms-ephemeral", "boolean" },
    { events, "'per': 0.5", "'per': 0",
      "#/components/messages/say/x-rooms-rate", "seconds" },
    { events, "'limit': 5", "'limit': 0",
      "#/components/messages/say/x-rooms-rate", "events" },
    { events, "'limit': 5", "'limit': 5, 'burst': 1",
      "#/components/messages/say/x-rooms-rate", "must be" },
    { events, "'x-rooms-min-args': 1", "'x-rooms-min-args': 4",
      "#/channels/d/messages/two/x-rooms-min-args", "number of arguments" },
    { events, "version=draft-07", "version=draft-04",
      "#/channels/d/messages/two/payload", "schemaFormat" },
    { events, "'schema': {'type': 'integer'}", "'a': 1",
      "#/channels/d/messages/two/payload", "\"schema\" is required" },
    { events, "true], ", "1], ", "#/channels/d/messages/two/x-rooms-args/1",
      "object or a boolean" },
    { events, "'type': 'object'}}", "'typo': 'object'}}",
      "#/components/messages/say/payload/typo", "unknown keyword" },
    { events, "'text': {'type': 'string'", "'text': {'typo': 'string'",
      "#/components/schemas/text/typo", "unknown keyword" },
    { events, "[{'$ref': '#/channels/c/messages/sayAck'}]", "[]",
      "#/operations/say/reply/messages", "one message" },

    { rest, "'3.1.0'", "'3.0.3'", "#", "\"openapi\"" },
    { rest, "'paths'", "'path'", "#", "\"paths\"" },
    { rest, "'/v1/'", "'v1'", "#/servers/1", "\"url\"" },
    { rest, "'/v1/'", "'/{v}'", "#/servers/1", "variables" },
    { rest, "'get': {'operationId': 'list'", "'fetch': {'operationId': 'l'",
      "#/paths/~1things/fetch", "not a method" },
    { rest, "'operationId': 'read'", "'a': 'read'",
      "#/paths/~1things~1{id}/get", "\"operationId\"" },
    { rest, "'operationId': 'read'", "'operationId': 'list'",
      "#/paths/~1things~1{id}/get", "there twice" },
    { rest, "'per': 60}", "'per': 60, 'a': 1}",
      "#/paths/~1things/get/x-rooms-rate", "\"group\"" },
    { rest, "'limit': 10,", "'limit': 1001,",
      "#/paths/~1things/get/x-rooms-rate", "at most 1000" },
    { rest, "'per': 60}", "'per': 60, 'group': ''}",
      "#/paths/~1things/get/x-rooms-rate", "a name" },
    { rest, "'x-both': 'rest'", "'x-rooms-rate': {'limit': 0, 'per': 1}",
      "#/x-rooms-rate", "requests" },
    { rest, "'x-both': 'rest'",
      "'x-rooms-rate': {'limit': 1, 'per': 1, 'group': 'g'}",
      "#/x-rooms-rate", "has no \"group\"" },
    { rest, "'x-rooms-rate'", "'x-rooms-rat'",
      "#/paths/~1things/get/x-rooms-rat", "unknown extension" },
    { rest, "'/things/{id}'", "'/things/{di}'",
      "#/paths/~1things~1{di}/get", "not described" },
    { rest, "'/things/{id}'", "'/other'", "#/paths/~1other/get",
      "does not have" },
    { rest, "'/things/{id}'", "'/things/x{id}'",
      "#/paths/~1things~1x{id}/get", "whole segment" },
    { rest, "'required': true, 'schema': {'type': 'string'}",
      "'schema': {'type': 'string'}", "#/paths/~1things~1{id}/parameters/0",
      "\"required\": true" },
    { rest, "'schema': {'type': 'boolean'}", "'a': 1",
      "#/paths/~1things/get/parameters/1", "\"schema\" is required" },
    { rest, "'schema': {'type': 'boolean'}", "'schema': {'type': 'array'}",
      "#/paths/~1things/get/parameters/1/schema", "not supported" },
    { rest, "'name': 'deep', 'in'", "'name': 'deep', 'at'",
      "#/paths/~1things/get/parameters/1", "\"in\"" },
    { rest, "'content': {'application/json': {'schema': {'type': 'object',",
      "'content': {'text/plain': {'schema': {'type': 'object',",
      "#/components/requestBodies/thing", "application/json" },
    { rest, "'201'", "'2XX'", "#/paths/~1things/post/responses/2XX",
      "three digits" },
    { rest, "'maximum': 50", "'maximun': 50",
      "#/paths/~1things/get/parameters/0/schema/maximun",
      "unknown keyword" },

    { NULL, NULL, NULL, NULL, NULL }
};


static void
test_refused(void **state)
{
    char                    *text, *at;
    json_t                  *document;
    unsigned                 is_events;
    const refusal_t         *r;
    rooms_contract_t        *c;
    rooms_contract_error_t   err;
    rooms_contract_words_t   words;

    (void) state;

    words.event = is_known;
    words.operation = is_known;

    for (r = refusals; r->document != NULL; r++) {

        at = strstr(r->document, r->find);
        if (at == NULL) {
            fail_msg("%s is not in the document", r->find);
        }

        text = malloc(strlen(r->document) + strlen(r->put) + 1);
        assert_non_null(text);

        sprintf(text, "%.*s%s%s", (int) (at - r->document), r->document,
                r->put, at + strlen(r->find));

        document = json(text);
        is_events = (r->document == events);

        c = rooms_contract_create(is_events ? document : NULL,
                                  is_events ? NULL : document, &words, &err);
        if (c != NULL) {
            fail_msg("%s: is a contract", r->put);
        }

        if (strcmp(err.pointer, r->pointer) != 0
            || strstr(err.reason, r->reason) == NULL)
        {
            fail_msg("%s: %s: %s", r->put, err.pointer, err.reason);
        }

        assert_string_equal(err.document, is_events ? "asyncapi" : "openapi");
        assert_int_equal(err.line, 0);

        json_decref(document);
        free(text);
    }
}


static void
not_parsed(const char *text, size_t len, int line, int column,
    const char *reason)
{
    rooms_contract_error_t  err;

    assert_null(rooms_contract_parse(rooms_str(text, len), &err));

    if (err.line != line || err.column != column
        || strstr(err.reason, reason) == NULL)
    {
        fail_msg("%d:%d: %s", err.line, err.column, err.reason);
    }
}


static void
test_parse(void **state)
{
    char                     deep[400];
    json_t                  *document;
    rooms_contract_error_t   err;

    (void) state;

    not_parsed("", 0, 1, 1, "unexpected end");
    not_parsed("{\n  \"a\": 1,\n}", 13, 3, 1, "key expected");
    not_parsed("{\n  \"\xc3\xa9\": x}", 11, 2, 8, "value expected");
    not_parsed("{\"a\": \"\xff\"}", 10, 1, 8, "UTF-8");
    not_parsed("{\"a\": 1,\n\"a\": 2}", 16, 2, 3, "duplicate");
    not_parsed("{\"a\": \"\\ud800\"}", 15, 1, 14, "Unicode");

    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    not_parsed(deep, 400, 1, 129, "too deep");

    document = rooms_contract_parse(str("{\"a\": [1]}"), &err);
    assert_non_null(document);
    json_decref(document);
}


/* The documents that are shipped */

static json_t *
file(const char *name)
{
    FILE                    *f;
    char                    *text;
    size_t                   n;
    json_t                  *document;
    rooms_contract_error_t   err;

    text = malloc(1 << 20);
    assert_non_null(text);

    f = fopen(name, "r");
    assert_non_null(f);
    n = fread(text, 1, 1 << 20, f);
    fclose(f);

    document = rooms_contract_parse(rooms_str(text, n), &err);
    if (document == NULL) {
        fail_msg("%s:%d:%d: %s", name, err.line, err.column, err.reason);
    }

    free(text);

    return document;
}


static void
test_dinner(void **state)
{
    json_t                            *asyncapi, *openapi, *args;
    rooms_contract_t                  *c;
    rooms_route_match_t                match;
    rooms_contract_error_t             err;
    rooms_schema_failure_t             f;
    const rooms_contract_operation_t  *op;

    (void) state;

    asyncapi = file("contracts/dinner.asyncapi.json");
    openapi = file("contracts/dinner.openapi.json");

    c = rooms_contract_create(asyncapi, openapi, NULL, &err);
    if (c == NULL) {
        fail_msg("%s: %s: %s", err.document, err.pointer, err.reason);
    }

    json_decref(asyncapi);
    json_decref(openapi);

    assert_int_equal(rooms_contract_events(c), 3);
    assert_int_equal(rooms_contract_messages(c), 7);
    assert_int_equal(rooms_contract_operations(c), 5);
    assert_int_equal(json_array_size(rooms_contract_extension(c,
                                                    "x-rooms-options")),
                     15);

    args = json("[{'sessionCode': 'ABC123', 'displayName': ''}]");
    assert_int_equal(rooms_contract_check_event(rooms_contract_event(c,
                                                    str("session:join")),
                                                args, &f),
                     ROOMS_DECLINED);
    assert_string_equal(f.message, "Display name required");
    json_decref(args);

    assert_int_equal(rooms_contract_find(c, str("POST"),
                                         str("/api/sessions/not%20one/join"),
                                         &match, &op),
                     ROOMS_OK);
    assert_string_equal(op->id.data, "joinSession");
    assert_int_equal(match.params[0].value.len, 7);

    rooms_contract_free(c);
}


/* Groups count together, those without a limit in that of the document. */

static void
test_request_rates(void **state)
{
    json_t                            *document;
    unsigned                           i;
    rooms_contract_t                  *c;
    rooms_contract_rate_t              rate;
    rooms_contract_error_t             err;
    const rooms_contract_operation_t  *op;

    static const char  text[] =
        "{'openapi': '3.1.0', 'x-rooms-rate': {'limit': 100, 'per': 60},"
        " 'paths': {"
        "  '/a': {'get': {'operationId': 'a', 'x-rooms-rate':"
        "   {'limit': 10, 'per': 1, 'group': 'g'}},"
        "   'put': {'operationId': 'b', 'x-rooms-rate':"
        "   {'limit': 10, 'per': 1, 'group': 'g'}}},"
        "  '/c': {'get': {'operationId': 'c'},"
        "   'put': {'operationId': 'd'},"
        "   'post': {'operationId': 'e', 'x-rooms-rate':"
        "   {'limit': 10, 'per': 1}}}}}";

    static const struct {
        const char  *id;
        uint64_t     limit;
        unsigned     counter;
    } ops[] = {
        { "a", 10, 1 }, { "b", 10, 1 }, { "c", 100, 2 }, { "d", 100, 2 },
        { "e", 10, 3 }
    };

    (void) state;

    document = json(text);
    c = rooms_contract_create(NULL, document, NULL, &err);
    json_decref(document);
    assert_non_null(c);

    assert_int_equal(rooms_contract_counters(c), 3);

    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        op = rooms_contract_operation(c, str(ops[i].id));
        rate = rooms_contract_counter(c, ops[i].counter - 1);

        assert_int_equal(op->counter, ops[i].counter);
        assert_int_equal(op->rate.limit, ops[i].limit);
        assert_int_equal(rate.limit, ops[i].limit);
        assert_int_equal(rate.window, op->rate.window);
    }

    rooms_contract_free(c);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_request_rates),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_dinner)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
