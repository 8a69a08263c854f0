'use strict';

/*
 * Redis goes away under dinner, polls, platform and orchestrator at once, or
 * comes back without what it had, or one of the two nginx of each dies.
 * ROOMS_PAUSE=N stops Redis for N seconds.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const parties = require('./lib/parties');
const { SCALE, sleep, until } = require('./lib/player');
const { Redis } = require('./lib/redis');
const { killWhole } = require('./lib/twins');

const KINDS = Object.values(parties);
const TIMEOUT = 1000;
const PAUSE = Number(process.env.ROOMS_PAUSE || 10) * 1000;


/* Of each application two nginx of two workers, and one Redis for all. */

function useAll(o) {
    const all = { redis: null, pairs: [] };

    before(async () => {
        all.redis = await new Redis().start();
        all.pairs = KINDS.map(() => ({ servers: [] }));

        for (const [k, pair] of all.pairs.entries()) {
            for (let i = 0; i < 2; i++) {
                pair.servers.push(await KINDS[k].server({
                    redis: all.redis.url,
                    redisLines: [`redis_timeout ${TIMEOUT}ms;`],
                    allow: /exited on signal 9/, ...o }).start());
            }
        }
    });
    afterEach(() => Promise.all(servers(all).map((s) => s.clean())));
    after(async () => {
        const stopped = await Promise.allSettled(servers(all).map((s) =>
            s.stop()));

        await all.redis.stop();

        for (const one of stopped) {
            if (one.status === 'rejected') {
                throw one.reason;
            }
        }
    });
    return all;
}


function servers(all) {
    return all.pairs.flatMap((pair) => pair.servers);
}


/* The same of all parties at once; who fails is named. */

function each(list, what) {
    return Promise.all(list.map(async (party) => {
        try {
            return await what(party);
        } catch (e) {
            e.message = `${party.constructor.name}: ${e.message}`;
            throw e;
        }
    }));
}


/* Events n and n + 1 by both nginx: everybody is told of both. */

async function busy(party, n) {
    for (const i of [0, 1]) {
        await until(() => party.act(i, n + i), 'a command that is taken',
            15000 * SCALE);
    }

    await until(() => party.members.every((m) =>
        party.told(m).includes(n + 1)), 'told to everybody');
}


/* Everybody has had the same, in one order, once. */

function same(party) {
    const want = party.told(party.members[0]);

    assert.strictEqual(new Set(want).size, want.length, `${want}`);

    for (const member of party.members) {
        assert.deepStrictEqual(party.told(member), want);
        assert.strictEqual(party.away(member), 0);
        assert.ok(party.connected(member));
    }

    return want;
}


/* Members on all four workers, who have been told of events 0 and 1. */

async function seated(all) {
    return each(all.pairs.map((pair, k) => new KINDS[k](pair)),
        async (party) => {
            await party.seat();

            for (const server of party.pair.servers) {
                await server.assertBothWorkers();
            }

            await busy(party, 0);
            return party;
        });
}


/* Nothing is taken, and it is said in time; what is held can be read. */

async function refused(party, n) {
    const at = Date.now();
    const taken = await Promise.all([party.act(0, n), party.act(1, n + 1),
        ...party.members.slice(0, 2).map((m) => party.ask(m))]);

    assert.deepStrictEqual(taken, [false, false, false, false]);
    assert.ok(Date.now() - at < TIMEOUT + 1000 * SCALE,
        `${Date.now() - at} ms`);

    for (const i of [0, 1]) {
        assert.strictEqual((await party.read(i)).status, 200);
    }

    assert.ok(party.members.every((m) => party.connected(m)));
}


/* And then all is taken again, and nobody has missed anything. */

async function whole(party) {
    await busy(party, 6);

    const told = same(party);

    for (const n of [0, 1, 6, 7]) {
        assert.ok(told.includes(n), `${n} in ${told}`);
    }

    for (const member of party.members) {
        await until(() => party.ask(member), 'taken again');
    }
}


/* Each of them has lost its connection. */

function cut(party) {
    return until(() => party.members.every((m) => party.away(m) > 0),
        'all told', 10000 * SCALE);
}


/* And is back, as a new one. */

async function back(party) {
    await until(() => party.members.every((m) => party.connected(m)),
        'all back', 10000 * SCALE);
    assert.ok(party.members.every((m) => !party.recovered(m)));
}


const ids = 'D-73 P-101 L-87 G-71';


describe('redis: all applications without it', () => {
    const all = useAll();

    it(`${ids} Redis killed and started again: refused in time, nothing ` +
        'is missed', { timeout: 120000 * SCALE }, async () => {
        const list = await seated(all);

        await all.redis.kill();
        await each(list, (party) => refused(party, 2));
        await all.redis.run();
        await each(list, whole);
    });

    it(`${ids} Redis stopped for ${PAUSE / 1000} s: refused in time, ` +
        'nothing is missed', { timeout: 120000 * SCALE }, async (t) => {
        const list = await seated(all);
        const end = Date.now() + PAUSE;

        all.redis.pause();
        await each(list, (party) => refused(party, 2));
        await sleep(end - Date.now() - 2 * TIMEOUT);
        await each(list, (party) => refused(party, 4));
        await sleep(end - Date.now());
        all.redis.resume();

        const at = Date.now();

        await each(list, whole);
        t.diagnostic(`whole again after ${Date.now() - at} ms`);
    });

    it(`${ids} who is cut off meanwhile has missed nothing, or is told`,
        { timeout: 60000 * SCALE }, async () => {
            const list = await seated(all);

            all.redis.pause();
            list.forEach((party) => party.drop(party.members[3]));
            await sleep(4 * TIMEOUT);
            all.redis.resume();

            await each(list, async (party) => {
                const [first, , , member] = party.members;

                await until(() => party.away(member) > 0 &&
                    party.connected(member), 'back', 15000 * SCALE);

                const recovered = party.recovered(member);

                if (!recovered) {
                    await party.anew(member);
                }

                await busy(party, 2);

                const want = party.told(first);

                assert.deepStrictEqual(party.told(member).slice(recovered
                    ? 0 : -1), want.slice(recovered ? 0 : -1));
            });
        });

    it(`${ids} flushed: everybody is told, and begins anew`, async () => {
        const list = await seated(all);

        /* a station that is back begins a session by itself */
        list.forEach((party) => party.members.forEach((m) => party.stay(m)));
        await all.redis.ask('FLUSHALL');
        await each(list, async (party) => {
            await cut(party);

            for (const i of [0, 1]) {
                await until(async () =>
                    (await party.read(i)).status === 404, 'no room');
            }
        });

        /* and so with another */
        await Promise.all(servers(all).map((s) => s.clean()));
        await seated(all);
    });

    it(`${ids} as it was some events ago: everybody is told, and begins ` +
        'anew', { timeout: 60000 * SCALE }, async () => {
        const list = await seated(all);
        const log = path.join(all.redis.dir, 'appendonlydir');

        fs.cpSync(log, `${log}.old`, { recursive: true });
        await each(list, (party) => busy(party, 2));
        await all.redis.kill();
        fs.rmSync(log, { recursive: true });
        fs.renameSync(`${log}.old`, log);
        await all.redis.run();

        await each(list, async (party) => {
            await cut(party);
            await back(party);

            for (const member of party.members) {
                await party.anew(member);
                await party.lost(member);
            }

            await busy(party, 4);
        });
    });
});


/* Afterwards there is one nginx of each. */

describe('redis: all applications, and one nginx of two', () => {
    const all = useAll({ grace: '1s' });

    it(`${ids} an nginx killed whole: its members left, once`,
        { timeout: 60000 * SCALE }, async () => {
            const list = await seated(all);
            const at = Date.now();
            const dead = all.pairs.map((pair) => pair.servers.pop());

            await each(list, (party) => bereaved(party,
                dead[list.indexOf(party)], at));
        });

    async function bereaved(party, dead, at) {
        const [near, far] = [0, 1].map((i) => party.members
            .filter((_, k) => k % 2 === i));
        const names = far.map((m) => party.name(m)).sort();

        /* it took some to find both workers of each */
        const before = new Map(near.map((m) => [m, party.gone.map((e) =>
            party.left(m, e).length)]));
        const left = (member, k) => party.left(member, party.gone[k])
            .slice(before.get(member)[k]);

        far.forEach((m) => party.stay(m));
        await killWhole(dead);

        for (const [k, event] of party.gone.entries()) {
            for (const member of near) {
                await until(() => left(member, k).length >= far.length,
                    event, 12000 * SCALE);
            }
        }

        assert.ok(Date.now() - at < 10000, `${Date.now() - at} ms`);
        party.members = near;

        const { servers: alive } = party.pair;

        party.pair = { servers: [alive[0], alive[0]] };
        await busy(party, 2);
        await sleep(1500);

        for (const k of party.gone.keys()) {
            for (const member of near) {
                assert.deepStrictEqual(left(member, k).sort(), names);
            }
        }

        same(party);
    }
});
