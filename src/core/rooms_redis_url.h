
/*
 * Copyright (C) nginx rooms contributors
 *
 * Where a Redis is:
 *
 *     redis://[[USER][:PASSWORD]@]HOST[:PORT][,HOST[:PORT]...][/DB]
 *     rediss://...                                   with TLS
 *     sentinel://[[USER][:PASSWORD]@]HOST[:PORT][,HOST[:PORT]...]/NAME[/DB]
 *
 * Several hosts are nodes of one cluster, or sentinels that watch the master
 * NAME.  HOST may be an IPv6 address in brackets; USER and PASSWORD may be
 * percent-encoded (RFC 3986, 3.2.1).
 */


#ifndef _ROOMS_REDIS_URL_H_INCLUDED_
#define _ROOMS_REDIS_URL_H_INCLUDED_


#include <rooms_types.h>


#define ROOMS_REDIS_PORT           6379
#define ROOMS_REDIS_SENTINEL_PORT  26379
#define ROOMS_REDIS_SECRET         512     /* octets of USER and PASSWORD */


/* The strings point into the text, but for user and password. */

typedef struct {
    unsigned            tls:1;
    unsigned            sentinel:1;
    rooms_str_t         hosts;           /* for rooms_redis_url_host() */
    rooms_str_t         name;            /* of the master, sentinel only */
    unsigned            db;              /* 0..65535 */
    rooms_str_t         user;            /* in store */
    rooms_str_t         password;
    unsigned char       store[ROOMS_REDIS_SECRET];
} rooms_redis_url_t;


/* ROOMS_ERROR: *reason is a static sentence. */

rooms_int_t rooms_redis_url(rooms_str_t text, rooms_redis_url_t *url,
    const char **reason);

/*
 * Takes the next host off the front of *hosts, brackets removed; the port is
 * "standard" where none is given.  ROOMS_DONE: there is none left;
 * ROOMS_ERROR: malformed (not for hosts that rooms_redis_url() has taken).
 */

rooms_int_t rooms_redis_url_host(rooms_str_t *hosts, unsigned standard,
    rooms_str_t *host, unsigned *port);


#endif /* _ROOMS_REDIS_URL_H_INCLUDED_ */
