
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdio.h>
#include <string.h>

#include "payload.h"
#include "stats.h"


static void
payload_hex(char *p, uint64_t value, unsigned digits)
{
    static const char  hex[] = "0123456789abcdef";

    while (digits--) {
        p[digits] = hex[value & 15];
        value >>= 4;
    }
}


static uint64_t
payload_unhex(const char *p, unsigned digits)
{
    uint64_t  value;

    value = 0;

    while (digits--) {
        value = value << 4 | (unsigned) (*p <= '9' ? *p - '0'
                                                   : *p - 'a' + 10);
        p++;
    }

    return value;
}


size_t
payload_write(char *p, uint32_t seq, size_t size)
{
    payload_hex(p, seq, 8);
    payload_hex(p + 8, stats_now(), 16);
    memset(p + 24, 'x', size - 24);

    return size;
}


uint32_t
payload_seq(const char *payload)
{
    return (uint32_t) payload_unhex(payload, 8);
}


uint64_t
payload_time(const char *payload)
{
    return payload_unhex(payload + 8, 16);
}


size_t
payload_message(unsigned char *frame, const client_t *c, uint32_t room,
    uint32_t seq, size_t size)
{
    size_t  n;
    char    text[PAYLOAD_FRAME];

    n = 0;

    if (!c->nchan) {
        n = (size_t) sprintf(text, "42[\"msg\",\"r%u\",\"", room);
    }

    n += payload_write(text + n, seq, size);

    if (!c->nchan) {
        text[n++] = '"';
        text[n++] = ']';
    }

    return client_frame(frame, text, n);
}


const char *
payload_find(const client_t *c, const char *text, size_t len)
{
    const char  *p;

    if (c->nchan) {
        return len >= PAYLOAD_MIN ? text : NULL;
    }

    /* 2["msg","r0","PAYLOAD"], and an offset where recovery is on */

    if (len < PAYLOAD_MIN + 8 || memcmp(text, "2[\"msg\",\"r", 10) != 0) {
        return NULL;
    }

    p = memchr(text + 10, '"', len - 10);

    return p ? p + 3 : NULL;
}
