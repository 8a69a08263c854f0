
/*
 * Copyright (C) nginx rooms contributors
 *
 * The characters of JSON strings: escapes and UTF-8.
 */


#include <string.h>

#include <rooms_json.h>
#include <rooms_json_text.h>


static int rooms_json_escaped(const unsigned char **text,
    const unsigned char *end);
static unsigned char *rooms_json_put(unsigned char *q, unsigned cp);


size_t
rooms_json_utf8(const unsigned char *p, const unsigned char *end)
{
    size_t         i, n;
    unsigned char  lo, hi;

    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return p[0] < 0x80;
    }

    n = (p[0] < 0xe0) ? 2 : (p[0] < 0xf0) ? 3 : 4;

    if ((size_t) (end - p) < n) {
        return 0;
    }

    lo = (p[0] == 0xe0) ? 0xa0 : (p[0] == 0xf0) ? 0x90 : 0x80;
    hi = (p[0] == 0xed) ? 0x9f : (p[0] == 0xf4) ? 0x8f : 0xbf;

    if (p[1] < lo || p[1] > hi) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


int
rooms_json_hex(const unsigned char *p)
{
    int            i, n;
    unsigned char  c;

    n = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            n = n * 16 + (c - '0');
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return -1;
        }

        n = n * 16 + (c - 'a' + 10);
    }

    return n;
}


rooms_int_t
rooms_json_string(rooms_str_t item, unsigned char *buf, size_t cap,
    rooms_str_t *out)
{
    int                   cp;
    unsigned char        *q;
    const unsigned char  *p, *end, *plain;

    if (item.len < 2 || item.data[0] != '"') {
        return ROOMS_DECLINED;
    }

    p = item.data + 1;
    end = item.data + item.len - 1;

    plain = memchr(p, '\\', end - p);

    if (plain == NULL) {
        *out = rooms_str(p, end - p);
        return ROOMS_OK;
    }

    if (cap < (size_t) (end - p)) {
        return ROOMS_DECLINED;
    }

    q = buf;

    while (p < end) {

        if (*p != '\\') {
            *q++ = *p++;
            continue;
        }

        cp = rooms_json_escaped(&p, end);

        if (cp < 0) {
            return ROOMS_ERROR;
        }

        q = rooms_json_put(q, cp);
    }

    *out = rooms_str(buf, q - buf);

    return ROOMS_OK;
}


size_t
rooms_json_unescape(const unsigned char *p, const unsigned char *end,
    unsigned char *to)
{
    int             cp;
    unsigned char  *q;

    q = to;

    while (p < end) {

        if (*p != '\\') {
            *q++ = *p++;
            continue;
        }

        cp = rooms_json_escaped(&p, end);
        q = rooms_json_put(q, cp < 0 ? 0xfffd : cp);
    }

    return (size_t) (q - to);
}


/* The character of the escape at *p, which moves; -1: a lone surrogate. */

static int
rooms_json_escaped(const unsigned char **text, const unsigned char *end)
{
    int                   cp, low;
    const unsigned char  *p;

    p = *text;

    switch (p[1]) {

    case 'b':
        cp = '\b';
        break;

    case 'f':
        cp = '\f';
        break;

    case 'n':
        cp = '\n';
        break;

    case 'r':
        cp = '\r';
        break;

    case 't':
        cp = '\t';
        break;

    case 'u':
        cp = (end - p >= 6) ? rooms_json_hex(p + 2) : -1;
        p += 4;
        break;

    default:
        cp = p[1];
        break;
    }

    p += 2;

    if (cp >= 0xd800 && cp < 0xdc00 && end - p >= 6
        && p[0] == '\\' && p[1] == 'u')
    {
        low = rooms_json_hex(p + 2);

        if (low >= 0xdc00 && low < 0xe000) {
            cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
            p += 6;
        }
    }

    *text = p;

    return (cp >= 0xd800 && cp < 0xe000) ? -1 : cp;
}


static unsigned char *
rooms_json_put(unsigned char *q, unsigned cp)
{
    if (cp < 0x80) {
        *q++ = cp;

    } else if (cp < 0x800) {
        *q++ = 0xc0 | cp >> 6;
        *q++ = 0x80 | (cp & 0x3f);

    } else if (cp < 0x10000) {
        *q++ = 0xe0 | cp >> 12;
        *q++ = 0x80 | (cp >> 6 & 0x3f);
        *q++ = 0x80 | (cp & 0x3f);

    } else {
        *q++ = 0xf0 | cp >> 18;
        *q++ = 0x80 | (cp >> 12 & 0x3f);
        *q++ = 0x80 | (cp >> 6 & 0x3f);
        *q++ = 0x80 | (cp & 0x3f);
    }

    return q;
}


void
rooms_json_escape(rooms_buf_t *b, rooms_str_t s)
{
    size_t                n;
    unsigned char         u[6];
    const unsigned char  *p, *end, *plain;
    static const char     hex[] = "0123456789abcdef";

    rooms_buf_byte(b, '"');

    p = s.len ? s.data : (const unsigned char *) "";
    end = p + s.len;

    while (p < end) {

        plain = p;

        while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"'
               && *p != '\\')
        {
            p++;
        }

        if (p > plain) {
            rooms_buf_append(b, plain, p - plain);
            continue;
        }

        if (*p < 0x20) {
            n = 6;

            memcpy(u, "\\u00", 4);
            u[4] = hex[*p >> 4];
            u[5] = hex[*p & 15];

            switch (*p) {
            case '\b':
                n = 2;
                u[1] = 'b';
                break;
            case '\f':
                n = 2;
                u[1] = 'f';
                break;
            case '\n':
                n = 2;
                u[1] = 'n';
                break;
            case '\r':
                n = 2;
                u[1] = 'r';
                break;
            case '\t':
                n = 2;
                u[1] = 't';
                break;
            }

            rooms_buf_append(b, u, n);
            p++;
            continue;
        }

        if (*p == '"' || *p == '\\') {
            u[0] = '\\';
            u[1] = *p++;
            rooms_buf_append(b, u, 2);
            continue;
        }

        n = rooms_json_utf8(p, end);

        if (n == 0) {
            rooms_buf_append(b, "\xef\xbf\xbd", 3);
            p++;
            continue;
        }

        rooms_buf_append(b, p, n);
        p += n;
    }

    rooms_buf_byte(b, '"');
}
