
/*
 * Copyright (C) nginx rooms contributors
 *
 * Asks sentinels for the master, one after the other until one answers, and
 * then listens to it: "+switch-master" tells of another one.
 */


#include <ngx_http_rooms_redis_finder.h>

#include <rooms_redis_redirect.h>


#define NGX_HTTP_ROOMS_REDIS_SENTINEL_PING  5000     /* ms */


static void ngx_http_rooms_redis_sentinel_ready(
    ngx_http_rooms_redis_link_t *link);
static void ngx_http_rooms_redis_sentinel_query(
    ngx_http_rooms_redis_finder_t *finder);
static void ngx_http_rooms_redis_sentinel_reply(
    ngx_http_rooms_redis_link_t *link, redisReply *reply);
static void ngx_http_rooms_redis_sentinel_message(
    ngx_http_rooms_redis_finder_t *finder, rooms_str_t text);
static void ngx_http_rooms_redis_sentinel_master(
    ngx_http_rooms_redis_finder_t *finder, rooms_str_t host, ngx_uint_t port);
static void ngx_http_rooms_redis_sentinel_lost(
    ngx_http_rooms_redis_link_t *link, const char *why);
static void ngx_http_rooms_redis_sentinel_timer(ngx_event_t *ev);


static ngx_connection_t  ngx_http_rooms_redis_sentinel_dumb = { .fd = -1 };


void
ngx_http_rooms_redis_sentinel_init(ngx_http_rooms_redis_finder_t *finder)
{
    finder->link.conf = finder->conf;
    finder->link.data = finder;
    finder->link.ready = ngx_http_rooms_redis_sentinel_ready;
    finder->link.reply = ngx_http_rooms_redis_sentinel_reply;
    finder->link.lost = ngx_http_rooms_redis_sentinel_lost;

    ngx_http_rooms_redis_link_init(&finder->link);

    finder->timer.handler = ngx_http_rooms_redis_sentinel_timer;
    finder->timer.data = &ngx_http_rooms_redis_sentinel_dumb;
    finder->timer.log = ngx_cycle->log;
    finder->timer.cancelable = 1;
}


void
ngx_http_rooms_redis_sentinel_stop(ngx_http_rooms_redis_finder_t *finder)
{
    ngx_http_rooms_redis_link_close(&finder->link);

    if (finder->timer.timer_set) {
        ngx_del_timer(&finder->timer);
    }
}


void
ngx_http_rooms_redis_sentinel_ask(ngx_http_rooms_redis_finder_t *finder)
{
    const ngx_http_rooms_redis_node_t  *node;

    if (finder->asking) {
        return;
    }

    finder->asking = 1;

    ngx_add_timer(&finder->timer, finder->conf->timeout);

    if (finder->link.is_ready) {
        ngx_http_rooms_redis_sentinel_query(finder);
        return;
    }

    node = &finder->conf->nodes[finder->next++ % finder->conf->nnodes];

    ngx_http_rooms_redis_link_open(&finder->link, node);
}


static void
ngx_http_rooms_redis_sentinel_ready(ngx_http_rooms_redis_link_t *link)
{
    rooms_str_t                     words[2];
    ngx_http_rooms_redis_conf_t    *conf;
    ngx_http_rooms_redis_finder_t  *finder;

    finder = link->data;
    conf = finder->conf;

    if (conf->sentinel_password.len) {
        words[0] = rooms_str("AUTH", 4);
        words[1] = rooms_str(conf->sentinel_password.data,
                             conf->sentinel_password.len);

        (void) ngx_http_rooms_redis_link_write(link, words, 2);
    }

    ngx_http_rooms_redis_sentinel_query(finder);
}


/* A subscriber may ask nothing, so that it unsubscribes first. */

static void
ngx_http_rooms_redis_sentinel_query(ngx_http_rooms_redis_finder_t *finder)
{
    rooms_str_t  words[3];

    words[0] = rooms_str("UNSUBSCRIBE", 11);
    words[1] = rooms_str("+switch-master", 14);

    (void) ngx_http_rooms_redis_link_write(&finder->link, words, 2);

    words[0] = rooms_str("SENTINEL", 8);
    words[1] = rooms_str("GET-MASTER-ADDR-BY-NAME", 23);
    words[2] = rooms_str(finder->conf->master.data, finder->conf->master.len);

    (void) ngx_http_rooms_redis_link_write(&finder->link, words, 3);

    words[0] = rooms_str("SUBSCRIBE", 9);
    words[1] = rooms_str("+switch-master", 14);

    (void) ngx_http_rooms_redis_link_write(&finder->link, words, 2);
}


/*
 * [HOST PORT] is the answer, and nothing at all where the name is not known;
 * [subscribe ...], [unsubscribe ...], [pong ""]; [message CHANNEL TEXT]
 */

static void
ngx_http_rooms_redis_sentinel_reply(ngx_http_rooms_redis_link_t *link,
    redisReply *reply)
{
    unsigned                        port;
    rooms_str_t                     word, text;
    ngx_http_rooms_redis_finder_t  *finder;

    finder = link->data;

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: sentinel \"%V\" refuses: %s", &link->name,
                      reply->str);

        ngx_http_rooms_redis_link_fail(link, "refuses");
        return;
    }

    if (reply->type == REDIS_REPLY_NIL) {
        ngx_http_rooms_redis_link_fail(link, "does not know the master");
        return;
    }

    word = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));

    if (reply->type != REDIS_REPLY_ARRAY || word.len == 0) {
        return;
    }

    if (reply->elements == 3) {

        if (word.len == 7 && ngx_memcmp(word.data, "message", 7) == 0) {
            ngx_http_rooms_redis_sentinel_message(finder,
                ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply,
                                                                      2)));
        }

        return;
    }

    text = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 1));

    if (reply->elements == 2 && finder->asking
        && rooms_redis_port(text, &port) == ROOMS_OK)
    {
        ngx_http_rooms_redis_sentinel_master(finder, word, port);
    }
}


static void
ngx_http_rooms_redis_sentinel_message(ngx_http_rooms_redis_finder_t *finder,
    rooms_str_t text)
{
    unsigned     port;
    rooms_str_t  name, host;

    name = rooms_str(finder->conf->master.data, finder->conf->master.len);

    if (rooms_redis_switch(text, name, &host, &port) == ROOMS_OK) {
        ngx_http_rooms_redis_sentinel_master(finder, host, port);
    }
}


static void
ngx_http_rooms_redis_sentinel_master(ngx_http_rooms_redis_finder_t *finder,
    rooms_str_t host, ngx_uint_t port)
{
    ngx_http_rooms_redis_node_t  node;

    if (ngx_http_rooms_redis_node(&node, host, port) != NGX_OK) {
        return;
    }

    finder->asking = 0;
    finder->failures = 0;
    finder->told = 0;

    ngx_add_timer(&finder->timer, NGX_HTTP_ROOMS_REDIS_SENTINEL_PING);

    ngx_http_rooms_redis_found(finder, &node);
}


static void
ngx_http_rooms_redis_sentinel_lost(ngx_http_rooms_redis_link_t *link,
    const char *why)
{
    ngx_http_rooms_redis_finder_t *finder = link->data;

    /* the next one is asked at once, but for a pause after each round */

    finder->asking = 0;
    finder->failures++;

    if (!finder->told && finder->failures == finder->conf->nnodes) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "rooms: no sentinel of \"%V\" answers for \"%V\", the "
                      "last %s", &finder->conf->url, &finder->conf->master,
                      why);
        finder->told = 1;
    }

    ngx_add_timer(&finder->timer,
                  (finder->failures % finder->conf->nnodes)
                  ? 1 : rooms_redis_backoff(finder->failures
                                            / finder->conf->nnodes,
                                            (unsigned) ngx_random()));
}


static void
ngx_http_rooms_redis_sentinel_timer(ngx_event_t *ev)
{
    rooms_str_t                     word;
    ngx_http_rooms_redis_finder_t  *finder;

    finder = (ngx_http_rooms_redis_finder_t *)
                 ((u_char *) ev
                  - offsetof(ngx_http_rooms_redis_finder_t, timer));

    if (!ngx_http_rooms_redis_link_is_open(&finder->link)) {
        ngx_http_rooms_redis_sentinel_ask(finder);
        return;
    }

    if (finder->asking
        || ngx_current_msec - finder->link.heard
           >= 2 * NGX_HTTP_ROOMS_REDIS_SENTINEL_PING)
    {
        ngx_http_rooms_redis_link_fail(&finder->link, "does not answer");
        return;
    }

    word = rooms_str("PING", 4);

    (void) ngx_http_rooms_redis_link_write(&finder->link, &word, 1);

    ngx_add_timer(&finder->timer, NGX_HTTP_ROOMS_REDIS_SENTINEL_PING);
}
