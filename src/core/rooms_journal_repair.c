
/*
 * Copyright (C) nginx rooms contributors
 *
 * Reading the index of a journal back from its ring: after a writer died,
 * and when memory is taken over.
 *
 * Nothing in the ring is believed before it was checked, so that memory a
 * journal was attached to can never lead outside of it.  A repair may itself
 * be cut short anywhere; the next one does it again.
 */


#include <rooms_journal_int.h>


void
rooms_journal_geometry(rooms_journal_t *j, size_t size)
{
    uint64_t  rest;

    j->size = size;
    j->capacity = (uint32_t) (size / 8 / sizeof(rooms_journal_index_t));
    j->index = sizeof(rooms_journal_t);
    j->ring = j->index + j->capacity * sizeof(rooms_journal_index_t);

    /* eight ninths are the ring, the rest is for what runs over its end */

    rest = size - j->ring;

    j->ring_size = rest / 9 * 8 & ~(uint64_t) 63;
    j->max = j->ring_size / 8;

    if (j->max > 1 << 30) {
        j->max = 1 << 30;
    }
}


/* Checks a record that begins at pos by itself. */

static rooms_int_t
rooms_journal_check(const rooms_journal_t *j, const rooms_journal_rec_t *r,
    uint64_t pos)
{
    uint64_t  hash[2], rest;

    rest = j->head - pos;

    if (rest < sizeof(rooms_journal_rec_t)
        || r->size < sizeof(rooms_journal_rec_t) || r->size > rest
        || r->size > j->max
        || r->pos != pos || r->id == 0 || r->id > pos
        || r->prev >= pos
        || r->name > ROOMS_JOURNAL_NAME
        || rooms_journal_form(r->name, (uint64_t) r->fact + r->messages)
           != r->size)
    {
        return ROOMS_ERROR;
    }

    switch (r->tag) {

    case ROOMS_JOURNAL_DIRECTED:

        return r->id == pos && r->name == 0 && r->messages == 0
                   ? ROOMS_OK : ROOMS_ERROR;

    case ROOMS_JOURNAL_RECORD:

        if (r->id != pos) {
            return ROOMS_ERROR;
        }

        break;

    case ROOMS_JOURNAL_MOVED:
    case ROOMS_JOURNAL_SNAPSHOT:

        if (r->id == pos || r->id > r->prev || r->messages != 0
            || (r->fact == 0 && r->tag == ROOMS_JOURNAL_MOVED))
        {
            return ROOMS_ERROR;
        }

        break;

    default:
        return ROOMS_ERROR;
    }

    if (r->name == 0) {
        return ROOMS_ERROR;
    }

    rooms_journal_digest(j->key, rooms_str(rooms_journal_name(r), r->name),
                         hash);

    return hash[0] == r->hash[0] && hash[1] == r->hash[1] ? ROOMS_OK
                                                          : ROOMS_ERROR;
}


/* Checks what a record says of the record of its room before it. */

static rooms_int_t
rooms_journal_check_prev(const rooms_journal_t *j,
    const rooms_journal_rec_t *r, const rooms_journal_index_t *e)
{
    if (r->tag == ROOMS_JOURNAL_RECORD && (r->flags & ROOMS_JOURNAL_FIRST)) {
        return e->last == 0 && r->prev < j->tail ? ROOMS_OK : ROOMS_ERROR;
    }

    if (r->prev >= j->tail) {
        return e->last == r->prev ? ROOMS_OK : ROOMS_ERROR;
    }

    return e->last < j->tail ? ROOMS_OK : ROOMS_ERROR;
}


/* Puts a record into the live ones of its room, behind after (0: as first). */

static void
rooms_journal_link(rooms_journal_t *j, rooms_journal_index_t *e,
    rooms_journal_rec_t *r, uint64_t after)
{
    uint64_t              next;
    rooms_journal_rec_t  *a;

    a = NULL;
    next = e->first;

    if (after != 0) {
        a = rooms_journal_rec(j, after);
        next = a->next;
    }

    rooms_journal_set(&r->back, after);
    rooms_journal_set(&r->next, next);
    rooms_journal_set(a ? &a->next : &e->first, r->pos);
    rooms_journal_set(next ? &rooms_journal_rec(j, next)->back : &e->end,
                      r->pos);

    rooms_journal_set(&e->octets,
                      e->octets + rooms_journal_form(r->name, r->fact));

    if (r->tag != ROOMS_JOURNAL_SNAPSHOT) {
        rooms_journal_set32(&e->log, e->log + r->fact);
    }

    rooms_journal_set32(&e->live, 1);
}


static void
rooms_journal_unlink(rooms_journal_t *j, rooms_journal_index_t *e,
    rooms_journal_rec_t *r)
{
    rooms_journal_set(r->back ? &rooms_journal_rec(j, r->back)->next
                              : &e->first, r->next);
    rooms_journal_set(r->next ? &rooms_journal_rec(j, r->next)->back
                              : &e->end, r->back);

    rooms_journal_set(&e->octets,
                      e->octets - rooms_journal_form(r->name, r->fact));

    if (r->tag != ROOMS_JOURNAL_SNAPSHOT) {
        rooms_journal_set32(&e->log, e->log - r->fact);
    }

    if (e->finger == r->pos) {
        rooms_journal_set(&e->finger, 0);
    }
}


/* A record as it was appended: its id is above all seen before. */

static void
rooms_journal_scan_record(rooms_journal_t *j, rooms_journal_index_t *e,
    rooms_journal_rec_t *r)
{
    rooms_journal_set(&e->last, r->id);

    if (r->fact != 0 && (r->flags & ROOMS_JOURNAL_STALE) == 0) {
        rooms_journal_link(j, e, r, e->end);
    }

    if (r->flags & ROOMS_JOURNAL_REMOVE) {
        rooms_journal_set(&e->base, r->id);
        rooms_journal_set(&e->first, 0);
        rooms_journal_set(&e->end, 0);
        rooms_journal_set(&e->finger, 0);
        rooms_journal_set(&e->octets, 0);
        rooms_journal_set32(&e->log, 0);
        rooms_journal_set32(&e->snapshot, 0);
        rooms_journal_set32(&e->live, 0);
    }
}


/*
 * A fact copied forward.  Such facts mostly follow each other in order of
 * id, so its place is near that of the one before it.
 */

static rooms_int_t
rooms_journal_scan_moved(rooms_journal_t *j, rooms_journal_index_t *e,
    rooms_journal_rec_t *r)
{
    uint64_t              at;
    rooms_journal_rec_t  *p;

    if (r->id <= e->base) {
        return ROOMS_ERROR;
    }

    if (r->flags & ROOMS_JOURNAL_STALE) {
        return ROOMS_OK;
    }

    at = e->finger ? e->finger : e->end;

    while (at != 0 && rooms_journal_rec(j, at)->id > r->id) {
        at = rooms_journal_rec(j, at)->back;
    }

    for ( ;; ) {
        p = rooms_journal_rec(j, at ? rooms_journal_rec(j, at)->next
                                    : e->first);

        if ((at ? rooms_journal_rec(j, at)->next : e->first) == 0
            || p->id > r->id)
        {
            break;
        }

        at = p->pos;
    }

    if (at != 0 && rooms_journal_rec(j, at)->id == r->id) {
        p = rooms_journal_rec(j, at);

        if (p->tag == ROOMS_JOURNAL_SNAPSHOT) {
            return ROOMS_ERROR;
        }

        at = p->back;

        rooms_journal_flag(&p->flags, p->flags | ROOMS_JOURNAL_STALE);
        rooms_journal_unlink(j, e, p);
    }

    rooms_journal_link(j, e, r, at);
    rooms_journal_set(&e->finger, r->pos);

    return ROOMS_OK;
}


/* A snapshot: it stands for all up to its id, and for the one before it. */

static rooms_int_t
rooms_journal_scan_snapshot(rooms_journal_t *j, rooms_journal_index_t *e,
    rooms_journal_rec_t *r)
{
    rooms_journal_rec_t  *p;

    if (r->id < e->base || (r->id == e->base && !e->live)) {
        return ROOMS_ERROR;
    }

    while (e->first != 0) {
        p = rooms_journal_rec(j, e->first);

        if (p->id > r->id) {
            break;
        }

        /* a copy of the same: the tail was about to pass this one */

        if (p->tag == ROOMS_JOURNAL_SNAPSHOT && p->id == r->id) {
            rooms_journal_flag(&p->flags, p->flags | ROOMS_JOURNAL_STALE);
        }

        rooms_journal_unlink(j, e, p);
    }

    rooms_journal_link(j, e, r, 0);

    rooms_journal_set(&e->base, r->id);
    rooms_journal_set32(&e->snapshot, r->fact);

    return ROOMS_OK;
}


static rooms_int_t
rooms_journal_scan(rooms_journal_t *j, rooms_journal_rec_t *r)
{
    rooms_int_t             rc;
    rooms_journal_index_t  *e;

    e = rooms_journal_find(j, r->hash);

    if (e == NULL) {
        e = rooms_journal_insert(j, r->hash, -1);
        if (e == NULL) {
            return ROOMS_ERROR;
        }
    }

    if (rooms_journal_check_prev(j, r, e) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    rooms_journal_set(&e->mark, r->pos);

    if (r->tag == ROOMS_JOURNAL_RECORD) {
        rooms_journal_scan_record(j, e, r);

    } else {
        if (r->prev > e->last) {
            rooms_journal_set(&e->last, r->prev);
        }

        rc = r->tag == ROOMS_JOURNAL_MOVED
                 ? rooms_journal_scan_moved(j, e, r)
                 : rooms_journal_scan_snapshot(j, e, r);

        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    rooms_journal_set(&e->deadline, e->live ? r->deadline : 0);
    rooms_journal_set32(&e->owner, e->live ? r->owner : 0);

    return ROOMS_OK;
}


/* Counts what the index says, and finds the largest live record. */

static void
rooms_journal_recount(rooms_journal_t *j)
{
    uint64_t                live, idle, largest, size, pos;
    uint32_t                n, rooms;
    rooms_journal_rec_t    *r;
    rooms_journal_index_t  *e;

    live = 0;
    idle = 0;
    rooms = 0;
    largest = 0;

    for (n = 0; n < j->capacity; n++) {
        e = rooms_journal_entry(j, n);

        if (e->hash[0] == 0) {
            continue;
        }

        rooms += e->live;
        live += e->octets;
        idle += rooms_journal_idle(e);

        for (pos = e->first; pos != 0; pos = r->next) {
            r = rooms_journal_rec(j, pos);
            size = rooms_journal_form(r->name, r->fact);

            if (size > largest) {
                largest = size;
            }
        }
    }

    rooms_journal_set32(&j->rooms, rooms);
    rooms_journal_set(&j->live, live);
    rooms_journal_set(&j->idle, idle);
    rooms_journal_set(&j->largest, largest);
    rooms_journal_set(&j->lap_largest, largest);
    rooms_journal_set(&j->lap, j->head);
}


rooms_int_t
rooms_journal_repair(rooms_journal_t *j, const char **reason)
{
    uint64_t              pos;
    rooms_journal_rec_t  *r;

    if (j->dirty) {
        rooms_journal_set(&j->repairs, j->repairs + 1);
    }

    rooms_journal_begin(j);
    rooms_journal_clean(j);
    rooms_journal_keep_repair(j);

    for (pos = j->tail; pos < j->head; pos += r->size) {
        r = rooms_journal_rec(j, pos);

        if (rooms_journal_check(j, r, pos) != ROOMS_OK) {
            *reason = "a record in the journal is damaged";
            return ROOMS_ERROR;
        }

        if (r->tag != ROOMS_JOURNAL_DIRECTED
            && rooms_journal_scan(j, r) != ROOMS_OK)
        {
            *reason = "the records in the journal do not fit together";
            return ROOMS_ERROR;
        }
    }

    rooms_journal_recount(j);

    /* finish a move that was cut short before the tail passed the original */

    r = rooms_journal_rec(j, j->tail);

    if (j->tail != j->head && (r->flags & ROOMS_JOURNAL_STALE)
        && rooms_journal_evict(j) == ROOMS_ERROR)
    {
        *reason = "a record in the journal was copied twice";
        return ROOMS_ERROR;
    }

    if (j->ring_size - (j->head - j->tail) < j->largest
        || j->live + j->max + j->largest > j->ring_size)
    {
        *reason = "the journal is fuller than it can be";
        return ROOMS_ERROR;
    }

    rooms_journal_done(j);

    return ROOMS_OK;
}


rooms_int_t
rooms_journal_attach(void *mem, size_t size, const char **reason)
{
    rooms_journal_t  *j, plan;

    j = mem;

    if (size < ROOMS_JOURNAL_MIN_SIZE || j->magic != ROOMS_JOURNAL_MAGIC) {
        *reason = "there is no journal";
        return ROOMS_ERROR;
    }

    if (j->version != ROOMS_JOURNAL_VERSION) {
        *reason = "the journal is of another version";
        return ROOMS_ERROR;
    }

    rooms_journal_geometry(&plan, size);

    if (j->size != plan.size || j->capacity != plan.capacity
        || j->index != plan.index || j->ring != plan.ring
        || j->ring_size != plan.ring_size || j->max != plan.max)
    {
        *reason = "the journal is of another size";
        return ROOMS_ERROR;
    }

    if (j->tail < ROOMS_JOURNAL_START || j->tail > j->head
        || j->head - j->tail > j->ring_size
        || j->head > (uint64_t) 1 << 62
        || j->head % 8 != 0 || j->tail % 8 != 0)
    {
        *reason = "the bounds of the journal are damaged";
        return ROOMS_ERROR;
    }

    j->file = 0;

    return rooms_journal_repair(j, reason);
}
