
/*
 * Copyright (C) nginx rooms contributors
 *
 * Plays commands to an application with one room, and writes down what it
 * decided, line by line:
 *
 *     answer STATUS JSON      (STATUS only where there is one)
 *     reject JSON
 *     emit ARGS | ask NAME ARGS | join ROOM | leave ROOM | data TEXT
 *     kick N | revoke SID     (effects in order)
 *     in ROOM                 (a record of another room)
 *     all ARGS | others SID ARGS | socket SID ARGS, with "~" where ephemeral
 *     fact                    (a record without messages)
 *     deadline MS | remove
 *
 * Attachments follow their line as " +LENGTH".
 */


#ifndef _ROOMS_PLAY_H_INCLUDED_
#define _ROOMS_PLAY_H_INCLUDED_


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_app.h>
#include <rooms_decision.h>


#define PLAY_NOW  UINT64_C(1759235696789)      /* 2025-09-30T12:34:56.789Z */


typedef struct {
    const rooms_app_t   *app;
    void                *conf;
    void                *state;
    rooms_buf_t          room;          /* the one that is played in */
    rooms_decision_t     d;
    rooms_buf_t          out;
    uint64_t             now;
    uint64_t             id;
    unsigned char        random[ROOMS_RANDOM_LEN];
    rooms_caller_t       caller;
    rooms_str_t          rooms[8];
    const char          *nsp;
    const rooms_str_t   *attachments;
    unsigned             nattachments;
    unsigned             healthy:1;
    unsigned             no_ack:1;
} play_t;


static inline rooms_str_t
play_str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static inline void
play_init(play_t *p, const rooms_app_t *app)
{
    unsigned  i;

    memset(p, 0, sizeof(play_t));

    p->app = app;
    p->conf = app->create();
    p->now = PLAY_NOW;
    p->nsp = "/";
    p->healthy = 1;

    for (i = 0; i < ROOMS_RANDOM_LEN; i++) {
        p->random[i] = (unsigned char) (i * 37 + 11);
    }

    rooms_decision_init(&p->d);
}


static inline void
play_done(play_t *p)
{
    if (p->state != NULL) {
        p->app->release(p->state);
    }

    p->app->destroy(p->conf);
    rooms_decision_free(&p->d);
    rooms_buf_free(&p->room);
    rooms_buf_free(&p->out);
}


static inline void
play_put(play_t *p, const char *word, rooms_str_t s)
{
    rooms_buf_append(&p->out, word, strlen(word));
    rooms_buf_str(&p->out, s);
}


static inline void
play_attached(play_t *p, rooms_str_t in, unsigned n)
{
    rooms_str_t  one;

    while (n--) {
        assert_int_equal(rooms_get_str32(&in, &one), ROOMS_OK);
        play_put(p, " +", rooms_str(NULL, 0));
        rooms_buf_uint(&p->out, one.len);
    }

    assert_int_equal(in.len, 0);
    rooms_buf_byte(&p->out, '\n');
}


static inline void
play_answer(play_t *p)
{
    rooms_decision_t  *d;

    d = &p->d;

    if (!d->answered) {
        return;
    }

    if (d->rejected) {
        play_put(p, "reject ", rooms_decision_str(d, d->answer));

    } else {
        play_put(p, "answer ", rooms_str(NULL, 0));

        if (d->status) {
            rooms_buf_uint(&p->out, d->status);
            rooms_buf_byte(&p->out, ' ');
        }

        rooms_buf_str(&p->out, rooms_decision_str(d, d->answer));
    }

    play_attached(p, rooms_decision_str(d, d->attachments), d->nanswer);
}


static inline void
play_effect(play_t *p, const rooms_effect_t *e)
{
    static const char *const  words[] = {
        "emit ", "ask ", "join ", "leave ", "data ", "variant ", "kick ",
        "revoke ", "replay ", "replayed"
    };

    play_put(p, words[e->type], rooms_decision_str(&p->d, e->name));

    if (e->type == ROOMS_EFFECT_KICK || e->type == ROOMS_EFFECT_VARIANT) {
        rooms_buf_uint(&p->out, e->number);
    }

    if (e->name.len && e->text.len) {
        rooms_buf_byte(&p->out, ' ');
    }

    rooms_buf_str(&p->out, rooms_decision_str(&p->d, e->text));

    play_attached(p, rooms_decision_str(&p->d, e->attachments),
                  e->nattachments);
}


static inline void
play_record(play_t *p, const rooms_decided_t *r)
{
    rooms_int_t      rc;
    rooms_str_t      in;
    rooms_message_t  m;

    static const char *const  words[] = { "all ", "others ", "socket " };

    if (r->room.len) {
        play_put(p, "in ", rooms_decision_str(&p->d, r->room));
        rooms_buf_byte(&p->out, '\n');
    }

    if (r->messages.len == 0) {
        play_put(p, "fact\n", rooms_str(NULL, 0));
    }

    in = rooms_str(p->d.messages.data + r->messages.pos, r->messages.len);

    while ((rc = rooms_message_read(&in, &m)) == ROOMS_OK) {

        if (m.ephemeral) {
            rooms_buf_byte(&p->out, '~');
        }

        play_put(p, words[m.audience], m.sid);

        if (m.sid.len) {
            rooms_buf_byte(&p->out, ' ');
        }

        rooms_buf_str(&p->out, m.args);
        play_attached(p, m.attachments, m.nattachments);
    }

    assert_int_equal(rc, ROOMS_DONE);
}


/* The text of what was decided; facts of the room go into the state. */

static inline const char *
play_apply(play_t *p)
{
    unsigned           i;
    rooms_str_t        fact;
    rooms_decision_t  *d;

    d = &p->d;

    assert_int_equal(rooms_decision_failed(d), 0);

    rooms_buf_reset(&p->out);
    play_answer(p);

    for (i = 0; i < d->neffects; i++) {
        play_effect(p, &d->effects[i]);
    }

    for (i = 0; i < d->nrecords; i++) {
        play_record(p, &d->records[i]);

        fact = rooms_decision_str(d, d->records[i].fact);

        if (fact.len && p->d.records[i].room.len == 0) {
            assert_non_null(p->app->evolve);
            assert_int_equal(p->app->evolve(p->conf, &p->state, ++p->id, fact),
                             ROOMS_OK);
        }
    }

    if (!d->keep_deadline) {
        play_put(p, "deadline ", rooms_str(NULL, 0));
        rooms_buf_uint(&p->out, d->deadline);
        rooms_buf_byte(&p->out, '\n');
    }

    if (d->remove) {
        play_put(p, "remove\n", rooms_str(NULL, 0));
        assert_null(p->state);
    }

    rooms_buf_byte(&p->out, '\0');
    assert_int_equal(p->out.failed, 0);

    return (const char *) p->out.data;
}


static inline void
play_command(play_t *p, rooms_command_t *cmd, rooms_command_kind_e kind)
{
    memset(cmd, 0, sizeof(rooms_command_t));

    cmd->kind = kind;
    cmd->now = p->now;
    cmd->random = p->random;
    cmd->healthy = p->healthy;
    cmd->attachments = p->attachments;
    cmd->nattachments = p->nattachments;
}


static inline void
play_from(play_t *p, rooms_command_t *cmd, const char *sid)
{
    p->caller.sid = play_str(sid);
    p->caller.nsp = play_str(p->nsp);
    p->caller.rooms = p->rooms;

    cmd->caller = &p->caller;
}


/* Routes and decides; state is that of the room in play, or NULL. */

static inline const char *
play_decide(play_t *p, rooms_command_t *cmd, const void *state)
{
    rooms_int_t  rc;

    rooms_decision_reset(&p->d);

    rc = p->app->decide(p->conf, state, cmd, &p->d);

    if (rc == ROOMS_AGAIN) {
        return "again\n";
    }

    assert_int_equal(rc, ROOMS_OK);

    return play_apply(p);
}


static inline const char *
play_routed(play_t *p, rooms_command_t *cmd)
{
    void         *state;
    const char   *text;
    rooms_buf_t   room;
    rooms_int_t   rc;

    rooms_buf_init(&room, 0);

    rc = p->app->route(p->conf, cmd, &room);
    state = NULL;

    if (rc == ROOMS_OK) {
        cmd->room = rooms_str(room.data, room.len);

        if (p->room.len == 0) {
            rooms_buf_str(&p->room, cmd->room);
        }

        if (p->room.len == room.len
            && memcmp(p->room.data, room.data, room.len) == 0)
        {
            state = p->state;
        }

    } else {
        assert_int_equal(rc, ROOMS_DECLINED);
        assert_int_equal(room.len, 0);
    }

    text = play_decide(p, cmd, state);
    rooms_buf_free(&room);

    return text;
}


/* An event with its arguments as the text of a JSON array's inside. */

static inline const char *
play_event(play_t *p, const char *sid, const char *name, const char *args)
{
    json_t           *array;
    const char       *out;
    rooms_buf_t       text;
    rooms_command_t   cmd;

    play_command(p, &cmd, ROOMS_CMD_EVENT);
    play_from(p, &cmd, sid);

    rooms_buf_init(&text, 0);
    rooms_buf_append(&text, "[", 1);
    rooms_buf_str(&text, play_str(args));
    rooms_buf_append(&text, "]", 1);

    array = NULL;

    if (!p->app->text_only) {
        array = json_loadb((const char *) text.data, text.len, 0, NULL);
        assert_non_null(array);
    }

    rooms_buf_reset(&text);
    rooms_buf_append(&text, "[\"", 2);
    rooms_buf_str(&text, play_str(name));
    rooms_buf_append(&text, "\"", 1);

    if (args[0]) {
        rooms_buf_append(&text, ",", 1);
        rooms_buf_str(&text, play_str(args));
    }

    rooms_buf_append(&text, "]", 1);

    cmd.name = play_str(name);
    cmd.text = rooms_str(text.data, text.len);
    cmd.args = array;
    cmd.ack = !p->no_ack;

    out = play_routed(p, &cmd);

    json_decref(array);
    rooms_buf_free(&text);

    return out;
}


/* code is the path's parameter sessionCode, body a JSON text; or NULL */

static inline const char *
play_rest(play_t *p, const char *name, const char *code, const char *body)
{
    json_t               *value;
    const char           *out;
    rooms_command_t       cmd;
    rooms_route_param_t   param;

    play_command(p, &cmd, ROOMS_CMD_REST);

    value = NULL;

    if (body != NULL) {
        value = json_loads(body, 0, NULL);
        assert_non_null(value);
    }

    if (code != NULL) {
        param.name = play_str("sessionCode");
        param.value = play_str(code);
        cmd.params = &param;
        cmd.nparams = 1;
    }

    cmd.name = play_str(name);
    cmd.body = value;

    out = play_routed(p, &cmd);
    json_decref(value);

    return out;
}


/* CONNECT; auth is a JSON text or NULL */

static inline const char *
play_connect(play_t *p, const char *sid, const char *auth)
{
    json_t           *value;
    const char       *out;
    rooms_command_t   cmd;

    play_command(p, &cmd, ROOMS_CMD_CONNECT);
    play_from(p, &cmd, sid);

    value = auth ? json_loads(auth, 0, NULL) : NULL;
    cmd.body = value;

    out = play_routed(p, &cmd);
    json_decref(value);

    return out;
}


/* DISCONNECT and RECOVER of a sid, TICK of nobody (sid is NULL). */

static inline const char *
play_life(play_t *p, rooms_command_kind_e kind, const char *sid)
{
    rooms_command_t  cmd;

    play_command(p, &cmd, kind);

    if (sid != NULL) {
        play_from(p, &cmd, sid);
    }

    cmd.room = rooms_str(p->room.data, p->room.len);

    return play_decide(p, &cmd, p->state);
}


#endif /* _ROOMS_PLAY_H_INCLUDED_ */
