'use strict';

/* Engine.IO revision 4 over long-polling: what the protocol's document says. */

const assert = require('node:assert');
const { describe, it, before, after, afterEach } = require('node:test');

const { useEcho, Poll, request, refused, SCALE, sleep } =
    require('./lib/echo');

const E = '/engine.io/';


describe('Engine.IO: handshake over polling', () => {
    const server = useEcho({ before, after, afterEach });

    it('is 200 with an open packet', async () => {
        const poll = await new Poll(server, E).open();

        assert.strictEqual(poll.answer.headers['content-type'],
            'text/plain; charset=UTF-8');
        assert.strictEqual(poll.answer.headers['cache-control'], 'no-store');
        assert.match(poll.sid, /^[A-Za-z0-9_-]{20}$/);
        assert.deepStrictEqual(poll.hello, { sid: poll.sid,
            upgrades: ['websocket'], pingInterval: 300, pingTimeout: 200,
            maxPayload: 1000000 });
        assert.strictEqual(poll.answer.headers['access-control-allow-origin'],
            undefined);
    });

    it('with an empty sid it is a new one', async () => {
        const res = await request(server.url, 'GET',
            `${E}?EIO=4&transport=polling&sid=`);

        assert.strictEqual(res.status, 200);
        assert.strictEqual(res.text[0], '0');
    });

    it('defaults are those of the reference', async () => {
        const { hello } = await new Poll(server, '/default/').open();

        assert.strictEqual(hello.pingInterval, 25000);
        assert.strictEqual(hello.pingTimeout, 20000);
        assert.strictEqual(hello.maxPayload, 1000000);
    });

    const BAD = [
        ['GET', '?EIO=4', 400, 0, 'Transport unknown'],
        ['GET', '', 400, 0, 'Transport unknown'],
        ['GET', '?EIO=4&transport=abc', 400, 0, 'Transport unknown'],
        ['GET', '?EIO=4&transport=constructor', 400, 0, 'Transport unknown'],
        ['GET', '?EIO=4&transport=websockets', 400, 0, 'Transport unknown'],
        ['POST', '?transport=abc&sid=nobody', 400, 0, 'Transport unknown'],
        ['GET', '?EIO=4&transport=polling&sid=nobody', 400, 1,
            'Session ID unknown'],
        ['GET', '?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA', 400, 1,
            'Session ID unknown'],
        ['POST', '?EIO=4&transport=polling&sid=nobody', 400, 1,
            'Session ID unknown'],
        ['POST', '?EIO=4&transport=polling', 400, 2, 'Bad handshake method'],
        ['PUT', '?EIO=4&transport=polling', 400, 2, 'Bad handshake method'],
        ['OPTIONS', '?EIO=4&transport=polling', 400, 2,
            'Bad handshake method'],
        ['GET', '?EIO=4&transport=websocket', 400, 3, 'Bad request'],
        ['GET', '?transport=polling', 400, 5, 'Unsupported protocol version'],
        ['GET', '?EIO=3&transport=polling', 400, 5,
            'Unsupported protocol version'],
        ['GET', '?EIO=abc&transport=polling', 400, 5,
            'Unsupported protocol version'],
        ['GET', '?EIO=44&transport=polling', 400, 5,
            'Unsupported protocol version'],
    ];

    for (const [method, query, status, code, message] of BAD) {
        it(`${method} ${query || '(no query)'} is refused with ${code}`,
            async () => {
                const kind = code === 1 ? 'session' : 'handshake';
                const was = await refused(server, kind);
                const res = await request(server.url, method, E + query);

                assert.strictEqual(res.status, status);
                assert.match(res.headers['content-type'],
                    /^application\/json/);
                assert.deepStrictEqual(res.json, { code, message });
                assert.strictEqual(await refused(server, kind), was + 1);
            });
    }

    it('within a session another EIO or transport is refused with 3',
        async () => {
            const poll = await new Poll(server, '/default/').open();

            for (const query of ['EIO=3&transport=polling',
                'transport=polling', 'EIO=4&transport=websocket']) {
                const res = await request(server.url, 'GET',
                    `/default/?${query}&sid=${poll.sid}`);

                assert.deepStrictEqual([res.status, res.json.code], [400, 3],
                    query);
            }

            assert.strictEqual((await poll.post('40')).text, 'ok');
        });
});


describe('Engine.IO: messages over polling', () => {
    const server = useEcho({ before, after, afterEach });

    const ECHOED = [
        ['a text', '4hello', '4hello'],
        ['an empty text', '4', '4'],
        ['text that is not ASCII', '4h\u00e9llo \u20ac \ud83d\ude00',
            '4h\u00e9llo \u20ac \ud83d\ude00'],
        ['two packets', '4a\x1e4b', '4a\x1e4b'],
        ['an escaped separator', '4"\\u001e"', '4"\\u001e"'],
        ['binary', 'bAQIDBA==', 'bAQIDBA=='],
        ['text and binary', '4one\x1ebAQIDBA==\x1e4two',
            '4one\x1ebAQIDBA==\x1e4two'],
        ['empty binary', 'b\x1e4x', 'b\x1e4x'],
        ['a noop before it', '6\x1e4x', '4x'],
    ];

    for (const [what, sent, want] of ECHOED) {
        it(`${what} comes back`, async () => {
            const poll = await new Poll(server, E).open();
            const res = await poll.post(sent);

            assert.deepStrictEqual([res.status, res.text], [200, 'ok']);
            assert.match(res.headers['content-type'], /^text\/html/);
            assert.strictEqual(res.headers['cache-control'], 'no-store');

            const got = await poll.get();

            assert.strictEqual(got.status, 200);
            assert.strictEqual(got.text, want);
            assert.strictEqual(got.headers['content-type'],
                'text/plain; charset=UTF-8');
            assert.strictEqual(Number(got.headers['content-length']),
                Buffer.byteLength(want));
        });
    }

    it('a GET waits for the first packet', async () => {
        const poll = await new Poll(server, '/default/').open();
        const get = poll.get();

        await sleep(50);
        await poll.post('40');
        assert.match((await get).text, /^40\{"sid":/);
    });

    const BROKEN = [
        ['an unknown type', 'abc'],
        ['an empty packet', '4a\x1e\x1e4b'],
        ['nothing', ''],
        ['an open packet', '0{}'],
        ['a ping', '2'],
        ['base64 that is none', 'b$$$$'],
        ['base64 cut short', 'bAQIDB'],
        ['octets that are no UTF-8', Buffer.from([0x34, 0xc3, 0x28])],
    ];

    for (const [what, body] of BROKEN) {
        it(`${what} ends the session with 400`, async () => {
            const was = await refused(server, 'packet');
            const poll = await new Poll(server, E).open();
            const res = await poll.post(body);

            assert.deepStrictEqual([res.status, res.json],
                [400, { code: 3, message: 'Bad request' }]);

            const after = await poll.get();

            assert.deepStrictEqual([after.status, after.json.code],
                [400, 1]);
            assert.strictEqual(await refused(server, 'packet'), was + 1);
        });
    }

    it('application/octet-stream is refused, the session goes on',
        async () => {
            const poll = await new Poll(server, '/default/').open();
            const res = await poll.post(Buffer.from('4x'),
                { 'content-type': 'application/octet-stream' });

            assert.deepStrictEqual([res.status, res.json.code], [400, 3]);
            assert.strictEqual((await poll.post('40')).text, 'ok');
        });

    it('another method within a session is refused', async () => {
        const poll = await new Poll(server, '/default/').open();

        for (const method of ['PUT', 'DELETE', 'PATCH']) {
            const res = await request(server.url, method, poll.target());

            assert.strictEqual(res.status, 400, method);
        }

        assert.strictEqual((await poll.post('40')).text, 'ok');
    });

    it('HEAD of a handshake has no body', async () => {
        const res = await request(server.url, 'HEAD',
            `${E}?EIO=4&transport=polling`);

        assert.strictEqual(res.text, '');
        assert.strictEqual(res.status, 400);
    });
});


describe('Engine.IO: ends of a polling session', () => {
    const server = useEcho({ before, after, afterEach });

    async function gone(poll) {
        const res = await poll.get();

        assert.deepStrictEqual([res.status, res.json],
            [400, { code: 1, message: 'Session ID unknown' }]);
    }

    it('two GETs at once: 400 for the second, 1 for the first', async () => {
        const poll = await new Poll(server, '/default/').open();
        const first = poll.get();

        await sleep(60 * SCALE);

        const second = await poll.get();

        assert.deepStrictEqual([second.status, second.json.code], [400, 3]);

        const res = await first;

        assert.deepStrictEqual([res.status, res.text], [200, '1']);
        await gone(poll);
    });

    it('two POSTs at once end it', async () => {
        const http = require('node:http');
        for (let i = 0; i < 6; i++) {
            const poll = await new Poll(server, '/default/').open();
            const req = http.request(server.url + poll.target(), {
                method: 'POST',
                agent: false, headers: { 'content-type': 'text/plain',
                    'content-length': 5 } });
            const first = new Promise((resolve) => {
                req.on('response', (res) => {
                    res.resume();
                    resolve(res.statusCode);
                });
                req.on('error', () => resolve(0));
            });

            req.write('4a');
            await sleep(60 * SCALE);

            const second = await poll.post('40');

            req.end('bcd');
            assert.deepStrictEqual([second.status, second.json.code],
                [400, 3]);
            assert.strictEqual(await first, 400);
            await gone(poll);
        }
    });

    it('a close packet releases a waiting GET with 6', async () => {
        const poll = await new Poll(server, '/default/').open();
        const get = poll.get();

        await sleep(60 * SCALE);
        assert.strictEqual((await poll.post('1')).text, 'ok');

        const res = await get;

        assert.deepStrictEqual([res.status, res.text], [200, '6']);
        await gone(poll);
    });

    it('a close packet without a GET ends it', async () => {
        const poll = await new Poll(server, '/default/').open();

        assert.strictEqual((await poll.post('1')).text, 'ok');
        await gone(poll);
    });

    it('what follows a close packet is not looked at', async () => {
        const poll = await new Poll(server, '/default/').open();

        assert.strictEqual((await poll.post('1\x1eabc')).text, 'ok');
        await gone(poll);
    });

    it('who hangs up ends it', async () => {
        const http = require('node:http');

        for (let i = 0; i < 4; i++) {
            const poll = await new Poll(server, '/default/').open();
            const req = http.get(server.url + poll.target(),
                { agent: false });

            req.on('error', () => {});
            await sleep(60 * SCALE);
            req.destroy();
            await sleep(60 * SCALE);
            await gone(poll);
        }
    });

    it('a heartbeat: a ping one interval after each pong', async () => {
        const poll = await new Poll(server, E).open();

        for (let i = 0; i < 3; i++) {
            const from = Date.now();
            const res = await poll.get();
            const took = Date.now() - from;

            assert.strictEqual(res.text, '2');
            assert.ok(took >= 230 && took < 300 + 150 * SCALE, `${took} ms`);
            await poll.post('3');
        }
    });

    it('no pong: a waiting GET gets 1', async () => {
        const poll = await new Poll(server, E).open();

        assert.strictEqual((await poll.get()).text, '2');
        assert.strictEqual((await poll.get()).text, '1');
        await gone(poll);
    });

    it('no pong, no GET: it is unknown after interval and timeout',
        async () => {
            const poll = await new Poll(server, E).open();

            await sleep(501);
            await gone(poll);
        });

    it('a packet while a pong is due extends the time, once', async () => {
        const poll = await new Poll(server, E).open();
        const from = Date.now();

        assert.strictEqual((await poll.get()).text, '2');
        await sleep(120);

        for (let i = 0; i < 3; i++) {
            await poll.post('6');
        }

        assert.strictEqual((await poll.get()).text, '1');

        const took = Date.now() - from;

        assert.ok(took >= 580 && took < 640 + 200 * SCALE, `${took} ms`);
    });
});


describe('Engine.IO: sizes over polling', () => {
    const server = useEcho({ before, after, afterEach });

    it('a body of maxPayload octets passes, one more is 413', async () => {
        const poll = await new Poll(server, '/default/').open();
        const was = await refused(server, 'payload');

        await poll.post('40');
        await poll.until('42["auth"');

        const over = await poll.post('4'.padEnd(1000001, 'x'));

        assert.strictEqual(over.status, 413);
        assert.strictEqual(await refused(server, 'payload'), was + 1);

        /* the session survives */

        const head = '42["message","';
        const pad = 'x'.repeat(1000000 - head.length - 2);

        assert.strictEqual((await poll.post(`${head}${pad}"]`)).text, 'ok');

        const all = await poll.until('42["message-back"');

        assert.strictEqual(all.at(-1), `42["message-back","${pad}"]`);
    });

    it('octets are counted, not characters', async () => {
        const poll = await new Poll(server, '/default/').open();
        const text = `4${'\u20ac'.repeat(333333)}`;

        assert.strictEqual(Buffer.byteLength(text), 1000000);
        assert.notStrictEqual((await poll.post(text)).status, 413);

        const other = await new Poll(server, '/default/').open();

        assert.strictEqual((await other.post(`${text}x`)).status, 413);
    });

    it('a chunked body is counted as it comes', async () => {
        const chunked = { 'transfer-encoding': 'chunked' };

        /* it may come to another worker than the one that follows */

        for (let i = 0; i < 40; i++) {
            const poll = await new Poll(server, '/default/').open();
            const res = await poll.post('4'.padEnd(1000001, 'x'), chunked);

            assert.strictEqual(res.status, 413);
            assert.strictEqual((await poll.post('40', chunked)).text, 'ok');
        }
    });
});
