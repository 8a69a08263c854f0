
/*
 * Copyright (C) nginx rooms contributors
 *
 * A payload's packets, put together again, have to be the payload; base64
 * that is taken has to be what the encoder writes; and so with sids.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_eio.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


static void
base64(rooms_str_t text)
{
    rooms_buf_t  out, back;

    rooms_buf_init(&out, text.len);
    rooms_buf_init(&back, 0);

    if (rooms_eio_decode(text, &out) == ROOMS_OK) {
        rooms_eio_encode(&back, rooms_str(out.data, out.len));

        check(back.len == text.len + 1 && back.data[0] == ROOMS_EIO_BINARY);
        check(text.len == 0
              || memcmp(back.data + 1, text.data, text.len) == 0);

    } else {
        check(out.len == 0);
    }

    rooms_buf_free(&out);
    rooms_buf_free(&back);
}


static void
payload(rooms_str_t text)
{
    rooms_int_t         rc;
    rooms_str_t         rest;
    rooms_buf_t         again;
    rooms_eio_packet_t  pkt, alone;

    rooms_buf_init(&again, 0);
    rest = text;

    while ((rc = rooms_eio_next(&rest, &pkt)) == ROOMS_OK) {

        if (again.len) {
            rooms_buf_byte(&again, ROOMS_EIO_SEPARATOR);
        }

        rooms_buf_byte(&again, pkt.type);
        rooms_buf_str(&again, pkt.data);

        if (pkt.type == ROOMS_EIO_BINARY) {
            base64(pkt.data);
            continue;
        }

        /* the same packet in a frame of its own */

        check(rooms_eio_packet(rooms_str(pkt.data.data - 1, pkt.data.len + 1),
                               &alone) == ROOMS_OK);
        check(alone.type == pkt.type && alone.data.len == pkt.data.len);
    }

    check(again.len <= text.len);
    check(again.len == 0 || memcmp(again.data, text.data, again.len) == 0);
    check(rc == ROOMS_DONE ? again.len == text.len : rc == ROOMS_ERROR);

    rooms_buf_free(&again);
}


static void
sid(rooms_str_t text)
{
    unsigned char  random[15], back[ROOMS_EIO_SID_LEN];

    if (rooms_eio_sid_parse(text, random) == ROOMS_OK) {
        rooms_eio_sid(back, random);
        check(memcmp(back, text.data, sizeof(back)) == 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rooms_str_t  text;

    text = rooms_str(data, size);

    payload(text);
    base64(text);
    sid(text);

    return 0;
}
