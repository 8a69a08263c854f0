
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_due.h>


#define KEYS   200
#define TIMES  50


static rooms_str_t
key_of(unsigned i, char text[16])
{
    (void) snprintf(text, 16, "key%u", i);

    return rooms_str(text, strlen(text));
}


/* What is in the list is what was put there, in order. */

static void
assert_same(const rooms_due_t *due, uint8_t model[KEYS][TIMES])
{
    char                     text[16], last[ROOMS_DUE_KEY + 1];
    size_t                   n;
    unsigned                 i, at;
    uint64_t                 before;
    rooms_str_t              key;
    const rooms_due_node_t  *node;

    n = 0;
    before = 0;
    last[0] = '\0';

    for (node = rooms_due_first(due); node != NULL;
         node = rooms_due_next(node))
    {
        at = (unsigned) rooms_due_at(node);
        key = rooms_due_key(node);

        memcpy(text, key.data, key.len);
        text[key.len] = '\0';

        assert_true(at > before || (at == before && strcmp(text, last) > 0)
                    || n == 0);

        i = (unsigned) atoi(text + 3);
        assert_true(model[i][at]);

        before = at;
        strcpy(last, text);
        n++;
    }

    assert_int_equal(rooms_due_size(due), n);

    for (i = 0; i < KEYS; i++) {
        for (at = 0; at < TIMES; at++) {
            n -= model[i][at];
        }
    }

    assert_int_equal(n, 0);
}


static void
test_model(void **state)
{
    char          text[16];
    unsigned      step, i, at;
    rooms_due_t  *due;

    static uint8_t  model[KEYS][TIMES];

    (void) state;

    due = rooms_due_create();
    assert_non_null(due);
    srand(7);

    for (step = 0; step < 20000; step++) {
        i = (unsigned) rand() % KEYS;
        at = (unsigned) rand() % TIMES;

        if (rand() % 2) {
            assert_int_equal(rooms_due_add(due, at, key_of(i, text)),
                             ROOMS_OK);
            model[i][at] = 1;

        } else {
            rooms_due_remove(due, at, key_of(i, text));
            model[i][at] = 0;
        }

        if (step % 500 == 0) {
            assert_same(due, model);
        }
    }

    assert_same(due, model);
    rooms_due_free(due);
}


static void
test_bounds(void **state)
{
    rooms_due_t    *due;
    unsigned char   key[ROOMS_DUE_KEY + 1];

    (void) state;

    due = rooms_due_create();
    memset(key, 'x', sizeof(key));

    assert_null(rooms_due_first(due));
    rooms_due_remove(due, 1, rooms_str("a", 1));

    assert_int_equal(rooms_due_add(due, 1, rooms_str(key, sizeof(key))),
                     ROOMS_ERROR);
    assert_int_equal(rooms_due_add(due, 1, rooms_str(key, ROOMS_DUE_KEY)),
                     ROOMS_OK);
    assert_int_equal(rooms_due_add(due, UINT64_MAX, rooms_str(NULL, 0)),
                     ROOMS_OK);
    assert_int_equal(rooms_due_add(due, 0, rooms_str("a", 1)), ROOMS_OK);
    assert_int_equal(rooms_due_add(due, 0, rooms_str("a", 1)), ROOMS_OK);
    assert_int_equal(rooms_due_size(due), 3);
    assert_int_equal(rooms_due_at(rooms_due_first(due)), 0);

    rooms_due_remove(due, 0, rooms_str("a", 1));
    assert_int_equal(rooms_due_at(rooms_due_first(due)), 1);

    rooms_due_free(due);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_bounds)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
