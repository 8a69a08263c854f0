
/*
 * Copyright (C) nginx rooms contributors
 *
 * The figures in the Prometheus text format, version 0.0.4.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_figures.h>


#define NGX_HTTP_ROOMS_METRIC_MS    1      /* shown as seconds */
#define NGX_HTTP_ROOMS_METRIC_FILE  2      /* of zones with a file */


/*
 * One line of samples.  Rows of one name stand together: its HELP and TYPE
 * are written before the first.
 */

typedef struct {
    const char  *name;
    const char  *type;
    const char  *help;
    const char  *label;                    /* one more, or "" */
    size_t       offset;
    size_t       size;                     /* of the field */
    unsigned     flags;
} ngx_http_rooms_metric_t;


static void ngx_http_rooms_metrics_head(rooms_buf_t *b, const char *name,
    const char *type, const char *help);
static void ngx_http_rooms_metrics_zone(rooms_buf_t *b,
    ngx_http_rooms_main_conf_t *rmcf, const ngx_http_rooms_figures_t *f);
static void ngx_http_rooms_metrics_worker(rooms_buf_t *b,
    ngx_http_rooms_main_conf_t *rmcf);
static void ngx_http_rooms_metrics_refused(rooms_buf_t *b,
    ngx_http_rooms_main_conf_t *rmcf, const ngx_http_rooms_figures_t *f);
static void ngx_http_rooms_metrics_sample(rooms_buf_t *b,
    const ngx_http_rooms_metric_t *m, const void *figures);
static void ngx_http_rooms_metrics_text(rooms_buf_t *b, const char *text);


#define NGX_HTTP_ROOMS_FIGURE(field)                                         \
    offsetof(ngx_http_rooms_figures_t, field),                               \
    sizeof(((ngx_http_rooms_figures_t *) 0)->field)

#define NGX_HTTP_ROOMS_STAT(field)                                           \
    offsetof(ngx_http_rooms_stat_t, field),                                  \
    sizeof(((ngx_http_rooms_stat_t *) 0)->field)


static const ngx_http_rooms_metric_t  ngx_http_rooms_zone_metrics[] = {

    { "rooms_live", "gauge", "Rooms with state.", "",
      NGX_HTTP_ROOMS_FIGURE(rooms), 0 },

    { "rooms_recovery_records", "gauge",
      "Sockets that are connected or may still recover.", "",
      NGX_HTTP_ROOMS_FIGURE(recovery), 0 },

    { "rooms_events_total", "counter",
      "Events that came from clients and went to them.",
      ",direction=\"in\"", NGX_HTTP_ROOMS_FIGURE(in), 0 },

    { "rooms_events_total", NULL, NULL,
      ",direction=\"out\"", NGX_HTTP_ROOMS_FIGURE(out), 0 },

    { "rooms_bytes_total", "counter",
      "Octets that came from clients and went to them.",
      ",direction=\"in\"", NGX_HTTP_ROOMS_FIGURE(in_bytes), 0 },

    { "rooms_bytes_total", NULL, NULL,
      ",direction=\"out\"", NGX_HTTP_ROOMS_FIGURE(out_bytes), 0 },

    { "rooms_connects_total", "counter", "Sockets that were connected.", "",
      NGX_HTTP_ROOMS_FIGURE(connects), 0 },

    { "rooms_recovered_total", "counter",
      "Sockets that came back with their id and rooms.", "",
      NGX_HTTP_ROOMS_FIGURE(recovered), 0 },

    { "rooms_heartbeat_timeouts_total", "counter",
      "Connections closed because no pong came.", "",
      NGX_HTTP_ROOMS_FIGURE(timeouts), 0 },

    { "rooms_conflicts_total", "counter",
      "Commands decided again because another worker was faster.", "",
      NGX_HTTP_ROOMS_FIGURE(conflicts), 0 },

    { "rooms_journal_overruns_total", "counter",
      "Times the journal passed a worker that was too slow to read it.", "",
      NGX_HTTP_ROOMS_FIGURE(lost), 0 },

    { "rooms_journal_size_bytes", "gauge", "Size of the journal.", "",
      NGX_HTTP_ROOMS_FIGURE(journal.size), 0 },

    { "rooms_journal_used_bytes", "gauge",
      "Octets of the journal that hold records.", "",
      NGX_HTTP_ROOMS_FIGURE(journal.used), 0 },

    { "rooms_journal_live_bytes", "gauge",
      "Octets of records that rooms are rebuilt from.", "",
      NGX_HTTP_ROOMS_FIGURE(journal.live), 0 },

    { "rooms_journal_window_seconds", "gauge",
      "How far back the journal can replay.", "",
      NGX_HTTP_ROOMS_FIGURE(window), NGX_HTTP_ROOMS_METRIC_MS },

    { "rooms_journal_index_entries", "gauge",
      "Entries of the journal's index in use.", "",
      NGX_HTTP_ROOMS_FIGURE(journal.entries), 0 },

    { "rooms_journal_index_capacity", "gauge",
      "Entries the journal's index has room for.", "",
      NGX_HTTP_ROOMS_FIGURE(journal.capacity), 0 },

    { "rooms_journal_repairs_total", "counter",
      "Times the index was rebuilt after a worker had died.", "",
      NGX_HTTP_ROOMS_FIGURE(journal.repairs), 0 },

    { "rooms_journal_file_written_bytes_total", "counter",
      "Octets that were written to the journal's file.", "",
      NGX_HTTP_ROOMS_FIGURE(written), NGX_HTTP_ROOMS_METRIC_FILE },

    { "rooms_journal_file_unsynced_bytes", "gauge",
      "Octets in the journal's file that may not be on the disk.", "",
      NGX_HTTP_ROOMS_FIGURE(unsynced), NGX_HTTP_ROOMS_METRIC_FILE },

    { "rooms_journal_file_syncs_total", "counter",
      "Times the journal's file was put on the disk.", "",
      NGX_HTTP_ROOMS_FIGURE(syncs), NGX_HTTP_ROOMS_METRIC_FILE },

    { "rooms_journal_file_failures_total", "counter",
      "Writes and syncs of the journal's file that failed.", "",
      NGX_HTTP_ROOMS_FIGURE(failures), NGX_HTTP_ROOMS_METRIC_FILE },

    { "rooms_journal_file_broken", "gauge",
      "1: a sync failed, nothing is taken until nginx is restarted.", "",
      NGX_HTTP_ROOMS_FIGURE(broken), NGX_HTTP_ROOMS_METRIC_FILE },

    { NULL, NULL, NULL, NULL, 0, 0, 0 }
};


static const ngx_http_rooms_metric_t  ngx_http_rooms_worker_metrics[] = {

    { "rooms_connections", "gauge", "Open connections.",
      ",transport=\"websocket\"", NGX_HTTP_ROOMS_STAT(websocket), 0 },

    { "rooms_connections", NULL, NULL,
      ",transport=\"polling\"", NGX_HTTP_ROOMS_STAT(polling), 0 },

    { "rooms_sockets", "gauge", "Connected sockets, one for each namespace.",
      "", NGX_HTTP_ROOMS_STAT(sockets), 0 },

    { "rooms_held", "gauge", "Rooms a worker keeps a copy of.",
      "", NGX_HTTP_ROOMS_STAT(rooms), 0 },

    { NULL, NULL, NULL, NULL, 0, 0, 0 }
};


void
ngx_http_rooms_metrics(ngx_http_rooms_main_conf_t *rmcf, rooms_buf_t *b)
{
    ngx_uint_t                  i, workers;
    ngx_http_rooms_app_t      **apps;
    ngx_http_rooms_figures_t   *f;

    workers = 0;

    for (i = 0; i < ROOMS_WORKERS_MAX; i++) {
        workers += (ngx_http_rooms_figures_pid(i) != 0);
    }

    ngx_http_rooms_metrics_head(b, "rooms_build_info", "gauge",
                                "The module's version.");
    ngx_http_rooms_metrics_text(b, "rooms_build_info{version=\""
                                   NGX_HTTP_ROOMS_VERSION "\"} 1\n");

    ngx_http_rooms_metrics_head(b, "rooms_workers", "gauge",
                                "Workers that serve the zones.");
    ngx_http_rooms_metrics_text(b, "rooms_workers ");
    rooms_buf_uint(b, workers);
    rooms_buf_byte(b, '\n');

    if (rmcf->apps.nelts == 0) {
        return;
    }

    f = ngx_alloc(rmcf->apps.nelts * sizeof(ngx_http_rooms_figures_t),
                  ngx_cycle->log);
    if (f == NULL) {
        b->failed = 1;
        return;
    }

    apps = rmcf->apps.elts;

    for (i = 0; i < rmcf->apps.nelts; i++) {
        ngx_http_rooms_figures(apps[i], &f[i]);
    }

    ngx_http_rooms_metrics_worker(b, rmcf);
    ngx_http_rooms_metrics_zone(b, rmcf, f);
    ngx_http_rooms_metrics_refused(b, rmcf, f);

    ngx_free(f);
}


static void
ngx_http_rooms_metrics_head(rooms_buf_t *b, const char *name,
    const char *type, const char *help)
{
    ngx_http_rooms_metrics_text(b, "# HELP ");
    ngx_http_rooms_metrics_text(b, name);
    rooms_buf_byte(b, ' ');
    ngx_http_rooms_metrics_text(b, help);

    ngx_http_rooms_metrics_text(b, "\n# TYPE ");
    ngx_http_rooms_metrics_text(b, name);
    rooms_buf_byte(b, ' ');
    ngx_http_rooms_metrics_text(b, type);
    rooms_buf_byte(b, '\n');
}


static void
ngx_http_rooms_metrics_zone(rooms_buf_t *b, ngx_http_rooms_main_conf_t *rmcf,
    const ngx_http_rooms_figures_t *f)
{
    ngx_uint_t                       i;
    ngx_http_rooms_app_t           **apps;
    const ngx_http_rooms_metric_t   *m;

    apps = rmcf->apps.elts;

    for (m = ngx_http_rooms_zone_metrics; m->name; m++) {

        if (m->type) {
            ngx_http_rooms_metrics_head(b, m->name, m->type, m->help);
        }

        for (i = 0; i < rmcf->apps.nelts; i++) {

            if ((m->flags & NGX_HTTP_ROOMS_METRIC_FILE) && !f[i].kept) {
                continue;
            }

            ngx_http_rooms_metrics_text(b, m->name);
            ngx_http_rooms_metrics_text(b, "{app=\"");
            rooms_buf_append(b, apps[i]->name.data, apps[i]->name.len);
            rooms_buf_byte(b, '"');
            ngx_http_rooms_metrics_sample(b, m, &f[i]);
        }
    }
}


static void
ngx_http_rooms_metrics_worker(rooms_buf_t *b,
    ngx_http_rooms_main_conf_t *rmcf)
{
    ngx_uint_t                       i, slot;
    ngx_http_rooms_app_t           **apps;
    const ngx_http_rooms_stat_t     *stat;
    const ngx_http_rooms_metric_t   *m;

    apps = rmcf->apps.elts;

    for (m = ngx_http_rooms_worker_metrics; m->name; m++) {

        if (m->type) {
            ngx_http_rooms_metrics_head(b, m->name, m->type, m->help);
        }

        for (i = 0; i < rmcf->apps.nelts; i++) {
            for (slot = 0; slot < ROOMS_WORKERS_MAX; slot++) {
                stat = ngx_http_rooms_figures_worker(apps[i], slot);

                if (stat == NULL) {
                    continue;
                }

                ngx_http_rooms_metrics_text(b, m->name);
                ngx_http_rooms_metrics_text(b, "{app=\"");
                rooms_buf_append(b, apps[i]->name.data, apps[i]->name.len);
                ngx_http_rooms_metrics_text(b, "\",worker=\"");
                rooms_buf_uint(b, slot);
                rooms_buf_byte(b, '"');
                ngx_http_rooms_metrics_sample(b, m, stat);
            }
        }
    }
}


static void
ngx_http_rooms_metrics_refused(rooms_buf_t *b,
    ngx_http_rooms_main_conf_t *rmcf, const ngx_http_rooms_figures_t *f)
{
    ngx_uint_t              i, k;
    ngx_http_rooms_app_t  **apps;

    static const char  name[] = "rooms_refused_total";

    apps = rmcf->apps.elts;

    ngx_http_rooms_metrics_head(b, name, "counter",
                                "What was refused, by reason.");

    for (i = 0; i < rmcf->apps.nelts; i++) {
        for (k = 0; k < NGX_HTTP_ROOMS_REFUSED_LAST; k++) {
            ngx_http_rooms_metrics_text(b, name);
            ngx_http_rooms_metrics_text(b, "{app=\"");
            rooms_buf_append(b, apps[i]->name.data, apps[i]->name.len);
            ngx_http_rooms_metrics_text(b, "\",reason=\"");
            ngx_http_rooms_metrics_text(b, ngx_http_rooms_refused_names[k]);
            ngx_http_rooms_metrics_text(b, "\"} ");
            rooms_buf_uint(b, f[i].refused[k]);
            rooms_buf_byte(b, '\n');
        }
    }
}


/* The rest of a line: the label, the value. */

static void
ngx_http_rooms_metrics_sample(rooms_buf_t *b,
    const ngx_http_rooms_metric_t *m, const void *figures)
{
    u_char         fraction[5];
    uint64_t       n;
    const u_char  *field;

    field = (const u_char *) figures + m->offset;

    n = (m->size == sizeof(uint32_t)) ? *(const uint32_t *) field
                                      : *(const uint64_t *) field;

    ngx_http_rooms_metrics_text(b, m->label);
    ngx_http_rooms_metrics_text(b, "} ");

    if (m->flags & NGX_HTTP_ROOMS_METRIC_MS) {
        (void) ngx_sprintf(fraction, ".%03uL%Z", n % 1000);
        rooms_buf_uint(b, n / 1000);
        ngx_http_rooms_metrics_text(b, (const char *) fraction);

    } else {
        rooms_buf_uint(b, n);
    }

    rooms_buf_byte(b, '\n');
}


static void
ngx_http_rooms_metrics_text(rooms_buf_t *b, const char *text)
{
    rooms_buf_append(b, text, ngx_strlen(text));
}
