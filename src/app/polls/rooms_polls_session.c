
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: sessions.
 */


#include <string.h>

#include <rooms_polls.h>


#define ROOMS_POLLS_TOLD_LEFT  16        /* of them, when a session ends */


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
    if (rooms_polls_session_found(ctx) == ROOMS_OK) {
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
    if (rooms_polls_session_found(ctx) == ROOMS_OK) {
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

    if (rooms_polls_session_own(ctx) != ROOMS_OK) {
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
                          rooms_polls_moved_json(s, id, "leftAt", ctx->now,
                                                 n));
    }
}


static rooms_int_t
rooms_polls_end_session(rooms_polls_ctx_t *ctx)
{
    json_t                     *payload, *answer;
    const rooms_polls_poll_t   *p;
    const rooms_polls_state_t  *s;

    if (rooms_polls_session_own(ctx) != ROOMS_OK) {
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
    { "getHealth", rooms_polls_health },
    { NULL, NULL }
};
