
/*
 * Copyright (C) nginx rooms contributors
 *
 * The words of a script's call.
 */


#include <ngx_http_rooms_redis_words.h>


#define NGX_HTTP_ROOMS_WORDS_NUMBERS  (2 * NGX_INT64_LEN + 2)


ngx_int_t
ngx_http_rooms_words_init(ngx_http_rooms_words_t *w,
    ngx_http_rooms_redis_t *redis)
{
    ngx_memzero(w, sizeof(ngx_http_rooms_words_t));

    w->redis = redis;

    w->pool = ngx_create_pool(4096, ngx_cycle->log);

    return w->pool ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_rooms_words_alloc(ngx_http_rooms_words_t *w, ngx_uint_t nkeys,
    ngx_uint_t nargs)
{
    w->words = ngx_palloc(w->pool, (nkeys + nargs) * sizeof(rooms_str_t));
    if (w->words == NULL) {
        w->failed = 1;
        return NGX_ERROR;
    }

    w->args = &w->words[nkeys];

    return NGX_OK;
}


void
ngx_http_rooms_words_key(ngx_http_rooms_words_t *w, const char *kind,
    rooms_str_t name)
{
    u_char  *p;

    p = ngx_pnalloc(w->pool, NGX_HTTP_ROOMS_REDIS_KEY);
    if (p == NULL) {
        w->failed = 1;
        return;
    }

    w->words[w->nkeys++] = ngx_http_rooms_redis_key(w->redis, p, kind, name);
}


void
ngx_http_rooms_words_arg(ngx_http_rooms_words_t *w, rooms_str_t arg)
{
    w->args[w->nargs++] = arg;
}


void
ngx_http_rooms_words_number(ngx_http_rooms_words_t *w, uint64_t n)
{
    ngx_http_rooms_words_print(w, "%uL", n);
}


void
ngx_http_rooms_words_print(ngx_http_rooms_words_t *w, const char *fmt, ...)
{
    u_char   *p, *last;
    va_list   args;

    p = ngx_pnalloc(w->pool, NGX_HTTP_ROOMS_WORDS_NUMBERS);
    if (p == NULL) {
        w->failed = 1;
        return;
    }

    va_start(args, fmt);
    last = ngx_vslprintf(p, p + NGX_HTTP_ROOMS_WORDS_NUMBERS, fmt, args);
    va_end(args);

    ngx_http_rooms_words_arg(w, rooms_str(p, last - p));
}


ngx_int_t
ngx_http_rooms_words_run(ngx_http_rooms_words_t *w,
    ngx_http_rooms_redis_script_e script,
    ngx_http_rooms_redis_reply_pt handler, void *data)
{
    ngx_int_t  rc;

    rc = NGX_ERROR;

    if (!w->failed) {
        rc = ngx_http_rooms_redis_script(&w->redis->cmd, script, w->words,
                                         w->nkeys, w->nkeys + w->nargs,
                                         handler, data);
    }

    ngx_destroy_pool(w->pool);

    return rc;
}
