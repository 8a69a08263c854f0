
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: who calls, how often, with what; then the operation's handler.
 */


#include <stdio.h>
#include <string.h>

#include <rooms_platform.h>


#define ROOMS_PLATFORM_LIMIT   20        /* of a page */


static rooms_int_t rooms_platform_authenticate(rooms_platform_t *p,
    rooms_platform_auth_e auth);
static rooms_int_t rooms_platform_via(rooms_platform_t *p);
static rooms_int_t rooms_platform_limit(rooms_platform_t *p);
static const rooms_platform_route_t *rooms_platform_operation(
    rooms_str_t name);


rooms_int_t
rooms_platform_rest(rooms_platform_t *p)
{
    const rooms_platform_route_t  *route;

    route = rooms_platform_operation(p->cmd->name);

    if (route == NULL) {
        return ROOMS_ERROR;
    }

    if (rooms_platform_authenticate(p, route->auth) != ROOMS_OK
        || rooms_platform_limit(p) != ROOMS_OK)
    {
        return ROOMS_OK;
    }

    return route->handler(p);
}


static const rooms_platform_route_t *
rooms_platform_operation(rooms_str_t name)
{
    size_t                         i;
    const rooms_platform_route_t  *r;

    const rooms_platform_route_t *const  tables[] = {
        rooms_platform_account_routes, rooms_platform_apps_routes,
        rooms_platform_rooms_routes, rooms_platform_parts_routes,
        rooms_platform_prizes_routes, rooms_platform_winners_routes,
        rooms_platform_notices_routes, rooms_platform_publish_routes
    };

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (r = tables[i]; r->id != NULL; r++) {
            if (rooms_option_is(name, r->id)) {
                return r;
            }
        }
    }

    return NULL;
}


unsigned
rooms_platform_serves(rooms_str_t operation)
{
    return rooms_platform_operation(operation) != NULL;
}


static rooms_int_t
rooms_platform_unauthorized(rooms_platform_t *p, const char *why)
{
    (void) rooms_platform_fail(p, 401, "UNAUTHORIZED", why, NULL);

    return ROOMS_DECLINED;
}


static rooms_int_t
rooms_platform_authenticate(rooms_platform_t *p, rooms_platform_auth_e auth)
{
    rooms_str_t  token, id;
    const char  *why;

    if (auth == ROOMS_PLATFORM_PUBLIC) {
        return ROOMS_OK;
    }

    token = p->cmd->authorization;

    if (token.len < 7
        || strncasecmp((const char *) token.data, "Bearer ", 7) != 0)
    {
        return rooms_platform_unauthorized(p, "No token provided");
    }

    token = rooms_str(token.data + 7, token.len - 7);
    why = rooms_platform_who(p, token, &p->who);

    if (why != NULL) {
        return rooms_platform_unauthorized(p, why);
    }

    if (p->who.app != NULL) {

        if (auth != ROOMS_PLATFORM_EITHER && auth != ROOMS_PLATFORM_APP) {
            return rooms_platform_unauthorized(p, "A user token is needed");
        }

        id = rooms_command_header(p->cmd, "x-app-id");

        if (id.len != strlen(p->who.aid)
            || memcmp(id.data, p->who.aid, id.len) != 0)
        {
            (void) rooms_platform_fail(p, 403, "APP_PERMISSION_DENIED",
                                   "X-App-Id is not the app of the token",
                                   NULL);
            return ROOMS_DECLINED;
        }

        return ROOMS_OK;
    }

    if (auth == ROOMS_PLATFORM_APP) {
        return rooms_platform_unauthorized(p, "An app token is needed");
    }

    if (auth == ROOMS_PLATFORM_ADMIN
        && !json_is_true(json_object_get(p->who.user, "admin")))
    {
        (void) rooms_platform_fail(p, 403, "FORBIDDEN",
                                   "Only administrators may do this", NULL);
        return ROOMS_DECLINED;
    }

    return rooms_platform_via(p);
}


/* An app that acts for a user: both must be allowed to. */

static rooms_int_t
rooms_platform_via(rooms_platform_t *p)
{
    rooms_str_t            token, id;
    rooms_platform_who_t   app;

    token = rooms_command_header(p->cmd, "x-app-token");

    if (token.len == 0) {
        return ROOMS_OK;
    }

    id = rooms_command_header(p->cmd, "x-app-id");

    if (rooms_platform_who(p, token, &app) != NULL || app.app == NULL) {
        return rooms_platform_unauthorized(p, "Invalid app token");
    }

    if (id.len != strlen(app.aid) || memcmp(id.data, app.aid, id.len) != 0) {
        (void) rooms_platform_fail(p, 403, "APP_PERMISSION_DENIED",
                                   "X-App-Id is not the app of the token",
                                   NULL);
        return ROOMS_DECLINED;
    }

    p->via = app.app;

    return ROOMS_OK;
}


static rooms_int_t
rooms_platform_limit(rooms_platform_t *p)
{
    char         key[128], number[24];
    uint64_t     limit, left, reset;
    rooms_int_t  rc;

    if (p->who.uid != NULL) {
        limit = p->conf->rate_user;
        (void) snprintf(key, sizeof(key), "u:%s", p->who.uid);

    } else if (p->who.aid != NULL) {
        limit = p->conf->rate_app;
        (void) snprintf(key, sizeof(key), "a:%s", p->who.aid);

    } else {
        limit = p->conf->rate_public;
        (void) snprintf(key, sizeof(key), "p:%.*s",
                        (int) p->cmd->address.len,
                        (const char *) p->cmd->address.data);
    }

    if (limit == 0) {
        return ROOMS_OK;
    }

    rc = rooms_platform_hit(p, key, limit, ROOMS_PLATFORM_WINDOW, &left,
                            &reset);

    (void) snprintf(number, sizeof(number), "%llu",
                    (unsigned long long) limit);
    rooms_decide_header(p->d, "X-RateLimit-Limit", number);

    (void) snprintf(number, sizeof(number), "%llu",
                    (unsigned long long) left);
    rooms_decide_header(p->d, "X-RateLimit-Remaining", number);

    (void) snprintf(number, sizeof(number), "%llu",
                    (unsigned long long) reset);
    rooms_decide_header(p->d, "X-RateLimit-Reset", number);

    if (rc != ROOMS_OK) {
        (void) rooms_platform_fail(p, 429, "RATE_LIMIT_EXCEEDED",
                                   "Too many requests", NULL);
    }

    return rc;
}


/* The field is the first step of the pointer, or named by the message. */

rooms_int_t
rooms_platform_body(rooms_platform_t *p)
{
    char                                 field[64];
    size_t                               n;
    json_t                              *details;
    const char                          *s;
    rooms_schema_failure_t               failure;
    const rooms_contract_operation_t    *op;

    if (p->cmd->malformed) {
        (void) rooms_platform_fail(p, 400, "VALIDATION_ERROR",
                                   "The body is not valid JSON", NULL);
        return ROOMS_DECLINED;
    }

    op = rooms_contract_operation(p->conf->contract, p->cmd->name);

    if (op == NULL
        || rooms_contract_check_body(op, p->cmd->body, &failure) == ROOMS_OK)
    {
        return ROOMS_OK;
    }

    s = failure.pointer;
    n = 0;

    if (s[0] == '/') {
        s++;
        n = strcspn(s, "/");

    } else if (strchr(failure.message, ':') != NULL) {
        s = failure.message;
        n = strcspn(s, ":./[");
    }

    if (n == 0 || n >= sizeof(field)) {
        s = "body";
        n = 4;
    }

    memcpy(field, s, n);
    field[n] = '\0';

    details = json_pack("{s:{s:[s]}}", "fields", field, failure.message);

    (void) rooms_platform_fail(p, 422, "VALIDATION_ERROR", failure.message,
                               details);

    return ROOMS_DECLINED;
}


const char *
rooms_platform_param(const rooms_platform_t *p, const char *name,
    char id[ROOMS_PLATFORM_ID * 2])
{
    unsigned     i;
    rooms_str_t  value;

    for (i = 0; i < p->cmd->nparams; i++) {

        if (!rooms_option_is(p->cmd->params[i].name, name)) {
            continue;
        }

        value = p->cmd->params[i].value;

        if (value.len >= ROOMS_PLATFORM_ID * 2
            || memchr(value.data, '\0', value.len) != NULL)
        {
            break;
        }

        memcpy(id, value.data, value.len);
        id[value.len] = '\0';

        return id;
    }

    return NULL;
}


json_t *
rooms_platform_query(const rooms_platform_t *p)
{
    json_t                            *query;
    rooms_route_match_t                match;
    rooms_schema_failure_t             failure;
    const rooms_contract_operation_t  *op;

    op = rooms_contract_operation(p->conf->contract, p->cmd->name);

    memset(&match, 0, sizeof(rooms_route_match_t));

    if (p->cmd->nparams) {
        match.n = p->cmd->nparams;
        memcpy(match.params, p->cmd->params,
               p->cmd->nparams * sizeof(rooms_route_param_t));
    }

    query = op ? rooms_contract_params(op, &match, p->cmd->query, &failure)
               : NULL;

    if (query == NULL && op != NULL) {
        (void) rooms_platform_fail((rooms_platform_t *) p, 422,
                                   "VALIDATION_ERROR", failure.message, NULL);
    }

    return query;
}


/* The reference is taken over. */

static json_t *
rooms_platform_pick(json_t *view, const char *fields)
{
    char         name[64];
    size_t       n;
    json_t      *picked, *value;

    if (fields == NULL) {
        return view;
    }

    picked = json_object();

    while (*fields != '\0') {
        n = strcspn(fields, ",");

        if (n && n < sizeof(name)) {
            memcpy(name, fields, n);
            name[n] = '\0';
            value = json_object_get(view, name);

            if (value != NULL) {
                (void) json_object_set(picked, name, value);
            }
        }

        fields += n + (fields[n] == ',');
    }

    json_decref(view);

    return picked;
}


rooms_int_t
rooms_platform_page(rooms_platform_t *p, json_t *list, json_t *query,
    rooms_platform_view_pt view)
{
    size_t       i, page, limit, total;
    json_t      *body, *data, *one;
    const char  *fields;

    page = json_integer_value(json_object_get(query, "page"));
    limit = json_integer_value(json_object_get(query, "limit"));

    if (page == 0) {
        page = 1;
    }

    if (limit == 0) {
        limit = ROOMS_PLATFORM_LIMIT;
    }

    total = json_array_size(list);
    data = json_array();

    fields = rooms_platform_text(query, "fields");

    for (i = (page - 1) * limit; i < page * limit && i < total; i++) {
        one = json_array_get(list, i);
        one = view ? view(p, one) : json_incref(one);

        (void) json_array_append_new(data, rooms_platform_pick(one, fields));
    }

    body = json_pack("{s:o, s:{s:I, s:I, s:I, s:I}}", "data", data, "meta",
                     "page", (json_int_t) page, "limit", (json_int_t) limit,
                     "total", (json_int_t) total, "pages",
                     (json_int_t) ((total + limit - 1) / limit));

    rooms_decide_answer_json(p->d, 200, body);

    json_decref(body);
    json_decref(list);
    json_decref(query);

    return ROOMS_OK;
}


json_t *
rooms_platform_enter(rooms_platform_t *p, unsigned what,
    const char *permission)
{
    char         id[ROOMS_PLATFORM_ID * 2];
    json_t      *room, *app;
    const char  *role, *aid;

    room = rooms_platform_room(p, rooms_platform_param(p, "id", id));

    if (room == NULL) {
        (void) rooms_platform_fail(p, 404, "NOT_FOUND", "Room not found",
                                   NULL);
        return NULL;
    }

    app = p->who.app ? p->who.app : p->via;

    if (app != NULL) {
        aid = rooms_platform_text(app, "appId");

        if (permission == NULL
            || strcmp(aid, rooms_platform_text(room, "appId")) != 0
            || !rooms_platform_permitted(app, permission))
        {
            (void) rooms_platform_fail(p, 403, "APP_PERMISSION_DENIED",
                                   "The app may not do this in this room",
                                   json_pack("{s:s*}", "required",
                                             permission));
            return NULL;
        }

        if (p->who.app != NULL) {
            return room;
        }
    }

    role = rooms_platform_role(p, id, p->who.uid);

    if (role == NULL
        || ((what & ROOMS_PLATFORM_ORGANIZE)
            && strcmp(role, "organizer") != 0)
        || ((what & ROOMS_PLATFORM_MODERATE)
            && strcmp(role, "organizer") != 0
            && strcmp(role, "moderator") != 0))
    {
        (void) rooms_platform_fail(p, 403, "FORBIDDEN",
                         "You don't have permission to perform this action",
                                   NULL);
        return NULL;
    }

    return room;
}
