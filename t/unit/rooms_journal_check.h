
/*
 * Copyright (C) nginx rooms contributors
 *
 * Compares all that a journal tells with its model: the state of each room,
 * the replay, what a reader finds, and the accounts.
 */


#ifndef _ROOMS_JOURNAL_CHECK_H_INCLUDED_
#define _ROOMS_JOURNAL_CHECK_H_INCLUDED_


#include "rooms_journal_model.h"


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


#endif /* _ROOMS_JOURNAL_CHECK_H_INCLUDED_ */
