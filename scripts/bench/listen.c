
/*
 * Copyright (C) nginx rooms contributors
 *
 * The audience of a benchmark: so many clients that listen, each connected
 * with a query of its own.  Told what to do line by line on standard input:
 *
 *     time NAME US    events of this name are timed against the wall clock
 *     report          what has come since the last report
 *
 *     listen port=3002 path=/socket.io/ queries=FILE
 *
 * It answers "ready" when all are connected, and a report with one line of
 * JSON: how many events came, and how late those were that are timed, in us.
 * It fails when a connection is lost.
 */


#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"


#define LISTEN_TIMEOUT  UINT64_C(120000000000)    /* ns, to connect all */
#define LISTEN_NAME     64


typedef struct {
    char        name[LISTEN_NAME];                /* 2["NAME" */
    size_t      len;                              /* 0: none is timed */
    uint64_t    from;                             /* us since 1970 */
    uint64_t    deliveries;
    uint64_t   *delays;
    size_t      n;
    size_t      allocated;
} listen_t;


static uint64_t
listen_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


static void
listen_message(client_t *c, conn_t *conn, const char *text, size_t len)
{
    uint64_t  now;
    listen_t  *l = c->data;

    (void) conn;

    if (len == 0 || text[0] != '2') {
        return;
    }

    l->deliveries++;

    if (l->len == 0 || len < l->len || memcmp(text, l->name, l->len) != 0) {
        return;
    }

    if (l->n == l->allocated) {
        l->allocated = l->allocated ? 2 * l->allocated : 1024;

        l->delays = realloc(l->delays, l->allocated * sizeof(uint64_t));
        if (l->delays == NULL) {
            fprintf(stderr, "listen: no memory\n");
            exit(1);
        }
    }

    now = listen_now();
    l->delays[l->n++] = now > l->from ? now - l->from : 0;
}


/* The lines of a file, without their ends; ended by NULL. */

static char **
listen_lines(const char *file, uint32_t *n)
{
    FILE    *f;
    char   **lines, *line, *end;
    size_t   size;

    f = fopen(file, "r");
    lines = malloc(sizeof(char *));
    line = NULL;
    size = 0;
    *n = 0;

    if (f == NULL || lines == NULL) {
        fprintf(stderr, "listen: %s cannot be read\n", file);
        exit(1);
    }

    while (getline(&line, &size, f) > 0) {
        end = strchr(line, '\n');

        if (end != NULL) {
            *end = '\0';
        }

        lines = realloc(lines, (*n + 2) * sizeof(char *));
        if (lines == NULL) {
            fprintf(stderr, "listen: no memory\n");
            exit(1);
        }

        lines[(*n)++] = strdup(line);
    }

    lines[*n] = NULL;
    free(line);
    fclose(f);

    return lines;
}


static void
listen_report(listen_t *l)
{
    size_t  i;

    printf("{\"deliveries\":%llu,\"delays\":[",
           (unsigned long long) l->deliveries);

    for (i = 0; i < l->n; i++) {
        printf(i ? ",%llu" : "%llu", (unsigned long long) l->delays[i]);
    }

    printf("]}\n");
    fflush(stdout);

    l->deliveries = 0;
    l->n = 0;
}


static void
listen_command(listen_t *l, const char *line)
{
    char                name[LISTEN_NAME - 8];
    unsigned long long  from;

    if (strcmp(line, "report") == 0) {
        listen_report(l);
        return;
    }

    if (sscanf(line, "time %55s %llu", name, &from) != 2) {
        fprintf(stderr, "listen: \"%s\" is not understood\n", line);
        exit(2);
    }

    l->len = (size_t) snprintf(l->name, sizeof(l->name), "2[\"%s\"", name);
    l->from = from;
    l->n = 0;
}


/* Reads what there is, and does the lines that are whole.  0: the end. */

static int
listen_commands(listen_t *l)
{
    char     *end;
    ssize_t   n;

    static size_t  len;
    static char    buf[1024];

    n = read(STDIN_FILENO, buf + len, sizeof(buf) - len);

    if (n <= 0) {
        return 0;
    }

    len += (size_t) n;

    while ((end = memchr(buf, '\n', len)) != NULL) {
        *end++ = '\0';
        listen_command(l, buf);
        len -= (size_t) (end - buf);
        memmove(buf, end, len);
    }

    return 1;
}


static void
listen_run(client_t *c, listen_t *l)
{
    struct pollfd  fds[2];

    fds[0].fd = c->epoll;
    fds[0].events = POLLIN;
    fds[1].fd = STDIN_FILENO;
    fds[1].events = POLLIN;

    while (c->closed == 0) {

        if (poll(fds, 2, -1) < 0) {
            return;
        }

        /* it was told of an event before this was caused */

        if (fds[1].revents && !listen_commands(l)) {
            return;
        }

        client_turn(c, 0);
    }

    exit(1);
}


int
main(int argc, char **argv)
{
    int        i;
    uint32_t   n;
    client_t   c;
    listen_t   l;

    memset(&c, 0, sizeof(client_t));
    memset(&l, 0, sizeof(listen_t));

    c.host = "127.0.0.1";
    c.path = "/socket.io/";
    c.parallel = 100;
    c.message = listen_message;
    c.data = &l;
    n = 0;

    for (i = 1; i < argc; i++) {

        if (strncmp(argv[i], "port=", 5) == 0) {
            c.port = (unsigned) atoi(argv[i] + 5);

        } else if (strncmp(argv[i], "path=", 5) == 0) {
            c.path = argv[i] + 5;

        } else if (strncmp(argv[i], "queries=", 8) == 0) {
            c.queries = listen_lines(argv[i] + 8, &n);

        } else {
            fprintf(stderr, "listen: \"%s\" is not understood\n", argv[i]);
            return 2;
        }
    }

    if (n == 0 || client_init(&c, n) != 0
        || client_connect(&c, LISTEN_TIMEOUT) != 0)
    {
        fprintf(stderr, "listen: %u of %u are connected\n", c.ready, n);
        return 1;
    }

    printf("ready\n");
    fflush(stdout);

    listen_run(&c, &l);
    client_done(&c);

    return 0;
}
