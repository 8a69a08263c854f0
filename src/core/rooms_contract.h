
/*
 * Copyright (C) nginx rooms contributors
 *
 * An application's contract: events from an AsyncAPI 3.0 document, REST
 * operations from an OpenAPI 3.1 document, payloads described in JSON Schema
 * draft-07.
 */


#ifndef _ROOMS_CONTRACT_H_INCLUDED_
#define _ROOMS_CONTRACT_H_INCLUDED_


#include <jansson.h>

#include <rooms_types.h>
#include <rooms_route.h>
#include <rooms_schema.h>


#define ROOMS_CONTRACT_ARGS  8          /* arguments of one event */


typedef struct rooms_contract_s  rooms_contract_t;


/*
 * Where a document is wrong: as text at a line and column, both from 1, or
 * (line is 0) at a JSON pointer.  The document is "asyncapi" or "openapi", or
 * "" where not known; it is for the caller to put the file's name.
 */

typedef struct {
    const char              *document;
    char                     pointer[ROOMS_SCHEMA_POINTER];
    int                      line;
    int                      column;
    char                     reason[ROOMS_SCHEMA_TEXT];
} rooms_contract_error_t;


typedef struct {
    uint64_t                 limit;     /* 0: no limit */
    uint64_t                 window;    /* milliseconds */
} rooms_contract_rate_t;


/*
 * What a client may send: a message of an operation with the action
 * "receive".  Its name is "x-rooms-event" of the message, or "name".
 *
 * args      schemas of the arguments; the first is the message's "payload",
 *           the others are "x-rooms-args" (a list of schemas)
 * required  how many of them must be there: all, or "x-rooms-min-args"
 * ack       an acknowledgement is answered where the client asks for one
 * reply     schema of the acknowledgement's argument, or NULL: "x-rooms-ack"
 *           of the message, or the payload of the operation's "reply"
 * rate      "x-rooms-rate" of the message: {"limit": n, "per": seconds}
 * json      the message object, for the application's own extensions
 * index     from 0, without gaps, for tables such as those of rate counters
 */

typedef struct {
    rooms_str_t              name;
    unsigned                 index;
    unsigned                 n_args;
    unsigned                 required;
    rooms_schema_t          *args[ROOMS_CONTRACT_ARGS];
    unsigned                 ack:1;
    rooms_schema_t          *reply;
    rooms_contract_rate_t    rate;
    json_t                  *json;
} rooms_contract_event_t;


/*
 * What the server may send: a message of an operation with the action "send".
 *
 * audience   "x-rooms-audience": a word of the application, or empty
 * ephemeral  "x-rooms-ephemeral": not kept for recovery
 */

typedef struct {
    rooms_str_t              name;
    unsigned                 index;
    unsigned                 n_args;
    unsigned                 required;
    rooms_schema_t          *args[ROOMS_CONTRACT_ARGS];
    rooms_str_t              audience;
    unsigned                 ephemeral:1;
    json_t                  *json;
} rooms_contract_message_t;


/* A path or query parameter of an operation; fallback is its "default". */

typedef struct {
    rooms_str_t              name;
    unsigned                 path:1;
    unsigned                 required:1;
    rooms_schema_t          *schema;
    json_t                  *fallback;
} rooms_contract_param_t;


typedef struct {
    unsigned                 status;    /* 0 is "default" */
    rooms_schema_t          *body;      /* NULL: not described */
} rooms_contract_response_t;


/*
 * body  schema of the JSON body, or NULL where the operation takes none
 * rate  "x-rooms-rate" of the operation, or else of the document: requests of
 *       one client's address
 * counter  which of rooms_contract_counters() they count in, from 1; 0: there
 *       is no limit
 * late_body  "x-rooms-late-body": the application checks the body, because
 *       other checks go first; it may be any JSON, of any Content-Type
 */

typedef struct {
    rooms_str_t                 id;     /* operationId */
    unsigned                    index;
    rooms_route_method_t        method;
    rooms_str_t                 path;
    rooms_schema_t             *body;
    unsigned                    body_required:1;
    unsigned                    late_body:1;
    unsigned                    n_params;
    rooms_contract_param_t     *params;
    unsigned                    n_responses;
    rooms_contract_response_t  *responses;
    rooms_contract_rate_t       rate;
    unsigned                    counter;
    json_t                     *json;
} rooms_contract_operation_t;


/*
 * Parses the text of a document.  Refuses what is not JSON, doubled keys,
 * nesting deeper than 128.  The caller owns the result; NULL: see err.
 */

json_t *rooms_contract_parse(rooms_str_t text, rooms_contract_error_t *err);


/* 1 where the application does something with that; NULL: with any. */

typedef struct {
    unsigned                  (*event)(rooms_str_t name);
    unsigned                  (*operation)(rooms_str_t id);
} rooms_contract_words_t;


/*
 * Either document may be NULL.  The contract keeps references to them; they
 * must not change.  NULL: see err.  Names of the form "x-rooms-..." in
 * messages and operations must be among those above, and what a client may
 * send among the words; words may be NULL.
 */

rooms_contract_t *rooms_contract_create(json_t *asyncapi, json_t *openapi,
    const rooms_contract_words_t *words, rooms_contract_error_t *err);

void rooms_contract_free(rooms_contract_t *contract);


/* NULL where there is none of that name; the numbers are for tables. */

const rooms_contract_event_t *rooms_contract_event(
    const rooms_contract_t *contract, rooms_str_t name);
const rooms_contract_message_t *rooms_contract_message(
    const rooms_contract_t *contract, rooms_str_t name);
const rooms_contract_operation_t *rooms_contract_operation(
    const rooms_contract_t *contract, rooms_str_t id);

unsigned rooms_contract_events(const rooms_contract_t *contract);
unsigned rooms_contract_messages(const rooms_contract_t *contract);
unsigned rooms_contract_operations(const rooms_contract_t *contract);

/* By index; NULL at and over their number. */

const rooms_contract_event_t *rooms_contract_event_at(
    const rooms_contract_t *contract, unsigned index);
const rooms_contract_message_t *rooms_contract_message_at(
    const rooms_contract_t *contract, unsigned index);
const rooms_contract_operation_t *rooms_contract_operation_at(
    const rooms_contract_t *contract, unsigned index);


/*
 * Checks an event's arguments (a JSON array, without the event's name; NULL
 * is an empty one).  Arguments after those described are not looked at.  The
 * failure's pointer is into the argument that is wrong; from the second on the
 * message begins with "argument N: ".
 *
 * ROOMS_OK, or ROOMS_DECLINED with failure (may be NULL) set.
 */

rooms_int_t rooms_contract_check_event(const rooms_contract_event_t *event,
    json_t *args, rooms_schema_failure_t *failure);
rooms_int_t rooms_contract_check_message(
    const rooms_contract_message_t *message, json_t *args,
    rooms_schema_failure_t *failure);


/*
 * Finds the operation of a request.  The path is as in rooms_route_find(),
 * and so is the result; on ROOMS_OK *operation is set.  The paths served are
 * those of the document behind each path of its "servers".
 */

rooms_int_t rooms_contract_find(const rooms_contract_t *contract,
    rooms_str_t method, rooms_str_t path, rooms_route_match_t *match,
    const rooms_contract_operation_t **operation);

/*
 * Checks a request's body; NULL is none.  ROOMS_OK (also where the operation
 * takes no body), or ROOMS_DECLINED with failure set.
 */

rooms_int_t rooms_contract_check_body(
    const rooms_contract_operation_t *operation, json_t *body,
    rooms_schema_failure_t *failure);

/*
 * The values of the path and query parameters that the operation describes,
 * as a new object owned by the caller.  The query is the text after "?", not
 * decoded.  Where the schema wants an integer, a number or a boolean the text
 * is converted; of a doubled parameter the last counts; "default" of the
 * schema is put where the parameter lacks.  NULL: see failure, whose pointer
 * is "/NAME".
 */

json_t *rooms_contract_params(const rooms_contract_operation_t *operation,
    const rooms_route_match_t *match, rooms_str_t query,
    rooms_schema_failure_t *failure);

/*
 * The schema of a response's body: that of the status, else of "default",
 * else NULL.
 */

rooms_schema_t *rooms_contract_response(
    const rooms_contract_operation_t *operation, unsigned status);

/*
 * "x-rooms-rate" at the top of the AsyncAPI document: all events of one
 * connection together.  limit 0: there is none.
 */

rooms_contract_rate_t rooms_contract_connection_rate(
    const rooms_contract_t *contract);

/*
 * How many limits of requests there are, and the i-th one, from 0.  Operations
 * that have the one at the top of the document, or name the same "group",
 * count together.
 */

unsigned rooms_contract_counters(const rooms_contract_t *contract);
rooms_contract_rate_t rooms_contract_counter(const rooms_contract_t *contract,
    unsigned i);

/*
 * A value at the top of either document, such as "x-rooms-options"; OpenAPI
 * goes first.  Borrowed; NULL where there is none.
 */

json_t *rooms_contract_extension(const rooms_contract_t *contract,
    const char *name);


#endif /* _ROOMS_CONTRACT_H_INCLUDED_ */
