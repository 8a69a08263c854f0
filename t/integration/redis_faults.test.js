'use strict';

/*
 * Redis goes away under polls, platform and orchestrator, or one of two nginx
 * does.  ROOMS_PAUSE=N stops Redis for N seconds.
 */

const assert = require('node:assert');
const test = require('node:test');

const { OrchestratorServer, submit: scan } =
    require('./lib/orchestrator');
const { Platform } = require('./lib/platform');
const { SCALE, sleep, until } = require('./lib/player');
const { PollsServer, Session, submit: vote } = require('./lib/polls');
const { killWhole, usePair } = require('./lib/twins');

const { describe, it } = test;

const TIMEOUT = 1000;
const PAUSE = Number(process.env.ROOMS_PAUSE || 3) * 1000;


/*
 * The members of one room, on all four workers, and what they do.  act(i, n):
 * event n by REST at nginx i, true where it was taken, false where the answer
 * was an internal error.  ask(member): the same of a command by socket.
 * told(member): the events that it has had.
 */

class Polls {
    constructor(pair) {
        this.pair = pair;
        this.gone = ['participant:disconnected', 'participant:left'];
    }

    static server(o) {
        return new PollsServer({ ...o, options: ['grace 1s'] });
    }

    at(i) {
        return Object.assign(new Session(this.pair.servers[i],
            this.session.created), { poll: this.session.poll });
    }

    async seat() {
        this.session = await this.pair.servers[0].running();
        this.members = [];

        for (let i = 0; i < 4; i++) {
            this.members.push(await this.at(i % 2).voter({ side: i >> 1 }));
        }
    }

    async act(i, n) {
        const res = await this.at(i).post(
            `/sessions/${this.session.id}/polls`, { question: `Q${n}`,
                options: [{ text: 'A' }, { text: 'B' }] });

        assert.ok(res.status === 201 || res.status >= 500, res.text);
        return res.status === 201;
    }

    async ask(member) {
        const ack = await vote(member, this.session.poll, {
            selectedOptionIds: [this.session.poll.options[0].optionId] });

        return ack.success || ack.reason === 'duplicate_vote';
    }

    read(i) {
        return this.pair.servers[i].rest.get(`/sessions/${this.session.id}`);
    }

    told(member) {
        return member.all('poll:created').map((e) => Number(
            e.question.slice(1)));
    }

    connected(member) {
        return member.socket.connected;
    }

    away(member) {
        return member.log.filter((e) => e.kind === 'disconnect').length;
    }

    name(member) {
        return member.who.participantId;
    }

    left(member, event) {
        return member.all(event).map((e) => e.participantId);
    }

    stay(member) {
        member.socket.io.reconnection(false);
    }
}


class Lottery {
    constructor(pair) {
        this.pair = pair;
        this.gone = ['presence:user_offline'];
    }

    static server(o) {
        return new Platform(o);
    }

    async seat() {
        const { servers } = this.pair;

        this.people = Array.from({ length: 24 }, (_, i) =>
            `user${String(i + 1).padStart(2, '0')}`);
        this.room = await servers[0].room(this.people);
        this.token = await servers[0].appToken();
        this.members = [];

        for (const [i, person] of this.people.entries()) {
            const member = await servers[i % 2].member(person, this.room);

            this.members.push(member);
            member.person = `usr_${person}`;
            member.lost = 0;
            member.on('disconnect', () => member.lost++);

            if (i > 2 && (await Promise.all(servers.map((s) =>
                s.bySlot()))).every((map) => [...map.values()].every((n) =>
                n > 0))) {
                break;
            }
        }
    }

    async act(i, n) {
        const res = await this.pair.servers[i].publish(this.room,
            'lottery:drawing', { n }, { token: this.token });

        assert.ok(res.status < 300 || res.status >= 500, res.text);
        return res.status < 300;
    }

    async ask(member) {
        const ack = await member.ask('room:unsubscribe', { roomId:
            this.room.id });

        return ack.success && (await member.ask('room:subscribe', { roomId:
            this.room.id })).success;
    }

    read(i) {
        return this.pair.servers[i].call('GET',
            `/api/rooms/${this.room.id}`, this.room.owner);
    }

    told(member) {
        return member.of('lottery:drawing').map((e) => e.data.n);
    }

    connected(member) {
        return member.connected;
    }

    away(member) {
        return member.lost;
    }

    name(member) {
        return member.person;
    }

    left(member, event) {
        return member.of(event).map((e) => e.data.userId);
    }

    stay() {}
}


class Game {
    constructor(pair) {
        this.pair = pair;
        this.gone = ['device:disconnected'];
    }

    static server(o) {
        return new OrchestratorServer({ ...o, options: { hold: '400ms' } });
    }

    async seat() {
        this.session = await this.pair.servers[0].session();
        this.members = [];

        for (let i = 0; i < 4; i++) {
            this.members.push(await this.pair.servers[i % 2]
                .station(`GM_${i + 1}`, i >> 1));
        }
    }

    /* A player's scan goes by REST, but only a station's is told to all. */

    async act(i, n) {
        const [res, ack] = await Promise.all([
            this.pair.servers[i].scan('MEM_001', `PLAYER_${i}`),
            scan(this.members[i], `MEM_${101 + n}`)]);

        assert.ok(res.status === 200 || res.status >= 500, res.text);
        assert.strictEqual(res.status === 200, ack.success,
            `${res.text} ${JSON.stringify(ack)}`);
        return ack.success;
    }

    async ask(member) {
        const ack = await scan(member, `ASKED_${this.asked++}`);

        return ack.success;
    }

    read(i) {
        return this.pair.servers[i].rest.get('/api/session');
    }

    told(member) {
        return member.all('transaction:new').map((e) => e.data.tokenId)
            .filter((t) => /^MEM_/.test(t)).map((t) =>
                Number(t.slice(4)) - 101);
    }

    connected(member) {
        return member.socket.connected;
    }

    away(member) {
        return member.log.filter((e) => e.kind === 'disconnect').length;
    }

    name(member) {
        return member.name;
    }

    left(member, event) {
        return member.all(event).map((e) => e.data.deviceId);
    }

    stay(member) {
        member.socket.io.reconnection(false);
    }
}

Game.prototype.asked = 0;


/* Events n and n + 1 by both nginx: everybody is told of both. */

async function busy(app, n) {
    for (const i of [0, 1]) {
        await until(() => app.act(i, n + i), 'a command that is taken',
            15000 * SCALE);
    }

    await until(() => app.members.every((m) =>
        app.told(m).includes(n + 1)), 'told to everybody');
}


/* Everybody has had the same, in one order, once. */

function same(app) {
    const want = app.told(app.members[0]);

    assert.strictEqual(new Set(want).size, want.length, `${want}`);

    for (const member of app.members) {
        assert.deepStrictEqual(app.told(member), want);
        assert.strictEqual(app.away(member), 0);
        assert.ok(app.connected(member));
    }

    return want;
}


for (const [row, Kind] of [['P-101', Polls], ['L-87', Lottery],
    ['G-71', Game]]) {
    const title = Kind.name.toLowerCase();

    describe(`redis: ${title} without it`, () => {
        const pair = usePair(test, (o) => Kind.server(o),
            { redisLines: [`redis_timeout ${TIMEOUT}ms;`] });

        async function seated() {
            const app = new Kind(pair);

            await app.seat();

            for (const server of pair.servers) {
                await server.assertBothWorkers();
            }

            await busy(app, 0);
            return app;
        }

        for (const [what, go, back] of [
            ['killed and started again', () => pair.redis.kill(),
                () => pair.redis.run()],
            [`stopped for ${PAUSE / 1000} s`, () => pair.redis.pause(),
                () => sleep(PAUSE).then(() => pair.redis.resume())],
        ]) {
            it(`${row} Redis ${what}: refused in time, nothing is missed`,
                { timeout: 120000 * SCALE }, async () => {
                    const app = await seated();

                    /* it writes to disk every second */
                    await sleep(1200);
                    await go();

                    const at = Date.now();
                    const taken = await Promise.all([app.act(0, 2),
                        app.act(1, 3), ...app.members.slice(0, 2).map((m) =>
                            app.ask(m))]);

                    assert.deepStrictEqual(taken, [false, false, false,
                        false]);
                    assert.ok(Date.now() - at < TIMEOUT + 1000 * SCALE,
                        `${Date.now() - at} ms`);

                    for (const i of [0, 1]) {
                        assert.strictEqual((await app.read(i)).status, 200);
                    }

                    assert.ok(app.members.every((m) => app.connected(m)));
                    await back();
                    await busy(app, 4);

                    for (const n of [0, 1, 4, 5]) {
                        assert.ok(same(app).includes(n), `${n}`);
                    }

                    for (const member of app.members) {
                        await until(() => app.ask(member), 'taken again');
                    }
                });
        }

        it(`${row} flushed: everybody is told, and begins anew`, async () => {
            const app = await seated();

            await pair.redis.ask('FLUSHALL');
            await until(() => app.members.every((m) => app.away(m) > 0),
                'all told', 10000 * SCALE);
            assert.ok(app.members.every((m) =>
                !(m.socket || m).recovered));

            for (const i of [0, 1]) {
                await until(async () => (await app.read(i)).status === 404,
                    'no room');
            }

            /* and so with another */
            await Promise.all(pair.servers.map((s) => s.clean()));
            await seated();
        });

        it(`${row} an nginx killed whole: its members left, once`,
            { timeout: 60000 * SCALE }, async () => {
                const app = await seated();
                const at = Date.now();
                const [near, far] = [0, 1].map((i) => app.members
                    .filter((_, k) => k % 2 === i));
                const names = far.map((m) => app.name(m)).sort();

                /* it took some to find both workers of each */
                const before = new Map(near.map((m) => [m, app.gone.map((e) =>
                    app.left(m, e).length)]));
                const left = (member, k) => app.left(member, app.gone[k])
                    .slice(before.get(member)[k]);

                far.forEach((m) => app.stay(m));
                await killWhole(pair.servers.pop());

                for (const [k, event] of app.gone.entries()) {
                    for (const member of near) {
                        await until(() => left(member, k).length >=
                            far.length, event, 12000 * SCALE);
                    }
                }

                assert.ok(Date.now() - at < 10000, `${Date.now() - at} ms`);
                app.members = near;
                pair.servers[1] = pair.servers[0];
                await busy(app, 6);
                await sleep(1500);
                pair.servers.pop();

                for (const k of app.gone.keys()) {
                    for (const member of near) {
                        assert.deepStrictEqual(left(member, k).sort(),
                            names);
                    }
                }

                same(app);
            });
    });
}
