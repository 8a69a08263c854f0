
/*
 * Copyright (C) nginx rooms contributors
 */


#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stats.h"


#define STATS_FINE  64


uint64_t
stats_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


void
stats_latency_reset(stats_latency_t *l)
{
    memset(l, 0, sizeof(stats_latency_t));
}


/* Linear below 64 ns, then 64 buckets for each doubling. */

static unsigned
stats_bucket(uint64_t ns)
{
    unsigned  shift, n;

    if (ns < STATS_FINE) {
        return (unsigned) ns;
    }

    shift = 63 - (unsigned) __builtin_clzll(ns) - 6;
    n = (shift + 1) * STATS_FINE + (unsigned) (ns >> shift) - STATS_FINE;

    return n < STATS_BUCKETS ? n : STATS_BUCKETS - 1;
}


static uint64_t
stats_bucket_value(unsigned n)
{
    unsigned  shift;

    if (n < STATS_FINE) {
        return n;
    }

    shift = n / STATS_FINE - 1;

    return (uint64_t) (n % STATS_FINE + STATS_FINE) << shift;
}


void
stats_latency_add(stats_latency_t *l, uint64_t ns, uint64_t count)
{
    l->bucket[stats_bucket(ns)] += count;
    l->count += count;

    if (ns > l->max) {
        l->max = ns;
    }
}


uint64_t
stats_latency_share(const stats_latency_t *l, double share)
{
    unsigned  i;
    uint64_t  n, want;

    want = (uint64_t) ((double) l->count * share);
    n = 0;

    for (i = 0; i < STATS_BUCKETS; i++) {
        n += l->bucket[i];

        if (n > want) {
            return stats_bucket_value(i);
        }
    }

    return l->max;
}


int
stats_pids(stats_pids_t *pids, const char *text)
{
    char  *end;
    long   pid;

    pids->n = 0;

    while (*text != '\0') {
        pid = strtol(text, &end, 10);

        if (end == text || pid <= 0 || pids->n == STATS_PIDS) {
            return -1;
        }

        pids->pid[pids->n++] = (int) pid;
        text = (*end == ',') ? end + 1 : end;
    }

    return 0;
}


static uint64_t
stats_cpu_of(int pid)
{
    DIR            *dir;
    FILE           *f;
    char            path[320];
    uint64_t        total;
    struct dirent  *e;

    unsigned long long  ns;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);

    dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }

    total = 0;

    while ((e = readdir(dir)) != NULL) {

        if (e->d_name[0] == '.') {
            continue;
        }

        /* the first number is utime + stime of /proc/PID/stat, finer */

        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid,
                 e->d_name);

        f = fopen(path, "r");

        if (f != NULL) {
            if (fscanf(f, "%llu", &ns) == 1) {
                total += ns;
            }

            fclose(f);
        }
    }

    closedir(dir);

    return total;
}


uint64_t
stats_cpu(const stats_pids_t *pids)
{
    unsigned  i;
    uint64_t  total;

    total = 0;

    for (i = 0; i < pids->n; i++) {
        total += stats_cpu_of(pids->pid[i]);
    }

    return total;
}


static uint64_t
stats_pss_of(int pid)
{
    FILE      *f;
    char       line[256];
    uint64_t   total;

    unsigned long long  kb;

    snprintf(line, sizeof(line), "/proc/%d/smaps_rollup", pid);

    f = fopen(line, "r");
    if (f == NULL) {
        return 0;
    }

    total = 0;

    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "Pss: %llu kB", &kb) == 1) {
            total = (uint64_t) kb * 1024;
        }
    }

    fclose(f);

    return total;
}


uint64_t
stats_pss(const stats_pids_t *pids)
{
    unsigned  i;
    uint64_t  total;

    total = 0;

    for (i = 0; i < pids->n; i++) {
        total += stats_pss_of(pids->pid[i]);
    }

    return total;
}
