
/*
 * Copyright (C) nginx rooms contributors
 *
 * The first octet chooses: commands, facts, or a snapshot.  Commands are two
 * octets each; some are decided on a state that is one behind, as in another
 * worker, and come to nothing.  Two copies of the state are kept, one of
 * which is now and then replaced by what is restored from its snapshot; they
 * stay the same.  Who is online is who is connected and subscribed, and no
 * draw gives more of a prize than there is.
 */


#include "rooms_platform_check.h"


static void
param(world_t *w, const char *name, const char *value)
{
    unsigned  i;

    i = w->cmd.nparams++;
    (void) snprintf(w->param[i], sizeof(w->param[i]), "%s", value);
    w->params[i].name = str(name);
    w->params[i].value = str(w->param[i]);
    w->cmd.params = w->params;
}


static void
rest(world_t *w, const char *name, unsigned user, json_t *body)
{
    w->cmd.kind = ROOMS_CMD_REST;
    w->cmd.name = str(name);
    w->cmd.body = body;

    (void) snprintf(w->bearer, sizeof(w->bearer), "Bearer %s", tokens[user]);
    w->cmd.authorization = str(w->bearer);

    if (body != NULL) {
        char  *text;

        text = json_dumps(body, JSON_COMPACT);
        (void) snprintf(w->text, sizeof(w->text), "%s", text);
        free(text);
        w->cmd.text = str(w->text);
    }
}


static void
event(world_t *w, const char *name, json_t *arg)
{
    w->cmd.kind = ROOMS_CMD_EVENT;
    w->cmd.name = str(name);
    w->cmd.caller = &w->caller;
    w->cmd.ack = 1;
    w->cmd.args = json_array();
    need(json_array_append_new(w->cmd.args, arg) == 0);
}


static void
socket_command(world_t *w, unsigned op, unsigned p, const char *room)
{
    const char  *uid;

    w->sid[0] = 's';
    w->sid[1] = (char) ('0' + (p & 7));
    w->caller.sid = rooms_str(w->sid, 2);
    w->caller.nsp = str("/");

    /* an id comes once only, as long as it is there */

    if (op == 0 && rooms_platform_at(doc(w->state), "conns",
                                     w->sid, NULL))
    {
        op = 1;
    }

    switch (op) {

    case 0:
        w->cmd.kind = ROOMS_CMD_CONNECT;
        w->cmd.name = str("connect");
        w->cmd.caller = &w->caller;
        w->cmd.body = json_pack("{s:s}", "token", tokens[(p >> 3) % 5]);

        if (p & 0x80) {
            (void) snprintf(w->nsp, sizeof(w->nsp), "/rooms/%s", room);
            w->caller.nsp = str(w->nsp);
        }

        break;

    case 1:
        w->cmd.kind = ROOMS_CMD_DISCONNECT;
        w->cmd.caller = &w->caller;
        break;

    case 2:
        event(w, "room:subscribe", json_pack("{s:s}", "roomId", room));
        break;

    case 3:
        event(w, "room:unsubscribe", json_pack("{s:s}", "roomId", room));
        break;

    case 4:
        event(w, "presence:get_online", json_pack("{s:s}", "roomId", room));
        break;

    case 5:
        event(w, "quiz:answer_submit",
              json_pack("{s:s, s:s, s:i}", "questionId", "q", "answer",
                        p & 64 ? "a" : "b", "timestamp", 0));
        break;

    default:
        uid = nth(json_object_get(doc(w->state), "notices"), p >> 3);
        event(w, "notification:mark_read",
              json_pack("{s:s}", "notificationId",
                        nth(rooms_platform_at(doc(w->state), "notices", uid,
                                              NULL), p)));
    }
}


static void
rest_command(world_t *w, unsigned op, unsigned p, const char *room)
{
    json_t  *all;

    static const char *const  statuses[] = {
        "active", "completed", "cancelled", "draft"
    };

    all = doc(w->state);

    if (op != 8) {
        param(w, "id", room);
    }

    switch (op) {

    case 8:
        rest(w, "createRoom", p & 1,
             json_pack("{s:s, s:s, s:o}", "name", "R", "appId",
                       "app_quiz_v1", "appSettings",
                       json_loads(questions, 0, NULL)));
        break;

    case 9:
        rest(w, "updateRoom", p & 1,
             json_pack("{s:s, s:s}", "status", statuses[p >> 1 & 3], "name",
                       p & 8 ? "R" : "S"));
        break;

    case 10:
        rest(w, p & 0xe0 ? "getRoom" : "deleteRoom", p & 1, NULL);
        break;

    case 11:
        rest(w, "joinRoom", p & 3,
             json_pack("{s:s}", "role", p & 4 ? "viewer" : "participant"));
        break;

    case 12:
        param(w, "pid", p & 0x10 ? "me"
              : nth(rooms_platform_at(all, "parts", room, NULL), p >> 5));

        if (p & 8) {
            rest(w, "updateParticipant", p & 3,
                 json_pack("{s:s}", "role", p & 4 ? "moderator" : "viewer"));

        } else {
            rest(w, "removeParticipant", p & 3, NULL);
        }

        break;

    case 13:
        param(w, "prizeId",
              nth(rooms_platform_at(all, "prizes", room, NULL), p >> 4));

        if ((p & 12) == 0) {
            w->cmd.nparams = 1;
            rest(w, "createPrize", p & 3,
                 json_pack("{s:s, s:i}", "name", "P", "quantity",
                           1 + (p >> 4 & 3)));

        } else if ((p & 12) == 4) {
            rest(w, "updatePrize", p & 3,
                 json_pack("{s:i}", "quantity", 1 + (p >> 6)));

        } else {
            rest(w, "deletePrize", p & 3, NULL);
        }

        break;

    default:

        if (p & 0x80) {
            param(w, "winnerId",
                  nth(rooms_platform_at(all, "winners", room, NULL), p >> 2));
            rest(w, "deleteWinner", p & 3, NULL);
            break;
        }

        rest(w, "createWinner", p & 1,
             json_pack("{s:s, s:s}", "participantId",
                       nth(rooms_platform_at(all, "parts", room, NULL),
                           p >> 1 & 7),
                       "prizeId",
                       nth(rooms_platform_at(all, "prizes", room, NULL),
                           p >> 4)));
    }
}


/* Events of the app, and what tokens and accounts go through. */

static void
other_command(world_t *w, unsigned p, const char *room)
{
    if (p & 0x80) {
        param(w, "id", room);
        rest(w, "publishEvent", USERS,
             json_pack("{s:s, s:{s:s, s:i, s:i}}", "event",
                       p & 1 ? "quiz:question_published" : "quiz:x",
                       "data", "questionId", p & 2 ? "q" : "r", "timeLimit",
                       p & 4 ? 1 : 0, "correctIndex", 1));

        rooms_buf_str16(&w->headers, str("x-app-id"));
        rooms_buf_str16(&w->headers, str("app_quiz_v1"));
        w->cmd.headers = rooms_str(w->headers.data, w->headers.len);

    } else if (p & 0x40) {
        rest(w, "listNotifications", p & 3, NULL);

    } else if ((p & 0x3c) == 0x3c) {
        rest(w, "logout", p & 3, json_pack("{s:s}", "refreshToken", "x"));

    } else if ((p & 0x3c) == 0x38) {
        param(w, "id", "usr_2");
        rest(w, "deleteUser", 3, NULL);

    } else {
        w->cmd.kind = ROOMS_CMD_TICK;
    }
}


static void
command(world_t *w, unsigned op, unsigned p)
{
    json_t      *rooms;
    const char  *room;

    memset(&w->cmd, 0, sizeof(w->cmd));
    memset(&w->caller, 0, sizeof(w->caller));
    rooms_buf_reset(&w->headers);

    w->fresh++;
    memset(w->random, 0, sizeof(w->random));
    memcpy(w->random, &w->fresh, sizeof(w->fresh));
    memcpy(w->random + 8, &w->fresh, sizeof(w->fresh));
    memcpy(w->random + 16, &w->fresh, sizeof(w->fresh));

    w->cmd.now = w->now;
    w->cmd.random = w->random;
    w->cmd.room = str("platform");

    rooms = json_object_get(doc(w->state), "rooms");
    room = nth(rooms, p >> 5);

    if (op == 8 && json_object_size(rooms) >= ROOMS) {
        op = 10;
    }

    if (op < 7) {
        socket_command(w, op, p, room);

    } else if (op == 7 || op == 15) {
        other_command(w, p, room);

    } else {
        rest_command(w, op, p, room);
    }
}


/* A winner is one of those there are. */

static void
check_draw(world_t *w)
{
    json_t      *prize;
    const char  *key;

    if (!rooms_option_is(w->cmd.name, "createWinner") || d.status != 201) {
        return;
    }

    key = rooms_platform_text(w->cmd.body, "prizeId");
    prize = rooms_platform_at(doc(w->state), "prizes", w->param[0], key,
                              NULL);

    need(json_integer_value(json_object_get(prize, "winnerCount"))
         <= json_integer_value(json_object_get(prize, "quantity")));
}


static void
decided(world_t *w, unsigned stale)
{
    unsigned     i;
    rooms_str_t  fact;

    need(!rooms_decision_failed(&d));
    need(w->cmd.kind != ROOMS_CMD_EVENT || d.answered);
    need(w->cmd.kind != ROOMS_CMD_REST || (d.answered && d.status));
    need(d.messages.len == 0
         || memmem(d.messages.data, d.messages.len, "correctIndex", 12)
            == NULL);

    for (i = 0; i < d.nrecords && !stale; i++) {
        fact = rooms_decision_str(&d, d.records[i].fact);

        if (d.records[i].room.len) {
            need(fact.len == 0);
            continue;
        }

        w->id++;
        need(rooms_platform_evolve(conf, &w->state, w->id, fact)
             == ROOMS_OK);
        need(rooms_platform_evolve(conf, &w->other, w->id, fact)
             == ROOMS_OK);
    }

    if (!stale) {
        check_draw(w);
    }
}


static void
commands(const uint8_t *p, size_t n)
{
    void      *behind;
    world_t    w;
    unsigned   stale;

    memset(&w, 0, sizeof(w));
    w.now = NOW;
    behind = NULL;

    for ( ; n >= 2; p += 2, n -= 2) {

        /* mostly at once, sometimes when tokens expire */

        w.now += p[0] == 0xff ? 1200000 : (p[0] >> 4 & 3) * 400;
        stale = (p[0] & 0x40) && w.state != NULL;
        command(&w, p[0] & 15, p[1]);

        rooms_decision_reset(&d);
        need(rooms_platform_decide(conf, stale ? behind : w.state, &w.cmd, &d)
             == ROOMS_OK);

        decided(&w, stale);
        json_decref(w.cmd.args);
        json_decref(w.cmd.body);

        if (w.state == NULL) {
            continue;
        }

        if (p[0] & 0x80) {
            same(w.state, w.other);
            restore(&w.other, w.state);
            restore(&behind, w.state);
        }

        check(&w);
    }

    if (w.state != NULL) {
        same(w.state, w.other);
        rooms_platform_release(w.state);
        rooms_platform_release(w.other);
    }

    if (behind != NULL) {
        rooms_platform_release(behind);
    }

    rooms_buf_free(&w.headers);
}


/* Each with its length before it. */

static void
facts(rooms_str_t in)
{
    void         *state, *copy;
    uint8_t       len;
    rooms_str_t   fact;

    state = NULL;
    copy = NULL;

    while (rooms_get_u8(&in, &len) == ROOMS_OK) {
        fact = rooms_str(in.data, len < in.len ? len : in.len);
        in.data += fact.len;
        in.len -= fact.len;

        (void) rooms_platform_evolve(conf, &state, 1, fact);
    }

    if (state != NULL) {
        restore(&copy, state);
        same(state, copy);
        rooms_platform_release(copy);
        rooms_platform_release(state);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    void  *state;

    if (conf == NULL) {
        begin();
    }

    if (size == 0) {
        return 0;
    }

    switch (input[0] % 3) {

    case 0:
        commands(input + 1, size - 1);
        break;

    case 1:
        facts(rooms_str(input + 1, size - 1));
        break;

    default:
        state = NULL;

        if (rooms_platform_restore(conf, &state,
                                   rooms_str(input + 1, size - 1))
            == ROOMS_OK)
        {
            rooms_platform_release(state);
        }
    }

    return 0;
}
