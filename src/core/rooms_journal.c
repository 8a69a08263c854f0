
/*
 * Copyright (C) nginx rooms contributors
 *
 * The journal of a zone: the writers.
 *
 * All writers go the same way: mark the journal dirty, make space, write the
 * records behind the head, publish them by one store to the head, bring the
 * index up to date, clear the mark.
 */


#include <rooms_journal_int.h>


/* A new room may not take what lets living ones go on. */

#define ROOMS_JOURNAL_NEW     70         /* percent of the ring */
#define ROOMS_JOURNAL_LIVING  85


typedef struct {
    uint64_t    size;                    /* of all records */
    uint64_t    live;                    /* of what will be state */
    uint64_t    largest;                 /* live record among them */
    uint32_t    log;                     /* octets of facts */
} rooms_journal_plan_t;


rooms_int_t
rooms_journal_init(void *mem, size_t size, uint64_t epoch, uint64_t key0,
    uint64_t key1)
{
    rooms_journal_t  *j;

    if (size < ROOMS_JOURNAL_MIN_SIZE) {
        return ROOMS_ERROR;
    }

    j = mem;

    memset(j, 0, sizeof(rooms_journal_t));

    rooms_journal_geometry(j, size);

    memset(rooms_journal_entry(j, 0), 0,
           j->capacity * sizeof(rooms_journal_index_t));

    j->version = ROOMS_JOURNAL_VERSION;
    j->epoch = epoch;
    j->key[0] = key0;
    j->key[1] = key1;
    j->head = ROOMS_JOURNAL_START;
    j->tail = ROOMS_JOURNAL_START;
    j->lap = ROOMS_JOURNAL_START;

    __atomic_store_n(&j->magic, ROOMS_JOURNAL_MAGIC, __ATOMIC_RELEASE);

    return ROOMS_OK;
}


uint64_t
rooms_journal_epoch(const rooms_journal_t *j)
{
    return j->epoch;
}


uint64_t
rooms_journal_hash(const rooms_journal_t *j, rooms_str_t room)
{
    uint64_t  hash[2];

    rooms_journal_digest(j->key, room, hash);

    return hash[0];
}


static rooms_int_t
rooms_journal_plan(const rooms_journal_t *j, const rooms_append_t *a,
    rooms_journal_plan_t *plan)
{
    uint64_t               form;
    unsigned               i;
    const rooms_record_t  *r;

    memset(plan, 0, sizeof(rooms_journal_plan_t));

    if (a->room.len == 0 || a->room.len > ROOMS_JOURNAL_NAME
        || (a->nrecords == 0 && !a->remove))
    {
        return ROOMS_ERROR;
    }

    if (a->nrecords == 0) {
        plan->size = rooms_journal_form(a->room.len, 0);
    }

    for (i = 0; i < a->nrecords; i++) {
        r = &a->records[i];

        if (r->fact.len > j->max || r->messages.len > j->max) {
            return ROOMS_ERROR;
        }

        plan->size += rooms_journal_form(a->room.len,
                                         r->fact.len + r->messages.len);

        if (plan->size > j->max) {
            return ROOMS_ERROR;
        }

        if (r->fact.len == 0 || a->remove) {
            continue;
        }

        form = rooms_journal_form(a->room.len, r->fact.len);

        plan->live += form;
        plan->log += (uint32_t) r->fact.len;

        if (form > plan->largest) {
            plan->largest = form;
        }
    }

    return plan->size > j->max ? ROOMS_ERROR : ROOMS_OK;
}


/*
 * Nonzero if the live octets may become so many, with a record of size
 * largest among them.
 */

static unsigned
rooms_journal_affords(const rooms_journal_t *j, uint64_t live,
    uint64_t largest, unsigned percent)
{
    if (largest < j->largest) {
        largest = j->largest;
    }

    return live + j->max + largest <= j->ring_size
           && (live <= j->ring_size / 100 * percent || live <= j->live);
}


static rooms_int_t
rooms_journal_admit(const rooms_journal_t *j, const rooms_append_t *a,
    const rooms_journal_plan_t *plan, const rooms_journal_index_t *e,
    uint64_t *last)
{
    unsigned  live;

    live = e != NULL && e->live;

    if (a->expected == ROOMS_JOURNAL_NONE) {

        if (live) {
            *last = e->last;
            return ROOMS_AGAIN;
        }

    } else if (a->expected != ROOMS_JOURNAL_ANY
               && (e == NULL || e->last != a->expected))
    {
        *last = e ? e->last : 0;
        return ROOMS_AGAIN;
    }

    if (plan->live != 0
        && !rooms_journal_affords(j, j->live + plan->live, plan->largest,
                                  live ? ROOMS_JOURNAL_LIVING
                                       : ROOMS_JOURNAL_NEW))
    {
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


/*
 * Writes the records and publishes them; the index is not touched yet.  What
 * cannot be kept in the file is not published: 0.
 */

static uint64_t
rooms_journal_publish(rooms_journal_t *j, const rooms_append_t *a,
    const rooms_journal_plan_t *plan, const rooms_journal_index_t *e,
    uint64_t *first, uint64_t *end)
{
    uint64_t               pos, back;
    unsigned               i, n;
    rooms_journal_rec_t    h;
    const rooms_record_t  *r;

    static const rooms_record_t  empty;

    memset(&h, 0, sizeof(rooms_journal_rec_t));

    h.tag = ROOMS_JOURNAL_RECORD;
    h.prev = e->last;
    h.time = a->now;
    h.hash[0] = e->hash[0];
    h.hash[1] = e->hash[1];
    h.name = (uint16_t) a->room.len;

    if (e->last == 0) {
        h.prev = rooms_journal_floor(j);
        h.flags = ROOMS_JOURNAL_FIRST;
    }

    if (!a->remove && (e->live || plan->live != 0)) {
        h.deadline = a->deadline;
        h.owner = a->owner;

        if (a->deadline == ROOMS_JOURNAL_KEEP) {
            h.deadline = e->deadline;
        }
    }

    pos = j->head;
    back = e->end;
    *first = e->first;

    n = a->nrecords ? a->nrecords : 1;

    for (i = 0; i < n; i++) {
        r = a->nrecords ? &a->records[i] : &empty;

        if (i == n - 1 && a->remove) {
            h.flags |= ROOMS_JOURNAL_REMOVE;
        }

        h.size = (uint32_t) rooms_journal_form(a->room.len,
                                               r->fact.len + r->messages.len);
        h.pos = pos;
        h.id = pos;
        h.back = 0;
        h.fact = (uint32_t) r->fact.len;
        h.messages = (uint32_t) r->messages.len;

        if (r->fact.len != 0) {
            h.back = back;

            if (back != 0) {
                rooms_journal_set(&rooms_journal_rec(j, back)->next, pos);

            } else {
                *first = pos;
            }

            back = pos;
        }

        pos = rooms_journal_write(j, &h, a->room.data, r->fact.data,
                                  r->messages.data);

        h.prev = h.pos;
        h.flags = 0;
    }

    *end = back;

    if (rooms_journal_keep(j, pos) != ROOMS_OK) {

        if (e->end != 0) {
            rooms_journal_set(&rooms_journal_rec(j, e->end)->next, 0);
        }

        return 0;
    }

    rooms_journal_set(&j->head, pos);

    return h.pos;
}


static void
rooms_journal_register(rooms_journal_t *j, const rooms_append_t *a,
    const rooms_journal_plan_t *plan, rooms_journal_index_t *e, uint64_t last,
    uint64_t first, uint64_t end)
{
    unsigned                    was;
    const rooms_journal_rec_t  *r;

    was = rooms_journal_idle(e);
    r = rooms_journal_rec(j, last);

    rooms_journal_set(&e->last, last);
    rooms_journal_set(&e->mark, last);
    rooms_journal_set(&e->deadline, r->deadline);
    rooms_journal_set32(&e->owner, r->owner);

    if (a->remove) {
        rooms_journal_set(&e->base, last);
        rooms_journal_set(&e->first, 0);
        rooms_journal_set(&e->end, 0);
        rooms_journal_set(&j->live, j->live - e->octets);
        rooms_journal_set(&e->octets, 0);
        rooms_journal_set32(&e->log, 0);
        rooms_journal_set32(&e->snapshot, 0);
        rooms_journal_set32(&j->rooms, j->rooms - e->live);
        rooms_journal_set32(&e->live, 0);

    } else if (plan->live != 0) {
        rooms_journal_set(&e->first, first);
        rooms_journal_set(&e->end, end);
        rooms_journal_set(&e->octets, e->octets + plan->live);
        rooms_journal_set(&j->live, j->live + plan->live);
        rooms_journal_set32(&e->log, e->log + plan->log);
        rooms_journal_set32(&j->rooms, j->rooms + !e->live);
        rooms_journal_set32(&e->live, 1);
    }

    rooms_journal_settle(j, e, was);
}


/* Makes space for size octets, with a live record of size largest in them. */

static rooms_int_t
rooms_journal_room_for(rooms_journal_t *j, uint64_t size, uint64_t largest,
    unsigned entry)
{
    rooms_int_t  rc;

    if (entry) {
        rc = rooms_journal_space(j, 0, 1);
        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    rooms_journal_enlarge(j, largest);

    rc = rooms_journal_space(j, size, 0);

    /* the lap may have ended on the way: the record belongs to the new one */

    rooms_journal_enlarge(j, largest);

    return rc;
}


rooms_int_t
rooms_journal_append(rooms_journal_t *j, const rooms_append_t *a,
    uint64_t *last, rooms_journal_room_t *room)
{
    uint64_t                hash[2], first, end, id;
    rooms_int_t             rc;
    rooms_journal_plan_t    plan;
    rooms_journal_index_t  *e;

    if (rooms_journal_plan(j, a, &plan) != ROOMS_OK
        || rooms_journal_ready(j) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    rooms_journal_digest(j->key, a->room, hash);

    e = rooms_journal_find(j, hash);

    rc = rooms_journal_admit(j, a, &plan, e, last);
    if (rc != ROOMS_OK) {
        return rc;
    }

    rooms_journal_begin(j);

    rc = rooms_journal_room_for(j, plan.size, plan.largest, e == NULL);
    if (rc != ROOMS_OK) {
        goto failed;
    }

    /* making space may have moved the entry, or dropped it */

    e = rooms_journal_find(j, hash);

    if (e == NULL) {
        e = rooms_journal_insert(j, hash, -1);
        if (e == NULL) {
            rc = ROOMS_ERROR;
            goto failed;
        }
    }

    rooms_journal_set(&j->time, a->now);

    id = rooms_journal_publish(j, a, &plan, e, &first, &end);

    if (id == 0) {
        rooms_journal_release(j, e);
        rc = ROOMS_DECLINED;
        goto failed;
    }

    *last = id;

    rooms_journal_register(j, a, &plan, e, *last, first, end);

    if (room != NULL) {
        rooms_journal_info(j, e, room);
    }

    rooms_journal_done(j);

    return ROOMS_OK;

failed:

    if (rc == ROOMS_DECLINED) {
        rooms_journal_done(j);
    }

    return rc;
}


rooms_int_t
rooms_journal_snapshot(rooms_journal_t *j, rooms_str_t room, uint64_t id,
    rooms_str_t state, uint64_t now)
{
    uint64_t                size, live;
    rooms_int_t             rc;
    rooms_journal_rec_t     h;
    rooms_journal_index_t  *e;

    if (rooms_journal_open(j, room, &e) != ROOMS_OK || e == NULL || !e->live
        || state.len > j->max)
    {
        return ROOMS_ERROR;
    }

    size = rooms_journal_form(room.len, state.len);

    if (size > j->max) {
        return ROOMS_ERROR;
    }

    if (e->last != id) {
        return ROOMS_AGAIN;
    }

    live = j->live - e->octets + size;

    if (!rooms_journal_affords(j, live, size, ROOMS_JOURNAL_LIVING)
        || j->live + size + (size > j->largest ? size : j->largest)
           > j->ring_size)
    {
        return ROOMS_DECLINED;
    }

    rooms_journal_begin(j);

    rc = rooms_journal_room_for(j, size, size, 0);
    if (rc != ROOMS_OK) {
        goto failed;
    }

    memset(&h, 0, sizeof(rooms_journal_rec_t));

    /* a live room's entry is not dropped, but may have been moved */

    rooms_journal_digest(j->key, room, h.hash);

    e = rooms_journal_find(j, h.hash);

    rooms_journal_set(&j->time, now);

    h.tag = ROOMS_JOURNAL_SNAPSHOT;
    h.size = (uint32_t) size;
    h.pos = j->head;
    h.id = id;
    h.prev = id;
    h.time = now;
    h.deadline = e->deadline;
    h.owner = e->owner;
    h.fact = (uint32_t) state.len;
    h.name = (uint16_t) room.len;

    rooms_journal_set(&j->head,
                      rooms_journal_write(j, &h, room.data, state.data, NULL));

    rooms_journal_set(&e->base, id);
    rooms_journal_set(&e->first, h.pos);
    rooms_journal_set(&e->end, h.pos);
    rooms_journal_set(&e->mark, h.pos);
    rooms_journal_set(&j->live, j->live - e->octets + size);
    rooms_journal_set(&e->octets, size);
    rooms_journal_set32(&e->log, 0);
    rooms_journal_set32(&e->snapshot, h.fact);

    rooms_journal_done(j);

    return ROOMS_OK;

failed:

    if (rc == ROOMS_DECLINED) {
        rooms_journal_done(j);
    }

    return rc;
}


rooms_int_t
rooms_journal_direct(rooms_journal_t *j, uint32_t to, rooms_str_t data,
    uint64_t now)
{
    rooms_int_t          rc;
    rooms_journal_rec_t  h;

    if (data.len > j->max || rooms_journal_form(0, data.len) > j->max
        || rooms_journal_ready(j) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    memset(&h, 0, sizeof(rooms_journal_rec_t));

    h.tag = ROOMS_JOURNAL_DIRECTED;
    h.size = (uint32_t) rooms_journal_form(0, data.len);
    h.time = now;
    h.owner = to;
    h.fact = (uint32_t) data.len;

    rooms_journal_begin(j);

    rc = rooms_journal_space(j, h.size, 0);

    if (rc == ROOMS_OK) {
        rooms_journal_set(&j->time, now);

        h.pos = j->head;
        h.id = j->head;

        rooms_journal_set(&j->head,
                          rooms_journal_write(j, &h, NULL, data.data, NULL));
    }

    if (rc != ROOMS_ERROR) {
        rooms_journal_done(j);
    }

    return rc;
}
