
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_audit.h>


#define NGX_HTTP_ROOMS_AUDIT_QUIET  60       /* s, between two complaints */


char *
ngx_http_rooms_audit_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    if (app->audit) {
        return "is duplicate";
    }

    if (value[1].len == 0 || ngx_strncmp(value[1].data, "syslog:", 7) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid audit_log \"%V\", it must be a file",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    /* nginx opens it, and once more when it is told to reopen its logs */

    app->audit = ngx_conf_open_file(cf->cycle, &value[1]);

    return app->audit ? NGX_CONF_OK : NGX_CONF_ERROR;
}


void
ngx_http_rooms_audit(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    time_t                 now;
    ssize_t                n;
    ngx_err_t              err;
    ngx_open_file_t       *file;
    ngx_http_rooms_app_t  *app;

    static time_t          told;
    static rooms_buf_t     b;

    app = task->zone->app;
    file = app->audit;

    if (file == NULL || d->audit.len == 0) {
        return;
    }

    rooms_buf_reset(&b);
    rooms_decision_audit(d, rooms_str(app->name.data, app->name.len),
                         &task->cmd, &b);

    /* one write for each command: lines of workers do not mix */

    n = b.failed ? 0 : ngx_write_fd(file->fd, b.data, b.len);

    if (!b.failed && n == (ssize_t) b.len) {
        return;
    }

    err = (n == -1) ? ngx_errno : 0;
    now = ngx_time();

    if (now - told > NGX_HTTP_ROOMS_AUDIT_QUIET) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, err,
                      "rooms: zone \"%V\": %z of %uz octets were written to "
                      "\"%V\"", &app->name, n, b.len, &file->name);
        told = now;
    }
}
