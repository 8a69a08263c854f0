
/*
 * Copyright (C) nginx rooms contributors
 *
 * The pid and the generation of a slot are one 64-bit word to the
 * compare-and-swap, so that a slot is never seen with the one of the old and
 * the other of the new owner.
 */


#include <string.h>

#include <rooms_workers.h>


#define ROOMS_WORKERS_GENERATION  0xffffff


typedef union {
    uint64_t      word;
    struct {
        uint32_t  pid;
        uint32_t  generation;
    } is;
} rooms_worker_word_t;


_Static_assert(offsetof(rooms_worker_t, generation)
               == offsetof(rooms_worker_t, pid) + 4, "one word");
_Static_assert(offsetof(rooms_workers_t, slots) % 8 == 0
               && sizeof(rooms_worker_t) % 8 == 0, "aligned words");


static uint64_t *
rooms_worker_slot(const rooms_workers_t *t, unsigned slot)
{
    return (uint64_t *) (uintptr_t) &t->slots[slot].pid;
}


static rooms_worker_word_t
rooms_worker_get(const rooms_workers_t *t, unsigned slot)
{
    rooms_worker_word_t  w;

    w.word = __atomic_load_n(rooms_worker_slot(t, slot), __ATOMIC_ACQUIRE);

    return w;
}


void
rooms_workers_init(rooms_workers_t *t, unsigned nslots)
{
    memset(t, 0, sizeof(rooms_workers_t));

    t->nslots = nslots < ROOMS_WORKERS_MAX ? nslots : ROOMS_WORKERS_MAX;
}


rooms_int_t
rooms_workers_join(rooms_workers_t *t, uint32_t pid, uint32_t *owner)
{
    unsigned             slot;
    rooms_worker_word_t  old, taken;

    for (slot = 0; slot < t->nslots; slot++) {
        old = rooms_worker_get(t, slot);

        while (old.is.pid == 0) {
            taken.is.pid = pid;
            taken.is.generation = (old.is.generation + 1)
                                  & ROOMS_WORKERS_GENERATION;

            if (taken.is.generation == 0) {
                taken.is.generation = 1;
            }

            if (__atomic_compare_exchange_n(rooms_worker_slot(t, slot),
                                            &old.word, taken.word, 0,
                                            __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE))
            {
                rooms_workers_clear(t, slot);

                *owner = taken.is.generation << 8 | slot;

                return ROOMS_OK;
            }
        }
    }

    return ROOMS_DECLINED;
}


void
rooms_workers_leave(rooms_workers_t *t, uint32_t owner)
{
    unsigned             slot;
    rooms_worker_word_t  old, left;

    slot = rooms_owner_slot(owner);

    if (slot >= t->nslots) {
        return;
    }

    old = rooms_worker_get(t, slot);

    if (old.is.pid == 0 || old.is.generation != owner >> 8) {
        return;
    }

    left.is.pid = 0;
    left.is.generation = old.is.generation;

    /* where it fails, somebody else has buried this owner */

    (void) __atomic_compare_exchange_n(rooms_worker_slot(t, slot), &old.word,
                                       left.word, 0, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}


unsigned
rooms_workers_holds(const rooms_workers_t *t, uint32_t owner)
{
    return owner != 0
           && rooms_owner_slot(owner) < t->nslots
           && rooms_workers_owner(t, rooms_owner_slot(owner), NULL) == owner;
}


uint32_t
rooms_workers_owner(const rooms_workers_t *t, unsigned slot, uint32_t *pid)
{
    rooms_worker_word_t  w;

    if (slot >= t->nslots) {
        return 0;
    }

    w = rooms_worker_get(t, slot);

    if (w.is.pid == 0) {
        return 0;
    }

    if (pid != NULL) {
        *pid = w.is.pid;
    }

    return w.is.generation << 8 | slot;
}


unsigned
rooms_workers_signal(rooms_workers_t *t, unsigned slot)
{
    return slot < t->nslots
           && __atomic_exchange_n(&t->slots[slot].signalled, 1,
                                  __ATOMIC_SEQ_CST) == 0;
}


void
rooms_workers_clear(rooms_workers_t *t, unsigned slot)
{
    if (slot < t->nslots) {
        __atomic_exchange_n(&t->slots[slot].signalled, 0, __ATOMIC_SEQ_CST);
    }
}
