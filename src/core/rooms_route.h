
/*
 * Copyright (C) nginx rooms contributors
 *
 * Paths with {parameters}, as OpenAPI writes them, compiled into a tree of
 * segments.
 */


#ifndef _ROOMS_ROUTE_H_INCLUDED_
#define _ROOMS_ROUTE_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_ROUTE_PARAMS    8         /* in one path */
#define ROOMS_ROUTE_SEGMENTS  32        /* of one path */
#define ROOMS_ROUTE_STORE     512       /* octets of decoded segments */
#define ROOMS_ROUTE_ALLOW     64        /* "GET, HEAD, ..." */


typedef enum {
    ROOMS_ROUTE_GET = 0,
    ROOMS_ROUTE_HEAD,
    ROOMS_ROUTE_POST,
    ROOMS_ROUTE_PUT,
    ROOMS_ROUTE_PATCH,
    ROOMS_ROUTE_DELETE,
    ROOMS_ROUTE_OPTIONS,
    ROOMS_ROUTE_METHODS,                /* their number */
    ROOMS_ROUTE_UNKNOWN = ROOMS_ROUTE_METHODS
} rooms_route_method_t;


typedef struct rooms_route_s  rooms_route_t;


typedef struct {
    rooms_str_t           name;         /* lives as long as the routes */
    rooms_str_t           value;        /* percent-decoded; UTF-8; points into
                                           the path or into store */
} rooms_route_param_t;


typedef struct {
    void                 *data;         /* what was added */
    unsigned              n;
    rooms_route_param_t   params[ROOMS_ROUTE_PARAMS];
    size_t                used;         /* of store */
    unsigned char         store[ROOMS_ROUTE_STORE];
    char                  allow[ROOMS_ROUTE_ALLOW];
} rooms_route_match_t;


rooms_route_t *rooms_route_create(void);
void rooms_route_free(rooms_route_t *route);

/* "GET" or "get"; ROOMS_ROUTE_UNKNOWN where it is none of the above. */

rooms_route_method_t rooms_route_method(rooms_str_t method);

/*
 * Adds a path such as "/api/sessions/{sessionCode}/join" with non-NULL data.
 * A parameter is a whole segment.  The path is copied.
 *
 * ROOMS_OK
 * ROOMS_ERROR  *reason (static text) says why: not beginning with "/", a
 *              malformed or doubled parameter, too long, the same method
 *              and path a second time (whatever the parameters' names),
 *              out of memory
 */

rooms_int_t rooms_route_add(rooms_route_t *route, rooms_route_method_t method,
    rooms_str_t path, void *data, const char **reason);

/*
 * Finds a path, given as it came in the request line, up to but without "?",
 * not decoded.  Literal segments go before parameters.  A parameter matches
 * one segment that is not empty; "%2F" in it is a slash in the value and no
 * border.  A slash at the end matters.  HEAD is served by GET where it has no
 * route of its own.
 *
 * ROOMS_OK        match->data and the parameters are set
 * ROOMS_DECLINED  no such path (404)
 * ROOMS_DONE      not with this method (405); match->allow is the text of
 *                 the Allow header field (RFC 9110, 10.2.1)
 * ROOMS_ERROR     malformed percent-encoding, or a value that is not UTF-8,
 *                 holds a zero octet or is too long (400)
 */

rooms_int_t rooms_route_find(const rooms_route_t *route,
    rooms_route_method_t method, rooms_str_t path, rooms_route_match_t *match);

/*
 * Decodes %XX of RFC 3986 and, where plus is set, "+" as a space, into buf.
 * ROOMS_OK, or ROOMS_ERROR as above where "too long" is over cap.
 */

rooms_int_t rooms_route_decode(rooms_str_t text, unsigned plus,
    unsigned char *buf, size_t cap, rooms_str_t *out);


#endif /* _ROOMS_ROUTE_H_INCLUDED_ */
