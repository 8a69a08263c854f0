
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a journal must do, said in the plainest way: a list of the records
 * that were appended and still matter.  Tests and a fuzzer do the same things
 * to a journal and to a model of it and compare the two.
 *
 * The octets of facts and messages follow from a seed, so that the model
 * keeps numbers only.  Failures abort.
 */


#ifndef _ROOMS_JOURNAL_MODEL_H_INCLUDED_
#define _ROOMS_JOURNAL_MODEL_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_journal.h>
#include <rooms_journal_int.h>


#define MODEL_ROOMS   40
#define MODEL_LOG     2048
#define MODEL_SLOTS   3


#define model_must(cond)                                                     \
    do {                                                                     \
        if (!(cond)) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);       \
            abort();                                                         \
        }                                                                    \
    } while (0)


typedef struct {
    uint64_t    id;
    uint64_t    prev;
    uint32_t    seed;
    uint32_t    fact;                    /* lengths */
    uint32_t    messages;
    uint32_t    to;
    uint16_t    room;                    /* MODEL_ROOMS: directed */
    uint8_t     removed;
} model_record_t;


typedef struct {
    uint64_t    last;
    uint64_t    base;                    /* state: facts with ids above */
    uint64_t    snapshot_id;             /* 0: none */
    uint32_t    snapshot_seed;
    uint32_t    snapshot_len;
    uint64_t    lost;                    /* last id that left the log */
    uint64_t    deadline;
    uint64_t    interest;
    uint32_t    owner;
    uint8_t     live;
} model_room_t;


typedef struct {
    model_room_t    rooms[MODEL_ROOMS];
    unsigned        n;
    model_record_t  log[MODEL_LOG];
} model_t;


static unsigned char  model_octets[1 << 18];


static inline void
model_start(void)
{
    unsigned  i;

    for (i = 0; i < sizeof(model_octets); i++) {
        model_octets[i] = (unsigned char) (i * 2654435761u >> 21);
    }
}


static inline rooms_str_t
model_data(uint32_t seed, size_t len)
{
    return rooms_str(model_octets + seed % 65521, len);
}


static inline unsigned
model_same(rooms_str_t s, uint32_t seed, size_t len)
{
    return s.len == len
           && (len == 0 || memcmp(s.data, model_data(seed, len).data, len)
                           == 0);
}


/* Room 0 has the shortest name there is, the last one the longest. */

static inline rooms_str_t
model_name(unsigned room)
{
    static unsigned char  names[MODEL_ROOMS][ROOMS_JOURNAL_NAME];

    memset(names[room], 'a' + (int) room, ROOMS_JOURNAL_NAME);

    return rooms_str(names[room], room == MODEL_ROOMS - 1
                                  ? ROOMS_JOURNAL_NAME : 1 + room * 3);
}


/* Forgets what the ring holds no more and what is no state either. */

static inline void
model_compact(model_t *m, uint64_t tail)
{
    unsigned               i, n;
    model_room_t          *r;
    const model_record_t  *rec;

    n = 0;

    for (i = 0; i < m->n; i++) {
        rec = &m->log[i];

        if (rec->id < tail) {

            if (rec->room == MODEL_ROOMS) {
                continue;
            }

            r = &m->rooms[rec->room];

            if (rec->id > r->lost) {
                r->lost = rec->id;
            }

            if (!r->live || rec->fact == 0 || rec->id <= r->base) {
                continue;
            }
        }

        m->log[n++] = *rec;
    }

    m->n = n;
}


/* Takes over an append that the journal has done. */

static inline void
model_append(model_t *m, unsigned room, const model_record_t *records,
    unsigned n, unsigned remove, uint64_t deadline, uint32_t owner,
    const uint64_t *ids)
{
    unsigned        i;
    model_room_t   *r;
    model_record_t  record;

    r = &m->rooms[room];

    for (i = 0; i < n; i++) {
        model_must(m->n < MODEL_LOG);

        record = records[i];
        record.id = ids[i];
        record.prev = r->last;
        record.room = (uint16_t) room;
        record.removed = remove && i == n - 1;

        m->log[m->n++] = record;

        r->last = ids[i];

        if (record.fact && !remove) {
            r->live = 1;
        }
    }

    if (remove) {
        r->live = 0;
        r->base = r->last;
        r->snapshot_id = 0;
    }

    if (!r->live) {
        r->deadline = 0;
        r->owner = 0;
        return;
    }

    if (deadline != ROOMS_JOURNAL_KEEP) {
        r->deadline = deadline;
    }

    r->owner = owner;
}


/*
 * Does one operation, chosen by the random numbers, to both.  Returns 0 if
 * nothing was changed.
 */

static inline unsigned
model_step(model_t *m, rooms_journal_t *j, const uint32_t *r)
{
    uint64_t              last, pos, ids[4], expected, deadline;
    unsigned              i, n, room, remove;
    rooms_int_t           rc;
    model_room_t         *mr;
    rooms_append_t        a;
    rooms_record_t        records[4];
    model_record_t        mine[4];
    rooms_journal_room_t  info;

    if (m->n > MODEL_LOG - 8) {
        model_compact(m, j->tail);
    }

    room = r[1] % MODEL_ROOMS;
    mr = &m->rooms[room];

    switch (r[0] % 16) {

    case 0:
        mine[0].seed = r[2];
        mine[0].fact = r[3] % 300;

        rc = rooms_journal_direct(j, r[4], model_data(r[2], mine[0].fact),
                                  r[5]);
        model_must(rc == ROOMS_OK && m->n < MODEL_LOG);

        memset(&m->log[m->n], 0, sizeof(model_record_t));

        pos = j->head - rooms_journal_form(0, mine[0].fact);

        m->log[m->n].id = pos;
        m->log[m->n].seed = r[2];
        m->log[m->n].fact = mine[0].fact;
        m->log[m->n].to = r[4];
        m->log[m->n].room = MODEL_ROOMS;
        m->n++;

        return 1;

    case 1:
    case 2:
        n = r[3] % 20 ? r[3] % 400 : r[3] % (unsigned) j->max;

        rc = rooms_journal_snapshot(j, model_name(room),
                                    mr->last + (r[4] % 8 == 0),
                                    model_data(r[2], n), r[5]);

        if (rc != ROOMS_OK) {
            model_must(rc == ROOMS_DECLINED || rc == ROOMS_ERROR
                       || (rc == ROOMS_AGAIN && r[4] % 8 == 0));
            model_must(rc != ROOMS_ERROR || !mr->live
                       || n + 104 + model_name(room).len > j->max - 8);
            return 0;
        }

        mr->snapshot_id = mr->last;
        mr->snapshot_seed = r[2];
        mr->snapshot_len = n;
        mr->base = mr->last;

        return 1;

    case 3:
        rc = rooms_journal_touch(j, model_name(room), r[2], r[3]);
        model_must(rc == (mr->live ? ROOMS_OK : ROOMS_DECLINED));

        if (mr->live) {
            mr->deadline = r[2];
            mr->owner = r[3];
        }

        return mr->live;

    case 4:
        i = r[2] % MODEL_SLOTS;

        rc = rooms_journal_interest(j, model_name(room), i, r[3] % 2);
        model_must(rc == ROOMS_OK);

        mr->interest &= ~((uint64_t) 1 << i);
        mr->interest |= (uint64_t) (r[3] % 2) << i;

        return 1;

    case 5:
        if (r[2] % 8 != 0) {
            return 0;
        }

        i = r[3] % MODEL_SLOTS;

        rooms_journal_forget(j, i);

        for (n = 0; n < MODEL_ROOMS; n++) {
            m->rooms[n].interest &= ~((uint64_t) 1 << i);
        }

        return 1;

    default:
        break;
    }

    remove = r[0] % 16 == 6 || r[0] % 16 == 7;
    n = 1 + (r[2] % 8 == 0 ? r[2] / 8 % 4 : 0);

    if (remove && r[3] % 2) {
        n = 0;
    }

    memset(mine, 0, sizeof(mine));

    for (i = 0; i < n; i++) {
        mine[i].seed = r[2] + i * 77;
        mine[i].fact = r[3] % 4 ? (r[3] / 4 + i * 131) % 200 : 0;
        mine[i].messages = r[4] % 4 ? (r[4] / 4 + i * 31) % 300 : 0;

        if (r[5] % 64 == 0) {
            mine[i].messages = r[4] % (unsigned) (j->max / 5);
        }

        if (r[5] % 64 == 1) {
            mine[i].fact = r[4] % (unsigned) (j->max / 5);
        }

        records[i].fact = model_data(mine[i].seed, mine[i].fact);
        records[i].messages = model_data(mine[i].seed + 1, mine[i].messages);
    }

    /* the last id as the journal knows it, which forgets ended rooms */

    expected = ROOMS_JOURNAL_ANY;

    if (r[5] / 64 % 4 == 0) {
        expected = mr->live ? mr->last : ROOMS_JOURNAL_NONE;

    } else if (r[5] / 64 % 4 == 1) {
        expected = mr->last ? mr->last + 8 : 8;
    }

    deadline = r[6] % 2 ? ROOMS_JOURNAL_KEEP : r[6];

    memset(&a, 0, sizeof(rooms_append_t));

    a.room = model_name(room);
    a.expected = expected;
    a.records = records;
    a.nrecords = n;
    a.now = r[6];
    a.deadline = deadline;
    a.owner = r[7];
    a.remove = remove;

    rc = rooms_journal_append(j, &a, &last, &info);

    if (expected == mr->last + 8 || (expected == 8 && !mr->last)) {
        model_must(rc == ROOMS_AGAIN || rc == ROOMS_ERROR);
        model_must(rc == ROOMS_ERROR || last == mr->last
                   || (last == 0 && !mr->live));
        return 0;
    }

    if (rc != ROOMS_OK) {
        model_must(rc == ROOMS_DECLINED || rc == ROOMS_ERROR);
        model_must(!remove || rc == ROOMS_ERROR);
        return 0;
    }

    if (n == 0) {
        n = 1;
    }

    pos = j->head;

    for (i = n; i-- > 0; /* void */ ) {
        pos -= rooms_journal_form(a.room.len, mine[i].fact + mine[i].messages);
        ids[i] = pos;
    }

    model_must(ids[n - 1] == last);

    model_append(m, room, mine, n, remove, deadline, r[7], ids);

    model_must(info.last == last && info.live == mr->live);
    model_must(info.interest[0] == mr->interest);

    return 1;
}


/* Eight random numbers, for a step. */

static inline void
model_random(uint64_t *state, uint32_t *r)
{
    unsigned  i;

    for (i = 0; i < 8; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        r[i] = (uint32_t) (*state >> 32);
    }
}


#endif /* _ROOMS_JOURNAL_MODEL_H_INCLUDED_ */
