
/*
 * Copyright (C) nginx rooms contributors
 *
 * The floor: what a server must cost that does nothing but its system calls.
 * It knows just the packets that the load generator sends, trusts them, and
 * keeps nothing.  Not a server for anything else.
 *
 *     floor PORT each|turn|each-ping
 *
 * each: one send() for each recipient and message; turn: one for each
 * recipient and turn of the event loop; each-ping: a ping packet besides, for
 * every connection each 2.5 seconds.
 */


#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define FLOOR_RECV    65536
#define FLOOR_EVENTS  512
#define FLOOR_ROOMS   65536
#define FLOOR_PING    2500         /* ms */
#define FLOOR_GRAIN   40


typedef struct floor_conn_s  floor_conn_t;

struct floor_conn_s {
    int               fd;
    uint32_t          room;
    uint32_t          npart;
    uint32_t          open:1;
    uint32_t          own:1;      /* sent something in this turn */
    unsigned char    *part;
    unsigned char    *out;        /* what the kernel did not take */
    uint32_t          nout;
    uint64_t          due;        /* of the next ping, ms */
    floor_conn_t     *next;       /* in the order of due, both ways */
    floor_conn_t     *prev;
};


typedef struct {
    floor_conn_t     *from;
    uint32_t          pos;
    uint32_t          end;
} floor_own_t;


typedef struct {
    floor_conn_t    **members;
    uint32_t          n;
    uint32_t          dirty;
    unsigned char    *data;       /* of this turn */
    uint32_t          len;
    uint32_t          alloc;
    floor_own_t      *messages;
    uint32_t          nmessages;
    uint32_t          amessages;
} floor_room_t;


static int            floor_epoll;
static unsigned       floor_turn;
static unsigned       floor_ping;
static floor_conn_t   floor_beats = { .next = &floor_beats,
                                      .prev = &floor_beats };
static floor_room_t   floor_rooms[FLOOR_ROOMS];
static uint32_t       floor_dirty[FLOOR_ROOMS];
static uint32_t       floor_ndirty;
static unsigned char  floor_in[FLOOR_RECV];


static void
floor_die(const char *what)
{
    perror(what);
    exit(1);
}


static uint64_t
floor_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


static void
floor_unbeat(floor_conn_t *c)
{
    if (c->next) {
        c->prev->next = c->next;
        c->next->prev = c->prev;
        c->next = NULL;
    }
}


static void
floor_beat(floor_conn_t *c)
{
    c->due = floor_now() + FLOOR_PING;
    c->next = &floor_beats;
    c->prev = floor_beats.prev;
    c->prev->next = c;
    floor_beats.prev = c;
}


static void
floor_watch(floor_conn_t *c, int op, uint32_t events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = c;

    (void) epoll_ctl(floor_epoll, op, c->fd, &ev);
}


static void
floor_keep(floor_conn_t *c, const unsigned char *p, size_t n)
{
    if (c->nout == 0) {
        floor_watch(c, EPOLL_CTL_MOD, EPOLLIN|EPOLLOUT);
    }

    c->out = realloc(c->out, c->nout + n);
    if (c->out == NULL) {
        floor_die("realloc");
    }

    memcpy(c->out + c->nout, p, n);
    c->nout += (uint32_t) n;
}


static void
floor_send(floor_conn_t *c, const unsigned char *p, size_t len)
{
    ssize_t  n;

    n = 0;

    if (c->nout == 0) {
        n = send(c->fd, p, len, MSG_NOSIGNAL);

        if (n == (ssize_t) len) {
            return;
        }

        if (n == -1) {
            if (errno != EAGAIN) {
                return;
            }

            n = 0;
        }
    }

    floor_keep(c, p + n, len - (size_t) n);
}


/* The time until this has to be called again, for epoll_wait(). */

static int
floor_pings(void)
{
    uint64_t       now;
    floor_conn_t  *c;

    static const unsigned char  ping[] = { 0x81, 1, '2' };

    now = floor_now();

    for ( ;; ) {
        c = floor_beats.next;

        if (c == &floor_beats) {
            return -1;
        }

        if (c->due > now) {
            return FLOOR_GRAIN;
        }

        floor_unbeat(c);
        floor_beat(c);
        floor_send(c, ping, sizeof(ping));
    }
}


static void
floor_flush(floor_conn_t *c)
{
    ssize_t  n;

    n = send(c->fd, c->out, c->nout, MSG_NOSIGNAL);

    if (n <= 0) {
        return;
    }

    c->nout -= (uint32_t) n;
    memmove(c->out, c->out + n, c->nout);

    if (c->nout == 0) {
        free(c->out);
        c->out = NULL;
        floor_watch(c, EPOLL_CTL_MOD, EPOLLIN);
    }
}


static size_t
floor_header(unsigned char *p, size_t len)
{
    p[0] = 0x81;

    if (len < 126) {
        p[1] = (unsigned char) len;
        return 2;
    }

    p[1] = 126;
    p[2] = (unsigned char) (len >> 8);
    p[3] = (unsigned char) len;

    return 4;
}


static void
floor_text(floor_conn_t *c, const char *text, size_t len)
{
    size_t         n;
    unsigned char  frame[8192];

    n = floor_header(frame, len);
    memcpy(frame + n, text, len);

    floor_send(c, frame, n + len);
}


static void
floor_gather(floor_conn_t *c, uint32_t n, const unsigned char *frame,
    size_t len)
{
    floor_own_t   *m;
    floor_room_t  *room;

    room = &floor_rooms[n];

    if (!room->dirty) {
        room->dirty = 1;
        floor_dirty[floor_ndirty++] = n;
    }

    if (room->len + len > room->alloc) {
        room->alloc = (room->len + (uint32_t) len) * 2;
        room->data = realloc(room->data, room->alloc);
    }

    if (room->nmessages == room->amessages) {
        room->amessages = room->amessages * 2 + 4;
        room->messages = realloc(room->messages,
                                 room->amessages * sizeof(floor_own_t));
    }

    if (room->data == NULL || room->messages == NULL) {
        floor_die("realloc");
    }

    m = &room->messages[room->nmessages++];
    m->from = c;
    m->pos = room->len;

    memcpy(room->data + room->len, frame, len);
    room->len += (uint32_t) len;

    m->end = room->len;
    c->own = 1;
}


static void
floor_publish(floor_conn_t *c, uint32_t n, const char *text, size_t len)
{
    size_t         head;
    uint32_t       i;
    floor_room_t  *room;
    unsigned char  frame[8192];

    head = floor_header(frame, len);
    memcpy(frame + head, text, len);

    if (floor_turn) {
        floor_gather(c, n, frame, head + len);
        return;
    }

    room = &floor_rooms[n];

    for (i = 0; i < room->n; i++) {
        if (room->members[i] != c) {
            floor_send(room->members[i], frame, head + len);
        }
    }
}


/* To one who sent some of it: the rest. */

static void
floor_others(floor_conn_t *c, floor_room_t *room)
{
    uint32_t      i, pos;
    floor_own_t  *m;

    pos = 0;

    for (i = 0; i < room->nmessages; i++) {
        m = &room->messages[i];

        if (m->from != c) {
            continue;
        }

        if (m->pos > pos) {
            floor_send(c, room->data + pos, m->pos - pos);
        }

        pos = m->end;
    }

    if (room->len > pos) {
        floor_send(c, room->data + pos, room->len - pos);
    }
}


static void
floor_end_turn(void)
{
    uint32_t       i, k;
    floor_conn_t  *c;
    floor_room_t  *room;

    for (k = 0; k < floor_ndirty; k++) {
        room = &floor_rooms[floor_dirty[k]];

        for (i = 0; i < room->n; i++) {
            c = room->members[i];

            if (c->own) {
                floor_others(c, room);

            } else {
                floor_send(c, room->data, room->len);
            }
        }

        for (i = 0; i < room->nmessages; i++) {
            room->messages[i].from->own = 0;
        }

        room->dirty = 0;
        room->len = 0;
        room->nmessages = 0;
    }

    floor_ndirty = 0;
}


static void
floor_join(floor_conn_t *c, uint32_t n)
{
    floor_room_t  *room;

    room = &floor_rooms[n];
    c->room = n;

    if ((room->n & (room->n - 1)) == 0) {
        room->members = realloc(room->members, (room->n ? room->n * 2 : 1)
                                               * sizeof(floor_conn_t *));
        if (room->members == NULL) {
            floor_die("realloc");
        }
    }

    room->members[room->n++] = c;
}


static void
floor_leave(floor_conn_t *c)
{
    uint32_t       i;
    floor_room_t  *room;

    if (c->room == UINT32_MAX) {
        return;
    }

    room = &floor_rooms[c->room];

    for (i = 0; i < room->n; i++) {
        if (room->members[i] == c) {
            room->members[i] = room->members[room->n - 1];

            if (--room->n == 0) {
                free(room->members);
                room->members = NULL;
            }

            return;
        }
    }
}


/* "42", an ack id of one digit or none, an array. */

static void
floor_message(floor_conn_t *c, const char *p, size_t len)
{
    size_t  n, id;
    char    answer[8192];

    if (len < 2 || p[0] != '4') {
        return;
    }

    if (p[1] == '0') {
        floor_text(c, "40{\"sid\":\"aaaaaaaaaaaaaaaaaaaa\"}", 32);
        return;
    }

    id = (p[2] != '[') ? 1 : 0;

    if (memcmp(p + 2 + id, "[\"msg\",\"r", 9) == 0) {
        floor_publish(c, (uint32_t) atoi(p + 11 + id) % FLOOR_ROOMS, p, len);
        return;
    }

    n = 2;
    memcpy(answer, "43", 2);
    memcpy(answer + n, p + 2, id);
    n += id;
    answer[n++] = '[';

    if (memcmp(p + 2 + id, "[\"join\",\"r", 10) == 0) {
        floor_join(c, (uint32_t) atoi(p + 12 + id) % FLOOR_ROOMS);
        answer[n++] = ']';

    } else {

        /* ["message-with-ack",ARGS] */

        memcpy(answer + n, p + 22 + id, len - 22 - id);
        n += len - 22 - id;
    }

    floor_text(c, answer, n);
}


static size_t
floor_frames(floor_conn_t *c, unsigned char *p, size_t n)
{
    size_t          i, len, head;
    uint32_t        half;
    uint64_t        word, wide;
    unsigned char  *start;

    start = p;

    while (n >= 6) {
        len = p[1] & 127;
        head = 6;

        if (len == 126) {
            len = (size_t) p[2] << 8 | p[3];
            head = 8;
        }

        if (n < head + len) {
            break;
        }

        memcpy(&half, p + head - 4, 4);
        wide = (uint64_t) half << 32 | half;

        for (i = 0; i + 8 <= len; i += 8) {
            memcpy(&word, p + head + i, 8);
            word ^= wide;
            memcpy(p + head + i, &word, 8);
        }

        for ( /* void */ ; i < len; i++) {
            p[head + i] ^= p[head - 4 + (i & 3)];
        }

        floor_message(c, (char *) p + head, len);

        p += head + len;
        n -= head + len;
    }

    return (size_t) (p - start);
}


static void
floor_handshake(floor_conn_t *c, const unsigned char *p, size_t n)
{
    int             len;
    char            out[512], text[64];
    unsigned        size;
    const char     *key;
    unsigned char   digest[EVP_MAX_MD_SIZE], accept[32];

    static const char  open[] = "0{\"sid\":\"aaaaaaaaaaaaaaaaaaaa\","
                                "\"upgrades\":[],\"pingInterval\":25000,"
                                "\"pingTimeout\":20000,"
                                "\"maxPayload\":1000000}";

    key = memmem(p, n, "Sec-WebSocket-Key: ", 19);

    if (key == NULL) {
        return;
    }

    memcpy(text, key + 19, 24);
    memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);

    (void) EVP_Digest(text, 60, digest, &size, EVP_sha1(), NULL);
    (void) EVP_EncodeBlock(accept, digest, 20);

    len = sprintf(out, "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n\r\n", accept);

    len += (int) floor_header((unsigned char *) out + len, sizeof(open) - 1);
    memcpy(out + len, open, sizeof(open) - 1);

    c->open = 1;

    if (floor_ping) {
        floor_beat(c);
    }

    floor_send(c, (unsigned char *) out, (size_t) len + sizeof(open) - 1);
}


static void
floor_read(floor_conn_t *c)
{
    size_t   have, used;
    ssize_t  n;

    have = c->npart;
    memcpy(floor_in, c->part ? c->part : floor_in, have);

    n = recv(c->fd, floor_in + have, FLOOR_RECV - have, 0);

    if (n <= 0) {
        if (n == -1 && errno == EAGAIN) {
            return;
        }

        floor_leave(c);
        floor_unbeat(c);
        close(c->fd);
        free(c->part);
        free(c->out);
        free(c);
        return;
    }

    have += (size_t) n;

    if (!c->open) {
        floor_handshake(c, floor_in, have);
        return;
    }

    used = floor_frames(c, floor_in, have);
    have -= used;

    if (have != c->npart) {
        free(c->part);
        c->part = have ? malloc(have) : NULL;
    }

    if (have) {
        memcpy(c->part, floor_in + used, have);
    }

    c->npart = (uint32_t) have;
}


static void
floor_accept(int listener)
{
    int            fd, one = 1;
    floor_conn_t  *c;

    for ( ;; ) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

        if (fd == -1) {
            return;
        }

        c = calloc(1, sizeof(floor_conn_t));
        if (c == NULL) {
            floor_die("calloc");
        }

        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

        c->fd = fd;
        c->room = UINT32_MAX;
        floor_watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}


static int
floor_listen(unsigned port)
{
    int                 fd, one = 1;
    struct sockaddr_in  sin;
    struct epoll_event  ev;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 1024) == -1)
    {
        floor_die("bind");
    }

    ev.events = EPOLLIN;
    ev.data.ptr = NULL;
    (void) epoll_ctl(floor_epoll, EPOLL_CTL_ADD, fd, &ev);

    return fd;
}


int
main(int argc, char **argv)
{
    int                 i, n, listener;
    floor_conn_t       *c;
    struct rlimit       limit;
    struct epoll_event  events[FLOOR_EVENTS];

    if (argc != 3) {
        fprintf(stderr, "floor PORT each|turn|each-ping\n");
        return 2;
    }

    floor_turn = (strcmp(argv[2], "turn") == 0);
    floor_ping = (strcmp(argv[2], "each-ping") == 0);

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }

    floor_epoll = epoll_create1(0);
    listener = floor_listen((unsigned) atoi(argv[1]));

    for ( ;; ) {
        n = epoll_wait(floor_epoll, events, FLOOR_EVENTS,
                       floor_ping ? floor_pings() : -1);

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c == NULL) {
                floor_accept(listener);
                continue;
            }

            if (events[i].events & EPOLLOUT) {
                floor_flush(c);
            }

            if (events[i].events & (EPOLLIN|EPOLLHUP|EPOLLERR)) {
                floor_read(c);
            }
        }

        floor_end_turn();
    }
}
