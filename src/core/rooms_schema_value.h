
/*
 * Copyright (C) nginx rooms contributors
 *
 * What JSON Schema says of values: equality, order and divisibility of
 * numbers, lengths.
 */


#ifndef _ROOMS_SCHEMA_VALUE_H_INCLUDED_
#define _ROOMS_SCHEMA_VALUE_H_INCLUDED_


#include <jansson.h>

#include <rooms_types.h>


/* mantissa * 10 ^ exponent, without the sign */

typedef struct {
    uint64_t     mantissa;
    int          exponent;
} rooms_schema_decimal_t;


/* Is the number an integer?  1.0 is. */

unsigned rooms_schema_integral(const json_t *number);

/* Less than, equal to or greater than 0, exact for integers and reals. */

int rooms_schema_compare(const json_t *a, const json_t *b);

/*
 * Are the values equal, numbers by what they are worth?  Takes from *steps as
 * it goes, and says no once none are left.
 */

unsigned rooms_schema_equal(json_t *a, json_t *b, size_t *steps);

/*
 * The shortest decimal number that reads as this one: 0.0075 is 75e-4, what
 * the author wrote, and not what the binary number is.
 */

rooms_schema_decimal_t rooms_schema_decimal(const json_t *number);

/* Is a a multiple of b?  Exact; b is not 0. */

unsigned rooms_schema_multiple(rooms_schema_decimal_t a,
    rooms_schema_decimal_t b);

/* Code points of UTF-8. */

size_t rooms_schema_length(const char *p, size_t len);


#endif /* _ROOMS_SCHEMA_VALUE_H_INCLUDED_ */
