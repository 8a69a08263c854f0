
/*
 * Copyright (C) nginx rooms contributors
 */


#include "rooms_orchestrator_play.h"

#include <rooms_offset.h>


static const rooms_effect_t *
replay(play_t *p)
{
    unsigned  i;

    for (i = 0; i < p->d.neffects; i++) {
        if (p->d.effects[i].type == ROOMS_EFFECT_REPLAY) {
            return &p->d.effects[i];
        }
    }

    return NULL;
}


/* The id that the replay is after; 0: there is none. */

static uint64_t
after(play_t *p)
{
    uint64_t               epoch, id;
    const rooms_effect_t  *e;

    e = replay(p);
    if (e == NULL) {
        return 0;
    }

    assert_int_equal(rooms_offset_parse(rooms_decision_str(&p->d, e->text),
                                        &epoch, &id), ROOMS_OK);
    assert_int_equal(epoch, 0);

    return id;
}


static uint64_t
gone(play_t *p, const char *sid, const char *id)
{
    p->caller.data = rooms_str(NULL, 0);

    (void) play_life(p, ROOMS_CMD_DISCONNECT, sid);

    return rooms_message_whole((uint64_t) json_integer_value(
               json_object_get(rooms_orchestrator_get(game_root(p), "devices",
                                                      id), "at")));
}


static void
identify(play_t *p, const char *sid, const char *id, const char *data)
{
    p->caller.data = play_str(data);

    (void) game_identify(p, sid, id);
}


static void
G_58_from_what_the_client_had(void **state)
{
    play_t       *p = *state;
    uint64_t      at;
    rooms_str_t   names, sid;

    p->id = 800;
    identify(p, "s1", "GM_1", "");
    identify(p, "s2", "GM_2", "");
    at = gone(p, "s1", "GM_1");

    identify(p, "s3", "GM_1", "-0-5");
    assert_int_equal(after(p), 5);

    names = rooms_decision_str(&p->d, replay(p)->name);
    assert_int_equal(rooms_get_str16(&names, &sid), ROOMS_OK);
    assert_int_equal(sid.len, 2);
    assert_memory_equal(sid.data, "s1", 2);
    assert_int_equal(names.len, 0);

    /* not later than what came since it went: the offset is another's */

    at = gone(p, "s3", "GM_1");
    identify(p, "s4", "GM_1", "T0-zzzz");
    assert_int_equal(after(p), at);

    /* no offset */

    at = gone(p, "s4", "GM_1");
    identify(p, "s5", "GM_1", "");
    assert_int_equal(after(p), at);
}


/* Whether it is held here, is there yet, or is not known at all. */

static void
G_61_what_it_had_was_lost(void **state)
{
    play_t  *p = *state;

    p->id = 800;
    identify(p, "s1", "GM_1", "-1-5");
    assert_non_null(strstr((const char *) p->out.data, "[\"sync:full\""));

    identify(p, "s2", "GM_1", "-1-5");
    assert_int_equal(after(p), 0);
    assert_non_null(strstr((const char *) p->out.data, "[\"sync:full\""));

    (void) gone(p, "s2", "GM_1");
    identify(p, "s3", "GM_1", "T1-5");
    assert_int_equal(after(p), 0);
    assert_non_null(strstr((const char *) p->out.data, "[\"sync:full\""));
}


static void
G_58_back_before_it_was_missed(void **state)
{
    play_t  *p = *state;

    p->id = 800;
    identify(p, "s1", "GM_1", "");

    identify(p, "s2", "GM_1", "-0-5");
    assert_int_equal(after(p), 5);
    assert_null(strstr((const char *) p->out.data, "sync:full"));

    identify(p, "s3", "GM_1", "");
    assert_int_equal(after(p), 0);
    assert_non_null(strstr((const char *) p->out.data, "[\"sync:full\""));
}


static void
G_45_too_many_sockets(void **state)
{
    char       sid[24];
    play_t    *p = *state;
    unsigned   i;

    p->id = 800;

    for (i = 0; i < ROOMS_ORCHESTRATOR_FORMER + 2; i++) {
        (void) snprintf(sid, sizeof(sid), "s%u", i);
        identify(p, sid, "GM_1", "-0-zzzz");
    }

    assert_int_not_equal(after(p), 0);

    identify(p, "t1", "GM_1", "-0-5");
    assert_int_equal(after(p), 0);
    assert_non_null(strstr((const char *) p->out.data, "[\"sync:full\""));
}


static void
G_61_late(void **state)
{
    play_t  *p = *state;

    p->id = 800;
    identify(p, "s1", "GM_1", "");
    (void) gone(p, "s1", "GM_1");

    p->now += 30001;
    (void) play_life(p, ROOMS_CMD_TICK, NULL);

    identify(p, "s2", "GM_1", "-0-5");
    assert_int_equal(after(p), 0);
    assert_non_null(strstr((const char *) p->out.data, "[\"sync:full\""));
}


static void
G_2_a_new_station_has_missed_nothing(void **state)
{
    play_t  *p = *state;

    identify(p, "s1", "GM_1", "-0-5");
    assert_int_equal(after(p), 0);
    assert_null(strstr((const char *) p->out.data, "sync:full"));
}


static void
G_58_the_offset_is_kept(void **state)
{
    play_t  *p = *state;

    assert_non_null(strstr(play_connect(p, "s1", "{\"offset\":\"0-5\"}"),
                           "data -0-5\n"));
    assert_null(strstr(play_connect(p, "s1", "{\"offset\":\"05\"}"),
                       "data"));
    assert_null(strstr(play_connect(p, "s1", "{\"offset\":5}"), "data"));
    assert_null(strstr(play_connect(p, "s1", NULL), "data"));
}


static void
G_59_the_offset_of_a_sync(void **state)
{
    play_t           *p = *state;
    rooms_command_t   cmd;

    p->id = 800;
    identify(p, "s1", "GM_1", "");

    play_command(p, &cmd, ROOMS_CMD_REPLAY);
    p->caller.recoverable = 1;
    p->caller.data = play_str("- GM_1");
    play_from(p, &cmd, "s2");

    cmd.missed = 100;
    assert_string_equal(play_decide(p, &cmd, p->state), "replayed\n");

    cmd.missed = 101;
    assert_non_null(strstr(play_decide(p, &cmd, p->state), "},\"0-"));

    cmd.missed = -1;
    assert_non_null(strstr(play_decide(p, &cmd, p->state), "},\"0-"));

    p->caller.recoverable = 0;
    assert_null(strstr(play_decide(p, &cmd, p->state), "},\"0-"));
}


static void
G_53_a_full_session(void **state)
{
    char     err[ROOMS_APP_ERROR];
    play_t  *p = *state;

    assert_int_equal(p->app->option(p->conf, play_str("transactions"),
                                    play_str("1"), err), ROOMS_OK);

    identify(p, "s1", "GM_1", "");
    (void) game_submit(p, "s1", "NONE", "TEAM_A");
    assert_non_null(strstr(game_submit(p, "s1", "A", "TEAM_A"),
                           "SERVER_ERROR"));
    assert_int_equal(game_score(p, "TEAM_A", "currentScore"), 0);
    assert_int_equal(p->d.nrecords, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(G_58_from_what_the_client_had,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_61_what_it_had_was_lost,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_58_back_before_it_was_missed,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_45_too_many_sockets, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_61_late, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_2_a_new_station_has_missed_nothing,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_58_the_offset_is_kept, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_59_the_offset_of_a_sync, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_53_a_full_session, game_setup,
                                        game_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
