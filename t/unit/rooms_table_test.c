
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_table.h>


#define MANY  20000


typedef struct {
    unsigned char  before[3];
    unsigned       in:1;
    unsigned       seen:1;
    rooms_link_t   link;
    unsigned char  name[20];             /* the key is in its middle */
} thing_t;


static thing_t  things[MANY];


static uint64_t
key_of(const thing_t *thing)
{
    uint64_t  key;

    memcpy(&key, thing->name + 5, sizeof(key));

    return key;
}


static thing_t *
find(rooms_table_t *t, const thing_t *thing)
{
    thing_t       *found;
    rooms_link_t  *l;

    for (l = rooms_table_find(t, key_of(thing));
         l != NULL;
         l = rooms_table_again(t, l))
    {
        found = rooms_table_data(l, thing_t, link);

        if (memcmp(found->name, thing->name, sizeof(found->name)) == 0) {
            return found;
        }
    }

    return NULL;
}


static void
check_all(rooms_table_t *t, size_t n)
{
    size_t         i, count;
    thing_t       *thing;
    rooms_link_t  *l;

    for (i = 0; i < MANY; i++) {
        things[i].seen = 0;
        assert_ptr_equal(find(t, &things[i]),
                         things[i].in ? &things[i] : NULL);
    }

    count = 0;

    for (l = rooms_table_next(t, NULL); l != NULL; l = rooms_table_next(t, l))
    {
        thing = rooms_table_data(l, thing_t, link);

        assert_true(thing->in);
        assert_false(thing->seen);

        thing->seen = 1;
        count++;
    }

    assert_int_equal(count, n);
    assert_int_equal(t->n, n);
}


/* digits: few of them make keys that differ in few bits, or not at all. */

static void
play(unsigned digits)
{
    size_t         i, n;
    unsigned       round, k;
    thing_t       *thing;
    rooms_table_t  t;

    memset(things, 0, sizeof(things));

    for (i = 0; i < MANY; i++) {
        for (k = 0; k < sizeof(things[i].name); k++) {
            things[i].name[k] = (unsigned char)
                                    ('a' + (unsigned) rand() % digits);
        }

        memcpy(things[i].name, &i, sizeof(uint32_t));
    }

    rooms_table_start(&t, thing_t, link, name[5]);
    n = 0;

    check_all(&t, 0);

    for (round = 1; round <= 6; round++) {

        for (i = 0; i < MANY; i++) {
            thing = &things[(unsigned) rand() % MANY];

            if (!thing->in && (round & 1 || i % 8 == 0)) {
                rooms_table_insert(&t, &thing->link);
                thing->in = 1;
                n++;

            } else if (thing->in && (!(round & 1) || i % 8 == 0)) {
                rooms_table_remove(&t, &thing->link);
                thing->in = 0;
                n--;
            }
        }

        check_all(&t, n);
    }

    for (i = 0; i < MANY; i++) {
        if (things[i].in) {
            rooms_table_remove(&t, &things[i].link);
            things[i].in = 0;
        }
    }

    check_all(&t, 0);

    rooms_table_free(&t);
    check_all(&t, 0);
}


static void
test_random(void **state)
{
    (void) state;

    srand(1);
    play(26);
}


static void
test_alike(void **state)
{
    (void) state;

    srand(2);
    play(2);
}


/* Chains stay short although all but a few bits of the keys are the same. */

static void
test_chains(void **state)
{
    size_t          i, length, longest;
    rooms_link_t   *l;
    rooms_table_t   t;

    (void) state;

    memset(things, 0, sizeof(things));
    rooms_table_start(&t, thing_t, link, name[5]);

    for (i = 0; i < MANY; i++) {
        memset(things[i].name, 'A', sizeof(things[i].name));
        memcpy(things[i].name + 5 + i % 2 * 4, &i, sizeof(uint32_t));
        rooms_table_insert(&t, &things[i].link);
    }

    longest = 0;

    for (i = 0; i < t.size; i++) {
        length = 0;

        for (l = t.chains[i]; l != NULL; l = l->next) {
            length++;
        }

        if (length > longest) {
            longest = length;
        }
    }

    assert_true(longest < 20);
    assert_true(t.size >= MANY);
    assert_true(t.size <= MANY + 1);

    rooms_table_free(&t);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_alike),
        cmocka_unit_test(test_chains)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
