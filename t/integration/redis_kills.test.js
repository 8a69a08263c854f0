'use strict';

/*
 * Workers of two nginx die under polls, platform and orchestrator at play:
 * nobody misses anything or has it twice.  ROOMS_KILLS=N kills N of each.
 */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { Polls, Lottery, Game } = require('./lib/parties');
const { SCALE, sleep, until } = require('./lib/player');
const { usePair } = require('./lib/twins');

const KILLS = Number(process.env.ROOMS_KILLS || 4);
const HOOKS = { before, after, afterEach };


/*
 * Acts at both nginx by turns until stop(), each time with a number of its
 * own.  What is not answered was done or not, but not twice.
 */

class Play {
    constructor(party) {
        this.party = party;
        this.n = 0;
        this.taken = [];
        this.running = [0, 1].map((i) => this.run(i));
    }

    async run(i) {
        while (!this.stopped) {
            const n = this.n++;
            const done = await Promise.race([sleep(2000 * SCALE),
                this.party.act(i, n).catch(() => false)]);

            if (done) {
                this.taken.push(n);
            }

            await sleep(150);
        }
    }

    stop() {
        this.stopped = true;
        return Promise.all(this.running);
    }
}


/* In how many places something of want is missing; it is in that order. */

function missed(told, want) {
    let gaps = 0;
    let at = 0;

    for (const n of told) {
        const next = want.indexOf(n, at);

        assert.ok(next >= 0, `${n} in ${told}`);
        gaps += next > at ? 1 : 0;
        at = next + 1;
    }

    return gaps + (at < want.length ? 1 : 0);
}


/* All workers are there, and all members at them. */

async function whole(party, pids) {
    await until(async () => {
        const now = await Promise.all(party.pair.servers.map((s) =>
            s.pids().catch(() => [])));

        return now.every((list) => list.length === 2) &&
            !now.flat().some((pid) => pids.has(pid)) &&
            party.members.every((m) => party.connected(m));
    }, 'all workers and all members', 15000 * SCALE);
}


for (const [row, Kind] of [['P-90 P-83', Polls], ['L-68 L-87', Lottery],
    ['G-57 G-58', Game]]) {
    describe(`redis: workers of ${Kind.name.toLowerCase()} die`, () => {
        const pair = usePair(HOOKS, (o) => Kind.server(o), { hold: '20s' });

        it(`${row} kill -9 under play, ${KILLS} times: all is told in order, ` +
            'once', { timeout: 60000 + 20000 * KILLS * SCALE },
        async (t) => {
            const party = new Kind(pair);
            const quiet = await Kind.server({ redis: pair.redis.url }).start();

            t.after(() => quiet.stop());
            await party.seat();

            for (const server of pair.servers) {
                await server.assertBothWorkers();
            }

            const witness = await party.witness(quiet);
            const play = new Play(party);

            t.after(() => play.stop());

            for (let n = 0; n < KILLS; n++) {
                const server = pair.servers[n % 2];
                const pid = (await server.pids())[(n >> 1) % 2];

                await until(() => party.told(party.members[0]).length > n,
                    'something to come back with');
                server.kill(pid);
                await sleep(500 + 100 * (n % 7));
                await whole(party, new Set([pid]));
            }

            await play.stop();

            const everybody = [witness, ...party.members];

            await until(async () => {
                const last = play.n++;

                await party.act(0, last).catch(() => false);
                await sleep(300);
                return everybody.every((m) => party.told(m).at(-1) === last);
            }, 'told to everybody', 10000 * SCALE);

            const want = party.told(witness);

            t.diagnostic(`${want.length} events of ${play.n}, cut ` +
                party.members.map((m) => party.away(m)));
            assert.ok(play.taken.every((n) => want.includes(n)));
            assert.strictEqual(new Set(want).size, want.length, `${want}`);
            assert.ok(party.members.some((m) => party.away(m)));

            for (const member of party.members) {
                const gaps = missed(party.told(member), want);

                assert.ok(gaps <= (party.ephemeral ? party.away(member) : 0),
                    `${party.name(member)}: ${party.told(member)} of ${want}`);
            }
        });
    });
}
