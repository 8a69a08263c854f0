
/*
 * Copyright (C) nginx rooms contributors
 *
 * Sockets come, go, return, and say that they live.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_polls.h>


#define ROOMS_POLLS_VERSION  "1.0.0"     /* of the contract */
#define ROOMS_POLLS_QUERY    256         /* octets of a value */


/* What a client says when it connects. */

typedef struct {
    rooms_str_t    participant;
    rooms_str_t    role;
    rooms_str_t    token;
    rooms_str_t    last;
    rooms_str_t    format;
    unsigned char  buf[5][ROOMS_POLLS_QUERY];
} rooms_polls_hello_t;


static rooms_str_t
rooms_polls_either(const rooms_command_t *cmd, const char *one,
    const char *other, unsigned char *buf)
{
    rooms_str_t  value;

    value = rooms_polls_handshake(cmd, one, buf, ROOMS_POLLS_QUERY);

    return value.len ? value : rooms_polls_handshake(cmd, other, buf,
                                                     ROOMS_POLLS_QUERY);
}


static void
rooms_polls_hello(rooms_polls_ctx_t *ctx, rooms_polls_hello_t *h)
{
    const rooms_command_t  *cmd;

    cmd = ctx->cmd;

    h->participant = rooms_polls_handshake(cmd, "participantId", h->buf[0],
                                           ROOMS_POLLS_QUERY);
    h->role = rooms_polls_either(cmd, "role", "actorType", h->buf[1]);
    h->token = rooms_polls_handshake(cmd, "token", h->buf[2],
                                     ROOMS_POLLS_QUERY);
    h->last = rooms_polls_either(cmd, "lastEventId", "fromEventId",
                                 h->buf[3]);
    h->format = rooms_polls_handshake(cmd, "format", h->buf[4],
                                      ROOMS_POLLS_QUERY);

    if (rooms_option_is(h->format, "named")) {
        ctx->variant = 1;

    } else if (rooms_option_is(h->format, "envelope")) {
        ctx->variant = 2;
    }
}


/* The data kept with a socket: variant, session's id, participant. */

static void
rooms_polls_remember(rooms_polls_ctx_t *ctx)
{
    int   n;
    char  data[64];

    n = snprintf(data, sizeof(data), "%u%s", ctx->variant,
                 ctx->state ? ctx->state->id : "");

    if (ctx->who != ROOMS_POLLS_NONE) {
        n += snprintf(data + n, sizeof(data) - n, "%u", (unsigned) ctx->who);
    }

    rooms_decide_data(ctx->d, rooms_str(data, n));
}


static void
rooms_polls_established(rooms_polls_ctx_t *ctx, rooms_str_t participant)
{
    json_t  *payload;

    payload = json_pack("{s:o, s:o, s:s, s:s, s:s}",
                        "connectionId",
                        rooms_polls_string(ctx->cmd->caller->sid),
                        "socketId",
                        rooms_polls_string(ctx->cmd->caller->sid),
                        "serverVersion", ROOMS_POLLS_VERSION,
                        "message", "WebSocket connection established",
                        "timestamp", ctx->now);

    if (participant.len) {
        (void) json_object_set_new(payload, "participantId",
                                   rooms_polls_string(participant));
    }

    if (ctx->state != NULL) {
        (void) json_object_set_new(payload, "sessionId",
                                   json_string(ctx->state->id));
    }

    rooms_polls_emit(ctx, "connection:established", payload, 1);
}


/* A presenter who watches the list of sessions. */

static rooms_int_t
rooms_polls_watch(rooms_polls_ctx_t *ctx, const rooms_polls_hello_t *h)
{
    char  room[ROOMS_POLLS_ROOM], id[ROOMS_POLLS_UUID + 1];

    if (ctx->cmd->room.len || !rooms_option_is(h->role, "presenter")
        || rooms_polls_token_id(h->token, id) != ROOMS_OK)
    {
        return rooms_polls_fail(ctx, &rooms_polls_no_session, NULL,
                                rooms_str(NULL, 0));
    }

    rooms_decide_variant(ctx->d, ctx->variant);
    rooms_polls_remember(ctx);
    rooms_decide_join(ctx->d, rooms_polls_room_presenter(room, id));
    rooms_polls_established(ctx, rooms_str(NULL, 0));

    if (h->last.len) {
        rooms_decide_replay(ctx->d, h->last);
    }

    return ROOMS_OK;
}


/* 1: the caller may be who it says it is. */

static unsigned
rooms_polls_admit(rooms_polls_ctx_t *ctx, const rooms_polls_hello_t *h,
    unsigned *presenter)
{
    char  id[ROOMS_POLLS_UUID + 1], pass[ROOMS_POLLS_PASS + 1];

    *presenter = 0;

    if (h->token.len == 0) {
        return !(ctx->conf->tokens && ctx->who != ROOMS_POLLS_NONE);
    }

    if (rooms_polls_token_id(h->token, id) == ROOMS_OK
        && memcmp(id, ctx->state->presenter, ROOMS_POLLS_UUID) == 0)
    {
        *presenter = 1;
        return 1;
    }

    if (ctx->who == ROOMS_POLLS_NONE) {
        return 0;
    }

    rooms_polls_pass(ctx->state->secret, ctx->who, pass);

    return rooms_polls_equal(h->token, rooms_str(pass, ROOMS_POLLS_PASS));
}


static void
rooms_polls_attach(rooms_polls_ctx_t *ctx)
{
    char                              id[ROOMS_POLLS_UUID + 1];
    unsigned                          event;
    const rooms_polls_state_t        *s;
    const rooms_polls_participant_t  *p;

    s = ctx->state;
    p = rooms_polls_participant(s, ctx->who);
    event = p != NULL && p->presence == ROOMS_POLLS_DISCONNECTED;

    rooms_polls_fact_attached(ctx, ctx->who, ctx->cmd->caller->sid,
                              ctx->variant, event);
    ctx->due = ctx->cmd->now + ctx->conf->heartbeat;

    if (event) {
        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_PARTICIPANT,
                            ctx->who, 0, id);
        rooms_polls_event(ctx, "participant:reconnected",
                          rooms_polls_moved_json(s, id, "reconnectedAt",
                                                 ctx->now, s->connected + 1));
    }
}


rooms_int_t
rooms_polls_connect(rooms_polls_ctx_t *ctx)
{
    char                  room[ROOMS_POLLS_ROOM];
    unsigned              presenter;
    rooms_polls_hello_t   h;

    const rooms_polls_state_t        *s;
    const rooms_polls_participant_t  *p;

    if (!rooms_option_is(ctx->cmd->caller->nsp, "/")) {
        rooms_decide_reject(ctx->d, "Invalid namespace", NULL);
        return ROOMS_OK;
    }

    s = ctx->state;
    rooms_polls_hello(ctx, &h);

    if (s == NULL) {
        return rooms_polls_watch(ctx, &h);
    }

    if (h.participant.len) {
        ctx->who = rooms_polls_who(s, h.participant);
        p = rooms_polls_participant(s, ctx->who);

        if (p == NULL || (p->presence == ROOMS_POLLS_LEFT
                          && s->status != ROOMS_POLLS_ENDED))
        {
            return rooms_polls_fail(ctx, &rooms_polls_not_joined, NULL,
                                    rooms_str(NULL, 0));
        }
    }

    if (!rooms_polls_admit(ctx, &h, &presenter)) {
        return rooms_polls_fail(ctx, &rooms_polls_unauthorized, NULL,
                                rooms_str(NULL, 0));
    }

    rooms_decide_variant(ctx->d, ctx->variant);
    rooms_polls_remember(ctx);
    rooms_decide_join(ctx->d, ctx->cmd->room);

    if (presenter) {
        rooms_decide_join(ctx->d, rooms_polls_room_presenter(room,
                                                             s->presenter));
    }

    rooms_polls_established(ctx, h.participant);

    if (h.last.len) {
        rooms_decide_replay(ctx->d, h.last);
    }

    rooms_polls_attach(ctx);

    return ROOMS_OK;
}


rooms_int_t
rooms_polls_disconnect(rooms_polls_ctx_t *ctx)
{
    char                         id[ROOMS_POLLS_UUID + 1];
    uint32_t                     i;
    unsigned                     event;
    rooms_str_t                  sid;
    const rooms_polls_state_t   *s;
    const rooms_polls_socket_t  *socket;

    const rooms_polls_participant_t  *p;

    s = ctx->state;
    sid = ctx->cmd->caller->sid;
    i = s ? rooms_polls_socket_find(s, sid) : ROOMS_POLLS_NONE;

    if (i == ROOMS_POLLS_NONE) {
        return ROOMS_OK;
    }

    socket = rooms_polls_socket(s, i);
    p = rooms_polls_participant(s, socket->who);

    event = p != NULL && p->presence == ROOMS_POLLS_CONNECTED
            && p->socket == i && socket->next == ROOMS_POLLS_NONE;

    rooms_polls_fact_detached(ctx, sid, event);

    if (event) {
        rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_PARTICIPANT,
                            socket->who, 0, id);
        ctx->due = ctx->cmd->now + ctx->conf->grace;

        rooms_polls_event(ctx, "participant:disconnected",
                          rooms_polls_moved_json(s, id, "disconnectedAt",
                                                 ctx->now, s->connected - 1));
    }

    return ROOMS_OK;
}


/* By Socket.IO's own means: it has its rooms, and what it missed. */

rooms_int_t
rooms_polls_recover(rooms_polls_ctx_t *ctx)
{
    if (ctx->cmd->room.len != ROOMS_POLLS_KEY_TEXT) {
        return ROOMS_OK;
    }

    if (ctx->state == NULL) {
        rooms_decide_leave(ctx->d, ctx->cmd->room);
        return ROOMS_OK;
    }

    if (rooms_polls_socket_find(ctx->state, ctx->cmd->caller->sid)
        != ROOMS_POLLS_NONE)
    {
        return ROOMS_OK;
    }

    if (rooms_polls_participant(ctx->state, ctx->who) == NULL) {
        ctx->who = ROOMS_POLLS_NONE;
    }

    rooms_polls_attach(ctx);

    return ROOMS_OK;
}


static void
rooms_polls_synced(rooms_polls_ctx_t *ctx)
{
    if (ctx->state != NULL) {
        rooms_polls_emit(ctx, "session:synced",
                         rooms_polls_synced_json(ctx->state, ctx->cmd->epoch),
                         0);
    }
}


/* What there is to be replayed is known now; see rooms_decide_replay(). */

rooms_int_t
rooms_polls_replayed(rooms_polls_ctx_t *ctx)
{
    int64_t      missed;
    rooms_str_t  from;

    missed = ctx->cmd->missed;
    from = ctx->cmd->text;

    rooms_polls_emit(ctx, "connection:reconnected",
                     json_pack("{s:o, s:s, s:o, s:I, s:b}",
                               "connectionId",
                               rooms_polls_string(ctx->cmd->caller->sid),
                               "timestamp", ctx->now,
                               "replayFrom", rooms_polls_string(from),
                               "replayCount",
                               (json_int_t) (missed < 0 ? 0 : missed),
                               "fullSyncRequired", missed < 0),
                     1);

    if (missed < 0) {
        rooms_polls_synced(ctx);
        return ROOMS_OK;
    }

    if (ctx->variant == 2) {
        rooms_polls_emit(ctx, "event:replay:start",
                         json_pack("{s:o, s:s}", "fromEventId",
                                   rooms_polls_string(from),
                                   "timestamp", ctx->now), 1);
    }

    rooms_decide_replayed(ctx->d);

    if (ctx->variant == 2) {
        rooms_polls_emit(ctx, "event:replay:complete",
                         json_pack("{s:o, s:s, s:I}", "fromEventId",
                                   rooms_polls_string(from),
                                   "timestamp", ctx->now, "replayedCount",
                                   (json_int_t) missed), 1);
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_polls_reconnect(rooms_polls_ctx_t *ctx)
{
    json_t  *from;

    rooms_polls_answer(ctx, 0, json_pack("{s:b}", "success", 1));

    from = json_array_get(ctx->cmd->args, 0);

    if (json_string_length(from)) {
        rooms_decide_replay(ctx->d, rooms_str(json_string_value(from),
                                              json_string_length(from)));

    } else {
        rooms_polls_synced(ctx);
    }

    return ROOMS_OK;
}


/*
 * Not each of them goes into the journal: of a session of n participants
 * there are about 33 a second at the most.
 */

rooms_int_t
rooms_polls_heartbeat(rooms_polls_ctx_t *ctx)
{
    uint64_t                          every;
    const rooms_polls_participant_t  *p;

    rooms_polls_answer(ctx, 0, json_pack("{s:b, s:s}", "success", 1,
                                         "timestamp", ctx->now));

    p = ctx->state ? rooms_polls_participant(ctx->state, ctx->who) : NULL;

    if (p == NULL || p->presence != ROOMS_POLLS_CONNECTED) {
        return ROOMS_OK;
    }

    every = (uint64_t) ctx->state->connected * 30;

    if (p->seen + every < ctx->cmd->now) {
        rooms_polls_fact_seen(ctx, ctx->who);
    }

    return ROOMS_OK;
}
