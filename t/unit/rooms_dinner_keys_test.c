
/*
 * Copyright (C) nginx rooms contributors
 */


#include "rooms_dinner_play.h"


/* All keys as text: COMMAND key word word ... */

static const char *
keys(play_t *p)
{
    uint16_t     n, i;
    rooms_buf_t  b;
    rooms_str_t  in, command, key, word;

    static char  text[4096];

    size_t       len;

    rooms_buf_init(&b, 0);
    rooms_dinner_keys(p->conf, p->state, &b);
    assert_false(b.failed);

    in = rooms_str(b.data, b.len);
    len = 0;

    while (in.len) {
        assert_int_equal(rooms_get_str16(&in, &command), ROOMS_OK);
        assert_int_equal(rooms_get_str16(&in, &key), ROOMS_OK);
        assert_int_equal(rooms_get_u16(&in, &n), ROOMS_OK);
        assert_true(n > 0);

        len += (size_t) snprintf(text + len, sizeof(text) - len, "%.*s %.*s",
                                 (int) command.len, command.data,
                                 (int) key.len, key.data);

        for (i = 0; i < n; i++) {
            assert_int_equal(rooms_get_str32(&in, &word), ROOMS_OK);
            len += (size_t) snprintf(text + len, sizeof(text) - len, " %.*s",
                                     (int) word.len, word.data);
        }

        len += (size_t) snprintf(text + len, sizeof(text) - len, "\n");
        assert_true(len < sizeof(text));
    }

    rooms_buf_free(&b);

    return text;
}


static void
has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no \"%s\" in:\n%s", part, text);
    }
}


static void
has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("there is \"%s\" in:\n%s", part, text);
    }
}


static void
a_session_alone(void **state)
{
    const char  *text;

    text = keys(*state);

    has(text, "HSET session:ABC123 createdAt ");
    has(text, " hostName Alice state waiting participantCount 0 ");
    has_not(text, "participant:");
    has_not(text, "SADD");
}


static void
D_27_members(void **state)
{
    play_t      *p = *state;
    const char  *text;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");

    text = keys(p);

    has(text, " hostId s1 ");
    has(text, "SADD session:ABC123:participants s1 s2\n");
    has(text, "HSET participant:s2 displayName Bob sessionCode ABC123 "
              "joinedAt ");
    has(text, " isHost false hasSubmitted false\n");
    has_not(text, ":selections");
}


static void
D_42_D_60_selections_and_results(void **state)
{
    play_t      *p = *state;
    const char  *text;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"thai\",\"pizza\"]");

    text = keys(p);

    has(text, "SADD session:ABC123:s1:selections thai pizza\n");
    has_not(text, ":s2:selections");
    has_not(text, ":results");

    (void) dinner_submit(p, "s2", "[\"thai\"]");

    text = keys(p);

    has(text, " state complete ");
    has(text, "SADD session:ABC123:results - thai\n");

    (void) dinner_restart(p, "s1");

    text = keys(p);

    has_not(text, ":selections");
    has_not(text, ":results");
}


/* The key of the results is there also where nothing is in it. */

static void
no_overlap(void **state)
{
    play_t  *p = *state;

    (void) dinner_join(p, "s1", "Alice");
    (void) dinner_join(p, "s2", "Bob");
    (void) dinner_submit(p, "s1", "[\"pizza\"]");
    (void) dinner_submit(p, "s2", "[\"thai\"]");

    has(keys(p), "SADD session:ABC123:results -\n");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        dinner_test(a_session_alone),
        dinner_test(D_27_members),
        dinner_test(D_42_D_60_selections_and_results),
        dinner_test(no_overlap)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
