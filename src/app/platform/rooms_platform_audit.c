
/*
 * Copyright (C) nginx rooms contributors
 *
 * What the audit log has: every event that is said, every command of a
 * socket, and of the requests those that change something or are refused for
 * what the caller is.  Acceptance row L-82.
 */


#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_AUDIT_NAME  64    /* octets, of a client's own */


static rooms_str_t
rooms_platform_audit_text(const char *s)
{
    return rooms_str(s, s ? strlen(s) : 0);
}


static void
rooms_platform_audit_line(rooms_platform_t *p, rooms_str_t event,
    rooms_str_t room)
{
    const char  *actor;

    actor = p->actor ? p->actor : p->who.uid ? p->who.uid : p->who.aid;

    if (event.len > ROOMS_PLATFORM_AUDIT_NAME) {
        event.len = ROOMS_PLATFORM_AUDIT_NAME;
    }

    if (room.len > ROOMS_PLATFORM_AUDIT_NAME) {
        room.len = ROOMS_PLATFORM_AUDIT_NAME;
    }

    rooms_decide_audit(p->d, event, room, rooms_platform_audit_text(actor),
                       p->code ? p->code : "ok");
}


void
rooms_platform_audit(rooms_platform_t *p, const char *event, const char *room)
{
    rooms_platform_audit_line(p, rooms_platform_audit_text(event),
                              rooms_platform_audit_text(room));
}


/* Requests that only read are nginx's access log's, as long as they may. */

static void
rooms_platform_audit_request(rooms_platform_t *p)
{
    unsigned     i, status;
    rooms_str_t  name, room;

    name = p->cmd->name;
    status = p->d->status;

    if (((name.len > 3 && memcmp(name.data, "get", 3) == 0)
         || (name.len > 4 && memcmp(name.data, "list", 4) == 0))
        && status != 401 && status != 403 && status != 429)
    {
        return;
    }

    room = rooms_str(NULL, 0);

    for (i = 0; i < p->cmd->nparams; i++) {
        if (rooms_option_is(p->cmd->params[i].name, "id")
            && p->cmd->params[i].value.len > 5
            && memcmp(p->cmd->params[i].value.data, "room_", 5) == 0)
        {
            room = p->cmd->params[i].value;
        }
    }

    rooms_platform_audit_line(p, name, room);
}


void
rooms_platform_audit_command(rooms_platform_t *p)
{
    rooms_str_t   room;

    switch (p->cmd->kind) {

    case ROOMS_CMD_CONNECT:
        room = p->cmd->caller->nsp;

        if (room.len > sizeof(ROOMS_PLATFORM_NSP) - 1) {
            room.data += sizeof(ROOMS_PLATFORM_NSP) - 1;
            room.len -= sizeof(ROOMS_PLATFORM_NSP) - 1;

        } else {
            room.len = 0;
        }

        rooms_platform_audit_line(p, rooms_platform_audit_text("connect"),
                                  room);
        break;

    case ROOMS_CMD_EVENT:
        room = rooms_platform_audit_text(
                   rooms_platform_text(json_array_get(p->cmd->args, 0),
                                       "roomId"));
        rooms_platform_audit_line(p, p->cmd->name, room);
        break;

    case ROOMS_CMD_DISCONNECT:

        /* of a socket that was there */

        if (p->actor != NULL) {
            rooms_platform_audit(p, "disconnect", NULL);
        }

        break;

    case ROOMS_CMD_REST:
        rooms_platform_audit_request(p);
        break;

    default:
        break;
    }
}
