
/*
 * Copyright (C) nginx rooms contributors
 *
 * What a command says, and from whom it comes.
 */


#include <string.h>

#include <rooms_polls.h>


rooms_str_t
rooms_polls_param(const rooms_command_t *cmd, const char *name)
{
    unsigned  i;

    for (i = 0; i < cmd->nparams; i++) {
        if (rooms_option_is(cmd->params[i].name, name)) {
            return cmd->params[i].value;
        }
    }

    return rooms_str(NULL, 0);
}


static rooms_str_t
rooms_polls_query(rooms_str_t query, const char *name, unsigned char *buf,
    size_t size)
{
    size_t       i, len, eq;
    rooms_str_t  value;

    len = strlen(name);

    while (query.len) {

        for (i = 0; i < query.len && query.data[i] != '&'; i++) { /* void */ }

        for (eq = 0; eq < i && query.data[eq] != '='; eq++) { /* void */ }

        if (eq == len && eq < i && memcmp(query.data, name, len) == 0
            && rooms_route_decode(rooms_str(query.data + eq + 1, i - eq - 1),
                                  1, buf, size, &value)
               == ROOMS_OK)
        {
            return value;
        }

        i += (i < query.len);
        query.data += i;
        query.len -= i;
    }

    return rooms_str(NULL, 0);
}


rooms_str_t
rooms_polls_handshake(const rooms_command_t *cmd, const char *name,
    unsigned char *buf, size_t size)
{
    rooms_str_t  value;

    value = rooms_polls_text(cmd->body, name);

    return value.len ? value : rooms_polls_query(cmd->query, name, buf, size);
}


void
rooms_polls_caller(rooms_polls_ctx_t *ctx)
{
    uint32_t     n;
    rooms_str_t  data;

    ctx->who = ROOMS_POLLS_NONE;

    if (ctx->cmd->caller == NULL || ctx->cmd->caller->data.len == 0) {
        return;
    }

    data = ctx->cmd->caller->data;
    ctx->variant = (data.data[0] - '0') % 3;

    if (data.len < 1 + ROOMS_POLLS_UUID) {
        return;
    }

    ctx->session = rooms_str(data.data + 1, ROOMS_POLLS_UUID);
    data.data += 1 + ROOMS_POLLS_UUID;
    data.len -= 1 + ROOMS_POLLS_UUID;

    if (data.len == 0 || data.len > 9) {
        return;
    }

    for (n = 0; data.len; data.data++, data.len--) {
        n = n * 10 + (data.data[0] - '0');
    }

    ctx->who = n;
}


unsigned
rooms_polls_is_presenter(rooms_polls_ctx_t *ctx)
{
    char  id[ROOMS_POLLS_UUID + 1];

    return rooms_polls_token_id(rooms_polls_bearer(ctx->cmd->authorization),
                                id)
           == ROOMS_OK
           && memcmp(id, ctx->state->presenter, ROOMS_POLLS_UUID) == 0;
}


uint32_t
rooms_polls_who(const rooms_polls_state_t *s, rooms_str_t text)
{
    rooms_polls_id_t  id;

    if (rooms_polls_id_parse(text, &id) != ROOMS_OK
        || !rooms_polls_id_check(&id, ROOMS_POLLS_ID_PARTICIPANT, s->key,
                                 s->secret)
        || id.number >= s->participants.n)
    {
        return ROOMS_POLLS_NONE;
    }

    return id.number;
}
