
/*
 * Copyright (C) nginx rooms contributors
 *
 * Plays a game: two octets choose a command and who gives it.  Whatever was
 * played, the scores are those of the transactions, a token is accepted once,
 * stations have places, and a state that was restored from a snapshot on the
 * way is the same as one that has seen every fact.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_orchestrator.h>


#define FUZZ_TOKENS                                                          \
    "{\"tokens\":["                                                          \
    "{\"id\":\"A\",\"name\":\"a\",\"value\":10,\"mediaAssets\":{}},"         \
    "{\"id\":\"B\",\"name\":\"b\",\"value\":5,\"groupId\":\"G\","            \
    "\"mediaAssets\":{}},"                                                   \
    "{\"id\":\"C\",\"name\":\"c\",\"value\":6,\"groupId\":\"G\","            \
    "\"mediaAssets\":{}},"                                                   \
    "{\"id\":\"V\",\"name\":\"v\",\"value\":1,"                              \
    "\"mediaAssets\":{\"video\":\"v\"},\"metadata\":{\"duration\":2}}]}"

#define FUZZ_ADMIN                                                           \
    "{\"password\":\"p\",\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\","      \
    "\"kid\":\"1\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}"


#define need(x)                                                               \
    if (!(x)) {                                                               \
        (void) fprintf(stderr, "%d: %s\n", __LINE__, #x);                     \
        abort();                                                              \
    }


typedef struct {
    void               *conf;
    void               *state;
    void               *other;           /* restored now and then */
    rooms_decision_t    d;
    uint64_t            now;
    uint64_t            id;
    char                token[600];      /* "Bearer ..." */
    unsigned            reset;           /* scores are not the sum */
    unsigned char       random[ROOMS_RANDOM_LEN];
} fuzz_t;


static const rooms_app_t *const  app = &rooms_orchestrator_app;

static const char *const  statuses[] = {
    "active", "paused", "completed", "archived"
};

static const char *const  controls[] = { "play", "pause", "stop", "skip" };

static const char *const  tokens[] = { "A", "B", "C", "V", "NONE" };


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static const json_t *
root(void *state)
{
    rooms_orchestrator_state_t  *s = state;

    return s ? s->root : NULL;
}


static void
run(fuzz_t *f, rooms_command_t *cmd)
{
    unsigned     i;
    rooms_str_t  fact;

    for (i = 0; i < ROOMS_RANDOM_LEN; i++) {
        f->random[i] = (unsigned char) (f->random[i] * 5 + i + 1);
    }

    cmd->now = f->now;
    cmd->epoch = 7;
    cmd->random = f->random;
    cmd->healthy = 1;
    cmd->ack = 1;

    rooms_decision_reset(&f->d);
    need(app->decide(f->conf, f->state, cmd, &f->d) == ROOMS_OK);
    need(!rooms_decision_failed(&f->d));

    for (i = 0; i < f->d.nrecords; i++) {
        f->id += ROOMS_MESSAGE_IDS;
        fact = rooms_decision_str(&f->d, f->d.records[i].fact);

        need(app->evolve(f->conf, &f->state, f->id, fact) == ROOMS_OK);
        need(app->evolve(f->conf, &f->other, f->id, fact) == ROOMS_OK);
    }
}


static void
socket_run(fuzz_t *f, rooms_command_kind_e kind, unsigned who,
    const char *name, json_t *arg)
{
    char             sid[21], data[16];
    rooms_caller_t   caller;
    rooms_command_t  cmd;

    memset(&cmd, 0, sizeof(rooms_command_t));
    memset(&caller, 0, sizeof(rooms_caller_t));

    (void) snprintf(sid, sizeof(sid), "sid-%016u", who);
    (void) snprintf(data, sizeof(data), "-7-%x", (unsigned) f->id % 64);

    caller.sid = str(sid);
    caller.nsp = str("/");
    caller.data = str(data);
    caller.recoverable = 1;

    cmd.kind = kind;
    cmd.caller = &caller;
    cmd.name = str(name);
    cmd.gone = (rooms_gone_e) (who % 3);
    cmd.missed = (int64_t) (who * 20) - 1;
    cmd.address = str("127.0.0.1");

    if (kind == ROOMS_CMD_EVENT) {
        cmd.args = json_pack("[o]", arg);

    } else {
        cmd.body = arg;
    }

    run(f, &cmd);

    json_decref(cmd.args);
    json_decref(cmd.body);
}


static void
rest_run(fuzz_t *f, const char *name, json_t *body)
{
    rooms_command_t  cmd;

    memset(&cmd, 0, sizeof(rooms_command_t));

    cmd.kind = ROOMS_CMD_REST;
    cmd.name = str(name);
    cmd.body = body;
    cmd.address = str("127.0.0.1");
    cmd.authorization = str(f->token);

    run(f, &cmd);

    json_decref(body);
}


static void
auth(fuzz_t *f)
{
    json_t       *answer;
    rooms_str_t   text;

    rest_run(f, "adminAuth", json_pack("{s:s}", "password", "p"));

    text = rooms_decision_str(&f->d, f->d.answer);
    answer = json_loadb((const char *) text.data, text.len, 0, NULL);

    (void) snprintf(f->token, sizeof(f->token), "Bearer %s",
                    rooms_orchestrator_text(answer, "token"));
    json_decref(answer);
}


static void
step(fuzz_t *f, unsigned op, unsigned arg)
{
    char       id[8];
    unsigned   who;

    who = arg % 8;
    (void) snprintf(id, sizeof(id), "GM_%u", arg / 8 % 7);

    switch (op % 14) {

    case 0:
    case 1:
        socket_run(f, ROOMS_CMD_EVENT, who, "gm:identify",
                   json_pack("{s:s, s:s}", "stationId", id, "version",
                             "1.0.0"));
        break;

    case 2:
    case 3:
    case 4:
        socket_run(f, ROOMS_CMD_EVENT, who, "transaction:submit",
                   json_pack("{s:s, s:s, s:s}", "tokenId",
                             tokens[arg / 8 % 5], "teamId",
                             arg & 128 ? "TEAM_A" : "TEAM_B", "scannerId",
                             "s"));
        break;

    case 5:
        socket_run(f, ROOMS_CMD_DISCONNECT, who, "", NULL);
        break;

    case 6:
        f->now += arg * 40;
        socket_run(f, ROOMS_CMD_TICK, who, "", NULL);
        break;

    case 7:
        socket_run(f, ROOMS_CMD_EVENT, who, arg & 8 ? "state:request"
                                                    : "heartbeat",
                   json_pack("{s:s}", "stationId", id));
        break;

    case 8:
        rest_run(f, "scanToken", json_pack("{s:s, s:s, s:s}", "tokenId",
                                           tokens[arg % 5], "teamId",
                                           "TEAM_A", "scannerId", id));
        break;

    case 9:
        rest_run(f, "controlVideo", json_pack("{s:s, s:s}", "command",
                                              controls[arg % 4], "tokenId",
                                              arg & 4 ? "V" : ""));
        break;

    case 10:
        rest_run(f, "updateSession", json_pack("{s:s}", "status",
                                               statuses[arg % 4]));
        break;

    case 11:
        rest_run(f, "createSession", json_pack("{s:s}", "name", id));
        f->reset = 0;
        break;

    case 12:
        if (arg & 128) {
            socket_run(f, ROOMS_CMD_HEARD, who, "", NULL);

        } else if (root(f->state) != NULL) {
            socket_run(f, ROOMS_CMD_REPLAY, who, "", NULL);
        }

        break;

    case 13:
        if (arg < 32) {
            rest_run(f, arg & 1 ? "resetScores" : "clearTransactions", NULL);
            f->reset = 1;
        }

        break;
    }
}


static void
check_scores(const fuzz_t *f)
{
    size_t       i;
    json_t      *tx, *score, *points, *seen;
    json_int_t   n;
    const char  *team, *token;

    points = json_object();
    seen = json_object();

    json_array_foreach(json_object_get(root(f->state), "txs"), i, tx) {

        n = json_integer_value(json_object_get(tx, "points"));

        if (strcmp(rooms_orchestrator_text(tx, "status"), "accepted") != 0) {
            need(n == 0);
            continue;
        }

        token = rooms_orchestrator_text(tx, "tokenId");
        team = rooms_orchestrator_text(tx, "teamId");

        need(json_object_get(seen, token) == NULL);
        (void) json_object_set_new(seen, token, json_true());

        n += json_integer_value(json_object_get(points, team));
        (void) json_object_set_new(points, team, json_integer(n));
    }

    need(json_object_size(seen)
         == json_object_size(json_object_get(root(f->state), "claims")));

    json_object_foreach(json_object_get(root(f->state), "scores"), team,
                        score)
    {
        n = json_integer_value(json_object_get(points, team))
            + json_integer_value(json_object_get(score, "bonusPoints"));

        need(f->reset
             || n == json_integer_value(json_object_get(score,
                                                        "currentScore")));
    }

    json_decref(points);
    json_decref(seen);
}


static void
check(fuzz_t *f, unsigned restore)
{
    json_t       *device;
    unsigned      stations;
    const char   *id;
    rooms_buf_t   b;

    if (f->state == NULL) {
        return;
    }

    check_scores(f);

    stations = 0;

    json_object_foreach(json_object_get(root(f->state), "devices"), id,
                        device)
    {
        stations += strcmp(rooms_orchestrator_text(device, "type"), "gm") == 0
                    && strcmp(rooms_orchestrator_text(device, "status"),
                              "connected")
                       == 0;
        need(json_array_size(json_object_get(device, "former"))
             <= ROOMS_ORCHESTRATOR_FORMER);
    }

    need(stations <= 5);

    if (restore) {
        rooms_buf_init(&b, 0);
        app->snapshot(f->state, &b);
        need(app->restore(f->conf, &f->other, rooms_str(b.data, b.len))
             == ROOMS_OK);
        rooms_buf_free(&b);
    }

    need(json_equal(root(f->state), root(f->other)));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char         err[ROOMS_APP_ERROR];
    fuzz_t       f;
    size_t       i;
    rooms_int_t  rc;

    memset(&f, 0, sizeof(fuzz_t));

    f.conf = app->create();
    f.now = UINT64_C(1759235696789);
    rooms_decision_init(&f.d);

    rc = app->option(f.conf, str("tokens"), str(FUZZ_TOKENS), err);
    need(rc == ROOMS_OK);
    rc = app->option(f.conf, str("admin"), str(FUZZ_ADMIN), err);
    need(rc == ROOMS_OK);
    rc = app->init(f.conf, NULL, err);
    need(rc == ROOMS_OK);

    auth(&f);

    for (i = 0; i + 1 < size && i < 1000; i += 2) {
        step(&f, data[i], data[i + 1]);
        check(&f, data[i] >= 224);
    }

    check(&f, 1);

    if (f.state != NULL) {
        app->release(f.state);
        app->release(f.other);
    }

    rooms_decision_free(&f.d);
    app->destroy(f.conf);

    return 0;
}
