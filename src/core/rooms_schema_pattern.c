
/*
 * Copyright (C) nginx rooms contributors
 */


#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rooms_buf.h>
#include <rooms_schema_pattern.h>


#define ROOMS_SCHEMA_MATCH_LIMIT  200000
#define ROOMS_SCHEMA_HEAP_LIMIT   1024          /* KiB */


/* What ECMA-262 calls white space and PCRE2 without UCP does not. */

#define ROOMS_SCHEMA_SPACE                                                    \
    "\\s\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff"


struct rooms_schema_pattern_s {
    pcre2_code           *code;
    pcre2_match_data     *data;
    pcre2_match_context  *context;
};


typedef struct {
    const char           *p;
    const char           *end;
    unsigned              class:1;
    rooms_buf_t          *out;
} rooms_schema_ecma_t;


static const char *rooms_schema_ecma(rooms_schema_ecma_t *e);
static const char *rooms_schema_ecma_escape(rooms_schema_ecma_t *e);
static const char *rooms_schema_ecma_group(rooms_schema_ecma_t *e);
static rooms_int_t rooms_schema_pattern_compile(rooms_schema_pattern_t *p,
    rooms_str_t text, char *reason, size_t cap);


rooms_schema_pattern_t *
rooms_schema_pattern_create(const char *text, size_t len, char *reason,
    size_t cap)
{
    rooms_buf_t              out;
    rooms_int_t              rc;
    const char              *error;
    rooms_schema_ecma_t      e;
    rooms_schema_pattern_t  *pattern;

    rooms_buf_init(&out, 0);

    e.p = text;
    e.end = text + len;
    e.class = 0;
    e.out = &out;

    error = rooms_schema_ecma(&e);

    if (error == NULL && out.failed) {
        error = "out of memory";
    }

    if (error != NULL) {
        snprintf(reason, cap, "%s", error);
        rooms_buf_free(&out);
        return NULL;
    }

    pattern = calloc(1, sizeof(rooms_schema_pattern_t));

    if (pattern == NULL) {
        snprintf(reason, cap, "out of memory");
        rooms_buf_free(&out);
        return NULL;
    }

    rc = rooms_schema_pattern_compile(pattern, rooms_str(out.data, out.len),
                                      reason, cap);
    rooms_buf_free(&out);

    if (rc != ROOMS_OK) {
        rooms_schema_pattern_free(pattern);
        return NULL;
    }

    return pattern;
}


static rooms_int_t
rooms_schema_pattern_compile(rooms_schema_pattern_t *p, rooms_str_t text,
    char *reason, size_t cap)
{
    int                     error;
    size_t                  offset;
    PCRE2_UCHAR             message[128];
    pcre2_compile_context  *context;

    context = pcre2_compile_context_create(NULL);

    if (context != NULL) {
        (void) pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
        (void) pcre2_set_compile_extra_options(context,
                                               PCRE2_EXTRA_ALT_BSUX);

        p->code = pcre2_compile(text.len ? text.data : (PCRE2_SPTR) "",
                                text.len,
                                PCRE2_UTF|PCRE2_DOLLAR_ENDONLY
                                |PCRE2_NEVER_BACKSLASH_C
                                |PCRE2_MATCH_UNSET_BACKREF
                                |PCRE2_ALLOW_EMPTY_CLASS,
                                &error, &offset, context);

        pcre2_compile_context_free(context);

        if (p->code == NULL) {
            pcre2_get_error_message(error, message, sizeof(message));
            snprintf(reason, cap, "%s", (char *) message);
            return ROOMS_ERROR;
        }

        p->data = pcre2_match_data_create(1, NULL);
        p->context = pcre2_match_context_create(NULL);
    }

    if (p->data == NULL || p->context == NULL) {
        snprintf(reason, cap, "out of memory");
        return ROOMS_ERROR;
    }

    (void) pcre2_set_match_limit(p->context, ROOMS_SCHEMA_MATCH_LIMIT);
    (void) pcre2_set_heap_limit(p->context, ROOMS_SCHEMA_HEAP_LIMIT);

    return ROOMS_OK;
}


void
rooms_schema_pattern_free(rooms_schema_pattern_t *pattern)
{
    if (pattern == NULL) {
        return;
    }

    pcre2_match_context_free(pattern->context);
    pcre2_match_data_free(pattern->data);
    pcre2_code_free(pattern->code);
    free(pattern);
}


rooms_int_t
rooms_schema_pattern_match(const rooms_schema_pattern_t *pattern,
    const char *subject, size_t len)
{
    int  rc;

    rc = pcre2_match(pattern->code, (PCRE2_SPTR) subject, len, 0, 0,
                     pattern->data, pattern->context);

    if (rc >= 0) {
        return ROOMS_OK;
    }

    return (rc == PCRE2_ERROR_NOMATCH) ? ROOMS_DECLINED : ROOMS_ERROR;
}


/* Writes the pattern as PCRE2 has it; returns what is wrong, or NULL. */

static const char *
rooms_schema_ecma(rooms_schema_ecma_t *e)
{
    const char  *error;

    while (e->p < e->end) {

        if (*e->p == '\\') {
            error = rooms_schema_ecma_escape(e);
            if (error != NULL) {
                return error;
            }

            continue;
        }

        if (e->class) {

            if (*e->p == '[') {
                rooms_buf_byte(e->out, '\\');
            }

            if (*e->p == ']') {
                e->class = 0;
            }

            rooms_buf_byte(e->out, *e->p++);
            continue;
        }

        if (*e->p == '(') {
            error = rooms_schema_ecma_group(e);
            if (error != NULL) {
                return error;
            }

            continue;
        }

        if (*e->p == '[') {
            e->class = 1;
            rooms_buf_byte(e->out, *e->p++);

            if (e->p < e->end && *e->p == '^') {
                rooms_buf_byte(e->out, *e->p++);
            }

            continue;
        }

        rooms_buf_byte(e->out, *e->p++);
    }

    return NULL;
}


static const char *
rooms_schema_ecma_escape(rooms_schema_ecma_t *e)
{
    char  c;

    if (e->end - e->p < 2) {
        return "a lone \"\\\" at the end";
    }

    c = e->p[1];
    e->p += 2;

    switch (c) {

    case 's':
        rooms_buf_append(e->out, "[", !e->class);
        rooms_buf_append(e->out, ROOMS_SCHEMA_SPACE,
                         sizeof(ROOMS_SCHEMA_SPACE) - 1);
        rooms_buf_append(e->out, "]", !e->class);
        return NULL;

    case 'S':
        if (e->class) {
            return "\"\\S\" within a class is not supported";
        }

        rooms_buf_append(e->out, "[^", 2);
        rooms_buf_append(e->out, ROOMS_SCHEMA_SPACE,
                         sizeof(ROOMS_SCHEMA_SPACE) - 1);
        rooms_buf_byte(e->out, ']');
        return NULL;

    case 'v':
        rooms_buf_append(e->out, "\\x0b", 4);
        return NULL;

    case '0':
        if (e->p < e->end && *e->p >= '0' && *e->p <= '9') {
            return "octal escapes are not ECMA-262";
        }

        rooms_buf_append(e->out, "\\x00", 4);
        return NULL;

    case 'B':
    case 'k':
        if (e->class) {
            return "an escape that is not ECMA-262";
        }
        break;

    case 'b':
    case 'd':
    case 'D':
    case 'w':
    case 'W':
    case 't':
    case 'n':
    case 'f':
    case 'r':
    case 'c':
    case 'x':
    case 'u':
    case 'p':
    case 'P':
        break;

    default:
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            return "an escape that is not ECMA-262";
        }
        break;
    }

    rooms_buf_byte(e->out, '\\');
    rooms_buf_byte(e->out, c);

    return NULL;
}


static const char *
rooms_schema_ecma_group(rooms_schema_ecma_t *e)
{
    size_t  left;

    left = e->end - e->p;

    if (left >= 2 && e->p[1] == '*') {
        return "nothing to repeat";
    }

    if (left >= 2 && e->p[1] == '?') {

        if (left < 3 || strchr(":=!<", e->p[2]) == NULL || e->p[2] == '\0') {
            return "a group that is not ECMA-262";
        }

        rooms_buf_append(e->out, e->p, 3);
        e->p += 3;

        return NULL;
    }

    rooms_buf_byte(e->out, *e->p++);

    return NULL;
}
