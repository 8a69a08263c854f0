
/*
 * Copyright (C) nginx rooms contributors
 *
 * From MessagePack to JSON text, and back.
 */


#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_iso.h>
#include <rooms_json.h>
#include <rooms_json_text.h>
#include <rooms_msgpack.h>
#include <rooms_utf8.h>


#define ROOMS_MSGPACK_SAFE    9007199254740992.0        /* 2^53 */
#define ROOMS_MSGPACK_DIGITS  32                        /* of a double */
#define ROOMS_MSGPACK_HEAD    5                         /* of a string */
#define ROOMS_MSGPACK_SPARE   (ROOMS_MSGPACK_HEAD + 3)  /* and a character */


typedef struct {
    rooms_str_t      in;
    rooms_buf_t     *b;
    rooms_str_t     *bins;
    unsigned         n;
} rooms_msgpack_reader_t;


/* An array or a map whose end has not come. */

typedef struct {
    size_t           head;                 /* where it begins in *b */
    size_t           count;                /* keys count, too */
    unsigned char    close;
} rooms_msgpack_open_t;


static rooms_int_t rooms_msgpack_text(rooms_msgpack_reader_t *r);
static rooms_int_t rooms_msgpack_text_item(rooms_msgpack_reader_t *r,
    const rooms_msgpack_item_t *item);
static rooms_int_t rooms_msgpack_text_array(rooms_msgpack_reader_t *r,
    uint64_t n);
static rooms_int_t rooms_msgpack_text_map(rooms_msgpack_reader_t *r,
    uint64_t n);
static rooms_int_t rooms_msgpack_text_string(rooms_buf_t *b, rooms_str_t s);
static void rooms_msgpack_text_real(rooms_buf_t *b, double d);
static void rooms_msgpack_text_time(rooms_buf_t *b, int64_t ms);

static const unsigned char *rooms_msgpack_scalar(rooms_buf_t *b,
    const unsigned char *p, const unsigned char *end);
static const unsigned char *rooms_msgpack_string(rooms_buf_t *b,
    const unsigned char *p, const unsigned char *end);
static const unsigned char *rooms_msgpack_number(rooms_buf_t *b,
    const unsigned char *p, const unsigned char *end);
static void rooms_msgpack_close(rooms_buf_t *b,
    const rooms_msgpack_open_t *open);


rooms_int_t
rooms_msgpack_to_json(rooms_str_t value, rooms_buf_t *b, rooms_str_t *bins,
    unsigned *nbins)
{
    rooms_int_t             rc;
    rooms_msgpack_reader_t  r;

    r.in = value;
    r.b = b;
    r.bins = bins;
    r.n = 0;

    rc = rooms_msgpack_text(&r);

    *nbins = r.n;

    return rc;
}


/* Goes as deep as rooms_msgpack_value() has allowed. */

static rooms_int_t
rooms_msgpack_text(rooms_msgpack_reader_t *r)
{
    rooms_msgpack_item_t  item;

    if (rooms_msgpack_next(&r->in, &item) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    return rooms_msgpack_text_item(r, &item);
}


static rooms_int_t
rooms_msgpack_text_item(rooms_msgpack_reader_t *r,
    const rooms_msgpack_item_t *item)
{
    int64_t  n;

    switch (item->kind) {

    case ROOMS_MSGPACK_NIL:
    case ROOMS_MSGPACK_UNDEFINED:
        rooms_buf_append(r->b, "null", 4);
        return ROOMS_OK;

    case ROOMS_MSGPACK_BOOL:
        rooms_buf_append(r->b, item->n ? "true" : "false", item->n ? 4 : 5);
        return ROOMS_OK;

    case ROOMS_MSGPACK_UINT:
        rooms_buf_uint(r->b, item->n);
        return ROOMS_OK;

    case ROOMS_MSGPACK_INT:
        n = (int64_t) item->n;
        rooms_buf_byte(r->b, '-');
        rooms_buf_uint(r->b, - (uint64_t) n);
        return ROOMS_OK;

    case ROOMS_MSGPACK_FLOAT:
        rooms_msgpack_text_real(r->b, item->real);
        return ROOMS_OK;

    case ROOMS_MSGPACK_STR:
        return rooms_msgpack_text_string(r->b, item->data);

    case ROOMS_MSGPACK_BIN:
        r->bins[r->n] = item->data;
        rooms_sio_placeholder(r->b, r->n++);
        return ROOMS_OK;

    case ROOMS_MSGPACK_TIME:
        rooms_msgpack_text_time(r->b, (int64_t) item->n);
        return ROOMS_OK;

    case ROOMS_MSGPACK_ARRAY:
        return rooms_msgpack_text_array(r, item->n);

    case ROOMS_MSGPACK_MAP:
        return rooms_msgpack_text_map(r, item->n);
    }

    return ROOMS_ERROR;
}


static rooms_int_t
rooms_msgpack_text_array(rooms_msgpack_reader_t *r, uint64_t n)
{
    uint64_t  i;

    rooms_buf_byte(r->b, '[');

    for (i = 0; i < n; i++) {

        if (i) {
            rooms_buf_byte(r->b, ',');
        }

        if (rooms_msgpack_text(r) != ROOMS_OK) {
            return ROOMS_ERROR;
        }
    }

    rooms_buf_byte(r->b, ']');

    return ROOMS_OK;
}


static rooms_int_t
rooms_msgpack_text_map(rooms_msgpack_reader_t *r, uint64_t n)
{
    uint64_t              i;
    unsigned              some;
    rooms_msgpack_item_t  key, item;

    some = 0;

    rooms_buf_byte(r->b, '{');

    for (i = 0; i < n; i++) {

        if (rooms_msgpack_next(&r->in, &key) != ROOMS_OK
            || key.kind != ROOMS_MSGPACK_STR
            || rooms_msgpack_next(&r->in, &item) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        if (item.kind == ROOMS_MSGPACK_UNDEFINED) {
            continue;
        }

        if (some) {
            rooms_buf_byte(r->b, ',');
        }

        if (rooms_msgpack_text_string(r->b, key.data) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        rooms_buf_byte(r->b, ':');

        if (rooms_msgpack_text_item(r, &item) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        some = 1;
    }

    rooms_buf_byte(r->b, '}');

    return ROOMS_OK;
}


static rooms_int_t
rooms_msgpack_text_string(rooms_buf_t *b, rooms_str_t s)
{
    rooms_utf8_t  u;

    memset(&u, 0, sizeof(rooms_utf8_t));

    if (s.len
        && (rooms_utf8_check(&u, s.data, s.len) != ROOMS_OK || u.need))
    {
        return ROOMS_ERROR;
    }

    rooms_json_escape(b, s);

    return ROOMS_OK;
}


static void
rooms_msgpack_text_real(rooms_buf_t *b, double d)
{
    int   n, digits;
    char  text[ROOMS_MSGPACK_DIGITS];

    if (!isfinite(d)) {
        rooms_buf_append(b, "null", 4);
        return;
    }

    /* integers look like those of any other client */

    if (fabs(d) < ROOMS_MSGPACK_SAFE && d == floor(d)) {
        n = snprintf(text, sizeof(text), "%.0f", d);
        rooms_buf_append(b, text, (size_t) n);
        return;
    }

    digits = 15;

    do {
        n = snprintf(text, sizeof(text), "%.*g", digits, d);
    } while (digits++ < 17 && strtod(text, NULL) != d);

    rooms_buf_append(b, text, (size_t) n);
}


static void
rooms_msgpack_text_time(rooms_buf_t *b, int64_t ms)
{
    char  text[ROOMS_ISO_LEN + 1];

    if (ms < ROOMS_ISO_MIN || ms > ROOMS_ISO_MAX) {
        rooms_buf_append(b, "null", 4);
        return;
    }

    rooms_iso_format(ms, text);

    rooms_buf_byte(b, '"');
    rooms_buf_append(b, text, ROOMS_ISO_LEN);
    rooms_buf_byte(b, '"');
}


/* The head of a container is made last, when its members are counted. */

void
rooms_msgpack_from_json(rooms_buf_t *b, rooms_str_t json,
    const rooms_str_t *bins, unsigned n)
{
    unsigned              depth, num;
    const unsigned char  *p, *q, *end;
    rooms_msgpack_open_t  open[ROOMS_MSGPACK_DEPTH_MAX];

    p = json.data;
    end = p + json.len;
    depth = 0;
    num = 0;

    while (p != NULL && p < end) {

        switch (*p) {

        case ' ':
        case '\t':
        case '\r':
        case '\n':
        case ',':
        case ':':
            p++;
            continue;

        case '}':
        case ']':

            if (depth == 0 || open[depth - 1].close != *p) {
                goto failed;
            }

            rooms_msgpack_close(b, &open[--depth]);
            p++;

            if (depth == 0) {
                return;
            }

            continue;
        }

        if (depth) {
            open[depth - 1].count++;
        }

        q = (n && *p == '{') ? rooms_sio_is_placeholder(p, end, &num) : NULL;

        if (q && num < n && depth) {
            rooms_msgpack_bin(b, bins[num]);
            p = q;
            continue;
        }

        if (*p != '{' && *p != '[') {
            p = depth ? rooms_msgpack_scalar(b, p, end) : NULL;
            continue;
        }

        if (depth == ROOMS_MSGPACK_DEPTH_MAX) {
            goto failed;
        }

        open[depth].head = b->len;
        open[depth].count = 0;
        open[depth++].close = (*p == '{') ? '}' : ']';

        rooms_buf_byte(b, 0);
        p++;
    }

failed:

    b->failed = 1;
}


static void
rooms_msgpack_close(rooms_buf_t *b, const rooms_msgpack_open_t *open)
{
    size_t          n, more;
    unsigned        map;
    unsigned char  *p;

    map = (open->close == '}');
    n = map ? open->count / 2 : open->count;
    more = (n < 16) ? 0 : (n <= 0xffff) ? 2 : 4;

    if (more && rooms_buf_reserve(b, more) == NULL) {
        return;
    }

    if (b->failed) {
        return;
    }

    p = b->data + open->head;

    if (more == 0) {
        *p = (unsigned char) ((map ? 0x80 : 0x90) | n);
        return;
    }

    memmove(p + 1 + more, p + 1, b->len - open->head - 1);
    b->len += more;

    *p++ = (unsigned char) ((map ? 0xde : 0xdc) + (more == 4));

    while (more) {
        *p++ = (unsigned char) (n >> (8 * --more));
    }
}


/* Returns what follows; NULL: it is no JSON. */

static const unsigned char *
rooms_msgpack_scalar(rooms_buf_t *b, const unsigned char *p,
    const unsigned char *end)
{
    size_t  left;

    left = (size_t) (end - p);

    if (*p == '"') {
        return rooms_msgpack_string(b, p, end);
    }

    if (left >= 4 && memcmp(p, "null", 4) == 0) {
        rooms_buf_byte(b, 0xc0);
        return p + 4;
    }

    if (left >= 4 && memcmp(p, "true", 4) == 0) {
        rooms_buf_byte(b, 0xc3);
        return p + 4;
    }

    if (left >= 5 && memcmp(p, "false", 5) == 0) {
        rooms_buf_byte(b, 0xc2);
        return p + 5;
    }

    return rooms_msgpack_number(b, p, end);
}


static const unsigned char *
rooms_msgpack_string(rooms_buf_t *b, const unsigned char *p,
    const unsigned char *end)
{
    size_t                len;
    unsigned              escaped;
    unsigned char        *text;
    const unsigned char  *q;

    escaped = 0;

    for (q = ++p; q < end && *q != '"'; q++) {

        if (*q == '\\') {
            escaped = 1;
            q++;
        }
    }

    if (q >= end) {
        return NULL;
    }

    if (!escaped) {
        rooms_msgpack_str(b, rooms_str(p, (size_t) (q - p)));
        return q + 1;
    }

    /* it gets no longer; its place is known when its length is */

    len = (size_t) (q - p);

    if (b->failed || rooms_buf_reserve(b, len + ROOMS_MSGPACK_SPARE)
                        == NULL) {
        return q + 1;
    }

    text = b->data + b->len + ROOMS_MSGPACK_HEAD;
    len = rooms_json_unescape(p, q, text);

    rooms_msgpack_str_head(b, len);
    memmove(b->data + b->len, text, len);
    b->len += len;

    return q + 1;
}


/* An integer of 64 bits stays one; what follows a number ends strtod(). */

static const unsigned char *
rooms_msgpack_number(rooms_buf_t *b, const unsigned char *p,
    const unsigned char *end)
{
    uint64_t              n;
    unsigned              minus, whole, digit;
    const unsigned char  *q;

    minus = (*p == '-');
    whole = 1;
    n = 0;

    for (q = p + minus; q < end; q++) {

        if (*q < '0' || *q > '9') {

            if (*q != '.' && *q != 'e' && *q != 'E' && *q != '+'
                && *q != '-')
            {
                break;
            }

            whole = 0;
            continue;
        }

        digit = (unsigned) (*q - '0');

        if (n > (UINT64_MAX - digit) / 10) {
            whole = 0;
        }

        n = n * 10 + digit;
    }

    /* a number is followed by the end of its array or object at least */

    if (q == end || q == p + minus || p[minus] < '0' || p[minus] > '9') {
        return NULL;
    }

    if (whole && !minus) {
        rooms_msgpack_uint(b, n);

    } else if (whole && n && n <= (uint64_t) INT64_MAX + 1) {
        rooms_msgpack_int(b, (int64_t) - n);

    } else {
        rooms_msgpack_float(b, strtod((const char *) p, NULL));
    }

    return q;
}
