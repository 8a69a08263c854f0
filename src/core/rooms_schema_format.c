
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_schema_format.h>


static unsigned rooms_schema_date_time(rooms_str_t s);
static unsigned rooms_schema_date(rooms_str_t s);
static unsigned rooms_schema_time(rooms_str_t s);
static unsigned rooms_schema_email(rooms_str_t s);
static unsigned rooms_schema_ipv4(rooms_str_t s);
static unsigned rooms_schema_ipv6(rooms_str_t s);
static unsigned rooms_schema_uri(rooms_str_t s);
static unsigned rooms_schema_authority(rooms_str_t s);
static unsigned rooms_schema_uuid(rooms_str_t s);


static const struct {
    const char              *name;
    rooms_schema_format_pt   check;
} rooms_schema_formats[] = {
    { "date-time", rooms_schema_date_time },
    { "date", rooms_schema_date },
    { "time", rooms_schema_time },
    { "email", rooms_schema_email },
    { "ipv4", rooms_schema_ipv4 },
    { "ipv6", rooms_schema_ipv6 },
    { "uri", rooms_schema_uri },
    { "uuid", rooms_schema_uuid },
    { NULL, NULL }
};


rooms_schema_format_pt
rooms_schema_format(const char *name)
{
    unsigned  i;

    for (i = 0; rooms_schema_formats[i].name != NULL; i++) {
        if (strcmp(rooms_schema_formats[i].name, name) == 0) {
            return rooms_schema_formats[i].check;
        }
    }

    return NULL;
}


static inline unsigned
rooms_schema_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}


static inline unsigned
rooms_schema_hex(unsigned char c)
{
    return rooms_schema_digit(c)
           || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}


static inline unsigned
rooms_schema_alnum(unsigned char c)
{
    return rooms_schema_digit(c)
           || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}


/* Exactly n digits at *p, which goes behind them; -1 otherwise. */

static int
rooms_schema_number(const unsigned char **p, const unsigned char *end,
    unsigned n)
{
    int  value;

    value = 0;

    if ((size_t) (end - *p) < n) {
        return -1;
    }

    for ( /* void */ ; n; n--, (*p)++) {

        if (!rooms_schema_digit(**p)) {
            return -1;
        }

        value = value * 10 + (**p - '0');
    }

    return value;
}


static unsigned
rooms_schema_date_time(rooms_str_t s)
{
    if (s.len < 11 || (s.data[10] | 0x20) != 't') {
        return 0;
    }

    return rooms_schema_date(rooms_str(s.data, 10))
           && rooms_schema_time(rooms_str(s.data + 11, s.len - 11));
}


static unsigned
rooms_schema_date(rooms_str_t s)
{
    int                   year, month, day, last;
    const unsigned char  *p, *end;
    static const int      days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
                                     30, 31 };

    if (s.len != 10 || s.data[4] != '-' || s.data[7] != '-') {
        return 0;
    }

    p = s.data;
    end = s.data + s.len;

    year = rooms_schema_number(&p, end, 4);
    p = s.data + 5;
    month = rooms_schema_number(&p, end, 2);
    p = s.data + 8;
    day = rooms_schema_number(&p, end, 2);

    if (year < 0 || month < 1 || month > 12 || day < 1) {
        return 0;
    }

    last = days[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        last = 29;
    }

    return day <= last;
}


static unsigned
rooms_schema_time(rooms_str_t s)
{
    int                   hour, minute, second, h, m, utc;
    unsigned char         sign;
    const unsigned char  *p, *end;

    if (s.len < 9 || s.data[2] != ':' || s.data[5] != ':') {
        return 0;
    }

    p = s.data;
    end = s.data + s.len;

    hour = rooms_schema_number(&p, end, 2);
    p++;
    minute = rooms_schema_number(&p, end, 2);
    p++;
    second = rooms_schema_number(&p, end, 2);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0
        || second > 60)
    {
        return 0;
    }

    if (*p == '.') {
        p++;

        if (p == end || !rooms_schema_digit(*p)) {
            return 0;
        }

        while (p < end && rooms_schema_digit(*p)) {
            p++;
        }
    }

    if (p == end) {
        return 0;
    }

    sign = *p++;
    h = 0;
    m = 0;

    if (sign == '+' || sign == '-') {
        h = rooms_schema_number(&p, end, 2);

        if (p == end || *p++ != ':') {
            return 0;
        }

        m = rooms_schema_number(&p, end, 2);

        if (h < 0 || h > 23 || m < 0 || m > 59) {
            return 0;
        }

    } else if ((sign | 0x20) != 'z') {
        return 0;
    }

    if (p != end) {
        return 0;
    }

    if (second < 60) {
        return 1;
    }

    utc = hour * 60 + minute + (h * 60 + m) * (sign == '+' ? -1 : 1);

    return (utc + 1440) % 1440 == 1439;
}


static unsigned
rooms_schema_email(rooms_str_t s)
{
    unsigned              label;
    unsigned char         c, last;
    const unsigned char  *p, *end, *at;

    at = s.len ? memchr(s.data, '@', s.len) : NULL;
    end = s.data + s.len;

    if (at == NULL || at == s.data || at + 1 == end) {
        return 0;
    }

    last = '.';

    for (p = s.data; p < at; p++) {
        c = *p;

        if (c == '.' ? last == '.'
                     : !rooms_schema_alnum(c)
                       && (c == 0 || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL))
        {
            return 0;
        }

        last = c;
    }

    if (last == '.') {
        return 0;
    }

    p = at + 1;

    if (*p == '[') {
        return end[-1] == ']'
               && rooms_schema_ipv4(rooms_str(p + 1, end - p - 2));
    }

    last = '.';
    label = 0;

    for ( /* void */ ; p < end; p++) {
        c = *p;

        if (c == '.') {

            if (last == '.' || last == '-') {
                return 0;
            }

            label = 0;

        } else if (c == '-' ? last == '.' : !rooms_schema_alnum(c)) {
            return 0;

        } else if (++label > 63) {
            return 0;
        }

        last = c;
    }

    return last != '.' && last != '-';
}


static unsigned
rooms_schema_ipv4(rooms_str_t s)
{
    unsigned              n, octet, digits;
    const unsigned char  *p, *end;

    p = s.data;
    end = s.data + s.len;

    for (n = 0; n < 4; n++) {

        if (n != 0 && (p == end || *p++ != '.')) {
            return 0;
        }

        octet = 0;

        for (digits = 0; p < end && rooms_schema_digit(*p); digits++) {

            if (digits == 3 || (digits == 1 && octet == 0)) {
                return 0;
            }

            octet = octet * 10 + (*p++ - '0');
        }

        if (digits == 0 || octet > 255) {
            return 0;
        }
    }

    return p == end;
}


static unsigned
rooms_schema_ipv6(rooms_str_t s)
{
    unsigned              groups, digits, gap;
    const unsigned char  *p, *end, *start;

    p = s.data;
    end = s.data + s.len;
    groups = 0;
    gap = 0;

    if (s.len >= 2 && p[0] == ':' && p[1] == ':') {
        gap = 1;
        p += 2;

        if (p == end) {
            return 1;
        }
    }

    for ( ;; ) {

        start = p;

        for (digits = 0; p < end && rooms_schema_hex(*p); digits++) {
            p++;
        }

        if (p < end && *p == '.') {

            if (!rooms_schema_ipv4(rooms_str(start, end - start))) {
                return 0;
            }

            groups += 2;
            break;
        }

        if (digits == 0 || digits > 4) {
            return 0;
        }

        groups++;

        if (p == end) {
            break;
        }

        if (*p++ != ':' || p == end) {
            return 0;
        }

        if (*p == ':') {

            if (gap) {
                return 0;
            }

            gap = 1;
            p++;

            if (p == end) {
                break;
            }
        }
    }

    return gap ? groups <= 7 : groups == 8;
}


static unsigned
rooms_schema_uri(rooms_str_t s)
{
    unsigned char         c;
    const unsigned char  *p, *end, *authority;

    p = s.data;
    end = s.data + s.len;

    if (p == end || rooms_schema_digit(*p) || !rooms_schema_alnum(*p)) {
        return 0;
    }

    while (p < end && (rooms_schema_alnum(*p) || *p == '+' || *p == '-'
                       || *p == '.'))
    {
        p++;
    }

    if (p == end || *p++ != ':') {
        return 0;
    }

    if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
        p += 2;
        authority = p;

        while (p < end && *p != '/' && *p != '?' && *p != '#') {
            p++;
        }

        if (!rooms_schema_authority(rooms_str(authority, p - authority))) {
            return 0;
        }
    }

    c = 0;

    for ( /* void */ ; p < end; p++) {

        if (*p == '%') {

            if (end - p < 3 || !rooms_schema_hex(p[1])
                || !rooms_schema_hex(p[2]))
            {
                return 0;
            }

            p += 2;
            continue;
        }

        if (*p == '#') {

            if (c == '#') {
                return 0;
            }

            c = '#';
            continue;
        }

        if (!rooms_schema_alnum(*p)
            && (*p == 0 || strchr("-._~!$&'()*+,;=:@/?", *p) == NULL))
        {
            return 0;
        }
    }

    return 1;
}


static unsigned
rooms_schema_authority(rooms_str_t s)
{
    unsigned              at;
    const unsigned char  *p, *end, *host, *bracket;

    p = s.data;
    end = s.data + s.len;
    host = p;
    at = memchr(p, '@', s.len) != NULL;

    /* userinfo, then the host, then the port */

    for ( /* void */ ; p < end; p++) {

        if (at && *p == '@') {
            at = 0;
            host = p + 1;
            continue;
        }

        if (*p == '[' && !at && p == host) {
            bracket = memchr(p, ']', end - p);

            if (bracket == NULL
                || !rooms_schema_ipv6(rooms_str(p + 1, bracket - p - 1)))
            {
                return 0;
            }

            p = bracket + 1;
            break;
        }

        if (*p == ':' && !at) {
            break;
        }

        if (*p == '%' && end - p >= 3 && rooms_schema_hex(p[1])
            && rooms_schema_hex(p[2]))
        {
            p += 2;
            continue;
        }

        if (!rooms_schema_alnum(*p)
            && (*p == 0 || strchr("-._~!$&'()*+,;=:", *p) == NULL))
        {
            return 0;
        }
    }

    if (p == end) {
        return 1;
    }

    if (*p++ != ':') {
        return 0;
    }

    while (p < end && rooms_schema_digit(*p)) {
        p++;
    }

    return p == end;
}


static unsigned
rooms_schema_uuid(rooms_str_t s)
{
    unsigned  i;

    if (s.len != 36) {
        return 0;
    }

    for (i = 0; i < 36; i++) {

        if (i == 8 || i == 13 || i == 18 || i == 23) {

            if (s.data[i] != '-') {
                return 0;
            }

        } else if (!rooms_schema_hex(s.data[i])) {
            return 0;
        }
    }

    return 1;
}
