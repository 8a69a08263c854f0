
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_buf.h>


#define ROOMS_BUF_MIN  64


void
rooms_buf_init(rooms_buf_t *b, size_t limit)
{
    memset(b, 0, sizeof(rooms_buf_t));
    b->limit = limit;
}


void
rooms_buf_free(rooms_buf_t *b)
{
    free(b->data);

    b->data = NULL;
    b->len = 0;
    b->cap = 0;
    b->failed = 0;
}


void
rooms_buf_reset(rooms_buf_t *b)
{
    b->len = 0;
    b->failed = 0;
}


unsigned char *
rooms_buf_reserve(rooms_buf_t *b, size_t n)
{
    size_t          cap;
    unsigned char  *p;

    if (b->failed) {
        return NULL;
    }

    if (n <= b->cap - b->len && b->data != NULL) {
        return b->data + b->len;
    }

    if (n > SIZE_MAX / 4 - b->len
        || (b->limit && n > b->limit - b->len))
    {
        b->failed = 1;
        return NULL;
    }

    cap = b->cap ? b->cap * 2 : ROOMS_BUF_MIN;

    if (cap < b->len + n) {
        cap = b->len + n;
    }

    if (b->limit && cap > b->limit) {
        cap = b->limit;
    }

    p = realloc(b->data, cap ? cap : 1);
    if (p == NULL) {
        b->failed = 1;
        return NULL;
    }

    b->data = p;
    b->cap = cap;

    return p + b->len;
}


void
rooms_buf_uint(rooms_buf_t *b, uint64_t n)
{
    unsigned char  digits[20], *p;

    p = digits + sizeof(digits);

    do {
        *--p = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n);

    rooms_buf_append(b, p, (size_t) (digits + sizeof(digits) - p));
}


void
rooms_buf_u16(rooms_buf_t *b, uint16_t n)
{
    unsigned char  p[2];

    p[0] = (unsigned char) n;
    p[1] = (unsigned char) (n >> 8);

    rooms_buf_append(b, p, 2);
}


void
rooms_buf_u32(rooms_buf_t *b, uint32_t n)
{
    rooms_buf_u16(b, (uint16_t) n);
    rooms_buf_u16(b, (uint16_t) (n >> 16));
}


void
rooms_buf_u64(rooms_buf_t *b, uint64_t n)
{
    rooms_buf_u32(b, (uint32_t) n);
    rooms_buf_u32(b, (uint32_t) (n >> 32));
}


void
rooms_buf_str16(rooms_buf_t *b, rooms_str_t s)
{
    if (s.len > UINT16_MAX) {
        b->failed = 1;
        return;
    }

    rooms_buf_u16(b, (uint16_t) s.len);
    rooms_buf_str(b, s);
}


void
rooms_buf_str32(rooms_buf_t *b, rooms_str_t s)
{
    if (s.len > UINT32_MAX) {
        b->failed = 1;
        return;
    }

    rooms_buf_u32(b, (uint32_t) s.len);
    rooms_buf_str(b, s);
}


static rooms_int_t
rooms_get_uint(rooms_str_t *in, size_t n, uint64_t *out)
{
    size_t  i;

    if (in->len < n) {
        return ROOMS_ERROR;
    }

    *out = 0;

    for (i = 0; i < n; i++) {
        *out |= (uint64_t) in->data[i] << (8 * i);
    }

    in->data += n;
    in->len -= n;

    return ROOMS_OK;
}


rooms_int_t
rooms_get_u8(rooms_str_t *in, uint8_t *out)
{
    uint64_t  n;

    if (rooms_get_uint(in, 1, &n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    *out = (uint8_t) n;

    return ROOMS_OK;
}


rooms_int_t
rooms_get_u16(rooms_str_t *in, uint16_t *out)
{
    uint64_t  n;

    if (rooms_get_uint(in, 2, &n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    *out = (uint16_t) n;

    return ROOMS_OK;
}


rooms_int_t
rooms_get_u32(rooms_str_t *in, uint32_t *out)
{
    uint64_t  n;

    if (rooms_get_uint(in, 4, &n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    *out = (uint32_t) n;

    return ROOMS_OK;
}


rooms_int_t
rooms_get_u64(rooms_str_t *in, uint64_t *out)
{
    return rooms_get_uint(in, 8, out);
}


static rooms_int_t
rooms_get_str(rooms_str_t *in, size_t prefix, rooms_str_t *out)
{
    uint64_t     n;
    rooms_str_t  rest;

    rest = *in;

    if (rooms_get_uint(&rest, prefix, &n) != ROOMS_OK || n > rest.len) {
        return ROOMS_ERROR;
    }

    *out = rooms_str(rest.data, (size_t) n);

    in->data = rest.data + n;
    in->len = rest.len - (size_t) n;

    return ROOMS_OK;
}


rooms_int_t
rooms_get_str16(rooms_str_t *in, rooms_str_t *out)
{
    return rooms_get_str(in, 2, out);
}


rooms_int_t
rooms_get_str32(rooms_str_t *in, rooms_str_t *out)
{
    return rooms_get_str(in, 4, out);
}
