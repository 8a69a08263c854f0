
/*
 * Copyright (C) nginx rooms contributors
 *
 * The quiz: one question at a time is open in a room.
 */


#include <string.h>

#include <rooms_platform.h>


void
rooms_platform_question(rooms_platform_t *p, const char *room,
    const json_t *data)
{
    json_t      *limit;
    const char  *id;

    id = rooms_platform_text(data, "questionId");
    limit = json_object_get(data, "timeLimit");

    if (id == NULL) {
        return;
    }

    rooms_platform_set(p, json_pack("{s:s, s:I, s:I, s:i, s:{}}", "id", id,
                           "start", (json_int_t) p->cmd->now,
                           "limit",
                           (json_int_t) (json_number_value(limit) * 1000),
                           "right", 0, "answers"),
                       "quiz", room, NULL);
}


/* The room of the question, among those the socket is subscribed to. */

static const char *
rooms_platform_asked(rooms_platform_t *p, const json_t *answer)
{
    char         sid[ROOMS_PLATFORM_ID];
    size_t       n;
    json_t      *rooms, *flag;
    const char  *id, *question, *open;

    id = rooms_platform_text(answer, "roomId");

    if (id != NULL) {
        return id;
    }

    question = rooms_platform_text(answer, "questionId");
    n = p->cmd->caller->sid.len;

    if (n >= sizeof(sid)) {
        return NULL;
    }

    memcpy(sid, p->cmd->caller->sid.data, n);
    sid[n] = '\0';

    rooms = rooms_platform_at(p->doc, "conns", sid, "rooms", NULL);

    json_object_foreach(rooms, id, flag) {
        open = json_string_value(rooms_platform_at(p->doc, "quiz", id, "id",
                                                   NULL));

        if (open != NULL && strcmp(open, question) == 0) {
            return id;
        }
    }

    return NULL;
}


/* 1 where the answer is the one that the room's settings say. */

static unsigned
rooms_platform_correct(const json_t *room, const char *question,
    const json_t *answer)
{
    size_t       i;
    json_t      *list, *entry, *right;
    const char  *id;

    list = rooms_platform_at(room, "appSettings", "questions", NULL);

    for (i = 0; i < json_array_size(list); i++) {
        entry = json_array_get(list, i);
        id = rooms_platform_text(entry, "id");

        if (id == NULL || strcmp(id, question) != 0) {
            continue;
        }

        right = json_object_get(entry, "correctIndex");

        if (!json_is_integer(right)) {
            return 0;
        }

        return json_equal(answer, right)
               || json_equal(answer,
                             json_array_get(json_object_get(entry, "options"),
                                            (size_t)
                                            json_integer_value(right)));
    }

    return 0;
}


rooms_int_t
rooms_platform_answer(rooms_platform_t *p)
{
    double       seconds;
    json_t      *answer, *quiz, *part, *result, *rank, *user, *room;
    uint64_t     start, limit;
    unsigned     correct;
    json_int_t   right;
    const char  *id, *open, *question, *pid, *role;

    answer = json_array_get(p->cmd->args, 0);
    question = rooms_platform_text(answer, "questionId");
    id = rooms_platform_asked(p, answer);
    room = rooms_platform_room(p, id);

    if (room == NULL) {
        return rooms_platform_error(p, "INVALID_PAYLOAD",
                                    "Unknown question", NULL);
    }

    part = rooms_platform_part(p, id, p->who.uid);
    role = rooms_platform_text(part, "role");

    if (role == NULL || strcmp(role, "organizer") == 0
        || strcmp(role, "viewer") == 0)
    {
        return rooms_platform_error(p, "PERMISSION_DENIED",
                                    "Only participants answer",
                                    json_pack("{s:s}", "roomId", id));
    }

    quiz = rooms_platform_at(p->doc, "quiz", id, NULL);
    open = rooms_platform_text(quiz, "id");
    pid = rooms_platform_text(part, "id");
    start = json_integer_value(json_object_get(quiz, "start"));
    limit = json_integer_value(json_object_get(quiz, "limit"));

    if (open == NULL || strcmp(open, question) != 0) {
        return rooms_platform_error(p, "INVALID_PAYLOAD",
                                    "Unknown question, or it is over", NULL);
    }

    if (limit && p->cmd->now > start + limit) {
        return rooms_platform_error(p, "INVALID_PAYLOAD",
                                    "The time for answers is over", NULL);
    }

    if (rooms_platform_at(quiz, "answers", pid, NULL)) {
        return rooms_platform_error(p, "INVALID_PAYLOAD",
                                    "The question is answered already", NULL);
    }

    correct = rooms_platform_correct(room, question,
                                     json_object_get(answer, "answer"));
    right = json_integer_value(json_object_get(quiz, "right"));
    seconds = p->cmd->now > start
              ? (p->cmd->now - start + 50) / 100 / 10.0 : 0;

    rooms_platform_set(p, json_true(), "quiz", id, "answers", pid, NULL);

    if (correct) {
        rooms_platform_set(p, json_integer(right + 1), "quiz", id, "right",
                           NULL);
    }

    rank = correct ? json_integer(right + 1) : json_null();
    user = rooms_platform_user_view(p, p->who.uid);
    (void) json_object_del(user, "avatar");

    rooms_platform_say(p, "room", id, rooms_str(NULL, 0),
                       "quiz:answer_result",
                       json_pack("{s:s, s:s, s:o, s:b, s:f, s:O}",
                                 "questionId", question, "participantId",
                                 pid, "user", user, "correct", correct,
                                 "responseTime", seconds, "rank", rank));

    result = json_pack("{s:b, s:f, s:o}", "correct", correct, "responseTime",
                       seconds, "rank", rank);

    return rooms_platform_success(p, result);
}
