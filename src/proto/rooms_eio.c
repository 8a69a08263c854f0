
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_eio.h>


#define ROOMS_EIO_RANDOM   15

#define ROOMS_EIO_INVALID  0x80


static const unsigned char  rooms_eio_base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const unsigned char  rooms_eio_base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


/* Values of ASCII characters in base64; 0x80 for those outside. */

static const unsigned char  rooms_eio_values[128] = {
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80,   62, 0x80, 0x80, 0x80,   63,
      52,   53,   54,   55,   56,   57,   58,   59,
      60,   61, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80,    0,    1,    2,    3,    4,    5,    6,
       7,    8,    9,   10,   11,   12,   13,   14,
      15,   16,   17,   18,   19,   20,   21,   22,
      23,   24,   25, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80,   26,   27,   28,   29,   30,   31,   32,
      33,   34,   35,   36,   37,   38,   39,   40,
      41,   42,   43,   44,   45,   46,   47,   48,
      49,   50,   51, 0x80, 0x80, 0x80, 0x80, 0x80
};


rooms_int_t
rooms_eio_packet(rooms_str_t text, rooms_eio_packet_t *pkt)
{
    if (text.len == 0
        || text.data[0] < ROOMS_EIO_OPEN || text.data[0] > ROOMS_EIO_NOOP)
    {
        return ROOMS_ERROR;
    }

    pkt->type = text.data[0];
    pkt->data = rooms_str(text.data + 1, text.len - 1);

    return ROOMS_OK;
}


rooms_int_t
rooms_eio_next(rooms_str_t *payload, rooms_eio_packet_t *pkt)
{
    size_t                n, rest;
    rooms_str_t           text;
    const unsigned char  *sep;

    if (payload->len == 0) {
        return ROOMS_DONE;
    }

    sep = memchr(payload->data, ROOMS_EIO_SEPARATOR, payload->len);

    n = sep ? (size_t) (sep - payload->data) : payload->len;
    rest = payload->len - n;

    text = rooms_str(payload->data, n);

    if (n && text.data[0] == ROOMS_EIO_BINARY) {
        pkt->type = ROOMS_EIO_BINARY;
        pkt->data = rooms_str(text.data + 1, n - 1);

    } else if (rooms_eio_packet(text, pkt) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    /* a separator with nothing behind it is left, as an empty packet */

    if (rest > 1) {
        n++;
        rest--;
    }

    *payload = rooms_str(payload->data + n, rest);

    return ROOMS_OK;
}


static inline uint32_t
rooms_eio_value(unsigned char c)
{
    return (c < 128) ? rooms_eio_values[c] : ROOMS_EIO_INVALID;
}


/* One group of four; an octet outside the alphabet shows in the top bit. */

static inline uint32_t
rooms_eio_group(const unsigned char *p, uint32_t *bits)
{
    uint32_t  a, b, c, d;

    a = rooms_eio_value(p[0]);
    b = rooms_eio_value(p[1]);
    c = rooms_eio_value(p[2]);
    d = rooms_eio_value(p[3]);

    *bits = a << 18 | b << 12 | c << 6 | d;

    return (a | b | c | d) & ROOMS_EIO_INVALID;
}


rooms_int_t
rooms_eio_decode(rooms_str_t base64, rooms_buf_t *b)
{
    size_t                n, pad;
    uint32_t              bits, invalid;
    unsigned char         last[4], *out;
    const unsigned char  *p;

    if (base64.len % 4) {
        return ROOMS_ERROR;
    }

    if (base64.len == 0) {
        return ROOMS_OK;
    }

    p = base64.data;
    n = base64.len / 4;

    memcpy(last, p + base64.len - 4, 4);
    pad = 0;

    if (last[3] == '=') {
        last[3] = 'A';
        pad = 1;

        if (last[2] == '=') {
            last[2] = 'A';
            pad = 2;
        }
    }

    out = rooms_buf_reserve(b, n * 3 - pad);
    if (out == NULL) {
        return ROOMS_ERROR;
    }

    invalid = 0;

    for ( /* void */ ; n > 1; n--, p += 4) {
        invalid |= rooms_eio_group(p, &bits);

        *out++ = (unsigned char) (bits >> 16);
        *out++ = (unsigned char) (bits >> 8);
        *out++ = (unsigned char) bits;
    }

    invalid |= rooms_eio_group(last, &bits);

    /* what padding stands for has to be zero bits: section 3.5 */

    if (invalid || (bits & ((UINT32_C(1) << (pad * 8)) - 1))) {
        return ROOMS_ERROR;
    }

    *out++ = (unsigned char) (bits >> 16);

    if (pad < 2) {
        *out++ = (unsigned char) (bits >> 8);
    }

    if (pad < 1) {
        *out++ = (unsigned char) bits;
    }

    b->len = (size_t) (out - b->data);

    return ROOMS_OK;
}


static inline void
rooms_eio_quad(unsigned char *out, const unsigned char *p,
    const unsigned char *alphabet)
{
    uint32_t  bits;

    bits = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];

    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[(bits >> 12) & 0x3f];
    out[2] = alphabet[(bits >> 6) & 0x3f];
    out[3] = alphabet[bits & 0x3f];
}


void
rooms_eio_encode(rooms_buf_t *b, rooms_str_t data)
{
    size_t                n;
    unsigned char         last[3], *out;
    const unsigned char  *p;

    if (data.len > SIZE_MAX / 2) {
        b->failed = 1;
        return;
    }

    out = rooms_buf_reserve(b, 1 + (data.len + 2) / 3 * 4);
    if (out == NULL) {
        return;
    }

    *out++ = ROOMS_EIO_BINARY;

    p = data.data;

    for (n = data.len; n >= 3; n -= 3, p += 3, out += 4) {
        rooms_eio_quad(out, p, rooms_eio_base64);
    }

    if (n) {
        last[0] = p[0];
        last[1] = (n == 2) ? p[1] : 0;
        last[2] = 0;

        rooms_eio_quad(out, last, rooms_eio_base64);

        if (n == 1) {
            out[2] = '=';
        }

        out[3] = '=';
        out += 4;
    }

    b->len = (size_t) (out - b->data);
}


static void
rooms_eio_literal(rooms_buf_t *b, const char *s)
{
    rooms_buf_append(b, s, strlen(s));
}


void
rooms_eio_open(rooms_buf_t *b, const rooms_eio_open_t *o)
{
    rooms_eio_literal(b, "0{\"sid\":\"");
    rooms_buf_str(b, o->sid);
    rooms_eio_literal(b, o->upgrade ? "\",\"upgrades\":[\"websocket\"]"
                                    : "\",\"upgrades\":[]");
    rooms_eio_literal(b, ",\"pingInterval\":");
    rooms_buf_uint(b, o->ping_interval);
    rooms_eio_literal(b, ",\"pingTimeout\":");
    rooms_buf_uint(b, o->ping_timeout);
    rooms_eio_literal(b, ",\"maxPayload\":");
    rooms_buf_uint(b, o->max_payload);
    rooms_buf_byte(b, '}');
}


void
rooms_eio_sid(unsigned char *sid, const unsigned char *random)
{
    unsigned  i;

    for (i = 0; i < ROOMS_EIO_RANDOM; i += 3) {
        rooms_eio_quad(sid, random + i, rooms_eio_base64url);
        sid += 4;
    }
}


rooms_int_t
rooms_eio_sid_parse(rooms_str_t sid, unsigned char *random)
{
    unsigned       i, j;
    uint32_t       bits;
    unsigned char  group[4];

    if (sid.len != ROOMS_EIO_SID_LEN) {
        return ROOMS_ERROR;
    }

    for (i = 0; i < ROOMS_EIO_SID_LEN; i += 4) {

        for (j = 0; j < 4; j++) {

            switch (sid.data[i + j]) {

            case '-':
                group[j] = '+';
                break;

            case '_':
                group[j] = '/';
                break;

            case '+':
            case '/':
                return ROOMS_ERROR;

            default:
                group[j] = sid.data[i + j];
            }
        }

        if (rooms_eio_group(group, &bits)) {
            return ROOMS_ERROR;
        }

        *random++ = (unsigned char) (bits >> 16);
        *random++ = (unsigned char) (bits >> 8);
        *random++ = (unsigned char) bits;
    }

    return ROOMS_OK;
}
