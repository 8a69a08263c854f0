
/*
 * Copyright (C) nginx rooms contributors
 *
 * A platform with users, an app and their tokens, and two copies of its state.
 */


#ifndef _ROOMS_PLATFORM_WORLD_H_INCLUDED_
#define _ROOMS_PLATFORM_WORLD_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_platform.h>

#include "../unit/rooms_platform_same.h"


#define NOW     UINT64_C(1700000000000)
#define ROOMS   4                        /* no more are made */
#define USERS   4

#define need(x)                                                               \
    if (!(x)) {                                                               \
        (void) fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);        \
        abort();                                                              \
    }


static const char  keys[] =
    "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"
    "\"cGxhdGZvcm0tZGVtby1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg\"}]}";

static const char  data[] =
    "{\"users\":[{\"id\":\"usr_0\",\"email\":\"0@b.c\",\"name\":\"A\"},"
    "{\"id\":\"usr_1\",\"email\":\"1@b.c\"},"
    "{\"id\":\"usr_2\",\"email\":\"2@b.c\",\"name\":\"\\u00c5\"},"
    "{\"id\":\"usr_3\",\"email\":\"3@b.c\",\"admin\":true}],"
    "\"apps\":[{\"appId\":\"app_quiz_v1\",\"appSecret\":\"sk\","
    "\"manifest\":{\"meta\":{\"name\":\"Q\",\"version\":\"1.0.0\"},"
    "\"permissions\":[\"realtime:publish\",\"realtime:subscribe\"]}}]}";

static const char  questions[] =
    "{\"questions\":[{\"id\":\"q\",\"text\":\"?\",\"options\":[\"a\","
    "\"b\",\"c\",\"d\"],\"correctIndex\":1}]}";


typedef struct {
    void             *state;
    void             *other;             /* restored now and then */
    uint64_t          now;
    uint64_t          id;
    uint32_t          fresh;
    rooms_command_t   cmd;
    rooms_caller_t    caller;
    rooms_buf_t       headers;
    char              sid[4];
    char              nsp[80];
    char              bearer[2048];
    char              text[400];
    char              param[2][80];
    rooms_route_param_t  params[2];
    unsigned char     random[ROOMS_RANDOM_LEN];
} world_t;


static rooms_platform_conf_t  *conf;
static rooms_contract_t       *contract;
static rooms_decision_t        d;
static char                   *tokens[USERS + 1];    /* the last: the app's */


static rooms_str_t
str(const char *s)
{
    return rooms_str(s, strlen(s));
}


static json_t *
doc(const void *state)
{
    return state ? ((const rooms_platform_state_t *) state)->doc : NULL;
}


static json_t *
document(const char *name)
{
    json_t  *value;

    value = json_load_file(name, 0, NULL);
    need(value != NULL);

    return value;
}


static void
begin(void)
{
    char                     err[ROOMS_APP_ERROR];
    json_t                  *claims, *events, *rest;
    unsigned                 i;
    rooms_contract_error_t   e;

    events = document("contracts/platform.asyncapi.json");
    rest = document("contracts/platform.openapi.json");
    contract = rooms_contract_create(events, rest, NULL, &e);
    json_decref(events);
    json_decref(rest);

    need(contract != NULL);

    conf = rooms_platform_app.create();
    need(rooms_platform_app.option(conf, str("jwks"), str(keys), err)
         == ROOMS_OK);
    need(rooms_platform_app.option(conf, str("data"), str(data), err)
         == ROOMS_OK);
    need(rooms_platform_app.init(conf, contract, err) == ROOMS_OK);

    for (i = 0; i <= USERS; i++) {
        (void) snprintf(err, sizeof(err), "usr_%u", i);
        claims = json_pack("{s:s, s:I}", i < USERS ? "userId" : "appId",
                           i < USERS ? err : "app_quiz_v1", "exp",
                           (json_int_t) (NOW / 1000 + 3600 + i));
        tokens[i] = rooms_jwt_sign(conf->jwks, claims);
        json_decref(claims);
        need(tokens[i] != NULL);
    }

    rooms_decision_init(&d);
}


/* The nth key of an object, round and round; "x" where it has none. */

static const char *
nth(const json_t *object, unsigned n)
{
    void    *iter;
    size_t   size;

    size = json_object_size(object);

    if (size == 0) {
        return "x";
    }

    iter = json_object_iter((json_t *) object);

    for (n %= size; n; n--) {
        iter = json_object_iter_next((json_t *) object, iter);
    }

    return json_object_iter_key(iter);
}


static void
same(const void *one, const void *two)
{
    rooms_buf_t  a, b;

    rooms_buf_init(&a, 0);
    rooms_buf_init(&b, 0);
    rooms_platform_snapshot(one, &a);
    rooms_platform_snapshot(two, &b);
    need(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    rooms_buf_free(&a);
    rooms_buf_free(&b);
}


static void
restore(void **to, const void *from)
{
    rooms_buf_t  b;

    rooms_buf_init(&b, 0);
    rooms_platform_snapshot(from, &b);
    need(rooms_platform_restore(conf, to, rooms_str(b.data, b.len))
         == ROOMS_OK);
    rooms_buf_free(&b);
}


#endif /* _ROOMS_PLATFORM_WORLD_H_INCLUDED_ */
