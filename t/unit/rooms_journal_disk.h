
/*
 * Copyright (C) nginx rooms contributors
 *
 * A file in memory: what processes see of it, and what of it a machine that
 * goes down leaves behind.
 */


#ifndef _ROOMS_JOURNAL_DISK_H_INCLUDED_
#define _ROOMS_JOURNAL_DISK_H_INCLUDED_


#include "rooms_journal_model.h"

#include <rooms_journal_frame.h>


#define DISK_WRITES  4096
#define DISK_SECTOR  512


typedef struct {
    uint64_t        offset;
    size_t          len;
    unsigned char  *data;
} disk_write_t;


typedef struct {
    unsigned char  *seen;                /* by processes */
    unsigned char  *kept;                /* by the disk, as of the last sync */
    size_t          size;
    disk_write_t    writes[DISK_WRITES]; /* since then */
    unsigned        n;
    unsigned        syncs;
    int             left;                /* octets it takes, -1: all */
    unsigned        sick;                /* syncs fail */
} disk_t;


static disk_t  disk;


static inline void
disk_forget(void)
{
    while (disk.n != 0) {
        free(disk.writes[--disk.n].data);
    }
}


static inline rooms_int_t
disk_put(rooms_str_t s, uint64_t offset)
{
    disk_write_t  *w;

    if (s.len == 0) {
        return ROOMS_OK;
    }

    model_must(offset + s.len <= disk.size);

    if (disk.n == DISK_WRITES) {
        memcpy(disk.kept, disk.seen, disk.size);
        disk_forget();
    }

    if (disk.left >= 0 && s.len > (size_t) disk.left) {
        s.len = (size_t) disk.left;
        memcpy(disk.seen + offset, s.data, s.len);
        return ROOMS_ERROR;
    }

    memcpy(disk.seen + offset, s.data, s.len);

    w = &disk.writes[disk.n++];

    w->offset = offset;
    w->len = s.len;
    w->data = malloc(s.len);

    memcpy(w->data, s.data, s.len);

    if (disk.left >= 0) {
        disk.left -= (int) s.len;
    }

    return ROOMS_OK;
}


static rooms_int_t
disk_write(uint32_t handle, const rooms_str_t *parts, unsigned n,
    uint64_t offset)
{
    unsigned  i;

    model_must(handle == 7);
    model_must(n <= ROOMS_JOURNAL_IO_PARTS);

    for (i = 0; i < n; i++) {

        if (disk_put(parts[i], offset) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        offset += parts[i].len;
    }

    return ROOMS_OK;
}


static rooms_int_t
disk_sync(uint32_t handle)
{
    model_must(handle == 7);

    if (disk.sick) {
        return ROOMS_ERROR;
    }

    memcpy(disk.kept, disk.seen, disk.size);
    disk_forget();
    disk.syncs++;

    return ROOMS_OK;
}


static const rooms_journal_io_t  disk_io = { disk_write, disk_sync };


/* A new, empty file for a journal over so many octets. */

static inline void
disk_start(size_t size)
{
    disk_forget();

    free(disk.seen);
    free(disk.kept);

    disk.size = ROOMS_JOURNAL_FILE_HEAD + rooms_journal_file_capacity(size);
    disk.seen = calloc(1, disk.size);
    disk.kept = calloc(1, disk.size);
    disk.left = -1;
    disk.sick = 0;
    disk.syncs = 0;

    rooms_journal_io = &disk_io;
}


/*
 * What the machine leaves when it goes down: of what was not synced, any
 * sector may be there or not.
 */

static inline void
disk_down(unsigned char *image, uint64_t *random)
{
    size_t               done, part;
    unsigned             i;
    const disk_write_t  *w;

    memcpy(image, disk.kept, disk.size);

    for (i = 0; i < disk.n; i++) {
        w = &disk.writes[i];

        for (done = 0; done < w->len; done += part) {
            part = DISK_SECTOR - (w->offset + done) % DISK_SECTOR;

            if (part > w->len - done) {
                part = w->len - done;
            }

            *random = *random * 6364136223846793005u + 1442695040888963407u;

            if (*random >> 63) {
                memcpy(image + w->offset + done, w->data + done, part);
            }
        }
    }
}


#endif /* _ROOMS_JOURNAL_DISK_H_INCLUDED_ */
