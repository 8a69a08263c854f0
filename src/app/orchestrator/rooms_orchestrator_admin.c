
/*
 * Copyright (C) nginx rooms contributors
 *
 * Admins: their password and their token, and what only they may reset.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_orchestrator.h>


#define ROOMS_ORCHESTRATOR_TOKEN_TIME  86400     /* s */
#define ROOMS_ORCHESTRATOR_FAILS       5
#define ROOMS_ORCHESTRATOR_FAILS_TIME  60000     /* ms */


static const rooms_orchestrator_error_t  rooms_orchestrator_wrong = {
    "AUTH_REQUIRED", "Authentication failed", 401
};

static const rooms_orchestrator_error_t  rooms_orchestrator_failures = {
    "RATE_LIMIT", "Too many failures", 429
};


unsigned
rooms_orchestrator_admits(const rooms_orchestrator_conf_t *conf,
    rooms_str_t token, uint64_t now)
{
    json_t             *claims;
    unsigned            admin;
    rooms_jwt_rules_t   rules;

    memset(&rules, 0, sizeof(rooms_jwt_rules_t));

    if (conf->keys == NULL
        || rooms_jwt_verify(conf->keys, &rules, token, now, &claims)
           != ROOMS_JWT_OK)
    {
        return 0;
    }

    admin = strcmp(rooms_orchestrator_text(claims, "role"), "admin") == 0;
    json_decref(claims);

    return admin;
}


unsigned
rooms_orchestrator_denied(rooms_orchestrator_t *g)
{
    rooms_str_t  header;

    header = g->cmd->authorization;

    if (header.len > 7 && strncmp((const char *) header.data, "Bearer ", 7)
                          == 0
        && rooms_orchestrator_admits(g->conf, rooms_str(header.data + 7,
                                                        header.len - 7),
                                     g->cmd->now))
    {
        return 0;
    }

    (void) rooms_orchestrator_fail(g, &rooms_orchestrator_auth_required,
                                   NULL);

    return 1;
}


/* In a time that does not tell where they differ. */

static unsigned
rooms_orchestrator_same(const char *a, const char *b)
{
    size_t         i, n, m;
    unsigned char  diff;

    n = strlen(a);
    m = strlen(b);
    diff = (unsigned char) (n != m);

    for (i = 0; i < n; i++) {
        diff |= (unsigned char) (a[i] ^ b[m ? i % m : 0]);
    }

    return diff == 0;
}


static rooms_int_t
rooms_orchestrator_failed(rooms_orchestrator_t *g, json_t *times,
    const char *from)
{
    (void) json_array_append_new(times, json_integer((json_int_t) g->now));

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s, s:o}", "f", "fails",
                                         "from", from, "times", times));

    return rooms_orchestrator_fail(g, &rooms_orchestrator_wrong, NULL);
}


static rooms_int_t
rooms_orchestrator_grant(rooms_orchestrator_t *g)
{
    char       *token;
    json_t     *claims;
    uint64_t    now;

    now = g->cmd->now / 1000;

    claims = json_pack("{s:s, s:s, s:I, s:I}", "sub", "admin",
                       "role", "admin", "iat", (json_int_t) now, "exp",
                       (json_int_t) (now + ROOMS_ORCHESTRATOR_TOKEN_TIME));
    token = rooms_jwt_sign(g->conf->keys, claims);
    json_decref(claims);

    if (token == NULL) {
        return ROOMS_ERROR;
    }

    rooms_orchestrator_answer(g, 200, json_pack("{s:s, s:i}", "token", token,
                                                "expiresIn",
                                                ROOMS_ORCHESTRATOR_TOKEN_TIME
                                                ));
    free(token);

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_auth(rooms_orchestrator_t *g)
{
    char        from[64], wait[24];
    size_t      i;
    json_t     *times, *time;
    uint64_t    oldest;

    (void) snprintf(from, sizeof(from), "%.*s", (int) g->cmd->address.len,
                    (const char *) g->cmd->address.data);

    times = json_array();
    oldest = 0;

    json_array_foreach(rooms_orchestrator_get(g->state, "fails", from), i,
                       time)
    {
        if ((uint64_t) json_integer_value(time)
            + ROOMS_ORCHESTRATOR_FAILS_TIME > g->now)
        {
            oldest = oldest ? oldest : (uint64_t) json_integer_value(time);
            (void) json_array_append(times, time);
        }
    }

    if (json_array_size(times) >= ROOMS_ORCHESTRATOR_FAILS) {
        json_decref(times);

        (void) snprintf(wait, sizeof(wait), "%u",
                        (unsigned) ((oldest + ROOMS_ORCHESTRATOR_FAILS_TIME
                                     - g->now + 999) / 1000));
        rooms_decide_header(g->d, "Retry-After", wait);

        return rooms_orchestrator_fail(g, &rooms_orchestrator_failures, NULL);
    }

    if (g->conf->password == NULL
        || !rooms_orchestrator_same(rooms_orchestrator_text(g->cmd->body,
                                                            "password"),
                                    g->conf->password))
    {
        return rooms_orchestrator_failed(g, times, from);
    }

    json_decref(times);

    return rooms_orchestrator_grant(g);
}


static rooms_int_t
rooms_orchestrator_reset(rooms_orchestrator_t *g, const char *what,
    const char *message)
{
    if (rooms_orchestrator_denied(g)) {
        return ROOMS_OK;
    }

    rooms_orchestrator_fact(g, json_pack("{s:s, s:s}", "f", "reset",
                                         "what", what));
    rooms_orchestrator_answer(g, 200, json_pack("{s:b, s:s}", "success", 1,
                                                "message", message));

    return ROOMS_OK;
}


rooms_int_t
rooms_orchestrator_reset_scores(rooms_orchestrator_t *g)
{
    return rooms_orchestrator_reset(g, "scores", "All scores are reset");
}


rooms_int_t
rooms_orchestrator_clear_transactions(rooms_orchestrator_t *g)
{
    return rooms_orchestrator_reset(g, "transactions",
                                    "All transactions are cleared");
}
