
/*
 * Copyright (C) nginx rooms contributors
 *
 * Results and errors, and whether all of it is as the contract says.
 */


#include <stdlib.h>

#include "rooms_dinner_play.h"


static void
D_51_D_54_no_overlap(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"thai\"]");

    dinner_has(dinner_submit(p, "s2", "[\"sushi\"]"),
               "\"overlappingOptions\":[],\"allSelections\":"
               "{\"Alice\":[\"thai\"],\"Bob\":[\"sushi\"]},"
               "\"hasOverlap\":false}");
}


static void
XD_5_same_names(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Bob");
    (void) dinner_join(p, "s2", "Bob (2)");
    (void) dinner_join(p, "s3", "Bob");
    (void) dinner_join(p, "s4", "Bob");

    (void) dinner_submit(p, "s1", "[\"pizza\"]");
    (void) dinner_submit(p, "s2", "[\"sushi\"]");
    (void) dinner_submit(p, "s3", "[\"thai\"]");

    dinner_has(dinner_submit(p, "s4", "[\"curry\"]"),
               "\"allSelections\":{\"Bob\":[\"pizza\"],"
               "\"Bob (2)\":[\"sushi\"],\"Bob (3)\":[\"thai\"],"
               "\"Bob (4)\":[\"curry\"]}");
}


static void
XD_8_selections_are_a_set(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");

    /* in the order in which they came; the overlap in that of the list */

    dinner_has(dinner_submit(p, "s1",
                             "[\"thai\",\"pizza\",\"thai\",\"pizza\"]"),
               "\"overlappingOptions\":[{\"optionId\":\"pizza\","
               "\"displayName\":\"Pizza\",\"description\":\"Stone-baked\"},"
               "{\"optionId\":\"thai\",\"displayName\":\"Thai\"}],"
               "\"allSelections\":{\"Alice\":[\"thai\",\"pizza\"]}");
}


static void
results_after_the_list_changed(void **state)
{
    char                  err[ROOMS_APP_ERROR];
    void                 *conf;
    play_t               *p = *state;
    json_t               *list;
    const char           *out;
    rooms_dinner_conf_t  *fewer;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_submit(p, "s1", "[\"thai\",\"pizza\"]");
    (void) play_life(p, ROOMS_CMD_DISCONNECT, "s1");

    /* a reload took pizza off the list and put another first */

    conf = p->conf;
    fewer = p->app->create();
    list = json_loads("[{\"optionId\":\"new\",\"displayName\":\"New\"},"
                      "{\"optionId\":\"thai\",\"displayName\":\"Thai!\"}]",
                      0, NULL);
    assert_int_equal(rooms_dinner_options(fewer, list, err), ROOMS_OK);
    json_decref(list);

    p->conf = fewer;
    out = dinner_join(p, "s2", "Alice");
    dinner_has(out, "\"overlappingOptions\":[{\"optionId\":\"thai\","
                    "\"displayName\":\"Thai!\"}]");
    dinner_has(out, "{\"Alice\":[\"thai\",\"pizza\"]}");

    p->app->destroy(fewer);
    p->conf = conf;
}


static const char *
refuse(play_t *p, rooms_command_kind_e kind, rooms_refusal_e why,
    const char *detail)
{
    rooms_command_t  cmd;

    play_command(p, &cmd, kind);

    if (kind != ROOMS_CMD_REST) {
        play_from(p, &cmd, "s1");
    }

    cmd.ack = (kind == ROOMS_CMD_EVENT);

    rooms_decision_reset(&p->d);
    rooms_dinner_refuse(p->conf, &cmd, why, play_str(detail), &p->d);

    return play_apply(p);
}


static void
D_76_D_77_refusals_of_events(void **state)
{
    play_t  *p = *state;

    static const char  internal[] =
        DINNER_FAIL("INTERNAL_ERROR", "Internal error");

    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_INVALID,
                               "Display name required"),
                        DINNER_FAIL("VALIDATION_ERROR", "Invalid payload: "
                                    "Display name required"));
    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_INVALID, ""),
                        DINNER_FAIL("VALIDATION_ERROR", "Invalid payload"));

    /* what is not UTF-8 cannot be told */

    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_INVALID,
                               "\xff"),
                        DINNER_FAIL("VALIDATION_ERROR", "Invalid payload"));

    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_UNKNOWN, ""),
                        DINNER_FAIL("VALIDATION_ERROR", "Unknown event"));
    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_RATE, ""),
                        DINNER_FAIL("RATE_LIMITED", "Too many requests"));
    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_TOO_LARGE, ""),
                        DINNER_FAIL("VALIDATION_ERROR",
                                    "The payload is too large"));

    /* details of the inside stay there */

    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_STORAGE,
                               "redis 10.0.0.7 is away"), internal);
    assert_string_equal(refuse(p, ROOMS_CMD_EVENT, ROOMS_REFUSE_INTERNAL,
                               "malloc"), internal);
}


static void
D_12_D_77_refusals_over_rest(void **state)
{
    play_t    *p = *state;
    unsigned   i;

    static const struct {
        rooms_refusal_e   why;
        const char       *text;
    } refusals[] = {
        { ROOMS_REFUSE_INVALID,
          DINNER_REST_FAIL("400", "Invalid request", "VALIDATION_ERROR",
                           "Invalid payload: why") },
        { ROOMS_REFUSE_UNKNOWN,
          DINNER_REST_FAIL("404", "Not found", "NOT_FOUND",
                           "There is no such path") },
        { ROOMS_REFUSE_METHOD,
          DINNER_REST_FAIL("405", "Method not allowed", "METHOD_NOT_ALLOWED",
                           "This path has no such method") },
        { ROOMS_REFUSE_TOO_LARGE,
          DINNER_REST_FAIL("413", "Payload too large", "VALIDATION_ERROR",
                           "The payload is too large") },
        { ROOMS_REFUSE_RATE,
          DINNER_REST_FAIL("429", "Too many requests", "RATE_LIMITED",
                           "Too many requests") },
        { ROOMS_REFUSE_STORAGE,
          DINNER_REST_FAIL("503", "Service unavailable", "INTERNAL_ERROR",
                           "Internal error") },
        { ROOMS_REFUSE_INTERNAL,
          DINNER_REST_FAIL("500", "Internal error", "INTERNAL_ERROR",
                           "Internal error") }
    };

    for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        assert_string_equal(refuse(p, ROOMS_CMD_REST, refusals[i].why, "why"),
                            refusals[i].text);
    }
}


static void
refusals_of_others(void **state)
{
    play_t  *p = *state;

    assert_string_equal(refuse(p, ROOMS_CMD_CONNECT, ROOMS_REFUSE_RATE, ""),
                        "reject {\"message\":\"Too many requests\","
                        "\"data\":{\"code\":\"RATE_LIMITED\"}}\n");
    assert_string_equal(refuse(p, ROOMS_CMD_DISCONNECT, ROOMS_REFUSE_STORAGE,
                               ""), "");
    assert_string_equal(refuse(p, ROOMS_CMD_RECOVER, ROOMS_REFUSE_STORAGE,
                               ""), "");
}


/* The shipped contract against what is really said. */

static json_t *
document(const char *path)
{
    json_t        *value;
    json_error_t   err;

    value = json_load_file(path, 0, &err);

    if (value == NULL) {
        print_message("%s: %s\n", path, err.text);
    }

    assert_non_null(value);

    return value;
}


static void
check_message(const rooms_contract_t *contract, const char *text, size_t len)
{
    json_t                          *args;
    const char                      *name;
    rooms_schema_failure_t           failure;
    const rooms_contract_message_t  *m;

    args = json_loadb(text, len, 0, NULL);
    assert_non_null(args);

    name = json_string_value(json_array_get(args, 0));
    m = rooms_contract_message(contract, play_str(name));
    assert_non_null(m);

    (void) json_array_remove(args, 0);

    if (rooms_contract_check_message(m, args, &failure) != ROOMS_OK) {
        fail_msg("%.*s: %s", (int) len, text, failure.message);
    }

    json_decref(args);
}


/* Every line of a transcript that holds a message. */

static void
check_lines(const rooms_contract_t *contract, const char *text)
{
    const char  *line, *end, *args;

    for (line = text; *line; line = end + 1) {
        end = strchr(line, '\n');
        args = strchr(line, '[');

        if (strncmp(line, "all ", 4) == 0 || strncmp(line, "others ", 7) == 0
            || strncmp(line, "socket ", 7) == 0
            || strncmp(line, "emit ", 5) == 0)
        {
            check_message(contract, args, (size_t) (end - args));
        }
    }
}


static void
check_ack(const rooms_contract_t *contract, const char *event,
    const char *text)
{
    json_t                        *value;
    const char                    *end;
    rooms_schema_failure_t         failure;
    const rooms_contract_event_t  *e;

    e = rooms_contract_event(contract, play_str(event));
    assert_non_null(e);
    assert_non_null(e->reply);
    assert_memory_equal(text, "answer ", 7);

    end = strchr(text, '\n');
    value = json_loadb(text + 7, (size_t) (end - text) - 7, 0, NULL);

    if (rooms_schema_check(e->reply, value, &failure) != ROOMS_OK) {
        fail_msg("%s: %s: %s", event, text, failure.message);
    }

    json_decref(value);
    check_lines(contract, text);
}


static void
check_rest(const rooms_contract_t *contract, const char *id, const char *text)
{
    char                              *end;
    json_t                            *value;
    unsigned                           status;
    rooms_schema_t                    *schema;
    rooms_schema_failure_t             failure;
    const rooms_contract_operation_t  *op;

    assert_memory_equal(text, "answer ", 7);
    status = (unsigned) strtoul(text + 7, &end, 10);

    op = rooms_contract_operation(contract, play_str(id));
    assert_non_null(op);
    schema = rooms_contract_response(op, status);
    assert_non_null(schema);

    value = json_loadb(end + 1, (size_t) (strchr(end, '\n') - end) - 1, 0,
                       NULL);
    assert_non_null(value);

    if (rooms_schema_check(schema, value, &failure) != ROOMS_OK) {
        fail_msg("%s: %s: %s", id, text, failure.message);
    }

    json_decref(value);
    check_lines(contract, strchr(end, '\n') + 1);
}


static void
D_18_D_87_as_the_contract_says(void **state)
{
    char                     err[ROOMS_APP_ERROR];
    play_t                  *p = *state;
    json_t                  *asyncapi, *openapi;
    unsigned                 i;
    rooms_contract_t        *c;
    rooms_contract_error_t   error;

    asyncapi = document("contracts/dinner.asyncapi.json");
    openapi = document("contracts/dinner.openapi.json");
    c = rooms_contract_create(asyncapi, openapi, NULL, &error);

    if (c == NULL) {
        fail_msg("%s %s: %s", error.document, error.pointer, error.reason);
    }

    p->app->destroy(p->conf);
    p->conf = p->app->create();
    assert_int_equal(p->app->init(p->conf, c, err), ROOMS_OK);

    check_rest(c, "listOptions", play_rest(p, "listOptions", NULL, NULL));
    check_rest(c, "getHealth", play_rest(p, "getHealth", NULL, NULL));
    p->healthy = 0;
    check_rest(c, "getHealth", play_rest(p, "getHealth", NULL, NULL));

    check_rest(c, "getSession", play_rest(p, "getSession", "ABC123", NULL));
    check_rest(c, "getSession", play_rest(p, "getSession", "abc", NULL));
    check_rest(c, "createSession", play_rest(p, "createSession", NULL, "{}"));

    check_ack(c, "session:join", dinner_join(p, "s1", "Alice"));
    check_rest(c, "joinSession", dinner_rest_join(p, "Bob"));
    check_rest(c, "joinSession", play_rest(p, "joinSession", "ABC123", "{}"));
    check_ack(c, "session:join", dinner_join(p, "s2", "Bob"));
    check_ack(c, "session:join", dinner_join(p, "s3", "Bob"));
    check_ack(c, "session:join", dinner_join(p, "s4", "Dana"));
    check_ack(c, "session:join", dinner_join(p, "s5", "Eve"));
    check_rest(c, "joinSession", dinner_rest_join(p, "Eve"));

    check_ack(c, "selection:submit", dinner_submit(p, "s1", "[\"no\"]"));
    check_ack(c, "selection:submit", dinner_submit(p, "s1", "[]"));
    check_ack(c, "selection:submit", dinner_submit(p, "s9", "[\"no\"]"));

    for (i = 1; i <= 4; i++) {
        check_ack(c, "selection:submit",
                  dinner_submit(p, (const char *[]) { "s1", "s2", "s3",
                                "s4" }[i - 1], "[\"thai-kitchen\","
                                "\"sushi-spot\",\"pizza-palace\"]"));
    }

    assert_int_equal(dinner_state(p)->phase, ROOMS_DINNER_COMPLETE);

    check_ack(c, "selection:submit",
              dinner_submit(p, "s1", "[\"thai-kitchen\"]"));
    check_lines(c, play_life(p, ROOMS_CMD_DISCONNECT, "s1"));
    check_ack(c, "session:join", dinner_join(p, "s6", "Alice"));
    check_ack(c, "session:restart", dinner_restart(p, "s6"));
    check_ack(c, "session:restart", dinner_restart(p, "s1"));

    p->now += DINNER_TTL;
    check_lines(c, play_life(p, ROOMS_CMD_TICK, NULL));
    check_ack(c, "session:restart", dinner_restart(p, "s6"));

    rooms_contract_free(c);
    json_decref(asyncapi);
    json_decref(openapi);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        dinner_test(D_51_D_54_no_overlap),
        dinner_test(XD_5_same_names),
        dinner_test(XD_8_selections_are_a_set),
        dinner_test(results_after_the_list_changed),
        dinner_test(D_76_D_77_refusals_of_events),
        dinner_test(D_12_D_77_refusals_over_rest),
        dinner_test(refusals_of_others),
        dinner_test(D_18_D_87_as_the_contract_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
