
/*
 * Copyright (C) nginx rooms contributors
 *
 * The load generator's sockets: TCP, or TLS over it.
 */


#ifndef _WIRE_H_INCLUDED_
#define _WIRE_H_INCLUDED_


#include <sys/types.h>

#include "client.h"


/* Opens a socket that connects; the connection fails where it cannot. */

void wire_open(client_t *c, conn_t *conn);

/* 0 where the socket is connected; else the connection has failed. */

int wire_connected(client_t *c, conn_t *conn);

/* Octets read; 0: nothing now, or the connection has failed. */

ssize_t wire_recv(client_t *c, conn_t *conn, unsigned char *p, size_t size);

/* Sends what client_send() kept. */

void wire_flush(client_t *c, conn_t *conn);

void wire_free(conn_t *conn);


#endif /* _WIRE_H_INCLUDED_ */
