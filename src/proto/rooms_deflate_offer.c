
/*
 * Copyright (C) nginx rooms contributors
 *
 * Negotiation of permessage-deflate: the header's grammar is that of RFC 6455,
 * section 9.1, the parameters' meaning that of RFC 7692, section 7.1.
 */


#include <string.h>

#include <rooms_deflate.h>


#define ROOMS_DEFLATE_BITS_MIN   8
#define ROOMS_DEFLATE_BITS_MAX   15

/* parameters of an offer, each at most once */

#define ROOMS_DEFLATE_SERVER_NO    0x1
#define ROOMS_DEFLATE_CLIENT_NO    0x2
#define ROOMS_DEFLATE_SERVER_BITS  0x4
#define ROOMS_DEFLATE_CLIENT_BITS  0x8


typedef struct {
    unsigned    seen;
    unsigned    server_bits;
    unsigned    client_bits;
    unsigned    refused:1;
} rooms_deflate_offer_t;


static const struct {
    rooms_str_t  name;
    unsigned     flag;
} rooms_deflate_names[] = {
    { rooms_string("server_no_context_takeover"), ROOMS_DEFLATE_SERVER_NO },
    { rooms_string("client_no_context_takeover"), ROOMS_DEFLATE_CLIENT_NO },
    { rooms_string("server_max_window_bits"), ROOMS_DEFLATE_SERVER_BITS },
    { rooms_string("client_max_window_bits"), ROOMS_DEFLATE_CLIENT_BITS },
    { rooms_null_string, 0 }
};


static rooms_int_t
rooms_deflate_equal(rooms_str_t a, rooms_str_t b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}


static void
rooms_deflate_space(rooms_str_t *s)
{
    while (s->len && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }
}


/* Takes the octet c, with white space behind it. */

static rooms_int_t
rooms_deflate_take(rooms_str_t *s, unsigned char c)
{
    if (s->len == 0 || s->data[0] != c) {
        return 0;
    }

    s->data++;
    s->len--;

    rooms_deflate_space(s);

    return 1;
}


static rooms_int_t
rooms_deflate_tchar(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


/* A token, with white space behind it. */

static rooms_int_t
rooms_deflate_token(rooms_str_t *s, rooms_str_t *token)
{
    size_t  n;

    for (n = 0; n < s->len && rooms_deflate_tchar(s->data[n]); n++) {
        /* void */
    }

    if (n == 0) {
        return ROOMS_ERROR;
    }

    *token = rooms_str(s->data, n);

    s->data += n;
    s->len -= n;

    rooms_deflate_space(s);

    return ROOMS_OK;
}


/* A parameter's value; what was quoted has to be a token too. */

static rooms_int_t
rooms_deflate_value(rooms_str_t *s, rooms_str_t *value)
{
    rooms_str_t  rest;

    if (s->len == 0 || s->data[0] != '"') {
        return rooms_deflate_token(s, value);
    }

    rest = rooms_str(s->data + 1, s->len - 1);

    if (rooms_deflate_token(&rest, value) != ROOMS_OK
        || value->data + value->len != rest.data
        || !rooms_deflate_take(&rest, '"'))
    {
        return ROOMS_ERROR;
    }

    *s = rest;

    return ROOMS_OK;
}


/* 8..15 without leading zeros, 0 for all else. */

static unsigned
rooms_deflate_bits(rooms_str_t value)
{
    unsigned  i, n;

    n = 0;

    if (value.len == 0 || value.len > 2 || value.data[0] == '0') {
        return 0;
    }

    for (i = 0; i < value.len; i++) {

        if (value.data[i] < '0' || value.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (unsigned) (value.data[i] - '0');
    }

    if (n < ROOMS_DEFLATE_BITS_MIN || n > ROOMS_DEFLATE_BITS_MAX) {
        return 0;
    }

    return n;
}


/* Notes one parameter; value has no data where there was none. */

static void
rooms_deflate_param(rooms_deflate_offer_t *o, rooms_str_t name,
    rooms_str_t value)
{
    unsigned  i, bits, flag;

    for (i = 0; rooms_deflate_names[i].flag; i++) {
        if (rooms_deflate_equal(name, rooms_deflate_names[i].name)) {
            break;
        }
    }

    flag = rooms_deflate_names[i].flag;

    if (flag == 0 || (o->seen & flag)) {
        o->refused = 1;
        return;
    }

    o->seen |= flag;
    bits = rooms_deflate_bits(value);

    switch (flag) {

    case ROOMS_DEFLATE_SERVER_BITS:
        o->server_bits = bits;
        break;

    case ROOMS_DEFLATE_CLIENT_BITS:
        if (value.data == NULL) {
            bits = ROOMS_DEFLATE_BITS_MAX;
        }

        o->client_bits = bits;
        break;

    default:
        bits = (value.data == NULL);
    }

    if (bits == 0) {
        o->refused = 1;
    }
}


/* One extension with its parameters, up to the ',' or the end. */

static rooms_int_t
rooms_deflate_extension(rooms_str_t *s, rooms_deflate_offer_t *o)
{
    rooms_str_t  name, value;

    memset(o, 0, sizeof(rooms_deflate_offer_t));
    o->server_bits = ROOMS_DEFLATE_BITS_MAX;
    o->client_bits = ROOMS_DEFLATE_BITS_MAX;

    if (rooms_deflate_token(s, &name) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (!rooms_deflate_equal(name, rooms_str("permessage-deflate", 18))) {
        o->refused = 1;
    }

    while (rooms_deflate_take(s, ';')) {

        if (rooms_deflate_token(s, &name) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        value = rooms_str(NULL, 0);

        if (rooms_deflate_take(s, '=')
            && rooms_deflate_value(s, &value) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }

        rooms_deflate_param(o, name, value);
    }

    return (s->len == 0 || s->data[0] == ',') ? ROOMS_OK : ROOMS_ERROR;
}


/*
 * A window that was not asked for is at least 9 bits, since with 8 there is
 * hardly any compression.
 */

static unsigned
rooms_deflate_window(unsigned offered, unsigned wanted)
{
    if (wanted <= ROOMS_DEFLATE_BITS_MIN) {
        wanted = ROOMS_DEFLATE_BITS_MIN + 1;
    }

    return offered < wanted ? offered : wanted;
}


static void
rooms_deflate_accept(const rooms_deflate_offer_t *o,
    const rooms_deflate_params_t *want, rooms_deflate_params_t *got)
{
    memset(got, 0, sizeof(rooms_deflate_params_t));

    got->server_bits = (uint8_t) rooms_deflate_window(o->server_bits,
                                                      want->server_bits);
    got->client_bits = ROOMS_DEFLATE_BITS_MAX;

    /* the client's window may be limited only where the offer allows it */

    if (o->seen & ROOMS_DEFLATE_CLIENT_BITS) {
        got->client_bits_given = 1;
        got->client_bits = (uint8_t) rooms_deflate_window(o->client_bits,
                                                          want->client_bits);
    }

    got->server_no_takeover = want->server_no_takeover
                              || (o->seen & ROOMS_DEFLATE_SERVER_NO);
    got->client_no_takeover = want->client_no_takeover
                              || (o->seen & ROOMS_DEFLATE_CLIENT_NO);
}


static void
rooms_deflate_write(rooms_buf_t *b, const char *text, unsigned bits)
{
    rooms_buf_append(b, text, strlen(text));

    if (bits) {
        rooms_buf_uint(b, bits);
    }
}


static void
rooms_deflate_answer(rooms_buf_t *b, const rooms_deflate_offer_t *o,
    const rooms_deflate_params_t *got)
{
    rooms_deflate_write(b, "permessage-deflate", 0);

    if (got->server_no_takeover) {
        rooms_deflate_write(b, "; server_no_context_takeover", 0);
    }

    if (got->client_no_takeover) {
        rooms_deflate_write(b, "; client_no_context_takeover", 0);
    }

    if ((o->seen & ROOMS_DEFLATE_SERVER_BITS)
        || got->server_bits < ROOMS_DEFLATE_BITS_MAX)
    {
        rooms_deflate_write(b, "; server_max_window_bits=", got->server_bits);
    }

    if (got->client_bits < ROOMS_DEFLATE_BITS_MAX) {
        rooms_deflate_write(b, "; client_max_window_bits=", got->client_bits);
    }
}


rooms_int_t
rooms_deflate_negotiate(rooms_str_t value, const rooms_deflate_params_t *want,
    rooms_deflate_params_t *got, rooms_buf_t *answer)
{
    unsigned               found;
    rooms_deflate_offer_t  offer, chosen;

    found = 0;
    memset(&chosen, 0, sizeof(rooms_deflate_offer_t));

    rooms_deflate_space(&value);

    while (value.len) {

        /* a list may have empty elements: RFC 7230, section 7 */

        if (rooms_deflate_take(&value, ',')) {
            continue;
        }

        if (rooms_deflate_extension(&value, &offer) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

        if (!found && !offer.refused) {
            chosen = offer;
            found = 1;
        }
    }

    if (!found) {
        return ROOMS_DECLINED;
    }

    rooms_deflate_accept(&chosen, want, got);
    rooms_deflate_answer(answer, &chosen, got);

    return ROOMS_OK;
}
