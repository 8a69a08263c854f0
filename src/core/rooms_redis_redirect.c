
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_redis_redirect.h>


#define ROOMS_REDIS_BACKOFF      50
#define ROOMS_REDIS_BACKOFF_MAX  2000


static const struct {
    const char              *word;
    rooms_redis_redirect_e   kind;
} rooms_redis_words[] = {
    { "MOVED", ROOMS_REDIS_MOVED },
    { "ASK", ROOMS_REDIS_ASK },
    { "TRYAGAIN", ROOMS_REDIS_AGAIN },
    { "CLUSTERDOWN", ROOMS_REDIS_AGAIN },
    { "NOSCRIPT", ROOMS_REDIS_NOSCRIPT },
    { "READONLY", ROOMS_REDIS_AWAY },
    { "LOADING", ROOMS_REDIS_AWAY },
    { "MASTERDOWN", ROOMS_REDIS_AWAY },
    { NULL, ROOMS_REDIS_FAILED }
};


/* The next word, blanks removed; empty at the end. */

static rooms_str_t
rooms_redis_word(rooms_str_t *in)
{
    const unsigned char  *p;
    rooms_str_t           word;

    while (in->len && *in->data == ' ') {
        in->data++;
        in->len--;
    }

    p = in->len ? memchr(in->data, ' ', in->len) : NULL;

    word = rooms_str(in->data, p ? (size_t) (p - in->data) : in->len);

    in->data += word.len;
    in->len -= word.len;

    return word;
}


rooms_int_t
rooms_redis_number(rooms_str_t text, unsigned max, unsigned *n)
{
    size_t    i;
    unsigned  value;

    if (text.len == 0 || text.len > 5) {
        return ROOMS_ERROR;
    }

    value = 0;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] < '0' || text.data[i] > '9') {
            return ROOMS_ERROR;
        }

        value = value * 10 + (text.data[i] - '0');
    }

    if (value > max) {
        return ROOMS_ERROR;
    }

    *n = value;

    return ROOMS_OK;
}


rooms_int_t
rooms_redis_port(rooms_str_t text, unsigned *port)
{
    unsigned  value;

    if (rooms_redis_number(text, 65535, &value) != ROOMS_OK || value == 0) {
        return ROOMS_ERROR;
    }

    *port = value;

    return ROOMS_OK;
}


/* HOST:PORT, where HOST may be empty, or an IPv6 address as it is. */

static rooms_int_t
rooms_redis_endpoint(rooms_str_t text, rooms_redis_redirect_t *r)
{
    size_t  i;

    for (i = text.len; i > 0; i--) {
        if (text.data[i - 1] == ':') {
            break;
        }
    }

    if (i == 0) {
        return ROOMS_ERROR;
    }

    r->host = rooms_str(text.data, i - 1);

    /* a node that does not know its own name */

    if (r->host.len == 1 && r->host.data[0] == '?') {
        return ROOMS_ERROR;
    }

    return rooms_redis_port(rooms_str(text.data + i, text.len - i), &r->port);
}


void
rooms_redis_redirect(rooms_str_t text, rooms_redis_redirect_t *r)
{
    size_t       i;
    rooms_str_t  word;

    memset(r, 0, sizeof(rooms_redis_redirect_t));

    word = rooms_redis_word(&text);

    for (i = 0; rooms_redis_words[i].word; i++) {
        if (word.len == strlen(rooms_redis_words[i].word)
            && memcmp(word.data, rooms_redis_words[i].word, word.len) == 0)
        {
            r->kind = rooms_redis_words[i].kind;
            break;
        }
    }

    if (r->kind != ROOMS_REDIS_MOVED && r->kind != ROOMS_REDIS_ASK) {
        return;
    }

    if (rooms_redis_number(rooms_redis_word(&text), ROOMS_REDIS_SLOTS - 1,
                           &r->slot)
        != ROOMS_OK
        || rooms_redis_endpoint(rooms_redis_word(&text), r) != ROOMS_OK)
    {
        memset(r, 0, sizeof(rooms_redis_redirect_t));
    }
}


rooms_int_t
rooms_redis_switch(rooms_str_t text, rooms_str_t name, rooms_str_t *host,
    unsigned *port)
{
    rooms_str_t  word;

    word = rooms_redis_word(&text);

    if (word.len == 0) {
        return ROOMS_ERROR;
    }

    if (word.len != name.len || memcmp(word.data, name.data, name.len) != 0) {
        return ROOMS_DECLINED;
    }

    (void) rooms_redis_word(&text);
    (void) rooms_redis_word(&text);

    *host = rooms_redis_word(&text);

    if (host->len == 0) {
        return ROOMS_ERROR;
    }

    return rooms_redis_port(rooms_redis_word(&text), port);
}


/* CRC-16/XMODEM, of what stands between the first "{" and the next "}". */

unsigned
rooms_redis_slot(rooms_str_t key)
{
    size_t                i, k;
    unsigned              crc;
    const unsigned char  *open, *shut;

    open = key.len ? memchr(key.data, '{', key.len) : NULL;

    if (open) {
        open++;
        shut = memchr(open, '}', key.len - (size_t) (open - key.data));

        if (shut && shut != open) {
            key = rooms_str(open, (size_t) (shut - open));
        }
    }

    crc = 0;

    for (i = 0; i < key.len; i++) {
        crc ^= (unsigned) key.data[i] << 8;

        for (k = 0; k < 8; k++) {
            crc = (crc & 0x8000) ? (crc << 1 ^ 0x1021) : crc << 1;
        }

        crc &= 0xffff;
    }

    return crc & (ROOMS_REDIS_SLOTS - 1);
}


unsigned
rooms_redis_backoff(unsigned failures, unsigned random)
{
    unsigned  delay;

    delay = ROOMS_REDIS_BACKOFF << (failures < 6 ? failures : 6);

    if (delay > ROOMS_REDIS_BACKOFF_MAX) {
        delay = ROOMS_REDIS_BACKOFF_MAX;
    }

    return delay - random % (delay / 2 + 1);
}
