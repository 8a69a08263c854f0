
/*
 * Copyright (C) nginx rooms contributors
 *
 * A resumable check for UTF-8 as RFC 3629 defines it: no surrogates, no
 * overlong forms, nothing above U+10FFFF.
 */


#ifndef _ROOMS_UTF8_H_INCLUDED_
#define _ROOMS_UTF8_H_INCLUDED_


#include <rooms_types.h>


/* All zeroes: at the start of a character. */

typedef struct {
    uint8_t   need;              /* continuation octets still to come */
    uint8_t   low;               /* bounds of the next one, 0: 80..BF */
    uint8_t   high;
} rooms_utf8_t;


/*
 * ROOMS_OK: good so far (complete where u->need is 0 then); ROOMS_ERROR: an
 * octet that cannot stand there.  Runs of ASCII go eight at a time.
 */

rooms_int_t rooms_utf8_check(rooms_utf8_t *u, const unsigned char *p,
    size_t n);

/* Number of code points of valid UTF-8. */

size_t rooms_utf8_count(const unsigned char *p, size_t n);


#endif /* _ROOMS_UTF8_H_INCLUDED_ */
