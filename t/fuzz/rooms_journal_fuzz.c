
/*
 * Copyright (C) nginx rooms contributors
 *
 * Memory that was a journal once: words of an image are changed, then it is
 * attached to.  It is refused, or everything works within its bounds.
 *
 * Input: one octet that chooses the image, then changes of 11 octets each:
 * which word (two octets: of the memory, or, if the highest bit is set, of
 * the head of one of the records), how, and eight octets of value.
 */


#include "../unit/rooms_journal_model.h"


#define SIZE    ROOMS_JOURNAL_MIN_SIZE
#define IMAGES  8


static unsigned char  *images[IMAGES];
static unsigned char  *mem;


static void
prepare(void)
{
    unsigned         i, k;
    uint32_t         r[8];
    uint64_t         state;

    static model_t   m;

    model_start();

    mem = aligned_alloc(64, SIZE);

    for (i = 0; i < IMAGES; i++) {
        images[i] = aligned_alloc(64, SIZE);
        state = i;

        memset(images[i], 0, SIZE);
        memset(&m, 0, sizeof(model_t));

        model_must(rooms_journal_init(images[i], SIZE, 1, 2, 3) == ROOMS_OK);

        for (k = 0; k < (unsigned) 8 << i; k++) {
            model_random(&state, r);
            (void) model_step(&m, (rooms_journal_t *) (void *) images[i], r);
        }
    }
}


/* A word of the head of the record so many behind the tail of an image. */

static uint64_t *
word_of(unsigned image, unsigned record, unsigned word)
{
    uint64_t              pos;
    rooms_journal_t      *j;
    rooms_journal_rec_t  *r;

    j = (rooms_journal_t *) (void *) images[image];
    r = rooms_journal_rec(j, j->tail);

    for (pos = j->tail; pos < j->head && record != 0; record--) {
        pos += r->size;
        r = rooms_journal_rec(j, pos);
    }

    word %= sizeof(rooms_journal_rec_t) / 8;

    return (uint64_t *) (void *) (mem + ((unsigned char *) r - images[image]))
           + word;
}


static void
change(unsigned image, const uint8_t *p)
{
    uint64_t  value, *word;

    if (p[1] & 0x80) {
        word = word_of(image, p[0], p[1]);

    } else {
        word = (uint64_t *) (void *) mem + (p[0] | p[1] << 8) % (SIZE / 8);
    }

    memcpy(&value, p + 3, 8);

    switch (p[2] % 4) {

    case 0:
        *word = value;
        break;

    case 1:
        *word += (int8_t) p[3] * 8;
        break;

    case 2:
        *word ^= (uint64_t) 1 << p[3] % 64;
        break;

    default:
        *word = *word_of(image, p[3], p[4]);
    }
}


static rooms_int_t
on_load(void *ctx, unsigned snapshot, uint64_t id, rooms_str_t data)
{
    size_t  i;

    for (i = 0; i < data.len; i++) {
        *(uint64_t *) ctx += data.data[i] + snapshot + id;
    }

    return ROOMS_OK;
}


static rooms_int_t
on_replay(void *ctx, const rooms_journal_entry_t *e)
{
    (void) on_load(ctx, 0, e->id, e->room);
    (void) on_load(ctx, 0, e->id, e->fact);

    return on_load(ctx, 0, e->id, e->messages);
}


static void
use(rooms_journal_t *j)
{
    size_t                 len;
    uint32_t               cursor;
    uint64_t               sum, last, at;
    unsigned               i;
    rooms_int_t            rc;
    rooms_append_t         a;
    rooms_record_t         record;
    unsigned char          name[ROOMS_JOURNAL_NAME];
    rooms_journal_room_t   info;
    rooms_journal_entry_t  e;
    rooms_journal_stat_t   st;

    static rooms_buf_t     buf;

    sum = 0;
    cursor = 0;
    at = 0;

    while (rooms_journal_walk(j, &cursor, 9, &info, name, &len)
           != ROOMS_DONE) { /* void */ }

    for (i = 0; i < MODEL_ROOMS * 4; i++) {
        record.fact = model_data(i, i * 7 % 300);
        record.messages = model_data(i, i * 11 % 700);

        memset(&a, 0, sizeof(rooms_append_t));

        a.room = model_name(i % MODEL_ROOMS);
        a.expected = ROOMS_JOURNAL_ANY;
        a.records = &record;
        a.nrecords = 1;
        a.remove = i % 9 == 0;

        (void) rooms_journal_load(j, a.room, on_load, &sum, &info);
        (void) rooms_journal_replay(j, a.room, j->tail - 1, UINT64_MAX,
                                    on_replay, &sum);
        (void) rooms_journal_touch(j, a.room, i, i);
        (void) rooms_journal_interest(j, a.room, i % 256, i % 3);

        if (rooms_journal_append(j, &a, &last, &info) == ROOMS_OK) {
            (void) rooms_journal_snapshot(j, a.room, last, record.messages,
                                          1);
        }

        rooms_journal_forget(j, i % 256);
    }

    rooms_journal_stat(j, &st);
    sum += st.oldest;

    while ((rc = rooms_journal_read(j, &at, &buf, &e)) != ROOMS_AGAIN
           && rc != ROOMS_ERROR)
    {
        if (rc == ROOMS_OK) {
            (void) on_replay(&sum, &e);
        }
    }

    model_must(rc == ROOMS_AGAIN);
    model_must(sum != 1);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned     image;
    const char  *reason;

    if (mem == NULL) {
        prepare();
    }

    if (size < 1) {
        return 0;
    }

    image = data[0] % IMAGES;

    memcpy(mem, images[image], SIZE);

    for (data++, size--; size >= 11; data += 11, size -= 11) {
        change(image, data);
    }

    reason = NULL;

    if (rooms_journal_attach(mem, SIZE, &reason) == ROOMS_OK) {
        use((rooms_journal_t *) (void *) mem);

        /* what it became is a journal, whatever it was */

        model_must(rooms_journal_attach(mem, SIZE, &reason) == ROOMS_OK);

    } else {
        model_must(reason != NULL);
    }

    return 0;
}
