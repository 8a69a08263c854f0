
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_http_rooms_redis_finder.h>


#define NGX_HTTP_ROOMS_REDIS_LEARNED  64      /* nodes of a cluster */


static void ngx_http_rooms_redis_learn_slots(
    ngx_http_rooms_redis_finder_t *finder, redisReply *reply,
    const ngx_http_rooms_redis_node_t *from, ngx_uint_t ours);
static void ngx_http_rooms_redis_learn_node(
    ngx_http_rooms_redis_finder_t *finder, redisReply *reply,
    const ngx_http_rooms_redis_node_t *from);


ngx_int_t
ngx_http_rooms_redis_finder_join(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_finder_t  *finder;

    finder = conn->conf->finder;

    if (finder == NULL) {
        finder = ngx_calloc(sizeof(ngx_http_rooms_redis_finder_t),
                            ngx_cycle->log);
        if (finder == NULL) {
            return NGX_ERROR;
        }

        finder->conf = conn->conf;
        conn->conf->finder = finder;

        ngx_queue_init(&finder->conns);

        if (finder->conf->master.len) {

            /* not all workers go to the same sentinel */

            finder->next = (ngx_uint_t) ngx_random() % finder->conf->nnodes;
            ngx_http_rooms_redis_sentinel_init(finder);
        }
    }

    ngx_queue_insert_tail(&finder->conns, &conn->queue);

    return NGX_OK;
}


void
ngx_http_rooms_redis_finder_leave(ngx_http_rooms_redis_conn_t *conn)
{
    ngx_http_rooms_redis_finder_t  *finder;

    finder = conn->conf->finder;

    ngx_queue_remove(&conn->queue);

    if (!ngx_queue_empty(&finder->conns)) {
        return;
    }

    if (finder->conf->master.len) {
        ngx_http_rooms_redis_sentinel_stop(finder);
    }

    if (finder->learned) {
        ngx_free(finder->learned);
    }

    ngx_free(finder);

    conn->conf->finder = NULL;
}


const ngx_http_rooms_redis_node_t *
ngx_http_rooms_redis_find(ngx_http_rooms_redis_finder_t *finder)
{
    ngx_uint_t  i;

    if (finder->known) {
        return &finder->node;
    }

    if (finder->conf->master.len) {
        ngx_http_rooms_redis_sentinel_ask(finder);
        return NULL;
    }

    /* any node of a cluster knows which one it is */

    i = finder->next++ % (finder->nlearned + finder->conf->nnodes);

    return (i < finder->nlearned)
           ? &finder->learned[i]
           : &finder->conf->nodes[i - finder->nlearned];
}


void
ngx_http_rooms_redis_found(ngx_http_rooms_redis_finder_t *finder,
    const ngx_http_rooms_redis_node_t *node)
{
    ngx_queue_t                  *q, *next;
    ngx_http_rooms_redis_conn_t  *conn;

    if (&finder->node != node) {
        finder->node = *node;
    }

    finder->known = 1;

    for (q = ngx_queue_head(&finder->conns);
         q != ngx_queue_sentinel(&finder->conns);
         q = next)
    {
        next = ngx_queue_next(q);
        conn = ngx_queue_data(q, ngx_http_rooms_redis_conn_t, queue);

        ngx_http_rooms_redis_follow(conn, &finder->node);
    }
}


void
ngx_http_rooms_redis_unfound(ngx_http_rooms_redis_finder_t *finder,
    const ngx_http_rooms_redis_node_t *node)
{
    if (ngx_http_rooms_redis_node_is(&finder->node, node)) {
        finder->known = 0;
    }
}


/*
 * [[FIRST LAST [HOST PORT ID ...] ...] ...]: those of the zone's slot come
 * first, since one of them is the next to have it.
 */

void
ngx_http_rooms_redis_learn(ngx_http_rooms_redis_finder_t *finder,
    redisReply *reply, const ngx_http_rooms_redis_node_t *from)
{
    if (finder->learned == NULL) {
        finder->learned = ngx_alloc(NGX_HTTP_ROOMS_REDIS_LEARNED
                                    * sizeof(ngx_http_rooms_redis_node_t),
                                    ngx_cycle->log);
        if (finder->learned == NULL) {
            return;
        }
    }

    finder->nlearned = 0;

    ngx_http_rooms_redis_learn_slots(finder, reply, from, 1);
    ngx_http_rooms_redis_learn_slots(finder, reply, from, 0);
}


static void
ngx_http_rooms_redis_learn_slots(ngx_http_rooms_redis_finder_t *finder,
    redisReply *reply, const ngx_http_rooms_redis_node_t *from,
    ngx_uint_t ours)
{
    size_t       i, k;
    ngx_int_t    first, last, slot;
    redisReply  *range;

    slot = finder->conf->slot;

    for (i = 0; (range = ngx_http_rooms_redis_element(reply, i)); i++) {

        first = ngx_http_rooms_redis_integer(
                                     ngx_http_rooms_redis_element(range, 0));
        last = ngx_http_rooms_redis_integer(
                                     ngx_http_rooms_redis_element(range, 1));

        if ((slot >= first && slot <= last) != (ours != 0)) {
            continue;
        }

        for (k = 2; ngx_http_rooms_redis_element(range, k); k++) {
            ngx_http_rooms_redis_learn_node(finder,
                              ngx_http_rooms_redis_element(range, k), from);
        }
    }
}


static void
ngx_http_rooms_redis_learn_node(ngx_http_rooms_redis_finder_t *finder,
    redisReply *reply, const ngx_http_rooms_redis_node_t *from)
{
    ngx_int_t                     port;
    ngx_uint_t                    i;
    rooms_str_t                   host;
    ngx_http_rooms_redis_node_t  *node;

    if (finder->nlearned == NGX_HTTP_ROOMS_REDIS_LEARNED) {
        return;
    }

    host = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));
    port = ngx_http_rooms_redis_integer(ngx_http_rooms_redis_element(reply,
                                                                     1));

    /* a node that does not know its own name is where the answer is from */

    if (host.len == 0) {
        host = rooms_str(from->host, from->len);
    }

    node = &finder->learned[finder->nlearned];

    if (port < 1 || port > 65535 || (host.len == 1 && host.data[0] == '?')
        || ngx_http_rooms_redis_node(node, host, port) != NGX_OK)
    {
        return;
    }

    for (i = 0; i < finder->nlearned; i++) {
        if (ngx_http_rooms_redis_node_is(node, &finder->learned[i])) {
            return;
        }
    }

    finder->nlearned++;
}


ngx_uint_t
ngx_http_rooms_redis_node_is(const ngx_http_rooms_redis_node_t *a,
    const ngx_http_rooms_redis_node_t *b)
{
    return a->port == b->port && a->len == b->len
           && ngx_memcmp(a->host, b->host, a->len) == 0;
}


ngx_int_t
ngx_http_rooms_redis_node(ngx_http_rooms_redis_node_t *node, rooms_str_t host,
    ngx_uint_t port)
{
    if (host.len == 0 || host.len > NGX_HTTP_ROOMS_REDIS_HOST) {
        return NGX_ERROR;
    }

    ngx_memcpy(node->host, host.data, host.len);

    node->len = host.len;
    node->port = (in_port_t) port;
    node->addrs = NULL;
    node->naddrs = 0;

    return NGX_OK;
}
