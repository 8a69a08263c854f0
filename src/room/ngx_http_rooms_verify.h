
/*
 * Copyright (C) nginx rooms contributors
 *
 * What an application asks for by rooms_decide_verify().
 */


#ifndef _NGX_HTTP_ROOMS_VERIFY_H_INCLUDED_
#define _NGX_HTTP_ROOMS_VERIFY_H_INCLUDED_


#include <ngx_http_rooms_command.h>


/*
 * Has nginx start its pool of threads "default", as "aio threads" does, with
 * the numbers of "thread_pool default" where that is configured.  An nginx
 * without threads has none.
 */

ngx_int_t ngx_http_rooms_verify_conf(ngx_conf_t *cf);

/*
 * NGX_DONE: a thread of the pool "default" checks the password, then the
 * handler is called; NGX_OK: *right is set, which is where nginx has no such
 * pool, its threads have too much to do, or handler is NULL; NGX_ERROR: no
 * memory.
 */

typedef void (*ngx_http_rooms_verified_pt)(void *data, ngx_uint_t right);

ngx_int_t ngx_http_rooms_verify(rooms_decision_t *d,
    ngx_http_rooms_verified_pt handler, void *data, ngx_uint_t *right);


#endif /* _NGX_HTTP_ROOMS_VERIFY_H_INCLUDED_ */
