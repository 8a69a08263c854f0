
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a command answers, and what others are told of it.
 */


#include <string.h>

#include <rooms_dinner.h>
#include <rooms_dinner_command.h>


rooms_int_t
rooms_dinner_error(rooms_dinner_ctx_t *ctx, const rooms_dinner_error_t *error)
{
    rooms_dinner_fail(ctx->cmd, ctx->d, error, NULL);

    return ROOMS_OK;
}


rooms_int_t
rooms_dinner_bad(rooms_dinner_ctx_t *ctx, const char *why)
{
    rooms_dinner_refuse(ctx->conf, ctx->cmd, ROOMS_REFUSE_INVALID,
                        rooms_str(why, strlen(why)), ctx->d);

    return ROOMS_OK;
}


void
rooms_dinner_answer(rooms_dinner_ctx_t *ctx, unsigned status, json_t *value)
{
    if (ctx->cmd->kind == ROOMS_CMD_REST || ctx->cmd->ack) {
        rooms_decide_answer_json(ctx->d, status, value);
    }

    json_decref(value);
}


void
rooms_dinner_message(rooms_dinner_ctx_t *ctx, unsigned audience,
    const char *event, json_t *payload)
{
    rooms_str_t  sid;

    sid = rooms_str(NULL, 0);

    if (audience != ROOMS_TO_ALL) {
        sid = ctx->cmd->caller->sid;
    }

    rooms_decide_message(ctx->d, audience, sid, event, payload);
    json_decref(payload);
}


uint64_t
rooms_dinner_end(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state)
{
    return state->activity + conf->ttl;
}


void
rooms_dinner_active(rooms_dinner_ctx_t *ctx, rooms_dinner_state_t *after)
{
    if (ctx->cmd->now > after->activity) {
        after->activity = ctx->cmd->now;
    }

    rooms_decide_deadline(ctx->d, rooms_dinner_end(ctx->conf, after));
}
