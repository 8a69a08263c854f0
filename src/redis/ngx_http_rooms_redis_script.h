
/*
 * Copyright (C) nginx rooms contributors
 *
 * The scripts that run in Redis.  They are constant; what they work on is in
 * KEYS and ARGV only.
 */


#ifndef _NGX_HTTP_ROOMS_REDIS_SCRIPT_H_INCLUDED_
#define _NGX_HTTP_ROOMS_REDIS_SCRIPT_H_INCLUDED_


#include <ngx_http_rooms_redis_conn.h>


typedef enum {
    NGX_HTTP_ROOMS_SCRIPT_APPEND = 0,
    NGX_HTTP_ROOMS_SCRIPT_RECORDS,
    NGX_HTTP_ROOMS_SCRIPT_LOAD,
    NGX_HTTP_ROOMS_SCRIPT_SINCE,
    NGX_HTTP_ROOMS_SCRIPT_SNAPSHOT,
    NGX_HTTP_ROOMS_SCRIPT_TOUCH,
    NGX_HTTP_ROOMS_SCRIPT_BEAT,
    NGX_HTTP_ROOMS_SCRIPT_SAVE,
    NGX_HTTP_ROOMS_SCRIPT_RELEASE,
    NGX_HTTP_ROOMS_SCRIPT_REVOKE,
    NGX_HTTP_ROOMS_SCRIPT_CLAIM,
    NGX_HTTP_ROOMS_SCRIPT_ADOPT,
    NGX_HTTP_ROOMS_SCRIPT_BURY,
    NGX_HTTP_ROOMS_SCRIPT_LAST
} ngx_http_rooms_redis_script_e;


/* ngx_http_rooms_redis_script.c: their texts */

extern const char  *const ngx_http_rooms_redis_scripts[];


/* ngx_http_rooms_redis_eval.c */

/*
 * Runs a script; words are nkeys keys and then its arguments, n in all.
 * Errors as of .._redis_send(); the handler gets NULL for an error, too.
 */

ngx_int_t ngx_http_rooms_redis_script(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_script_e script, const rooms_str_t *words,
    ngx_uint_t nkeys, ngx_uint_t n, ngx_http_rooms_redis_reply_pt handler,
    void *data);


#endif /* _NGX_HTTP_ROOMS_REDIS_SCRIPT_H_INCLUDED_ */
