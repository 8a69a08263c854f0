
/*
 * Copyright (C) nginx rooms contributors
 *
 * What stations do over their sockets once they are stations.
 */


#include <string.h>

#include <rooms_orchestrator.h>


static rooms_int_t
rooms_orchestrator_request(rooms_orchestrator_t *g)
{
    const char  *self;

    if (rooms_orchestrator_device(g->state, g->cmd->caller, &self)
        == NULL)
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_auth_required,
                                       NULL);
    }

    rooms_orchestrator_answer(g, 0, json_pack("{s:b}", "success", 1));
    rooms_orchestrator_emit_sync(g, rooms_str(NULL, 0));
    rooms_orchestrator_fact(g, json_pack("{s:s, s:s, s:b}", "f", "beat",
                                         "id", self, "sync", 1));

    return ROOMS_OK;
}


static rooms_int_t
rooms_orchestrator_heartbeat(rooms_orchestrator_t *g)
{
    json_t      *answer;
    const char  *self;

    if (rooms_orchestrator_device(g->state, g->cmd->caller, &self)
        == NULL
        || strcmp(rooms_orchestrator_text(rooms_orchestrator_payload(g->cmd),
                                          "stationId"), self)
           != 0)
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_auth_required,
                                       NULL);
    }

    answer = json_pack("{s:o}", "timestamp", rooms_orchestrator_iso(g->now));
    rooms_decide_emit(g->d, "heartbeat:ack", answer);

    (void) json_object_set_new(answer, "success", json_true());
    rooms_orchestrator_answer(g, 0, answer);

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "beat", "id",
                                         self));

    return ROOMS_OK;
}


static const rooms_orchestrator_command_t  rooms_orchestrator_events[] = {
    { "gm:identify", rooms_orchestrator_identify },
    { "state:request", rooms_orchestrator_request },
    { "transaction:submit", rooms_orchestrator_submit },
    { "heartbeat", rooms_orchestrator_heartbeat },
    { NULL, NULL }
};


unsigned
rooms_orchestrator_knows(rooms_str_t event)
{
    const rooms_orchestrator_command_t  *c;

    for (c = rooms_orchestrator_events; c->name != NULL; c++) {
        if (rooms_option_is(event, c->name)) {
            return 1;
        }
    }

    return 0;
}


rooms_int_t
rooms_orchestrator_event(rooms_orchestrator_t *g)
{
    const rooms_orchestrator_command_t  *c;

    for (c = rooms_orchestrator_events; c->name != NULL; c++) {
        if (rooms_option_is(g->cmd->name, c->name)) {
            return c->handler(g);
        }
    }

    rooms_orchestrator_refuse(g->conf, g->cmd, ROOMS_REFUSE_UNKNOWN,
                              rooms_str(NULL, 0), g->d);

    return ROOMS_OK;
}


static const char *
rooms_orchestrator_reason(rooms_gone_e gone)
{
    switch (gone) {

    case ROOMS_GONE_TIMEOUT:
        return "timeout";

    case ROOMS_GONE_MANUAL:
        return "manual";

    default:
        return "error";
    }
}


rooms_int_t
rooms_orchestrator_disconnect(rooms_orchestrator_t *g)
{
    const char  *id;

    if (rooms_orchestrator_device(g->state, g->cmd->caller, &id)
        == NULL)
    {
        return ROOMS_OK;
    }

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "away", "id",
                                         id));
    rooms_orchestrator_message(g, ROOMS_TO_OTHERS, g->cmd->caller->sid,
                               "device:disconnected",
                               json_pack("{s:s, s:s}", "deviceId", id,
                                         "reason",
                                         rooms_orchestrator_reason(
                                             g->cmd->gone)), 0);

    return ROOMS_OK;
}
