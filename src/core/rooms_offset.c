
/*
 * Copyright (C) nginx rooms contributors
 */


#include <rooms_offset.h>


#define ROOMS_OFFSET_DIGITS  13


size_t
rooms_offset_id(unsigned char *p, uint64_t id)
{
    size_t         i, len;
    unsigned char  digits[ROOMS_OFFSET_DIGITS];

    len = 0;

    do {
        digits[len++] = (unsigned char)
                            "0123456789abcdefghijklmnopqrstuvwxyz"[id % 36];
        id /= 36;
    } while (id != 0);

    for (i = 0; i < len; i++) {
        p[i] = digits[len - 1 - i];
    }

    return len;
}


size_t
rooms_offset_epoch(unsigned char *p, uint64_t epoch)
{
    size_t  len;

    len = rooms_offset_id(p, epoch);
    p[len++] = '-';

    return len;
}


size_t
rooms_offset_write(unsigned char *p, uint64_t epoch, uint64_t id)
{
    size_t  len;

    len = rooms_offset_epoch(p, epoch);

    return len + rooms_offset_id(p + len, id);
}


static rooms_int_t
rooms_offset_number(const unsigned char *p, size_t len, uint64_t *n)
{
    size_t    i;
    uint64_t  digit;

    if (len == 0 || len > ROOMS_OFFSET_DIGITS || (p[0] == '0' && len > 1)) {
        return ROOMS_DECLINED;
    }

    *n = 0;

    for (i = 0; i < len; i++) {

        if (p[i] >= '0' && p[i] <= '9') {
            digit = p[i] - '0';

        } else if (p[i] >= 'a' && p[i] <= 'z') {
            digit = p[i] - 'a' + 10;

        } else {
            return ROOMS_DECLINED;
        }

        if (*n > (UINT64_MAX - digit) / 36) {
            return ROOMS_DECLINED;
        }

        *n = *n * 36 + digit;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_offset_parse(rooms_str_t text, uint64_t *epoch, uint64_t *id)
{
    size_t    i;
    uint64_t  first, second;

    for (i = 0; i < text.len && text.data[i] != '-'; i++) { /* void */ }

    if (i == text.len
        || rooms_offset_number(text.data, i, &first) != ROOMS_OK
        || rooms_offset_number(text.data + i + 1, text.len - i - 1, &second)
           != ROOMS_OK)
    {
        return ROOMS_DECLINED;
    }

    *epoch = first;
    *id = second;

    return ROOMS_OK;
}
