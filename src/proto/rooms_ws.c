
/*
 * Copyright (C) nginx rooms contributors
 *
 * The reader works in two steps: a frame's header, taken from the input where
 * it lies whole there and collected in r->header otherwise; then its payload,
 * handed on from the input where the whole message lies there, collected
 * otherwise.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_ws.h>


#define ROOMS_WS_RSV23        0x30
#define ROOMS_WS_OPCODE       0x0f
#define ROOMS_WS_IS_CONTROL   0x08
#define ROOMS_WS_MASKED       0x80
#define ROOMS_WS_LENGTH       0x7f

#define ROOMS_WS_CONTROL_MAX  125

#define ROOMS_WS_NON_ASCII    UINT64_C(0x8080808080808080)

/* r->given: what the last event's payload lies in */

#define ROOMS_WS_GAVE_MESSAGE  1
#define ROOMS_WS_GAVE_PARTIAL  2


static rooms_int_t rooms_ws_whole(rooms_ws_reader_t *r,
    const rooms_ws_limits_t *l, unsigned char *p, size_t n, size_t *used,
    rooms_ws_event_t *ev);
static rooms_int_t rooms_ws_frames(rooms_ws_reader_t *r,
    const rooms_ws_limits_t *l, unsigned char *p, size_t n, size_t *used,
    rooms_ws_event_t *ev);
static rooms_int_t rooms_ws_utf8(rooms_ws_reader_t *r,
    const rooms_ws_event_t *ev);
static void rooms_ws_release(rooms_ws_reader_t *r);
static rooms_int_t rooms_ws_frame(rooms_ws_reader_t *r,
    const rooms_ws_limits_t *l, const unsigned char *p, size_t n,
    size_t *taken);
static rooms_int_t rooms_ws_check(rooms_ws_reader_t *r,
    const rooms_ws_limits_t *l, const unsigned char *h);
static rooms_int_t rooms_ws_begin(rooms_ws_reader_t *r,
    const rooms_ws_limits_t *l, const unsigned char *h);
static rooms_int_t rooms_ws_data(rooms_ws_reader_t *r, unsigned char *p,
    size_t n, size_t *taken, rooms_ws_event_t *ev);
static rooms_int_t rooms_ws_collect(rooms_ws_reader_t *r, unsigned char *p,
    size_t n, rooms_ws_event_t *ev);
static rooms_int_t rooms_ws_control(rooms_ws_reader_t *r, unsigned char *p,
    size_t n, size_t *taken, rooms_ws_event_t *ev);
static rooms_int_t rooms_ws_close(rooms_ws_reader_t *r, rooms_ws_event_t *ev);


static inline rooms_int_t
rooms_ws_fail(rooms_ws_reader_t *r, unsigned code)
{
    r->close = (uint16_t) code;

    return ROOMS_ERROR;
}


rooms_int_t
rooms_ws_read(rooms_ws_reader_t *r, const rooms_ws_limits_t *l,
    unsigned char *p, size_t n, size_t *used, rooms_ws_event_t *ev)
{
    rooms_int_t  rc;

    *used = 0;

    if (r->given) {
        rooms_ws_release(r);
    }

    if (r->close) {
        return ROOMS_ERROR;
    }

    rc = rooms_ws_whole(r, l, p, n, used, ev);

    return (rc == ROOMS_DECLINED) ? rooms_ws_frames(r, l, p, n, used, ev) : rc;
}


/*
 * By far the most messages are a single frame without compression that lies
 * whole in the input; those need no state.  ROOMS_DECLINED: it is not one, or
 * there is something about it that the long way will name.
 */

static inline rooms_int_t
rooms_ws_whole(rooms_ws_reader_t *r, const rooms_ws_limits_t *l,
    unsigned char *p, size_t n, size_t *used, rooms_ws_event_t *ev)
{
    size_t    len, head;
    uint32_t  mask;
    uint64_t  bits;

    if ((r->type | r->in_payload | r->nheader) || n < 6
        || (p[0] != (ROOMS_WS_FIN|ROOMS_WS_TEXT)
            && p[0] != (ROOMS_WS_FIN|ROOMS_WS_BINARY)))
    {
        return ROOMS_DECLINED;
    }

    len = p[1] ^ ROOMS_WS_MASKED;
    head = 6;

    if (len == 126 && n >= 8) {
        len = (size_t) p[2] << 8 | p[3];
        head = 8;

        if (len < 126) {
            return ROOMS_DECLINED;
        }

    } else if (len >= 126) {
        return ROOMS_DECLINED;
    }

    if (len > n - head || len > l->max_message || l->max_fragments == 0) {
        return ROOMS_DECLINED;
    }

    memcpy(&mask, p + head - 4, 4);

    ev->opcode = p[0] & ROOMS_WS_OPCODE;
    ev->compressed = 0;
    ev->code = 0;
    ev->payload = p + head;
    ev->len = len;

    *used = head + len;

    bits = rooms_ws_unmask(p + head, len, mask, 0);

    if (ev->opcode == ROOMS_WS_TEXT && (bits & ROOMS_WS_NON_ASCII)) {
        return rooms_ws_utf8(r, ev);
    }

    return ROOMS_OK;
}


/* Kept out of line, so that the short way has few registers to save. */

static __attribute__((noinline)) rooms_int_t
rooms_ws_frames(rooms_ws_reader_t *r, const rooms_ws_limits_t *l,
    unsigned char *p, size_t n, size_t *used, rooms_ws_event_t *ev)
{
    size_t          taken;
    rooms_int_t     rc;
    unsigned char  *start;

    start = p;

    while (n) {

        if (!r->in_payload) {
            rc = rooms_ws_frame(r, l, p, n, &taken);

            p += taken;
            n -= taken;

            if (rc != ROOMS_OK) {
                *used = (size_t) (p - start);
                return rc;
            }
        }

        rc = (r->opcode & ROOMS_WS_IS_CONTROL)
             ? rooms_ws_control(r, p, n, &taken, ev)
             : rooms_ws_data(r, p, n, &taken, ev);

        p += taken;
        n -= taken;

        if (rc != ROOMS_AGAIN) {
            *used = (size_t) (p - start);
            return rc;
        }
    }

    *used = (size_t) (p - start);

    return ROOMS_AGAIN;
}


static rooms_int_t
rooms_ws_utf8(rooms_ws_reader_t *r, const rooms_ws_event_t *ev)
{
    rooms_utf8_t  u;

    memset(&u, 0, sizeof(rooms_utf8_t));

    if (rooms_utf8_check(&u, ev->payload, ev->len) != ROOMS_OK || u.need) {
        return rooms_ws_fail(r, ROOMS_WS_INVALID);
    }

    return ROOMS_OK;
}


static void
rooms_ws_release(rooms_ws_reader_t *r)
{
    if (r->given & ROOMS_WS_GAVE_MESSAGE) {
        rooms_buf_free(&r->message);
    }

    if (r->given & ROOMS_WS_GAVE_PARTIAL) {
        free(r->partial);
        r->partial = NULL;
    }

    r->given = 0;
}


void
rooms_ws_reader_free(rooms_ws_reader_t *r)
{
    rooms_buf_free(&r->message);

    free(r->partial);
    r->partial = NULL;

    r->given = 0;
}


static inline size_t
rooms_ws_header_size(unsigned char second)
{
    unsigned  len;

    len = second & ROOMS_WS_LENGTH;

    return (size_t) 2 + 4 + (len == 126 ? 2 : 0) + (len == 127 ? 8 : 0);
}


/* Takes a frame's header, or as much of it as there is. */

static rooms_int_t
rooms_ws_frame(rooms_ws_reader_t *r, const rooms_ws_limits_t *l,
    const unsigned char *p, size_t n, size_t *taken)
{
    size_t  i, size;

    *taken = 0;

    if (r->nheader == 0 && n >= 2) {
        size = rooms_ws_header_size(p[1]);

        if (n >= size) {
            *taken = size;

            if (rooms_ws_check(r, l, p) != ROOMS_OK) {
                return ROOMS_ERROR;
            }

            return rooms_ws_begin(r, l, p);
        }
    }

    for (i = 0; i < n; /* void */ ) {
        r->header[r->nheader++] = p[i++];
        *taken = i;

        if (r->nheader < 2) {
            continue;
        }

        if (r->nheader == 2 && rooms_ws_check(r, l, r->header) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        if (r->nheader == rooms_ws_header_size(r->header[1])) {
            return rooms_ws_begin(r, l, r->header);
        }
    }

    return ROOMS_AGAIN;
}


/* What the first two octets alone tell: RFC 6455, sections 5.1, 5.2, 5.5. */

static rooms_int_t
rooms_ws_check(rooms_ws_reader_t *r, const rooms_ws_limits_t *l,
    const unsigned char *h)
{
    unsigned  opcode;

    opcode = h[0] & ROOMS_WS_OPCODE;

    if ((h[0] & ROOMS_WS_RSV23) || !(h[1] & ROOMS_WS_MASKED)) {
        return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
    }

    if (opcode & ROOMS_WS_IS_CONTROL) {

        if (opcode > ROOMS_WS_PONG
            || (h[0] & (ROOMS_WS_FIN|ROOMS_WS_RSV1)) != ROOMS_WS_FIN
            || (h[1] & ROOMS_WS_LENGTH) > ROOMS_WS_CONTROL_MAX)
        {
            return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
        }

        return ROOMS_OK;
    }

    if (opcode > ROOMS_WS_BINARY
        || (opcode == ROOMS_WS_CONTINUATION) != (r->type != 0))
    {
        return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
    }

    if ((h[0] & ROOMS_WS_RSV1)
        && (opcode == ROOMS_WS_CONTINUATION || !l->deflate))
    {
        return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
    }

    return ROOMS_OK;
}


/* Takes over a whole header that rooms_ws_check() has passed. */

static rooms_int_t
rooms_ws_begin(rooms_ws_reader_t *r, const rooms_ws_limits_t *l,
    const unsigned char *h)
{
    uint64_t              len;
    unsigned              i, opcode;
    const unsigned char  *p;

    opcode = h[0] & ROOMS_WS_OPCODE;
    len = h[1] & ROOMS_WS_LENGTH;
    p = h + 2;

    if (len == 126) {
        len = (uint64_t) p[0] << 8 | p[1];
        p += 2;

        if (len < 126) {
            return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
        }

    } else if (len == 127) {
        len = 0;

        for (i = 0; i < 8; i++) {
            len = len << 8 | *p++;
        }

        if (len <= UINT16_MAX || len > INT64_MAX) {
            return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
        }
    }

    memcpy(&r->mask, p, 4);

    r->left = len;
    r->nheader = 0;
    r->control = 0;
    r->opcode = (uint8_t) opcode;
    r->fin = (h[0] & ROOMS_WS_FIN) ? 1 : 0;
    r->in_payload = 1;
    r->phase = 0;

    if (opcode & ROOMS_WS_IS_CONTROL) {
        return ROOMS_OK;
    }

    if (opcode != ROOMS_WS_CONTINUATION) {
        r->type = (uint8_t) opcode;
        r->compressed = (h[0] & ROOMS_WS_RSV1) ? 1 : 0;
        r->fragments = 0;
    }

    if (r->fragments >= l->max_fragments
        || len > l->max_message
        || r->message.len > l->max_message - len)
    {
        return rooms_ws_fail(r, ROOMS_WS_TOO_BIG);
    }

    r->fragments++;

    return ROOMS_OK;
}


static rooms_int_t
rooms_ws_data(rooms_ws_reader_t *r, unsigned char *p, size_t n,
    size_t *taken, rooms_ws_event_t *ev)
{
    uint64_t     bits;
    rooms_int_t  rc;

    if (r->left < n) {
        n = (size_t) r->left;
    }

    *taken = n;

    bits = rooms_ws_unmask(p, n, r->mask, r->phase);

    if (r->type == ROOMS_WS_TEXT && !r->compressed
        && ((bits & ROOMS_WS_NON_ASCII) || r->utf8.need)
        && rooms_utf8_check(&r->utf8, p, n) != ROOMS_OK)
    {
        return rooms_ws_fail(r, ROOMS_WS_INVALID);
    }

    r->left -= n;
    r->phase = (r->phase + n) & 3;

    if (r->left == 0 && r->fin && r->message.len == 0) {
        ev->payload = p;
        ev->len = n;

    } else {
        rc = rooms_ws_collect(r, p, n, ev);

        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    if (r->utf8.need) {
        return rooms_ws_fail(r, ROOMS_WS_INVALID);
    }

    ev->opcode = r->type;
    ev->compressed = r->compressed;
    ev->code = 0;

    r->in_payload = 0;
    r->type = 0;

    return ROOMS_OK;
}


/* ROOMS_OK: the message is complete in r->message. */

static rooms_int_t
rooms_ws_collect(rooms_ws_reader_t *r, unsigned char *p, size_t n,
    rooms_ws_event_t *ev)
{
    /*
     * The last frame's length is a good bound for the doubling; an inner
     * frame's would have the buffer grow once per fragment.
     */

    r->message.limit = r->fin ? r->message.len + n + (size_t) r->left : 0;

    rooms_buf_append(&r->message, p, n);

    if (r->message.failed) {
        return rooms_ws_fail(r, ROOMS_WS_INTERNAL);
    }

    if (r->left) {
        return ROOMS_AGAIN;
    }

    if (!r->fin) {
        r->in_payload = 0;
        return ROOMS_AGAIN;
    }

    ev->payload = r->message.data;
    ev->len = r->message.len;

    r->given = ROOMS_WS_GAVE_MESSAGE;

    return ROOMS_OK;
}


static rooms_int_t
rooms_ws_control(rooms_ws_reader_t *r, unsigned char *p, size_t n,
    size_t *taken, rooms_ws_event_t *ev)
{
    if (r->left < n) {
        n = (size_t) r->left;
    }

    *taken = n;

    (void) rooms_ws_unmask(p, n, r->mask, r->phase);

    r->left -= n;
    r->phase = (r->phase + n) & 3;

    if (r->left == 0 && r->control == 0) {
        ev->payload = p;
        ev->len = n;

    } else if (n) {

        if (r->partial == NULL) {
            r->partial = malloc(ROOMS_WS_CONTROL_MAX);

            if (r->partial == NULL) {
                return rooms_ws_fail(r, ROOMS_WS_INTERNAL);
            }
        }

        memcpy(r->partial + r->control, p, n);
        r->control = (uint8_t) (r->control + n);

        ev->payload = r->partial;
        ev->len = r->control;
    }

    if (r->left) {
        return ROOMS_AGAIN;
    }

    if (r->control) {
        r->given = ROOMS_WS_GAVE_PARTIAL;
    }

    r->in_payload = 0;

    ev->opcode = r->opcode;
    ev->compressed = 0;
    ev->code = 0;

    return (r->opcode == ROOMS_WS_CLOSE) ? rooms_ws_close(r, ev) : ROOMS_OK;
}


/* The body of a close frame: RFC 6455, sections 5.5.1 and 7.4. */

static rooms_int_t
rooms_ws_close(rooms_ws_reader_t *r, rooms_ws_event_t *ev)
{
    unsigned  code;

    if (ev->len == 0) {
        ev->code = ROOMS_WS_NO_STATUS;
        return ROOMS_OK;
    }

    if (ev->len == 1) {
        return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
    }

    code = (unsigned) ev->payload[0] << 8 | ev->payload[1];

    /* 1004 is reserved, 1005, 1006 and 1015 are never sent */

    if (!((code >= 1000 && code <= 1003)
          || (code >= 1007 && code <= 1014)
          || (code >= 3000 && code <= 4999)))
    {
        return rooms_ws_fail(r, ROOMS_WS_PROTOCOL);
    }

    ev->code = (uint16_t) code;
    ev->payload += 2;
    ev->len -= 2;

    return rooms_ws_utf8(r, ev);
}
