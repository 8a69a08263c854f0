
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#if (__SSE2__)
#include <emmintrin.h>
#endif

#include <rooms_json.h>
#include <rooms_json_text.h>


/* Classes of octets within a string. */

#define ROOMS_JSON_PLAIN   0
#define ROOMS_JSON_BAD     1            /* must not stand there */
#define ROOMS_JSON_QUOTE   2
#define ROOMS_JSON_ESCAPE  3
#define ROOMS_JSON_LEAD2   4            /* first of so many octets */
#define ROOMS_JSON_LEAD3   5
#define ROOMS_JSON_LEAD4   6


#define ROOMS_JSON_CONTROL_ROW  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define ROOMS_JSON_PLAIN_ROW    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define ROOMS_JSON_LEAD2_ROW    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4
#define ROOMS_JSON_LEAD3_ROW    5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5


static const unsigned char  rooms_json_class[256] = {
    ROOMS_JSON_CONTROL_ROW,
    ROOMS_JSON_CONTROL_ROW,
    0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ROOMS_JSON_PLAIN_ROW,
    ROOMS_JSON_PLAIN_ROW,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
    ROOMS_JSON_PLAIN_ROW,
    ROOMS_JSON_PLAIN_ROW,
    ROOMS_JSON_CONTROL_ROW,
    ROOMS_JSON_CONTROL_ROW,
    ROOMS_JSON_CONTROL_ROW,
    ROOMS_JSON_CONTROL_ROW,
    1, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
    ROOMS_JSON_LEAD2_ROW,
    ROOMS_JSON_LEAD3_ROW,
    6, 6, 6, 6, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
};


typedef struct {
    const unsigned char  *start;
    const unsigned char  *end;
    const char           *reason;
    const unsigned char  *where;
} rooms_json_scan_t;


static rooms_int_t rooms_json_scan(rooms_json_scan_t *s,
    const rooms_json_limits_t *limits, rooms_str_t *items, size_t max,
    size_t *n);
static const unsigned char *rooms_json_scan_string(rooms_json_scan_t *s,
    const unsigned char *p);
static const unsigned char *rooms_json_scan_escape(rooms_json_scan_t *s,
    const unsigned char *p);
static const unsigned char *rooms_json_scan_number(rooms_json_scan_t *s,
    const unsigned char *p);
static const unsigned char *rooms_json_scan_word(rooms_json_scan_t *s,
    const unsigned char *p);


static inline const unsigned char *
rooms_json_fail(rooms_json_scan_t *s, const unsigned char *p,
    const char *reason)
{
    s->where = p;
    s->reason = reason;

    return NULL;
}


static inline const unsigned char *
rooms_json_space(const unsigned char *p, const unsigned char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }

    return p;
}


rooms_int_t
rooms_json_check(rooms_str_t text, const rooms_json_limits_t *limits,
    rooms_json_error_t *err)
{
    rooms_int_t        rc;
    rooms_json_scan_t  s;

    s.start = text.len ? text.data : (const unsigned char *) "";
    s.end = s.start + text.len;

    rc = rooms_json_scan(&s, limits, NULL, 0, NULL);

    if (rc != ROOMS_OK && err != NULL) {
        err->offset = s.where - s.start;
        err->reason = s.reason;
    }

    return rc;
}


rooms_int_t
rooms_json_items(rooms_str_t text, const rooms_json_limits_t *limits,
    rooms_str_t *items, size_t max, size_t *n, rooms_json_error_t *err)
{
    rooms_int_t           rc;
    rooms_json_scan_t     s;
    const unsigned char  *p;

    s.start = text.len ? text.data : (const unsigned char *) "";
    s.end = s.start + text.len;
    *n = 0;

    p = rooms_json_space(s.start, s.end);

    if (p == s.end || *p != '[') {
        s.where = p;
        s.reason = "not an array";
        rc = ROOMS_ERROR;

    } else {
        rc = rooms_json_scan(&s, limits, items, max, n);
    }

    if (rc != ROOMS_OK && err != NULL) {
        err->offset = s.where - s.start;
        err->reason = s.reason;
    }

    return rc;
}


/*
 * The whole grammar in one loop.  "stack" has one bit for each open bracket:
 * is it an object?  With n set, the values at depth one are noted in items.
 */

static rooms_int_t
rooms_json_scan(rooms_json_scan_t *s, const rooms_json_limits_t *limits,
    rooms_str_t *items, size_t max, size_t *n)
{
    unsigned              depth, deepest;
    uint64_t              stack[ROOMS_JSON_DEPTH_MAX / 64 + 1];
    size_t                nodes, left;
    const unsigned char  *p, *end, *item;

    deepest = limits ? limits->depth : ROOMS_JSON_DEPTH;
    nodes = limits && limits->nodes ? limits->nodes : SIZE_MAX;
    left = nodes;

    if (deepest > ROOMS_JSON_DEPTH_MAX) {
        deepest = ROOMS_JSON_DEPTH_MAX;
    }

    depth = 0;
    stack[0] = 0;
    item = NULL;
    end = s->end;
    p = s->start;

#define rooms_json_in_object()                                                \
    (stack[depth >> 6] >> (depth & 63) & 1)

value:

    p = rooms_json_space(p, end);

    if (p == end) {
        (void) rooms_json_fail(s, p, "unexpected end");
        return ROOMS_ERROR;
    }

    if (left == 0) {
        (void) rooms_json_fail(s, p, "too many values");
        return ROOMS_DECLINED;
    }

    left--;

    if (depth == 1 && n != NULL) {

        if (*n == max) {
            (void) rooms_json_fail(s, p, "too many elements");
            return ROOMS_DECLINED;
        }

        item = p;
    }

    switch (*p) {

    case '{':
    case '[':

        if (depth == deepest) {
            (void) rooms_json_fail(s, p, "too deep");
            return ROOMS_DECLINED;
        }

        depth++;

        if ((depth & 63) == 0) {
            stack[depth >> 6] = 0;
        }

        if (*p == '{') {
            stack[depth >> 6] |= (uint64_t) 1 << (depth & 63);
            p = rooms_json_space(p + 1, end);

            if (p < end && *p == '}') {
                goto close;
            }

            goto key;
        }

        stack[depth >> 6] &= ~((uint64_t) 1 << (depth & 63));
        p = rooms_json_space(p + 1, end);

        if (p < end && *p == ']') {
            goto close;
        }

        goto value;

    case '"':
        p = rooms_json_scan_string(s, p);
        break;

    case 't':
    case 'f':
    case 'n':
        p = rooms_json_scan_word(s, p);
        break;

    default:
        p = rooms_json_scan_number(s, p);
        break;
    }

    if (p == NULL) {
        return ROOMS_ERROR;
    }

    goto after;

key:

    if (p == end || *p != '"') {
        (void) rooms_json_fail(s, p, p == end ? "unexpected end"
                                              : "a key expected");
        return ROOMS_ERROR;
    }

    p = rooms_json_scan_string(s, p);
    if (p == NULL) {
        return ROOMS_ERROR;
    }

    p = rooms_json_space(p, end);

    if (p == end || *p != ':') {
        (void) rooms_json_fail(s, p, p == end ? "unexpected end"
                                              : "\":\" expected");
        return ROOMS_ERROR;
    }

    p++;

    goto value;

close:

    depth--;
    p++;

after:

    if (depth == 1 && item != NULL) {
        items[*n] = rooms_str(item, p - item);
        (*n)++;
        item = NULL;
    }

    p = rooms_json_space(p, end);

    if (depth == 0) {

        if (p != end) {
            (void) rooms_json_fail(s, p, "text after the value");
            return ROOMS_ERROR;
        }

        return ROOMS_OK;
    }

    if (p == end) {
        (void) rooms_json_fail(s, p, "unexpected end");
        return ROOMS_ERROR;
    }

    if (*p == ',') {
        p++;

        if (rooms_json_in_object()) {
            p = rooms_json_space(p, end);
            goto key;
        }

        goto value;
    }

    if (*p == (rooms_json_in_object() ? '}' : ']')) {
        goto close;
    }

    (void) rooms_json_fail(s, p, "\",\" or a closing bracket expected");

    return ROOMS_ERROR;
}


/*
 * How many octets from p on are known to be plain within a string; some that
 * follow may be plain, too.
 */

#define ROOMS_JSON_OCTETS(c)  (UINT64_C(0x0101010101010101) * (c))

static inline size_t
rooms_json_plain(const unsigned char *p, const unsigned char *end)
{
    uint64_t              w, quote, escape, found;
    const unsigned char  *start;

#if (__SSE2__)
    int                   mask;
    __m128i               v, bad;
#endif

    start = p;

#if (__SSE2__)

    while (end - p >= 16) {
        v = _mm_loadu_si128((const __m128i *) p);

        /* as signed numbers, those from 0x80 on are below the space, too */

        bad = _mm_or_si128(_mm_cmpgt_epi8(_mm_set1_epi8(0x20), v),
                           _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                        _mm_cmpeq_epi8(v,
                                                     _mm_set1_epi8('\\'))));

        mask = _mm_movemask_epi8(bad);

        if (mask) {
            return p - start + __builtin_ctz(mask);
        }

        p += 16;
    }

#endif

    while (end - p >= 8) {
        memcpy(&w, p, 8);

        quote = w ^ ROOMS_JSON_OCTETS('"');
        escape = w ^ ROOMS_JSON_OCTETS('\\');

        /* the borrow of a subtraction shows in the highest bit of an octet */

        found = ((w - ROOMS_JSON_OCTETS(0x20)) & ~w)
                | ((quote - ROOMS_JSON_OCTETS(1)) & ~quote)
                | ((escape - ROOMS_JSON_OCTETS(1)) & ~escape)
                | w;

        if (found & ROOMS_JSON_OCTETS(0x80)) {
            break;
        }

        p += 8;
    }

    return p - start;
}


/* From the opening quote to behind the closing one. */

static const unsigned char *
rooms_json_scan_string(rooms_json_scan_t *s, const unsigned char *p)
{
    size_t                n;
    const unsigned char  *end;

    end = s->end;
    p++;

    for ( ;; ) {

        p += rooms_json_plain(p, end);

        while (p < end && rooms_json_class[*p] == ROOMS_JSON_PLAIN) {
            p++;
        }

        if (p == end) {
            return rooms_json_fail(s, p, "unexpected end");
        }

        switch (rooms_json_class[*p]) {

        case ROOMS_JSON_QUOTE:
            return p + 1;

        case ROOMS_JSON_ESCAPE:
            p = rooms_json_scan_escape(s, p);
            if (p == NULL) {
                return NULL;
            }
            break;

        case ROOMS_JSON_BAD:
            return rooms_json_fail(s, p, *p < 0x20
                                         ? "a control character in a string"
                                         : "not UTF-8");

        default:
            n = rooms_json_utf8(p, end);
            if (n == 0) {
                return rooms_json_fail(s, p, "not UTF-8");
            }

            p += n;
            break;
        }
    }
}


static const unsigned char *
rooms_json_scan_escape(rooms_json_scan_t *s, const unsigned char *p)
{
    if (s->end - p < 2) {
        return rooms_json_fail(s, s->end, "unexpected end");
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;

    case 'u':
        if (s->end - p < 6) {
            return rooms_json_fail(s, p, "an incomplete escape");
        }

        if (rooms_json_hex(p + 2) < 0) {
            return rooms_json_fail(s, p, "a malformed escape");
        }

        return p + 6;

    default:
        return rooms_json_fail(s, p, "an unknown escape");
    }
}


static inline const unsigned char *
rooms_json_digits(const unsigned char *p, const unsigned char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


static const unsigned char *
rooms_json_scan_number(rooms_json_scan_t *s, const unsigned char *p)
{
    const unsigned char  *end, *q;

    end = s->end;
    q = p;

    if (*q == '-') {
        q++;
    }

    if (q == end || *q < '0' || *q > '9') {
        return rooms_json_fail(s, q, q == end ? "unexpected end"
                                     : q == p ? "a value expected"
                                              : "a digit expected");
    }

    p = (*q == '0') ? q + 1 : rooms_json_digits(q, end);

    if (p < end && *p == '.') {
        q = p + 1;
        p = rooms_json_digits(q, end);

        if (p == q) {
            return rooms_json_fail(s, p, "a digit expected");
        }
    }

    if (p < end && (*p == 'e' || *p == 'E')) {
        q = p + 1;

        if (q < end && (*q == '+' || *q == '-')) {
            q++;
        }

        p = rooms_json_digits(q, end);

        if (p == q) {
            return rooms_json_fail(s, p, "a digit expected");
        }
    }

    return p;
}


static const unsigned char *
rooms_json_scan_word(rooms_json_scan_t *s, const unsigned char *p)
{
    size_t       n;
    const char  *word;

    word = (*p == 't') ? "true" : (*p == 'f') ? "false" : "null";
    n = strlen(word);

    if ((size_t) (s->end - p) < n || memcmp(p, word, n) != 0) {
        return rooms_json_fail(s, p, "a value expected");
    }

    return p + n;
}
