
/*
 * Copyright (C) nginx rooms contributors
 *
 * A journal's file: whatever happens while it is written, what is read back
 * is the journal as it was after some operation, none that anybody can rely
 * on is missing, and what cannot be that is refused.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

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


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static void
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


static void
step(void)
{
    uint32_t  r[8];

    model_random(&state, r);
    (void) model_step(&model, j, r);
}


/* The file has all, also what no append has taken along yet. */

static void
level(void)
{
    model_must(rooms_journal_ready(j) == ROOMS_OK);
    model_must(rooms_journal_keep(j, j->head) == ROOMS_OK);
    model_compact(&model, j->tail);
}


static rooms_int_t
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

static void
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


static void
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

static unsigned
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
        cmocka_unit_test(test_cut_at_every_octet),
        cmocka_unit_test(test_power_is_lost),
        cmocka_unit_test(test_every_octet_counts),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_writer_dies),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_sick_disk),
        cmocka_unit_test(test_clean_end),
        cmocka_unit_test(test_touches),
        cmocka_unit_test(test_other_size),
    };

    model_start();

    memory = aligned_alloc(64, SIZE * 8);
    other = aligned_alloc(64, SIZE * 8);
    image = malloc(SIZE * 16);

    j = (rooms_journal_t *) (void *) memory;
    f = (rooms_journal_file_t *) (void *) (memory + SIZE * 7);

    rc = cmocka_run_group_tests(tests, NULL, NULL);

    free(memory);
    free(other);
    free(image);
    disk_start(SIZE);
    free(disk.seen);
    free(disk.kept);

    return rc;
}
