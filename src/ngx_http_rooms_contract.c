
/*
 * Copyright (C) nginx rooms contributors
 *
 * The contracts of an application, read from their files.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_contract.h>


/* The document of one kind, and the directive that named its file. */

typedef struct {
    json_t                    *json;
    ngx_http_rooms_setting_t  *file;
} ngx_http_rooms_document_t;


static ngx_int_t ngx_http_rooms_contract_document(ngx_conf_t *cf,
    ngx_http_rooms_setting_t *file, ngx_http_rooms_document_t *asyncapi,
    ngx_http_rooms_document_t *openapi);
static json_t *ngx_http_rooms_contract_parse(ngx_conf_t *cf,
    ngx_http_rooms_setting_t *file);
static ngx_int_t ngx_http_rooms_contract_read_fd(ngx_conf_t *cf,
    ngx_http_rooms_setting_t *file, ngx_fd_t fd, ngx_str_t *text);
static void ngx_http_rooms_contract_error(ngx_conf_t *cf,
    ngx_http_rooms_setting_t *file, rooms_contract_error_t *err);


ngx_int_t
ngx_http_rooms_contract_load(ngx_conf_t *cf, ngx_http_rooms_app_t *app)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    rooms_contract_words_t      words;
    rooms_contract_error_t      err;
    ngx_http_rooms_setting_t   *file;
    ngx_http_rooms_document_t   asyncapi, openapi;

    if (app->contracts->nelts == 0) {
        return NGX_OK;
    }

    ngx_memzero(&asyncapi, sizeof(ngx_http_rooms_document_t));
    ngx_memzero(&openapi, sizeof(ngx_http_rooms_document_t));

    rc = NGX_OK;
    file = app->contracts->elts;

    for (i = 0; i < app->contracts->nelts && rc == NGX_OK; i++) {
        rc = ngx_http_rooms_contract_document(cf, &file[i], &asyncapi,
                                              &openapi);
    }

    if (rc == NGX_OK) {
        ngx_memzero(&err, sizeof(rooms_contract_error_t));

        /* what nobody would answer is a wrong word, or another's */

        words.event = app->app->knows;
        words.operation = app->app->serves;

        app->contract = rooms_contract_create(asyncapi.json, openapi.json,
                                              &words, &err);
        if (app->contract == NULL) {

            if (err.document && ngx_strcmp(err.document, "openapi") == 0) {
                file = openapi.file;

            } else if (asyncapi.file) {
                file = asyncapi.file;
            }

            ngx_http_rooms_contract_error(cf, file, &err);
            rc = NGX_ERROR;
        }
    }

    if (app->contract) {
        app->rate = rooms_contract_connection_rate(app->contract);
    }

    /* the contract has its own references */

    json_decref(asyncapi.json);
    json_decref(openapi.json);

    return rc;
}


static ngx_int_t
ngx_http_rooms_contract_document(ngx_conf_t *cf,
    ngx_http_rooms_setting_t *file, ngx_http_rooms_document_t *asyncapi,
    ngx_http_rooms_document_t *openapi)
{
    json_t                     *json;
    const char                 *kind;
    ngx_http_rooms_document_t  *document;

    json = ngx_http_rooms_contract_parse(cf, file);
    if (json == NULL) {
        return NGX_ERROR;
    }

    if (json_object_get(json, "asyncapi")) {
        kind = "AsyncAPI";
        document = asyncapi;

    } else if (json_object_get(json, "openapi")) {
        kind = "OpenAPI";
        document = openapi;

    } else {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "contract \"%V\": #: has neither \"asyncapi\" nor "
                      "\"openapi\" in %s:%ui",
                      &file->name, file->file, file->line);
        json_decref(json);
        return NGX_ERROR;
    }

    if (document->json) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "contract \"%V\": is a second %s document, the first "
                      "is \"%V\" in %s:%ui", &file->name, kind,
                      &document->file->name, file->file, file->line);
        json_decref(json);
        return NGX_ERROR;
    }

    document->json = json;
    document->file = file;

    return NGX_OK;
}


static json_t *
ngx_http_rooms_contract_parse(ngx_conf_t *cf, ngx_http_rooms_setting_t *file)
{
    json_t                  *json;
    ngx_str_t                text;
    rooms_contract_error_t   err;

    if (ngx_http_rooms_contract_read(cf, file, &text) != NGX_OK) {
        return NULL;
    }

    ngx_memzero(&err, sizeof(rooms_contract_error_t));

    json = rooms_contract_parse(rooms_str(text.data, text.len), &err);
    if (json == NULL) {
        ngx_http_rooms_contract_error(cf, file, &err);
    }

    ngx_free(text.data);

    return json;
}


ngx_int_t
ngx_http_rooms_contract_read(ngx_conf_t *cf, ngx_http_rooms_setting_t *file,
    ngx_str_t *text)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    fd = ngx_open_file(file->name.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed in %s:%ui",
                      &file->name, file->file, file->line);
        return NGX_ERROR;
    }

    rc = ngx_http_rooms_contract_read_fd(cf, file, fd, text);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &file->name);
    }

    return rc;
}


static ngx_int_t
ngx_http_rooms_contract_read_fd(ngx_conf_t *cf,
    ngx_http_rooms_setting_t *file, ngx_fd_t fd, ngx_str_t *text)
{
    size_t           size;
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_fd_info_n " \"%V\" failed in %s:%ui",
                      &file->name, file->file, file->line);
        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%V\": is not a file in %s:%ui",
                      &file->name, file->file, file->line);
        return NGX_ERROR;
    }

    if (ngx_file_size(&fi) > NGX_HTTP_ROOMS_CONTRACT_MAX) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%V\": is larger than %dm in %s:%ui",
                      &file->name,
                      NGX_HTTP_ROOMS_CONTRACT_MAX / (1024 * 1024),
                      file->file, file->line);
        return NGX_ERROR;
    }

    size = ngx_file_size(&fi);

    text->len = 0;
    text->data = ngx_alloc(size + 1, cf->log);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    while (text->len < size) {
        n = ngx_read_fd(fd, text->data + text->len, size - text->len);

        if (n == -1) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                          ngx_read_fd_n " \"%V\" failed in %s:%ui",
                          &file->name, file->file, file->line);
            ngx_free(text->data);
            return NGX_ERROR;
        }

        if (n == 0) {
            break;
        }

        text->len += n;
    }

    return NGX_OK;
}


static void
ngx_http_rooms_contract_error(ngx_conf_t *cf, ngx_http_rooms_setting_t *file,
    rooms_contract_error_t *err)
{
    if (err->line) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "contract \"%V\":%d:%d: %s in %s:%ui",
                      &file->name, err->line, err->column, err->reason,
                      file->file, file->line);
        return;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "contract \"%V\": %s: %s in %s:%ui",
                  &file->name, err->pointer[0] ? err->pointer : "#",
                  err->reason[0] ? err->reason : "out of memory",
                  file->file, file->line);
}
