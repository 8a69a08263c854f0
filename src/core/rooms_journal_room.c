
/*
 * Copyright (C) nginx rooms contributors
 *
 * A room of a journal: what the index knows of it, its state and its past.
 */


#include <rooms_journal_int.h>


rooms_int_t
rooms_journal_open(rooms_journal_t *j, rooms_str_t room,
    rooms_journal_index_t **e)
{
    uint64_t  hash[2];

    if (room.len == 0 || room.len > ROOMS_JOURNAL_NAME
        || rooms_journal_ready(j) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    rooms_journal_digest(j->key, room, hash);

    *e = rooms_journal_find(j, hash);

    return ROOMS_OK;
}


rooms_int_t
rooms_journal_lookup(rooms_journal_t *j, rooms_str_t room,
    rooms_journal_room_t *info)
{
    rooms_journal_index_t  *e;

    if (rooms_journal_open(j, room, &e) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (e == NULL) {
        return ROOMS_DECLINED;
    }

    rooms_journal_info(j, e, info);

    return ROOMS_OK;
}


rooms_int_t
rooms_journal_touch(rooms_journal_t *j, rooms_str_t room, uint64_t deadline,
    uint32_t owner)
{
    rooms_journal_rec_t    *r;
    rooms_journal_index_t  *e;

    if (rooms_journal_open(j, room, &e) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (e == NULL || !e->live) {
        return ROOMS_DECLINED;
    }

    /* also where a repair will look for it */

    r = rooms_journal_rec(j, e->mark);

    if ((deadline == ROOMS_JOURNAL_KEEP || deadline == r->deadline)
        && owner == r->owner && e->deadline == r->deadline
        && e->owner == r->owner)
    {
        return ROOMS_OK;
    }

    rooms_journal_begin(j);

    if (deadline != ROOMS_JOURNAL_KEEP) {
        rooms_journal_set(&r->deadline, deadline);
        rooms_journal_set(&e->deadline, deadline);
    }

    rooms_journal_set32(&r->owner, owner);
    rooms_journal_set32(&e->owner, owner);

    rooms_journal_keep_touch(j, r);

    rooms_journal_done(j);

    return ROOMS_OK;
}


rooms_int_t
rooms_journal_load(rooms_journal_t *j, rooms_str_t room,
    rooms_journal_load_pt handler, void *ctx, rooms_journal_room_t *info)
{
    uint64_t                pos;
    rooms_int_t             rc;
    rooms_journal_rec_t    *r;
    rooms_journal_index_t  *e;

    if (rooms_journal_open(j, room, &e) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (e == NULL || !e->live) {
        return ROOMS_DECLINED;
    }

    if (info != NULL) {
        rooms_journal_info(j, e, info);
    }

    for (pos = e->first; pos != 0; pos = r->next) {
        r = rooms_journal_rec(j, pos);

        rc = handler(ctx, r->tag == ROOMS_JOURNAL_SNAPSHOT, r->id,
                     rooms_str(rooms_journal_fact(r), r->fact));

        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_journal_replay(rooms_journal_t *j, rooms_str_t room, uint64_t after,
    uint64_t before, rooms_journal_replay_pt handler, void *ctx)
{
    uint64_t                id, next;
    rooms_int_t             rc;
    rooms_journal_rec_t    *r;
    rooms_journal_entry_t   entry;
    rooms_journal_index_t  *e;

    if (rooms_journal_open(j, room, &e) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    id = e != NULL && e->last != 0 ? e->last : rooms_journal_floor(j);
    next = 0;

    if (after >= j->head) {
        return ROOMS_DECLINED;
    }

    /* back to the first one, with a thread left to find the way forward */

    while (id > after) {

        if (id < j->tail) {
            return ROOMS_DECLINED;
        }

        r = rooms_journal_rec(j, id);
        r->forward = next;

        next = id;
        id = r->prev;
    }

    for (id = next; id != 0 && id < before; id = next) {
        r = rooms_journal_rec(j, id);
        next = r->forward;

        memset(&entry, 0, sizeof(rooms_journal_entry_t));

        entry.kind = ROOMS_ENTRY_RECORD;
        entry.id = id;
        entry.prev = r->flags & ROOMS_JOURNAL_FIRST ? 0 : r->prev;
        entry.time = r->time;
        entry.hash = r->hash[0];
        entry.room = rooms_str(rooms_journal_name(r), r->name);
        entry.fact = rooms_str(rooms_journal_fact(r), r->fact);
        entry.messages = rooms_str(rooms_journal_messages(r), r->messages);
        entry.removed = (r->flags & ROOMS_JOURNAL_REMOVE) != 0;

        rc = handler(ctx, &entry);

        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    return ROOMS_OK;
}
