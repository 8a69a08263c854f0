
/*
 * Copyright (C) nginx rooms contributors
 *
 * A journal kept in a file.
 *
 *     head: 4096 octets | capacity octets of frames
 *
 * The file is a ring as the journal's is, and needs no compaction: what lives
 * is carried forward in the one and so in the other.  A frame at the position
 * "at" of an endless log begins at "at" modulo capacity behind the head, and
 * goes on at the begin where it runs over the end.  Frames hold records as
 * they are in the ring, octet for octet, but for the content of directed ones,
 * which nobody needs again; or a change of a deadline or an owner.  Each has a
 * CRC-32 (seeded with the random id of the file, so that nothing that clients
 * send can be taken for a frame), knows how much of the log was on the disk
 * when it was written ("synced"), and where a reader has to begin if it is the
 * last one ("floor").  Numbers are in the byte order of the machine.
 *
 * A record is written to the file before it is published, so whatever anybody
 * has seen outlives the death of every process; what has been synced outlives
 * the machine's.  A frame is never written over one that a reader would need
 * who finds just what was synced.  So the file can be cut off anywhere behind
 * "synced", where a write was torn, and is a journal as it once was; a fault
 * before that is damage.
 *
 * A file is written anew as a whole, under another name, at each start.
 */


#ifndef _ROOMS_JOURNAL_FILE_H_INCLUDED_
#define _ROOMS_JOURNAL_FILE_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>
#include <rooms_journal.h>


#define ROOMS_JOURNAL_FILE_HEAD   4096
#define ROOMS_JOURNAL_FILE_LAG    65536     /* copies are written by then */
#define ROOMS_JOURNAL_FILE_MARKS  256
#define ROOMS_JOURNAL_FILE_NAME   64        /* of the application */
#define ROOMS_JOURNAL_FILE_BOOT   40


/*
 * How the caller writes.  handle is what it gave to .._file_start(), and
 * means the same in all processes.  write(): n parts (68 at most), one behind
 * the other, at the offset, all or ROOMS_ERROR; sync(): all that was written
 * is on the disk, or ROOMS_ERROR.
 */

#define ROOMS_JOURNAL_IO_PARTS  68

typedef struct {
    rooms_int_t  (*write)(uint32_t handle, const rooms_str_t *parts,
                          unsigned n, uint64_t offset);
    rooms_int_t  (*sync)(uint32_t handle);
} rooms_journal_io_t;

extern const rooms_journal_io_t  *rooms_journal_io;   /* of this process */


/* In shared memory, beside the journal; the zone's lock guards it. */

typedef struct {
    uint64_t        pos;                 /* of the first record of ... */
    uint64_t        at;                  /* ... the frame there */
} rooms_journal_mark_t;

typedef struct {
    uint64_t        id;
    uint64_t        capacity;
    uint64_t        at;                  /* of the next frame */
    uint64_t        kept;                /* the ring is in the file so far */
    uint64_t        tail;                /* as of the last frame */
    uint64_t        floor;               /* the same */
    uint64_t        synced;              /* frames before it are on disk */
    uint64_t        safe;                /* may not be written over from here */
    uint64_t        syncs;
    uint64_t        failures;            /* writes and syncs */
    uint32_t        handle;
    uint32_t        broken;              /* a sync failed: nothing is taken */
    uint32_t        clean;               /* the last frame says it ended */
    uint32_t        reserved;
    uint32_t        first;               /* marks in use, modulo the number */
    uint32_t        last;
    rooms_journal_mark_t  marks[ROOMS_JOURNAL_FILE_MARKS];
} rooms_journal_file_t;


/* What a file says of itself, for its head. */

typedef struct {
    rooms_str_t     app;                 /* name of the zone */
    rooms_str_t     application;
    rooms_str_t     boot;                /* of the machine; empty: unknown */
    unsigned        always:1;            /* synced before anybody sees it */
} rooms_journal_owner_t;


/* What a reader found in an image. */

typedef struct {
    uint64_t        id;
    uint64_t        epoch;
    uint64_t        key[2];
    uint64_t        size;                /* of the journal's memory */
    uint64_t        capacity;
    uint64_t        first;               /* frames: from here ... */
    uint64_t        end;                 /* ... to here */
    uint64_t        synced;
    uint64_t        tail;
    uint64_t        cut;                 /* octets behind the end, unusable */
    unsigned        whole:1;             /* no record that anybody can have
                                            seen is missing */
} rooms_journal_image_t;


/* The capacity for a journal over so many octets of memory. */

uint64_t rooms_journal_file_capacity(size_t size);

/*
 * Begins to keep the journal: writes the head and an image of the ring to an
 * empty file of ROOMS_JOURNAL_FILE_HEAD + capacity octets, and from then on
 * what is appended.  f lies in the same shared memory; id is random.
 * ROOMS_ERROR: it could not be written; the journal is as before.  The caller
 * syncs the file and puts it into its place.  Lock held, or nobody else there.
 */

rooms_int_t rooms_journal_file_start(rooms_journal_t *j,
    rooms_journal_file_t *f, uint32_t handle, uint64_t id,
    const rooms_journal_owner_t *owner);

/*
 * For syncs without the lock: what is written so far, before the sync (lock
 * held), and that it is on the disk now, after it (lock held); ok 0: the sync
 * failed, and the file is broken until nginx starts again, since nobody can
 * tell what is in it.
 */

typedef struct {
    uint64_t        at;
    uint64_t        floor;
} rooms_journal_sync_t;

void rooms_journal_file_written(rooms_journal_file_t *f,
    rooms_journal_sync_t *s);
void rooms_journal_file_synced(rooms_journal_file_t *f,
    const rooms_journal_sync_t *s, unsigned ok);

/* 1: something was written that is not on the disk.  No lock. */

unsigned rooms_journal_file_pending(const rooms_journal_file_t *f);

/*
 * The end of a process: writes what is left, syncs it, and says so in the
 * file, so that after a restart of the machine, too, nothing can be missing.
 * Lock held.
 */

void rooms_journal_file_finish(rooms_journal_t *j);


/*
 * Looks through the image of a file.  ROOMS_DECLINED: it is no journal of
 * this owner, *reason says why; ROOMS_ERROR: it is damaged.  whole: what is
 * cut off at the end, if anything, cannot have been seen by anybody: the
 * write of it was torn when the processes died, or the journal was of a
 * machine that went down and was synced before it was shown (boot is that of
 * the machine now).
 */

rooms_int_t rooms_journal_image(const unsigned char *p, size_t len,
    const rooms_journal_owner_t *owner, rooms_journal_image_t *image,
    const char **reason);

/*
 * Lays the journal of an image that was looked through over memory of
 * image->size octets.  Sockets and whatever else has an owner belong to
 * nobody now, who is not 0: see ROOMS_WORKERS_NOBODY.  ROOMS_ERROR as for
 * rooms_journal_attach().
 */

rooms_int_t rooms_journal_load_image(const unsigned char *p,
    const rooms_journal_image_t *image, void *mem, uint32_t nobody,
    const char **reason);

/*
 * Copies a journal into memory of another size; from is used up by it.  Where
 * it is smaller, the oldest messages are lost.  ROOMS_DECLINED: the rooms do
 * not fit.
 */

rooms_int_t rooms_journal_refit(rooms_journal_t *from, void *mem, size_t size,
    const char **reason);


#endif /* _ROOMS_JOURNAL_FILE_H_INCLUDED_ */
