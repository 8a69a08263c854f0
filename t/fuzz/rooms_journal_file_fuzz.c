
/*
 * Copyright (C) nginx rooms contributors
 *
 * The file of a journal that is not as it was written.
 *
 * Input: one octet, then changes.  The octet's lowest three bits choose the
 * file, bit 3 how it is changed.
 *
 * 0: as a disk does it, in changes of 4 octets: a bit is flipped, or a sector
 * lost, or as it was some time before, or the end is cut off.  Then the file
 * is refused, or what is read is what was written, up to some record.
 *
 * 1: as somebody does who knows the format, in changes of 11 octets: which
 * word (two octets: of the file, or, if the highest bit is set, of one of the
 * frames), how, and eight octets of value; all CRCs are right in the end.
 * Then it is refused, or everything works within the bounds of the memory.
 * The octet's other bits say how much larger the zone is into which the
 * journal is put then.
 */


#include "rooms_journal_use.h"
#include "../unit/rooms_journal_disk.h"


#define SIZE     ROOMS_JOURNAL_MIN_SIZE
#define IMAGES   8
#define RECORDS  8192
#define FRAMES   8192
#define NOBODY   0xff


typedef struct {
    uint64_t         id;
    uint64_t         sum;                /* of what it says */
} record_t;


typedef struct {
    unsigned char   *now;
    unsigned char   *before;             /* as of some time ago */
    unsigned         nrecords;
    unsigned         nframes;
    record_t         records[RECORDS];   /* all that were ever published */
    uint64_t         frames[FRAMES];     /* offsets behind the head */
} image_t;


static image_t                images[IMAGES];
static size_t                 len;           /* of a file */
static unsigned char         *file;

static rooms_journal_owner_t  owner = {
    rooms_string("lunch"), rooms_string("dinner"), rooms_string("boot"), 0
};


static uint64_t
sum_of(const rooms_journal_entry_t *e)
{
    uLong  crc;

    crc = crc32_z(0, e->room.data, e->room.len);
    crc = crc32_z(crc, e->fact.data, e->fact.len);
    crc = crc32_z(crc, e->messages.data, e->messages.len);

    return (uint64_t) crc << 32 | e->messages.len << 1 | e->removed;
}


/* The records from the cursor on. */

static unsigned
read_records(rooms_journal_t *j, uint64_t *cursor, record_t *records)
{
    unsigned               n;
    rooms_int_t            rc;
    rooms_journal_entry_t  e;

    static rooms_buf_t     buf;

    n = 0;

    while ((rc = rooms_journal_read(j, cursor, &buf, &e)) != ROOMS_AGAIN) {
        model_must(rc == ROOMS_OK);

        if (e.kind == ROOMS_ENTRY_RECORD) {
            model_must(n < RECORDS);

            records[n].id = e.id;
            records[n++].sum = sum_of(&e);
        }
    }

    return n;
}


/* Where the frames are that a reader goes by, up to one over the end. */

static void
find_frames(image_t *m)
{
    uint64_t                at, offset;
    const char             *reason;
    rooms_frame_t           h;
    rooms_journal_image_t   found;

    model_must(rooms_journal_image(m->now, len, &owner, &found, &reason)
               == ROOMS_OK);

    for (at = found.first; at < found.end; at += h.size) {
        offset = at % found.capacity;

        if (offset + sizeof(rooms_frame_t) > found.capacity) {
            break;
        }

        memcpy(&h, m->now + ROOMS_JOURNAL_FILE_HEAD + offset,
               sizeof(rooms_frame_t));

        model_must(m->nframes < FRAMES);
        m->frames[m->nframes++] = offset;
    }

    model_must(m->nframes != 0);
}


static void
prepare(void)
{
    image_t                      *m;
    unsigned                      i, k;
    uint32_t                      r[8];
    uint64_t                      state, cursor;
    rooms_journal_t              *j;
    rooms_journal_sync_t          s;
    rooms_journal_file_t         *f;

    static model_t                model;

    model_start();

    len = ROOMS_JOURNAL_FILE_HEAD + rooms_journal_file_capacity(SIZE);
    file = malloc(len);

    j = aligned_alloc(64, SIZE * 2);
    f = (rooms_journal_file_t *) (void *) ((unsigned char *) j + SIZE);

    for (i = 0; i < IMAGES; i++) {
        m = &images[i];
        state = i;

        m->now = malloc(len);
        m->before = malloc(len);

        memset(&model, 0, sizeof(model_t));

        disk_start(SIZE);

        owner.always = i % 2;

        model_must(rooms_journal_init(j, SIZE, 1, 2, 3) == ROOMS_OK);
        model_must(rooms_journal_file_start(j, f, 7, i + 1, &owner)
                   == ROOMS_OK);

        cursor = j->head;

        for (k = 0; k < (unsigned) 8 << i; k++) {

            if (k % 64 == 4) {
                rooms_journal_file_written(f, &s);
                rooms_journal_file_synced(f, &s, disk_sync(7) == ROOMS_OK);
                memcpy(m->before, disk.seen, len);
            }

            model_random(&state, r);
            (void) model_step(&model, j, r);

            m->nrecords += read_records(j, &cursor,
                                        m->records + m->nrecords);
            model_must(m->nrecords < RECORDS - 8);
        }

        memcpy(m->now, disk.seen, len);

        find_frames(m);
    }

    free(j);
}


/* Returns how much of the file is left. */

static size_t
damage(const image_t *m, const uint8_t *p, size_t size)
{
    size_t    part, left;
    uint64_t  offset;

    left = len;

    for ( /* void */ ; size >= 4; p += 4, size -= 4) {

        offset = (p[1] | p[2] << 8 | (uint64_t) p[3] << 16) % len;

        part = DISK_SECTOR - offset % DISK_SECTOR;

        if (part > len - offset) {
            part = len - offset;
        }

        switch (p[0] % 8) {

        case 0:
            left = offset;
            break;

        case 1:
            memset(file + offset, 0, part);
            break;

        case 2:
        case 3:
            memcpy(file + offset, m->before + offset, part);
            break;

        default:
            file[offset] ^= 1 << p[0] / 8 % 8;
        }
    }

    return left;
}


static void
forge(const image_t *m, const uint8_t *p)
{
    uint64_t        value, offset, from;
    unsigned char  *word;

    if (p[1] & 0x80) {
        offset = m->frames[p[0] % m->nframes] + p[1] % 32 * 8;
        word = file + ROOMS_JOURNAL_FILE_HEAD + offset;

        if (word + 8 > file + len) {
            return;
        }

    } else {
        word = file + (p[0] | p[1] << 8) % (len / 8) * 8;
    }

    memcpy(&value, word, 8);

    switch (p[2] % 4) {

    case 0:
        memcpy(&value, p + 3, 8);
        break;

    case 1:
        value += (uint64_t) (int8_t) p[3] * 8;
        break;

    case 2:
        value ^= (uint64_t) 1 << p[3] % 64;
        break;

    default:
        from = m->frames[p[3] % m->nframes] + p[4] % 4 * 8;
        memcpy(&value, file + ROOMS_JOURNAL_FILE_HEAD + from, 8);
    }

    memcpy(word, &value, 8);
}


/* Makes all CRCs right, but those of frames that run over the end. */

static void
vouch(const image_t *m)
{
    unsigned            n;
    unsigned char      *p;
    rooms_frame_t       h;
    rooms_file_head_t   head;

    memcpy(&head, file, sizeof(rooms_file_head_t));
    head.crc = rooms_file_crc(&head);
    memcpy(file, &head, sizeof(rooms_file_head_t));

    for (n = 0; n < m->nframes; n++) {
        p = file + ROOMS_JOURNAL_FILE_HEAD + m->frames[n];

        memcpy(&h, p, sizeof(rooms_frame_t));

        if (h.size < sizeof(rooms_frame_t)
            || h.size > (size_t) (file + len - p))
        {
            continue;
        }

        h.crc = rooms_frame_crc(head.id, &h);
        h.crc = (uint32_t) crc32_z(h.crc, p + sizeof(rooms_frame_t),
                                   h.size - sizeof(rooms_frame_t));

        memcpy(p, &h, sizeof(rooms_frame_t));
    }
}


/* What was read is what was written, from one record to another. */

static void
compare(const image_t *m, rooms_journal_t *j)
{
    uint64_t         cursor;
    unsigned         i, n;

    static record_t  records[RECORDS];

    cursor = j->tail;
    n = read_records(j, &cursor, records);

    for (i = 0; i < m->nrecords && m->records[i].id < j->tail; i++) {
        /* void */
    }

    model_must(n <= m->nrecords - i);
    model_must(memcmp(records, m->records + i, n * sizeof(record_t)) == 0);

    i += n;
    model_must(i == m->nrecords || m->records[i].id >= j->head);
}


static void
refit(rooms_journal_t *j, size_t size)
{
    void        *mem;
    const char  *reason;

    reason = NULL;

    mem = aligned_alloc(64, size);
    model_must(mem != NULL);

    if (rooms_journal_refit(j, mem, size, &reason) == ROOMS_OK) {
        use_journal(mem);
        model_must(rooms_journal_attach(mem, size, &reason) == ROOMS_OK);

    } else {
        model_must(reason != NULL);
    }

    free(mem);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void                   *mem;
    size_t                  left;
    image_t                *m;
    unsigned                forged, extra;
    const char             *reason;
    rooms_journal_image_t   found;

    if (file == NULL) {
        prepare();
    }

    if (size < 1) {
        return 0;
    }

    m = &images[data[0] % IMAGES];
    forged = data[0] / 8 % 2;
    extra = data[0] / 16;
    left = len;

    memcpy(file, m->now, len);

    data++;
    size--;

    if (forged) {

        for ( /* void */ ; size >= 11; data += 11, size -= 11) {
            forge(m, data);
        }

        vouch(m);

    } else {
        left = damage(m, data, size);
    }

    reason = NULL;

    if (rooms_journal_image(file, left, &owner, &found, &reason) != ROOMS_OK)
    {
        model_must(reason != NULL);
        return 0;
    }

    /* of its size, to the octet */

    model_must(posix_memalign(&mem, 64, (size_t) found.size) == 0);

    reason = NULL;

    if (rooms_journal_load_image(file, &found, mem, NOBODY, &reason)
        != ROOMS_OK)
    {
        model_must(forged && reason != NULL);

    } else if (!forged) {
        compare(m, mem);

    } else if (extra) {
        refit(mem, SIZE + (extra - 1) * 4096);

    } else {
        use_journal(mem);
        model_must(rooms_journal_attach(mem, (size_t) found.size, &reason)
                   == ROOMS_OK);
    }

    free(mem);

    return 0;
}
