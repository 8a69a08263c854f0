
/*
 * Copyright (C) nginx rooms contributors
 *
 * Who joins a session, over a socket or over REST, and who returns to it.
 */


#include <string.h>

#include <rooms_dinner.h>
#include <rooms_dinner_command.h>


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


rooms_int_t
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


/* Over REST everybody is a new person, and the host's place counts. */

rooms_int_t
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
