
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_remote_message.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_transport.h>
#include <ngx_http_rooms_tree.h>
#include <ngx_http_rooms_upgrade.h>
#include <ngx_http_rooms_redis.h>


#define NGX_HTTP_ROOMS_REMOTE_CHECK    250

/* how long until all know by Redis of a worker that has just begun, ms */

#define NGX_HTTP_ROOMS_REMOTE_YOUNG    2000

/* ours and the journal's, with room to spare */

#define NGX_HTTP_ROOMS_REMOTE_HEADERS  512


static rooms_int_t ngx_http_rooms_remote_read(rooms_str_t data,
    ngx_http_rooms_remote_t *m);
static void ngx_http_rooms_remote_request(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_remote_t *m);
static void ngx_http_rooms_remote_unlist(ngx_http_rooms_exchange_t *x);
static void ngx_http_rooms_remote_check(ngx_event_t *ev);
static ngx_int_t ngx_http_rooms_remote_step(ngx_http_rooms_zone_t *zone,
    uint32_t owner, uint64_t id, rooms_str_t sid, uint8_t type);
static void ngx_http_rooms_remote_moved(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_remote_t *m);
static ngx_http_rooms_exchange_t *ngx_http_rooms_remote_find(uint64_t id);
static void ngx_http_rooms_remote_answered(ngx_http_rooms_remote_t *m);


static ngx_rbtree_node_t  ngx_http_rooms_remote_sentinel;

/* exchanges by their ids: answers come in any order */

static ngx_rbtree_t       ngx_http_rooms_remote_waiting = {
    &ngx_http_rooms_remote_sentinel, &ngx_http_rooms_remote_sentinel,
    ngx_rbtree_insert_value
};

static ngx_event_t        ngx_http_rooms_remote_event;
static uint64_t           ngx_http_rooms_remote_last;


ngx_int_t
ngx_http_rooms_remote_send(ngx_http_rooms_zone_t *zone, uint32_t to,
    const ngx_http_rooms_remote_t *m)
{
    ngx_int_t    rc;
    rooms_buf_t  b;

    rooms_buf_init(&b, 0);

    rooms_buf_byte(&b, m->type);
    rooms_buf_u32(&b, zone->owner);
    rooms_buf_u64(&b, m->id);
    rooms_buf_str16(&b, m->sid);
    rooms_buf_byte(&b, m->answer);
    rooms_buf_u16(&b, m->code);
    rooms_buf_str32(&b, m->body);

    rc = NGX_ERROR;

    if (!b.failed) {
        rc = ngx_http_rooms_zone_direct(zone, to, rooms_str(b.data, b.len));
    }

    rooms_buf_free(&b);

    return rc == NGX_OK ? NGX_OK : NGX_ERROR;
}


static rooms_int_t
ngx_http_rooms_remote_read(rooms_str_t data, ngx_http_rooms_remote_t *m)
{
    if (rooms_get_u8(&data, &m->type) != ROOMS_OK
        || rooms_get_u32(&data, &m->from) != ROOMS_OK
        || rooms_get_u64(&data, &m->id) != ROOMS_OK
        || rooms_get_str16(&data, &m->sid) != ROOMS_OK
        || rooms_get_u8(&data, &m->answer) != ROOMS_OK
        || rooms_get_u16(&data, &m->code) != ROOMS_OK
        || rooms_get_str32(&data, &m->body) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


void
ngx_http_rooms_remote_get(ngx_http_rooms_exchange_t *x, ngx_str_t *sid)
{
    ngx_http_rooms_remote_t  m;

    ngx_memzero(&m, sizeof(ngx_http_rooms_remote_t));

    m.type = NGX_HTTP_ROOMS_REMOTE_GET;
    x->sid = *sid;

    ngx_http_rooms_remote_request(x, &m);
}


void
ngx_http_rooms_remote_post(ngx_http_rooms_exchange_t *x, ngx_str_t *sid,
    rooms_str_t body)
{
    ngx_http_rooms_remote_t  m;

    ngx_memzero(&m, sizeof(ngx_http_rooms_remote_t));

    m.type = NGX_HTTP_ROOMS_REMOTE_POST;
    m.body = body;
    x->sid = *sid;

    ngx_http_rooms_remote_request(x, &m);
}


void
ngx_http_rooms_remote_begin(ngx_http_rooms_exchange_t *x, ngx_str_t *sid)
{
    ngx_http_rooms_remote_t  m;

    ngx_memzero(&m, sizeof(ngx_http_rooms_remote_t));

    m.type = NGX_HTTP_ROOMS_REMOTE_BEGIN;
    x->sid = *sid;

    ngx_http_rooms_remote_request(x, &m);
}


/* A POST is listed from its beginning. */

static void
ngx_http_rooms_remote_request(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_remote_t *m)
{
    ngx_event_t  *ev;

    static ngx_connection_t  dumb = { .fd = -1 };

    if (!x->listed) {
        x->id = ++ngx_http_rooms_remote_last;
        x->since = ngx_current_msec;
        x->listed = 1;
        x->node.key = (ngx_rbtree_key_t) x->id;
        ngx_rbtree_insert(&ngx_http_rooms_remote_waiting, &x->node);
    }

    m->id = x->id;
    m->sid = rooms_str(x->sid.data, x->sid.len);

    if (ngx_http_rooms_remote_send(x->zone, x->owner, m) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": a request of %uz octets does not "
                      "fit into the journal; is the zone too small?",
                      &x->zone->app->name, m->body.len);

        ngx_http_rooms_remote_unlist(x);
        ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR,
                                       NGX_HTTP_ROOMS_ERROR_REQUEST,
                                       rooms_str(NULL, 0));
        return;
    }

    ev = &ngx_http_rooms_remote_event;

    if (!ev->timer_set) {
        ev->handler = ngx_http_rooms_remote_check;
        ev->data = &dumb;
        ev->log = ngx_cycle->log;
        ngx_add_timer(ev, NGX_HTTP_ROOMS_REMOTE_CHECK);
    }
}


static void
ngx_http_rooms_remote_unlist(ngx_http_rooms_exchange_t *x)
{
    if (x->listed) {
        ngx_rbtree_delete(&ngx_http_rooms_remote_waiting, &x->node);
        x->listed = 0;
    }
}


/* An owner that died will not answer. */

static void
ngx_http_rooms_remote_check(ngx_event_t *ev)
{
    ngx_rbtree_t               *tree;
    ngx_rbtree_node_t          *node;
    ngx_http_rooms_exchange_t  *x;

    tree = &ngx_http_rooms_remote_waiting;

    if (tree->root == tree->sentinel) {
        return;
    }

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node;
         node = ngx_rbtree_next(tree, node))
    {
        x = ngx_rbtree_data(node, ngx_http_rooms_exchange_t, node);

        if (x->zone->redis
            && ngx_current_msec - x->since < NGX_HTTP_ROOMS_REMOTE_YOUNG)
        {
            continue;
        }

        if (!ngx_http_rooms_zone_holds(x->zone, x->owner)) {
            ngx_http_rooms_remote_unlist(x);
            ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR,
                                           NGX_HTTP_ROOMS_ERROR_SESSION,
                                           rooms_str(NULL, 0));

            /* anything may have been answered by this */

            ngx_add_timer(ev, 1);
            return;
        }
    }

    ngx_add_timer(ev, NGX_HTTP_ROOMS_REMOTE_CHECK);
}


/* Answering one may end others, so each is looked for anew. */

void
ngx_http_rooms_remote_refuse(ngx_http_rooms_zone_t *zone, uint32_t owner)
{
    ngx_rbtree_key_t            last;
    ngx_rbtree_node_t          *node, *next, *sentinel;
    ngx_http_rooms_exchange_t  *x;

    last = 0;
    sentinel = ngx_http_rooms_remote_waiting.sentinel;

    for ( ;; ) {
        next = NULL;
        node = ngx_http_rooms_remote_waiting.root;

        while (node != sentinel) {

            if (node->key > last) {
                next = node;
                node = node->left;

            } else {
                node = node->right;
            }
        }

        if (next == NULL) {
            return;
        }

        last = next->key;
        x = ngx_rbtree_data(next, ngx_http_rooms_exchange_t, node);

        if (x->zone == zone && x->owner == owner) {
            ngx_http_rooms_remote_unlist(x);
            ngx_http_rooms_exchange_answer(x, NGX_HTTP_ROOMS_ANSWER_ERROR,
                                           NGX_HTTP_ROOMS_ERROR_SESSION,
                                           rooms_str(NULL, 0));
        }
    }
}


void
ngx_http_rooms_remote_abort(ngx_http_rooms_exchange_t *x, ngx_uint_t hangup)
{
    ngx_http_rooms_remote_t  m;

    if (!x->listed) {
        return;
    }

    ngx_http_rooms_remote_unlist(x);

    ngx_memzero(&m, sizeof(ngx_http_rooms_remote_t));

    m.type = NGX_HTTP_ROOMS_REMOTE_ABORT;
    m.id = x->id;
    m.code = (uint16_t) hangup;
    m.sid = rooms_str(x->sid.data, x->sid.len);

    (void) ngx_http_rooms_remote_send(x->zone, x->owner, &m);
}


size_t
ngx_http_rooms_remote_max(ngx_http_rooms_zone_t *zone)
{
    rooms_journal_stat_t  stat;

    rooms_journal_stat(zone->journal, &stat);

    return stat.size / 8 - NGX_HTTP_ROOMS_REMOTE_HEADERS;
}


void
ngx_http_rooms_remote_answer(ngx_http_rooms_exchange_t *x,
    ngx_http_rooms_answer_e type, ngx_uint_t code, rooms_str_t body)
{
    ngx_http_rooms_remote_t  m;

    ngx_memzero(&m, sizeof(ngx_http_rooms_remote_t));

    m.type = NGX_HTTP_ROOMS_REMOTE_ANSWER;
    m.id = x->id;
    m.answer = (uint8_t) type;
    m.code = (uint16_t) code;
    m.body = body;

    /* packets that are lost on the way must not be missed silently */

    if (type == NGX_HTTP_ROOMS_ANSWER_PACKETS && x->session) {
        m.sid = rooms_str(x->session->sid, ROOMS_EIO_SID_LEN);
    }

    if (ngx_http_rooms_remote_send(x->zone, x->owner, &m) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": an answer of %uz octets does not "
                      "fit into the journal; is the zone too small?",
                      &x->zone->app->name, body.len);
    }
}


static ngx_int_t
ngx_http_rooms_remote_step(ngx_http_rooms_zone_t *zone, uint32_t owner,
    uint64_t id, rooms_str_t sid, uint8_t type)
{
    ngx_http_rooms_remote_t  m;

    ngx_memzero(&m, sizeof(ngx_http_rooms_remote_t));

    m.type = type;
    m.id = id;
    m.sid = sid;

    return ngx_http_rooms_remote_send(zone, owner, &m);
}


ngx_int_t
ngx_http_rooms_remote_reserve(ngx_http_rooms_zone_t *zone, uint32_t owner,
    uint64_t id, rooms_str_t sid)
{
    return ngx_http_rooms_remote_step(zone, owner, id, sid,
                                      NGX_HTTP_ROOMS_REMOTE_RESERVE);
}


ngx_int_t
ngx_http_rooms_remote_probe(ngx_http_rooms_zone_t *zone, uint32_t owner,
    uint64_t id, rooms_str_t sid)
{
    return ngx_http_rooms_remote_step(zone, owner, id, sid,
                                      NGX_HTTP_ROOMS_REMOTE_PROBE);
}


ngx_int_t
ngx_http_rooms_remote_release(ngx_http_rooms_zone_t *zone, uint32_t owner,
    uint64_t id, rooms_str_t sid)
{
    return ngx_http_rooms_remote_step(zone, owner, id, sid,
                                      NGX_HTTP_ROOMS_REMOTE_RELEASE);
}


ngx_int_t
ngx_http_rooms_remote_take(ngx_http_rooms_zone_t *zone, uint32_t owner,
    uint64_t id, rooms_str_t sid)
{
    return ngx_http_rooms_remote_step(zone, owner, id, sid,
                                      NGX_HTTP_ROOMS_REMOTE_TAKE);
}


ngx_int_t
ngx_http_rooms_remote_taken(ngx_http_rooms_zone_t *zone, uint32_t owner,
    uint64_t id)
{
    return ngx_http_rooms_remote_step(zone, owner, id, rooms_str(NULL, 0),
                                      NGX_HTTP_ROOMS_REMOTE_TAKEN);
}


void
ngx_http_rooms_remote_receive(ngx_http_rooms_zone_t *zone, rooms_str_t data,
    uint64_t id)
{
    ngx_http_rooms_remote_t     m;
    ngx_http_rooms_exchange_t  *x;

    if (ngx_http_rooms_remote_read(data, &m) != ROOMS_OK) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "rooms: zone \"%V\": damaged octets from another "
                      "worker at %uL", &zone->app->name, id);
        return;
    }

    switch (m.type) {

    case NGX_HTTP_ROOMS_REMOTE_ANSWER:
        ngx_http_rooms_remote_answered(&m);
        break;

    case NGX_HTTP_ROOMS_REMOTE_GO:
        x = ngx_http_rooms_remote_find(m.id);

        if (x && !x->coming) {
            x->coming = 1;
            ngx_http_rooms_transport_go(x);
        }

        break;

    case NGX_HTTP_ROOMS_REMOTE_RESERVED:
        ngx_http_rooms_upgrade_reserved(m.id, m.code);
        break;

    case NGX_HTTP_ROOMS_REMOTE_SESSION:
        ngx_http_rooms_remote_moved(zone, &m);
        break;

    default:
        ngx_http_rooms_remote_serve(zone, &m);
    }
}


static void
ngx_http_rooms_remote_moved(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_remote_t *m)
{
    if (m->body.len == 0) {
        ngx_http_rooms_upgrade_unmoved(zone, m->from, m->id, m->body);
        return;
    }

    if (ngx_http_rooms_upgrade_arrived(zone, m->from, m->id, m->body)
        != NGX_OK)
    {
        return;
    }

    if (zone->redis) {
        ngx_http_rooms_redis_move(zone, m->from, m->id, m->body);

    } else {
        ngx_http_rooms_upgrade_moved(zone, m->from, m->id, m->body);
    }
}


static ngx_http_rooms_exchange_t *
ngx_http_rooms_remote_find(uint64_t id)
{
    ngx_rbtree_node_t  *node;

    node = ngx_http_rooms_tree_find(&ngx_http_rooms_remote_waiting,
                                    (ngx_rbtree_key_t) id);

    return node ? ngx_rbtree_data(node, ngx_http_rooms_exchange_t, node)
                : NULL;
}


static void
ngx_http_rooms_remote_answered(ngx_http_rooms_remote_t *m)
{
    ngx_http_rooms_exchange_t  *x;

    x = ngx_http_rooms_remote_find(m->id);

    if (x) {
        ngx_http_rooms_remote_unlist(x);
        ngx_http_rooms_exchange_answer(x, m->answer, m->code, m->body);
    }
}


/*
 * Who asked hears that there is nobody.  A client whose packets were answered
 * to nobody has to recover: its session ends, and the request if it is still
 * there.
 */

void
ngx_http_rooms_remote_lost(ngx_http_rooms_zone_t *zone, uint32_t to,
    rooms_str_t data)
{
    ngx_str_t                  sid;
    ngx_http_rooms_remote_t    m;
    ngx_http_rooms_session_t  *s;

    if (ngx_http_rooms_remote_read(data, &m) != ROOMS_OK) {
        return;
    }

    switch (m.type) {

    case NGX_HTTP_ROOMS_REMOTE_RESERVE:
        ngx_http_rooms_upgrade_reserved(m.id,
                                        NGX_HTTP_ROOMS_RESERVE_UNKNOWN);
        return;

    case NGX_HTTP_ROOMS_REMOTE_BEGIN:
    case NGX_HTTP_ROOMS_REMOTE_GET:
    case NGX_HTTP_ROOMS_REMOTE_POST:
        m.answer = NGX_HTTP_ROOMS_ANSWER_ERROR;
        m.code = NGX_HTTP_ROOMS_ERROR_SESSION;
        m.body = rooms_str(NULL, 0);

        ngx_http_rooms_remote_answered(&m);
        return;

    case NGX_HTTP_ROOMS_REMOTE_ANSWER:

        if (m.sid.len == 0) {
            return;
        }

        sid.data = (u_char *) m.sid.data;
        sid.len = m.sid.len;

        s = ngx_http_rooms_session_find(zone, &sid);

        if (s) {
            ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
        }

        m.sid = rooms_str(NULL, 0);
        m.answer = NGX_HTTP_ROOMS_ANSWER_ERROR;
        m.code = NGX_HTTP_ROOMS_ERROR_SESSION;
        m.body = rooms_str(NULL, 0);

        (void) ngx_http_rooms_remote_send(zone, to, &m);
        return;
    }
}
