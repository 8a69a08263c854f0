
/*
 * Copyright (C) nginx rooms contributors
 *
 * Which room a command goes to, and who decides it there.
 */


#include <string.h>

#include <rooms_polls.h>


static const rooms_polls_operation_t  rooms_polls_events[] = {
    { "vote:submitted", rooms_polls_vote_submit },
    { "connection:heartbeat", rooms_polls_heartbeat },
    { "heartbeat:pong", rooms_polls_heartbeat },
    { "reconnect", rooms_polls_reconnect },
    { NULL, NULL }
};

static const rooms_polls_operation_t *const  rooms_polls_lists[] = {
    rooms_polls_session_operations,
    rooms_polls_participant_operations,
    rooms_polls_poll_operations,
    rooms_polls_vote_operations,
    NULL
};


unsigned
rooms_polls_knows(rooms_str_t event)
{
    const rooms_polls_operation_t  *c;

    for (c = rooms_polls_events; c->name != NULL; c++) {
        if (rooms_option_is(event, c->name)) {
            return 1;
        }
    }

    return 0;
}


/* A code, or an id of whatever kind: both lead to a room. */

static rooms_int_t
rooms_polls_route_to(rooms_str_t text, rooms_buf_t *room)
{
    char              buf[ROOMS_POLLS_ROOM];
    rooms_polls_id_t  id;

    if (rooms_polls_is_slug(text)) {
        rooms_buf_str(room, rooms_polls_room_slug(buf, text));
        return ROOMS_OK;
    }

    if (rooms_polls_id_parse(text, &id) != ROOMS_OK
        || id.kind < ROOMS_POLLS_ID_SESSION || id.kind > ROOMS_POLLS_ID_VOTE)
    {
        return ROOMS_DECLINED;
    }

    rooms_buf_str(room, rooms_polls_room_key(buf, id.raw));

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_route_rest(const rooms_command_t *cmd, rooms_buf_t *room)
{
    char         buf[ROOMS_POLLS_ROOM];
    unsigned     i;
    rooms_str_t  text;

    static const char *const  names[] = {
        "sessionId", "code", "pollId", "participantId", NULL
    };

    if (rooms_option_is(cmd->name, "createSession")) {
        rooms_buf_str(room, rooms_polls_room_key(buf, cmd->random));
        return ROOMS_OK;
    }

    for (i = 0; names[i] != NULL; i++) {
        text = rooms_polls_param(cmd, names[i]);

        if (text.len) {
            return rooms_polls_route_to(text, room);
        }
    }

    return ROOMS_DECLINED;
}


rooms_int_t
rooms_polls_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room)
{
    rooms_int_t        rc;
    rooms_polls_ctx_t  ctx;
    unsigned char      buf[64];

    (void) conf;

    switch (cmd->kind) {

    case ROOMS_CMD_CONNECT:
        return rooms_polls_route_to(rooms_polls_handshake(cmd, "sessionId",
                                                          buf, sizeof(buf)),
                                    room);

    case ROOMS_CMD_REST:
        return rooms_polls_route_rest(cmd, room);

    case ROOMS_CMD_EVENT:

        /* a vote is decided where its poll is */

        rc = ROOMS_DECLINED;

        if (rooms_option_is(cmd->name, "vote:submitted")) {
            rc = rooms_polls_route_to(rooms_polls_text(
                                             json_array_get(cmd->args, 0),
                                             "pollId"), room);
        }

        if (rc == ROOMS_OK) {
            return rc;
        }

        memset(&ctx, 0, sizeof(rooms_polls_ctx_t));
        ctx.cmd = cmd;
        rooms_polls_caller(&ctx);

        return rooms_polls_route_to(ctx.session, room);

    default:
        return ROOMS_DECLINED;
    }
}


unsigned
rooms_polls_serves(rooms_str_t operation)
{
    unsigned                        i;
    const rooms_polls_operation_t  *o;

    for (i = 0; rooms_polls_lists[i] != NULL; i++) {
        for (o = rooms_polls_lists[i]; o->name != NULL; o++) {
            if (rooms_option_is(operation, o->name)) {
                return 1;
            }
        }
    }

    return 0;
}


static rooms_int_t
rooms_polls_call(rooms_polls_ctx_t *ctx, const rooms_polls_operation_t *o)
{
    for ( /* void */ ; o->name != NULL; o++) {
        if (rooms_option_is(ctx->cmd->name, o->name)) {
            return o->handler(ctx);
        }
    }

    return ROOMS_DECLINED;
}


static rooms_int_t
rooms_polls_rest(rooms_polls_ctx_t *ctx)
{
    unsigned     i;
    rooms_int_t  rc;

    rc = ROOMS_DECLINED;

    for (i = 0; rc == ROOMS_DECLINED && rooms_polls_lists[i] != NULL; i++) {
        rc = rooms_polls_call(ctx, rooms_polls_lists[i]);
    }

    return rc;
}


/* Those who have not come back in time have left. */

static void
rooms_polls_forget(rooms_polls_ctx_t *ctx)
{
    char                              id[ROOMS_POLLS_UUID + 1];
    uint32_t                          who;
    unsigned                          n;
    const rooms_polls_state_t        *s;
    const rooms_polls_participant_t  *p;

    s = ctx->state;
    who = s->grace;

    for (n = 0; n < ROOMS_POLLS_LEAVING && who != ROOMS_POLLS_NONE; n++) {
        p = rooms_polls_participant(s, who);

        if (p->seen + ctx->conf->grace > ctx->cmd->now) {
            break;
        }

        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_PARTICIPANT,
                            who, 0, id);
        rooms_polls_fact_left(ctx, who);
        rooms_polls_event(ctx, "participant:left",
                          rooms_polls_moved_json(s, id, "leftAt", ctx->now,
                                                 s->connected));
        who = p->next;
    }
}


static rooms_int_t
rooms_polls_tick(rooms_polls_ctx_t *ctx)
{
    char                        room[ROOMS_POLLS_ROOM];
    uint64_t                    end;
    const rooms_polls_poll_t   *p;
    const rooms_polls_state_t  *s;

    s = ctx->state;

    if (s == NULL) {
        return ROOMS_OK;
    }

    end = s->status == ROOMS_POLLS_ENDED ? s->ended + ctx->conf->keep
                                         : s->touched + ctx->conf->idle;

    if (end <= ctx->cmd->now) {
        rooms_decide_drop(ctx->d,
                          rooms_polls_room_slug(room,
                                                rooms_str(s->slug,
                                                          ROOMS_POLLS_SLUG)));
        rooms_decide_remove(ctx->d);
        return ROOMS_OK;
    }

    p = rooms_polls_poll(s, s->active);

    if (p != NULL && p->pending
        && p->counted + ctx->conf->flush <= ctx->cmd->now)
    {
        rooms_polls_tell_counts(ctx, p, &p->tally, p->last, p->latest);
    }

    if (s->nsockets && s->beat + ctx->conf->heartbeat <= ctx->cmd->now) {
        rooms_polls_fact_beat(ctx);
        rooms_polls_tell_all(ctx);
    }

    rooms_polls_forget(ctx);

    return ROOMS_OK;
}


/*
 * A decision with records may have made something due; what was due already
 * and has been done now is found so by the next tick, which comes at once.
 */

static void
rooms_polls_deadline(rooms_polls_ctx_t *ctx)
{
    uint64_t  due;

    if (ctx->cmd->kind == ROOMS_CMD_REPLAY
        || (ctx->d->nrecords == 0 && ctx->cmd->kind != ROOMS_CMD_TICK))
    {
        return;
    }

    due = ctx->state ? rooms_polls_due(ctx->conf, ctx->state) : ctx->due;

    if (ctx->due && ctx->due < due) {
        due = ctx->due;
    }

    rooms_decide_deadline(ctx->d, due);
}


static rooms_int_t
rooms_polls_handle(rooms_polls_ctx_t *ctx)
{
    switch (ctx->cmd->kind) {

    case ROOMS_CMD_CONNECT:
        return rooms_polls_connect(ctx);

    case ROOMS_CMD_EVENT:
        return rooms_polls_call(ctx, rooms_polls_events);

    case ROOMS_CMD_REST:
        return rooms_polls_rest(ctx);

    case ROOMS_CMD_DISCONNECT:
        return rooms_polls_disconnect(ctx);

    case ROOMS_CMD_RECOVER:
        return rooms_polls_recover(ctx);

    case ROOMS_CMD_TICK:
        return rooms_polls_tick(ctx);

    case ROOMS_CMD_REPLAY:
    case ROOMS_CMD_HEARD:
        return rooms_polls_replayed(ctx);

    case ROOMS_CMD_ACK:
        return ROOMS_OK;
    }

    return ROOMS_ERROR;
}


rooms_int_t
rooms_polls_decide(const void *conf, const void *data,
    const rooms_command_t *cmd, rooms_decision_t *d)
{
    char                        room[ROOMS_POLLS_ROOM];
    rooms_int_t                 rc;
    rooms_polls_ctx_t           ctx;
    const rooms_polls_state_t  *state = data;

    if (state != NULL && state->index) {

        if (cmd->kind != ROOMS_CMD_CONNECT && cmd->kind != ROOMS_CMD_REST
            && cmd->kind != ROOMS_CMD_EVENT)
        {
            return ROOMS_OK;
        }

        rooms_decide_redirect(d, rooms_polls_room_key(room, state->key));
        return ROOMS_AGAIN;
    }

    memset(&ctx, 0, sizeof(rooms_polls_ctx_t));

    ctx.conf = conf;
    ctx.state = state;
    ctx.cmd = cmd;
    ctx.d = d;
    rooms_iso_format(cmd->now, ctx.now);
    rooms_polls_caller(&ctx);

    rc = rooms_polls_handle(&ctx);

    if (rc == ROOMS_DECLINED) {
        rooms_polls_refuse(conf, cmd, ROOMS_REFUSE_UNKNOWN,
                           rooms_str(NULL, 0), d);
        return ROOMS_OK;
    }

    if (rc == ROOMS_OK) {
        rooms_polls_deadline(&ctx);
    }

    return rc;
}
