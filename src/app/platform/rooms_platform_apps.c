
/*
 * Copyright (C) nginx rooms contributors
 *
 * REST: apps, their secrets and their tokens.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include <rooms_platform.h>


static json_t *
rooms_platform_app_view(const json_t *app)
{
    json_t  *view;

    view = json_copy((json_t *) app);
    (void) json_object_del(view, "secret");

    return view;
}


static const char *
rooms_platform_new_secret(rooms_platform_t *p, char text[80],
    char hash[ROOMS_PLATFORM_HASH + 1])
{
    (void) rooms_platform_id(p, "sk_live_", text);
    (void) rooms_platform_id(p, "", text + strlen(text));
    (void) rooms_platform_id(p, "", text + strlen(text));

    rooms_jwt_digest(rooms_str(text, strlen(text)), hash);

    return text;
}


/* What a schema does not say of a manifest; NULL: nothing is wrong. */

static const char *
rooms_platform_manifest(const json_t *manifest)
{
    size_t       i, j;
    json_t      *list;
    const char  *url;

    url = rooms_platform_text(manifest, "baseUrl");

    if (url != NULL && strncmp(url, "http://", 7) == 0
        && strncmp(url + 7, "localhost", 9) != 0)
    {
        return "baseUrl: must be https, or http for localhost";
    }

    list = json_object_get(manifest, "permissions");

    for (i = 0; i < json_array_size(list); i++) {
        for (j = 0; j < i; j++) {
            if (json_equal(json_array_get(list, i),
                           json_array_get(list, j)))
            {
                return "permissions: has one twice";
            }
        }
    }

    return NULL;
}


/* ROOMS_DECLINED: the answer is made. */

static rooms_int_t
rooms_platform_manifest_body(rooms_platform_t *p)
{
    const char                          *why;
    rooms_schema_failure_t               failure;
    const rooms_contract_operation_t    *op;

    if (p->cmd->malformed) {
        return rooms_platform_body(p);
    }

    op = rooms_contract_operation(p->conf->contract, p->cmd->name);

    if (op != NULL
        && rooms_contract_check_body(op, p->cmd->body, &failure) != ROOMS_OK)
    {
        (void) rooms_platform_fail(p, 422, "INVALID_MANIFEST",
                                   failure.message, NULL);
        return ROOMS_DECLINED;
    }

    why = rooms_platform_manifest(json_object_get(p->cmd->body, "manifest"));

    if (why != NULL) {
        (void) rooms_platform_fail(p, 422, "INVALID_MANIFEST", why, NULL);
        return ROOMS_DECLINED;
    }

    return ROOMS_OK;
}


static rooms_int_t
rooms_platform_create_app(rooms_platform_t *p)
{
    char     id[ROOMS_PLATFORM_ID], secret[80];
    char     hash[ROOMS_PLATFORM_HASH + 1];
    json_t  *app, *view, *manifest;

    if (rooms_platform_manifest_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    manifest = json_object_get(p->cmd->body, "manifest");

    (void) rooms_platform_id(p, "app_", id);
    (void) rooms_platform_new_secret(p, secret, hash);

    app = json_pack("{s:s, s:O, s:O?, s:b, s:s, s:s}", "appId", id,
                    "manifest", manifest, "manifestVersion",
                    rooms_platform_at(manifest, "meta", "version", NULL),
                    "isActive", 1, "createdAt", p->stamp, "secret", hash);

    view = rooms_platform_app_view(app);
    (void) json_object_set_new(view, "appSecret", json_string(secret));

    rooms_platform_set(p, app, "apps", id, NULL);

    return rooms_platform_data(p, 201, view);
}


static json_t *
rooms_platform_app_of(rooms_platform_t *p)
{
    char         id[ROOMS_PLATFORM_ID * 2];
    json_t      *app;
    const char  *s;

    s = rooms_platform_param(p, "appId", id);
    app = s ? rooms_platform_at(p->doc, "apps", s, NULL) : NULL;

    if (app == NULL) {
        (void) rooms_platform_fail(p, 404, "NOT_FOUND", "App not found",
                                   NULL);
    }

    return app;
}


static rooms_int_t
rooms_platform_edit_app(rooms_platform_t *p)
{
    json_t  *app, *copy, *manifest, *view;

    app = rooms_platform_app_of(p);

    if (app == NULL || rooms_platform_manifest_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    manifest = json_object_get(p->cmd->body, "manifest");
    copy = json_copy(app);

    (void) json_object_set(copy, "manifest", manifest);
    (void) json_object_set(copy, "manifestVersion",
                    rooms_platform_at(manifest, "meta", "version", NULL));

    view = rooms_platform_app_view(copy);
    rooms_platform_set(p, copy, "apps", rooms_platform_text(app, "appId"),
                       NULL);

    return rooms_platform_data(p, 200, view);
}


static rooms_int_t
rooms_platform_drop_app(rooms_platform_t *p)
{
    json_t      *app;
    const char  *id;

    app = rooms_platform_app_of(p);

    if (app == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(app, "appId");

    if (rooms_platform_found(p, ROOMS_PLATFORM_ACTIVE, id)) {
        return rooms_platform_fail(p, 409, "CONFLICT",
                                   "The app has active rooms", NULL);
    }

    rooms_platform_unset(p, "apps", id, NULL);

    return rooms_platform_success(p, json_pack("{s:b}", "success", 1));
}


static rooms_int_t
rooms_platform_new_app_secret(rooms_platform_t *p)
{
    char         secret[80], hash[ROOMS_PLATFORM_HASH + 1];
    json_t      *app;
    const char  *id;

    app = rooms_platform_app_of(p);

    if (app == NULL) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(app, "appId");

    (void) rooms_platform_new_secret(p, secret, hash);
    rooms_platform_set(p, json_string(hash), "apps", id, "secret", NULL);

    return rooms_platform_data(p, 200, json_pack("{s:s, s:s}", "appId", id,
                                                 "appSecret", secret));
}


static rooms_int_t
rooms_platform_app_token(rooms_platform_t *p)
{
    char         hash[ROOMS_PLATFORM_HASH + 1], *token;
    char         jti[ROOMS_PLATFORM_ID];
    json_t      *app, *secret, *claims, *data, *body;
    const char  *known, *id;

    if (rooms_platform_body(p) != ROOMS_OK) {
        return ROOMS_OK;
    }

    id = rooms_platform_text(p->cmd->body, "appId");
    secret = json_object_get(p->cmd->body, "appSecret");
    app = rooms_platform_at(p->doc, "apps", id, NULL);
    known = rooms_platform_text(app, "secret");
    p->actor = rooms_platform_text(app, "appId");

    rooms_jwt_digest(rooms_str(json_string_value(secret),
                               json_string_length(secret)), hash);

    if (known == NULL || strlen(known) != ROOMS_PLATFORM_HASH
        || CRYPTO_memcmp(known, hash, ROOMS_PLATFORM_HASH) != 0
        || json_is_false(json_object_get(app, "isActive")))
    {
        return rooms_platform_fail(p, 401, "UNAUTHORIZED",
                                   "Unknown app or wrong secret", NULL);
    }

    claims = json_pack("{s:s, s:I, s:I, s:s, s:s*, s:s*}", "appId", id,
                       "iat", (json_int_t) (p->cmd->now / 1000), "exp",
                       (json_int_t) ((p->cmd->now + p->conf->access) / 1000),
                       "jti", rooms_platform_id(p, "tok_", jti),
                       "iss", p->conf->rules.issuer,
                       "aud", p->conf->rules.audience);
    token = rooms_jwt_sign(p->conf->jwks, claims);
    json_decref(claims);

    data = json_pack("{s:s*, s:s, s:I}", "accessToken", token, "tokenType",
                     "Bearer", "expiresIn",
                     (json_int_t) (p->conf->access / 1000));
    body = json_copy(data);

    if (token == NULL || body == NULL
        || json_object_set_new(body, "data", data) != 0)
    {
        p->d->failed = 1;
    }

    free(token);
    rooms_decide_answer_json(p->d, 200, body);
    json_decref(body);

    return ROOMS_OK;
}


const rooms_platform_route_t  rooms_platform_apps_routes[] = {
    { "createApp", ROOMS_PLATFORM_ADMIN, rooms_platform_create_app },
    { "updateApp", ROOMS_PLATFORM_ADMIN, rooms_platform_edit_app },
    { "deleteApp", ROOMS_PLATFORM_ADMIN, rooms_platform_drop_app },
    { "regenerateSecret", ROOMS_PLATFORM_ADMIN,
      rooms_platform_new_app_secret },
    { "createAppToken", ROOMS_PLATFORM_PUBLIC, rooms_platform_app_token },
    { NULL, ROOMS_PLATFORM_PUBLIC, NULL }
};
