
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_password.h>

#include <ngx_http_rooms_verify.h>


static void ngx_http_rooms_verify_wipe(rooms_decision_t *d);


#if (NGX_THREADS)

/* Built with threads, the module is loaded by an nginx without them, too. */

#pragma weak ngx_thread_pool_add
#pragma weak ngx_thread_pool_get
#pragma weak ngx_thread_task_alloc
#pragma weak ngx_thread_task_post


/* What the thread works with: nothing of the worker's. */

typedef struct {
    ngx_http_rooms_verified_pt   handler;
    void                        *data;
    ngx_pool_t                  *pool;
    rooms_str_t                  password;
    char                        *hash;
    unsigned                     right;
} ngx_http_rooms_verify_t;


static ngx_int_t ngx_http_rooms_verify_post(rooms_decision_t *d,
    ngx_thread_pool_t *threads, ngx_http_rooms_verified_pt handler,
    void *data);
static void ngx_http_rooms_verify_thread(void *data, ngx_log_t *log);
static void ngx_http_rooms_verify_done(ngx_event_t *ev);

#endif


ngx_int_t
ngx_http_rooms_verify_conf(ngx_conf_t *cf)
{
#if (NGX_THREADS)

    if (ngx_thread_pool_add && ngx_thread_pool_add(cf, NULL) == NULL) {
        return NGX_ERROR;
    }

#endif

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_verify(rooms_decision_t *d, ngx_http_rooms_verified_pt handler,
    void *data, ngx_uint_t *right)
{
    rooms_str_t         password, hash;

#if (NGX_THREADS)
    ngx_int_t           rc;
    ngx_str_t           name = ngx_string("default");
    ngx_thread_pool_t  *threads;

    threads = ngx_thread_pool_get
              ? ngx_thread_pool_get((ngx_cycle_t *) ngx_cycle, &name) : NULL;

    if (threads && handler) {
        rc = ngx_http_rooms_verify_post(d, threads, handler, data);

        if (rc != NGX_DECLINED) {
            ngx_http_rooms_verify_wipe(d);
            return rc;
        }
    }
#endif

    password = rooms_decision_str(d, d->password);
    hash = rooms_decision_str(d, d->hash);

    *right = rooms_password_check(password, (char *) hash.data);

    ngx_http_rooms_verify_wipe(d);

    return NGX_OK;
}


static void
ngx_http_rooms_verify_wipe(rooms_decision_t *d)
{
    ngx_explicit_memzero(d->text.data + d->password.pos, d->password.len);
}


#if (NGX_THREADS)

/* NGX_DECLINED: the threads have too much to do already. */

static ngx_int_t
ngx_http_rooms_verify_post(rooms_decision_t *d, ngx_thread_pool_t *threads,
    ngx_http_rooms_verified_pt handler, void *data)
{
    u_char                   *p;
    ngx_pool_t               *pool;
    rooms_str_t               password, hash;
    ngx_thread_task_t        *thread;
    ngx_http_rooms_verify_t  *verify;

    pool = ngx_create_pool(2048, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    password = rooms_decision_str(d, d->password);
    hash = rooms_decision_str(d, d->hash);

    thread = ngx_thread_task_alloc(pool, sizeof(ngx_http_rooms_verify_t));
    p = ngx_pnalloc(pool, password.len + hash.len);

    if (thread == NULL || p == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    verify = thread->ctx;

    verify->handler = handler;
    verify->data = data;
    verify->pool = pool;
    verify->password = rooms_str(p, password.len);
    verify->hash = (char *) p + password.len;

    if (password.len) {
        ngx_memcpy(p, password.data, password.len);
    }

    ngx_memcpy(verify->hash, hash.data, hash.len);

    thread->handler = ngx_http_rooms_verify_thread;
    thread->event.handler = ngx_http_rooms_verify_done;
    thread->event.data = verify;

    if (ngx_thread_task_post(threads, thread) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NGX_DECLINED;
    }

    return NGX_DONE;
}


static void
ngx_http_rooms_verify_thread(void *data, ngx_log_t *log)
{
    ngx_http_rooms_verify_t *verify = data;

    verify->right = rooms_password_check(verify->password, verify->hash);

    ngx_explicit_memzero((void *) verify->password.data,
                         verify->password.len);
}


static void
ngx_http_rooms_verify_done(ngx_event_t *ev)
{
    ngx_pool_t               *pool;
    ngx_http_rooms_verify_t  *verify;

    verify = ev->data;
    pool = verify->pool;

    verify->handler(verify->data, verify->right);

    ngx_destroy_pool(pool);
}

#endif
