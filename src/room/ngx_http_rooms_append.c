
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a command decided, into the journal of this nginx: the rooms it
 * claims, its own records, those for other rooms, the rooms it drops.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <ngx_http_rooms_command.h>
#include <ngx_http_rooms_room.h>


#define NGX_HTTP_ROOMS_RECORDS  64       /* of one decision */


static ngx_int_t ngx_http_rooms_claim(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, rooms_refusal_e *why);
static void ngx_http_rooms_remove_others(ngx_http_rooms_task_t *task,
    rooms_decision_t *d, ngx_uint_t claims);
static void ngx_http_rooms_append_others(ngx_http_rooms_task_t *task,
    rooms_decision_t *d);


/* NGX_AGAIN: the room has moved on; NGX_BUSY: what was claimed is taken. */

ngx_int_t
ngx_http_rooms_append(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    ngx_http_rooms_room_t *room, rooms_refusal_e *why)
{
    uint64_t          last;
    ngx_int_t         rc;
    ngx_uint_t        i, n;
    rooms_append_t    a;
    rooms_decided_t  *r;
    rooms_record_t    records[NGX_HTTP_ROOMS_RECORDS];

    n = 0;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (r->room.len) {
            continue;
        }

        if (n == NGX_HTTP_ROOMS_RECORDS) {
            return NGX_ERROR;
        }

        records[n].fact = rooms_decision_str(d, r->fact);
        records[n].messages = ngx_http_rooms_messages(d, r);
        n++;
    }

    rc = ngx_http_rooms_claim(task, d, why);

    if (rc != NGX_OK) {
        return rc;
    }

    if (n || d->remove) {
        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = task->cmd.room;
        a.expected = (room == NULL) ? ROOMS_JOURNAL_ANY
                     : room->state ? room->last : ROOMS_JOURNAL_NONE;
        a.records = records;
        a.nrecords = n;
        a.now = task->cmd.now;
        a.deadline = d->keep_deadline ? ROOMS_JOURNAL_KEEP : d->deadline;
        a.remove = d->remove;

        rc = ngx_http_rooms_zone_append(task->zone, &a, &last);

        if (rc != ROOMS_OK) {
            ngx_http_rooms_remove_others(task, d, 1);
        }

        switch (rc) {

        case ROOMS_OK:
            break;

        case ROOMS_AGAIN:
            return NGX_AGAIN;

        case ROOMS_DECLINED:
            *why = ROOMS_REFUSE_STORAGE;
            return NGX_ERROR;

        default:
            *why = ROOMS_REFUSE_TOO_LARGE;
            return NGX_ERROR;
        }

        if (room && !d->keep_deadline) {
            ngx_http_rooms_room_wake(room, task->cmd.now, d->deadline);
        }
    }

    if (n < d->nrecords) {
        ngx_http_rooms_append_others(task, d);
        ngx_http_rooms_remove_others(task, d, 0);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rooms_claim(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    rooms_refusal_e *why)
{
    uint64_t          last;
    ngx_int_t         rc;
    ngx_uint_t        i;
    rooms_append_t    a;
    rooms_record_t    record;
    rooms_decided_t  *r;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (!r->claim) {
            continue;
        }

        record.fact = rooms_decision_str(d, r->fact);
        record.messages = ngx_http_rooms_messages(d, r);

        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = rooms_decision_str(d, r->room);
        a.expected = ROOMS_JOURNAL_NONE;
        a.records = &record;
        a.nrecords = 1;
        a.now = task->cmd.now;

        rc = ngx_http_rooms_zone_append(task->zone, &a, &last);

        if (rc == ROOMS_OK) {
            continue;
        }

        /* those before it were ours */

        while (i--) {
            if (d->records[i].claim) {
                d->records[i].drop = 1;
            }
        }

        ngx_http_rooms_remove_others(task, d, 0);

        if (rc == ROOMS_AGAIN) {
            return NGX_BUSY;
        }

        *why = ROOMS_REFUSE_STORAGE;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Rooms that end with the command's, or whose claim came to nothing. */

static void
ngx_http_rooms_remove_others(ngx_http_rooms_task_t *task, rooms_decision_t *d,
    ngx_uint_t claims)
{
    uint64_t          last;
    ngx_uint_t        i;
    rooms_append_t    a;
    rooms_decided_t  *r;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (claims ? !r->claim : !r->drop) {
            continue;
        }

        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = rooms_decision_str(d, r->room);
        a.expected = ROOMS_JOURNAL_ANY;
        a.now = task->cmd.now;
        a.remove = 1;

        (void) ngx_http_rooms_zone_append(task->zone, &a, &last);
    }
}


rooms_str_t
ngx_http_rooms_messages(rooms_decision_t *d, rooms_decided_t *r)
{
    if (r->messages.len == 0) {
        return rooms_str(NULL, 0);
    }

    return rooms_str(d->messages.data + r->messages.pos, r->messages.len);
}


/* Records for other rooms: messages only, so they cannot conflict. */

static void
ngx_http_rooms_append_others(ngx_http_rooms_task_t *task, rooms_decision_t *d)
{
    uint64_t          last;
    ngx_uint_t        i;
    rooms_append_t    a;
    rooms_record_t    record;
    rooms_decided_t  *r;

    for (i = 0; i < d->nrecords; i++) {
        r = &d->records[i];

        if (r->room.len == 0 || r->claim || r->drop) {
            continue;
        }

        record.fact = rooms_str(NULL, 0);
        record.messages = ngx_http_rooms_messages(d, r);

        ngx_memzero(&a, sizeof(rooms_append_t));

        a.room = rooms_decision_str(d, r->room);
        a.expected = ROOMS_JOURNAL_ANY;
        a.records = &record;
        a.nrecords = 1;
        a.now = task->cmd.now;
        a.deadline = ROOMS_JOURNAL_KEEP;

        if (ngx_http_rooms_zone_append(task->zone, &a, &last) != ROOMS_OK) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "rooms: zone \"%V\": a message of %uz octets was "
                          "not taken by the journal",
                          &task->zone->app->name, record.messages.len);
        }
    }
}
