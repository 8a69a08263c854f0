
/*
 * Copyright (C) nginx rooms contributors
 *
 * The input is an AsyncAPI document, an octet 255, an OpenAPI document, an
 * octet 255, and a request: a path with a query.  Either document may be
 * empty.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_contract.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


static rooms_str_t
part(const uint8_t **data, size_t *size)
{
    rooms_str_t     s;
    const uint8_t  *border;

    border = *size ? memchr(*data, 255, *size) : NULL;
    s = rooms_str(*data, border ? (size_t) (border - *data) : *size);

    *data += s.len + (border != NULL);
    *size -= s.len + (border != NULL);

    return s;
}


static json_t *
parse(rooms_str_t text)
{
    json_t                  *json;
    rooms_contract_error_t   err;

    if (text.len == 0) {
        return NULL;
    }

    json = rooms_contract_parse(text, &err);
    check(json != NULL || (err.line > 0 && err.column > 0 && err.reason[0]));

    return json;
}


static void
use(const rooms_contract_t *c, rooms_str_t request)
{
    json_t                            *args, *params;
    unsigned                           i;
    rooms_str_t                        path, query;
    rooms_route_match_t                match;
    const unsigned char               *mark;
    rooms_schema_failure_t             failure;
    const rooms_contract_event_t      *event;
    const rooms_contract_operation_t  *op;

    args = json_pack("[{}s]", "x");

    for (i = 0; i < rooms_contract_events(c); i++) {
        event = rooms_contract_event_at(c, i);
        check(rooms_contract_event(c, event->name) == event);
        check(event->required <= event->n_args);
        (void) rooms_contract_check_event(event, args, &failure);
        (void) rooms_contract_check_event(event, NULL, &failure);
    }

    json_decref(args);

    mark = request.len ? memchr(request.data, '?', request.len) : NULL;
    path = mark ? rooms_str(request.data, mark - request.data) : request;
    query = mark ? rooms_str(mark + 1, request.len - path.len - 1)
                 : rooms_str("", 0);

    if (rooms_contract_find(c, rooms_str("GET", 3), path, &match, &op)
        == ROOMS_OK)
    {
        params = rooms_contract_params(op, &match, query, &failure);
        check(params != NULL || failure.message[0] != '\0');
        json_decref(params);

        (void) rooms_contract_check_body(op, NULL, &failure);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t                  *asyncapi, *openapi;
    rooms_contract_t        *c;
    rooms_contract_error_t   err;

    asyncapi = parse(part(&data, &size));
    openapi = parse(part(&data, &size));

    c = rooms_contract_create(asyncapi, openapi, NULL, &err);

    if (c != NULL) {
        use(c, rooms_str(data, size));
        rooms_contract_free(c);

    } else {
        check(err.reason[0] != '\0' && err.document[0] != '\0');
    }

    json_decref(asyncapi);
    json_decref(openapi);

    return 0;
}
