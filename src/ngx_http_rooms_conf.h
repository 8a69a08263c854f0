
/*
 * Copyright (C) nginx rooms contributors
 *
 * Configuration: what the directives fill.
 */


#ifndef _NGX_HTTP_ROOMS_CONF_H_INCLUDED_
#define _NGX_HTTP_ROOMS_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <rooms_app.h>
#include <rooms_contract.h>


#define NGX_HTTP_ROOMS_VERSION     "0.1.0"


#define NGX_HTTP_ROOMS_SOCKET_IO   0
#define NGX_HTTP_ROOMS_ENGINE_IO   1
#define NGX_HTTP_ROOMS_WEBSOCKET   2

#define NGX_HTTP_ROOMS_JSON        1
#define NGX_HTTP_ROOMS_PROMETHEUS  2

/* How Socket.IO packets are written; the first one of a session tells. */

#define NGX_HTTP_ROOMS_PARSER_ANY      0
#define NGX_HTTP_ROOMS_PARSER_JSON     1
#define NGX_HTTP_ROOMS_PARSER_MSGPACK  2


typedef struct ngx_http_rooms_app_s      ngx_http_rooms_app_t;
typedef struct ngx_http_rooms_zone_s     ngx_http_rooms_zone_t;
typedef struct ngx_http_rooms_session_s  ngx_http_rooms_session_t;
typedef struct ngx_http_rooms_socket_s   ngx_http_rooms_socket_t;
typedef struct ngx_http_rooms_room_s     ngx_http_rooms_room_t;
typedef struct ngx_http_rooms_redis_s    ngx_http_rooms_redis_t;


/* A line of a rooms_app block, and where it stands. */

typedef struct {
    ngx_str_t                 name;          /* full file name; of option */
    ngx_str_t                 value;         /* of option */
    ngx_str_t                 path;          /* the value's file, or empty */
    u_char                   *file;
    ngx_uint_t                line;
} ngx_http_rooms_setting_t;


/* How many rooms live, counted now and then for the status. */

typedef struct {
    ngx_msec_t                next;          /* to be counted again */
    uint64_t                  rooms;
    uint64_t                  recovery;      /* records of sockets */
    unsigned                  counted:1;
} ngx_http_rooms_census_t;


/* One rooms_app block. */

struct ngx_http_rooms_app_s {
    ngx_str_t                 name;          /* of the block */
    ngx_str_t                 application;   /* default: the same */
    const rooms_app_t        *app;
    rooms_app_keys_pt         keys;          /* of the application, or NULL */
    void                     *conf;          /* of the application */
    rooms_contract_t         *contract;      /* NULL: none was given */
    rooms_contract_rate_t     rate;          /* of a connection's events */

    void                     *redis;         /* ngx_http_rooms_redis_conf_t,
                                                or NULL */
    ngx_str_t                 emitter;       /* key of redis_emitter, or "" */
    size_t                    emitter_max;   /* octets of its messages */
    size_t                    size;          /* of the zone */
    ngx_str_t                 keep;          /* file of it, or empty */
    ngx_int_t                 sync;          /* ms, NGX_HTTP_ROOMS_SYNC_.. */
    uint64_t                  history;       /* ms to be kept, 0: unsaid */
    ngx_open_file_t          *audit;         /* NULL: no audit log */
    ngx_shm_zone_t           *shm_zone;
    ngx_shm_zone_t           *limits;        /* of requests, or NULL */
    ngx_http_rooms_zone_t    *zone;          /* set in each process */

    ngx_array_t              *contracts;     /* ngx_http_rooms_setting_t */
    ngx_array_t              *options;       /* ngx_http_rooms_setting_t */

    u_char                   *file;          /* where the block stands, or */
    ngx_uint_t                line;          /* its name was used first */
    ngx_uint_t                index;
    ngx_http_rooms_census_t   census;        /* of this process */
    unsigned                  defined:1;     /* the block was read */
};


typedef struct {
    ngx_array_t               apps;          /* ngx_http_rooms_app_t * */
    ngx_array_t               locations;     /* ngx_http_rooms_loc_conf_t *
                                                of each "rooms" */
    ngx_shm_zone_t           *workers;       /* NULL: no rooms_app at all */

    /* a log format uses a variable that is known only at the end of a
     * connection, so requests are kept until then */
    unsigned                  keep_requests:1;
} ngx_http_rooms_main_conf_t;


/*
 * Sessions of one location, or streams of its rooms, in the order in which
 * their time comes.
 */

typedef struct {
    ngx_queue_t               queue;         /* of session->beat, or
                                                stream->dirty */
    ngx_event_t               event;
    ngx_msec_t                delay;
    ngx_msec_t                grain;         /* neighbours share a wake-up */
    ngx_uint_t                count;
} ngx_http_rooms_beat_t;


typedef struct {
    ngx_http_rooms_app_t     *app;           /* rooms */
    ngx_uint_t                mode;
    ngx_http_rooms_app_t     *api;           /* rooms_api */
    ngx_uint_t                status;        /* rooms_status */

    ngx_msec_t                ping_interval;
    ngx_msec_t                ping_timeout;
    ngx_msec_t                connect_timeout;
    ngx_msec_t                upgrade_timeout;
    ngx_msec_t                recovery;      /* 0: off */
    ngx_msec_t                shutdown;      /* closing is spread over it */
    ngx_msec_t                coalesce;      /* 0: off */

    size_t                    max_payload;
    size_t                    send_queue;
    ngx_uint_t                max_fragments;
    ngx_uint_t                max_attachments;
    ngx_uint_t                max_rooms;     /* of one connection */
    ngx_uint_t                max_namespaces;
    ngx_uint_t                max_nodes;     /* JSON values in a packet */
    ngx_uint_t                parser;        /* NGX_HTTP_ROOMS_PARSER_... */
    ngx_uint_t                events;        /* per second, 0: no limit */
    ngx_uint_t                handshakes;    /* not complete, of a worker */

    ngx_array_t              *origins;       /* ngx_str_t, or NULL */
    ngx_flag_t                any_origin;    /* "*" */
    ngx_flag_t                credentials;
    ngx_str_t                 methods;       /* of CORS, may be empty */
    ngx_str_t                 cookie;        /* name, empty: none */

    ngx_flag_t                deflate;
    size_t                    deflate_threshold;
    ngx_uint_t                deflate_bits;

    ngx_http_rooms_beat_t     ping;          /* waiting for the next ping */
    ngx_http_rooms_beat_t     pong;          /* waiting for a pong */
    ngx_http_rooms_beat_t     connect;       /* waiting for a CONNECT */
    ngx_http_rooms_beat_t     hold;          /* streams, by coalesce */
    ngx_uint_t                candidates;    /* waiting for an upgrade */
} ngx_http_rooms_loc_conf_t;


extern ngx_module_t  ngx_http_rooms_module;


/* ngx_http_rooms_app.c: "rooms_app NAME { ... }" */

char *ngx_http_rooms_app_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* The block of that name, also one that follows later; it is checked that
 * it exists when the configuration has been read. */

ngx_http_rooms_app_t *ngx_http_rooms_app_get(ngx_conf_t *cf,
    ngx_str_t *name);

/* ngx_http_rooms_app_init.c */

/*
 * The block's end: the application is known now, wherever in the block it
 * was named, and looks at its options.
 */

ngx_int_t ngx_http_rooms_app_configure(ngx_conf_t *cf,
    ngx_http_rooms_app_t *app);

/* Loads the contracts and the application's configuration of every block. */

ngx_int_t ngx_http_rooms_apps_init(ngx_conf_t *cf,
    ngx_http_rooms_main_conf_t *rmcf);


/* Content handlers. */

ngx_int_t ngx_http_rooms_transport_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_rooms_api_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_rooms_status_handler(ngx_http_request_t *r);

/* ngx_http_rooms_variables.c */

ngx_int_t ngx_http_rooms_add_variables(ngx_conf_t *cf);

/* 1 where a log format needs a request until the connection's end. */

ngx_uint_t ngx_http_rooms_variables_keep(ngx_conf_t *cf);


#endif /* _NGX_HTTP_ROOMS_CONF_H_INCLUDED_ */
