
/*
 * Copyright (C) nginx rooms contributors
 *
 * transaction:submit: what a token is worth, and to whom.
 */


#include <string.h>

#include <rooms_orchestrator.h>


typedef struct {
    const char        *token;
    const char        *team;
    const char        *scanner;
    const char        *status;
    const char        *reason;               /* of a rejection, or NULL */
    const char        *message;
    json_int_t         points;
    json_int_t         bonus;
    const char        *group;                /* that is complete, or NULL */
    const json_t      *original;             /* of a duplicate, or NULL */
} rooms_orchestrator_submission_t;


/* Has the team, with this token, all of the group? */

static void
rooms_orchestrator_complete(rooms_orchestrator_t *g,
    rooms_orchestrator_submission_t *s, const json_t *token)
{
    size_t         i;
    double         multiplier;
    json_t        *group, *id, *claim, *tx;
    json_int_t     sum;
    const char    *name;

    name = rooms_orchestrator_text(token, "groupId");
    group = json_object_get(g->conf->groups, name);
    sum = 0;

    if (group == NULL) {
        return;
    }

    json_array_foreach(json_object_get(group, "tokens"), i, id) {

        sum += json_integer_value(json_object_get(
                   rooms_orchestrator_token(g->conf, json_string_value(id)),
                   "value"));

        if (strcmp(json_string_value(id), s->token) == 0) {
            continue;
        }

        claim = rooms_orchestrator_get(g->state, "claims",
                                       json_string_value(id));
        tx = json_array_get(json_object_get(g->state, "txs"),
                            (size_t) json_integer_value(claim));

        if (claim == NULL
            || strcmp(rooms_orchestrator_text(tx, "teamId"), s->team) != 0)
        {
            return;
        }
    }

    multiplier = json_number_value(json_object_get(group, "multiplier"));

    s->group = name;

    /* neither is negative: the conversion rounds down */

    s->bonus = (json_int_t) ((double) sum * (multiplier - 1));
}


static void
rooms_orchestrator_judge(rooms_orchestrator_t *g,
    rooms_orchestrator_submission_t *s)
{
    json_t  *token, *claim;

    token = rooms_orchestrator_token(g->conf, s->token);
    claim = rooms_orchestrator_get(g->state, "claims", s->token);

    if (rooms_orchestrator_session_is(g->state, "paused")) {
        s->status = "rejected";
        s->reason = "Session is paused";
        s->message = s->reason;
        return;
    }

    if (token == NULL) {
        s->status = "rejected";
        s->reason = "Invalid token ID";
        s->message = s->reason;
        return;
    }

    if (claim != NULL) {
        s->status = "duplicate";
        s->message = "Token has been claimed already";
        s->original = json_array_get(json_object_get(g->state, "txs"),
                                     (size_t) json_integer_value(claim));
        return;
    }

    s->status = "accepted";
    s->message = "Transaction accepted";
    s->points = json_integer_value(json_object_get(token, "value"));

    rooms_orchestrator_complete(g, s, token);
}


static json_t *
rooms_orchestrator_result(rooms_orchestrator_t *g,
    const rooms_orchestrator_submission_t *s, const char *id)
{
    json_t    *result;
    unsigned   busy;

    busy = rooms_orchestrator_busy(g->state);

    result = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b}",
                       "status", s->status, "message", s->message,
                       "transactionId", id, "tokenId", s->token,
                       "teamId", s->team, "points", s->points,
                       "videoPlaying", (int) busy);

    if (s->original != NULL) {
        (void) json_object_set(result, "originalTransactionId",
                               json_object_get(s->original, "id"));
        (void) json_object_set(result, "claimedBy",
                               json_object_get(s->original, "teamId"));
    }

    if (busy) {
        (void) json_object_set_new(result, "waitTime",
            json_integer((json_int_t) ((rooms_orchestrator_left(g->state,
                                                                g->now)
                                        + 999) / 1000)));
    }

    return result;
}


static void
rooms_orchestrator_store(rooms_orchestrator_t *g,
    const rooms_orchestrator_submission_t *s, const char *id)
{
    json_t  *tx, *fact;

    tx = json_pack("{s:s, s:s, s:s, s:s, s:o, s:O, s:s, s:s?, s:I}",
                   "id", id, "tokenId", s->token, "teamId", s->team,
                   "scannerId", s->scanner,
                   "timestamp", rooms_orchestrator_iso(g->now),
                   "sessionId",
                   rooms_orchestrator_get(g->state, "session", "id"),
                   "status", s->status, "rejectionReason", s->reason,
                   "points", s->points);

    fact = json_pack("{s:s, s:O}", "f", "tx", "tx", tx);

    if (s->bonus) {
        (void) json_object_set_new(fact, "bonus", json_integer(s->bonus));
    }

    if (s->group) {
        (void) json_object_set_new(fact, "group", json_string(s->group));
    }

    rooms_orchestrator_fact(g, fact);
    rooms_orchestrator_message(g, ROOMS_TO_ALL, rooms_str(NULL, 0),
                               "transaction:new", tx, 0);
}


static unsigned
rooms_orchestrator_is_team(const char *team)
{
    return strncmp(team, "TEAM_", 5) == 0 && team[5] >= 'A' && team[5] <= 'Z'
           && team[6] == '\0';
}


rooms_int_t
rooms_orchestrator_submit(rooms_orchestrator_t *g)
{
    char                              id[ROOMS_ORCHESTRATOR_UUID + 1];
    json_t                           *data, *result, *ack;
    const char                       *self;
    rooms_orchestrator_submission_t   s;

    if (rooms_orchestrator_device(g->state, g->cmd->caller, &self)
        == NULL)
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_auth_required,
                                       NULL);
    }

    memset(&s, 0, sizeof(rooms_orchestrator_submission_t));

    data = rooms_orchestrator_payload(g->cmd);
    s.token = rooms_orchestrator_text(data, "tokenId");
    s.team = rooms_orchestrator_text(data, "teamId");
    s.scanner = rooms_orchestrator_text(data, "scannerId");

    if (!g->conf->any_team && !rooms_orchestrator_is_team(s.team)) {
        return rooms_orchestrator_invalid(g, "/teamId: must be TEAM_ and a "
                                             "letter from A to Z");
    }

    if (!rooms_orchestrator_session_is(g->state, "active")
        && !rooms_orchestrator_session_is(g->state, "paused"))
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_no_session,
                                       NULL);
    }

    if (json_array_size(json_object_get(g->state, "txs"))
        >= g->conf->transactions)
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_full, NULL);
    }

    rooms_orchestrator_judge(g, &s);
    rooms_orchestrator_uuid(g, id);

    result = rooms_orchestrator_result(g, &s, id);

    ack = json_copy(result);
    (void) json_object_set_new(ack, "success", json_true());

    rooms_orchestrator_answer(g, 0, ack);
    rooms_orchestrator_emit(g, "transaction:result", result);

    rooms_orchestrator_store(g, &s, id);
    rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "beat", "id",
                                         self));

    return ROOMS_OK;
}
