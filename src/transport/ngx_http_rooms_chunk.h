
/*
 * Copyright (C) nginx rooms contributors
 *
 * Output: refcounted runs of octets, and the queue of references to them
 * that a session has not sent yet.
 */


#ifndef _NGX_HTTP_ROOMS_CHUNK_H_INCLUDED_
#define _NGX_HTTP_ROOMS_CHUNK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_ROOMS_CHUNK  4096         /* the usual size, header included */


typedef struct {
    uint32_t                  refs;
    uint32_t                  size;        /* of data */
    uint32_t                  len;
    u_char                    data[];
} ngx_http_rooms_chunk_t;


typedef struct ngx_http_rooms_ref_s  ngx_http_rooms_ref_t;

struct ngx_http_rooms_ref_s {
    ngx_http_rooms_ref_t     *next;
    ngx_http_rooms_chunk_t   *chunk;
    uint32_t                  pos;
    uint32_t                  end;
};


typedef struct {
    ngx_http_rooms_ref_t     *first;
    ngx_http_rooms_ref_t     *last;
    size_t                    size;        /* octets not sent */
} ngx_http_rooms_queue_t;


/* At least size octets of space, one reference.  NULL: no memory. */

ngx_http_rooms_chunk_t *ngx_http_rooms_chunk_get(size_t size);
void ngx_http_rooms_chunk_release(ngx_http_rooms_chunk_t *chunk);

/* Queues a part of a chunk; takes a reference of its own. */

ngx_int_t ngx_http_rooms_queue_ref(ngx_http_rooms_queue_t *q,
    ngx_http_rooms_chunk_t *chunk, uint32_t pos, uint32_t end);

/* Queues a copy, in the space left of the last chunk where it is private. */

ngx_int_t ngx_http_rooms_queue_copy(ngx_http_rooms_queue_t *q,
    const u_char *data, size_t len);

/* What is in the second one goes to the end of the first. */

void ngx_http_rooms_queue_join(ngx_http_rooms_queue_t *q,
    ngx_http_rooms_queue_t *second);

/* Drops what was sent from the front, or everything. */

void ngx_http_rooms_queue_sent(ngx_http_rooms_queue_t *q, size_t n);
void ngx_http_rooms_queue_clear(ngx_http_rooms_queue_t *q);

/* At most n vectors of what is to be sent; returns how many. */

ngx_uint_t ngx_http_rooms_queue_iovec(ngx_http_rooms_queue_t *q,
    struct iovec *iov, ngx_uint_t n);


#endif /* _NGX_HTTP_ROOMS_CHUNK_H_INCLUDED_ */
