
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/rand.h>

#include <ngx_http_rooms_random.h>


#define NGX_HTTP_ROOMS_RANDOM_POOL  4096


ngx_int_t
ngx_http_rooms_random_octets(u_char *p, size_t n)
{
    static u_char     pool[NGX_HTTP_ROOMS_RANDOM_POOL];
    static size_t     used = NGX_HTTP_ROOMS_RANDOM_POOL;
    static ngx_pid_t  pid;

    /* what was drawn before a fork is not this process's alone */

    if (n > NGX_HTTP_ROOMS_RANDOM_POOL - used || pid != ngx_pid) {

        if (RAND_bytes(pool, NGX_HTTP_ROOMS_RANDOM_POOL) != 1) {
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                          "rooms: no random numbers");
            return NGX_ERROR;
        }

        used = 0;
        pid = ngx_pid;
    }

    ngx_memcpy(p, pool + used, n);
    ngx_explicit_memzero(pool + used, n);
    used += n;

    return NGX_OK;
}
