
/*
 * Copyright (C) nginx rooms contributors
 *
 * The load generator: one case against one server, the result as one line
 * of name=value pairs.  It fails if anything was lost, came twice or came
 * out of order.
 *
 *     load case=fanout host=127.0.0.1 port=3005 path=/default/ pids=12,13
 *          members=1000 rate=50000 seconds=2
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cases.h"
#include "payload.h"


typedef struct {
    const char    *name;
    int          (*run)(client_t *c, const case_conf_t *conf,
                        case_result_t *r);
} load_case_t;


static const load_case_t  load_cases[] = {
    { "fanout", case_fanout },
    { "rooms", case_rooms },
    { "hot", case_hot },
    { "ack", case_ack },
    { "idle", case_idle },
    { "connect", case_connect },
    { NULL, NULL }
};


static void
load_usage(const char *word)
{
    fprintf(stderr, "load: \"%s\" is not understood\n", word);
    exit(2);
}


static void
load_option(const char *word, client_t *c, case_conf_t *conf,
    const load_case_t **found)
{
    const char         *value;
    const load_case_t  *l;

    value = strchr(word, '=');

    if (value == NULL) {
        load_usage(word);
    }

    value++;

#define load_is(name)  (strncmp(word, name "=", sizeof(name)) == 0)

    if (load_is("case")) {
        for (l = load_cases; l->name; l++) {
            if (strcmp(l->name, value) == 0) {
                *found = l;
            }
        }

    } else if (load_is("host")) {
        c->host = value;

    } else if (load_is("path")) {
        c->path = value;

    } else if (load_is("port")) {
        c->port = (unsigned) atoi(value);

    } else if (load_is("ports")) {
        c->ports = (unsigned) atoi(value);

    } else if (load_is("nchan")) {
        c->nchan = (unsigned) atoi(value);

    } else if (load_is("polling")) {
        c->polling = (unsigned) atoi(value);

    } else if (load_is("tls")) {
        c->tls = (unsigned) atoi(value);

    } else if (load_is("deflate")) {
        c->deflate = (unsigned) atoi(value);

    } else if (load_is("parallel")) {
        c->parallel = (unsigned) atoi(value);

    } else if (load_is("members")) {
        conf->members = (uint32_t) atoi(value);

    } else if (load_is("rooms")) {
        conf->rooms = (uint32_t) atoi(value);

    } else if (load_is("window")) {
        conf->window = (uint32_t) atoi(value);

    } else if (load_is("rate")) {
        conf->rate = (uint32_t) atoi(value);

    } else if (load_is("count")) {
        conf->count = (uint64_t) atoll(value);

    } else if (load_is("seconds")) {
        conf->seconds = atof(value);

    } else if (load_is("warmup")) {
        conf->warmup = atof(value);

    } else if (load_is("payload")) {
        conf->payload = (size_t) atoi(value);

    } else if (load_is("tell")) {
        conf->tell = (unsigned) atoi(value);

    } else if (!load_is("pids") || stats_pids(&conf->pids, value) != 0) {
        load_usage(word);
    }
}


static void
load_files(void)
{
    struct rlimit  limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }
}


int
main(int argc, char **argv)
{
    int                  i;
    client_t             c;
    case_conf_t          conf;
    const load_case_t   *l;

    static case_result_t  r;

    memset(&c, 0, sizeof(client_t));
    memset(&conf, 0, sizeof(case_conf_t));

    l = NULL;
    c.host = "127.0.0.1";
    c.path = "/default/";
    c.parallel = 64;
    conf.members = 1000;
    conf.warmup = 0.3;
    conf.seconds = 2;
    conf.payload = 128;

    for (i = 1; i < argc; i++) {
        load_option(argv[i], &c, &conf, &l);
    }

    if (l == NULL || c.port == 0 || conf.members == 0
        || conf.payload < PAYLOAD_MIN || conf.payload > PAYLOAD_MAX)
    {
        load_usage("case, port, members or payload");
    }

    load_files();

    if (l->run(&c, &conf, &r) != 0) {
        return 1;
    }

    if (c.deflate && c.deflated == 0) {
        fprintf(stderr, "nothing was compressed\n");
        return 1;
    }

    printf("case=%s done=%llu elapsed=%.3f cpu=%.6f cpu_us=%.3f rate=%.0f"
           " p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f"
           " sent=%llu received=%llu lost=%lld duplicates=%llu disorder=%llu"
           " pss=%.0f\n",
           l->name, (unsigned long long) r.done, r.elapsed, r.cpu,
           r.done ? r.cpu * 1e6 / (double) r.done : 0.0,
           r.elapsed > 0 ? (double) r.done / r.elapsed : 0.0,
           (double) stats_latency_share(&r.latency, 0.5) / 1e3,
           (double) stats_latency_share(&r.latency, 0.99) / 1e3,
           (double) stats_latency_share(&r.latency, 0.999) / 1e3,
           (double) r.latency.max / 1e3,
           (unsigned long long) r.sent, (unsigned long long) r.received,
           (long long) r.lost, (unsigned long long) r.duplicates,
           (unsigned long long) r.disorder, r.pss);

    return r.lost || r.duplicates || r.disorder || c.closed;
}
