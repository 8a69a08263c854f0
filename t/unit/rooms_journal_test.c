
/*
 * Copyright (C) nginx rooms contributors
 *
 * The journal by its contract; the model covers the long run.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rooms_journal_put.h"


static rooms_buf_t  buf;


static void
test_expected(void **unused)
{
    uint64_t              last, id;
    rooms_append_t        a;
    rooms_record_t        record;
    rooms_journal_room_t  room;

    (void) unused;

    fresh(SIZE);

    record.fact = str("fact");
    record.messages = str("");

    memset(&a, 0, sizeof(rooms_append_t));

    a.room = str("a");
    a.records = &record;
    a.nrecords = 1;
    a.expected = 4711;

    assert_int_equal(rooms_journal_append(j, &a, &last, NULL), ROOMS_AGAIN);
    assert_int_equal(last, 0);

    a.expected = ROOMS_JOURNAL_NONE;
    assert_int_equal(rooms_journal_append(j, &a, &last, &room), ROOMS_OK);
    assert_true(last != 0 && room.live && room.last == last);
    assert_true(room.hash == rooms_journal_hash(j, str("a")));
    id = last;

    assert_int_equal(rooms_journal_append(j, &a, &last, NULL), ROOMS_AGAIN);
    assert_int_equal(last, id);

    a.expected = id;
    assert_int_equal(rooms_journal_append(j, &a, &last, NULL), ROOMS_OK);
    assert_true(last > id);

    assert_int_equal(rooms_journal_append(j, &a, &id, NULL), ROOMS_AGAIN);
    assert_int_equal(id, last);

    a.expected = ROOMS_JOURNAL_ANY;
    a.remove = 1;
    assert_int_equal(rooms_journal_append(j, &a, &last, &room), ROOMS_OK);
    assert_false(room.live);

    a.expected = ROOMS_JOURNAL_NONE;
    a.remove = 0;
    assert_int_equal(rooms_journal_append(j, &a, &last, &room), ROOMS_OK);
    assert_true(room.live && room.log == 4);
}


static void
test_errors(void **unused)
{
    char            name[ROOMS_JOURNAL_NAME + 2];
    uint64_t        last;
    rooms_append_t  a;

    (void) unused;

    fresh(SIZE);

    assert_int_equal(rooms_journal_init(j, SIZE - 1, 1, 1, 1), ROOMS_ERROR);

    memset(name, 'n', sizeof(name));
    name[ROOMS_JOURNAL_NAME + 1] = '\0';

    assert_int_equal(put("", 1, 1, 0, &last), ROOMS_ERROR);
    assert_int_equal(put(name, 1, 1, 0, &last), ROOMS_ERROR);
    assert_int_equal(put(name + 1, 1, 1, 0, &last), ROOMS_OK);

    assert_int_equal(put("a", 1, j->max, 0, &last), ROOMS_ERROR);
    assert_int_equal(put("a", j->max, 1, 0, &last), ROOMS_ERROR);
    assert_int_equal(put("a", SIZE_MAX, SIZE_MAX, 0, &last), ROOMS_ERROR);
    assert_int_equal(put("a", 0, j->max - 105, 0, &last), ROOMS_OK);
    assert_int_equal(put("a", 0, j->max - 104, 0, &last), ROOMS_ERROR);

    /* neither a record nor an end */

    memset(&a, 0, sizeof(rooms_append_t));
    a.room = str("a");
    assert_int_equal(rooms_journal_append(j, &a, &last, NULL), ROOMS_ERROR);

    assert_int_equal(rooms_journal_direct(j, 1, model_data(1, j->max - 104),
                                          1), ROOMS_OK);
    assert_int_equal(rooms_journal_direct(j, 1, model_data(1, j->max - 103),
                                          1), ROOMS_ERROR);

    assert_int_equal(rooms_journal_snapshot(j, str("a"), 64, str(""), 1),
                     ROOMS_ERROR);
    assert_int_equal(rooms_journal_touch(j, str("a"), 1, 1), ROOMS_DECLINED);
    assert_int_equal(rooms_journal_touch(j, str("never"), 1, 1),
                     ROOMS_DECLINED);
    assert_int_equal(rooms_journal_interest(j, str("a"),
                                            ROOMS_JOURNAL_WORKERS, 1),
                     ROOMS_ERROR);
}


static void
test_batch(void **unused)
{
    uint64_t               last, cursor;
    unsigned               i;
    rooms_append_t         a;
    rooms_record_t         records[3];
    rooms_journal_room_t   room;
    rooms_journal_entry_t  e;

    (void) unused;

    fresh(SIZE);

    cursor = rooms_journal_head(j);

    records[0].fact = str("one");
    records[0].messages = str("first");
    records[1].fact = str("");
    records[1].messages = str("second");
    records[2].fact = str("three");
    records[2].messages = str("");

    memset(&a, 0, sizeof(rooms_append_t));

    a.room = str("batch");
    a.records = records;
    a.nrecords = 3;
    a.now = 99;
    a.deadline = 1000;
    a.owner = 7;

    assert_int_equal(rooms_journal_append(j, &a, &last, &room), ROOMS_OK);
    assert_int_equal(room.log, 8);
    assert_int_equal(room.deadline, 1000);
    assert_int_equal(room.owner, 7);
    assert_int_equal(rooms_journal_epoch(j), 42);

    for (i = 0; i < 3; i++) {
        assert_int_equal(rooms_journal_read(j, &cursor, &buf, &e), ROOMS_OK);
        assert_int_equal(e.kind, ROOMS_ENTRY_RECORD);
        assert_int_equal(e.time, 99);
        assert_int_equal(e.room.len, 5);
        assert_int_equal(e.fact.len, records[i].fact.len);
        assert_memory_equal(e.messages.data, records[i].messages.data,
                            records[i].messages.len);
        assert_false(e.removed);
        assert_true((e.prev == 0) == (i == 0));
    }

    assert_true(e.id == last);
    assert_int_equal(rooms_journal_read(j, &cursor, &buf, &e), ROOMS_AGAIN);

    a.remove = 1;
    a.expected = last;
    assert_int_equal(rooms_journal_append(j, &a, &last, &room), ROOMS_OK);
    assert_int_equal(room.deadline, 0);
    assert_int_equal(room.owner, 0);

    for (i = 0; i < 3; i++) {
        assert_int_equal(rooms_journal_read(j, &cursor, &buf, &e), ROOMS_OK);
        assert_int_equal(e.removed, i == 2);
    }

    a.nrecords = 0;
    a.expected = ROOMS_JOURNAL_NONE;
    assert_int_equal(rooms_journal_append(j, &a, &last, &room), ROOMS_OK);
    assert_int_equal(rooms_journal_read(j, &cursor, &buf, &e), ROOMS_OK);
    assert_true(e.removed && e.fact.len == 0 && e.messages.len == 0);
    assert_int_equal(stat_of().live, 0);
}


static rooms_int_t
stop_at_second(void *ctx, unsigned snapshot, uint64_t id, rooms_str_t data)
{
    (void) snapshot;
    (void) id;
    (void) data;

    return ++*(unsigned *) ctx == 2 ? ROOMS_DONE : ROOMS_OK;
}


static void
test_handlers_end_the_walk(void **unused)
{
    unsigned  n;

    (void) unused;

    fresh(SIZE);

    (void) ok("a", 1, 1, 0);
    (void) ok("a", 1, 1, 0);
    (void) ok("a", 1, 1, 0);

    n = 0;
    assert_int_equal(rooms_journal_load(j, str("a"), stop_at_second, &n,
                                        NULL), ROOMS_DONE);
    assert_int_equal(n, 2);
}


static void
test_snapshot(void **unused)
{
    uint64_t              last;
    rooms_journal_room_t  room;

    (void) unused;

    fresh(SIZE);

    last = ok("a", 100, 0, 0);
    last = ok("a", 200, 0, 0);

    assert_int_equal(rooms_journal_snapshot(j, str("a"), last - 8, str("s"),
                                            1), ROOMS_AGAIN);
    assert_int_equal(rooms_journal_snapshot(j, str("a"), last,
                                            model_data(1, j->max), 1),
                     ROOMS_ERROR);
    assert_int_equal(rooms_journal_snapshot(j, str("a"), last, str("state"),
                                            1), ROOMS_OK);
    assert_int_equal(rooms_journal_lookup(j, str("a"), &room), ROOMS_OK);
    assert_int_equal(room.log, 0);
    assert_int_equal(room.snapshot, 5);
    assert_int_equal(stat_of().live, rooms_journal_form(1, 5));

    /* an empty state is a state */

    assert_int_equal(rooms_journal_snapshot(j, str("a"), last, str(""), 1),
                     ROOMS_OK);
    turn_over();

    assert_int_equal(rooms_journal_lookup(j, str("a"), &room), ROOMS_OK);
    assert_true(room.live && room.last == last);
    assert_int_equal(stat_of().live, rooms_journal_form(1, 0));
}


static void
test_replay(void **unused)
{
    uint64_t  a1, a2, a3, b, q;

    (void) unused;

    fresh(SIZE);

    replays("nothing", 0, UINT64_MAX, 0);
    replays("nothing", j->head, UINT64_MAX, -1);

    q = ok("quiet", 10, 10, 0);
    a1 = ok("a", 10, 10, 0);
    b = ok("b", 0, 10, 0);
    a2 = ok("a", 0, 10, 0);
    a3 = ok("a", 10, 0, 0);

    replays("a", 0, UINT64_MAX, 3);
    replays("a", a1, UINT64_MAX, 2);
    replays("a", a1, a3, 1);
    replays("a", a2 - 1, a2, 0);
    replays("a", a3, UINT64_MAX, 0);
    replays("a", j->head - 1, UINT64_MAX, 0);
    replays("a", j->head, UINT64_MAX, -1);
    replays("a", UINT64_MAX, UINT64_MAX, -1);
    replays("b", 0, UINT64_MAX, 1);

    turn_over();

    /* a living room's last id is known for ever, of others nothing is */

    replays("quiet", q, UINT64_MAX, 0);
    replays("quiet", q - 1, UINT64_MAX, -1);
    replays("a", a3, UINT64_MAX, 0);
    replays("a", a2, UINT64_MAX, -1);
    replays("b", b, UINT64_MAX, -1);
    replays("b", j->tail - 1, UINT64_MAX, 0);

    /* a room that comes back does not hide what was lost between */

    q = j->tail;
    (void) ok("b", 10, 0, 0);

    replays("b", b, UINT64_MAX, -1);
    replays("b", q - 2, UINT64_MAX, -1);
    replays("b", q, UINT64_MAX, 1);
}


/* While its last record is kept, an ended room's end can be replayed. */

static void
test_replay_of_the_end(void **unused)
{
    uint64_t  first;

    (void) unused;

    fresh(SIZE);

    first = ok("a", 10, 0, 0);
    (void) ok("a", 10, 10, 1);

    replays("a", first, UINT64_MAX, 1);
    assert_int_equal(stat_of().entries, 1);

    turn_over();

    replays("a", first, UINT64_MAX, -1);
    assert_int_equal(stat_of().entries, 0);
}


static void
test_cursor_overtaken(void **unused)
{
    uint64_t               cursor, past;
    rooms_journal_entry_t  e;

    (void) unused;

    fresh(SIZE);

    cursor = rooms_journal_head(j);
    (void) ok("a", 10, 10, 0);
    turn_over();

    assert_int_equal(rooms_journal_read(j, &cursor, &buf, &e),
                     ROOMS_DECLINED);
    assert_true(cursor == j->tail);
    assert_int_equal(rooms_journal_read(j, &cursor, &buf, &e), ROOMS_OK);
    assert_int_equal(e.kind, ROOMS_ENTRY_DIRECTED);
    assert_int_equal(e.to, 1);
    assert_int_equal(e.fact.len, 500);

    past = j->head + 8;
    assert_int_equal(rooms_journal_read(j, &past, &buf, &e), ROOMS_DECLINED);
    assert_true(past == j->tail);

    past = j->tail + 8;
    assert_int_equal(rooms_journal_read(j, &past, &buf, &e), ROOMS_ERROR);

    past = j->tail + 1;
    assert_int_equal(rooms_journal_read(j, &past, &buf, &e), ROOMS_ERROR);
}


static void
test_read_without_memory(void **unused)
{
    uint64_t               cursor;
    rooms_buf_t            small;
    rooms_journal_entry_t  e;

    (void) unused;

    fresh(SIZE);

    cursor = rooms_journal_head(j);
    (void) ok("a", 100, 0, 0);

    rooms_buf_init(&small, 64);
    assert_int_equal(rooms_journal_read(j, &cursor, &small, &e),
                     ROOMS_ERROR);

    /* it was not passed over */

    assert_int_equal(rooms_journal_read(j, &cursor, &buf, &e), ROOMS_OK);
    rooms_buf_free(&small);
}


static void
test_deadline_and_owner(void **unused)
{
    rooms_journal_room_t  room;

    (void) unused;

    fresh(SIZE);

    (void) ok("a", 10, 0, 0);

    assert_int_equal(rooms_journal_touch(j, str("a"), 5000, 9), ROOMS_OK);
    (void) ok("a", 0, 10, 0);

    assert_int_equal(rooms_journal_lookup(j, str("a"), &room), ROOMS_OK);
    assert_int_equal(room.deadline, 5000);
    assert_int_equal(room.owner, 0);

    assert_int_equal(rooms_journal_touch(j, str("a"), ROOMS_JOURNAL_KEEP, 8),
                     ROOMS_OK);
    turn_over();
    assert_int_equal(rooms_journal_touch(j, str("a"), 6000, 8), ROOMS_OK);

    j->dirty = 1;

    assert_int_equal(rooms_journal_lookup(j, str("a"), &room), ROOMS_OK);
    assert_int_equal(room.deadline, 6000);
    assert_int_equal(room.owner, 8);
    assert_int_equal(stat_of().repairs, 1);
}


static void
test_oldest(void **unused)
{
    (void) unused;

    fresh(SIZE);

    assert_int_equal(stat_of().oldest, 0);

    assert_int_equal(rooms_journal_direct(j, 1, str("x"), 500), ROOMS_OK);
    assert_int_equal(rooms_journal_direct(j, 1, str("x"), 600), ROOMS_OK);

    assert_int_equal(stat_of().oldest, 500);
    assert_int_equal(stat_of().used, 2 * rooms_journal_form(0, 1));
}


int
main(void)
{
    int  rc;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_handlers_end_the_walk),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_replay_of_the_end),
        cmocka_unit_test(test_cursor_overtaken),
        cmocka_unit_test(test_read_without_memory),
        cmocka_unit_test(test_deadline_and_owner),
        cmocka_unit_test(test_oldest),
    };

    model_start();

    j = aligned_alloc(64, SIZE * 4);

    rc = cmocka_run_group_tests(tests, NULL, NULL);

    rooms_buf_free(&buf);
    free(j);

    return rc;
}
