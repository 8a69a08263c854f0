
/*
 * Copyright (C) nginx rooms contributors
 *
 * A dinner session to play with: see rooms_play.h.
 */


#ifndef _ROOMS_DINNER_PLAY_H_INCLUDED_
#define _ROOMS_DINNER_PLAY_H_INCLUDED_


#include "rooms_play.h"
#include <rooms_dinner.h>


#define DEADLINE        "deadline 1759237496789\n"
#define OK              "answer {\"success\":true}\n"

#define DINNER_TTL      1800000
#define DINNER_OPTIONS                                                        \
    "[{\"optionId\":\"pizza\",\"displayName\":\"Pizza\","                     \
    "\"description\":\"Stone-baked\"},"                                       \
    "{\"optionId\":\"sushi\",\"displayName\":\"Sushi\"},"                     \
    "{\"optionId\":\"thai\",\"displayName\":\"Thai\"},"                       \
    "{\"optionId\":\"tacos\",\"displayName\":\"Tacos\"},"                     \
    "{\"optionId\":\"curry\",\"displayName\":\"Curry\"}]"


static inline const rooms_dinner_state_t *
dinner_state(const play_t *p)
{
    assert_non_null(p->state);

    return p->state;
}


static inline void
dinner_init(play_t *p)
{
    char     err[ROOMS_APP_ERROR];
    json_t  *list;

    play_init(p, &rooms_dinner_app);

    list = json_loads(DINNER_OPTIONS, 0, NULL);
    assert_non_null(list);
    assert_int_equal(rooms_dinner_options(p->conf, list, err), ROOMS_OK);
    json_decref(list);
}


/* A fresh session of Alice's with nobody in it. */

static inline int
dinner_setup(void **state)
{
    static play_t  play;

    dinner_init(&play);

    (void) play_rest(&play, "createSession", NULL, "{\"hostName\":\"Alice\"}");
    assert_non_null(play.state);

    /* the code is random; the tests need one to write down */

    memcpy(((rooms_dinner_state_t *) play.state)->code, "ABC123", 6);
    rooms_buf_reset(&play.room);
    rooms_buf_append(&play.room, "ABC123", 6);

    *state = &play;

    return 0;
}


static inline int
dinner_teardown(void **state)
{
    play_done(*state);

    return 0;
}


/* The caller is a member of the room where it is one of the session. */

static inline const char *
dinner_event(play_t *p, const char *sid, const char *name, const char *args)
{
    p->caller.nrooms = 0;

    if (p->state != NULL && rooms_dinner_live(p->state, play_str(sid))) {
        p->rooms[0] = rooms_str(p->room.data, p->room.len);
        p->caller.nrooms = 1;
    }

    return play_event(p, sid, name, args);
}


static inline const char *
dinner_join(play_t *p, const char *sid, const char *name)
{
    char  args[400];

    (void) snprintf(args, sizeof(args),
                    "{\"sessionCode\":\"ABC123\",\"displayName\":\"%s\"}",
                    name);

    return dinner_event(p, sid, "session:join", args);
}


/* selections is a JSON array */

static inline const char *
dinner_submit(play_t *p, const char *sid, const char *selections)
{
    char  args[400];

    (void) snprintf(args, sizeof(args),
                    "{\"sessionCode\":\"ABC123\",\"selections\":%s}",
                    selections);

    return dinner_event(p, sid, "selection:submit", args);
}


static inline const char *
dinner_restart(play_t *p, const char *sid)
{
    return dinner_event(p, sid, "session:restart",
                        "{\"sessionCode\":\"ABC123\"}");
}


static inline const char *
dinner_rest_join(play_t *p, const char *name)
{
    char      body[200];
    unsigned  i;

    for (i = 0; i < ROOMS_RANDOM_LEN; i++) {
        p->random[i] = (unsigned char) (p->random[i] * 5 + 1 + i);
    }

    (void) snprintf(body, sizeof(body), "{\"participantName\":\"%s\"}", name);

    return play_rest(p, "joinSession", "ABC123", body);
}


#define DINNER_FAIL(code, text)                                               \
    "answer {\"success\":false,\"error\":\"" text "\",\"code\":\"" code       \
    "\"}\nemit [\"error\",{\"code\":\"" code "\",\"message\":\"" text "\"}]\n"

#define DINNER_REST_FAIL(status, error, code, text)                           \
    "answer " status " {\"error\":\"" error "\",\"code\":\"" code             \
    "\",\"message\":\"" text "\"}\n"

#define DINNER_NOT_FOUND                                                      \
    DINNER_FAIL("SESSION_NOT_FOUND", "Session not found")


#define dinner_test(name)                                                     \
    cmocka_unit_test_setup_teardown(name, dinner_setup, dinner_teardown)


#define dinner_has(text, part)   assert_non_null(strstr(text, part))
#define dinner_lacks(text, part) assert_null(strstr(text, part))


#endif /* _ROOMS_DINNER_PLAY_H_INCLUDED_ */
