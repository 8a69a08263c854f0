
/*
 * Copyright (C) nginx rooms contributors
 *
 * Is the index of a state as one that is made of the whole state?
 */


#ifndef _ROOMS_PLATFORM_SAME_H_INCLUDED_
#define _ROOMS_PLATFORM_SAME_H_INCLUDED_


#include <string.h>

#include <rooms_platform.h>


static inline unsigned
same_due(const rooms_due_t *one, const rooms_due_t *two)
{
    rooms_str_t              k, l;
    const rooms_due_node_t  *a, *b;

    a = rooms_due_first(one);
    b = rooms_due_first(two);

    while (a != NULL && b != NULL) {
        k = rooms_due_key(a);
        l = rooms_due_key(b);

        if (rooms_due_at(a) != rooms_due_at(b) || k.len != l.len
            || memcmp(k.data, l.data, k.len) != 0)
        {
            return 0;
        }

        a = rooms_due_next(a);
        b = rooms_due_next(b);
    }

    return a == b;
}


static inline unsigned
same_index(const void *data)
{
    size_t                         i;
    unsigned                       same;
    rooms_platform_index_t        *made;
    const rooms_platform_state_t  *state = data;

    made = rooms_platform_index_create(state->doc);
    same = made != NULL
           && same_due(state->index->expiring, made->expiring)
           && same_due(state->index->stale, made->stale);

    for (i = 0; same && i < ROOMS_PLATFORM_MAPS; i++) {
        same = (unsigned) json_equal(state->index->maps[i], made->maps[i]);
    }

    rooms_platform_index_free(made);

    return same;
}


#endif /* _ROOMS_PLATFORM_SAME_H_INCLUDED_ */
