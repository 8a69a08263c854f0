
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rooms_json.h>
#include <rooms_route.h>


typedef struct rooms_route_node_s  rooms_route_node_t;


/*
 * One segment: its children by literal text, and the one by parameter.  What
 * the parameter is called belongs to each route, not to the tree.
 */

struct rooms_route_node_s {
    rooms_str_t            segment;
    rooms_route_node_t    *next;        /* another literal child */
    rooms_route_node_t    *literals;
    rooms_route_node_t    *param;
    void                  *data[ROOMS_ROUTE_METHODS];
    rooms_str_t           *names[ROOMS_ROUTE_METHODS];
};


typedef struct rooms_route_copy_s  rooms_route_copy_t;

struct rooms_route_copy_s {
    rooms_route_copy_t    *next;
    rooms_str_t            names[ROOMS_ROUTE_PARAMS];
    unsigned char          path[];
};


struct rooms_route_s {
    rooms_route_node_t     root;
    rooms_route_copy_t    *copies;
};


typedef struct {
    unsigned               n;
    unsigned               n_params;
    rooms_str_t            segments[ROOMS_ROUTE_SEGMENTS];
    rooms_str_t            values[ROOMS_ROUTE_PARAMS];
} rooms_route_walk_t;


static void rooms_route_free_node(rooms_route_node_t *node);
static rooms_int_t rooms_route_split(rooms_str_t path, rooms_str_t *segments,
    unsigned *n);
static rooms_route_node_t *rooms_route_child(rooms_route_node_t *node,
    rooms_str_t segment);
static const char *rooms_route_name(rooms_str_t segment, rooms_str_t *names,
    unsigned *n);
static const rooms_route_node_t *rooms_route_walk(
    const rooms_route_node_t *node, rooms_route_walk_t *w, unsigned i);
static void rooms_route_allow(const rooms_route_node_t *node, char *allow);
static int rooms_route_hex(unsigned char c);
static unsigned rooms_route_text(rooms_str_t s);


static const rooms_str_t  rooms_route_methods[] = {
    rooms_string("GET"),
    rooms_string("HEAD"),
    rooms_string("POST"),
    rooms_string("PUT"),
    rooms_string("PATCH"),
    rooms_string("DELETE"),
    rooms_string("OPTIONS")
};


rooms_route_t *
rooms_route_create(void)
{
    return calloc(1, sizeof(rooms_route_t));
}


void
rooms_route_free(rooms_route_t *route)
{
    rooms_route_copy_t  *copy;

    if (route == NULL) {
        return;
    }

    rooms_route_free_node(route->root.literals);
    rooms_route_free_node(route->root.param);

    while (route->copies != NULL) {
        copy = route->copies;
        route->copies = copy->next;
        free(copy);
    }

    free(route);
}


static void
rooms_route_free_node(rooms_route_node_t *node)
{
    rooms_route_node_t  *next;

    while (node != NULL) {
        next = node->next;

        rooms_route_free_node(node->literals);
        rooms_route_free_node(node->param);
        free(node);

        node = next;
    }
}


rooms_route_method_t
rooms_route_method(rooms_str_t method)
{
    unsigned  i;

    for (i = 0; i < ROOMS_ROUTE_METHODS; i++) {

        if (method.len == rooms_route_methods[i].len
            && strncasecmp((const char *) method.data,
                           (const char *) rooms_route_methods[i].data,
                           method.len)
               == 0)
        {
            return i;
        }
    }

    return ROOMS_ROUTE_UNKNOWN;
}


rooms_int_t
rooms_route_add(rooms_route_t *route, rooms_route_method_t method,
    rooms_str_t path, void *data, const char **reason)
{
    unsigned             i, n, n_names;
    rooms_str_t          segments[ROOMS_ROUTE_SEGMENTS];
    rooms_route_node_t  *node;
    rooms_route_copy_t  *copy;

    *reason = "out of memory";

    copy = calloc(1, sizeof(rooms_route_copy_t) + path.len);
    if (copy == NULL) {
        return ROOMS_ERROR;
    }

    copy->next = route->copies;
    route->copies = copy;

    if (path.len) {
        memcpy(copy->path, path.data, path.len);
    }

    if (rooms_route_split(rooms_str(copy->path, path.len), segments, &n)
        != ROOMS_OK)
    {
        *reason = "a path begins with \"/\" and has at most 32 segments";
        return ROOMS_ERROR;
    }

    node = &route->root;
    n_names = 0;

    for (i = 0; i < n; i++) {

        if (memchr(segments[i].data, '{', segments[i].len)
            || memchr(segments[i].data, '}', segments[i].len))
        {
            *reason = rooms_route_name(segments[i], copy->names, &n_names);
            if (*reason != NULL) {
                return ROOMS_ERROR;
            }

            segments[i].data = NULL;
        }

        *reason = "out of memory";

        node = rooms_route_child(node, segments[i]);
        if (node == NULL) {
            return ROOMS_ERROR;
        }
    }

    if (method >= ROOMS_ROUTE_METHODS) {
        *reason = "unknown method";
        return ROOMS_ERROR;
    }

    if (node->data[method] != NULL) {
        *reason = "the same method and path a second time";
        return ROOMS_ERROR;
    }

    node->data[method] = data;
    node->names[method] = copy->names;
    *reason = NULL;

    return ROOMS_OK;
}


/* "/" is one segment, which is empty. */

static rooms_int_t
rooms_route_split(rooms_str_t path, rooms_str_t *segments, unsigned *n)
{
    const unsigned char  *p, *end, *slash;

    *n = 0;

    if (path.len == 0 || path.data[0] != '/') {
        return ROOMS_ERROR;
    }

    p = path.data + 1;
    end = path.data + path.len;

    for ( ;; ) {

        if (*n == ROOMS_ROUTE_SEGMENTS) {
            return ROOMS_ERROR;
        }

        slash = memchr(p, '/', end - p);

        segments[*n] = rooms_str(p, (slash ? slash : end) - p);
        (*n)++;

        if (slash == NULL) {
            return ROOMS_OK;
        }

        p = slash + 1;
    }
}


/* A segment without data is the parameter. */

static rooms_route_node_t *
rooms_route_child(rooms_route_node_t *node, rooms_str_t segment)
{
    rooms_route_node_t  *child, **last;

    last = segment.data ? &node->literals : &node->param;

    for (child = *last; child != NULL; child = child->next) {

        if (segment.data == NULL
            || (child->segment.len == segment.len
                && memcmp(child->segment.data, segment.data, segment.len)
                   == 0))
        {
            return child;
        }

        last = &child->next;
    }

    child = calloc(1, sizeof(rooms_route_node_t));
    if (child == NULL) {
        return NULL;
    }

    child->segment = segment;
    *last = child;

    return child;
}


static const char *
rooms_route_name(rooms_str_t segment, rooms_str_t *names, unsigned *n)
{
    unsigned     i;
    rooms_str_t  name;

    if (segment.len < 3 || segment.data[0] != '{'
        || segment.data[segment.len - 1] != '}')
    {
        return "a parameter is a whole segment";
    }

    name = rooms_str(segment.data + 1, segment.len - 2);

    if (memchr(name.data, '{', name.len) || memchr(name.data, '}', name.len)) {
        return "a parameter is a whole segment";
    }

    for (i = 0; i < *n; i++) {

        if (names[i].len == name.len
            && memcmp(names[i].data, name.data, name.len) == 0)
        {
            return "a parameter stands twice in the path";
        }
    }

    if (*n == ROOMS_ROUTE_PARAMS) {
        return "more than 8 parameters";
    }

    names[*n] = name;
    (*n)++;

    return NULL;
}


rooms_int_t
rooms_route_find(const rooms_route_t *route, rooms_route_method_t method,
    rooms_str_t path, rooms_route_match_t *match)
{
    unsigned                   i, used;
    rooms_route_walk_t         w;
    const rooms_route_node_t  *node;

    match->data = NULL;
    match->n = 0;
    match->used = 0;
    match->allow[0] = '\0';

    w.n_params = 0;

    if (rooms_route_split(path, w.segments, &w.n) != ROOMS_OK) {
        return ROOMS_DECLINED;
    }

    node = rooms_route_walk(&route->root, &w, 0);

    if (node == NULL) {
        return ROOMS_DECLINED;
    }

    used = method;

    if (method == ROOMS_ROUTE_HEAD && node->data[method] == NULL) {
        used = ROOMS_ROUTE_GET;
    }

    if (used >= ROOMS_ROUTE_METHODS || node->data[used] == NULL) {
        rooms_route_allow(node, match->allow);
        return ROOMS_DONE;
    }

    for (i = 0; i < w.n_params; i++) {

        if (rooms_route_decode(w.values[i], 0, match->store + match->used,
                               ROOMS_ROUTE_STORE - match->used,
                               &match->params[i].value)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        if (match->params[i].value.data == match->store + match->used) {
            match->used += match->params[i].value.len;
        }

        match->params[i].name = node->names[used][i];
    }

    match->data = node->data[used];
    match->n = w.n_params;

    return ROOMS_OK;
}


/*
 * A literal goes before the parameter, which is tried where the literal leads
 * to no route; so each segment may have two ways, and there are few routes.
 */

static const rooms_route_node_t *
rooms_route_walk(const rooms_route_node_t *node, rooms_route_walk_t *w,
    unsigned i)
{
    unsigned                   n, m;
    const rooms_route_node_t  *child, *found;

    if (i == w->n) {

        for (m = 0; m < ROOMS_ROUTE_METHODS; m++) {
            if (node->data[m] != NULL) {
                return node;
            }
        }

        return NULL;
    }

    for (child = node->literals; child != NULL; child = child->next) {

        if (child->segment.len == w->segments[i].len
            && memcmp(child->segment.data, w->segments[i].data,
                      child->segment.len)
               == 0)
        {
            found = rooms_route_walk(child, w, i + 1);
            if (found != NULL) {
                return found;
            }
        }
    }

    if (node->param == NULL || w->segments[i].len == 0) {
        return NULL;
    }

    n = w->n_params;
    w->values[w->n_params++] = w->segments[i];

    found = rooms_route_walk(node->param, w, i + 1);

    if (found == NULL) {
        w->n_params = n;
    }

    return found;
}


static void
rooms_route_allow(const rooms_route_node_t *node, char *allow)
{
    char      *p;
    unsigned   m;

    p = allow;

    for (m = 0; m < ROOMS_ROUTE_METHODS; m++) {

        if (node->data[m] == NULL
            && (m != ROOMS_ROUTE_HEAD || node->data[ROOMS_ROUTE_GET] == NULL))
        {
            continue;
        }

        if (p != allow) {
            *p++ = ',';
            *p++ = ' ';
        }

        memcpy(p, rooms_route_methods[m].data, rooms_route_methods[m].len);
        p += rooms_route_methods[m].len;
    }

    *p = '\0';
}


rooms_int_t
rooms_route_decode(rooms_str_t text, unsigned plus, unsigned char *buf,
    size_t cap, rooms_str_t *out)
{
    int                   hi, lo;
    size_t                n;
    const unsigned char  *p, *end;

    if (text.len == 0) {
        *out = rooms_str("", 0);
        return ROOMS_OK;
    }

    if (memchr(text.data, '%', text.len) == NULL
        && (!plus || memchr(text.data, '+', text.len) == NULL))
    {
        *out = text;
        return rooms_route_text(text) ? ROOMS_OK : ROOMS_ERROR;
    }

    n = 0;
    end = text.data + text.len;

    for (p = text.data; p < end; p++) {

        if (n == cap) {
            return ROOMS_ERROR;
        }

        if (*p == '+' && plus) {
            buf[n++] = ' ';
            continue;
        }

        if (*p != '%') {
            buf[n++] = *p;
            continue;
        }

        if (end - p < 3) {
            return ROOMS_ERROR;
        }

        hi = rooms_route_hex(p[1]);
        lo = rooms_route_hex(p[2]);

        if (hi < 0 || lo < 0) {
            return ROOMS_ERROR;
        }

        buf[n++] = hi << 4 | lo;
        p += 2;
    }

    *out = rooms_str(buf, n);

    return rooms_route_text(*out) ? ROOMS_OK : ROOMS_ERROR;
}


static int
rooms_route_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static unsigned
rooms_route_text(rooms_str_t s)
{
    size_t                n;
    const unsigned char  *p, *end;

    end = s.data + s.len;

    for (p = s.data; p < end; p += n) {

        n = rooms_json_utf8(p, end);

        if (n == 0 || *p == 0) {
            return 0;
        }
    }

    return 1;
}
