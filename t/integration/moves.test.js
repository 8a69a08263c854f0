'use strict';

/*
 * Sessions that change to a WebSocket of another worker while they are used:
 * every answer and every event once, in order.
 */

const assert = require('node:assert');
const { after, afterEach, before, describe, it } = require('node:test');

const { NodeWebSocket, NodeXHR } = require('engine.io-client');

const { oneLocation } = require('./lib/echo');
const { Proxy } = require('./lib/network');
const { Platform } = require('./lib/platform');
const { Player, SCALE, sleep, until } = require('./lib/player');
const { Redis } = require('./lib/redis');
const { Server } = require('./lib/server');

/* clients: that none of them changes its worker has odds of 2^-CLIENTS */

const CLIENTS = Number(process.env.ROOMS_MOVES || 24);
const ROOMS = 4;
const COMMANDS = 20;

/* ms: until a client begins with its WebSocket, and a way from Redis */

const LATE = 150;
const SLOW = 60;


/* The transport of the stock client, begun a bit later. */

class LateWebSocket extends NodeWebSocket {
    doOpen() {
        setTimeout(() => super.doOpen(), Math.random() * LATE);
    }
}

const UPGRADE = { transports: [NodeXHR, LateWebSocket] };


function upgraded(socket) {
    return until(() => socket.io.engine.transport.name === 'websocket',
        'the upgrade');
}


/* One Redis behind a proxy, or none; o.redis is then undefined. */

function useRedis(kind) {
    const link = { proxy: { delay: 0 } };

    before(async () => {
        if (kind === 'over redis') {
            link.redis = await new Redis().start();
            link.proxy = await new Proxy({ port: link.redis.port,
                host: '127.0.0.1' }).start();
        }
    });
    afterEach(() => {
        link.proxy.delay = 0;
    });
    after(async () => {
        if (link.redis) {
            await link.proxy.stop();
            await link.redis.stop();
        }
    });
    return link;
}


/* Somebody who says something in every room all the time. */

class Publisher {
    constructor(player) {
        this.player = player;
        this.sent = 0;
        this.stopped = false;
    }

    async run() {
        const { socket } = this.player;

        while (!this.stopped) {
            const n = ++this.sent;

            await Promise.all(Array.from({ length: ROOMS }, (_, room) =>
                socket.timeout(20000 * SCALE).emitWithAck(n % 2
                    ? 'emit-in-room' : 'volatile-in-room', `r${room}`, 'said',
                'publisher', n)));
        }
    }
}


/* What a player heard, each as "who n". */

function said(player) {
    return player.log.filter((e) => e.name === 'said')
        .map((e) => `${e.args[0]} ${e.args[1]}`);
}


/* Joins, then asks and tells all at once, without waiting for an answer. */

async function use(player, room, publisher) {
    const { socket } = player;
    const acks = [];
    const order = [];

    await socket.timeout(20000 * SCALE).emitWithAck('join', room);
    player.since = publisher.sent;

    for (let i = 0; i < COMMANDS; i++) {
        acks.push(socket.timeout(20000 * SCALE).emitWithAck(
            'message-with-ack', i).then(() => order.push(i)));
        acks.push(socket.timeout(20000 * SCALE).emitWithAck('emit-in-room',
            room, 'said', player.name, i));
        await sleep(Math.random() * 2 * LATE / COMMANDS);
    }

    await Promise.all(acks);
    await upgraded(socket);
    return order;
}


for (const kind of ['in shared memory', 'over redis']) {
    describe(`moves: ${kind}`, () => {
        const link = useRedis(kind);
        let server;

        before(async () => {
            server = await new Server({ ...oneLocation('', {
                app: link.redis ? 'redis_timeout 20s;' : '' }),
            redis: link.proxy.url }).start();
        });
        afterEach(() => server.closePlayers());
        after(() => server.stop());

        it('every answer and event once and in order', async () => {
            const make = async (opts) => {
                const player = new Player(server.url, { reconnection: false,
                    ...opts });

                server.players.push(player);
                await player.connect();
                return player;
            };
            const publisher = new Publisher(await make({ name: 'publisher' }));
            const readers = [];

            for (let i = 0; i < ROOMS; i++) {
                readers.push(await make({ name: `reader ${i}` }));
                await readers[i].socket.emitWithAck('join', `r${i}`);
            }

            const run = publisher.run();

            link.proxy.delay = SLOW;

            const players = await Promise.all(Array.from({ length: CLIENTS },
                (_, i) => make({ name: `p${i}`, ...UPGRADE })));
            const orders = await Promise.all(players.map((p, i) =>
                use(p, `r${i % ROOMS}`, publisher)));

            publisher.stopped = true;
            await run;
            link.proxy.delay = 0;

            orders.forEach((order) => assert.deepStrictEqual(order,
                order.map((_, i) => i)));
            players.forEach((p) => assert.ok(p.socket.connected, p.name));

            const last = `publisher ${publisher.sent}`;

            for (const [i, player] of [...players, ...readers].entries()) {
                await until(() => said(player).includes(last),
                    `${player.name} hears ${last}`);

                const reader = readers[(i < CLIENTS ? i : i - CLIENTS)
                    % ROOMS];

                await until(() => said(reader).includes(last), last);

                /* all that was said from some moment on */
                const all = said(reader);
                const own = said(player);

                assert.deepStrictEqual(own, all.slice(-own.length),
                    player.name);

                if (i < CLIENTS) {
                    const from = own.findIndex((text) =>
                        text.startsWith('publisher'));

                    assert.ok(Number(own[from].split(' ')[1]) <=
                        player.since + 1);
                    assert.strictEqual(own.filter((text) =>
                        text.startsWith(`${player.name} `)).length, COMMANDS);
                }
            }
        });
    });

    describe(`moves: platform ${kind}`, () => {
        const link = useRedis(kind);
        let server;

        before(async () => {
            server = await new Platform({ redis: link.proxy.url, options: [
                'option rate_public 0;', 'option rate_user 0;',
                'option rate_app 0;',
                ...(link.redis ? ['redis_timeout 20s;'] : [])] }).start();
        });
        afterEach(() => server.clean());
        after(() => server.stop());

        it('L-77 commands sent before a move are answered after it, and the ' +
            'rooms come along', async () => {
            const room = await server.room(['bob']);
            const clients = await Promise.all(Array.from({ length: CLIENTS },
                () => server.join(server.user('bob'), UPGRADE)));

            link.proxy.delay = SLOW;

            const acks = clients.map((client) => Array.from(
                { length: COMMANDS }, (_, i) => client.timeout(20000 * SCALE)
                    .emitWithAck('room:subscribe',
                        { roomId: i % 2 ? 'room_none' : room.id })));

            await Promise.all(clients.map(upgraded));

            for (const list of acks) {
                const got = await Promise.all(list);

                assert.deepStrictEqual(got.map((ack) => ack.success),
                    got.map((ack, i) => i % 2 === 0));
            }

            link.proxy.delay = 0;

            for (let i = 0; i < 3; i++) {
                const sent = await server.publish(room, 'lottery:tick', { i });

                assert.ok(sent.status < 300, sent.text);
            }

            for (const client of clients) {
                await client.next('lottery:tick', 2);
                assert.ok(client.connected);
                assert.deepStrictEqual(client.of('lottery:tick')
                    .map((h) => h.data.i), [0, 1, 2]);
            }
        });

        it('L-77 who is let in while it moves stays', async () => {
            link.proxy.delay = SLOW;

            const clients = await Promise.all(Array.from({ length: CLIENTS },
                () => server.join(server.user('bob'), UPGRADE)));

            await Promise.all(clients.map(upgraded));
            link.proxy.delay = 0;

            const acks = await Promise.all(clients.map((client) =>
                client.ask('room:subscribe', { roomId: 'room_none' })));

            assert.ok(acks.every((ack) => ack.success === false));
        });
    });
}
