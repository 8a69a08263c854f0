'use strict';

/* Votes: over both ways, on polls of each type, by whoever tries. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { usePolls, submit, stored, faults, UUID, ISO } =
    require('./lib/polls');
const { sleep } = require('./lib/player');

const hooks = { before, after, afterEach };
const RATING = { pollType: 'rating_scale', minRating: 1, maxRating: 5 };


/* Public counts: those without a participant. */

function counts(player) {
    return player.all('vote:accepted').filter((e) => e.eventId);
}

function confirmations(player) {
    return player.all('vote:accepted').filter((e) => !e.eventId);
}


describe('polls: votes', () => {
    const server = usePolls(hooks);
    const yes = (poll) => ({ selectedOptionIds: [poll.options[0].optionId] });

    it('P-3 P-35 P-52 P-55 P-56 P-57 P-58 P-60 P-61 P-106 a vote is ' +
        'confirmed to its voter and counted for everybody', async () => {
        const session = await server.running({});
        const { poll } = session;
        const [one, two] = await session.observers();
        const voter = await session.voter({ side: 0 });

        one.clear();
        two.clear();

        const ack = await submit(voter, poll, yes(poll));

        assert.deepStrictEqual(Object.keys(ack).sort(),
            ['currentVoteCount', 'success', 'voteId']);
        assert.match(ack.voteId, UUID);
        assert.strictEqual(ack.currentVoteCount, 1);

        await voter.next('results:updated');

        const mine = confirmations(voter);

        assert.strictEqual(mine.length, 1);
        assert.strictEqual(mine[0].participantId, voter.who.participantId);
        assert.strictEqual(mine[0].voteId, ack.voteId);
        assert.match(mine[0].submittedAt, ISO);
        assert.ok(Date.parse(mine[0].submittedAt) > Date.now() - 60000);
        assert.deepStrictEqual(voter.names().filter((n) => n !== 'event' &&
            !n.startsWith('ack')), ['vote:accepted', 'vote:accepted',
            'results:updated']);

        for (const player of [one, two]) {
            const results = await player.next('results:updated');
            const [shown] = counts(player);

            assert.ok(!('participantId' in shown.payload));
            assert.strictEqual(shown.voteId, ack.voteId);
            assert.strictEqual(shown.pollId, poll.pollId);
            assert.strictEqual(shown.pollType, 'multiple_choice');
            assert.strictEqual(shown.currentVoteCount, 1);
            assert.deepStrictEqual(shown.voteBreakdown, [
                { optionId: poll.options[0].optionId, voteCount: 1,
                    percentage: 100 },
                { optionId: poll.options[1].optionId, voteCount: 0,
                    percentage: 0 }]);
            assert.deepStrictEqual(results.results, { totalVotes: 1,
                options: shown.voteBreakdown });
            assert.ok(results.sequence > shown.sequence);
            assert.deepStrictEqual(confirmations(player), []);
            assert.deepStrictEqual(faults(player), []);
        }

        assert.deepStrictEqual(faults(voter), []);

        const closed = await session.close(poll);

        assert.strictEqual(closed.totalVotes, 1);
        assert.deepStrictEqual((await one.next('poll:closed')).results,
            { totalVotes: 1, options: [{ optionId: poll.options[0].optionId,
                voteCount: 1, percentage: 100 },
            { optionId: poll.options[1].optionId, voteCount: 0,
                percentage: 0 }] });
    });

    it('P-53 P-101 a vote over REST has the same events', async () => {
        const session = await server.running({});
        const [one] = await session.observers();
        const voter = await session.voter({ side: 1 });

        one.clear();

        const res = await session.vote(session.poll, voter.who,
            { selectedOptionId: session.poll.options[1].optionId });

        assert.strictEqual(res.status, 202, res.text);
        assert.strictEqual(res.json.status, 'Accepted');
        assert.strictEqual(res.json.selectedOptionId,
            session.poll.options[1].optionId);
        await voter.next('results:updated');
        await one.next('results:updated');
        assert.strictEqual(confirmations(voter)[0].voteId, res.json.voteId);
        assert.strictEqual(counts(one)[0].voteId, res.json.voteId);
    });

    it('P-59 ratings have an average and a distribution', async () => {
        const session = await server.running(RATING);
        const voters = [await session.voter(), await session.voter(),
            await session.voter()];

        for (const [i, ratingValue] of [5, 4, 4].entries()) {
            assert.strictEqual((await submit(voters[i], session.poll,
                { ratingValue })).success, true);
        }

        await voters[0].on(() => voters[0].all('results:updated').some((e) =>
            e.results.totalVotes === 3), 'three');

        const last = counts(voters[0]).at(-1);

        assert.strictEqual(last.averageRating, 4.33);
        assert.deepStrictEqual(last.ratingDistribution,
            { 1: 0, 2: 0, 3: 0, 4: 2, 5: 1 });
        assert.ok(!('voteBreakdown' in last));
        assert.deepStrictEqual(faults(voters[0]), []);
    });

    it('P-54 P-64 what does not belong to the type is refused', async () => {
        const session = await server.running({});
        const { options } = session.poll;
        const voter = await session.voter();
        const reason = async (poll, data) =>
            (await submit(voter, poll, data)).reason;

        for (const data of [{}, { selectedOptionIds: [] },
            { selectedOptionIds: ['nope'] }, { ratingValue: 3 },
            { textResponse: 'x' }, { selectedOptionIds:
                options.map((o) => o.optionId) },
            { selectedOptionIds: [options[0].optionId], ratingValue: 3 }]) {
            assert.strictEqual(await reason(session.poll, data),
                'invalid_option', JSON.stringify(data));
        }

        const scale = await session.create(RATING);

        await session.activate(scale);

        for (const ratingValue of [0, 6, 2.5, -1]) {
            assert.strictEqual(await reason(scale, { ratingValue }),
                'invalid_rating');
        }

        assert.strictEqual(await reason(scale, { textResponse: 'x' }),
            'invalid_option');

        const res = await session.vote(scale, voter.who, { ratingValue: 9 });

        assert.strictEqual(`${res.status} ${res.json.error.code}`,
            '400 INVALID_RATING');

        const text = await session.create({ pollType: 'open_text' });

        await session.activate(text);
        assert.strictEqual(await reason(text, { ratingValue: 3 }),
            'invalid_option');
        assert.strictEqual((await submit(voter, text, { textResponse:
            'Grüße' })).success, true);
        await voter.on(() => voter.all('results:updated').some((e) =>
            e.pollId === text.pollId), 'results');
        assert.deepStrictEqual(voter.all('results:updated').at(-1).results,
            { totalVotes: 1 });
        assert.deepStrictEqual(faults(voter), []);
    });

    it('P-58 P-69 several options on one ballot, where allowed', async () => {
        const session = await server.running({ allowMultiple: true });
        const ids = session.poll.options.map((o) => o.optionId);

        for (const selectedOptionIds of [ids, [ids[0]], [ids[0], ids[0]]]) {
            assert.strictEqual((await session.vote(session.poll,
                await session.join(), { selectedOptionIds })).status, 202);
        }

        const { totalVotes, options } = await session.results(session.poll);

        assert.strictEqual(totalVotes, 3);
        assert.deepStrictEqual(options.map((o) => [o.voteCount,
            o.percentage]), [[3, 100], [1, 33.33]]);
    });

    it('P-62 P-63 P-65 P-66 P-108 a second vote is refused, to its voter ' +
        'alone, and counts nowhere', async () => {
        const session = await server.running({});
        const { poll } = session;
        const [one, two] = await session.observers();
        const voter = await session.voter({ side: 0 });

        await submit(voter, poll, yes(poll));
        await two.next('results:updated');
        await sleep(150);
        one.clear();
        two.clear();
        voter.clear();

        const ack = await submit(voter, poll,
            { selectedOptionIds: [poll.options[1].optionId] });
        const rejected = await voter.next('vote:rejected');

        assert.strictEqual(ack.success, false);
        assert.strictEqual(ack.reason, 'duplicate_vote');
        assert.deepStrictEqual(Object.keys(rejected.payload).sort(),
            ['message', 'participantId', 'pollId', 'pollType', 'reason',
                'timestamp']);

        const res = await session.vote(poll, voter.who,
            { optionId: poll.options[0].optionId });

        assert.strictEqual(res.status, 409);
        assert.strictEqual(res.json.error.code, 'DUPLICATE_VOTE');
        await voter.next('vote:rejected');
        await sleep(200);
        assert.deepStrictEqual(one.names(), []);
        assert.deepStrictEqual(two.names(), []);
        assert.strictEqual((await session.results(poll)).totalVotes, 1);
        assert.deepStrictEqual(faults(voter), []);
    });

    it('P-62 P-63 of many at once exactly one is stored', async () => {
        const session = await server.running({});
        const { poll } = session;
        const who = await session.join();
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
            session.vote(poll, who, { optionId:
                poll.options[i % 2].optionId })));

        assert.deepStrictEqual(answers.map((a) => a.status).sort(),
            [202, ...Array(19).fill(409)]);
        assert.strictEqual((await session.results(poll)).totalVotes, 1);
    });

    it('P-23 P-70 P-71 P-95 nobody votes for somebody else', async () => {
        const session = await server.running({});
        const other = await server.running({});
        const { poll } = session;
        const watcher = await session.socket();
        const voter = await session.voter();
        const stranger = await other.voter();
        const victim = await session.join();
        const ask = (player, participantId, pollId) =>
            player.ask('vote:submitted', { pollId: pollId || poll.pollId,
                participantId, voteData: yes(poll) });
        const code = async (promise) => (await promise).errorCode;

        assert.strictEqual(await code(ask(watcher, victim.participantId)),
            'PARTICIPANT_NOT_JOINED');
        assert.strictEqual(await code(ask(voter, victim.participantId)),
            'UNAUTHORIZED');
        assert.strictEqual(await code(ask(stranger,
            stranger.who.participantId)), 'PARTICIPANT_NOT_JOINED');
        assert.strictEqual(await code(ask(voter, voter.who.participantId,
            '00000000-0000-4000-8000-000000000000')), 'POLL_NOT_FOUND');

        const error = await voter.next('error:general');

        assert.strictEqual(error.requestContext.eventName, 'vote:submitted');

        for (const who of [stranger.who, { participantId:
            '00000000-0000-4000-8000-000000000000' }]) {
            const res = await session.vote(poll, who,
                { optionId: poll.options[0].optionId });

            assert.strictEqual(`${res.status} ${res.json.error.code}`,
                '403 PARTICIPANT_NOT_JOINED');
        }

        const wrong = await session.post(`/polls/${poll.pollId}/votes`,
            { participantId: victim.participantId,
                optionId: poll.options[0].optionId },
            { authorization: `Bearer ${voter.who.participantToken}` });

        assert.strictEqual(wrong.status, 403);
        assert.strictEqual((await session.results(poll)).totalVotes, 0);
    });

    it('P-67 P-68 P-17 nothing that anybody receives in an anonymous poll ' +
        'tells who voted', async () => {
        const session = await server.running({});
        const { poll } = session;
        const voters = [];

        for (let i = 0; i < 6; i++) {
            voters.push(await session.voter({ side: i % 2 }));
        }

        const [one, two] = await session.observers();
        const got = [];

        /* ids stand in participant:joined, which is not about votes */
        await sleep(200);

        for (const player of [one, two, ...voters]) {
            player.clear();
            player.socket.io.engine.on('packet', ({ data }) =>
                got.push([player, String(data)]));
        }

        for (const [i, voter] of voters.entries()) {
            await (i % 2 ? submit(voter, poll, yes(poll))
                : session.vote(poll, voter.who,
                    { optionId: poll.options[1].optionId }));
        }

        await session.close(poll);
        await two.next('poll:closed');
        await voters[5].next('poll:closed');
        assert.ok(got.length > 20);

        for (const [player, data] of got) {
            for (const voter of voters.filter((v) => v !== player)) {
                assert.ok(!data.includes(voter.who.participantId), data);
            }
        }

        const list = (await server.rest.get(`/polls/${poll.pollId}/votes`,
            session.auth)).json;

        assert.strictEqual(list.count, 6);
        assert.ok(!JSON.stringify(list).includes('participantId'));
        assert.strictEqual((await server.rest.get(
            `/polls/${poll.pollId}/votes`)).status, 403);

        for (const { voteId } of list.votes) {
            for (const voter of voters) {
                assert.notStrictEqual(voteId.slice(14),
                    voter.who.participantId.slice(14));
            }
        }
    });

    it('P-68 of a poll that is not anonymous REST says who voted, events ' +
        'do not', async () => {
        const session = await server.running({ isAnonymous: false });
        const { poll } = session;
        const [one] = await session.observers();
        const voter = await session.voter();

        await sleep(200);
        one.clear();
        await submit(voter, poll, yes(poll));
        await one.next('results:updated');
        assert.ok(!JSON.stringify(one.log).includes(
            voter.who.participantId));

        const { votes } = (await server.rest.get(
            `/polls/${poll.pollId}/votes`, session.auth)).json;

        assert.strictEqual(votes[0].participantId, voter.who.participantId);
        assert.deepStrictEqual(votes[0].selectedOptionIds,
            [poll.options[0].optionId]);

        const voted = (await server.rest.get(`/polls/${poll.pollId}/` +
            `participants/${voter.who.participantId}/voted`)).json;

        assert.strictEqual(voted.hasVoted, true);
    });

    it('P-61 P-69 P-91 counts of a burst are told at most every 100 ms, the ' +
        'last is not lost', async () => {
        const session = await server.running({});
        const { poll } = session;
        const [one, two] = await session.observers();
        const people = [];

        for (let i = 0; i < 40; i++) {
            people.push(await session.join());
        }

        await one.on(() => one.all('participant:joined')[39], 'all');
        await two.on(() => two.all('participant:joined')[39], 'all');
        one.clear();
        two.clear();

        const from = Date.now();

        await Promise.all(people.map((who, i) => session.vote(poll, who,
            { optionId: poll.options[i % 4 ? 0 : 1].optionId })));

        for (const player of [one, two]) {
            await player.on(() => player.all('results:updated').some((e) =>
                e.results.totalVotes === 40), 'all counted');

            const seen = counts(player).map((e) => e.currentVoteCount);
            const times = counts(player).map((e) => Date.parse(e.timestamp));

            assert.deepStrictEqual([...seen].sort((a, b) => a - b), seen);
            assert.strictEqual(seen.at(-1), 40);
            assert.ok(seen.length <= (Date.now() - from) / 100 + 2, seen);

            for (let i = 1; i < times.length; i++) {
                assert.ok(times[i] - times[i - 1] >= 100, times);
            }
        }

        assert.deepStrictEqual(stored(one), stored(two));

        const { options } = await session.results(poll);

        assert.deepStrictEqual(options.map((o) => [o.voteCount,
            o.percentage]), [[30, 75], [10, 25]]);
    });

    it('P-12 P-94 P-97 what is not in the contract is answered with ' +
        'error:general', async () => {
        const session = await server.running({});
        const voter = await session.voter();

        for (const args of [[], [null], [{}], [{ pollId: 1 }], ['x']]) {
            const ack = await voter.ask('vote:submitted', ...args);

            assert.strictEqual(ack.errorCode, 'INVALID_PAYLOAD');

            const error = await voter.next('error:general');

            assert.strictEqual(error.errorCode, 'INVALID_PAYLOAD');
            assert.match(error.timestamp, ISO);
            assert.strictEqual(error.sessionId, session.id);
        }

        voter.tell('no:such:event', { a: 1 });
        assert.strictEqual((await voter.next('error:general')).errorCode,
            'UNKNOWN_EVENT');
        assert.deepStrictEqual(faults(voter), []);
    });
});
