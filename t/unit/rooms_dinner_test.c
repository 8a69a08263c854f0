
/*
 * Copyright (C) nginx rooms contributors
 *
 * The configuration of dinner.
 */


#include <stdlib.h>

#include "rooms_dinner_play.h"


static void
refuses(const char *list, const char *why)
{
    char     err[ROOMS_APP_ERROR];
    void    *conf;
    json_t  *value;

    conf = rooms_dinner_app.create();
    assert_non_null(conf);

    value = json_loads(list, JSON_DECODE_ANY, NULL);
    assert_non_null(value);

    assert_int_equal(rooms_dinner_options(conf, value, err), ROOMS_ERROR);
    assert_string_equal(err, why);

    json_decref(value);
    rooms_dinner_app.destroy(conf);
}


static void
D_18_duplicate_option(void **state)
{
    (void) state;

    refuses("[{\"optionId\":\"pizza-palace\",\"displayName\":\"A\"},"
            "{\"optionId\":\"thai\",\"displayName\":\"T\"},"
            "{\"optionId\":\"pizza-palace\",\"displayName\":\"B\"}]",
            "duplicate option id \"pizza-palace\"");
}


static void
test_options(void **state)
{
    char      err[ROOMS_APP_ERROR], id[300];
    void     *conf;
    json_t   *list;
    unsigned  i;

    static const char  size[] =
        "\"x-rooms-options\" of the contract must be a list of 1 to 64 "
        "options";
    static const char  form[] =
        "entry 1 of \"x-rooms-options\" must have strings \"optionId\" and "
        "\"displayName\", and may have a string \"description\"";

    (void) state;

    refuses("[]", size);
    refuses("{}", size);
    refuses("7", size);
    refuses("[7]", form);
    refuses("[{\"optionId\":\"a\"}]", form);
    refuses("[{\"displayName\":\"a\"}]", form);
    refuses("[{\"optionId\":\"\",\"displayName\":\"a\"}]", form);
    refuses("[{\"optionId\":\"a\",\"displayName\":\"\"}]", form);
    refuses("[{\"optionId\":\"a\",\"displayName\":\"A\","
            "\"description\":7}]", form);

    (void) snprintf(id, sizeof(id), "[{\"optionId\":\"%0201d\","
                    "\"displayName\":\"A\"}]", 1);
    refuses(id, "entry 1 of \"x-rooms-options\" has an id longer than 200 "
            "octets");

    /* 64 are taken, 65 are not */

    list = json_array();

    for (i = 0; i < 64; i++) {
        (void) json_array_append_new(list,
                                     json_pack("{s:o, s:s}", "optionId",
                                               json_sprintf("o%u", i),
                                               "displayName", "O"));
    }

    conf = rooms_dinner_app.create();
    assert_int_equal(rooms_dinner_options(conf, list, err), ROOMS_OK);
    rooms_dinner_app.destroy(conf);

    (void) json_array_append_new(list, json_pack("{s:s, s:s}", "optionId",
                                                 "more", "displayName", "O"));

    conf = rooms_dinner_app.create();
    assert_int_equal(rooms_dinner_options(conf, list, err), ROOMS_ERROR);
    assert_string_equal(err, size);
    rooms_dinner_app.destroy(conf);

    json_decref(list);
}


static void
test_no_contract(void **state)
{
    char   err[ROOMS_APP_ERROR];
    void  *conf;

    (void) state;

    conf = rooms_dinner_app.create();
    assert_int_equal(rooms_dinner_app.init(conf, NULL, err), ROOMS_ERROR);
    assert_non_null(strstr(err, "x-rooms-options"));
    rooms_dinner_app.destroy(conf);
}


/* D-15, D-66: both can be set */

static void
test_directives(void **state)
{
    char                  err[ROOMS_APP_ERROR];
    const char           *out;
    play_t                play;
    rooms_dinner_conf_t  *conf;

    (void) state;

    dinner_init(&play);
    conf = play.conf;

    assert_true(conf->ttl == 1800000);
    assert_string_equal(conf->frontend, "http://localhost:3000");

    assert_int_equal(play.app->option(conf, play_str("ttl"), play_str("2s"),
                                      err), ROOMS_OK);
    assert_int_equal(play.app->option(conf, play_str("frontend"),
                                      play_str("https://dinner.example/"),
                                      err), ROOMS_OK);

    out = play_rest(&play, "createSession", NULL, "{\"hostName\":\"A\"}");
    dinner_has(out, "\"expiresAt\":\"2025-09-30T12:34:58.789Z\"");
    dinner_has(out, "\"shareableLink\":\"https://dinner.example/join?code=");
    dinner_has(out, "deadline 1759235698789\n");

    assert_int_equal(play.app->option(conf, play_str("ttl"), play_str("x"),
                                      err), ROOMS_ERROR);
    assert_non_null(strstr(err, "\"ttl\""));
    assert_int_equal(play.app->option(conf, play_str("frontend"),
                                      play_str("dinner.example"), err),
                     ROOMS_ERROR);
    assert_non_null(strstr(err, "\"frontend\""));
    assert_int_equal(play.app->option(conf, play_str("menu"), play_str("x"),
                                      err), ROOMS_ERROR);
    assert_string_equal(err, "dinner has no option \"menu\"");

    play_done(&play);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(D_18_duplicate_option),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_no_contract),
        cmocka_unit_test(test_directives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
