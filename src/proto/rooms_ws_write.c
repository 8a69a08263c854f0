
/*
 * Copyright (C) nginx rooms contributors
 */


#include <rooms_ws.h>


#define ROOMS_WS_REASON_MAX  123


size_t
rooms_ws_header(unsigned char *p, unsigned first, uint64_t len)
{
    unsigned  i;

    p[0] = (unsigned char) first;

    if (len < 126) {
        p[1] = (unsigned char) len;
        return 2;
    }

    if (len <= UINT16_MAX) {
        p[1] = 126;
        p[2] = (unsigned char) (len >> 8);
        p[3] = (unsigned char) len;
        return 4;
    }

    p[1] = 127;

    for (i = 0; i < 8; i++) {
        p[2 + i] = (unsigned char) (len >> (56 - 8 * i));
    }

    return ROOMS_WS_HEADER_MAX;
}


void
rooms_ws_close_frame(rooms_buf_t *b, unsigned code, rooms_str_t reason)
{
    size_t         n;
    unsigned char  h[4];

    if (code == 0) {
        (void) rooms_ws_header(h, ROOMS_WS_FIN|ROOMS_WS_CLOSE, 0);
        rooms_buf_append(b, h, 2);
        return;
    }

    n = reason.len;

    if (n > ROOMS_WS_REASON_MAX) {
        n = ROOMS_WS_REASON_MAX;

        /* not within a character */

        while (n && (reason.data[n] & 0xc0) == 0x80) {
            n--;
        }
    }

    (void) rooms_ws_header(h, ROOMS_WS_FIN|ROOMS_WS_CLOSE, n + 2);

    h[2] = (unsigned char) (code >> 8);
    h[3] = (unsigned char) code;

    rooms_buf_append(b, h, 4);
    rooms_buf_append(b, reason.data, n);
}
