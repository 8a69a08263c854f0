
/*
 * Copyright (C) nginx rooms contributors
 *
 * What time does to a game: the video goes on, who is silent is gone, and
 * state:update follows a change, at most once in a while.
 *
 * A command that changes something only asks for a tick at once.  The tick
 * tells the state as it has become, or waits until it may.
 */


#include <string.h>

#include <rooms_orchestrator.h>


static void
rooms_orchestrator_sooner(uint64_t *deadline, uint64_t at)
{
    if (at && (*deadline == 0 || at < *deadline)) {
        *deadline = at;
    }
}


/* When a device is silent for too long, or has been away for too long. */

static uint64_t
rooms_orchestrator_device_due(const rooms_orchestrator_conf_t *conf,
    const json_t *device)
{
    uint64_t     beat, away;
    const char  *type;

    type = rooms_orchestrator_text(device, "type");
    beat = (uint64_t) json_integer_value(json_object_get(device, "beat"));
    away = (uint64_t) json_integer_value(json_object_get(device, "away"));

    if (strcmp(rooms_orchestrator_text(device, "status"), "connected") != 0) {
        return away + conf->hold;
    }

    return beat + (strcmp(type, "player") == 0 ? conf->player
                                               : conf->heartbeat);
}


/* Of the one that is due first; UINT64_MAX: there is none. */

static uint64_t
rooms_orchestrator_first_due(const rooms_orchestrator_conf_t *conf,
    const json_t *root)
{
    json_t      *device;
    uint64_t     due, first;
    const char  *id;

    first = UINT64_MAX;

    json_object_foreach(json_object_get(root, "devices"), id, device) {
        due = rooms_orchestrator_device_due(conf, device);

        if (due < first) {
            first = due;
        }
    }

    return first;
}


/*
 * What a device does makes it due later than it was, or is looked at here; so
 * the time only has to be found again when it has come.
 */

void
rooms_orchestrator_evolved(const rooms_orchestrator_conf_t *conf,
    rooms_orchestrator_state_t *state, const json_t *fact)
{
    json_t    *device;
    uint64_t   due;

    due = (uint64_t) json_integer_value(json_object_get(fact, "at"));

    if (due >= state->due) {
        state->due = rooms_orchestrator_first_due(conf, state->root);
        return;
    }

    device = rooms_orchestrator_get(state->root, "devices",
                                    rooms_orchestrator_text(fact, "id"));

    if (device != NULL) {
        due = rooms_orchestrator_device_due(conf, device);

        if (due < state->due) {
            state->due = due;
        }
    }
}


static void
rooms_orchestrator_silent(rooms_orchestrator_t *g, const char *id,
    const json_t *device)
{
    const char  *sid;

    sid = rooms_orchestrator_text(device, "sid");

    if (strcmp(rooms_orchestrator_text(device, "status"), "connected") != 0) {
        rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "forget",
                                             "id", id));
        return;
    }

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "away",
                                         "id", id));
    rooms_orchestrator_message(g, ROOMS_TO_OTHERS,
                               rooms_str(sid, strlen(sid)),
                               "device:disconnected",
                               json_pack("{s:s, s:s}", "deviceId", id,
                                         "reason", "timeout"), 0);

    if (*sid != '\0') {
        rooms_orchestrator_kick(g, sid);
    }
}


/* 1: there was one */

static unsigned
rooms_orchestrator_devices_step(rooms_orchestrator_t *g)
{
    json_t      *device;
    unsigned     n;
    const char  *id;

    n = 0;

    if (g->now < g->due) {
        return 0;
    }

    json_object_foreach(json_object_get(g->state, "devices"), id, device) {
        if (n < 16
            && rooms_orchestrator_device_due(g->conf, device) <= g->now)
        {
            rooms_orchestrator_silent(g, id, device);
            n++;
        }
    }

    return n != 0;
}


static uint64_t
rooms_orchestrator_idle_due(const rooms_orchestrator_t *g)
{
    if (!rooms_orchestrator_session_is(g->state, "active")
        && !rooms_orchestrator_session_is(g->state, "paused"))
    {
        return 0;
    }

    return rooms_orchestrator_time(g->state, "clock", "updated")
           + g->conf->idle;
}


static uint64_t
rooms_orchestrator_tell_due(const rooms_orchestrator_t *g)
{
    uint64_t  told;

    if (rooms_orchestrator_get(g->state, "clock", "open") == NULL) {
        return 0;
    }

    told = rooms_orchestrator_time(g->state, "clock", "told");

    return told + ROOMS_ORCHESTRATOR_PACE;
}


static uint64_t
rooms_orchestrator_next(const rooms_orchestrator_t *g)
{
    uint64_t  deadline, device;

    deadline = 0;
    device = g->now < g->due ? g->due
                             : rooms_orchestrator_first_due(g->conf,
                                                            g->state);

    rooms_orchestrator_sooner(&deadline, rooms_orchestrator_tell_due(g));
    rooms_orchestrator_sooner(&deadline, rooms_orchestrator_video_due(g));
    rooms_orchestrator_sooner(&deadline, rooms_orchestrator_idle_due(g));

    if (device != UINT64_MAX) {
        rooms_orchestrator_sooner(&deadline, device);
    }

    return deadline;
}


void
rooms_orchestrator_tick(rooms_orchestrator_t *g)
{
    uint64_t   due;
    unsigned   step;

    if (g->state == NULL) {
        return;
    }

    due = rooms_orchestrator_idle_due(g);

    if (due && due <= g->now) {
        rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "status",
                                             "status", "completed"));
        step = 1;

    } else {
        step = rooms_orchestrator_video_step(g);
        step |= rooms_orchestrator_devices_step(g);
    }

    /* the state as it is told is that before this tick's own facts */

    due = rooms_orchestrator_tell_due(g);

    if (!step && due && due <= g->now) {
        rooms_orchestrator_fact(g, json_pack("{s:s}", "f", "told"));
        rooms_orchestrator_message(g, ROOMS_TO_ALL, rooms_str(NULL, 0),
                                   "state:update",
                                   rooms_orchestrator_game(g->state, g->now),
                                   1);
        step = 1;
    }

    rooms_decide_deadline(g->d, step ? g->now + 1
                                     : rooms_orchestrator_next(g));
}
