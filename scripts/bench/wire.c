
/*
 * Copyright (C) nginx rooms contributors
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "wire.h"


#define WIRE_ADDRESSES  32        /* 127.0.0.1 and those behind it */


static void
wire_watch(client_t *c, conn_t *conn, int op, uint32_t events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = conn;

    (void) epoll_ctl(c->epoll, op, conn->fd, &ev);
}


void
wire_open(client_t *c, conn_t *conn)
{
    int                 one = 1;
    unsigned            port;
    struct sockaddr_in  to, from;

    port = c->port;

    if (c->ports) {
        port += conn->index % c->ports;
    }

    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t) port);
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
                                 + conn->index % WIRE_ADDRESSES);

    if (bind(conn->fd, (struct sockaddr *) &from, sizeof(from)) == -1
        || (connect(conn->fd, (struct sockaddr *) &to, sizeof(to)) == -1
            && errno != EINPROGRESS))
    {
        client_fail(c, conn, strerror(errno));
        return;
    }

    wire_watch(c, conn, EPOLL_CTL_ADD, EPOLLIN|EPOLLOUT);
}


/* The server's certificate is one that was made for this run. */

static int
wire_tls(client_t *c, conn_t *conn)
{
    static SSL_CTX  *ctx;

    if (ctx == NULL) {
        ctx = SSL_CTX_new(TLS_client_method());

        if (ctx == NULL) {
            client_fail(c, conn, "no TLS");
            return -1;
        }

        SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                              |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                              |SSL_MODE_RELEASE_BUFFERS);
    }

    conn->tls = SSL_new(ctx);

    if (conn->tls == NULL || SSL_set_fd(conn->tls, conn->fd) != 1) {
        client_fail(c, conn, "no TLS");
        return -1;
    }

    SSL_set_connect_state(conn->tls);

    return 0;
}


int
wire_connected(client_t *c, conn_t *conn)
{
    int        err;
    socklen_t  len;

    len = sizeof(err);
    (void) getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &err, &len);

    if (err) {
        client_fail(c, conn, strerror(err));
        return -1;
    }

    wire_watch(c, conn, EPOLL_CTL_MOD, EPOLLIN);

    return c->tls ? wire_tls(c, conn) : 0;
}


/* What SSL_read() or SSL_write() returned: 0 where it has to be repeated. */

static ssize_t
wire_tls_result(client_t *c, conn_t *conn, int n)
{
    int  err;

    if (n > 0) {
        return n;
    }

    err = SSL_get_error(conn->tls, n);

    if (err != SSL_ERROR_WANT_READ && err != SSL_ERROR_WANT_WRITE) {
        client_fail(c, conn, "TLS: end of stream");
    }

    return 0;
}


ssize_t
wire_recv(client_t *c, conn_t *conn, unsigned char *p, size_t size)
{
    ssize_t  n;

    if (conn->tls) {
        return wire_tls_result(c, conn, SSL_read(conn->tls, p, (int) size));
    }

    n = recv(conn->fd, p, size, 0);

    if (n == 0 || (n == -1 && errno != EAGAIN)) {
        client_fail(c, conn, n ? strerror(errno) : "end of stream");
    }

    return n > 0 ? n : 0;
}


static size_t
wire_send(client_t *c, conn_t *conn, const unsigned char *p, size_t len)
{
    ssize_t  n;

    if (conn->tls) {
        return (size_t) wire_tls_result(c, conn,
                                        SSL_write(conn->tls, p, (int) len));
    }

    n = send(conn->fd, p, len, MSG_NOSIGNAL);

    if (n == -1 && errno != EAGAIN) {
        client_fail(c, conn, strerror(errno));
    }

    return n > 0 ? (size_t) n : 0;
}


void
client_send(client_t *c, conn_t *conn, const unsigned char *p, size_t len)
{
    size_t          n;
    unsigned char  *out;

    if (conn->state == CONN_CLOSED) {
        return;
    }

    if (conn->nout == 0) {
        n = wire_send(c, conn, p, len);
        p += n;
        len -= n;

        if (len == 0 || conn->state == CONN_CLOSED) {
            return;
        }

        wire_watch(c, conn, EPOLL_CTL_MOD, EPOLLIN|EPOLLOUT);
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


void
wire_flush(client_t *c, conn_t *conn)
{
    size_t  n;

    n = wire_send(c, conn, conn->out, conn->nout);

    if (n == 0) {
        return;
    }

    conn->nout -= n;
    memmove(conn->out, conn->out + n, conn->nout);

    if (conn->nout == 0) {
        free(conn->out);
        conn->out = NULL;
        wire_watch(c, conn, EPOLL_CTL_MOD, EPOLLIN);
    }
}


void
wire_free(conn_t *conn)
{
    if (conn->tls) {
        SSL_free(conn->tls);
    }

    free(conn->out);
}
