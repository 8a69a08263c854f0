
/*
 * Copyright (C) nginx rooms contributors
 *
 * The layout of a journal in memory, shared by the files that make it up.
 *
 *     header | index: capacity entries | ring: ring_size + max octets
 *
 * Numbers are in the byte order of the machine: a journal never leaves it.
 *
 * A record at the log position p begins at p modulo ring_size and is
 * contiguous: it may run up to max octets over the end of the ring, the log
 * goes on at the begin of the ring behind it.  So there is no padding, and
 * "used" is exact.
 *
 * Space.  "live" octets are what the live records take without their
 * messages, and "largest" bounds one of them.  It always holds that
 *
 *     ring_size - used >= largest             a live record can be copied
 *                                             before the tail passes it
 *     live + max + largest <= ring_size       one lap of the tail makes
 *                                             space for any append
 *
 * so that making space ends and never fails.
 *
 * Every record that others make void (a fact in a snapshot, a removed room,
 * a record that was copied) lies before what voids it.  That is what lets
 * one scan from the tail to the head tell the state of all rooms.
 */


#ifndef _ROOMS_JOURNAL_INT_H_INCLUDED_
#define _ROOMS_JOURNAL_INT_H_INCLUDED_


#include <string.h>

#include <rooms_types.h>
#include <rooms_journal.h>
#include <rooms_journal_file.h>


#define ROOMS_JOURNAL_MAGIC      0x726f6f6d732d6a31    /* "rooms-j1" */
#define ROOMS_JOURNAL_VERSION    1
#define ROOMS_JOURNAL_START      64      /* the first position of a log */

#define ROOMS_JOURNAL_RECORD     0x524a5201
#define ROOMS_JOURNAL_SNAPSHOT   0x524a5202
#define ROOMS_JOURNAL_MOVED      0x524a5203    /* a fact, copied forward */
#define ROOMS_JOURNAL_DIRECTED   0x524a5204

#define ROOMS_JOURNAL_REMOVE     0x01    /* the room ended with it */
#define ROOMS_JOURNAL_FIRST      0x02    /* prev is a bound, not a record */
#define ROOMS_JOURNAL_STALE      0x04    /* a copy further on is the state */

#define ROOMS_JOURNAL_WORDS      (ROOMS_JOURNAL_WORKERS / 64)


/* The head of a record; name, fact and messages follow. */

typedef struct {
    uint32_t        tag;
    uint32_t        size;                /* of it all, a multiple of 8 */
    uint64_t        pos;                 /* where it is in the log */
    uint64_t        id;                  /* snapshot: what it includes */
    uint64_t        prev;                /* copy, snapshot: last id then */
    uint64_t        next;                /* live records of the room by ... */
    uint64_t        back;                /* ... position, in order of id */
    uint64_t        forward;             /* scratch of the replay */
    uint64_t        time;
    uint64_t        deadline;
    uint64_t        hash[2];
    uint32_t        owner;               /* directed: to */
    uint32_t        fact;                /* lengths */
    uint32_t        messages;
    uint16_t        name;
    uint16_t        flags;
} rooms_journal_rec_t;


typedef struct {
    uint64_t        hash[2];             /* hash[0] 0: a free entry */
    uint64_t        interest[ROOMS_JOURNAL_WORDS];
    uint64_t        last;                /* id, 0: not known */
    uint64_t        base;                /* facts up to it are no state */
    uint64_t        first;               /* positions of live records */
    uint64_t        end;
    uint64_t        mark;                /* position of the latest record */
    uint64_t        finger;              /* repair: the latest copy seen */
    uint64_t        octets;              /* of live records */
    uint64_t        deadline;
    uint32_t        owner;
    uint32_t        log;
    uint32_t        snapshot;
    uint32_t        live;
} rooms_journal_index_t;


struct rooms_journal_s {
    uint64_t        magic;
    uint32_t        version;
    uint32_t        capacity;
    uint64_t        size;                /* of the memory */
    uint64_t        epoch;
    uint64_t        key[2];
    uint64_t        index;               /* offsets from here */
    uint64_t        ring;

    uint64_t        ring_size;
    uint64_t        max;                 /* the largest record */
    uint64_t        file;                /* offset of the file's, 0: none */
    uint64_t        reserved[5];

    uint64_t        head;
    uint64_t        tail;
    uint64_t        apart[6];            /* what readers poll stays alone */

    uint64_t        dirty;               /* a writer is at work or died */
    uint64_t        repairs;
    uint64_t        live;
    uint64_t        largest;
    uint64_t        lap;                 /* "largest" is renewed there ... */
    uint64_t        lap_largest;         /* ... by the largest since */
    uint64_t        time;                /* of the latest append */
    uint32_t        rooms;
    uint32_t        entries;

    uint64_t        idle;                /* entries kept for replay only */
    uint64_t        refused[ROOMS_JOURNAL_WORDS];
    uint64_t        spare[3];
};


_Static_assert(sizeof(rooms_journal_rec_t) == 104, "record head");
_Static_assert(sizeof(rooms_journal_index_t) == 128, "index entry");
_Static_assert(sizeof(struct rooms_journal_s) == 320, "journal header");


#define rooms_journal_align(n)  (((n) + 7) & ~(uint64_t) 7)

/* What a live record takes once it has no messages. */

#define rooms_journal_form(name, fact)                                       \
    rooms_journal_align(sizeof(rooms_journal_rec_t) + (name) + (fact))

#define rooms_journal_name(r)      ((const unsigned char *) ((r) + 1))
#define rooms_journal_fact(r)      (rooms_journal_name(r) + (r)->name)
#define rooms_journal_messages(r)  (rooms_journal_fact(r) + (r)->fact)

#define rooms_journal_limit(j)     ((j)->capacity - (j)->capacity / 8)


/*
 * Every store into a journal after its initialisation goes through the
 * functions below: words are stored in program order and never torn, and in
 * a build with the address sanitizer a test can look at the memory after
 * each.
 */

#if defined(__SANITIZE_ADDRESS__)
#define ROOMS_JOURNAL_TEST  1

#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROOMS_JOURNAL_TEST  1
#endif
#endif

#ifdef ROOMS_JOURNAL_TEST

extern void (*rooms_journal_stored)(void);
extern size_t rooms_journal_tear;        /* octets stored at once, 0: all */

#define rooms_journal_hook()                                                 \
    do {                                                                     \
        if (rooms_journal_stored != NULL) {                                  \
            rooms_journal_stored();                                          \
        }                                                                    \
    } while (0)

#else

#define rooms_journal_hook()

#endif


static inline void
rooms_journal_set(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
    rooms_journal_hook();
}


static inline void
rooms_journal_set32(uint32_t *p, uint32_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
    rooms_journal_hook();
}


static inline void
rooms_journal_flag(uint16_t *p, uint16_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
    rooms_journal_hook();
}


static inline void
rooms_journal_copy(void *dst, const void *src, size_t n)
{
#ifdef ROOMS_JOURNAL_TEST
    size_t  part;

    while (rooms_journal_stored != NULL && rooms_journal_tear != 0 && n != 0) {
        part = n < rooms_journal_tear ? n : rooms_journal_tear;

        memcpy(dst, src, part);
        rooms_journal_hook();

        dst = (unsigned char *) dst + part;
        src = (const unsigned char *) src + part;
        n -= part;
    }
#endif

    if (n != 0) {
        memcpy(dst, src, n);
        rooms_journal_hook();
    }
}


static inline rooms_journal_rec_t *
rooms_journal_rec(const rooms_journal_t *j, uint64_t pos)
{
    return (rooms_journal_rec_t *)
               ((uintptr_t) j + j->ring + pos % j->ring_size);
}


static inline rooms_journal_index_t *
rooms_journal_entry(const rooms_journal_t *j, uint32_t n)
{
    return (rooms_journal_index_t *) ((uintptr_t) j + j->index) + n;
}


/*
 * All ids below this may have been of records that are lost: an "after" that
 * is not below it has missed nothing of a room of which nothing is known.
 */

static inline uint64_t
rooms_journal_floor(const rooms_journal_t *j)
{
    return j->tail == ROOMS_JOURNAL_START ? 0 : j->tail - 1;
}


static inline unsigned
rooms_journal_wanted(const rooms_journal_index_t *e)
{
    unsigned  i;
    uint64_t  bits;

    bits = 0;

    for (i = 0; i < ROOMS_JOURNAL_WORDS; i++) {
        bits |= e->interest[i];
    }

    return bits != 0;
}


/* rooms_journal_hash.c: the identity of a room; hash[0] is never 0. */

void rooms_journal_digest(const uint64_t *key, rooms_str_t name,
    uint64_t *hash);


/* rooms_journal_index.c */

rooms_journal_index_t *rooms_journal_find(const rooms_journal_t *j,
    const uint64_t *hash);

/*
 * A new entry, empty but for the hash and one bit of interest (slot < 0: no
 * bit).  NULL: as many are in use as may be.
 */

rooms_journal_index_t *rooms_journal_insert(rooms_journal_t *j,
    const uint64_t *hash, int slot);

/* Drops the entry, when nothing needs it; others may move then. */

void rooms_journal_release(rooms_journal_t *j, rooms_journal_index_t *e);

/* Keeps the count of idle entries: was is rooms_journal_idle() before. */

unsigned rooms_journal_idle(const rooms_journal_index_t *e);
void rooms_journal_settle(rooms_journal_t *j, rooms_journal_index_t *e,
    unsigned was);

/*
 * Puts the index in order after a writer died: keeps just the entries with
 * interest, with all else in them cleared.
 */

void rooms_journal_clean(rooms_journal_t *j);

void rooms_journal_info(const rooms_journal_t *j,
    const rooms_journal_index_t *e, rooms_journal_room_t *room);


/* rooms_journal_room.c */

/* The entry of a room or NULL; ROOMS_ERROR: no such name, or a damage. */

rooms_int_t rooms_journal_open(rooms_journal_t *j, rooms_str_t room,
    rooms_journal_index_t **e);


/* rooms_journal_ring.c */

/*
 * Moves the tail over one record, which is copied before if it is live.
 * ROOMS_DECLINED: it is not in the file yet, and cannot be written there.
 */

rooms_int_t rooms_journal_evict(rooms_journal_t *j);

/*
 * Evicts until size octets can be written with "largest" left, and, with
 * entry set, until an entry is free.  ROOMS_DECLINED: no entry will be, or
 * the file takes nothing; ROOMS_ERROR: the ring is damaged.  Entries may move
 * or go.
 */

rooms_int_t rooms_journal_space(rooms_journal_t *j, uint64_t size,
    unsigned entry);

/*
 * Writes a record at h->pos, h->size and h->tag included; it is not
 * published.  Returns the position behind it.
 */

uint64_t rooms_journal_write(rooms_journal_t *j, rooms_journal_rec_t *h,
    const void *name, const void *fact, const void *messages);

/* Raises the bound of a live record's size. */

void rooms_journal_enlarge(rooms_journal_t *j, uint64_t size);

void rooms_journal_begin(rooms_journal_t *j);
void rooms_journal_done(rooms_journal_t *j);


/* rooms_journal_file.c */

static inline rooms_journal_file_t *
rooms_journal_file(const rooms_journal_t *j)
{
    return j->file == 0 ? NULL
                        : (rooms_journal_file_t *) ((uintptr_t) j + j->file);
}

/*
 * Writes to the file, if there is one, what lies before head in the ring and
 * is not there yet; what lies behind the published head is taken as one
 * append.  ROOMS_DECLINED: it cannot be written.
 */

rooms_int_t rooms_journal_keep(rooms_journal_t *j, uint64_t head);

/* The writer died after it wrote to the file, before it published. */

void rooms_journal_keep_repair(rooms_journal_t *j);

/* Writes that deadline and owner of the record at pos have changed. */

void rooms_journal_keep_touch(rooms_journal_t *j,
    const rooms_journal_rec_t *r);


/* rooms_journal_repair.c */

/* Lays out the fields that follow from the size alone. */

void rooms_journal_geometry(rooms_journal_t *j, size_t size);

/*
 * What each function that holds the lock calls first: repairs what a dead
 * writer left.  ROOMS_ERROR: the ring is damaged.
 */

rooms_int_t rooms_journal_repair(rooms_journal_t *j, const char **reason);


static inline rooms_int_t
rooms_journal_ready(rooms_journal_t *j)
{
    const char  *reason;

    if (j->dirty == 0) {
        return ROOMS_OK;
    }

    return rooms_journal_repair(j, &reason);
}


#endif /* _ROOMS_JOURNAL_INT_H_INCLUDED_ */
