'use strict';

/* Sockets that do not read, workers that start again: who else is affected. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { usePolls, submit, stored, faults } = require('./lib/polls');
const { SCALE, sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };
const OPTIONS = Array.from({ length: 10 }, (_, i) =>
    ({ text: `${i}${'x'.repeat(199)}` }));


describe('polls: sockets that do not read', () => {
    const server = usePolls(hooks, { zone: '64m', listen: 'sndbuf=64k',
        rooms: ['rooms_send_queue 256k;'] });

    const tcp = (player) => player.socket.io.engine.transport.ws._socket;
    const closed = async () => (await server.dinner()).refused.queue;

    it('P-93 P-118 commands are answered and others served meanwhile; who ' +
        'was closed catches up by replay', async () => {
        const session = await server.running({});
        const [one, two] = await session.observers();
        const voter = await session.voter();
        const slow = [await session.socket({ side: 0 }),
            await session.socket({ side: 1 })];
        const was = await closed();

        for (const player of [one, two]) {
            await player.next('participant:joined');
            player.clear();
        }

        voter.clear();

        for (const player of slow) {
            player.socket.io.reconnection(false);
            tcp(player).pause();
        }

        assert.strictEqual((await submit(voter, session.poll,
            { selectedOptionIds: [session.poll.options[0].optionId] }))
            .success, true);

        let polls = 0;

        /* more than the kernel keeps for them, and their queues */
        while (await closed() < was + 2) {
            await session.create({ question: `Q${polls++}`,
                options: OPTIONS });
            assert.ok(polls < 900, `${await closed()} closed`);
        }

        /* all that was done was answered, all have it, in order; they do not */
        for (const player of [one, two, voter]) {
            await player.on(() => player.all('poll:created').length === polls,
                'all polls');
        }

        const all = stored(one);

        assert.deepStrictEqual(stored(two), all);

        for (const player of slow) {
            assert.deepStrictEqual(stored(player), []);
            tcp(player).resume();
            await player.disconnection(1);

            const had = stored(player).map((e) => e.eventId);
            const from = had.at(-1);

            assert.ok(had.length && had.length < all.length, had.length);

            /* in one form, which is less than half of both */
            const back = await session.server.player({ query: {
                sessionId: session.id, format: 'envelope',
                lastEventId: from } });

            await back.on(() => back.all('event:replay:complete')[0],
                'the end of the replay');

            const got = back.all('event').map((e) => e.eventId)
                .filter((id) => id);

            assert.deepStrictEqual(had.concat(got),
                all.map((e) => e.eventId));
        }
    });
});


describe('polls: a replay that is longer than the queue', () => {
    const server = usePolls(hooks, { zone: '64m', listen: 'sndbuf=64k',
        rooms: ['rooms_send_queue 64k;'] });
    const POLLS = 200;
    const ids = (events) => events.map((e) => e.eventId);

    /* both forms of a poll are some eight thousand octets */

    async function busy() {
        const session = await server.session();
        const watch = await session.socket({ query: { format: 'named' } });
        const one = {
            session, watch,
            async create(n) {
                const want = stored(watch).length + n;

                for (let i = 0; i < n; i++) {
                    await session.create({ question: `Q${i}`,
                        options: OPTIONS });
                }

                await watch.on(() => stored(watch).length === want,
                    `${want} events`);
            },
            missed: () => ids(stored(watch)).slice(1),
        };

        await one.create(1);
        one.from = ids(stored(watch))[0];
        await one.create(POLLS);
        return one;
    }

    for (const mode of ['websocket', 'polling', 'upgrade']) {
        it(`P-82 P-83 P-86 over ${mode} it comes whole, then what was said ` +
            'meanwhile', async () => {
            const { session, from, create, missed } = await busy();

            /*
             * A session that goes to another worker meanwhile is cut there,
             * and recovered; where that fails, it is told all once more.
             */
            const seen = (list) => (mode === 'upgrade' ? [...new Set(list)]
                : list);

            /* on whichever worker */
            for (let i = 0; i < 4; i++) {
                const was = missed().length;
                const back = await server.player({ mode, query: {
                    sessionId: session.id, format: 'both',
                    lastEventId: from } });
                const hello = await back.next('connection:reconnected');
                const { ws } = back.socket.io.engine.transport;

                assert.deepStrictEqual([hello.fullSyncRequired,
                    hello.replayCount], [false, was]);

                /* some of them do not read while there is news */
                if (ws && i % 2) {
                    ws._socket.pause();
                }

                await create(3);

                if (ws) {
                    await sleep(100);
                    ws._socket.resume();
                }

                await back.on(() => seen(ids(stored(back))).length >=
                    was + 3, 'all');
                await back.ask('connection:heartbeat', {});

                assert.deepStrictEqual(seen(ids(stored(back))), missed());
                assert.deepStrictEqual(seen(ids(back.all('event')).filter(
                    (id) => id)), missed());
                assert.deepStrictEqual(faults(back), []);
                back.close();
            }

            if (mode !== 'upgrade') {
                assert.strictEqual((await server.dinner()).refused.queue, 0);
            }
        });
    }

    it('P-83 P-86 P-89 a connection that is recovered in the middle of it ' +
        'goes on with the rest', async () => {
        const { session, from, create, missed } = await busy();
        const back = await server.player({ query: { sessionId: session.id,
            format: 'named', lastEventId: from } });
        const connects = () => back.log.filter((e) => e.kind === 'connect');

        for (const many of [20, 70, 120]) {
            await back.on(() => stored(back).length >= many, 'some of it');
            back.socket.io.engine.transport.ws.terminate();
            await back.disconnection(connects().length);
            await back.on(() => back.socket.connected, 'connected again');
            await create(2);
        }

        await back.on(() => stored(back).length >= missed().length, 'all');
        await back.ask('connection:heartbeat', {});

        assert.deepStrictEqual(ids(stored(back)), missed());
        assert.deepStrictEqual(connects().map((e) => e.data.recovered),
            [false, true, true, true]);
        assert.strictEqual(back.all('connection:reconnected').length, 1);
    });

    it('P-82 P-86 who is cut in the middle of it goes on from there',
        async () => {
            const { session, from, missed } = await busy();
            const got = [];

            for (let cuts = 0; got.length < missed().length; cuts++) {
                const back = await server.player({ query: {
                    sessionId: session.id, format: 'named',
                    lastEventId: got.at(-1) || from } });
                const want = Math.min(missed().length - got.length, 60);

                await back.next('connection:reconnected');
                await back.on(() => stored(back).length >= want, 'some');
                got.push(...ids(stored(back)));
                back.vanish();
                assert.ok(cuts < 10);
            }

            assert.deepStrictEqual(got, missed());
        });
});


describe('polls: workers that start again', () => {
    const server = usePolls(hooks);

    it('P-31 P-84 after a reload each event comes once, and what was missed ' +
        'is replayed', async () => {
        const session = await server.session();
        const [one, two] = await session.observers();
        const poll = await session.create();

        const { eventId } = await one.next('poll:created');

        await two.next('poll:created');
        await server.reload();
        await server.reload();

        for (const player of [one, two]) {
            await until(() => player.socket.connected && player.log.some((e) =>
                e.kind === 'connect' && e.data.recovered), 'recovered',
            20000 * SCALE);
        }

        await until(async () => (await server.dinner()).sockets === 2,
            'both', 20000 * SCALE);
        one.clear();
        two.clear();

        const { events } = await server.dinner();

        await session.start();
        await session.activate(poll);

        for (const player of [one, two]) {
            await player.next('poll:activated');
        }

        await sleep(300);

        for (const player of [one, two]) {
            assert.deepStrictEqual(player.names().filter((n) =>
                n !== 'connection:heartbeat' && n !== 'heartbeat:ping'),
            ['session:started', 'event', 'poll:activated', 'event']);
        }

        /* two events, two forms, two sockets */
        assert.strictEqual((await server.dinner()).events.out - events.out,
            8);

        const back = await server.player({ query: { sessionId: session.id,
            lastEventId: eventId } });

        assert.strictEqual((await back.next('connection:reconnected'))
            .replayCount, 2);
        await back.next('poll:activated');
    });
});
