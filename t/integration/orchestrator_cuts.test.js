'use strict';

/*
 * A game of four stations one of which has a bad line.  ROOMS_TXS is the
 * number of transactions, ROOMS_CUTS how often that line is cut, ROOMS_SEED
 * what the times are drawn from.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, afterEach, before, describe, it } = require('node:test');

const { useOrchestrator, faults, Player } = require('./lib/orchestrator');
const { Line } = require('./lib/lossy');
const { SCALE, sleep, until } = require('./lib/player');

const TXS = Number(process.env.ROOMS_TXS || 200);
const CUTS = Number(process.env.ROOMS_CUTS || 8);
const SEED = Number(process.env.ROOMS_SEED || Date.now() % 1000000);

const hooks = { before, after, afterEach };


/* mulberry32 */

function random(seed) {
    let a = seed;

    return (n) => {
        a = (a + 0x6d2b79f5) | 0;

        let t = Math.imul(a ^ (a >>> 15), 1 | a);

        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
    };
}


/* A token for four in five transactions, every third one in a group. */

function catalogue() {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(),
        'rooms-t-')), 'tokens.json');

    fs.writeFileSync(file, JSON.stringify({ tokens: Array.from(
        { length: Math.ceil(TXS * 0.8) }, (_, i) => ({ id: `T_${i}`,
            name: `Token ${i}`, value: i % 50, memoryType: 'visual',
            ...(i % 3 === 0 && { groupId: `G_${Math.floor(i / 6)}` }),
            mediaAssets: {} })) }));
    return file;
}


/*
 * The seed's client, which also keeps a list.  A list has a gap only where a
 * sync:full says so; it then begins anew with what that holds.
 */

class Station {
    constructor(url, id, server) {
        this.id = id;
        this.lists = [[]];
        this.syncs = 0;
        this.player = new Player(url, { name: id });
        this.socket = this.player.socket;
        server.players.push(this.player);

        this.socket.on('connect', () => {
            this.ready = false;
            this.socket.emit('gm:identify', { stationId: id,
                version: '1.0.0' }, (ack) => {
                this.ready = ack.success;
            });
        });
        this.socket.on('disconnect', (reason) => {
            this.ready = false;

            if (reason === 'io server disconnect') {
                this.socket.connect();
            }
        });
        this.socket.on('transaction:new', (m) =>
            this.lists.at(-1).push(m.data.id));
        this.socket.on('state:update', (m) => {
            this.state = m.data;
        });
        this.socket.on('gm:identified', (m) => {
            this.state = m.state;
        });
        this.socket.on('sync:full', (m) => {
            this.syncs++;
            this.state = m.data.state;
            this.lists.push(m.data.transactions.map((t) => t.id));
        });
        this.socket.connect();
    }

    /* Nothing is said twice: an answer that is lost stays lost. */

    async submit(tokenId, teamId) {
        if (!this.ready) {
            await sleep(20);
            return;
        }

        await this.socket.timeout(1000 * SCALE).emitWithAck(
            'transaction:submit', { tokenId, teamId, scannerId: this.id })
            .catch(() => null);
    }

    has(ids) {
        return this.lists.at(-1).at(-1) === ids.at(-1);
    }
}


async function history(server) {
    const list = [];

    for (;;) {
        const res = await server.rest.get('/api/transaction/history' +
            `?limit=1000&offset=${list.length}`);

        list.push(...res.json.transactions);

        if (list.length >= res.json.total) {
            return list;
        }
    }
}


/* What the scores have to be, from the list alone. */

function recount(list) {
    const scores = {};

    for (const tx of list.filter((t) => t.status === 'accepted')) {
        const score = scores[tx.teamId] ||= { points: 0, tokens: new Set() };

        score.points += tx.points;
        score.tokens.add(tx.tokenId);
    }

    return Object.fromEntries(Object.entries(scores).map(([team, s]) => {
        let bonus = 0;

        for (let i = 0; i < Math.ceil(TXS * 0.8); i += 6) {
            const group = [i, i + 3].filter((k) => k < Math.ceil(TXS * 0.8));

            if (group.every((k) => s.tokens.has(`T_${k}`))) {
                bonus += Math.floor(group.reduce((sum, k) => sum + k % 50,
                    0) * 0.5);
            }
        }

        return [team, [s.points + bonus, s.tokens.size, bonus]];
    }));
}


function shown(state) {
    return Object.fromEntries(state.scores.map((s) => [s.teamId,
        [s.currentScore, s.tokensScanned, s.bonusPoints]]));
}


describe(`orchestrator: a bad line (seed ${SEED})`, () => {
    const tokens = catalogue();
    const server = useOrchestrator(hooks, { tokens,
        options: { hold: '30s' } });

    after(() => fs.rmSync(path.dirname(tokens), { recursive: true }));

    it(`G-58 G-31 G-27 a station cut ${CUTS} times in ${TXS} transactions ` +
        'has the same list and scores as the others', async (t) => {
        const dice = random(SEED);
        const line = await new Line(server.ports.http).open();
        let sent = 0;
        let busy = true;

        t.after(() => {
            busy = false;
            return line.close();
        });
        await server.session();

        const bad = new Station(line.url, 'GM_2', server);
        const good = ['GM_1', 'GM_3', 'GM_4'].map((id) =>
            new Station(server.url, id, server));
        const all = [bad, ...good];

        await until(() => all.every((s) => s.ready), 'four stations');

        const play = all.map(async (station) => {
            while (busy) {
                await station.submit(`T_${dice(TXS)}`,
                    `TEAM_${'ABC'[dice(3)]}`);
                await sleep(105);
                sent++;
            }
        });

        const every = TXS / CUTS;

        for (let total = 0; total < TXS; ) {
            await sleep(20 + dice(60));
            total = (await server.rest.get('/api/transaction/history?' +
                'limit=1')).json.total;

            if (line.cuts < CUTS && bad.ready &&
                total > (line.cuts + 0.5) * every) {
                line.cut(dice(150), dice(600));
            }
        }

        busy = false;
        await Promise.all(play);
        await until(() => bad.ready, 'the last return');

        const list = await history(server);
        const ids = list.map((tx) => tx.id);

        assert.ok(line.cuts >= CUTS - 1 && list.length >= TXS);
        await until(() => all.every((s) => s.has(ids)), 'the last one');

        for (const station of good) {
            assert.deepStrictEqual(station.lists, [ids], station.id);
        }

        for (const part of bad.lists) {
            const from = ids.indexOf(part[0]);

            assert.deepStrictEqual(part, ids.slice(from,
                from + part.length));
        }

        t.diagnostic(`${list.length} transactions of ${sent} tries, ` +
            `${line.cuts} cuts, ${bad.syncs} sync:full`);
        assert.strictEqual(bad.syncs, 0);
        assert.strictEqual(bad.lists[0].length, ids.length);

        const scores = (await server.rest.get('/api/state')).json;

        assert.deepStrictEqual(shown(scores), recount(list));
        await until(() => all.every((s) => JSON.stringify(s.state.scores) ===
            JSON.stringify(scores.scores)), 'the same scores everywhere');

        for (const { player } of all) {
            assert.deepStrictEqual(faults(player).slice(0, 3), []);
        }

        const own = bad.player.all('device:connected')
            .concat(bad.player.all('device:disconnected'))
            .filter((m) => m.data.deviceId === 'GM_2');

        assert.deepStrictEqual(own, []);
    });
});
