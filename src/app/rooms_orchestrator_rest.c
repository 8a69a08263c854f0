
/*
 * Copyright (C) nginx rooms contributors
 *
 * The REST operations: admin, session, scans, video, status.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_orchestrator.h>


#define ROOMS_ORCHESTRATOR_TOKEN_TIME  86400     /* s */
#define ROOMS_ORCHESTRATOR_FAILS       5
#define ROOMS_ORCHESTRATOR_FAILS_TIME  60000     /* ms */
#define ROOMS_ORCHESTRATOR_BATCH       32


static const rooms_orchestrator_error_t  rooms_orchestrator_wrong = {
    "AUTH_REQUIRED", "Authentication failed", 401
};

static const rooms_orchestrator_error_t  rooms_orchestrator_not_found = {
    "NOT_FOUND", "There is no such session", 404
};

static const rooms_orchestrator_error_t  rooms_orchestrator_no_token = {
    "NOT_FOUND", "There is no such token", 404
};

static const rooms_orchestrator_error_t  rooms_orchestrator_conflict = {
    "CONFLICT", "The session cannot go into that state", 409
};

static const rooms_orchestrator_error_t  rooms_orchestrator_failures = {
    "RATE_LIMIT", "Too many failures", 429
};


unsigned
rooms_orchestrator_admits(const rooms_orchestrator_conf_t *conf,
    rooms_str_t token, uint64_t now)
{
    json_t             *claims;
    unsigned            admin;
    rooms_jwt_rules_t   rules;

    memset(&rules, 0, sizeof(rooms_jwt_rules_t));

    if (conf->keys == NULL
        || rooms_jwt_verify(conf->keys, &rules, token, now, &claims)
           != ROOMS_JWT_OK)
    {
        return 0;
    }

    admin = strcmp(rooms_orchestrator_text(claims, "role"), "admin") == 0;
    json_decref(claims);

    return admin;
}


/* 1: not an admin, which has been answered */

static unsigned
rooms_orchestrator_denied(rooms_orchestrator_t *g)
{
    rooms_str_t  header;

    header = g->cmd->authorization;

    if (header.len > 7 && strncmp((const char *) header.data, "Bearer ", 7)
                          == 0
        && rooms_orchestrator_admits(g->conf, rooms_str(header.data + 7,
                                                        header.len - 7),
                                     g->cmd->now))
    {
        return 0;
    }

    (void) rooms_orchestrator_fail(g, &rooms_orchestrator_auth_required,
                                   NULL);

    return 1;
}


/* In a time that does not tell where they differ. */

static unsigned
rooms_orchestrator_same(const char *a, const char *b)
{
    size_t         i, n, m;
    unsigned char  diff;

    n = strlen(a);
    m = strlen(b);
    diff = (unsigned char) (n != m);

    for (i = 0; i < n; i++) {
        diff |= (unsigned char) (a[i] ^ b[m ? i % m : 0]);
    }

    return diff == 0;
}


static rooms_int_t
rooms_orchestrator_failed(rooms_orchestrator_t *g, json_t *times,
    const char *from)
{
    (void) json_array_append_new(times, json_integer((json_int_t) g->now));

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s, s:o}", "f", "fails",
                                         "from", from, "times", times));

    return rooms_orchestrator_fail(g, &rooms_orchestrator_wrong, NULL);
}


static rooms_int_t
rooms_orchestrator_grant(rooms_orchestrator_t *g)
{
    char       *token;
    json_t     *claims;
    uint64_t    now;

    now = g->cmd->now / 1000;

    claims = json_pack("{s:s, s:s, s:I, s:I}", "sub", "admin",
                       "role", "admin", "iat", (json_int_t) now, "exp",
                       (json_int_t) (now + ROOMS_ORCHESTRATOR_TOKEN_TIME));
    token = rooms_jwt_sign(g->conf->keys, claims);
    json_decref(claims);

    if (token == NULL) {
        return ROOMS_ERROR;
    }

    rooms_orchestrator_answer(g, 200, json_pack("{s:s, s:i}", "token", token,
                                                "expiresIn",
                                                ROOMS_ORCHESTRATOR_TOKEN_TIME
                                                ));
    free(token);

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_auth(rooms_orchestrator_t *g)
{
    char        from[64], wait[24];
    size_t      i;
    json_t     *times, *time;
    uint64_t    oldest;

    (void) snprintf(from, sizeof(from), "%.*s", (int) g->cmd->address.len,
                    (const char *) g->cmd->address.data);

    times = json_array();
    oldest = 0;

    json_array_foreach(rooms_orchestrator_get(g->state, "fails", from), i,
                       time)
    {
        if ((uint64_t) json_integer_value(time)
            + ROOMS_ORCHESTRATOR_FAILS_TIME > g->now)
        {
            oldest = oldest ? oldest : (uint64_t) json_integer_value(time);
            (void) json_array_append(times, time);
        }
    }

    if (json_array_size(times) >= ROOMS_ORCHESTRATOR_FAILS) {
        json_decref(times);

        (void) snprintf(wait, sizeof(wait), "%u",
                        (unsigned) ((oldest + ROOMS_ORCHESTRATOR_FAILS_TIME
                                     - g->now + 999) / 1000));
        rooms_decide_header(g->d, "Retry-After", wait);

        return rooms_orchestrator_fail(g, &rooms_orchestrator_failures, NULL);
    }

    if (g->conf->password == NULL
        || !rooms_orchestrator_same(rooms_orchestrator_text(g->cmd->body,
                                                            "password"),
                                    g->conf->password))
    {
        return rooms_orchestrator_failed(g, times, from);
    }

    json_decref(times);

    return rooms_orchestrator_grant(g);
}


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
rooms_orchestrator_get_session(rooms_orchestrator_t *g)
{
    unsigned      i;
    json_t       *past;
    const char   *name;
    rooms_str_t   id;

    id = rooms_str(NULL, 0);

    for (i = 0; i < g->cmd->nparams; i++) {
        id = g->cmd->params[i].value;
    }

    name = rooms_orchestrator_text(json_object_get(g->state, "session"),
                                   "id");

    if (rooms_orchestrator_session_is(g->state, NULL)
        && (g->cmd->nparams == 0 || rooms_option_is(id, name)))
    {
        rooms_orchestrator_answer(g, 200,
                                  rooms_orchestrator_summary(g->state));
        return ROOMS_OK;
    }

    json_object_foreach(json_object_get(g->state, "past"), name, past) {
        if (g->cmd->nparams && rooms_option_is(id, name)) {
            rooms_decide_answer_json(g->d, 200, past);
            return ROOMS_OK;
        }
    }

    return rooms_orchestrator_fail(g, &rooms_orchestrator_not_found, NULL);
}


static rooms_int_t
rooms_orchestrator_create_session(rooms_orchestrator_t *g)
{
    char     location[ROOMS_ORCHESTRATOR_UUID + 20];
    json_t  *fact, *after;

    if (rooms_orchestrator_denied(g)) {
        return ROOMS_OK;
    }

    fact = rooms_orchestrator_new_session(g,
               rooms_orchestrator_text(g->cmd->body, "name"),
               json_object_get(g->cmd->body, "teams"));
    after = g->state ? json_deep_copy(g->state) : rooms_orchestrator_empty();

    if (fact == NULL || after == NULL
        || rooms_orchestrator_apply(after, 0, fact) != ROOMS_OK)
    {
        json_decref(fact);
        json_decref(after);
        return ROOMS_ERROR;
    }

    (void) snprintf(location, sizeof(location), "/api/session/%s",
                    rooms_orchestrator_text(fact, "id"));

    rooms_decide_header(g->d, "Location", location);
    rooms_orchestrator_answer(g, 201, rooms_orchestrator_summary(after));
    rooms_orchestrator_fact(g, fact);

    json_decref(after);

    return ROOMS_OK;
}


static unsigned
rooms_orchestrator_may(const char *from, const char *to)
{
    if (strcmp(from, to) == 0) {
        return 1;
    }

    if (strcmp(from, "active") == 0) {
        return strcmp(to, "paused") == 0 || strcmp(to, "completed") == 0;
    }

    if (strcmp(from, "paused") == 0) {
        return strcmp(to, "active") == 0 || strcmp(to, "completed") == 0;
    }

    return strcmp(from, "completed") == 0 && strcmp(to, "archived") == 0;
}


static rooms_int_t
rooms_orchestrator_update_session(rooms_orchestrator_t *g)
{
    json_t      *fact, *after;
    const char  *status;

    if (rooms_orchestrator_denied(g)) {
        return ROOMS_OK;
    }

    if (!rooms_orchestrator_session_is(g->state, NULL)) {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_not_found,
                                       NULL);
    }

    status = rooms_orchestrator_text(g->cmd->body, "status");

    if (*status
        && !rooms_orchestrator_may(rooms_orchestrator_text(
                                       json_object_get(g->state, "session"),
                                       "status"),
                                   status))
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_conflict, NULL);
    }

    fact = json_pack("{s:s, s:O*, s:O*, s:I}", "f", "status",
                     "status", json_object_get(g->cmd->body, "status"),
                     "name", json_object_get(g->cmd->body, "name"),
                     "at", (json_int_t) g->now);
    after = json_deep_copy(g->state);

    if (fact == NULL || after == NULL
        || rooms_orchestrator_apply(after, 0, fact) != ROOMS_OK)
    {
        json_decref(fact);
        json_decref(after);
        return ROOMS_ERROR;
    }

    rooms_orchestrator_answer(g, 200, rooms_orchestrator_summary(after));
    rooms_orchestrator_fact(g, fact);

    json_decref(after);

    return ROOMS_OK;
}


/* XG-14: a scanner is known by its first scan. */

static void
rooms_orchestrator_player(rooms_orchestrator_t *g, const char *id)
{
    json_t  *device, *fact, *payload;

    device = rooms_orchestrator_get(g->state, "devices", id);

    if (device != NULL) {
        if (strcmp(rooms_orchestrator_text(device, "type"), "player") == 0
            && strcmp(rooms_orchestrator_text(device, "status"), "connected")
               == 0)
        {
            rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "beat",
                                                 "id", id));
            return;
        }

        if (strcmp(rooms_orchestrator_text(device, "type"), "player") != 0) {
            return;
        }
    }

    if (!rooms_orchestrator_session_is(g->state, NULL)
        || rooms_orchestrator_count(g->state, "player") >= g->conf->players)
    {
        return;
    }

    fact = json_pack("{s:s, s:s, s:s}", "f", "device", "id", id,
                     "type", "player");
    payload = json_pack("{s:s, s:s}", "deviceId", id, "type", "player");

    if (g->cmd->address.len) {
        (void) json_object_set_new(fact, "ip",
            json_stringn((const char *) g->cmd->address.data,
                         g->cmd->address.len));
        (void) json_object_set_new(payload, "ipAddress",
            json_stringn((const char *) g->cmd->address.data,
                         g->cmd->address.len));
    }

    rooms_orchestrator_fact(g, fact);
    rooms_orchestrator_message(g, ROOMS_TO_ALL, rooms_str(NULL, 0),
                               "device:connected", payload, 0);
}


static void
rooms_orchestrator_scanned(rooms_orchestrator_t *g, const json_t *scan)
{
    rooms_orchestrator_fact(g, json_pack("{s:s, s:O}", "f", "scan", "token",
                                         json_object_get(scan, "tokenId")));
}


static rooms_int_t
rooms_orchestrator_scan(rooms_orchestrator_t *g)
{
    json_t      *token;
    uint64_t     wait;
    unsigned     video;
    const char  *id;

    id = rooms_orchestrator_text(g->cmd->body, "tokenId");
    token = rooms_orchestrator_token(g->conf, id);

    if (token == NULL) {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_no_token, NULL);
    }

    video = rooms_orchestrator_video_time(token) != 0;

    rooms_orchestrator_player(g, rooms_orchestrator_text(g->cmd->body,
                                                         "scannerId"));
    rooms_orchestrator_scanned(g, g->cmd->body);

    if (video && rooms_orchestrator_busy(g->state)) {
        wait = (rooms_orchestrator_left(g->state, g->now) + 999) / 1000;

        rooms_orchestrator_answer(g, 409,
            json_pack("{s:s, s:s, s:s, s:O, s:b, s:I}",
                      "status", "rejected",
                      "message", "A video is playing, please wait",
                      "tokenId", id, "mediaAssets",
                      json_object_get(token, "mediaAssets"),
                      "videoPlaying", 1, "waitTime", (json_int_t) wait));
        return ROOMS_OK;
    }

    if (video) {
        rooms_orchestrator_play(g, id,
                                rooms_orchestrator_text(g->cmd->body,
                                                        "scannerId"));
    }

    rooms_orchestrator_answer(g, 200,
        json_pack("{s:s, s:s, s:s, s:O, s:b}", "status", "accepted",
                  "message", video ? "Video is loading" : "Token scanned",
                  "tokenId", id, "mediaAssets",
                  json_object_get(token, "mediaAssets"),
                  "videoPlaying", (int) (video
                                       || rooms_orchestrator_busy(g->state))));

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_batch(rooms_orchestrator_t *g)
{
    size_t       i;
    json_t      *scans, *scan, *token, *result, *results;
    unsigned     busy, video;
    const char  *id, *scanner;

    scans = json_object_get(g->cmd->body, "transactions");
    results = json_array();
    busy = rooms_orchestrator_busy(g->state);
    scanner = "";

    json_array_foreach(scans, i, scan) {
        id = rooms_orchestrator_text(scan, "tokenId");
        token = rooms_orchestrator_token(g->conf, id);
        video = token != NULL && !busy
                && rooms_orchestrator_video_time(token) != 0;

        result = json_copy(scan);
        (void) json_object_set_new(result, "status",
                                   json_string(token ? "processed"
                                                     : "failed"));
        (void) json_object_set_new(result, "videoQueued",
                                   json_boolean(video));
        (void) json_array_append_new(results, result);

        if (token == NULL) {
            continue;
        }

        if (strcmp(scanner, rooms_orchestrator_text(scan, "scannerId"))
            != 0)
        {
            scanner = rooms_orchestrator_text(scan, "scannerId");
            rooms_orchestrator_player(g, scanner);
        }

        rooms_orchestrator_scanned(g, scan);

        if (video) {
            rooms_orchestrator_play(g, id, scanner);
            busy = 1;
        }
    }

    rooms_orchestrator_answer(g, 200, json_pack("{s:o}", "results", results));

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


static rooms_int_t
rooms_orchestrator_reset(rooms_orchestrator_t *g, const char *what,
    const char *message)
{
    if (rooms_orchestrator_denied(g)) {
        return ROOMS_OK;
    }

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "reset",
                                         "what", what));
    rooms_orchestrator_answer(g, 200, json_pack("{s:b, s:s}", "success", 1,
                                                "message", message));

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_reset_scores(rooms_orchestrator_t *g)
{
    return rooms_orchestrator_reset(g, "scores", "All scores are reset");
}


static rooms_int_t
rooms_orchestrator_clear_transactions(rooms_orchestrator_t *g)
{
    return rooms_orchestrator_reset(g, "transactions",
                                    "All transactions are cleared");
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


rooms_int_t
rooms_orchestrator_rest(rooms_orchestrator_t *g)
{
    const rooms_orchestrator_command_t  *c;

    for (c = rooms_orchestrator_operations; c->name != NULL; c++) {
        if (rooms_option_is(g->cmd->name, c->name)) {
            return c->handler(g);
        }
    }

    rooms_orchestrator_refuse(g->conf, g->cmd, ROOMS_REFUSE_UNKNOWN,
                              rooms_str(NULL, 0), g->d);

    return ROOMS_OK;
}
