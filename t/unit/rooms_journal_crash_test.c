
/*
 * Copyright (C) nginx rooms contributors
 *
 * A writer that dies at any store.
 *
 * While an operation runs, the memory is copied after each of its stores:
 * what another process would find if the writer died there.  Each of these
 * images must be, to the next one, the journal from before the operation or
 * from after it, and nothing between; and it must go on from there.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rooms_journal_check.h"


#ifndef ROOMS_JOURNAL_TEST
#error "this test looks at each store: build it with the address sanitizer"
#endif


#define SIZE    ROOMS_JOURNAL_MIN_SIZE
#define IMAGES  24000


typedef struct {
    unsigned char    *mem;               /* what is looked at */
    unsigned char    *images;
    unsigned          n;
    unsigned          stores;
} trace_t;


static trace_t           trace;
static unsigned char    *memory[3];
static unsigned char    *store[2];
static uint64_t          state = 1;


static void
on_store(void)
{
    trace.stores++;

    if (trace.n != 0
        && memcmp(trace.images + (size_t) (trace.n - 1) * SIZE, trace.mem,
                  SIZE) == 0)
    {
        return;
    }

    model_must(trace.n < IMAGES);

    memcpy(trace.images + (size_t) trace.n++ * SIZE, trace.mem, SIZE);
}


static void
trace_start(unsigned char *mem, unsigned level, size_t tear)
{
    trace.mem = mem;
    trace.images = store[level];
    trace.n = 0;

    rooms_journal_tear = tear;
    rooms_journal_stored = on_store;
}


static unsigned
trace_stop(void)
{
    rooms_journal_stored = NULL;

    return trace.n;
}


/* What is changed by single stores is as before or as after, room by room. */

static void
adopt(model_t *m, const model_t *before, const model_t *after,
    rooms_journal_t *j)
{
    uint64_t              a, b, i;
    unsigned              room;
    const model_room_t   *old, *new;
    rooms_journal_room_t  info;

    for (room = 0; room < MODEL_ROOMS; room++) {
        old = &before->rooms[room];
        new = &after->rooms[room];

        if (rooms_journal_lookup(j, model_name(room), &info) != ROOMS_OK) {
            memset(&info, 0, sizeof(rooms_journal_room_t));
        }

        a = old->interest;
        b = new->interest;
        i = info.interest[0];

        model_must((i & a & b) == (a & b) && (i & ~(a | b)) == 0);
        m->rooms[room].interest = i;

        if (old->last == new->last && old->live && new->live) {
            model_must(info.owner == old->owner || info.owner == new->owner);
            model_must(info.deadline == old->deadline
                       || info.deadline == new->deadline);

            m->rooms[room].owner = info.owner;
            m->rooms[room].deadline = info.deadline;
        }
    }
}


/* One image: is it right, and can another writer go on with it? */

static void
check_image(const unsigned char *image, const model_t *before,
    const model_t *after, uint64_t head, unsigned deeper)
{
    unsigned          i, n;
    uint32_t          r[8];
    rooms_journal_t  *j;

    static model_t    m;

    j = (rooms_journal_t *) (void *) memory[1];

    memcpy(j, image, SIZE);

    m = j->head == head ? *after : *before;

    if (deeper && j->dirty) {

        /* the one that repairs dies as well */

        trace_start(memory[1], 1, 24);
        adopt(&m, before, after, j);
        n = trace_stop();

        for (i = 0; i < n; i += 1 + n / 12) {
            check_image(store[1] + (size_t) i * SIZE, before, after, head, 0);
        }

        memcpy(j, image, SIZE);

        m = j->head == head ? *after : *before;
    }

    adopt(&m, before, after, j);
    model_check(&m, j, state);

    for (i = 0; i < 2; i++) {
        model_random(&state, r);
        model_step(&m, j, r);
    }

    model_check(&m, j, state);

    /* an index read from the ring is the index that was kept */

    j->dirty = 1;
    model_check(&m, j, state);
}


static void
crash(uint64_t seed, unsigned fill, unsigned steps, size_t tear,
    unsigned force)
{
    unsigned          i, k, n, stores;
    uint32_t          r[8];
    const char       *reason;
    rooms_journal_t  *j;

    static model_t    before, after;

    j = (rooms_journal_t *) (void *) memory[0];

    memset(&after, 0, sizeof(model_t));
    state = seed;
    stores = 0;

    model_must(rooms_journal_init(j, SIZE, 1, seed, 2) == ROOMS_OK);

    for (i = 0; i < fill; i++) {
        model_random(&state, r);
        model_step(&after, j, r);
    }

    for (i = 0; i < steps; i++) {
        model_compact(&after, j->tail);
        before = after;

        model_random(&state, r);

        if (force) {
            r[0] = force;
        }

        trace_start(memory[0], 0, tear);
        model_step(&after, j, r);
        n = trace_stop();

        stores += n;

        for (k = 0; k < n; k++) {
            check_image(store[0] + (size_t) k * SIZE, &before, &after,
                        j->head, k % 16 == 5);
        }
    }

    assert_int_equal(rooms_journal_attach(j, SIZE, &reason), ROOMS_OK);
    model_check(&after, j, state);

    assert_true(stores != 0);
}


static void
test_mixed(void **unused)
{
    (void) unused;

    crash(11, 40, 8, 16, 0);
    crash(12, 700, 8, 24, 0);
    crash(13, 2500, 8, 24, 0);
}


static void
test_torn_anywhere(void **unused)
{
    (void) unused;

    crash(21, 30, 2, 1, 8);
}


static void
test_append_under_pressure(void **unused)
{
    (void) unused;

    crash(31, 1200, 6, 48, 8);
}


static void
test_removal(void **unused)
{
    (void) unused;

    crash(41, 900, 8, 48, 6);
}


static void
test_snapshot(void **unused)
{
    (void) unused;

    crash(51, 900, 10, 48, 1);
}


static void
test_interest(void **unused)
{
    (void) unused;

    crash(61, 900, 40, 8, 4);
    crash(62, 900, 40, 8, 5);
}


static void
test_touch(void **unused)
{
    (void) unused;

    crash(71, 900, 40, 8, 3);
}


static void
test_directed(void **unused)
{
    (void) unused;

    crash(81, 900, 8, 32, 16);
}


static rooms_str_t
numbered(unsigned n)
{
    static char  name[16];

    (void) snprintf(name, sizeof(name), "room%u", n);

    return rooms_str(name, strlen(name));
}


/*
 * A full index loses every second entry: the others are moved about, and the
 * interest in them is not lost at any store.
 */

static void
test_crowded_index(void **unused)
{
    unsigned              i, k, n, entries;
    rooms_journal_t      *j, *copy;
    rooms_journal_room_t  info;

    (void) unused;

    j = (rooms_journal_t *) (void *) memory[0];
    copy = (rooms_journal_t *) (void *) memory[1];

    model_must(rooms_journal_init(j, SIZE, 1, 2, 3) == ROOMS_OK);

    entries = rooms_journal_limit(j);

    for (i = 0; i < entries; i++) {
        model_must(rooms_journal_interest(j, numbered(i), i % 2, 1)
                   == ROOMS_OK);
    }

    trace_start(memory[0], 0, 24);
    rooms_journal_forget(j, 1);
    n = trace_stop();

    /* more was stored than it takes to delete alone */

    assert_true(n > 8 * (entries / 2));

    for (k = 0; k < n; k++) {
        memcpy(copy, store[0] + (size_t) k * SIZE, SIZE);

        for (i = 0; i < entries; i += 2) {
            assert_int_equal(rooms_journal_lookup(copy, numbered(i), &info),
                             ROOMS_OK);
            assert_int_equal(info.interest[0], 1);
        }

        for (i = 1; i < entries; i += 2) {
            if (rooms_journal_lookup(copy, numbered(i), &info) == ROOMS_OK) {
                assert_int_equal(info.interest[0], 2);
            }
        }

        rooms_journal_forget(copy, 1);
        assert_int_equal(copy->entries, entries - entries / 2);

        rooms_journal_forget(copy, 0);
        assert_int_equal(copy->entries, 0);
    }
}


/* The test itself: an image that is neither before nor after is noticed. */

static void
test_images_differ(void **unused)
{
    unsigned          i, n, published, dirty;
    uint32_t          r[8];
    rooms_journal_t  *j, *image;

    static model_t    m;

    (void) unused;

    memset(&m, 0, sizeof(model_t));
    j = (rooms_journal_t *) (void *) memory[0];

    model_must(rooms_journal_init(j, SIZE, 1, 2, 3) == ROOMS_OK);

    memset(r, 0, sizeof(r));
    r[0] = 8;
    r[3] = 101;
    r[4] = 101;
    r[5] = 128;

    trace_start(memory[0], 0, 8);
    assert_int_equal(model_step(&m, j, r), 1);
    n = trace_stop();

    published = 0;
    dirty = 0;

    for (i = 0; i < n; i++) {
        image = (rooms_journal_t *) (void *) (store[0] + (size_t) i * SIZE);
        published += image->head == j->head;
        dirty += image->dirty != 0;
    }

    assert_true(n > 30);
    assert_true(published > 5 && published < n - 5);
    assert_int_equal(dirty, n - 1);
    assert_int_equal(j->dirty, 0);
}


int
main(void)
{
    int     rc;
    size_t  i;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_images_differ),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_torn_anywhere),
        cmocka_unit_test(test_append_under_pressure),
        cmocka_unit_test(test_removal),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_interest),
        cmocka_unit_test(test_crowded_index),
        cmocka_unit_test(test_touch),
        cmocka_unit_test(test_directed),
    };

    model_start();

    for (i = 0; i < 3; i++) {
        memory[i] = aligned_alloc(64, SIZE);
    }

    for (i = 0; i < 2; i++) {
        store[i] = malloc((size_t) IMAGES * SIZE);
    }

    rc = cmocka_run_group_tests(tests, NULL, NULL);

    for (i = 0; i < 3; i++) {
        free(memory[i]);
    }

    free(store[0]);
    free(store[1]);

    return rc;
}
