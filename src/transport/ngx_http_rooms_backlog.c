
/*
 * Copyright (C) nginx rooms contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_backlog.h>


#define NGX_HTTP_ROOMS_BACKLOG_MAX   (64 * 1024 * 1024)
#define NGX_HTTP_ROOMS_BACKLOG_STEP  (64 * 1024)


typedef struct {
    ngx_http_rooms_queue_t    behind;       /* first: s->behind is this */
    ngx_http_rooms_socket_t  *socket;
    ngx_http_rooms_replay_t   replay;
    ngx_uint_t                next;         /* of replay.missed */
    size_t                    size;
} ngx_http_rooms_backlog_t;


static size_t ngx_http_rooms_backlog_size(ngx_http_rooms_replay_t *replay);
static ngx_int_t ngx_http_rooms_backlog_step(ngx_http_rooms_session_t *s,
    size_t step);
static void ngx_http_rooms_backlog_end(ngx_http_rooms_session_t *s);


/* Of all sessions of the worker. */

static size_t  ngx_http_rooms_backlogs;


size_t
ngx_http_rooms_backlog_room(ngx_http_rooms_session_t *s)
{
    if (s->is_behind) {
        return 0;
    }

    return NGX_HTTP_ROOMS_BACKLOG_MAX - ngx_http_rooms_backlogs;
}


static size_t
ngx_http_rooms_backlog_size(ngx_http_rooms_replay_t *replay)
{
    return replay->messages.len
           + replay->missed.nelts * sizeof(ngx_http_rooms_missed_t);
}


ngx_uint_t
ngx_http_rooms_backlog_wanted(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay)
{
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    return replay->messages.len > s->conf->send_queue / 2
           && !s->is_behind && !replay->acts && replay->room == NULL
           && ngx_http_rooms_backlog_size(replay)
              <= ngx_http_rooms_backlog_room(s);
}


ngx_int_t
ngx_http_rooms_backlog_start(ngx_http_rooms_socket_t *socket,
    ngx_http_rooms_replay_t *replay)
{
    ngx_http_rooms_backlog_t  *backlog;
    ngx_http_rooms_session_t  *s;

    s = socket->session;

    backlog = ngx_calloc(sizeof(ngx_http_rooms_backlog_t), ngx_cycle->log);
    if (backlog == NULL) {
        return NGX_ERROR;
    }

    /* what rooms have said before goes before */

    ngx_http_rooms_room_take(s, NULL);

    backlog->socket = socket;
    backlog->replay = *replay;
    backlog->size = ngx_http_rooms_backlog_size(replay);

    ngx_memzero(&replay->messages, sizeof(rooms_buf_t));
    replay->missed.pool = NULL;
    replay->missed.nelts = 0;

    ngx_http_rooms_backlogs += backlog->size;

    s->is_behind = 1;
    s->behind = &backlog->behind;

    ngx_http_rooms_session_dirty(s);

    return NGX_OK;
}


ngx_int_t
ngx_http_rooms_backlog_more(ngx_http_rooms_session_t *s)
{
    if (ngx_http_rooms_backlog_step(s, ngx_min(s->conf->send_queue / 4,
                                               NGX_HTTP_ROOMS_BACKLOG_STEP))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return s->out.first ? NGX_OK : NGX_DONE;
}


ngx_int_t
ngx_http_rooms_backlog_all(ngx_http_rooms_session_t *s)
{
    return ngx_http_rooms_backlog_step(s, NGX_MAX_SIZE_T_VALUE);
}


static ngx_int_t
ngx_http_rooms_backlog_step(ngx_http_rooms_session_t *s, size_t step)
{
    ngx_int_t                  rc;
    rooms_buf_t                b;
    ngx_http_rooms_backlog_t  *backlog;

    backlog = (ngx_http_rooms_backlog_t *) s->behind;

    rooms_buf_init(&b, 0);
    rc = NGX_OK;

    while (rc == NGX_OK && s->out.size < step
           && backlog->next < backlog->replay.missed.nelts)
    {
        rc = ngx_http_rooms_replay_past(backlog->socket, &backlog->replay,
                                        backlog->next++, &b);
    }

    rooms_buf_free(&b);

    if (rc == NGX_OK && backlog->next == backlog->replay.missed.nelts) {
        ngx_http_rooms_backlog_end(s);
    }

    return rc;
}


/* What has waited goes on. */

static void
ngx_http_rooms_backlog_end(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_queue_t  behind;

    behind = *s->behind;

    ngx_memzero(s->behind, sizeof(ngx_http_rooms_queue_t));
    ngx_http_rooms_backlog_free(s);

    ngx_http_rooms_queue_join(&s->out, &behind);
}


void
ngx_http_rooms_backlog_gone(ngx_http_rooms_socket_t *socket)
{
    ngx_http_rooms_backlog_t  *backlog;
    ngx_http_rooms_session_t  *s;

    s = socket->session;
    backlog = (ngx_http_rooms_backlog_t *) s->behind;

    if (!s->is_behind || backlog->socket != socket) {
        return;
    }

    ngx_http_rooms_backlog_end(s);

    if (!s->closed) {
        ngx_http_rooms_session_dirty(s);
    }
}


void
ngx_http_rooms_backlog_free(ngx_http_rooms_session_t *s)
{
    ngx_http_rooms_backlog_t  *backlog;

    if (!s->is_behind) {
        return;
    }

    backlog = (ngx_http_rooms_backlog_t *) s->behind;

    s->is_behind = 0;
    s->behind = NULL;

    ngx_http_rooms_backlogs -= backlog->size;

    ngx_http_rooms_queue_clear(&backlog->behind);
    ngx_http_rooms_replay_free(&backlog->replay);
    ngx_free(backlog);
}
