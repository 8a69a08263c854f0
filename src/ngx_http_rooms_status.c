
/*
 * Copyright (C) nginx rooms contributors
 *
 * "rooms_status [json | prometheus]": the content handler, and the figures
 * as JSON.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_figures.h>
#include <ngx_http_rooms_respond.h>

#include <rooms_offset.h>


static void ngx_http_rooms_status_app(rooms_buf_t *b,
    ngx_http_rooms_app_t *app);
static void ngx_http_rooms_status_epoch(rooms_buf_t *b,
    ngx_http_rooms_app_t *app);
static void ngx_http_rooms_status_events(rooms_buf_t *b,
    const ngx_http_rooms_figures_t *f);
static void ngx_http_rooms_status_journal(rooms_buf_t *b,
    const ngx_http_rooms_figures_t *f, uint64_t history);
static void ngx_http_rooms_status_refused(rooms_buf_t *b,
    const ngx_http_rooms_figures_t *f);
static void ngx_http_rooms_status_workers(rooms_buf_t *b,
    ngx_http_rooms_app_t *app);
static void ngx_http_rooms_status_text(rooms_buf_t *b, const char *text);
static void ngx_http_rooms_status_uint(rooms_buf_t *b, const char *before,
    uint64_t n);
static void ngx_http_rooms_status_str(rooms_buf_t *b, const char *before,
    ngx_str_t *s);


ngx_int_t
ngx_http_rooms_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    const char                  *type;
    rooms_buf_t                  b;
    ngx_http_rooms_loc_conf_t   *conf;
    ngx_http_rooms_main_conf_t  *rmcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_rooms_module);
    rmcf = ngx_http_get_module_main_conf(r, ngx_http_rooms_module);

    if (rmcf->apps.nelts && ngx_http_rooms_owner == 0) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    rooms_buf_init(&b, 0);

    if (conf->status == NGX_HTTP_ROOMS_PROMETHEUS) {
        type = "text/plain; version=0.0.4";
        ngx_http_rooms_metrics(rmcf, &b);

    } else {
        type = "application/json";
        ngx_http_rooms_status_json(rmcf, &b);
    }

    rc = b.failed ? NGX_HTTP_INTERNAL_SERVER_ERROR
                  : ngx_http_rooms_respond(r, NGX_HTTP_OK, type,
                                           rooms_str(b.data, b.len));
    rooms_buf_free(&b);

    return rc;
}


/* Names of blocks and of refusals need no escape in JSON. */

void
ngx_http_rooms_status_json(ngx_http_rooms_main_conf_t *rmcf, rooms_buf_t *b)
{
    uint32_t                pid;
    ngx_uint_t              i, n;
    ngx_http_rooms_app_t  **apps;

    ngx_http_rooms_status_text(b, "{\"version\":\"" NGX_HTTP_ROOMS_VERSION
                                  "\"");
    ngx_http_rooms_status_uint(b, ",\"time\":", ngx_http_rooms_now());
    ngx_http_rooms_status_text(b, ",\"workers\":[");

    n = 0;

    for (i = 0; i < ROOMS_WORKERS_MAX; i++) {
        pid = ngx_http_rooms_figures_pid(i);

        if (pid) {
            ngx_http_rooms_status_uint(b, n++ ? ",{\"slot\":" : "{\"slot\":",
                                       i);
            ngx_http_rooms_status_uint(b, ",\"pid\":", pid);
            ngx_http_rooms_status_text(b, "}");
        }
    }

    ngx_http_rooms_status_text(b, "],\"apps\":{");

    apps = rmcf->apps.elts;

    for (i = 0; i < rmcf->apps.nelts; i++) {
        ngx_http_rooms_status_str(b, i ? ",\"" : "\"", &apps[i]->name);
        ngx_http_rooms_status_text(b, "\":");
        ngx_http_rooms_status_app(b, apps[i]);
    }

    ngx_http_rooms_status_text(b, "}}\n");
}


static void
ngx_http_rooms_status_app(rooms_buf_t *b, ngx_http_rooms_app_t *app)
{
    ngx_http_rooms_figures_t  f;

    ngx_http_rooms_figures(app, &f);

    ngx_http_rooms_status_str(b, "{\"application\":\"", &app->application);
    ngx_http_rooms_status_epoch(b, app);

    ngx_http_rooms_status_uint(b, ",\"rooms\":", f.rooms);
    ngx_http_rooms_status_uint(b, ",\"recovery\":", f.recovery);
    ngx_http_rooms_status_uint(b, ",\"sockets\":", f.sockets);

    ngx_http_rooms_status_uint(b, ",\"transports\":{\"websocket\":",
                               f.websocket);
    ngx_http_rooms_status_uint(b, ",\"polling\":", f.polling);

    ngx_http_rooms_status_events(b, &f);
    ngx_http_rooms_status_journal(b, &f, app->history);
    ngx_http_rooms_status_refused(b, &f);
    ngx_http_rooms_status_workers(b, app);

    ngx_http_rooms_status_text(b, "}");
}


/* As it stands before the "-" of every offset. */

static void
ngx_http_rooms_status_epoch(rooms_buf_t *b, ngx_http_rooms_app_t *app)
{
    size_t         len, i;
    unsigned char  offset[ROOMS_OFFSET_LEN];

    len = rooms_offset_write(offset, app->zone->epoch, 1);

    for (i = 0; i < len && offset[i] != '-'; i++) { /* void */ }

    ngx_http_rooms_status_text(b, "\",\"epoch\":\"");
    rooms_buf_append(b, offset, i);
    ngx_http_rooms_status_text(b, "\"");
}


static void
ngx_http_rooms_status_events(rooms_buf_t *b,
    const ngx_http_rooms_figures_t *f)
{
    ngx_http_rooms_status_uint(b, "},\"events\":{\"in\":", f->in);
    ngx_http_rooms_status_uint(b, ",\"out\":", f->out);
    ngx_http_rooms_status_uint(b, "},\"bytes\":{\"in\":", f->in_bytes);
    ngx_http_rooms_status_uint(b, ",\"out\":", f->out_bytes);
    ngx_http_rooms_status_uint(b, "},\"connects\":", f->connects);
    ngx_http_rooms_status_uint(b, ",\"recovered\":", f->recovered);
    ngx_http_rooms_status_uint(b, ",\"timeouts\":", f->timeouts);
    ngx_http_rooms_status_uint(b, ",\"conflicts\":", f->conflicts);
    ngx_http_rooms_status_uint(b, ",\"lost\":", f->lost);
}


static void
ngx_http_rooms_status_journal(rooms_buf_t *b,
    const ngx_http_rooms_figures_t *f, uint64_t history)
{
    const rooms_journal_stat_t  *j;

    j = &f->journal;

    ngx_http_rooms_status_uint(b, ",\"journal\":{\"size\":", j->size);
    ngx_http_rooms_status_uint(b, ",\"used\":", j->used);
    ngx_http_rooms_status_uint(b, ",\"live\":", j->live);
    ngx_http_rooms_status_uint(b, ",\"window_ms\":", f->window);
    ngx_http_rooms_status_uint(b, ",\"history_ms\":", history);
    ngx_http_rooms_status_uint(b, ",\"head\":", j->head);
    ngx_http_rooms_status_uint(b, ",\"tail\":", j->tail);
    ngx_http_rooms_status_uint(b, ",\"rooms\":", j->rooms);
    ngx_http_rooms_status_uint(b, ",\"entries\":", j->entries);
    ngx_http_rooms_status_uint(b, ",\"capacity\":", j->capacity);
    ngx_http_rooms_status_uint(b, ",\"repairs\":", j->repairs);

    if (f->kept) {
        ngx_http_rooms_status_uint(b, ",\"file\":{\"written\":", f->written);
        ngx_http_rooms_status_uint(b, ",\"unsynced\":", f->unsynced);
        ngx_http_rooms_status_uint(b, ",\"syncs\":", f->syncs);
        ngx_http_rooms_status_uint(b, ",\"failures\":", f->failures);
        ngx_http_rooms_status_uint(b, ",\"broken\":", f->broken);
        ngx_http_rooms_status_text(b, "}");
    }
}


static void
ngx_http_rooms_status_refused(rooms_buf_t *b,
    const ngx_http_rooms_figures_t *f)
{
    ngx_uint_t  i;

    ngx_http_rooms_status_text(b, "},\"refused\":{");

    for (i = 0; i < NGX_HTTP_ROOMS_REFUSED_LAST; i++) {
        ngx_http_rooms_status_text(b, i ? ",\"" : "\"");
        ngx_http_rooms_status_text(b, ngx_http_rooms_refused_names[i]);
        ngx_http_rooms_status_uint(b, "\":", f->refused[i]);
    }
}


static void
ngx_http_rooms_status_workers(rooms_buf_t *b, ngx_http_rooms_app_t *app)
{
    ngx_uint_t                    i, n;
    const ngx_http_rooms_stat_t  *stat;

    ngx_http_rooms_status_text(b, "},\"workers\":[");

    n = 0;

    for (i = 0; i < ROOMS_WORKERS_MAX; i++) {
        stat = ngx_http_rooms_figures_worker(app, i);

        if (stat == NULL) {
            continue;
        }

        ngx_http_rooms_status_uint(b, n++ ? ",{\"slot\":" : "{\"slot\":", i);
        ngx_http_rooms_status_uint(b, ",\"pid\":",
                                   ngx_http_rooms_figures_pid(i));
        ngx_http_rooms_status_uint(b, ",\"websocket\":", stat->websocket);
        ngx_http_rooms_status_uint(b, ",\"polling\":", stat->polling);
        ngx_http_rooms_status_uint(b, ",\"sockets\":", stat->sockets);
        ngx_http_rooms_status_uint(b, ",\"rooms\":", stat->rooms);
        ngx_http_rooms_status_text(b, "}");
    }

    ngx_http_rooms_status_text(b, "]");
}


static void
ngx_http_rooms_status_text(rooms_buf_t *b, const char *text)
{
    rooms_buf_append(b, text, ngx_strlen(text));
}


static void
ngx_http_rooms_status_uint(rooms_buf_t *b, const char *before, uint64_t n)
{
    ngx_http_rooms_status_text(b, before);
    rooms_buf_uint(b, n);
}


static void
ngx_http_rooms_status_str(rooms_buf_t *b, const char *before, ngx_str_t *s)
{
    ngx_http_rooms_status_text(b, before);
    rooms_buf_append(b, s->data, s->len);
}
