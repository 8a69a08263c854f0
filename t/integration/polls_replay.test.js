'use strict';

/* Replay: who was away has afterwards what the others have, and no more. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { PollsServer, usePolls, submit, stored, faults } =
    require('./lib/polls');
const { SCALE, sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };


function lastId(player) {
    return stored(player).at(-1).eventId;
}


describe('polls: replay', () => {
    const server = usePolls(hooks);

    for (const [format, name] of [['both', 'lastEventId'],
        ['named', 'fromEventId'], ['envelope', 'lastEventId']]) {
        it(`P-80 P-81 P-82 P-89 P-103 ${name} in the format ${format}: ` +
            'reconnected, then just what was missed', async () => {
            const session = await server.running({});
            const [watch] = await session.observers();
            const voter = await session.voter({ side: 1,
                query: { format } });
            const other = await session.voter({ side: 0 });
            const choice = { selectedOptionIds: [
                session.poll.options[0].optionId] };

            await submit(voter, session.poll, choice);
            await watch.next('results:updated');
            await sleep(150);

            const from = lastId(watch);

            /* it took some connections to find the worker */
            const gone = () => watch.all('participant:disconnected').length;
            const before = gone();

            voter.vanish();
            await watch.on(() => gone() > before, 'gone');
            await submit(other, session.poll, choice);
            await session.close(session.poll);

            const next = await session.create({ question: 'More?' });

            await session.activate(next);
            await watch.on(() => watch.all('poll:activated')[0], 'active');

            const want = stored(watch).slice(stored(watch).findIndex((e) =>
                e.eventId === from) + 1);
            const back = await server.player({ query: {
                sessionId: session.id, format,
                participantId: voter.who.participantId, [name]: from } });

            await back.on(() => back.log.some((e) => e.kind === 'event' &&
                e.data.eventType === 'participant:reconnected'), 'itself');

            const events = back.log.filter((e) => e.kind === 'event');
            const hello = back.all('connection:reconnected')[0];

            assert.strictEqual(hello.connectionId, back.id);
            assert.strictEqual(hello.replayFrom, from);
            assert.strictEqual(hello.replayCount, want.length);
            assert.strictEqual(hello.fullSyncRequired, false);

            const names = events.map((e) => (e.name === 'event'
                ? e.data.eventType : e.name));

            assert.strictEqual(names[0], 'connection:established');
            assert.ok(names.indexOf('connection:reconnected') <
                names.indexOf('participant:disconnected'));

            for (const form of format === 'both' ? ['event', 'named']
                : [format === 'named' ? 'named' : 'event']) {
                const got = events.filter((e) => e.data.eventId &&
                    (form === 'event') === (e.name === 'event'))
                    .map((e) => [e.data.eventId, e.data.eventType,
                        e.data.sequence]);

                assert.deepStrictEqual(got.slice(0, want.length),
                    want.map((e) => [e.eventId, e.eventType, e.sequence]));
                assert.strictEqual(got.length, want.length + 1);
            }

            if (format === 'envelope') {
                assert.strictEqual(back.all('event:replay:start').length, 1);
                assert.strictEqual(back.all('event:replay:complete')[0]
                    .replayedCount, want.length);
            }

            assert.deepStrictEqual(faults(back), []);
        });
    }

    it('P-88 what was for another voter alone is not replayed', async () => {
        const session = await server.running({});
        const [watch] = await session.observers();
        const voter = await session.voter();
        const choice = { selectedOptionIds: [
            session.poll.options[0].optionId] };

        await session.create();
        await watch.next('poll:created');

        const from = lastId(watch);

        await submit(voter, session.poll, choice);
        await submit(voter, session.poll, choice);
        await session.vote(session.poll, voter.who,
            { optionId: session.poll.options[0].optionId });
        await watch.next('results:updated');

        const back = await server.player({ query: { sessionId: session.id,
            lastEventId: from } });

        await back.next('results:updated');

        const text = JSON.stringify(back.log.filter((e) => e.data &&
            e.data.eventType !== 'participant:joined'));

        assert.ok(!text.includes(voter.who.participantId));
        assert.deepStrictEqual(back.all('vote:rejected'), []);
        assert.strictEqual(back.all('vote:accepted').length, 1);
    });

    it('P-85 P-87 P-104 an id that is unknown gives everything at once',
        async () => {
            const session = await server.running({});
            const other = await server.running({});
            const voter = await session.voter();
            const far = await other.socket();

            await submit(voter, session.poll, { selectedOptionIds: [
                session.poll.options[0].optionId] });
            await other.create();

            const foreign = (await far.next('poll:created')).eventId;
            const epoch = foreign.split('-')[0];

            for (const lastEventId of ['nonsense', 'abc-1', `${epoch}-zzzzzz`,
                `${epoch}-1`, foreign, `${epoch}-`]) {
                const back = await server.player({ query: {
                    sessionId: session.id, lastEventId } });
                const hello = await back.next('connection:reconnected');
                const sync = await back.next('session:synced');

                assert.strictEqual(hello.replayCount, 0, lastEventId);
                assert.strictEqual(hello.fullSyncRequired, true);
                assert.strictEqual(sync.activePoll.pollId,
                    session.poll.pollId);
                assert.strictEqual(sync.results.totalVotes, 1);
                assert.strictEqual(sync.session.sessionId, session.id);
                assert.deepStrictEqual(faults(back), []);

                const again = await server.player({ query: {
                    sessionId: session.id, lastEventId: sync.lastEventId } });

                assert.strictEqual((await again.next(
                    'connection:reconnected')).fullSyncRequired, false);
                back.close();
                again.close();
            }
        });

    it('P-92 the event reconnect starts a replay on an open socket',
        async () => {
            const session = await server.session();
            const player = await session.socket();

            await session.create();

            const first = (await player.next('poll:created')).eventId;

            await session.start();
            await session.create();
            await player.on(() => player.all('poll:created')[1], 'both');
            player.clear();
            player.tell('reconnect', first);

            const hello = await player.next('connection:reconnected');

            assert.strictEqual(hello.replayCount, 2);
            await player.next('poll:created');
            assert.deepStrictEqual(stored(player).map((e) => e.eventType),
                ['session:started', 'poll:created']);
            player.tell('reconnect');
            assert.strictEqual((await player.next('session:synced'))
                .session.status, 'active');
            assert.strictEqual((await player.ask('reconnect', null)).success,
                true);
        });

    it("P-90 P-103 Socket.IO's own recovery works on top", async () => {
        const session = await server.running({});
        const [watch] = await session.observers();
        const voter = await session.voter({ side: 1 });

        await session.create();
        await voter.next('poll:created');
        voter.drop();
        await watch.next('participant:disconnected');
        await session.create();

        const again = await voter.connection(1);

        assert.strictEqual(again.recovered, true);
        await voter.on(() => voter.all('poll:created')[1], 'missed');
        await watch.next('participant:reconnected');
        await voter.next('participant:reconnected');
        assert.strictEqual(new Set(stored(voter).map((e) => e.eventId)).size,
            stored(voter).length);
        assert.strictEqual((await submit(voter, session.poll,
            { selectedOptionIds: [session.poll.options[0].optionId] }))
            .success, true);
    });
});


describe('polls: the window', () => {
    it('P-84 P-85 what is within the history is replayed, what is older is ' +
        'not', async () => {
        const history = 2500 * SCALE;
        const server = await new PollsServer({ history: `${history}ms` })
            .start();

        try {
            const session = await server.session();
            const socket = await session.socket();

            await session.create();

            const { eventId } = await socket.next('poll:created');

            await session.start();

            const hello = async () => {
                const back = await server.player({ query: {
                    sessionId: session.id, lastEventId: eventId } });

                return back.next('connection:reconnected');
            };

            assert.strictEqual((await server.dinner()).journal.history_ms,
                history);
            await sleep(history / 3);
            assert.deepStrictEqual([await hello()].map((h) =>
                [h.fullSyncRequired, h.replayCount]), [[false, 1]]);
            await sleep(history);
            assert.deepStrictEqual([await hello()].map((h) =>
                [h.fullSyncRequired, h.replayCount]), [[true, 0]]);
        } finally {
            await server.stop();
        }
    });

    it('P-84 a zone that holds less than asked for says so once',
        async () => {
            const server = await new PollsServer({ zone: '1m',
                redis: null }).start();

            try {
                const began = Date.now();
                const session = await server.session();
                const socket = await session.socket({ query: {
                    format: 'named' } });

                for (let i = 0; i < 700; i++) {
                    await session.join('x'.repeat(100));
                }

                await until(() => /not the history of 86400 s/
                    .test(server.errorLog()), 'warning');
                await sleep(300);
                assert.strictEqual(server.errorLog().match(
                    /not the history of/g).length, 1);

                const { journal } = await server.dinner();

                assert.strictEqual(journal.history_ms, 86400000);

                /* what it says that it holds, it holds, and no more */
                await socket.on(() => socket.all('participant:joined')[699],
                    'all');

                const events = socket.all('participant:joined');
                const sync = async (e) => {
                    const back = await server.player({ query: {
                        sessionId: session.id, lastEventId: e.eventId } });

                    return (await back.next('connection:reconnected'))
                        .fullSyncRequired;
                };
                const { time } = await server.status();
                const kept = events.filter((e) => Date.parse(e.timestamp) >
                    time - journal.window_ms + 50);

                assert.ok(journal.window_ms < Date.now() - began);
                assert.ok(kept.length > 10 && kept.length < 700,
                    `${kept.length} of ${events.length}`);
                assert.strictEqual(await sync(events[0]), true);
                assert.strictEqual(await sync(kept.at(-1)), false);
                assert.strictEqual((await server.rest.get(
                    `/sessions/${session.id}`)).json.participantCount, 700);
            } finally {
                await server.stop();
            }
        });
});
