
/*
 * Copyright (C) nginx rooms contributors
 *
 * How commands are answered: facts, events, errors.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_offset.h>
#include <rooms_orchestrator.h>


const rooms_orchestrator_error_t  rooms_orchestrator_auth_required = {
    "AUTH_REQUIRED", "Authentication required", 401
};

const rooms_orchestrator_error_t  rooms_orchestrator_invalid_token = {
    "INVALID_TOKEN", "The token is invalid or has expired", 401
};

const rooms_orchestrator_error_t  rooms_orchestrator_no_session = {
    "SESSION_NOT_FOUND", "There is no session that takes transactions", 404
};

const rooms_orchestrator_error_t  rooms_orchestrator_device_limit = {
    "DEVICE_LIMIT", "The maximum of stations is connected", 403
};

const rooms_orchestrator_error_t  rooms_orchestrator_full = {
    "SERVER_ERROR", "The session can hold no more transactions", 503
};

const rooms_orchestrator_error_t  rooms_orchestrator_not_found = {
    "NOT_FOUND", "There is no such session", 404
};

const rooms_orchestrator_error_t  rooms_orchestrator_no_token = {
    "NOT_FOUND", "There is no such token", 404
};

static const rooms_orchestrator_error_t  rooms_orchestrator_internal = {
    "SERVER_ERROR", "Internal error", 500
};

static const rooms_orchestrator_error_t  rooms_orchestrator_storage = {
    "SERVER_ERROR", "Service unavailable", 503
};

static const rooms_orchestrator_error_t  rooms_orchestrator_unknown = {
    "NOT_FOUND", "There is no such path", 404
};

static const rooms_orchestrator_error_t  rooms_orchestrator_method = {
    "METHOD_NOT_ALLOWED", "This path has no such method", 405
};

static const rooms_orchestrator_error_t  rooms_orchestrator_large = {
    "VALIDATION_ERROR", "The payload is too large", 413
};

static const rooms_orchestrator_error_t  rooms_orchestrator_rate = {
    "RATE_LIMIT", "Too many events", 429
};


void
rooms_orchestrator_fact(rooms_orchestrator_t *g, json_t *fact)
{
    char         *text;
    rooms_str_t   s;

    if (json_object_set_new(fact, "at", json_integer((json_int_t) g->now))
        != 0)
    {
        g->d->failed = 1;
    }

    text = json_dumps(fact, JSON_COMPACT);
    json_decref(fact);

    if (text == NULL) {
        g->d->failed = 1;
        return;
    }

    s = rooms_str(text, strlen(text));
    rooms_decide_record(g->d, s);
    free(text);
}


static int
rooms_orchestrator_write(const char *data, size_t len, void *b)
{
    rooms_buf_append(b, data, len);

    return 0;
}


void
rooms_orchestrator_message(rooms_orchestrator_t *g, unsigned audience,
    rooms_str_t sid, const char *event, json_t *data, unsigned ephemeral)
{
    json_t           *args;
    rooms_buf_t      *b;
    rooms_message_t   m;

    args = json_pack("[s, o]", event,
                     rooms_orchestrator_envelope(event, data, g->now));
    b = rooms_decision_scratch(g->d);

    if (args == NULL
        || json_dump_callback(args, rooms_orchestrator_write, b,
                              JSON_COMPACT)
           != 0)
    {
        g->d->failed = 1;
    }

    json_decref(args);

    memset(&m, 0, sizeof(rooms_message_t));

    m.audience = (uint8_t) audience;
    m.ephemeral = ephemeral;
    m.sid = sid;
    m.args = rooms_str(b->data, b->len);

    rooms_decide_message_raw(g->d, &m);
}


void
rooms_orchestrator_emit(rooms_orchestrator_t *g, const char *event,
    json_t *data)
{
    json_t  *payload;

    payload = rooms_orchestrator_envelope(event, data, g->now);

    rooms_decide_emit(g->d, event, payload);
    json_decref(payload);
}


void
rooms_orchestrator_emit_sync(rooms_orchestrator_t *g, rooms_str_t self)
{
    size_t           len;
    json_t          *args;
    uint64_t         id;
    rooms_buf_t     *b;
    unsigned char    offset[ROOMS_OFFSET_LEN];

    args = json_pack("[s, o]", "sync:full",
                     rooms_orchestrator_envelope("sync:full",
                         rooms_orchestrator_sync(g->state, g->now, self),
                         g->now));

    id = rooms_orchestrator_time(g->state, "clock", "id");

    if (g->cmd->caller->recoverable && id != 0) {
        len = rooms_offset_write(offset, g->cmd->epoch,
                                 rooms_message_whole(id));
        (void) json_array_append_new(args, json_stringn((char *) offset,
                                                        len));
    }

    b = rooms_decision_scratch(g->d);

    if (args == NULL
        || json_dump_callback(args, rooms_orchestrator_write, b,
                              JSON_COMPACT)
           != 0)
    {
        g->d->failed = 1;
    }

    json_decref(args);

    rooms_decide_emit_raw(g->d, rooms_str(b->data, b->len), NULL, 0);
}


void
rooms_orchestrator_kick(rooms_orchestrator_t *g, const char *sid)
{
    rooms_decide_message_kick(g->d, ROOMS_TO_SOCKET,
                              rooms_str(sid, strlen(sid)), 0);
}


void
rooms_orchestrator_answer(rooms_orchestrator_t *g, unsigned status,
    json_t *value)
{
    if (g->cmd->kind == ROOMS_CMD_REST || g->cmd->ack) {
        rooms_decide_answer_json(g->d, status, value);
    }

    json_decref(value);
}


/* XG-3: the error is said in both forms at once. */

static void
rooms_orchestrator_fail_socket(const rooms_command_t *cmd,
    rooms_decision_t *d, const rooms_orchestrator_error_t *error,
    json_t *details)
{
    json_t  *value;

    if (cmd->ack) {
        value = json_pack("{s:b, s:{s:s, s:s, s:O*}}", "success", 0,
                          "error", "code", error->code,
                          "message", error->message, "details", details);
        rooms_decide_answer_json(d, 0, value);
        json_decref(value);
    }

    value = json_pack("{s:s, s:{s:s, s:s, s:O*}, s:s, s:s, s:O*, s:o}",
                      "event", "error", "data", "code", error->code,
                      "message", error->message, "details", details,
                      "code", error->code, "message", error->message,
                      "details", details,
                      "timestamp", rooms_orchestrator_iso(cmd->now));
    rooms_decide_emit(d, "error", value);
    json_decref(value);
}


static void
rooms_orchestrator_fail_as(const rooms_command_t *cmd, rooms_decision_t *d,
    const rooms_orchestrator_error_t *error, json_t *details)
{
    json_t  *value;

    switch (cmd->kind) {

    case ROOMS_CMD_EVENT:
        rooms_orchestrator_fail_socket(cmd, d, error, details);
        break;

    case ROOMS_CMD_REST:
        value = json_pack("{s:s, s:s, s:O*}", "error", error->code,
                          "message", error->message, "details", details);
        rooms_decide_answer_json(d, error->status, value);
        json_decref(value);
        break;

    case ROOMS_CMD_CONNECT:
        value = json_pack("{s:s, s:s}", "code", error->code,
                          "message", error->message);
        rooms_decide_reject(d, error->code, value);
        json_decref(value);
        break;

    default:
        break;
    }

    json_decref(details);
}


rooms_int_t
rooms_orchestrator_fail(rooms_orchestrator_t *g,
    const rooms_orchestrator_error_t *error, json_t *details)
{
    rooms_orchestrator_fail_as(g->cmd, g->d, error, details);

    return ROOMS_OK;
}


static void
rooms_orchestrator_invalid_as(const rooms_command_t *cmd,
    rooms_decision_t *d, rooms_str_t detail)
{
    char                        message[400];
    rooms_orchestrator_error_t  error;

    (void) snprintf(message, sizeof(message), "Invalid data: %.*s",
                    (int) (detail.len < 300 ? detail.len : 300),
                    (const char *) detail.data);

    error.code = cmd->kind == ROOMS_CMD_REST ? "VALIDATION_ERROR"
                                             : "INVALID_DATA";
    error.message = message;
    error.status = 400;

    rooms_orchestrator_fail_as(cmd, d, &error, NULL);
}


rooms_int_t
rooms_orchestrator_invalid(rooms_orchestrator_t *g, const char *message)
{
    rooms_orchestrator_invalid_as(g->cmd, g->d,
                                  rooms_str(message, strlen(message)));

    return ROOMS_OK;
}


/* What is known of a limit; the event counts in that of all, or its own. */

static void
rooms_orchestrator_limited(const rooms_orchestrator_conf_t *conf,
    const rooms_command_t *cmd, rooms_decision_t *d)
{
    char     name[64];
    json_t  *rate, *details;

    details = NULL;

    if (cmd->kind == ROOMS_CMD_EVENT) {
        (void) snprintf(name, sizeof(name), "%.*s", (int) cmd->name.len,
                        (const char *) cmd->name.data);

        rate = json_object_get(conf->rates, name);

        if (rate == NULL) {
            rate = json_object_get(conf->rates, "*");
        }

        details = json_pack("{s:s, s:O*, s:O*, s:O*}", "event", name,
                            "limit", json_object_get(rate, "limit"),
                            "windowMs", json_object_get(rate, "window"),
                            "retryAfterMs", json_object_get(rate, "window"));
    }

    rooms_orchestrator_fail_as(cmd, d, &rooms_orchestrator_rate, details);
}


/* G-55: an event that nobody knows is not even worth an error. */

static void
rooms_orchestrator_ignored(const rooms_command_t *cmd, rooms_decision_t *d)
{
    json_t  *value;

    if (cmd->kind != ROOMS_CMD_EVENT) {
        rooms_orchestrator_fail_as(cmd, d, &rooms_orchestrator_unknown, NULL);
        return;
    }

    if (cmd->ack) {
        value = json_pack("{s:b, s:{s:s, s:s}}", "success", 0, "error",
                          "code", "INVALID_DATA", "message", "Unknown event");
        rooms_decide_answer_json(d, 0, value);
        json_decref(value);
    }
}


void
rooms_orchestrator_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d)
{
    switch (why) {

    case ROOMS_REFUSE_INVALID:
        rooms_orchestrator_invalid_as(cmd, d, detail);
        break;

    case ROOMS_REFUSE_UNKNOWN:
        rooms_orchestrator_ignored(cmd, d);
        break;

    case ROOMS_REFUSE_METHOD:
        rooms_orchestrator_fail_as(cmd, d, &rooms_orchestrator_method, NULL);
        break;

    case ROOMS_REFUSE_TOO_LARGE:
        rooms_orchestrator_fail_as(cmd, d, &rooms_orchestrator_large, NULL);
        break;

    case ROOMS_REFUSE_RATE:
        rooms_orchestrator_limited(conf, cmd, d);
        break;

    case ROOMS_REFUSE_STORAGE:
        rooms_orchestrator_fail_as(cmd, d, &rooms_orchestrator_storage, NULL);
        break;

    case ROOMS_REFUSE_INTERNAL:
        rooms_orchestrator_fail_as(cmd, d, &rooms_orchestrator_internal,
                                   NULL);
        break;
    }
}


void
rooms_orchestrator_uuid(rooms_orchestrator_t *g,
    char id[ROOMS_ORCHESTRATOR_UUID + 1])
{
    const unsigned char  *r;

    r = g->cmd->random + (g->uuids++ % 4) * 16;

    (void) snprintf(id, ROOMS_ORCHESTRATOR_UUID + 1,
                    "%02x%02x%02x%02x-%02x%02x-4%01x%02x-%02x%02x-"
                    "%02x%02x%02x%02x%02x%02x",
                    r[0], r[1], r[2], r[3], r[4], r[5], r[6] & 0x0f, r[7],
                    (r[8] & 0x3f) | 0x80, r[9], r[10], r[11], r[12], r[13],
                    r[14], r[15]);
}
