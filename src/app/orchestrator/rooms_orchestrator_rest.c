
/*
 * Copyright (C) nginx rooms contributors
 *
 * The REST operations by their ids, and those that only read.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_orchestrator.h>


static rooms_int_t
rooms_orchestrator_get_state(rooms_orchestrator_t *g)
{
    char           tag[24];
    char          *text, *p;
    json_t        *game;
    uint64_t       hash;

    game = rooms_orchestrator_game(g->state, g->now);
    text = json_dumps(game, JSON_COMPACT);

    if (text == NULL) {
        json_decref(game);
        return ROOMS_ERROR;
    }

    hash = UINT64_C(0xcbf29ce484222325);

    for (p = text; *p; p++) {
        hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
    }

    (void) snprintf(tag, sizeof(tag), "\"%016llx\"",
                    (unsigned long long) hash);

    rooms_decide_header(g->d, "Cache-Control", "no-cache");
    rooms_decide_header(g->d, "ETag", tag);

    rooms_decide_answer(g->d, 200, rooms_str(text, strlen(text)));

    free(text);
    json_decref(game);

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_video_control(rooms_orchestrator_t *g)
{
    if (rooms_orchestrator_denied(g)) {
        return ROOMS_OK;
    }

    return rooms_orchestrator_control(g);
}


static rooms_int_t
rooms_orchestrator_status(rooms_orchestrator_t *g)
{
    json_t    *answer;
    uint64_t   start;

    start = rooms_orchestrator_time(g->state, "clock", "first");

    answer = json_pack("{s:s, s:s, s:[s], s:I, s:[s, s, s, s], s:I, s:o}",
                       "status", "online", "version", "1.0.0",
                       "networkInterfaces", g->conf->host,
                       "port", (json_int_t) g->conf->port,
                       "features", "sessions", "transactions", "video",
                       "compression", "uptime",
                       (json_int_t) (start ? (g->now - start) / 1000 : 0),
                       "timestamp", rooms_orchestrator_iso(g->now));
    rooms_orchestrator_answer(g, 200, answer);

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_list(rooms_orchestrator_t *g)
{
    rooms_decide_answer_json(g->d, 200, g->conf->list);

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_history(rooms_orchestrator_t *g)
{
    size_t                   i, total;
    json_t                  *params, *list, *tx;
    json_int_t               limit, offset;
    const char              *team, *token;
    rooms_route_match_t      match;
    rooms_schema_failure_t   failure;

    memset(&match, 0, sizeof(rooms_route_match_t));

    params = rooms_contract_params(rooms_contract_operation(g->conf->contract,
                                                            g->cmd->name),
                                   &match, g->cmd->query, &failure);
    if (params == NULL) {
        return rooms_orchestrator_invalid(g, failure.message);
    }

    if (!rooms_orchestrator_session_is(g->state, NULL)) {
        json_decref(params);
        return rooms_orchestrator_fail(g, &rooms_orchestrator_not_found,
                                       NULL);
    }

    limit = json_integer_value(json_object_get(params, "limit"));
    offset = json_integer_value(json_object_get(params, "offset"));
    team = rooms_orchestrator_text(params, "teamId");
    token = rooms_orchestrator_text(params, "tokenId");

    list = json_array();
    total = 0;

    json_array_foreach(json_object_get(g->state, "txs"), i, tx) {
        if ((*team && strcmp(rooms_orchestrator_text(tx, "teamId"), team))
            || (*token && strcmp(rooms_orchestrator_text(tx, "tokenId"),
                                 token)))
        {
            continue;
        }

        if ((json_int_t) total >= offset
            && (json_int_t) total < offset + limit)
        {
            (void) json_array_append(list, tx);
        }

        total++;
    }

    rooms_orchestrator_answer(g, 200, json_pack("{s:o, s:I}", "transactions",
                                                list, "total",
                                                (json_int_t) total));
    json_decref(params);

    return ROOMS_OK;
}


static const rooms_orchestrator_command_t  rooms_orchestrator_operations[] = {
    { "adminAuth", rooms_orchestrator_auth },
    { "getState", rooms_orchestrator_get_state },
    { "getSession", rooms_orchestrator_get_session },
    { "getSessionById", rooms_orchestrator_get_session },
    { "createSession", rooms_orchestrator_create_session },
    { "updateSession", rooms_orchestrator_update_session },
    { "scanToken", rooms_orchestrator_scan },
    { "scanBatch", rooms_orchestrator_batch },
    { "controlVideo", rooms_orchestrator_video_control },
    { "getStatus", rooms_orchestrator_status },
    { "getStateStatus", rooms_orchestrator_status },
    { "listTokens", rooms_orchestrator_list },
    { "listTransactions", rooms_orchestrator_history },
    { "resetScores", rooms_orchestrator_reset_scores },
    { "clearTransactions", rooms_orchestrator_clear_transactions },
    { NULL, NULL }
};


static const rooms_orchestrator_command_t *
rooms_orchestrator_operation(rooms_str_t id)
{
    const rooms_orchestrator_command_t  *c;

    for (c = rooms_orchestrator_operations; c->name != NULL; c++) {
        if (rooms_option_is(id, c->name)) {
            return c;
        }
    }

    return NULL;
}


unsigned
rooms_orchestrator_serves(rooms_str_t operation)
{
    return rooms_orchestrator_operation(operation) != NULL;
}


rooms_int_t
rooms_orchestrator_rest(rooms_orchestrator_t *g)
{
    const rooms_orchestrator_command_t  *c;

    c = rooms_orchestrator_operation(g->cmd->name);

    if (c != NULL) {
        return c->handler(g);
    }

    rooms_orchestrator_refuse(g->conf, g->cmd, ROOMS_REFUSE_UNKNOWN,
                              rooms_str(NULL, 0), g->d);

    return ROOMS_OK;
}
