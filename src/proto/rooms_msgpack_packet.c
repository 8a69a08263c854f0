
/*
 * Copyright (C) nginx rooms contributors
 *
 * Socket.IO packets in MessagePack.
 */


#include <string.h>

#include <rooms_msgpack.h>


#define ROOMS_MSGPACK_ID_MAX  (UINT64_C(1) << 53)


typedef struct {
    rooms_str_t    data;                   /* not there: no octets */
    rooms_str_t    nsp;
    uint64_t       type;
    uint64_t       id;
    unsigned       typed:1;
} rooms_msgpack_members_t;


static rooms_int_t rooms_msgpack_member(rooms_str_t name, rooms_str_t value,
    rooms_msgpack_members_t *m);
static rooms_int_t rooms_msgpack_data(rooms_str_t value, rooms_buf_t *b,
    rooms_sio_packet_t *pkt, rooms_str_t *bins);
static void rooms_msgpack_name(rooms_buf_t *b, const char *name);


rooms_int_t
rooms_msgpack_packet(rooms_str_t in, const rooms_msgpack_limits_t *limits,
    rooms_buf_t *b, rooms_sio_packet_t *pkt, rooms_str_t *bins)
{
    uint64_t                 n;
    rooms_int_t              rc;
    rooms_str_t              value;
    rooms_msgpack_item_t     map, name;
    rooms_msgpack_members_t  m;

    memset(&m, 0, sizeof(rooms_msgpack_members_t));
    m.id = ROOMS_SIO_NO_ACK;

    if (rooms_msgpack_next(&in, &map) != ROOMS_OK
        || map.kind != ROOMS_MSGPACK_MAP)
    {
        return ROOMS_ERROR;
    }

    for (n = 0; n < map.n; n++) {

        if (rooms_msgpack_next(&in, &name) != ROOMS_OK
            || name.kind != ROOMS_MSGPACK_STR)
        {
            return ROOMS_ERROR;
        }

        rc = rooms_msgpack_value(&in, limits, &value);

        if (rc == ROOMS_OK) {
            rc = rooms_msgpack_member(name.data, value, &m);
        }

        if (rc != ROOMS_OK) {
            return rc;
        }
    }

    if (in.len || !m.typed || m.nsp.len == 0) {
        return ROOMS_ERROR;
    }

    pkt->type = (unsigned) m.type;
    pkt->nsp = m.nsp;
    pkt->id = m.id;

    return rooms_msgpack_data(m.data, b, pkt, bins);
}


static rooms_int_t
rooms_msgpack_member(rooms_str_t name, rooms_str_t value,
    rooms_msgpack_members_t *m)
{
    rooms_str_t           rest;
    rooms_msgpack_item_t  item;

    rest = value;
    (void) rooms_msgpack_next(&rest, &item);

    if (name.len == 4 && memcmp(name.data, "type", 4) == 0) {
        m->type = item.n;
        m->typed = 1;

        return (item.kind == ROOMS_MSGPACK_UINT
                && item.n <= ROOMS_SIO_CONNECT_ERROR) ? ROOMS_OK
                                                      : ROOMS_ERROR;
    }

    if (name.len == 3 && memcmp(name.data, "nsp", 3) == 0) {
        m->nsp = item.data;

        return (item.kind == ROOMS_MSGPACK_STR && item.data.len
                && item.data.data[0] == '/'
                && memchr(item.data.data, ',', item.data.len) == NULL)
               ? ROOMS_OK : ROOMS_ERROR;
    }

    if (item.kind == ROOMS_MSGPACK_UNDEFINED) {
        return ROOMS_OK;
    }

    if (name.len == 4 && memcmp(name.data, "data", 4) == 0) {
        m->data = value;
        return ROOMS_OK;
    }

    if (name.len == 2 && memcmp(name.data, "id", 2) == 0) {
        m->id = item.n;

        return (item.kind == ROOMS_MSGPACK_UINT
                && item.n <= ROOMS_MSGPACK_ID_MAX) ? ROOMS_OK : ROOMS_ERROR;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_msgpack_data(rooms_str_t value, rooms_buf_t *b,
    rooms_sio_packet_t *pkt, rooms_str_t *bins)
{
    size_t    start;
    unsigned  n, count, order[ROOMS_MSGPACK_BINARIES_MAX];

    start = b->len;
    n = 0;

    if (value.len && rooms_msgpack_to_json(value, b, bins, &n) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (b->failed) {
        return ROOMS_DECLINED;
    }

    pkt->data = rooms_str(value.len ? b->data + start : NULL, b->len - start);
    pkt->attachments = n;

    if (rooms_sio_data(pkt->type, pkt->data) != ROOMS_OK) {
        return ROOMS_ERROR;
    }

    if (n == 0) {
        return ROOMS_OK;
    }

    switch (pkt->type) {

    case ROOMS_SIO_EVENT:
        pkt->type = ROOMS_SIO_BINARY_EVENT;
        break;

    case ROOMS_SIO_ACK:
        pkt->type = ROOMS_SIO_BINARY_ACK;
        break;

    default:
        return ROOMS_ERROR;
    }

    /* nothing else in it may be taken for one of the placeholders */

    if (rooms_sio_placeholders(pkt->data, n, NULL, order,
                               ROOMS_MSGPACK_BINARIES_MAX, &count)
        != ROOMS_OK
        || count != n)
    {
        return ROOMS_ERROR;
    }

    return ROOMS_OK;
}


static void
rooms_msgpack_name(rooms_buf_t *b, const char *name)
{
    rooms_msgpack_str(b, rooms_str(name, strlen(name)));
}


void
rooms_msgpack_packet_write(rooms_buf_t *b, const rooms_sio_packet_t *pkt,
    const rooms_str_t *bins)
{
    unsigned  type, n;

    n = 2 + (pkt->data.len != 0) + (pkt->id != ROOMS_SIO_NO_ACK);
    type = pkt->type;

    if (type == ROOMS_SIO_BINARY_EVENT) {
        type = ROOMS_SIO_EVENT;

    } else if (type == ROOMS_SIO_BINARY_ACK) {
        type = ROOMS_SIO_ACK;
    }

    rooms_buf_byte(b, (unsigned char) (0x80 | n));

    rooms_msgpack_name(b, "type");
    rooms_msgpack_uint(b, type);
    rooms_msgpack_name(b, "nsp");
    rooms_msgpack_str(b, pkt->nsp);

    if (pkt->data.len) {
        rooms_msgpack_name(b, "data");
        rooms_msgpack_from_json(b, pkt->data, bins, pkt->attachments);
    }

    if (pkt->id != ROOMS_SIO_NO_ACK) {
        rooms_msgpack_name(b, "id");
        rooms_msgpack_uint(b, pkt->id);
    }
}
