
/*
 * Copyright (C) nginx rooms contributors
 *
 * A walk over JSON text that has been checked already, so that two states are
 * enough: within a string, and outside.
 */


#include <string.h>

#include <rooms_sio.h>


#define ROOMS_SIO_NUM_DIGITS  9

#define ROOMS_SIO_HAS_FLAG    1
#define ROOMS_SIO_HAS_NUM     2


static const char  rooms_sio_flag[] = "_placeholder";


static const unsigned char *
rooms_sio_space(const unsigned char *p, const unsigned char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
        p++;
    }

    return p;
}


/* Returns what lies behind the text s, NULL where that does not stand at p. */

static const unsigned char *
rooms_sio_literal(const unsigned char *p, const unsigned char *end,
    const char *s)
{
    size_t  n;

    n = strlen(s);

    if ((size_t) (end - p) < n || memcmp(p, s, n) != 0) {
        return NULL;
    }

    return p + n;
}


static const unsigned char *
rooms_sio_colon(const unsigned char *p, const unsigned char *end)
{
    p = rooms_sio_space(p, end);

    if (p == end || *p != ':') {
        return NULL;
    }

    return rooms_sio_space(p + 1, end);
}


static const unsigned char *
rooms_sio_num(const unsigned char *p, const unsigned char *end, unsigned *num)
{
    unsigned  i, n;

    n = 0;

    for (i = 0; p < end && *p >= '0' && *p <= '9'; i++) {

        if (i == ROOMS_SIO_NUM_DIGITS) {
            return NULL;
        }

        n = n * 10 + (unsigned) (*p++ - '0');
    }

    if (i == 0) {
        return NULL;
    }

    *num = n;

    return p;
}


/* One of the two members, with the ',' or '}' behind it. */

static const unsigned char *
rooms_sio_member(const unsigned char *p, const unsigned char *end,
    unsigned *has, unsigned *num)
{
    const unsigned char  *q;

    p = rooms_sio_space(p, end);

    q = rooms_sio_literal(p, end, "\"_placeholder\"");

    if (q != NULL) {
        *has |= ROOMS_SIO_HAS_FLAG;

        q = rooms_sio_colon(q, end);
        if (q == NULL) {
            return NULL;
        }

        q = rooms_sio_literal(q, end, "true");

    } else {
        q = rooms_sio_literal(p, end, "\"num\"");
        if (q == NULL) {
            return NULL;
        }

        *has |= ROOMS_SIO_HAS_NUM;

        q = rooms_sio_colon(q, end);
        if (q == NULL) {
            return NULL;
        }

        q = rooms_sio_num(q, end, num);
    }

    if (q == NULL) {
        return NULL;
    }

    return rooms_sio_space(q, end);
}


/* p: behind a '{'.  Returns what lies behind the '}' of a placeholder. */

static const unsigned char *
rooms_sio_object(const unsigned char *p, const unsigned char *end,
    unsigned *num)
{
    unsigned  has;

    has = 0;

    p = rooms_sio_member(p, end, &has, num);

    if (p == NULL || p == end || *p != ',') {
        return NULL;
    }

    p = rooms_sio_member(p + 1, end, &has, num);

    if (p == NULL || p == end || *p != '}') {
        return NULL;
    }

    if (has != (ROOMS_SIO_HAS_FLAG|ROOMS_SIO_HAS_NUM)) {
        return NULL;
    }

    return p + 1;
}


/* p: behind the opening quote.  Returns the closing one, or NULL. */

static const unsigned char *
rooms_sio_string(const unsigned char *p, const unsigned char *end)
{
    for ( /* void */ ; p < end && *p != '"'; p++) {

        if (*p == '\\') {
            p++;
        }
    }

    return (p < end) ? p : NULL;
}


static int
rooms_sio_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* Whether a string's content reads "_placeholder", escaped or not. */

static rooms_int_t
rooms_sio_is_flag(const unsigned char *p, const unsigned char *end)
{
    size_t  i;

    for (i = 0; i < sizeof(rooms_sio_flag) - 1; i++) {

        if (p < end && *p == (unsigned char) rooms_sio_flag[i]) {
            p++;
            continue;
        }

        p = rooms_sio_literal(p, end, "\\u00");

        if (p == NULL || end - p < 2
            || rooms_sio_hex(p[0]) * 16 + rooms_sio_hex(p[1])
               != rooms_sio_flag[i])
        {
            return 0;
        }

        p += 2;
    }

    return p == end;
}


/*
 * A member "_placeholder":true where no placeholder was recognized.  Clients
 * would still take it for one, and fail on its number.  p and end: a string's
 * content and its closing quote.
 */

static rooms_int_t
rooms_sio_lookalike(const unsigned char *p, const unsigned char *end,
    const unsigned char *last)
{
    const unsigned char  *value;

    if (!rooms_sio_is_flag(p, end)) {
        return 0;
    }

    value = rooms_sio_colon(end + 1, last);

    return value != NULL && rooms_sio_literal(value, last, "true") != NULL;
}


void
rooms_sio_placeholder(rooms_buf_t *b, unsigned num)
{
    static const char  text[] = "{\"_placeholder\":true,\"num\":";

    rooms_buf_append(b, text, sizeof(text) - 1);
    rooms_buf_uint(b, num);
    rooms_buf_byte(b, '}');
}


const unsigned char *
rooms_sio_is_placeholder(const unsigned char *p, const unsigned char *end,
    unsigned *num)
{
    return rooms_sio_object(p + 1, end, num);
}


rooms_int_t
rooms_sio_placeholders(rooms_str_t json, unsigned attachments,
    rooms_buf_t *b, unsigned *order, unsigned max, unsigned *count)
{
    unsigned              n, num;
    const unsigned char  *p, *q, *end, *done;

    *count = 0;

    if (json.len == 0) {
        return ROOMS_OK;
    }

    n = 0;
    num = 0;

    p = json.data;
    end = p + json.len;
    done = p;

    while (p < end) {

        if (*p == '"') {
            q = rooms_sio_string(p + 1, end);

            if (q == NULL || rooms_sio_lookalike(p + 1, q, end)) {
                return ROOMS_ERROR;
            }

            p = q + 1;
            continue;
        }

        q = (*p == '{') ? rooms_sio_object(p + 1, end, &num) : NULL;

        if (q == NULL) {
            p++;
            continue;
        }

        if (num >= attachments || n == max) {
            return ROOMS_ERROR;
        }

        order[n] = num;

        if (b != NULL) {
            rooms_buf_append(b, done, (size_t) (p - done));
            rooms_sio_placeholder(b, n);
        }

        n++;
        p = q;
        done = q;
    }

    if (b != NULL) {
        rooms_buf_append(b, done, (size_t) (end - done));
    }

    *count = n;

    return ROOMS_OK;
}
