
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


typedef struct {
    const model_t  *m;
    unsigned        room;
    unsigned        n;                   /* where in the log */
    unsigned        snapshot;            /* still to come */
} model_walk_t;


static inline rooms_int_t
model_on_load(void *ctx, unsigned snapshot, uint64_t id, rooms_str_t data)
{
    model_walk_t         *w = ctx;
    const model_room_t   *r;
    const model_record_t *rec;

    r = &w->m->rooms[w->room];

    if (w->snapshot) {
        w->snapshot = 0;

        model_must(snapshot && id == r->snapshot_id);
        model_must(model_same(data, r->snapshot_seed, r->snapshot_len));

        return ROOMS_OK;
    }

    for ( ;; ) {
        model_must(w->n < w->m->n);
        rec = &w->m->log[w->n++];

        if (rec->room == w->room && rec->id > r->base && rec->fact) {
            break;
        }
    }

    model_must(!snapshot && id == rec->id);
    model_must(model_same(data, rec->seed, rec->fact));

    return ROOMS_OK;
}


static inline void
model_compare(const rooms_journal_entry_t *e, const model_record_t *rec)
{
    model_must(e->id == rec->id);
    model_must(model_same(e->fact, rec->seed, rec->fact));
    model_must(model_same(e->messages, rec->seed + 1, rec->messages));
    model_must(e->removed == rec->removed);

    if (rec->room == MODEL_ROOMS) {
        model_must(e->kind == ROOMS_ENTRY_DIRECTED && e->to == rec->to);
        model_must(e->room.len == 0);
        return;
    }

    model_must(e->kind == ROOMS_ENTRY_RECORD);
    model_must(e->prev == rec->prev || e->prev == 0);
    model_must(e->room.len == model_name(rec->room).len);
    model_must(memcmp(e->room.data, model_name(rec->room).data, e->room.len)
               == 0);
}


static inline rooms_int_t
model_on_replay(void *ctx, const rooms_journal_entry_t *e)
{
    model_walk_t  *w = ctx;

    while (w->n < w->m->n && w->m->log[w->n].room != w->room) {
        w->n++;
    }

    model_must(w->n < w->m->n);
    model_compare(e, &w->m->log[w->n++]);

    return ROOMS_OK;
}


static inline uint64_t
model_check_load(const model_t *m, rooms_journal_t *j, unsigned room)
{
    uint64_t              octets, log;
    unsigned              i;
    rooms_int_t           rc;
    model_walk_t          w;
    const model_room_t   *r;
    rooms_journal_room_t  info;

    r = &m->rooms[room];

    w.m = m;
    w.room = room;
    w.n = 0;
    w.snapshot = r->snapshot_id != 0;

    if (rooms_journal_lookup(j, model_name(room), &info) == ROOMS_OK) {
        model_must(info.interest[0] == r->interest);
        model_must(info.live == r->live);
        model_must(info.last == r->last || (!r->live && info.last == 0));
        model_must(r->live || r->interest || info.last >= j->tail);

    } else {
        model_must(!r->live && r->interest == 0 && r->last < j->tail);
    }

    rc = rooms_journal_load(j, model_name(room), model_on_load, &w, &info);

    if (!r->live) {
        model_must(rc == ROOMS_DECLINED);
        return 0;
    }

    model_must(rc == ROOMS_OK && info.live && !w.snapshot);
    model_must(info.last == r->last);
    model_must(info.deadline == r->deadline && info.owner == r->owner);

    octets = 0;
    log = 0;

    if (r->snapshot_id) {
        octets += rooms_journal_form(model_name(room).len, r->snapshot_len);
        model_must(info.snapshot == r->snapshot_len);
    }

    for (i = 0; i < m->n; i++) {

        if (m->log[i].room != room || m->log[i].id <= r->base
            || m->log[i].fact == 0)
        {
            continue;
        }

        model_must(i < w.n);

        octets += rooms_journal_form(model_name(room).len, m->log[i].fact);
        log += m->log[i].fact;
    }

    model_must(info.log == log);

    return octets;
}


static inline void
model_check_replay(const model_t *m, rooms_journal_t *j, unsigned room,
    uint64_t after)
{
    uint64_t      lost;
    unsigned      i;
    rooms_int_t   rc;
    model_walk_t  w;

    w.m = m;
    w.room = room;
    w.n = 0;

    lost = m->rooms[room].lost > after;

    while (w.n < m->n && m->log[w.n].id <= after) {
        w.n++;
    }

    for (i = w.n; i < m->n; i++) {
        if (m->log[i].room == room && m->log[i].id < j->tail) {
            lost = 1;
        }
    }

    rc = rooms_journal_replay(j, model_name(room), after, UINT64_MAX,
                              model_on_replay, &w);

    if (after >= j->head) {
        model_must(rc == ROOMS_DECLINED);
        return;
    }

    if (lost || rc == ROOMS_DECLINED) {
        model_must(rc == ROOMS_DECLINED);
        model_must(lost || after < j->tail);
        return;
    }

    model_must(rc == ROOMS_OK);

    for ( /* void */ ; w.n < m->n; w.n++) {
        model_must(m->log[w.n].room != room);
    }
}


/* Reads all there is to read; it must be the end of the model's log. */

static inline void
model_check_read(const model_t *m, rooms_journal_t *j)
{
    uint64_t               cursor;
    unsigned               n;
    rooms_int_t            rc;
    rooms_journal_entry_t  e;

    static rooms_buf_t     buf;

    cursor = j->tail;

    for (n = 0; n < m->n && m->log[n].id < cursor; n++) { /* void */ }

    for ( ;; ) {
        rc = rooms_journal_read(j, &cursor, &buf, &e);

        if (rc == ROOMS_AGAIN) {
            break;
        }

        model_must(rc == ROOMS_OK && n < m->n);
        model_compare(&e, &m->log[n++]);
    }

    model_must(n == m->n && cursor == j->head);
}


static inline void
model_check(const model_t *m, rooms_journal_t *j, uint64_t random)
{
    uint64_t              live;
    uint32_t              cursor;
    unsigned              room, rooms, i;
    size_t                len;
    rooms_int_t           rc;
    unsigned char         name[ROOMS_JOURNAL_NAME];
    rooms_journal_room_t  info;
    rooms_journal_stat_t  st;

    live = 0;
    rooms = 0;

    for (room = 0; room < MODEL_ROOMS; room++) {
        live += model_check_load(m, j, room);
        rooms += m->rooms[room].live;

        model_check_replay(m, j, room, j->tail - 1);
        model_check_replay(m, j, room, m->rooms[room].last);
        model_check_replay(m, j, room, 0);

        if (m->n != 0) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            i = (unsigned) (random >> 33) % m->n;
            model_check_replay(m, j, room, m->log[i].id - (random >> 20) % 2);
        }
    }

    model_check_read(m, j);

    rooms_journal_stat(j, &st);

    model_must(j->dirty == 0);
    model_must(st.live == live && st.rooms == rooms);
    model_must(st.used == st.head - st.tail && st.used <= st.size);
    model_must(st.size - st.used >= j->largest);
    model_must(st.live + j->max + j->largest <= st.size);

    cursor = 0;

    while ((rc = rooms_journal_walk(j, &cursor, 7, &info, name, &len))
           != ROOMS_DONE)
    {
        if (rc == ROOMS_OK) {
            room = name[0] - 'a';
            rooms--;

            model_must(room < MODEL_ROOMS && m->rooms[room].live);
            model_must(len == model_name(room).len);
        }
    }

    model_must(rooms == 0 && cursor == 0);
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
