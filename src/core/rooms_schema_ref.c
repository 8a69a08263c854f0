
/*
 * Copyright (C) nginx rooms contributors
 *
 * "$id" and "$ref": identifiers of schemas (draft-07 core, section 8) and
 * JSON pointers in fragments (RFC 6901, section 6).
 */


#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_schema_node.h>


#define ROOMS_SCHEMA_OPEN    1
#define ROOMS_SCHEMA_CLOSED  2


static rooms_int_t rooms_schema_resolve_node(rooms_schema_t *schema,
    rooms_schema_node_t *node);
static rooms_schema_base_t *rooms_schema_find_base(rooms_schema_t *schema,
    const char *uri);
static rooms_schema_node_t *rooms_schema_find_anchor(rooms_schema_t *schema,
    const rooms_schema_base_t *base, const char *name);
static rooms_schema_node_t *rooms_schema_find_pointer(rooms_schema_t *schema,
    rooms_schema_base_t *base, const char *fragment);
static json_t *rooms_schema_step(json_t *json, const char *token);
static rooms_int_t rooms_schema_unescape(char *text, char escape);
static size_t rooms_schema_scheme(const char *uri, size_t len);
static void rooms_schema_dots(char *path);
static rooms_int_t rooms_schema_acyclic(rooms_schema_t *schema,
    rooms_schema_node_t *node);


rooms_schema_base_t *
rooms_schema_base(rooms_schema_t *schema, const char *uri,
    const char *pointer, json_t *root)
{
    rooms_schema_base_t  *base;

    base = rooms_schema_alloc(schema, sizeof(rooms_schema_base_t));
    if (base == NULL) {
        return NULL;
    }

    base->uri = uri;
    base->pointer = pointer;
    base->root = root;
    base->next = schema->bases;
    schema->bases = base;

    return base;
}


rooms_schema_base_t *
rooms_schema_id(rooms_schema_t *schema, rooms_schema_node_t *node,
    rooms_schema_base_t *base)
{
    char                   *uri;
    json_t                 *json;
    size_t                  len;
    const char             *id, *fragment;
    rooms_schema_anchor_t  *anchor;

    json = json_object_get(node->json, "$id");

    if (json == NULL || json_is_string(json_object_get(node->json, "$ref"))) {
        return base;
    }

    id = json_string_value(json);
    if (id == NULL) {
        return rooms_schema_fail(schema, node->pointer, "$id",
                                 "must be a string");
    }

    len = strcspn(id, "#");
    fragment = id + len;

    if (len != 0) {
        uri = rooms_schema_uri_join(schema, base->uri, id, len);
        if (uri == NULL) {
            return NULL;
        }

        base = rooms_schema_base(schema, uri, node->pointer, node->json);
        if (base == NULL) {
            return NULL;
        }
    }

    if (fragment[0] == '#' && fragment[1] != '\0') {

        anchor = rooms_schema_alloc(schema, sizeof(rooms_schema_anchor_t));
        if (anchor == NULL) {
            return NULL;
        }

        anchor->base = base;
        anchor->name = fragment + 1;
        anchor->node = node;
        anchor->next = schema->anchors;
        schema->anchors = anchor;
    }

    return base;
}


rooms_int_t
rooms_schema_resolve(rooms_schema_t *schema)
{
    size_t                i;
    rooms_schema_node_t  *node;

    while (schema->later != NULL) {
        node = schema->later;
        schema->later = node->later;

        if (rooms_schema_resolve_node(schema, node) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    for (i = 0; i < ROOMS_SCHEMA_BUCKETS; i++) {
        for (node = schema->buckets[i]; node != NULL; node = node->next) {

            if (rooms_schema_acyclic(schema, node) != ROOMS_OK) {
                return ROOMS_ERROR;
            }
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_resolve_node(rooms_schema_t *schema, rooms_schema_node_t *node)
{
    char                 *uri;
    size_t                len;
    const char           *ref, *fragment;
    rooms_schema_base_t  *base;
    rooms_schema_node_t  *target;

    ref = json_string_value(json_object_get(node->json, "$ref"));
    len = strcspn(ref, "#");
    fragment = ref[len] == '#' ? ref + len + 1 : "";
    base = node->base;

    if (len != 0) {
        uri = rooms_schema_uri_join(schema, base->uri, ref, len);
        if (uri == NULL) {
            return ROOMS_ERROR;
        }

        base = rooms_schema_find_base(schema, uri);
        if (base == NULL) {
            (void) rooms_schema_fail(schema, node->pointer, "$ref",
                                     "\"%s\" is not in this document", ref);
            return ROOMS_ERROR;
        }
    }

    schema->error->reason[0] = '\0';

    if (*fragment == '\0' || *fragment == '/') {
        target = rooms_schema_find_pointer(schema, base, fragment);

    } else {
        target = rooms_schema_find_anchor(schema, base, fragment);
    }

    if (target == NULL) {

        if (schema->error->reason[0] == '\0') {
            (void) rooms_schema_fail(schema, node->pointer, "$ref",
                                     "\"%s\" leads nowhere", ref);
        }

        return ROOMS_ERROR;
    }

    node->ref = target;

    return ROOMS_OK;
}


static rooms_schema_base_t *
rooms_schema_find_base(rooms_schema_t *schema, const char *uri)
{
    rooms_schema_base_t  *base;

    for (base = schema->bases; base != NULL; base = base->next) {
        if (strcmp(base->uri, uri) == 0) {
            return base;
        }
    }

    if (strcmp(uri, ROOMS_SCHEMA_META_URI) != 0) {
        return NULL;
    }

    schema->meta = json_loads(rooms_schema_meta, 0, NULL);
    if (schema->meta == NULL) {
        return NULL;
    }

    return rooms_schema_base(schema, ROOMS_SCHEMA_META_URI,
                             ROOMS_SCHEMA_META_URI "#", schema->meta);
}


static rooms_schema_node_t *
rooms_schema_find_anchor(rooms_schema_t *schema,
    const rooms_schema_base_t *base, const char *name)
{
    rooms_schema_anchor_t  *anchor;

    for (anchor = schema->anchors; anchor != NULL; anchor = anchor->next) {

        if (strcmp(anchor->base->uri, base->uri) == 0
            && strcmp(anchor->name, name) == 0)
        {
            return anchor->node;
        }
    }

    return NULL;
}


/* A schema on the way may have had an "$id", which then is the base. */

static rooms_schema_node_t *
rooms_schema_find_pointer(rooms_schema_t *schema, rooms_schema_base_t *base,
    const char *fragment)
{
    char                 *p, *token;
    json_t               *json;
    const char           *pointer;
    rooms_schema_node_t  *known;

    json = base->root;
    pointer = base->pointer;

    p = rooms_schema_copy(schema, fragment);

    if (p == NULL || rooms_schema_unescape(p, '%') != ROOMS_OK) {
        return NULL;
    }

    if (*p == '\0') {
        p = NULL;
    }

    while (p != NULL) {

        token = p + 1;
        p = strchr(token, '/');

        if (p != NULL) {
            *p = '\0';
        }

        if (rooms_schema_unescape(token, '~') != ROOMS_OK) {
            return NULL;
        }

        json = rooms_schema_step(json, token);
        if (json == NULL) {
            return NULL;
        }

        pointer = rooms_schema_join(schema, pointer, token);
        if (pointer == NULL) {
            return NULL;
        }

        known = rooms_schema_known(schema, json);
        if (known != NULL) {
            base = known->base;
        }
    }

    return rooms_schema_node(schema, json, base, pointer, 0);
}


static json_t *
rooms_schema_step(json_t *json, const char *token)
{
    const char  *p;

    if (!json_is_array(json)) {
        return json_object_get(json, token);
    }

    for (p = token; *p != '\0'; p++) {
        if (*p < '0' || *p > '9') {
            return NULL;
        }
    }

    if (p == token || p - token > 9) {
        return NULL;
    }

    return json_array_get(json, strtoul(token, NULL, 10));
}


/* "%XX", or "~0" and "~1", in place */

static rooms_int_t
rooms_schema_unescape(char *text, char escape)
{
    char   hex[3], *p, *q;

    q = text;

    for (p = text; *p != '\0'; p++) {

        if (*p != escape) {
            *q++ = *p;
            continue;
        }

        p++;

        if (escape == '~') {

            if (*p != '0' && *p != '1') {
                return ROOMS_ERROR;
            }

            *q++ = (*p == '0') ? '~' : '/';
            continue;
        }

        if (!isxdigit((unsigned char) p[0])
            || !isxdigit((unsigned char) p[1]))
        {
            return ROOMS_ERROR;
        }

        hex[0] = p[0];
        hex[1] = p[1];
        hex[2] = '\0';

        *q++ = (char) strtoul(hex, NULL, 16);
        p++;
    }

    *q = '\0';

    return ROOMS_OK;
}


char *
rooms_schema_uri_join(rooms_schema_t *schema, const char *base,
    const char *ref, size_t len)
{
    char    *p;
    size_t   scheme, authority, keep;

    scheme = rooms_schema_scheme(base, strlen(base));
    authority = scheme;

    if (strncmp(base + scheme, "//", 2) == 0) {
        authority += 2 + strcspn(base + scheme + 2, "/?");
    }

    if (rooms_schema_scheme(ref, len) != 0) {
        keep = 0;

    } else if (len >= 2 && ref[0] == '/' && ref[1] == '/') {
        keep = scheme;

    } else if (ref[0] == '/') {
        keep = authority;

    } else {
        keep = authority + strcspn(base + authority, "?");

        while (keep > authority && base[keep - 1] != '/') {
            keep--;
        }
    }

    p = rooms_schema_alloc(schema, keep + len + 2);
    if (p == NULL) {
        return NULL;
    }

    memcpy(p, base, keep);

    if (keep == authority && authority > scheme && ref[0] != '/') {
        p[keep++] = '/';
    }

    memcpy(p + keep, ref, len);

    if (keep != 0 && keep >= authority) {
        rooms_schema_dots(p + authority);
    }

    return p;
}


/* The length of "scheme:", 0 where there is none. */

static size_t
rooms_schema_scheme(const char *uri, size_t len)
{
    size_t  i;

    if (len == 0 || !isalpha((unsigned char) uri[0])) {
        return 0;
    }

    for (i = 1; i < len; i++) {

        if (uri[i] == ':') {
            return i + 1;
        }

        if (!isalnum((unsigned char) uri[i]) && uri[i] != '+'
            && uri[i] != '-' && uri[i] != '.')
        {
            return 0;
        }
    }

    return 0;
}


/* Takes "." and ".." out of a path, in place (RFC 3986, 5.2.4). */

static void
rooms_schema_dots(char *path)
{
    char    *p, *q, *end;
    size_t   n;

    end = path + strcspn(path, "?");
    p = path;
    q = path;

    while (p < end) {

        n = strcspn(p, "/?");

        if (n == 1 && p[0] == '.') {
            p += (p[1] == '/') ? 2 : 1;
            continue;
        }

        if (n == 2 && p[0] == '.' && p[1] == '.') {
            p += (p[2] == '/') ? 3 : 2;

            if (q > path + 1) {
                q--;

                while (q > path && q[-1] != '/') {
                    q--;
                }
            }

            continue;
        }

        if (p[n] == '/') {
            n++;
        }

        memmove(q, p, n);
        q += n;
        p += n;
    }

    memmove(q, end, strlen(end) + 1);
}


/*
 * A schema that comes back to itself without going down into the value would
 * never end.
 */

static rooms_int_t
rooms_schema_acyclic_list(rooms_schema_t *schema,
    const rooms_schema_list_t *list)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        if (rooms_schema_acyclic(schema, list->nodes[i]) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_schema_acyclic(rooms_schema_t *schema, rooms_schema_node_t *node)
{
    size_t  i;

    if (node == NULL || node->mark == ROOMS_SCHEMA_CLOSED) {
        return ROOMS_OK;
    }

    if (node->mark == ROOMS_SCHEMA_OPEN) {
        (void) rooms_schema_fail(schema, node->pointer, NULL,
                                 "refers to itself without end");
        return ROOMS_ERROR;
    }

    node->mark = ROOMS_SCHEMA_OPEN;

    if (rooms_schema_acyclic(schema, node->ref) != ROOMS_OK
        || rooms_schema_acyclic(schema, node->condition) != ROOMS_OK
        || rooms_schema_acyclic(schema, node->consequence) != ROOMS_OK
        || rooms_schema_acyclic(schema, node->alternative) != ROOMS_OK
        || rooms_schema_acyclic(schema, node->not) != ROOMS_OK
        || rooms_schema_acyclic_list(schema, &node->all) != ROOMS_OK
        || rooms_schema_acyclic_list(schema, &node->any) != ROOMS_OK
        || rooms_schema_acyclic_list(schema, &node->one) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    for (i = 0; i < node->n_dependencies; i++) {
        if (rooms_schema_acyclic(schema, node->dependencies[i].node)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    node->mark = ROOMS_SCHEMA_CLOSED;

    return ROOMS_OK;
}
