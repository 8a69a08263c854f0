
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_bus.h>


#define ROOMS_BUS_REMOVED  1


void
rooms_bus_write(rooms_buf_t *b, const rooms_bus_record_t *r)
{
    rooms_buf_u32(b, (uint32_t) (8 + 1 + 4 + r->fact.len
                                 + 4 + r->messages.len));
    rooms_buf_u64(b, r->time);
    rooms_buf_byte(b, r->removed ? ROOMS_BUS_REMOVED : 0);
    rooms_buf_str32(b, r->fact);
    rooms_buf_str32(b, r->messages);
}


rooms_int_t
rooms_bus_read(rooms_str_t *in, rooms_bus_record_t *r)
{
    uint8_t      flags;
    rooms_str_t  one;

    if (in->len == 0) {
        return ROOMS_DONE;
    }

    if (rooms_get_str32(in, &one) != ROOMS_OK
        || rooms_get_u64(&one, &r->time) != ROOMS_OK
        || rooms_get_u8(&one, &flags) != ROOMS_OK
        || rooms_get_str32(&one, &r->fact) != ROOMS_OK
        || rooms_get_str32(&one, &r->messages) != ROOMS_OK
        || one.len)
    {
        return ROOMS_ERROR;
    }

    r->removed = (flags & ROOMS_BUS_REMOVED) != 0;

    return ROOMS_OK;
}


rooms_int_t
rooms_bus_number(rooms_str_t text, uint64_t *n)
{
    size_t    i;
    uint64_t  value;
    unsigned  digit;

    if (text.len == 0) {
        return ROOMS_ERROR;
    }

    value = 0;

    for (i = 0; i < text.len; i++) {
        digit = (unsigned) text.data[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return ROOMS_ERROR;
        }

        value = value * 10 + digit;
    }

    *n = value;

    return ROOMS_OK;
}


static rooms_int_t
rooms_bus_word(rooms_str_t *in, unsigned char end, uint64_t *n)
{
    const unsigned char  *p;
    rooms_str_t           word;

    if (in->len == 0) {
        return ROOMS_ERROR;
    }

    p = memchr(in->data, end, in->len);
    if (p == NULL) {
        return ROOMS_ERROR;
    }

    word = rooms_str(in->data, (size_t) (p - in->data));

    in->data += word.len + 1;
    in->len -= word.len + 1;

    return rooms_bus_number(word, n);
}


rooms_int_t
rooms_bus_header(rooms_str_t *in, rooms_bus_header_t *h)
{
    if (rooms_bus_word(in, ' ', &h->epoch) != ROOMS_OK
        || rooms_bus_word(in, ' ', &h->prev) != ROOMS_OK
        || rooms_bus_word(in, ' ', &h->first) != ROOMS_OK
        || rooms_bus_word(in, ' ', &h->owner) != ROOMS_OK
        || rooms_bus_word(in, '\n', &h->seq) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}
