
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <ngx_http_rooms_chunk.h>


#define NGX_HTTP_ROOMS_FREE_MAX  256


typedef struct ngx_http_rooms_free_s  ngx_http_rooms_free_t;

struct ngx_http_rooms_free_s {
    ngx_http_rooms_free_t    *next;
};


/* What bursts need again and again is kept, up to a bound. */

static ngx_http_rooms_free_t  *ngx_http_rooms_free_chunks;
static ngx_uint_t              ngx_http_rooms_nfree_chunks;
static ngx_http_rooms_free_t  *ngx_http_rooms_free_refs;
static ngx_uint_t              ngx_http_rooms_nfree_refs;


ngx_http_rooms_chunk_t *
ngx_http_rooms_chunk_get(size_t size)
{
    size_t                   usual;
    ngx_http_rooms_chunk_t  *chunk;

    usual = NGX_HTTP_ROOMS_CHUNK - sizeof(ngx_http_rooms_chunk_t);

    if (size > NGX_MAX_UINT32_VALUE - sizeof(ngx_http_rooms_chunk_t)) {
        return NULL;
    }

    if (size <= usual && ngx_http_rooms_free_chunks) {
        chunk = (ngx_http_rooms_chunk_t *) ngx_http_rooms_free_chunks;
        ngx_http_rooms_free_chunks = ngx_http_rooms_free_chunks->next;
        ngx_http_rooms_nfree_chunks--;
        size = usual;

    } else {
        size = ngx_max(size, usual);

        chunk = ngx_alloc(sizeof(ngx_http_rooms_chunk_t) + size,
                          ngx_cycle->log);
        if (chunk == NULL) {
            return NULL;
        }
    }

    chunk->refs = 1;
    chunk->size = (uint32_t) size;
    chunk->len = 0;

    return chunk;
}


void
ngx_http_rooms_chunk_release(ngx_http_rooms_chunk_t *chunk)
{
    ngx_http_rooms_free_t  *f;

    if (--chunk->refs) {
        return;
    }

    if (chunk->size + sizeof(ngx_http_rooms_chunk_t) != NGX_HTTP_ROOMS_CHUNK
        || ngx_http_rooms_nfree_chunks == NGX_HTTP_ROOMS_FREE_MAX)
    {
        ngx_free(chunk);
        return;
    }

    f = (ngx_http_rooms_free_t *) chunk;
    f->next = ngx_http_rooms_free_chunks;
    ngx_http_rooms_free_chunks = f;
    ngx_http_rooms_nfree_chunks++;
}


static ngx_http_rooms_ref_t *
ngx_http_rooms_ref_get(void)
{
    ngx_http_rooms_ref_t  *ref;

    if (ngx_http_rooms_free_refs) {
        ref = (ngx_http_rooms_ref_t *) ngx_http_rooms_free_refs;
        ngx_http_rooms_free_refs = ngx_http_rooms_free_refs->next;
        ngx_http_rooms_nfree_refs--;
        return ref;
    }

    return ngx_alloc(sizeof(ngx_http_rooms_ref_t), ngx_cycle->log);
}


static void
ngx_http_rooms_ref_free(ngx_http_rooms_ref_t *ref)
{
    ngx_http_rooms_free_t  *f;

    ngx_http_rooms_chunk_release(ref->chunk);

    if (ngx_http_rooms_nfree_refs == NGX_HTTP_ROOMS_FREE_MAX) {
        ngx_free(ref);
        return;
    }

    f = (ngx_http_rooms_free_t *) ref;
    f->next = ngx_http_rooms_free_refs;
    ngx_http_rooms_free_refs = f;
    ngx_http_rooms_nfree_refs++;
}


ngx_int_t
ngx_http_rooms_queue_ref(ngx_http_rooms_queue_t *q,
    ngx_http_rooms_chunk_t *chunk, uint32_t pos, uint32_t end)
{
    ngx_http_rooms_ref_t  *ref;

    if (pos == end) {
        return NGX_OK;
    }

    ref = q->last;

    if (ref && ref->chunk == chunk && ref->end == pos) {
        ref->end = end;
        q->size += end - pos;
        return NGX_OK;
    }

    ref = ngx_http_rooms_ref_get();
    if (ref == NULL) {
        return NGX_ERROR;
    }

    chunk->refs++;

    ref->next = NULL;
    ref->chunk = chunk;
    ref->pos = pos;
    ref->end = end;

    if (q->last) {
        q->last->next = ref;

    } else {
        q->first = ref;
    }

    q->last = ref;
    q->size += end - pos;

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_queue_copy(ngx_http_rooms_queue_t *q, const u_char *data,
    size_t len)
{
    ngx_int_t                rc;
    ngx_http_rooms_ref_t    *ref;
    ngx_http_rooms_chunk_t  *chunk;

    if (len == 0) {
        return NGX_OK;
    }

    ref = q->last;

    /* a chunk with one reference is this queue's alone */

    if (ref) {
        chunk = ref->chunk;

        if (chunk->refs == 1 && ref->end == chunk->len
            && len <= chunk->size - chunk->len)
        {
            ngx_memcpy(chunk->data + chunk->len, data, len);
            chunk->len += len;
            ref->end = chunk->len;
            q->size += len;
            return NGX_OK;
        }
    }

    chunk = ngx_http_rooms_chunk_get(len);
    if (chunk == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(chunk->data, data, len);
    chunk->len = len;

    rc = ngx_http_rooms_queue_ref(q, chunk, 0, len);

    ngx_http_rooms_chunk_release(chunk);

    return rc;
}


void
ngx_http_rooms_queue_join(ngx_http_rooms_queue_t *q,
    ngx_http_rooms_queue_t *second)
{
    if (second->first == NULL) {
        return;
    }

    if (q->last) {
        q->last->next = second->first;

    } else {
        q->first = second->first;
    }

    q->last = second->last;
    q->size += second->size;

    ngx_memzero(second, sizeof(ngx_http_rooms_queue_t));
}


void
ngx_http_rooms_queue_sent(ngx_http_rooms_queue_t *q, size_t n)
{
    size_t                 len;
    ngx_http_rooms_ref_t  *ref;

    q->size -= n;

    while (q->first) {
        ref = q->first;
        len = ref->end - ref->pos;

        if (n < len) {
            ref->pos += n;
            return;
        }

        n -= len;

        q->first = ref->next;
        if (q->first == NULL) {
            q->last = NULL;
        }

        ngx_http_rooms_ref_free(ref);
    }
}


void
ngx_http_rooms_queue_clear(ngx_http_rooms_queue_t *q)
{
    ngx_http_rooms_queue_sent(q, q->size);
}


ngx_uint_t
ngx_http_rooms_queue_iovec(ngx_http_rooms_queue_t *q, struct iovec *iov,
    ngx_uint_t n)
{
    ngx_uint_t             i;
    ngx_http_rooms_ref_t  *ref;

    for (i = 0, ref = q->first; ref && i < n; i++, ref = ref->next) {
        iov[i].iov_base = ref->chunk->data + ref->pos;
        iov[i].iov_len = ref->end - ref->pos;
    }

    return i;
}
