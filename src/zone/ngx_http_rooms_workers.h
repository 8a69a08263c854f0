
/*
 * Copyright (C) nginx rooms contributors
 *
 * The workers among each other: the table they stand in, how they wake each
 * other, and what is done every tenth of a second.
 */


#ifndef _NGX_HTTP_ROOMS_WORKERS_H_INCLUDED_
#define _NGX_HTTP_ROOMS_WORKERS_H_INCLUDED_


#include <ngx_http_rooms_zone.h>


#define NGX_HTTP_ROOMS_TICK  100           /* ms */


/* This worker takes a slot and listens to its wake-ups.  NGX_DECLINED: there
 * is none; NGX_ERROR: no connection object. */

ngx_int_t ngx_http_rooms_workers_join(ngx_cycle_t *cycle);

/* Gives back the connection object; with leave, the slot too. */

void ngx_http_rooms_workers_part(ngx_uint_t leave);

/*
 * Has the worker in a slot woken, unless a wake-up is on its way to it.  This
 * is done when the turn is flushed, once for all that it brought: a worker
 * that is woken at the first of many records sends them one by one.
 */

void ngx_http_rooms_workers_wake(ngx_uint_t slot);

/* Wakes those who are to be woken, if there are any. */

extern ngx_uint_t  ngx_http_rooms_workers_called;

void ngx_http_rooms_workers_call(void);

/* 1 where the owner is no worker any more, or one whose process is gone. */

ngx_uint_t ngx_http_rooms_workers_gone(uint32_t owner);


/* Prepares a zone of this process, before its first drain. */

void ngx_http_rooms_zone_open(ngx_http_rooms_zone_t *zone);

/* ngx_http_rooms_exit.c: frees what this process has of the zone. */

void ngx_http_rooms_zone_close(ngx_http_rooms_zone_t *zone);


/* ngx_http_rooms_sweep.c: the tick, over the zones of main configuration. */

void ngx_http_rooms_sweep_start(ngx_http_rooms_main_conf_t *rmcf,
    ngx_log_t *log);

/* Drains all zones. */

void ngx_http_rooms_sweep_drain(void);


#endif /* _NGX_HTTP_ROOMS_WORKERS_H_INCLUDED_ */
