
/*
 * Copyright (C) nginx rooms contributors
 *
 * Namespaces of echo, where its events go, its refusals.
 */


#include "rooms_play.h"

#include <rooms_echo.h>


static int
setup(void **state)
{
    static play_t  play;

    play_init(&play, &rooms_echo_app);
    *state = &play;

    return 0;
}


static int
teardown(void **state)
{
    play_done(*state);

    return 0;
}


static void
test_connect(void **state)
{
    play_t  *p = *state;

    assert_string_equal(play_connect(p, "s1", NULL),
                        "join /\nemit [\"auth\",{}]\n");
    assert_string_equal(play_connect(p, "s1", "{\"token\":\"123\",\"a\":[1]}"),
                        "join /\nemit [\"auth\",{\"token\":\"123\","
                        "\"a\":[1]}]\n");

    p->nsp = "/custom";
    assert_string_equal(play_connect(p, "s1", NULL),
                        "join /custom\nemit [\"auth\",{}]\n");
}


static void
test_guarded(void **state)
{
    play_t  *p = *state;

    static const char  refused[] =
        "reject {\"message\":\"not authorized\","
        "\"data\":{\"code\":\"E_AUTH\"}}\n";

    p->nsp = "/guarded";

    assert_string_equal(play_connect(p, "s1", NULL), refused);
    assert_string_equal(play_connect(p, "s1", "{}"), refused);
    assert_string_equal(play_connect(p, "s1", "{\"token\":7}"), refused);
    assert_string_equal(play_connect(p, "s1", "{\"token\":\"secre\"}"),
                        refused);
    assert_string_equal(play_connect(p, "s1", "{\"token\":\"secret\"}"),
                        "join /guarded\n"
                        "emit [\"auth\",{\"token\":\"secret\"}]\n");
}


static void
test_namespaces(void **state)
{
    play_t    *p = *state;
    unsigned   i;

    static const char *const  good[] = {
        "/", "/custom", "/room-1", "/room-007"
    };

    static const char *const  bad[] = {
        "", "/custom?token=a", "/customs", "/room-", "/room-x", "/room-1x",
        "/room-1:a", "/Custom", "//",
        "/room-11111111111111111111111111111111111111111111111111111111111111"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        p->nsp = good[i];
        assert_non_null(strstr(play_connect(p, "s1", NULL), "\"auth\""));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        p->nsp = bad[i];
        assert_string_equal(play_connect(p, "s1", NULL),
                            "reject {\"message\":\"Invalid namespace\"}\n");
    }
}


static const char *
route(play_t *p, const char *name, const char *text)
{
    rooms_int_t      rc;
    rooms_command_t  cmd;

    play_command(p, &cmd, ROOMS_CMD_EVENT);
    play_from(p, &cmd, "s1");
    cmd.name = play_str(name);
    cmd.text = play_str(text);

    rooms_buf_reset(&p->room);
    rc = p->app->route(p->conf, &cmd, &p->room);
    rooms_buf_byte(&p->room, '\0');

    assert_int_equal(rc == ROOMS_OK, p->room.len > 1);

    return (const char *) p->room.data;
}


static void
test_route(void **state)
{
    char     text[400];
    play_t  *p = *state;

    p->nsp = "/custom";

    assert_string_equal(route(p, "msg", "[\"msg\",\"blue\",1]"),
                        "/custom:blue");
    assert_string_equal(route(p, "emit-in-room",
                              "[\"emit-in-room\",\"a:b \\u00fc\",\"x\"]"),
                        "/custom:a:b \xc3\xbc");
    assert_string_equal(route(p, "emit-to-room", "[\"emit-to-room\",\"\"]"),
                        "/custom:");
    assert_string_equal(route(p, "volatile-in-room",
                              " [ \"volatile-in-room\" , \"r\" , 1 ] "),
                        "/custom:r");
    assert_string_equal(route(p, "broadcast", "[\"broadcast\",\"x\"]"),
                        "/custom");

    /* these have no room, or none that could be one */

    assert_string_equal(route(p, "message", "[\"message\",\"blue\"]"), "");
    assert_string_equal(route(p, "join", "[\"join\",\"blue\"]"), "");
    assert_string_equal(route(p, "unknown", "[\"unknown\",\"blue\"]"), "");
    assert_string_equal(route(p, "msg", "[\"msg\"]"), "");
    assert_string_equal(route(p, "msg", "[\"msg\",7]"), "");
    assert_string_equal(route(p, "msg", "[\"msg\",[\"blue\"]]"), "");

    /* the journal's limit counts the namespace */

    (void) snprintf(text, sizeof(text), "[\"msg\",\"%0248d\"]", 0);
    assert_int_equal(strlen(route(p, "msg", text)), 256);
    (void) snprintf(text, sizeof(text), "[\"msg\",\"%0249d\"]", 0);
    assert_string_equal(route(p, "msg", text), "");
}


static void
test_no_state(void **state)
{
    play_t  *p = *state;

    assert_null(p->app->evolve);

    /* life and death of sockets decide to nothing */

    assert_string_equal(play_life(p, ROOMS_CMD_DISCONNECT, "s1"), "");
    assert_string_equal(play_life(p, ROOMS_CMD_RECOVER, "s1"), "");
    assert_string_equal(play_life(p, ROOMS_CMD_TICK, NULL), "");
}


static const char *
refuse(play_t *p, rooms_command_kind_e kind, unsigned ack,
    rooms_refusal_e why)
{
    rooms_command_t  cmd;

    play_command(p, &cmd, kind);
    play_from(p, &cmd, "s1");
    cmd.ack = ack;

    rooms_decision_reset(&p->d);
    p->app->refuse(p->conf, &cmd, why, play_str("inside"), &p->d);

    return play_apply(p);
}


static void
test_refuse(void **state)
{
    play_t  *p = *state;

    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, 1, ROOMS_REFUSE_RATE),
                        "answer {\"error\":\"Too many requests\"}\n"
                        "emit [\"error\",{\"error\":\"Too many requests\"}]"
                        "\n");
    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, 0, ROOMS_REFUSE_STORAGE),
                        "emit [\"error\",{\"error\":\"Service unavailable\"}]"
                        "\n");
    assert_string_equal(refuse(p, ROOMS_CMD_CONNECT, 0,
                               ROOMS_REFUSE_INTERNAL),
                        "reject {\"message\":\"Internal error\"}\n");
    assert_string_equal(refuse(p, ROOMS_CMD_REST, 0, ROOMS_REFUSE_METHOD),
                        "answer 405 {\"error\":\"Method not allowed\"}\n");
    assert_string_equal(refuse(p, ROOMS_CMD_TICK, 0, ROOMS_REFUSE_STORAGE),
                        "");
    assert_string_equal(play_rest(p, "anything", NULL, NULL),
                        "answer 404 {\"error\":\"Not found\"}\n");
}


static void
test_conf(void **state)
{
    char     err[ROOMS_APP_ERROR];
    play_t  *p = *state;

    assert_int_equal(p->app->text_only, 1);
    assert_int_equal(p->app->init(p->conf, NULL, err), ROOMS_OK);
    assert_int_equal(p->app->option(p->conf, play_str("ttl"), play_str("1s"),
                                    err), ROOMS_ERROR);
    assert_string_equal(err, "echo has no option \"ttl\"");

    assert_int_equal(p->app->option(p->conf, play_str("auth"),
                                    play_str("maybe"), err), ROOMS_ERROR);
    assert_int_equal(p->app->option(p->conf, play_str("auth"),
                                    play_str("off"), err), ROOMS_OK);
    assert_string_equal(play_connect(p, "s1", NULL), "join /\n");
}


#define echo_test(name)                                                       \
    cmocka_unit_test_setup_teardown(name, setup, teardown)


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        echo_test(test_connect),
        echo_test(test_guarded),
        echo_test(test_namespaces),
        echo_test(test_route),
        echo_test(test_no_state),
        echo_test(test_refuse),
        echo_test(test_conf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
