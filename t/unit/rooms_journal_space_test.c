
/*
 * Copyright (C) nginx rooms contributors
 *
 * The space of a journal: its limits, its index, memory that is taken over,
 * and long runs beside a model.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rooms_journal_put.h"


static void
test_walk(void **unused)
{
    size_t                len;
    uint32_t              cursor;
    unsigned              seen, n;
    rooms_int_t           rc;
    unsigned char         name[ROOMS_JOURNAL_NAME];
    rooms_journal_room_t  room;

    (void) unused;

    fresh(SIZE);

    (void) ok("one", 1, 0, 0);
    (void) ok("two", 1, 0, 0);
    (void) ok("gone", 1, 0, 1);
    assert_int_equal(rooms_journal_interest(j, str("wanted"), 1, 1),
                     ROOMS_OK);

    for (n = 1; n < 70; n += 23) {
        seen = 0;
        cursor = 0;

        while ((rc = rooms_journal_walk(j, &cursor, n, &room, name, &len))
               != ROOMS_DONE)
        {
            if (rc == ROOMS_AGAIN) {
                continue;
            }

            assert_int_equal(rc, ROOMS_OK);
            assert_int_equal(len, 3);
            assert_true(room.live);
            seen |= memcmp(name, "one", 3) == 0 ? 1 : 2;
        }

        assert_int_equal(seen, 3);
        assert_int_equal(cursor, 0);
    }
}


static void
test_interest(void **unused)
{
    rooms_journal_room_t  room;

    (void) unused;

    fresh(SIZE);

    assert_int_equal(rooms_journal_interest(j, str("a"), 255, 0), ROOMS_OK);
    assert_int_equal(stat_of().entries, 0);

    assert_int_equal(rooms_journal_interest(j, str("a"), 255, 1), ROOMS_OK);
    assert_int_equal(rooms_journal_interest(j, str("a"), 64, 1), ROOMS_OK);
    assert_int_equal(rooms_journal_lookup(j, str("a"), &room), ROOMS_OK);
    assert_true(room.interest[3] == (uint64_t) 1 << 63);
    assert_true(room.interest[1] == 1 && !room.live && room.last == 0);

    /* it outlives the room and a writer that died */

    (void) ok("a", 10, 0, 0);
    (void) ok("a", 10, 0, 1);
    turn_over();
    j->dirty = 1;

    assert_int_equal(rooms_journal_lookup(j, str("a"), &room), ROOMS_OK);
    assert_true(room.interest[3] == (uint64_t) 1 << 63);

    assert_int_equal(rooms_journal_interest(j, str("a"), 255, 0), ROOMS_OK);
    assert_int_equal(stat_of().entries, 1);

    rooms_journal_forget(j, 64);
    assert_int_equal(rooms_journal_lookup(j, str("a"), &room),
                     ROOMS_DECLINED);
    assert_int_equal(stat_of().entries, 0);
}


static void
test_full_index(void **unused)
{
    char                  name[16];
    uint64_t              last;
    unsigned              i, n;
    rooms_journal_room_t  room;

    (void) unused;

    fresh(SIZE);

    n = stat_of().capacity;

    for (i = 0; i < n; i++) {
        (void) snprintf(name, sizeof(name), "r%u", i);
        assert_int_equal(rooms_journal_interest(j, str(name), i % 2, 1),
                         ROOMS_OK);
    }

    assert_int_equal(stat_of().entries, n);

    /* who was refused is woken for all; others are not */

    assert_int_equal(rooms_journal_interest(j, str("more"), 5, 1),
                     ROOMS_DECLINED);
    assert_int_equal(put("more", 1, 1, 0, &last), ROOMS_DECLINED);
    assert_int_equal(rooms_journal_lookup(j, str("r0"), &room), ROOMS_OK);
    assert_true(room.interest[0] == (1 | 1 << 5));

    rooms_journal_forget(j, 1);
    assert_int_equal(stat_of().entries, n - n / 2);

    (void) ok("more", 0, 1, 0);
    assert_int_equal(rooms_journal_lookup(j, str("more"), &room), ROOMS_OK);
    assert_true(room.interest[0] == 1 << 5);

    rooms_journal_forget(j, 5);
    assert_int_equal(rooms_journal_lookup(j, str("more"), &room), ROOMS_OK);
    assert_true(room.interest[0] == 0);

    /* entries kept for replay only give way to rooms that need them */

    for (i = 0; i < 3 * n; i++) {
        (void) snprintf(name, sizeof(name), "x%u", i);
        (void) ok(name, 0, 1, 0);
    }

    assert_int_equal(stat_of().entries, n);
    rooms_journal_forget(j, 0);
    turn_over();
    assert_int_equal(stat_of().entries, 0);
}


static void
test_limits(void **unused)
{
    char                  name[16];
    size_t                size;
    uint64_t              last;
    unsigned              i;
    rooms_journal_stat_t  st;

    (void) unused;

    fresh(SIZE * 4);

    /* rooms of 1000 octets until no new one is let in */

    for (i = 0; /* void */ ; i++) {
        (void) snprintf(name, sizeof(name), "r%u", i);

        if (put(name, 1000, 100, 0, &last) != ROOMS_OK) {
            break;
        }
    }

    st = stat_of();
    assert_true(st.live <= st.size / 10 * 7 && st.live > st.size / 100 * 69);

    /* living ones go on */

    while (put("r1", 500, 500, 0, &last) == ROOMS_OK) { /* void */ }

    st = stat_of();
    assert_true(st.live <= st.size / 100 * 85 && st.live > st.size / 100 * 84);
    assert_true(st.used > st.size / 100 * 85);

    /* what takes no state is let in at any size */

    size = j->max - 128;

    for (i = 0; i < 20; i++) {
        (void) ok("r2", 0, size, 0);
        assert_int_equal(rooms_journal_direct(j, 1, model_data(1, size), 1),
                         ROOMS_OK);
    }

    /* and so is an end, with a fact as large */

    for (i = 0; i < 20; i++) {
        (void) snprintf(name, sizeof(name), "r%u", i);
        (void) ok(name, size, 0, 1);
    }

    assert_true(stat_of().live < st.live);
    assert_int_equal(put("new", 500, 500, 0, &last), ROOMS_OK);
}


static void
test_full_of_large_records(void **unused)
{
    char         name[16];
    uint64_t     last;
    unsigned     i, n;
    rooms_int_t  rc;

    (void) unused;

    fresh(SIZE * 4);

    for (i = 0; i < 8; i++) {
        (void) snprintf(name, sizeof(name), "r%u", i);

        rc = put(name, j->max - 128, 0, 0, &last);
        assert_true(rc == ROOMS_OK || rc == ROOMS_DECLINED);

        if (rc != ROOMS_OK) {
            break;
        }
    }

    assert_in_range(i, 4, 6);

    for (n = 0; n < 100; n++) {
        (void) ok("r0", 0, j->max - 128, 0);
        (void) put("r0", n * 100, 0, 0, &last);
    }

    for (n = 0; n < i; n++) {
        (void) snprintf(name, sizeof(name), "r%u", n);
        (void) ok(name, 0, j->max - 128, 1);
    }

    assert_int_equal(stat_of().live, 0);

    turn_over();

    assert_int_equal(j->largest, 0);
}


static void
test_hundred_rounds(void **unused)
{
    char                  name[16];
    uint64_t              last;
    unsigned              round, i, n;
    rooms_journal_stat_t  st;

    (void) unused;

    fresh(SIZE * 2);

    n = 0;

    for (round = 0; round < 100; round++) {

        for (i = 0; /* void */ ; i++) {
            (void) snprintf(name, sizeof(name), "r%u", i);

            if (put(name, 300 + round, 50, 0, &last) != ROOMS_OK) {
                break;
            }
        }

        /* each round finds the space the first one found */

        assert_true(round == 0 || i >= n - n / 3);
        n = round ? n : i;

        while (i-- > 0) {
            (void) snprintf(name, sizeof(name), "r%u", i);
            (void) ok(name, i % 2 ? 10 : 0, 10, 1);
        }

        st = stat_of();
        assert_int_equal(st.live, 0);
        assert_int_equal(st.rooms, 0);
    }

    turn_over();

    st = stat_of();
    assert_int_equal(st.entries, 0);
    assert_int_equal(j->idle, 0);
    assert_int_equal(st.repairs, 0);
}


/* Each way in which memory may not be a journal is told by its reason. */

static void
refuses(uint64_t *word, uint64_t value, const char *text)
{
    uint64_t     kept;
    const char  *reason;

    kept = *word;
    *word = value;

    reason = "";
    assert_int_equal(rooms_journal_attach(j, SIZE, &reason), ROOMS_ERROR);
    assert_non_null(strstr(reason, text));

    *word = kept;
}


static void
test_attach(void **unused)
{
    uint64_t              first, last;
    const char           *reason;
    rooms_journal_rec_t  *r;

    (void) unused;

    fresh(SIZE);

    first = ok("a", 10, 10, 0);
    last = ok("a", 10, 10, 0);
    turn_over();
    last = ok("a", 10, 10, 0);

    assert_int_equal(rooms_journal_attach(j, SIZE - 1, &reason), ROOMS_ERROR);
    assert_int_equal(rooms_journal_attach(j, SIZE * 2, &reason), ROOMS_ERROR);

    refuses(&j->magic, 0, "no journal");
    refuses((uint64_t *) (void *) &j->version, 2, "version");
    refuses(&j->size, SIZE * 2, "size");
    refuses(&j->ring, j->ring + 8, "size");
    refuses(&j->max, j->max * 2, "size");
    refuses(&j->head, j->tail - 8, "bounds");
    refuses(&j->head, j->head + SIZE, "bounds");
    refuses(&j->tail, 0, "bounds");
    refuses(&j->tail, j->tail + 4, "bounds");
    refuses(&j->tail, j->tail + 8, "damaged");
    refuses(&j->head, j->head - 8, "damaged");
    refuses(&j->key[0], 77, "damaged");

    r = rooms_journal_rec(j, last);

    refuses(&r->pos, 8, "damaged");
    refuses(&r->id, last - 8, "damaged");
    refuses(&r->hash[1], 0, "damaged");
    refuses(&r->prev, last, "damaged");
    refuses(&r->prev, j->tail, "fit together");

    assert_int_equal(rooms_journal_attach(j, SIZE, &reason), ROOMS_OK);
    replays("a", last - 1, UINT64_MAX, 1);
    replays("a", first, UINT64_MAX, -1);
}


/* A ring whose live records leave no space to work in is refused. */

static void
test_attach_too_full(void **unused)
{
    uint64_t              pos;
    const char           *reason;
    rooms_journal_rec_t  *r;

    (void) unused;

    fresh(SIZE);

    while (j->ring_size - (j->head - j->tail) > 1500) {
        (void) ok("a", 0, 1000, 0);
    }

    assert_int_equal(rooms_journal_attach(j, SIZE, &reason), ROOMS_OK);

    for (pos = j->tail; pos < j->head; pos += r->size) {
        r = rooms_journal_rec(j, pos);
        r->fact = r->messages;
        r->messages = 0;
    }

    assert_int_equal(rooms_journal_attach(j, SIZE, &reason), ROOMS_ERROR);
    assert_non_null(strstr(reason, "fuller"));
}


static void
model_run(size_t size, uint64_t seed, unsigned steps)
{
    unsigned         i;
    uint32_t         r[8];
    const char      *reason;

    static model_t   m;

    memset(&m, 0, sizeof(model_t));
    fresh(size);

    for (i = 0; i < steps; i++) {
        model_random(&seed, r);
        model_step(&m, j, r);

        if (i % 5 == 0) {
            model_compact(&m, j->tail);
            model_check(&m, j, seed);
        }

        if (i % 100 == 0) {
            assert_int_equal(rooms_journal_attach(j, size, &reason),
                             ROOMS_OK);
        }
    }
}


static void
test_model(void **unused)
{
    (void) unused;

    model_run(SIZE, 1, 10000);
    model_run(SIZE, 2, 10000);
    model_run(SIZE + 24 * 1024 + 8, 3, 5000);
    model_run(SIZE * 4, 4, 3000);
}


int
main(void)
{
    int  rc;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_interest),
        cmocka_unit_test(test_full_index),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_full_of_large_records),
        cmocka_unit_test(test_hundred_rounds),
        cmocka_unit_test(test_attach),
        cmocka_unit_test(test_attach_too_full),
        cmocka_unit_test(test_model),
    };

    model_start();

    j = aligned_alloc(64, SIZE * 4);

    rc = cmocka_run_group_tests(tests, NULL, NULL);

    free(j);

    return rc;
}
