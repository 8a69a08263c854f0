
/*
 * Copyright (C) nginx rooms contributors
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rooms_app.h>


static const char *const  names[] = { "dinner", "echo" };

#define NAMES  (sizeof(names) / sizeof(names[0]))


static const rooms_app_t *
find(const char *name)
{
    return rooms_app_find(rooms_str(name, strlen(name)));
}


static void
test_find(void **state)
{
    size_t              i;
    const rooms_app_t  *app;

    (void) state;

    for (i = 0; i < NAMES; i++) {
        app = find(names[i]);
        assert_non_null(app);
        assert_int_equal(app->name.len, strlen(names[i]));
        assert_memory_equal(app->name.data, names[i], app->name.len);
    }

    assert_null(find(""));
    assert_null(find("dinne"));
    assert_null(find("dinners"));
    assert_null(find("Dinner"));
}


/* What every application owes its caller. */

static void
test_complete(void **state)
{
    char                err[ROOMS_APP_ERROR];
    void               *conf, *room;
    size_t              i;
    const rooms_app_t  *app;

    (void) state;

    for (i = 0; i < NAMES; i++) {
        app = find(names[i]);

        assert_non_null(app->route);
        assert_non_null(app->decide);
        assert_non_null(app->refuse);
        assert_non_null(app->init);

        /* an application keeps state with all that belongs to it, or none */

        assert_int_equal(app->snapshot != NULL, app->evolve != NULL);
        assert_int_equal(app->restore != NULL, app->evolve != NULL);
        assert_int_equal(app->release != NULL, app->evolve != NULL);

        conf = app->create();
        assert_non_null(conf);

        err[0] = '\0';
        assert_int_equal(app->option(conf, rooms_str("no-such", 7),
                                     rooms_str("1", 1), err),
                         ROOMS_ERROR);
        assert_non_null(strstr(err, "\"no-such\""));

        room = NULL;

        if (app->evolve) {
            assert_int_equal(app->evolve(conf, &room, 1,
                                         rooms_str("\xff?", 2)),
                             ROOMS_ERROR);
            assert_null(room);
            assert_int_equal(app->restore(conf, &room,
                                          rooms_str("\xff?", 2)),
                             ROOMS_ERROR);
            assert_null(room);
        }

        app->destroy(conf);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
