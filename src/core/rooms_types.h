
/*
 * Copyright (C) nginx rooms contributors
 *
 * Plain types shared by all pure code.
 */


#ifndef _ROOMS_TYPES_H_INCLUDED_
#define _ROOMS_TYPES_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* Return codes; the numbers are those of nginx's own. */

#define ROOMS_OK         0
#define ROOMS_ERROR     -1
#define ROOMS_AGAIN     -2
#define ROOMS_BUSY      -3
#define ROOMS_DONE      -4
#define ROOMS_DECLINED  -5


typedef intptr_t  rooms_int_t;


/*
 * A run of octets owned by somebody else.  Not terminated by a zero octet;
 * data may be NULL only where len is 0.
 */

typedef struct {
    const unsigned char  *data;
    size_t                len;
} rooms_str_t;


#define rooms_string(s)   { (const unsigned char *) (s), sizeof(s) - 1 }
#define rooms_null_string { NULL, 0 }


static inline rooms_str_t
rooms_str(const void *data, size_t len)
{
    rooms_str_t  s;

    s.data = data;
    s.len = len;

    return s;
}


#endif /* _ROOMS_TYPES_H_INCLUDED_ */
