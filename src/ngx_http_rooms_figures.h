
/*
 * Copyright (C) nginx rooms contributors
 *
 * The figures of an application's zone, for the status and the metrics.
 */


#ifndef _NGX_HTTP_ROOMS_FIGURES_H_INCLUDED_
#define _NGX_HTTP_ROOMS_FIGURES_H_INCLUDED_


#include <ngx_http_rooms_zone.h>

#include <rooms_buf.h>


/*
 * What is counted is the sum over all workers that ever were; connections,
 * sockets and held rooms are those of the workers that are.
 *
 * rooms and recovery are counted by a walk through the index, up to 4096
 * entries each time, over that at most once a second and the less often the
 * more they are: the numbers may be as old as a second and another one for
 * 100,000 entries.  Where the journal is in Redis they are of all nginx, and
 * counted there once a second.
 */

typedef struct {
    uint64_t               websocket;
    uint64_t               polling;
    uint64_t               sockets;
    uint64_t               rooms;              /* that live */
    uint64_t               recovery;           /* records of sockets */

    uint64_t               in;                 /* events */
    uint64_t               out;
    uint64_t               in_bytes;
    uint64_t               out_bytes;
    uint64_t               connects;
    uint64_t               recovered;
    uint64_t               timeouts;
    uint64_t               conflicts;
    uint64_t               lost;
    uint64_t               refused[NGX_HTTP_ROOMS_REFUSED_LAST];

    uint64_t               window;             /* ms the ring goes back */
    rooms_journal_stat_t   journal;

    uint32_t               kept;               /* in a file: */
    uint32_t               broken;
    uint64_t               written;            /* octets since it started */
    uint64_t               unsynced;           /* of them not on the disk */
    uint64_t               syncs;
    uint64_t               failures;
} ngx_http_rooms_figures_t;


/* Takes and gives back the zone's lock. */

void ngx_http_rooms_figures(ngx_http_rooms_app_t *app,
    ngx_http_rooms_figures_t *f);

/* The figures of the worker in a slot, or NULL where there is none. */

const ngx_http_rooms_stat_t *ngx_http_rooms_figures_worker(
    ngx_http_rooms_app_t *app, ngx_uint_t slot);

/* The pid of the worker in a slot; 0: none. */

uint32_t ngx_http_rooms_figures_pid(ngx_uint_t slot);


/* Both append to *b; rmcf has the applications, perhaps none. */

void ngx_http_rooms_status_json(ngx_http_rooms_main_conf_t *rmcf,
    rooms_buf_t *b);
void ngx_http_rooms_metrics(ngx_http_rooms_main_conf_t *rmcf,
    rooms_buf_t *b);


#endif /* _NGX_HTTP_ROOMS_FIGURES_H_INCLUDED_ */
