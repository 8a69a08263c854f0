
/*
 * Copyright (C) nginx rooms contributors
 *
 * The layout of a journal's file, shared by its writer and its reader.
 */


#ifndef _ROOMS_JOURNAL_FRAME_H_INCLUDED_
#define _ROOMS_JOURNAL_FRAME_H_INCLUDED_


#include <string.h>
#include <zlib.h>

#include <rooms_journal_int.h>


#define ROOMS_FILE_MAGIC      "rooms\r\n\032"    /* a changed line end shows */
#define ROOMS_FILE_VERSION    1
#define ROOMS_FILE_ORDER      0x01020304

#define ROOMS_FRAME_RECORDS   0x524a4601
#define ROOMS_FRAME_CUT       0x524a4602    /* the ring ends at pos */
#define ROOMS_FRAME_TOUCH     0x524a4603
#define ROOMS_FRAME_CLEAN     0x524a4604    /* all before it is synced */


/* So many directed records of a frame, the first ones, may be heads only. */

#define ROOMS_FRAME_HOLES     64


typedef struct {
    unsigned char   magic[8];
    uint32_t        order;
    uint32_t        version;
    uint32_t        record;              /* octets of a record's head */
    uint32_t        always;
    uint64_t        id;
    uint64_t        epoch;
    uint64_t        key[2];
    uint64_t        size;
    uint64_t        capacity;
    uint64_t        synced;              /* where the image ends */
    unsigned char   app[ROOMS_JOURNAL_FILE_NAME];    /* zero-padded */
    unsigned char   application[ROOMS_JOURNAL_FILE_NAME];
    unsigned char   boot[ROOMS_JOURNAL_FILE_BOOT];
    uint32_t        reserved;
    uint32_t        crc;                 /* of all before it */
} rooms_file_head_t;


typedef struct {
    uint32_t        tag;
    uint32_t        size;                /* of it all, a multiple of 8 */
    uint64_t        at;
    uint64_t        floor;
    uint64_t        synced;
    uint64_t        tail;
    uint64_t        pos;                 /* of its first record in the ring */
    uint32_t        holes;
    uint32_t        crc;                 /* of all but this */
} rooms_frame_t;


typedef struct {
    uint64_t        deadline;
    uint32_t        owner;
    uint32_t        reserved;
} rooms_frame_touch_t;


_Static_assert(sizeof(rooms_file_head_t) == 256, "head of a file");
_Static_assert(sizeof(rooms_frame_t) == 56, "head of a frame");
_Static_assert(sizeof(rooms_frame_touch_t) == 16, "a touch");


/* Of the head of a frame; that of the content goes on from it. */

static inline uint32_t
rooms_frame_crc(uint64_t id, const rooms_frame_t *h)
{
    uLong  crc;

    crc = crc32_z(0, (const unsigned char *) &id, sizeof(uint64_t));

    return (uint32_t) crc32_z(crc, (const unsigned char *) h,
                              offsetof(rooms_frame_t, crc));
}


static inline uint32_t
rooms_file_crc(const rooms_file_head_t *h)
{
    return (uint32_t) crc32_z(0, (const unsigned char *) h,
                              offsetof(rooms_file_head_t, crc));
}


#endif /* _ROOMS_JOURNAL_FRAME_H_INCLUDED_ */
