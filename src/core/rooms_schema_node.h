
/*
 * Copyright (C) nginx rooms contributors
 *
 * A compiled schema: what rooms_schema.c builds, rooms_schema_ref.c joins
 * and rooms_schema_check.c walks.
 */


#ifndef _ROOMS_SCHEMA_NODE_H_INCLUDED_
#define _ROOMS_SCHEMA_NODE_H_INCLUDED_


#include <rooms_schema.h>
#include <rooms_schema_format.h>
#include <rooms_schema_pattern.h>
#include <rooms_schema_value.h>


#define ROOMS_SCHEMA_BUCKETS  64
#define ROOMS_SCHEMA_DEPTH    256       /* of schemas and of values */


typedef struct rooms_schema_node_s     rooms_schema_node_t;
typedef struct rooms_schema_base_s     rooms_schema_base_t;
typedef struct rooms_schema_anchor_s   rooms_schema_anchor_t;
typedef struct rooms_schema_regex_s    rooms_schema_regex_t;
typedef struct rooms_schema_block_s    rooms_schema_block_t;


/* A property; of "dependencies", either a schema or names. */

typedef struct {
    const char                *key;
    size_t                     len;
    unsigned                   required:1;
    rooms_schema_node_t       *node;
    json_t                    *names;
} rooms_schema_property_t;


struct rooms_schema_regex_s {
    rooms_schema_regex_t      *next;    /* all of the schema */
    rooms_schema_pattern_t    *pattern;
};


typedef struct {
    const char                *text;
    rooms_schema_pattern_t    *pattern;
    rooms_schema_node_t       *node;
} rooms_schema_match_t;


typedef struct {
    rooms_schema_node_t      **nodes;
    size_t                     n;
} rooms_schema_list_t;


struct rooms_schema_node_s {
    rooms_schema_node_t       *next;    /* in the bucket */
    rooms_schema_node_t       *later;   /* with a reference to be resolved */
    json_t                    *json;
    rooms_schema_base_t       *base;
    const char                *pointer;
    const json_t              *message;

    unsigned                   never:1; /* the schema false */
    unsigned                   unique:1;
    unsigned                   tuple:1; /* "items" is a list */
    unsigned                   mark:2;  /* for the search of cycles */
    unsigned                   types;

    rooms_schema_node_t       *ref;

    json_t                    *constant;
    json_t                    *values;

    json_t                    *divisor;
    rooms_schema_decimal_t     multiple;
    json_t                    *minimum;
    json_t                    *maximum;
    json_t                    *above;
    json_t                    *below;

    size_t                     min_length;
    size_t                     max_length;
    size_t                     min_items;
    size_t                     max_items;
    size_t                     min_properties;
    size_t                     max_properties;

    rooms_schema_match_t       pattern;
    const char                *format;
    rooms_schema_format_pt     format_check;

    rooms_schema_node_t       *items;
    rooms_schema_list_t        tuple_items;
    rooms_schema_node_t       *more_items;
    rooms_schema_node_t       *contains;

    rooms_schema_property_t   *properties;
    size_t                     n_properties;
    rooms_schema_match_t      *matches;
    size_t                     n_matches;
    rooms_schema_node_t       *more_properties;
    rooms_schema_node_t       *names;
    rooms_schema_property_t   *dependencies;
    size_t                     n_dependencies;
    json_t                    *property_map;
    json_t                    *required;

    rooms_schema_node_t       *condition;
    rooms_schema_node_t       *consequence;
    rooms_schema_node_t       *alternative;
    rooms_schema_list_t        all;
    rooms_schema_list_t        any;
    rooms_schema_list_t        one;
    rooms_schema_node_t       *not;
};


/* Something that has a URI: the document, and each schema with an "$id". */

struct rooms_schema_base_s {
    rooms_schema_base_t       *next;
    const char                *uri;     /* without fragment */
    const char                *pointer;
    json_t                    *root;
};


struct rooms_schema_anchor_s {
    rooms_schema_anchor_t     *next;
    rooms_schema_base_t       *base;
    const char                *name;
    rooms_schema_node_t       *node;
};


struct rooms_schema_s {
    unsigned                   flags;
    json_t                    *document;
    json_t                    *meta;
    rooms_schema_node_t       *root;
    rooms_schema_node_t       *buckets[ROOMS_SCHEMA_BUCKETS];
    rooms_schema_node_t       *later;
    rooms_schema_node_t       *always;
    rooms_schema_node_t       *never;
    rooms_schema_base_t       *bases;
    rooms_schema_anchor_t     *anchors;
    rooms_schema_regex_t      *regexes;
    rooms_schema_block_t      *blocks;
    rooms_schema_error_t      *error;   /* only while compiling */
};


/* Zeroed memory that goes with the schema; NULL with the error set. */

void *rooms_schema_alloc(rooms_schema_t *schema, size_t size);
char *rooms_schema_copy(rooms_schema_t *schema, const char *text);

/* "BASE/KEY" with the key escaped as RFC 6901 has it; NULL as above. */

char *rooms_schema_join(rooms_schema_t *schema, const char *base,
    const char *key);

/* Sets the error; always returns NULL.  key may be NULL. */

void *rooms_schema_fail(rooms_schema_t *schema, const char *pointer,
    const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The node of a subschema, built where there is none yet. */

rooms_schema_node_t *rooms_schema_node(rooms_schema_t *schema, json_t *json,
    rooms_schema_base_t *base, const char *pointer, unsigned depth);
rooms_schema_node_t *rooms_schema_known(const rooms_schema_t *schema,
    const json_t *json);

/* Reads the keywords of a node, and those of all below; ROOMS_ERROR too. */

rooms_int_t rooms_schema_keywords(rooms_schema_t *schema,
    rooms_schema_node_t *node, unsigned depth);

/* The base that an "$id" opens, or the one it stands in; NULL: error. */

rooms_schema_base_t *rooms_schema_id(rooms_schema_t *schema,
    rooms_schema_node_t *node, rooms_schema_base_t *base);
rooms_schema_base_t *rooms_schema_base(rooms_schema_t *schema,
    const char *uri, const char *pointer, json_t *root);

/* Resolves all references and refuses cycles; ROOMS_OK or ROOMS_ERROR. */

rooms_int_t rooms_schema_resolve(rooms_schema_t *schema);

/*
 * RFC 3986, 5.2, for what identifiers of schemas need: ref against base, both
 * without fragment.  NULL as above.
 */

char *rooms_schema_uri_join(rooms_schema_t *schema, const char *base,
    const char *ref, size_t len);


/* The metaschema of draft-07: its URI and its text. */

#define ROOMS_SCHEMA_META_URI  "http://json-schema.org/draft-07/schema"

extern const char  rooms_schema_meta[];


#endif /* _ROOMS_SCHEMA_NODE_H_INCLUDED_ */
