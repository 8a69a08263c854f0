
/*
 * Copyright (C) nginx rooms contributors
 *
 * The file of a zone: how it is opened, locked, read and put into its place.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <sys/file.h>

#include <openssl/rand.h>

#include <ngx_http_rooms_file.h>


#define NGX_HTTP_ROOMS_SYNC_MAX      3600000

#define NGX_HTTP_ROOMS_BOOT_ID  "/proc/sys/kernel/random/boot_id"

#define NGX_HTTP_ROOMS_FILE_TRIES    10


static ngx_int_t ngx_http_rooms_file_open(ngx_str_t *path, int flags,
    ngx_fd_t *fd, ngx_log_t *log);
static ngx_int_t ngx_http_rooms_file_read(ngx_http_rooms_zone_t *zone,
    ngx_fd_t fd, u_char **image, size_t *len, ngx_log_t *log);
static ngx_int_t ngx_http_rooms_file_take(ngx_http_rooms_zone_t *zone,
    u_char *image, size_t len, u_char *mem, size_t size, ngx_log_t *log);
static ngx_int_t ngx_http_rooms_file_refit(rooms_journal_image_t *found,
    u_char *image, u_char *mem, size_t size, const char **reason);
static ngx_int_t ngx_http_rooms_file_place(ngx_str_t *from, ngx_str_t *to,
    ngx_fd_t fd, ngx_log_t *log);
static void ngx_http_rooms_file_owner(ngx_http_rooms_zone_t *zone,
    rooms_journal_owner_t *owner);


char *
ngx_http_rooms_file_conf(ngx_conf_t *cf, ngx_http_rooms_app_t *app,
    ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "file=", 5) == 0) {

        if (app->keep.len) {
            return "has a duplicate \"file\" parameter";
        }

        app->keep.data = value->data + 5;
        app->keep.len = value->len - 5;

        if (app->keep.len == 0) {
            return "has an empty \"file\" parameter";
        }

        if (ngx_conf_full_name(cf->cycle, &app->keep, 0) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "sync=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"zone\"", value);
        return NGX_CONF_ERROR;
    }

    if (app->sync != NGX_CONF_UNSET) {
        return "has a duplicate \"sync\" parameter";
    }

    s.data = value->data + 5;
    s.len = value->len - 5;

    if (ngx_strcmp(s.data, "always") == 0) {
        app->sync = NGX_HTTP_ROOMS_SYNC_ALWAYS;

    } else if (ngx_strcmp(s.data, "off") == 0) {
        app->sync = NGX_HTTP_ROOMS_SYNC_OFF;

    } else {
        n = ngx_parse_time(&s, 0);

        if (n == NGX_ERROR || n < 10 || n > NGX_HTTP_ROOMS_SYNC_MAX) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid sync \"%V\": it must be \"always\", "
                               "\"off\" or a time from 10ms to 1h", &s);
            return NGX_CONF_ERROR;
        }

        app->sync = n;
    }

    return NGX_CONF_OK;
}


/* Opens and locks it.  NGX_DECLINED: there is none. */

static ngx_int_t
ngx_http_rooms_file_open(ngx_str_t *path, int flags, ngx_fd_t *fd,
    ngx_log_t *log)
{
    ngx_err_t    err;
    ngx_uint_t   i;
    struct stat  here, there;

    for (i = 0; i < NGX_HTTP_ROOMS_FILE_TRIES; i++) {

        *fd = open((char *) path->data, flags|O_CLOEXEC|O_NOCTTY, 0600);

        if (*fd == NGX_INVALID_FILE) {
            err = ngx_errno;

            if (err == NGX_ENOENT && (flags & O_CREAT) == 0) {
                return NGX_DECLINED;
            }

            ngx_log_error(NGX_LOG_EMERG, log, err,
                          "rooms: journal \"%V\" cannot be opened", path);
            return NGX_ERROR;
        }

        if (flock(*fd, LOCK_EX|LOCK_NB) == -1) {
            err = ngx_errno;
            (void) ngx_close_file(*fd);

            if (err == EWOULDBLOCK && ngx_test_config) {
                ngx_log_error(NGX_LOG_NOTICE, log, 0,
                              "rooms: journal \"%V\" is in use and was not "
                              "looked at", path);
                return NGX_DECLINED;
            }

            ngx_log_error(NGX_LOG_EMERG, log,
                          err == EWOULDBLOCK ? 0 : err,
                          "rooms: journal \"%V\" is in use by another nginx, "
                          "or by this one with another size of the zone",
                          path);
            return NGX_ERROR;
        }

        /* another one may have been put into its place meanwhile */

        if (fstat(*fd, &here) == 0 && stat((char *) path->data, &there) == 0
            && here.st_ino == there.st_ino && here.st_dev == there.st_dev)
        {
            if (S_ISREG(here.st_mode)) {
                return NGX_OK;
            }

            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "rooms: journal \"%V\" is not a regular file",
                          path);
            (void) ngx_close_file(*fd);
            return NGX_ERROR;
        }

        (void) ngx_close_file(*fd);
    }

    ngx_log_error(NGX_LOG_EMERG, log, 0,
                  "rooms: journal \"%V\" is replaced again and again", path);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_rooms_file_load(ngx_http_rooms_zone_t *zone, u_char *mem,
    size_t size, ngx_log_t *log)
{
    size_t      len;
    u_char     *image;
    ngx_fd_t    fd;
    ngx_int_t   rc;

    rc = ngx_http_rooms_file_open(&zone->app->keep, O_RDWR, &fd, log);
    if (rc != NGX_OK) {
        return rc;
    }

    /* until the new file is in its place */

    zone->kept->old = fd;

    rc = ngx_http_rooms_file_read(zone, fd, &image, &len, log);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_rooms_file_take(zone, image, len, mem, size, log);

    ngx_free(image);

    return rc;
}


static ngx_int_t
ngx_http_rooms_file_read(ngx_http_rooms_zone_t *zone, ngx_fd_t fd,
    u_char **image, size_t *len, ngx_log_t *log)
{
    size_t       done;
    ssize_t      n;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "rooms: fstat() of journal \"%V\" failed",
                      &zone->app->keep);
        return NGX_ERROR;
    }

    *len = (size_t) st.st_size;
    *image = ngx_alloc(*len + 1, log);

    if (*image == NULL) {
        return NGX_ERROR;
    }

    for (done = 0; done < *len; done += n) {
        n = pread(fd, *image + done, *len - done, done);

        if (n <= 0) {
            ngx_log_error(NGX_LOG_EMERG, log, n ? ngx_errno : 0,
                          "rooms: journal \"%V\" cannot be read",
                          &zone->app->keep);
            ngx_free(*image);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_file_take(ngx_http_rooms_zone_t *zone, u_char *image,
    size_t len, u_char *mem, size_t size, ngx_log_t *log)
{
    ngx_int_t               rc;
    const char             *reason;
    rooms_journal_stat_t    st;
    rooms_journal_image_t   found;
    rooms_journal_owner_t   owner;

    ngx_http_rooms_file_owner(zone, &owner);

    rc = rooms_journal_image(image, len, &owner, &found, &reason);

    /* ids that clients know may be used again: the epoch says so */

    if (rc == ROOMS_OK && !found.whole
        && RAND_bytes((u_char *) &found.epoch, sizeof(uint64_t)) != 1)
    {
        reason = "there are no random numbers";
        rc = ROOMS_ERROR;
    }

    if (rc == ROOMS_OK) {
        rc = found.size == size
                 ? rooms_journal_load_image(image, &found, mem,
                                            ROOMS_WORKERS_NOBODY, &reason)
                 : ngx_http_rooms_file_refit(&found, image, mem, size,
                                             &reason);
    }

    if (rc != ROOMS_OK) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "rooms: journal \"%V\" is not used: %s",
                      &zone->app->keep, reason);
        return NGX_ERROR;
    }

    rooms_journal_stat((rooms_journal_t *) mem, &st);

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "rooms: journal \"%V\": %uD rooms were read",
                  &zone->app->keep, st.rooms);

    if (!found.whole) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "rooms: journal \"%V\": the last writes may be missing, "
                      "clients that come back begin anew", &zone->app->keep);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_file_refit(rooms_journal_image_t *found, u_char *image,
    u_char *mem, size_t size, const char **reason)
{
    u_char     *from;
    ngx_int_t   rc;

    from = ngx_memalign(64, (size_t) found->size, ngx_cycle->log);
    if (from == NULL) {
        *reason = "there is no memory";
        return NGX_ERROR;
    }

    rc = rooms_journal_load_image(image, found, from, ROOMS_WORKERS_NOBODY,
                                  reason);
    if (rc == ROOMS_OK) {
        rc = rooms_journal_refit((rooms_journal_t *) from, mem, size, reason);
    }

    ngx_free(from);

    return rc;
}


ngx_int_t
ngx_http_rooms_file_start(ngx_http_rooms_zone_t *zone,
    rooms_journal_t *journal, rooms_journal_file_t *f, ngx_log_t *log)
{
    u_char                 *p;
    uint64_t                id;
    ngx_fd_t                fd;
    ngx_err_t               err;
    ngx_str_t               path;
    ngx_http_rooms_kept_t  *kept;
    rooms_journal_owner_t   owner;

    kept = zone->kept;

    path.len = zone->app->keep.len + sizeof(".new") - 1;

    path.data = ngx_alloc(path.len + 1, log);
    if (path.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(path.data, zone->app->keep.data, zone->app->keep.len);
    ngx_memcpy(p, ".new", sizeof(".new"));

    if (ngx_http_rooms_file_open(&path, O_RDWR|O_CREAT, &fd, log) != NGX_OK) {
        ngx_free(path.data);
        return NGX_ERROR;
    }

    kept->fd = fd;

    ngx_http_rooms_file_owner(zone, &owner);

    err = 0;

    if (ftruncate(fd, 0) == -1) {
        err = ngx_errno;

    } else {
        err = posix_fallocate(fd, 0, ROOMS_JOURNAL_FILE_HEAD
                                     + rooms_journal_file_capacity(
                                                        zone->shared->size));
    }

    if (err == 0
        && (RAND_bytes((u_char *) &id, sizeof(uint64_t)) != 1
            || rooms_journal_file_start(journal, f, fd, id, &owner)
               != ROOMS_OK
            || fsync(fd) == -1))
    {
        err = ngx_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_EMERG, log, err,
                      "rooms: journal \"%V\" cannot be written", &path);
        (void) unlink((char *) path.data);
        ngx_free(path.data);
        return NGX_ERROR;
    }

    if (ngx_http_rooms_file_place(&path, &zone->app->keep, fd, log)
        != NGX_OK)
    {
        ngx_free(path.data);
        return NGX_ERROR;
    }

    ngx_free(path.data);

    if (kept->old != NGX_INVALID_FILE) {
        (void) ngx_close_file(kept->old);
        kept->old = NGX_INVALID_FILE;
    }

    return NGX_OK;
}


/* The name is on the disk, too, before anybody relies on it. */

static ngx_int_t
ngx_http_rooms_file_place(ngx_str_t *from, ngx_str_t *to, ngx_fd_t fd,
    ngx_log_t *log)
{
    u_char    *slash;
    ngx_fd_t   dir;

    if (ngx_rename_file(from->data, to->data) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "rooms: rename() of \"%V\" to \"%V\" failed", from, to);
        return NGX_ERROR;
    }

    slash = (u_char *) strrchr((char *) from->data, '/');

    slash[slash == from->data] = '\0';

    dir = open((char *) from->data, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (dir == NGX_INVALID_FILE || fsync(dir) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "rooms: directory \"%s\" cannot be synced", from->data);

        if (dir != NGX_INVALID_FILE) {
            (void) ngx_close_file(dir);
        }

        return NGX_ERROR;
    }

    (void) ngx_close_file(dir);

    return NGX_OK;
}


static void
ngx_http_rooms_file_owner(ngx_http_rooms_zone_t *zone,
    rooms_journal_owner_t *owner)
{
    ssize_t        n;
    ngx_fd_t       fd;

    static u_char  boot[ROOMS_JOURNAL_FILE_BOOT];

    owner->app = rooms_str(zone->app->name.data, zone->app->name.len);
    owner->application = rooms_str(zone->app->application.data,
                                   zone->app->application.len);
    owner->boot = rooms_str(NULL, 0);
    owner->always = (zone->app->sync == NGX_HTTP_ROOMS_SYNC_ALWAYS);

    /* where it is not known, it is as if the machine had gone down */

    fd = open(NGX_HTTP_ROOMS_BOOT_ID, O_RDONLY|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE) {
        return;
    }

    n = read(fd, boot, 36);

    if (n == 36) {
        owner->boot = rooms_str(boot, 36);
    }

    (void) ngx_close_file(fd);
}


ngx_int_t
ngx_http_rooms_file_inherit(ngx_http_rooms_zone_t *zone,
    ngx_http_rooms_zone_t *old, ngx_log_t *log)
{
    ngx_http_rooms_app_t  *was, *now;

    was = old->app;
    now = zone->app;

    if (was->keep.len != now->keep.len
        || (now->keep.len != 0
            && ngx_strncmp(was->keep.data, now->keep.data, now->keep.len)
               != 0)
        || was->sync != now->sync)
    {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "rooms: \"file\" and \"sync\" of the zone of rooms_app "
                      "\"%V\" change only when nginx is stopped and started",
                      &now->name);
        return NGX_ERROR;
    }

    zone->kept = old->kept;

    if (zone->kept) {
        zone->kept->refs++;
    }

    return NGX_OK;
}


void
ngx_http_rooms_file_release(void *data)
{
    ngx_http_rooms_zone_t *zone = data;

    ngx_http_rooms_kept_t  *kept;

    kept = zone->kept;
    zone->kept = NULL;

    if (kept == NULL || --kept->refs) {
        return;
    }

    if (kept->fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(kept->fd);
    }

    if (kept->old != NGX_INVALID_FILE) {
        (void) ngx_close_file(kept->old);
    }

    ngx_free(kept);
}
