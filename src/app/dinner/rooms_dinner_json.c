
/*
 * Copyright (C) nginx rooms contributors
 *
 * What clients of the application are told: answers, events, errors.
 */


#include <string.h>

#include <rooms_dinner.h>
#include <rooms_iso.h>


static const char *const  rooms_dinner_phases[] = {
    "waiting", "selecting", "complete"
};


const rooms_dinner_error_t  rooms_dinner_not_found = {
    "SESSION_NOT_FOUND", "Session not found", "Session not found", 404
};

/* The short text differs: sockets say "Session full", REST "is full". */

const rooms_dinner_error_t  rooms_dinner_full = {
    "SESSION_FULL", "Session is full", "Session full", 403
};

const rooms_dinner_error_t  rooms_dinner_already_submitted = {
    "ALREADY_SUBMITTED", "Already submitted",
    "You have already submitted your selections", 409
};

const rooms_dinner_error_t  rooms_dinner_invalid_options = {
    "INVALID_OPTIONS", "Invalid options",
    "Invalid options: some of the selections are not in the list", 400
};

const rooms_dinner_error_t  rooms_dinner_not_in_session = {
    "NOT_IN_SESSION", "Not in session",
    "You are not a participant in this session", 403
};

const rooms_dinner_error_t  rooms_dinner_other_session = {
    "VALIDATION_ERROR", "Invalid request",
    "You are in another session already", 400
};

static const rooms_dinner_error_t  rooms_dinner_unknown_event = {
    "VALIDATION_ERROR", "Invalid request", "Unknown event", 400
};

static const rooms_dinner_error_t  rooms_dinner_unknown_path = {
    "NOT_FOUND", "Not found", "There is no such path", 404
};

static const rooms_dinner_error_t  rooms_dinner_method = {
    "METHOD_NOT_ALLOWED", "Method not allowed",
    "This path has no such method", 405
};

static const rooms_dinner_error_t  rooms_dinner_too_large = {
    "VALIDATION_ERROR", "Payload too large", "The payload is too large", 413
};

static const rooms_dinner_error_t  rooms_dinner_rate = {
    "RATE_LIMITED", "Too many requests", "Too many requests", 429
};

static const rooms_dinner_error_t  rooms_dinner_storage = {
    "INTERNAL_ERROR", "Service unavailable", "Internal error", 503
};

static const rooms_dinner_error_t  rooms_dinner_internal = {
    "INTERNAL_ERROR", "Internal error", "Internal error", 500
};


static json_t *
rooms_dinner_string(rooms_str_t s)
{
    return json_stringn(s.len ? (const char *) s.data : "", s.len);
}


json_t *
rooms_dinner_session_json(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state)
{
    char         expires[ROOMS_ISO_LEN + 1];
    rooms_str_t  code;

    code = rooms_str(state->code, ROOMS_DINNER_CODE);
    rooms_iso_format(state->activity + conf->ttl, expires);

    return json_pack("{s:o, s:o, s:i, s:s, s:s, s:o}",
                     "sessionCode", rooms_dinner_string(code),
                     "hostName", rooms_dinner_string(state->host),
                     "participantCount", (int) rooms_dinner_count(state),
                     "state", rooms_dinner_phases[state->phase],
                     "expiresAt", expires,
                     "shareableLink",
                     json_sprintf("%s/join?code=%.*s", conf->frontend,
                                  ROOMS_DINNER_CODE, state->code));
}


static json_t *
rooms_dinner_participants(const rooms_dinner_state_t *state)
{
    json_t                       *list, *entry;
    unsigned                      i;
    const rooms_dinner_member_t  *m;

    list = json_array();

    for (i = 0; i < state->n; i++) {
        m = &state->members[i];

        entry = json_pack("{s:o, s:o, s:b}", "participantId",
                          rooms_dinner_string(rooms_dinner_id(&m->id)),
                          "displayName", rooms_dinner_string(m->name),
                          "isHost", (int) m->host);

        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


json_t *
rooms_dinner_join_json(const rooms_dinner_state_t *state,
    const rooms_dinner_member_t *m)
{
    rooms_str_t  code;

    code = rooms_str(state->code, ROOMS_DINNER_CODE);

    return json_pack("{s:b, s:o, s:o, s:o, s:i, s:o, s:s, s:b}",
                     "success", 1,
                     "participantId",
                     rooms_dinner_string(rooms_dinner_id(&m->id)),
                     "sessionCode", rooms_dinner_string(code),
                     "displayName", rooms_dinner_string(m->name),
                     "participantCount", (int) state->n,
                     "participants", rooms_dinner_participants(state),
                     "state", rooms_dinner_phases[state->phase],
                     "hasSubmitted", (int) m->submitted);
}


json_t *
rooms_dinner_member_json(rooms_str_t id, rooms_str_t name, unsigned count)
{
    return json_pack("{s:o, s:o, s:i}",
                     "participantId", rooms_dinner_string(id),
                     "displayName", rooms_dinner_string(name),
                     "participantCount", (int) count);
}


static unsigned
rooms_dinner_selected(const rooms_dinner_member_t *m, const json_t *id)
{
    rooms_str_t  in, one, want;

    in = m->selections;
    want = rooms_str(json_string_value(id), json_string_length(id));

    while (rooms_get_str16(&in, &one) == ROOMS_OK) {
        if (rooms_dinner_same(one, want)) {
            return 1;
        }
    }

    return 0;
}


static json_t *
rooms_dinner_overlap(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state)
{
    json_t    *list, *id;
    unsigned   i, k, n, of;

    list = json_array();

    for (i = 0; i < conf->noptions; i++) {
        id = json_object_get(conf->options[i], "optionId");
        n = 0;
        of = 0;

        for (k = 0; k < state->n; k++) {
            if (state->members[k].counted) {
                n += rooms_dinner_selected(&state->members[k], id);
                of++;
            }
        }

        if (of && n == of
            && json_array_append(list, conf->options[i]) != 0)
        {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


static json_t *
rooms_dinner_selections(const rooms_dinner_member_t *m)
{
    json_t       *list;
    rooms_str_t   in, id;

    list = json_array();
    in = m->selections;

    while (rooms_get_str16(&in, &id) == ROOMS_OK) {
        if (json_array_append_new(list, rooms_dinner_string(id)) != 0) {
            json_decref(list);
            return NULL;
        }
    }

    return list;
}


/* The member's name, or "name (2)" and so on where it is taken. */

static json_t *
rooms_dinner_key(const json_t *object, rooms_str_t name)
{
    json_t    *key;
    unsigned   n;

    key = rooms_dinner_string(name);

    for (n = 2; json_object_get(object, json_string_value(key)); n++) {
        json_decref(key);
        key = json_sprintf("%.*s (%u)", (int) name.len,
                           (const char *) name.data, n);
    }

    return key;
}


static json_t *
rooms_dinner_all_selections(const rooms_dinner_state_t *state)
{
    int                           rc;
    json_t                       *all, *key;
    unsigned                      i;
    const rooms_dinner_member_t  *m;

    all = json_object();

    for (i = 0; i < state->n; i++) {
        m = &state->members[i];

        if (!m->counted) {
            continue;
        }

        key = rooms_dinner_key(all, m->name);
        rc = json_object_set_new(all, json_string_value(key),
                                 rooms_dinner_selections(m));
        json_decref(key);

        if (rc != 0) {
            json_decref(all);
            return NULL;
        }
    }

    return all;
}


json_t *
rooms_dinner_results_json(const rooms_dinner_conf_t *conf,
    const rooms_dinner_state_t *state)
{
    json_t       *overlap;
    rooms_str_t   code;

    overlap = rooms_dinner_overlap(conf, state);
    code = rooms_str(state->code, ROOMS_DINNER_CODE);

    return json_pack("{s:o, s:o, s:o, s:b}",
                     "sessionCode", rooms_dinner_string(code),
                     "overlappingOptions", overlap,
                     "allSelections", rooms_dinner_all_selections(state),
                     "hasOverlap", json_array_size(overlap) != 0);
}


/* XD-1: the ack says it as text and as a code, the event says it again. */

static void
rooms_dinner_fail_socket(const rooms_command_t *cmd, rooms_decision_t *d,
    const rooms_dinner_error_t *error, json_t *details)
{
    json_t  *value;

    if (cmd->ack) {
        value = json_pack("{s:b, s:s, s:s}", "success", 0,
                          "error", error->message, "code", error->code);
        rooms_decide_answer_json(d, 0, value);
        json_decref(value);
    }

    value = json_pack("{s:s, s:s, s:O*}", "code", error->code,
                      "message", error->message, "details", details);
    rooms_decide_emit(d, "error", value);
    json_decref(value);
}


void
rooms_dinner_fail(const rooms_command_t *cmd, rooms_decision_t *d,
    const rooms_dinner_error_t *error, json_t *details)
{
    json_t  *value;

    switch (cmd->kind) {

    case ROOMS_CMD_EVENT:
        rooms_dinner_fail_socket(cmd, d, error, details);
        break;

    case ROOMS_CMD_REST:
        value = json_pack("{s:s, s:s, s:s, s:O*}", "error", error->error,
                          "code", error->code, "message", error->message,
                          "details", details);
        rooms_decide_answer_json(d, error->status, value);
        json_decref(value);
        break;

    case ROOMS_CMD_CONNECT:
        value = json_pack("{s:s}", "code", error->code);
        rooms_decide_reject(d, error->message, value);
        json_decref(value);
        break;

    default:
        break;
    }

    json_decref(details);
}


static void
rooms_dinner_invalid(const rooms_command_t *cmd, rooms_str_t detail,
    rooms_decision_t *d)
{
    json_t                *message;
    rooms_dinner_error_t   error;

    message = detail.len ? json_sprintf("Invalid payload: %.*s",
                                        (int) detail.len,
                                        (const char *) detail.data)
                         : NULL;

    error.code = "VALIDATION_ERROR";
    error.error = "Invalid request";
    error.message = message ? json_string_value(message) : "Invalid payload";
    error.status = 400;

    rooms_dinner_fail(cmd, d, &error, NULL);

    json_decref(message);
}


void
rooms_dinner_refuse(const void *conf, const rooms_command_t *cmd,
    rooms_refusal_e why, rooms_str_t detail, rooms_decision_t *d)
{
    const rooms_dinner_error_t  *error;

    (void) conf;

    switch (why) {

    case ROOMS_REFUSE_INVALID:
        rooms_dinner_invalid(cmd, detail, d);
        return;

    case ROOMS_REFUSE_UNKNOWN:
        error = (cmd->kind == ROOMS_CMD_REST) ? &rooms_dinner_unknown_path
                                              : &rooms_dinner_unknown_event;
        break;

    case ROOMS_REFUSE_METHOD:
        error = &rooms_dinner_method;
        break;

    case ROOMS_REFUSE_TOO_LARGE:
        error = &rooms_dinner_too_large;
        break;

    case ROOMS_REFUSE_RATE:
        error = &rooms_dinner_rate;
        break;

    case ROOMS_REFUSE_STORAGE:
        error = &rooms_dinner_storage;
        break;

    default:
        error = &rooms_dinner_internal;
        break;
    }

    rooms_dinner_fail(cmd, d, error, NULL);
}
