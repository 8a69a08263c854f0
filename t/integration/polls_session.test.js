'use strict';

/* Sessions and polls: what a presenter does, and who hears of it. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { usePolls, stored, faults, UUID, ISO, submit } =
    require('./lib/polls');
const { sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };


describe('polls: sessions', () => {
    const server = usePolls(hooks);

    it('P-32 P-33 P-105 session:created goes to the presenter who watches ' +
        'the list, to no one else', async () => {
        const first = await server.session();
        const list = await server.player({ query: { role: 'presenter',
            token: first.token } });
        const other = await first.voter();

        await list.next('connection:established');

        const second = await server.session({ title: 'Second' }, first.token);
        const created = await list.next('session:created');

        assert.deepStrictEqual(created.payload, {
            sessionId: second.id, title: 'Second', slug: second.slug,
            presenterId: first.created.presenterId, status: 'draft',
            createdAt: second.created.createdAt });
        assert.strictEqual(second.created.presenterId,
            first.created.presenterId);
        assert.match(created.sessionId, UUID);
        assert.match(second.slug, /^[A-Z0-9]{6}$/);

        await first.start();
        await other.next('session:started');
        assert.deepStrictEqual(other.all('session:created'), []);
        assert.deepStrictEqual(faults(list), []);
    });

    it('P-1 P-2 P-15 P-16 P-34 P-41 P-102 P-105 each step has its event, ' +
        'the same for both workers', async () => {
        const session = await server.session();
        const pair = await session.observers();
        const poll = await session.create();

        await session.start();
        await session.activate(poll);
        await session.close(poll);
        await session.end();

        const want = ['poll:created', 'session:started', 'poll:activated',
            'poll:closed', 'results:updated', 'session:ended'];

        for (const player of pair) {
            await player.next('session:ended');
            assert.deepStrictEqual(stored(player).map((e) => e.eventType),
                want);
            assert.deepStrictEqual(faults(player), []);
        }

        assert.deepStrictEqual(stored(pair[0]), stored(pair[1]));
        assert.strictEqual(new Set(stored(pair[0]).map((e) => e.eventId))
            .size, want.length);

        const started = pair[0].all('session:started')[0];

        assert.strictEqual(started.status, 'active');
        assert.strictEqual(started.participantCount, 0);
        assert.match(started.startedAt, ISO);
    });

    it('P-6 P-7 P-8 P-14 P-98 P-99 events carry name, time, session, id and ' +
        'sequence, in both forms', async () => {
        const session = await server.session();
        const both = await session.socket();
        const named = await session.socket({ query: { format: 'named' } });
        const envelope = await session.socket({
            query: { format: 'envelope' } });

        await session.start();

        const flat = await named.next('session:started');
        const wrapped = await envelope.next('event');

        assert.strictEqual(wrapped.eventType, 'session:started');
        assert.deepStrictEqual(Object.keys(wrapped).sort(), ['eventId',
            'eventType', 'payload', 'sequence', 'sessionId', 'timestamp']);
        assert.strictEqual(wrapped.sessionId, session.id);
        assert.match(wrapped.timestamp, ISO);
        assert.match(wrapped.eventId, /^[0-9a-z]+-[0-9a-z]+$/);
        assert.deepStrictEqual(flat, { ...wrapped.payload, ...wrapped });

        await both.next('event');
        await both.next('session:started');
        assert.deepStrictEqual(both.all('event')[0], wrapped);
        assert.deepStrictEqual(both.all('session:started')[0], flat);
        assert.deepStrictEqual(named.names(), ['session:started']);
        assert.deepStrictEqual(envelope.names(), ['event']);

        const poll = await session.create();
        const next = await envelope.on(() => envelope.all('event')[1],
            'poll:created');

        assert.strictEqual(next.payload.pollId, poll.pollId);
        assert.ok(next.sequence > wrapped.sequence);
        assert.notStrictEqual(next.eventId, wrapped.eventId);
    });

    it('P-36 P-37 P-38 ending closes the open poll, refuses votes, keeps ' +
        'results', async () => {
        const session = await server.running({});
        const voter = await session.voter();
        const { poll } = session;

        assert.strictEqual((await submit(voter, poll, { selectedOptionIds: [
            poll.options[0].optionId] })).success, true);
        await voter.next('results:updated');
        voter.clear();
        await session.end();

        const ended = await voter.next('session:ended');

        assert.strictEqual(ended.finalParticipantCount, 1);
        assert.strictEqual(ended.status, 'ended');
        assert.match(ended.endedAt, ISO);
        await voter.next('participant:left');
        assert.deepStrictEqual(stored(voter).map((e) => e.eventType)
            .filter((name) => name !== 'vote:accepted'), [
            'session:ended', 'poll:closed', 'results:updated',
            'participant:left']);

        const ack = await submit(voter, poll, { selectedOptionIds: [
            poll.options[0].optionId] });

        assert.strictEqual(ack.reason, 'poll_not_active');

        const res = await session.vote(poll, voter.who,
            { optionId: poll.options[0].optionId });

        assert.strictEqual(res.status, 400);
        assert.strictEqual(res.json.error.code, 'SESSION_NOT_ACTIVE');
        assert.strictEqual((await session.results(poll)).totalVotes, 1);
    });

    it('P-39 a session is started once, ended when it runs', async () => {
        const session = await server.session();
        const socket = await session.socket();
        const at = (name) => session.post(`/sessions/${session.id}/${name}`);

        for (const name of ['end', 'pause', 'resume']) {
            assert.strictEqual((await at(name)).status, 400);
        }

        await session.start();
        assert.strictEqual((await at('start')).json.error.code,
            'INVALID_STATE');
        await session.end();
        assert.strictEqual((await at('end')).status, 400);
        assert.strictEqual((await at('start')).status, 400);
        await socket.next('session:ended');
        assert.deepStrictEqual(stored(socket).map((e) => e.eventType),
            ['session:started', 'session:ended']);
    });

    it('P-15 a session pauses and goes on', async () => {
        const session = await server.running({});
        const voter = await session.voter();
        const choice = { selectedOptionIds: [
            session.poll.options[0].optionId] };

        await session.command('pause');
        assert.strictEqual((await voter.next('session:paused')).status,
            'paused');
        assert.strictEqual((await submit(voter, session.poll, choice))
            .reason, 'poll_not_active');
        assert.strictEqual((await server.rest.post(
            `/sessions/${session.slug}/join`, {})).status, 400);
        await session.command('resume');
        await voter.next('session:resumed');
        assert.strictEqual((await submit(voter, session.poll, choice))
            .success, true);
    });

    it('P-40 P-96 nobody but the presenter may change anything', async () => {
        const session = await server.session();
        const other = await server.session();
        const poll = await session.create();

        for (const headers of [{}, other.auth,
            { authorization: 'Bearer nonsense' }]) {
            for (const url of [`/sessions/${session.id}/start`,
                `/sessions/${session.id}/end`, `/polls/${poll.pollId}/close`,
                `/polls/${poll.pollId}/activate`]) {
                const res = await session.post(url, undefined, headers);

                assert.strictEqual(res.status, 403, url);
                assert.strictEqual(res.json.error.code, 'UNAUTHORIZED');
            }

            assert.strictEqual((await session.post(
                `/sessions/${session.id}/polls`, { question: 'x',
                    options: [{ text: 'a' }, { text: 'b' }] }, headers))
                .status, 403);
        }

        assert.strictEqual((await session.results(poll)).status, 'draft');
    });

    it('P-17 P-78 no event carries a token', async () => {
        const session = await server.running({});
        const socket = await session.socket();
        const voter = await session.voter();

        await session.vote(session.poll, voter.who,
            { optionId: session.poll.options[1].optionId });
        await socket.next('results:updated');

        const text = JSON.stringify([socket.log, voter.log]);

        assert.ok(!text.includes(session.token));
        assert.ok(!text.includes(voter.who.participantToken));
    });
});


describe('polls: polls', () => {
    const server = usePolls(hooks);

    it('P-11 P-42 P-43 P-51 poll:created says all there is of each type',
        async () => {
            const session = await server.session();
            const [one, two] = await session.observers();

            await session.create({ allowMultiple: true });
            await session.create({ pollType: 'rating_scale', minRating: 2,
                maxRating: 7, isAnonymous: false });
            await session.create({ pollType: 'open_text' });
            await one.on(() => one.all('poll:created')[2], 'three');
            await two.on(() => two.all('poll:created')[2], 'three');

            const [choice, scale, text] = one.all('poll:created')
                .map((e) => e.payload);

            assert.deepStrictEqual(one.all('poll:created'),
                two.all('poll:created'));
            assert.deepStrictEqual([choice, scale, text].map((p) =>
                p.sequenceOrder), [1, 2, 3]);
            assert.deepStrictEqual(choice.options.map((o) => [o.optionText,
                o.sequenceOrder]), [['Yes', 1], ['No', 2]]);
            assert.strictEqual(choice.allowMultiple, true);
            assert.strictEqual(choice.isAnonymous, true);
            assert.ok(!('minRating' in choice));
            assert.deepStrictEqual([scale.minRating, scale.maxRating,
                scale.isAnonymous, scale.options], [2, 7, false, undefined]);
            assert.deepStrictEqual([text.pollType, text.options,
                text.maxRating], ['open_text', undefined, undefined]);
            assert.deepStrictEqual(faults(one), []);
        });

    it('P-44 P-48 P-49 P-50 a poll is voted on from activation to close',
        async () => {
            const session = await server.session();
            const voter = await session.voter();
            const poll = await session.create();
            const choice = { selectedOptionIds: [poll.options[0].optionId] };

            await session.start();

            const early = await submit(voter, poll, choice);

            assert.strictEqual(early.reason, 'poll_not_active');
            await session.activate(poll);
            assert.strictEqual((await submit(voter, poll, choice)).success,
                true);

            const late = await session.voter();

            await session.close(poll);
            assert.strictEqual((await submit(late, poll, choice)).reason,
                'poll_closed');
            assert.strictEqual((await session.results(poll)).totalVotes, 1);

            for (const what of ['activate', 'close']) {
                assert.strictEqual((await session.post(
                    `/polls/${poll.pollId}/${what}`)).status, 400);
            }

            assert.strictEqual((await server.rest.send('PATCH',
                `/polls/${poll.pollId}`, { question: 'New?' }, session.auth))
                .status, 400);
        });

    it('P-45 P-46 P-47 a second activation closes the first poll',
        async () => {
            const session = await server.running({});
            const [one, two] = await session.observers();
            const next = await session.create({ question: 'And this?' });
            const strict = await session.post(
                `/polls/${next.pollId}/activate?strict=true`);

            assert.strictEqual(strict.status, 409);
            assert.strictEqual(strict.json.error.code, 'ACTIVE_POLL_EXISTS');
            await session.activate(next);

            for (const player of [one, two]) {
                const opened = await player.next('poll:activated');
                const closed = await player.next('poll:closed');

                assert.strictEqual(closed.pollId, session.poll.pollId);
                assert.strictEqual(closed.finalVoteCount, 0);
                assert.match(closed.closedAt, ISO);
                assert.ok(closed.sequence < opened.sequence);
                assert.strictEqual(opened.question, 'And this?');
                assert.match(opened.activatedAt, ISO);
            }

            const shown = (await server.rest.get(
                `/sessions/${session.id}`)).json;

            assert.strictEqual(shown.activePollId, next.pollId);
        });

    it('P-42 options and ratings have their limits', async () => {
        const session = await server.session();
        const at = `/sessions/${session.id}/polls`;
        const make = async (poll) => {
            const res = await session.post(at, { question: 'x', ...poll });

            return `${res.status} ${res.json.error && res.json.error.code}`;
        };
        const options = (...texts) => ({ options: texts.map((text) =>
            ({ text })) });

        assert.strictEqual(await make(options('a')),
            '400 INSUFFICIENT_OPTIONS');
        assert.strictEqual(await make(options(...'abcdefghijk')),
            '400 TOO_MANY_OPTIONS');
        assert.strictEqual(await make(options('a', 'A')),
            '422 INVALID_PAYLOAD');
        assert.strictEqual(await make(options('a', 'x'.repeat(201))),
            '422 INVALID_PAYLOAD');
        assert.strictEqual(await make({ pollType: 'rating_scale',
            minRating: 5, maxRating: 5 }), '422 INVALID_PAYLOAD');
        assert.strictEqual(await make({ pollType: 'rating_scale',
            minRating: 0, maxRating: 5 }), '422 INVALID_PAYLOAD');
        assert.strictEqual(await make({ pollType: 'quiz' }),
            '422 INVALID_PAYLOAD');
        assert.strictEqual((await session.post(at, {})).status, 422);
    });

    it('P-50 a poll in draft can be edited', async () => {
        const session = await server.session();
        const poll = await session.create();
        const res = await server.rest.send('PATCH', `/polls/${poll.pollId}`,
            { question: 'Now?', options: [{ text: 'b', order: 2 },
                { text: 'a', order: 1 }, { text: 'c', order: 3 }] },
            session.auth);

        assert.strictEqual(res.status, 200, res.text);

        const now = await session.results(poll);

        assert.strictEqual(now.question, 'Now?');
        assert.deepStrictEqual(now.options.map((o) => o.text),
            ['a', 'b', 'c']);
        assert.deepStrictEqual((await server.rest.get(
            `/sessions/${session.id}/polls`)).json, { polls: [] });
    });

    it('P-24 no event leaks into another session', async () => {
        const one = await server.running({});
        const two = await server.running({});
        const here = await one.socket();
        const there = await two.socket();
        const voter = await one.voter();

        await one.vote(one.poll, voter.who,
            { optionId: one.poll.options[0].optionId });
        await here.next('results:updated');
        await sleep(150);
        assert.deepStrictEqual(there.names(), []);
    });

    it('P-126 everything can be read over REST, below /api too, by code too',
        async () => {
            const session = await server.running({});
            const get = async (url) => {
                const res = await server.rest.get(url);

                assert.strictEqual(res.status, 200, `${url} ${res.text}`);
                return res.json;
            };

            const state = await get(`/api/sessions/${session.id}/state`);

            assert.strictEqual(state.activePoll.pollId, session.poll.pollId);
            assert.strictEqual((await get(`/sessions/code/${session.slug}`))
                .sessionId, session.id);
            assert.strictEqual((await get(
                `/sessions/${session.id}/polls/active`)).pollId,
            session.poll.pollId);
            assert.strictEqual((await get(`/polls/${session.poll.pollId}`))
                .status, 'active');
            assert.deepStrictEqual(await get(
                `/polls/${session.poll.pollId}/votes/count`),
            { pollId: session.poll.pollId, count: 0 });
            assert.strictEqual((await get('/health')).status, 'healthy');
            assert.ok(!('accessCode' in await get(
                `/sessions/${session.id}`)));

            for (const [url, status] of [['/sessions/nope', 400],
                ['/polls/nope', 400], ['/sessions/code/abc', 422],
                ['/sessions/code/AAAAA0', 404], ['/nothing', 404],
                ['/polls/00000000-0000-4000-8000-000000000000', 404],
                ['/sessions/00000000-0000-4000-8000-000000000000', 404]]) {
                assert.strictEqual((await server.rest.get(url)).status,
                    status, url);
            }

            await until(async () => (await server.rest.get('/status'))
                .json.apps.polls.journal.history_ms === 86400000, 'status');
        });
});
