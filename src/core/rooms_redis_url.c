
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_redis_url.h>
#include <rooms_redis_redirect.h>
#include <rooms_route.h>


static unsigned
rooms_redis_url_scheme(rooms_str_t *in, const char *scheme)
{
    size_t  len;

    len = strlen(scheme);

    if (in->len < len || memcmp(in->data, scheme, len) != 0) {
        return 0;
    }

    in->data += len;
    in->len -= len;

    return 1;
}


/* Takes what stands before c off the front of *in; 0: there is no c. */

static unsigned
rooms_redis_url_cut(rooms_str_t *in, unsigned char c, rooms_str_t *head)
{
    const unsigned char  *p;

    p = in->len ? memchr(in->data, c, in->len) : NULL;

    if (p == NULL) {
        return 0;
    }

    *head = rooms_str(in->data, (size_t) (p - in->data));

    in->data += head->len + 1;
    in->len -= head->len + 1;

    return 1;
}


static rooms_int_t
rooms_redis_url_user(rooms_str_t text, rooms_redis_url_t *url)
{
    size_t       half;
    rooms_str_t  user;

    half = ROOMS_REDIS_SECRET / 2;

    if (!rooms_redis_url_cut(&text, ':', &user)) {
        user = text;
        text = rooms_str(NULL, 0);
    }

    if (rooms_route_decode(user, 0, url->store, half, &url->user) != ROOMS_OK
        || rooms_route_decode(text, 0, url->store + half, half,
                              &url->password)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    /* strings without anything to decode are not copied */

    return ROOMS_OK;
}


rooms_int_t
rooms_redis_url(rooms_str_t text, rooms_redis_url_t *url, const char **reason)
{
    unsigned     port;
    rooms_int_t  rc;
    rooms_str_t  user, hosts, host;

    memset(url, 0, sizeof(rooms_redis_url_t));

    if (rooms_redis_url_scheme(&text, "rediss://")) {
        url->tls = 1;

    } else if (rooms_redis_url_scheme(&text, "sentinel://")) {
        url->sentinel = 1;

    } else if (!rooms_redis_url_scheme(&text, "redis://")) {
        *reason = "it must begin with redis://, rediss:// or sentinel://";
        return ROOMS_ERROR;
    }

    if (rooms_redis_url_cut(&text, '@', &user)
        && rooms_redis_url_user(user, url) != ROOMS_OK)
    {
        *reason = "its user or password is malformed or too long";
        return ROOMS_ERROR;
    }

    if (!rooms_redis_url_cut(&text, '/', &url->hosts)) {
        url->hosts = text;
        text = rooms_str(NULL, 0);
    }

    if (url->sentinel) {

        if (!rooms_redis_url_cut(&text, '/', &url->name)) {
            url->name = text;
            text = rooms_str(NULL, 0);
        }

        if (url->name.len == 0) {
            *reason = "it must end with the name of the master";
            return ROOMS_ERROR;
        }
    }

    if (text.len
        && rooms_redis_number(text, 65535, &url->db) != ROOMS_OK)
    {
        *reason = "its database must be a number";
        return ROOMS_ERROR;
    }

    hosts = url->hosts;
    rc = ROOMS_ERROR;

    if (hosts.len && hosts.data[hosts.len - 1] != ',') {
        do {
            rc = rooms_redis_url_host(&hosts, ROOMS_REDIS_PORT, &host, &port);
        } while (rc == ROOMS_OK);
    }

    if (rc == ROOMS_ERROR) {
        *reason = "its host or port is malformed";
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_redis_url_host(rooms_str_t *hosts, unsigned standard, rooms_str_t *host,
    unsigned *port)
{
    rooms_str_t  one, head;

    if (hosts->len == 0) {
        return ROOMS_DONE;
    }

    if (!rooms_redis_url_cut(hosts, ',', &one)) {
        one = *hosts;
        *hosts = rooms_str(NULL, 0);
    }

    *port = standard;

    if (one.len && one.data[0] == '[') {
        one.data++;
        one.len--;

        if (!rooms_redis_url_cut(&one, ']', host) || host->len == 0) {
            return ROOMS_ERROR;
        }

        if (one.len == 0) {
            return ROOMS_OK;
        }

        if (one.data[0] != ':') {
            return ROOMS_ERROR;
        }

        one.data++;
        one.len--;

    } else {

        if (!rooms_redis_url_cut(&one, ':', &head)) {
            *host = one;
            return one.len ? ROOMS_OK : ROOMS_ERROR;
        }

        *host = head;
    }

    return host->len ? rooms_redis_port(one, port) : ROOMS_ERROR;
}
