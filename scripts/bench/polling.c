
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polling.h"


#define POLLING_SEPARATOR  0x1e


void
polling_get(client_t *c, conn_t *conn)
{
    int   n;
    char  request[512];

    n = snprintf(request, sizeof(request),
                 "GET %s?EIO=4&transport=polling%s%s HTTP/1.1\r\n"
                 "Host: %s:%u\r\n\r\n",
                 c->path, conn->sid[0] ? "&sid=" : "", conn->sid, c->host,
                 c->port);

    client_send(c, conn, (unsigned char *) request, (size_t) n);
}


static void
polling_post(client_t *c, conn_t *conn)
{
    int   n;
    char  request[512];

    n = snprintf(request, sizeof(request),
                 "POST %s?EIO=4&transport=polling&sid=%s HTTP/1.1\r\n"
                 "Host: %s:%u\r\n"
                 "Content-Type: text/plain;charset=UTF-8\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 c->path, conn->sid, c->host, c->port, strlen(conn->say),
                 conn->say);

    conn->say[0] = '\0';
    conn->posting = 1;

    client_send(c, conn, (unsigned char *) request, (size_t) n);
}


void
polling_say(conn_t *conn, const char *packet)
{
    snprintf(conn->say, sizeof(conn->say), "%s", packet);
}


/* The open packet's sid, which all further requests name. */

static void
polling_open(client_t *c, conn_t *conn, const char *p, size_t len)
{
    const char  *sid;

    sid = memmem(p, len, "\"sid\":\"", 7);

    if (sid == NULL || sid + 7 + 20 > p + len) {
        client_fail(c, conn, "no session");
        return;
    }

    memcpy(conn->sid, sid + 7, 20);
    conn->state = CONN_OPENING;
}


static void
polling_packets(client_t *c, conn_t *conn, const char *p, size_t len)
{
    const char  *end, *next;

    end = p + len;

    if (conn->state == CONN_UPGRADING) {
        polling_open(c, conn, p, len);
    }

    while (p < end && conn->state != CONN_CLOSED) {
        next = memchr(p, POLLING_SEPARATOR, (size_t) (end - p));

        if (next == NULL) {
            next = end;
        }

        client_packet(c, conn, p, (size_t) (next - p));
        p = next + 1;
    }
}


size_t
polling_answer(client_t *c, conn_t *conn, unsigned char *p, size_t n)
{
    long            len;
    size_t          head;
    unsigned char  *end, *field;

    end = memmem(p, n, "\r\n\r\n", 4);

    if (end == NULL) {
        return 0;
    }

    *end = '\0';
    field = (unsigned char *) strcasestr((char *) p, "\r\nContent-Length:");
    *end = '\r';

    if (field == NULL || memcmp(p, "HTTP/1.1 200", 12) != 0) {
        client_fail(c, conn, "an answer that was not expected");
        return n;
    }

    len = strtol((char *) field + sizeof("\r\nContent-Length:") - 1, NULL,
                 10);
    head = (size_t) (end - p) + 4;

    if (len < 0 || n - head < (size_t) len) {
        return 0;
    }

    if (conn->posting) {
        conn->posting = 0;

    } else {
        polling_packets(c, conn, (char *) end + 4, (size_t) len);
    }

    if (conn->state == CONN_CLOSED) {
        return n;
    }

    if (conn->say[0]) {
        polling_post(c, conn);

    } else {
        polling_get(c, conn);
    }

    return head + (size_t) len;
}
