
/*
 * Copyright (C) nginx rooms contributors
 *
 * The configuration of the application.
 */


#include <stdlib.h>

#include <rooms_polls.h>


#define ROOMS_POLLS_MINUTE  UINT64_C(60000)
#define ROOMS_POLLS_DAY     (24 * 60 * ROOMS_POLLS_MINUTE)


static void *
rooms_polls_create(void)
{
    rooms_polls_conf_t  *conf;

    conf = calloc(1, sizeof(rooms_polls_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->participants = 100000;
    conf->grace = 5 * ROOMS_POLLS_MINUTE;
    conf->heartbeat = ROOMS_POLLS_MINUTE / 2;
    conf->keep = ROOMS_POLLS_DAY;
    conf->idle = 30 * ROOMS_POLLS_DAY;
    conf->flush = 100;

    return conf;
}


static void
rooms_polls_destroy(void *conf)
{
    free(conf);
}


static rooms_int_t
rooms_polls_option(void *data, rooms_str_t name, rooms_str_t value, char *err)
{
    rooms_polls_conf_t  *conf = data;

    if (rooms_option_is(name, "participants")) {
        return rooms_option_number(name, value, 1, 999999999,
                                   &conf->participants, err);
    }

    if (rooms_option_is(name, "grace")) {
        return rooms_option_time(name, value, &conf->grace, err);
    }

    if (rooms_option_is(name, "heartbeat")) {
        return rooms_option_time(name, value, &conf->heartbeat, err);
    }

    if (rooms_option_is(name, "keep")) {
        return rooms_option_time(name, value, &conf->keep, err);
    }

    if (rooms_option_is(name, "idle")) {
        return rooms_option_time(name, value, &conf->idle, err);
    }

    if (rooms_option_is(name, "flush")) {
        return rooms_option_time(name, value, &conf->flush, err);
    }

    if (rooms_option_is(name, "tokens")) {
        return rooms_option_flag(name, value, &conf->tokens, err);
    }

    return rooms_option_unknown(name, "polls", err);
}


static rooms_int_t
rooms_polls_init(void *conf, const rooms_contract_t *contract, char *err)
{
    (void) conf;
    (void) contract;
    (void) err;

    return ROOMS_OK;
}


const rooms_app_t  rooms_polls_app = {
    rooms_string("polls"),
    0,
    0,
    rooms_polls_create,
    rooms_polls_destroy,
    rooms_polls_option,
    rooms_polls_init,
    rooms_polls_route,
    rooms_polls_decide,
    rooms_polls_refuse,
    rooms_polls_evolve,
    rooms_polls_snapshot,
    rooms_polls_restore,
    rooms_polls_release,
    rooms_polls_knows,
    rooms_polls_serves
};
