
/*
 * Copyright (C) nginx rooms contributors
 *
 * The index of a journal: open addressing with linear probing, an entry for
 * each room that lives, that has records in the ring, or that a worker is
 * interested in.
 *
 * Interest is the one thing that cannot be read from the ring again, so at
 * any moment an entry with interest is in the table at least once: whatever
 * is moved is first copied, then deleted, and hash[0] is stored last.
 */


#include <rooms_journal_int.h>


static uint32_t
rooms_journal_home(const rooms_journal_t *j, const uint64_t *hash)
{
    return (uint32_t) ((hash[0] >> 32) * j->capacity >> 32);
}


static uint32_t
rooms_journal_after(const rooms_journal_t *j, uint32_t n)
{
    return n + 1 == j->capacity ? 0 : n + 1;
}


rooms_journal_index_t *
rooms_journal_find(const rooms_journal_t *j, const uint64_t *hash)
{
    uint32_t                n;
    rooms_journal_index_t  *e;

    n = rooms_journal_home(j, hash);

    for ( ;; ) {
        e = rooms_journal_entry(j, n);

        if (e->hash[0] == 0) {
            return NULL;
        }

        if (e->hash[0] == hash[0] && e->hash[1] == hash[1]) {
            return e;
        }

        n = rooms_journal_after(j, n);
    }
}


/* Copies all of an entry but hash[0], then that. */

static void
rooms_journal_place(rooms_journal_index_t *to, const rooms_journal_index_t *e)
{
    rooms_journal_copy((unsigned char *) to + sizeof(uint64_t),
                       (const unsigned char *) e + sizeof(uint64_t),
                       sizeof(rooms_journal_index_t) - sizeof(uint64_t));
    rooms_journal_set(&to->hash[0], e->hash[0]);
}


rooms_journal_index_t *
rooms_journal_insert(rooms_journal_t *j, const uint64_t *hash, int slot)
{
    uint32_t                n;
    rooms_journal_index_t  *e, fresh;

    if (j->entries >= rooms_journal_limit(j)) {
        return NULL;
    }

    n = rooms_journal_home(j, hash);
    e = rooms_journal_entry(j, n);

    while (e->hash[0] != 0) {
        n = rooms_journal_after(j, n);
        e = rooms_journal_entry(j, n);
    }

    memset(&fresh, 0, sizeof(rooms_journal_index_t));

    fresh.hash[0] = hash[0];
    fresh.hash[1] = hash[1];

    if (slot >= 0) {
        fresh.interest[slot / 64] = (uint64_t) 1 << (slot % 64);
    }

    rooms_journal_place(e, &fresh);
    rooms_journal_set32(&j->entries, j->entries + 1);

    if (slot < 0) {
        rooms_journal_set(&j->idle, j->idle + 1);
    }

    return e;
}


unsigned
rooms_journal_idle(const rooms_journal_index_t *e)
{
    return !e->live && !rooms_journal_wanted(e);
}


void
rooms_journal_settle(rooms_journal_t *j, rooms_journal_index_t *e,
    unsigned was)
{
    unsigned  is;

    is = rooms_journal_idle(e);

    if (is != was) {
        rooms_journal_set(&j->idle, j->idle + is - was);
    }
}


/* Closes the gap a deleted entry leaves, so that no probe ends at it. */

static void
rooms_journal_delete(rooms_journal_t *j, uint32_t gap)
{
    uint32_t                n, home;
    rooms_journal_index_t  *e;

    rooms_journal_set(&rooms_journal_entry(j, gap)->hash[0], 0);

    n = gap;

    for ( ;; ) {
        n = rooms_journal_after(j, n);
        e = rooms_journal_entry(j, n);

        if (e->hash[0] == 0) {
            return;
        }

        home = rooms_journal_home(j, e->hash);

        /* it stays if its home is cyclically in (gap, n] */

        if (gap < n ? (gap < home && home <= n)
                    : (gap < home || home <= n))
        {
            continue;
        }

        rooms_journal_place(rooms_journal_entry(j, gap), e);
        rooms_journal_set(&e->hash[0], 0);

        gap = n;
    }
}


void
rooms_journal_release(rooms_journal_t *j, rooms_journal_index_t *e)
{
    if (!rooms_journal_idle(e) || e->last >= j->tail) {
        return;
    }

    rooms_journal_set(&j->idle, j->idle - 1);
    rooms_journal_set32(&j->entries, j->entries - 1);

    rooms_journal_delete(j, (uint32_t) (e - rooms_journal_entry(j, 0)));
}


/*
 * One pass of putting entries where probes find them, for a table in which
 * any entry may be out of its place or there twice.  Returns 1 if something
 * had to be done.
 */

static unsigned
rooms_journal_arrange(rooms_journal_t *j)
{
    unsigned                i, moved;
    uint32_t                n, m;
    rooms_journal_index_t  *e, *to;

    moved = 0;

    for (n = 0; n < j->capacity; n++) {
        e = rooms_journal_entry(j, n);

        if (e->hash[0] == 0) {
            continue;
        }

        m = rooms_journal_home(j, e->hash);

        for ( ;; ) {
            to = rooms_journal_entry(j, m);

            if (to->hash[0] == 0 || to == e
                || (to->hash[0] == e->hash[0] && to->hash[1] == e->hash[1]))
            {
                break;
            }

            m = rooms_journal_after(j, m);
        }

        if (to == e) {
            continue;
        }

        if (to->hash[0] == 0) {
            rooms_journal_place(to, e);

        } else {
            for (i = 0; i < ROOMS_JOURNAL_WORDS; i++) {
                rooms_journal_set(&to->interest[i],
                                  to->interest[i] | e->interest[i]);
            }
        }

        rooms_journal_set(&e->hash[0], 0);

        moved = 1;
    }

    return moved;
}


void
rooms_journal_clean(rooms_journal_t *j)
{
    uint32_t                n, entries;
    unsigned                i;
    rooms_journal_index_t  *e, zero;

    memset(&zero, 0, sizeof(rooms_journal_index_t));

    entries = 0;

    for (n = 0; n < j->capacity; n++) {
        e = rooms_journal_entry(j, n);

        if (e->hash[0] == 0) {
            continue;
        }

        if (!rooms_journal_wanted(e)) {
            rooms_journal_set(&e->hash[0], 0);
            continue;
        }

        /* an image from elsewhere may hold more than probing can bear */

        if (entries == rooms_journal_limit(j)) {
            for (i = 0; i < ROOMS_JOURNAL_WORDS; i++) {
                rooms_journal_set(&j->refused[i], UINT64_MAX);
            }

            rooms_journal_set(&e->hash[0], 0);
            continue;
        }

        rooms_journal_copy((unsigned char *) e
                           + offsetof(rooms_journal_index_t, last), &zero,
                           sizeof(rooms_journal_index_t)
                           - offsetof(rooms_journal_index_t, last));
        entries++;
    }

    while (rooms_journal_arrange(j)) { /* void */ }

    entries = 0;

    for (n = 0; n < j->capacity; n++) {
        entries += rooms_journal_entry(j, n)->hash[0] != 0;
    }

    rooms_journal_set32(&j->entries, entries);
    rooms_journal_set32(&j->rooms, 0);
    rooms_journal_set(&j->idle, 0);
    rooms_journal_set(&j->live, 0);
}


void
rooms_journal_info(const rooms_journal_t *j, const rooms_journal_index_t *e,
    rooms_journal_room_t *room)
{
    unsigned  i;

    room->hash = e->hash[0];
    room->last = e->last;
    room->deadline = e->deadline;
    room->owner = e->owner;
    room->log = e->log;
    room->snapshot = e->snapshot;
    room->live = e->live != 0;

    for (i = 0; i < ROOMS_JOURNAL_WORDS; i++) {
        room->interest[i] = e->interest[i] | j->refused[i];
    }
}


rooms_int_t
rooms_journal_interest(rooms_journal_t *j, rooms_str_t room, unsigned slot,
    unsigned on)
{
    uint64_t                hash[2], *word, bit;
    unsigned                was;
    rooms_int_t             rc;
    rooms_journal_index_t  *e;

    if (room.len == 0 || room.len > ROOMS_JOURNAL_NAME
        || slot >= ROOMS_JOURNAL_WORKERS
        || rooms_journal_ready(j) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    rooms_journal_digest(j->key, room, hash);
    e = rooms_journal_find(j, hash);
    bit = (uint64_t) 1 << (slot % 64);

    if (e == NULL) {
        if (!on) {
            return ROOMS_OK;
        }

        rooms_journal_begin(j);

        rc = rooms_journal_space(j, 0, 1);

        if (rc == ROOMS_OK) {
            (void) rooms_journal_insert(j, hash, (int) slot);

        } else if (rc == ROOMS_DECLINED) {
            rooms_journal_set(&j->refused[slot / 64],
                              j->refused[slot / 64] | bit);
        }

        rooms_journal_done(j);

        return rc;
    }

    word = &e->interest[slot / 64];

    if (((*word & bit) != 0) == (on != 0)) {
        return ROOMS_OK;
    }

    rooms_journal_begin(j);

    was = rooms_journal_idle(e);
    rooms_journal_set(word, *word ^ bit);
    rooms_journal_settle(j, e, was);
    rooms_journal_release(j, e);

    rooms_journal_done(j);

    return ROOMS_OK;
}


void
rooms_journal_forget(rooms_journal_t *j, unsigned slot)
{
    uint32_t                n;
    uint64_t                bit;
    unsigned                was;
    rooms_journal_index_t  *e;

    if (slot >= ROOMS_JOURNAL_WORKERS || rooms_journal_ready(j) != ROOMS_OK) {
        return;
    }

    rooms_journal_begin(j);

    bit = (uint64_t) 1 << (slot % 64);
    n = 0;

    while (n < j->capacity) {
        e = rooms_journal_entry(j, n);

        if (e->hash[0] == 0 || (e->interest[slot / 64] & bit) == 0) {
            n++;
            continue;
        }

        /* a released entry's place may have been taken: look at it again */

        was = rooms_journal_idle(e);
        rooms_journal_set(&e->interest[slot / 64],
                          e->interest[slot / 64] & ~bit);
        rooms_journal_settle(j, e, was);
        rooms_journal_release(j, e);
    }

    rooms_journal_set(&j->refused[slot / 64], j->refused[slot / 64] & ~bit);

    rooms_journal_done(j);
}


rooms_int_t
rooms_journal_walk(rooms_journal_t *j, uint32_t *cursor, unsigned n,
    rooms_journal_room_t *info, unsigned char *name, size_t *name_len)
{
    rooms_journal_rec_t    *r;
    rooms_journal_index_t  *e;

    if (rooms_journal_ready(j) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (j->rooms == 0) {
        *cursor = 0;
        return ROOMS_DONE;
    }

    while (*cursor < j->capacity) {

        if (n-- == 0) {
            return ROOMS_AGAIN;
        }

        e = rooms_journal_entry(j, (*cursor)++);

        if (e->hash[0] == 0 || !e->live) {
            continue;
        }

        r = rooms_journal_rec(j, e->mark);

        memcpy(name, rooms_journal_name(r), r->name);
        *name_len = r->name;

        rooms_journal_info(j, e, info);

        return ROOMS_OK;
    }

    *cursor = 0;

    return ROOMS_DONE;
}
