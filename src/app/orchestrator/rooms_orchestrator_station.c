
/*
 * Copyright (C) nginx rooms contributors
 *
 * How a socket becomes a station, and what one that comes back has missed.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_offset.h>
#include <rooms_orchestrator.h>


/*
 * What is kept with a socket: "T" where its handshake had a valid token, or
 * "-"; then the offset its client came with, if any; then a space and the id
 * of its station, once it has one.
 */

static unsigned
rooms_orchestrator_trusted(const rooms_command_t *cmd)
{
    return cmd->caller->data.len && cmd->caller->data.data[0] == 'T';
}


/*
 * The last message that the client has had; 0: it does not say so.
 * ROOMS_DECLINED: that was in a journal that has been lost since.
 */

static rooms_int_t
rooms_orchestrator_had(const rooms_command_t *cmd, uint64_t *had)
{
    uint64_t     epoch, id;
    rooms_str_t  data;

    *had = 0;
    data = cmd->caller->data;

    if (data.len == 0
        || rooms_offset_parse(rooms_str(data.data + 1, data.len - 1), &epoch,
                              &id)
           != ROOMS_OK)
    {
        return ROOMS_OK;
    }

    if (epoch != cmd->epoch) {
        return ROOMS_DECLINED;
    }

    *had = id;

    return ROOMS_OK;
}


/* The token of a handshake is good, or there is none. */

static void
rooms_orchestrator_welcome(rooms_orchestrator_t *g, unsigned trusted)
{
    char         text[ROOMS_OFFSET_LEN + 1];
    uint64_t     epoch, id;
    rooms_str_t  offset;
    const char  *had;

    had = rooms_orchestrator_text(g->cmd->body, "offset");
    offset = rooms_str(had, strlen(had));

    if (rooms_offset_parse(offset, &epoch, &id) != ROOMS_OK) {
        offset.len = 0;
    }

    if (!trusted && offset.len == 0) {
        return;
    }

    text[0] = trusted ? 'T' : '-';
    memcpy(text + 1, offset.data, offset.len);

    rooms_decide_data(g->d, rooms_str(text, 1 + offset.len));
}


rooms_int_t
rooms_orchestrator_connect(rooms_orchestrator_t *g)
{
    json_t                 *token;
    const rooms_command_t  *cmd;

    cmd = g->cmd;

    if (!rooms_option_is(cmd->caller->nsp, "/")) {
        rooms_decide_reject(g->d, "Invalid namespace", NULL);
        return ROOMS_OK;
    }

    token = json_object_get(cmd->body, "token");

    if (token == NULL || json_is_null(token)) {
        rooms_orchestrator_welcome(g, 0);
        return ROOMS_OK;
    }

    if (!rooms_orchestrator_admits(g->conf,
                                   rooms_str(json_string_value(token),
                                             json_string_length(token)),
                                   cmd->now))
    {
        return rooms_orchestrator_fail(g, &rooms_orchestrator_invalid_token,
                                       NULL);
    }

    rooms_orchestrator_welcome(g, 1);

    if (strcmp(rooms_orchestrator_text(cmd->body, "deviceType"), "admin")
        == 0)
    {
        rooms_decide_join(g->d, rooms_str(ROOMS_ORCHESTRATOR_ROOM,
                                       sizeof(ROOMS_ORCHESTRATOR_ROOM) - 1));
    }

    return ROOMS_OK;
}


/* XG-4.  ROOMS_DECLINED: the answer has been given. */

static rooms_int_t
rooms_orchestrator_check_token(rooms_orchestrator_t *g, const json_t *data)
{
    json_t  *token;

    token = json_object_get(data, "token");

    if (token != NULL && !json_is_null(token)) {

        if (rooms_orchestrator_admits(g->conf,
                                      rooms_str(json_string_value(token),
                                                json_string_length(token)),
                                      g->cmd->now))
        {
            return ROOMS_OK;
        }

        (void) rooms_orchestrator_fail(g, &rooms_orchestrator_invalid_token,
                                       NULL);
        return ROOMS_DECLINED;
    }

    if (!g->conf->require || rooms_orchestrator_trusted(g->cmd)) {
        return ROOMS_OK;
    }

    (void) rooms_orchestrator_fail(g, &rooms_orchestrator_auth_required,
                                   NULL);
    rooms_decide_kick(g->d, 0);

    return ROOMS_DECLINED;
}


static unsigned
rooms_orchestrator_connected(const json_t *device)
{
    return strcmp(rooms_orchestrator_text(device, "status"), "connected")
           == 0;
}


static unsigned
rooms_orchestrator_held(const rooms_orchestrator_t *g, const json_t *device)
{
    return device != NULL && !rooms_orchestrator_connected(device)
           && g->now < (uint64_t) json_integer_value(json_object_get(device,
                                                                     "away"))
                       + g->conf->hold;
}


/* Stations that have a place, but for this one. */

static unsigned
rooms_orchestrator_places(const rooms_orchestrator_t *g, const char *self)
{
    json_t      *device;
    unsigned     n;
    const char  *id;

    n = 0;

    json_object_foreach(json_object_get(g->state, "devices"), id, device) {
        if (strcmp(rooms_orchestrator_text(device, "type"), "gm") == 0
            && strcmp(id, self) != 0
            && (rooms_orchestrator_connected(device)
                || rooms_orchestrator_held(g, device)))
        {
            n++;
        }
    }

    return n;
}


/*
 * It gets what its client has not had: after the offset, but never less than
 * what came since its socket went, because the offset may be one of another
 * station.  Its sids are those of the messages that speak of itself.
 */

static void
rooms_orchestrator_queued(rooms_orchestrator_t *g, uint64_t after,
    const json_t *device)
{
    size_t          i;
    json_t         *former, *one;
    rooms_buf_t    *b;
    rooms_str_t     sid;
    unsigned char   offset[ROOMS_OFFSET_LEN];

    b = rooms_decision_scratch(g->d);
    former = json_object_get(device, "former");

    sid.data = (const unsigned char *) rooms_orchestrator_text(device, "sid");
    sid.len = strlen((const char *) sid.data);
    rooms_buf_str16(b, sid);

    json_array_foreach(former, i, one) {
        sid.data = (const unsigned char *) rooms_orchestrator_text(one,
                                                                   "sid");
        sid.len = strlen((const char *) sid.data);
        rooms_buf_str16(b, sid);
    }

    rooms_decide_replay_as(g->d,
                           rooms_str(offset,
                                     rooms_offset_write(offset, g->cmd->epoch,
                                                        after)),
                           rooms_str(b->data, b->len));
}


/* 1: some of the sids that it had after this are not known any more */

static unsigned
rooms_orchestrator_dim(uint64_t after, const json_t *device)
{
    json_t  *former;

    former = json_object_get(device, "former");

    return json_array_size(former) == ROOMS_ORCHESTRATOR_FORMER
           && after < (uint64_t) json_integer_value(
                         json_object_get(json_array_get(former, 0), "id"));
}


/* What a station that was here before has missed, or all there is. */

static void
rooms_orchestrator_catch_up(rooms_orchestrator_t *g, const char *id,
    const json_t *device)
{
    uint64_t  had, at;

    if (rooms_orchestrator_had(g->cmd, &had) != ROOMS_OK) {
        /* nothing that is known tells what it believes */

    } else if (rooms_orchestrator_held(g, device)) {
        at = (uint64_t) json_integer_value(json_object_get(device, "at"));
        at = rooms_message_whole(at);
        had = (had && had < at) ? had : at;

    } else if (strcmp(rooms_orchestrator_text(device, "type"), "player")
               == 0)
    {
        return;

    } else if (device == NULL) {
        had = 0;

        if (rooms_orchestrator_get(g->state, "known", id) == NULL) {
            return;
        }

    } else if (!rooms_orchestrator_connected(device)) {
        had = 0;
    }

    if (had && !rooms_orchestrator_dim(had, device)) {
        rooms_orchestrator_queued(g, had, device);
        return;
    }

    rooms_orchestrator_emit_sync(g, rooms_str(id, strlen(id)));
}


static void
rooms_orchestrator_device_fact(rooms_orchestrator_t *g, const json_t *data,
    const char *id)
{
    json_t                 *fact;
    const rooms_command_t  *cmd;

    cmd = g->cmd;

    fact = json_pack("{s:s, s:s, s:s, s:O, s:s#, s:O*}", "f", "device",
                     "id", id, "type", "gm",
                     "version", json_object_get(data, "version"),
                     "sid", cmd->caller->sid.data, (int) cmd->caller->sid.len,
                     "name", json_object_get(data, "name"));

    if (cmd->address.len) {
        (void) json_object_set_new(fact, "ip",
                                   json_stringn((const char *)
                                                cmd->address.data,
                                                cmd->address.len));
    }

    rooms_orchestrator_fact(g, fact);
}


static void
rooms_orchestrator_arrived(rooms_orchestrator_t *g, const json_t *data,
    const char *id, const json_t *device)
{
    json_t                 *payload;
    const rooms_command_t  *cmd;

    cmd = g->cmd;

    if (rooms_orchestrator_connected(device)) {
        rooms_orchestrator_kick(g, rooms_orchestrator_text(device, "sid"));
        return;
    }

    payload = json_pack("{s:s, s:s, s:O*}", "deviceId", id, "type", "gm",
                        "name", json_object_get(data, "name"));

    if (cmd->address.len) {
        (void) json_object_set_new(payload, "ipAddress",
                                   json_stringn((const char *)
                                                cmd->address.data,
                                                cmd->address.len));
    }

    rooms_orchestrator_message(g, ROOMS_TO_OTHERS, cmd->caller->sid,
                               "device:connected", payload, 0);
}


static void
rooms_orchestrator_identified(rooms_orchestrator_t *g)
{
    json_t  *answer;

    answer = json_pack("{s:b, s:O, s:o}", "success", 1, "sessionId",
                       rooms_orchestrator_get(g->state, "session", "id"),
                       "state", rooms_orchestrator_game(g->state, g->now));

    rooms_decide_emit(g->d, "gm:identified", answer);
    rooms_orchestrator_answer(g, 0, answer);
}


static void
rooms_orchestrator_seat(rooms_orchestrator_t *g, const json_t *data,
    const char *id, const json_t *device)
{
    char  text[ROOMS_ORCHESTRATOR_ID * 4 + 3];

    (void) snprintf(text, sizeof(text), "%c %s",
                    rooms_orchestrator_trusted(g->cmd) ? 'T' : '-', id);

    rooms_orchestrator_identified(g);

    rooms_decide_data(g->d, rooms_str(text, strlen(text)));
    rooms_decide_join(g->d, rooms_str(ROOMS_ORCHESTRATOR_ROOM,
                                      sizeof(ROOMS_ORCHESTRATOR_ROOM) - 1));

    rooms_orchestrator_device_fact(g, data, id);
    rooms_orchestrator_arrived(g, data, id, device);

    rooms_orchestrator_catch_up(g, id, device);
}


rooms_int_t
rooms_orchestrator_identify(rooms_orchestrator_t *g)
{
    json_t        *data, *made, *device;
    const char    *id, *self;

    data = rooms_orchestrator_payload(g->cmd);
    id = rooms_orchestrator_text(data, "stationId");

    if (*id == '\0') {
        return rooms_orchestrator_invalid(g, "/stationId: is required");
    }

    if (rooms_orchestrator_check_token(g, data) != ROOMS_OK) {
        return ROOMS_OK;
    }

    if (rooms_orchestrator_device(g->state, g->cmd->caller, &self)
        != NULL)
    {
        if (strcmp(self, id) != 0) {
            return rooms_orchestrator_invalid(g, "/stationId: this socket is "
                                                 "another station already");
        }

        rooms_orchestrator_identified(g);
        rooms_orchestrator_device_fact(g, data, id);
        return ROOMS_OK;
    }

    if (rooms_orchestrator_places(g, id) >= g->conf->stations) {
        (void) rooms_orchestrator_fail(g, &rooms_orchestrator_device_limit,
                                       NULL);
        rooms_decide_kick(g->d, 0);
        return ROOMS_OK;
    }

    device = rooms_orchestrator_get(g->state, "devices", id);

    if (rooms_orchestrator_need_session(g, &made) != ROOMS_OK) {
        return ROOMS_OK;
    }

    if (made != NULL) {
        g->state = made;
    }

    rooms_orchestrator_seat(g, data, id, device);
    json_decref(made);

    return ROOMS_OK;
}


void
rooms_orchestrator_replay(rooms_orchestrator_t *g)
{
    if (g->cmd->missed >= 0
        && g->cmd->missed <= ROOMS_ORCHESTRATOR_QUEUE)
    {
        rooms_decide_replayed(g->d);
        return;
    }

    rooms_orchestrator_emit_sync(g, rooms_orchestrator_self(g->cmd->caller));
}
