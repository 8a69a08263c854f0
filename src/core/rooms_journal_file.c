
/*
 * Copyright (C) nginx rooms contributors
 *
 * The writer of a journal's file.
 *
 * A writer may die anywhere here: the octets it wrote behind f->at do not
 * exist for others until that is moved, and records that stand in the file
 * without having been published are written again, and the later frame counts.
 */


#include <rooms_journal_frame.h>


/* Octets of the ring that are moved on for a change without a record. */

#define ROOMS_JOURNAL_FILE_PACE  1024


const rooms_journal_io_t  *rooms_journal_io;


uint64_t
rooms_journal_file_capacity(size_t size)
{
    rooms_journal_t  plan;

    /*
     * the smallest records take half as much again in their frames; the rest
     * is for what is written until the next sync
     */

    rooms_journal_geometry(&plan, size);

    return plan.ring_size * 2 + ROOMS_JOURNAL_FILE_LAG;
}


/* Where a reader begins to have all of the ring from the tail on. */

static uint64_t
rooms_journal_file_floor(const rooms_journal_file_t *f, uint64_t tail)
{
    uint32_t  n;

    for (n = f->last; n != f->first; n--) {
        if (f->marks[(n - 1) % ROOMS_JOURNAL_FILE_MARKS].pos <= tail) {
            return f->marks[(n - 1) % ROOMS_JOURNAL_FILE_MARKS].at;
        }
    }

    return f->safe;
}


/* Remembers where a frame of records began; not more often than need be. */

static void
rooms_journal_file_mark(rooms_journal_file_t *f, uint64_t pos)
{
    uint32_t               n;
    rooms_journal_mark_t  *m;

    n = f->last - f->first;

    while (n > 1
           && f->marks[(f->first + 1) % ROOMS_JOURNAL_FILE_MARKS].pos
              <= f->tail)
    {
        rooms_journal_set32(&f->first, f->first + 1);
        n--;
    }

    if (n != 0) {
        m = &f->marks[(f->last - 1) % ROOMS_JOURNAL_FILE_MARKS];

        if (n == ROOMS_JOURNAL_FILE_MARKS
            || f->at - m->at < f->capacity / (ROOMS_JOURNAL_FILE_MARKS / 2))
        {
            return;
        }
    }

    m = &f->marks[f->last % ROOMS_JOURNAL_FILE_MARKS];

    rooms_journal_set(&m->pos, pos);
    rooms_journal_set(&m->at, f->at);
    rooms_journal_set32(&f->last, f->last + 1);
}


void
rooms_journal_file_written(rooms_journal_file_t *f, rooms_journal_sync_t *s)
{
    s->at = f->at;
    s->floor = f->floor;
}


void
rooms_journal_file_synced(rooms_journal_file_t *f,
    const rooms_journal_sync_t *s, unsigned ok)
{
    if (!ok) {
        rooms_journal_set(&f->failures, f->failures + 1);
        rooms_journal_set32(&f->broken, 1);
        return;
    }

    rooms_journal_set(&f->syncs, f->syncs + 1);

    if (s->at > f->synced && !f->broken) {
        rooms_journal_set(&f->safe, s->floor);
        rooms_journal_set(&f->synced, s->at);
    }
}


unsigned
rooms_journal_file_pending(const rooms_journal_file_t *f)
{
    return __atomic_load_n(&f->at, __ATOMIC_ACQUIRE)
           != __atomic_load_n(&f->synced, __ATOMIC_ACQUIRE);
}


static rooms_int_t
rooms_journal_file_sync(rooms_journal_file_t *f)
{
    rooms_journal_sync_t  s;

    rooms_journal_file_written(f, &s);

    rooms_journal_file_synced(f, &s,
                              rooms_journal_io->sync(f->handle) == ROOMS_OK);

    return f->broken ? ROOMS_DECLINED : ROOMS_OK;
}


/* Writes parts of a frame, one behind the other, from "at" of the log on. */

static rooms_int_t
rooms_journal_file_write(rooms_journal_file_t *f, rooms_str_t *parts,
    unsigned n, uint64_t at)
{
    size_t       len;
    uint64_t     offset, rest;
    unsigned     i;
    rooms_str_t  cut;

    offset = at % f->capacity;
    rest = f->capacity - offset;
    len = 0;

    for (i = 0; i < n; i++) {

        if (len + parts[i].len > rest) {
            break;
        }

        len += parts[i].len;
    }

    if (i == n) {
        return rooms_journal_io->write(f->handle, parts, n,
                                       ROOMS_JOURNAL_FILE_HEAD + offset);
    }

    cut = parts[i];
    parts[i].len = (size_t) (rest - len);

    if (rooms_journal_io->write(f->handle, parts, i + 1,
                                ROOMS_JOURNAL_FILE_HEAD + offset)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    parts[i].data = cut.data + parts[i].len;
    parts[i].len = cut.len - parts[i].len;

    return rooms_journal_io->write(f->handle, parts + i, n - i,
                                   ROOMS_JOURNAL_FILE_HEAD);
}


/*
 * One frame: *h says what it is, pos and tail; parts are its content, behind
 * one that is free for the head.
 */

static rooms_int_t
rooms_journal_file_frame(rooms_journal_file_t *f, rooms_frame_t *h,
    rooms_str_t *parts, unsigned n)
{
    size_t    size;
    unsigned  i;

    size = sizeof(rooms_frame_t);

    for (i = 1; i < n; i++) {
        size += parts[i].len;
    }

    if (f->broken || size > f->capacity / 2) {
        return ROOMS_DECLINED;
    }

    if (f->at + size > f->safe + f->capacity
        && (rooms_journal_file_sync(f) != ROOMS_OK
            || f->at + size > f->safe + f->capacity))
    {
        return ROOMS_DECLINED;
    }

    h->size = (uint32_t) size;
    h->at = f->at;
    h->floor = rooms_journal_file_floor(f, h->tail);
    h->synced = f->synced;

    /* the first one of all has no mark to begin from yet */

    if (f->first == f->last) {
        h->floor = f->at;
    }

    h->crc = rooms_frame_crc(f->id, h);

    for (i = 1; i < n; i++) {
        h->crc = (uint32_t) crc32_z(h->crc, parts[i].data, parts[i].len);
    }

    parts[0] = rooms_str(h, sizeof(rooms_frame_t));

    if (rooms_journal_file_write(f, parts, n, f->at) != ROOMS_OK) {
        rooms_journal_set(&f->failures, f->failures + 1);
        return ROOMS_DECLINED;
    }

    if (h->tag == ROOMS_FRAME_RECORDS || h->tag == ROOMS_FRAME_CUT) {
        rooms_journal_file_mark(f, h->pos);
    }

    rooms_journal_set(&f->tail, h->tail);
    rooms_journal_set(&f->floor, h->floor);
    rooms_journal_set(&f->at, f->at + size);

    /* that it is not clean any more must not be what the disk does not have */

    if (f->clean && h->tag != ROOMS_FRAME_CLEAN) {
        rooms_journal_set32(&f->clean, 0);
        return rooms_journal_file_sync(f);
    }

    return ROOMS_OK;
}


/* What the file has behind pos was never published, or there is nothing. */

static rooms_int_t
rooms_journal_file_cut(rooms_journal_file_t *f, uint64_t pos, uint64_t tail)
{
    rooms_int_t    rc;
    rooms_str_t    part;
    rooms_frame_t  h;

    memset(&h, 0, sizeof(rooms_frame_t));

    h.tag = ROOMS_FRAME_CUT;
    h.pos = pos;
    h.tail = tail;

    rc = rooms_journal_file_frame(f, &h, &part, 1);

    if (rc == ROOMS_OK) {
        rooms_journal_set(&f->kept, pos);
    }

    return rc;
}


/* Adds octets to the last part, where they follow it, or as one more. */

static unsigned
rooms_journal_file_part(rooms_str_t *parts, unsigned n, const void *data,
    size_t len)
{
    if (n > 1 && parts[n - 1].data + parts[n - 1].len == data) {
        parts[n - 1].len += len;
        return n;
    }

    parts[n] = rooms_str(data, len);

    return n + 1;
}


/*
 * The records from pos to end in one frame.  Of directed ones just the head
 * is written, for as many as may be.
 */

static rooms_int_t
rooms_journal_file_records(rooms_journal_t *j, rooms_journal_file_t *f,
    uint64_t pos, uint64_t end, uint64_t tail)
{
    unsigned                    n;
    rooms_int_t                 rc;
    rooms_str_t                 parts[ROOMS_FRAME_HOLES + 4];
    rooms_frame_t               h;
    const rooms_journal_rec_t  *r;

    memset(&h, 0, sizeof(rooms_frame_t));

    h.tag = ROOMS_FRAME_RECORDS;
    h.pos = pos;
    h.tail = tail;

    n = 1;

    for ( /* void */ ; pos < end; pos += r->size) {
        r = rooms_journal_rec(j, pos);

        if (r->tag == ROOMS_JOURNAL_DIRECTED && h.holes < ROOMS_FRAME_HOLES) {
            n = rooms_journal_file_part(parts, n, r,
                                        sizeof(rooms_journal_rec_t));
            h.holes++;
            continue;
        }

        n = rooms_journal_file_part(parts, n, r, r->size);
    }

    rc = rooms_journal_file_frame(f, &h, parts, n);

    if (rc == ROOMS_OK) {
        rooms_journal_set(&f->kept, end);
    }

    return rc;
}


rooms_int_t
rooms_journal_keep(rooms_journal_t *j, uint64_t head)
{
    rooms_journal_file_t  *f;

    f = rooms_journal_file(j);

    if (f == NULL || f->kept == head) {
        return ROOMS_OK;
    }

    return rooms_journal_file_records(j, f, f->kept, head, j->tail);
}


/* Where it cannot be said now, the next record of the ring says it. */

void
rooms_journal_keep_repair(rooms_journal_t *j)
{
    rooms_journal_file_t  *f;

    f = rooms_journal_file(j);

    if (f != NULL && f->kept > j->head) {
        rooms_journal_set(&f->kept, j->head);
        (void) rooms_journal_file_cut(f, j->head, f->tail);
    }
}


/*
 * Changes without records take space in the file, but move nothing on: then
 * the ring is, so that there is an end to it.
 */

void
rooms_journal_keep_touch(rooms_journal_t *j, const rooms_journal_rec_t *r)
{
    uint64_t               ring, pos;
    rooms_str_t            parts[2];
    rooms_frame_t          h;
    rooms_frame_touch_t    t;
    rooms_journal_file_t  *f;

    f = rooms_journal_file(j);

    if (f == NULL) {
        return;
    }

    memset(&h, 0, sizeof(rooms_frame_t));
    memset(&t, 0, sizeof(rooms_frame_touch_t));

    h.tag = ROOMS_FRAME_TOUCH;
    h.pos = r->pos;
    h.tail = j->tail;

    t.deadline = r->deadline;
    t.owner = r->owner;

    parts[1] = rooms_str(&t, sizeof(rooms_frame_touch_t));

    if (rooms_journal_keep(j, j->head) != ROOMS_OK
        || rooms_journal_file_frame(f, &h, parts, 2) != ROOMS_OK)
    {
        return;
    }

    ring = j->ring_size;

    for (pos = j->tail;
         f->at - rooms_journal_file_floor(f, j->tail) > ring + ring / 4 * 3
         && j->tail - pos < ROOMS_JOURNAL_FILE_PACE;
         /* void */)
    {
        if (rooms_journal_evict(j) != ROOMS_OK) {
            break;
        }
    }
}


static void
rooms_journal_file_name(unsigned char *p, size_t size, rooms_str_t name)
{
    memset(p, 0, size);

    if (name.len != 0) {
        memcpy(p, name.data, name.len < size ? name.len : size);
    }
}


static rooms_int_t
rooms_journal_file_head(const rooms_journal_t *j,
    const rooms_journal_file_t *f, const rooms_journal_owner_t *owner)
{
    rooms_str_t        part;
    rooms_file_head_t  h;

    memset(&h, 0, sizeof(rooms_file_head_t));

    memcpy(h.magic, ROOMS_FILE_MAGIC, sizeof(h.magic));

    h.order = ROOMS_FILE_ORDER;
    h.version = ROOMS_FILE_VERSION;
    h.record = sizeof(rooms_journal_rec_t);
    h.always = owner->always;
    h.id = f->id;
    h.epoch = j->epoch;
    h.key[0] = j->key[0];
    h.key[1] = j->key[1];
    h.size = j->size;
    h.capacity = f->capacity;
    h.synced = f->at;

    rooms_journal_file_name(h.app, sizeof(h.app), owner->app);
    rooms_journal_file_name(h.application, sizeof(h.application),
                            owner->application);
    rooms_journal_file_name(h.boot, sizeof(h.boot), owner->boot);

    h.crc = rooms_file_crc(&h);

    part = rooms_str(&h, sizeof(rooms_file_head_t));

    return rooms_journal_io->write(f->handle, &part, 1, 0);
}


rooms_int_t
rooms_journal_file_start(rooms_journal_t *j, rooms_journal_file_t *f,
    uint32_t handle, uint64_t id, const rooms_journal_owner_t *owner)
{
    uint64_t                    pos, end;
    const rooms_journal_rec_t  *r;

    memset(f, 0, sizeof(rooms_journal_file_t));

    f->id = id;
    f->capacity = rooms_journal_file_capacity(j->size);
    f->handle = handle;
    f->kept = j->tail;
    f->tail = j->tail;

    for (pos = j->tail; pos < j->head; pos = end) {

        for (end = pos;
             end < j->head && end - pos < ROOMS_JOURNAL_FILE_LAG;
             end += r->size)
        {
            r = rooms_journal_rec(j, end);
        }

        if (rooms_journal_file_records(j, f, pos, end, j->tail) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    /* there is always one frame, which knows the head */

    if (rooms_journal_file_cut(f, j->head, j->tail) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    f->synced = f->at;
    f->safe = f->floor;

    if (rooms_journal_file_head(j, f, owner) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    rooms_journal_set(&j->file, (uint64_t) ((uintptr_t) f - (uintptr_t) j));

    return ROOMS_OK;
}


void
rooms_journal_file_finish(rooms_journal_t *j)
{
    rooms_str_t            part;
    rooms_frame_t          h;
    rooms_journal_file_t  *f;

    f = rooms_journal_file(j);

    if (f == NULL || rooms_journal_ready(j) != ROOMS_OK
        || rooms_journal_keep(j, j->head) != ROOMS_OK
        || f->clean
        || rooms_journal_file_sync(f) != ROOMS_OK)
    {
        return;
    }

    memset(&h, 0, sizeof(rooms_frame_t));

    h.tag = ROOMS_FRAME_CLEAN;
    h.pos = j->head;
    h.tail = j->tail;

    if (rooms_journal_file_frame(f, &h, &part, 1) == ROOMS_OK) {
        rooms_journal_set32(&f->clean, 1);
        (void) rooms_journal_file_sync(f);
    }
}
