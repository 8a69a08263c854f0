
/*
 * Copyright (C) nginx rooms contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_schema_pattern.h>


typedef struct {
    const char  *pattern;
    const char  *subject;
    unsigned     matches;
} case_t;


static const case_t  cases[] = {
    { "^[A-Z0-9]{6}$", "ABC123", 1 },
    { "^[A-Z0-9]{6}$", "ABC123\n", 0 },
    { "^[A-Z0-9]{6}$", "abc123", 0 },
    { "b", "abc", 1 },
    { "", "", 1 },

    /* code points, not octets */
    { "^.$", "\xf0\x9f\x90\xb2", 1 },
    { "^[^a]$", "\xc3\xa9", 1 },

    /* ASCII, as ECMA-262 has it */
    { "^\\d$", "7", 1 },
    { "^\\d$", "\xd9\xa7", 0 },
    { "^\\w$", "\xc3\xa9", 0 },
    { "^\\W$", "\xc3\xa9", 1 },
    { "^\\D$", "\xd9\xa7", 1 },

    /* white space is all of it */
    { "^\\s$", " ", 1 },
    { "^\\s$", "\xc2\xa0", 1 },
    { "^\\s$", "\xe2\x80\x8b", 0 },
    { "^\\s$", "\xef\xbb\xbf", 1 },
    { "^\\S$", "\xe3\x80\x80", 0 },
    { "^[a\\s]$", "\xe2\x80\xa8", 1 },

    { "^\\v$", "\x0b", 1 },
    { "^\\v$", "\n", 0 },
    { "^\\cA$", "\x01", 1 },
    { "^\\x41\\u0042\\u{43}$", "ABC", 1 },
    { "^\\u{1f432}$", "\xf0\x9f\x90\xb2", 1 },
    { "^\\p{Lu}\\P{Lu}$", "\xc3\x89\xc3\xa9", 1 },
    { "^[\\b]$", "\b", 1 },
    { "\\bfoo\\b", "a foo b", 1 },
    { "\\Bfoo", "a foo b", 0 },
    { "^[[:alpha:]]$", "a]", 1 },
    { "^[[:alpha:]]$", "b", 0 },
    { "^[]$", "", 0 },
    { "^[^]$", "\n", 1 },
    { "a.b", "a\nb", 0 },
    { "^\\/\\.\\-$", "/.-", 1 },
    { "^(a)\\1$", "aa", 1 },
    { "^(?<n>a|b)\\k<n>$", "bb", 1 },
    { "^(?:a|b)(?=c)(?!d)c$", "ac", 1 },
    { "(?<=a)b", "ab", 1 },
    { "(?<!a)b", "ab", 0 },
    { NULL, NULL, 0 }
};


static void
test_match(void **state)
{
    char                     reason[128];
    const case_t            *c;
    rooms_schema_pattern_t  *pattern;

    (void) state;

    for (c = cases; c->pattern != NULL; c++) {

        pattern = rooms_schema_pattern_create(c->pattern, strlen(c->pattern),
                                              reason, sizeof(reason));
        if (pattern == NULL) {
            fail_msg("%s: %s", c->pattern, reason);
        }

        if (rooms_schema_pattern_match(pattern, c->subject,
                                       strlen(c->subject))
            != (c->matches ? ROOMS_OK : ROOMS_DECLINED))
        {
            fail_msg("%s on \"%s\"", c->pattern, c->subject);
        }

        rooms_schema_pattern_free(pattern);
    }
}


static const char *const  refused[] = {
    "(", "[", "a{2,1}", "*", "\\", "\\A", "\\Z", "\\z", "\\G", "\\K", "\\Q",
    "\\h", "\\R", "\\X", "\\C", "\\a", "\\e", "\\01", "[\\S]", "[\\B]",
    "(?>a)", "(?#a)", "(?i)a", "(?P<n>a)", "(?|a)", "(?", "(*FAIL)",
    "(*UTF)a", "\\p{Nothing}", "\\k<n>",
    NULL
};


static void
test_refused(void **state)
{
    char    reason[128];
    size_t  i;

    (void) state;

    for (i = 0; refused[i] != NULL; i++) {

        reason[0] = '\0';

        if (rooms_schema_pattern_create(refused[i], strlen(refused[i]),
                                        reason, sizeof(reason))
            != NULL)
        {
            fail_msg("%s is a pattern", refused[i]);
        }

        assert_true(reason[0] != '\0');
    }

    rooms_schema_pattern_free(NULL);
}


/* A pattern that explodes is given up, and so is what is not UTF-8. */

static void
test_limit(void **state)
{
    char                     reason[128];
    rooms_schema_pattern_t  *pattern;
    static const char        text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

    (void) state;

    pattern = rooms_schema_pattern_create("^(a+)+$", 7, reason,
                                          sizeof(reason));
    assert_non_null(pattern);
    assert_int_equal(rooms_schema_pattern_match(pattern, text, 36),
                     ROOMS_ERROR);
    assert_int_equal(rooms_schema_pattern_match(pattern, "\xff", 1),
                     ROOMS_ERROR);
    assert_int_equal(rooms_schema_pattern_match(pattern, "aa", 2), ROOMS_OK);
    rooms_schema_pattern_free(pattern);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limit)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
