'use strict';

/* Engine.IO revision 4 over WebSocket, and the change of transports. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useEcho, Poll, Wire, frame, eio, refused, SCALE, WAIT, sleep } =
    require('./lib/echo');

const E = '/engine.io/';


/* A handshake that is refused: the status and the code of the answer. */

async function denied(server, target, headers) {
    const wire = new Wire(server.ports.http);

    await wire.get(target, headers);
    await wire.until(() => wire.head !== null && /\}$/.test(wire.rest),
        'an answer');

    const { code } = JSON.parse(wire.rest);

    wire.destroy();
    return [wire.status, code];
}


describe('Engine.IO: handshake over WebSocket', () => {
    const server = useEcho({ before, after, afterEach });

    it('the open packet has no upgrades', async () => {
        const { hello } = await eio(server, E);

        assert.match(hello.sid, /^[A-Za-z0-9_-]{20}$/);
        assert.deepStrictEqual(hello, { sid: hello.sid, upgrades: [],
            pingInterval: 300, pingTimeout: 200, maxPayload: 1000000 });
    });

    const BAD = [
        ['EIO=4&transport=abc', 0],
        ['EIO=4&transport=websocket&sid=nobody', 1],
        ['EIO=3&transport=websocket', 5],
        ['transport=websocket', 5],
    ];

    for (const [query, code] of BAD) {
        it(`${query} is refused with ${code}`, async () => {
            assert.deepStrictEqual(await denied(server, `${E}?${query}`),
                [400, code]);
        });
    }

    it('a session over WebSocket cannot be polled', async () => {
        const wire = await eio(server, '/default/');
        const poll = new Poll(server, '/default/');

        poll.sid = wire.hello.sid;
        assert.deepStrictEqual((await poll.get()).json,
            { code: 3, message: 'Bad request' });
        assert.deepStrictEqual((await poll.post('40')).json,
            { code: 3, message: 'Bad request' });
    });

    it('frames that come with the request are not lost', async () => {
        for (let i = 0; i < 5; i++) {
            const wire = new Wire(server.ports.http);
            const get = wire.get(`${E}?EIO=4&transport=websocket`);

            wire.send(frame(1, '4early'));
            await get;
            await wire.packet('4early');
        }
    });
});


describe('Engine.IO: messages over WebSocket', () => {
    const server = useEcho({ before, after, afterEach });

    it('text and binary come back as what they are', async () => {
        const wire = await eio(server, E);

        await wire.send(frame(1, '4hello'), frame(2, Buffer.from([4, 0, 255])),
            frame(1, '4'), frame(1, '4\u20ac'), frame(2, ''));
        await wire.until(() => wire.frames.length >= 6, 'five answers');
        assert.deepStrictEqual(wire.frames.slice(1, 6).map((f) =>
            [f.opcode, f.data.toString('hex')]), [[1, '3468656c6c6f'],
            [2, '0400ff'], [1, '34'], [1, '34e282ac'], [2, '']]);
    });

    it('noop and upgrade packets are ignored', async () => {
        const wire = await eio(server, E);

        await wire.send(frame(1, '6'), frame(1, '5'), frame(1, '4x'));
        await wire.packet('4x');
    });

    for (const bad of ['abc', '', '0', '2', '2probe', '7', '\u20ac']) {
        it(`the packet ${JSON.stringify(bad)} closes it`, async () => {
            const was = await refused(server, 'packet');
            const wire = await eio(server, E);

            await wire.text(bad);
            await wire.closed();
            assert.strictEqual(await refused(server, 'packet'), was + 1);
        });
    }

    it('a close packet closes it', async () => {
        const wire = await eio(server, E);

        await wire.text('1');
        await wire.closed();
    });

    it('a heartbeat: a ping one interval after each pong', async () => {
        const wire = await eio(server, E);
        const from = Date.now();

        wire.beat();
        await wire.until(() => wire.frames.filter((f) =>
            f.data.toString() === '2').length === 3, 'three pings');

        const took = Date.now() - from;

        assert.ok(took >= 850 && took < 900 + 300 * SCALE, `${took} ms`);
    });

    it('no pong: an empty close frame', async () => {
        const from = Date.now();
        const wire = await eio(server, E);

        assert.strictEqual(await wire.closed(), 0);

        const took = Date.now() - from;

        assert.ok(took >= 480 && took < 500 + 200 * SCALE, `${took} ms`);
    });

    it('a message while a pong is due extends the time, once', async () => {
        const from = Date.now();
        const wire = await eio(server, E);

        await wire.packet('2');
        await sleep(120);
        await wire.text('4a');
        await sleep(50);
        await wire.text('4b');
        await wire.closed();

        const took = Date.now() - from;

        assert.ok(took >= 590 && took < 650 + 200 * SCALE, `${took} ms`);
    });

    it('who vanishes without a word is reaped', async () => {
        const { apps } = await server.status();
        const was = apps.echo_engine.timeouts;
        const wire = await eio(server, E);

        wire.socket.pause();
        await wire.until(async () => true, 'x').catch(() => {});

        const end = Date.now() + WAIT;
        let now;

        do {
            await sleep(50);
            now = (await server.status()).apps.echo_engine;
        } while (now.timeouts === was && Date.now() < end);

        assert.strictEqual(now.timeouts, was + 1);
        assert.strictEqual(now.transports.websocket, 0);
    });
});


describe('Engine.IO: upgrade from polling to WebSocket', () => {
    const server = useEcho({ before, after, afterEach });

    async function candidate(poll, location) {
        const wire = new Wire(server.ports.http);

        return wire.open(`${location || E}?EIO=4&transport=websocket&sid=` +
            poll.sid);
    }

    /* enough tries that both workers had both parts */

    async function often(n, fn) {
        for (let i = 0; i < n; i++) {
            await fn(i);
        }
    }

    it('2probe is answered with 3probe, 5 changes over', () => often(6,
        async () => {
            const poll = await new Poll(server, E).open();
            const wire = await candidate(poll);

            await wire.text('2probe');
            assert.strictEqual((await wire.frame(1)).data.toString(),
                '3probe');
            await wire.beat().send(frame(1, '5'), frame(1, '4hello'));
            await wire.packet('4hello');
            await sleep(60);

            const res = await poll.get();

            assert.deepStrictEqual([res.status, res.json.code], [400, 3]);
            assert.strictEqual((await poll.post('4x')).json.code, 3);
            await wire.text('4again');
            await wire.packet('4again');
            wire.destroy();
        }));

    it('2probe, 5 and a message in one segment', () => often(6, async () => {
        const poll = await new Poll(server, E).open();
        const wire = await candidate(poll);

        await wire.send(frame(1, '2probe'), frame(1, '5'),
            frame(1, '4hello'));
        await wire.packet('4hello');
        assert.deepStrictEqual(wire.packets(), ['3probe', '4hello']);
        wire.destroy();
    }));

    it('together with the request', () => often(6, async () => {
        const poll = await new Poll(server, E).open();
        const wire = new Wire(server.ports.http);

        wire.get(`${E}?EIO=4&transport=websocket&sid=${poll.sid}`);
        await wire.send(frame(1, '2probe'), frame(1, '5'), frame(1, '4x'));
        await wire.packet('4x');
        wire.destroy();
    }));

    it('a pending GET gets 6 soon after the probe', () => often(6,
        async () => {
            const poll = await new Poll(server, '/default/').open();
            const get = poll.get();

            await sleep(30 * SCALE);

            const wire = await candidate(poll, '/default/');

            await wire.text('2probe');
            await wire.packet('3probe');

            const from = Date.now();
            const res = await get;

            assert.deepStrictEqual([res.status, res.text], [200, '6']);
            assert.ok(Date.now() - from < 100 + 150 * SCALE);

            /* and so does a later one */
            assert.strictEqual((await poll.get()).text, '6');
            wire.destroy();
        }));

    it('what is queued goes over WebSocket, in order', () => often(6,
        async () => {
            const poll = await new Poll(server, E).open();
            const wire = await candidate(poll);

            await wire.text('2probe');
            await wire.packet('3probe');
            await poll.post('4one\x1ebAQID\x1e4two');
            await wire.send(frame(1, '5'), frame(1, '4three'));
            await wire.packet('4three');
            assert.deepStrictEqual(wire.frames.map((f) =>
                f.data.toString('latin1')).filter((d) => d !== '2'),
            ['3probe', '4one', '\x01\x02\x03', '4two', '4three']);
            wire.destroy();
        }));

    for (const [what, frames] of [
        ['a message', [frame(1, '4x')]],
        ['5 without a probe', [frame(1, '5')]],
        ['a ping', [frame(1, '2')]],
        ['binary', [frame(2, '2probe')]],
        ['a probe twice', [frame(1, '2probe'), frame(1, '2probe')]],
        ['a message after the probe', [frame(1, '2probe'),
            frame(1, '4x')]],
        ['a frame that is none', [Buffer.from([0xff, 0xff, 0, 0, 0, 0])]],
        ['the end', []],
    ]) {
        it(`${what} ends only the candidate`, () => often(4, async () => {
            const poll = await new Poll(server, '/default/').open();
            const wire = await candidate(poll, '/default/');

            if (frames.length) {
                await wire.send(...frames);
                await wire.closed();
            } else {
                wire.destroy();
                await sleep(30);
            }

            assert.strictEqual((await poll.post('40')).text, 'ok');
            await poll.until('42["auth"');

            /* and another one has its turn */

            const next = await candidate(poll, '/default/');

            await next.text('2probe');
            await next.packet('3probe');
            next.destroy();
        }));
    }

    it('a second candidate is closed, the first goes on', () => often(4,
        async () => {
            const poll = await new Poll(server, E).open();
            const one = await candidate(poll);

            await sleep(20 * SCALE);

            const two = await candidate(poll);

            await two.closed();
            await one.text('2probe');
            await one.packet('3probe');
            await one.send(frame(1, '5'), frame(1, '4x'));
            await one.packet('4x');
            one.destroy();
        }));

    it('a WebSocket for an upgraded session is closed', () => often(4,
        async () => {
            const poll = await new Poll(server, E).open();
            const one = await candidate(poll);

            await one.send(frame(1, '2probe'), frame(1, '5'));
            await one.packet('3probe');

            const two = await candidate(poll);

            await two.closed();
            await one.text('4hello');
            await one.packet('4hello');
            one.destroy();
        }));

    it('a session that ends takes its candidate along', async () => {
        const poll = await new Poll(server, '/default/').open();
        const wire = await candidate(poll, '/default/');

        await wire.text('2probe');
        await wire.packet('3probe');
        await poll.post('1');
        await wire.text('5');
        await wire.closed();
    });

    it('pings go on after the change', async () => {
        const poll = await new Poll(server, E).open();
        const wire = await candidate(poll);

        wire.beat();
        await wire.send(frame(1, '2probe'), frame(1, '5'));
        await wire.until(() => wire.frames.filter((f) =>
            f.data.toString() === '2').length >= 3, 'pings');
        await wire.text('4x');
        await wire.packet('4x');
    });
});


describe('Engine.IO: a candidate that says nothing', () => {
    const server = useEcho({ before, after, afterEach }, {
        change: (text) => text.replace('rooms echo_default;',
            'rooms echo_default; rooms_upgrade_timeout 300ms;') });

    it('is closed after rooms_upgrade_timeout', async () => {
        for (let i = 0; i < 4; i++) {
            const poll = await new Poll(server, '/default/').open();
            const wire = new Wire(server.ports.http);
            const from = Date.now();

            await wire.open(`/default/?EIO=4&transport=websocket&sid=` +
                poll.sid);
            assert.strictEqual(await wire.closed(), 0);
            assert.ok(Date.now() - from >= 280);
            assert.strictEqual((await poll.post('40')).text, 'ok');
        }
    });
});
