
/*
 * Copyright (C) nginx rooms contributors
 *
 * A packet that was parsed, written again and parsed once more is the same;
 * placeholders once renumbered stay as they are.  The first octet of the
 * input sets the limits.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_sio.h>


#define MAX  8


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


static void
placeholders(rooms_str_t json, unsigned attachments)
{
    unsigned     i, order[MAX], again[MAX], n, k;
    rooms_int_t  rc;
    rooms_buf_t  out, same;

    rooms_buf_init(&out, 0);
    rooms_buf_init(&same, 0);

    rc = rooms_sio_placeholders(json, attachments, &out, order, MAX, &n);

    check(rooms_sio_placeholders(json, attachments, NULL, again, MAX, &k)
          == rc);

    if (rc == ROOMS_OK) {
        check(k == n && n <= MAX && !out.failed);
        check(memcmp(order, again, n * sizeof(order[0])) == 0);

        for (i = 0; i < n; i++) {
            check(order[i] < attachments);
        }

        json = rooms_str(out.data, out.len);

        check(rooms_sio_placeholders(json, n, &same, again, MAX, &k)
              == ROOMS_OK);
        check(k == n);
        check(equal(rooms_str(same.data, same.len), json));

        for (i = 0; i < n; i++) {
            check(again[i] == i);
        }
    }

    rooms_buf_free(&out);
    rooms_buf_free(&same);
}


static void
packet(rooms_str_t text, unsigned max)
{
    rooms_buf_t         b;
    rooms_sio_packet_t  pkt, same;

    if (rooms_sio_parse(text, max, &pkt) != ROOMS_OK) {
        return;
    }

    check(pkt.attachments <= max);
    check((pkt.attachments != 0) == (pkt.type >= ROOMS_SIO_BINARY_EVENT));
    check(pkt.nsp.len && pkt.nsp.data[0] == '/');

    rooms_buf_init(&b, 0);
    rooms_sio_header(&b, &pkt);
    rooms_buf_str(&b, pkt.data);

    check(rooms_sio_parse(rooms_str(b.data, b.len), max, &same) == ROOMS_OK);
    check(same.type == pkt.type && same.attachments == pkt.attachments);
    check(same.id == pkt.id);
    check(equal(same.nsp, pkt.nsp) && equal(same.data, pkt.data));

    rooms_buf_free(&b);
    placeholders(pkt.data, pkt.attachments);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rooms_str_t  text;

    if (size == 0) {
        return 0;
    }

    text = rooms_str(data + 1, size - 1);

    packet(text, data[0] & 15);
    placeholders(text, data[0] & 15);

    return 0;
}
