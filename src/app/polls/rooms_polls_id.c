
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <openssl/sha.h>

#include <rooms_polls_id.h>


void
rooms_polls_hex(const unsigned char *p, size_t n, char *text)
{
    size_t  i;

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < n; i++) {
        text[2 * i] = digits[p[i] >> 4];
        text[2 * i + 1] = digits[p[i] & 15];
    }
}


static int
rooms_polls_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static void
rooms_polls_uuid(const unsigned char *raw, char *text)
{
    unsigned  i, n;

    static const unsigned char  groups[] = { 4, 2, 2, 2, 6 };

    for (i = 0; i < sizeof(groups); i++) {
        n = groups[i];
        rooms_polls_hex(raw, n, text);
        raw += n;
        text += 2 * n;
        *text++ = '-';
    }

    text[-1] = '\0';
}


/* Fills in what depends on the secret. */

static void
rooms_polls_id_seal(unsigned char *raw, const unsigned char *secret)
{
    unsigned char  in[ROOMS_POLLS_SECRET + 16], out[SHA256_DIGEST_LENGTH];

    raw[8] = 0x80;
    memset(raw + 13, 0, 3);

    memcpy(in, secret, ROOMS_POLLS_SECRET);
    memcpy(in + ROOMS_POLLS_SECRET, raw, 16);
    (void) SHA256(in, sizeof(in), out);

    raw[8] = 0x80 | (out[0] & 0x3f);
    memcpy(raw + 13, out + 1, 3);
}


void
rooms_polls_id_make(const unsigned char *key, const unsigned char *secret,
    rooms_polls_id_e kind, uint32_t number, unsigned sub, char *text)
{
    unsigned char  raw[16];

    memcpy(raw, key, ROOMS_POLLS_KEY);
    raw[6] = 0x80 | kind;
    raw[7] = (unsigned char) sub;
    raw[9] = (unsigned char) (number >> 24);
    raw[10] = (unsigned char) (number >> 16);
    raw[11] = (unsigned char) (number >> 8);
    raw[12] = (unsigned char) number;

    rooms_polls_id_seal(raw, secret);
    rooms_polls_uuid(raw, text);
}


void
rooms_polls_id_vote(const unsigned char *key, const unsigned char *id,
    char *text)
{
    unsigned char  raw[16];

    memcpy(raw, key, ROOMS_POLLS_KEY);
    raw[6] = 0x80 | ROOMS_POLLS_ID_VOTE;
    raw[7] = id[0];
    raw[8] = 0x80 | (id[1] & 0x3f);
    memcpy(raw + 9, id + 1, 7);

    rooms_polls_uuid(raw, text);
}


rooms_int_t
rooms_polls_id_parse(rooms_str_t text, rooms_polls_id_t *id)
{
    int       hi, lo;
    size_t    i;
    unsigned  n;

    if (text.len != ROOMS_POLLS_UUID) {
        return ROOMS_ERROR;
    }

    n = 0;

    for (i = 0; i < text.len; /* void */ ) {

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.data[i++] != '-') {
                return ROOMS_ERROR;
            }

            continue;
        }

        hi = rooms_polls_digit(text.data[i]);
        lo = rooms_polls_digit(text.data[i + 1]);

        if (hi < 0 || lo < 0) {
            return ROOMS_ERROR;
        }

        id->raw[n++] = (unsigned char) (hi << 4 | lo);
        i += 2;
    }

    id->kind = id->raw[6] & 15;
    id->sub = id->raw[7];
    id->number = (uint32_t) id->raw[9] << 24 | (uint32_t) id->raw[10] << 16
                 | (uint32_t) id->raw[11] << 8 | id->raw[12];

    return (id->raw[6] & 0xf0) == 0x80 && (id->raw[8] & 0xc0) == 0x80
           ? ROOMS_OK : ROOMS_DECLINED;
}


unsigned
rooms_polls_id_check(const rooms_polls_id_t *id, rooms_polls_id_e kind,
    const unsigned char *key, const unsigned char *secret)
{
    unsigned char  raw[16];

    if (id->kind != kind || memcmp(id->raw, key, ROOMS_POLLS_KEY) != 0) {
        return 0;
    }

    memcpy(raw, id->raw, 16);
    rooms_polls_id_seal(raw, secret);

    return rooms_polls_equal(rooms_str(raw, 16), rooms_str(id->raw, 16));
}


rooms_str_t
rooms_polls_room_key(char *buf, const unsigned char *key)
{
    rooms_polls_hex(key, ROOMS_POLLS_KEY, buf);

    return rooms_str(buf, ROOMS_POLLS_KEY_TEXT);
}


rooms_str_t
rooms_polls_room_slug(char *buf, rooms_str_t slug)
{
    memcpy(buf, "slug:", 5);
    memcpy(buf + 5, slug.data, ROOMS_POLLS_SLUG);

    return rooms_str(buf, 5 + ROOMS_POLLS_SLUG);
}


rooms_str_t
rooms_polls_room_presenter(char *buf, const char *id)
{
    memcpy(buf, "presenter:", 10);
    memcpy(buf + 10, id, ROOMS_POLLS_UUID);

    return rooms_str(buf, 10 + ROOMS_POLLS_UUID);
}


unsigned
rooms_polls_is_slug(rooms_str_t s)
{
    size_t         i;
    unsigned char  c;

    if (s.len != ROOMS_POLLS_SLUG) {
        return 0;
    }

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) {
            return 0;
        }
    }

    return 1;
}


/* 2^64 over 36^6: no bias that could be measured */

void
rooms_polls_slug(const unsigned char *random, unsigned char *slug)
{
    uint64_t  n;
    unsigned  i;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    memcpy(&n, random, sizeof(uint64_t));

    for (i = 0; i < ROOMS_POLLS_SLUG; i++) {
        slug[i] = (unsigned char) digits[n % 36];
        n /= 36;
    }
}


void
rooms_polls_token(const unsigned char *random, char *token)
{
    rooms_polls_hex(random, ROOMS_POLLS_TOKEN_RAW, token);
    token[ROOMS_POLLS_TOKEN] = '\0';
}


rooms_int_t
rooms_polls_token_id(rooms_str_t token, char *id)
{
    size_t         i;
    unsigned char  out[SHA256_DIGEST_LENGTH];

    if (token.len != ROOMS_POLLS_TOKEN) {
        return ROOMS_ERROR;
    }

    for (i = 0; i < token.len; i++) {
        if (rooms_polls_digit(token.data[i]) < 0
            || (token.data[i] >= 'A' && token.data[i] <= 'F'))
        {
            return ROOMS_ERROR;
        }
    }

    (void) SHA256(token.data, token.len, out);

    out[6] = 0x8f;
    out[8] = 0x80 | (out[8] & 0x3f);

    rooms_polls_uuid(out, id);

    return ROOMS_OK;
}


void
rooms_polls_pass(const unsigned char *secret, uint32_t participant,
    char *pass)
{
    unsigned char  in[ROOMS_POLLS_SECRET + 8], out[SHA256_DIGEST_LENGTH];

    memcpy(in, secret, ROOMS_POLLS_SECRET);
    memcpy(in + ROOMS_POLLS_SECRET, "pass", 4);
    in[ROOMS_POLLS_SECRET + 4] = (unsigned char) (participant >> 24);
    in[ROOMS_POLLS_SECRET + 5] = (unsigned char) (participant >> 16);
    in[ROOMS_POLLS_SECRET + 6] = (unsigned char) (participant >> 8);
    in[ROOMS_POLLS_SECRET + 7] = (unsigned char) participant;

    (void) SHA256(in, sizeof(in), out);

    rooms_polls_hex(out, ROOMS_POLLS_PASS / 2, pass);
    pass[ROOMS_POLLS_PASS] = '\0';
}


rooms_str_t
rooms_polls_bearer(rooms_str_t s)
{
    if (s.len < 7 || strncasecmp((const char *) s.data, "bearer ", 7) != 0) {
        return rooms_str(NULL, 0);
    }

    s.data += 7;
    s.len -= 7;

    while (s.len && s.data[0] == ' ') {
        s.data++;
        s.len--;
    }

    return s;
}


unsigned
rooms_polls_equal(rooms_str_t a, rooms_str_t b)
{
    size_t                  i;
    volatile unsigned char  diff;

    if (a.len != b.len) {
        return 0;
    }

    diff = 0;

    for (i = 0; i < a.len; i++) {
        diff |= a.data[i] ^ b.data[i];
    }

    return diff == 0;
}
