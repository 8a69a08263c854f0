
/*
 * Copyright (C) nginx rooms contributors
 *
 * The session: how one comes to be, and what admins do with it.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_orchestrator.h>


static const rooms_orchestrator_error_t  rooms_orchestrator_conflict = {
    "CONFLICT", "The session cannot go into that state", 409
};


/* A fact that makes a session. */

static json_t *
rooms_orchestrator_new_session(rooms_orchestrator_t *g, const char *name,
    json_t *teams)
{
    char  id[ROOMS_ORCHESTRATOR_UUID + 1];

    rooms_orchestrator_uuid(g, id);

    return json_pack("{s:s, s:s, s:s, s:O*, s:I}", "f", "session", "id", id,
                     "name", name, "teams", teams,
                     "at", (json_int_t) g->now);
}


rooms_int_t
rooms_orchestrator_need_session(rooms_orchestrator_t *g, json_t **made)
{
    json_t  *fact;

    *made = NULL;

    if (rooms_orchestrator_session_is(g->state, NULL)) {
        return ROOMS_OK;
    }

    if (!g->conf->automatic) {
        (void) rooms_orchestrator_fail(g, &rooms_orchestrator_no_session,
                                       NULL);
        return ROOMS_DECLINED;
    }

    *made = g->state ? json_deep_copy(g->state) : rooms_orchestrator_empty();
    fact = rooms_orchestrator_new_session(g, "Game", NULL);

    if (*made == NULL || fact == NULL
        || rooms_orchestrator_apply(*made, 0, fact) != ROOMS_OK)
    {
        json_decref(fact);
        g->d->failed = 1;
        return ROOMS_OK;
    }

    rooms_orchestrator_fact(g, fact);

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_get_session(rooms_orchestrator_t *g)
{
    unsigned      i;
    json_t       *past;
    const char   *name;
    rooms_str_t   id;

    id = rooms_str(NULL, 0);

    for (i = 0; i < g->cmd->nparams; i++) {
        id = g->cmd->params[i].value;
    }

    name = rooms_orchestrator_text(json_object_get(g->state, "session"),
                                   "id");

    if (rooms_orchestrator_session_is(g->state, NULL)
        && (g->cmd->nparams == 0 || rooms_option_is(id, name)))
    {
        rooms_orchestrator_answer(g, 200,
                                  rooms_orchestrator_summary(g->state));
        return ROOMS_OK;
    }

    json_object_foreach(json_object_get(g->state, "past"), name, past) {
        if (g->cmd->nparams && rooms_option_is(id, name)) {
            rooms_decide_answer_json(g->d, 200, past);
            return ROOMS_OK;
        }
    }

    return rooms_orchestrator_fail(g, &rooms_orchestrator_not_found, NULL);
}


rooms_int_t
rooms_orchestrator_create_session(rooms_orchestrator_t *g)
{
    char     location[ROOMS_ORCHESTRATOR_UUID + 20];
    json_t  *fact, *after;

    if (rooms_orchestrator_denied(g)) {
        return ROOMS_OK;
    }

    fact = rooms_orchestrator_new_session(g,
               rooms_orchestrator_text(g->cmd->body, "name"),
               json_object_get(g->cmd->body, "teams"));
    after = g->state ? json_deep_copy(g->state) : rooms_orchestrator_empty();

    if (fact == NULL || after == NULL
        || rooms_orchestrator_apply(after, 0, fact) != ROOMS_OK)
    {
        json_decref(fact);
        json_decref(after);
        return ROOMS_ERROR;
    }

    (void) snprintf(location, sizeof(location), "/api/session/%s",
                    rooms_orchestrator_text(fact, "id"));

    rooms_decide_header(g->d, "Location", location);
    rooms_orchestrator_answer(g, 201, rooms_orchestrator_summary(after));
    rooms_orchestrator_fact(g, fact);

    json_decref(after);

    return ROOMS_OK;
}


static unsigned
rooms_orchestrator_may(const char *from, const char *to)
{
    if (strcmp(from, to) == 0) {
        return 1;
    }

    if (strcmp(from, "active") == 0) {
        return strcmp(to, "paused") == 0 || strcmp(to, "completed") == 0;
    }

    if (strcmp(from, "paused") == 0) {
        return strcmp(to, "active") == 0 || strcmp(to, "completed") == 0;
    }

    return strcmp(from, "completed") == 0 && strcmp(to, "archived") == 0;
}


rooms_int_t
rooms_orchestrator_update_session(rooms_orchestrator_t *g)
{
    json_t      *fact, *after;
    const char  *status;

    if (rooms_orchestrator_denied(g)) {
        return ROOMS_OK;
    }

    if (!rooms_orchestrator_session_is(g->state, NULL)) {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_not_found,
                                       NULL);
    }

    status = rooms_orchestrator_text(g->cmd->body, "status");

    if (*status
        && !rooms_orchestrator_may(rooms_orchestrator_text(
                                       json_object_get(g->state, "session"),
                                       "status"),
                                   status))
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_conflict, NULL);
    }

    fact = json_pack("{s:s, s:O*, s:O*, s:I}", "f", "status",
                     "status", json_object_get(g->cmd->body, "status"),
                     "name", json_object_get(g->cmd->body, "name"),
                     "at", (json_int_t) g->now);
    after = json_deep_copy(g->state);

    if (fact == NULL || after == NULL
        || rooms_orchestrator_apply(after, 0, fact) != ROOMS_OK)
    {
        json_decref(fact);
        json_decref(after);
        return ROOMS_ERROR;
    }

    rooms_orchestrator_answer(g, 200, rooms_orchestrator_summary(after));
    rooms_orchestrator_fact(g, fact);

    json_decref(after);

    return ROOMS_OK;
}
