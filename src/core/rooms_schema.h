
/*
 * Copyright (C) nginx rooms contributors
 *
 * JSON Schema draft-07, compiled once and then checked against jansson
 * values, without allocating but for "propertyNames" and what PCRE2 does.
 */


#ifndef _ROOMS_SCHEMA_H_INCLUDED_
#define _ROOMS_SCHEMA_H_INCLUDED_


#include <jansson.h>

#include <rooms_types.h>


/*
 * Unknown keywords, and keywords that have no effect beside "$ref", are
 * ignored as the standard has it, rather than refused.
 */
#define ROOMS_SCHEMA_LENIENT   1

/*
 * "format" is asserted for date-time, date, time, email, ipv4, ipv6, uri and
 * uuid; other formats are annotations.
 */
#define ROOMS_SCHEMA_FORMAT    2


#define ROOMS_SCHEMA_POINTER   256
#define ROOMS_SCHEMA_TEXT      256


typedef struct rooms_schema_s  rooms_schema_t;


/* Both texts are terminated by a zero octet, and cut where too long. */

typedef struct {
    char         pointer[ROOMS_SCHEMA_POINTER];   /* "#/a/b", in the document */
    char         reason[ROOMS_SCHEMA_TEXT];
} rooms_schema_error_t;


/*
 * pointer  JSON pointer (RFC 6901) into the value, "" is the whole; for
 *          "required" and "dependencies" it names the property that lacks
 * keyword  the keyword that failed ("false" for the schema false, "" where
 *          the value was too deep or too costly to check); static, or
 *          as long-lived as the schema
 * message  the schema's "x-message" where it has one, else a sentence, such
 *          as "/displayName: must be at least 1 character"
 */

typedef struct {
    char         pointer[ROOMS_SCHEMA_POINTER];
    const char  *keyword;
    char         message[ROOMS_SCHEMA_TEXT];
} rooms_schema_failure_t;


/*
 * Compiles the schema at a JSON pointer ("" or "/a/b", no "#") of a document.
 * References ("$ref") may go anywhere in the document, by pointer or by
 * "$id", and to the draft-07 metaschema, and nowhere else.  Refused with a
 * pointer and a reason: unknown keywords (known are those of draft-07,
 * "deprecated", "externalDocs", and all that begin with "x-"), keywords with
 * values of a wrong form, references that lead nowhere or round in circles,
 * patterns that are not ECMA-262 or that PCRE2 cannot express.
 *
 * "x-message" is a text that replaces the sentence of a failure, or an object
 * of keywords and texts, for failures of the schema it stands in.  A missing
 * property is looked for in the property's own schema first, as "required".
 *
 * The schema keeps a reference to the document, which must not change.
 * NULL: see err (which must not be NULL).
 */

rooms_schema_t *rooms_schema_compile(json_t *document, const char *pointer,
    unsigned flags, rooms_schema_error_t *err);

void rooms_schema_free(rooms_schema_t *schema);


/*
 * Lengths of strings are counted in code points; 1.0 is an integer and equals
 * 1.  The work done is bounded: by the depth of the value, and by a number of
 * steps that only hostile values reach.  Not re-entrant for one schema, since
 * patterns keep their match data.
 *
 * ROOMS_OK        valid
 * ROOMS_DECLINED  invalid, see failure (which may be NULL)
 */

rooms_int_t rooms_schema_check(const rooms_schema_t *schema, json_t *value,
    rooms_schema_failure_t *failure);

/* The same for the member of an object: pointers begin with "/NAME". */

rooms_int_t rooms_schema_check_member(const rooms_schema_t *schema,
    const char *name, json_t *value, rooms_schema_failure_t *failure);


/*
 * The failure of a value that is not there at all: keyword "required", the
 * message being the schema's x-message for it, else "NAME: is required".
 */

void rooms_schema_missing(const rooms_schema_t *schema, const char *name,
    rooms_schema_failure_t *failure);


/*
 * The types that the schema's top allows ("type", "$ref" followed), as a set
 * of ROOMS_SCHEMA_NULL and its kin; all of them where it does not say.
 */

#define ROOMS_SCHEMA_NULL      0x01
#define ROOMS_SCHEMA_BOOLEAN   0x02
#define ROOMS_SCHEMA_INTEGER   0x04
#define ROOMS_SCHEMA_NUMBER    0x08
#define ROOMS_SCHEMA_STRING    0x10
#define ROOMS_SCHEMA_ARRAY     0x20
#define ROOMS_SCHEMA_OBJECT    0x40
#define ROOMS_SCHEMA_ANY       0x7f

unsigned rooms_schema_types(const rooms_schema_t *schema);


/* The value at a JSON pointer ("" or "/a/b"), borrowed, or NULL. */

json_t *rooms_schema_at(json_t *document, const char *pointer);


#endif /* _ROOMS_SCHEMA_H_INCLUDED_ */
