
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a record makes the members of its room hear, as it lies in the
 * journal: a sequence of messages, each with its audience.  The integers are
 * little-endian, so that machines can share a bus.
 */


#ifndef _ROOMS_MESSAGE_H_INCLUDED_
#define _ROOMS_MESSAGE_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>


/* Audiences: the members of the room; these without one; one of them. */

#define ROOMS_TO_ALL      0
#define ROOMS_TO_OTHERS   1
#define ROOMS_TO_SOCKET   2


/*
 * What the members meant do with a message: emit it, leave the room that args
 * names, or be disconnected, each from its namespace.  The latter two are
 * ephemeral.
 */

#define ROOMS_MESSAGE_EMIT   0
#define ROOMS_MESSAGE_LEAVE  1
#define ROOMS_MESSAGE_KICK   2


typedef struct {
    uint8_t         audience;
    uint8_t         action;
    uint8_t         variants;        /* bits; 0: members of every variant */
    unsigned        ephemeral:1;     /* no offset, not replayed */
    rooms_str_t     sid;             /* the one left out or meant */
    rooms_str_t     args;            /* JSON text: ["event",argument,...] */
    uint32_t        id_at;           /* where in args the last id of the
                                        record goes as an offset, the same in
                                        all its messages; 0: nowhere */
    unsigned        nattachments;
    rooms_str_t     attachments;     /* each with its length (str32) */
} rooms_message_t;


/*
 * Ids of records are multiples of ROOMS_MESSAGE_IDS; the ids between are those
 * of a record's messages, as clients see them: a client that has had a part
 * of a record's messages can say which.  The last one has the last id, so that
 * it also says that the whole record was had.
 */

#define ROOMS_MESSAGE_IDS  8

static inline uint64_t
rooms_message_id(uint64_t record, unsigned index, unsigned last)
{
    if (last) {
        return record + ROOMS_MESSAGE_IDS - 1;
    }

    return record + (index < ROOMS_MESSAGE_IDS - 2 ? index
                                                   : ROOMS_MESSAGE_IDS - 2);
}

/* The record of a message's id. */

static inline uint64_t
rooms_message_record(uint64_t id)
{
    return id - id % ROOMS_MESSAGE_IDS;
}

/* The last id of a record. */

static inline uint64_t
rooms_message_whole(uint64_t id)
{
    return rooms_message_record(id) + ROOMS_MESSAGE_IDS - 1;
}


/* Appends one message to *b. */

void rooms_message_write(rooms_buf_t *b, const rooms_message_t *m);

/*
 * Takes the next message off the front of *in; the strings point into it.
 * ROOMS_DONE: there is none left; ROOMS_ERROR: damaged.
 */

rooms_int_t rooms_message_read(rooms_str_t *in, rooms_message_t *m);

/* 1 where a member with this sid and variant (0..7) is meant. */

unsigned rooms_message_meant(const rooms_message_t *m, rooms_str_t sid,
    unsigned variant);


#endif /* _ROOMS_MESSAGE_H_INCLUDED_ */
