
/*
 * Copyright (C) nginx rooms contributors
 *
 * TLS to Redis and to sentinels, in the manner of proxy_ssl.
 */


#include <ngx_http_rooms_redis_link.h>


#if (NGX_SSL)

#include <openssl/x509v3.h>


#define NGX_HTTP_ROOMS_REDIS_CIPHERS  "DEFAULT"


static ngx_int_t ngx_http_rooms_redis_tls_verify(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf);
static ngx_int_t ngx_http_rooms_redis_tls_name(
    ngx_http_rooms_redis_link_t *link, ngx_str_t *name);
static ngx_uint_t ngx_http_rooms_redis_tls_literal(ngx_str_t *name);
static void ngx_http_rooms_redis_tls_handler(ngx_connection_t *c);
static ngx_int_t ngx_http_rooms_redis_tls_check(
    ngx_http_rooms_redis_link_t *link);
static ngx_int_t ngx_http_rooms_redis_tls_matches(ngx_connection_t *c,
    ngx_str_t *name);


ngx_int_t
ngx_http_rooms_redis_tls_conf(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf)
{
    ngx_pool_cleanup_t  *cln;

    ngx_conf_init_value(conf->ssl_verify, 1);
    ngx_conf_init_value(conf->ssl_verify_depth, 1);

    if (conf->ssl_ciphers.len == 0) {
        ngx_str_set(&conf->ssl_ciphers, NGX_HTTP_ROOMS_REDIS_CIPHERS);
    }

    if (conf->ssl_protocols == 0) {
        conf->ssl_protocols = NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3;
    }

    conf->ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (conf->ssl == NULL) {
        return NGX_ERROR;
    }

    conf->ssl->log = cf->log;

    if (ngx_ssl_create(conf->ssl, conf->ssl_protocols, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(conf->ssl);
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = conf->ssl;

    /* what waits to be written moves when more is added to it */

    SSL_CTX_set_mode(conf->ssl->ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    if (ngx_ssl_ciphers(cf, conf->ssl, &conf->ssl_ciphers, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (conf->ssl_certificate.len) {

        if (conf->ssl_certificate_key.len == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"redis_ssl_certificate_key\" is defined for "
                          "certificate \"%V\"", &conf->ssl_certificate);
            return NGX_ERROR;
        }

        if (ngx_ssl_certificate(cf, conf->ssl, &conf->ssl_certificate,
                                &conf->ssl_certificate_key, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (conf->ssl_verify) {
        return ngx_http_rooms_redis_tls_verify(cf, conf);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_redis_tls_verify(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf)
{
    if (conf->ssl_trusted_certificate.len) {

        if (ngx_ssl_trusted_certificate(cf, conf->ssl,
                                        &conf->ssl_trusted_certificate,
                                        conf->ssl_verify_depth)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {

        if (SSL_CTX_set_default_verify_paths(conf->ssl->ctx) == 0) {
            ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                          "SSL_CTX_set_default_verify_paths() failed");
            return NGX_ERROR;
        }

        SSL_CTX_set_verify_depth(conf->ssl->ctx, conf->ssl_verify_depth);
    }

    return ngx_ssl_crl(cf, conf->ssl, &conf->ssl_crl);
}


void
ngx_http_rooms_redis_tls_handshake(ngx_http_rooms_redis_link_t *link)
{
    ngx_int_t          rc;
    ngx_str_t          name;
    ngx_connection_t  *c;

    c = link->peer.connection;

    if (ngx_ssl_create_connection(link->conf->ssl, c,
                                  NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK
        || ngx_http_rooms_redis_tls_name(link, &name) != NGX_OK)
    {
        ngx_http_rooms_redis_link_fail(link, "has no memory for TLS");
        return;
    }

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_http_rooms_redis_tls_handler;
        return;
    }

    ngx_http_rooms_redis_tls_handler(c);
}


/* Sends the name, unless it is an address (RFC 6066, 3). */

static ngx_int_t
ngx_http_rooms_redis_tls_name(ngx_http_rooms_redis_link_t *link,
    ngx_str_t *name)
{
    u_char  *p;

    name->data = link->node.host;
    name->len = link->node.len;

    if (link->conf->ssl_name.len) {
        *name = link->conf->ssl_name;
    }

    if (ngx_http_rooms_redis_tls_literal(name)) {
        return NGX_OK;
    }

    p = ngx_pnalloc(link->pool, name->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(p, name->data, name->len + 1);

    if (SSL_set_tlsext_host_name(link->peer.connection->ssl->connection,
                                 (char *) p)
        == 0)
    {
        ngx_ssl_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "SSL_set_tlsext_host_name(\"%s\") failed", p);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_rooms_redis_tls_literal(ngx_str_t *name)
{
    return ngx_inet_addr(name->data, name->len) != INADDR_NONE
           || ngx_strlchr(name->data, name->data + name->len, ':') != NULL;
}


static void
ngx_http_rooms_redis_tls_handler(ngx_connection_t *c)
{
    ngx_http_rooms_redis_link_t *link = c->data;

    if (!c->ssl->handshaked) {
        ngx_http_rooms_redis_link_fail(link, "does not agree on TLS");
        return;
    }

    if (link->conf->ssl_verify
        && ngx_http_rooms_redis_tls_check(link) != NGX_OK)
    {
        ngx_http_rooms_redis_link_fail(link, "has no certificate to trust");
        return;
    }

    ngx_http_rooms_redis_link_ready(link);
}


static ngx_int_t
ngx_http_rooms_redis_tls_check(ngx_http_rooms_redis_link_t *link)
{
    long               rc;
    ngx_str_t          name;
    ngx_connection_t  *c;

    c = link->peer.connection;

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "rooms: redis \"%V\" certificate verify error: (%l:%s)",
                      &link->name, rc, X509_verify_cert_error_string(rc));
        return NGX_ERROR;
    }

    name.data = link->node.host;
    name.len = link->node.len;

    if (link->conf->ssl_name.len) {
        name = link->conf->ssl_name;
    }

    if (ngx_http_rooms_redis_tls_matches(c, &name) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "rooms: redis \"%V\" certificate does not match \"%V\"",
                      &link->name, &name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* ngx_ssl_check_host() knows names only, but nodes are often addresses. */

static ngx_int_t
ngx_http_rooms_redis_tls_matches(ngx_connection_t *c, ngx_str_t *name)
{
    int      rc;
    X509    *cert;
    u_char   text[NGX_HTTP_ROOMS_REDIS_HOST + 1];

    if (!ngx_http_rooms_redis_tls_literal(name)) {
        return ngx_ssl_check_host(c, name);
    }

    if (name->len > NGX_HTTP_ROOMS_REDIS_HOST) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(text, name->data, name->len + 1);

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return NGX_ERROR;
    }

    rc = X509_check_ip_asc(cert, (char *) text, 0);

    X509_free(cert);

    return (rc == 1) ? NGX_OK : NGX_ERROR;
}


void
ngx_http_rooms_redis_tls_close(ngx_connection_t *c)
{
    /* nothing more is read or written: no need to wait for the other side */

    c->ssl->no_wait_shutdown = 1;
    c->ssl->no_send_shutdown = 1;

    (void) ngx_ssl_shutdown(c);
}


#else


ngx_int_t
ngx_http_rooms_redis_tls_conf(ngx_conf_t *cf,
    ngx_http_rooms_redis_conf_t *conf)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "TLS to redis \"%V\" needs an nginx that is built with it",
                  &conf->url);
    return NGX_ERROR;
}


void
ngx_http_rooms_redis_tls_handshake(ngx_http_rooms_redis_link_t *link)
{
    ngx_http_rooms_redis_link_fail(link, "cannot be spoken to with TLS");
}


void
ngx_http_rooms_redis_tls_close(ngx_connection_t *c)
{
}


#endif
