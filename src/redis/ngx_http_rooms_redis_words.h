
/*
 * Copyright (C) nginx rooms contributors
 *
 * The words of a script's call while they are put together: keys, and behind
 * the room that there is for all of them, arguments.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_WORDS_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_WORDS_H_INCLUDED_


#include <ngx_http_rooms_redis.h>


typedef struct {
    ngx_http_rooms_redis_t  *redis;
    ngx_pool_t              *pool;
    rooms_str_t             *words;
    rooms_str_t             *args;           /* in words */
    ngx_uint_t               nkeys;
    ngx_uint_t               nargs;
    unsigned                 failed:1;       /* no memory */
} ngx_http_rooms_words_t;


/* The pool is made here.  NGX_ERROR: no memory. */

ngx_int_t ngx_http_rooms_words_init(ngx_http_rooms_words_t *w,
    ngx_http_rooms_redis_t *redis);

/* Room for so many keys, exactly, and so many arguments at most. */

ngx_int_t ngx_http_rooms_words_alloc(ngx_http_rooms_words_t *w,
    ngx_uint_t nkeys, ngx_uint_t nargs);

/* A key of the zone; see ngx_http_rooms_redis_key(). */

void ngx_http_rooms_words_key(ngx_http_rooms_words_t *w, const char *kind,
    rooms_str_t name);

/* Octets that stay where they are until the call is made. */

void ngx_http_rooms_words_arg(ngx_http_rooms_words_t *w, rooms_str_t arg);
void ngx_http_rooms_words_number(ngx_http_rooms_words_t *w, uint64_t n);

/* Two numbers and two characters at most. */

void ngx_http_rooms_words_print(ngx_http_rooms_words_t *w, const char *fmt,
    ...);

/* Runs the script, unless something failed; frees the pool.  NGX_ERROR: the
 * handler is not called. */

ngx_int_t ngx_http_rooms_words_run(ngx_http_rooms_words_t *w,
    ngx_http_rooms_redis_script_e script,
    ngx_http_rooms_redis_reply_pt handler, void *data);


/* ngx_http_rooms_redis_append.c: how long the keys of the room are kept, ms; 0:
 * for ever; -: as long as before */

void ngx_http_rooms_append_ttl(ngx_http_rooms_words_t *w,
    ngx_http_rooms_op_t *op);


#endif /* _NGX_HTTP_ROOMS_REDIS_WORDS_H_INCLUDED_ */
