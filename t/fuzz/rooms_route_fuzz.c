
/*
 * Copyright (C) nginx rooms contributors
 *
 * The input is lines: paths to add, and last one to find.  What is found is
 * what comparing each path, segment by segment, finds.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_route.h>


#define ROUTES  16


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


static rooms_str_t
segment(rooms_str_t *path)
{
    rooms_str_t           s;
    const unsigned char  *slash;

    path->data++;
    path->len--;

    slash = path->len ? memchr(path->data, '/', path->len) : NULL;
    s = rooms_str(path->data, slash ? (size_t) (slash - path->data)
                                    : path->len);
    path->data += s.len;
    path->len -= s.len;

    return s;
}


static int
matches(rooms_str_t route, rooms_str_t path)
{
    rooms_str_t  a, b;

    while (route.len != 0 && path.len != 0) {
        a = segment(&route);
        b = segment(&path);

        if (a.len != 0 && a.data[0] == '{') {

            if (b.len == 0) {
                return 0;
            }

        } else if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0) {
            return 0;
        }
    }

    return route.len == 0 && path.len == 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                    expected;
    unsigned               i, n;
    const char            *reason;
    rooms_int_t            rc;
    rooms_str_t            line, added[ROUTES];
    rooms_route_t         *route;
    const uint8_t         *end, *eol;
    rooms_route_match_t    match;

    route = rooms_route_create();
    check(route != NULL);

    end = data + size;
    n = 0;

    while (data < end && n < ROUTES && (eol = memchr(data, '\n', end - data))) {

        line = rooms_str(data, eol - data);
        data = eol + 1;

        if (rooms_route_add(route, ROOMS_ROUTE_GET, line, &added[n], &reason)
            == ROOMS_OK)
        {
            added[n++] = line;
            continue;
        }

        check(reason != NULL);
    }

    line = rooms_str(data, end - data);
    expected = 0;

    for (i = 0; i < n && line.len != 0 && line.data[0] == '/'; i++) {
        expected |= matches(added[i], line);
    }

    rc = rooms_route_find(route, ROOMS_ROUTE_GET, line, &match);

    check(expected ? rc == ROOMS_OK || rc == ROOMS_ERROR
                   : rc == ROOMS_DECLINED);

    if (rc == ROOMS_OK) {
        check(matches(*(rooms_str_t *) match.data, line));
        check(rooms_route_find(route, ROOMS_ROUTE_POST, line, &match)
              == ROOMS_DONE);
        check(strcmp(match.allow, "GET, HEAD") == 0);
    }

    rooms_route_free(route);

    return 0;
}
