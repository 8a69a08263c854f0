
/*
 * Copyright (C) nginx rooms contributors
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "stats.h"


#define CLIENT_RECV       (1024 * 1024)
#define CLIENT_EVENTS     1024
#define CLIENT_ADDRESSES  4         /* 127.0.0.1 and those behind it */
#define CLIENT_MASK       0x5a7b39c1u


static unsigned char  client_recv[CLIENT_RECV];


int
client_init(client_t *c, uint32_t n)
{
    uint32_t  i;

    c->conns = calloc(n, sizeof(conn_t));
    c->epoll = epoll_create1(0);

    if (c->conns == NULL || c->epoll == -1) {
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


static void
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

    close(conn->fd);
    conn->fd = -1;
}


static void
client_watch(client_t *c, conn_t *conn, int op, uint32_t events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = conn;

    (void) epoll_ctl(c->epoll, op, conn->fd, &ev);
}


static void
client_open(client_t *c, conn_t *conn)
{
    int                 one = 1;
    struct sockaddr_in  to, from;

    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t) c->port);
    to.sin_addr.s_addr = inet_addr(c->host);

    conn->state = CONN_CONNECTING;
    conn->fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);

    if (conn->fd == -1) {
        client_fail(c, conn, strerror(errno));
        return;
    }

    (void) setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void) setsockopt(conn->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
                      sizeof(one));

    if (c->rcvbuf) {
        (void) setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &c->rcvbuf,
                          sizeof(c->rcvbuf));
    }

    /* one address alone has too few ports for runs in quick succession */

    from = to;
    from.sin_port = 0;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK
                                 + conn->index % CLIENT_ADDRESSES);

    if (bind(conn->fd, (struct sockaddr *) &from, sizeof(from)) == -1
        || (connect(conn->fd, (struct sockaddr *) &to, sizeof(to)) == -1
            && errno != EINPROGRESS))
    {
        client_fail(c, conn, strerror(errno));
        return;
    }

    client_watch(c, conn, EPOLL_CTL_ADD, EPOLLIN|EPOLLOUT);
}


static void
client_upgrade(client_t *c, conn_t *conn)
{
    int   n;
    char  request[512], path[256];

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
                 "Sec-WebSocket-Version: 13\r\n\r\n",
                 path, c->host, c->port);

    conn->state = CONN_UPGRADING;

    client_watch(c, conn, EPOLL_CTL_MOD, EPOLLIN);
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

    n = client_frame(frame, text, strlen(text));
    client_send(c, conn, frame, n);
}


void
client_send(client_t *c, conn_t *conn, const unsigned char *p, size_t len)
{
    ssize_t         n;
    unsigned char  *out;

    if (conn->state == CONN_CLOSED) {
        return;
    }

    if (conn->nout == 0) {
        n = send(conn->fd, p, len, MSG_NOSIGNAL);

        if (n == -1 && errno != EAGAIN) {
            client_fail(c, conn, strerror(errno));
            return;
        }

        if (n > 0) {
            p += n;
            len -= (size_t) n;
        }

        if (len == 0) {
            return;
        }

        client_watch(c, conn, EPOLL_CTL_MOD, EPOLLIN|EPOLLOUT);
    }

    out = realloc(conn->out, conn->nout + len);
    if (out == NULL) {
        client_fail(c, conn, "no memory");
        return;
    }

    memcpy(out + conn->nout, p, len);
    conn->out = out;
    conn->nout += len;
}


static void
client_flush(client_t *c, conn_t *conn)
{
    ssize_t  n;

    if (conn->nout == 0) {
        return;
    }

    n = send(conn->fd, conn->out, conn->nout, MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN) {
            client_fail(c, conn, strerror(errno));
        }

        return;
    }

    conn->nout -= (size_t) n;
    memmove(conn->out, conn->out + n, conn->nout);

    if (conn->nout == 0) {
        free(conn->out);
        conn->out = NULL;
        client_watch(c, conn, EPOLL_CTL_MOD, EPOLLIN);
    }
}


static void
client_is_ready(client_t *c, conn_t *conn)
{
    conn->state = CONN_READY;
    c->ready++;
}


/* The steps to a socket that is in its room. */

static void
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

        } else if ((p[0] & 0x0f) == 8) {
            client_fail(c, conn, "closed by the server");
        }

        p += head + len;
        n -= head + len;
    }

    return (size_t) (p - start);
}


static void
client_read(client_t *c, conn_t *conn)
{
    size_t   have, used;
    ssize_t  n;

    have = conn->npart;

    if (have) {
        memcpy(client_recv, conn->part, have);
    }

    n = recv(conn->fd, client_recv + have, CLIENT_RECV - have, 0);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            client_fail(c, conn, n ? strerror(errno) : "end of stream");
        }

        return;
    }

    have += (size_t) n;
    c->now = stats_now();

    used = client_frames(c, conn, client_recv, have);
    have -= used;

    if (have != conn->npart) {
        free(conn->part);
        conn->part = have ? malloc(have) : NULL;
    }

    if (have) {
        memcpy(conn->part, client_recv + used, have);
    }

    conn->npart = (uint32_t) have;
}


void
client_turn(client_t *c, int timeout)
{
    int                 i, n, err;
    conn_t             *conn;
    socklen_t           len;
    struct epoll_event  events[CLIENT_EVENTS];

    n = epoll_wait(c->epoll, events, CLIENT_EVENTS, timeout);

    for (i = 0; i < n; i++) {
        conn = events[i].data.ptr;

        if (conn->state == CONN_CONNECTING) {
            len = sizeof(err);
            (void) getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &err, &len);

            if (err) {
                client_fail(c, conn, strerror(err));

            } else {
                client_upgrade(c, conn);
            }

            continue;
        }

        if (events[i].events & EPOLLOUT) {
            client_flush(c, conn);
        }

        if (conn->state != CONN_CLOSED
            && (events[i].events & (EPOLLIN|EPOLLHUP|EPOLLERR)))
        {
            client_read(c, conn);
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
            client_open(c, &c->conns[c->started++]);
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

        free(c->conns[i].part);
        free(c->conns[i].out);
    }

    free(c->conns);
    close(c->epoll);
}
