
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the tests of a journal do to the one they have, in a line each.
 */


#ifndef _ROOMS_JOURNAL_PUT_H_INCLUDED_
#define _ROOMS_JOURNAL_PUT_H_INCLUDED_


#include "rooms_journal_check.h"


#define SIZE  ROOMS_JOURNAL_MIN_SIZE


static rooms_journal_t  *j;


static inline rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static inline void
fresh(size_t size)
{
    assert_int_equal(rooms_journal_init(j, size, 42, 1, 2), ROOMS_OK);
}


/* One record with a fact and messages of these lengths. */

static inline rooms_int_t
put(const char *room, size_t fact, size_t messages, unsigned remove,
    uint64_t *last)
{
    rooms_append_t  a;
    rooms_record_t  record;

    record.fact = model_data(1, fact);
    record.messages = model_data(2, messages);

    memset(&a, 0, sizeof(rooms_append_t));

    a.room = str(room);
    a.expected = ROOMS_JOURNAL_ANY;
    a.records = &record;
    a.nrecords = 1;
    a.deadline = ROOMS_JOURNAL_KEEP;
    a.remove = remove;

    return rooms_journal_append(j, &a, last, NULL);
}


static inline uint64_t
ok(const char *room, size_t fact, size_t messages, unsigned remove)
{
    uint64_t  last;

    assert_int_equal(put(room, fact, messages, remove, &last), ROOMS_OK);

    return last;
}


static inline rooms_int_t
count(void *ctx, const rooms_journal_entry_t *e)
{
    (void) e;
    (*(unsigned *) ctx)++;

    return ROOMS_OK;
}


static inline void
replays(const char *room, uint64_t after, uint64_t before, int n)
{
    unsigned     seen;
    rooms_int_t  rc;

    seen = 0;
    rc = rooms_journal_replay(j, str(room), after, before, count, &seen);

    if (n < 0) {
        assert_int_equal(rc, ROOMS_DECLINED);
        n = 0;
    }

    assert_int_equal(seen, n);
}


static inline void
turn_over(void)
{
    uint64_t  head;

    /* as many records of others as make the tail pass all there is now */

    head = j->head;

    while (j->tail < head) {
        assert_int_equal(rooms_journal_direct(j, 1, model_data(3, 500), 1),
                         ROOMS_OK);
    }
}


static inline rooms_journal_stat_t
stat_of(void)
{
    rooms_journal_stat_t  st;

    rooms_journal_stat(j, &st);

    return st;
}


#endif /* _ROOMS_JOURNAL_PUT_H_INCLUDED_ */
