
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


#define ROOMS_DINNER_RANDOM_ID  20       /* characters */


typedef struct {
    const rooms_dinner_conf_t   *conf;
    const rooms_dinner_state_t  *state;  /* NULL: none, or expired */
    const rooms_command_t       *cmd;
    rooms_decision_t            *d;
    unsigned                     expired:1;
} rooms_dinner_ctx_t;


typedef struct {
    const char                  *name;
    rooms_int_t                (*handler)(rooms_dinner_ctx_t *ctx);
} rooms_dinner_command_t;


static rooms_str_t
rooms_dinner_text(const json_t *object, const char *name)
{
    json_t  *value;

    value = json_object_get(object, name);

    return rooms_str(json_string_value(value), json_string_length(value));
}


static rooms_str_t
rooms_dinner_payload_code(const rooms_command_t *cmd)
{
    return rooms_dinner_text(json_array_get(cmd->args, 0), "sessionCode");
}


/*
 * A code of 36^6 without a bias: octets from 252 on are thrown away.  The
 * generator is splitmix64, seeded anew for each command and attempt.
 */

static void
rooms_dinner_random_code(const rooms_command_t *cmd, rooms_buf_t *room)
{
    unsigned  n, octets;
    uint64_t  seed, z;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    memcpy(&seed, cmd->random, sizeof(uint64_t));
    memcpy(&z, cmd->random + sizeof(uint64_t), sizeof(uint64_t));
    seed ^= z * (2 * (uint64_t) cmd->attempt + 1);

    n = 0;
    octets = 0;
    z = 0;

    while (n < ROOMS_DINNER_CODE) {

        if (octets == 0) {
            octets = 8;
            seed += UINT64_C(0x9e3779b97f4a7c15);
            z = seed;
            z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
            z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
            z = z ^ (z >> 31);
        }

        if ((z & 0xff) < 252) {
            rooms_buf_byte(room, (unsigned char) digits[(z & 0xff) % 36]);
            n++;
        }

        z >>= 8;
        octets--;
    }
}


static void
rooms_dinner_random_id(const rooms_command_t *cmd, rooms_dinner_id_t *id)
{
    unsigned  i, bits, n;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";

    for (i = 0; i < ROOMS_DINNER_RANDOM_ID; i++) {
        n = i * 6;
        bits = (unsigned) (cmd->random[16 + n / 8] << 8)
               | cmd->random[16 + n / 8 + 1];
        id->data[i] = (unsigned char) digits[(bits >> (10 - n % 8)) & 0x3f];
    }

    id->len = ROOMS_DINNER_RANDOM_ID;
}


rooms_int_t
rooms_dinner_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room)
{
    unsigned     i;
    rooms_str_t  code;

    (void) conf;

    code = rooms_str(NULL, 0);

    if (cmd->kind == ROOMS_CMD_EVENT) {
        code = rooms_dinner_payload_code(cmd);

    } else if (cmd->kind == ROOMS_CMD_REST) {

        if (rooms_option_is(cmd->name, "createSession")) {
            rooms_dinner_random_code(cmd, room);
            return ROOMS_OK;
        }

        for (i = 0; i < cmd->nparams; i++) {
            if (rooms_option_is(cmd->params[i].name, "sessionCode")) {
                code = cmd->params[i].value;
            }
        }
    }

    if (!rooms_dinner_is_code(code)) {
        return ROOMS_DECLINED;
    }

    rooms_buf_str(room, code);

    return ROOMS_OK;
}


static rooms_int_t
rooms_dinner_error(rooms_dinner_ctx_t *ctx, const rooms_dinner_error_t *error)
{
    rooms_dinner_fail(ctx->cmd, ctx->d, error, NULL);

    return ROOMS_OK;
}


/* What the contract should have refused. */

static rooms_int_t
rooms_dinner_bad(rooms_dinner_ctx_t *ctx, const char *why)
{
    rooms_dinner_refuse(ctx->conf, ctx->cmd, ROOMS_REFUSE_INVALID,
                        rooms_str(why, strlen(why)), ctx->d);

    return ROOMS_OK;
}


static void
rooms_dinner_answer(rooms_dinner_ctx_t *ctx, unsigned status, json_t *value)
{
    if (ctx->cmd->kind == ROOMS_CMD_REST || ctx->cmd->ack) {
        rooms_decide_answer_json(ctx->d, status, value);
    }

    json_decref(value);
}


static void
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


static uint64_t
rooms_dinner_end(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state)
{
    return state->activity + conf->ttl;
}


/* Joins, submissions and restarts postpone the end of the session. */

static void
rooms_dinner_active(rooms_dinner_ctx_t *ctx, rooms_dinner_state_t *after)
{
    if (ctx->cmd->now > after->activity) {
        after->activity = ctx->cmd->now;
    }

    rooms_decide_deadline(ctx->d, rooms_dinner_end(ctx->conf, after));
}


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


/* Who returns after the end of the round hears its results, alone. */

static rooms_int_t
rooms_dinner_joined_again(rooms_dinner_ctx_t *ctx,
    const rooms_dinner_member_t *m)
{
    rooms_dinner_answer(ctx, 0, rooms_dinner_join_json(ctx->state, m));
    rooms_decide_join(ctx->d, ctx->cmd->room);

    if (!m->live && ctx->state->phase == ROOMS_DINNER_COMPLETE) {
        rooms_dinner_message(ctx, ROOMS_TO_SOCKET, "session:results",
                             rooms_dinner_results_json(ctx->conf,
                                                       ctx->state));
    }

    return ROOMS_OK;
}


/* XD-3: who returns with a new socket has the place and the id of before. */

static rooms_int_t
rooms_dinner_take_over(rooms_dinner_ctx_t *ctx, const rooms_dinner_member_t *m)
{
    json_t                *payload;
    rooms_str_t            id;
    rooms_dinner_state_t   after;

    after = *ctx->state;
    id = rooms_dinner_id(&m->id);
    payload = rooms_dinner_member_json(id, m->name, after.n);

    rooms_decide_record(ctx->d,
                        rooms_dinner_takenover(ctx->d, ctx->cmd->now, id,
                                               ctx->cmd->caller->sid));
    rooms_dinner_message(ctx, ROOMS_TO_OTHERS, "participant:joined", payload);
    rooms_dinner_active(ctx, &after);

    if (m->sid.len) {
        rooms_decide_revoke(ctx->d, rooms_dinner_id(&m->sid));
    }

    return rooms_dinner_joined_again(ctx, m);
}


static const rooms_dinner_member_t *
rooms_dinner_add(rooms_dinner_ctx_t *ctx, rooms_dinner_state_t *after,
    rooms_str_t sid, rooms_str_t name)
{
    rooms_dinner_member_t  *m;

    m = &after->members[after->n++];
    memset(m, 0, sizeof(rooms_dinner_member_t));

    /* an id is the first socket's; it stays taken when that one is gone */

    if (sid.len == 0 || rooms_dinner_member(ctx->state, sid) != NULL
        || rooms_dinner_set_id(&m->id, sid) != ROOMS_OK)
    {
        rooms_dinner_random_id(ctx->cmd, &m->id);
    }

    m->name = name;
    m->host = sid.len && !after->claimed;

    after->claimed |= m->host;

    if (after->phase == ROOMS_DINNER_WAITING) {
        after->phase = ROOMS_DINNER_SELECTING;
    }

    rooms_decide_record(ctx->d,
                        rooms_dinner_joined(ctx->d, ctx->cmd->now,
                                            rooms_dinner_id(&m->id), sid,
                                            name, m->host));

    rooms_dinner_message(ctx, sid.len ? ROOMS_TO_OTHERS : ROOMS_TO_ALL,
                         "participant:joined",
                         rooms_dinner_member_json(rooms_dinner_id(&m->id),
                                                  name, after->n));
    rooms_dinner_active(ctx, after);

    return m;
}


static unsigned
rooms_dinner_elsewhere(const rooms_command_t *cmd)
{
    unsigned  i;

    for (i = 0; i < cmd->caller->nrooms; i++) {
        if (!rooms_dinner_same(cmd->caller->rooms[i], cmd->room)) {
            return 1;
        }
    }

    return 0;
}


static rooms_int_t
rooms_dinner_join(rooms_dinner_ctx_t *ctx)
{
    rooms_str_t                   name, sid;
    rooms_dinner_state_t          after;
    const rooms_dinner_member_t  *m;

    if (ctx->state == NULL) {
        return rooms_dinner_error(ctx, &rooms_dinner_not_found);
    }

    sid = ctx->cmd->caller->sid;
    name = rooms_dinner_text(json_array_get(ctx->cmd->args, 0), "displayName");

    if (name.len == 0) {
        return rooms_dinner_bad(ctx, "Display name required");
    }

    m = rooms_dinner_latest(ctx->state, sid);

    if (m != NULL) {
        if (!m->live) {
            rooms_decide_record(ctx->d, rooms_dinner_back(ctx->d, sid));
        }

        return rooms_dinner_joined_again(ctx, m);
    }

    if (rooms_dinner_elsewhere(ctx->cmd)) {
        return rooms_dinner_error(ctx, &rooms_dinner_other_session);
    }

    if (sid.len > ROOMS_DINNER_ID) {
        return ROOMS_ERROR;
    }

    m = rooms_dinner_absent(ctx->state, name);

    if (m != NULL) {
        return rooms_dinner_take_over(ctx, m);
    }

    if (ctx->state->n == ROOMS_DINNER_MEMBERS) {
        return rooms_dinner_error(ctx, &rooms_dinner_full);
    }

    after = *ctx->state;
    m = rooms_dinner_add(ctx, &after, sid, name);

    rooms_dinner_answer(ctx, 0, rooms_dinner_join_json(&after, m));
    rooms_decide_join(ctx->d, ctx->cmd->room);

    return ROOMS_OK;
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


/* Over REST everybody is a new person, and the host's place counts. */

static rooms_int_t
rooms_dinner_join_session(rooms_dinner_ctx_t *ctx)
{
    rooms_str_t                   name;
    rooms_dinner_state_t          after;
    const rooms_dinner_member_t  *m;

    if (ctx->state == NULL) {
        return rooms_dinner_error(ctx, &rooms_dinner_not_found);
    }

    name = rooms_dinner_text(ctx->cmd->body, "participantName");

    if (name.len == 0) {
        return rooms_dinner_bad(ctx, "Participant name required");
    }

    if (rooms_dinner_count(ctx->state) >= ROOMS_DINNER_MEMBERS) {
        return rooms_dinner_error(ctx, &rooms_dinner_full);
    }

    after = *ctx->state;
    m = rooms_dinner_add(ctx, &after, rooms_str(NULL, 0), name);

    rooms_dinner_answer(ctx, 200,
                        json_pack("{s:s#, s:s#, s:s#, s:i}", "participantId",
                                  m->id.data, (int) m->id.len,
                                  "sessionCode", after.code,
                                  (int) ROOMS_DINNER_CODE,
                                  "participantName", name.data, (int) name.len,
                                  "participantCount",
                                  (int) rooms_dinner_count(&after)));

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
        return ROOMS_OK;
    }

    return ROOMS_ERROR;
}
