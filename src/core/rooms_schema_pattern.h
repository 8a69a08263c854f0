
/*
 * Copyright (C) nginx rooms contributors
 *
 * Regular expressions of ECMA-262 (with the "u" flag), run by PCRE2.
 */


#ifndef _ROOMS_SCHEMA_PATTERN_H_INCLUDED_
#define _ROOMS_SCHEMA_PATTERN_H_INCLUDED_


#include <rooms_types.h>


typedef struct rooms_schema_pattern_s  rooms_schema_pattern_t;


/*
 * NULL: reason (cap octets, zero-terminated) says why.  Refused is what only
 * PCRE knows: "\A", "(?>", "(*VERB)" and their kin, and what it cannot say:
 * "\S" within a class.
 */

rooms_schema_pattern_t *rooms_schema_pattern_create(const char *text,
    size_t len, char *reason, size_t cap);

void rooms_schema_pattern_free(rooms_schema_pattern_t *pattern);

/*
 * Does the pattern match anywhere in the subject (UTF-8)?
 *
 * ROOMS_OK        it does
 * ROOMS_DECLINED  it does not
 * ROOMS_ERROR     not found out with the work allowed, or not UTF-8
 */

rooms_int_t rooms_schema_pattern_match(const rooms_schema_pattern_t *pattern,
    const char *subject, size_t len);


#endif /* _ROOMS_SCHEMA_PATTERN_H_INCLUDED_ */
