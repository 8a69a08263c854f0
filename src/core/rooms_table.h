
/*
 * Copyright (C) nginx rooms contributors
 *
 * A hash table of things that hold their link and their key themselves.
 *
 * A tree of many connections is many cache misses deep, and its node takes
 * five words; here a link is one word, and a look-up costs one miss for the
 * chain and one for each thing on the way.  The table grows by one chain with
 * each insertion (linear hashing), so there is no pause in which all is hashed
 * again.  Where memory for that is short, chains get longer and nothing fails.
 * It does not shrink: 8 to 16 octets remain of each thing that was there at
 * the same time.
 *
 * Keys are 64 bits that a client cannot choose; several things may have the
 * same one.
 */


#ifndef _ROOMS_TABLE_H_INCLUDED_
#define _ROOMS_TABLE_H_INCLUDED_


#include <rooms_types.h>


typedef struct rooms_link_s  rooms_link_t;

struct rooms_link_s {
    rooms_link_t       *next;
};


typedef struct {
    rooms_link_t      **chains;
    rooms_link_t       *first;           /* the only chain, to begin with */
    size_t              n;
    size_t              size;            /* chains in use */
    size_t              level;           /* power of two: level <= size */
    size_t              capacity;        /* chains there is memory for */
    ptrdiff_t           key;             /* from the link to the key */
} rooms_table_t;


/* For things of a type, with the names of its link and of its key's place. */

#define rooms_table_start(t, type, link, key)                                 \
    rooms_table_init(t, (ptrdiff_t) offsetof(type, key)                       \
                        - (ptrdiff_t) offsetof(type, link))

#define rooms_table_data(l, type, link)                                       \
    (type *) ((unsigned char *) (l) - offsetof(type, link))


/* The table must not be moved; the key need not be aligned. */

void rooms_table_init(rooms_table_t *t, ptrdiff_t key);

/* Gives the chains back; what is in them is the caller's. */

void rooms_table_free(rooms_table_t *t);

void rooms_table_insert(rooms_table_t *t, rooms_link_t *l);

/* The link is in the table. */

void rooms_table_remove(rooms_table_t *t, rooms_link_t *l);

/* The first with this key and the one after that, or NULL. */

rooms_link_t *rooms_table_find(const rooms_table_t *t, uint64_t key);
rooms_link_t *rooms_table_again(const rooms_table_t *t, rooms_link_t *l);

/*
 * All, one after the other, from NULL to NULL, in no order.  The table must
 * not change meanwhile.
 */

rooms_link_t *rooms_table_next(const rooms_table_t *t, rooms_link_t *l);


#endif /* _ROOMS_TABLE_H_INCLUDED_ */
