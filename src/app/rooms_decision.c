
/*
 * Copyright (C) nginx rooms contributors
 *
 * The answer and the records of a decision.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_decision.h>
#include <rooms_decision_int.h>
#include <rooms_json.h>


#define ROOMS_DECISION_MIN   8
#define ROOMS_DECISION_KEEP  (1024 * 1024)   /* a buffer, at reset */


static void
rooms_decision_clear(rooms_decision_t *d)
{
    rooms_span_t  none = { 0, 0 };

    d->answer = none;
    d->nanswer = 0;
    d->attachments = none;
    d->status = 0;
    d->content_type = none;
    d->redirect = none;
    d->password = none;
    d->hash = none;

    d->nrecords = 0;
    d->neffects = 0;

    d->deadline = 0;
    d->answered = 0;
    d->keep_deadline = 1;
    d->remove = 0;
    d->rejected = 0;
    d->verify = 0;
    d->failed = 0;
}


void
rooms_decision_init(rooms_decision_t *d)
{
    memset(d, 0, sizeof(rooms_decision_t));

    rooms_decision_clear(d);
}


/* What one large command needed is not kept for all the small ones. */

static void
rooms_decision_empty(rooms_buf_t *b)
{
    if (b->cap > ROOMS_DECISION_KEEP) {
        rooms_buf_free(b);
        return;
    }

    rooms_buf_reset(b);
}


void
rooms_decision_reset(rooms_decision_t *d)
{
    rooms_decision_empty(&d->text);
    rooms_decision_empty(&d->messages);
    rooms_decision_empty(&d->scratch);
    rooms_decision_empty(&d->headers);
    rooms_decision_empty(&d->audit);

    rooms_decision_clear(d);
}


void
rooms_decision_free(rooms_decision_t *d)
{
    rooms_buf_free(&d->text);
    rooms_buf_free(&d->messages);
    rooms_buf_free(&d->scratch);
    rooms_buf_free(&d->headers);
    rooms_buf_free(&d->audit);

    free(d->records);
    free(d->effects);

    rooms_decision_init(d);
}


unsigned
rooms_decision_failed(const rooms_decision_t *d)
{
    return d->failed || d->text.failed || d->messages.failed
           || d->scratch.failed || d->headers.failed || d->audit.failed
           || d->text.len > UINT32_MAX || d->messages.len > UINT32_MAX;
}


rooms_buf_t *
rooms_decision_scratch(rooms_decision_t *d)
{
    if (d->scratch.failed) {
        d->failed = 1;
    }

    rooms_buf_reset(&d->scratch);

    return &d->scratch;
}


static int
rooms_decision_write(const char *data, size_t len, void *b)
{
    rooms_buf_append(b, data, len);

    return 0;
}


static void
rooms_decision_json(rooms_decision_t *d, rooms_buf_t *b, const json_t *value)
{
    if (value == NULL
        || json_dump_callback(value, rooms_decision_write, b,
                              JSON_COMPACT|JSON_ENCODE_ANY)
           != 0)
    {
        d->failed = 1;
    }
}


void
rooms_decision_event(rooms_decision_t *d, rooms_buf_t *b, const char *event,
    const json_t *payload)
{
    rooms_buf_byte(b, '[');
    rooms_json_escape(b, rooms_str(event, strlen(event)));
    rooms_buf_byte(b, ',');
    rooms_decision_json(d, b, payload);
    rooms_buf_byte(b, ']');
}


rooms_span_t
rooms_decision_text(rooms_decision_t *d, rooms_str_t s)
{
    rooms_span_t  span;

    span.pos = (uint32_t) d->text.len;
    rooms_buf_str(&d->text, s);
    span.len = (uint32_t) (d->text.len - span.pos);

    return span;
}


rooms_span_t
rooms_decision_attach(rooms_decision_t *d, const rooms_str_t *attachments,
    unsigned n)
{
    unsigned      i;
    rooms_span_t  span;

    span.pos = (uint32_t) d->text.len;

    for (i = 0; i < n; i++) {
        rooms_buf_str32(&d->text, attachments[i]);
    }

    span.len = (uint32_t) (d->text.len - span.pos);

    return span;
}


void *
rooms_decision_grow(rooms_decision_t *d, void *items, size_t size, unsigned n,
    unsigned *allocated)
{
    void      *p;
    unsigned   alloc;

    if (n < *allocated) {
        return items;
    }

    alloc = *allocated ? *allocated * 2 : ROOMS_DECISION_MIN;

    p = realloc(items, alloc * size);
    if (p == NULL) {
        d->failed = 1;
        return NULL;
    }

    *allocated = alloc;

    return p;
}


void
rooms_decide_answer(rooms_decision_t *d, unsigned status, rooms_str_t json)
{
    d->answer = rooms_decision_text(d, json);
    d->status = status;
    d->answered = 1;
}


void
rooms_decide_answer_json(rooms_decision_t *d, unsigned status,
    const json_t *value)
{
    d->answer.pos = (uint32_t) d->text.len;
    rooms_decision_json(d, &d->text, value);
    d->answer.len = (uint32_t) (d->text.len - d->answer.pos);

    d->status = status;
    d->answered = 1;
}


void
rooms_decide_answer_attach(rooms_decision_t *d,
    const rooms_str_t *attachments, unsigned n)
{
    d->attachments = rooms_decision_attach(d, attachments, n);
    d->nanswer = n;
}


void
rooms_decide_header(rooms_decision_t *d, const char *name, const char *value)
{
    rooms_buf_str16(&d->headers, rooms_str(name, strlen(name)));
    rooms_buf_str16(&d->headers, rooms_str(value, strlen(value)));
}


void
rooms_decide_verify(rooms_decision_t *d, rooms_str_t password,
    const char *hash)
{
    d->password = rooms_decision_text(d, password);

    /* with its zero octet */

    d->hash = rooms_decision_text(d, rooms_str(hash, strlen(hash) + 1));
    d->verify = 1;
}


void
rooms_decide_reject(rooms_decision_t *d, const char *message,
    const json_t *data)
{
    rooms_buf_t  *b;

    b = &d->text;
    d->answer.pos = (uint32_t) b->len;

    rooms_buf_append(b, "{\"message\":", 11);
    rooms_json_escape(b, rooms_str(message, strlen(message)));

    if (data != NULL) {
        rooms_buf_append(b, ",\"data\":", 8);
        rooms_decision_json(d, b, data);
    }

    rooms_buf_byte(b, '}');

    d->answer.len = (uint32_t) (b->len - d->answer.pos);
    d->status = 403;
    d->answered = 1;
    d->rejected = 1;
}


static void
rooms_decision_record(rooms_decision_t *d, rooms_str_t room, rooms_str_t fact)
{
    rooms_decided_t  *p;

    p = rooms_decision_grow(d, d->records, sizeof(rooms_decided_t),
                            d->nrecords, &d->arecords);
    if (p == NULL) {
        return;
    }

    d->records = p;
    p += d->nrecords++;

    p->room = rooms_decision_text(d, room);
    p->fact = rooms_decision_text(d, fact);
    p->messages.pos = (uint32_t) d->messages.len;
    p->messages.len = 0;
    p->claim = 0;
    p->drop = 0;
}


void
rooms_decide_record(rooms_decision_t *d, rooms_str_t fact)
{
    rooms_decision_record(d, rooms_str(NULL, 0), fact);
}


void
rooms_decide_in(rooms_decision_t *d, rooms_str_t room)
{
    rooms_decision_record(d, room, rooms_str(NULL, 0));
}


void
rooms_decide_claim(rooms_decision_t *d, rooms_str_t room, rooms_str_t fact)
{
    rooms_decision_record(d, room, fact);

    if (!d->failed) {
        d->records[d->nrecords - 1].claim = 1;
    }
}


void
rooms_decide_drop(rooms_decision_t *d, rooms_str_t room)
{
    rooms_decision_record(d, room, rooms_str(NULL, 0));

    if (!d->failed) {
        d->records[d->nrecords - 1].drop = 1;
    }
}


void
rooms_decide_redirect(rooms_decision_t *d, rooms_str_t room)
{
    d->redirect = rooms_decision_text(d, room);
}


void
rooms_decide_message_leave(rooms_decision_t *d, unsigned variants,
    rooms_str_t room)
{
    rooms_message_t  m;

    memset(&m, 0, sizeof(rooms_message_t));

    m.action = ROOMS_MESSAGE_LEAVE;
    m.variants = variants;
    m.ephemeral = 1;
    m.args = room;

    rooms_decide_message_raw(d, &m);
}


void
rooms_decide_message_kick(rooms_decision_t *d, unsigned audience,
    rooms_str_t sid, unsigned variants)
{
    rooms_message_t  m;

    memset(&m, 0, sizeof(rooms_message_t));

    m.audience = audience;
    m.action = ROOMS_MESSAGE_KICK;
    m.variants = variants;
    m.ephemeral = 1;
    m.sid = sid;

    rooms_decide_message_raw(d, &m);
}


void
rooms_decide_message_raw(rooms_decision_t *d, const rooms_message_t *m)
{
    rooms_decided_t  *r;

    /* a message without a record would be lost silently */

    if (d->nrecords == 0) {
        d->failed = 1;
        return;
    }

    rooms_message_write(&d->messages, m);

    r = &d->records[d->nrecords - 1];
    r->messages.len = (uint32_t) (d->messages.len - r->messages.pos);
}


void
rooms_decide_message(rooms_decision_t *d, unsigned audience, rooms_str_t sid,
    const char *event, const json_t *payload)
{
    rooms_buf_t      *b;
    rooms_message_t   m;

    b = rooms_decision_scratch(d);
    rooms_decision_event(d, b, event, payload);

    memset(&m, 0, sizeof(rooms_message_t));
    m.audience = (uint8_t) audience;
    m.sid = sid;
    m.args = rooms_str(b->data, b->len);

    rooms_decide_message_raw(d, &m);
}


void
rooms_decide_remove(rooms_decision_t *d)
{
    d->remove = 1;
}


void
rooms_decide_deadline(rooms_decision_t *d, uint64_t deadline)
{
    d->deadline = deadline;
    d->keep_deadline = 0;
}
