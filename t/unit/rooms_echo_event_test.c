
/*
 * Copyright (C) nginx rooms contributors
 *
 * Every event of the echo application.
 */


#include <stdlib.h>

#include "rooms_play.h"

#include <rooms_echo.h>


#define SID    "abcdefghij0123456-_Z"
#define OTHER  "zyxwvutsrq9876543_-A"


static int
setup(void **state)
{
    static play_t  play;

    play_init(&play, &rooms_echo_app);
    *state = &play;

    return 0;
}


static int
teardown(void **state)
{
    play_done(*state);

    return 0;
}


static const char *
event(play_t *p, const char *name, const char *args)
{
    return play_event(p, SID, name, args);
}


static void
test_message(void **state)
{
    play_t  *p = *state;

    assert_string_equal(event(p, "message", "1,\"two\",{\"x\":[1,\"],\"]}"),
                        "emit [\"message-back\",1,\"two\","
                        "{\"x\":[1,\"],\"]}]\n");
    assert_string_equal(event(p, "message", ""),
                        "emit [\"message-back\"]\n");
    assert_string_equal(event(p, "message", "\"a\\\"]\\\\\""),
                        "emit [\"message-back\",\"a\\\"]\\\\\"]\n");
}


static void
test_message_with_ack(void **state)
{
    play_t  *p = *state;

    assert_string_equal(event(p, "message-with-ack", "1,[2,3],null"),
                        "answer 1,[2,3],null\n");
    assert_string_equal(event(p, "message-with-ack", ""), "answer \n");

    p->no_ack = 1;
    assert_string_equal(event(p, "message-with-ack", "1"), "");
}


static void
test_attachments(void **state)
{
    play_t  *p = *state;

    static const rooms_str_t  parts[] = {
        rooms_string("a"), rooms_string("bb"), rooms_string("ccc")
    };

    p->attachments = parts;
    p->nattachments = 3;

#define HOLE(n)  "{\"_placeholder\":true,\"num\":" #n "}"

    assert_string_equal(event(p, "message", "[" HOLE(2) "]," HOLE(0)),
                        "emit [\"message-back\",[" HOLE(0) "]," HOLE(1)
                        "] +3 +1\n");
    assert_string_equal(event(p, "message-with-ack", HOLE(1) "," HOLE(2)),
                        "answer " HOLE(0) "," HOLE(1) " +2 +3\n");

    /* all of it, a part of it, nothing of it */

    assert_string_equal(event(p, "msg", "\"r\",[" HOLE(1) "," HOLE(0) "]"),
                        "answer \nothers " SID " [\"msg\",\"r\",["
                        HOLE(0) "," HOLE(1) "]] +2 +1\n");
    assert_string_equal(event(p, "emit-in-room", "\"r\",\"x\"," HOLE(2)),
                        "answer \nall [\"x\"," HOLE(0) "] +3\n");
    assert_string_equal(event(p, "emit-in-room", "\"r\",\"x\",7"),
                        "answer \nall [\"x\",7]\n");
    assert_string_equal(event(p, "call-client", "\"x\"," HOLE(1)),
                        "ask call-client [\"x\"," HOLE(0) "] +2\n");

    /* one of them twice */

    assert_string_equal(event(p, "message", HOLE(1) "," HOLE(1)),
                        "emit [\"message-back\"," HOLE(0) "," HOLE(1)
                        "] +2 +2\n");
}


static void
test_bad_placeholder(void **state)
{
    play_t           *p = *state;
    rooms_command_t   cmd;

    static const rooms_str_t  part = rooms_string("a");

    p->attachments = &part;
    p->nattachments = 1;

    play_command(p, &cmd, ROOMS_CMD_EVENT);
    play_from(p, &cmd, SID);
    cmd.name = play_str("message");
    cmd.text = play_str("[\"message\"," HOLE(1) "]");

    assert_int_equal(p->app->decide(p->conf, NULL, &cmd, &p->d), ROOMS_ERROR);
}


static void
test_call_client(void **state)
{
    play_t           *p = *state;
    rooms_command_t   cmd;

    assert_string_equal(event(p, "call-client", "\"hello\",1,\"x\""),
                        "ask call-client [\"hello\",1,\"x\"]\n");

    play_command(p, &cmd, ROOMS_CMD_ACK);
    play_from(p, &cmd, SID);
    cmd.name = play_str("call-client");

    cmd.text = play_str("[1,\"b\"]");
    assert_string_equal(play_decide(p, &cmd, NULL),
                        "emit [\"client-answered\",1,\"b\"]\n");
    cmd.text = play_str("[]");
    assert_string_equal(play_decide(p, &cmd, NULL),
                        "emit [\"client-answered\"]\n");
}


static void
test_kick_me(void **state)
{
    play_t  *p = *state;

    assert_string_equal(event(p, "kick-me", "false"), "kick 0\n");
    assert_string_equal(event(p, "kick-me", "true"), "kick 1\n");
    assert_string_equal(event(p, "kick-me", ""), "kick 0\n");
}


static void
test_burst_and_big(void **state)
{
    play_t      *p = *state;
    const char  *out;

    assert_string_equal(event(p, "burst", "\"n\",3"),
                        "emit [\"n\",0]\nemit [\"n\",1]\nemit [\"n\",2]\n");
    assert_string_equal(event(p, "burst", "\"n\",0"), "");
    assert_string_equal(event(p, "burst", "\"n\",-1"), "");
    assert_string_equal(event(p, "burst", "\"n\",1.5"), "");
    assert_string_equal(event(p, "burst", "\"n\",100001"), "");
    assert_string_equal(event(p, "burst", "\"n\",99999999999999999999"), "");
    assert_string_equal(event(p, "burst", "7,1"), "");
    assert_string_equal(event(p, "burst", "\"n\""), "");

    assert_string_equal(event(p, "big", "\"b\",5"), "emit [\"b\",\"xxxxx\"]\n");
    assert_string_equal(event(p, "big", "\"b\",0"), "emit [\"b\",\"\"]\n");
    assert_string_equal(event(p, "big", "\"b\",67108865"), "");
    assert_string_equal(event(p, "big", "\"b\",\"5\""), "");

    out = event(p, "big", "\"b\",3000000");
    assert_int_equal(strlen(out), 3000000 + strlen("emit [\"b\",\"\"]\n"));

    /* that memory is given back */

    assert_string_equal(event(p, "big", "\"b\",1"), "emit [\"b\",\"x\"]\n");
    assert_true(p->d.text.cap < 1024);
    assert_true(p->d.scratch.cap < 1024);
}


static void
test_join_and_leave(void **state)
{
    char     args[300];
    play_t  *p = *state;

    assert_string_equal(event(p, "join", "\"blue\""),
                        "answer \njoin /:blue\n");
    assert_string_equal(event(p, "leave", "\"blue\""),
                        "answer \nleave /:blue\n");

    p->no_ack = 1;
    assert_string_equal(event(p, "join", "\"blue\""), "join /:blue\n");
    p->no_ack = 0;

    p->nsp = "/custom";
    assert_string_equal(event(p, "join", "\"a\\\"b\""),
                        "answer \njoin /custom:a\"b\n");

    /* the room of its own id is there as it is */

    assert_string_equal(event(p, "join", "\"" SID "\""), "answer \n");
    assert_string_equal(event(p, "leave", "\"" SID "\""), "answer \n");

    assert_string_equal(event(p, "join", "7"), "");
    assert_string_equal(event(p, "join", ""), "");
    (void) snprintf(args, sizeof(args), "\"%0260d\"", 0);
    assert_string_equal(event(p, "join", args), "");
}


static void
test_rooms(void **state)
{
    play_t  *p = *state;

    assert_string_equal(event(p, "rooms", ""), "answer [\"<self>\"]\n");

    p->rooms[0] = play_str("/:b");
    p->rooms[1] = play_str("/");
    p->rooms[2] = play_str("/:");
    p->rooms[3] = play_str("/:a\"");
    p->rooms[4] = play_str("/:a");
    p->caller.nrooms = 5;

    assert_string_equal(event(p, "rooms", ""),
                        "answer [\"\",\"<self>\",\"a\",\"a\\\"\",\"b\"]\n");
}


static void
test_emit_in_room(void **state)
{
    play_t  *p = *state;

    assert_string_equal(event(p, "emit-in-room", "\"r\",\"hi\",1,{}"),
                        "answer \nall [\"hi\",1,{}]\n");
    assert_string_equal(event(p, "emit-to-room", "\"r\",\"hi\""),
                        "answer \nothers " SID " [\"hi\"]\n");
    assert_string_equal(event(p, "volatile-in-room", "\"r\",\"hi\",1"),
                        "answer \n~all [\"hi\",1]\n");
    assert_string_equal(event(p, "broadcast", "\"hi\",1"),
                        "answer \nothers " SID " [\"hi\",1]\n");

    p->no_ack = 1;
    assert_string_equal(event(p, "emit-in-room", "\"r\",\"hi\""),
                        "all [\"hi\"]\n");
    assert_string_equal(event(p, "msg", "\"r\",{\"t\":1}"),
                        "others " SID " [\"msg\",\"r\",{\"t\":1}]\n");

    /* nothing to emit, or not where */

    assert_string_equal(event(p, "emit-in-room", "\"r\""), "");
    assert_string_equal(event(p, "emit-in-room", "\"r\",7"), "");
    assert_string_equal(event(p, "emit-in-room", "7,\"x\""), "");
    assert_string_equal(event(p, "emit-in-room", ""), "");
    assert_string_equal(event(p, "msg", "7,1"), "");
}


static void
test_room_of_an_id(void **state)
{
    play_t  *p = *state;

    p->nsp = "/custom";
    p->no_ack = 1;

    assert_string_equal(event(p, "emit-in-room", "\"" OTHER "\",\"hi\""),
                        "all [\"hi\"]\nin /custom\n"
                        "socket " OTHER " [\"hi\"]\n");
    assert_string_equal(event(p, "volatile-in-room", "\"" OTHER "\",\"hi\""),
                        "~all [\"hi\"]\nin /custom\n"
                        "~socket " OTHER " [\"hi\"]\n");
    assert_string_equal(event(p, "emit-in-room", "\"" SID "\",\"hi\""),
                        "all [\"hi\"]\nin /custom\n"
                        "socket " SID " [\"hi\"]\n");
    assert_string_equal(event(p, "emit-to-room", "\"" SID "\",\"hi\""),
                        "others " SID " [\"hi\"]\n");
}


static void
test_reserved_names(void **state)
{
    play_t    *p = *state;
    char       args[80];
    unsigned   i;

    static const char *const  names[] = {
        "connect", "connect_error", "disconnect", "disconnecting",
        "newListener", "removeListener", "c\\u006fnnect"
    };

    p->no_ack = 1;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void) snprintf(args, sizeof(args), "\"%s\",1", names[i]);
        assert_string_equal(event(p, "call-client", args), "");
        assert_string_equal(event(p, "broadcast", args), "");
        assert_string_equal(event(p, "burst", args), "");
        assert_string_equal(event(p, "big", args), "");
    }

    assert_string_equal(event(p, "broadcast", "\"connected\""),
                        "others " SID " [\"connected\"]\n");
    assert_string_equal(event(p, "broadcast",
                              "\"connect_error_of_another_kind\""),
                        "others " SID
                        " [\"connect_error_of_another_kind\"]\n");
}


static void
test_data(void **state)
{
    play_t  *p = *state;

    assert_string_equal(event(p, "whoami", ""),
                        "answer {\"id\":\"" SID "\",\"recovered\":false,"
                        "\"data\":null}\n");

    assert_string_equal(event(p, "set-data", "{\"a\":[1,2]},7"),
                        "answer \ndata {\"a\":[1,2]}\n");
    assert_string_equal(event(p, "set-data", ""), "answer \n");

    p->caller.data = play_str("{\"a\":[1,2]}");
    p->caller.recovered = 1;
    assert_string_equal(event(p, "whoami", ""),
                        "answer {\"id\":\"" SID "\",\"recovered\":true,"
                        "\"data\":{\"a\":[1,2]}}\n");
}


static void
test_unknown(void **state)
{
    play_t  *p = *state;

    assert_string_equal(event(p, "unknown", "1"), "");
    assert_string_equal(event(p, "", "1"), "");
    assert_string_equal(event(p, "messag", "1"), "");
}


/* What is sent most must find its memory there already. */

static void
test_memory_is_kept(void **state)
{
    play_t      *p = *state;
    unsigned     i, k;
    const void  *text, *messages, *scratch;

    static const char *const  names[] = { "msg", "message",
                                          "message-with-ack" };

    for (k = 0; k < 3; k++) {
        (void) event(p, names[k], "\"r\",\"payload\"");
    }

    text = p->d.text.data;
    messages = p->d.messages.data;
    scratch = p->d.scratch.data;

    for (i = 0; i < 300; i++) {
        (void) event(p, names[i % 3], "\"r\",\"payload\"");
        assert_ptr_equal(p->d.text.data, text);
        assert_ptr_equal(p->d.messages.data, messages);
        assert_ptr_equal(p->d.scratch.data, scratch);
    }
}


/* What the caller must not miss goes through its namespace's room. */

static void
test_recoverable(void **state)
{
    play_t  *p = *state;

    p->caller.recoverable = 1;

    assert_string_equal(event(p, "message", "1"),
                        "in /\nsocket " SID " [\"message-back\",1]\n");
    assert_string_equal(event(p, "burst", "\"n\",2"),
                        "in /\nsocket " SID " [\"n\",0]\n"
                        "in /\nsocket " SID " [\"n\",1]\n");
    assert_string_equal(event(p, "big", "\"b\",1"),
                        "in /\nsocket " SID " [\"b\",\"x\"]\n");

    /* questions and answers are not for later */

    assert_string_equal(event(p, "call-client", "\"q\",1"),
                        "ask call-client [\"q\",1]\n");
}


#define echo_test(name)                                                       \
    cmocka_unit_test_setup_teardown(name, setup, teardown)


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        echo_test(test_message),
        echo_test(test_message_with_ack),
        echo_test(test_attachments),
        echo_test(test_bad_placeholder),
        echo_test(test_call_client),
        echo_test(test_kick_me),
        echo_test(test_burst_and_big),
        echo_test(test_join_and_leave),
        echo_test(test_rooms),
        echo_test(test_emit_in_room),
        echo_test(test_room_of_an_id),
        echo_test(test_reserved_names),
        echo_test(test_data),
        echo_test(test_recoverable),
        echo_test(test_unknown),
        echo_test(test_memory_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
