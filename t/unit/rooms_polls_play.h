
/*
 * Copyright (C) nginx rooms contributors
 *
 * Plays commands to polls with one session, whose facts it applies.
 */


#ifndef _ROOMS_POLLS_PLAY_H_INCLUDED_
#define _ROOMS_POLLS_PLAY_H_INCLUDED_


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_polls.h>


typedef struct {
    rooms_polls_conf_t  *conf;
    void                *state;
    rooms_decision_t     d;
    rooms_int_t          rc;
    json_t              *answer;
    uint64_t             now;
    uint64_t             id;
    uint64_t             fresh;
    unsigned char        random[ROOMS_RANDOM_LEN];
    char                 events[1024];   /* names of stored ones, in order */
    unsigned             told;           /* messages to one socket */
    char                 token[64];      /* of the presenter */
    char                 poll[40];       /* the last one created */
    char                 option[40];     /* its first option */
    char                 who[40];        /* who joined last */
} polls_t;


static inline rooms_str_t
polls_str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static inline void
polls_open(polls_t *p)
{
    memset(p, 0, sizeof(polls_t));
    p->conf = rooms_polls_app.create();
    p->now = UINT64_C(1759235696789);
    rooms_decision_init(&p->d);
}


static inline void
polls_done(polls_t *p)
{
    if (p->state != NULL) {
        rooms_polls_release(p->state);
    }

    json_decref(p->answer);
    rooms_polls_app.destroy(p->conf);
    rooms_decision_free(&p->d);
}


static inline void
polls_note(polls_t *p, rooms_str_t args)
{
    char         name[64];
    const char  *end;

    /* ["NAME",... of the named form */

    end = memchr(args.data + 2, '"', args.len - 2);
    snprintf(name, sizeof(name), "%.*s", (int) (end - (char *) args.data - 2),
             args.data + 2);

    if (strcmp(name, "event") != 0) {
        strcat(p->events, p->events[0] ? " " : "");
        strcat(p->events, name);
    }
}


static inline void
polls_apply(polls_t *p)
{
    unsigned          i;
    rooms_str_t       in, fact;
    rooms_message_t   m;
    rooms_decided_t  *r;

    p->events[0] = '\0';
    p->told = 0;

    assert_int_equal(rooms_decision_failed(&p->d), 0);

    for (i = 0; i < p->d.nrecords; i++) {
        r = &p->d.records[i];
        fact = rooms_decision_str(&p->d, r->fact);

        if (r->room.len) {
            continue;
        }

        if (fact.len) {
            assert_int_equal(rooms_polls_evolve(p->conf, &p->state, ++p->id,
                                                fact), ROOMS_OK);
        }

        in = rooms_str(p->d.messages.data + r->messages.pos,
                       r->messages.len);

        while (rooms_message_read(&in, &m) == ROOMS_OK) {

            if (m.audience == ROOMS_TO_SOCKET) {
                assert_int_equal(m.ephemeral, 1);
                assert_int_equal(m.id_at, 0);
                p->told++;

            } else if (m.ephemeral == 0) {
                assert_int_not_equal(m.id_at, 0);
                polls_note(p, m.args);
            }
        }
    }

    json_decref(p->answer);
    p->answer = NULL;

    if (p->d.answered) {
        in = rooms_decision_str(&p->d, p->d.answer);
        p->answer = json_loadb((const char *) in.data, in.len, 0, NULL);
    }

    if (p->d.remove) {
        rooms_polls_release(p->state);
        p->state = NULL;
    }
}


static inline void
polls_decide(polls_t *p, rooms_command_t *cmd)
{
    rooms_decision_reset(&p->d);

    p->fresh++;
    memset(p->random, (int) (p->fresh * 7 + 3), ROOMS_RANDOM_LEN);
    memcpy(p->random + 30, &p->fresh, sizeof(uint64_t));

    cmd->now = p->now;
    cmd->epoch = 7;
    cmd->random = p->random;
    cmd->healthy = 1;

    p->rc = rooms_polls_decide(p->conf, p->state, cmd, &p->d);

    if (p->rc == ROOMS_OK) {
        polls_apply(p);
    }
}


/* The status; name and value: a parameter of the path; body: JSON or NULL */

static inline unsigned
polls_rest(polls_t *p, const char *operation, const char *name,
    const char *value, const char *body)
{
    char                  bearer[128];
    rooms_command_t       cmd;
    rooms_route_param_t   param;

    memset(&cmd, 0, sizeof(rooms_command_t));
    cmd.kind = ROOMS_CMD_REST;
    cmd.name = polls_str(operation);

    if (name != NULL) {
        param.name = polls_str(name);
        param.value = polls_str(value);
        cmd.params = &param;
        cmd.nparams = 1;
    }

    if (p->token[0]) {
        snprintf(bearer, sizeof(bearer), "Bearer %s", p->token);
        cmd.authorization = polls_str(bearer);
    }

    if (body != NULL) {
        cmd.body = json_loads(body, 0, NULL);
        assert_non_null(cmd.body);
    }

    polls_decide(p, &cmd);
    json_decref(cmd.body);

    return p->d.status;
}


static inline const char *
polls_text(polls_t *p, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(p->answer, name));

    return text ? text : "";
}


static inline const char *
polls_code(polls_t *p)
{
    const char  *text;

    text = json_string_value(json_object_get(json_object_get(p->answer,
                                                             "error"),
                                             "code"));
    return text ? text : "";
}


static inline const char *
polls_session(polls_t *p)
{
    return ((rooms_polls_state_t *) p->state)->id;
}


static inline void
polls_created(polls_t *p)
{
    assert_int_equal(polls_rest(p, "createSession", NULL, NULL,
                                "{\"title\":\"All hands\"}"), 201);
    strcpy(p->token, polls_text(p, "presenterToken"));
}


static inline void
polls_poll(polls_t *p, const char *body)
{
    assert_int_equal(polls_rest(p, "createPoll", "sessionId",
                                polls_session(p), body), 201);
    strcpy(p->poll, polls_text(p, "pollId"));
    snprintf(p->option, sizeof(p->option), "%s",
             json_string_value(json_object_get(json_array_get(
                                   json_object_get(p->answer, "options"), 0),
                                               "optionId"))
             ? json_string_value(json_object_get(json_array_get(
                                   json_object_get(p->answer, "options"), 0),
                                                 "optionId"))
             : "");
}


#define POLLS_TWO  "{\"question\":\"Ship it?\",\"options\":"                  \
                   "[{\"text\":\"Yes\"},{\"text\":\"No\"}]}"


/* One that is active, with a poll that is. */

static inline void
polls_running(polls_t *p, const char *poll)
{
    polls_open(p);
    polls_created(p);
    assert_int_equal(polls_rest(p, "startSession", "sessionId",
                                polls_session(p), NULL), 200);
    polls_poll(p, poll);
    assert_int_equal(polls_rest(p, "activatePoll", "pollId", p->poll, NULL),
                     200);
}


static inline void
polls_join(polls_t *p)
{
    char  slug[ROOMS_POLLS_SLUG + 1];

    memcpy(slug, ((rooms_polls_state_t *) p->state)->slug, ROOMS_POLLS_SLUG);
    slug[ROOMS_POLLS_SLUG] = '\0';

    assert_int_equal(polls_rest(p, "joinSession", "sessionId", slug, "{}"),
                     200);
    strcpy(p->who, polls_text(p, "participantId"));
}


/* choice: a JSON text of a member, such as "\"ratingValue\":3" */

static inline unsigned
polls_vote(polls_t *p, const char *choice)
{
    char      body[512], token[64];
    unsigned  status;

    snprintf(body, sizeof(body), "{\"participantId\":\"%s\",%s}", p->who,
             choice);

    strcpy(token, p->token);
    p->token[0] = '\0';
    status = polls_rest(p, "submitVote", "pollId", p->poll, body);
    strcpy(p->token, token);

    return status;
}


static inline unsigned
polls_vote_first(polls_t *p)
{
    char  choice[128];

    snprintf(choice, sizeof(choice), "\"optionId\":\"%s\"", p->option);

    return polls_vote(p, choice);
}


/* A command of a socket, with data as the application keeps it. */

static inline void
polls_from(polls_t *p, rooms_command_kind_e kind, const char *sid,
    const char *name, const char *query, const char *args)
{
    char             data[64];
    rooms_caller_t   caller;
    rooms_command_t  cmd;

    memset(&cmd, 0, sizeof(rooms_command_t));
    memset(&caller, 0, sizeof(rooms_caller_t));

    caller.sid = polls_str(sid);
    caller.nsp = polls_str("/");

    if (kind != ROOMS_CMD_CONNECT) {
        snprintf(data, sizeof(data), "0%s%s", polls_session(p), "0");
        caller.data = polls_str(data);
    }

    cmd.kind = kind;
    cmd.caller = &caller;
    cmd.name = polls_str(name);
    cmd.query = polls_str(query);
    cmd.ack = 1;
    cmd.room = polls_str("000000000000");
    cmd.args = args ? json_loads(args, 0, NULL) : NULL;

    polls_decide(p, &cmd);
    json_decref(cmd.args);
}


static inline void
polls_connect(polls_t *p, const char *sid)
{
    char  query[256];

    snprintf(query, sizeof(query), "EIO=4&sessionId=%s&participantId=%s",
             polls_session(p), p->who);
    polls_from(p, ROOMS_CMD_CONNECT, sid, "connect", query, NULL);
}


static inline void
polls_tick(polls_t *p)
{
    rooms_command_t  cmd;

    memset(&cmd, 0, sizeof(rooms_command_t));
    cmd.kind = ROOMS_CMD_TICK;
    polls_decide(p, &cmd);
}


#endif /* _ROOMS_POLLS_PLAY_H_INCLUDED_ */
