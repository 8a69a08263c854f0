
/*
 * Copyright (C) nginx rooms contributors
 *
 * A journal's file: whatever happens while it is written, what is read back
 * is the journal as it was after some operation, and none that anybody can
 * rely on is missing.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rooms_journal_kept.h"


/* The process dies with any octet of what an operation writes. */

static void
test_cut_at_every_octet(void **unused)
{
    size_t                 k;
    unsigned               i, n, round;
    uint64_t               before;
    disk_write_t          *w;
    rooms_journal_image_t  found;

    static model_t         was;

    (void) unused;

    for (round = 0; round < 20; round++) {
        start(SIZE, round % 2);

        for (i = 0; i < round * 16; i++) {
            step();
        }

        level();
        model_must(disk_sync(7) == ROOMS_OK);
        memcpy(image, disk.seen, disk.size);

        was = model;
        before = j->head;

        step();
        level();

        n = disk.n;

        for (i = 0; i < n; i++) {
            w = &disk.writes[i];

            for (k = 0; k <= w->len; k += 1 + w->len / 48) {
                memcpy(image + w->offset, w->data, k);

                assert_int_equal(look(image, disk.size, &found), ROOMS_OK);

                if (((rooms_journal_t *) (void *) other)->head == j->head
                    && j->head != before)
                {
                    same(&model, 0);

                } else {
                    same(&was, 1);
                }
            }

            memcpy(image + w->offset, w->data, w->len);
        }

        assert_int_equal(look(image, disk.size, &found), ROOMS_OK);
        same(&model, 0);
    }
}


/* The machine goes down. */

static void
test_power_is_lost(void **unused)
{
    unsigned               i;
    rooms_journal_sync_t   s;
    rooms_journal_image_t  found;

    (void) unused;

    for (i = 0; i < 900; i++) {

        if (i % 450 == 0) {
            start(SIZE, i / 450);
            remember();
        }

        step();
        level();
        remember();

        if (i % 37 == 0) {
            rooms_journal_file_written(f, &s);
            rooms_journal_file_synced(f, &s, disk_sync(7) == ROOMS_OK);
        }

        disk_down(image, &state);

        owner.boot = str("another boot");
        assert_int_equal(look(image, disk.size, &found), ROOMS_OK);
        owner.boot = str("this boot");

        /* all that was synced, and it is said if more may be missing */

        if (f->synced == f->at) {
            assert_int_equal(found.end, f->at);
        }

        assert_true(found.end >= f->synced);
        assert_int_equal(found.whole, owner.always);
        same(&history[version()].m, 1);
    }
}


/* A writer dies before or after the file knows of what it wrote. */

static void
test_writer_dies(void **unused)
{
    uint64_t               at;
    unsigned               i;
    rooms_journal_image_t  found;

    static model_t         was;
    static unsigned char   before[SIZE];
    static rooms_journal_file_t  old;

    (void) unused;

    start(SIZE, 0);

    for (i = 0; i < 1200; i++) {

        if (i % 3 != 0) {
            step();
            continue;
        }

        was = model;
        memcpy(before, memory, SIZE);
        old = *f;

        step();

        if (f->safe != old.safe
            || j->tail != ((rooms_journal_t *) (void *) before)->tail)
        {
            continue;
        }

        /* the octets are in the file, the memory is as it was */

        memcpy(memory, before, SIZE);
        model = was;

        if (i % 2) {
            *f = old;
        }

        j->dirty = 1;
        at = f->at;

        do {
            step();
            level();
        } while (f->at == at);

        assert_int_equal(look(disk.seen, disk.size, &found), ROOMS_OK);
        same(&model, 1);
    }
}


static void
full_disk(uint64_t seed)
{
    uint64_t               last, at;
    unsigned               i, declined;
    rooms_int_t            rc;
    rooms_append_t         a;
    rooms_record_t         record;
    rooms_journal_room_t   info;
    rooms_journal_image_t  found;

    state = seed;

    start(SIZE, 0);

    record.fact = model_data(1, 100);
    record.messages = model_data(2, 200);

    memset(&a, 0, sizeof(rooms_append_t));

    a.records = &record;
    a.nrecords = 1;
    a.expected = ROOMS_JOURNAL_ANY;

    for (i = 0; i < 400; i++) {
        step();
        a.room = model_name(i % MODEL_ROOMS);

        /* only a part of it fits, and then nothing */

        level();
        disk.left = (int) (i % 4 * 50);
        at = j->head;
        declined = 0;

        while (declined < 3) {
            assert_int_equal(rooms_journal_append(j, &a, &last, NULL),
                             ROOMS_DECLINED);
            declined++;
        }

        assert_int_equal(rooms_journal_repair(j, (const char *[1]) { "" }),
                         ROOMS_OK);
        model_check(&model, j, state);

        assert_int_equal(look(disk.seen, disk.size, &found), ROOMS_OK);
        same(&model, 1);

        /* messages from worker to worker need no file for a lap */

        assert_int_equal(rooms_journal_direct(j, 1, model_data(3, 8), 1),
                         ROOMS_OK);
        assert_true(j->head > at);

        model.log[model.n].id = j->head - rooms_journal_form(0, 8);
        model.log[model.n].seed = 3;
        model.log[model.n].fact = 8;
        model.log[model.n].to = 1;
        model.log[model.n].room = MODEL_ROOMS;
        model.log[model.n].messages = 0;
        model.log[model.n].prev = 0;
        model.log[model.n++].removed = 0;

        disk.left = -1;
    }

    assert_true(f->failures >= 1200);

    /* a lap of them is too much */

    disk.left = 0;

    for (i = 0; i < 400; i++) {
        if (rooms_journal_direct(j, 1, model_data(3, 500), 1) != ROOMS_OK) {
            break;
        }
    }

    assert_true(i > 10 && i < 400);
    disk.left = -1;
    assert_int_equal(rooms_journal_direct(j, 1, model_data(3, 500), 1),
                     ROOMS_OK);

    /* what was there before is there, and it all goes on */

    for (i = 0; i < MODEL_ROOMS; i++) {
        rc = rooms_journal_lookup(j, model_name(i), &info);
        assert_int_equal(rc == ROOMS_OK && info.live, model.rooms[i].live);
    }

    assert_int_equal(rooms_journal_append(j, &a, &last, NULL), ROOMS_OK);
    assert_int_equal(rooms_journal_lookup(j, a.room, &info), ROOMS_OK);
    assert_true(info.live && info.last == last);
}


/* ROOMS_SEEDS: so many runs of it, for a long one. */

static void
test_full_disk(void **unused)
{
    uint64_t     seed, n;
    const char  *env;

    (void) unused;

    env = getenv("ROOMS_SEEDS");
    n = env ? strtoull(env, NULL, 10) : 5;

    for (seed = 1; seed <= n; seed++) {
        full_disk(seed);
    }
}


/* After a failed sync nobody can tell what is on the disk. */

static void
test_sick_disk(void **unused)
{
    uint64_t              last;
    rooms_append_t        a;
    rooms_record_t        record;
    rooms_journal_sync_t  s;

    (void) unused;

    start(SIZE, 0);

    memset(&a, 0, sizeof(rooms_append_t));

    record.fact = model_data(1, 100);
    record.messages = rooms_str(NULL, 0);

    a.room = model_name(0);
    a.records = &record;
    a.nrecords = 1;
    a.expected = ROOMS_JOURNAL_ANY;

    assert_int_equal(rooms_journal_append(j, &a, &last, NULL), ROOMS_OK);
    assert_true(rooms_journal_file_pending(f));

    disk.sick = 1;
    rooms_journal_file_written(f, &s);
    rooms_journal_file_synced(f, &s, disk_sync(7) == ROOMS_OK);
    disk.sick = 0;

    assert_true(f->broken);
    assert_int_equal(rooms_journal_append(j, &a, &last, NULL),
                     ROOMS_DECLINED);
    rooms_journal_file_finish(j);
    assert_true(rooms_journal_file_pending(f));
}


int
main(void)
{
    int  rc;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_cut_at_every_octet),
        cmocka_unit_test(test_power_is_lost),
        cmocka_unit_test(test_writer_dies),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_sick_disk),
    };

    kept_begin();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    kept_end();

    return rc;
}
