
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: sessions and participants.
 */


#include <string.h>

#include <rooms_polls.h>


#define ROOMS_POLLS_TOLD_LEFT  16        /* of them, when a session ends */


rooms_str_t
rooms_polls_param(const rooms_command_t *cmd, const char *name)
{
    unsigned  i;

    for (i = 0; i < cmd->nparams; i++) {
        if (rooms_option_is(cmd->params[i].name, name)) {
            return cmd->params[i].value;
        }
    }

    return rooms_str(NULL, 0);
}


unsigned
rooms_polls_is_presenter(rooms_polls_ctx_t *ctx)
{
    char  id[ROOMS_POLLS_UUID + 1];

    return rooms_polls_token_id(rooms_polls_bearer(ctx->cmd->authorization),
                                id)
           == ROOMS_OK
           && memcmp(id, ctx->state->presenter, ROOMS_POLLS_UUID) == 0;
}


uint32_t
rooms_polls_who(const rooms_polls_state_t *s, rooms_str_t text)
{
    rooms_polls_id_t  id;

    if (rooms_polls_id_parse(text, &id) != ROOMS_OK
        || !rooms_polls_id_check(&id, ROOMS_POLLS_ID_PARTICIPANT, s->key,
                                 s->secret)
        || id.number >= s->participants.n)
    {
        return ROOMS_POLLS_NONE;
    }

    return id.number;
}


/* ROOMS_DECLINED: there is no such session, which has been answered. */

static rooms_int_t
rooms_polls_session(rooms_polls_ctx_t *ctx)
{
    rooms_str_t       text;
    rooms_polls_id_t  id;

    text = rooms_polls_param(ctx->cmd, "sessionId");

    if (text.len && !rooms_polls_is_slug(text)
        && rooms_polls_id_parse(text, &id) == ROOMS_ERROR)
    {
        (void) rooms_polls_fail(ctx, &rooms_polls_bad_request, NULL, text);
        return ROOMS_DECLINED;
    }

    if (ctx->state == NULL
        || (text.len == ROOMS_POLLS_UUID
            && strncasecmp((const char *) text.data, ctx->state->id,
                           ROOMS_POLLS_UUID) != 0))
    {
        (void) rooms_polls_fail(ctx, &rooms_polls_no_session, NULL, text);
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_presenter(rooms_polls_ctx_t *ctx)
{
    if (rooms_polls_session(ctx) != ROOMS_OK) {
        return ROOMS_DECLINED;
    }

    if (!rooms_polls_is_presenter(ctx)) {
        (void) rooms_polls_fail(ctx, &rooms_polls_unauthorized, NULL,
                                rooms_str(NULL, 0));
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_create_session(rooms_polls_ctx_t *ctx)
{
    char           token[ROOMS_POLLS_TOKEN + 1];
    char           presenter[ROOMS_POLLS_UUID + 1];
    char           id[ROOMS_POLLS_UUID + 1], room[ROOMS_POLLS_ROOM];
    json_t        *payload, *answer;
    rooms_str_t    bearer;
    unsigned char  slug[ROOMS_POLLS_SLUG];

    const unsigned char  *key, *secret;

    if (ctx->state != NULL) {
        return ROOMS_AGAIN;
    }

    bearer = rooms_polls_bearer(ctx->cmd->authorization);

    if (ctx->cmd->authorization.len == 0) {
        rooms_polls_token(ctx->cmd->random + 38, token);
        bearer = rooms_str(token, ROOMS_POLLS_TOKEN);
    }

    if (rooms_polls_token_id(bearer, presenter) != ROOMS_OK) {
        return rooms_polls_fail(ctx, &rooms_polls_unauthorized, NULL,
                                rooms_str(NULL, 0));
    }

    memcpy(token, bearer.data, ROOMS_POLLS_TOKEN);
    token[ROOMS_POLLS_TOKEN] = '\0';

    key = ctx->cmd->random;
    secret = ctx->cmd->random + ROOMS_POLLS_KEY;
    rooms_polls_slug(ctx->cmd->random + 22, slug);
    rooms_polls_id_make(key, secret, ROOMS_POLLS_ID_SESSION, 0, 0, id);

    payload = json_pack("{s:s, s:o, s:s#, s:s, s:s, s:s}",
                        "sessionId", id,
                        "title",
                        rooms_polls_string(rooms_polls_text(ctx->cmd->body,
                                                            "title")),
                        "slug", slug, (int) ROOMS_POLLS_SLUG,
                        "presenterId", presenter, "status", "draft",
                        "createdAt", ctx->now);

    answer = json_copy(payload);
    (void) json_object_set_new(answer, "accessCode",
                               json_stringn((const char *) slug,
                                            ROOMS_POLLS_SLUG));
    (void) json_object_set_new(answer, "state", json_string("draft"));
    (void) json_object_set_new(answer, "description",
                               rooms_polls_string(rooms_polls_text(
                                               ctx->cmd->body,
                                               "description")));
    (void) json_object_set_new(answer, "presenterToken", json_string(token));
    rooms_polls_answer(ctx, 201, answer);

    ctx->session = rooms_str(id, ROOMS_POLLS_UUID);

    rooms_polls_fact_created(ctx, key, secret, slug,
                             rooms_str(presenter, ROOMS_POLLS_UUID),
                             ctx->cmd->body);
    rooms_polls_event(ctx, "session:created", json_incref(payload));

    rooms_polls_fact_claim(ctx,
                           rooms_polls_room_slug(room,
                                         rooms_str(slug, ROOMS_POLLS_SLUG)),
                           key);

    ctx->events = 0;
    rooms_decide_in(ctx->d, rooms_polls_room_presenter(room, presenter));
    rooms_polls_event(ctx, "session:created", payload);

    ctx->due = ctx->cmd->now + ctx->conf->idle;

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_get_session(rooms_polls_ctx_t *ctx)
{
    if (rooms_polls_session(ctx) == ROOMS_OK) {
        rooms_polls_answer(ctx, 200,
                   rooms_polls_session_json(ctx->state,
                                            rooms_polls_is_presenter(ctx)));
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_get_code(rooms_polls_ctx_t *ctx)
{
    if (!rooms_polls_is_slug(rooms_polls_param(ctx->cmd, "code"))) {
        return rooms_polls_invalid(ctx, "The code is 6 of A-Z and 0-9");
    }

    return rooms_polls_get_session(ctx);
}


static rooms_int_t
rooms_polls_get_state(rooms_polls_ctx_t *ctx)
{
    if (rooms_polls_session(ctx) == ROOMS_OK) {
        rooms_polls_answer(ctx, 200,
                           rooms_polls_synced_json(ctx->state,
                                                   ctx->cmd->epoch));
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_change(rooms_polls_ctx_t *ctx, rooms_polls_status_e from,
    rooms_polls_status_e to, const char *event, const char *status,
    const char *at)
{
    json_t  *payload;

    if (rooms_polls_presenter(ctx) != ROOMS_OK) {
        return ROOMS_OK;
    }

    if (ctx->state->status != from) {
        return rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
    }

    payload = json_pack("{s:s, s:s, s:s, s:I}", "sessionId", ctx->state->id,
                        "status", status, at, ctx->now, "participantCount",
                        (json_int_t) ctx->state->connected);

    rooms_polls_answer(ctx, 200, json_incref(payload));
    rooms_polls_fact_status(ctx, to);
    rooms_polls_event(ctx, event, payload);

    return ROOMS_OK;
}


static rooms_int_t
rooms_polls_start(rooms_polls_ctx_t *ctx)
{
    return rooms_polls_change(ctx, ROOMS_POLLS_DRAFT, ROOMS_POLLS_ACTIVE,
                              "session:started", "active", "startedAt");
}


static rooms_int_t
rooms_polls_pause(rooms_polls_ctx_t *ctx)
{
    return rooms_polls_change(ctx, ROOMS_POLLS_ACTIVE, ROOMS_POLLS_PAUSED,
                              "session:paused", "paused", "pausedAt");
}


static rooms_int_t
rooms_polls_resume(rooms_polls_ctx_t *ctx)
{
    return rooms_polls_change(ctx, ROOMS_POLLS_PAUSED, ROOMS_POLLS_ACTIVE,
                              "session:resumed", "active", "resumedAt");
}


/*
 * Each participant is told to have left, unless they are many: that would be
 * as many messages for each of them, and session:ended has said it.
 */

static void
rooms_polls_all_left(rooms_polls_ctx_t *ctx)
{
    char       id[ROOMS_POLLS_UUID + 1];
    uint32_t   i, n;

    const rooms_polls_state_t  *s;

    s = ctx->state;

    if (s->participants.n > ROOMS_POLLS_TOLD_LEFT) {
        return;
    }

    n = s->connected;

    for (i = 0; i < s->participants.n; i++) {

        if (rooms_polls_participant(s, i)->presence == ROOMS_POLLS_LEFT) {
            continue;
        }

        n -= rooms_polls_participant(s, i)->presence == ROOMS_POLLS_CONNECTED;

        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_PARTICIPANT, i,
                            0, id);
        rooms_polls_fact_left(ctx, i);
        rooms_polls_event(ctx, "participant:left",
                          json_pack("{s:s, s:s, s:s, s:I}", "participantId",
                                    id, "sessionId", s->id, "leftAt",
                                    ctx->now, "participantCount",
                                    (json_int_t) n));
    }
}


static rooms_int_t
rooms_polls_end_session(rooms_polls_ctx_t *ctx)
{
    json_t                     *payload, *answer;
    const rooms_polls_poll_t   *p;
    const rooms_polls_state_t  *s;

    if (rooms_polls_presenter(ctx) != ROOMS_OK) {
        return ROOMS_OK;
    }

    s = ctx->state;

    if (s->status != ROOMS_POLLS_ACTIVE && s->status != ROOMS_POLLS_PAUSED) {
        return rooms_polls_fail(ctx, &rooms_polls_bad_state, NULL,
                                rooms_str(NULL, 0));
    }

    payload = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}",
                        "sessionId", s->id, "status", "ended",
                        "endedAt", ctx->now, "finalParticipantCount",
                        (json_int_t) s->participants.n,
                        "pollCount", (json_int_t) s->npolls,
                        "totalVotes", (json_int_t) s->votes);

    answer = json_copy(payload);
    (void) json_object_set_new(answer, "participantCount",
                               json_integer(s->participants.n));
    rooms_polls_answer(ctx, 200, answer);

    rooms_polls_fact_status(ctx, ROOMS_POLLS_ENDED);
    rooms_polls_event(ctx, "session:ended", payload);

    p = rooms_polls_poll(s, s->active);

    if (p != NULL) {
        rooms_polls_close(ctx, p);
    }

    rooms_polls_all_left(ctx);

    return ROOMS_OK;
}


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

    if (rooms_polls_session(ctx) != ROOMS_OK) {
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

    if (rooms_polls_session(ctx) != ROOMS_OK) {
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


static json_t *
rooms_polls_moved(rooms_polls_ctx_t *ctx, const char *id, const char *at,
    uint32_t count)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "participantId", id,
                     "sessionId", ctx->state->id, at, ctx->now,
                     "participantCount", (json_int_t) count);
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

    answer = rooms_polls_moved(ctx, id, "reconnectedAt",
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
                          rooms_polls_moved(ctx, id, "reconnectedAt",
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
    payload = rooms_polls_moved(ctx, id, "leftAt", count);

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

    if (rooms_polls_presenter(ctx) != ROOMS_OK) {
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


static rooms_int_t
rooms_polls_health(rooms_polls_ctx_t *ctx)
{
    unsigned  healthy;

    healthy = ctx->cmd->healthy;

    rooms_polls_answer(ctx, healthy ? 200 : 503,
                       json_pack("{s:s, s:{s:s}, s:s}", "status",
                                 healthy ? "healthy" : "unhealthy",
                                 "checks", "journal",
                                 healthy ? "healthy" : "unhealthy",
                                 "timestamp", ctx->now));

    return ROOMS_OK;
}


const rooms_polls_operation_t  rooms_polls_session_operations[] = {
    { "createSession", rooms_polls_create_session },
    { "getSession", rooms_polls_get_session },
    { "getSessionByCode", rooms_polls_get_code },
    { "getSessionState", rooms_polls_get_state },
    { "startSession", rooms_polls_start },
    { "pauseSession", rooms_polls_pause },
    { "resumeSession", rooms_polls_resume },
    { "endSession", rooms_polls_end_session },
    { "joinSession", rooms_polls_join },
    { "addParticipant", rooms_polls_join },
    { "reconnectParticipant", rooms_polls_back },
    { "leaveSession", rooms_polls_leave },
    { "listParticipants", rooms_polls_list_participants },
    { "getParticipant", rooms_polls_get_participant },
    { "getHealth", rooms_polls_health },
    { NULL, NULL }
};
