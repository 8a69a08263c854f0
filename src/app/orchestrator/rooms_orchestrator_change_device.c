
/*
 * Copyright (C) nginx rooms contributors
 *
 * Facts of devices, and of who comes with a wrong password.
 */


#include <string.h>

#include <rooms_orchestrator_change.h>


#define ROOMS_ORCHESTRATOR_KNOWN  256
#define ROOMS_ORCHESTRATOR_FROM   256


/* The station has another socket: what was told to all but this one. */

static rooms_int_t
rooms_orchestrator_succeed(rooms_orchestrator_change_t *c, json_t *device)
{
    json_t      *former;
    const char  *sid;

    sid = rooms_orchestrator_text(device, "sid");

    if (*sid == '\0'
        || strcmp(sid, rooms_orchestrator_text(c->fact, "sid")) == 0)
    {
        return ROOMS_OK;
    }

    former = json_object_get(device, "former");

    if (former == NULL
        && rooms_orchestrator_set_new(device, "former", json_array())
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    former = json_object_get(device, "former");

    if (json_array_size(former) == ROOMS_ORCHESTRATOR_FORMER) {
        (void) json_array_remove(former, 0);
    }

    return json_array_append_new(former, json_pack("{s:s, s:I}", "sid", sid,
                                                   "id", (json_int_t) c->id))
           == 0 ? ROOMS_OK : ROOMS_ERROR;
}


/* A station or player is there; its fields but "f", "at" and "id". */

rooms_int_t
rooms_orchestrator_apply_device(rooms_orchestrator_change_t *c)
{
    json_t      *devices, *device, *value;
    const char  *id, *name;

    id = rooms_orchestrator_text(c->fact, "id");
    devices = rooms_orchestrator_part(c, "devices");

    if (*id == '\0' || !json_is_string(rooms_orchestrator_field(c, "type"))) {
        return ROOMS_ERROR;
    }

    if (json_object_get(devices, id) == NULL
        && rooms_orchestrator_set_new(devices, id, json_pack("{s:O}", "since",
                                                             c->at))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    device = json_object_get(devices, id);

    if (rooms_orchestrator_succeed(c, device) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    json_object_foreach((json_t *) c->fact, name, value) {
        if (strcmp(name, "f") != 0 && strcmp(name, "at") != 0
            && strcmp(name, "id") != 0
            && rooms_orchestrator_set(device, name, value) != ROOMS_OK)
        {
            return ROOMS_ERROR;
        }
    }

    if (rooms_orchestrator_set_new(device, "status", json_string("connected"))
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set(device, "beat", c->at);
}


rooms_int_t
rooms_orchestrator_apply_away(rooms_orchestrator_change_t *c)
{
    json_t  *device;

    device = json_object_get(rooms_orchestrator_part(c, "devices"),
                             rooms_orchestrator_text(c->fact, "id"));

    if (device == NULL
        || rooms_orchestrator_set_new(device, "status",
                                      json_string("disconnected"))
           != ROOMS_OK
        || rooms_orchestrator_set(device, "away", c->at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set_new(device, "at",
                                      json_integer((json_int_t) c->id));
}


rooms_int_t
rooms_orchestrator_apply_forget(rooms_orchestrator_change_t *c)
{
    json_t      *known;
    const char  *id;

    id = rooms_orchestrator_text(c->fact, "id");
    known = rooms_orchestrator_part(c, "known");

    if (json_object_del(rooms_orchestrator_part(c, "devices"), id) != 0) {
        return ROOMS_ERROR;
    }

    if (json_object_size(known) >= ROOMS_ORCHESTRATOR_KNOWN) {
        (void) json_object_clear(known);
    }

    return rooms_orchestrator_set_new(known, id, json_true());
}


rooms_int_t
rooms_orchestrator_apply_beat(rooms_orchestrator_change_t *c)
{
    json_t  *device;

    device = json_object_get(rooms_orchestrator_part(c, "devices"),
                             rooms_orchestrator_text(c->fact, "id"));

    if (device == NULL
        || rooms_orchestrator_set(device, "beat", c->at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (rooms_orchestrator_field(c, "sync") == NULL) {
        return ROOMS_OK;
    }

    return rooms_orchestrator_set(device, "synced", c->at);
}


/* Times of wrong passwords: those of the list replace those there were. */

rooms_int_t
rooms_orchestrator_apply_fails(rooms_orchestrator_change_t *c)
{
    json_t      *fails, *times;
    const char  *from;

    fails = rooms_orchestrator_part(c, "fails");
    times = rooms_orchestrator_field(c, "times");
    from = rooms_orchestrator_text(c->fact, "from");

    if (!json_is_array(times)) {
        return ROOMS_ERROR;
    }

    if (json_array_size(times) == 0) {
        (void) json_object_del(fails, from);
        return ROOMS_OK;
    }

    if (json_object_size(fails) >= ROOMS_ORCHESTRATOR_FROM) {
        (void) json_object_clear(fails);
    }

    return rooms_orchestrator_set(fails, from, times);
}
