
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

#include <rooms_workers.h>


static rooms_workers_t  table;


static void
test_join_and_leave(void **unused)
{
    uint32_t  a, b, c, pid;

    (void) unused;

    rooms_workers_init(&table, 2);

    assert_int_equal(rooms_workers_owner(&table, 0, &pid), 0);

    assert_int_equal(rooms_workers_join(&table, 100, &a), ROOMS_OK);
    assert_int_equal(rooms_workers_join(&table, 200, &b), ROOMS_OK);
    assert_int_equal(rooms_workers_join(&table, 300, &c), ROOMS_DECLINED);

    assert_int_equal(rooms_owner_slot(a), 0);
    assert_int_equal(rooms_owner_slot(b), 1);
    assert_true(a != 0 && b != 0 && a != b);

    assert_int_equal(rooms_workers_owner(&table, 1, &pid), b);
    assert_int_equal(pid, 200);
    assert_int_equal(rooms_workers_owner(&table, 2, NULL), 0);

    assert_true(rooms_workers_holds(&table, a));
    assert_false(rooms_workers_holds(&table, 0));
    assert_false(rooms_workers_holds(&table, a + 0x100));
    assert_false(rooms_workers_holds(&table, a | 0xff));

    rooms_workers_leave(&table, a);

    assert_false(rooms_workers_holds(&table, a));
    assert_true(rooms_workers_holds(&table, b));

    assert_int_equal(rooms_workers_join(&table, 300, &c), ROOMS_OK);
    assert_int_equal(rooms_owner_slot(c), 0);
    assert_int_not_equal(c, a);

    /* what names the slot's former owner does nothing */

    rooms_workers_leave(&table, a);
    rooms_workers_leave(&table, a | 0xfe);
    rooms_workers_leave(&table, 0);

    assert_true(rooms_workers_holds(&table, c));
}


static void
test_generations_go_round(void **unused)
{
    uint32_t  owner, i;

    (void) unused;

    rooms_workers_init(&table, 1);

    table.slots[0].generation = 0xfffffe;

    assert_int_equal(rooms_workers_join(&table, 1, &owner), ROOMS_OK);
    assert_int_equal(owner, 0xffffff00);
    rooms_workers_leave(&table, owner);

    assert_int_equal(rooms_workers_join(&table, 1, &owner), ROOMS_OK);
    assert_int_equal(owner, 0x100);
    rooms_workers_leave(&table, owner);

    for (i = 2; i < 300; i++) {
        assert_int_equal(rooms_workers_join(&table, 1, &owner), ROOMS_OK);
        assert_int_equal(owner, i << 8);
        rooms_workers_leave(&table, owner);
    }
}


static void
test_all_slots(void **unused)
{
    uint32_t  owner;
    unsigned  i;

    (void) unused;

    rooms_workers_init(&table, 5000);

    assert_int_equal(table.nslots, ROOMS_WORKERS_MAX);

    for (i = 0; i < ROOMS_WORKERS_MAX; i++) {
        assert_int_equal(rooms_workers_join(&table, i + 1, &owner), ROOMS_OK);
        assert_int_equal(rooms_owner_slot(owner), i);
    }

    assert_int_equal(rooms_workers_join(&table, 1, &owner), ROOMS_DECLINED);
}


static void
test_signals(void **unused)
{
    uint32_t  owner;

    (void) unused;

    rooms_workers_init(&table, 2);

    assert_int_equal(rooms_workers_join(&table, 1, &owner), ROOMS_OK);

    assert_int_equal(rooms_workers_signal(&table, 0), 1);
    assert_int_equal(rooms_workers_signal(&table, 0), 0);
    assert_int_equal(rooms_workers_signal(&table, 1), 1);
    rooms_workers_clear(&table, 0);
    assert_int_equal(rooms_workers_signal(&table, 0), 1);

    /* there is no such slot */

    assert_int_equal(rooms_workers_signal(&table, 2), 0);
    rooms_workers_clear(&table, 2);

    /* who takes a slot anew has had no wake-up */

    rooms_workers_leave(&table, owner);
    assert_int_equal(rooms_workers_join(&table, 2, &owner), ROOMS_OK);
    assert_int_equal(rooms_workers_signal(&table, 0), 1);
}


/* Four processes take and give back three slots; no slot has two owners. */

static void
test_race(void **unused)
{
    int               status;
    pid_t             pids[4];
    uint32_t          owner, *held;
    unsigned          i, n;
    rooms_workers_t  *t;

    (void) unused;

    t = mmap(NULL, sizeof(rooms_workers_t) + 4 * sizeof(uint32_t),
             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(t != MAP_FAILED);

    held = (uint32_t *) (t + 1);

    rooms_workers_init(t, 3);

    for (i = 0; i < 4; i++) {
        pids[i] = fork();

        if (pids[i] != 0) {
            assert_true(pids[i] > 0);
            continue;
        }

        for (n = 0; n < 20000; n++) {

            if (rooms_workers_join(t, i + 1, &owner) != ROOMS_OK) {
                continue;
            }

            if (__atomic_fetch_add(&held[rooms_owner_slot(owner)], 1,
                                   __ATOMIC_SEQ_CST) != 0
                || !rooms_workers_holds(t, owner))
            {
                _exit(1);
            }

            __atomic_fetch_sub(&held[rooms_owner_slot(owner)], 1,
                               __ATOMIC_SEQ_CST);

            rooms_workers_leave(t, owner);
        }

        _exit(0);
    }

    for (i = 0; i < 4; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }

    for (i = 0; i < 3; i++) {
        assert_int_equal(rooms_workers_owner(t, i, NULL), 0);
    }

    assert_int_equal(munmap(t, sizeof(rooms_workers_t)
                               + 4 * sizeof(uint32_t)), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_join_and_leave),
        cmocka_unit_test(test_generations_go_round),
        cmocka_unit_test(test_all_slots),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
