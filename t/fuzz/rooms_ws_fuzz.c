
/*
 * Copyright (C) nginx rooms contributors
 *
 * Frames read whole, octet by octet, and cut by chance have to come to the
 * same.  The first octet of the input sets the limits.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_ws.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


static void
note(rooms_buf_t *log, const rooms_ws_limits_t *l, const rooms_ws_event_t *ev)
{
    rooms_utf8_t  u;

    memset(&u, 0, sizeof(u));

    if (ev->opcode & 0x08) {
        check(ev->len <= 125 && !ev->compressed);
        check((ev->code != 0) == (ev->opcode == ROOMS_WS_CLOSE));

    } else {
        check(ev->len <= l->max_message && (l->deflate || !ev->compressed));
    }

    if (ev->opcode == ROOMS_WS_TEXT && !ev->compressed) {
        check(rooms_utf8_check(&u, ev->payload, ev->len) == ROOMS_OK);
        check(u.need == 0);
    }

    rooms_buf_byte(log, ev->opcode);
    rooms_buf_byte(log, ev->compressed);
    rooms_buf_u16(log, ev->code);
    rooms_buf_str32(log, rooms_str(ev->payload, ev->len));
}


/* Reads a piece in memory of its own, so that overruns show. */

static rooms_int_t
piece(rooms_ws_reader_t *r, const rooms_ws_limits_t *l, const uint8_t *data,
    size_t n, rooms_buf_t *log)
{
    size_t             used, at;
    rooms_int_t        rc;
    unsigned char     *copy;
    rooms_ws_event_t   ev;

    copy = malloc(n ? n : 1);
    check(copy != NULL);
    memcpy(copy, data, n);

    at = 0;

    do {
        rc = rooms_ws_read(r, l, copy + at, n - at, &used, &ev);
        check(used <= n - at);
        at += used;

        if (rc == ROOMS_OK) {
            note(log, l, &ev);
        }

    } while (rc == ROOMS_OK);

    check(rc == ROOMS_ERROR ? r->close != 0 : at == n && r->close == 0);

    /* what is kept follows from what arrived, not from what was declared */

    check(r->message.cap <= 2 * r->message.len + 64);

    free(copy);

    return rc;
}


/* most: how long a piece may get, 0: no cuts. */

static void
run(const rooms_ws_limits_t *l, const uint8_t *data, size_t size,
    size_t most, rooms_buf_t *log)
{
    size_t             n;
    uint32_t           seed;
    rooms_int_t        rc;
    rooms_ws_reader_t  r;

    memset(&r, 0, sizeof(r));
    seed = (uint32_t) size;
    rc = ROOMS_AGAIN;

    while (size && rc == ROOMS_AGAIN) {
        seed = seed * 1664525 + 1013904223 + data[0];
        n = most ? 1 + (seed >> 16) % most : size;

        if (n > size) {
            n = size;
        }

        rc = piece(&r, l, data, n, log);

        data += n;
        size -= n;
    }

    rooms_buf_u16(log, r.close);
    rooms_ws_reader_free(&r);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned           i;
    rooms_buf_t        whole, cut;
    rooms_ws_limits_t  l;

    static const size_t  most[] = { 1, 5, 23, 400 };

    if (size == 0) {
        return 0;
    }

    l.deflate = data[0] & 1;
    l.max_fragments = 2 + (data[0] >> 1 & 7);
    l.max_message = (size_t) 1 << (data[0] >> 4);

    rooms_buf_init(&whole, 0);
    rooms_buf_init(&cut, 0);

    run(&l, data + 1, size - 1, 0, &whole);

    for (i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
        rooms_buf_reset(&cut);
        run(&l, data + 1, size - 1, most[i], &cut);

        check(cut.len == whole.len);
        check(memcmp(cut.data, whole.data, whole.len) == 0);
    }

    rooms_buf_free(&whole);
    rooms_buf_free(&cut);

    return 0;
}
