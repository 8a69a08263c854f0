
/*
 * Copyright (C) nginx rooms contributors
 *
 * The first octet says what the rest is: a URL of Redis, an error reply, or a
 * message of a sentinel.  What is taken from it lies within it, and a URL
 * that is written anew from its parts is taken for the same.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_buf.h>
#include <rooms_redis_redirect.h>
#include <rooms_redis_url.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
need(int ok)
{
    if (!ok) {
        abort();
    }
}


static void
within(rooms_str_t part, rooms_str_t whole)
{
    if (part.len) {
        need(part.data >= whole.data
             && part.data + part.len <= whole.data + whole.len);
    }
}


static int
same(rooms_str_t a, rooms_str_t b)
{
    return a.len == b.len && (a.len == 0
                              || memcmp(a.data, b.data, a.len) == 0);
}


/* Every octet in the form that is decoded. */

static void
encoded(rooms_buf_t *b, rooms_str_t text)
{
    char    hex[4];
    size_t  i;

    for (i = 0; i < text.len; i++) {
        (void) snprintf(hex, sizeof(hex), "%%%02X", text.data[i]);
        rooms_buf_append(b, hex, 3);
    }
}


static void
write_url(rooms_buf_t *b, const rooms_redis_url_t *url)
{
    unsigned     port;
    rooms_str_t  hosts, host;

    rooms_buf_str(b, url->tls ? rooms_str("rediss://", 9)
                              : url->sentinel ? rooms_str("sentinel://", 11)
                                              : rooms_str("redis://", 8));
    encoded(b, url->user);
    rooms_buf_byte(b, ':');
    encoded(b, url->password);
    rooms_buf_byte(b, '@');

    hosts = url->hosts;

    while (rooms_redis_url_host(&hosts, 1, &host, &port) == ROOMS_OK) {
        need(host.len != 0 && port >= 1 && port <= 65535);

        rooms_buf_byte(b, '[');
        rooms_buf_str(b, host);
        rooms_buf_append(b, "]:", 2);
        rooms_buf_uint(b, port);

        if (hosts.len) {
            rooms_buf_byte(b, ',');
        }
    }

    rooms_buf_byte(b, '/');

    if (url->sentinel) {
        rooms_buf_str(b, url->name);
        rooms_buf_byte(b, '/');
    }

    rooms_buf_uint(b, url->db);
}


static void
check_url(rooms_str_t text)
{
    unsigned                  port[2];
    const char               *reason;
    rooms_buf_t               b;
    rooms_str_t               hosts[2], host[2];
    static rooms_redis_url_t  url, again;

    reason = NULL;

    if (rooms_redis_url(text, &url, &reason) != ROOMS_OK) {
        need(reason != NULL && reason[0] != '\0');
        return;
    }

    within(url.hosts, text);
    within(url.name, text);
    need(url.db <= 65535);
    need(url.user.len + url.password.len <= text.len);

    /* a host with a bracket of its own cannot be written in brackets, nor
     * can credentials grow beyond what is kept of them */

    if (memchr(url.hosts.data, ']', url.hosts.len)
        || url.user.len > ROOMS_REDIS_SECRET / 2
        || url.password.len > ROOMS_REDIS_SECRET / 2)
    {
        return;
    }

    rooms_buf_init(&b, 0);
    write_url(&b, &url);
    need(!b.failed);

    need(rooms_redis_url(rooms_str(b.data, b.len), &again, &reason)
         == ROOMS_OK);
    need(again.tls == url.tls && again.sentinel == url.sentinel
         && again.db == url.db);
    need(same(again.user, url.user) && same(again.password, url.password)
         && same(again.name, url.name));

    hosts[0] = url.hosts;
    hosts[1] = again.hosts;

    while (rooms_redis_url_host(&hosts[0], 1, &host[0], &port[0])
           == ROOMS_OK)
    {
        need(rooms_redis_url_host(&hosts[1], 2, &host[1], &port[1])
             == ROOMS_OK);
        need(same(host[0], host[1]) && port[0] == port[1]);
    }

    need(hosts[0].len == 0 && hosts[1].len == 0);

    rooms_buf_free(&b);
}


static void
check_redirect(rooms_str_t text)
{
    rooms_redis_redirect_t  r;

    rooms_redis_redirect(text, &r);

    if (r.kind == ROOMS_REDIS_MOVED || r.kind == ROOMS_REDIS_ASK) {
        need(r.slot < ROOMS_REDIS_SLOTS);
        need(r.port >= 1 && r.port <= 65535);
        within(r.host, text);

    } else {
        need(r.host.len == 0 && r.port == 0);
    }
}


static void
check_switch(rooms_str_t text)
{
    unsigned     port;
    rooms_str_t  host;

    if (rooms_redis_switch(text, rooms_str("main", 4), &host, &port)
        == ROOMS_OK)
    {
        need(port >= 1 && port <= 65535 && host.len != 0);
        within(host, text);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rooms_str_t  text;

    if (size == 0) {
        return 0;
    }

    text = rooms_str(data + 1, size - 1);

    need(rooms_redis_slot(text) < ROOMS_REDIS_SLOTS);

    switch (data[0] % 3) {

    case 0:
        check_url(text);
        break;

    case 1:
        check_redirect(text);
        break;

    default:
        check_switch(text);
    }

    return 0;
}
