
/*
 * Copyright (C) nginx rooms contributors
 *
 * What all commands of the platform need: ids, tokens, roles, words.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_FOREVER  UINT64_C(253402300799000)   /* year 9999 */


const char *
rooms_platform_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}


/* Ten of 36 letters, from eight random octets. */

const char *
rooms_platform_id(rooms_platform_t *p, const char *prefix,
    char id[ROOMS_PLATFORM_ID])
{
    size_t    n;
    unsigned  i;
    uint64_t  r;

    static const char  digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    n = strlen(prefix);
    memcpy(id, prefix, n);
    r = 0;

    for (i = 0; i < 8; i++) {
        r = r << 8 | p->cmd->random[p->used++ % ROOMS_RANDOM_LEN];
    }

    for (i = 0; i < 10; i++) {
        id[n++] = digits[r % 36];
        r /= 36;
    }

    id[n] = '\0';

    return id;
}


const char *
rooms_platform_who(rooms_platform_t *p, rooms_str_t token,
    rooms_platform_who_t *who)
{
    double        exp;
    json_t       *claims;
    const char   *uid, *aid, *why;
    rooms_jwt_e   rc;

    memset(who, 0, sizeof(rooms_platform_who_t));

    if (token.len == 0) {
        return "No token provided";
    }

    rc = rooms_jwt_cache_verify(p->conf->tokens, p->conf->jwks,
                                &p->conf->rules, token, p->cmd->now, &claims,
                                who->hash);

    if (rc == ROOMS_JWT_EXPIRED) {
        return "Token expired";
    }

    if (rc != ROOMS_JWT_OK) {
        return "Invalid token";
    }

    uid = rooms_platform_text(claims, "userId");
    aid = rooms_platform_text(claims, "appId");
    why = NULL;

    exp = json_number_value(json_object_get(claims, "exp")) * 1000;
    who->exp = exp < 0 ? 0 : exp > ROOMS_PLATFORM_FOREVER
                             ? ROOMS_PLATFORM_FOREVER : (uint64_t) exp;

    if (rooms_platform_at(p->doc, "revoked", who->hash, NULL)) {
        why = "Token revoked";

    } else if (uid != NULL) {
        who->user = rooms_platform_at(p->doc, "users", uid, NULL);
        who->uid = rooms_platform_text(who->user, "id");

        if (who->uid == NULL) {
            why = "User not found";
        }

    } else if (aid != NULL) {
        who->app = rooms_platform_at(p->doc, "apps", aid, NULL);
        who->aid = rooms_platform_text(who->app, "appId");

        if (who->aid == NULL) {
            why = "User not found";
        }

    } else {
        why = "Invalid token";
    }

    json_decref(claims);

    return why;
}


json_t *
rooms_platform_room(const rooms_platform_t *p, const char *id)
{
    json_t  *room;

    if (id == NULL) {
        return NULL;
    }

    room = rooms_platform_at(p->doc, "rooms", id, NULL);

    return json_object_get(room, "deleted") ? NULL : room;
}


json_t *
rooms_platform_part(const rooms_platform_t *p, const char *room,
    const char *uid)
{
    json_t      *part;
    const char  *pid;

    if (uid == NULL) {
        return NULL;
    }

    pid = json_string_value(rooms_platform_at(p->doc, "members", room, uid,
                                              NULL));
    if (pid == NULL) {
        return NULL;
    }

    part = rooms_platform_at(p->doc, "parts", room, pid, NULL);

    return json_object_get(part, "left") ? NULL : part;
}


const char *
rooms_platform_role(const rooms_platform_t *p, const char *room,
    const char *uid)
{
    return rooms_platform_text(rooms_platform_part(p, room, uid), "role");
}


unsigned
rooms_platform_permitted(const json_t *app, const char *permission)
{
    size_t       i;
    json_t      *list;
    const char  *s;

    list = rooms_platform_at(app, "manifest", "permissions", NULL);

    for (i = 0; i < json_array_size(list); i++) {
        s = json_string_value(json_array_get(list, i));

        if (s != NULL && strcmp(s, permission) == 0) {
            return 1;
        }
    }

    return 0;
}


void
rooms_platform_stamp(rooms_platform_t *p, json_t *payload)
{
    char  id[ROOMS_PLATFORM_ID + 16];

    if (p->event[0] == '\0') {
        (void) rooms_platform_id(p, "evt_", p->event);
    }

    (void) snprintf(id, sizeof(id), "%s%u", p->event, ++p->events);

    if (json_object_set_new(payload, "timestamp", json_string(p->stamp)) != 0
        || json_object_set_new(payload, "eventId", json_string(id)) != 0)
    {
        p->d->failed = 1;
    }
}


void
rooms_platform_say(rooms_platform_t *p, const char *to, const char *id,
    rooms_str_t sid, const char *event, json_t *payload)
{
    int              len;
    char             name[ROOMS_PLATFORM_NAME], *text;
    json_t          *args, *where;
    const char      *room;
    rooms_message_t  m;

    rooms_platform_stamp(p, payload);

    where = json_object_get(payload, "roomId");

    if (where == NULL) {
        where = rooms_platform_at(payload, "data", "roomId", NULL);
    }

    room = json_string_value(where);

    args = json_pack("[s, o]", event, payload);
    text = args ? json_dumps(args, JSON_COMPACT) : NULL;

    if (text == NULL) {
        json_decref(args);
        p->d->failed = 1;
        return;
    }

    memset(&m, 0, sizeof(rooms_message_t));

    m.audience = sid.len ? ROOMS_TO_OTHERS : ROOMS_TO_ALL;
    m.sid = sid;
    m.ephemeral = 1;
    m.args = rooms_str(text, strlen(text));

    len = snprintf(name, sizeof(name), "%s:%s", to, id);

    rooms_decide_in(p->d, rooms_str(name, (size_t) len));
    rooms_decide_message_raw(p->d, &m);
    rooms_platform_audit(p, event, room);

    json_decref(args);
    free(text);
}


void
rooms_platform_tell(rooms_platform_t *p, const char *event, json_t *payload)
{
    rooms_platform_stamp(p, payload);
    rooms_decide_emit(p->d, event, payload);
    json_decref(payload);
}


rooms_int_t
rooms_platform_error(rooms_platform_t *p, const char *code,
    const char *message, json_t *details)
{
    json_t  *error, *ack;

    p->code = code;

    if (details == NULL) {
        details = json_object();
    }

    if (json_object_get(details, "action") == NULL) {
        (void) json_object_set_new(details, "action",
                                   json_stringn((char *) p->cmd->name.data,
                                                p->cmd->name.len));
    }

    error = json_pack("{s:s, s:s, s:o}", "code", code, "message", message,
                      "details", details);
    ack = json_pack("{s:b, s:O}", "success", 0, "error", error);

    rooms_decide_answer_json(p->d, 0, ack);
    rooms_decide_emit(p->d, "error", error);

    json_decref(ack);
    json_decref(error);

    return ROOMS_OK;
}


rooms_int_t
rooms_platform_fail(rooms_platform_t *p, unsigned status, const char *code,
    const char *message, json_t *details)
{
    json_t  *body;

    p->code = code;

    body = json_pack("{s:{s:s, s:s, s:o*}}", "error", "code", code,
                     "message", message, "details", details);

    rooms_decide_answer_json(p->d, status, body);
    json_decref(body);

    return ROOMS_OK;
}


rooms_int_t
rooms_platform_data(rooms_platform_t *p, unsigned status, json_t *data)
{
    json_t  *body;

    body = json_pack("{s:o}", "data", data);

    rooms_decide_answer_json(p->d, status, body);
    json_decref(body);

    return ROOMS_OK;
}


rooms_int_t
rooms_platform_success(rooms_platform_t *p, json_t *flat)
{
    json_t  *ack;

    ack = json_copy(flat);

    if (ack == NULL
        || json_object_set_new(ack, "success", json_true()) != 0
        || json_object_set_new(ack, "data", flat) != 0)
    {
        p->d->failed = 1;
    }

    rooms_decide_answer_json(p->d, 200, ack);
    json_decref(ack);

    return ROOMS_OK;
}


/* Without a state: the layers before have refused the command. */

void
rooms_platform_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d)
{
    char              message[ROOMS_SCHEMA_TEXT + 1];
    const char       *code;
    unsigned          status;
    rooms_platform_t  p;

    memset(&p, 0, sizeof(rooms_platform_t));

    p.conf = conf;
    p.cmd = cmd;
    p.d = d;

    if (detail.len > ROOMS_SCHEMA_TEXT) {
        detail.len = ROOMS_SCHEMA_TEXT;
    }

    if (detail.len) {
        memcpy(message, detail.data, detail.len);
    }

    message[detail.len] = '\0';
    code = "INVALID_PAYLOAD";
    status = 400;

    switch (why) {

    case ROOMS_REFUSE_INVALID:
        break;

    case ROOMS_REFUSE_UNKNOWN:
        status = 404;
        break;

    case ROOMS_REFUSE_METHOD:
        status = 405;
        break;

    case ROOMS_REFUSE_TOO_LARGE:
        status = 413;
        break;

    case ROOMS_REFUSE_RATE:
        code = "RATE_LIMIT_EXCEEDED";
        status = 429;
        break;

    case ROOMS_REFUSE_STORAGE:
        code = "SERVICE_UNAVAILABLE";
        status = 503;
        break;

    default:
        code = "INTERNAL_ERROR";
        status = 500;
    }

    if (message[0] == '\0') {
        (void) strcpy(message, status == 503 ? "Try again later"
                                             : "The command has failed");
    }

    p.code = code;

    if (cmd->kind == ROOMS_CMD_CONNECT) {
        rooms_decide_reject(d, message, NULL);

    } else if (cmd->kind == ROOMS_CMD_REST) {
        (void) rooms_platform_fail(&p, status,
                                   status == 404 ? "NOT_FOUND"
                                   : status < 429 ? "VALIDATION_ERROR" : code,
                                   message, NULL);

    } else if (cmd->kind == ROOMS_CMD_EVENT) {
        (void) rooms_platform_error(&p, code, message, NULL);
    }

    rooms_platform_audit_command(&p);
}
