
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_emitter.h>
#include <rooms_json.h>

#include <ngx_http_rooms_redis_bridge.h>
#include <ngx_http_rooms_redis_conn.h>
#include <ngx_http_rooms_target.h>
#include <ngx_http_rooms_zone.h>


#define NGX_HTTP_ROOMS_BRIDGE_KEY    256
#define NGX_HTTP_ROOMS_BRIDGE_MAX    1000000       /* octets of a message */
#define NGX_HTTP_ROOMS_BRIDGE_NODES  100000
#define NGX_HTTP_ROOMS_BRIDGE_KEEP   65536


struct ngx_http_rooms_bridge_s {
    ngx_http_rooms_zone_t        *zone;
    ngx_http_rooms_redis_conn_t   sub;
    ngx_http_rooms_targets_t      targets;
    rooms_emitter_t               emitter;
};


static void ngx_http_rooms_bridge_up(ngx_http_rooms_redis_conn_t *conn);
static rooms_str_t ngx_http_rooms_bridge_pattern(u_char *p, ngx_str_t *key,
    const char *rest);
static void ngx_http_rooms_bridge_down(ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_bridge_push(ngx_http_rooms_redis_conn_t *conn,
    redisReply *reply);
static void ngx_http_rooms_bridge_message(ngx_http_rooms_bridge_t *bridge,
    rooms_str_t channel, rooms_str_t payload);
static void ngx_http_rooms_bridge_do(ngx_http_rooms_bridge_t *bridge,
    rooms_str_t nsp);


char *
ngx_http_rooms_bridge_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    if (app->emitter.len) {
        return "is duplicate";
    }

    if (value[1].len == 0 || value[1].len > NGX_HTTP_ROOMS_BRIDGE_KEY) {
        return "must be 1 to 256 octets";
    }

    app->emitter = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_rooms_bridge_conf_max(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    ssize_t  size;

    if (app->emitter_max) {
        return "is duplicate";
    }

    size = ngx_parse_size(&value[1]);

    if (size < 1 || size > 512 * 1024 * 1024) {
        return "must be between 1 and 512m";
    }

    app->emitter_max = size;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_rooms_bridge_conf_init(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    if (app->redis == NULL && (app->emitter.len || app->emitter_max)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "rooms_app \"%V\" needs a \"redis\" directive for "
                      "\"redis_emitter\" in %s:%ui",
                      &app->name, app->file, app->line);
        return NGX_ERROR;
    }

    if (app->emitter_max == 0) {
        app->emitter_max = NGX_HTTP_ROOMS_BRIDGE_MAX;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_bridge_open(ngx_http_rooms_zone_t *zone)
{
    ngx_http_rooms_bridge_t  *bridge;

    if (zone->app->emitter.len == 0) {
        return NGX_OK;
    }

    bridge = ngx_calloc(sizeof(ngx_http_rooms_bridge_t), ngx_cycle->log);
    if (bridge == NULL) {
        return NGX_ERROR;
    }

    bridge->zone = zone;
    bridge->sub.conf = zone->app->redis;
    bridge->sub.name = "emitter";
    bridge->sub.data = bridge;
    bridge->sub.up = ngx_http_rooms_bridge_up;
    bridge->sub.down = ngx_http_rooms_bridge_down;
    bridge->sub.push = ngx_http_rooms_bridge_push;
    bridge->sub.subscriber = 1;

    zone->bridge = bridge;

    ngx_http_rooms_redis_start(&bridge->sub);

    return NGX_OK;
}


void
ngx_http_rooms_bridge_close(ngx_http_rooms_zone_t *zone)
{
    ngx_http_rooms_bridge_t  *bridge;

    bridge = zone->bridge;

    if (bridge == NULL) {
        return;
    }

    ngx_http_rooms_redis_stop(&bridge->sub);
    ngx_http_rooms_targets_free(&bridge->targets);
    rooms_buf_free(&bridge->emitter.text);
    ngx_free(bridge);

    zone->bridge = NULL;
}


static void
ngx_http_rooms_bridge_up(ngx_http_rooms_redis_conn_t *conn)
{
    u_char                    p[2][2 * NGX_HTTP_ROOMS_BRIDGE_KEY + 16];
    rooms_str_t               words[3];
    ngx_http_rooms_bridge_t  *bridge;

    bridge = conn->data;

    words[0] = rooms_str("PSUBSCRIBE", 10);
    words[1] = ngx_http_rooms_bridge_pattern(p[0],
                                             &bridge->zone->app->emitter,
                                             "#/*#");
    words[2] = ngx_http_rooms_bridge_pattern(p[1],
                                             &bridge->zone->app->emitter,
                                             "-request#/*#");

    (void) ngx_http_rooms_redis_send(conn, words, 3, NULL, NULL);
}


/* The key as it is, not as a pattern. */

static rooms_str_t
ngx_http_rooms_bridge_pattern(u_char *p, ngx_str_t *key, const char *rest)
{
    u_char      *start;
    ngx_uint_t   i;

    start = p;

    for (i = 0; i < key->len; i++) {

        if (ngx_strchr("*?[]^\\", key->data[i])) {
            *p++ = '\\';
        }

        *p++ = key->data[i];
    }

    p = ngx_cpymem(p, rest, ngx_strlen(rest));

    return rooms_str(start, p - start);
}


static void
ngx_http_rooms_bridge_down(ngx_http_rooms_redis_conn_t *conn)
{
    /* what is emitted now is lost, as it is for any other server */
}


static void
ngx_http_rooms_bridge_push(ngx_http_rooms_redis_conn_t *conn,
    redisReply *reply)
{
    rooms_str_t  what;

    what = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));

    if (what.len == 8 && ngx_memcmp(what.data, "pmessage", 8) == 0) {
        ngx_http_rooms_bridge_message(conn->data,
              ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply,
                                                                    2)),
              ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply,
                                                                    3)));
    }
}


/* A room that nobody here is in is known by the channel's name already. */

static void
ngx_http_rooms_bridge_message(ngx_http_rooms_bridge_t *bridge,
    rooms_str_t channel, rooms_str_t payload)
{
    unsigned                 request;
    rooms_int_t              rc;
    rooms_str_t              nsp, room;
    ngx_http_rooms_zone_t   *zone;
    rooms_msgpack_limits_t   limits;

    zone = bridge->zone;

    if (rooms_emitter_channel(channel,
                              rooms_str(zone->app->emitter.data,
                                        zone->app->emitter.len),
                              &nsp, &room, &request)
        != ROOMS_OK
        || (room.len && !ngx_http_rooms_targets_any(zone, nsp, room)))
    {
        return;
    }

    limits.depth = ROOMS_JSON_DEPTH;
    limits.nodes = NGX_HTTP_ROOMS_BRIDGE_NODES;
    limits.binaries = ROOMS_MSGPACK_BINARIES_MAX;

    rc = ROOMS_DECLINED;

    if (payload.len <= zone->app->emitter_max) {
        bridge->emitter.text.limit = zone->app->emitter_max;
        rc = rooms_emitter_read(&bridge->emitter, nsp, request, payload,
                                &limits);
    }

    if (rc == ROOMS_OK) {
        ngx_http_rooms_bridge_do(bridge, nsp);

    } else {
        zone->stat->refused[NGX_HTTP_ROOMS_REFUSED_EMITTER]++;

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "rooms: \"%V\": %uz octets of an emitter are %s, in "
                      "channel \"%*s\"", &zone->app->name, payload.len,
                      rc == ROOMS_ERROR ? "malformed" : "over a limit",
                      channel.len, channel.data);
    }

    rooms_emitter_free(&bridge->emitter);

    if (bridge->emitter.text.cap > NGX_HTTP_ROOMS_BRIDGE_KEEP) {
        rooms_buf_free(&bridge->emitter.text);
    }
}


static void
ngx_http_rooms_bridge_do(ngx_http_rooms_bridge_t *bridge, rooms_str_t nsp)
{
    rooms_emitter_t           *e;
    ngx_http_rooms_targets_t  *targets;

    e = &bridge->emitter;
    targets = &bridge->targets;

    if (e->kind == ROOMS_EMITTER_OTHER) {
        return;
    }

    if (ngx_http_rooms_targets_find(targets, bridge->zone, nsp, e->rooms,
                                    e->except)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: \"%V\": no memory for what an emitter wants",
                      &bridge->zone->app->name);
        return;
    }

    switch (e->kind) {

    case ROOMS_EMITTER_EMIT:
        ngx_http_rooms_targets_emit(targets, nsp, e);
        break;

    case ROOMS_EMITTER_JOIN:
    case ROOMS_EMITTER_LEAVE:
        ngx_http_rooms_targets_move(targets, nsp, e->names,
                                    e->kind == ROOMS_EMITTER_JOIN);
        break;

    default:
        ngx_http_rooms_targets_disconnect(targets, e->close);
    }
}
