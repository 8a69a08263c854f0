
/*
 * Copyright (C) nginx rooms contributors
 *
 * The load generator's connections: many Socket.IO clients over WebSocket or
 * long-polling (Engine.IO 4, Socket.IO 5) in one epoll loop, just enough of
 * each.  For Nchan, the same without Socket.IO: rooms are channels, named in
 * the URL.
 */


#ifndef _CLIENT_H_INCLUDED_
#define _CLIENT_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define CLIENT_PUBLISHER  UINT32_MAX      /* in no room */


typedef enum {
    CONN_CONNECTING = 0,
    CONN_UPGRADING,                       /* waits for the 101 */
    CONN_OPENING,                         /* for the Engine.IO open packet */
    CONN_JOINING_NSP,                     /* for the answer to CONNECT */
    CONN_JOINING,                         /* for the answer to "join" */
    CONN_READY,
    CONN_CLOSED
} conn_state_e;


typedef struct {
    int               fd;
    conn_state_e      state;
    uint32_t          index;              /* among the client's conns */
    uint32_t          room;
    uint32_t          next;               /* sequence number expected */
    uint32_t          npart;
    unsigned char    *part;               /* a frame that lacks its end */
    size_t            nout;
    unsigned char    *out;                /* what the kernel did not take */
    void             *tls;                /* SSL */
    unsigned          polling;            /* over long-polling, with ... */
    unsigned          posting;            /* a POST is not answered yet */
    char              sid[24];
    char              say[64];            /* the packet to be posted next */
} conn_t;


typedef struct client_s  client_t;

struct client_s {
    const char       *host;               /* dotted */
    unsigned          port;
    unsigned          ports;              /* so many from port on, in turn */
    const char       *path;
    unsigned          nchan;
    char            **queries;            /* of each connection, which then
                                             joins no room; or NULL */
    unsigned          polling;            /* all but the publisher */
    unsigned          tls;
    unsigned          deflate;            /* permessage-deflate is offered */
    unsigned          parallel;           /* connections opened at once */
    int               rcvbuf;             /* octets, 0: as the kernel likes */

    int               epoll;
    conn_t           *conns;
    uint32_t          n;
    uint32_t          started;
    uint32_t          ready;
    uint32_t          closed;             /* unexpectedly */
    uint64_t          pings;
    uint64_t          deflated;           /* messages that were */
    uint64_t          now;                /* when the last read returned */

    /* a message packet's text, behind the Engine.IO type */

    void            (*message)(client_t *c, conn_t *conn, const char *text,
                               size_t len);
    void             *data;
};


/* Room for n connections, none opened.  0, or -1: no memory. */

int client_init(client_t *c, uint32_t n);

/* Opens all connections that are not open; 0 when all are ready. */

int client_connect(client_t *c, uint64_t timeout);

/*
 * One turn: waits at most so many ms, reads everything, calls message() for
 * each message.
 */

void client_turn(client_t *c, int timeout);

/* An Engine.IO packet has come: the steps to a socket in its room. */

void client_packet(client_t *c, conn_t *conn, const char *p, size_t len);

/* The connection is over, which is said for the first three. */

void client_fail(client_t *c, conn_t *conn, const char *why);

/* Appends a masked text frame to p; returns its length. */

size_t client_frame(unsigned char *p, const char *text, size_t len);

/* Sends octets (wire.c); keeps what does not go. */

void client_send(client_t *c, conn_t *conn, const unsigned char *p,
    size_t len);

/* Aborts every connection and frees everything. */

void client_done(client_t *c);


#endif /* _CLIENT_H_INCLUDED_ */
