
/*
 * Copyright (C) nginx rooms contributors
 */


#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_schema_value.h>


__extension__ typedef unsigned __int128  rooms_schema_u128_t;


static int rooms_schema_compare_mixed(json_int_t i, double d);
static unsigned rooms_schema_equal_objects(json_t *a, json_t *b,
    size_t *steps);


unsigned
rooms_schema_integral(const json_t *number)
{
    double  d;

    if (json_is_integer(number)) {
        return 1;
    }

    d = json_real_value(number);

    return isfinite(d) && floor(d) == d;
}


int
rooms_schema_compare(const json_t *a, const json_t *b)
{
    double      x, y;
    json_int_t  i, j;

    if (json_is_integer(a) && json_is_integer(b)) {
        i = json_integer_value(a);
        j = json_integer_value(b);

        return (i > j) - (i < j);
    }

    if (json_is_integer(a)) {
        return rooms_schema_compare_mixed(json_integer_value(a),
                                          json_real_value(b));
    }

    if (json_is_integer(b)) {
        return -rooms_schema_compare_mixed(json_integer_value(b),
                                           json_real_value(a));
    }

    x = json_real_value(a);
    y = json_real_value(b);

    return (x > y) - (x < y);
}


/* A double holds 2^63 but not every integer below it. */

static int
rooms_schema_compare_mixed(json_int_t i, double d)
{
    json_int_t  whole;

    if (d >= 9223372036854775808.0) {
        return -1;
    }

    if (d < -9223372036854775808.0) {
        return 1;
    }

    whole = (json_int_t) d;

    if (i != whole) {
        return (i > whole) ? 1 : -1;
    }

    d -= (double) whole;

    return (d < 0) - (d > 0);
}


unsigned
rooms_schema_equal(json_t *a, json_t *b, size_t *steps)
{
    size_t  i, n;

    if (*steps == 0) {
        return 0;
    }

    (*steps)--;

    if (json_is_number(a) && json_is_number(b)) {
        return rooms_schema_compare(a, b) == 0;
    }

    if (json_typeof(a) != json_typeof(b)) {
        return 0;
    }

    switch (json_typeof(a)) {

    case JSON_STRING:
        n = json_string_length(a);

        if (n != json_string_length(b)) {
            return 0;
        }

        *steps -= (n / 64 < *steps) ? n / 64 : *steps;

        return memcmp(json_string_value(a), json_string_value(b), n) == 0;

    case JSON_ARRAY:
        n = json_array_size(a);

        if (n != json_array_size(b)) {
            return 0;
        }

        for (i = 0; i < n; i++) {

            if (!rooms_schema_equal(json_array_get(a, i),
                                    json_array_get(b, i), steps))
            {
                return 0;
            }
        }

        return 1;

    case JSON_OBJECT:
        return rooms_schema_equal_objects(a, b, steps);

    default:
        return 1;
    }
}


static unsigned
rooms_schema_equal_objects(json_t *a, json_t *b, size_t *steps)
{
    size_t       len;
    json_t      *value, *other;
    const char  *key;

    if (json_object_size(a) != json_object_size(b)) {
        return 0;
    }

    json_object_keylen_foreach(a, key, len, value) {

        other = json_object_getn(b, key, len);

        if (other == NULL || !rooms_schema_equal(value, other, steps)) {
            return 0;
        }
    }

    return 1;
}


rooms_schema_decimal_t
rooms_schema_decimal(const json_t *number)
{
    int                     precision;
    char                    text[40], *p;
    double                  d;
    json_int_t              i;
    rooms_schema_decimal_t  r;

    r.mantissa = 0;
    r.exponent = 0;

    if (json_is_integer(number)) {
        i = json_integer_value(number);
        r.mantissa = (i < 0) ? -(uint64_t) i : (uint64_t) i;

    } else {
        d = fabs(json_real_value(number));

        for (precision = 0; precision <= 16; precision++) {
            snprintf(text, sizeof(text), "%.*e", precision, d);

            if (strtod(text, NULL) == d) {
                break;
            }
        }

        for (p = text; *p != 'e' && *p != '\0'; p++) {
            if (*p >= '0' && *p <= '9') {
                r.mantissa = r.mantissa * 10 + (*p - '0');
            }
        }

        if (precision > 16) {
            precision = 16;
        }

        r.exponent = (*p == 'e') ? atoi(p + 1) - precision : 0;
    }

    while (r.mantissa != 0 && r.mantissa % 10 == 0) {
        r.mantissa /= 10;
        r.exponent++;
    }

    return r;
}


unsigned
rooms_schema_multiple(rooms_schema_decimal_t a, rooms_schema_decimal_t b)
{
    int                  i, shift;
    rooms_schema_u128_t  n, m;

    if (a.mantissa == 0) {
        return 1;
    }

    shift = a.exponent - b.exponent;

    if (shift < 0) {

        /* the mantissa does not end in zeroes, so ten does not divide it */

        return 0;
    }

    m = b.mantissa;
    n = a.mantissa % m;

    for (i = 0; i < shift && n != 0; i++) {
        n = n * 10 % m;
    }

    return n == 0;
}


size_t
rooms_schema_length(const char *p, size_t len)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < len; i++) {
        n += ((unsigned char) p[i] & 0xc0) != 0x80;
    }

    return n;
}
