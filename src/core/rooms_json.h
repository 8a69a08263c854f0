
/*
 * Copyright (C) nginx rooms contributors
 *
 * One pass over JSON text (RFC 8259) without building a tree.
 *
 * Text that passes here may be relayed octet by octet, and given to a parser
 * that recurses: its depth and its number of values are bounded.
 */


#ifndef _ROOMS_JSON_H_INCLUDED_
#define _ROOMS_JSON_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>


#define ROOMS_JSON_DEPTH      32        /* the usual limit */
#define ROOMS_JSON_DEPTH_MAX  256       /* the largest one possible */


typedef struct {
    unsigned     depth;                 /* nesting of arrays and objects;
                                           over the largest: the largest */
    size_t       nodes;                 /* values, without keys; 0: no limit */
} rooms_json_limits_t;


typedef struct {
    size_t       offset;                /* of the octet that is wrong */
    const char  *reason;                /* static text */
} rooms_json_error_t;


/*
 * Is the text exactly one JSON value, with white space around it or not?
 * Strict RFC 8259: UTF-8 without surrogates, overlong forms or octets above
 * U+10FFFF, no raw control characters in strings, no leading zeroes, no byte
 * order mark.  An escaped lone surrogate ("\ud800") is JSON text and passes
 * here, but jansson refuses it.
 *
 * A limits of NULL means ROOMS_JSON_DEPTH and no limit of nodes.
 * err may be NULL.
 *
 * ROOMS_OK        it is
 * ROOMS_ERROR     it is not
 * ROOMS_DECLINED  it is over a limit
 */

rooms_int_t rooms_json_check(rooms_str_t text,
    const rooms_json_limits_t *limits, rooms_json_error_t *err);


/*
 * The same check for a text that must be an array; gives the text of each
 * of its elements, without white space around it.  *n is their number.
 * More than max elements: ROOMS_DECLINED.
 */

rooms_int_t rooms_json_items(rooms_str_t text,
    const rooms_json_limits_t *limits, rooms_str_t *items, size_t max,
    size_t *n, rooms_json_error_t *err);


/*
 * The characters of a JSON string, given as the text of a checked value with
 * its quotes.  Without escapes *out points into item; with them it points
 * into buf, where the characters are written as UTF-8 (never more octets
 * than item has).
 *
 * ROOMS_OK
 * ROOMS_DECLINED  not a string, or it does not fit into cap octets
 * ROOMS_ERROR     an escape stands for a lone surrogate
 */

rooms_int_t rooms_json_string(rooms_str_t item, unsigned char *buf,
    size_t cap, rooms_str_t *out);


/*
 * Appends s as a JSON string with its quotes.  What is not UTF-8 becomes
 * U+FFFD, one for each octet, so that the result is always valid.
 */

void rooms_json_escape(rooms_buf_t *b, rooms_str_t s);


/*
 * The octets of the UTF-8 sequence (RFC 3629) that begins at p, which is
 * before end; 0 where there is none.
 */

size_t rooms_json_utf8(const unsigned char *p, const unsigned char *end);


#endif /* _ROOMS_JSON_H_INCLUDED_ */
