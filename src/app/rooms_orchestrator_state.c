
/*
 * Copyright (C) nginx rooms contributors
 *
 * The facts of a game, and what they do to its state.
 *
 * A fact is a JSON object: "f" is its kind, "at" the time.  What belongs to a
 * catalogue (points, bonuses, durations) stands in the fact, so that another
 * catalogue changes nothing that was decided before.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_orchestrator.h>


#define ROOMS_ORCHESTRATOR_KNOWN  256
#define ROOMS_ORCHESTRATOR_FROM   256


typedef struct {
    json_t          *root;
    const json_t    *fact;
    uint64_t         id;                     /* of the record */
    json_t          *at;
} rooms_orchestrator_change_t;


typedef struct {
    const char      *kind;
    unsigned         seen;                   /* GameState is another */
    rooms_int_t    (*apply)(rooms_orchestrator_change_t *c);
} rooms_orchestrator_kind_t;


static const char *const  rooms_orchestrator_objects[] = {
    "session", "claims", "scores", "scanned", "devices", "video", "past",
    "known", "fails", "clock", NULL
};

static const char *const  rooms_orchestrator_arrays[] = {
    "txs", "queue", NULL
};


json_t *
rooms_orchestrator_empty(void)
{
    return json_pack("{s:{}, s:{}, s:{}, s:{}, s:{}, s:{}, s:{}, s:{}, s:{},"
                     " s:{}, s:[], s:[]}",
                     "session", "claims", "scores", "scanned", "devices",
                     "video", "past", "known", "fails", "clock", "txs",
                     "queue");
}


static json_t *
rooms_orchestrator_part(rooms_orchestrator_change_t *c, const char *name)
{
    return json_object_get(c->root, name);
}


static json_t *
rooms_orchestrator_field(rooms_orchestrator_change_t *c, const char *name)
{
    return json_object_get(c->fact, name);
}


static rooms_int_t
rooms_orchestrator_set(json_t *object, const char *name, json_t *value)
{
    return json_object_set(object, name, value) == 0 ? ROOMS_OK : ROOMS_ERROR;
}


static rooms_int_t
rooms_orchestrator_set_new(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0 ? ROOMS_OK
                                                         : ROOMS_ERROR;
}


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


static rooms_int_t
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


static rooms_int_t
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


/* A station or player is there; its fields but "f", "at" and "id". */

static rooms_int_t
rooms_orchestrator_apply_device(rooms_orchestrator_change_t *c)
{
    json_t      *devices, *device, *value;
    const char  *id, *name;

    id = rooms_orchestrator_text(c->fact, "id");
    devices = rooms_orchestrator_part(c, "devices");

    if (*id == '\0' || !json_is_string(rooms_orchestrator_field(c, "type"))) {
        return ROOMS_ERROR;
    }

    if (json_object_get(devices, id) == NULL
        && rooms_orchestrator_set_new(devices, id, json_pack("{s:O}", "since",
                                                             c->at))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    device = json_object_get(devices, id);

    json_object_foreach((json_t *) c->fact, name, value) {
        if (strcmp(name, "f") != 0 && strcmp(name, "at") != 0
            && strcmp(name, "id") != 0
            && rooms_orchestrator_set(device, name, value) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    if (rooms_orchestrator_set_new(device, "status", json_string("connected"))
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set(device, "beat", c->at);
}


static rooms_int_t
rooms_orchestrator_apply_away(rooms_orchestrator_change_t *c)
{
    json_t  *device;

    device = json_object_get(rooms_orchestrator_part(c, "devices"),
                             rooms_orchestrator_text(c->fact, "id"));

    if (device == NULL
        || rooms_orchestrator_set_new(device, "status",
                                      json_string("disconnected"))
           != ROOMS_OK
        || rooms_orchestrator_set(device, "away", c->at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set_new(device, "at",
                                      json_integer((json_int_t) c->id));
}


static rooms_int_t
rooms_orchestrator_apply_forget(rooms_orchestrator_change_t *c)
{
    json_t      *known;
    const char  *id;

    id = rooms_orchestrator_text(c->fact, "id");
    known = rooms_orchestrator_part(c, "known");

    if (json_object_del(rooms_orchestrator_part(c, "devices"), id) != 0) {
        return ROOMS_ERROR;
    }

    if (json_object_size(known) >= ROOMS_ORCHESTRATOR_KNOWN) {
        (void) json_object_clear(known);
    }

    return rooms_orchestrator_set_new(known, id, json_true());
}


static rooms_int_t
rooms_orchestrator_apply_beat(rooms_orchestrator_change_t *c)
{
    json_t  *device;

    device = json_object_get(rooms_orchestrator_part(c, "devices"),
                             rooms_orchestrator_text(c->fact, "id"));

    if (device == NULL
        || rooms_orchestrator_set(device, "beat", c->at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (rooms_orchestrator_field(c, "sync") == NULL) {
        return ROOMS_OK;
    }

    return rooms_orchestrator_set(device, "synced", c->at);
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


static rooms_int_t
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


static rooms_int_t
rooms_orchestrator_apply_scan(rooms_orchestrator_change_t *c)
{
    return rooms_orchestrator_count_scan(c,
                                     rooms_orchestrator_text(c->fact,
                                                             "token"));
}


static json_t *
rooms_orchestrator_item(rooms_orchestrator_change_t *c)
{
    json_t  *queue;

    queue = rooms_orchestrator_part(c, "queue");

    return json_array_get(queue, json_array_size(queue) - 1);
}


static rooms_int_t
rooms_orchestrator_load(rooms_orchestrator_change_t *c)
{
    json_t  *queue, *video;

    queue = rooms_orchestrator_part(c, "queue");
    video = rooms_orchestrator_part(c, "video");

    if (!json_is_string(rooms_orchestrator_field(c, "token"))
        || !json_is_integer(rooms_orchestrator_field(c, "duration"))
        || !json_is_string(rooms_orchestrator_field(c, "by"))
        || !json_is_object(rooms_orchestrator_field(c, "item")))
    {
        return ROOMS_ERROR;
    }

    (void) json_object_clear(video);

    if (json_array_append(queue, rooms_orchestrator_field(c, "item")) != 0
        || rooms_orchestrator_set(video, "token",
                                  rooms_orchestrator_field(c, "token"))
           != ROOMS_OK
        || rooms_orchestrator_set(video, "duration",
                                  rooms_orchestrator_field(c, "duration"))
           != ROOMS_OK
        || rooms_orchestrator_set(video, "by",
                                  rooms_orchestrator_field(c, "by"))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (json_array_size(queue) > ROOMS_ORCHESTRATOR_VIDEOS) {
        (void) json_array_remove(queue, 0);
    }

    return ROOMS_OK;
}


/* The state of an item follows from that of the video. */

static rooms_int_t
rooms_orchestrator_follow(rooms_orchestrator_change_t *c, const char *status)
{
    json_t      *item, *time;
    const char  *was;

    item = rooms_orchestrator_item(c);

    if (item == NULL) {
        return ROOMS_OK;
    }

    was = rooms_orchestrator_text(item, "status");
    time = rooms_orchestrator_iso((uint64_t) json_integer_value(c->at));

    if (strcmp(status, "playing") == 0 && strcmp(was, "pending") == 0) {
        (void) json_object_set(item, "playbackStart", time);
        (void) json_object_set_new(item, "status", json_string("playing"));

    } else if (strcmp(status, "error") == 0) {
        (void) json_object_set(item, "error",
                               rooms_orchestrator_field(c, "error"));
        (void) json_object_set_new(item, "status", json_string("failed"));

    } else if ((strcmp(status, "completed") == 0
                || strcmp(status, "idle") == 0)
               && (strcmp(was, "playing") == 0 || strcmp(was, "pending") == 0))
    {
        (void) json_object_set(item, "playbackEnd", time);
        (void) json_object_set_new(item, "status", json_string("completed"));
    }

    json_decref(time);

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_apply_video(rooms_orchestrator_change_t *c)
{
    json_t      *video, *status;
    uint64_t     played;
    const char  *was, *text;

    video = rooms_orchestrator_part(c, "video");
    status = rooms_orchestrator_field(c, "status");
    text = rooms_orchestrator_text(c->fact, "status");

    if (*text == '\0') {
        return ROOMS_ERROR;
    }

    if (strcmp(text, "loading") == 0) {
        if (rooms_orchestrator_load(c) != ROOMS_OK) {
            return ROOMS_ERROR;
        }

    } else if (json_object_size(video) == 0) {
        return ROOMS_ERROR;
    }

    if (strcmp(text, "idle") == 0) {
        (void) rooms_orchestrator_follow(c, text);
        (void) json_object_clear(video);
        return ROOMS_OK;
    }

    played = rooms_orchestrator_shown(c->root,
                                      (uint64_t) json_integer_value(c->at));
    was = rooms_orchestrator_text(video, "status");

    if (strcmp(text, "playing") == 0 && strcmp(was, "loading") == 0
        && rooms_orchestrator_set(video, "start", c->at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (rooms_orchestrator_set_new(video, "played",
                                   json_integer((json_int_t) played))
        != ROOMS_OK
        || rooms_orchestrator_set(video, "since", c->at) != ROOMS_OK
        || rooms_orchestrator_set(video, "status", status) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_follow(c, text);
}


static rooms_int_t
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


/* Times of wrong passwords: those of the list replace those there were. */

static rooms_int_t
rooms_orchestrator_apply_fails(rooms_orchestrator_change_t *c)
{
    json_t      *fails, *times;
    const char  *from;

    fails = rooms_orchestrator_part(c, "fails");
    times = rooms_orchestrator_field(c, "times");
    from = rooms_orchestrator_text(c->fact, "from");

    if (!json_is_array(times)) {
        return ROOMS_ERROR;
    }

    if (json_array_size(times) == 0) {
        (void) json_object_del(fails, from);
        return ROOMS_OK;
    }

    if (json_object_size(fails) >= ROOMS_ORCHESTRATOR_FROM) {
        (void) json_object_clear(fails);
    }

    return rooms_orchestrator_set(fails, from, times);
}


static rooms_int_t
rooms_orchestrator_apply_told(rooms_orchestrator_change_t *c)
{
    json_t  *clock;

    clock = rooms_orchestrator_part(c, "clock");
    (void) json_object_del(clock, "open");

    return rooms_orchestrator_set(clock, "told", c->at);
}


static const rooms_orchestrator_kind_t  rooms_orchestrator_kinds[] = {
    { "session", 1, rooms_orchestrator_apply_session },
    { "status", 1, rooms_orchestrator_apply_status },
    { "device", 0, rooms_orchestrator_apply_device },
    { "away", 0, rooms_orchestrator_apply_away },
    { "forget", 0, rooms_orchestrator_apply_forget },
    { "beat", 0, rooms_orchestrator_apply_beat },
    { "tx", 1, rooms_orchestrator_apply_tx },
    { "scan", 0, rooms_orchestrator_apply_scan },
    { "video", 1, rooms_orchestrator_apply_video },
    { "reset", 1, rooms_orchestrator_apply_reset },
    { "fails", 0, rooms_orchestrator_apply_fails },
    { "told", 0, rooms_orchestrator_apply_told },
    { NULL, 0, NULL }
};


rooms_int_t
rooms_orchestrator_apply(json_t *root, uint64_t id, const json_t *fact)
{
    json_t                           *clock;
    const char                       *kind;
    rooms_orchestrator_change_t       c;
    const rooms_orchestrator_kind_t  *k;

    c.root = root;
    c.fact = fact;
    c.id = id;
    c.at = json_object_get(fact, "at");

    kind = rooms_orchestrator_text(fact, "f");
    clock = json_object_get(root, "clock");

    if (!json_is_integer(c.at) || json_integer_value(c.at) < 0) {
        return ROOMS_ERROR;
    }

    for (k = rooms_orchestrator_kinds; k->kind != NULL; k++) {
        if (strcmp(k->kind, kind) == 0) {
            break;
        }
    }

    if (k->kind == NULL || k->apply(&c) != ROOMS_OK
        || rooms_orchestrator_set(clock, "now", c.at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (json_object_get(clock, "first") == NULL
        && rooms_orchestrator_set(clock, "first", c.at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (!k->seen) {
        return ROOMS_OK;
    }

    if (rooms_orchestrator_set_new(clock, "open", json_true()) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set(clock, "updated", c.at);
}


static rooms_orchestrator_state_t *
rooms_orchestrator_new(json_t *root)
{
    rooms_orchestrator_state_t  *state;

    state = malloc(sizeof(rooms_orchestrator_state_t));

    if (state == NULL || root == NULL) {
        free(state);
        json_decref(root);
        return NULL;
    }

    state->root = root;

    return state;
}


rooms_int_t
rooms_orchestrator_evolve(const void *conf, void **data, uint64_t id,
    rooms_str_t text)
{
    json_t                      *fact;
    rooms_int_t                  rc;
    rooms_orchestrator_state_t  *state;

    (void) conf;

    fact = json_loadb((const char *) text.data, text.len, 0, NULL);
    state = *data;

    if (state == NULL) {
        state = rooms_orchestrator_new(rooms_orchestrator_empty());
    }

    if (fact == NULL || state == NULL) {
        rc = ROOMS_ERROR;

    } else {
        rc = rooms_orchestrator_apply(state->root, id, fact);
    }

    json_decref(fact);

    if (rc != ROOMS_OK && *data == NULL && state != NULL) {
        rooms_orchestrator_release(state);
        return rc;
    }

    *data = state;

    return rc;
}


static int
rooms_orchestrator_write(const char *data, size_t len, void *b)
{
    rooms_buf_append(b, data, len);

    return 0;
}


void
rooms_orchestrator_snapshot(const void *data, rooms_buf_t *b)
{
    const rooms_orchestrator_state_t  *state = data;

    if (json_dump_callback(state->root, rooms_orchestrator_write, b,
                           JSON_COMPACT)
        != 0)
    {
        b->failed = 1;
    }
}


rooms_int_t
rooms_orchestrator_restore(const void *conf, void **data,
    rooms_str_t snapshot)
{
    json_t                      *root;
    unsigned                     i, good;
    rooms_orchestrator_state_t  *state;

    (void) conf;

    root = json_loadb((const char *) snapshot.data, snapshot.len, 0, NULL);
    good = 1;

    for (i = 0; rooms_orchestrator_objects[i] != NULL; i++) {
        good &= json_is_object(json_object_get(root,
                                         rooms_orchestrator_objects[i]));
    }

    for (i = 0; rooms_orchestrator_arrays[i] != NULL; i++) {
        good &= json_is_array(json_object_get(root,
                                         rooms_orchestrator_arrays[i]));
    }

    if (!good) {
        json_decref(root);
        return ROOMS_ERROR;
    }

    state = rooms_orchestrator_new(root);
    if (state == NULL) {
        return ROOMS_ERROR;
    }

    if (*data != NULL) {
        rooms_orchestrator_release(*data);
    }

    *data = state;

    return ROOMS_OK;
}


void
rooms_orchestrator_release(void *data)
{
    rooms_orchestrator_state_t  *state = data;

    json_decref(state->root);
    free(state);
}
