
/*
 * Copyright (C) nginx rooms contributors
 *
 * Facts of the session, of its transactions and scores.
 */


#include <string.h>

#include <rooms_orchestrator_change.h>


/* The session that was leaves its summary; the oldest of them goes. */

static rooms_int_t
rooms_orchestrator_bury(rooms_orchestrator_change_t *c)
{
    json_t      *session, *past, *summary;
    const char  *id;

    session = rooms_orchestrator_part(c, "session");
    past = rooms_orchestrator_part(c, "past");

    if (json_object_size(session) == 0) {
        return ROOMS_OK;
    }

    if (rooms_orchestrator_session_is(c->root, "active")
        || rooms_orchestrator_session_is(c->root, "paused"))
    {
        if (rooms_orchestrator_set_new(session, "status",
                                       json_string("completed"))
            != ROOMS_OK
            || rooms_orchestrator_set(session, "end", c->at) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    summary = rooms_orchestrator_summary(c->root);
    id = rooms_orchestrator_text(session, "id");

    if (rooms_orchestrator_set_new(past, id, summary) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    while (json_object_size(past) > ROOMS_ORCHESTRATOR_PAST) {
        (void) json_object_del(past, json_object_iter_key(
                                         json_object_iter(past)));
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_apply_session(rooms_orchestrator_change_t *c)
{
    size_t     i;
    json_t    *session, *scores, *teams, *team;

    if (!json_is_string(rooms_orchestrator_field(c, "id"))
        || !json_is_string(rooms_orchestrator_field(c, "name"))
        || rooms_orchestrator_bury(c) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    session = rooms_orchestrator_part(c, "session");
    scores = rooms_orchestrator_part(c, "scores");
    teams = rooms_orchestrator_field(c, "teams");

    (void) json_object_clear(session);
    (void) json_object_clear(scores);
    (void) json_object_clear(rooms_orchestrator_part(c, "claims"));
    (void) json_object_clear(rooms_orchestrator_part(c, "scanned"));
    (void) json_object_clear(rooms_orchestrator_part(c, "video"));
    (void) json_array_clear(rooms_orchestrator_part(c, "txs"));
    (void) json_array_clear(rooms_orchestrator_part(c, "queue"));

    if (rooms_orchestrator_set(session, "id",
                               rooms_orchestrator_field(c, "id"))
        != ROOMS_OK
        || rooms_orchestrator_set(session, "name",
                                  rooms_orchestrator_field(c, "name"))
           != ROOMS_OK
        || rooms_orchestrator_set(session, "start", c->at) != ROOMS_OK
        || rooms_orchestrator_set_new(session, "status",
                                      json_string("active"))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    json_array_foreach(teams, i, team) {
        if (!json_is_string(team)
            || rooms_orchestrator_set_new(scores, json_string_value(team),
                   json_pack("{s:O, s:i, s:i, s:i, s:[], s:o}",
                             "teamId", team, "currentScore", 0,
                             "tokensScanned", 0, "bonusPoints", 0,
                             "completedGroups", "lastUpdate",
                             rooms_orchestrator_iso((uint64_t)
                                              json_integer_value(c->at))))
               != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_apply_status(rooms_orchestrator_change_t *c)
{
    json_t  *session, *status, *name;

    session = rooms_orchestrator_part(c, "session");
    status = rooms_orchestrator_field(c, "status");
    name = rooms_orchestrator_field(c, "name");

    if (json_object_size(session) == 0) {
        return ROOMS_ERROR;
    }

    if (json_is_string(name)
        && rooms_orchestrator_set(session, "name", name) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (!json_is_string(status)) {
        return ROOMS_OK;
    }

    if (strcmp(json_string_value(status), "completed") == 0
        && rooms_orchestrator_set(session, "end", c->at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set(session, "status", status);
}


/* A scan of any kind: what the session's metadata counts. */

static rooms_int_t
rooms_orchestrator_count_scan(rooms_orchestrator_change_t *c,
    const char *token)
{
    json_t  *session, *scanned;

    session = rooms_orchestrator_part(c, "session");
    scanned = rooms_orchestrator_part(c, "scanned");

    if (*token == '\0' || json_object_size(session) == 0) {
        return ROOMS_OK;
    }

    if (rooms_orchestrator_set_new(session, "scans",
                json_integer(json_integer_value(json_object_get(session,
                                                                "scans"))
                             + 1))
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set_new(scanned, token, json_true());
}


static rooms_int_t
rooms_orchestrator_add(json_t *object, const char *name, const json_t *from)
{
    json_int_t  n;

    n = json_integer_value(json_object_get(object, name))
        + json_integer_value(from);

    return rooms_orchestrator_set_new(object, name, json_integer(n));
}


static rooms_int_t
rooms_orchestrator_score(rooms_orchestrator_change_t *c, const json_t *tx)
{
    json_t      *scores, *score, *bonus, *points, *groups;
    const char  *team;

    scores = rooms_orchestrator_part(c, "scores");
    team = rooms_orchestrator_text(tx, "teamId");

    if (json_object_get(scores, team) == NULL
        && rooms_orchestrator_set_new(scores, team,
                                      json_pack("{s:s, s:i, s:i, s:i, s:[]}",
                                                "teamId", team,
                                                "currentScore", 0,
                                                "tokensScanned", 0,
                                                "bonusPoints", 0,
                                                "completedGroups"))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    score = json_object_get(scores, team);
    bonus = rooms_orchestrator_field(c, "bonus");
    points = json_object_get(tx, "points");
    groups = json_object_get(score, "completedGroups");

    if (json_is_string(rooms_orchestrator_field(c, "group"))
        && json_array_append(groups, rooms_orchestrator_field(c, "group"))
           != 0)
    {
        return ROOMS_ERROR;
    }

    if (rooms_orchestrator_add(score, "currentScore", points) != ROOMS_OK
        || rooms_orchestrator_add(score, "currentScore", bonus) != ROOMS_OK
        || rooms_orchestrator_add(score, "bonusPoints", bonus) != ROOMS_OK
        || rooms_orchestrator_set_new(score, "tokensScanned",
               json_integer(json_integer_value(json_object_get(score,
                                                        "tokensScanned"))
                            + 1))
           != ROOMS_OK
        || rooms_orchestrator_set(score, "lastUpdate",
                                  json_object_get(tx, "timestamp"))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set(score, "lastTokenTime",
                                  json_object_get(tx, "timestamp"));
}


rooms_int_t
rooms_orchestrator_apply_tx(rooms_orchestrator_change_t *c)
{
    json_t      *tx, *txs, *claims;
    const char  *token, *status;

    tx = rooms_orchestrator_field(c, "tx");
    txs = rooms_orchestrator_part(c, "txs");
    claims = rooms_orchestrator_part(c, "claims");
    token = rooms_orchestrator_text(tx, "tokenId");
    status = rooms_orchestrator_text(tx, "status");

    if (*token == '\0' || *rooms_orchestrator_text(tx, "teamId") == '\0'
        || *rooms_orchestrator_text(tx, "timestamp") == '\0')
    {
        return ROOMS_ERROR;
    }

    if (strcmp(status, "accepted") == 0) {

        if (json_object_get(claims, token) != NULL
            || rooms_orchestrator_score(c, tx) != ROOMS_OK
            || rooms_orchestrator_set_new(claims, token,
                                          json_integer((json_int_t)
                                                json_array_size(txs)))
               != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    if (json_array_append(txs, tx) != 0) {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_count_scan(c, token);
}


rooms_int_t
rooms_orchestrator_apply_scan(rooms_orchestrator_change_t *c)
{
    return rooms_orchestrator_count_scan(c,
                                     rooms_orchestrator_text(c->fact,
                                                             "token"));
}


rooms_int_t
rooms_orchestrator_apply_reset(rooms_orchestrator_change_t *c)
{
    if (strcmp(rooms_orchestrator_text(c->fact, "what"), "scores") == 0) {
        (void) json_object_clear(rooms_orchestrator_part(c, "scores"));

    } else {
        (void) json_array_clear(rooms_orchestrator_part(c, "txs"));
        (void) json_object_clear(rooms_orchestrator_part(c, "claims"));
    }

    return ROOMS_OK;
}
