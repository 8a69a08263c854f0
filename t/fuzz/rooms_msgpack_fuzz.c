
/*
 * Copyright (C) nginx rooms contributors
 *
 * What passes the check becomes JSON text that passes its own, within the
 * same limits; that text written as MessagePack gives the same text again.
 * A packet that was taken apart and written is the same.  The first octet of
 * the input sets the limits.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_json.h>
#include <rooms_msgpack.h>


#define BINS  ROOMS_MSGPACK_BINARIES_MAX


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


static int
equal(rooms_str_t a, rooms_str_t b)
{
    return a.len == b.len
           && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


static int
is_json(rooms_str_t text, const rooms_msgpack_limits_t *limits)
{
    rooms_json_limits_t  same;

    /* a placeholder is an object of two */

    same.depth = limits->depth + 1;
    same.nodes = limits->nodes ? limits->nodes + 2 * limits->binaries : 0;

    return rooms_json_check(text, &same, NULL) == ROOMS_OK;
}


static void
value(rooms_str_t in, const rooms_msgpack_limits_t *limits)
{
    unsigned     i, n, k, order[BINS], count;
    rooms_buf_t  text, packed, again;
    rooms_str_t  one, rest, bins[BINS], same[BINS];

    if (rooms_msgpack_value(&in, limits, &one) != ROOMS_OK) {
        return;
    }

    rooms_buf_init(&text, 0);
    rooms_buf_init(&packed, 0);
    rooms_buf_init(&again, 0);

    if (rooms_msgpack_to_json(one, &text, bins, &n) != ROOMS_OK) {
        goto done;
    }

    check(n <= limits->binaries);
    check(is_json(rooms_str(text.data, text.len), limits));

    if (text.data[0] != '[' && (text.data[0] != '{' || n)) {
        goto done;
    }

    /* what looks like a placeholder beside binaries may become one */

    if (rooms_sio_placeholders(rooms_str(text.data, text.len), n, NULL, order,
                               BINS, &count) != ROOMS_OK
        || count != n)
    {
        goto done;
    }

    rooms_msgpack_from_json(&packed, rooms_str(text.data, text.len), bins, n);
    check(!packed.failed);

    rest = rooms_str(packed.data, packed.len);

    check(rooms_msgpack_value(&rest, limits, &one) == ROOMS_OK);
    check(rest.len == 0);
    check(rooms_msgpack_to_json(one, &again, same, &k) == ROOMS_OK);
    check(k == n);
    check(equal(rooms_str(again.data, again.len),
                rooms_str(text.data, text.len)));

    for (i = 0; i < n; i++) {
        check(equal(bins[i], same[i]));
    }

done:

    rooms_buf_free(&text);
    rooms_buf_free(&packed);
    rooms_buf_free(&again);
}


static void
packet(rooms_str_t in, const rooms_msgpack_limits_t *limits)
{
    rooms_buf_t         b, again, out;
    rooms_str_t         bins[BINS], same[BINS];
    rooms_sio_packet_t  pkt, two;

    rooms_buf_init(&b, 0);
    rooms_buf_init(&again, 0);
    rooms_buf_init(&out, 0);

    if (rooms_msgpack_packet(in, limits, &b, &pkt, bins) == ROOMS_OK) {
        check(pkt.attachments <= limits->binaries);
        check(pkt.nsp.len && pkt.nsp.data[0] == '/');

        /* what a client's CONNECT_ERROR says may be a scalar: never written */

        if (pkt.data.len && pkt.data.data[0] != '['
            && pkt.data.data[0] != '{')
        {
            goto done;
        }

        rooms_msgpack_packet_write(&out, &pkt, bins);
        check(!out.failed);

        check(rooms_msgpack_packet(rooms_str(out.data, out.len), limits,
                                   &again, &two, same) == ROOMS_OK);
        check(two.type == pkt.type && two.id == pkt.id);
        check(two.attachments == pkt.attachments);
        check(equal(two.nsp, pkt.nsp) && equal(two.data, pkt.data));
    }

done:

    rooms_buf_free(&b);
    rooms_buf_free(&again);
    rooms_buf_free(&out);
}


/* Any text: checked, it is written; else it may be refused, and no more. */

static void
json(rooms_str_t text)
{
    unsigned             k;
    rooms_int_t          rc;
    rooms_buf_t          b;
    rooms_str_t          bins[2], in, one;
    rooms_json_limits_t  wide;

    static const rooms_msgpack_limits_t  limits = {
        ROOMS_MSGPACK_DEPTH_MAX, 0, BINS
    };

    bins[0] = rooms_str("a", 1);
    bins[1] = rooms_str(NULL, 0);

    wide.depth = 64;
    wide.nodes = 0;

    rooms_buf_init(&b, 0);
    rooms_msgpack_from_json(&b, text, bins, 2);

    rc = rooms_json_check(text, &wide, NULL);

    for (k = 0; k < text.len && strchr(" \t\r\n", text.data[k]); k++) {
        /* void */
    }

    if (rc == ROOMS_OK && (text.data[k] == '[' || text.data[k] == '{')) {

        /* one whole value, unless it has more binaries than fit */

        in = rooms_str(b.data, b.len);

        check(!b.failed);
        rc = rooms_msgpack_value(&in, &limits, &one);
        check(rc == ROOMS_DECLINED || (rc == ROOMS_OK && in.len == 0));
    }

    rooms_buf_free(&b);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rooms_str_t             in;
    rooms_msgpack_limits_t  limits;

    if (size == 0) {
        return 0;
    }

    in = rooms_str(data + 1, size - 1);

    limits.depth = data[0] & 31;
    limits.nodes = (data[0] & 0x20) ? 16 : 0;
    limits.binaries = (data[0] & 0x40) ? 2 : BINS;

    value(in, &limits);
    packet(in, &limits);
    json(in);

    return 0;
}
