
/*
 * Copyright (C) nginx rooms contributors
 *
 * Those who read a keyword's value into a node.
 */


#ifndef _ROOMS_SCHEMA_KEYWORD_H_INCLUDED_
#define _ROOMS_SCHEMA_KEYWORD_H_INCLUDED_


#include <rooms_schema_node.h>


typedef struct rooms_schema_keyword_s  rooms_schema_keyword_t;


typedef struct {
    rooms_schema_t         *schema;
    rooms_schema_node_t    *node;
    unsigned                depth;
} rooms_schema_reader_t;


/* ROOMS_OK, or ROOMS_ERROR with the schema's error set. */

typedef rooms_int_t rooms_schema_set_t(rooms_schema_reader_t *r,
    const rooms_schema_keyword_t *k, json_t *value);


/* A keyword, who reads it, and where in the node it goes. */

struct rooms_schema_keyword_s {
    const char             *name;
    rooms_schema_set_t     *set;
    size_t                  offset;
};


#define rooms_schema_field(f)  offsetof(rooms_schema_node_t, f)


/* Keywords whose values hold schemas. */

rooms_schema_set_t  rooms_schema_set_schema;
rooms_schema_set_t  rooms_schema_set_list;
rooms_schema_set_t  rooms_schema_set_items;
rooms_schema_set_t  rooms_schema_set_properties;
rooms_schema_set_t  rooms_schema_set_matches;
rooms_schema_set_t  rooms_schema_set_dependencies;
rooms_schema_set_t  rooms_schema_set_definitions;


/* Sets the error; always ROOMS_ERROR. */

rooms_int_t rooms_schema_bad(rooms_schema_reader_t *r, const char *key,
    const char *reason);

/* Compiles a pattern that goes with the schema. */

rooms_int_t rooms_schema_set_regex(rooms_schema_reader_t *r,
    const char *pointer, const char *text, size_t len,
    rooms_schema_match_t *match);


#endif /* _ROOMS_SCHEMA_KEYWORD_H_INCLUDED_ */
