
/*
 * Copyright (C) nginx rooms contributors
 *
 * The content handler of "rooms" locations: which transport, which session,
 * and where it lives.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_cors.h>
#include <ngx_http_rooms_ctx.h>
#include <ngx_http_rooms_redis.h>
#include <ngx_http_rooms_respond.h>
#include <ngx_http_rooms_room.h>
#include <ngx_http_rooms_transport.h>
#include <ngx_http_rooms_upgrade.h>
#include <ngx_http_rooms_ws.h>


typedef struct {
    ngx_str_t                    sid;
    ngx_uint_t                   websocket;
    ngx_uint_t                   version;       /* EIO */
} ngx_http_rooms_args_t;


static ngx_int_t ngx_http_rooms_transport_args(ngx_http_request_t *r,
    ngx_http_rooms_args_t *args);
static ngx_uint_t ngx_http_rooms_transport_crowded(
    ngx_http_rooms_loc_conf_t *conf);
static ngx_int_t ngx_http_rooms_transport_busy(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf);
static ngx_int_t ngx_http_rooms_transport_open(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_http_rooms_args_t *args);
static ngx_int_t ngx_http_rooms_transport_polling_open(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf);
static ngx_int_t ngx_http_rooms_transport_session(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_http_rooms_args_t *args);
static ngx_int_t ngx_http_rooms_transport_cookie(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, u_char *sid);


ngx_int_t
ngx_http_rooms_transport_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_rooms_ctx_t       *ctx;
    ngx_http_rooms_args_t       args;
    ngx_http_rooms_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_rooms_module);

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_http_rooms_owner == 0) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_rooms_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->app = conf->app;
    ngx_http_set_ctx(r, ctx, ngx_http_rooms_module);

    rc = ngx_http_rooms_cors(r, conf);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        conf->app->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_ORIGIN]++;

        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_http_rooms_respond_error(r, NGX_HTTP_ROOMS_ERROR_FORBIDDEN);
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        rc = ngx_http_rooms_preflight(r, conf);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (conf->mode == NGX_HTTP_ROOMS_WEBSOCKET) {
        rc = ngx_http_rooms_ws_open(r, conf);

        return rc == NGX_DECLINED
               ? ngx_http_rooms_transport_error(r, conf,
                                                NGX_HTTP_ROOMS_ERROR_REQUEST)
               : rc;
    }

    if (ngx_http_rooms_transport_args(r, &args) != NGX_OK) {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_TRANSPORT);
    }

    if (args.sid.len == 0) {
        return ngx_http_rooms_transport_open(r, conf, &args);
    }

    return ngx_http_rooms_transport_session(r, conf, &args);
}


static ngx_int_t
ngx_http_rooms_transport_args(ngx_http_request_t *r,
    ngx_http_rooms_args_t *args)
{
    ngx_str_t  value;

    ngx_memzero(args, sizeof(ngx_http_rooms_args_t));

    if (ngx_http_arg(r, (u_char *) "transport", 9, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (value.len == sizeof("websocket") - 1
        && ngx_memcmp(value.data, "websocket", value.len) == 0)
    {
        args->websocket = 1;

    } else if (value.len != sizeof("polling") - 1
               || ngx_memcmp(value.data, "polling", value.len) != 0)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_arg(r, (u_char *) "EIO", 3, &value) == NGX_OK
        && value.len == 1)
    {
        args->version = value.data[0] - '0';
    }

    (void) ngx_http_arg(r, (u_char *) "sid", 3, &args->sid);

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_transport_error(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_uint_t code)
{
    ngx_int_t   rc;
    ngx_uint_t  why;

    why = (code == NGX_HTTP_ROOMS_ERROR_SESSION)
          ? NGX_HTTP_ROOMS_REFUSED_SESSION : NGX_HTTP_ROOMS_REFUSED_HANDSHAKE;

    conf->app->zone->stat->refused[why]++;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_rooms_respond_error(r, code);
}


/* Connections that have not come to their end of a handshake yet. */

static ngx_uint_t
ngx_http_rooms_transport_crowded(ngx_http_rooms_loc_conf_t *conf)
{
    return conf->connect.count + conf->candidates >= conf->handshakes;
}


static ngx_int_t
ngx_http_rooms_transport_busy(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf)
{
    conf->app->zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_LIMIT]++;

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "rooms: \"%V\": %ui handshakes are in progress "
                  "(rooms_handshakes)", &conf->app->name, conf->handshakes);

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


static ngx_int_t
ngx_http_rooms_transport_open(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_http_rooms_args_t *args)
{
    ngx_int_t  rc;

    if (r->method != NGX_HTTP_GET) {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_METHOD);
    }

    if (args->websocket && !ngx_http_rooms_ws_asked(r)) {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_REQUEST);
    }

    if (args->version != 4) {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_VERSION);
    }

    if (ngx_http_rooms_transport_crowded(conf)) {
        return ngx_http_rooms_transport_busy(r, conf);
    }

    if (!args->websocket) {
        return ngx_http_rooms_transport_polling_open(r, conf);
    }

    rc = ngx_http_rooms_ws_open(r, conf);

    return rc == NGX_DECLINED
           ? ngx_http_rooms_transport_error(r, conf,
                                            NGX_HTTP_ROOMS_ERROR_REQUEST)
           : rc;
}


static ngx_int_t
ngx_http_rooms_transport_polling_open(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf)
{
    ngx_int_t                  rc;
    rooms_buf_t                b;
    rooms_eio_open_t           o;
    ngx_http_rooms_ctx_t      *ctx;
    ngx_http_rooms_session_t  *s;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    s = ngx_http_rooms_session_create(conf, 1);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rooms_buf_init(&b, 0);

    o.sid = rooms_str(s->sid, ROOMS_EIO_SID_LEN);
    o.upgrade = 1;
    o.ping_interval = conf->ping_interval;
    o.ping_timeout = conf->ping_timeout;
    o.max_payload = conf->max_payload;

    rooms_eio_open(&b, &o);

    if (b.failed
        || ngx_http_rooms_session_query(s, &r->args) != NGX_OK
        || ngx_http_rooms_transport_cookie(r, conf, s->sid) != NGX_OK)
    {
        s->closed = 1;
        ngx_http_rooms_session_end(s);
        rooms_buf_free(&b);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_rooms_session_start(s);

    if (conf->mode == NGX_HTTP_ROOMS_SOCKET_IO) {
        ngx_http_rooms_beat_connect(s);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_rooms_module);
    ngx_http_rooms_ctx_fill(ctx, r, s);

    rc = ngx_http_rooms_respond(r, NGX_HTTP_OK, "text/plain; charset=UTF-8",
                                rooms_str(b.data, b.len));

    rooms_buf_free(&b);

    return rc;
}


static ngx_int_t
ngx_http_rooms_transport_cookie(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, u_char *sid)
{
    u_char     *p;
    ngx_str_t   value;

    if (conf->cookie.len == 0) {
        return NGX_OK;
    }

    value.len = conf->cookie.len + 1 + ROOMS_EIO_SID_LEN
                + sizeof("; Path=/; HttpOnly; SameSite=Lax") - 1;

    value.data = ngx_pnalloc(r->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(value.data, conf->cookie.data, conf->cookie.len);
    *p++ = '=';
    p = ngx_cpymem(p, sid, ROOMS_EIO_SID_LEN);
    ngx_memcpy(p, "; Path=/; HttpOnly; SameSite=Lax",
               sizeof("; Path=/; HttpOnly; SameSite=Lax") - 1);

    return ngx_http_rooms_respond_header(r, "Set-Cookie", &value);
}


static ngx_int_t
ngx_http_rooms_transport_session(ngx_http_request_t *r,
    ngx_http_rooms_loc_conf_t *conf, ngx_http_rooms_args_t *args)
{
    uint32_t                    owner;
    ngx_int_t                   rc;
    ngx_http_rooms_ctx_t       *ctx;
    ngx_http_rooms_zone_t      *zone;
    ngx_http_rooms_session_t   *s;
    ngx_http_rooms_exchange_t  *x;

    zone = conf->app->zone;
    s = NULL;

    owner = ngx_http_rooms_session_owner(&args->sid);

    if (owner == zone->owner) {
        s = ngx_http_rooms_session_find(zone, &args->sid);
    }

    if (s == NULL
        && (owner == 0 || owner == zone->owner
            || (zone->redis
                ? !ngx_http_rooms_redis_may_hold(zone, owner)
                : !ngx_http_rooms_zone_holds(zone, owner))))
    {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_SESSION);
    }

    if (args->version != 4) {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_REQUEST);
    }

    if (args->websocket) {

        if (!ngx_http_rooms_ws_asked(r)) {
            return ngx_http_rooms_transport_error(r, conf,
                                                NGX_HTTP_ROOMS_ERROR_REQUEST);
        }

        if (ngx_http_rooms_transport_crowded(conf)) {
            return ngx_http_rooms_transport_busy(r, conf);
        }

        rc = ngx_http_rooms_upgrade(r, conf, s, &args->sid);

        return rc == NGX_DECLINED
               ? ngx_http_rooms_transport_error(r, conf,
                                                NGX_HTTP_ROOMS_ERROR_REQUEST)
               : rc;
    }

    if (r->method != NGX_HTTP_GET && r->method != NGX_HTTP_POST) {
        return ngx_http_rooms_transport_error(r, conf,
                                              NGX_HTTP_ROOMS_ERROR_METHOD);
    }

    if (r->headers_in.content_length_n > (off_t) conf->max_payload) {
        zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_PAYLOAD]++;
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    x = ngx_http_rooms_transport_exchange(r, zone);
    if (x == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    x->owner = s ? 0 : owner;

    ctx = ngx_http_get_module_ctx(r, ngx_http_rooms_module);
    ctx->exchange = x;
    ctx->polling = 1;

    if (s) {
        ngx_http_rooms_ctx_fill(ctx, r, s);

    } else {
        ctx->sid = args->sid;
    }

    if (r->method == NGX_HTTP_GET) {
        return ngx_http_rooms_transport_get(r, x, s, &args->sid);
    }

    return ngx_http_rooms_transport_post(r, conf, x, s, &args->sid);
}


void
ngx_http_rooms_ctx_fill(ngx_http_rooms_ctx_t *ctx, ngx_http_request_t *r,
    ngx_http_rooms_session_t *s)
{
    ctx->app = s->zone->app;
    ctx->in = s->in;
    ctx->out = s->out_events + ngx_http_rooms_room_count(s);
    ctx->polling = s->polling;
    ctx->close = s->reason;

    if (ctx->sid.len == 0) {
        ctx->sid.data = ngx_pnalloc(r->pool, ROOMS_EIO_SID_LEN);

        if (ctx->sid.data) {
            ngx_memcpy(ctx->sid.data, s->sid, ROOMS_EIO_SID_LEN);
            ctx->sid.len = ROOMS_EIO_SID_LEN;
        }
    }
}
