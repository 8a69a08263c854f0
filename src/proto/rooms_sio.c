
/*
 * Copyright (C) nginx rooms contributors
 */


#include <string.h>

#include <rooms_sio.h>


#define ROOMS_SIO_COUNT_DIGITS  3
#define ROOMS_SIO_ID_MAX        (UINT64_C(1) << 53)


static inline rooms_int_t
rooms_sio_digit(rooms_str_t s)
{
    return s.len && s.data[0] >= '0' && s.data[0] <= '9';
}


static inline void
rooms_sio_skip(rooms_str_t *s, size_t n)
{
    s->data += n;
    s->len -= n;
}


static inline rooms_int_t
rooms_sio_binary(unsigned type)
{
    return type == ROOMS_SIO_BINARY_EVENT || type == ROOMS_SIO_BINARY_ACK;
}


/* The attachment count with its '-'. */

static rooms_int_t
rooms_sio_count(rooms_str_t *s, unsigned max, unsigned *count)
{
    unsigned  i, n;

    n = 0;

    for (i = 0; rooms_sio_digit(*s); i++) {

        if (i == ROOMS_SIO_COUNT_DIGITS) {
            return ROOMS_ERROR;
        }

        n = n * 10 + (unsigned) (s->data[0] - '0');
        rooms_sio_skip(s, 1);
    }

    if (n == 0 || n > max || s->len == 0 || s->data[0] != '-') {
        return ROOMS_ERROR;
    }

    rooms_sio_skip(s, 1);

    *count = n;

    return ROOMS_OK;
}


static void
rooms_sio_nsp(rooms_str_t *s, rooms_str_t *nsp)
{
    const unsigned char  *comma;

    if (s->len == 0 || s->data[0] != '/') {
        *nsp = rooms_str("/", 1);
        return;
    }

    comma = memchr(s->data, ',', s->len);

    if (comma == NULL) {
        *nsp = *s;
        rooms_sio_skip(s, s->len);
        return;
    }

    *nsp = rooms_str(s->data, (size_t) (comma - s->data));
    rooms_sio_skip(s, nsp->len + 1);
}


static rooms_int_t
rooms_sio_id(rooms_str_t *s, uint64_t *id)
{
    uint64_t  n;

    if (!rooms_sio_digit(*s)) {
        *id = ROOMS_SIO_NO_ACK;
        return ROOMS_OK;
    }

    n = 0;

    do {
        n = n * 10 + (uint64_t) (s->data[0] - '0');

        if (n > ROOMS_SIO_ID_MAX) {
            return ROOMS_ERROR;
        }

        rooms_sio_skip(s, 1);

    } while (rooms_sio_digit(*s));

    *id = n;

    return ROOMS_OK;
}


rooms_int_t
rooms_sio_data(unsigned type, rooms_str_t data)
{
    switch (type) {

    case ROOMS_SIO_CONNECT:
        return (data.len == 0 || data.data[0] == '{') ? ROOMS_OK : ROOMS_ERROR;

    case ROOMS_SIO_DISCONNECT:
        return data.len == 0 ? ROOMS_OK : ROOMS_ERROR;

    case ROOMS_SIO_CONNECT_ERROR:
        return (data.len == 0 || data.data[0] == '{' || data.data[0] == '"')
               ? ROOMS_OK : ROOMS_ERROR;

    default:
        return (data.len && data.data[0] == '[') ? ROOMS_OK : ROOMS_ERROR;
    }
}


rooms_int_t
rooms_sio_parse(rooms_str_t text, unsigned max_attachments,
    rooms_sio_packet_t *pkt)
{
    rooms_str_t  s;

    s = text;

    if (!rooms_sio_digit(s)) {
        return ROOMS_ERROR;
    }

    pkt->type = (unsigned) (s.data[0] - '0');
    pkt->attachments = 0;

    if (pkt->type > ROOMS_SIO_BINARY_ACK) {
        return ROOMS_ERROR;
    }

    rooms_sio_skip(&s, 1);

    if (rooms_sio_binary(pkt->type)
        && rooms_sio_count(&s, max_attachments, &pkt->attachments)
           != ROOMS_OK)
    {
        return ROOMS_ERROR;
    }

    rooms_sio_nsp(&s, &pkt->nsp);

    if (rooms_sio_id(&s, &pkt->id) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    pkt->data = s;

    return rooms_sio_data(pkt->type, s);
}


void
rooms_sio_header(rooms_buf_t *b, const rooms_sio_packet_t *pkt)
{
    rooms_buf_byte(b, (unsigned char) ('0' + pkt->type));

    if (rooms_sio_binary(pkt->type)) {
        rooms_buf_uint(b, pkt->attachments);
        rooms_buf_byte(b, '-');
    }

    if (pkt->nsp.len > 1) {
        rooms_buf_str(b, pkt->nsp);
        rooms_buf_byte(b, ',');
    }

    if (pkt->id != ROOMS_SIO_NO_ACK) {
        rooms_buf_uint(b, pkt->id);
    }
}
