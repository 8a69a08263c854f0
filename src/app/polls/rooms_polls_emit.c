
/*
 * Copyright (C) nginx rooms contributors
 *
 * Events in their two forms: under the name "event" as an envelope, and under
 * their own with the payload's fields beside it.  Variants of sockets: 0 gets
 * both, 1 the named form, 2 the envelope.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_polls.h>


#define ROOMS_POLLS_NAMED     0x03       /* bits of variants */
#define ROOMS_POLLS_ENVELOPE  0x05


const rooms_polls_error_t  rooms_polls_no_session = {
    "SESSION_NOT_FOUND", 404, "There is no such session"
};

const rooms_polls_error_t  rooms_polls_no_poll = {
    "POLL_NOT_FOUND", 404, "There is no such poll"
};

const rooms_polls_error_t  rooms_polls_no_active = {
    "NO_ACTIVE_POLL", 404, "No poll is active"
};

const rooms_polls_error_t  rooms_polls_no_participant = {
    "PARTICIPANT_NOT_FOUND", 404, "There is no such participant"
};

const rooms_polls_error_t  rooms_polls_not_joined = {
    "PARTICIPANT_NOT_JOINED", 403, "You are not a participant of this session"
};

const rooms_polls_error_t  rooms_polls_unauthorized = {
    "UNAUTHORIZED", 403, "You may not do that"
};

const rooms_polls_error_t  rooms_polls_bad_request = {
    "BAD_REQUEST", 400, "The id is malformed"
};

const rooms_polls_error_t  rooms_polls_bad_state = {
    "INVALID_STATE", 400, "That cannot be done in this state"
};

const rooms_polls_error_t  rooms_polls_inactive = {
    "SESSION_NOT_ACTIVE", 400, "The session is not active"
};

const rooms_polls_error_t  rooms_polls_few_options = {
    "INSUFFICIENT_OPTIONS", 400, "A poll needs at least 2 options"
};

const rooms_polls_error_t  rooms_polls_many_options = {
    "TOO_MANY_OPTIONS", 400, "A poll has at most 10 options"
};

const rooms_polls_error_t  rooms_polls_wrong_code = {
    "INVALID_ACCESS_CODE", 403, "The access code is wrong"
};

const rooms_polls_error_t  rooms_polls_active_exists = {
    "ACTIVE_POLL_EXISTS", 409, "Another poll is active"
};

const rooms_polls_error_t  rooms_polls_full = {
    "CAPACITY_EXCEEDED", 503, "The session is full"
};

static const rooms_polls_error_t  rooms_polls_payload = {
    "INVALID_PAYLOAD", 422, "The payload is invalid"
};

static const rooms_polls_error_t  rooms_polls_unknown_event = {
    "UNKNOWN_EVENT", 404, "There is no such event"
};

static const rooms_polls_error_t  rooms_polls_unknown_path = {
    "NOT_FOUND", 404, "There is no such path"
};

static const rooms_polls_error_t  rooms_polls_method = {
    "METHOD_NOT_ALLOWED", 405, "This path has no such method"
};

static const rooms_polls_error_t  rooms_polls_large = {
    "INVALID_PAYLOAD", 413, "The payload is too large"
};

static const rooms_polls_error_t  rooms_polls_rate = {
    "RATE_LIMIT_EXCEEDED", 429, "Too many requests"
};

static const rooms_polls_error_t  rooms_polls_storage = {
    "INTERNAL_ERROR", 503, "That cannot be stored now"
};

static const rooms_polls_error_t  rooms_polls_internal = {
    "INTERNAL_ERROR", 500, "Internal error"
};


static void
rooms_polls_put(rooms_buf_t *b, const char *text)
{
    rooms_buf_append(b, text, strlen(text));
}


/* An object's text without its braces. */

static void
rooms_polls_put_json(rooms_buf_t *b, const json_t *value, unsigned bare)
{
    char    *text;
    size_t   len;

    text = json_dumps(value, JSON_COMPACT|JSON_ENCODE_ANY
                             |JSON_REAL_PRECISION(15));

    if (text == NULL) {
        b->failed = 1;
        return;
    }

    len = strlen(text);
    rooms_buf_append(b, text + bare, len - 2 * bare);
    free(text);
}


/*
 * ["NAME",{"eventId":"","eventType":...,"payload":{...},...}]; returns where
 * the id goes, 0 for an event that has none.  sequence 0: not stored.
 */

static uint32_t
rooms_polls_compose(rooms_polls_ctx_t *ctx, rooms_buf_t *b, const char *name,
    unsigned envelope, uint64_t sequence, json_t *payload)
{
    json_t    *fields;
    unsigned   i;
    uint32_t   at;

    static const char *const  taken[] = {
        "eventId", "eventType", "timestamp", "sessionId", "sequence",
        "payload", NULL
    };

    at = 0;

    rooms_polls_put(b, "[\"");
    rooms_polls_put(b, envelope ? "event" : name);
    rooms_polls_put(b, "\",{");

    if (sequence) {
        rooms_polls_put(b, "\"eventId\":\"");
        at = (uint32_t) b->len;
        rooms_polls_put(b, "\",\"sequence\":");
        rooms_buf_uint(b, sequence);
        rooms_buf_byte(b, ',');
    }

    rooms_polls_put(b, "\"eventType\":\"");
    rooms_polls_put(b, name);
    rooms_polls_put(b, "\",\"timestamp\":\"");
    rooms_polls_put(b, ctx->now);

    if (ctx->state != NULL) {
        rooms_polls_put(b, "\",\"sessionId\":\"");
        rooms_polls_put(b, ctx->state->id);

    } else if (ctx->session.len) {
        rooms_polls_put(b, "\",\"sessionId\":\"");
        rooms_buf_str(b, ctx->session);
    }

    rooms_polls_put(b, "\",\"payload\":");
    rooms_polls_put_json(b, payload, 0);

    if (!envelope) {
        fields = json_copy(payload);

        for (i = 0; taken[i] != NULL; i++) {
            (void) json_object_del(fields, taken[i]);
        }

        if (json_object_size(fields)) {
            rooms_buf_byte(b, ',');
            rooms_polls_put_json(b, fields, 1);
        }

        json_decref(fields);
    }

    rooms_polls_put(b, "}]");

    return at;
}


void
rooms_polls_event(rooms_polls_ctx_t *ctx, const char *name, json_t *payload)
{
    unsigned          envelope;
    uint64_t          sequence;
    rooms_buf_t      *b;
    rooms_message_t   m;

    sequence = (ctx->state ? ctx->state->sequence : 0) + ++ctx->events;

    for (envelope = 0; envelope < 2; envelope++) {
        b = rooms_decision_scratch(ctx->d);

        memset(&m, 0, sizeof(rooms_message_t));
        m.audience = ROOMS_TO_ALL;
        m.variants = envelope ? ROOMS_POLLS_ENVELOPE : ROOMS_POLLS_NAMED;
        m.id_at = rooms_polls_compose(ctx, b, name, envelope, sequence,
                                      payload);
        m.args = rooms_str(b->data, b->len);

        if (b->failed) {
            ctx->d->failed = 1;
        }

        rooms_decide_message_raw(ctx->d, &m);
    }

    json_decref(payload);
}


void
rooms_polls_tell(rooms_polls_ctx_t *ctx, uint32_t who, const char *name,
    json_t *payload)
{
    unsigned                          envelope;
    uint32_t                          i;
    rooms_buf_t                      *b;
    rooms_message_t                   m;
    const rooms_polls_socket_t       *socket;
    const rooms_polls_participant_t  *p;

    p = rooms_polls_participant(ctx->state, who);

    for (envelope = 0; envelope < 2 && p->socket != ROOMS_POLLS_NONE;
         envelope++)
    {
        b = rooms_decision_scratch(ctx->d);
        (void) rooms_polls_compose(ctx, b, name, envelope, 0, payload);

        if (b->failed) {
            ctx->d->failed = 1;
        }

        for (i = p->socket; i != ROOMS_POLLS_NONE; i = socket->next) {
            socket = rooms_polls_socket(ctx->state, i);

            if (socket->variant == (envelope ? 1 : 2)) {
                continue;
            }

            memset(&m, 0, sizeof(rooms_message_t));
            m.audience = ROOMS_TO_SOCKET;
            m.ephemeral = 1;
            m.sid = rooms_str(socket->sid, socket->len);
            m.args = rooms_str(b->data, b->len);

            rooms_decide_message_raw(ctx->d, &m);
        }
    }

    json_decref(payload);
}


/*
 * "connection:heartbeat" is for those who want named events, "heartbeat:ping"
 * for those who want envelopes.
 */

void
rooms_polls_tell_all(rooms_polls_ctx_t *ctx)
{
    json_t           *payload;
    unsigned          i;
    rooms_buf_t      *b;
    rooms_message_t   m;

    payload = json_pack("{s:s}", "timestamp", ctx->now);

    for (i = 0; i < 2; i++) {
        b = rooms_decision_scratch(ctx->d);
        (void) rooms_polls_compose(ctx, b, i ? "heartbeat:ping"
                                             : "connection:heartbeat",
                                   0, 0, payload);

        memset(&m, 0, sizeof(rooms_message_t));
        m.audience = ROOMS_TO_ALL;
        m.variants = i ? ROOMS_POLLS_ENVELOPE : ROOMS_POLLS_NAMED;
        m.ephemeral = 1;
        m.args = rooms_str(b->data, b->len);

        rooms_decide_message_raw(ctx->d, &m);
    }

    json_decref(payload);
}


void
rooms_polls_emit(rooms_polls_ctx_t *ctx, const char *name, json_t *payload,
    unsigned own)
{
    unsigned      envelope;
    rooms_buf_t  *b;

    for (envelope = 0; envelope < 2; envelope++) {

        if (ctx->variant == (envelope ? 1 : 2) && (envelope || !own)) {
            continue;
        }

        b = rooms_decision_scratch(ctx->d);
        (void) rooms_polls_compose(ctx, b, name, envelope, 0, payload);

        if (b->failed) {
            ctx->d->failed = 1;
        }

        rooms_decide_emit_raw(ctx->d, rooms_str(b->data, b->len), NULL, 0);
    }

    json_decref(payload);
}


void
rooms_polls_answer(rooms_polls_ctx_t *ctx, unsigned status, json_t *value)
{
    if (ctx->cmd->kind == ROOMS_CMD_REST) {
        rooms_decide_answer_json(ctx->d, status, value);

    } else if (ctx->cmd->ack) {
        rooms_decide_answer_json(ctx->d, 0, value);
    }

    json_decref(value);
}


static void
rooms_polls_fail_rest(rooms_polls_ctx_t *ctx, const rooms_polls_error_t *e,
    const char *message)
{
    char  id[17];

    rooms_polls_hex(ctx->cmd->random, 8, id);
    id[16] = '\0';

    rooms_polls_answer(ctx, e->status,
                       json_pack("{s:{s:s, s:s, s:s, s:s}}", "error",
                                 "code", e->code, "message", message,
                                 "timestamp", ctx->now, "requestId", id));
}


static void
rooms_polls_fail_event(rooms_polls_ctx_t *ctx, const rooms_polls_error_t *e,
    const char *message, rooms_str_t entity)
{
    json_t  *payload, *context;

    context = json_pack("{s:o}", "eventName",
                        rooms_polls_string(ctx->cmd->name));

    if (entity.len) {
        (void) json_object_set_new(context, "entityId",
                                   rooms_polls_string(entity));
    }

    payload = json_pack("{s:s, s:s, s:s, s:o}",
                        "errorCode", e->code, "message", message,
                        "timestamp", ctx->now, "requestContext", context);

    rooms_polls_answer(ctx, 0,
                       json_pack("{s:b, s:s, s:s}", "success", 0,
                                 "errorCode", e->code, "message", message));
    rooms_polls_emit(ctx, "error:general", payload, 0);
}


/* Events can be sent only to who is connected: then it is sent away. */

static void
rooms_polls_fail_connect(rooms_polls_ctx_t *ctx, const rooms_polls_error_t *e,
    const char *message)
{
    rooms_polls_emit(ctx, "connection:error",
                     json_pack("{s:s, s:s, s:s}", "error", message,
                               "timestamp", ctx->now, "errorCode", e->code),
                     1);
    rooms_polls_emit(ctx, "error:general",
                     json_pack("{s:s, s:s, s:s}", "errorCode", e->code,
                               "message", message, "timestamp", ctx->now),
                     0);
    rooms_decide_kick(ctx->d, 0);
}


rooms_int_t
rooms_polls_fail(rooms_polls_ctx_t *ctx, const rooms_polls_error_t *e,
    const char *message, rooms_str_t entity)
{
    if (message == NULL) {
        message = e->message;
    }

    if (ctx->cmd->kind == ROOMS_CMD_REST) {
        rooms_polls_fail_rest(ctx, e, message);

    } else if (ctx->cmd->kind == ROOMS_CMD_EVENT) {
        rooms_polls_fail_event(ctx, e, message, entity);

    } else if (ctx->cmd->kind == ROOMS_CMD_CONNECT) {
        rooms_polls_fail_connect(ctx, e, message);
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_polls_invalid(rooms_polls_ctx_t *ctx, const char *message)
{
    return rooms_polls_fail(ctx, &rooms_polls_payload, message,
                            rooms_str(NULL, 0));
}


void
rooms_polls_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d)
{
    char                        message[256];
    rooms_polls_ctx_t           ctx;
    const rooms_polls_error_t  *e;

    memset(&ctx, 0, sizeof(rooms_polls_ctx_t));

    ctx.conf = conf;
    ctx.cmd = cmd;
    ctx.d = d;
    rooms_iso_format(cmd->now, ctx.now);
    rooms_polls_caller(&ctx);

    message[0] = '\0';

    switch (why) {

    case ROOMS_REFUSE_INVALID:
        e = &rooms_polls_payload;

        if (detail.len && detail.len < sizeof(message)) {
            memcpy(message, detail.data, detail.len);
            message[detail.len] = '\0';
        }

        break;

    case ROOMS_REFUSE_UNKNOWN:
        e = cmd->kind == ROOMS_CMD_REST ? &rooms_polls_unknown_path
                                        : &rooms_polls_unknown_event;
        break;

    case ROOMS_REFUSE_METHOD:
        e = &rooms_polls_method;
        break;

    case ROOMS_REFUSE_TOO_LARGE:
        e = &rooms_polls_large;
        break;

    case ROOMS_REFUSE_RATE:
        e = &rooms_polls_rate;
        break;

    case ROOMS_REFUSE_STORAGE:
        e = &rooms_polls_storage;
        break;

    default:
        e = &rooms_polls_internal;
    }

    (void) rooms_polls_fail(&ctx, e, message[0] ? message : NULL,
                            rooms_str(NULL, 0));
}
