
/*
 * Copyright (C) nginx rooms contributors
 *
 * A game for the tests of its rules, with a small catalogue.
 */


#ifndef _ROOMS_ORCHESTRATOR_PLAY_H_INCLUDED_
#define _ROOMS_ORCHESTRATOR_PLAY_H_INCLUDED_


#include "rooms_play.h"

#include <rooms_orchestrator.h>


#define GAME_TOKENS                                                          \
    "{\"groups\":{\"G\":{\"multiplier\":1.5}},\"tokens\":["                  \
    "{\"id\":\"A\",\"name\":\"a\",\"value\":10,\"mediaAssets\":{}},"         \
    "{\"id\":\"B\",\"name\":\"b\",\"value\":5,\"groupId\":\"G\","            \
    "\"mediaAssets\":{}},"                                                   \
    "{\"id\":\"C\",\"name\":\"c\",\"value\":6,\"groupId\":\"G\","            \
    "\"mediaAssets\":{}},"                                                   \
    "{\"id\":\"V\",\"name\":\"v\",\"value\":1,"                              \
    "\"mediaAssets\":{\"video\":\"v\"},\"metadata\":{\"duration\":2}}]}"


static inline void
game_init(play_t *p)
{
    char         err[ROOMS_APP_ERROR];
    rooms_str_t  name, value;

    play_init(p, &rooms_orchestrator_app);

    name = play_str("tokens");
    value = play_str(GAME_TOKENS);

    assert_int_equal(p->app->option(p->conf, name, value, err), ROOMS_OK);
    assert_int_equal(p->app->init(p->conf, NULL, err), ROOMS_OK);
}


static inline const json_t *
game_root(play_t *p)
{
    rooms_orchestrator_state_t  *state = p->state;

    return state->root;
}


static inline const char *
game_identify(play_t *p, const char *sid, const char *id)
{
    char  args[200];

    (void) snprintf(args, sizeof(args),
                    "{\"stationId\":\"%s\",\"version\":\"1.0.0\"}", id);

    return play_event(p, sid, "gm:identify", args);
}


static inline const char *
game_submit(play_t *p, const char *sid, const char *token, const char *team)
{
    char  args[200];

    (void) snprintf(args, sizeof(args),
                    "{\"tokenId\":\"%s\",\"teamId\":\"%s\","
                    "\"scannerId\":\"s\"}", token, team);

    return play_event(p, sid, "transaction:submit", args);
}


static inline int
game_score(play_t *p, const char *team, const char *what)
{
    return (int) json_integer_value(json_object_get(
               rooms_orchestrator_get(game_root(p), "scores", team), what));
}


static inline int
game_setup(void **state)
{
    play_t  *p;

    p = calloc(1, sizeof(play_t));
    if (p == NULL) {
        return -1;
    }

    game_init(p);
    *state = p;

    return 0;
}


static inline int
game_teardown(void **state)
{
    play_done(*state);
    free(*state);

    return 0;
}


#endif /* _ROOMS_ORCHESTRATOR_PLAY_H_INCLUDED_ */
