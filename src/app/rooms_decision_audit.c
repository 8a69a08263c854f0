
/*
 * Copyright (C) nginx rooms contributors
 *
 * The audit log: what a decision has for it, and how that is written.
 */


#include <string.h>

#include <rooms_decision.h>
#include <rooms_iso.h>
#include <rooms_json.h>


static void
rooms_audit_member(rooms_buf_t *b, const char *name, rooms_str_t value)
{
    if (value.len == 0) {
        return;
    }

    if (b->len && b->data[b->len - 1] != '{') {
        rooms_buf_byte(b, ',');
    }

    rooms_buf_byte(b, '"');
    rooms_buf_append(b, name, strlen(name));
    rooms_buf_append(b, "\":", 2);
    rooms_json_escape(b, value);
}


void
rooms_decide_audit(rooms_decision_t *d, rooms_str_t event, rooms_str_t room,
    rooms_str_t actor, const char *result)
{
    rooms_buf_t  *b;

    b = rooms_decision_scratch(d);

    rooms_audit_member(b, "event", event);
    rooms_audit_member(b, "room", room);
    rooms_audit_member(b, "actor", actor);
    rooms_audit_member(b, "result", rooms_str(result, strlen(result)));

    rooms_buf_str32(&d->audit, rooms_str(b->data, b->len));
}


void
rooms_decision_audit(const rooms_decision_t *d, rooms_str_t app,
    const rooms_command_t *cmd, rooms_buf_t *b)
{
    char         stamp[ROOMS_ISO_LEN + 1];
    rooms_str_t  in, members;

    rooms_iso_format(cmd->now, stamp);
    in = rooms_str(d->audit.data, d->audit.len);

    while (rooms_get_str32(&in, &members) == ROOMS_OK) {
        rooms_buf_byte(b, '{');
        rooms_audit_member(b, "time", rooms_str(stamp, strlen(stamp)));
        rooms_audit_member(b, "app", app);
        rooms_buf_byte(b, ',');
        rooms_buf_str(b, members);

        if (cmd->caller) {
            rooms_audit_member(b, "sid", cmd->caller->sid);
        }

        rooms_audit_member(b, "address", cmd->address);
        rooms_buf_append(b, "}\n", 2);
    }
}
