'use strict';

/* What the locations of echo have beside the protocol: CORS, cookie, gzip. */

const assert = require('node:assert');
const http = require('node:http');
const zlib = require('node:zlib');
const { describe, it, before, after, afterEach } = require('node:test');

const { useEcho, request, Poll, Wire, refused } = require('./lib/echo');

const X = '/extras/';
const OPEN = '?EIO=4&transport=polling';


function cors(res) {
    return Object.fromEntries(Object.entries(res.headers).filter(([k]) =>
        /^access-control|^vary$/.test(k)));
}


describe('echo: CORS', () => {
    const server = useEcho({ before, after, afterEach });

    it('any origin at /socket.io/', async () => {
        const origin = { origin: 'http://x.example' };

        for (const target of [`/socket.io/${OPEN}`,
            '/socket.io/?EIO=4&transport=abc']) {
            const res = await request(server.url, 'GET', target, undefined,
                origin);

            assert.deepStrictEqual(cors(res),
                { 'access-control-allow-origin': '*' });
        }
    });

    it('none at /default/', async () => {
        const res = await request(server.url, 'GET', `/default/${OPEN}`,
            undefined, { origin: 'http://x.example' });

        assert.strictEqual(res.status, 200);
        assert.deepStrictEqual(cors(res), {});
    });

    it('a list with credentials at /extras/', async () => {
        for (const origin of ['http://a.example', 'http://b.example']) {
            for (const [target, status] of [[OPEN, 200],
                ['?EIO=4&transport=abc', 400]]) {
                const res = await request(server.url, 'GET', X + target,
                    undefined, { origin });

                assert.strictEqual(res.status, status);
                assert.strictEqual(
                    res.headers['access-control-allow-origin'], origin);
                assert.strictEqual(
                    res.headers['access-control-allow-credentials'], 'true');
                assert.match(res.headers.vary, /Origin/i);
            }
        }
    });

    it('another origin gets 403 with code 4, over both transports',
        async () => {
            const was = await refused(server, 'origin');
            const res = await request(server.url, 'GET', X + OPEN,
                undefined, { origin: 'http://c.example' });

            assert.strictEqual(res.status, 403);
            assert.strictEqual(res.json.code, 4);
            assert.strictEqual(res.headers['access-control-allow-origin'],
                undefined);

            const wire = new Wire(server.ports.http);

            await wire.get(`${X}?EIO=4&transport=websocket`,
                { Origin: 'http://c.example' });
            await wire.until(() => wire.head !== null, 'an answer');
            assert.strictEqual(wire.status, 403);
            assert.strictEqual(await refused(server, 'origin'), was + 2);
        });

    it('preflight names the methods', async () => {
        const res = await request(server.url, 'OPTIONS', X + OPEN, undefined,
            { origin: 'http://a.example',
                'access-control-request-method': 'POST',
                'access-control-request-headers': 'content-type' });

        assert.strictEqual(res.status, 204);
        assert.match(res.headers['access-control-allow-methods'],
            /^GET, ?POST$/);
        assert.strictEqual(res.headers['access-control-allow-headers'],
            'content-type');
        assert.strictEqual(res.headers['access-control-allow-credentials'],
            'true');
    });
});


describe('echo: cookie', () => {
    const server = useEcho({ before, after, afterEach });

    it('is set once, at the handshake', async () => {
        const poll = await new Poll(server, X).open();

        assert.deepStrictEqual(poll.answer.headers['set-cookie'],
            [`io=${poll.sid}; Path=/; HttpOnly; SameSite=Lax`]);
        assert.strictEqual((await poll.post('40')).headers['set-cookie'],
            undefined);
        assert.strictEqual((await poll.get()).headers['set-cookie'],
            undefined);
    });

    it('is for polling: WebSocket needs none', async () => {
        const wire = await new Wire(server.ports.http).open(
            `${X}?EIO=4&transport=websocket`);

        assert.strictEqual(wire.header('Set-Cookie'), null);
    });

    it('nowhere else', async () => {
        const poll = await new Poll(server, '/default/').open();

        assert.strictEqual(poll.answer.headers['set-cookie'], undefined);
    });
});


describe('echo: compression of polling answers', () => {
    const server = useEcho({ before, after, afterEach });

    function raw(poll) {
        return new Promise((resolve, reject) => {
            http.get(server.url + poll.target(), { agent: false,
                headers: { 'accept-encoding': 'gzip, deflate' } }, (res) => {
                const chunks = [];

                res.on('data', (c) => chunks.push(c));
                res.on('end', () => resolve({ headers: res.headers,
                    body: Buffer.concat(chunks) }));
            }).on('error', reject);
        });
    }

    async function answer(location, n) {
        const poll = await new Poll(server, location).open();

        await poll.post('40');
        await poll.until('42["auth"');
        await poll.post(`42["big","b",${n}]`);
        return raw(poll);
    }

    it('from 1024 octets on at /extras/', async () => {
        const res = await answer(X, 2000);

        assert.strictEqual(res.headers['content-encoding'], 'gzip');
        assert.strictEqual(zlib.gunzipSync(res.body).toString(),
            `42["b","${'x'.repeat(2000)}"]`);
    });

    it('not below', async () => {
        const res = await answer(X, 500);

        assert.strictEqual(res.headers['content-encoding'], undefined);
    });

    it('not at other locations', async () => {
        const res = await answer('/default/', 2000);

        assert.strictEqual(res.headers['content-encoding'], undefined);
    });
});
