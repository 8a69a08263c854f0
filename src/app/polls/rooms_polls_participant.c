
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: participants.
 */


#include <string.h>

#include <rooms_polls.h>


/* White space around a name does not count. */

static rooms_str_t
rooms_polls_trim(rooms_str_t s)
{
    while (s.len && strchr(" \t\r\n", s.data[0]) != NULL && s.data[0]) {
        s.data++;
        s.len--;
    }

    while (s.len && s.data[s.len - 1]
           && strchr(" \t\r\n", s.data[s.len - 1]) != NULL)
    {
        s.len--;
    }

    return s;
}


static rooms_int_t
rooms_polls_join(rooms_polls_ctx_t *ctx)
{
    char                        id[ROOMS_POLLS_UUID + 1];
    char                        pass[ROOMS_POLLS_PASS + 1];
    json_t                     *payload, *answer, *given;
    uint32_t                    who;
    rooms_str_t                 code, name;
    const rooms_polls_state_t  *s;

    if (rooms_polls_session_found(ctx) != ROOMS_OK) {
        return ROOMS_OK;
    }

    s = ctx->state;
    code = rooms_polls_text(ctx->cmd->body, "accessCode");

    if (!rooms_polls_is_slug(rooms_polls_param(ctx->cmd, "sessionId"))
        && !rooms_polls_equal(code, rooms_str(s->slug, ROOMS_POLLS_SLUG)))
    {
        return rooms_polls_fail(ctx, &rooms_polls_wrong_code, NULL,
                                rooms_str(NULL, 0));
    }

    given = json_object_get(ctx->cmd->body, "displayName");
    name = rooms_polls_trim(rooms_polls_text(ctx->cmd->body, "displayName"));

    if (json_is_string(given) && name.len == 0) {
        return rooms_polls_invalid(ctx, "The display name is empty");
    }

    if (s->status != ROOMS_POLLS_DRAFT && s->status != ROOMS_POLLS_ACTIVE) {
        return rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
    }

    who = s->participants.n;

    if (who >= ctx->conf->participants) {
        return rooms_polls_fail(ctx, &rooms_polls_full, NULL,
                                rooms_str(NULL, 0));
    }

    rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_PARTICIPANT, who, 0,
                        id);
    rooms_polls_pass(s->secret, who, pass);

    payload = json_pack("{s:s, s:s, s:s, s:I}", "participantId", id,
                        "sessionId", s->id, "joinedAt", ctx->now,
                        "participantCount", (json_int_t) s->connected + 1);

    if (name.len) {
        (void) json_object_set_new(payload, "displayName",
                                   rooms_polls_string(name));
    }

    answer = json_copy(payload);
    (void) json_object_set_new(answer, "participantToken",
                               json_string(pass));
    (void) json_object_set_new(answer, "connectionState",
                               json_string("Connected"));
    rooms_polls_answer(ctx, 200, answer);

    rooms_polls_fact_joined(ctx, name.len ? &name : NULL);
    rooms_polls_event(ctx, "participant:joined", payload);

    return ROOMS_OK;
}


/* The participant of the body; NONE: it has been answered. */

static uint32_t
rooms_polls_body_who(rooms_polls_ctx_t *ctx)
{
    uint32_t                          who;
    const rooms_polls_participant_t  *p;

    if (rooms_polls_session_found(ctx) != ROOMS_OK) {
        return ROOMS_POLLS_NONE;
    }

    who = rooms_polls_who(ctx->state, rooms_polls_text(ctx->cmd->body,
                                                       "participantId"));
    p = rooms_polls_participant(ctx->state, who);

    if (p == NULL) {
        (void) rooms_polls_fail(ctx, &rooms_polls_no_participant, NULL,
                                rooms_str(NULL, 0));
        return ROOMS_POLLS_NONE;
    }

    if (ctx->state->status == ROOMS_POLLS_ENDED) {
        (void) rooms_polls_fail(ctx, &rooms_polls_inactive, NULL,
                                rooms_str(NULL, 0));
        return ROOMS_POLLS_NONE;
    }

    if (p->presence == ROOMS_POLLS_LEFT) {
        (void) rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
        return ROOMS_POLLS_NONE;
    }

    return who;
}


static rooms_int_t
rooms_polls_back(rooms_polls_ctx_t *ctx)
{
    char      id[ROOMS_POLLS_UUID + 1];
    json_t   *answer;
    uint32_t  who;

    who = rooms_polls_body_who(ctx);

    if (who == ROOMS_POLLS_NONE) {
        return ROOMS_OK;
    }

    rooms_polls_id_make(ctx->state->key, ctx->state->secret,
                        ROOMS_POLLS_ID_PARTICIPANT, who, 0, id);

    answer = rooms_polls_moved_json(ctx->state, id, "reconnectedAt", ctx->now,
                                    ctx->state->connected);
    (void) json_object_set_new(answer, "connectionState",
                               json_string("Connected"));

    if (rooms_polls_participant(ctx->state, who)->presence
        == ROOMS_POLLS_DISCONNECTED)
    {
        (void) json_object_set_new(answer, "participantCount",
                                   json_integer(ctx->state->connected + 1));
        rooms_polls_fact_back(ctx, who);
        rooms_polls_event(ctx, "participant:reconnected",
                          rooms_polls_moved_json(ctx->state, id,
                                                 "reconnectedAt", ctx->now,
                                                 ctx->state->connected + 1));
    }

    rooms_polls_answer(ctx, 200, answer);

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_leave(rooms_polls_ctx_t *ctx)
{
    char      id[ROOMS_POLLS_UUID + 1];
    json_t   *payload, *answer;
    uint32_t  who, count;

    who = rooms_polls_body_who(ctx);

    if (who == ROOMS_POLLS_NONE) {
        return ROOMS_OK;
    }

    rooms_polls_id_make(ctx->state->key, ctx->state->secret,
                        ROOMS_POLLS_ID_PARTICIPANT, who, 0, id);

    count = ctx->state->connected
            - (rooms_polls_participant(ctx->state, who)->presence
               == ROOMS_POLLS_CONNECTED);
    payload = rooms_polls_moved_json(ctx->state, id, "leftAt", ctx->now,
                                     count);

    answer = json_copy(payload);
    (void) json_object_set_new(answer, "connectionState",
                               json_string("Left"));
    rooms_polls_answer(ctx, 200, answer);

    rooms_polls_fact_left(ctx, who);
    rooms_polls_event(ctx, "participant:left", payload);

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_list_participants(rooms_polls_ctx_t *ctx)
{
    json_t    *list;
    uint32_t   i;

    if (rooms_polls_session_own(ctx) != ROOMS_OK) {
        return ROOMS_OK;
    }

    list = json_array();

    for (i = 0; i < ctx->state->participants.n; i++) {
        (void) json_array_append_new(list,
                              rooms_polls_participant_json(ctx->state, i));
    }

    rooms_polls_answer(ctx, 200,
                       json_pack("{s:o, s:I, s:I}", "participants", list,
                                 "count",
                                 (json_int_t) ctx->state->participants.n,
                                 "participantCount",
                                 (json_int_t) ctx->state->connected));

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_get_participant(rooms_polls_ctx_t *ctx)
{
    uint32_t          who;
    rooms_str_t       text;
    rooms_polls_id_t  id;

    text = rooms_polls_param(ctx->cmd, "participantId");

    if (rooms_polls_id_parse(text, &id) == ROOMS_ERROR) {
        return rooms_polls_fail(ctx, &rooms_polls_bad_request, NULL, text);
    }

    who = ctx->state ? rooms_polls_who(ctx->state, text) : ROOMS_POLLS_NONE;

    if (who == ROOMS_POLLS_NONE) {
        return rooms_polls_fail(ctx, &rooms_polls_no_participant, NULL, text);
    }

    rooms_polls_answer(ctx, 200, rooms_polls_participant_json(ctx->state,
                                                              who));
    return ROOMS_OK;
}


const rooms_polls_operation_t  rooms_polls_participant_operations[] = {
    { "joinSession", rooms_polls_join },
    { "addParticipant", rooms_polls_join },
    { "reconnectParticipant", rooms_polls_back },
    { "leaveSession", rooms_polls_leave },
    { "listParticipants", rooms_polls_list_participants },
    { "getParticipant", rooms_polls_get_participant },
    { NULL, NULL }
};
