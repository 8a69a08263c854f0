'use strict';

/* Polls, platform and orchestrator on two nginx that share a Redis. */

const assert = require('node:assert');
const test = require('node:test');

const { Session, PollsServer, stored, submit } = require('./lib/polls');
const { Platform } = require('./lib/platform');
const { OrchestratorServer, submit: scan } = require('./lib/orchestrator');
const { SCALE, sleep, until } = require('./lib/player');
const { usePair } = require('./lib/twins');

const { describe, it } = test;

const EVENTS = Number(process.env.ROOMS_EVENTS || 1000);
const ROOMS = 50;
const TIMEOUT = 1000;
const ROUNDS = Number(process.env.ROOMS_RETURNS || 4);


/* The same session, as the other nginx knows it. */

function elsewhere(session, server) {
    return Object.assign(new Session(server, session.created),
        { poll: session.poll });
}


/* A voter on each of the four workers. */

async function voters(pair, session) {
    const list = [];

    for (let i = 0; i < 4; i++) {
        list.push(await elsewhere(session, pair.servers[i % 2])
            .voter({ side: i >> 1 }));
    }

    for (const server of pair.servers) {
        await server.assertBothWorkers();
    }

    list.forEach((player) => player.clear());
    return list;
}


describe('redis: polls on two nginx', () => {
    const pair = usePair(test, (o) => new PollsServer(o),
        { redisLines: [`redis_timeout ${TIMEOUT}ms;`] });

    it('P-60 P-114 a session made at one is held at both', async () => {
        const session = await pair.servers[0].running();
        const list = await voters(pair, session);
        const far = elsewhere(session, pair.servers[1]);

        /* the slug was claimed with the session and leads to it anywhere */
        assert.ok((await far.join('Zoe')).participantId);

        for (const [i, voter] of list.entries()) {
            const ack = await submit(voter, session.poll, {
                selectedOptionIds: [session.poll.options[i % 2].optionId] });

            assert.strictEqual(ack.success, true, JSON.stringify(ack));
        }

        /* a second vote is one at the other nginx, too */
        const again = await far.vote(session.poll, list[0].who, {
            optionId: session.poll.options[0].optionId });

        assert.strictEqual(again.status, 409, again.text);

        await until(async () => (await far.results(session.poll))
            .totalVotes === 4, 'four votes');
        await far.close(session.poll);
        await far.end();

        for (const voter of list) {
            await voter.next('session:ended');
        }

        const ids = list.map((v) => stored(v).map((e) => e.eventId)
            .filter((id, k, all) => all.indexOf(id) === k));

        for (const one of ids) {
            assert.deepStrictEqual(one, ids[0]);
        }
    });

    it('P-80 P-81 who missed something is told it by the other nginx',
        async () => {
            const session = await pair.servers[0].running();
            const [one] = await voters(pair, session);
            const second = await session.create();

            await one.next('poll:created');

            const last = stored(one).at(-1).eventId;

            one.close();
            await session.activate(second);

            const back = await pair.servers[1].player({ query: {
                sessionId: session.id, lastEventId: last,
                participantId: one.who.participantId } });
            const hello = await back.next('connection:reconnected');

            await session.close(second);
            await back.on(() => back.all('poll:closed').length === 2,
                'both are closed');

            /* the first closes when the second begins: all once, in order */
            const polls = back.log.filter((e) => /^poll:/.test(e.name))
                .map((e) => [e.name, e.data.pollId]);

            assert.strictEqual(hello.fullSyncRequired, false);
            assert.ok(hello.replayCount >= 2);
            assert.deepStrictEqual(polls, [
                ['poll:closed', session.poll.pollId],
                ['poll:activated', second.pollId],
                ['poll:closed', second.pollId]]);
        });

    /* What was refused is said again; it may have been stored all the same. */

    async function create(session, question) {
        return until(async () => {
            const res = await session.post(`/sessions/${session.id}/polls`,
                { question, options: [{ text: 'A' }, { text: 'B' }] });

            assert.ok(res.status === 201 || res.status >= 500, res.text);
            return res.status === 201 && res.json.pollId;
        }, question, 20000 * SCALE);
    }

    const faults = [
        async () => {
            await pair.redis.ask('CLIENT', 'KILL', 'TYPE', 'normal');
            await pair.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
        },
        async () => {
            pair.redis.pause();
            await sleep(2 * TIMEOUT);
            pair.redis.resume();
        },
        async () => {
            await pair.redis.kill();
            await pair.redis.run();
        },
    ];

    it(`P-90 ${EVENTS} events of four workers in ${ROOMS} rooms, Redis ` +
        'failing in between: gap-free and in one order everywhere',
    { timeout: 60000 + 600 * EVENTS * SCALE }, async (t) => {
        const sessions = [];
        const seen = [];
        const made = [];

        for (let i = 0; i < ROOMS; i++) {
            sessions.push(await pair.servers[i % 2].session());
        }

        for (const session of sessions) {
            await session.start();
            seen.push(await Promise.all([0, 1, 2, 3].map((k) =>
                elsewhere(session, pair.servers[k % 2]).socket())));
            made.push([]);
        }

        for (const server of pair.servers) {
            await server.assertBothWorkers();
        }

        const count = () => made.reduce((sum, ids) => sum + ids.length, 0);
        const playing = sessions.map(async (session, i) => {
            for (let n = 0; n < EVENTS / ROOMS; n++) {
                made[i].push(await create(elsewhere(session,
                    pair.servers[(i + n) % 2]), `Q${n}`));
            }
        });

        for (const [k, fail] of faults.entries()) {
            await until(() => count() > EVENTS * (k + 1) / 4,
                'a part of them', 150 * EVENTS * SCALE);
            await fail();
        }

        await Promise.all(playing);

        let told = 0;

        for (const [i, players] of seen.entries()) {
            for (const player of players) {
                await player.on(() => player.all('poll:created').some((e) =>
                    e.pollId === made[i].at(-1)), 'the last poll',
                20000 * SCALE);
                assert.ok(!player.log.some((e) => e.kind === 'disconnect'));
            }

            const reference = stored(players[0]);

            told += reference.length;
            reference.forEach((e, n) => assert.strictEqual(e.sequence,
                reference[0].sequence + n));
            assert.deepStrictEqual(players[0].all('poll:created')
                .map((e) => e.pollId).filter((id) => made[i].includes(id)),
            made[i]);

            for (const player of players) {
                assert.deepStrictEqual(stored(player).map((e) => e.eventId),
                    reference.map((e) => e.eventId));
            }
        }

        t.diagnostic(`${told} events, each to four`);
    });
});


describe('redis: platform on two nginx', () => {
    const pair = usePair(test, (o) => new Platform(o), {});

    it('L-88 a room, its members and what is published are one', async () => {
        const [one, two] = pair.servers;
        const room = await one.room(['bob', 'carol']);
        const bob = await one.member('bob', room);
        const carol = await two.member('carol', room);
        const prize = await two.prize(room, {});

        const drawn = await two.draw(room, room.parts.bob, prize);

        assert.ok(drawn.status < 300, drawn.text);

        /* a token of one nginx publishes at both */
        const token = await one.appToken();

        for (const [n, server] of pair.servers.entries()) {
            const sent = await server.publish(room, 'lottery:drawing',
                { n }, { token });

            assert.ok(sent.status < 300, sent.text);
        }

        for (const socket of [bob, carol]) {
            const told = () => socket.of('lottery:drawing')
                .map((e) => e.data.n);

            await until(() => told().length >= 2, 'both events');
            assert.deepStrictEqual(told(), [0, 1]);
        }
    });
});


describe('redis: orchestrator on two nginx', () => {
    const pair = usePair(test, (o) => new OrchestratorServer(o),
        { options: { hold: '20s' } });

    it('G-20 a scan at one nginx is told at the other, and counts once',
        async () => {
            const [one, two] = pair.servers;

            await one.session({ teams: ['TEAM_A', 'TEAM_B'] });

            const near = await one.station('GM_1', 0);
            const far = await two.station('GM_2', 1);

            far.clear();
            near.clear();

            const ack = await scan(near, 'MEM_001');

            assert.strictEqual(ack.status, 'accepted', JSON.stringify(ack));
            await far.next('transaction:new');
            assert.strictEqual((await scan(far, 'MEM_001', 'TEAM_B')).status,
                'duplicate');
        });

    it('G-57 G-58 G-60 a station comes back at either nginx amid scans: ' +
        'all of them in order, once', async () => {
        await pair.servers[0].session();

        const near = await pair.servers[0].station('GM_1', 0);
        let far = await pair.servers[1].station('GM_2', 1);

        for (let round = 0; round < ROUNDS; round++) {
            const tokens = Array.from({ length: 8 }, (_, i) =>
                `BACK_${round}_${i}`);

            near.clear();
            far.vanish();
            await near.next('device:disconnected');

            const scans = (async () => {
                for (const token of tokens) {
                    const ack = await scan(near, token);

                    assert.strictEqual(ack.success, true,
                        JSON.stringify(ack));
                    await sleep(round % 8);
                }
            })();

            [far] = await Promise.all([
                pair.servers[round % 2].station('GM_2', (round >> 1) % 2),
                scans]);
            const told = () => far.all('transaction:new').map((t) =>
                t.data.tokenId);

            await until(() => far.all('sync:full').length ||
                told().includes(tokens.at(-1)), 'the last scan');
            assert.strictEqual(far.all('sync:full').length, 0);
            assert.deepStrictEqual(told(), tokens);

            /* nor does it miss the state that follows */

            await until(() => [...far.all('gm:identified').map((e) =>
                e.state), ...far.all('state:update').map((e) => e.data)].at(-1)
                .recentTransactions.some((t) => t.tokenId === tokens.at(-1)),
            'the state after the last scan');

            /* no more of them in a second than the contract allows */

            await sleep(1010);
        }
    });
});
