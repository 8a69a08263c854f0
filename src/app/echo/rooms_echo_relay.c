
/*
 * Copyright (C) nginx rooms contributors
 *
 * Arguments of events as text: taken apart, and sent on as they are.
 */


#include <string.h>

#include <rooms_echo.h>
#include <rooms_json.h>
#include <rooms_sio.h>


#define ROOMS_ECHO_ATTACHMENTS  256      /* of one packet */
#define ROOMS_ECHO_DIGITS       9


typedef struct {
    rooms_str_t   text;
    rooms_buf_t   buf;
    rooms_str_t   list[ROOMS_ECHO_ATTACHMENTS];
    unsigned      n;
} rooms_echo_parts_t;


static unsigned
rooms_echo_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}


static rooms_str_t
rooms_echo_trim(rooms_str_t s)
{
    while (s.len && rooms_echo_space(s.data[0])) {
        s.data++;
        s.len--;
    }

    while (s.len && rooms_echo_space(s.data[s.len - 1])) {
        s.len--;
    }

    return s;
}


rooms_str_t
rooms_echo_inside(rooms_str_t text)
{
    rooms_str_t  s;

    s = rooms_echo_trim(text);

    if (s.len < 2 || s.data[0] != '[' || s.data[s.len - 1] != ']') {
        return rooms_str(NULL, 0);
    }

    return rooms_echo_trim(rooms_str(s.data + 1, s.len - 2));
}


/* Behind the string that begins at i. */

static size_t
rooms_echo_string_end(rooms_str_t s, size_t i)
{
    size_t                n;
    const unsigned char  *p;

    while (++i < s.len) {
        p = memchr(s.data + i, '"', s.len - i);

        if (p == NULL) {
            break;
        }

        /* after an odd number of backslashes it is one of the string's */

        for (n = 0; p - n > s.data + i && p[-1 - (ptrdiff_t) n] == '\\'; n++) {
            /* void */
        }

        i = (size_t) (p - s.data);

        if (n % 2 == 0) {
            return i + 1;
        }
    }

    return s.len;
}


rooms_int_t
rooms_echo_take(rooms_str_t *rest, rooms_str_t *item)
{
    size_t         i, depth;
    rooms_str_t    s;
    unsigned char  c;

    s = *rest;

    if (s.len == 0) {
        return ROOMS_DECLINED;
    }

    depth = 0;
    i = 0;

    while (i < s.len) {
        c = s.data[i];

        if (c == '"') {
            i = rooms_echo_string_end(s, i);
            continue;
        }

        if (c == '[' || c == '{') {
            depth++;

        } else if ((c == ']' || c == '}') && depth) {
            depth--;

        } else if (c == ',' && depth == 0) {
            break;
        }

        i++;
    }

    *item = rooms_echo_trim(rooms_str(s.data, i));

    if (i < s.len) {
        i++;
    }

    *rest = rooms_echo_trim(rooms_str(s.data + i, s.len - i));

    return ROOMS_OK;
}


rooms_int_t
rooms_echo_take_string(rooms_str_t *rest, unsigned char *buf, size_t cap,
    rooms_str_t *out)
{
    rooms_str_t  item;

    if (rooms_echo_take(rest, &item) != ROOMS_OK
        || item.len < 2 || item.data[0] != '"')
    {
        return ROOMS_DECLINED;
    }

    if (rooms_json_string(item, buf, cap, out) != ROOMS_OK || out->len > cap) {
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


rooms_int_t
rooms_echo_take_number(rooms_str_t *rest, unsigned *n)
{
    size_t       i;
    rooms_str_t  item;

    if (rooms_echo_take(rest, &item) != ROOMS_OK
        || item.len == 0 || item.len > ROOMS_ECHO_DIGITS)
    {
        return ROOMS_DECLINED;
    }

    *n = 0;

    for (i = 0; i < item.len; i++) {
        if (item.data[i] < '0' || item.data[i] > '9') {
            return ROOMS_DECLINED;
        }

        *n = *n * 10 + (unsigned) (item.data[i] - '0');
    }

    return ROOMS_OK;
}


/*
 * The text and attachments to send in place of text, whose placeholders have
 * the numbers of the command's attachments.
 */

static rooms_int_t
rooms_echo_parts(rooms_echo_ctx_t *ctx, rooms_str_t text,
    rooms_echo_parts_t *p)
{
    unsigned                i, order[ROOMS_ECHO_ATTACHMENTS];
    const rooms_command_t  *cmd;

    cmd = ctx->cmd;

    p->text = text;
    p->n = 0;

    if (cmd->nattachments == 0) {
        return ROOMS_OK;
    }

    rooms_buf_init(&p->buf, 0);

    if (rooms_sio_placeholders(text, cmd->nattachments, &p->buf, order,
                               ROOMS_ECHO_ATTACHMENTS, &p->n)
        != ROOMS_OK
        || p->buf.failed)
    {
        rooms_buf_free(&p->buf);
        return ROOMS_ERROR;
    }

    for (i = 0; i < p->n; i++) {
        p->list[i] = cmd->attachments[order[i]];
    }

    p->text = rooms_str(p->buf.data, p->buf.len);

    return ROOMS_OK;
}


static void
rooms_echo_parts_free(rooms_echo_ctx_t *ctx, rooms_echo_parts_t *p)
{
    if (ctx->cmd->nattachments) {
        rooms_buf_free(&p->buf);
    }
}


/* Put together in the decision's scratch buffer. */

static rooms_str_t
rooms_echo_array(rooms_echo_ctx_t *ctx, const char *event, rooms_str_t rest)
{
    rooms_buf_t  *b;

    b = rooms_decision_scratch(ctx->d);

    rooms_buf_byte(b, '[');

    if (event != NULL) {
        rooms_buf_byte(b, '"');
        rooms_buf_append(b, event, strlen(event));
        rooms_buf_byte(b, '"');

        if (rest.len) {
            rooms_buf_byte(b, ',');
        }
    }

    rooms_buf_str(b, rest);
    rooms_buf_byte(b, ']');

    return rooms_str(b->data, b->len);
}


static rooms_int_t
rooms_echo_attached(rooms_message_t *m, const rooms_str_t *attachments,
    unsigned n, rooms_decision_t *d)
{
    unsigned     i;
    rooms_buf_t  b;

    if (n == 0) {
        rooms_decide_message_raw(d, m);
        return ROOMS_OK;
    }

    rooms_buf_init(&b, 0);

    for (i = 0; i < n; i++) {
        rooms_buf_str32(&b, attachments[i]);
    }

    if (b.failed) {
        rooms_buf_free(&b);
        return ROOMS_ERROR;
    }

    m->nattachments = n;
    m->attachments = rooms_str(b.data, b.len);

    rooms_decide_message_raw(d, m);
    rooms_buf_free(&b);

    return ROOMS_OK;
}


rooms_int_t
rooms_echo_tell(rooms_echo_ctx_t *ctx, rooms_str_t args,
    const rooms_str_t *attachments, unsigned n)
{
    rooms_message_t        m;
    const rooms_caller_t  *caller;

    caller = ctx->cmd->caller;

    if (caller == NULL || !caller->recoverable) {
        rooms_decide_emit_raw(ctx->d, args, attachments, n);
        return ROOMS_OK;
    }

    memset(&m, 0, sizeof(rooms_message_t));
    m.audience = ROOMS_TO_SOCKET;
    m.sid = caller->sid;
    m.args = args;

    rooms_decide_in(ctx->d, caller->nsp);

    return rooms_echo_attached(&m, attachments, n, ctx->d);
}


rooms_int_t
rooms_echo_emit(rooms_echo_ctx_t *ctx, const char *event, rooms_str_t rest)
{
    rooms_int_t         rc;
    rooms_echo_parts_t  p;

    if (rooms_echo_parts(ctx, rooms_echo_array(ctx, event, rest), &p)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    rc = rooms_echo_tell(ctx, p.text, p.list, p.n);
    rooms_echo_parts_free(ctx, &p);

    return rc;
}


rooms_int_t
rooms_echo_ask(rooms_echo_ctx_t *ctx, const char *name, rooms_str_t rest)
{
    rooms_echo_parts_t  p;

    if (rooms_echo_parts(ctx, rooms_echo_array(ctx, NULL, rest), &p)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    rooms_decide_ask_raw(ctx->d, rooms_str(name, strlen(name)), p.text,
                         p.list, p.n);
    rooms_echo_parts_free(ctx, &p);

    return ROOMS_OK;
}


rooms_int_t
rooms_echo_answer(rooms_echo_ctx_t *ctx, rooms_str_t rest)
{
    rooms_echo_parts_t  p;

    if (!ctx->cmd->ack) {
        return ROOMS_OK;
    }

    if (rooms_echo_parts(ctx, rest, &p) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    rooms_decide_answer(ctx->d, 0, p.text);

    if (p.n) {
        rooms_decide_answer_attach(ctx->d, p.list, p.n);
    }

    rooms_echo_parts_free(ctx, &p);

    return ROOMS_OK;
}


rooms_int_t
rooms_echo_message(rooms_echo_ctx_t *ctx, unsigned audience, rooms_str_t sid,
    unsigned ephemeral, rooms_str_t rest)
{
    rooms_int_t         rc;
    rooms_message_t     m;
    rooms_echo_parts_t  p;

    if (rooms_echo_parts(ctx, rooms_echo_array(ctx, NULL, rest), &p)
        != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    memset(&m, 0, sizeof(rooms_message_t));
    m.audience = (uint8_t) audience;
    m.ephemeral = ephemeral;
    m.sid = sid;
    m.args = p.text;

    rc = rooms_echo_attached(&m, p.list, p.n, ctx->d);

    rooms_echo_parts_free(ctx, &p);

    return rc;
}
