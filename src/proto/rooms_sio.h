
/*
 * Copyright (C) nginx rooms contributors
 *
 * Socket.IO protocol, revision 5: packets in the default (JSON) encoding.
 *
 * The payload of an event or an ack is a JSON array and stays text here; it
 * is checked and taken apart elsewhere (rooms_json.h) and relayed unchanged.
 */


#ifndef _ROOMS_SIO_H_INCLUDED_
#define _ROOMS_SIO_H_INCLUDED_


#include <rooms_types.h>
#include <rooms_buf.h>


#define ROOMS_SIO_CONNECT        0
#define ROOMS_SIO_DISCONNECT     1
#define ROOMS_SIO_EVENT          2
#define ROOMS_SIO_ACK            3
#define ROOMS_SIO_CONNECT_ERROR  4
#define ROOMS_SIO_BINARY_EVENT   5
#define ROOMS_SIO_BINARY_ACK     6

#define ROOMS_SIO_NO_ACK         UINT64_MAX


typedef struct {
    unsigned        type;
    unsigned        attachments;         /* declared; BINARY_... only */
    uint64_t        id;                  /* of the ack, or NO_ACK */
    rooms_str_t     nsp;                 /* as sent, with query; "/" if none */
    rooms_str_t     data;                /* JSON text, may be empty */
} rooms_sio_packet_t;


/*
 * Takes an Engine.IO message's text apart.  "40/custom" without a comma,
 * "40/" and "40/," are valid.  ROOMS_ERROR: no such type; a missing, zero or
 * over-long attachment count; more than max_attachments; an ack id above
 * 2^53; data that does not begin as its type demands (object or nothing for
 * CONNECT, nothing for DISCONNECT, array for EVENT and ACK).
 */

rooms_int_t rooms_sio_parse(rooms_str_t text, unsigned max_attachments,
    rooms_sio_packet_t *pkt);


/*
 * Appends a packet's text up to its data: type, attachment count, namespace
 * (nothing for "/"), ack id.  The Engine.IO '4' is not part of it.
 */

void rooms_sio_header(rooms_buf_t *b, const rooms_sio_packet_t *pkt);

/* Whether data may stand in a packet of that type, by how it begins. */

rooms_int_t rooms_sio_data(unsigned type, rooms_str_t data);


/*
 * Placeholders: {"_placeholder":true,"num":N} as stock clients write them,
 * with members in either order and with white space.
 *
 * Walks the JSON text and appends it to *b (NULL: only checks) with all
 * placeholders renumbered by order of appearance; order[i] is the original
 * number of the i-th (at most max are noted).  *count says how many there
 * are.  ROOMS_ERROR: a number that is not under "attachments"
 * (one may stand more than once, and one may stand nowhere), or more than
 * max; also any other object with "_placeholder":true, which clients would take
 * for one and fail on.  Whether *b failed is for the caller to look at.
 */

rooms_int_t rooms_sio_placeholders(rooms_str_t json, unsigned attachments,
    rooms_buf_t *b, unsigned *order, unsigned max, unsigned *count);

/* Appends the placeholder of the attachment num. */

void rooms_sio_placeholder(rooms_buf_t *b, unsigned num);

/*
 * Whether one begins at p, a '{' of checked JSON text: returns what follows
 * it, and its number; or NULL.
 */

const unsigned char *rooms_sio_is_placeholder(const unsigned char *p,
    const unsigned char *end, unsigned *num);


#endif /* _ROOMS_SIO_H_INCLUDED_ */
