
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_message.h>


#define ROOMS_MESSAGE_EPHEMERAL  0x01
#define ROOMS_MESSAGE_ID         0x02
#define ROOMS_MESSAGE_ACTION     2       /* from this bit on */


void
rooms_message_write(rooms_buf_t *b, const rooms_message_t *m)
{
    rooms_buf_byte(b, m->audience);
    rooms_buf_byte(b, m->variants);
    rooms_buf_byte(b, (m->ephemeral ? ROOMS_MESSAGE_EPHEMERAL : 0)
                      | (m->id_at ? ROOMS_MESSAGE_ID : 0)
                      | (m->action << ROOMS_MESSAGE_ACTION));
    rooms_buf_str16(b, m->sid);
    rooms_buf_str32(b, m->args);

    if (m->id_at) {
        rooms_buf_u32(b, m->id_at);
    }

    rooms_buf_u16(b, (uint16_t) m->nattachments);

    if (m->nattachments) {
        rooms_buf_str32(b, m->attachments);
    }
}


rooms_int_t
rooms_message_read(rooms_str_t *in, rooms_message_t *m)
{
    uint8_t      flags;
    uint16_t     n;
    uint32_t     id_at;
    rooms_str_t  rest;

    if (in->len == 0) {
        return ROOMS_DONE;
    }

    rest = *in;
    id_at = 0;

    if (rooms_get_u8(&rest, &m->audience) != ROOMS_OK
        || rooms_get_u8(&rest, &m->variants) != ROOMS_OK
        || rooms_get_u8(&rest, &flags) != ROOMS_OK
        || rooms_get_str16(&rest, &m->sid) != ROOMS_OK
        || rooms_get_str32(&rest, &m->args) != ROOMS_OK
        || ((flags & ROOMS_MESSAGE_ID)
            && (rooms_get_u32(&rest, &id_at) != ROOMS_OK || id_at == 0))
        || rooms_get_u16(&rest, &n) != ROOMS_OK
        || m->audience > ROOMS_TO_SOCKET
        || (flags >> ROOMS_MESSAGE_ACTION) > ROOMS_MESSAGE_KICK
        || id_at > m->args.len)
    {
        return ROOMS_ERROR;
    }

    m->action = flags >> ROOMS_MESSAGE_ACTION;
    m->ephemeral = (flags & ROOMS_MESSAGE_EPHEMERAL) != 0;
    m->id_at = id_at;
    m->nattachments = n;
    m->attachments = rooms_str(NULL, 0);

    if (n && rooms_get_str32(&rest, &m->attachments) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    *in = rest;

    return ROOMS_OK;
}


unsigned
rooms_message_meant(const rooms_message_t *m, rooms_str_t sid,
    unsigned variant)
{
    unsigned  same;

    if (m->variants && !(m->variants & (1u << variant))) {
        return 0;
    }

    if (m->audience == ROOMS_TO_ALL) {
        return 1;
    }

    same = m->sid.len == sid.len
           && memcmp(m->sid.data, sid.data, sid.len) == 0;

    return m->audience == ROOMS_TO_SOCKET ? same : !same;
}
