
/*
 * Copyright (C) nginx rooms contributors
 *
 * A journal's file as it is read back: all is there, and what cannot be what
 * was written is refused.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rooms_journal_kept.h"


static void
test_all_is_read_back(void **unused)
{
    unsigned               i;
    rooms_journal_image_t  found;

    (void) unused;

    for (i = 0; i < 3000; i++) {

        if (i % 1000 == 0) {
            start(SIZE + i * 16, i / 1000 % 2);
        }

        step();

        if (i % 11 == 0 || i % 1000 == 0) {
            level();
            assert_int_equal(look(disk.seen, disk.size, &found), ROOMS_OK);
            assert_true(found.whole);
            assert_int_equal(found.cut, 0);
            assert_int_equal(found.epoch, 42);
            same(&model, 0);
        }
    }

    /* it went round, without ever being told to sync */

    assert_true(f->at > f->capacity);
    assert_true(disk.syncs > 1);
}


static void
test_every_octet_counts(void **unused)
{
    size_t                 i;
    uint64_t               at;
    unsigned               n;
    rooms_int_t            rc;
    rooms_journal_sync_t   s;
    rooms_journal_image_t  found, intact;

    (void) unused;

    start(SIZE, 0);

    for (n = 0; n < 60; n++) {
        step();
    }

    level();
    rooms_journal_file_written(f, &s);
    rooms_journal_file_synced(f, &s, disk_sync(7) == ROOMS_OK);
    at = f->at;

    /* the first frame after a sync knows of it */

    while (f->at == at) {
        step();
        level();
    }

    assert_int_equal(look(disk.seen, disk.size, &intact), ROOMS_OK);
    memcpy(image, disk.seen, disk.size);

    for (i = 0; i < ROOMS_JOURNAL_FILE_HEAD + f->at; i++) {

        if (i >= sizeof(rooms_file_head_t) && i < ROOMS_JOURNAL_FILE_HEAD) {
            continue;
        }

        image[i] ^= 1 << i % 8;
        rc = look(image, disk.size, &found);

        if (i < ROOMS_JOURNAL_FILE_HEAD + at) {
            assert_true(rc == ROOMS_ERROR || rc == ROOMS_DECLINED);

        } else {
            assert_int_equal(rc, ROOMS_OK);
            assert_true(found.end < intact.end && !found.whole);
        }

        image[i] ^= 1 << i % 8;
    }

    /* nor may any be missing, wherever the log ends in it */

    for (i = 0; i < disk.size; i += 97) {
        rc = look(image, i, &found);
        assert_true(rc == ROOMS_ERROR || rc == ROOMS_DECLINED);
    }
}


static void
refused(rooms_int_t expected, const char *text)
{
    const char             *reason;
    rooms_journal_image_t   found;

    reason = "";

    assert_int_equal(rooms_journal_image(image, disk.size, &owner, &found,
                                         &reason), expected);
    assert_non_null(strstr(reason, text));
}


static void
test_foreign(void **unused)
{
    rooms_file_head_t      *h;
    rooms_journal_image_t   found;

    (void) unused;

    start(SIZE, 0);
    memcpy(image, disk.seen, disk.size);

    h = (rooms_file_head_t *) (void *) image;

    owner.app = str("supper");
    refused(ROOMS_DECLINED, "another rooms_app");
    owner.app = str("lunch");

    owner.application = str("polls");
    refused(ROOMS_DECLINED, "another application");
    owner.application = str("dinner");

    h->version = 2;
    refused(ROOMS_DECLINED, "another version");
    h->version = ROOMS_FILE_VERSION;

    h->order = 0x04030201;
    refused(ROOMS_DECLINED, "byte order");
    h->order = ROOMS_FILE_ORDER;

    h->size++;
    refused(ROOMS_ERROR, "damaged");
    h->size--;

    h->magic[5] = '\n';
    refused(ROOMS_DECLINED, "not a journal");
    h->magic[5] = '\r';

    assert_int_equal(look(image, disk.size, &found), ROOMS_OK);
    assert_int_equal(look(image, 100, &found), ROOMS_DECLINED);
    assert_int_equal(look(image, 0, &found), ROOMS_DECLINED);
}


static void
test_clean_end(void **unused)
{
    unsigned               i;
    rooms_journal_image_t  found;

    (void) unused;

    start(SIZE, 0);

    for (i = 0; i < 300; i++) {
        step();
    }

    owner.boot = str("another boot");

    level();
    model_must(disk_sync(7) == ROOMS_OK);
    assert_int_equal(look(disk.kept, disk.size, &found), ROOMS_OK);
    assert_false(found.whole);

    rooms_journal_file_finish(j);
    assert_int_equal(look(disk.kept, disk.size, &found), ROOMS_OK);
    assert_true(found.whole);
    model_compact(&model, j->tail);
    same(&model, 0);

    /* another worker goes on, and dies */

    do {
        i = (unsigned) f->at;
        step();
    } while (f->at == i);

    assert_int_equal(look(disk.seen, disk.size, &found), ROOMS_OK);
    assert_false(found.whole);

    owner.boot = str("this boot");
}


/* Changes without records take space, too, and there is an end to it. */

static void
test_touches(void **unused)
{
    uint64_t               last;
    unsigned               i, k;
    rooms_append_t         a;
    rooms_record_t         record;
    rooms_journal_room_t   info;
    rooms_journal_image_t  found;

    (void) unused;

    start(SIZE, 0);

    for (i = 0; i < 30; i++) {
        memset(&a, 0, sizeof(rooms_append_t));

        record.fact = model_data(i, 900);
        record.messages = rooms_str(NULL, 0);

        a.room = model_name(i);
        a.records = &record;
        a.nrecords = 1;
        a.expected = ROOMS_JOURNAL_ANY;
        a.deadline = 1;

        assert_int_equal(rooms_journal_append(j, &a, &last, NULL), ROOMS_OK);
    }

    for (i = 0; i < 30000; i++) {
        k = i * 7 % 30;

        assert_int_equal(rooms_journal_touch(j, model_name(k), 1000 + i,
                                             i % 2), ROOMS_OK);
    }

    assert_int_equal(f->failures, 0);
    assert_int_equal(look(disk.seen, disk.size, &found), ROOMS_OK);

    for (k = 0; k < 30; k++) {
        uint64_t  deadline;

        assert_int_equal(rooms_journal_lookup(j, model_name(k), &info),
                         ROOMS_OK);
        deadline = info.deadline;

        assert_int_equal(rooms_journal_lookup((void *) other, model_name(k),
                                              &info), ROOMS_OK);
        assert_true(info.live);
        assert_int_equal(info.deadline, deadline);
    }
}


static void
test_other_size(void **unused)
{
    unsigned               i, k;
    const char            *reason;
    rooms_journal_t       *o;
    rooms_journal_image_t  found;

    static unsigned char  *third;
    static const size_t    sizes[] = { SIZE, SIZE + 8192, SIZE * 2 - 64,
                                       SIZE * 2, SIZE * 5 };

    (void) unused;

    third = aligned_alloc(64, SIZE * 8);

    for (k = 0; k < 5; k++) {
        start(SIZE * 2, 0);

        for (i = 0; i < 900; i++) {
            step();
        }

        level();
        assert_int_equal(look(disk.seen, disk.size, &found), ROOMS_OK);

        o = (rooms_journal_t *) (void *) other;
        i = (unsigned) o->live;

        if (rooms_journal_refit(o, third, sizes[k], &reason) != ROOMS_OK) {
            assert_true(sizes[k] < SIZE * 2);
            assert_non_null(strstr(reason, "larger zone"));
            continue;
        }

        memcpy(other, third, sizes[k]);
        assert_int_equal(o->live, i);
        assert_int_equal(o->size, sizes[k]);
        same(&model, 0);
    }

    free(third);
}


int
main(void)
{
    int  rc;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_all_is_read_back),
        cmocka_unit_test(test_every_octet_counts),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_clean_end),
        cmocka_unit_test(test_touches),
        cmocka_unit_test(test_other_size),
    };

    kept_begin();
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    kept_end();

    return rc;
}
