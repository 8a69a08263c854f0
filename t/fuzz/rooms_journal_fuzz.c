
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


#include "rooms_journal_use.h"


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
        use_journal((rooms_journal_t *) (void *) mem);

        /* what it became is a journal, whatever it was */

        model_must(rooms_journal_attach(mem, SIZE, &reason) == ROOMS_OK);

    } else {
        model_must(reason != NULL);
    }

    return 0;
}
