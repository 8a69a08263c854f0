
/*
 * Copyright (C) nginx rooms contributors
 *
 * Items of MessagePack, and the check that comes before everything else.
 */


#include <string.h>

#include <rooms_msgpack.h>


#define ROOMS_MSGPACK_EXT_NOTEPACK  0
#define ROOMS_MSGPACK_EXT_TIME      0xff


static rooms_int_t rooms_msgpack_get(rooms_str_t *in, unsigned octets,
    uint64_t *n);
static rooms_int_t rooms_msgpack_run(rooms_str_t *in, uint64_t len,
    rooms_str_t *out);
static rooms_int_t rooms_msgpack_typed(rooms_str_t *in, unsigned c,
    rooms_msgpack_item_t *item);
static rooms_int_t rooms_msgpack_real(rooms_str_t *in, unsigned octets,
    rooms_msgpack_item_t *item);
static rooms_int_t rooms_msgpack_integer(rooms_str_t *in, unsigned octets,
    rooms_msgpack_item_t *item);
static rooms_int_t rooms_msgpack_counted(rooms_str_t *in, unsigned octets,
    rooms_msgpack_kind_e kind, rooms_msgpack_item_t *item);
static rooms_int_t rooms_msgpack_ext(rooms_str_t *in, uint64_t len,
    rooms_msgpack_item_t *item);
static rooms_int_t rooms_msgpack_time(rooms_str_t data,
    rooms_msgpack_item_t *item);
static void rooms_msgpack_head(rooms_buf_t *b, unsigned char c,
    unsigned octets, uint64_t n);


/* A big-endian integer. */

static rooms_int_t
rooms_msgpack_get(rooms_str_t *in, unsigned octets, uint64_t *n)
{
    unsigned  i;

    if (in->len < octets) {
        return ROOMS_ERROR;
    }

    *n = 0;

    for (i = 0; i < octets; i++) {
        *n = *n << 8 | in->data[i];
    }

    in->data += octets;
    in->len -= octets;

    return ROOMS_OK;
}


static rooms_int_t
rooms_msgpack_run(rooms_str_t *in, uint64_t len, rooms_str_t *out)
{
    if (in->len < len) {
        return ROOMS_ERROR;
    }

    *out = rooms_str(in->data, (size_t) len);

    in->data += len;
    in->len -= (size_t) len;

    return ROOMS_OK;
}


rooms_int_t
rooms_msgpack_next(rooms_str_t *in, rooms_msgpack_item_t *item)
{
    unsigned  c;

    if (in->len == 0) {
        return ROOMS_ERROR;
    }

    c = *in->data++;
    in->len--;

    if (c < 0x80) {
        item->kind = ROOMS_MSGPACK_UINT;
        item->n = c;
        return ROOMS_OK;
    }

    if (c >= 0xe0) {
        item->kind = ROOMS_MSGPACK_INT;
        item->n = (uint64_t) (int64_t) (int8_t) c;
        return ROOMS_OK;
    }

    if (c < 0x90) {
        item->kind = ROOMS_MSGPACK_MAP;
        item->n = c & 0x0f;
        return ROOMS_OK;
    }

    if (c < 0xa0) {
        item->kind = ROOMS_MSGPACK_ARRAY;
        item->n = c & 0x0f;
        return ROOMS_OK;
    }

    if (c < 0xc0) {
        item->kind = ROOMS_MSGPACK_STR;
        return rooms_msgpack_run(in, c & 0x1f, &item->data);
    }

    return rooms_msgpack_typed(in, c, item);
}


/* Heads 0xc0 to 0xdf: a type, and the octets of its length or its value. */

static rooms_int_t
rooms_msgpack_typed(rooms_str_t *in, unsigned c, rooms_msgpack_item_t *item)
{
    uint64_t  len;

    switch (c) {

    case 0xc0:
        item->kind = ROOMS_MSGPACK_NIL;
        return ROOMS_OK;

    case 0xc2:
    case 0xc3:
        item->kind = ROOMS_MSGPACK_BOOL;
        item->n = c & 1;
        return ROOMS_OK;

    case 0xc4:
    case 0xc5:
    case 0xc6:
        return rooms_msgpack_counted(in, 1 << (c - 0xc4), ROOMS_MSGPACK_BIN,
                                     item);

    case 0xc7:
    case 0xc8:
    case 0xc9:
        if (rooms_msgpack_get(in, 1 << (c - 0xc7), &len) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        return rooms_msgpack_ext(in, len, item);

    case 0xca:
    case 0xcb:
        return rooms_msgpack_real(in, 4 << (c - 0xca), item);

    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        item->kind = ROOMS_MSGPACK_UINT;
        return rooms_msgpack_get(in, 1 << (c - 0xcc), &item->n);

    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return rooms_msgpack_integer(in, 1 << (c - 0xd0), item);

    case 0xd4:
        if (in->len >= 2 && in->data[0] == ROOMS_MSGPACK_EXT_NOTEPACK) {
            item->kind = ROOMS_MSGPACK_UNDEFINED;
            in->data += 2;
            in->len -= 2;
            return ROOMS_OK;
        }

        return ROOMS_ERROR;

    case 0xd6:
    case 0xd7:

        /* of these extensions only times have a fixed length */

        if (rooms_msgpack_run(in, c == 0xd6 ? 5 : 9, &item->data)
            != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        return rooms_msgpack_time(item->data, item);

    case 0xd9:
    case 0xda:
    case 0xdb:
        return rooms_msgpack_counted(in, 1 << (c - 0xd9), ROOMS_MSGPACK_STR,
                                     item);

    case 0xdc:
    case 0xdd:
        item->kind = ROOMS_MSGPACK_ARRAY;
        return rooms_msgpack_get(in, 2 << (c - 0xdc), &item->n);

    case 0xde:
    case 0xdf:
        item->kind = ROOMS_MSGPACK_MAP;
        return rooms_msgpack_get(in, 2 << (c - 0xde), &item->n);

    default:
        return ROOMS_ERROR;
    }
}


static rooms_int_t
rooms_msgpack_real(rooms_str_t *in, unsigned octets,
    rooms_msgpack_item_t *item)
{
    float     f;
    double    d;
    uint32_t  n32;
    uint64_t  n;

    if (rooms_msgpack_get(in, octets, &n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (octets == 4) {
        n32 = (uint32_t) n;
        memcpy(&f, &n32, sizeof(float));
        d = f;

    } else {
        memcpy(&d, &n, sizeof(double));
    }

    item->kind = ROOMS_MSGPACK_FLOAT;
    item->real = d;

    return ROOMS_OK;
}


static rooms_int_t
rooms_msgpack_integer(rooms_str_t *in, unsigned octets,
    rooms_msgpack_item_t *item)
{
    uint64_t  sign;

    if (rooms_msgpack_get(in, octets, &item->n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    sign = UINT64_C(1) << (8 * octets - 1);

    item->kind = (item->n & sign) ? ROOMS_MSGPACK_INT : ROOMS_MSGPACK_UINT;
    item->n = (item->n ^ sign) - sign;

    return ROOMS_OK;
}


static rooms_int_t
rooms_msgpack_counted(rooms_str_t *in, unsigned octets,
    rooms_msgpack_kind_e kind, rooms_msgpack_item_t *item)
{
    uint64_t  len;

    if (rooms_msgpack_get(in, octets, &len) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    item->kind = kind;

    return rooms_msgpack_run(in, len, &item->data);
}


/* An extension that says its length. */

static rooms_int_t
rooms_msgpack_ext(rooms_str_t *in, uint64_t len, rooms_msgpack_item_t *item)
{
    if (rooms_msgpack_run(in, len + 1, &item->data) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (item->data.data[0] == ROOMS_MSGPACK_EXT_NOTEPACK) {
        item->kind = ROOMS_MSGPACK_BIN;
        item->data.data++;
        item->data.len--;
        return ROOMS_OK;
    }

    return rooms_msgpack_time(item->data, item);
}


/* The type and what follows: seconds, or with nanoseconds before them. */

static rooms_int_t
rooms_msgpack_time(rooms_str_t data, rooms_msgpack_item_t *item)
{
    unsigned  type;
    uint64_t  n, nanoseconds;

    item->kind = ROOMS_MSGPACK_TIME;

    type = *data.data++;
    data.len--;

    if (type == ROOMS_MSGPACK_EXT_NOTEPACK && data.len == 8) {
        return rooms_msgpack_get(&data, 8, &item->n);
    }

    if (type != ROOMS_MSGPACK_EXT_TIME) {
        return ROOMS_ERROR;
    }

    switch (data.len) {

    case 4:
        (void) rooms_msgpack_get(&data, 4, &n);
        nanoseconds = 0;
        break;

    case 8:
        (void) rooms_msgpack_get(&data, 8, &n);
        nanoseconds = n >> 34;
        n &= (UINT64_C(1) << 34) - 1;
        break;

    case 12:
        (void) rooms_msgpack_get(&data, 4, &nanoseconds);
        (void) rooms_msgpack_get(&data, 8, &n);
        break;

    default:
        return ROOMS_ERROR;
    }

    /* of unsigned numbers, so that no input overflows */

    item->n = n * 1000 + nanoseconds / 1000000;

    return ROOMS_OK;
}


rooms_int_t
rooms_msgpack_value(rooms_str_t *in, const rooms_msgpack_limits_t *limits,
    rooms_str_t *value)
{
    size_t                nodes, keys;
    uint64_t              left[ROOMS_MSGPACK_DEPTH_MAX + 1];
    unsigned              depth, max, binaries;
    rooms_str_t           rest;
    rooms_msgpack_item_t  item;

    max = limits->depth < ROOMS_MSGPACK_DEPTH_MAX ? limits->depth
                                                  : ROOMS_MSGPACK_DEPTH_MAX;
    rest = *in;
    nodes = 0;
    keys = 0;
    binaries = 0;
    depth = 0;
    left[0] = 1;

    for ( ;; ) {

        while (left[depth] == 0) {

            if (depth == 0) {
                *value = rooms_str(in->data, in->len - rest.len);
                *in = rest;
                return ROOMS_OK;
            }

            depth--;
        }

        left[depth]--;

        if (rooms_msgpack_next(&rest, &item) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        nodes++;

        if (item.kind == ROOMS_MSGPACK_BIN && ++binaries > limits->binaries) {
            return ROOMS_DECLINED;
        }

        if (item.kind == ROOMS_MSGPACK_ARRAY || item.kind == ROOMS_MSGPACK_MAP)
        {
            /* each of them takes an octet at least */

            if (item.n > rest.len) {
                return ROOMS_ERROR;
            }

            if (depth == max) {
                return ROOMS_DECLINED;
            }

            left[++depth] = item.n;

            if (item.kind == ROOMS_MSGPACK_MAP) {
                left[depth] += item.n;
                keys += item.n;
            }
        }

        if (limits->nodes && nodes > limits->nodes + keys) {
            return ROOMS_DECLINED;
        }
    }
}


static void
rooms_msgpack_head(rooms_buf_t *b, unsigned char c, unsigned octets,
    uint64_t n)
{
    unsigned       i;
    unsigned char  head[9];

    head[0] = c;

    for (i = octets; i; i--) {
        head[i] = (unsigned char) n;
        n >>= 8;
    }

    rooms_buf_append(b, head, 1 + octets);
}


void
rooms_msgpack_uint(rooms_buf_t *b, uint64_t n)
{
    if (n < 0x80) {
        rooms_buf_byte(b, (unsigned char) n);

    } else if (n <= 0xff) {
        rooms_msgpack_head(b, 0xcc, 1, n);

    } else if (n <= 0xffff) {
        rooms_msgpack_head(b, 0xcd, 2, n);

    } else if (n <= 0xffffffff) {
        rooms_msgpack_head(b, 0xce, 4, n);

    } else {
        rooms_msgpack_head(b, 0xcf, 8, n);
    }
}


void
rooms_msgpack_int(rooms_buf_t *b, int64_t n)
{
    if (n >= 0) {
        rooms_msgpack_uint(b, (uint64_t) n);

    } else if (n >= -0x20) {
        rooms_buf_byte(b, (unsigned char) n);

    } else if (n >= INT8_MIN) {
        rooms_msgpack_head(b, 0xd0, 1, (uint64_t) n);

    } else if (n >= INT16_MIN) {
        rooms_msgpack_head(b, 0xd1, 2, (uint64_t) n);

    } else if (n >= INT32_MIN) {
        rooms_msgpack_head(b, 0xd2, 4, (uint64_t) n);

    } else {
        rooms_msgpack_head(b, 0xd3, 8, (uint64_t) n);
    }
}


void
rooms_msgpack_float(rooms_buf_t *b, double d)
{
    uint64_t  n;

    memcpy(&n, &d, sizeof(double));
    rooms_msgpack_head(b, 0xcb, 8, n);
}


void
rooms_msgpack_str_head(rooms_buf_t *b, size_t len)
{
    if (len < 0x20) {
        rooms_buf_byte(b, (unsigned char) (0xa0 | len));

    } else if (len <= 0xff) {
        rooms_msgpack_head(b, 0xd9, 1, len);

    } else if (len <= 0xffff) {
        rooms_msgpack_head(b, 0xda, 2, len);

    } else {
        rooms_msgpack_head(b, 0xdb, 4, len);
    }
}


void
rooms_msgpack_str(rooms_buf_t *b, rooms_str_t s)
{
    rooms_msgpack_str_head(b, s.len);
    rooms_buf_str(b, s);
}


void
rooms_msgpack_bin(rooms_buf_t *b, rooms_str_t s)
{
    if (s.len <= 0xff) {
        rooms_msgpack_head(b, 0xc4, 1, s.len);

    } else if (s.len <= 0xffff) {
        rooms_msgpack_head(b, 0xc5, 2, s.len);

    } else {
        rooms_msgpack_head(b, 0xc6, 4, s.len);
    }

    rooms_buf_str(b, s);
}
