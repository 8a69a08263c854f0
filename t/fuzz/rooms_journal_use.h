
/*
 * Copyright (C) nginx rooms contributors
 *
 * Does all that can be done to a journal whose content nobody knows.
 */


#ifndef _ROOMS_JOURNAL_USE_H_INCLUDED_
#define _ROOMS_JOURNAL_USE_H_INCLUDED_


#include "../unit/rooms_journal_model.h"


static inline rooms_int_t
use_load(void *ctx, unsigned snapshot, uint64_t id, rooms_str_t data)
{
    size_t  i;

    for (i = 0; i < data.len; i++) {
        *(uint64_t *) ctx += data.data[i] + snapshot + id;
    }

    return ROOMS_OK;
}


static inline rooms_int_t
use_entry(void *ctx, const rooms_journal_entry_t *e)
{
    (void) use_load(ctx, 0, e->id, e->room);
    (void) use_load(ctx, 0, e->id, e->fact);

    return use_load(ctx, 0, e->id, e->messages);
}


static inline void
use_journal(rooms_journal_t *j)
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

        (void) rooms_journal_load(j, a.room, use_load, &sum, &info);
        (void) rooms_journal_replay(j, a.room, j->tail - 1, UINT64_MAX,
                                    use_entry, &sum);
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
            (void) use_entry(&sum, &e);
        }
    }

    model_must(rc == ROOMS_AGAIN);
    model_must(sum != 1);
}


#endif /* _ROOMS_JOURNAL_USE_H_INCLUDED_ */
