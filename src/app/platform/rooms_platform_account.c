
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: login, tokens, users.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>


static json_t *
rooms_platform_account(const json_t *user)
{
    json_t  *view;

    view = json_copy((json_t *) user);

    (void) json_object_del(view, "hash");
    (void) json_object_del(view, "admin");

    return view;
}


/* Signs a token; the claims' reference is taken over. */

static json_t *
rooms_platform_issue(rooms_platform_t *p, json_t *claims)
{
    char    *token, id[ROOMS_PLATFORM_ID];
    json_t  *value;

    (void) json_object_set_new(claims, "iat",
                               json_integer((json_int_t) p->cmd->now / 1000));
    (void) json_object_set_new(claims, "exp",
                               json_integer((json_int_t)
                                            (p->cmd->now + p->conf->access)
                                            / 1000));
    (void) json_object_set_new(claims, "jti",
                         json_string(rooms_platform_id(p, "tok_", id)));

    if (p->conf->rules.issuer != NULL) {
        (void) json_object_set_new(claims, "iss",
                                   json_string(p->conf->rules.issuer));
    }

    if (p->conf->rules.audience != NULL) {
        (void) json_object_set_new(claims, "aud",
                                   json_string(p->conf->rules.audience));
    }

    token = rooms_jwt_sign(p->conf->jwks, claims);
    value = token ? json_string(token) : NULL;

    free(token);
    json_decref(claims);

    return value;
}


/* At the top and under "data". */

static rooms_int_t
rooms_platform_both(rooms_platform_t *p, json_t *data)
{
    json_t  *body;

    body = json_copy(data);

    if (body == NULL || json_object_set_new(body, "data", data) != 0) {
        p->d->failed = 1;
    }

    rooms_decide_answer_json(p->d, 200, body);
    json_decref(body);

    return ROOMS_OK;
}


static json_t *
rooms_platform_by_email(rooms_platform_t *p, const char *email)
{
    char         lower[ROOMS_PLATFORM_EMAIL];
    const char  *id;

    id = json_string_value(rooms_platform_found(p, ROOMS_PLATFORM_BY_EMAIL,
                               rooms_platform_lower(email, lower)));

    return id ? rooms_platform_at(p->doc, "users", id, NULL) : NULL;
}


/* Who is unknown waits as long as who has forgotten the password. */

static rooms_int_t
rooms_platform_login(rooms_platform_t *p)
{
    char         text[ROOMS_PLATFORM_ID * 2], hash[ROOMS_PLATFORM_HASH + 1];
    json_t      *user, *password, *token;
    const char  *known;

    static const char  nobody[] = "$6$nobody$";

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    user = rooms_platform_by_email(p, rooms_platform_text(p->cmd->body,
                                                          "email"));
    password = json_object_get(p->cmd->body, "password");

    if (p->cmd->verified == ROOMS_VERIFIED_NOT) {
        known = rooms_platform_text(user, "hash");
        rooms_decide_verify(p->d, rooms_str(json_string_value(password),
                                            json_string_length(password)),
                            known ? known : nobody);
        return ROOMS_OK;
    }

    p->actor = rooms_platform_text(user, "id");

    if (user == NULL || p->cmd->verified != ROOMS_VERIFIED_RIGHT) {
        return rooms_platform_fail(p, 401, "INVALID_CREDENTIALS",
                                   "Wrong email or password", NULL);
    }

    (void) rooms_platform_id(p, "rt_", text);
    (void) rooms_platform_id(p, "", text + strlen(text));
    (void) rooms_platform_id(p, "", text + strlen(text));

    rooms_jwt_digest(rooms_str(text, strlen(text)), hash);
    rooms_platform_set(p, json_pack("{s:O, s:I}", "u",
                                    json_object_get(user, "id"), "exp",
                                    (json_int_t) (p->cmd->now
                                                  + p->conf->refresh)),
                       "refresh", hash, NULL);
    rooms_platform_due(p, p->cmd->now + p->conf->refresh);

    token = rooms_platform_issue(p, json_pack("{s:O, s:O}",
                                     "userId", json_object_get(user, "id"),
                                     "email",
                                     json_object_get(user, "email")));

    return rooms_platform_both(p, json_pack("{s:o, s:s, s:I, s:o}",
                                   "accessToken", token,
                                   "refreshToken", text,
                                   "expiresIn",
                                   (json_int_t) (p->conf->access / 1000),
                                   "user", rooms_platform_account(user)));
}


static json_t *
rooms_platform_refreshes(rooms_platform_t *p,
    char hash[ROOMS_PLATFORM_HASH + 1])
{
    json_t  *token, *known;

    token = json_object_get(p->cmd->body, "refreshToken");

    rooms_jwt_digest(rooms_str(json_string_value(token),
                               json_string_length(token)), hash);

    known = rooms_platform_at(p->doc, "refresh", hash, NULL);

    if (known == NULL
        || (uint64_t) json_integer_value(json_object_get(known, "exp"))
           <= p->cmd->now)
    {
        return NULL;
    }

    return known;
}


static rooms_int_t
rooms_platform_renew(rooms_platform_t *p)
{
    char     hash[ROOMS_PLATFORM_HASH + 1];
    json_t  *known, *user;

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    known = rooms_platform_refreshes(p, hash);
    user = rooms_platform_at(p->doc, "users",
                             known ? rooms_platform_text(known, "u") : "",
                             NULL);

    if (user == NULL) {
        return rooms_platform_fail(p, 401, "UNAUTHORIZED",
                                   "Invalid refresh token", NULL);
    }

    p->actor = rooms_platform_text(user, "id");

    return rooms_platform_both(p, json_pack("{s:o, s:I}", "accessToken",
               rooms_platform_issue(p, json_pack("{s:O, s:O}",
                                        "userId",
                                        json_object_get(user, "id"),
                                        "email",
                                        json_object_get(user, "email"))),
               "expiresIn", (json_int_t) (p->conf->access / 1000)));
}


static rooms_int_t
rooms_platform_me(rooms_platform_t *p)
{
    return rooms_platform_data(p, 200, rooms_platform_account(p->who.user));
}


static rooms_int_t
rooms_platform_done(rooms_platform_t *p)
{
    return rooms_platform_success(p, json_pack("{s:b}", "success", 1));
}


/* The token is refused at once, and its sockets are cut. */

static rooms_int_t
rooms_platform_logout(rooms_platform_t *p)
{
    int   len;
    char  hash[ROOMS_PLATFORM_HASH + 1], name[ROOMS_PLATFORM_NAME];

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    if (rooms_platform_refreshes(p, hash) != NULL) {
        rooms_platform_unset(p, "refresh", hash, NULL);
    }

    rooms_platform_set(p, json_integer((json_int_t) (p->who.exp
                                            + p->conf->rules.leeway * 1000)),
                       "revoked", p->who.hash, NULL);
    rooms_platform_due(p, p->who.exp + ROOMS_PLATFORM_WINDOW);

    len = snprintf(name, sizeof(name), "token:%s", p->who.hash);
    rooms_decide_in(p->d, rooms_str(name, (size_t) len));
    rooms_decide_message_kick(p->d, ROOMS_TO_ALL, rooms_str(NULL, 0), 0);

    return rooms_platform_done(p);
}


/* The user of the path, if the caller may see it; else the answer is made. */

static json_t *
rooms_platform_account_of(rooms_platform_t *p)
{
    char     id[ROOMS_PLATFORM_ID * 2];
    json_t  *user;

    if (rooms_platform_param(p, "id", id) == NULL) {
        id[0] = '\0';
    }

    if (strcmp(id, p->who.uid) != 0
        && !json_is_true(json_object_get(p->who.user, "admin")))
    {
        (void) rooms_platform_fail(p, 403, "FORBIDDEN",
                                   "That is another user's account", NULL);
        return NULL;
    }

    user = rooms_platform_at(p->doc, "users", id, NULL);

    if (user == NULL) {
        (void) rooms_platform_fail(p, 404, "NOT_FOUND", "User not found",
                                   NULL);
    }

    return user;
}


static rooms_int_t
rooms_platform_get_user(rooms_platform_t *p)
{
    json_t  *user;

    user = rooms_platform_account_of(p);

    return user ? rooms_platform_data(p, 200, rooms_platform_account(user))
                : ROOMS_OK;
}


static rooms_int_t
rooms_platform_edit_user(rooms_platform_t *p)
{
    json_t  *user, *copy, *value;

    user = rooms_platform_account_of(p);

    if (user == NULL || rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    copy = json_copy(user);
    value = json_object_get(p->cmd->body, "name");

    if (value != NULL) {
        (void) json_object_set(copy, "name", value);
    }

    value = json_object_get(p->cmd->body, "avatar");

    if (value != NULL) {
        (void) json_object_set(copy, "avatar", value);
    }

    (void) json_object_set_new(copy, "updatedAt", json_string(p->stamp));

    rooms_platform_set(p, json_incref(copy), "users",
                       rooms_platform_text(user, "id"), NULL);
    value = rooms_platform_account(copy);
    json_decref(copy);

    return rooms_platform_data(p, 200, value);
}


/* The user's sockets are cut, and no token of the user is good any more. */

static rooms_int_t
rooms_platform_drop_user(rooms_platform_t *p)
{
    char         name[ROOMS_PLATFORM_NAME];
    json_t      *user, *conn, *flag;
    const char  *id, *sid;

    user = rooms_platform_account_of(p);

    if (user == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(user, "id");

    json_object_foreach(rooms_platform_found(p, ROOMS_PLATFORM_BY_USER, id),
                        sid, flag)
    {
        conn = rooms_platform_at(p->doc, "conns", sid, NULL);

        (void) snprintf(name, sizeof(name), "token:%s",
                        rooms_platform_text(conn, "tok"));
        rooms_decide_in(p->d, rooms_str(name, strlen(name)));
        rooms_decide_message_kick(p->d, ROOMS_TO_SOCKET,
                                  rooms_str(sid, strlen(sid)), 0);
    }

    rooms_platform_unset(p, "users", id, NULL);

    return rooms_platform_done(p);
}


const rooms_platform_route_t  rooms_platform_account_routes[] = {
    { "login", ROOMS_PLATFORM_PUBLIC, rooms_platform_login },
    { "refreshToken", ROOMS_PLATFORM_PUBLIC, rooms_platform_renew },
    { "getMe", ROOMS_PLATFORM_USER, rooms_platform_me },
    { "logout", ROOMS_PLATFORM_USER, rooms_platform_logout },
    { "getUser", ROOMS_PLATFORM_USER, rooms_platform_get_user },
    { "updateUser", ROOMS_PLATFORM_USER, rooms_platform_edit_user },
    { "deleteUser", ROOMS_PLATFORM_USER, rooms_platform_drop_user },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};
