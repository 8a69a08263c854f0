
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the scanner of JSON, the reader of its strings and others share.
 */


#ifndef _ROOMS_JSON_TEXT_H_INCLUDED_
#define _ROOMS_JSON_TEXT_H_INCLUDED_


#include <stddef.h>


/* Four hexadecimal digits at p; -1 where they are not. */

int rooms_json_hex(const unsigned char *p);

/*
 * Writes the characters of a string, checked, from p to its closing quote at
 * end, to "to" as UTF-8, and returns how many octets: never more than it has.
 * An escaped lone surrogate becomes U+FFFD.
 */

size_t rooms_json_unescape(const unsigned char *p, const unsigned char *end,
    unsigned char *to);


#endif /* _ROOMS_JSON_TEXT_H_INCLUDED_ */
