
/*
 * Copyright (C) nginx rooms contributors
 */


#include "rooms_orchestrator_play.h"


static void
G_26_first_write_wins(void **state)
{
    play_t      *p = *state;
    const char  *out;

    game_identify(p, "s1", "GM_1");
    game_identify(p, "s2", "GM_2");

    out = game_submit(p, "s1", "A", "TEAM_A");
    assert_non_null(strstr(out, "\"status\":\"accepted\""));

    out = game_submit(p, "s2", "A", "TEAM_B");
    assert_non_null(strstr(out, "\"status\":\"duplicate\""));
    assert_non_null(strstr(out, "\"claimedBy\":\"TEAM_A\""));

    assert_int_equal(game_score(p, "TEAM_A", "currentScore"), 10);
    assert_int_equal(game_score(p, "TEAM_B", "currentScore"), 0);
}


/* floor(11 x 0.5), and only where one team has both */

static void
G_17_bonus_of_a_group(void **state)
{
    play_t  *p = *state;

    game_identify(p, "s1", "GM_1");

    game_submit(p, "s1", "B", "TEAM_A");
    assert_int_equal(game_score(p, "TEAM_A", "bonusPoints"), 0);

    game_submit(p, "s1", "C", "TEAM_A");
    assert_int_equal(game_score(p, "TEAM_A", "bonusPoints"), 5);
    assert_int_equal(game_score(p, "TEAM_A", "currentScore"), 16);
    assert_int_equal(game_score(p, "TEAM_A", "tokensScanned"), 2);
}


static void
G_17_no_bonus_for_two_teams(void **state)
{
    play_t  *p = *state;

    game_identify(p, "s1", "GM_1");
    game_submit(p, "s1", "B", "TEAM_A");
    game_submit(p, "s1", "C", "TEAM_B");

    assert_int_equal(game_score(p, "TEAM_A", "bonusPoints"), 0);
    assert_int_equal(game_score(p, "TEAM_B", "bonusPoints"), 0);
}


static void
G_28_unknown_token(void **state)
{
    play_t      *p = *state;
    const char  *out;

    game_identify(p, "s1", "GM_1");
    out = game_submit(p, "s1", "NONE", "TEAM_A");

    assert_non_null(strstr(out, "\"status\":\"rejected\""));
    assert_non_null(strstr(out, "\"rejectionReason\":\"Invalid token ID\""));
    assert_null(rooms_orchestrator_get(game_root(p), "scores", "TEAM_A"));
}


static void
G_25_team(void **state)
{
    play_t      *p = *state;
    const char  *out;

    game_identify(p, "s1", "GM_1");
    out = game_submit(p, "s1", "A", "TEAM_AB");

    assert_non_null(strstr(out, "INVALID_DATA"));
    assert_int_equal(json_array_size(json_object_get(game_root(p), "txs")),
                     0);
}


static void
G_9_not_identified(void **state)
{
    play_t  *p = *state;

    game_identify(p, "s1", "GM_1");

    assert_non_null(strstr(game_submit(p, "s2", "A", "TEAM_A"),
                           "AUTH_REQUIRED"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(G_26_first_write_wins, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_17_bonus_of_a_group, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_17_no_bonus_for_two_teams,
                                        game_setup, game_teardown),
        cmocka_unit_test_setup_teardown(G_28_unknown_token, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_25_team, game_setup,
                                        game_teardown),
        cmocka_unit_test_setup_teardown(G_9_not_identified, game_setup,
                                        game_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
