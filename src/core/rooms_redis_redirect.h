
/*
 * Copyright (C) nginx rooms contributors
 *
 * What Redis says about where something is: error replies of a cluster
 * ("MOVED SLOT HOST:PORT", "ASK SLOT HOST:PORT", ...) and of a server that
 * does not serve, messages of a sentinel, and slots of keys.
 */


#ifndef _ROOMS_REDIS_REDIRECT_H_INCLUDED_
#define _ROOMS_REDIS_REDIRECT_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_REDIS_SLOTS  16384


typedef enum {
    ROOMS_REDIS_FAILED = 0,     /* an error of the command itself */
    ROOMS_REDIS_MOVED,          /* another node serves the slot */
    ROOMS_REDIS_ASK,            /* another node has it already: ask there */
    ROOMS_REDIS_AGAIN,          /* not now: a slot or the cluster changes */
    ROOMS_REDIS_NOSCRIPT,       /* scripts have to be loaded again */
    ROOMS_REDIS_AWAY            /* this server does not serve: a replica,
                                   or it has not loaded its data yet */
} rooms_redis_redirect_e;


/* host points into the text; empty: the node that has answered. */

typedef struct {
    rooms_redis_redirect_e  kind;
    unsigned                slot;
    rooms_str_t             host;
    unsigned                port;
} rooms_redis_redirect_t;


/*
 * Reads the text of an error reply, without its "-".  Host and port are of
 * MOVED and ASK only; where they are malformed, the kind is FAILED.
 */

void rooms_redis_redirect(rooms_str_t text, rooms_redis_redirect_t *r);

/*
 * Reads a message of "+switch-master": NAME OLD-HOST OLD-PORT NEW-HOST
 * NEW-PORT.  ROOMS_OK: it is about name; ROOMS_DECLINED: about another;
 * ROOMS_ERROR: malformed.
 */

rooms_int_t rooms_redis_switch(rooms_str_t text, rooms_str_t name,
    rooms_str_t *host, unsigned *port);

/* At most five decimal digits, 0..max.  ROOMS_ERROR: something else. */

rooms_int_t rooms_redis_number(rooms_str_t text, unsigned max, unsigned *n);

/* A port, 1..65535. */

rooms_int_t rooms_redis_port(rooms_str_t text, unsigned *port);

/* The slot of a key, by its hash tag where it has one. */

unsigned rooms_redis_slot(rooms_str_t key);

/*
 * How long to wait, in ms, before the next attempt: doubled with each failure
 * from 50 ms up to 2 s, of which the second half is left to chance, so that
 * those who lost the same server do not come back together.
 */

unsigned rooms_redis_backoff(unsigned failures, unsigned random);


#endif /* _ROOMS_REDIS_REDIRECT_H_INCLUDED_ */
