
/*
 * Copyright (C) nginx rooms contributors
 *
 * What readers that stop cost one that does not: many members of a busy room,
 * and a pair of clients in a room of their own, whose messages are timed.
 * The result is one line of name=value pairs.
 *
 *     stall port=3005 members=10000 rate=5 payload=1024 seconds=30 stop=1
 *
 * stop=1: the members never read again once they have joined.  rate: messages
 * per second for the busy room.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "client.h"
#include "payload.h"
#include "stats.h"


#define STALL_SECOND   1000000000.0
#define STALL_CONNECT  ((uint64_t) 300 * 1000000000)
#define STALL_PROBES   200               /* per second */
#define STALL_RECV     4096              /* octets, of the kernel's buffer */


typedef struct {
    uint32_t          members;
    unsigned          rate;
    size_t            payload;
    double            seconds;
    unsigned          stop;
    stats_pids_t      pids;

    conn_t           *probe;              /* reads what is timed */
    uint64_t          probes;             /* that came back */
    uint64_t          read;               /* messages of the busy room */
    stats_latency_t   latency;
} stall_t;


static void
stall_message(client_t *c, conn_t *conn, const char *text, size_t len)
{
    stall_t     *t;
    const char  *p;

    t = c->data;
    p = payload_find(c, text, len);

    if (p == NULL) {
        return;
    }

    if (conn != t->probe) {
        t->read++;
        return;
    }

    t->probes++;
    stats_latency_add(&t->latency, c->now - payload_time(p), 1);
}


/* Sends what is due of so many a second; returns how many were sent. */

static uint32_t
stall_send(client_t *c, conn_t *conn, uint32_t room, uint32_t sent,
    double elapsed, unsigned rate, size_t payload)
{
    size_t         n;
    unsigned char  frame[PAYLOAD_FRAME];

    while (sent < elapsed * rate) {
        n = payload_message(frame, c, room, sent, payload);
        client_send(c, conn, frame, n);
        sent++;
    }

    return sent;
}


static int
stall_run(client_t *c, stall_t *t)
{
    double    elapsed;
    conn_t   *probe, *busy;
    uint32_t  i, sent, probes;
    uint64_t  start, cpu;

    for (i = 0; i < t->members; i++) {
        c->conns[i].room = 0;
    }

    t->probe = &c->conns[i];
    t->probe->room = 1;
    probe = &c->conns[i + 1];
    probe->room = CLIENT_PUBLISHER;
    busy = &c->conns[i + 2];
    busy->room = CLIENT_PUBLISHER;

    c->message = stall_message;

    if (client_connect(c, STALL_CONNECT) != 0) {
        fprintf(stderr, "stall: %u of %u connections are ready\n", c->ready,
                c->n);
        return -1;
    }

    if (t->stop) {
        for (i = 0; i < t->members; i++) {
            (void) epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->conns[i].fd, NULL);
        }
    }

    cpu = stats_cpu(&t->pids);
    start = stats_now();
    elapsed = 0;
    sent = 0;
    probes = 0;

    while (elapsed < t->seconds && c->closed == 0) {
        sent = stall_send(c, busy, 0, sent, elapsed, t->rate, t->payload);
        probes = stall_send(c, probe, 1, probes, elapsed, STALL_PROBES, 64);

        client_turn(c, 1);
        elapsed = (double) (stats_now() - start) / STALL_SECOND;
    }

    cpu = stats_cpu(&t->pids) - cpu;

    printf("case=stall stop=%u members=%u sent=%u read=%llu probes=%llu"
           " p50_us=%.1f p99_us=%.1f max_us=%.1f cpu=%.3f pss=%llu\n",
           t->stop, t->members, sent, (unsigned long long) t->read,
           (unsigned long long) t->probes,
           (double) stats_latency_share(&t->latency, 0.5) / 1e3,
           (double) stats_latency_share(&t->latency, 0.99) / 1e3,
           (double) t->latency.max / 1e3, (double) cpu / STALL_SECOND,
           (unsigned long long) stats_pss(&t->pids));

    return c->closed ? -1 : 0;
}


static int
stall_option(client_t *c, stall_t *t, const char *word)
{
    const char  *value;

    value = strchr(word, '=');

    if (value == NULL) {
        return -1;
    }

    value++;

    if (strncmp(word, "port=", 5) == 0) {
        c->port = (unsigned) atoi(value);

    } else if (strncmp(word, "members=", 8) == 0) {
        t->members = (uint32_t) atoi(value);

    } else if (strncmp(word, "rate=", 5) == 0) {
        t->rate = (unsigned) atoi(value);

    } else if (strncmp(word, "payload=", 8) == 0) {
        t->payload = (size_t) atoi(value);

    } else if (strncmp(word, "seconds=", 8) == 0) {
        t->seconds = atof(value);

    } else if (strncmp(word, "stop=", 5) == 0) {
        t->stop = (unsigned) atoi(value);

    } else if (strncmp(word, "pids=", 5) == 0) {
        return stats_pids(&t->pids, value);

    } else {
        return -1;
    }

    return 0;
}


int
main(int argc, char **argv)
{
    int            i, rc;
    client_t       c;
    struct rlimit  limit;

    static stall_t  t;

    memset(&c, 0, sizeof(client_t));

    c.host = "127.0.0.1";
    c.path = "/stall/";
    c.parallel = 64;
    c.rcvbuf = STALL_RECV;
    c.data = &t;

    t.members = 1000;
    t.rate = 5;
    t.payload = 1024;
    t.seconds = 20;

    for (i = 1; i < argc; i++) {
        if (stall_option(&c, &t, argv[i]) != 0) {
            fprintf(stderr, "stall: \"%s\" is not understood\n", argv[i]);
            return 2;
        }
    }

    if (c.port == 0 || t.payload < PAYLOAD_MIN || t.payload > PAYLOAD_MAX) {
        fprintf(stderr, "stall: port or payload\n");
        return 2;
    }

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }

    if (client_init(&c, t.members + 3) != 0) {
        fprintf(stderr, "stall: no memory\n");
        return 1;
    }

    stats_latency_reset(&t.latency);
    rc = stall_run(&c, &t);

    client_done(&c);

    return rc == 0 ? 0 : 1;
}
