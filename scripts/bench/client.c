
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "client.h"
#include "polling.h"
#include "stats.h"
#include "wire.h"


#define CLIENT_RECV     (1024 * 1024)
#define CLIENT_EVENTS   1024
#define CLIENT_MASK     0x5a7b39c1u
#define CLIENT_MESSAGE  65536     /* of one that was compressed */


static unsigned char  client_recv[CLIENT_RECV];
static unsigned char  client_plain[CLIENT_MESSAGE];
static z_stream       client_zlib;


int
client_init(client_t *c, uint32_t n)
{
    uint32_t  i;

    c->conns = calloc(n, sizeof(conn_t));
    c->epoll = epoll_create1(0);

    if (c->conns == NULL || c->epoll == -1
        || (c->deflate && client_zlib.state == NULL
            && inflateInit2(&client_zlib, -MAX_WBITS) != Z_OK))
    {
        return -1;
    }

    c->n = n;
    c->started = 0;
    c->ready = 0;
    c->closed = 0;

    for (i = 0; i < n; i++) {
        c->conns[i].fd = -1;
        c->conns[i].index = i;
    }

    return 0;
}


void
client_fail(client_t *c, conn_t *conn, const char *why)
{
    if (conn->state == CONN_CLOSED) {
        return;
    }

    if (c->closed++ < 3) {
        fprintf(stderr, "connection %u: %s (state %d)\n", conn->index, why,
                conn->state);
    }

    if (conn->state == CONN_READY) {
        c->ready--;
    }

    conn->state = CONN_CLOSED;

    if (conn->fd != -1) {
        close(conn->fd);
        conn->fd = -1;
    }
}


static void
client_upgrade(client_t *c, conn_t *conn)
{
    int          n;
    char         request[512], path[256];
    const char  *extensions;

    extensions = c->deflate ? "Sec-WebSocket-Extensions: permessage-deflate; "
                              "client_no_context_takeover; "
                              "server_no_context_takeover\r\n"
                            : "";

    if (c->queries) {
        snprintf(path, sizeof(path), "%s?EIO=4&transport=websocket&%s",
                 c->path, c->queries[conn->index]);

    } else if (!c->nchan) {
        snprintf(path, sizeof(path), "%s?EIO=4&transport=websocket", c->path);

    } else if (conn->room == CLIENT_PUBLISHER) {
        snprintf(path, sizeof(path), "/pub?id=r0");

    } else {
        snprintf(path, sizeof(path), "/sub?id=r%u", conn->room);
    }

    n = snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\n"
                 "Host: %s:%u\r\n"
                 "Upgrade: websocket\r\n"
                 "Connection: Upgrade\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "%s"
                 "Sec-WebSocket-Version: 13\r\n\r\n",
                 path, c->host, c->port, extensions);

    client_send(c, conn, (unsigned char *) request, (size_t) n);
}


size_t
client_frame(unsigned char *p, const char *text, size_t len)
{
    size_t          i;
    uint32_t        mask = CLIENT_MASK;
    unsigned char  *q, key[4];

    q = p;
    *q++ = 0x81;

    if (len < 126) {
        *q++ = (unsigned char) (0x80 | len);

    } else {
        *q++ = 0x80 | 126;
        *q++ = (unsigned char) (len >> 8);
        *q++ = (unsigned char) len;
    }

    memcpy(key, &mask, 4);
    memcpy(q, key, 4);
    q += 4;

    for (i = 0; i < len; i++) {
        q[i] = (unsigned char) text[i] ^ key[i & 3];
    }

    return (size_t) (q - p) + len;
}


static void
client_say(client_t *c, conn_t *conn, const char *text)
{
    size_t         n;
    unsigned char  frame[256];

    if (conn->polling) {
        polling_say(conn, text);
        return;
    }

    n = client_frame(frame, text, strlen(text));
    client_send(c, conn, frame, n);
}


static void
client_is_ready(client_t *c, conn_t *conn)
{
    conn->state = CONN_READY;
    c->ready++;
}


void
client_packet(client_t *c, conn_t *conn, const char *p, size_t len)
{
    char  join[64];

    if (len && p[0] == '2') {
        c->pings++;
        client_say(c, conn, "3");
        return;
    }

    if (c->nchan) {
        c->message(c, conn, p, len);
        return;
    }

    switch (conn->state) {

    case CONN_OPENING:
        if (p[0] != '0') {
            client_fail(c, conn, "no open packet");
            return;
        }

        conn->state = CONN_JOINING_NSP;
        client_say(c, conn, "40");
        return;

    case CONN_JOINING_NSP:
        if (len < 2 || p[0] != '4' || p[1] != '0') {
            client_fail(c, conn, "CONNECT was refused");
            return;
        }

        if (conn->room == CLIENT_PUBLISHER || c->queries) {
            client_is_ready(c, conn);
            return;
        }

        conn->state = CONN_JOINING;
        snprintf(join, sizeof(join), "420[\"join\",\"r%u\"]", conn->room);
        client_say(c, conn, join);
        return;

    case CONN_JOINING:
        if (len >= 3 && p[0] == '4' && p[1] == '3' && p[2] == '0') {
            client_is_ready(c, conn);
        }

        return;

    default:
        if (len > 1 && p[0] == '4') {
            c->message(c, conn, p + 1, len - 1);
        }
    }
}


/* A compressed message (RFC 7692, section 7.2.2), one that stands alone. */

static void
client_deflated(client_t *c, conn_t *conn, const unsigned char *p, size_t len)
{
    int                         rc;
    static const unsigned char  tail[] = { 0, 0, 0xff, 0xff };

    (void) inflateReset(&client_zlib);

    client_zlib.next_out = client_plain;
    client_zlib.avail_out = CLIENT_MESSAGE;

    client_zlib.next_in = (unsigned char *) p;
    client_zlib.avail_in = (uInt) len;
    rc = inflate(&client_zlib, Z_SYNC_FLUSH);

    if (rc == Z_OK || rc == Z_BUF_ERROR) {
        client_zlib.next_in = (unsigned char *) tail;
        client_zlib.avail_in = sizeof(tail);
        rc = inflate(&client_zlib, Z_SYNC_FLUSH);
    }

    if (rc != Z_OK && rc != Z_BUF_ERROR) {
        client_fail(c, conn, "a message that does not inflate");
        return;
    }

    c->deflated++;
    client_packet(c, conn, (char *) client_plain,
                  CLIENT_MESSAGE - client_zlib.avail_out);
}


/* Takes the frames that are whole; returns how many octets. */

static size_t
client_frames(client_t *c, conn_t *conn, unsigned char *p, size_t n)
{
    size_t          len, head;
    unsigned char  *start;

    start = p;

    if (conn->state == CONN_UPGRADING) {
        p = memmem(start, n, "\r\n\r\n", 4);

        if (p == NULL) {
            return 0;
        }

        if (memcmp(start, "HTTP/1.1 101", 12) != 0) {
            client_fail(c, conn, "the upgrade was refused");
            return n;
        }

        p += 4;
        n -= (size_t) (p - start);
        conn->state = CONN_OPENING;

        if (c->nchan) {
            client_is_ready(c, conn);
        }
    }

    while (n >= 2 && conn->state != CONN_CLOSED) {
        len = p[1];
        head = 2;

        if (len == 126 && n >= 4) {
            len = (size_t) p[2] << 8 | p[3];
            head = 4;

        } else if (len >= 126) {

            if (len > 126) {
                client_fail(c, conn, "a frame that was not expected");
            }

            break;
        }

        if (n < head + len) {
            break;
        }

        if (p[0] == 0x81) {
            client_packet(c, conn, (char *) p + head, len);

        } else if (p[0] == 0xc1 && c->deflate) {
            client_deflated(c, conn, p + head, len);

        } else if ((p[0] & 0x0f) == 8) {
            client_fail(c, conn, "closed by the server");
        }

        p += head + len;
        n -= head + len;
    }

    return (size_t) (p - start);
}


/* 1 where there may be more that no event will tell of. */

static int
client_read(client_t *c, conn_t *conn)
{
    size_t   have, used;
    ssize_t  n;

    have = conn->npart;

    if (have) {
        memcpy(client_recv, conn->part, have);
    }

    n = wire_recv(c, conn, client_recv + have, CLIENT_RECV - have);

    if (n == 0 || conn->state == CONN_CLOSED) {
        return 0;
    }

    have += (size_t) n;
    c->now = stats_now();

    used = conn->polling ? polling_answer(c, conn, client_recv, have)
                         : client_frames(c, conn, client_recv, have);
    have -= used;

    if (have != conn->npart) {
        free(conn->part);
        conn->part = have ? malloc(have) : NULL;
    }

    if (have) {
        memcpy(conn->part, client_recv + used, have);
    }

    conn->npart = (uint32_t) have;

    return conn->tls != NULL && conn->state != CONN_CLOSED;
}


/* The TCP connection is there, or it failed. */

static void
client_connected(client_t *c, conn_t *conn)
{
    if (wire_connected(c, conn) != 0) {
        return;
    }

    conn->state = CONN_UPGRADING;
    conn->polling = c->polling && conn->room != CLIENT_PUBLISHER;

    if (conn->polling) {
        polling_get(c, conn);

    } else {
        client_upgrade(c, conn);
    }
}


void
client_turn(client_t *c, int timeout)
{
    int                 i, n;
    conn_t             *conn;
    struct epoll_event  events[CLIENT_EVENTS];

    n = epoll_wait(c->epoll, events, CLIENT_EVENTS, timeout);

    for (i = 0; i < n; i++) {
        conn = events[i].data.ptr;

        if (conn->state == CONN_CONNECTING) {
            client_connected(c, conn);
            continue;
        }

        /* a handshake of TLS waits for either */

        if (conn->nout && (conn->tls || (events[i].events & EPOLLOUT))) {
            wire_flush(c, conn);
        }

        if (conn->state != CONN_CLOSED
            && (events[i].events & (EPOLLIN|EPOLLHUP|EPOLLERR)))
        {
            while (client_read(c, conn)) { /* void */ }
        }
    }
}


int
client_connect(client_t *c, uint64_t timeout)
{
    uint64_t  end;

    end = stats_now() + timeout;

    while (c->ready < c->n && c->closed == 0 && stats_now() < end) {

        while (c->started < c->n
               && c->started - c->ready < c->parallel)
        {
            wire_open(c, &c->conns[c->started++]);
        }

        client_turn(c, 100);
    }

    return c->ready == c->n ? 0 : -1;
}


void
client_done(client_t *c)
{
    uint32_t       i;
    struct linger  linger = { 1, 0 };

    for (i = 0; i < c->n; i++) {
        if (c->conns[i].fd != -1) {

            /* a reset leaves no port waiting */

            (void) setsockopt(c->conns[i].fd, SOL_SOCKET, SO_LINGER, &linger,
                              sizeof(linger));
            close(c->conns[i].fd);
        }

        wire_free(&c->conns[i]);
        free(c->conns[i].part);
    }

    free(c->conns);
    close(c->epoll);
}
