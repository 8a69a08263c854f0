
/*
 * Copyright (C) nginx rooms contributors
 *
 * The reader of a journal's file: which frames count, and the journal that
 * they make up.
 *
 * The last frame that is intact says where to begin; if there is a fault
 * between, the log ends before it.  Nothing is believed that a CRC does not
 * vouch for, and nothing that it does vouch for leads outside of the memory.
 */


#include <rooms_journal_frame.h>


typedef struct {
    const unsigned char  *p;             /* behind the head */
    uint64_t              id;
    uint64_t              capacity;
} rooms_image_t;


static void
rooms_image_get(const rooms_image_t *m, uint64_t at, void *dst, size_t n)
{
    size_t          part;
    uint64_t        offset;
    unsigned char  *p;

    p = dst;

    while (n != 0) {
        offset = at % m->capacity;
        part = n;

        if (part > m->capacity - offset) {
            part = (size_t) (m->capacity - offset);
        }

        memcpy(p, m->p + offset, part);

        p += part;
        at += part;
        n -= part;
    }
}


static rooms_int_t
rooms_image_crc(const rooms_image_t *m, const rooms_frame_t *h)
{
    size_t    n, part;
    uLong     crc;
    uint64_t  at, offset;

    crc = rooms_frame_crc(m->id, h);
    at = h->at + sizeof(rooms_frame_t);

    for (n = h->size - sizeof(rooms_frame_t); n != 0; n -= part) {
        offset = at % m->capacity;
        part = n;

        if (part > m->capacity - offset) {
            part = (size_t) (m->capacity - offset);
        }

        crc = crc32_z(crc, m->p + offset, part);
        at += part;
    }

    return crc == h->crc ? ROOMS_OK : ROOMS_ERROR;
}


/* The frame at an offset, if there is a whole one. */

static rooms_int_t
rooms_image_frame(const rooms_image_t *m, uint64_t offset, rooms_frame_t *h)
{
    rooms_image_get(m, offset, h, sizeof(rooms_frame_t));

    if (h->tag < ROOMS_FRAME_RECORDS || h->tag > ROOMS_FRAME_CLEAN
        || h->size < sizeof(rooms_frame_t) || h->size > m->capacity / 2
        || h->size % 8 != 0
        || h->at % m->capacity != offset % m->capacity
        || h->at > (uint64_t) 1 << 62
        || h->floor > h->at
        || h->at + h->size - h->floor > m->capacity)
    {
        return ROOMS_ERROR;
    }

    return rooms_image_crc(m, h);
}


/*
 * Finds the last whole frame that ends at or before limit, and the highest
 * "synced" of all.  ROOMS_DECLINED: there is none.
 */

static rooms_int_t
rooms_image_last(const rooms_image_t *m, uint64_t limit, rooms_frame_t *last,
    uint64_t *synced)
{
    uint32_t       tag;
    uint64_t       offset;
    rooms_int_t    rc;
    rooms_frame_t  h;

    rc = ROOMS_DECLINED;
    offset = 0;

    while (offset + 8 <= m->capacity) {

        memcpy(&tag, m->p + offset, sizeof(uint32_t));

        if (tag < ROOMS_FRAME_RECORDS || tag > ROOMS_FRAME_CLEAN
            || rooms_image_frame(m, offset, &h) != ROOMS_OK)
        {
            offset += 8;
            continue;
        }

        offset += h.size;

        if (h.synced > *synced) {
            *synced = h.synced;
        }

        if (h.at + h.size <= limit
            && (rc != ROOMS_OK || h.at > last->at))
        {
            *last = h;
            rc = ROOMS_OK;
        }
    }

    return rc;
}


/* Goes from the floor of the last frame to it; *at is where there is none. */

static rooms_int_t
rooms_image_chain(const rooms_image_t *m, const rooms_frame_t *last,
    uint64_t *at)
{
    rooms_frame_t  h;

    for (*at = last->floor; *at < last->at; *at += h.size) {

        if (rooms_image_frame(m, *at, &h) != ROOMS_OK || h.at != *at) {
            return ROOMS_ERROR;
        }
    }

    return *at == last->at ? ROOMS_OK : ROOMS_ERROR;
}


static unsigned
rooms_image_named(const unsigned char *field, size_t size, rooms_str_t name)
{
    size_t  i;

    for (i = 0; i < size; i++) {
        if (field[i] != (i < name.len ? name.data[i] : 0)) {
            return 0;
        }
    }

    return 1;
}


static rooms_int_t
rooms_image_head(const unsigned char *p, size_t len,
    const rooms_journal_owner_t *owner, rooms_file_head_t *h,
    const char **reason)
{
    if (len < ROOMS_JOURNAL_FILE_HEAD) {
        *reason = "it is too short to be a journal";
        return ROOMS_DECLINED;
    }

    memcpy(h, p, sizeof(rooms_file_head_t));

    if (memcmp(h->magic, ROOMS_FILE_MAGIC, sizeof(h->magic)) != 0) {
        *reason = "it is not a journal";
        return ROOMS_DECLINED;
    }

    if (h->order != ROOMS_FILE_ORDER) {
        *reason = "it is the journal of a machine with another byte order";
        return ROOMS_DECLINED;
    }

    if (h->version != ROOMS_FILE_VERSION
        || h->record != sizeof(rooms_journal_rec_t))
    {
        *reason = "it is a journal of another version";
        return ROOMS_DECLINED;
    }

    if (h->crc != rooms_file_crc(h)) {
        *reason = "its head is damaged";
        return ROOMS_ERROR;
    }

    if (!rooms_image_named(h->application, sizeof(h->application),
                           owner->application))
    {
        *reason = "it is the journal of another application";
        return ROOMS_DECLINED;
    }

    if (!rooms_image_named(h->app, sizeof(h->app), owner->app)) {
        *reason = "it is the journal of another rooms_app";
        return ROOMS_DECLINED;
    }

    if (h->size < ROOMS_JOURNAL_MIN_SIZE
        || h->size > (uint64_t) 1 << 48
        || h->capacity != rooms_journal_file_capacity((size_t) h->size))
    {
        *reason = "its head is damaged";
        return ROOMS_ERROR;
    }

    if (len < ROOMS_JOURNAL_FILE_HEAD + h->capacity) {
        *reason = "its end is missing";
        return ROOMS_ERROR;
    }

    if (len > ROOMS_JOURNAL_FILE_HEAD + h->capacity) {
        *reason = "it is longer than it can be";
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


/*
 * Nonzero: at the end begins a frame that is not whole.  What lies there
 * otherwise are older ones that have not been written over yet.
 */

static unsigned
rooms_image_torn(const rooms_image_t *m, uint64_t end)
{
    rooms_frame_t  h, old;

    rooms_image_get(m, end, &h, sizeof(rooms_frame_t));

    return h.at == end
           || (h.tag >= ROOMS_FRAME_RECORDS && h.tag <= ROOMS_FRAME_CLEAN
               && rooms_image_frame(m, end, &old) != ROOMS_OK);
}


rooms_int_t
rooms_journal_image(const unsigned char *p, size_t len,
    const rooms_journal_owner_t *owner, rooms_journal_image_t *image,
    const char **reason)
{
    uint64_t           at, limit, synced, most;
    unsigned           boot, dropped;
    rooms_int_t        rc;
    rooms_frame_t      last;
    rooms_image_t      m;
    rooms_file_head_t  h;

    rc = rooms_image_head(p, len, owner, &h, reason);
    if (rc != ROOMS_OK) {
        return rc;
    }

    m.p = p + ROOMS_JOURNAL_FILE_HEAD;
    m.id = h.id;
    m.capacity = h.capacity;

    *reason = "it is damaged";

    limit = UINT64_MAX;
    synced = h.synced;
    most = 0;

    memset(&last, 0, sizeof(rooms_frame_t));

    for ( ;; ) {

        if (rooms_image_last(&m, limit, &last, &synced) != ROOMS_OK
            || last.at + last.size < synced)
        {
            return ROOMS_ERROR;
        }

        if (most == 0) {
            most = last.at + last.size;
        }

        if (rooms_image_chain(&m, &last, &at) == ROOMS_OK) {
            break;
        }

        limit = at;
    }

    memset(image, 0, sizeof(rooms_journal_image_t));

    image->id = h.id;
    image->epoch = h.epoch;
    image->key[0] = h.key[0];
    image->key[1] = h.key[1];
    image->size = h.size;
    image->capacity = h.capacity;
    image->first = last.floor;
    image->end = last.at + last.size;
    image->synced = synced;
    image->tail = last.tail;
    image->cut = most - image->end;

    boot = owner->boot.len != 0
           && rooms_image_named(h.boot, sizeof(h.boot), owner->boot);

    dropped = image->cut != 0 || rooms_image_torn(&m, image->end);

    if (h.always) {
        image->whole = !(boot && image->cut != 0);

    } else {
        image->whole = !dropped && (boot || (last.tag == ROOMS_FRAME_CLEAN
                                             && last.synced == last.at));
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_image_records(const rooms_image_t *m, rooms_journal_t *j,
    const rooms_frame_t *f, uint32_t nobody)
{
    size_t                n;
    uint64_t              at, end, pos;
    unsigned              holes;
    rooms_journal_rec_t   h, *r;

    pos = f->pos;
    at = f->at + sizeof(rooms_frame_t);
    end = f->at + f->size;
    holes = f->holes;

    for ( /* void */ ; at < end; at += n, pos += h.size) {

        if (end - at < sizeof(rooms_journal_rec_t)) {
            return ROOMS_ERROR;
        }

        rooms_image_get(m, at, &h, sizeof(rooms_journal_rec_t));

        if (h.size < sizeof(rooms_journal_rec_t)
            || h.size > j->max || h.size % 8 != 0
            || h.pos != pos)
        {
            return ROOMS_ERROR;
        }

        n = h.size;

        if (h.tag == ROOMS_JOURNAL_DIRECTED && holes != 0) {
            n = sizeof(rooms_journal_rec_t);
            holes--;
        }

        if (n > end - at) {
            return ROOMS_ERROR;
        }

        if (pos < j->tail) {
            continue;
        }

        r = rooms_journal_rec(j, pos);

        rooms_image_get(m, at, r, n);

        j->time = r->time;
        r->flags &= (uint16_t) ~ROOMS_JOURNAL_STALE;

        if (r->owner != 0 && r->tag != ROOMS_JOURNAL_DIRECTED) {
            r->owner = nobody;
        }
    }

    j->head = pos;

    return ROOMS_OK;
}


static rooms_int_t
rooms_image_apply(const rooms_image_t *m, rooms_journal_t *j,
    const rooms_frame_t *f, uint32_t nobody)
{
    rooms_frame_touch_t   t;
    rooms_journal_rec_t  *r;

    /* the first one tells where the log is; then there are no gaps */

    if (j->head == 0) {
        j->head = f->pos;

        if (f->tag == ROOMS_FRAME_TOUCH) {
            return ROOMS_ERROR;
        }
    }

    if (f->pos % 8 != 0 || f->pos > j->head
        || f->pos < ROOMS_JOURNAL_START)
    {
        return ROOMS_ERROR;
    }

    switch (f->tag) {

    case ROOMS_FRAME_RECORDS:
        return rooms_image_records(m, j, f, nobody);

    case ROOMS_FRAME_TOUCH:

        if (f->size != sizeof(rooms_frame_t) + sizeof(rooms_frame_touch_t)) {
            return ROOMS_ERROR;
        }

        rooms_image_get(m, f->at + sizeof(rooms_frame_t), &t,
                        sizeof(rooms_frame_touch_t));

        if (f->pos < j->tail) {
            return ROOMS_OK;
        }

        r = rooms_journal_rec(j, f->pos);

        if (r->pos != f->pos || r->tag == ROOMS_JOURNAL_DIRECTED) {
            return ROOMS_ERROR;
        }

        r->deadline = t.deadline;
        r->owner = t.owner ? nobody : 0;

        return ROOMS_OK;

    default:
        j->head = f->pos;
        return ROOMS_OK;
    }
}


rooms_int_t
rooms_journal_load_image(const unsigned char *p,
    const rooms_journal_image_t *image, void *mem, uint32_t nobody,
    const char **reason)
{
    uint64_t          at;
    rooms_frame_t     h;
    rooms_image_t     m;
    rooms_journal_t  *j;

    *reason = "its records do not fit together";

    m.p = p + ROOMS_JOURNAL_FILE_HEAD;
    m.id = image->id;
    m.capacity = image->capacity;

    if (rooms_journal_init(mem, (size_t) image->size, image->epoch,
                           image->key[0], image->key[1])
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    j = mem;

    j->head = 0;
    j->tail = image->tail;

    for (at = image->first; at < image->end; at += h.size) {

        if (rooms_image_frame(&m, at, &h) != ROOMS_OK || h.at != at
            || rooms_image_apply(&m, j, &h, nobody) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    j->lap = j->head;

    return rooms_journal_attach(mem, (size_t) image->size, reason);
}


/* Evicts until no record is too large for the other ring, nor all of them. */

static rooms_int_t
rooms_journal_shrink(rooms_journal_t *from, const rooms_journal_t *to)
{
    uint64_t                    pos, end;
    rooms_int_t                 rc;
    const rooms_journal_rec_t  *r;

    end = from->tail;

    for (pos = from->tail; pos < from->head; pos += r->size) {
        r = rooms_journal_rec(from, pos);

        if (r->size > to->max) {
            end = pos + r->size;
        }
    }

    while (from->tail < end
           || from->head - from->tail + from->largest > to->ring_size
           || from->entries > rooms_journal_limit(to))
    {
        rc = rooms_journal_evict(from);
        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_journal_refit(rooms_journal_t *from, void *mem, size_t size,
    const char **reason)
{
    uint64_t              pos, largest;
    rooms_journal_t      *to;
    rooms_journal_rec_t  *r;

    if (rooms_journal_init(mem, size, from->epoch, from->key[0],
                           from->key[1])
        != ROOMS_OK)
    {
        *reason = "the zone is too small for a journal";
        return ROOMS_DECLINED;
    }

    to = mem;
    largest = from->largest;

    if (largest > to->max || from->live + to->max + largest > to->ring_size
        || from->entries - from->idle > rooms_journal_limit(to))
    {
        *reason = "the rooms in it need a larger zone";
        return ROOMS_DECLINED;
    }

    if (rooms_journal_shrink(from, to) != ROOMS_OK) {
        *reason = "its records do not fit together";
        return ROOMS_ERROR;
    }

    for (pos = from->tail; pos < from->head; pos += r->size) {
        r = rooms_journal_rec(from, pos);
        memcpy(rooms_journal_rec(to, pos), r, r->size);
    }

    to->tail = from->tail;
    to->head = from->head;
    to->time = from->time;

    return rooms_journal_attach(mem, size, reason);
}
