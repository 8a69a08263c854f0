
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_limits.h>
#include <rooms_window.h>


#define ROOMS_LIMITS_SETS  128
#define ROOMS_LIMITS_WAYS  8             /* places of a set */


typedef struct {
    uint64_t             caller;
    uint64_t             last;           /* time, 0: the place is free */
    rooms_window_t       window;
} rooms_limits_place_t;


typedef struct {
    rooms_limits_kind_t  kind;
    uint64_t             offset;         /* of its places */
} rooms_limits_table_t;


struct rooms_limits_s {
    uint64_t              n;
    rooms_limits_table_t  tables[ROOMS_LIMITS_MAX];
};


static rooms_limits_place_t *rooms_limits_place(rooms_limits_t *limits,
    const rooms_limits_table_t *table, uint64_t caller);


static size_t
rooms_limits_place_size(const rooms_limits_kind_t *kind)
{
    return sizeof(rooms_limits_place_t) - sizeof(rooms_window_t)
           + rooms_window_size((uint32_t) kind->limit);
}


size_t
rooms_limits_size(const rooms_limits_kind_t *kinds, unsigned n)
{
    size_t    size;
    unsigned  i;

    size = sizeof(rooms_limits_t);

    for (i = 0; i < n; i++) {
        size += ROOMS_LIMITS_SETS * ROOMS_LIMITS_WAYS
                * rooms_limits_place_size(&kinds[i]);
    }

    return size;
}


void
rooms_limits_init(rooms_limits_t *limits, const rooms_limits_kind_t *kinds,
    unsigned n)
{
    unsigned  i;

    memset(limits, 0, rooms_limits_size(kinds, n));

    for (i = 0; i < n; i++) {
        limits->tables[i].kind = kinds[i];
        limits->tables[i].offset = rooms_limits_size(kinds, i);
    }

    limits->n = n;
}


rooms_int_t
rooms_limits_take(rooms_limits_t *limits, unsigned kind, uint64_t caller,
    uint64_t now, rooms_limits_state_t *state)
{
    rooms_int_t            rc;
    rooms_limits_place_t  *place;
    rooms_limits_table_t  *table;

    memset(state, 0, sizeof(rooms_limits_state_t));

    if (kind >= limits->n) {
        return ROOMS_OK;
    }

    table = &limits->tables[kind];
    place = rooms_limits_place(limits, table, caller);

    if (place->last == 0 || place->caller != caller) {
        rooms_window_init(&place->window, (uint32_t) table->kind.limit,
                          table->kind.window);
        place->caller = caller;
    }

    place->last = now ? now : 1;

    rc = rooms_window_take(&place->window, now);

    state->limit = table->kind.limit;
    state->left = rooms_window_left(&place->window, now, &state->reset);

    return rc;
}


/* That of the caller, or a free one, or the one that was last used first. */

static rooms_limits_place_t *
rooms_limits_place(rooms_limits_t *limits, const rooms_limits_table_t *table,
    uint64_t caller)
{
    size_t                 size;
    unsigned               i;
    unsigned char         *p;
    rooms_limits_place_t  *place, *oldest;

    size = rooms_limits_place_size(&table->kind);

    p = (unsigned char *) limits + table->offset
        + (size_t) (caller % ROOMS_LIMITS_SETS) * ROOMS_LIMITS_WAYS * size;

    oldest = (rooms_limits_place_t *) p;

    for (i = 0; i < ROOMS_LIMITS_WAYS; i++) {
        place = (rooms_limits_place_t *) (p + i * size);

        if (place->last != 0 && place->caller == caller) {
            return place;
        }

        if (place->last < oldest->last) {
            oldest = place;
        }
    }

    return oldest;
}
