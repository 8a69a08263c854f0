
/*
 * Copyright (C) nginx rooms contributors
 *
 * A list that grows in blocks: no element moves, and little is kept that is
 * not used.  All zeroes is an empty one.
 */


#ifndef _ROOMS_POLLS_LIST_H_INCLUDED_
#define _ROOMS_POLLS_LIST_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_POLLS_BLOCK  256           /* elements */


typedef struct {
    unsigned char    **blocks;
    uint32_t           n;
    uint32_t           allocated;        /* of blocks */
} rooms_polls_list_t;


/* size is that of an element, always the same for one list. */

static inline void *
rooms_polls_list_at(const rooms_polls_list_t *l, size_t size, uint32_t i)
{
    return l->blocks[i / ROOMS_POLLS_BLOCK] + i % ROOMS_POLLS_BLOCK * size;
}

/* A new last element, of zeroes; NULL: no memory. */

void *rooms_polls_list_push(rooms_polls_list_t *l, size_t size);

void rooms_polls_list_free(rooms_polls_list_t *l);


#endif /* _ROOMS_POLLS_LIST_H_INCLUDED_ */
