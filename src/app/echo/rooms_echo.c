
/*
 * Copyright (C) nginx rooms contributors
 *
 * The echo application: namespaces, refusals, and where events go.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_echo.h>
#include <rooms_option.h>


typedef struct {
    unsigned    auth;                    /* who connects is sent "auth" */
} rooms_echo_conf_t;


static rooms_int_t
rooms_echo_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room)
{
    rooms_str_t                rest, name;
    unsigned char              buf[ROOMS_ECHO_ROOM];
    const rooms_echo_event_t  *event;

    (void) conf;

    if (cmd->kind != ROOMS_CMD_EVENT) {
        return ROOMS_DECLINED;
    }

    if (rooms_option_is(cmd->name, "broadcast")) {
        rooms_buf_str(room, cmd->caller->nsp);
        return ROOMS_OK;
    }

    event = rooms_echo_find(cmd->name);
    if (event == NULL || !event->routed) {
        return ROOMS_DECLINED;
    }

    rest = rooms_echo_args(cmd);

    if (rooms_echo_take_room(cmd, &rest, buf, &name) != ROOMS_OK) {
        return ROOMS_DECLINED;
    }

    rooms_buf_str(room, name);

    return ROOMS_OK;
}


static unsigned
rooms_echo_namespace(rooms_str_t nsp)
{
    size_t  i;

    if (rooms_option_is(nsp, "/") || rooms_option_is(nsp, "/custom")
        || rooms_option_is(nsp, "/guarded"))
    {
        return 1;
    }

    if (nsp.len < 7 || nsp.len > 64 || memcmp(nsp.data, "/room-", 6) != 0) {
        return 0;
    }

    for (i = 6; i < nsp.len; i++) {
        if (nsp.data[i] < '0' || nsp.data[i] > '9') {
            return 0;
        }
    }

    return 1;
}


static rooms_int_t
rooms_echo_connect(const rooms_echo_conf_t *conf, rooms_echo_ctx_t *ctx)
{
    json_t       *token, *value;
    rooms_str_t   nsp;

    nsp = ctx->cmd->caller->nsp;

    if (!rooms_echo_namespace(nsp)) {
        rooms_decide_reject(ctx->d, "Invalid namespace", NULL);
        return ROOMS_OK;
    }

    token = json_object_get(ctx->cmd->body, "token");

    if (rooms_option_is(nsp, "/guarded")
        && !rooms_option_is(rooms_str(json_string_value(token),
                                      json_string_length(token)),
                            "secret"))
    {
        value = json_pack("{s:s}", "code", "E_AUTH");
        rooms_decide_reject(ctx->d, "not authorized", value);
        json_decref(value);
        return ROOMS_OK;
    }

    rooms_decide_join(ctx->d, nsp);

    if (!conf->auth) {
        return ROOMS_OK;
    }

    if (ctx->cmd->body) {
        rooms_decide_emit(ctx->d, "auth", ctx->cmd->body);

    } else {
        rooms_decide_emit_raw(ctx->d, rooms_str("[\"auth\",{}]", 11), NULL,
                              0);
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_echo_decide(const void *conf, const void *state,
    const rooms_command_t *cmd, rooms_decision_t *d)
{
    rooms_echo_ctx_t           ctx;
    const rooms_echo_event_t  *event;

    (void) state;

    ctx.cmd = cmd;
    ctx.d = d;

    switch (cmd->kind) {

    case ROOMS_CMD_CONNECT:
        return rooms_echo_connect(conf, &ctx);

    case ROOMS_CMD_EVENT:
        event = rooms_echo_find(cmd->name);

        if (event == NULL) {
            return ROOMS_OK;
        }

        ctx.rest = rooms_echo_args(cmd);

        return event->handler(&ctx);

    case ROOMS_CMD_ACK:
        return rooms_echo_emit(&ctx, "client-answered",
                               rooms_echo_inside(cmd->text));

    case ROOMS_CMD_REST:
        rooms_decide_answer(d, 404, rooms_str("{\"error\":\"Not found\"}", 21));
        return ROOMS_OK;

    default:
        return ROOMS_OK;
    }
}


static void
rooms_echo_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d)
{
    json_t    *value;
    unsigned   i;

    static const struct {
        const char  *text;
        unsigned     status;
    } refusals[] = {
        { "Invalid payload", 400 },
        { "Unknown event", 404 },
        { "Method not allowed", 405 },
        { "Payload too large", 413 },
        { "Too many requests", 429 },
        { "Service unavailable", 503 },
        { "Internal error", 500 }
    };

    (void) conf;
    (void) detail;

    i = (why <= ROOMS_REFUSE_INTERNAL) ? why : ROOMS_REFUSE_INTERNAL;

    if (cmd->kind == ROOMS_CMD_CONNECT) {
        rooms_decide_reject(d, refusals[i].text, NULL);
        return;
    }

    value = json_pack("{s:s}", "error", refusals[i].text);

    if (cmd->kind == ROOMS_CMD_REST) {
        rooms_decide_answer_json(d, refusals[i].status, value);

    } else if (cmd->kind == ROOMS_CMD_EVENT) {

        if (cmd->ack) {
            rooms_decide_answer_json(d, 0, value);
        }

        rooms_decide_emit(d, "error", value);
    }

    json_decref(value);
}


static void *
rooms_echo_create(void)
{
    rooms_echo_conf_t  *conf;

    conf = malloc(sizeof(rooms_echo_conf_t));

    if (conf != NULL) {
        conf->auth = 1;
    }

    return conf;
}


static rooms_int_t
rooms_echo_option(void *data, rooms_str_t name, rooms_str_t value, char *err)
{
    rooms_echo_conf_t *conf = data;

    if (rooms_option_is(name, "auth")) {
        return rooms_option_flag(name, value, &conf->auth, err);
    }

    return rooms_option_unknown(name, "echo", err);
}


static rooms_int_t
rooms_echo_init(void *conf, const rooms_contract_t *contract, char *err)
{
    (void) conf;
    (void) contract;
    (void) err;

    return ROOMS_OK;
}


const rooms_app_t  rooms_echo_app = {
    rooms_string("echo"),
    1,
    0,
    rooms_echo_create,
    free,
    rooms_echo_option,
    rooms_echo_init,
    rooms_echo_route,
    rooms_echo_decide,
    rooms_echo_refuse,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL
};
