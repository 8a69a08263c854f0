
/*
 * Copyright (C) nginx rooms contributors
 *
 * What is said first on a connection: who is there, which database, and
 * whether this server is the one that keeps the zone.
 */


#include <ngx_http_rooms_redis_finder.h>

#include <rooms_redis_redirect.h>


static void ngx_http_rooms_redis_hello_where(
    ngx_http_rooms_redis_conn_t *conn);
static void ngx_http_rooms_redis_hello_reply(void *data, redisReply *reply);
static void ngx_http_rooms_redis_hello_role(void *data, redisReply *reply);
static void ngx_http_rooms_redis_hello_slots(void *data, redisReply *reply);
static void ngx_http_rooms_redis_hello_key(void *data, redisReply *reply);
static void ngx_http_rooms_redis_hello_pong(void *data, redisReply *reply);
static void ngx_http_rooms_redis_refused(ngx_http_rooms_redis_conn_t *conn,
    const char *why);


void
ngx_http_rooms_redis_hello(ngx_http_rooms_redis_conn_t *conn)
{
    u_char                        digits[NGX_INT_T_LEN];
    ngx_uint_t                    n;
    rooms_str_t                   words[3];
    ngx_http_rooms_redis_conf_t  *conf;

    conf = conn->conf;

    if (conf->password.len) {
        n = 0;
        words[n++] = rooms_str("AUTH", 4);

        if (conf->user.len) {
            words[n++] = rooms_str(conf->user.data, conf->user.len);
        }

        words[n++] = rooms_str(conf->password.data, conf->password.len);

        (void) ngx_http_rooms_redis_greet(conn, words, n,
                                          ngx_http_rooms_redis_hello_reply,
                                          conn);
    }

    if (conf->db) {
        words[0] = rooms_str("SELECT", 6);
        words[1] = rooms_str(digits, ngx_sprintf(digits, "%ui", conf->db)
                                     - digits);

        (void) ngx_http_rooms_redis_greet(conn, words, 2,
                                          ngx_http_rooms_redis_hello_reply,
                                          conn);
    }

    /* on a new server they are not known, and on another node neither */

    if (!conn->subscriber) {
        (void) ngx_http_rooms_redis_load(conn,
                                         ngx_http_rooms_redis_hello_reply,
                                         conn);
    }

    if (conn->parent) {
        words[0] = rooms_str("PING", 4);

        (void) ngx_http_rooms_redis_greet(conn, words, 1,
                                          ngx_http_rooms_redis_hello_pong,
                                          conn);
        return;
    }

    ngx_http_rooms_redis_hello_where(conn);
}


/*
 * A node of a cluster says of any key where it is; a replica outside of one
 * answers like a master, but for its role.
 */

static void
ngx_http_rooms_redis_hello_where(ngx_http_rooms_redis_conn_t *conn)
{
    rooms_str_t                   words[2];
    ngx_http_rooms_redis_conf_t  *conf;

    conf = conn->conf;

    words[0] = rooms_str("ROLE", 4);

    (void) ngx_http_rooms_redis_greet(conn, words, 1,
                                      ngx_http_rooms_redis_hello_role, conn);

    if (conf->master.len == 0) {
        words[0] = rooms_str("CLUSTER", 7);
        words[1] = rooms_str("SLOTS", 5);

        (void) ngx_http_rooms_redis_greet(conn, words, 2,
                                          ngx_http_rooms_redis_hello_slots,
                                          conn);
    }

    words[0] = rooms_str("EXISTS", 6);
    words[1] = rooms_str(conf->key.data, conf->key.len);

    (void) ngx_http_rooms_redis_greet(conn, words, 2,
                                      ngx_http_rooms_redis_hello_key, conn);
}


static void
ngx_http_rooms_redis_hello_reply(void *data, redisReply *reply)
{
    if (reply && reply->type == REDIS_REPLY_ERROR) {
        ngx_http_rooms_redis_refused(data, reply->str);
    }
}


/* Who may not ask has to know what is configured. */

static void
ngx_http_rooms_redis_hello_role(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_conn_t *conn = data;

    rooms_str_t  role;

    role = ngx_http_rooms_redis_str(ngx_http_rooms_redis_element(reply, 0));

    conn->replica = (role.len
                     && (role.len != 6
                         || ngx_memcmp(role.data, "master", 6) != 0));
}


/* A server that is on its own answers with an error. */

static void
ngx_http_rooms_redis_hello_slots(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_conn_t *conn = data;

    conn->cluster = (reply && reply->type == REDIS_REPLY_ARRAY);

    if (conn->cluster) {
        ngx_http_rooms_redis_learn(conn->conf->finder, reply,
                                   &conn->link.node);
    }
}


static void
ngx_http_rooms_redis_hello_key(void *data, redisReply *reply)
{
    ngx_http_rooms_redis_conn_t *conn = data;

    rooms_redis_redirect_t  r;

    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        rooms_redis_redirect(rooms_str(reply->str, reply->len), &r);

        if (r.kind == ROOMS_REDIS_MOVED) {
            ngx_http_rooms_redis_moved(conn, r.host, r.port);
            return;
        }

        /* of a slot that moves, some keys are elsewhere already */

        if (r.kind != ROOMS_REDIS_ASK) {
            ngx_http_rooms_redis_refused(conn, reply->str);
            return;
        }
    }

    if (conn->replica) {
        ngx_http_rooms_redis_refused(conn, "it is not a master");
        return;
    }

    if (conn->conf->nnodes > 1 && conn->conf->master.len == 0
        && !conn->cluster)
    {
        ngx_http_rooms_redis_refused(conn,
                                "it has several hosts, but is no cluster");
        return;
    }

    ngx_http_rooms_redis_greeted(conn);
}


static void
ngx_http_rooms_redis_hello_pong(void *data, redisReply *reply)
{
    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_http_rooms_redis_refused(data, reply->str);
        return;
    }

    ngx_http_rooms_redis_greeted(data);
}


static void
ngx_http_rooms_redis_refused(ngx_http_rooms_redis_conn_t *conn,
    const char *why)
{
    if (!conn->refused) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "rooms: redis \"%V\" at %V refuses: %s",
                      &conn->conf->url, &conn->link.name, why);
        conn->refused = 1;
    }

    ngx_http_rooms_redis_lost(conn, "refuses");
}
