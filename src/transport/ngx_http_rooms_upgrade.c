
/*
 * Copyright (C) nginx rooms contributors
 *
 * The change of a session to its candidate.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_candidate.h>
#include <ngx_http_rooms_given.h>
#include <ngx_http_rooms_image.h>
#include <ngx_http_rooms_polling.h>
#include <ngx_http_rooms_remote.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_socket.h>
#include <ngx_http_rooms_transport.h>
#include <ngx_http_rooms_ws.h>


static ngx_int_t ngx_http_rooms_upgrade_accept(
    ngx_http_rooms_candidate_t *cand, ngx_http_request_t *r);
static void ngx_http_rooms_candidate_again(ngx_event_t *ev);
static void ngx_http_rooms_candidate_done(ngx_http_rooms_candidate_t *cand,
    ngx_http_rooms_session_t *s);
static ngx_http_rooms_loc_conf_t *ngx_http_rooms_upgrade_conf(
    ngx_http_rooms_zone_t *zone);
static ngx_int_t ngx_http_rooms_candidate_convert(
    ngx_http_rooms_candidate_t *cand, ngx_http_rooms_session_t *s);


static uint64_t     ngx_http_rooms_candidate_last;


ngx_int_t
ngx_http_rooms_upgrade(ngx_http_request_t *r, ngx_http_rooms_loc_conf_t *conf,
    ngx_http_rooms_session_t *s, ngx_str_t *sid)
{
    ngx_int_t                    rc;
    ngx_http_rooms_candidate_t  *cand;

    cand = ngx_calloc(sizeof(ngx_http_rooms_candidate_t),
                      r->connection->log);
    if (cand == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cand->id = ++ngx_http_rooms_candidate_last;
    cand->owner = s ? 0 : ngx_http_rooms_session_owner(sid);
    cand->conf = conf;
    ngx_memcpy(cand->sid, sid->data, ROOMS_EIO_SID_LEN);

    if (s == NULL) {

        if (ngx_http_rooms_candidate_ask(cand, r) != NGX_OK) {
            ngx_free(cand);
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        r->main->count++;
        r->read_event_handler = ngx_http_test_reading;

        return NGX_DONE;
    }

    rc = ngx_http_rooms_upgrade_accept(cand, r);

    if (rc != NGX_DONE) {
        ngx_free(cand);
    }

    return rc;
}


/* NGX_DONE: it is handed over. */

static ngx_int_t
ngx_http_rooms_upgrade_accept(ngx_http_rooms_candidate_t *cand,
    ngx_http_request_t *r)
{
    ngx_int_t    rc;
    rooms_buf_t  nothing;

    rooms_buf_init(&nothing, 0);

    rc = ngx_http_rooms_ws_accept(r, cand->conf, &nothing, &cand->out,
                                  &cand->deflate);

    if (rc == NGX_OK && cand->out.first == NULL) {
        return ngx_http_rooms_ws_hand_over(r, ngx_http_rooms_candidate_begin,
                                           cand);
    }

    ngx_http_rooms_queue_clear(&cand->out);

    return rc == NGX_OK ? NGX_ERROR : rc;
}


void
ngx_http_rooms_candidate_take(ngx_http_rooms_candidate_t *cand)
{
    ngx_http_rooms_session_t  *s;

    if (cand->owner) {
        cand->state = NGX_HTTP_ROOMS_WAIT_SESSION;

        cand->again.handler = ngx_http_rooms_candidate_again;
        cand->again.data = cand;
        cand->again.log = cand->connection->log;

        ngx_http_rooms_candidate_again(&cand->again);
        return;
    }

    s = ngx_http_rooms_candidate_session(cand);

    if (s == NULL || s->doomed
        || !ngx_http_rooms_polling_candidate(s, 0, cand->id)
        || ngx_http_rooms_candidate_convert(cand, s) != NGX_OK)
    {
        ngx_http_rooms_candidate_close(cand);
        return;
    }

    ngx_http_rooms_candidate_done(cand, s);
}


/* What was asked for, or the answer, may have been lost on its way. */

static void
ngx_http_rooms_candidate_again(ngx_event_t *ev)
{
    ngx_http_rooms_candidate_t *cand = ev->data;

    if (ngx_http_rooms_remote_take(cand->conf->app->zone, cand->owner,
                                   cand->id,
                                   rooms_str(cand->sid, ROOMS_EIO_SID_LEN))
        != NGX_OK)
    {
        ngx_http_rooms_candidate_close(cand);
        return;
    }

    ngx_add_timer(ev, NGX_HTTP_ROOMS_GIVEN_AGAIN);
}


static void
ngx_http_rooms_candidate_packets(ngx_http_rooms_queue_t *q, rooms_buf_t *b)
{
    ngx_http_rooms_ref_t  *ref;

    for (ref = q->first; ref; ref = ref->next) {
        rooms_buf_append(b, ref->chunk->data + ref->pos,
                         ref->end - ref->pos);
    }

    ngx_http_rooms_queue_clear(q);
}


/* The session, in this worker, has packets queued for polling. */

static ngx_int_t
ngx_http_rooms_candidate_convert(ngx_http_rooms_candidate_t *cand,
    ngx_http_rooms_session_t *s)
{
    ngx_int_t                 rc;
    rooms_buf_t               out, behind;
    ngx_queue_t              *q;
    ngx_http_rooms_queue_t    queued;
    ngx_http_rooms_socket_t  *socket;

    ngx_http_rooms_polling_finish(s);
    ngx_http_rooms_room_take(s, NULL);

    rooms_buf_init(&out, 0);
    rooms_buf_init(&behind, 0);

    ngx_http_rooms_candidate_packets(&s->out, &out);

    if (s->is_behind) {
        ngx_http_rooms_candidate_packets(s->behind, &behind);
    }

    s->polling = 0;
    s->upgraded = 1;
    s->deflate = cand->deflate;
    s->zone->stat->polling--;
    s->zone->stat->websocket++;

    for (q = ngx_queue_head(&s->sockets);
         q != ngx_queue_sentinel(&s->sockets);
         q = ngx_queue_next(q))
    {
        socket = ngx_queue_data(q, ngx_http_rooms_socket_t, queue);
        ngx_http_rooms_room_restream(socket);
    }

    rc = (out.failed || behind.failed) ? NGX_ERROR : NGX_OK;

    if (rc == NGX_OK && s->is_behind) {

        /* each keeps its place */

        s->is_behind = 0;
        rc = ngx_http_rooms_move_queue(s, rooms_str(behind.data,
                                                    behind.len));
        queued = s->out;
        ngx_memzero(&s->out, sizeof(ngx_http_rooms_queue_t));
        ngx_http_rooms_queue_join(s->behind, &queued);
        s->is_behind = 1;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_rooms_move_queue(s, rooms_str(out.data, out.len));
    }

    rooms_buf_free(&behind);
    rooms_buf_free(&out);

    if (rc != NGX_OK) {
        ngx_http_rooms_session_doom(s, NGX_HTTP_ROOMS_CLOSE_QUEUE, 0);
    }

    return rc;
}


static void
ngx_http_rooms_candidate_done(ngx_http_rooms_candidate_t *cand,
    ngx_http_rooms_session_t *s)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = cand->connection;
    r = cand->request;

    ngx_http_rooms_candidate_remove(cand);
    rooms_ws_reader_free(&cand->reader);

    ngx_http_rooms_ws_attach(s, c, r, cand->rest.data, cand->rest.len);

    rooms_buf_free(&cand->rest);
    ngx_free(cand);
}


void
ngx_http_rooms_upgrade_reserved(uint64_t id, ngx_http_rooms_reserve_e answer)
{
    ngx_int_t                    rc;
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_http_rooms_loc_conf_t   *conf;
    ngx_http_rooms_candidate_t  *cand;

    cand = ngx_http_rooms_candidate_find(id);

    if (cand == NULL || cand->state != NGX_HTTP_ROOMS_WAIT_OWNER) {
        return;
    }

    cand->reserved = (answer == NGX_HTTP_ROOMS_RESERVE_OK);

    if (answer == NGX_HTTP_ROOMS_RESERVE_UNKNOWN) {
        ngx_http_rooms_candidate_close(cand);
        return;
    }

    r = cand->request;
    c = r->connection;

    conf = cand->conf;

    rc = ngx_http_rooms_upgrade_accept(cand, r);

    if (rc == NGX_DONE) {
        cand->state = cand->reserved ? NGX_HTTP_ROOMS_WAIT_PROBE
                                     : NGX_HTTP_ROOMS_DECLINED;
        cand->connection = c;
        cand->cleanup->handler = NULL;

    } else {
        ngx_http_rooms_candidate_cancel(cand);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_rooms_transport_error(r, conf,
                                            NGX_HTTP_ROOMS_ERROR_REQUEST);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_rooms_upgrade_arrived(ngx_http_rooms_zone_t *zone, uint32_t from,
    uint64_t id, rooms_str_t image)
{
    ngx_str_t                    sid;
    ngx_http_rooms_candidate_t  *cand;

    cand = ngx_http_rooms_candidate_find(id);

    if (cand) {

        if (cand->state != NGX_HTTP_ROOMS_WAIT_SESSION || cand->moving) {
            return NGX_DONE;
        }

        cand->moving = 1;

        if (cand->again.timer_set) {
            ngx_del_timer(&cand->again);
        }

        return NGX_OK;
    }

    /* the same again, or its WebSocket has gone in the meantime */

    sid.data = (u_char *) image.data;
    sid.len = ngx_min(image.len, ROOMS_EIO_SID_LEN);

    if (ngx_http_rooms_session_find(zone, &sid)) {
        (void) ngx_http_rooms_remote_taken(zone, from, id);

    } else {
        (void) ngx_http_rooms_remote_release(zone, from, id,
                                             rooms_str(NULL, 0));
    }

    return NGX_DONE;
}


void
ngx_http_rooms_upgrade_moved(ngx_http_rooms_zone_t *zone, uint32_t from,
    uint64_t id, rooms_str_t image)
{
    uint8_t                      deflate;
    ngx_http_rooms_loc_conf_t   *conf;
    ngx_http_rooms_session_t    *s;
    ngx_http_rooms_candidate_t  *cand;

    cand = ngx_http_rooms_candidate_find(id);

    if (cand && cand->state != NGX_HTTP_ROOMS_WAIT_SESSION) {
        cand = NULL;
    }

    conf = cand ? cand->conf : ngx_http_rooms_upgrade_conf(zone);
    deflate = cand ? cand->deflate : 0;

    s = conf ? ngx_http_rooms_move_in(conf, deflate, image, from) : NULL;

    if (s == NULL) {
        ngx_http_rooms_upgrade_unmoved(zone, from, id, image);
        return;
    }

    (void) ngx_http_rooms_remote_taken(zone, from, id);

    if (cand) {
        ngx_http_rooms_candidate_done(cand, s);
        return;
    }

    /* its WebSocket has gone in the meantime */

    ngx_http_rooms_session_close(s, NGX_HTTP_ROOMS_CLOSE_TRANSPORT, 0);
}


void
ngx_http_rooms_upgrade_unmoved(ngx_http_rooms_zone_t *zone, uint32_t from,
    uint64_t id, rooms_str_t image)
{
    ngx_http_rooms_loc_conf_t   *conf;
    ngx_http_rooms_candidate_t  *cand;

    cand = ngx_http_rooms_candidate_find(id);

    conf = cand ? cand->conf : ngx_http_rooms_upgrade_conf(zone);

    ngx_http_rooms_image_end(zone, image, conf ? conf->recovery : 0);

    if (cand && cand->state == NGX_HTTP_ROOMS_WAIT_SESSION) {
        ngx_http_rooms_candidate_close(cand);
        return;
    }

    (void) ngx_http_rooms_remote_release(zone, from, id, rooms_str(NULL, 0));
}


static ngx_http_rooms_loc_conf_t *
ngx_http_rooms_upgrade_conf(ngx_http_rooms_zone_t *zone)
{
    ngx_uint_t                    i;
    ngx_http_rooms_loc_conf_t   **conf;
    ngx_http_rooms_main_conf_t   *rmcf;

    rmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_rooms_module);
    conf = rmcf->locations.elts;

    for (i = 0; i < rmcf->locations.nelts; i++) {
        if (conf[i]->app == zone->app) {
            return conf[i];
        }
    }

    return NULL;
}
