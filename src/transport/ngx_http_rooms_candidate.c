
/*
 * Copyright (C) nginx rooms contributors
 *
 * Candidates as connections: what they read, and their end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_candidate.h>
#include <ngx_http_rooms_polling.h>
#include <ngx_http_rooms_remote.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_transport.h>
#include <ngx_http_rooms_tree.h>
#include <ngx_http_rooms_ws.h>


#define NGX_HTTP_ROOMS_PROBE_MAX  1024


static void ngx_http_rooms_candidate_go_on(ngx_http_rooms_candidate_t *cand);
static void ngx_http_rooms_candidate_list(ngx_http_rooms_candidate_t *cand);
static void ngx_http_rooms_candidate_cleanup(void *data);
static void ngx_http_rooms_candidate_refuse(ngx_http_rooms_candidate_t *cand);
static void ngx_http_rooms_candidate_read(ngx_event_t *rev);
static void ngx_http_rooms_candidate_write(ngx_event_t *wev);
static ngx_int_t ngx_http_rooms_candidate_reserve(
    ngx_http_rooms_candidate_t *cand);
static ngx_int_t ngx_http_rooms_candidate_input(
    ngx_http_rooms_candidate_t *cand, u_char *p, size_t n);
static ngx_int_t ngx_http_rooms_candidate_packet(
    ngx_http_rooms_candidate_t *cand, rooms_ws_event_t *ev);
static ngx_int_t ngx_http_rooms_candidate_probe(
    ngx_http_rooms_candidate_t *cand);
static void ngx_http_rooms_candidate_timeout(ngx_event_t *ev);
static void ngx_http_rooms_candidate_release(
    ngx_http_rooms_candidate_t *cand);


static ngx_rbtree_node_t  ngx_http_rooms_candidate_sentinel;

static ngx_rbtree_t       ngx_http_rooms_candidates = {
    &ngx_http_rooms_candidate_sentinel, &ngx_http_rooms_candidate_sentinel,
    ngx_rbtree_insert_value
};


ngx_int_t
ngx_http_rooms_candidate_ask(ngx_http_rooms_candidate_t *cand,
    ngx_http_request_t *r)
{
    cand->cleanup = ngx_pool_cleanup_add(r->pool, 0);
    if (cand->cleanup == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_rooms_remote_reserve(cand->conf->app->zone, cand->owner,
                                      cand->id,
                                      rooms_str(cand->sid,
                                                ROOMS_EIO_SID_LEN))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cand->cleanup->handler = ngx_http_rooms_candidate_cleanup;
    cand->cleanup->data = cand;

    cand->request = r;
    cand->reserved = 1;

    ngx_http_rooms_candidate_list(cand);

    return NGX_OK;
}


/* The client has hung up. */

static void
ngx_http_rooms_candidate_cleanup(void *data)
{
    ngx_http_rooms_candidate_cancel(data);
}


void
ngx_http_rooms_candidate_cancel(ngx_http_rooms_candidate_t *cand)
{
    cand->cleanup->handler = NULL;

    ngx_http_rooms_candidate_remove(cand);

    if (cand->reserved) {
        ngx_http_rooms_candidate_release(cand);
    }

    ngx_free(cand);
}


/* Counts it, and gives it its time. */

static void
ngx_http_rooms_candidate_list(ngx_http_rooms_candidate_t *cand)
{
    cand->node.key = (ngx_rbtree_key_t) cand->id;
    ngx_rbtree_insert(&ngx_http_rooms_candidates, &cand->node);
    cand->conf->candidates++;

    cand->timer.handler = ngx_http_rooms_candidate_timeout;
    cand->timer.data = cand;
    cand->timer.log = ngx_cycle->log;

    ngx_add_timer(&cand->timer, cand->conf->upgrade_timeout);
}


void
ngx_http_rooms_candidate_begin(ngx_connection_t *c, ngx_http_request_t *r,
    void *data, u_char *p, size_t n)
{
    ngx_http_rooms_candidate_t *cand = data;

    cand->connection = c;
    cand->request = r;

    if (cand->owner == 0) {
        ngx_http_rooms_candidate_list(cand);
    }

    c->data = cand;
    c->read->handler = ngx_http_rooms_candidate_read;
    c->write->handler = ngx_http_rooms_candidate_write;

    rooms_buf_append(&cand->rest, p, n);

    if (cand->rest.failed
        || cand->state == NGX_HTTP_ROOMS_DECLINED
        || (cand->owner == 0
            && ngx_http_rooms_candidate_reserve(cand) != NGX_OK))
    {
        ngx_http_rooms_candidate_close(cand);
        return;
    }

    ngx_http_rooms_candidate_go_on(cand);
}


static ngx_int_t
ngx_http_rooms_candidate_reserve(ngx_http_rooms_candidate_t *cand)
{
    ngx_int_t                  rc;
    ngx_http_rooms_session_t  *s;

    s = ngx_http_rooms_candidate_session(cand);

    rc = s ? ngx_http_rooms_polling_reserve(s, 0, cand->id) : NGX_DECLINED;

    if (rc == NGX_OK) {
        cand->reserved = 1;
        cand->state = NGX_HTTP_ROOMS_WAIT_PROBE;
    }

    return rc;
}


/* The session is there: now the client is listened to. */

static void
ngx_http_rooms_candidate_go_on(ngx_http_rooms_candidate_t *cand)
{
    ngx_int_t          rc;
    rooms_buf_t        b;
    ngx_connection_t  *c;

    c = cand->connection;

    b = cand->rest;
    rooms_buf_init(&cand->rest, 0);

    rc = ngx_http_rooms_candidate_input(cand, b.data, b.len);

    rooms_buf_free(&b);

    if (rc == NGX_OK) {
        ngx_http_rooms_candidate_read(c->read);
    }
}


static void
ngx_http_rooms_candidate_read(ngx_event_t *rev)
{
    ssize_t                      n;
    ngx_connection_t            *c;
    ngx_http_rooms_candidate_t  *cand;
    u_char                       buf[4096];

    c = rev->data;
    cand = c->data;

    if (c->close) {
        ngx_http_rooms_candidate_close(cand);
        return;
    }

    /* what follows is left to the socket while another worker is asked */

    while (cand->state == NGX_HTTP_ROOMS_WAIT_PROBE
           || cand->state == NGX_HTTP_ROOMS_WAIT_UPGRADE)
    {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_http_rooms_candidate_close(cand);
            return;
        }

        if (ngx_http_rooms_candidate_input(cand, buf, (size_t) n) != NGX_OK) {
            return;
        }

        if (!rev->ready) {
            break;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_rooms_candidate_close(cand);
    }
}


static void
ngx_http_rooms_candidate_write(ngx_event_t *wev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, wev->log, 0,
                   "rooms: candidate is writable");
}


/* NGX_DONE: the candidate is gone, or has become the session's connection. */

static ngx_int_t
ngx_http_rooms_candidate_input(ngx_http_rooms_candidate_t *cand, u_char *p,
    size_t n)
{
    size_t              used;
    rooms_int_t         rc;
    rooms_ws_event_t    ev;
    rooms_ws_limits_t   limits;

    limits.max_message = NGX_HTTP_ROOMS_PROBE_MAX;
    limits.max_fragments = 1;
    limits.deflate = (cand->deflate != 0);

    while (n) {

        if (cand->state == NGX_HTTP_ROOMS_WAIT_SESSION) {
            rooms_buf_append(&cand->rest, p, n);
            return NGX_OK;
        }

        rc = rooms_ws_read(&cand->reader, &limits, p, n, &used, &ev);

        if (rc == ROOMS_AGAIN) {
            return NGX_OK;
        }

        if (rc == ROOMS_ERROR) {
            ngx_http_rooms_candidate_close(cand);
            return NGX_DONE;
        }

        p += used;
        n -= used;

        if (cand->state == NGX_HTTP_ROOMS_WAIT_UPGRADE
            && ev.opcode == ROOMS_WS_TEXT && ev.len == 1
            && ev.payload[0] == ROOMS_EIO_UPGRADE)
        {
            rooms_buf_append(&cand->rest, p, n);
            ngx_http_rooms_candidate_take(cand);
            return NGX_DONE;
        }

        if (ngx_http_rooms_candidate_packet(cand, &ev) != NGX_OK) {
            ngx_http_rooms_candidate_close(cand);
            return NGX_DONE;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_candidate_packet(ngx_http_rooms_candidate_t *cand,
    rooms_ws_event_t *ev)
{
    if (ev->opcode == ROOMS_WS_PING || ev->opcode == ROOMS_WS_PONG) {
        return NGX_OK;
    }

    if (cand->state != NGX_HTTP_ROOMS_WAIT_PROBE
        || ev->opcode != ROOMS_WS_TEXT
        || ev->len != sizeof("2probe") - 1
        || ngx_memcmp(ev->payload, "2probe", sizeof("2probe") - 1) != 0)
    {
        return NGX_DECLINED;
    }

    return ngx_http_rooms_candidate_probe(cand);
}


static ngx_int_t
ngx_http_rooms_candidate_probe(ngx_http_rooms_candidate_t *cand)
{
    u_char                     frame[8];
    size_t                     len;
    ngx_http_rooms_session_t  *s;

    if (cand->owner) {
        if (ngx_http_rooms_remote_probe(cand->conf->app->zone, cand->owner,
                                        cand->id,
                                        rooms_str(cand->sid,
                                                  ROOMS_EIO_SID_LEN))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {
        s = ngx_http_rooms_candidate_session(cand);

        if (s == NULL) {
            return NGX_DECLINED;
        }

        ngx_http_rooms_polling_probe(s, 0, cand->id);
    }

    len = rooms_ws_header(frame, ROOMS_WS_FIN | ROOMS_WS_TEXT,
                          sizeof("3probe") - 1);
    ngx_memcpy(frame + len, "3probe", sizeof("3probe") - 1);
    len += sizeof("3probe") - 1;

    if (cand->connection->send(cand->connection, frame, len)
        != (ssize_t) len)
    {
        return NGX_ERROR;
    }

    cand->state = NGX_HTTP_ROOMS_WAIT_UPGRADE;

    return NGX_OK;
}


ngx_http_rooms_session_t *
ngx_http_rooms_candidate_session(ngx_http_rooms_candidate_t *cand)
{
    ngx_str_t                  sid;
    ngx_http_rooms_session_t  *s;

    sid.data = cand->sid;
    sid.len = ROOMS_EIO_SID_LEN;

    s = ngx_http_rooms_session_find(cand->conf->app->zone, &sid);

    return (s && !s->closed && s->polling) ? s : NULL;
}


ngx_http_rooms_candidate_t *
ngx_http_rooms_candidate_find(uint64_t id)
{
    ngx_rbtree_node_t  *node;

    node = ngx_http_rooms_tree_find(&ngx_http_rooms_candidates,
                                    (ngx_rbtree_key_t) id);

    return node ? ngx_rbtree_data(node, ngx_http_rooms_candidate_t, node)
                : NULL;
}


void
ngx_http_rooms_candidates_gone(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    ngx_rbtree_t                *tree;
    ngx_rbtree_node_t           *node, *next;
    ngx_http_rooms_candidate_t  *cand;

    tree = &ngx_http_rooms_candidates;

    if (tree->root == tree->sentinel) {
        return;
    }

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node;
         node = next)
    {
        next = ngx_rbtree_next(tree, node);
        cand = ngx_rbtree_data(node, ngx_http_rooms_candidate_t, node);

        if (cand->conf->app->zone == zone && cand->owner == owner
            && !cand->moving)
        {
            ngx_http_rooms_candidate_close(cand);
        }
    }
}


void
ngx_http_rooms_candidate_remove(ngx_http_rooms_candidate_t *cand)
{
    ngx_rbtree_delete(&ngx_http_rooms_candidates, &cand->node);
    cand->conf->candidates--;

    if (cand->timer.timer_set) {
        ngx_del_timer(&cand->timer);
    }

    if (cand->again.timer_set) {
        ngx_del_timer(&cand->again);
    }
}


static void
ngx_http_rooms_candidate_timeout(ngx_event_t *ev)
{
    ngx_http_rooms_candidate_t *cand = ev->data;

    cand->conf->app->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_HANDSHAKE]++;

    ngx_http_rooms_candidate_close(cand);
}


void
ngx_http_rooms_candidate_close(ngx_http_rooms_candidate_t *cand)
{
    rooms_buf_t  b;

    ngx_http_rooms_candidate_remove(cand);

    if (cand->reserved) {
        ngx_http_rooms_candidate_release(cand);
    }

    if (cand->connection == NULL) {
        ngx_http_rooms_candidate_refuse(cand);
        return;
    }

    rooms_buf_init(&b, 0);
    rooms_ws_close_frame(&b, cand->reader.close, rooms_str(NULL, 0));

    if (!b.failed && !cand->connection->error) {
        (void) cand->connection->send(cand->connection, b.data, b.len);
    }

    rooms_buf_free(&b);
    rooms_ws_reader_free(&cand->reader);
    rooms_buf_free(&cand->rest);

    ngx_http_rooms_ws_finish(cand->connection, cand->request, 1);

    ngx_free(cand);
}


static void
ngx_http_rooms_candidate_refuse(ngx_http_rooms_candidate_t *cand)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = cand->request;
    c = r->connection;

    cand->cleanup->handler = NULL;

    ngx_http_finalize_request(r,
                ngx_http_rooms_transport_error(r, cand->conf,
                                               NGX_HTTP_ROOMS_ERROR_SESSION));
    ngx_http_run_posted_requests(c);

    ngx_free(cand);
}


static void
ngx_http_rooms_candidate_release(ngx_http_rooms_candidate_t *cand)
{
    ngx_http_rooms_session_t  *s;

    if (cand->owner) {
        ngx_http_rooms_remote_release(cand->conf->app->zone, cand->owner,
                                      cand->id,
                                      rooms_str(cand->sid,
                                                ROOMS_EIO_SID_LEN));
        return;
    }

    s = ngx_http_rooms_candidate_session(cand);

    if (s) {
        ngx_http_rooms_polling_release(s, 0, cand->id);
    }
}
