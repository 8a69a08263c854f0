'use strict';

/* Connections, participants, heartbeats. */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { usePolls, submit, faults, messages, UUID, ISO } =
    require('./lib/polls');
const { Player, sleep, until } = require('./lib/player');

const hooks = { before, after, afterEach };


describe('polls: connections', () => {
    const server = usePolls(hooks);

    it('P-5 P-18 P-19 P-20 P-101 connection:established comes first',
        async () => {
            const session = await server.session();
            const who = await session.join('Ann');

            for (const sessionId of [session.id, session.slug]) {
                const player = await server.player({ query: { sessionId,
                    participantId: who.participantId } });
                const hello = await player.next('connection:established');

                assert.strictEqual(player.names()[1],
                    'connection:established');
                assert.strictEqual(hello.connectionId, player.id);
                assert.strictEqual(hello.socketId, player.id);
                assert.strictEqual(hello.participantId, who.participantId);
                assert.strictEqual(hello.sessionId, session.id);
                assert.match(hello.timestamp, ISO);
                assert.ok(hello.serverVersion && hello.message);
                assert.deepStrictEqual(faults(player), []);
            }
        });

    it('P-20 the handshake may stand in auth', async () => {
        const session = await server.session();
        const player = await server.player({ auth: { sessionId: session.id,
            format: 'named' } });

        await player.next('connection:established');
        await session.start();
        await player.next('session:started');
        assert.ok(!player.names().includes('event'));
    });

    it('P-21 P-22 P-107 P-96 who is refused gets connection:error and is ' +
        'disconnected', async () => {
        const session = await server.session();
        const other = await server.session();
        const stranger = await other.join();
        const cases = [{}, { sessionId: 'nope' }, { sessionId: 'AAAAA0' },
            { sessionId: '00000000-0000-4000-8000-000000000000' },
            { sessionId: session.id, participantId: stranger.participantId },
            { sessionId: session.id, participantId: 'x' },
            { sessionId: session.id, token: 'wrong' }];

        for (const query of cases) {
            const player = await server.player({ query });
            const error = await player.next('connection:error');

            assert.ok(error.error.length > 0);
            assert.match(error.timestamp, ISO);
            await player.next('error:general');
            assert.strictEqual(await player.disconnection(1),
                'io server disconnect');
            assert.deepStrictEqual(player.all('connection:established'), []);
        }
    });

    it('P-23 P-117 an observer sees everything, and its leaving is no event',
        async () => {
            const session = await server.running({});
            const [one, two] = await session.observers();

            one.clear();
            two.close();
            await until(async () => (await server.dinner()).sockets === 1,
                'one left');
            await sleep(100);
            assert.deepStrictEqual(one.names(), []);
        });

    it('P-4 P-72 P-73 P-74 P-78 participants join over REST, with a name or ' +
        'without', async () => {
        const session = await server.session();
        const pair = await session.observers();
        const ann = await session.join('  Ann ');
        const anon = await session.join();
        const res = await server.rest.post(`/sessions/${session.id}/join`,
            { accessCode: session.slug, displayName: 'Bob' });

        assert.strictEqual(res.status, 200);
        assert.strictEqual(ann.displayName, 'Ann');
        assert.strictEqual(ann.connectionState, 'Connected');
        assert.ok(ann.participantToken);

        for (const player of pair) {
            await player.on(() => player.all('participant:joined')[2], 'all');

            const [first, second, third] = player.all('participant:joined')
                .map((e) => e.payload);

            assert.deepStrictEqual(first, { participantId: ann.participantId,
                sessionId: session.id, joinedAt: ann.joinedAt,
                displayName: 'Ann', participantCount: 1 });
            assert.deepStrictEqual(Object.keys(second).sort(),
                ['joinedAt', 'participantCount', 'participantId',
                    'sessionId']);
            assert.match(anon.participantId, UUID);
            assert.strictEqual(third.participantCount, 3);
            assert.deepStrictEqual(faults(player), []);
        }

        for (const [body, status] of [[{}, 403],
            [{ accessCode: 'XXXXXX' }, 403], [{ accessCode: session.slug,
                displayName: '   ' }, 422], [{ accessCode: session.slug,
                displayName: 'x'.repeat(101) }, 422]]) {
            assert.strictEqual((await server.rest.post(
                `/sessions/${session.id}/join`, body)).status, status);
        }
    });

    it('P-75 P-76 P-77 P-79 P-103 the last socket of a participant counts',
        async () => {
            const session = await server.running({});
            const [watch] = await session.observers();
            const one = await session.voter({ side: 0 });
            const two = await session.socket({ side: 1, who: one.who });
            const choice = { selectedOptionIds: [
                session.poll.options[0].optionId] };

            one.who.socket = two;
            await submit(one, session.poll, choice);
            await two.next('vote:accepted');
            watch.clear();
            one.close();
            await sleep(200);
            assert.deepStrictEqual(watch.all('participant:disconnected'), []);
            two.close();

            const gone = await watch.next('participant:disconnected');

            assert.deepStrictEqual(Object.keys(gone.payload).sort(),
                ['disconnectedAt', 'participantCount', 'participantId',
                    'sessionId']);
            assert.strictEqual(gone.participantId, one.who.participantId);
            assert.strictEqual(gone.participantCount, 0);

            const back = await session.socket({ who: one.who });

            await watch.next('participant:reconnected');
            back.who = one.who;
            assert.strictEqual((await submit(back, session.poll, choice))
                .reason, 'duplicate_vote');

            const shown = (await server.rest.get(
                `/participants/${one.who.participantId}`)).json;

            assert.strictEqual(shown.connectionState, 'Connected');
            assert.deepStrictEqual(faults(watch), []);
        });

    it('P-15 leaving is final', async () => {
        const session = await server.session();
        const watch = await session.socket();
        const who = await session.join();
        const leave = () => server.rest.post(`/sessions/${session.id}/leave`,
            { participantId: who.participantId });

        assert.strictEqual((await leave()).json.connectionState, 'Left');
        await watch.next('participant:left');
        assert.strictEqual((await leave()).status, 400);
        assert.strictEqual((await server.rest.post(
            `/sessions/${session.id}/reconnect`,
            { participantId: who.participantId })).status, 400);

        const refused = await server.player({ query: {
            sessionId: session.id, participantId: who.participantId } });

        await refused.next('connection:error');
        assert.deepStrictEqual(faults(watch), []);
    });

    it('P-9 P-10 P-13 P-119 the names of the contract are those of the ' +
        'catalogue', () => {
        const catalogue = ['connection:established',
            'connection:reconnected', 'connection:heartbeat',
            'session:created', 'session:started', 'session:ended',
            'poll:created', 'poll:activated', 'poll:closed', 'vote:accepted',
            'vote:rejected', 'participant:joined', 'participant:disconnected',
            'error:general', 'vote:submitted', 'results:updated'];

        for (const name of catalogue) {
            assert.ok(messages.has(name), name);
        }

        for (const name of messages.keys()) {
            assert.match(name, /^(event|reconnect|[a-z]+(:[a-z]+)+)$/);
        }
    });
});


describe('polls: heartbeats and grace', () => {
    const server = usePolls(hooks, { options: ['heartbeat 300ms',
        'grace 1s', 'participants 3'], rooms: ['rooms_origin http://a.test;',
        'rooms_ping_interval 500ms;', 'rooms_ping_timeout 700ms;'] });

    it('P-26 P-27 P-28 P-100 heartbeats come by themselves, an answer is ' +
        'noted, none is needed', async () => {
        const session = await server.session();
        const quiet = await session.voter({ side: 0 });
        const voter = await session.voter({ side: 1 });
        const seen = async (who) => Date.parse((await server.rest.get(
            `/participants/${who.participantId}`)).json.lastSeenAt);
        const was = await seen(voter.who);

        await voter.on(() => voter.all('connection:heartbeat')[3], 'beats');
        await quiet.on(() => quiet.all('heartbeat:ping')[3], 'pings');

        const beats = voter.log.filter((e) =>
            e.name === 'connection:heartbeat').map((e) => e.at);

        for (let i = 1; i < beats.length; i++) {
            assert.ok(beats[i] - beats[i - 1] > 150 &&
                beats[i] - beats[i - 1] < 1500, beats);
        }

        const quietly = await seen(quiet.who);

        voter.tell('heartbeat:pong');
        await until(async () => await seen(voter.who) > was, 'seen');

        const then = await seen(voter.who);

        await sleep(100);
        voter.tell('connection:heartbeat', { timestamp: 'x' });
        await until(async () => await seen(voter.who) > then, 'seen again');
        assert.strictEqual(await seen(quiet.who), quietly);
        assert.strictEqual(quiet.socket.connected, true);
        assert.deepStrictEqual(faults(voter), []);
    });

    it('P-25 a socket has a record and heartbeats as long as it is there',
        async () => {
            const session = await server.session();
            const voter = await session.voter({ side: 0 });
            const watch = await session.socket({ side: 1 });
            const state = async () => {
                const { sockets, recovery, journal } = await server.dinner();

                if (!server.redis) {
                    return { sockets, recovery, head: journal.head };
                }

                /* the figures are of the zone of this nginx */
                const [head, kept] = await Promise.all([
                    server.redis.ask('HGET', '{rooms:polls}:z', 'id'),
                    server.redis.ask('KEYS', '{rooms:polls}:@:*')]);

                return { sockets, recovery: kept.length,
                    head: Number(head) };
            };
            const now = await until(async () => {
                const one = await state();

                return one.recovery === 2 && one;
            }, 'two records');

            assert.strictEqual(now.sockets, 2);
            await until(async () => (await state()).head > now.head,
                'a heartbeat in the journal');
            watch.close();
            await until(async () => (await state()).recovery === 1,
                'one record');
            await voter.next('connection:heartbeat');
            voter.close();
            await until(async () => (await state()).recovery === 0,
                'no record');
            assert.strictEqual((await state()).sockets, 0);

            /* it has been told to have left, and that is the last */
            await until(async () => (await server.rest.get(
                `/participants/${voter.who.participantId}`)).json
                .connectionState === 'Left', 'left');

            const { head } = await state();

            await sleep(1000);
            assert.strictEqual((await state()).head, head);
        });

    it('P-15 P-77 who stays away too long has left', async () => {
        const session = await server.session();
        const watch = await session.socket();
        const voter = await session.voter();

        voter.close();
        await watch.next('participant:disconnected');

        const left = await watch.next('participant:left');

        assert.strictEqual(left.participantId, voter.who.participantId);
        assert.strictEqual((await server.rest.get(
            `/participants/${voter.who.participantId}`)).json
            .connectionState, 'Left');
    });

    it('P-29 a connection that is dead is noticed', async () => {
        const session = await server.session();
        const watch = await session.socket();
        const voter = await session.voter();

        const tcp = voter.socket.io.engine.transport.ws._socket;

        voter.socket.io.reconnection(false);
        tcp.pause();
        await watch.next('participant:disconnected', 5000);
        tcp.resume();
        await voter.disconnection(1);
    });

    it('P-30 origins are those of the configuration', async () => {
        const session = await server.session();
        const at = { query: { sessionId: session.id } };
        const good = new Player(server.url, { ...at, extraHeaders:
            { origin: 'http://a.test' } });

        server.players.push(good);
        await good.connect();

        const bad = new Player(server.url, { ...at, extraHeaders:
            { origin: 'http://b.test' } });

        server.players.push(bad);
        bad.socket.connect();
        await bad.on(() => bad.log.some((e) => e.kind === 'connect_error'),
            'refusal');
    });

    it('P-116 a full session takes nobody more, and goes on', async () => {
        const session = await server.running({});
        const voter = await session.voter();

        await session.join();
        await session.join();

        const res = await server.rest.post(`/sessions/${session.slug}/join`,
            {});

        assert.strictEqual(res.status, 503);
        assert.strictEqual(res.json.error.code, 'CAPACITY_EXCEEDED');
        assert.strictEqual((await submit(voter, session.poll,
            { selectedOptionIds: [session.poll.options[0].optionId] }))
            .success, true);
    });
});
