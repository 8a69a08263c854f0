
/*
 * Copyright (C) nginx rooms contributors
 *
 * Long-polling for the load generator: one HTTP connection for each client,
 * which polls, and posts between two polls where it has something to say.
 */


#ifndef _POLLING_H_INCLUDED_
#define _POLLING_H_INCLUDED_


#include "client.h"


/* The next poll; the first one opens the session. */

void polling_get(client_t *c, conn_t *conn);

/* The packet is posted before the next poll. */

void polling_say(conn_t *conn, const char *packet);

/* Takes the answer if it is whole; returns how many octets. */

size_t polling_answer(client_t *c, conn_t *conn, unsigned char *p, size_t n);


#endif /* _POLLING_H_INCLUDED_ */
