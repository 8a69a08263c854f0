
/*
 * Copyright (C) nginx rooms contributors
 *
 * What an application decided: the answer, the records, the effects.
 *
 * The application calls the rooms_decide_...() functions; whoever asked it
 * reads the struct.  Strings and JSON values are copied; the latter are
 * written compactly, non-ASCII as it is.  A lack of memory is sticky
 * ("failed") and turns the whole decision into an internal error; a JSON
 * value of NULL counts as such, so that results of json_pack() need no check.
 *
 * The caller of a command hears, in this order: its answer, the direct
 * effects, then messages of records in the order of the journal.
 */


#ifndef _ROOMS_DECISION_H_INCLUDED_
#define _ROOMS_DECISION_H_INCLUDED_


#include <jansson.h>

#include <rooms_app.h>
#include <rooms_message.h>


typedef enum {
    ROOMS_EFFECT_EMIT = 0,       /* text: ["event",...] to the caller alone */
    ROOMS_EFFECT_ASK,            /* the same, an ack is wanted; name: for it */
    ROOMS_EFFECT_JOIN,           /* name: a room the caller becomes member of */
    ROOMS_EFFECT_LEAVE,
    ROOMS_EFFECT_DATA,           /* text: kept with the caller */
    ROOMS_EFFECT_VARIANT,        /* number: the caller's variant, 0..7 */
    ROOMS_EFFECT_KICK,           /* number: 0 this namespace, 1 connection */
    ROOMS_EFFECT_REVOKE,         /* name: a sid that cannot recover any more */
    ROOMS_EFFECT_REPLAY,         /* text: an offset; name: former sids, each
                                    a str16; rooms_decide_replay() */
    ROOMS_EFFECT_REPLAYED        /* what was missed goes here */
} rooms_effect_e;


/* Positions and lengths in d->text; rooms_decision_str() gives the octets. */

typedef struct {
    uint32_t            pos;
    uint32_t            len;
} rooms_span_t;

typedef struct {
    rooms_effect_e      type;
    unsigned            number;
    rooms_span_t        name;
    rooms_span_t        text;
    unsigned            nattachments;
    rooms_span_t        attachments;     /* str32 each */
} rooms_effect_t;

typedef struct {
    rooms_span_t        room;            /* len 0: the command's own */
    rooms_span_t        fact;
    rooms_span_t        messages;        /* in d->messages */
    unsigned            claim:1;
    unsigned            drop:1;
} rooms_decided_t;


struct rooms_decision_s {
    rooms_buf_t         text;
    rooms_buf_t         messages;
    rooms_buf_t         scratch;         /* see rooms_decision_scratch() */

    rooms_span_t        answer;          /* JSON: the ack's arguments without
                                            brackets, or the REST body */
    unsigned            nanswer;         /* attachments of the answer */
    rooms_span_t        attachments;
    unsigned            status;          /* REST, CONNECT refused: not 0 */
    rooms_span_t        content_type;    /* len 0: application/json */
    rooms_span_t        password;        /* see rooms_decide_verify() */
    rooms_span_t        hash;
    rooms_buf_t         headers;         /* str16 name, str16 value, ... */
    rooms_buf_t         audit;           /* str32 each: members of an object */

    rooms_decided_t    *records;
    unsigned            nrecords;
    unsigned            arecords;
    rooms_effect_t     *effects;
    unsigned            neffects;
    unsigned            aeffects;

    rooms_span_t        redirect;        /* len 0: none */
    uint64_t            deadline;        /* ms, 0: none; see keep_deadline */
    unsigned            answered:1;
    unsigned            keep_deadline:1; /* set by init; no deadline given */
    unsigned            remove:1;
    unsigned            rejected:1;      /* CONNECT: answer is the error */
    unsigned            verify:1;
    unsigned            failed:1;
};


void rooms_decision_init(rooms_decision_t *d);

/* Empties it for the next command, keeps its memory. */

void rooms_decision_reset(rooms_decision_t *d);
void rooms_decision_free(rooms_decision_t *d);

/* 1: some memory could not be had, nothing of it may be used. */

unsigned rooms_decision_failed(const rooms_decision_t *d);

/*
 * An empty buffer for the application to put a text together, which it then
 * gives to a function below.  There is one; it is empty again at each call.
 */

rooms_buf_t *rooms_decision_scratch(rooms_decision_t *d);

static inline rooms_str_t
rooms_decision_str(const rooms_decision_t *d, rooms_span_t s)
{
    return rooms_str(s.len ? d->text.data + s.pos : NULL, s.len);
}


/* The answer: JSON text or a value; status for REST.  The last one counts. */

void rooms_decide_answer(rooms_decision_t *d, unsigned status,
    rooms_str_t json);
void rooms_decide_answer_json(rooms_decision_t *d, unsigned status,
    const json_t *value);

/* A header of a REST answer. */

void rooms_decide_header(rooms_decision_t *d, const char *name,
    const char *value);

/*
 * A line of the audit log: what was done or refused, in which room (of the
 * application, not of the journal), by whom, and what came of it, "ok" or an
 * error's code.  It is written when the records are in the journal.  Empty
 * strings are left out.
 */

void rooms_decide_audit(rooms_decision_t *d, rooms_str_t event,
    rooms_str_t room, rooms_str_t actor, const char *result);

/*
 * Appends the lines as objects of JSON, each with a line feed after it; app
 * is the name of the rooms_app block.
 */

void rooms_decision_audit(const rooms_decision_t *d, rooms_str_t app,
    const rooms_command_t *cmd, rooms_buf_t *b);

/*
 * Does the password have this crypt(3) hash?  That takes long, and not in the
 * event loop; the rest of the decision is forgotten, and decide() is called
 * again with cmd->verified set.  For REST commands.
 */

void rooms_decide_verify(rooms_decision_t *d, rooms_str_t password,
    const char *hash);

/*
 * Refuses a CONNECT: the answer is the data of the CONNECT_ERROR packet, an
 * object with the message and, if not NULL, the data; the status is 403.
 */

void rooms_decide_reject(rooms_decision_t *d, const char *message,
    const json_t *data);

/*
 * Begins a record of the command's room, with its fact (may be empty: then
 * it leaves no state).  Messages that follow belong to it.
 */

void rooms_decide_record(rooms_decision_t *d, rooms_str_t fact);

/* The same in another room, which must not have state: no fact. */

void rooms_decide_in(rooms_decision_t *d, rooms_str_t room);

/*
 * Another room begins to live with this fact, before the records of the
 * command's own room are appended; where it lives already, nothing is
 * appended and it is as if decide() had returned ROOMS_AGAIN.  This is how a
 * second name finds its room: an index.
 */

void rooms_decide_claim(rooms_decision_t *d, rooms_str_t room,
    rooms_str_t fact);

/* Another room ends, after the records are appended. */

void rooms_decide_drop(rooms_decision_t *d, rooms_str_t room);

/* Where the command should have gone; decide() returns ROOMS_AGAIN. */

void rooms_decide_redirect(rooms_decision_t *d, rooms_str_t room);

/* A message of the record begun last.  sid: for OTHERS and SOCKET. */

void rooms_decide_message(rooms_decision_t *d, unsigned audience,
    rooms_str_t sid, const char *event, const json_t *payload);

/*
 * The members of the record's room leave another one (or that one), or are
 * disconnected.  variants as in rooms_message_t.
 */

void rooms_decide_message_leave(rooms_decision_t *d, unsigned variants,
    rooms_str_t room);
void rooms_decide_message_kick(rooms_decision_t *d, unsigned audience,
    rooms_str_t sid, unsigned variants);

/* The general form; m->args and the rest are copied. */

void rooms_decide_message_raw(rooms_decision_t *d, const rooms_message_t *m);

/* The room ends with these records. */

void rooms_decide_remove(rooms_decision_t *d);

/*
 * TICK comes at the first sweep after this time (ms), or at it where that is
 * within a few seconds and this worker lives; 0: never.  Without records it
 * still counts for a room that lives.
 */

void rooms_decide_deadline(rooms_decision_t *d, uint64_t deadline);

/* Effects on the caller, in order. */

void rooms_decide_emit(rooms_decision_t *d, const char *event,
    const json_t *payload);
void rooms_decide_emit_raw(rooms_decision_t *d, rooms_str_t args,
    const rooms_str_t *attachments, unsigned n);
void rooms_decide_ask_raw(rooms_decision_t *d, rooms_str_t name,
    rooms_str_t args, const rooms_str_t *attachments, unsigned n);
void rooms_decide_join(rooms_decision_t *d, rooms_str_t room);
void rooms_decide_leave(rooms_decision_t *d, rooms_str_t room);
void rooms_decide_data(rooms_decision_t *d, rooms_str_t text);
void rooms_decide_variant(rooms_decision_t *d, unsigned variant);
void rooms_decide_kick(rooms_decision_t *d, unsigned connection);
void rooms_decide_revoke(rooms_decision_t *d, rooms_str_t sid);

/*
 * The caller wants what its rooms had for it after the offset, an octet string
 * from a client.  The application is asked with ROOMS_CMD_REPLAY in the room,
 * the command's own, without a chance to make records; where it answers
 * with rooms_decide_replayed(), the messages are sent in that place among its
 * other effects.  missed is -1 where the offset is not one of a record
 * of these rooms that is kept, and within the application's history.
 */

void rooms_decide_replay(rooms_decision_t *d, rooms_str_t offset);

/*
 * The same for a caller that was other sockets before, whose sids these are,
 * each a str16: what was for one of them is for it, and what was for all but
 * one of them is not.
 */

void rooms_decide_replay_as(rooms_decision_t *d, rooms_str_t offset,
    rooms_str_t sids);
void rooms_decide_replayed(rooms_decision_t *d);

/* Attachments (n of them) of the answer; its JSON has the placeholders. */

void rooms_decide_answer_attach(rooms_decision_t *d,
    const rooms_str_t *attachments, unsigned n);


#endif /* _ROOMS_DECISION_H_INCLUDED_ */
