
/*
 * Copyright (C) nginx rooms contributors
 *
 * Scripts are loaded when a connection is made, and run by their digests.
 *
 * Where Redis has forgotten them, all that were on their way are said to be
 * unknown, one after the other.  They are kept, and so is whatever is asked
 * for meanwhile, until the scripts are loaded again; then all of it is sent
 * in the order in which it was asked for.  What is no script and was on its
 * way between them has been done by then.
 */


#include <ngx_http_rooms_redis_script.h>

#include <ngx_sha1.h>


#define NGX_HTTP_ROOMS_EVAL_WORDS  32
#define NGX_HTTP_ROOMS_EVAL_HEAD   3         /* EVALSHA DIGEST NKEYS */


static void ngx_http_rooms_redis_load_reply(void *data, redisReply *reply);
static void ngx_http_rooms_redis_loaded(void *data, redisReply *reply);
static const u_char *ngx_http_rooms_redis_sha(
    ngx_http_rooms_redis_script_e script);
static rooms_str_t ngx_http_rooms_redis_tag(
    ngx_http_rooms_redis_conn_t *conn);


ngx_int_t
ngx_http_rooms_redis_load(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_reply_pt handler, void *data)
{
    const char   *text;
    ngx_uint_t    i;
    rooms_str_t   words[3];

    words[0] = rooms_str("SCRIPT", 6);
    words[1] = rooms_str("LOAD", 4);

    for (i = 0; i < NGX_HTTP_ROOMS_SCRIPT_LAST; i++) {
        text = ngx_http_rooms_redis_scripts[i];
        words[2] = rooms_str(text, ngx_strlen(text));

        if (ngx_http_rooms_redis_greet(conn, words, 3, handler, data)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_rooms_redis_forgotten(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_call_t *call)
{
    rooms_str_t  word;

    ngx_queue_insert_tail(&conn->forgotten, &call->queue);

    if (conn->loading) {
        return;
    }

    conn->loading = 1;
    word = rooms_str("PING", 4);

    /* its answer comes after those to all that are on their way */

    if (ngx_http_rooms_redis_load(conn, ngx_http_rooms_redis_load_reply, conn)
        != NGX_OK
        || ngx_http_rooms_redis_greet(conn, &word, 1,
                                      ngx_http_rooms_redis_loaded, conn)
           != NGX_OK)
    {
        ngx_http_rooms_redis_lost(conn, "cannot be given scripts");
    }
}


static void
ngx_http_rooms_redis_load_reply(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_conn_t *conn = data;

    if (reply && reply->type == REDIS_REPLY_ERROR) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: redis \"%V\": %s", &conn->conf->url,
                      reply->str);

        ngx_http_rooms_redis_lost(conn, "does not load scripts");
    }
}


static void
ngx_http_rooms_redis_loaded(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_conn_t *conn = data;

    ngx_queue_t  *q;

    if (reply == NULL) {
        return;
    }

    conn->loading = 0;

    while (!ngx_queue_empty(&conn->forgotten)) {
        q = ngx_queue_last(&conn->forgotten);
        ngx_queue_remove(q);
        ngx_queue_insert_head(&conn->held, q);
    }

    ngx_http_rooms_redis_unhold(conn);
}


ngx_int_t
ngx_http_rooms_redis_script(ngx_http_rooms_redis_conn_t *conn,
    ngx_http_rooms_redis_script_e script, const rooms_str_t *words,
    ngx_uint_t nkeys, ngx_uint_t n, ngx_http_rooms_redis_reply_pt handler,
    void *data)
{
    u_char       *p, digits[NGX_INT_T_LEN];
    ngx_int_t     rc;
    ngx_uint_t    i;
    ngx_pool_t   *pool;
    rooms_str_t  *all, tag, few[NGX_HTTP_ROOMS_EVAL_WORDS];

    pool = NULL;
    all = few;
    tag = ngx_http_rooms_redis_tag(conn);

    if (tag.len || n + NGX_HTTP_ROOMS_EVAL_HEAD > NGX_HTTP_ROOMS_EVAL_WORDS) {
        pool = ngx_create_pool(4096, ngx_cycle->log);
        all = pool ? ngx_palloc(pool, (n + NGX_HTTP_ROOMS_EVAL_HEAD)
                                      * sizeof(rooms_str_t))
                   : NULL;
    }

    if (all == NULL) {
        goto failed;
    }

    all[0] = rooms_str("EVALSHA", 7);
    all[1] = rooms_str(ngx_http_rooms_redis_sha(script), 40);
    all[2] = rooms_str(digits, ngx_sprintf(digits, "%ui", nkeys) - digits);

    ngx_memcpy(&all[NGX_HTTP_ROOMS_EVAL_HEAD], words,
               n * sizeof(rooms_str_t));

    for (i = 0; tag.len && i < nkeys; i++) {

        if (words[i].len == 0 || words[i].data[0] == '{') {
            continue;
        }

        p = ngx_pnalloc(pool, tag.len + words[i].len);
        if (p == NULL) {
            goto failed;
        }

        all[NGX_HTTP_ROOMS_EVAL_HEAD + i] = rooms_str(p, tag.len
                                                         + words[i].len);
        ngx_memcpy(ngx_cpymem(p, tag.data, tag.len), words[i].data,
                   words[i].len);
    }

    rc = ngx_http_rooms_redis_send(conn, all, n + NGX_HTTP_ROOMS_EVAL_HEAD,
                                   handler, data);

    if (pool) {
        ngx_destroy_pool(pool);
    }

    return rc;

failed:

    if (pool) {
        ngx_destroy_pool(pool);
    }

    return NGX_ERROR;
}


static const u_char *
ngx_http_rooms_redis_sha(ngx_http_rooms_redis_script_e script)
{
    u_char      digest[20];
    ngx_sha1_t  sha;

    static u_char  hex[NGX_HTTP_ROOMS_SCRIPT_LAST][40];

    if (hex[script][0] == '\0') {
        ngx_sha1_init(&sha);
        ngx_sha1_update(&sha, ngx_http_rooms_redis_scripts[script],
                        ngx_strlen(ngx_http_rooms_redis_scripts[script]));
        ngx_sha1_final(digest, &sha);
        (void) ngx_hex_dump(hex[script], digest, sizeof(digest));
    }

    return hex[script];
}


/*
 * What keys for other services begin with in a cluster, where a script's keys
 * are in one slot: the hash tag of the zone.
 */

static rooms_str_t
ngx_http_rooms_redis_tag(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_str_t  *key;

    if (!conn->cluster) {
        return rooms_str("", 0);
    }

    /* "{PREFIX:NAME}:" of "{PREFIX:NAME}:z" */

    key = &conn->conf->key;

    return rooms_str(key->data, key->len - 1);
}
