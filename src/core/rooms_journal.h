
/*
 * Copyright (C) nginx rooms contributors
 *
 * The journal of a zone: a log-structured ring over memory that several
 * processes share.
 *
 * A room is known by its name.  Its state is what evolves from its latest
 * snapshot and the facts after it; these records are "live" and are carried
 * forward when the tail of the ring reaches them.  Messages are kept only as
 * long as the ring holds them: they are the fan-out and the replay window.
 *
 * The id of a record is its position in an endless log (physical position is
 * id modulo the ring's size), so ids rise through the whole zone, are never
 * used twice, and "is it still kept" is one comparison with the tail.  Ids
 * are never 0; they have gaps.
 *
 * Writers hold the zone's lock (the caller's affair).  A writer may die at
 * any instruction: what it had not published by the one store to the head is
 * invisible, and the next writer finds the mark it left and rebuilds the
 * index from the ring before it goes on.  rooms_journal_read() needs no lock.
 * The memory holds offsets and plain data only, never a pointer, in the byte
 * order of the machine.
 *
 * Whatever is called with the lock held returns ROOMS_ERROR also when the
 * ring was found damaged, and then goes on to do so.
 */


#ifndef _ROOMS_JOURNAL_H_INCLUDED_
#define _ROOMS_JOURNAL_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>


#define ROOMS_JOURNAL_NONE     0             /* expected: room must not live */
#define ROOMS_JOURNAL_ANY      UINT64_MAX    /* expected: no comparison */
#define ROOMS_JOURNAL_KEEP     UINT64_MAX    /* deadline: as it is */

#define ROOMS_JOURNAL_NAME     256           /* longest name of a room */
#define ROOMS_JOURNAL_WORKERS  256           /* slots interest is kept for */


typedef struct rooms_journal_s  rooms_journal_t;


/* One fact with the messages it causes (rooms_message.h); both opaque here. */

typedef struct {
    rooms_str_t   fact;
    rooms_str_t   messages;
} rooms_record_t;


typedef struct {
    rooms_str_t             room;
    uint64_t                expected;
    const rooms_record_t   *records;
    unsigned                nrecords;
    uint64_t                now;             /* ms, kept with the records */
    uint64_t                deadline;        /* ms, 0: none */
    uint32_t                owner;           /* 0: none */
    unsigned                remove:1;        /* the room ends with these */
} rooms_append_t;


/* What the index knows of a room. */

typedef struct {
    uint64_t                hash;            /* keyed, of the name */
    uint64_t                last;            /* id of its last record or 0 */
    uint64_t                deadline;
    uint32_t                owner;
    uint32_t                log;             /* octets of facts since ... */
    uint32_t                snapshot;        /* ... the snapshot of so many */
    uint64_t                interest[ROOMS_JOURNAL_WORKERS / 64];
    unsigned                live:1;          /* it has state */
} rooms_journal_room_t;


#define ROOMS_ENTRY_RECORD    1
#define ROOMS_ENTRY_DIRECTED  2

typedef struct {
    unsigned                kind;            /* ROOMS_ENTRY_... */
    uint64_t                id;
    uint64_t                prev;            /* the room's record before it */
    uint64_t                time;            /* ms, as given at append */
    uint64_t                hash;            /* of the room's name */
    uint32_t                to;              /* directed: the owner meant */
    rooms_str_t             room;
    rooms_str_t             fact;            /* directed: the octets sent */
    rooms_str_t             messages;
    unsigned                removed:1;       /* the room ended with it */
} rooms_journal_entry_t;


typedef struct {
    size_t                  size;            /* of the ring, octets */
    size_t                  used;            /* head - tail */
    size_t                  live;            /* carried when the tail comes */
    uint64_t                head;            /* id the next record will get */
    uint64_t                tail;
    uint64_t                oldest;          /* time of the oldest kept, ms */
    uint32_t                rooms;           /* with state */
    uint32_t                entries;         /* of the index in use */
    uint32_t                capacity;        /* how many may be in use */
    uint64_t                repairs;
} rooms_journal_stat_t;


/*
 * Lays a journal over size octets at mem, which is aligned to 64.  The index
 * takes about an eighth.  epoch and the two halves of the key (for the keyed
 * hash of names, SipHash-2-4) are random, from the caller.  ROOMS_ERROR:
 * size is under ROOMS_JOURNAL_MIN_SIZE.
 */

#define ROOMS_JOURNAL_MIN_SIZE  65536

rooms_int_t rooms_journal_init(void *mem, size_t size, uint64_t epoch,
    uint64_t key0, uint64_t key1);

/*
 * Takes memory that holds a journal already (after a reload, or an image
 * from elsewhere): checks every length and offset in it and rebuilds the
 * index, where interest is kept.  About a millisecond per MB.  ROOMS_ERROR:
 * not a journal of this version and size, or damaged; *reason is a static
 * sentence.  Lock held.
 */

rooms_int_t rooms_journal_attach(void *mem, size_t size, const char **reason);

uint64_t rooms_journal_epoch(const rooms_journal_t *j);
uint64_t rooms_journal_hash(const rooms_journal_t *j, rooms_str_t room);

/*
 * No record has this id yet, and all to come have it or higher ones: what a
 * new reader's cursor starts from.  Who has seen all there is so far is at
 * "after" rooms_journal_head() - 1.
 */

uint64_t rooms_journal_head(const rooms_journal_t *j);

/* No lock is needed; the numbers are then not all of one moment. */

void rooms_journal_stat(const rooms_journal_t *j, rooms_journal_stat_t *st);


/*
 * Appends all records of *a or none, as one step that readers see whole.
 * With nrecords 0 and remove set, an empty record that ends the room is
 * written.  A room comes to life by a record with a fact; records without
 * facts make no state.  Lock held.
 *
 * ROOMS_OK: *last is the id of the last record, *room (may be NULL) what the
 *   index knows then (interest: the workers to wake).
 * ROOMS_AGAIN: the room's last record is not a->expected (for
 *   ROOMS_JOURNAL_NONE: the room lives); *last is its last id, or 0 where
 *   the room does not live and nothing is known of it any more.
 * ROOMS_DECLINED: no space for more state.  A room that lives is given
 *   more of the ring (85 %) than a new one (70 %), and removal, and what has
 *   messages only, always succeeds; or the index is full and the room has
 *   no entry.  Facts of more than 2 % of the ring lower these limits.  Or the
 *   journal is kept in a file, and that takes nothing now.
 * ROOMS_ERROR: the name is empty or too long, or the records together are
 *   larger than an eighth of the ring.
 */

rooms_int_t rooms_journal_append(rooms_journal_t *j, const rooms_append_t *a,
    uint64_t *last, rooms_journal_room_t *room);

/*
 * Replaces the live records of a room by its state as of its last record id.
 * Worth it when log is above max(4096, snapshot).  ROOMS_AGAIN: id is not
 * the last one any more; ROOMS_DECLINED: no space; ROOMS_ERROR: not a live
 * room, or too large.  Lock held.
 */

rooms_int_t rooms_journal_snapshot(rooms_journal_t *j, rooms_str_t room,
    uint64_t id, rooms_str_t state, uint64_t now);

/*
 * Sends octets to one worker (the value it gave as owner), in order with all
 * records; nothing is kept, in the file neither.  Errors as for append; a
 * file that takes nothing matters only when the ring has come round.  Lock
 * held.
 */

rooms_int_t rooms_journal_direct(rooms_journal_t *j, uint32_t to,
    rooms_str_t data, uint64_t now);


/* ROOMS_DECLINED: the index does not know the room.  Lock held. */

rooms_int_t rooms_journal_lookup(rooms_journal_t *j, rooms_str_t room,
    rooms_journal_room_t *info);

/*
 * Changes deadline (unless ROOMS_JOURNAL_KEEP) and owner of a live room
 * without a record; both survive a writer's death.  ROOMS_DECLINED: not
 * live.  Lock held.
 */

rooms_int_t rooms_journal_touch(rooms_journal_t *j, rooms_str_t room,
    uint64_t deadline, uint32_t owner);

/*
 * Says that the worker in the slot wants to be woken for the room, or no
 * longer does.  Makes an entry where there is none, and drops one that
 * nothing refers to any more.  ROOMS_DECLINED: the index is full; from then
 * on, and until rooms_journal_forget(), all appends are reported as of
 * interest to this slot.  Interest survives a writer's death.  Lock held.
 */

rooms_int_t rooms_journal_interest(rooms_journal_t *j, rooms_str_t room,
    unsigned slot, unsigned on);

/*
 * Walks the index: *cursor starts at 0.  Gives at most one room a call, its
 * name in name (ROOMS_JOURNAL_NAME octets; empty for a room without records).
 * At most n entries are looked at.  ROOMS_OK: a live room; ROOMS_AGAIN: n
 * entries were looked at and none found; ROOMS_DONE: the end, *cursor is 0.
 * Between calls entries may move: a room can be missed in one round, or seen
 * twice.  Lock held.
 */

rooms_int_t rooms_journal_walk(rooms_journal_t *j, uint32_t *cursor,
    unsigned n, rooms_journal_room_t *info, unsigned char *name,
    size_t *name_len);

/* Takes the slot's interest out of all entries.  Lock held. */

void rooms_journal_forget(rooms_journal_t *j, unsigned slot);


/*
 * Gives the state of a live room: its latest snapshot, if it has one, then
 * the facts after it in order.  The octets are valid during the call of the
 * handler only; a handler that does not return ROOMS_OK ends the walk with
 * what it returned.  ROOMS_DECLINED: the room has no state.  Lock held.
 */

typedef rooms_int_t (*rooms_journal_load_pt)(void *ctx, unsigned snapshot,
    uint64_t id, rooms_str_t data);

rooms_int_t rooms_journal_load(rooms_journal_t *j, rooms_str_t room,
    rooms_journal_load_pt handler, void *ctx, rooms_journal_room_t *info);

/*
 * Gives the records of a room with after < id < before, oldest first, with
 * their messages, to the handler, as rooms_journal_load() does.
 * ROOMS_DECLINED, and nothing is given: some may have been lost already (or
 * after lies in the future: it is rooms_journal_head() or more).  What is
 * known of a room that lives, however quiet, is exact; of one that does not,
 * nothing is known from before the tail.  Lock held.
 */

typedef rooms_int_t (*rooms_journal_replay_pt)(void *ctx,
    const rooms_journal_entry_t *e);

rooms_int_t rooms_journal_replay(rooms_journal_t *j, rooms_str_t room,
    uint64_t after, uint64_t before, rooms_journal_replay_pt handler,
    void *ctx);


/*
 * Gives the next record or directed octets at or after *cursor and moves
 * *cursor behind it.  The entry's strings point into *buf, whose content is
 * replaced.  Takes no lock: what a writer overtook while it was copied is
 * noticed and not given.
 *
 * ROOMS_OK; ROOMS_AGAIN: nothing more yet; ROOMS_DECLINED: the ring has
 * passed the cursor (or it lies in the future), records were lost, *cursor
 * is now the oldest kept; ROOMS_ERROR: no memory for *buf, the cursor is
 * none that was given here, or the ring is damaged.
 */

rooms_int_t rooms_journal_read(const rooms_journal_t *j, uint64_t *cursor,
    rooms_buf_t *buf, rooms_journal_entry_t *e);


#endif /* _ROOMS_JOURNAL_H_INCLUDED_ */
