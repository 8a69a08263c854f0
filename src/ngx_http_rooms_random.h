
/*
 * Copyright (C) nginx rooms contributors
 *
 * Random octets for names and secrets, drawn from OpenSSL in bulk: a call
 * for the few that a connection needs costs more than the octets.
 */


#ifndef _NGX_HTTP_ROOMS_RANDOM_H_INCLUDED_
#define _NGX_HTTP_ROOMS_RANDOM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * n is at most NGX_HTTP_ROOMS_RANDOM_MAX.  No octet is given out twice, nor
 * kept once it was.  NGX_ERROR: there are none, which was logged.
 */

#define NGX_HTTP_ROOMS_RANDOM_MAX  64

ngx_int_t ngx_http_rooms_random_octets(u_char *p, size_t n);


#endif /* _NGX_HTTP_ROOMS_RANDOM_H_INCLUDED_ */
