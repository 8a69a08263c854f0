
/*
 * Copyright (C) nginx rooms contributors
 *
 * Reading the documents of a contract.
 */


#ifndef _ROOMS_CONTRACT_READ_H_INCLUDED_
#define _ROOMS_CONTRACT_READ_H_INCLUDED_


#include <rooms_contract.h>
#include <rooms_limits.h>


/* A limit of requests, and which operations count in it. */

typedef struct {
    const json_t                 *json;      /* where it stands */
    const json_t                 *group;     /* its name, or NULL */
    rooms_contract_rate_t         rate;
} rooms_contract_share_t;


struct rooms_contract_s {
    json_t                       *asyncapi;
    json_t                       *openapi;

    unsigned                      n_events;
    unsigned                      n_messages;
    unsigned                      n_operations;
    rooms_contract_event_t      **events;
    rooms_contract_message_t    **messages;
    rooms_contract_operation_t  **operations;

    rooms_route_t                *routes;
    rooms_contract_rate_t         rate;      /* of a connection */
    unsigned                      n_shares;
    rooms_contract_share_t        shares[ROOMS_LIMITS_MAX];
};


typedef struct {
    rooms_contract_t             *contract;
    const rooms_contract_words_t *words;     /* or NULL */
    rooms_contract_error_t       *err;
    json_t                       *document;
} rooms_contract_reader_t;


/* A value and where in the document it is; the pointer is without "#". */

typedef struct {
    json_t                       *json;
    char                          pointer[ROOMS_SCHEMA_POINTER];
} rooms_contract_place_t;


rooms_int_t rooms_contract_read_events(rooms_contract_reader_t *r);
rooms_int_t rooms_contract_read_rest(rooms_contract_reader_t *r);


/* Always ROOMS_ERROR. */

rooms_int_t rooms_contract_fail(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void rooms_contract_top(rooms_contract_reader_t *r,
    rooms_contract_place_t *at);

/*
 * The member of an object, as it stands there.  ROOMS_DECLINED: it has none;
 * ROOMS_ERROR: its pointer is too long.  from and to may be the same.
 */

rooms_int_t rooms_contract_member(rooms_contract_reader_t *r,
    const rooms_contract_place_t *from, const char *key,
    rooms_contract_place_t *to);
rooms_int_t rooms_contract_element(rooms_contract_reader_t *r,
    const rooms_contract_place_t *from, size_t index,
    rooms_contract_place_t *to);

/* Goes where "$ref" leads, as often as need be; then it is an object. */

rooms_int_t rooms_contract_follow(rooms_contract_reader_t *r,
    rooms_contract_place_t *at);

/* The schema at a place. */

rooms_int_t rooms_contract_compile(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_schema_t **schema);

/* Sets op->rate and op->counter; at is where the operation stands. */

rooms_int_t rooms_contract_read_request_rate(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_contract_operation_t *op);

/* "x-rooms-rate" of an object; no limit where there is none. */

rooms_int_t rooms_contract_read_rate(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, rooms_contract_rate_t *rate);

/* Refuses "x-rooms-..." that are none of the names, which NULL ends. */

rooms_int_t rooms_contract_extensions(rooms_contract_reader_t *r,
    const rooms_contract_place_t *at, const char *const *names);

/* Appends item, which is freed where that fails. */

rooms_int_t rooms_contract_append(rooms_contract_reader_t *r, void *list,
    unsigned *n, void *item);

rooms_str_t rooms_contract_string(const json_t *json);
unsigned rooms_contract_same(rooms_str_t a, rooms_str_t b);


#endif /* _ROOMS_CONTRACT_READ_H_INCLUDED_ */
