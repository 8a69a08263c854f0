
/*
 * Copyright (C) nginx rooms contributors
 *
 * What @socket.io/redis-emitter publishes, for others to send on.
 *
 * KEY#NSP# and KEY#NSP#ROOM# carry a packet in MessagePack, as an array of
 * the sender's id, the packet, and {rooms, except, flags}; KEY-request#NSP#
 * carries JSON of {type, opts: {rooms, except}} and what that type needs.
 */


#ifndef _ROOMS_EMITTER_H_INCLUDED_
#define _ROOMS_EMITTER_H_INCLUDED_


#include <jansson.h>

#include <rooms_types.h>
#include <rooms_buf.h>
#include <rooms_msgpack.h>


#define ROOMS_EMITTER_NAME  21             /* octets of an integer as text */


typedef enum {
    ROOMS_EMITTER_EMIT = 0,
    ROOMS_EMITTER_JOIN,
    ROOMS_EMITTER_LEAVE,
    ROOMS_EMITTER_DISCONNECT,
    ROOMS_EMITTER_OTHER                    /* servers ask each other so */
} rooms_emitter_kind_e;


/* All strings point into the payload, or live as long as this does. */

typedef struct {
    rooms_emitter_kind_e  kind;
    json_t               *rooms;           /* of names; none: the namespace */
    json_t               *except;
    json_t               *names;           /* JOIN, LEAVE */
    rooms_str_t           args;            /* EMIT: ["event",argument,...] */
    unsigned              nbins;
    rooms_str_t           bins[ROOMS_MSGPACK_BINARIES_MAX];
    unsigned              is_volatile:1;
    unsigned              plain:1;         /* not to be compressed */
    unsigned              close:1;         /* DISCONNECT: the connection */

    json_t               *root;
    rooms_buf_t           text;
} rooms_emitter_t;


/*
 * Takes a channel apart.  *room is empty where it names none; *request: it is
 * one of requests.  ROOMS_DECLINED: not a channel of this key.
 */

rooms_int_t rooms_emitter_channel(rooms_str_t channel, rooms_str_t key,
    rooms_str_t *nsp, rooms_str_t *room, unsigned *request);


/*
 * Reads what was published for a namespace.  e->text is a buffer that is
 * empty or was used before; everything else is set.  ROOMS_ERROR: malformed,
 * for another namespace than its channel's, a reserved event, or no memory;
 * ROOMS_DECLINED: over a limit.  Either way it is to be freed.
 */

rooms_int_t rooms_emitter_read(rooms_emitter_t *e, rooms_str_t nsp,
    unsigned request, rooms_str_t payload,
    const rooms_msgpack_limits_t *limits);

/* Frees all but the memory of e->text. */

void rooms_emitter_free(rooms_emitter_t *e);


/* How many names a list has, and the i-th of them: numbers as text in buf. */

size_t rooms_emitter_names(const json_t *list);
rooms_str_t rooms_emitter_name(const json_t *list, size_t i,
    char buf[ROOMS_EMITTER_NAME]);


#endif /* _ROOMS_EMITTER_H_INCLUDED_ */
