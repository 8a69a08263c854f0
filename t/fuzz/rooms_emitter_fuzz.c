
/*
 * Copyright (C) nginx rooms contributors
 *
 * What was published, as a packet and as a request, and its channel.  What
 * is taken from it is an event whose text is JSON, and lists of names.  The
 * first octet of the input sets the limits.
 */


#include <stdlib.h>
#include <string.h>

#include <rooms_emitter.h>
#include <rooms_json.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check(int ok)
{
    if (!ok) {
        abort();
    }
}


static void
names(const json_t *list)
{
    char         buf[ROOMS_EMITTER_NAME];
    size_t       i;
    rooms_str_t  name;

    for (i = 0; i < rooms_emitter_names(list); i++) {
        name = rooms_emitter_name(list, i, buf);
        check(name.data != NULL);
    }
}


static void
channel(rooms_str_t in)
{
    unsigned     request;
    rooms_str_t  nsp, room;

    if (rooms_emitter_channel(in, rooms_str("a", 1), &nsp, &room, &request)
        == ROOMS_OK)
    {
        check(nsp.len && nsp.data[0] == '/');
        check(nsp.len + room.len < in.len);
        check(!request || room.len == 0);
    }
}


static void
payload(rooms_str_t in, unsigned request,
    const rooms_msgpack_limits_t *limits, size_t max)
{
    unsigned             count, order[ROOMS_MSGPACK_BINARIES_MAX];
    rooms_emitter_t      e;
    rooms_json_limits_t  same;

    memset(&e, 0, sizeof(rooms_emitter_t));
    e.text.limit = max;

    if (rooms_emitter_read(&e, rooms_str("/", 1), request, in, limits)
        == ROOMS_OK)
    {
        names(e.rooms);
        names(e.except);
        names(e.names);

        check(request || e.kind == ROOMS_EMITTER_EMIT);

        if (!request) {
            same.depth = limits->depth + 1;
            same.nodes = 0;

            check(rooms_json_check(e.args, &same, NULL) == ROOMS_OK);
            check(e.nbins <= limits->binaries);
            check(rooms_sio_placeholders(e.args, e.nbins, NULL, order,
                                         ROOMS_MSGPACK_BINARIES_MAX, &count)
                  == ROOMS_OK || e.nbins == 0);
        }
    }

    rooms_emitter_free(&e);
    rooms_buf_free(&e.text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rooms_str_t             in;
    rooms_msgpack_limits_t  limits;

    if (size == 0) {
        return 0;
    }

    in = rooms_str(data + 1, size - 1);

    limits.depth = data[0] & 15;
    limits.nodes = (data[0] & 0x10) ? 16 : 0;
    limits.binaries = (data[0] & 0x20) ? 2 : ROOMS_MSGPACK_BINARIES_MAX;

    channel(in);
    payload(in, 0, &limits, (data[0] & 0x40) ? 20 : 0);
    payload(in, 1, &limits, 0);

    return 0;
}
