
/*
 * Copyright (C) nginx rooms contributors
 *
 * A journal, its file on a disk in memory, what is read back from there, and
 * the model of it as of each operation.
 */


#ifndef _ROOMS_JOURNAL_KEPT_H_INCLUDED_
#define _ROOMS_JOURNAL_KEPT_H_INCLUDED_


#include "rooms_journal_check.h"
#include "rooms_journal_disk.h"


#define SIZE     ROOMS_JOURNAL_MIN_SIZE
#define NOBODY   0xff
#define HISTORY  128


static unsigned char         *memory;        /* the journal, then its file */
static unsigned char         *other;
static unsigned char         *image;
static rooms_journal_t       *j;
static rooms_journal_file_t  *f;
static uint64_t               state = 1;

static model_t                model;

static struct {
    model_t   m;
    uint64_t  head;
} history[HISTORY];

static unsigned               nhistory;


static rooms_journal_owner_t  owner = {
    rooms_string("lunch"), rooms_string("dinner"), rooms_string("this boot"), 0
};


static inline rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static inline void
start(size_t size, unsigned always)
{
    memset(&model, 0, sizeof(model_t));
    nhistory = 0;

    owner.always = always;

    disk_start(size);

    model_must(rooms_journal_init(j, size, 42, 1, state) == ROOMS_OK);
    model_must(rooms_journal_file_start(j, f, 7, state, &owner) == ROOMS_OK);
    model_must(disk_sync(7) == ROOMS_OK);
}


static inline void
step(void)
{
    uint32_t  r[8];

    model_random(&state, r);
    (void) model_step(&model, j, r);
}


/* The file has all, also what no append has taken along yet. */

static inline void
level(void)
{
    model_must(rooms_journal_ready(j) == ROOMS_OK);
    model_must(rooms_journal_keep(j, j->head) == ROOMS_OK);
    model_compact(&model, j->tail);
}


static inline rooms_int_t
look(const unsigned char *p, size_t len, rooms_journal_image_t *found)
{
    rooms_int_t  rc;
    const char  *reason;

    reason = NULL;

    rc = rooms_journal_image(p, len, &owner, found, &reason);
    model_must(rc == ROOMS_OK || reason != NULL);

    if (rc != ROOMS_OK) {
        return rc;
    }

    reason = NULL;

    if (rooms_journal_load_image(p, found, other, NOBODY, &reason)
        != ROOMS_OK)
    {
        print_message("%s\n", reason);
        abort();
    }

    return ROOMS_OK;
}


/* The loaded journal is the model, but for what a file does not keep. */

static inline void
same(const model_t *m, unsigned touched)
{
    uint64_t                cursor;
    unsigned                i, n;
    rooms_int_t             rc;
    rooms_journal_t        *o;
    rooms_journal_room_t    info;
    rooms_journal_entry_t   e;

    static model_t          copy;
    static rooms_buf_t      buf;

    o = (rooms_journal_t *) (void *) other;
    copy = *m;

    model_compact(&copy, o->tail);

    n = 0;

    for (i = 0; i < copy.n; i++) {
        if (copy.log[i].room != MODEL_ROOMS) {
            copy.log[n++] = copy.log[i];
        }
    }

    copy.n = n;

    for (i = 0; i < MODEL_ROOMS; i++) {
        copy.rooms[i].interest = 0;

        if (copy.rooms[i].owner != 0) {
            copy.rooms[i].owner = NOBODY;
        }

        if (touched && copy.rooms[i].live
            && rooms_journal_lookup(o, model_name(i), &info) == ROOMS_OK)
        {
            copy.rooms[i].owner = info.owner;
            copy.rooms[i].deadline = info.deadline;
        }

        (void) model_check_load(&copy, o, i);
        model_check_replay(&copy, o, i, o->tail - 1);
        model_check_replay(&copy, o, i, copy.rooms[i].last);
    }

    cursor = o->tail;

    for (n = 0; n < copy.n && copy.log[n].id < cursor; n++) { /* void */ }

    while ((rc = rooms_journal_read(o, &cursor, &buf, &e)) != ROOMS_AGAIN) {
        model_must(rc == ROOMS_OK);

        if (e.kind == ROOMS_ENTRY_RECORD) {
            model_must(n < copy.n);
            model_compare(&e, &copy.log[n++]);
        }
    }

    model_must(n == copy.n);
}


static inline void
remember(void)
{
    if (nhistory == HISTORY) {
        memmove(history, history + 1, sizeof(history) - sizeof(history[0]));
        nhistory--;
    }

    history[nhistory].m = model;
    history[nhistory].head = j->head;
    nhistory++;
}


/* The state as of the last operation that the loaded journal has. */

static inline unsigned
version(void)
{
    unsigned          i;
    rooms_journal_t  *o;

    o = (rooms_journal_t *) (void *) other;

    for (i = nhistory; i-- > 0; /* void */ ) {
        if (history[i].head <= o->head) {
            return i;
        }
    }

    abort();
}


static inline void
kept_begin(void)
{
    model_start();

    memory = aligned_alloc(64, SIZE * 8);
    other = aligned_alloc(64, SIZE * 8);
    image = malloc(SIZE * 16);

    j = (rooms_journal_t *) (void *) memory;
    f = (rooms_journal_file_t *) (void *) (memory + SIZE * 7);
}


static inline void
kept_end(void)
{
    free(memory);
    free(other);
    free(image);
    disk_start(SIZE);
    free(disk.seen);
    free(disk.kept);
}


#endif /* _ROOMS_JOURNAL_KEPT_H_INCLUDED_ */
