
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_platform.h>

#include "rooms_platform_same.h"


#define NOW   UINT64_C(1700000000000)
#define KEYS  "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"         \
    "\"cGxhdGZvcm0tZGVtby1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg\"}]}"
#define DATA  "{\"users\":[{\"id\":\"usr_a\",\"email\":\"a@b.c\",\"name\":"  \
    "\"A\",\"hash\":\"$6$x$y\"},{\"id\":\"usr_b\",\"email\":\"b@b.c\"}],"     \
    "\"apps\":[{\"appId\":\"app_lottery_v1\",\"appSecret\":\"sk\","          \
    "\"manifest\":{\"meta\":{\"name\":\"L\",\"version\":\"1.0.0\"},"         \
    "\"permissions\":[\"realtime:publish\"]}}]}"


/* A platform whose records are applied at once. */

typedef struct {
    rooms_platform_conf_t  *conf;
    rooms_contract_t       *contract;
    void                   *state;
    rooms_decision_t        d;
    uint64_t                now;
    uint64_t                id;
    unsigned                random;
} world_t;


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static int
setup(void **state)
{
    char                     err[ROOMS_APP_ERROR];
    json_t                  *doc;
    world_t                 *w;
    rooms_contract_error_t   e;

    w = calloc(1, sizeof(world_t));
    w->conf = rooms_platform_app.create();
    w->now = NOW;

    doc = json_loads("{\"asyncapi\":\"3.0.0\",\"operations\":{}}", 0, NULL);
    w->contract = rooms_contract_create(doc, NULL, NULL, &e);
    json_decref(doc);

    assert_non_null(w->contract);
    assert_int_equal(rooms_platform_app.option(w->conf, str("jwks"),
                                               str(KEYS), err), ROOMS_OK);
    assert_int_equal(rooms_platform_app.option(w->conf, str("data"),
                                               str(DATA), err), ROOMS_OK);
    assert_int_equal(rooms_platform_app.init(w->conf, w->contract, err),
                     ROOMS_OK);

    rooms_decision_init(&w->d);
    *state = w;

    return 0;
}


static int
teardown(void **state)
{
    world_t *w = *state;

    if (w->state) {
        rooms_platform_app.release(w->state);
    }

    rooms_decision_free(&w->d);
    rooms_platform_app.destroy(w->conf);
    rooms_contract_free(w->contract);
    free(w);

    return 0;
}


/* Decides, and evolves a second time through a snapshot. */

static void
command(world_t *w, rooms_command_t *cmd)
{
    void           *copy;
    unsigned        i;
    rooms_buf_t     b, again;
    unsigned char   random[ROOMS_RANDOM_LEN];

    memset(random, (int) ++w->random, sizeof(random));

    cmd->now = w->now;
    cmd->random = random;
    cmd->room = str("platform");

    rooms_decision_reset(&w->d);
    assert_int_equal(rooms_platform_app.decide(w->conf, w->state, cmd,
                                               &w->d), ROOMS_OK);
    assert_int_equal(rooms_decision_failed(&w->d), 0);

    for (i = 0; i < w->d.nrecords; i++) {

        if (w->d.records[i].room.len) {
            assert_int_equal(w->d.records[i].fact.len, 0);
            continue;
        }

        assert_int_equal(rooms_platform_app.evolve(w->conf, &w->state,
                             ++w->id,
                             rooms_decision_str(&w->d,
                                                w->d.records[i].fact)),
                         ROOMS_OK);
    }

    if (w->state == NULL) {
        return;
    }

    assert_true(same_index(w->state));

    copy = NULL;
    rooms_buf_init(&b, 0);
    rooms_buf_init(&again, 0);

    rooms_platform_app.snapshot(w->state, &b);
    assert_int_equal(rooms_platform_app.restore(w->conf, &copy,
                                                rooms_str(b.data, b.len)),
                     ROOMS_OK);
    rooms_platform_app.snapshot(copy, &again);

    assert_int_equal(b.len, again.len);
    assert_memory_equal(b.data, again.data, b.len);

    rooms_platform_app.release(copy);
    rooms_buf_free(&b);
    rooms_buf_free(&again);
}


static void
join(world_t *w, const char *sid, const char *nsp, const char *uid,
    uint64_t exp)
{
    char             *token;
    json_t           *claims, *auth;
    rooms_caller_t    caller;
    rooms_command_t   cmd;

    claims = json_pack("{s:s, s:I}", "userId", uid, "exp",
                       (json_int_t) exp / 1000);
    token = rooms_jwt_sign(w->conf->jwks, claims);
    auth = json_pack("{s:s}", "token", token);

    memset(&cmd, 0, sizeof(cmd));
    memset(&caller, 0, sizeof(caller));

    caller.sid = str(sid);
    caller.nsp = str(nsp);
    cmd.kind = ROOMS_CMD_CONNECT;
    cmd.name = str("connect");
    cmd.caller = &caller;
    cmd.body = auth;

    command(w, &cmd);

    json_decref(auth);
    json_decref(claims);
    free(token);
}


static json_t *
doc(world_t *w)
{
    return ((rooms_platform_state_t *) w->state)->doc;
}


static void
test_connect(void **state)
{
    world_t *w = *state;

    join(w, "s1", "/", "usr_nobody", NOW + 60000);
    assert_true(w->d.rejected);
    assert_null(w->state);

    join(w, "s1", "/", "usr_a", NOW + 60000);
    assert_false(w->d.rejected);
    assert_non_null(rooms_platform_at(doc(w), "conns", "s1", NULL));
    assert_int_equal(w->d.deadline, NOW + 60000);

    /* a later expiry does not move the deadline */

    join(w, "s2", "/", "usr_a", NOW + 120000);
    assert_true(w->d.keep_deadline);

    join(w, "s3", "/rooms/room_x", "usr_a", NOW + 60000);
    assert_true(w->d.rejected);
}


static void
test_expiry(void **state)
{
    world_t *w = *state;

    rooms_command_t  cmd;

    join(w, "s1", "/", "usr_a", NOW + 1000);

    memset(&cmd, 0, sizeof(cmd));
    cmd.kind = ROOMS_CMD_TICK;

    command(w, &cmd);
    assert_int_equal(w->d.deadline, NOW + 1000);
    assert_int_equal(w->d.messages.len, 0);

    w->now += 1000;
    command(w, &cmd);
    assert_true(w->d.messages.len > 0);
    assert_int_equal(w->d.deadline, w->now + 60000);

    w->now += 60000;
    command(w, &cmd);
    assert_true(w->d.messages.len > 0);
    assert_int_equal(w->d.deadline, 0);

    command(w, &cmd);
    assert_int_equal(w->d.messages.len, 0);
}


/* All of one moment, in several ticks; who expires later is left alone. */

static void
test_many_expire(void **state)
{
    char              sid[16];
    world_t          *w = *state;
    unsigned          i, told, ticks;
    rooms_command_t   cmd;

    for (i = 0; i < 300; i++) {
        (void) snprintf(sid, sizeof(sid), "s%u", i);
        join(w, sid, "/", "usr_a", NOW + (i < 280 ? 1000 : 900000));
    }

    memset(&cmd, 0, sizeof(cmd));
    cmd.kind = ROOMS_CMD_TICK;

    w->now += 1000;
    told = 0;
    ticks = 0;

    do {
        command(w, &cmd);
        ticks++;

        for (i = 0; i < w->d.nrecords; i++) {
            told += w->d.records[i].messages.len != 0;
        }

        w->now = w->d.deadline;

    } while (w->d.deadline < NOW + 30000);

    assert_int_equal(told, 280);
    assert_in_range(ticks, 2, 10);
    assert_in_range(w->now, NOW + 61000, NOW + 61100);

    for (i = 0; i < 20 && w->d.deadline < NOW + 900000; i++) {
        command(w, &cmd);
        w->now = w->d.deadline;
    }

    assert_int_equal(w->now, NOW + 900000);
}


static void
test_gone(void **state)
{
    world_t *w = *state;

    rooms_caller_t   caller;
    rooms_command_t  cmd;

    join(w, "s1", "/", "usr_a", NOW + 60000);

    memset(&cmd, 0, sizeof(cmd));
    memset(&caller, 0, sizeof(caller));
    caller.sid = str("s1");
    caller.nsp = str("/");
    cmd.kind = ROOMS_CMD_DISCONNECT;
    cmd.caller = &caller;

    command(w, &cmd);
    assert_null(rooms_platform_at(doc(w), "conns", "s1", NULL));

    /* twice is nothing */

    command(w, &cmd);
    assert_int_equal(w->d.nrecords, 0);
}


static void
test_other_rooms(void **state)
{
    world_t *w = *state;

    rooms_command_t  cmd;

    memset(&cmd, 0, sizeof(cmd));
    cmd.kind = ROOMS_CMD_DISCONNECT;
    cmd.room = str("user:usr_a");

    rooms_decision_reset(&w->d);
    assert_int_equal(rooms_platform_app.decide(w->conf, NULL, &cmd, &w->d),
                     ROOMS_OK);
    assert_int_equal(w->d.nrecords, 0);
}


static void
test_facts(void **state)
{
    size_t       i;
    world_t     *w = *state;
    rooms_str_t  fact;

    static const char *const  bad[] = {
        "", "{}", "[7]", "[[]]", "[[\"x\"]]", "[[\"i\",7]]", "[[\"s\",1]]",
        "[[\"s\",1,7]]", "[[\"d\"]]", "[[\"d\",7]]", "[[\"h\"]]"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(rooms_platform_app.evolve(w->conf, &w->state, 1,
                                                   str(bad[i])),
                         ROOMS_ERROR);
        assert_null(w->state);
    }

    fact = str("[[\"s\",1,\"a\",\"b\"],[\"d\",\"a\",\"c\"],[\"d\",\"x\","
               "\"y\"],[\"h\",\"k\",1000,100],[\"h\",\"k\",1099,100],"
               "[\"h\",\"k\",1100,100]]");
    assert_int_equal(rooms_platform_app.evolve(w->conf, &w->state, 1, fact),
                     ROOMS_OK);
    assert_int_equal(json_integer_value(rooms_platform_at(doc(w), "a", "b",
                                                          NULL)), 1);
    assert_int_equal(json_array_size(rooms_platform_at(doc(w), "rate", "k",
                                                       NULL)), 2);

    assert_int_equal(rooms_platform_app.restore(w->conf, &w->state,
                                                str("[]")), ROOMS_ERROR);
    assert_non_null(w->state);
}


static void
test_member(void **state)
{
    size_t       i;
    rooms_str_t  s;

    static const char *const  texts[][2] = {
        { "{\"data\":{\"a\":1.50}}", "{\"a\":1.50}" },
        { " { \"event\" : \"x:y,{}\" , \"data\" : [ 1 , {} ] } ",
          "[ 1 , {} ]" },
        { "{\"a\":{\"data\":1},\"data\":\"\\\"}\"}", "\"\\\"}\"" },
        { "{\"data\":1,\"data\":2}", "2" },
        { "{\"datum\":1,\"dat\":2}", "" },
        { "[]", "" },
        { "", "" },
        { "{}", "" }
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        s = rooms_platform_member(str(texts[i][0]), "data");
        assert_int_equal(s.len, strlen(texts[i][1]));

        if (s.len) {
            assert_memory_equal(s.data, texts[i][1], s.len);
        }
    }
}


static void
test_strip(void **state)
{
    char    *text;
    json_t  *value, *stripped;

    (void) state;

    value = json_loads("{\"q\":[{\"correctIndex\":1,\"id\":\"a\"}],\"b\":2}",
                       0, NULL);
    assert_true(rooms_platform_secret(value));

    stripped = rooms_platform_strip(value);
    assert_false(rooms_platform_secret(stripped));

    text = json_dumps(stripped, JSON_COMPACT);
    assert_string_equal(text, "{\"q\":[{\"id\":\"a\"}],\"b\":2}");

    free(text);
    json_decref(stripped);
    json_decref(value);
}


static void
test_options(void **state)
{
    char      err[ROOMS_APP_ERROR];
    size_t    i;
    world_t  *w = *state;

    static const char *const  bad[][2] = {
        { "jwks", "{}" }, { "jwks", "x" }, { "data", "x" }, { "data", "[]" },
        { "data", "{\"users\":[{}]}" },
        { "data", "{\"users\":[{\"id\":\"a\"},{\"id\":\"a\"}]}" },
        { "audience", "" }, { "rate_user", "x" }, { "token_life", "0" },
        { "unknown", "1" }
    };

    static const char *const  good[][2] = {
        { "audience", "rooms" }, { "issuer", "us" }, { "rate_user", "0" },
        { "token_life", "1h" }, { "leeway", "5s" }, { "jwks", KEYS },
        { "data", "{}" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        err[0] = '\0';
        assert_int_equal(rooms_platform_app.option(w->conf, str(bad[i][0]),
                                                   str(bad[i][1]), err),
                         ROOMS_ERROR);
        assert_true(err[0] != '\0');
    }

    assert_int_equal(rooms_platform_app.init(w->conf, w->contract, err),
                     ROOMS_ERROR);

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(rooms_platform_app.option(w->conf, str(good[i][0]),
                                                   str(good[i][1]), err),
                         ROOMS_OK);
    }

    assert_int_equal(rooms_platform_app.init(w->conf, NULL, err),
                     ROOMS_ERROR);
    assert_int_equal(rooms_platform_app.init(w->conf, w->contract, err),
                     ROOMS_OK);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_connect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_expire, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_rooms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_strip)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
