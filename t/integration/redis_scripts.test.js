'use strict';

/* Scripts that Redis forgets, amid commands that are on their way. */

const assert = require('node:assert');
const net = require('node:net');
const { describe, it } = require('node:test');

const { echoServer } = require('./lib/echo');
const { Proxy } = require('./lib/network');
const { Player, sleep, until } = require('./lib/player');
const { Redis } = require('./lib/redis');

const SENDERS = 32;
const APIECE = 8;       /* a worker has at least as many of them */
const EACH = 6;


/*
 * Forwards TCP and keeps what is said.  keep(): what nginx says waits, until
 * it is given in two parts; slowly(): error replies come one by one.
 */

class Recorder extends Proxy {
    accept(client) {
        const server = net.connect(this.to.port, this.to.host);
        const pair = { client, server, said: '', heard: '', kept: null,
            replies: [], slow: false };

        this.pairs.add(pair);

        for (const one of [client, server]) {
            one.setEncoding('latin1');
            one.on('error', () => {});
            one.on('close', () => {
                client.destroy();
                server.destroy();
                this.pairs.delete(pair);
            });
        }

        client.on('data', (text) => {
            pair.said += text;

            if (pair.kept === null) {
                server.write(text, 'latin1');
            } else {
                pair.kept += text;
            }
        });
        server.on('data', (text) => {
            pair.heard += text;
            pair.replies.push(...(pair.slow
                ? text.split(/(?=-NOSCRIPT)/) : [text]));

            if (pair.replies.length) {
                this.reply(pair);
            }
        });
    }

    async reply(pair) {
        if (pair.replying) {
            return;
        }

        pair.replying = true;

        while (pair.replies.length) {
            pair.client.write(pair.replies.shift(), 'latin1');

            if (pair.slow) {
                await sleep(4);
            }
        }

        pair.replying = false;
    }
}


/* The numbers of the events in a text, each where it is first. */

function numbers(text) {
    return [...new Set([...text.matchAll(/"n",(\d+)/g)].map((m) =>
        Number(m[1])))];
}


/* The text in two: half of the scripts in it, and the others. */

function halves(text) {
    const starts = [...text.matchAll(/\*\d+\r\n\$7\r\nEVALSHA\r\n/g)]
        .map((m) => m.index);
    const at = starts[Math.floor(starts.length / 2)];

    return [text.slice(0, at), text.slice(at)];
}


/* The sockets of the worker that has the fewest. */

async function fewest(server) {
    const { apps } = await server.status();

    return Math.min(...apps.echo_default.workers.map((w) => w.sockets));
}


describe('redis: scripts', () => {
    it('forgotten amid a burst: what was asked for first is done first',
        async () => {
            const redis = await new Redis().start();
            const recorder = await new Recorder(redis).start();
            const server = await echoServer({ redis: recorder.url,
                change: (text) => text.replace(/^(rooms_app [^{]*\{)/gm,
                    '$1 redis_timeout 10s;') }).start();
            const players = [];

            try {
                while (players.length < SENDERS ||
                    await fewest(server) < APIECE)
                {
                    const player = await new Player(server.url,
                        { path: '/default/' }).connect();

                    players.push(player);
                    await player.ask('join', 'R');
                }

                const pairs = [...recorder.pairs].filter((p) =>
                    /EVALSHA/.test(p.said) &&
                    /\{rooms:echo_default\}/.test(p.said));
                let n = 0;

                assert.strictEqual(pairs.length, 2);
                pairs.forEach((p) => {
                    /* known from the beginning */
                    assert.ok(/\r\nLOAD\r\n/.test(p.said));
                    assert.ok(!/NOSCRIPT/.test(p.heard));
                    p.kept = '';
                });

                /* apart: appends of one turn would be one command */
                for (const player of players) {
                    player.tell('emit-in-room', 'R', 'n', n++);
                    await until(() => pairs.reduce((sum, p) =>
                        sum + numbers(p.kept).length, 0) === n, `of ${n}`);
                }

                /* the others wait for the first of the same socket */
                for (let k = 1; k < EACH; k++) {
                    players.forEach((p) => p.tell('emit-in-room', 'R', 'n',
                        n++));
                }

                const parts = pairs.map((p) => halves(p.kept));

                pairs.forEach((p, i) => p.server.write(parts[i][0],
                    'latin1'));
                await sleep(100);
                await redis.ask('SCRIPT', 'FLUSH');

                for (const [i, pair] of pairs.entries()) {
                    pair.slow = true;
                    pair.server.write(parts[i][1] + pair.kept.slice(
                        parts[i].join('').length), 'latin1');
                    pair.kept = null;
                }

                await until(() => players.every((p) =>
                    p.all('n').length === n), 'all events');

                const told = players[0].all('n');

                assert.strictEqual(new Set(told).size, n);
                players.forEach((p) => assert.deepStrictEqual(p.all('n'),
                    told));

                for (const pair of pairs) {
                    const asked = numbers(pair.said);

                    assert.ok(pair.heard.match(/-NOSCRIPT/g).length > 2);
                    assert.ok(asked.length > EACH * 4, `${asked.length}`);
                    assert.deepStrictEqual(asked, told.filter((one) =>
                        asked.includes(one)));
                }
            } finally {
                players.forEach((p) => p.close());
                await server.stop();
                await recorder.stop();
                await redis.stop();
            }
        });
});
