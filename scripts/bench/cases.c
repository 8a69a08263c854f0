
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "payload.h"


#define CASE_SECOND     1000000000.0
#define CASE_CONNECT    ((uint64_t) 120 * 1000000000)
#define CASE_DRAIN      ((uint64_t) 10 * 1000000000)
#define CASE_FLIGHT     65536            /* messages whose arrival is counted */
#define CASE_BATCH      (1024 * 1024)
#define CASE_HOT_SHIFT  24
#define CASE_HOT_MEMBERS 64


typedef struct {
    const case_conf_t  *conf;
    case_result_t      *r;
    unsigned            measuring;
    uint64_t            start;
    uint64_t            cpu;
    uint64_t            sent;             /* messages */
    uint64_t            complete;         /* that reached all */
    uint32_t           *arrived;          /* of each message in flight */
    uint32_t           *seq;              /* of each room, or sender */
    uint32_t           *next;             /* of each sender at each member */
    uint32_t           *left;             /* members still to be reached */
    uint32_t           *due;              /* rooms, connections that may go */
    uint32_t            ndue;
    unsigned char      *batch;
    size_t              nbatch;
} case_t;


static void
case_tell(case_t *t, const char *what)
{
    if (t->conf->tell) {
        puts(what);
        fflush(stdout);
    }
}


static void
case_begin(case_t *t)
{
    case_tell(t, "begin");
    stats_latency_reset(&t->r->latency);

    t->r->done = 0;
    t->cpu = stats_cpu(&t->conf->pids);
    t->start = stats_now();
    t->measuring = 1;
}


static void
case_end(case_t *t)
{
    t->measuring = 0;
    t->r->elapsed = (double) (stats_now() - t->start) / CASE_SECOND;
    t->r->cpu = (double) (stats_cpu(&t->conf->pids) - t->cpu) / CASE_SECOND;

    case_tell(t, "end");
}


static int
case_init(case_t *t, client_t *c, const case_conf_t *conf, case_result_t *r,
    uint32_t n)
{
    uint32_t  rooms;

    memset(t, 0, sizeof(case_t));
    memset(r, 0, sizeof(case_result_t));

    rooms = conf->rooms ? conf->rooms : CASE_HOT_MEMBERS;

    t->conf = conf;
    t->r = r;
    t->arrived = calloc(CASE_FLIGHT, sizeof(uint32_t));
    t->seq = calloc(rooms, sizeof(uint32_t));
    t->next = calloc(CASE_HOT_MEMBERS * CASE_HOT_MEMBERS, sizeof(uint32_t));
    t->left = calloc(rooms, sizeof(uint32_t));
    t->due = calloc(n + rooms, sizeof(uint32_t));
    t->batch = malloc(CASE_BATCH);

    c->data = t;

    if (t->arrived == NULL || t->seq == NULL || t->next == NULL
        || t->left == NULL || t->due == NULL || t->batch == NULL
        || client_init(c, n) != 0)
    {
        fprintf(stderr, "no memory\n");
        return -1;
    }

    return 0;
}


static void
case_free(case_t *t, client_t *c)
{
    client_done(c);

    free(t->arrived);
    free(t->seq);
    free(t->next);
    free(t->left);
    free(t->due);
    free(t->batch);
}


static int
case_connected(client_t *c)
{
    if (client_connect(c, CASE_CONNECT) == 0) {
        return 0;
    }

    fprintf(stderr, "%u of %u connections are ready, %u failed\n", c->ready,
            c->n, c->closed);

    return -1;
}


/* One message at one member: counted, checked, timed.  1 where it is new. */

static int
case_received(case_t *t, client_t *c, uint32_t *next, uint32_t seq,
    const char *payload)
{
    uint64_t  then;

    t->r->received++;

    if (seq != *next) {

        if ((int32_t) (seq - *next) < 0) {
            t->r->duplicates++;
            return 0;
        }

        t->r->disorder += seq - *next;
    }

    *next = seq + 1;

    if (t->measuring) {
        then = payload_time(payload);
        stats_latency_add(&t->r->latency, c->now > then ? c->now - then : 0,
                          1);
        t->r->done++;
    }

    return 1;
}


static void
case_fanout_message(client_t *c, conn_t *conn, const char *text, size_t len)
{
    case_t      *t;
    uint32_t     seq;
    const char  *p;

    t = c->data;
    p = payload_find(c, text, len);

    if (p == NULL || conn->room == CLIENT_PUBLISHER) {
        return;
    }

    seq = payload_seq(p);

    if (!case_received(t, c, &conn->next, seq, p)) {
        return;
    }

    if (++t->arrived[seq % CASE_FLIGHT] == t->conf->members) {
        t->arrived[seq % CASE_FLIGHT] = 0;
        t->complete++;
    }
}


/* All that may go now, in one write. */

static void
case_fanout_send(case_t *t, client_t *c)
{
    double    due;
    uint64_t  until;

    if (t->conf->window) {
        until = t->complete + t->conf->window;

    } else {
        due = (double) (stats_now() - t->start) / CASE_SECOND
              * t->conf->rate / t->conf->members;
        until = (uint64_t) due;

        if (until - t->complete > CASE_FLIGHT / 2) {
            until = t->complete + CASE_FLIGHT / 2;
        }
    }

    if (t->conf->count && until > t->conf->count) {
        until = t->conf->count;
    }

    t->nbatch = 0;

    while (t->sent < until && t->nbatch < CASE_BATCH - PAYLOAD_FRAME) {
        t->nbatch += payload_message(t->batch + t->nbatch, c, 0,
                                     (uint32_t) t->sent, t->conf->payload);
        t->sent++;
    }

    if (t->nbatch) {
        client_send(c, &c->conns[c->n - 1], t->batch, t->nbatch);
    }
}


/* Runs warm-up, measurement and drain around send(). */

static void
case_run(case_t *t, client_t *c, void (*send)(case_t *t, client_t *c),
    unsigned paced)
{
    uint64_t  start, end, warm, now;

    start = stats_now();
    warm = start + (uint64_t) (t->conf->warmup * CASE_SECOND);
    end = warm + (uint64_t) (t->conf->seconds * CASE_SECOND);

    t->start = start;
    t->measuring = 0;

    for ( ;; ) {
        now = stats_now();

        if (!t->measuring && now >= warm) {
            case_begin(t);

            /* the pace goes on from the first message */

            t->start = start;
            warm = now;
            end = now + (uint64_t) (t->conf->seconds * CASE_SECOND);
        }

        if (t->conf->count ? t->complete >= t->conf->count || c->closed
                           : t->measuring && now >= end)
        {
            break;
        }

        send(t, c);
        client_turn(c, paced ? 1 : 100);
    }

    t->start = warm;
    case_end(t);

    end = stats_now() + CASE_DRAIN;

    while (t->complete < t->sent && c->closed == 0 && stats_now() < end) {
        client_turn(c, 10);
    }
}


static void
case_account(case_t *t, client_t *c, uint64_t wanted)
{
    t->r->sent = t->sent;
    t->r->wanted = wanted;
    t->r->lost = wanted - (t->r->received - t->r->duplicates);

    if (c->closed) {
        fprintf(stderr, "%u connections were lost\n", c->closed);
    }
}


int
case_fanout(client_t *c, const case_conf_t *conf, case_result_t *r)
{
    int       rc;
    case_t    t;
    uint32_t  i;

    if (case_init(&t, c, conf, r, conf->members + 1) != 0) {
        return -1;
    }

    for (i = 0; i < conf->members; i++) {
        c->conns[i].room = 0;
    }

    c->conns[i].room = CLIENT_PUBLISHER;
    c->message = case_fanout_message;

    rc = case_connected(c);

    if (rc == 0) {
        case_run(&t, c, case_fanout_send, conf->window == 0);
        case_account(&t, c, t.sent * conf->members);
    }

    case_free(&t, c);

    return rc;
}


/* A room has one message in flight: so all its members see one order. */

static void
case_rooms_message(client_t *c, conn_t *conn, const char *text, size_t len)
{
    case_t      *t;
    uint32_t     seq;
    const char  *p;

    t = c->data;
    p = payload_find(c, text, len);

    if (p == NULL) {
        return;
    }

    seq = payload_seq(p);

    if (case_received(t, c, &conn->next, seq, p)
        && --t->left[conn->room] == 0) {
        t->complete++;
        t->due[t->ndue++] = conn->room;
    }
}


static void
case_rooms_send(case_t *t, client_t *c)
{
    size_t          n;
    conn_t         *conn;
    uint32_t        i, room, seq;
    unsigned char   frame[PAYLOAD_FRAME];

    for (i = 0; i < t->ndue; i++) {
        room = t->due[i];
        seq = t->seq[room]++;

        /* the members take turns; the sender does not hear itself */

        conn = &c->conns[room * t->conf->members + seq % t->conf->members];
        conn->next = seq + 1;

        t->left[room] = t->conf->members - 1;
        t->sent++;

        n = payload_message(frame, c, room, seq, t->conf->payload);
        client_send(c, conn, frame, n);
    }

    t->ndue = 0;
}


int
case_rooms(client_t *c, const case_conf_t *conf, case_result_t *r)
{
    int       rc;
    case_t    t;
    uint32_t  i;

    if (case_init(&t, c, conf, r, conf->members * conf->rooms) != 0) {
        return -1;
    }

    for (i = 0; i < c->n; i++) {
        c->conns[i].room = i / conf->members;
    }

    t.ndue = conf->window < conf->rooms ? conf->window : conf->rooms;

    /* spread, so that not the same rooms are busy all the time */

    for (i = 0; i < t.ndue; i++) {
        t.due[i] = i * (conf->rooms / t.ndue);
    }

    c->message = case_rooms_message;

    rc = case_connected(c);

    if (rc == 0) {
        case_run(&t, c, case_rooms_send, 0);
        case_account(&t, c, t.sent * (conf->members - 1));
    }

    case_free(&t, c);

    return rc;
}


/*
 * Everybody in one room publishes, each with one message in flight: many
 * append to one journal.  A sequence number names its sender.
 */

static void
case_hot_message(client_t *c, conn_t *conn, const char *text, size_t len)
{
    case_t      *t;
    uint32_t     seq, sender;
    const char  *p;

    t = c->data;
    p = payload_find(c, text, len);

    if (p == NULL) {
        return;
    }

    seq = payload_seq(p);
    sender = seq >> CASE_HOT_SHIFT;
    seq &= (1u << CASE_HOT_SHIFT) - 1;

    if (sender < c->n
        && case_received(t, c, &t->next[conn->index * c->n + sender], seq, p)
        && --t->left[sender] == 0)
    {
        t->complete++;
        t->due[t->ndue++] = sender;
    }
}


static void
case_hot_send(case_t *t, client_t *c)
{
    size_t         n;
    uint32_t       i, sender;
    unsigned char  frame[PAYLOAD_FRAME];

    for (i = 0; i < t->ndue; i++) {
        sender = t->due[i];
        t->left[sender] = c->n - 1;
        t->sent++;

        n = payload_message(frame, c, 0, sender << CASE_HOT_SHIFT
                                         | t->seq[sender]++, t->conf->payload);
        client_send(c, &c->conns[sender], frame, n);
    }

    t->ndue = 0;
}


int
case_hot(client_t *c, const case_conf_t *conf, case_result_t *r)
{
    int       rc;
    case_t    t;
    uint32_t  i;

    if (conf->members < 2 || conf->members > CASE_HOT_MEMBERS) {
        fprintf(stderr, "2 to %d members\n", CASE_HOT_MEMBERS);
        return -1;
    }

    if (case_init(&t, c, conf, r, conf->members) != 0) {
        return -1;
    }

    for (i = 0; i < c->n; i++) {
        c->conns[i].room = 0;
        t.due[i] = i;
    }

    t.ndue = c->n;
    c->message = case_hot_message;

    rc = case_connected(c);

    if (rc == 0) {
        case_run(&t, c, case_hot_send, 0);
        case_account(&t, c, t.sent * (conf->members - 1));
    }

    case_free(&t, c);

    return rc;
}


/* 3ID["PAYLOAD"]: the id is the sequence number modulo 10. */

static void
case_ack_message(client_t *c, conn_t *conn, const char *text, size_t len)
{
    case_t  *t;

    t = c->data;

    if (len < 40 || text[0] != '3' || text[2] != '[') {
        return;
    }

    text += 4;

    if (case_received(t, c, &conn->next, payload_seq(text), text)) {
        t->complete++;
        t->due[t->ndue++] = conn->index;
    }
}


static void
case_ack_send(case_t *t, client_t *c)
{
    size_t          n;
    conn_t         *conn;
    uint32_t        i;
    char            text[PAYLOAD_FRAME];
    unsigned char   frame[PAYLOAD_FRAME];

    for (i = 0; i < t->ndue; i++) {

        if (t->conf->count && t->sent >= t->conf->count) {
            break;
        }

        conn = &c->conns[t->due[i]];

        n = (size_t) sprintf(text, "42%u[\"message-with-ack\",\"",
                             conn->next % 10);
        n += payload_write(text + n, conn->next, t->conf->payload);
        text[n++] = '"';
        text[n++] = ']';

        n = client_frame(frame, text, n);
        client_send(c, conn, frame, n);
        t->sent++;
    }

    t->ndue = 0;
}


int
case_ack(client_t *c, const case_conf_t *conf, case_result_t *r)
{
    int       rc;
    case_t    t;
    uint32_t  i;

    if (case_init(&t, c, conf, r, conf->members) != 0) {
        return -1;
    }

    for (i = 0; i < c->n; i++) {
        c->conns[i].room = CLIENT_PUBLISHER;
        t.due[i] = i;
    }

    t.ndue = c->n;
    c->message = case_ack_message;

    rc = case_connected(c);

    if (rc == 0) {
        case_run(&t, c, case_ack_send, 0);
        case_account(&t, c, t.sent);
    }

    case_free(&t, c);

    return rc;
}


static void
case_ignore(client_t *c, conn_t *conn, const char *text, size_t len)
{
    (void) c;
    (void) conn;
    (void) text;
    (void) len;
}


/* Memory, and the price of heartbeats where seconds is not 0. */

int
case_idle(client_t *c, const case_conf_t *conf, case_result_t *r)
{
    int       rc;
    case_t    t;
    uint32_t  i;
    uint64_t  before, end;

    if (case_init(&t, c, conf, r, conf->members) != 0) {
        return -1;
    }

    for (i = 0; i < c->n; i++) {
        c->conns[i].room = CLIENT_PUBLISHER;
    }

    c->message = case_ignore;

    before = stats_pss(&conf->pids);
    rc = case_connected(c);

    if (rc == 0) {
        end = stats_now() + (uint64_t) (conf->warmup * CASE_SECOND);

        while (stats_now() < end) {
            client_turn(c, 10);
        }

        r->pss = ((double) stats_pss(&conf->pids) - (double) before) / c->n;

        case_begin(&t);
        end = t.start + (uint64_t) (conf->seconds * CASE_SECOND);

        while (stats_now() < end && c->closed == 0) {
            client_turn(c, 10);
        }

        case_end(&t);

        r->done = (uint64_t) (c->n * r->elapsed);
        r->received = c->pings;
        r->lost = c->closed;
    }

    case_free(&t, c);

    return rc;
}


/*
 * A first round is not counted: node compiles, allocators take what they
 * keep.
 */

static int
case_connect_once(client_t *c, case_t *t)
{
    int       rc;
    uint32_t  i;

    for (i = 0; i < c->n; i++) {
        c->conns[i].room = t->conf->rooms ? i % t->conf->rooms
                                          : CLIENT_PUBLISHER;
    }

    c->message = case_ignore;

    case_begin(t);
    rc = case_connected(c);
    case_end(t);

    t->r->done = c->ready;

    return rc;
}


int
case_connect(client_t *c, const case_conf_t *conf, case_result_t *r)
{
    int       rc;
    case_t    t;
    unsigned  round;

    for (round = conf->count ? 1 : 0; round < 2; round++) {

        if (case_init(&t, c, conf, r, conf->members) != 0) {
            return -1;
        }

        rc = case_connect_once(c, &t);
        case_free(&t, c);

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}
