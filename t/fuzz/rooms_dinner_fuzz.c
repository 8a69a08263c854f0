
/*
 * Copyright (C) nginx rooms contributors
 *
 * The first octet chooses: commands, facts, or a snapshot.  Commands are two
 * octets each; some are decided on a copy of the state that is one behind,
 * as in another worker.  The rules of a session hold after every step, and a
 * restored snapshot is the same state.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_dinner.h>


#define need(x)                                                               \
    if (!(x)) {                                                               \
        (void) fprintf(stderr, "%d: %s\n", __LINE__, #x);                     \
        abort();                                                              \
    }


static const char  options[] =
    "[{\"optionId\":\"a\",\"displayName\":\"A\"},"
    "{\"optionId\":\"b\",\"displayName\":\"B\"},"
    "{\"optionId\":\"c\",\"displayName\":\"C\"}]";

static const char *const  events[] = {
    "session:join", "selection:submit", "session:restart"
};

static const char *const  operations[] = {
    "createSession", "getSession", "joinSession"
};

static rooms_dinner_conf_t  *conf;
static rooms_decision_t      d;
static uint32_t              fresh;


static void *
copy(const rooms_dinner_state_t *s)
{
    void         *to;
    rooms_buf_t   one, two;

    rooms_buf_init(&one, 0);
    rooms_buf_init(&two, 0);
    to = NULL;

    rooms_dinner_snapshot(s, &one);
    need(rooms_dinner_restore(conf, &to, rooms_str(one.data, one.len))
         == ROOMS_OK);
    rooms_dinner_snapshot(to, &two);
    need(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);

    rooms_buf_free(&one);
    rooms_buf_free(&two);

    return to;
}


static void
check(const rooms_dinner_state_t *s)
{
    unsigned                      i, hosts, counted;
    const rooms_dinner_member_t  *m;

    if (s == NULL) {
        return;
    }

    need(rooms_dinner_count(s) <= ROOMS_DINNER_MEMBERS);
    need((s->phase == ROOMS_DINNER_WAITING) == (s->n == 0));

    hosts = 0;
    counted = 0;

    for (i = 0; i < s->n; i++) {
        m = &s->members[i];
        hosts += m->host;
        counted += m->counted;

        need(rooms_dinner_member(s, rooms_dinner_id(&m->id)) == m);
        need(!m->live
             || rooms_dinner_live(s, rooms_dinner_id(&m->sid)) == m);
        need(m->submitted == (m->selections.len != 0));
        need(!m->counted || m->submitted);
    }

    need(hosts == s->claimed);
    need(s->phase != ROOMS_DINNER_COMPLETE || counted);
    need(s->phase != ROOMS_DINNER_SELECTING
         || rooms_dinner_nsubmitted(s) < s->n);

    rooms_dinner_release(copy(s));
}


static void
command(rooms_command_t *cmd, rooms_caller_t *caller, const uint8_t *p)
{
    static char           sid[] = "sid0", name[] = "name0";
    static unsigned char  random[ROOMS_RANDOM_LEN];

    memset(cmd, 0, sizeof(rooms_command_t));
    memset(caller, 0, sizeof(rooms_caller_t));

    sid[3] = (char) ('0' + (p[1] & 7));
    name[4] = (char) ('0' + (p[1] >> 3 & 3));
    fresh++;
    memcpy(random + 16, &fresh, sizeof(fresh));

    caller->sid = rooms_str(sid, 4);
    caller->nsp = rooms_str("/", 1);

    cmd->random = random;
    cmd->room = rooms_str("ABC123", 6);
    cmd->ack = 1;

    if (p[0] % 3 == 0) {
        cmd->kind = ROOMS_CMD_EVENT;
        cmd->caller = caller;
        cmd->name = rooms_str(events[p[0] / 3 % 3],
                              strlen(events[p[0] / 3 % 3]));
        cmd->args = json_pack("[{s:s, s:s, s:[s, s]}]",
                              "sessionCode", "ABC123", "displayName", name,
                              "selections", p[1] & 32 ? "a" : "b",
                              p[1] & 64 ? "c" : p[1] & 128 ? "x" : "a");

    } else if (p[0] % 3 == 1) {
        cmd->kind = ROOMS_CMD_REST;
        cmd->name = rooms_str(operations[p[0] / 3 % 3],
                              strlen(operations[p[0] / 3 % 3]));
        cmd->body = json_pack("{s:s, s:s}", "hostName", name,
                              "participantName", name);

    } else {
        cmd->kind = ROOMS_CMD_DISCONNECT + p[0] / 3 % 3;
        cmd->caller = cmd->kind == ROOMS_CMD_TICK ? NULL : caller;
    }
}


/* honest: the facts were decided on this very state */

static void
apply(void **state, unsigned honest)
{
    unsigned     i;
    rooms_int_t  rc;
    rooms_str_t  fact;

    for (i = 0; i < d.nrecords; i++) {
        fact = rooms_decision_str(&d, d.records[i].fact);
        rc = rooms_dinner_evolve(conf, state, 1, fact);
        need(rc == ROOMS_OK || !honest);
        check(*state);
    }

    need(!honest || !d.remove || *state == NULL);
}


static void
commands(const uint8_t *p, size_t n)
{
    void             *state, *behind;
    uint64_t          now;
    rooms_int_t       rc;
    rooms_caller_t    caller;
    rooms_command_t   cmd;

    state = NULL;
    behind = NULL;
    fresh = 0;
    now = UINT64_C(1759235696789);

    for ( ; n >= 2; p += 2, n -= 2) {

        /* mostly at once, sometimes near the end of the session */

        now += p[0] == 0xff ? 1800000 : p[0];
        command(&cmd, &caller, p);
        cmd.now = now;

        rooms_decision_reset(&d);
        rc = rooms_dinner_decide(conf, p[0] & 0x40 ? behind : state, &cmd, &d);
        need(rc == ROOMS_OK || rc == ROOMS_AGAIN);
        need(!rooms_decision_failed(&d));
        need(cmd.kind != ROOMS_CMD_EVENT || d.answered);

        if (behind != NULL) {
            rooms_dinner_release(behind);
        }

        behind = state ? copy(state) : NULL;

        if (rc == ROOMS_OK) {
            apply(&state, (p[0] & 0x40) == 0);
        }

        json_decref(cmd.args);
        json_decref(cmd.body);
    }

    if (state != NULL) {
        rooms_dinner_release(state);
    }

    if (behind != NULL) {
        rooms_dinner_release(behind);
    }
}


/* Each with its length before it; the session is there already. */

static void
facts(rooms_str_t in)
{
    void         *state;
    uint8_t       len;
    rooms_str_t   fact;

    state = NULL;
    rooms_decision_reset(&d);
    fact = rooms_dinner_created(&d, 1, rooms_str("ABC123", 6),
                                rooms_str("A", 1));
    need(rooms_dinner_evolve(conf, &state, 1, fact) == ROOMS_OK);

    while (rooms_get_u8(&in, &len) == ROOMS_OK) {
        fact = rooms_str(in.data, len < in.len ? len : in.len);
        in.data += fact.len;
        in.len -= fact.len;

        (void) rooms_dinner_evolve(conf, &state, 1, fact);
        check(state);
    }

    if (state != NULL) {
        rooms_dinner_release(state);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char     err[ROOMS_APP_ERROR];
    void    *state;
    json_t  *list;

    if (conf == NULL) {
        conf = rooms_dinner_app.create();
        list = json_loads(options, 0, NULL);
        need(rooms_dinner_options(conf, list, err) == ROOMS_OK);
        json_decref(list);
        rooms_decision_init(&d);
    }

    if (size == 0) {
        return 0;
    }

    switch (data[0] % 3) {

    case 0:
        commands(data + 1, size - 1);
        break;

    case 1:
        facts(rooms_str(data + 1, size - 1));
        break;

    default:
        state = NULL;

        if (rooms_dinner_restore(conf, &state, rooms_str(data + 1, size - 1))
            == ROOMS_OK)
        {
            check(state);
            rooms_dinner_release(state);
        }
    }

    return 0;
}
