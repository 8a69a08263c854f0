
/*
 * Copyright (C) nginx rooms contributors
 *
 * The ring of a journal: writing at the head, making space at the tail, and
 * reading without a lock.
 *
 * A reader copies a record and then looks at the tail again.  A writer moves
 * the tail first and writes over what lay before it after that, so a record
 * the tail has not passed was copied whole.
 */


#include <rooms_journal_int.h>


#ifdef ROOMS_JOURNAL_TEST

void    (*rooms_journal_stored)(void);
size_t    rooms_journal_tear;

#endif


void
rooms_journal_begin(rooms_journal_t *j)
{
    rooms_journal_set(&j->dirty, 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}


void
rooms_journal_done(rooms_journal_t *j)
{
    rooms_journal_set(&j->dirty, 0);
}


void
rooms_journal_enlarge(rooms_journal_t *j, uint64_t size)
{
    if (size > j->largest) {
        rooms_journal_set(&j->largest, size);
    }

    if (size > j->lap_largest) {
        rooms_journal_set(&j->lap_largest, size);
    }
}


uint64_t
rooms_journal_write(rooms_journal_t *j, rooms_journal_rec_t *h,
    const void *name, const void *fact, const void *messages)
{
    unsigned char  *p;

    /* what is written over must be seen to be gone before it changes */

    __atomic_thread_fence(__ATOMIC_RELEASE);

    p = (unsigned char *) rooms_journal_rec(j, h->pos);

    rooms_journal_copy(p, h, sizeof(rooms_journal_rec_t));
    p += sizeof(rooms_journal_rec_t);

    rooms_journal_copy(p, name, h->name);
    p += h->name;

    rooms_journal_copy(p, fact, h->fact);
    p += h->fact;

    rooms_journal_copy(p, messages, h->messages);

    return h->pos + h->size;
}


/* Copies a live record from the tail to the head, without its messages. */

static rooms_int_t
rooms_journal_move(rooms_journal_t *j, rooms_journal_rec_t *r,
    rooms_journal_index_t *e)
{
    uint64_t             pos;
    rooms_journal_rec_t  h;

    h = *r;

    h.size = (uint32_t) rooms_journal_form(r->name, r->fact);

    if (j->ring_size - (j->head - j->tail) < h.size) {
        return ROOMS_ERROR;
    }

    if (h.tag == ROOMS_JOURNAL_RECORD) {
        h.tag = ROOMS_JOURNAL_MOVED;
    }

    pos = j->head;

    h.pos = pos;
    h.prev = e->last;
    h.forward = 0;
    h.time = j->time;
    h.deadline = e->deadline;
    h.owner = e->owner;
    h.messages = 0;
    h.flags = 0;

    rooms_journal_enlarge(j, h.size);

    rooms_journal_set(&j->head,
                      rooms_journal_write(j, &h, rooms_journal_name(r),
                                          rooms_journal_fact(r), NULL));

    if (h.back != 0) {
        rooms_journal_set(&rooms_journal_rec(j, h.back)->next, pos);

    } else {
        rooms_journal_set(&e->first, pos);
    }

    if (h.next != 0) {
        rooms_journal_set(&rooms_journal_rec(j, h.next)->back, pos);

    } else {
        rooms_journal_set(&e->end, pos);
    }

    rooms_journal_set(&e->mark, pos);

    return ROOMS_OK;
}


static unsigned
rooms_journal_is_live(const rooms_journal_rec_t *r,
    const rooms_journal_index_t *e)
{
    if (!e->live) {
        return 0;
    }

    if (r->tag == ROOMS_JOURNAL_SNAPSHOT) {
        return r->pos == e->first;
    }

    return r->fact != 0
           && r->id > e->base
           && (r->flags & ROOMS_JOURNAL_STALE) == 0;
}


rooms_int_t
rooms_journal_evict(rooms_journal_t *j)
{
    uint64_t                pos, size;
    rooms_journal_rec_t    *r;
    rooms_journal_file_t   *f;
    rooms_journal_index_t  *e;

    pos = j->tail;

    if (pos == j->head) {
        return ROOMS_ERROR;
    }

    f = rooms_journal_file(j);

    if (f != NULL && pos >= f->kept
        && rooms_journal_keep(j, j->head) != ROOMS_OK)
    {
        return ROOMS_DECLINED;
    }

    r = rooms_journal_rec(j, pos);
    size = r->size;
    e = NULL;

    if (r->tag != ROOMS_JOURNAL_DIRECTED) {
        e = rooms_journal_find(j, r->hash);

        if (e != NULL && rooms_journal_is_live(r, e)
            && rooms_journal_move(j, r, e) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    rooms_journal_set(&j->tail, pos + size);

    if (e != NULL && e->mark == pos) {
        rooms_journal_set(&e->mark, 0);
        rooms_journal_release(j, e);
    }

    if (j->tail >= j->lap) {
        rooms_journal_set(&j->largest, j->lap_largest);
        rooms_journal_set(&j->lap_largest, 0);
        rooms_journal_set(&j->lap, j->head);
    }

    /* what cannot be written now is tried again with the next append */

    if (f != NULL && j->head - f->kept >= ROOMS_JOURNAL_FILE_LAG) {
        (void) rooms_journal_keep(j, j->head);
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_journal_space(rooms_journal_t *j, uint64_t size, unsigned entry)
{
    rooms_int_t  rc;

    while (entry && j->entries >= rooms_journal_limit(j)) {

        if (j->idle == 0) {
            return ROOMS_DECLINED;
        }

        rc = rooms_journal_evict(j);
        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    while (j->ring_size - (j->head - j->tail) < size + j->largest) {

        rc = rooms_journal_evict(j);
        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    return ROOMS_OK;
}


uint64_t
rooms_journal_head(const rooms_journal_t *j)
{
    return __atomic_load_n(&j->head, __ATOMIC_ACQUIRE);
}


/* Takes a record apart that was copied whole. */

static rooms_int_t
rooms_journal_entry_of(const rooms_journal_rec_t *r, uint64_t pos,
    rooms_journal_entry_t *e)
{
    if (r->pos != pos
        || rooms_journal_form(r->name, (uint64_t) r->fact + r->messages)
           != r->size)
    {
        return ROOMS_ERROR;
    }

    e->kind = r->tag == ROOMS_JOURNAL_RECORD ? ROOMS_ENTRY_RECORD
                                             : ROOMS_ENTRY_DIRECTED;
    e->id = r->id;
    e->prev = r->flags & ROOMS_JOURNAL_FIRST ? 0 : r->prev;
    e->time = r->time;
    e->hash = r->hash[0];
    e->to = e->kind == ROOMS_ENTRY_DIRECTED ? r->owner : 0;
    e->room = rooms_str(rooms_journal_name(r), r->name);
    e->fact = rooms_str(rooms_journal_fact(r), r->fact);
    e->messages = rooms_str(rooms_journal_messages(r), r->messages);
    e->removed = (r->flags & ROOMS_JOURNAL_REMOVE) != 0;

    return ROOMS_OK;
}


/* Nonzero if the tail has passed pos by now; the octets read are waste. */

static uint64_t
rooms_journal_passed(const rooms_journal_t *j, uint64_t pos)
{
    uint64_t  tail;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    tail = __atomic_load_n(&j->tail, __ATOMIC_ACQUIRE);

    return tail > pos ? tail : 0;
}


rooms_int_t
rooms_journal_read(const rooms_journal_t *j, uint64_t *cursor,
    rooms_buf_t *buf, rooms_journal_entry_t *e)
{
    uint32_t                    tag, size;
    uint64_t                    pos, head, tail;
    unsigned char              *p;
    const rooms_journal_rec_t  *r;

    head = __atomic_load_n(&j->head, __ATOMIC_ACQUIRE);

    for (pos = *cursor; pos != head; pos += size) {

        tail = rooms_journal_passed(j, pos);

        if (tail != 0 || pos > head) {
            *cursor = tail ? tail : __atomic_load_n(&j->tail, __ATOMIC_ACQUIRE);
            return ROOMS_DECLINED;
        }

        if (pos % 8 != 0) {
            return ROOMS_ERROR;
        }

        r = rooms_journal_rec(j, pos);

        tag = __atomic_load_n(&r->tag, __ATOMIC_RELAXED);
        size = __atomic_load_n(&r->size, __ATOMIC_RELAXED);

        if (size < sizeof(rooms_journal_rec_t) || size > j->max
            || size > head - pos)
        {
            goto damaged;
        }

        if (tag == ROOMS_JOURNAL_SNAPSHOT || tag == ROOMS_JOURNAL_MOVED) {

            tail = rooms_journal_passed(j, pos);

            if (tail != 0) {
                *cursor = tail;
                return ROOMS_DECLINED;
            }

            continue;
        }

        if (tag != ROOMS_JOURNAL_RECORD && tag != ROOMS_JOURNAL_DIRECTED) {
            goto damaged;
        }

        rooms_buf_reset(buf);

        p = rooms_buf_reserve(buf, size);
        if (p == NULL) {
            return ROOMS_ERROR;
        }

        memcpy(p, r, size);
        buf->len = size;

        tail = rooms_journal_passed(j, pos);

        if (tail != 0) {
            *cursor = tail;
            return ROOMS_DECLINED;
        }

        if (rooms_journal_entry_of((rooms_journal_rec_t *) p, pos, e)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        *cursor = pos + size;

        return ROOMS_OK;
    }

    *cursor = pos;

    return ROOMS_AGAIN;

damaged:

    /* or, far more likely, what was read has been written over meanwhile */

    tail = rooms_journal_passed(j, pos);

    if (tail != 0) {
        *cursor = tail;
        return ROOMS_DECLINED;
    }

    return ROOMS_ERROR;
}


void
rooms_journal_stat(const rooms_journal_t *j, rooms_journal_stat_t *st)
{
    memset(st, 0, sizeof(rooms_journal_stat_t));

    /* no lock is needed: the tail must not have moved while it is read */

    do {
        st->tail = __atomic_load_n(&j->tail, __ATOMIC_ACQUIRE);
        st->head = __atomic_load_n(&j->head, __ATOMIC_ACQUIRE);
        st->oldest = 0;

        if (st->tail != st->head) {
            st->oldest = rooms_journal_rec(j, st->tail)->time;
        }

    } while (rooms_journal_passed(j, st->tail));

    st->size = j->ring_size;
    st->used = (size_t) (st->head - st->tail);
    st->live = (size_t) j->live;
    st->rooms = j->rooms;
    st->entries = j->entries;
    st->capacity = rooms_journal_limit(j);
    st->repairs = j->repairs;
}
