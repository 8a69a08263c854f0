
/*
 * Copyright (C) nginx rooms contributors
 *
 * The facts of a game by their kind.
 *
 * A fact is a JSON object: "f" is its kind, "at" the time.  What belongs to a
 * catalogue (points, bonuses, durations) stands in the fact, so that another
 * catalogue changes nothing that was decided before.
 */


#include <string.h>

#include <rooms_orchestrator_change.h>


typedef struct {
    const char      *kind;
    unsigned         seen;                   /* GameState is another */
    rooms_int_t    (*apply)(rooms_orchestrator_change_t *c);
} rooms_orchestrator_kind_t;


json_t *
rooms_orchestrator_part(rooms_orchestrator_change_t *c, const char *name)
{
    return json_object_get(c->root, name);
}


json_t *
rooms_orchestrator_field(rooms_orchestrator_change_t *c, const char *name)
{
    return json_object_get(c->fact, name);
}


rooms_int_t
rooms_orchestrator_set(json_t *object, const char *name, json_t *value)
{
    return json_object_set(object, name, value) == 0 ? ROOMS_OK : ROOMS_ERROR;
}


rooms_int_t
rooms_orchestrator_set_new(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0 ? ROOMS_OK
                                                         : ROOMS_ERROR;
}


static rooms_int_t
rooms_orchestrator_apply_told(rooms_orchestrator_change_t *c)
{
    json_t  *clock;

    clock = rooms_orchestrator_part(c, "clock");
    (void) json_object_del(clock, "open");

    return rooms_orchestrator_set(clock, "told", c->at);
}


static const rooms_orchestrator_kind_t  rooms_orchestrator_kinds[] = {
    { "session", 1, rooms_orchestrator_apply_session },
    { "status", 1, rooms_orchestrator_apply_status },
    { "device", 0, rooms_orchestrator_apply_device },
    { "away", 0, rooms_orchestrator_apply_away },
    { "forget", 0, rooms_orchestrator_apply_forget },
    { "beat", 0, rooms_orchestrator_apply_beat },
    { "tx", 1, rooms_orchestrator_apply_tx },
    { "scan", 0, rooms_orchestrator_apply_scan },
    { "video", 1, rooms_orchestrator_apply_video },
    { "reset", 1, rooms_orchestrator_apply_reset },
    { "fails", 0, rooms_orchestrator_apply_fails },
    { "told", 0, rooms_orchestrator_apply_told },
    { NULL, 0, NULL }
};


rooms_int_t
rooms_orchestrator_apply(json_t *root, uint64_t id, const json_t *fact)
{
    json_t                           *clock;
    const char                       *kind;
    rooms_orchestrator_change_t       c;
    const rooms_orchestrator_kind_t  *k;

    c.root = root;
    c.fact = fact;
    c.id = id;
    c.at = json_object_get(fact, "at");

    kind = rooms_orchestrator_text(fact, "f");
    clock = json_object_get(root, "clock");

    if (!json_is_integer(c.at) || json_integer_value(c.at) < 0) {
        return ROOMS_ERROR;
    }

    for (k = rooms_orchestrator_kinds; k->kind != NULL; k++) {
        if (strcmp(k->kind, kind) == 0) {
            break;
        }
    }

    if (k->kind == NULL || k->apply(&c) != ROOMS_OK
        || rooms_orchestrator_set(clock, "now", c.at) != ROOMS_OK
        || rooms_orchestrator_set_new(clock, "id",
                                      json_integer((json_int_t) id))
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (json_object_get(clock, "first") == NULL
        && rooms_orchestrator_set(clock, "first", c.at) != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    if (!k->seen) {
        return ROOMS_OK;
    }

    if (rooms_orchestrator_set_new(clock, "open", json_true()) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    return rooms_orchestrator_set(clock, "updated", c.at);
}
