
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the commands of clients, of REST and of the room's own life decide.
 *
 * What a command makes of the state is worked out on a copy of it that
 * shares the strings ("after"), and told from there; the same comes about
 * in every worker by the fact.
 */


#include <string.h>

#include <rooms_dinner.h>
#include <rooms_dinner_command.h>


typedef struct {
    const char                  *name;
    rooms_int_t                (*handler)(rooms_dinner_ctx_t *ctx);
} rooms_dinner_command_t;


static void
rooms_dinner_expire(rooms_dinner_ctx_t *ctx, const rooms_dinner_state_t *state)
{
    json_t  *payload;

    payload = json_pack("{s:s#, s:s, s:s}",
                        "sessionCode", state->code, (int) ROOMS_DINNER_CODE,
                        "reason", "Session expired due to inactivity",
                        "message", "This session has expired. "
                                   "Please create a new one.");

    rooms_decide_record(ctx->d, rooms_dinner_expired(ctx->d));
    rooms_dinner_message(ctx, ROOMS_TO_ALL, "session:expired", payload);
    rooms_decide_remove(ctx->d);
}


/* The ids that are not in the list, or NULL. */

static json_t *
rooms_dinner_unknown(const rooms_dinner_conf_t *conf, const json_t *selections)
{
    size_t     i;
    json_t    *id, *unknown;
    unsigned   k;

    unknown = NULL;

    for (i = 0; i < json_array_size(selections); i++) {
        id = json_array_get(selections, i);

        for (k = 0; k < conf->noptions; k++) {
            if (json_equal(id, json_object_get(conf->options[k], "optionId"))) {
                break;
            }
        }

        if (k == conf->noptions) {
            unknown = unknown ? unknown : json_array();
            (void) json_array_append(unknown, id);
        }
    }

    return unknown;
}


static void
rooms_dinner_store(rooms_dinner_ctx_t *ctx, const rooms_dinner_member_t *from,
    rooms_str_t selections)
{
    json_t                 *payload;
    rooms_str_t             id;
    rooms_dinner_state_t    after;
    rooms_dinner_member_t  *m;

    after = *ctx->state;
    m = &after.members[from - ctx->state->members];
    id = rooms_dinner_id(&m->id);

    m->submitted = 1;
    m->selections = selections;
    m->counted = after.phase == ROOMS_DINNER_SELECTING;

    payload = json_pack("{s:s#, s:i, s:i}",
                        "participantId", id.data, (int) id.len,
                        "submittedCount",
                        (int) rooms_dinner_nsubmitted(&after),
                        "participantCount", (int) after.n);

    rooms_decide_record(ctx->d,
                        rooms_dinner_submitted(ctx->d, ctx->cmd->now, id,
                                               selections));
    rooms_dinner_message(ctx, ROOMS_TO_OTHERS, "participant:submitted",
                         payload);

    /* once per round: not for who joined and submitted after its end */

    if (m->counted && rooms_dinner_nsubmitted(&after) == after.n) {
        rooms_dinner_message(ctx, ROOMS_TO_ALL, "session:results",
                             rooms_dinner_results_json(ctx->conf, &after));
    }

    rooms_dinner_active(ctx, &after);
    rooms_dinner_answer(ctx, 0, json_pack("{s:b}", "success", 1));
}


static rooms_int_t
rooms_dinner_submit(rooms_dinner_ctx_t *ctx)
{
    json_t                       *selections, *unknown;
    rooms_buf_t                   packed;
    const rooms_dinner_member_t  *m;

    if (ctx->state == NULL) {
        return rooms_dinner_error(ctx, &rooms_dinner_not_found);
    }

    selections = json_object_get(json_array_get(ctx->cmd->args, 0),
                                 "selections");

    if (json_array_size(selections) == 0) {
        return rooms_dinner_bad(ctx, "Must select at least 1 option");
    }

    m = rooms_dinner_live(ctx->state, ctx->cmd->caller->sid);

    if (m == NULL) {
        return rooms_dinner_error(ctx, &rooms_dinner_not_in_session);
    }

    if (m->submitted) {
        return rooms_dinner_error(ctx, &rooms_dinner_already_submitted);
    }

    unknown = rooms_dinner_unknown(ctx->conf, selections);

    if (unknown != NULL) {
        rooms_dinner_fail(ctx->cmd, ctx->d, &rooms_dinner_invalid_options,
                          json_pack("{s:o}", "invalidOptions", unknown));
        return ROOMS_OK;
    }

    rooms_buf_init(&packed, 0);
    rooms_dinner_pack(&packed, selections);

    if (packed.failed) {
        rooms_buf_free(&packed);
        return ROOMS_ERROR;
    }

    rooms_dinner_store(ctx, m, rooms_str(packed.data, packed.len));
    rooms_buf_free(&packed);

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_restart(rooms_dinner_ctx_t *ctx)
{
    rooms_dinner_state_t  after;

    if (ctx->state == NULL) {
        return rooms_dinner_error(ctx, &rooms_dinner_not_found);
    }

    if (rooms_dinner_live(ctx->state, ctx->cmd->caller->sid) == NULL) {
        return rooms_dinner_error(ctx, &rooms_dinner_not_in_session);
    }

    after = *ctx->state;

    rooms_decide_record(ctx->d,
                        rooms_dinner_restarted(ctx->d, ctx->cmd->now));
    rooms_dinner_message(ctx, ROOMS_TO_ALL, "session:restarted",
                         json_pack("{s:s#, s:s}", "sessionCode", after.code,
                                   (int) ROOMS_DINNER_CODE, "message",
                                   "Session restarted. "
                                   "Make new selections."));
    rooms_dinner_active(ctx, &after);
    rooms_dinner_answer(ctx, 0, json_pack("{s:b}", "success", 1));

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_create_session(rooms_dinner_ctx_t *ctx)
{
    rooms_str_t           host;
    rooms_dinner_state_t  after;

    host = rooms_dinner_text(ctx->cmd->body, "hostName");

    if (host.len == 0) {
        return rooms_dinner_bad(ctx, "Host name required");
    }

    memset(&after, 0, sizeof(rooms_dinner_state_t));
    memcpy(after.code, ctx->cmd->room.data, ROOMS_DINNER_CODE);
    after.host = host;
    after.created = ctx->cmd->now;

    rooms_decide_record(ctx->d,
                        rooms_dinner_created(ctx->d, ctx->cmd->now,
                                             ctx->cmd->room, host));
    rooms_dinner_active(ctx, &after);
    rooms_dinner_answer(ctx, 201,
                        rooms_dinner_session_json(ctx->conf, &after));

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_get_session(rooms_dinner_ctx_t *ctx)
{
    if (ctx->state == NULL) {
        return rooms_dinner_error(ctx, &rooms_dinner_not_found);
    }

    rooms_dinner_answer(ctx, 200,
                        rooms_dinner_session_json(ctx->conf, ctx->state));

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_list_options(rooms_dinner_ctx_t *ctx)
{
    rooms_decide_answer_json(ctx->d, 200, ctx->conf->list);

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_get_health(rooms_dinner_ctx_t *ctx)
{
    int  healthy;

    healthy = ctx->cmd->healthy;

    rooms_dinner_answer(ctx, healthy ? 200 : 503,
                        json_pack("{s:s, s:b}", "status",
                                  healthy ? "healthy" : "unhealthy",
                                  "redis", healthy));

    return ROOMS_OK;
}


static void
rooms_dinner_disconnect(rooms_dinner_ctx_t *ctx)
{
    rooms_str_t                   sid;
    const rooms_dinner_member_t  *m;

    sid = ctx->cmd->caller->sid;
    m = ctx->state ? rooms_dinner_live(ctx->state, sid) : NULL;

    if (m == NULL) {
        return;
    }

    rooms_decide_record(ctx->d, rooms_dinner_left(ctx->d, sid));
    rooms_dinner_message(ctx, ROOMS_TO_OTHERS, "participant:left",
                         rooms_dinner_member_json(rooms_dinner_id(&m->id),
                                                  m->name, ctx->state->n));
}


static void
rooms_dinner_recover(rooms_dinner_ctx_t *ctx)
{
    rooms_str_t                   sid;
    const rooms_dinner_member_t  *m;

    /* the end of the session is still to be heard */

    if (ctx->expired) {
        return;
    }

    sid = ctx->cmd->caller->sid;
    m = ctx->state ? rooms_dinner_latest(ctx->state, sid) : NULL;

    if (m == NULL) {
        rooms_decide_leave(ctx->d, ctx->cmd->room);
        return;
    }

    if (!m->live) {
        rooms_decide_record(ctx->d, rooms_dinner_back(ctx->d, sid));
    }
}


static const rooms_dinner_command_t  rooms_dinner_events[] = {
    { "session:join", rooms_dinner_join },
    { "selection:submit", rooms_dinner_submit },
    { "session:restart", rooms_dinner_restart },
    { NULL, NULL }
};

static const rooms_dinner_command_t  rooms_dinner_operations[] = {
    { "createSession", rooms_dinner_create_session },
    { "getSession", rooms_dinner_get_session },
    { "joinSession", rooms_dinner_join_session },
    { "listOptions", rooms_dinner_list_options },
    { "getHealth", rooms_dinner_get_health },
    { NULL, NULL }
};


static unsigned
rooms_dinner_has(const rooms_dinner_command_t *c, rooms_str_t name)
{
    for ( /* void */ ; c->name != NULL; c++) {
        if (rooms_option_is(name, c->name)) {
            return 1;
        }
    }

    return 0;
}


unsigned
rooms_dinner_knows(rooms_str_t event)
{
    return rooms_dinner_has(rooms_dinner_events, event);
}


unsigned
rooms_dinner_serves(rooms_str_t operation)
{
    return rooms_dinner_has(rooms_dinner_operations, operation);
}


static rooms_int_t
rooms_dinner_call(rooms_dinner_ctx_t *ctx, const rooms_dinner_command_t *c)
{
    for ( /* void */ ; c->name != NULL; c++) {
        if (rooms_option_is(ctx->cmd->name, c->name)) {
            return c->handler(ctx);
        }
    }

    rooms_dinner_refuse(ctx->conf, ctx->cmd, ROOMS_REFUSE_UNKNOWN,
                        rooms_str(NULL, 0), ctx->d);

    return ROOMS_OK;
}


rooms_int_t
rooms_dinner_decide(const void *conf, const void *data,
    const rooms_command_t *cmd, rooms_decision_t *d)
{
    rooms_dinner_ctx_t           ctx;
    const rooms_dinner_state_t  *state = data;

    ctx.conf = conf;
    ctx.state = state;
    ctx.cmd = cmd;
    ctx.d = d;
    ctx.expired = 0;

    if (cmd->kind == ROOMS_CMD_REST && state != NULL
        && rooms_option_is(cmd->name, "createSession"))
    {
        return ROOMS_AGAIN;
    }

    /* whoever comes first after the end of a session, ends it */

    if (state != NULL && cmd->now >= rooms_dinner_end(conf, state)) {
        rooms_dinner_expire(&ctx, state);
        ctx.state = NULL;
        ctx.expired = 1;
    }

    switch (cmd->kind) {

    case ROOMS_CMD_CONNECT:

        if (!rooms_option_is(cmd->caller->nsp, "/")) {
            rooms_decide_reject(d, "Invalid namespace", NULL);
        }

        return ROOMS_OK;

    case ROOMS_CMD_EVENT:
        return rooms_dinner_call(&ctx, rooms_dinner_events);

    case ROOMS_CMD_REST:
        return rooms_dinner_call(&ctx, rooms_dinner_operations);

    case ROOMS_CMD_DISCONNECT:
        rooms_dinner_disconnect(&ctx);
        return ROOMS_OK;

    case ROOMS_CMD_RECOVER:
        rooms_dinner_recover(&ctx);
        return ROOMS_OK;

    case ROOMS_CMD_TICK:

        if (ctx.state != NULL) {
            rooms_decide_deadline(d, rooms_dinner_end(conf, ctx.state));
        }

        return ROOMS_OK;

    case ROOMS_CMD_ACK:
    case ROOMS_CMD_REPLAY:
    case ROOMS_CMD_HEARD:
        return ROOMS_OK;
    }

    return ROOMS_ERROR;
}
