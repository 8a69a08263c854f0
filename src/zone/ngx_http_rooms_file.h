
/*
 * Copyright (C) nginx rooms contributors
 *
 * The file of a zone: opened and locked by the master, written by the workers
 * that inherit its descriptor, synced by whoever comes first.
 */


#ifndef _NGX_HTTP_ROOMS_FILE_H_INCLUDED_
#define _NGX_HTTP_ROOMS_FILE_H_INCLUDED_


#include <ngx_http_rooms_zone.h>


#define NGX_HTTP_ROOMS_SYNC_OFF     0
#define NGX_HTTP_ROOMS_SYNC_DEFAULT 1000
#define NGX_HTTP_ROOMS_SYNC_ALWAYS  NGX_MAX_INT_T_VALUE


/* "zone SIZE file=PATH sync=always|off|TIME": one of the latter two. */

char *ngx_http_rooms_file_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value);

/*
 * The journal of a new zone: read from its file, if there is one and none of
 * its octets is wrong, else NGX_DECLINED, which means a fresh one is to be
 * made in mem.  NGX_ERROR: it has been said why nginx cannot start.
 */

ngx_int_t ngx_http_rooms_file_load(ngx_http_rooms_zone_t *zone, u_char *mem,
    size_t size, ngx_log_t *log);

/* Writes the file anew, and from then on every record. */

ngx_int_t ngx_http_rooms_file_start(ngx_http_rooms_zone_t *zone,
    rooms_journal_t *journal, rooms_journal_file_t *f, ngx_log_t *log);

/*
 * A reload takes it over from the zone as it was.  NGX_ERROR: its file was
 * given in another way then.
 */

ngx_int_t ngx_http_rooms_file_inherit(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_zone_t *old, ngx_log_t *log);

/* The last configuration that uses it is gone. */

void ngx_http_rooms_file_release(void *data);


/*
 * Before anything leaves this worker: with sync=always, what was written is
 * put on the disk.
 */

void ngx_http_rooms_file_settle(ngx_http_rooms_zone_t *zone);

/* 1 where settle() would have to wait for the disk. */

ngx_uint_t ngx_http_rooms_file_behind(ngx_http_rooms_zone_t *zone);

/* Each tick of each worker. */

void ngx_http_rooms_file_tick(ngx_http_rooms_zone_t *zone);

/* ngx_http_rooms_sync.c: how journals are written in this process. */

void ngx_http_rooms_sync_init(void);

/* This worker ends. */

void ngx_http_rooms_file_finish(ngx_http_rooms_zone_t *zone);


#endif /* _NGX_HTTP_ROOMS_FILE_H_INCLUDED_ */
