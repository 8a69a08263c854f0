'use strict';

/* Appends to several rooms that are made in one turn go to Redis together. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { echoServer } = require('./lib/echo');
const { Proxy } = require('./lib/network');
const { useProxied } = require('./lib/pair');
const { Player, sleep, until } = require('./lib/player');
const { PollsServer, submit } = require('./lib/polls');
const { Redis } = require('./lib/redis');

const ROOMS = 160;
const BOUND = 64;


/* The rooms of each script that is called through a proxy from now on. */

function scripts(proxy) {
    const called = proxy.scripts();

    return (name) => called().map((text) =>
        text.match(/:r:[^\r]*\r\n\$\d+\r\n[^\r]*:s:/g) || [])
        .filter((rooms) => rooms.some((room) => room.includes(name)));
}


/* What run does reaches the workers in one turn of each. */

async function atOnce(server, run) {
    const { apps } = await server.status();
    const pids = Object.values(apps)[0].workers.map((w) => w.pid);

    pids.forEach((pid) => process.kill(pid, 'SIGSTOP'));

    try {
        run();
        await sleep(200);
    } finally {
        pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
    }
}


describe('redis: appends of one turn', () => {
    it('to many rooms are a few calls; each is told what it is', async () => {
        const redis = await new Redis().start();
        const proxy = await new Proxy(redis).start();
        const server = await echoServer({ redis: proxy.url,
            change: (text) => text.replace(/^(rooms_app [^{]*\{)/gm,
                '$1 redis_timeout 10s;') }).start();
        const players = [];

        try {
            for (let i = 0; i < ROOMS; i++) {
                players.push(await new Player(server.url,
                    { path: '/default/' }).connect());
                await players[i].ask('join', `room-${i}`);
            }

            const called = scripts(proxy);
            const others = players.map((p, i) => players[(i + 1) % ROOMS]);

            for (let n = 0; n < 2; n++) {
                await atOnce(server, () => others.forEach((p, i) =>
                    p.tell('emit-in-room', `room-${i}`, 'n', n)));
                await until(() => players.every((p) => p.all('n')
                    .length === n + 1), 'told');
            }

            players.forEach((p) => assert.deepStrictEqual(p.all('n'),
                [0, 1]));

            const calls = called('room-');

            assert.ok(calls.length <= 2 * (2 + ROOMS / BOUND + 2),
                `${calls.length}`);
            calls.forEach((rooms) => assert.ok(rooms.length <= BOUND));
            assert.strictEqual(calls.flat().length, 2 * ROOMS);
            assert.ok(calls.some((rooms) => rooms.length === BOUND));

            /* those of one room are one record of the stream */
            const at = calls.length;

            await atOnce(server, () => players.forEach((p) =>
                p.tell('emit-in-room', 'room-0', 'm', 1)));
            await until(() => players[0].all('m').length === ROOMS, 'told');
            assert.ok(called('room-').length - at <= 4);
            assert.ok(await redis.ask('XLEN', (await redis.ask('KEYS',
                '*:s:*room-0'))[0]) <= 2 + 4);
        } finally {
            players.forEach((p) => p.close());
            await server.stop();
            await proxy.stop();
            await redis.stop();
        }
    });
});


describe('redis: appends to rooms with a state', () => {
    const pair = useProxied({ before, after, afterEach }, {},
        (o) => new PollsServer(o));

    it('one of which meets a conflict: the others are written', async () => {
        const [one, two] = pair.servers;
        const sessions = [];

        for (let i = 0; i < 3; i++) {
            const here = await one.running();
            const voters = [await here.voter({ side: 0 })];

            here.server = two;
            voters.push(await here.voter({ side: 0 }));
            here.server = one;
            sessions.push({ here, voters });
        }

        await sleep(500);

        const called = scripts(pair.proxy);
        const had = (await two.dinner()).conflicts;
        const vote = (i, k) => submit(sessions[i].voters[k],
            sessions[i].here.poll, { selectedOptionIds:
                [sessions[i].here.poll.options[0].optionId] });
        const acks = [];

        /* the second nginx does not know of a vote in the second room */
        await pair.proxy.deaf(async () => {
            assert.strictEqual((await vote(1, 0)).success, true);
            await atOnce(two, () => acks.push(...[0, 1, 2].map((i) =>
                vote(i, 1))));
            (await Promise.all(acks)).forEach((ack) => assert.strictEqual(
                ack.success, true, JSON.stringify(ack)));
        });

        const calls = called('').map((rooms) => rooms.length);

        assert.ok(calls.includes(3), `${calls}`);
        assert.strictEqual((await two.dinner()).conflicts, had + 1);

        for (const [i, n] of [1, 2, 1].entries()) {
            await until(async () => (await sessions[i].here.results(
                sessions[i].here.poll)).totalVotes === n, `${n} votes`);
        }
    });
});
