
/*
 * Copyright (C) nginx rooms contributors
 *
 * Messages of a record, as they come over the bus: whatever is read is
 * written again as it was, up to the unused bits of the flags; cut anywhere,
 * the same messages come before the cut.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_message.h>


static void
need(int ok)
{
    if (!ok) {
        abort();
    }
}


/* How many messages there are; *rest is where reading ended. */

static unsigned
count(rooms_str_t in, rooms_str_t *rest)
{
    unsigned         n;
    rooms_message_t  m;

    n = 0;

    while (rooms_message_read(&in, &m) == ROOMS_OK) {
        n++;
    }

    *rest = in;

    return n;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           cut, len;
    unsigned         n, i;
    rooms_buf_t      b;
    rooms_int_t      rc;
    rooms_str_t      in, was, rest;
    rooms_message_t  m, again;

    in = rooms_str(data, size);
    rooms_buf_init(&b, 0);
    n = 0;

    for ( ;; ) {
        was = in;
        rc = rooms_message_read(&in, &m);

        if (rc != ROOMS_OK) {
            need(rc == ROOMS_DONE ? was.len == 0 : rc == ROOMS_ERROR);
            need(in.len == was.len && in.data == was.data);
            break;
        }

        n++;
        len = was.len - in.len;

        rooms_buf_reset(&b);
        rooms_message_write(&b, &m);
        need(!b.failed && b.len == len);
        need(memcmp(b.data, was.data, 2) == 0);
        need(memcmp(b.data + 3, was.data + 3, len - 3) == 0);

        rest = rooms_str(b.data, b.len);
        need(rooms_message_read(&rest, &again) == ROOMS_OK);
        need(again.ephemeral == m.ephemeral && rest.len == 0);

        /* exactly one of two who differ is the one meant or left out */

        if (m.audience != ROOMS_TO_ALL && m.variants == 0) {
            need(rooms_message_meant(&m, m.sid, 0)
                 != rooms_message_meant(&m, rooms_str("?", m.sid.len == 0),
                                        0));
        }
    }

    len = size - in.len;

    for (cut = 0; cut <= size && size < 512; cut++) {
        i = count(rooms_str(data, cut), &rest);
        need(cut >= len ? i == n : i < n || n == 0);
    }

    rooms_buf_free(&b);

    return 0;
}
