
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_given.h>
#include <ngx_http_rooms_image.h>
#include <ngx_http_rooms_remote_message.h>


typedef struct {
    rooms_link_t              node;        /* in zone->given, by the key */
    ngx_queue_t               queue;       /* in zone->giving, by the limit */
    uint64_t                  key;
    uint32_t                  holder;
    uint64_t                  id;
    ngx_msec_t                limit;
    ngx_msec_t                window;      /* to recover */
    rooms_buf_t               image;
} ngx_http_rooms_given_t;


static uint64_t ngx_http_rooms_given_key(uint32_t holder, uint64_t id);
static ngx_http_rooms_given_t *ngx_http_rooms_given_find(
    ngx_http_rooms_zone_t *zone, uint32_t holder, uint64_t id);
static void ngx_http_rooms_given_drop(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_given_t *given);
static void ngx_http_rooms_given_end(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_given_t *given);
static void ngx_http_rooms_given_timer(ngx_event_t *ev);


void
ngx_http_rooms_given_init(ngx_http_rooms_zone_t *zone)
{
    rooms_table_start(&zone->given, ngx_http_rooms_given_t, node, key);
    ngx_queue_init(&zone->giving);

    zone->given_timer.handler = ngx_http_rooms_given_timer;
    zone->given_timer.data = zone;
    zone->given_timer.log = ngx_cycle->log;
}


void
ngx_http_rooms_given_free(ngx_http_rooms_zone_t *zone)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&zone->giving)) {
        q = ngx_queue_head(&zone->giving);
        ngx_http_rooms_given_drop(zone,
                                  ngx_queue_data(q, ngx_http_rooms_given_t,
                                                 queue));
    }

    rooms_table_free(&zone->given);
}


static uint64_t
ngx_http_rooms_given_key(uint32_t holder, uint64_t id)
{
    return ((uint64_t) holder << 32) ^ id;
}


static ngx_http_rooms_given_t *
ngx_http_rooms_given_find(ngx_http_rooms_zone_t *zone, uint32_t holder,
    uint64_t id)
{
    rooms_link_t            *node;
    ngx_http_rooms_given_t  *given;

    for (node = rooms_table_find(&zone->given,
                                 ngx_http_rooms_given_key(holder, id));
         node;
         node = rooms_table_again(&zone->given, node))
    {
        given = rooms_table_data(node, ngx_http_rooms_given_t, node);

        if (given->holder == holder && given->id == id) {
            return given;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_rooms_given_keep(ngx_http_rooms_session_t *s, uint32_t holder,
    uint64_t id, rooms_buf_t *image)
{
    ngx_http_rooms_zone_t   *zone;
    ngx_http_rooms_given_t  *given;

    zone = s->zone;

    if (zone->ngiven == NGX_HTTP_ROOMS_GIVEN_MAX
        || zone->given_size + image->len > NGX_HTTP_ROOMS_GIVEN_OCTETS)
    {
        zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_LIMIT]++;
        return NGX_DECLINED;
    }

    given = ngx_alloc(sizeof(ngx_http_rooms_given_t), ngx_cycle->log);
    if (given == NULL) {
        return NGX_DECLINED;
    }

    given->key = ngx_http_rooms_given_key(holder, id);
    given->holder = holder;
    given->id = id;
    given->limit = ngx_current_msec + NGX_HTTP_ROOMS_GIVEN_TIME;
    given->window = s->conf->recovery;

    given->image = *image;
    rooms_buf_init(image, 0);

    rooms_table_insert(&zone->given, &given->node);
    ngx_queue_insert_tail(&zone->giving, &given->queue);

    zone->ngiven++;
    zone->given_size += given->image.len;

    if (!zone->given_timer.timer_set) {
        ngx_add_timer(&zone->given_timer, NGX_HTTP_ROOMS_GIVEN_TIME);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_given_send(ngx_http_rooms_zone_t *zone, uint32_t holder,
    uint64_t id)
{
    ngx_http_rooms_given_t   *given;
    ngx_http_rooms_remote_t   m;

    given = ngx_http_rooms_given_find(zone, holder, id);

    if (given == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(&m, sizeof(ngx_http_rooms_remote_t));

    m.type = NGX_HTTP_ROOMS_REMOTE_SESSION;
    m.id = id;
    m.body = rooms_str(given->image.data, given->image.len);

    return ngx_http_rooms_remote_send(zone, holder, &m);
}


void
ngx_http_rooms_given_forget(ngx_http_rooms_zone_t *zone, uint32_t holder,
    uint64_t id)
{
    ngx_http_rooms_given_t  *given;

    given = ngx_http_rooms_given_find(zone, holder, id);

    if (given) {
        ngx_http_rooms_given_drop(zone, given);
    }
}


static void
ngx_http_rooms_given_drop(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_given_t *given)
{
    rooms_table_remove(&zone->given, &given->node);
    ngx_queue_remove(&given->queue);

    zone->ngiven--;
    zone->given_size -= given->image.len;

    rooms_buf_free(&given->image);
    ngx_free(given);

    /* a worker that goes waits for it */

    if (ngx_queue_empty(&zone->giving) && zone->given_timer.timer_set) {
        ngx_del_timer(&zone->given_timer);
    }
}


void
ngx_http_rooms_given_back(ngx_http_rooms_zone_t *zone, uint32_t holder,
    uint64_t id)
{
    ngx_http_rooms_given_t  *given;

    given = ngx_http_rooms_given_find(zone, holder, id);

    if (given) {
        ngx_http_rooms_given_end(zone, given);
    }
}


void
ngx_http_rooms_given_gone(ngx_http_rooms_zone_t *zone, uint32_t holder)
{
    ngx_queue_t             *q, *next, gone;
    ngx_http_rooms_given_t  *given;

    ngx_queue_init(&gone);

    for (q = ngx_queue_head(&zone->giving);
         q != ngx_queue_sentinel(&zone->giving);
         q = next)
    {
        next = ngx_queue_next(q);
        given = ngx_queue_data(q, ngx_http_rooms_given_t, queue);

        if (given->holder == holder) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&gone, q);
        }
    }

    while (!ngx_queue_empty(&gone)) {
        q = ngx_queue_head(&gone);
        ngx_http_rooms_given_end(zone,
                                 ngx_queue_data(q, ngx_http_rooms_given_t,
                                                queue));
    }
}


static void
ngx_http_rooms_given_end(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_given_t *given)
{
    ngx_msec_t   window;
    rooms_buf_t  image;

    window = given->window;
    image = given->image;

    zone->given_size -= image.len;
    rooms_buf_init(&given->image, 0);
    ngx_http_rooms_given_drop(zone, given);

    ngx_http_rooms_image_end(zone, rooms_str(image.data, image.len), window);

    rooms_buf_free(&image);
}


static void
ngx_http_rooms_given_timer(ngx_event_t *ev)
{
    ngx_queue_t             *q;
    ngx_msec_int_t           left;
    ngx_http_rooms_zone_t   *zone;
    ngx_http_rooms_given_t  *given;

    zone = ev->data;

    while (!ngx_queue_empty(&zone->giving)) {
        q = ngx_queue_head(&zone->giving);
        given = ngx_queue_data(q, ngx_http_rooms_given_t, queue);

        left = (ngx_msec_int_t) (given->limit - ngx_current_msec);

        if (left > 0) {
            ngx_add_timer(ev, (ngx_msec_t) left);
            return;
        }

        ngx_log_error(NGX_LOG_WARN, ev->log, 0,
                      "rooms: zone \"%V\": a session did not arrive at "
                      "another worker in %ui s", &zone->app->name,
                      (ngx_uint_t) NGX_HTTP_ROOMS_GIVEN_TIME / 1000);

        ngx_http_rooms_given_end(zone, given);
    }
}
