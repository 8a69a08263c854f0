
/*
 * Copyright (C) nginx rooms contributors
 *
 * The configuration of the application, and its commands by kind.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_orchestrator.h>


typedef struct {
    const char  *name;
    size_t       offset;
    uint64_t     fallback;
} rooms_orchestrator_time_t;


#define rooms_orchestrator_conf_time(name, field, ms)                         \
    { name, offsetof(rooms_orchestrator_conf_t, field), ms }

static const rooms_orchestrator_time_t  rooms_orchestrator_times[] = {
    rooms_orchestrator_conf_time("hold", hold, 30 * 1000),
    rooms_orchestrator_conf_time("heartbeat", heartbeat, 30 * 1000),
    rooms_orchestrator_conf_time("player_timeout", player, 30 * 60 * 1000),
    rooms_orchestrator_conf_time("session_timeout", idle, 120 * 60 * 1000),
    rooms_orchestrator_conf_time("video_loading", loading, 500),
    rooms_orchestrator_conf_time("video_rest", rest, 500),
    { NULL, 0, 0 }
};


static void *
rooms_orchestrator_create(void)
{
    unsigned                    i;
    rooms_orchestrator_conf_t  *conf;

    conf = calloc(1, sizeof(rooms_orchestrator_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    for (i = 0; rooms_orchestrator_times[i].name != NULL; i++) {
        *(uint64_t *) ((char *) conf + rooms_orchestrator_times[i].offset) =
            rooms_orchestrator_times[i].fallback;
    }

    conf->stations = 5;
    conf->players = 10;
    conf->transactions = 10000;
    conf->port = 3000;
    conf->automatic = 1;
    conf->tokens = json_object();
    conf->groups = json_object();
    conf->rates = json_object();

    (void) snprintf(conf->host, sizeof(conf->host), "127.0.0.1");

    return conf;
}


static void
rooms_orchestrator_destroy(void *data)
{
    rooms_orchestrator_conf_t  *conf = data;

    if (conf->keys != NULL) {
        rooms_jwks_free(conf->keys);
    }

    json_decref(conf->tokens);
    json_decref(conf->groups);
    json_decref(conf->list);
    json_decref(conf->rates);
    free(conf->password);
    free(conf);
}


/* {"password": "...", "keys": [ JSON Web Keys, for tokens ]} */

static rooms_int_t
rooms_orchestrator_admin(rooms_orchestrator_conf_t *conf, rooms_str_t text,
    char *err)
{
    json_t        *file;
    const char    *password;
    json_error_t   error;

    file = json_loadb((const char *) text.data, text.len,
                      JSON_REJECT_DUPLICATES, &error);
    password = rooms_orchestrator_text(file, "password");

    if (*password == '\0') {
        (void) snprintf(err, ROOMS_APP_ERROR, "%.120s",
                        file ? "there must be a \"password\"" : error.text);
        json_decref(file);
        return ROOMS_ERROR;
    }

    conf->password = strdup(password);
    conf->keys = rooms_jwks_create(file, err, ROOMS_APP_ERROR);
    json_decref(file);

    if (conf->password == NULL || conf->keys == NULL) {
        return ROOMS_ERROR;
    }

    if (!rooms_jwks_signs(conf->keys)) {
        (void) snprintf(err, ROOMS_APP_ERROR,
                        "\"keys\" must have one of HS256");
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_option(void *data, rooms_str_t name, rooms_str_t value,
    char *err)
{
    unsigned                    i, flag;
    rooms_int_t                 rc;
    rooms_orchestrator_conf_t  *conf = data;

    for (i = 0; rooms_orchestrator_times[i].name != NULL; i++) {
        if (rooms_option_is(name, rooms_orchestrator_times[i].name)) {
            return rooms_option_time(name, value,
                       (uint64_t *) ((char *) conf
                                     + rooms_orchestrator_times[i].offset),
                       err);
        }
    }

    if (rooms_option_is(name, "tokens")) {
        return rooms_orchestrator_catalog(conf, value, err);
    }

    if (rooms_option_is(name, "admin")) {
        return rooms_orchestrator_admin(conf, value, err);
    }

    if (rooms_option_is(name, "stations")) {
        return rooms_option_number(name, value, 1, 1000, &conf->stations,
                                   err);
    }

    if (rooms_option_is(name, "players")) {
        return rooms_option_number(name, value, 1, 1000, &conf->players, err);
    }

    if (rooms_option_is(name, "transactions")) {
        return rooms_option_number(name, value, 1, 1000000,
                                   &conf->transactions, err);
    }

    if (rooms_option_is(name, "port")) {
        return rooms_option_number(name, value, 1, 65535, &conf->port, err);
    }

    if (rooms_option_is(name, "require_token")) {
        rc = rooms_option_flag(name, value, &flag, err);
        conf->require = (rc == ROOMS_OK && flag);
        return rc;
    }

    if (rooms_option_is(name, "auto_session")) {
        rc = rooms_option_flag(name, value, &flag, err);
        conf->automatic = (rc == ROOMS_OK && flag);
        return rc;
    }

    if (rooms_option_is(name, "any_team")) {
        rc = rooms_option_flag(name, value, &flag, err);
        conf->any_team = (rc == ROOMS_OK && flag);
        return rc;
    }

    return rooms_option_unknown(name, "orchestrator", err);
}


static rooms_int_t
rooms_orchestrator_init(void *data, const rooms_contract_t *contract,
    char *err)
{
    unsigned                       i;
    rooms_contract_rate_t          all;
    rooms_orchestrator_conf_t     *conf = data;
    const rooms_contract_event_t  *event;

    conf->contract = contract;

    if (conf->list == NULL) {
        (void) snprintf(err, ROOMS_APP_ERROR,
                        "the application needs \"option_file tokens\"");
        return ROOMS_ERROR;
    }

    if (contract == NULL) {
        return ROOMS_OK;
    }

    for (i = 0; (event = rooms_contract_event_at(contract, i)) != NULL; i++) {
        if (event->rate.limit) {
            (void) json_object_setn_new(conf->rates,
                       (const char *) event->name.data, event->name.len,
                       json_pack("{s:I, s:I}", "limit",
                                 (json_int_t) event->rate.limit, "window",
                                 (json_int_t) event->rate.window));
        }
    }

    all = rooms_contract_connection_rate(contract);

    if (all.limit) {
        (void) json_object_set_new(conf->rates, "*",
                                   json_pack("{s:I, s:I}", "limit",
                                             (json_int_t) all.limit, "window",
                                             (json_int_t) all.window));
    }

    return ROOMS_OK;
}


/* There is one game. */

static rooms_int_t
rooms_orchestrator_route(const void *conf, const rooms_command_t *cmd,
    rooms_buf_t *room)
{
    (void) conf;
    (void) cmd;

    rooms_buf_append(room, ROOMS_ORCHESTRATOR_ROOM,
                     sizeof(ROOMS_ORCHESTRATOR_ROOM) - 1);

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_call(rooms_orchestrator_t *g)
{
    switch (g->cmd->kind) {

    case ROOMS_CMD_CONNECT:
        return rooms_orchestrator_connect(g);

    case ROOMS_CMD_EVENT:
        return rooms_orchestrator_event(g);

    case ROOMS_CMD_REST:
        return rooms_orchestrator_rest(g);

    case ROOMS_CMD_DISCONNECT:
        return rooms_orchestrator_disconnect(g);

    case ROOMS_CMD_TICK:
        rooms_orchestrator_tick(g);
        return ROOMS_OK;

    case ROOMS_CMD_REPLAY:
        rooms_orchestrator_replay(g);
        return ROOMS_OK;

    case ROOMS_CMD_RECOVER:
    case ROOMS_CMD_ACK:
    case ROOMS_CMD_HEARD:
        return ROOMS_OK;
    }

    return ROOMS_ERROR;
}


/*
 * XG-10: what is refused is heard, too.  It takes a record only where much of
 * the time that a station may be silent has passed since the last one.
 */

static void
rooms_orchestrator_heard(rooms_orchestrator_t *g)
{
    json_t      *device;
    uint64_t     beat;
    const char  *self;

    if (g->d->nrecords
        || (g->cmd->kind != ROOMS_CMD_EVENT
            && g->cmd->kind != ROOMS_CMD_HEARD))
    {
        return;
    }

    device = rooms_orchestrator_device(g->state, g->cmd->caller, &self);
    if (device == NULL) {
        return;
    }

    beat = (uint64_t) json_integer_value(json_object_get(device, "beat"));

    if (g->now >= beat + g->conf->heartbeat / ROOMS_ORCHESTRATOR_BEATS) {
        rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "beat", "id",
                                             self));
    }
}


static rooms_int_t
rooms_orchestrator_decide(const void *conf, const void *data,
    const rooms_command_t *cmd, rooms_decision_t *d)
{
    uint64_t                           last;
    rooms_int_t                        rc;
    rooms_orchestrator_t               g;
    const rooms_orchestrator_state_t  *state = data;

    memset(&g, 0, sizeof(rooms_orchestrator_t));

    g.conf = conf;
    g.state = state ? state->root : NULL;
    g.due = state ? state->due : 0;
    g.cmd = cmd;
    g.d = d;

    /* the clocks of machines differ, the order of records is one */

    last = rooms_orchestrator_time(g.state, "clock", "now");
    g.now = cmd->now > last ? cmd->now : last;

    rc = rooms_orchestrator_call(&g);

    if (rc == ROOMS_OK) {
        g.state = state ? state->root : NULL;
        rooms_orchestrator_heard(&g);
    }

    if (d->nrecords && cmd->kind != ROOMS_CMD_TICK) {
        rooms_decide_deadline(d, g.now + 1);
    }

    return rc;
}


const rooms_app_t  rooms_orchestrator_app = {
    rooms_string("orchestrator"),
    0,
    1,
    rooms_orchestrator_create,
    rooms_orchestrator_destroy,
    rooms_orchestrator_option,
    rooms_orchestrator_init,
    rooms_orchestrator_route,
    rooms_orchestrator_decide,
    rooms_orchestrator_refuse,
    rooms_orchestrator_evolve,
    rooms_orchestrator_snapshot,
    rooms_orchestrator_restore,
    rooms_orchestrator_release,
    rooms_orchestrator_knows,
    rooms_orchestrator_serves
};
