
/*
 * Copyright (C) nginx rooms contributors
 *
 * Processes at one journal: writers under a lock, readers without, and
 * writers that are killed while they hold the lock.
 *
 * Each record says who wrote it, as which of its records, and after which
 * record of the room, under a checksum; so a reader can tell torn, lost and
 * doubled records by what it reads alone.
 */


#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <cmocka.h>

#include <rooms_journal.h>
#include <rooms_journal_int.h>


#define WRITERS  2
#define READERS  2
#define ROOMS    16
#define MAX      (8 * 1024 * 1024)


#define must(cond)                                                           \
    do {                                                                     \
        if (!(cond)) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);       \
            _exit(1);                                                        \
        }                                                                    \
    } while (0)


typedef struct {
    uint32_t    sum;
    uint32_t    writer;
    uint64_t    n;                       /* counted by writer */
    uint64_t    prev;                    /* of the room, 0: it was new */
    uint32_t    len;                     /* of the messages */
    uint32_t    room;
} payload_t;


typedef struct {
    uint32_t    lock;
    uint32_t    stop_writers;
    uint32_t    stop_readers;
    uint32_t    kills;
    uint64_t    tried[WRITERS];
    uint64_t    acked[WRITERS];
    uint64_t    reads[READERS];
    uint64_t    losses[READERS];         /* how often a reader was too slow */
    uint64_t    gaps[READERS];
} control_t;


typedef struct {
    uint64_t    last[ROOMS];             /* 0: not known */
    uint64_t    n[WRITERS];
    unsigned    index;
} reader_t;


static control_t        *control;
static rooms_journal_t  *journal;


static uint32_t
next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;

    return (uint32_t) (*state >> 33);
}


static void
lock(void)
{
    uint32_t  none;

    for ( ;; ) {
        none = 0;

        if (__atomic_compare_exchange_n(&control->lock, &none,
                                        (uint32_t) getpid(), 0,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        {
            return;
        }

        sched_yield();
    }
}


static void
unlock(void)
{
    __atomic_store_n(&control->lock, 0, __ATOMIC_RELEASE);
}


static rooms_str_t
room_name(unsigned room)
{
    static char  names[ROOMS][16];

    (void) snprintf(names[room], sizeof(names[room]), "room:%u", room);

    return rooms_str(names[room], strlen(names[room]));
}


static uint32_t
checksum(rooms_str_t fact, rooms_str_t messages)
{
    size_t    i;
    uint32_t  sum;

    sum = 2166136261u;

    for (i = sizeof(uint32_t); i < fact.len; i++) {
        sum = (sum ^ fact.data[i]) * 16777619u;
    }

    for (i = 0; i < messages.len; i++) {
        sum = (sum ^ messages.data[i]) * 16777619u;
    }

    return sum;
}


static void
write_one(unsigned writer, uint64_t *state)
{
    uint64_t              last;
    unsigned              room, what, i;
    payload_t             p;
    rooms_int_t           rc;
    rooms_record_t        record;
    rooms_append_t        a;
    unsigned char         messages[512];
    rooms_journal_room_t  info;

    room = next_random(state) % ROOMS;
    what = next_random(state) % 100;

    rc = rooms_journal_lookup(journal, room_name(room), &info);
    must(rc == ROOMS_OK || rc == ROOMS_DECLINED);

    if (rc == ROOMS_DECLINED) {
        memset(&info, 0, sizeof(rooms_journal_room_t));
    }

    if (info.live && (what < 10 || info.log > 2048)) {
        rc = rooms_journal_snapshot(journal, room_name(room), info.last,
                                    rooms_str(&info, what % 64), 1);
        must(rc == ROOMS_OK);
        return;
    }

    memset(&p, 0, sizeof(payload_t));

    p.writer = writer;
    p.n = ++control->tried[writer];
    p.prev = info.last;
    p.len = next_random(state) % sizeof(messages);
    p.room = room;

    for (i = 0; i < p.len; i++) {
        messages[i] = (unsigned char) (p.n + i);
    }

    record.fact = rooms_str(&p, sizeof(payload_t));
    record.messages = rooms_str(messages, p.len);

    if (what < 15) {
        p.room = ROOMS;
        p.len = 0;
        p.sum = checksum(record.fact, rooms_str(NULL, 0));

        rc = rooms_journal_direct(journal, writer, record.fact, 1);
        must(rc == ROOMS_OK);

    } else {
        p.sum = checksum(record.fact, record.messages);

        memset(&a, 0, sizeof(rooms_append_t));

        a.room = room_name(room);
        a.expected = info.live ? info.last : ROOMS_JOURNAL_NONE;
        a.records = &record;
        a.nrecords = 1;
        a.remove = what < 20;

        rc = rooms_journal_append(journal, &a, &last, NULL);
        must(rc == ROOMS_OK && last > info.last);
    }

    control->acked[writer] = p.n;
}


static void
writer_main(unsigned writer, uint64_t seed)
{
    while (!__atomic_load_n(&control->stop_writers, __ATOMIC_RELAXED)) {
        lock();
        write_one(writer, &seed);
        unlock();
    }
}


static void
reader_take(reader_t *r, const rooms_journal_entry_t *e, unsigned again)
{
    payload_t  p;

    must(e->fact.len == sizeof(payload_t));
    memcpy(&p, e->fact.data, sizeof(payload_t));

    must(p.sum == checksum(e->fact, e->messages));
    must(p.writer < WRITERS && p.len == e->messages.len);

    if (e->kind == ROOMS_ENTRY_RECORD) {
        must(p.room < ROOMS && (e->prev == p.prev || e->prev == 0));
        must(e->room.len == room_name(p.room).len);

        /* nothing of the room was left out, or the journal forgot it */

        must(e->prev == r->last[p.room] || e->prev == 0
             || r->last[p.room] == 0);

        r->last[p.room] = e->id;

    } else {
        must(e->to == p.writer && p.room == ROOMS);
    }

    if (again) {
        return;
    }

    must(p.n > r->n[p.writer]);

    if (r->n[p.writer] != 0) {
        control->gaps[r->index] += p.n - r->n[p.writer] - 1;
    }

    r->n[p.writer] = p.n;
}


static rooms_int_t
on_replay(void *ctx, const rooms_journal_entry_t *e)
{
    reader_take(ctx, e, 1);

    return ROOMS_OK;
}


/* A reader that lost its place asks for what each room had since. */

static void
reader_recover(const reader_t *r)
{
    unsigned     room;
    reader_t     copy;
    rooms_int_t  rc;

    copy = *r;

    lock();

    for (room = 0; room < ROOMS; room++) {

        if (copy.last[room] == 0) {
            continue;
        }

        rc = rooms_journal_replay(journal, room_name(room), copy.last[room],
                                  UINT64_MAX, on_replay, &copy);
        must(rc == ROOMS_OK || rc == ROOMS_DECLINED);
    }

    unlock();
}


static void
reader_main(unsigned index, unsigned slow)
{
    uint64_t               cursor, before;
    unsigned               stop, i;
    reader_t               r;
    rooms_int_t            rc;
    rooms_journal_entry_t  e;

    static rooms_buf_t     buf;

    memset(&r, 0, sizeof(reader_t));

    r.index = index;
    cursor = ROOMS_JOURNAL_START;

    for ( ;; ) {
        stop = __atomic_load_n(&control->stop_readers, __ATOMIC_ACQUIRE);
        before = cursor;

        rc = rooms_journal_read(journal, &cursor, &buf, &e);

        if (rc == ROOMS_OK) {
            must(e.id >= before && cursor > e.id);

            reader_take(&r, &e, 0);
            control->reads[index]++;

            if (slow && control->reads[index] % slow == 0) {
                usleep(2000);
            }

            continue;
        }

        if (rc == ROOMS_DECLINED) {
            must(cursor > before);

            reader_recover(&r);

            memset(r.last, 0, sizeof(r.last));

            for (i = 0; i < WRITERS; i++) {
                r.n[i] = 0;
            }

            control->losses[index]++;

            continue;
        }

        must(rc == ROOMS_AGAIN);

        if (stop) {
            break;
        }

        sched_yield();
    }

    if (control->losses[index] == 0) {
        for (i = 0; i < WRITERS; i++) {
            must(r.n[i] >= control->acked[i]);
        }
    }
}


static pid_t
start(unsigned writer, unsigned reader, unsigned slow, uint64_t seed)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {

        /* a failed test leaves nobody behind that waits for a lock */

        must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);

        if (writer < WRITERS) {
            writer_main(writer, seed);

        } else {
            reader_main(reader, slow);
        }

        _exit(0);
    }

    assert_true(pid > 0);

    return pid;
}


static void
finish(pid_t pid)
{
    int  status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}


/* Kills a writer, takes its lock from it and starts another in its place. */

static unsigned
murder(pid_t *pid, unsigned writer, uint64_t seed)
{
    int       status;
    unsigned  held;

    assert_int_equal(kill(*pid, SIGKILL), 0);
    assert_int_equal(waitpid(*pid, &status, 0), *pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    control->kills++;

    held = __atomic_load_n(&control->lock, __ATOMIC_ACQUIRE)
           == (uint32_t) *pid;

    if (held) {
        unlock();
    }

    *pid = start(writer, 0, 0, seed);

    return held;
}


static rooms_int_t
on_load(void *ctx, unsigned snapshot, uint64_t id, rooms_str_t data)
{
    uint64_t  *digest = ctx;

    *digest = *digest * 31 + snapshot + id + data.len;

    return ROOMS_OK;
}


/* All that is known of all rooms, as one number. */

static uint64_t
digest_rooms(void)
{
    uint64_t              digest;
    unsigned              room;
    rooms_int_t           rc;
    rooms_journal_stat_t  st;
    rooms_journal_room_t  info;

    digest = 0;

    for (room = 0; room < ROOMS; room++) {
        rc = rooms_journal_load(journal, room_name(room), on_load, &digest,
                                &info);

        if (rc == ROOMS_OK) {
            digest = digest * 31 + info.last + info.log + info.snapshot;
        }
    }

    rooms_journal_stat(journal, &st);

    return digest * 31 + st.live + st.rooms;
}


static void
run(size_t size, unsigned kills, unsigned ms, unsigned slow)
{
    pid_t        writers[WRITERS], readers[READERS];
    uint64_t     seed, digest;
    unsigned     i, held;
    const char  *reason;

    memset(control, 0, sizeof(control_t));
    assert_int_equal(rooms_journal_init(journal, size, 1, 2, 3), ROOMS_OK);

    seed = 77;
    held = 0;

    for (i = 0; i < READERS; i++) {
        readers[i] = start(WRITERS, i, i ? slow : 0, 0);
    }

    for (i = 0; i < WRITERS; i++) {
        writers[i] = start(i, 0, 0, i + 1);
    }

    for (i = 0; i < kills; i++) {
        usleep(1000 + next_random(&seed) % 4000);
        held += murder(&writers[i % WRITERS], i % WRITERS, i + 100);
    }

    usleep(ms * 1000);

    __atomic_store_n(&control->stop_writers, 1, __ATOMIC_RELEASE);

    for (i = 0; i < WRITERS; i++) {
        finish(writers[i]);
    }

    __atomic_store_n(&control->stop_readers, 1, __ATOMIC_RELEASE);

    for (i = 0; i < READERS; i++) {
        finish(readers[i]);

        assert_true(control->reads[i] > 100);

        /* only what a dead writer tried may be missing */

        assert_true(control->gaps[i] <= control->kills);
    }

    digest = digest_rooms();

    assert_int_equal(rooms_journal_attach(journal, size, &reason), ROOMS_OK);
    assert_true(digest == digest_rooms());

    for (i = 0; i < WRITERS; i++) {
        assert_true(control->acked[i] > 0);
        assert_true(control->tried[i] - control->acked[i] <= kills);
    }

    if (kills) {
        assert_true(held > 0);
    }
}


static void
test_all_is_read(void **unused)
{
    (void) unused;

    run(MAX, 0, 100, 0);
}


static void
test_slow_readers(void **unused)
{
    (void) unused;

    run(ROOMS_JOURNAL_MIN_SIZE, 0, 700, 50);

    assert_true(control->losses[1] > 0);
}


static void
test_killed_writers(void **unused)
{
    (void) unused;

    run(ROOMS_JOURNAL_MIN_SIZE, 150, 100, 50);

    assert_int_equal(control->kills, 150);
    assert_true(journal->repairs > 0);
}


int
main(void)
{
    unsigned char  *mem;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_all_is_read),
        cmocka_unit_test(test_slow_readers),
        cmocka_unit_test(test_killed_writers),
    };

    mem = mmap(NULL, MAX + 4096, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (mem == MAP_FAILED) {
        return 1;
    }

    control = (control_t *) (void *) mem;
    journal = (rooms_journal_t *) (void *) (mem + 4096);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
