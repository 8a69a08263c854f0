
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_table.h>


#define ROOMS_TABLE_LOAD   1                     /* things per chain */
#define ROOMS_TABLE_MIN    16
#define ROOMS_TABLE_RATIO  0x9e3779b97f4a7c15ull /* 2^64 by golden ratio */


static inline uint64_t
rooms_table_key(const rooms_table_t *t, const rooms_link_t *l)
{
    uint64_t  key;

    memcpy(&key, (const unsigned char *) l + t->key, sizeof(uint64_t));

    return key;
}


/* Chains before "size - level" have been split: one bit more decides. */

static inline size_t
rooms_table_chain(const rooms_table_t *t, uint64_t key)
{
    size_t  hash, i;

    hash = (size_t) (key * ROOMS_TABLE_RATIO >> 32);
    i = hash & (t->level - 1);

    return i < t->size - t->level ? hash & (2 * t->level - 1) : i;
}


void
rooms_table_init(rooms_table_t *t, ptrdiff_t key)
{
    t->chains = &t->first;
    t->first = NULL;
    t->n = 0;
    t->size = 1;
    t->level = 1;
    t->capacity = 1;
    t->key = key;
}


void
rooms_table_free(rooms_table_t *t)
{
    if (t->chains != &t->first) {
        free(t->chains);
    }

    rooms_table_init(t, t->key);
}


static rooms_int_t
rooms_table_reserve(rooms_table_t *t)
{
    size_t         n;
    rooms_link_t **chains;

    n = t->capacity < ROOMS_TABLE_MIN ? ROOMS_TABLE_MIN : 2 * t->capacity;

    chains = realloc(t->chains == &t->first ? NULL : t->chains,
                     n * sizeof(rooms_link_t *));
    if (chains == NULL) {
        return ROOMS_ERROR;
    }

    if (t->chains == &t->first) {
        chains[0] = t->first;
    }

    t->chains = chains;
    t->capacity = n;

    return ROOMS_OK;
}


/* One chain becomes two. */

static void
rooms_table_grow(rooms_table_t *t)
{
    size_t         from, to;
    rooms_link_t  *l, *next;

    if (t->size == t->capacity && rooms_table_reserve(t) != ROOMS_OK) {
        return;
    }

    from = t->size - t->level;
    to = t->size;

    l = t->chains[from];

    t->chains[from] = NULL;
    t->chains[to] = NULL;
    t->size++;

    for ( /* void */ ; l != NULL; l = next) {
        next = l->next;
        to = rooms_table_chain(t, rooms_table_key(t, l));
        l->next = t->chains[to];
        t->chains[to] = l;
    }

    if (t->size == 2 * t->level) {
        t->level = t->size;
    }
}


void
rooms_table_insert(rooms_table_t *t, rooms_link_t *l)
{
    rooms_link_t  **head;

    t->n++;

    if (t->n > t->size * ROOMS_TABLE_LOAD) {
        rooms_table_grow(t);
    }

    head = &t->chains[rooms_table_chain(t, rooms_table_key(t, l))];
    l->next = *head;
    *head = l;
}


void
rooms_table_remove(rooms_table_t *t, rooms_link_t *l)
{
    rooms_link_t  **p;

    p = &t->chains[rooms_table_chain(t, rooms_table_key(t, l))];

    while (*p != l) {
        p = &(*p)->next;
    }

    *p = l->next;
    t->n--;
}


rooms_link_t *
rooms_table_find(const rooms_table_t *t, uint64_t key)
{
    rooms_link_t  *l;

    l = t->chains[rooms_table_chain(t, key)];

    while (l != NULL && rooms_table_key(t, l) != key) {
        l = l->next;
    }

    return l;
}


rooms_link_t *
rooms_table_again(const rooms_table_t *t, rooms_link_t *l)
{
    uint64_t  key;

    key = rooms_table_key(t, l);

    do {
        l = l->next;
    } while (l != NULL && rooms_table_key(t, l) != key);

    return l;
}


rooms_link_t *
rooms_table_next(const rooms_table_t *t, rooms_link_t *l)
{
    size_t  i;

    i = 0;

    if (l != NULL) {

        if (l->next != NULL) {
            return l->next;
        }

        i = rooms_table_chain(t, rooms_table_key(t, l)) + 1;
    }

    while (i < t->size && t->chains[i] == NULL) {
        i++;
    }

    return i < t->size ? t->chains[i] : NULL;
}
