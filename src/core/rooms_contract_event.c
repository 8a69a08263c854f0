
/*
 * Copyright (C) nginx rooms contributors
 *
 * Events, from an AsyncAPI 3.0 document.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_contract_read.h>


typedef struct {
    const rooms_contract_place_t  *operation;
    unsigned                       receive:1;
} rooms_contract_op_t;


static rooms_int_t rooms_contract_read_operation(rooms_contract_reader_t *r,
    rooms_contract_place_t *at);
static rooms_int_t rooms_contract_read_message(rooms_contract_reader_t *r,
    const rooms_contract_op_t *op, rooms_contract_place_t *at);
static rooms_int_t rooms_contract_add_event(rooms_contract_reader_t *r,
    const rooms_contract_op_t *op, const rooms_contract_place_t *at,
    rooms_str_t name);
static rooms_int_t rooms_contract_add_message(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_str_t name);
static rooms_int_t rooms_contract_read_args(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_schema_t **args, unsigned *n,
    unsigned *required);
static rooms_int_t rooms_contract_read_payload(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_schema_t **schema);
static rooms_int_t rooms_contract_read_reply(rooms_contract_reader_t *r,
    const rooms_contract_op_t *op, const rooms_contract_place_t *at,
    rooms_contract_event_t *event);


static const char *const  rooms_contract_reserved[] = {
    "connect", "connect_error", "disconnect", "disconnecting", "newListener",
    "removeListener", NULL
};

static const char *const  rooms_contract_event_names[] = {
    "x-rooms-event", "x-rooms-args", "x-rooms-min-args", "x-rooms-ack",
    "x-rooms-rate", NULL
};

static const char *const  rooms_contract_message_names[] = {
    "x-rooms-event", "x-rooms-args", "x-rooms-min-args", "x-rooms-audience",
    "x-rooms-ephemeral", NULL
};


rooms_int_t
rooms_contract_read_events(rooms_contract_reader_t *r)
{
    json_t                  *json;
    rooms_int_t              rc;
    const char              *version, *key;
    rooms_contract_place_t   top, operations, at;

    rooms_contract_top(r, &top);

    version = json_string_value(json_object_get(r->document, "asyncapi"));

    if (version == NULL || strncmp(version, "3.", 2) != 0) {
        return rooms_contract_fail(r, &top, "\"asyncapi\" must be \"3.0.0\"");
    }

    rc = rooms_contract_member(r, &top, "operations", &operations);

    if (rc != ROOMS_OK || !json_is_object(operations.json)) {
        return rooms_contract_fail(r, &top, "\"operations\" must be an "
                                   "object");
    }

    json_object_foreach(operations.json, key, json) {

        if (rooms_contract_member(r, &operations, key, &at) != ROOMS_OK
            || rooms_contract_follow(r, &at) != ROOMS_OK
            || rooms_contract_read_operation(r, &at) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


/* Without "messages" of its own an operation has all those of its channel. */

static rooms_int_t
rooms_contract_read_operation(rooms_contract_reader_t *r,
    rooms_contract_place_t *at)
{
    size_t                   i;
    json_t                  *json;
    rooms_int_t              rc;
    const char              *action, *key;
    rooms_contract_op_t      op;
    rooms_contract_place_t   channel, messages, message;

    action = json_string_value(json_object_get(at->json, "action"));

    if (action == NULL
        || (strcmp(action, "receive") != 0 && strcmp(action, "send") != 0))
    {
        return rooms_contract_fail(r, at, "\"action\" must be \"receive\" or "
                                   "\"send\"");
    }

    op.operation = at;
    op.receive = (action[0] == 'r');

    rc = rooms_contract_member(r, at, "messages", &messages);

    if (rc == ROOMS_OK) {

        for (i = 0; i < json_array_size(messages.json); i++) {

            if (rooms_contract_element(r, &messages, i, &message) != ROOMS_OK
                || rooms_contract_read_message(r, &op, &message) != ROOMS_OK)
            {
                return ROOMS_ERROR;
            }
        }

        return ROOMS_OK;
    }

    rc = rooms_contract_member(r, at, "channel", &channel);

    if (rc == ROOMS_DECLINED) {
        return rooms_contract_fail(r, at, "\"channel\" is required");
    }

    if (rc != ROOMS_OK || rooms_contract_follow(r, &channel) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    rc = rooms_contract_member(r, &channel, "messages", &messages);

    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    json_object_foreach(messages.json, key, json) {

        if (rooms_contract_member(r, &messages, key, &message) != ROOMS_OK
            || rooms_contract_read_message(r, &op, &message) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_contract_read_message(rooms_contract_reader_t *r,
    const rooms_contract_op_t *op, rooms_contract_place_t *at)
{
    json_t             *json;
    rooms_str_t         name;
    const char *const  *reserved;

    if (rooms_contract_follow(r, at) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    json = json_object_get(at->json, "x-rooms-event");

    if (json == NULL) {
        json = json_object_get(at->json, "name");
    }

    if (json_string_length(json) == 0) {
        return rooms_contract_fail(r, at, "a message must have a \"name\"");
    }

    name = rooms_contract_string(json);

    for (reserved = rooms_contract_reserved; *reserved != NULL; reserved++) {

        if (strcmp(*reserved, (const char *) name.data) == 0) {
            return rooms_contract_fail(r, at, "\"%s\" is a reserved name",
                                       *reserved);
        }
    }

    if (op->receive) {
        return rooms_contract_add_event(r, op, at, name);
    }

    return rooms_contract_add_message(r, at, name);
}


static rooms_int_t
rooms_contract_add_event(rooms_contract_reader_t *r,
    const rooms_contract_op_t *op, const rooms_contract_place_t *at,
    rooms_str_t name)
{
    rooms_contract_t        *c;
    rooms_contract_event_t  *event;

    c = r->contract;

    if (r->words && r->words->event && !r->words->event(name)) {
        return rooms_contract_fail(r, at, "the application has no event "
                                   "\"%s\"", (const char *) name.data);
    }

    if (rooms_contract_event(c, name) != NULL) {
        return rooms_contract_fail(r, at, "the event \"%s\" is there twice",
                                   (const char *) name.data);
    }

    if (rooms_contract_extensions(r, at, rooms_contract_event_names)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    event = calloc(1, sizeof(rooms_contract_event_t));
    if (event == NULL) {
        return rooms_contract_fail(r, at, "out of memory");
    }

    event->name = name;
    event->index = c->n_events;
    event->json = at->json;

    if (rooms_contract_append(r, &c->events, &c->n_events, event)
        != ROOMS_OK
        || rooms_contract_read_args(r, at, event->args, &event->n_args,
                                    &event->required) != ROOMS_OK
        || rooms_contract_read_reply(r, op, at, event) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_contract_read_rate(r, at, &event->rate);
}


/* One message may be sent by several operations. */

static rooms_int_t
rooms_contract_add_message(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_str_t name)
{
    json_t                          *json;
    rooms_contract_t                *c;
    rooms_contract_place_t           place;
    rooms_contract_message_t        *message;
    const rooms_contract_message_t  *known;

    c = r->contract;
    known = rooms_contract_message(c, name);

    if (known != NULL) {

        if (known->json == at->json) {
            return ROOMS_OK;
        }

        return rooms_contract_fail(r, at, "the message \"%s\" is there twice",
                                   (const char *) name.data);
    }

    if (rooms_contract_extensions(r, at, rooms_contract_message_names)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    message = calloc(1, sizeof(rooms_contract_message_t));
    if (message == NULL) {
        return rooms_contract_fail(r, at, "out of memory");
    }

    message->name = name;
    message->index = c->n_messages;
    message->json = at->json;

    if (rooms_contract_append(r, &c->messages, &c->n_messages, message)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    json = json_object_get(at->json, "x-rooms-audience");

    if (json != NULL && !json_is_string(json)) {
        (void) rooms_contract_member(r, at, "x-rooms-audience", &place);
        return rooms_contract_fail(r, &place, "must be a string");
    }

    message->audience = rooms_contract_string(json);

    json = json_object_get(at->json, "x-rooms-ephemeral");

    if (json != NULL && !json_is_boolean(json)) {
        (void) rooms_contract_member(r, at, "x-rooms-ephemeral", &place);
        return rooms_contract_fail(r, &place, "must be a boolean");
    }

    message->ephemeral = json_is_true(json);

    return rooms_contract_read_args(r, at, message->args, &message->n_args,
                                    &message->required);
}


static rooms_int_t
rooms_contract_read_args(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_schema_t **args, unsigned *n,
    unsigned *required)
{
    size_t                   i;
    json_t                  *json;
    rooms_int_t              rc;
    rooms_contract_place_t   more, place;

    rc = rooms_contract_read_payload(r, at, &args[0]);

    if (rc == ROOMS_OK) {
        *n = 1;

    } else if (rc != ROOMS_DECLINED) {
        return rc;
    }

    rc = rooms_contract_member(r, at, "x-rooms-args", &more);

    if (rc == ROOMS_OK) {

        if (!json_is_array(more.json)
            || json_array_size(more.json) > ROOMS_CONTRACT_ARGS - 1
            || *n == 0)
        {
            return rooms_contract_fail(r, &more, "must be a list of at most "
                                       "7 schemas beside a \"payload\"");
        }

        for (i = 0; i < json_array_size(more.json); i++) {

            if (rooms_contract_element(r, &more, i, &place) != ROOMS_OK
                || rooms_contract_compile(r, &place, &args[*n]) != ROOMS_OK)
            {
                return ROOMS_ERROR;
            }

            (*n)++;
        }

    } else if (rc != ROOMS_DECLINED) {
        return rc;
    }

    *required = *n;

    json = json_object_get(at->json, "x-rooms-min-args");
    if (json == NULL) {
        return ROOMS_OK;
    }

    if (!json_is_integer(json) || json_integer_value(json) < 0
        || json_integer_value(json) > *n)
    {
        (void) rooms_contract_member(r, at, "x-rooms-min-args", &place);
        return rooms_contract_fail(r, &place, "must be an integer from 0 to "
                                   "the number of arguments");
    }

    *required = json_integer_value(json);

    return ROOMS_OK;
}


/* The schema, or an object of "schemaFormat" and "schema". */

static rooms_int_t
rooms_contract_read_payload(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_schema_t **schema)
{
    json_t                  *json;
    rooms_int_t              rc;
    const char              *format;
    rooms_contract_place_t   payload;

    rc = rooms_contract_member(r, at, "payload", &payload);
    if (rc != ROOMS_OK) {
        return rc;
    }

    json = json_object_get(payload.json, "schemaFormat");

    if (json != NULL) {
        format = json_string_value(json);

        if (format == NULL
            || (strncmp(format, "application/schema+json;version=draft-07",
                        40) != 0
                && strncmp(format, "application/vnd.aai.asyncapi", 28) != 0))
        {
            return rooms_contract_fail(r, &payload, "\"schemaFormat\" must be "
                                       "JSON Schema draft-07");
        }

        if (rooms_contract_member(r, &payload, "schema", &payload)
            != ROOMS_OK)
        {
            return rooms_contract_fail(r, &payload, "\"schema\" is required");
        }
    }

    return rooms_contract_compile(r, &payload, schema);
}


static rooms_int_t
rooms_contract_read_reply(rooms_contract_reader_t *r,
    const rooms_contract_op_t *op, const rooms_contract_place_t *at,
    rooms_contract_event_t *event)
{
    rooms_int_t             rc;
    rooms_contract_place_t  place, messages;

    rc = rooms_contract_member(r, at, "x-rooms-ack", &place);

    if (rc == ROOMS_OK) {
        event->ack = 1;
        return rooms_contract_compile(r, &place, &event->reply);
    }

    if (rc == ROOMS_DECLINED) {
        rc = rooms_contract_member(r, op->operation, "reply", &place);
    }

    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    if (rooms_contract_follow(r, &place) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    event->ack = 1;

    rc = rooms_contract_member(r, &place, "messages", &messages);
    if (rc != ROOMS_OK) {
        return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
    }

    if (json_array_size(messages.json) != 1) {
        return rooms_contract_fail(r, &messages, "must have one message");
    }

    if (rooms_contract_element(r, &messages, 0, &place) != ROOMS_OK
        || rooms_contract_follow(r, &place) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    rc = rooms_contract_read_payload(r, &place, &event->reply);

    return (rc == ROOMS_DECLINED) ? ROOMS_OK : rc;
}
