
/*
 * Copyright (C) nginx rooms contributors
 *
 * What clients of the application are told: the payloads of events, and the
 * bodies of answers.
 */


#include <string.h>

#include <rooms_offset.h>

#include <rooms_polls.h>


static const char *const  rooms_polls_states[] = {
    "draft", "active", "paused", "ended"
};

static const char *const  rooms_polls_types[] = {
    "multiple_choice", "rating_scale", "open_text"
};

static const char *const  rooms_polls_presences[] = {
    "Connected", "Disconnected", "Left"
};


json_t *
rooms_polls_string(rooms_str_t s)
{
    return json_stringn(s.len ? (const char *) s.data : "", s.len);
}


json_t *
rooms_polls_time(uint64_t ms)
{
    char  text[ROOMS_ISO_LEN + 1];

    if (ms == 0) {
        return json_null();
    }

    rooms_iso_format(ms, text);

    return json_string(text);
}


static const char *
rooms_polls_state_of(const rooms_polls_poll_t *p)
{
    return p->status == ROOMS_POLLS_ENDED ? "closed"
                                          : rooms_polls_states[p->status];
}


json_t *
rooms_polls_session_json(const rooms_polls_state_t *s, unsigned presenter)
{
    json_t                    *v;
    const rooms_polls_poll_t  *p;

    p = rooms_polls_poll(s, s->active);

    v = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:o, s:o,"
                  " s:o, s:o}",
                  "sessionId", s->id,
                  "status", rooms_polls_states[s->status],
                  "state", rooms_polls_states[s->status],
                  "title", rooms_polls_string(s->title),
                  "description", rooms_polls_string(s->description),
                  "presenterId", s->presenter,
                  "participantCount", (json_int_t) s->connected,
                  "pollCount", (json_int_t) s->npolls,
                  "totalVotes", (json_int_t) s->votes,
                  "activePollId", p ? json_string(p->id) : json_null(),
                  "createdAt", rooms_polls_time(s->created),
                  "startedAt", rooms_polls_time(s->started),
                  "endedAt", rooms_polls_time(s->ended));

    if (presenter) {
        (void) json_object_set_new(v, "accessCode",
                                   json_stringn((const char *) s->slug,
                                                ROOMS_POLLS_SLUG));
        (void) json_object_set_new(v, "slug",
                                   json_stringn((const char *) s->slug,
                                                ROOMS_POLLS_SLUG));
    }

    return v;
}


json_t *
rooms_polls_options_json(const rooms_polls_poll_t *p)
{
    json_t    *list;
    unsigned   i;

    list = json_array();

    for (i = 0; i < p->n; i++) {
        (void) json_array_append_new(list,
                    json_pack("{s:s, s:o, s:I}",
                              "optionId", p->options[i].id,
                              "optionText",
                              rooms_polls_string(p->options[i].text),
                              "sequenceOrder", (json_int_t) i + 1));
    }

    return list;
}


/* What depends on the type of a poll. */

static void
rooms_polls_shape(json_t *v, const rooms_polls_poll_t *p)
{
    if (p->type == ROOMS_POLLS_CHOICE) {
        (void) json_object_set_new(v, "options", rooms_polls_options_json(p));

    } else if (p->type == ROOMS_POLLS_SCALE) {
        (void) json_object_set_new(v, "minRating", json_integer(p->min));
        (void) json_object_set_new(v, "maxRating", json_integer(p->max));
    }
}


json_t *
rooms_polls_created_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p)
{
    json_t  *v;

    v = json_pack("{s:s, s:s, s:o, s:s, s:b, s:b, s:I, s:o}",
                  "pollId", p->id,
                  "sessionId", s->id,
                  "question", rooms_polls_string(p->question),
                  "pollType", rooms_polls_types[p->type],
                  "allowMultiple", (int) p->multiple,
                  "isAnonymous", (int) p->anonymous,
                  "sequenceOrder", (json_int_t) p->number,
                  "createdAt", rooms_polls_time(p->created));

    rooms_polls_shape(v, p);

    return v;
}


json_t *
rooms_polls_activated_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const char *now)
{
    json_t  *v;

    v = json_pack("{s:s, s:s, s:o, s:s, s:s, s:b, s:b, s:I}",
                  "pollId", p->id,
                  "sessionId", s->id,
                  "question", rooms_polls_string(p->question),
                  "activatedAt", now,
                  "pollType", rooms_polls_types[p->type],
                  "allowMultiple", (int) p->multiple,
                  "isAnonymous", (int) p->anonymous,
                  "sequenceOrder", (json_int_t) p->number);

    rooms_polls_shape(v, p);

    return v;
}


/* Two decimals, of values that are not negative. */

static double
rooms_polls_rounded(double value)
{
    return (double) (uint64_t) (value * 100 + 0.5) / 100;
}


static double
rooms_polls_percentage(uint32_t n, uint32_t of)
{
    return of ? rooms_polls_rounded((double) n * 100 / of) : 0;
}


static json_t *
rooms_polls_breakdown(const rooms_polls_poll_t *p,
    const rooms_polls_tally_t *t, unsigned text)
{
    json_t    *list, *entry;
    unsigned   i;

    list = json_array();

    for (i = 0; i < p->n; i++) {
        entry = json_pack("{s:s, s:I, s:f}",
                          "optionId", p->options[i].id,
                          "voteCount", (json_int_t) t->counts[i],
                          "percentage",
                          rooms_polls_percentage(t->counts[i], t->ballots));

        if (text) {
            (void) json_object_set_new(entry, "text",
                                rooms_polls_string(p->options[i].text));
            (void) json_object_set_new(entry, "optionText",
                                rooms_polls_string(p->options[i].text));
            (void) json_object_set_new(entry, "sequenceOrder",
                                       json_integer(i + 1));
        }

        (void) json_array_append_new(list, entry);
    }

    return list;
}


static void
rooms_polls_ratings(json_t *v, const rooms_polls_poll_t *p,
    const rooms_polls_tally_t *t)
{
    char       name[4];
    json_t    *ratings;
    uint64_t   sum;
    unsigned   i;

    ratings = json_object();
    sum = 0;

    for (i = p->min; i <= p->max; i++) {
        sum += (uint64_t) i * t->counts[i - 1];

        name[0] = (char) (i < 10 ? '0' + i : '1');
        name[1] = i < 10 ? '\0' : '0';
        name[2] = '\0';

        (void) json_object_set_new(ratings, name,
                                   json_integer(t->counts[i - 1]));
    }

    (void) json_object_set_new(v, "averageRating",
                               json_real(t->ballots
                                  ? rooms_polls_rounded((double) sum
                                                        / t->ballots)
                                  : 0));
    (void) json_object_set_new(v, "ratingDistribution", ratings);
}


json_t *
rooms_polls_results_json(const rooms_polls_poll_t *p,
    const rooms_polls_tally_t *t)
{
    json_t  *v;

    v = json_pack("{s:I}", "totalVotes", (json_int_t) t->ballots);

    if (p->type == ROOMS_POLLS_CHOICE) {
        (void) json_object_set_new(v, "options",
                                   rooms_polls_breakdown(p, t, 0));

    } else if (p->type == ROOMS_POLLS_SCALE) {
        rooms_polls_ratings(v, p, t);
    }

    return v;
}


json_t *
rooms_polls_updated_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const rooms_polls_tally_t *t)
{
    return json_pack("{s:s, s:s, s:s, s:o}",
                     "pollId", p->id,
                     "sessionId", s->id,
                     "pollType", rooms_polls_types[p->type],
                     "results", rooms_polls_results_json(p, t));
}


json_t *
rooms_polls_closed_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const char *now)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:o}",
                     "pollId", p->id,
                     "sessionId", s->id,
                     "closedAt", now,
                     "finalVoteCount", (json_int_t) p->tally.ballots,
                     "pollType", rooms_polls_types[p->type],
                     "results", rooms_polls_results_json(p, &p->tally));
}


json_t *
rooms_polls_accepted_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p, const rooms_polls_tally_t *t,
    const unsigned char *vote, uint64_t at, const char *participant)
{
    char     id[ROOMS_POLLS_UUID + 1];
    json_t  *v;

    rooms_polls_id_vote(s->key, vote, id);

    v = json_pack("{s:s, s:s, s:s*, s:o, s:I, s:s}",
                  "voteId", id,
                  "pollId", p->id,
                  "participantId", participant,
                  "submittedAt", rooms_polls_time(at),
                  "currentVoteCount", (json_int_t) t->ballots,
                  "pollType", rooms_polls_types[p->type]);

    if (p->type == ROOMS_POLLS_CHOICE) {
        (void) json_object_set_new(v, "voteBreakdown",
                                   rooms_polls_breakdown(p, t, 0));

    } else if (p->type == ROOMS_POLLS_SCALE) {
        rooms_polls_ratings(v, p, t);
    }

    return v;
}


json_t *
rooms_polls_poll_json(const rooms_polls_state_t *s,
    const rooms_polls_poll_t *p)
{
    json_t  *v;

    v = rooms_polls_created_json(s, p);

    (void) json_object_set_new(v, "status",
                               json_string(rooms_polls_state_of(p)));
    (void) json_object_set_new(v, "totalVotes",
                               json_integer(p->tally.ballots));
    (void) json_object_set_new(v, "activatedAt",
                               rooms_polls_time(p->activated));
    (void) json_object_set_new(v, "closedAt", rooms_polls_time(p->closed));

    if (p->type == ROOMS_POLLS_CHOICE) {
        (void) json_object_set_new(v, "options",
                                   rooms_polls_breakdown(p, &p->tally, 1));

    } else if (p->type == ROOMS_POLLS_SCALE) {
        rooms_polls_ratings(v, p, &p->tally);
    }

    return v;
}


json_t *
rooms_polls_participant_json(const rooms_polls_state_t *s, uint32_t who)
{
    char                              id[ROOMS_POLLS_UUID + 1];
    json_t                           *v;
    const rooms_polls_participant_t  *p;

    p = rooms_polls_participant(s, who);

    rooms_polls_id_make(s->key, s->secret, ROOMS_POLLS_ID_PARTICIPANT, who, 0,
                        id);

    v = json_pack("{s:s, s:s, s:s, s:o, s:o}",
                  "participantId", id,
                  "sessionId", s->id,
                  "connectionState", rooms_polls_presences[p->presence],
                  "joinedAt", rooms_polls_time(p->joined),
                  "lastSeenAt", rooms_polls_time(p->seen));

    if (p->name.data != NULL) {
        (void) json_object_set_new(v, "displayName",
                                   rooms_polls_string(p->name));
    }

    return v;
}


json_t *
rooms_polls_moved_json(const rooms_polls_state_t *s, const char *participant,
    const char *at, const char *now, uint32_t count)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "participantId", participant,
                     "sessionId", s->id, at, now, "participantCount",
                     (json_int_t) count);
}


json_t *
rooms_polls_synced_json(const rooms_polls_state_t *s, uint64_t epoch)
{
    json_t                    *v, *polls;
    uint32_t                   i;
    unsigned char              last[ROOMS_OFFSET_LEN];
    const rooms_polls_poll_t  *p;

    polls = json_array();

    for (i = 0; i < s->npolls; i++) {
        if (s->polls[i]->status != ROOMS_POLLS_DRAFT) {
            (void) json_array_append_new(polls,
                                   rooms_polls_poll_json(s, s->polls[i]));
        }
    }

    p = rooms_polls_poll(s, s->active);

    v = json_pack("{s:o, s:o, s:o, s:o, s:I, s:o}",
                  "session", rooms_polls_session_json(s, 0),
                  "polls", polls,
                  "activePoll", p ? rooms_polls_poll_json(s, p) : json_null(),
                  "results", p ? rooms_polls_results_json(p, &p->tally)
                               : json_null(),
                  "participantCount", (json_int_t) s->connected,
                  "lastEventId", s->last == 0 ? json_null()
                      : json_stringn((const char *) last,
                                     rooms_offset_write(last, epoch,
                                               rooms_message_whole(
                                                              s->last))));

    return v;
}
