'use strict';

/*
 * Sessions that are on their way to another worker when it dies, or the one
 * they come from, or Redis: each goes on, or ends and is said to have left,
 * once.  ROOMS_LOST=N repeats what depends on the moment.
 */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { NodeWebSocket, NodeXHR } = require('engine.io-client');

const { Poll, Wire } = require('./lib/echo');
const { Proxy } = require('./lib/network');
const { Player, SCALE, sleep, until } = require('./lib/player');
const { Redis } = require('./lib/redis');
const { Server } = require('./lib/server');

const TIMES = Number(process.env.ROOMS_LOST || 3);
const TABLES = 4;

/* ms: what a worker that is not stopped has done by then */

const TURN = 100 * SCALE;

/* as they stand in what workers tell each other */

const SESSION = 12;
const TAKEN = 13;

/* the sids and records that a dead worker leaves */

const BURIED = /\*\d+\r\n\$20\r\n[\w-]{20}\r\n\$\d+\r\n\x01/;


function letter(type) {
    return new RegExp(`:w:\\d+\\r\\n\\$\\d+\\r\\n\\x0${type.toString(16)}`);
}


/* A client that polls in the worker giver, with its WebSocket in taker. */

class Mover {
    constructor(server, giver, taker) {
        Object.assign(this, { server, giver, taker });
    }

    async join(code, name) {
        this.name = name;

        for (;;) {
            this.poll = await new Poll(this.server, '/socket.io/').open();

            if (Number(this.poll.answer.headers['x-pid']) === this.giver) {
                break;
            }

            await this.poll.post('1');
        }

        await this.poll.post('40');
        await this.poll.until('40');
        await this.poll.post(`420["session:join",${JSON.stringify({
            sessionCode: code, displayName: name })}]`);

        const [ack] = (await this.poll.until('430'))
            .filter((p) => p.startsWith('430'));

        assert.strictEqual(JSON.parse(ack.slice(3))[0].success, true, ack);
    }

    async probe() {
        for (;;) {
            this.wire = new Wire(this.server.ports.http);

            /* refused where Redis was too slow to ask for the session */
            const open = await this.wire.open('/socket.io/?EIO=4&transport=' +
                `websocket&sid=${this.poll.sid}`).catch(() => null);

            if (open && Number(open.header('X-Pid')) === this.taker) {
                break;
            }

            assert.strictEqual((await this.poll.post('3')).text, 'ok');

            this.wire.destroy();
            await sleep(50);
        }

        await this.wire.text('2probe');
        await this.wire.packet('3probe');
    }

    /* The client changes to its WebSocket. */

    change() {
        return this.wire.text('5');
    }

    /* The image lies where the taker, which is stopped, will find it. */

    async leave() {
        process.kill(this.giver, 'SIGSTOP');
        await this.change();
        await sleep(TURN);
        process.kill(this.taker, 'SIGSTOP');
        process.kill(this.giver, 'SIGCONT');
        await sleep(TURN);
    }

    /* By its WebSocket. */

    async ask(n, ...args) {
        await this.wire.text(`42${n}${JSON.stringify(args)}`);
        return JSON.parse((await this.wire.packet(`43${n}`))
            .replace(/^\d+/, ''))[0];
    }
}


function lefts(player, name) {
    return player.all('participant:left').filter((e) =>
        e.displayName === name).length;
}


async function once(player, name, within) {
    await until(() => lefts(player, name) > 0, `${name} left`, within);
    await sleep(1000);
    assert.strictEqual(lefts(player, name), 1);
}


for (const kind of ['in shared memory', 'over redis']) {
    describe(`moves: lost ${kind}`, () => {
        const link = { proxy: {} };
        let server;
        let pids;

        before(async () => {
            if (kind === 'over redis') {
                link.redis = await new Redis().start();
                link.proxy = await new Proxy({ port: link.redis.port,
                    host: '127.0.0.1' }).start();
            }

            server = await new Server({ redis: link.proxy.url,
                allow: /exited on signal 9/,
                rooms: ['add_header X-Pid $pid always;',
                    'rooms_ping_interval 1s;', 'rooms_ping_timeout 8s;'],
            }).start();
        });
        afterEach(async () => {
            Wire.closeAll();
            await server.clean();
        });
        after(async () => {
            await server.stop();

            if (link.redis) {
                await link.proxy.stop();
                await link.redis.stop();
            }
        });

        /* A table with Alice in the worker pids[side], and Bob on the move. */

        async function seat(side, from) {
            const { workers } = await server.dinner();

            pids = workers.sort((a, b) => a.slot - b.slot).map((w) => w.pid);

            const { sessionCode: code } = await server.rest.create('Alice');
            const alice = await server.player({ side, name: 'Alice' });
            const bob = new Mover(server, pids[from], pids[1 - from]);

            assert.strictEqual((await alice.join(code)).success, true);
            await bob.join(code, 'Bob');
            await bob.probe();
            await alice.next('participant:joined');
            return { alice, bob, code };
        }

        async function respawned() {
            await until(async () => {
                const { workers } = await server.dinner();

                return workers.length === 2 && workers.every((w) =>
                    pids.filter((pid) => pid === w.pid).length === 0
                    || alive(w.pid)) && !workers.every((w) =>
                    pids.includes(w.pid));
            }, 'a new worker');
        }

        function alive(pid) {
            try {
                return process.kill(pid, 0);
            } catch (e) {
                return false;
            }
        }

        it('D-70 the taker dies with the image: left, once', async () => {
            const { alice, bob } = await seat(0, 0);

            await bob.leave();
            process.kill(bob.taker, 'SIGKILL');
            await once(alice, 'Bob', 6000 * SCALE);
            await respawned();
        });

        it('D-70 the giver dies meanwhile: left, once, and an image that ' +
            'comes late is refused', async () => {
            const { alice, bob } = await seat(1, 0);

            await bob.leave();
            process.kill(bob.giver, 'SIGKILL');

            /* the one that took its place, or the taker, buries it */
            await sleep(link.redis ? 1500 : 500);
            process.kill(bob.taker, 'SIGCONT');
            await once(alice, 'Bob', 10000 * SCALE);
            await bob.wire.until(() => bob.wire.ended, 'end', 12000 * SCALE);
            await respawned();
        });

        it('the client goes meanwhile: left, once', async () => {
            const { alice, bob } = await seat(0, 0);

            await bob.leave();
            bob.wire.destroy();
            await sleep(TURN);
            process.kill(bob.taker, 'SIGCONT');
            await once(alice, 'Bob');
        });

        it('the giver and the taker are only slow: it goes on', async () => {
            const { alice, bob, code } = await seat(0, 0);

            await bob.leave();
            assert.strictEqual((await alice.submit(['sushi-spot'])).success,
                true);
            await sleep(2 * TURN);
            process.kill(bob.taker, 'SIGCONT');
            await bob.wire.packet('42["participant:submitted"');
            assert.strictEqual((await bob.ask(1, 'selection:submit',
                { sessionCode: code, selections: ['sushi-spot'] })).success,
            true);
            await alice.next('session:results');
            await sleep(600);
            assert.strictEqual(bob.wire.packets().filter((p) =>
                p.startsWith('42["participant:submitted"')).length, 1);
            assert.strictEqual(lefts(alice, 'Bob'), 0);
        });

        it(`workers die at any moment, ${TIMES} times: all go on or have ` +
            'left, once', { timeout: 60000 * SCALE * TIMES }, async () => {
            for (let i = 0; i < TIMES; i++) {
                await anyMoment();
                await server.clean();
            }
        });

        async function goesOn({ alice, bob, code }) {
            assert.strictEqual((await alice.submit(['sushi-spot'])).success,
                true);
            await bob.wire.packet('42["participant:submitted"');
            assert.strictEqual((await bob.ask(1, 'selection:submit',
                { sessionCode: code, selections: ['sushi-spot'] })).success,
            true);
            await alice.next('session:results');
            assert.strictEqual(bob.wire.packets().filter((p) =>
                p.startsWith('42["participant:submitted"')).length, 1);
        }

        if (kind === 'over redis') {
            it('the image is lost: it is sent again', async () => {
                const seated = await seat(0, 0);

                link.proxy.lose(letter(SESSION));
                await seated.bob.change();
                await goesOn(seated);
                assert.strictEqual(link.proxy.wanted, null);
                assert.strictEqual(lefts(seated.alice, 'Bob'), 0);
            });

            it('that it has arrived is lost: it stays where it is',
                async () => {
                    const seated = await seat(0, 0);
                    const { alice, bob } = seated;

                    bob.wire.beat();
                    link.proxy.lose(letter(TAKEN));
                    await bob.change();
                    await goesOn(seated);
                    assert.strictEqual(link.proxy.wanted, null);
                    await until(() => /a session did not arrive/.test(
                        server.errorLog()), 'the end of the wait', 12000);
                    await sleep(500);
                    assert.strictEqual((await alice.restart()).success, true);
                    await bob.wire.packet('42["session:restarted"');
                    assert.strictEqual(lefts(alice, 'Bob'), 0);
                });

            for (const [what, lose] of [
                ['is lost', () => 0],
                ['is lost with Redis', async () => {
                    await link.redis.kill();
                    await sleep(300);
                    await link.redis.run();
                }]]) {
                it(`D-70 the answer about a dead worker's members ${what}: ` +
                    'left, once, within 10 s', async () => {
                    const { alice, bob } = await seat(0, 1);

                    link.proxy.lose(BURIED);
                    process.kill(pids[1], 'SIGKILL');

                    const at = Date.now();

                    await until(() => link.proxy.wanted === null, 'the loss');
                    await lose();
                    await once(alice, 'Bob', 10000 * SCALE);

                    const told = alice.log.find((e) => e.name ===
                        'participant:left').at;

                    assert.ok(told - at < 10000, `${told - at} ms`);
                    bob.wire.destroy();
                    await respawned();
                });
            }

            it(`Redis dies at that moment, ${TIMES} times: it goes on or ` +
                'has left, once', { timeout: 60000 * SCALE * TIMES },
            async () => {
                for (let i = 0; i < TIMES; i++) {
                    const { alice, bob } = await seat(i % 2, 0);

                    bob.wire.beat();
                    await bob.change();
                    await sleep(Math.random() * 8);
                    await link.redis.kill();
                    await sleep(200);
                    await link.redis.run();
                    await until(async () => (await alice.restart()).success,
                        'a command that is taken');
                    await until(() => bob.wire.ended || bob.wire.packets()
                        .some((p) => p.startsWith('42["session:restarted"')),
                    'either', 12000 * SCALE);

                    if (bob.wire.ended) {
                        await once(alice, 'Bob', 12000 * SCALE);
                    } else {
                        await sleep(1000);
                        assert.strictEqual(lefts(alice, 'Bob'), 0);
                    }

                    bob.wire.destroy();
                    await server.clean();
                }
            });
        }

        async function anyMoment() {
            const players = [];

            class Slow extends NodeWebSocket {
                doOpen() {
                    setTimeout(() => super.doOpen(), Math.random() * 100);
                }
            }

            for (let i = 0; i < TABLES; i++) {
                const { sessionCode: code } = await server.rest.create('A');
                const table = [];

                for (const name of ['A', 'B', 'C', 'D']) {
                    const player = new Player(server.url, { name,
                        ...(name === 'A' ? {} : { reconnection: false,
                            transports: [NodeXHR, Slow] }) });

                    server.players.push(player);
                    table.push(player);
                }

                players.push({ table, code });
            }

            await Promise.all(players.map(({ table }) => table[0].connect()));
            await Promise.all(players.map(async ({ table, code }) => {
                assert.ok((await table[0].join(code)).success);
                await Promise.all(table.slice(1).map(async (p) => {
                    await p.connect();
                    await p.join(code).catch(() => 0);
                }));
            }));
            await sleep(Math.random() * 60);

            const [pid] = (await server.pids()).sort(() =>
                Math.random() - 0.5);

            process.kill(pid, 'SIGKILL');

            /* a client may also give up a session that its worker still has */
            await sleep(1500);

            for (const { table: [alice, ...others] } of players) {
                assert.ok(alice.log.filter((e) => e.kind === 'connect')
                    .slice(1).every((e) => e.data.recovered));

                const gone = others.filter((p) => p.participantId &&
                    !p.socket.connected);

                await until(() => gone.every((p) => lefts(alice, p.name)),
                    'all who have gone', 12000 + 4000 * SCALE);
            }

            await sleep(1000);

            for (const { table: [alice, ...others] } of players) {
                const joined = others.filter((o) => o.participantId);

                assert.ok(alice.socket.connected);

                /* the others may hear that it left before it does itself */
                await until(() => joined.every((p) => !p.socket.connected ||
                    lefts(alice, p.name) === 0), 'who left to know it',
                12000 * SCALE);

                for (const p of joined) {
                    assert.strictEqual(lefts(alice, p.name),
                        p.socket.connected ? 0 : 1, p.name);
                }
            }
        }
    });
}
