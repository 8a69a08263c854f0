'use strict';

/* TLS, HTTP/2, and who may connect from where. */

const assert = require('node:assert');
const fs = require('node:fs');
const http2 = require('node:http2');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { useServer } = require('./lib/server');
const { Player } = require('./lib/player');
const { RawSocket } = require('./lib/raw');
const { playRound } = require('./lib/play');


describe('transports: TLS and HTTP/2', () => {
    const server = useServer({ before, after, afterEach }, { tls: true });
    const secure = () => ({
        ca: fs.readFileSync(path.join(server.dir, 'cert.pem')),
    });

    it('D-1 D-2 wss and https polling on listen ssl', async () => {
        const base = `https://localhost:${server.ports.tls}`;
        const { sessionCode: code } = await server.rest.create('Alice');
        const players = [];

        for (const mode of ['websocket', 'polling', 'upgrade']) {
            const player = new Player(base, { mode, name: mode,
                ...secure() });

            server.players.push(player);
            players.push(await player.connect());
            assert.strictEqual((await player.join(code)).success, true);
        }

        players.forEach((p) => p.clear());

        const all = await playRound(players, [['sushi-spot']]);

        assert.ok(all.every((r) => r.hasOverlap));
    });

    it('D-2 polling over HTTP/2', async () => {
        const session = http2.connect(`https://localhost:${server.ports.tls}`,
            secure());
        const call = (method, url, body) => new Promise((resolve, reject) => {
            const req = session.request({ ':method': method, ':path': url,
                ...(body ? { 'content-type': 'text/plain;charset=UTF-8' }
                    : {}) });
            let text = '';
            let status;

            req.setEncoding('utf8');
            req.on('response', (h) => {
                status = h[':status'];
            });
            req.on('data', (d) => {
                text += d;
            });
            req.on('end', () => resolve({ status, text }));
            req.on('error', reject);
            req.end(body);
        });
        const { sessionCode: code } = await server.rest.create('Alice');
        const alice = await server.player({ name: 'Alice' });

        await alice.join(code);

        const hello = await call('GET',
            '/socket.io/?EIO=4&transport=polling');

        assert.strictEqual(hello.status, 200);

        const { sid } = JSON.parse(hello.text.slice(1));
        const url = `/socket.io/?EIO=4&transport=polling&sid=${sid}`;

        assert.deepStrictEqual(await call('POST', url, '40'),
            { status: 200, text: 'ok' });
        assert.match((await call('GET', url)).text, /^40\{"sid"/);
        await call('POST', url, `420["session:join",{"sessionCode":"${code}"` +
            ',"displayName":"H2"}]');
        assert.match((await call('GET', url)).text,
            /^430\[\{"success":true/);
        await alice.next('participant:joined');

        /* a poll waits while other streams of the connection go on */
        const waiting = call('GET', url);

        await call('POST', url, `421["selection:submit",{"sessionCode":` +
            `"${code}","selections":["sushi-spot"]}]`);
        assert.match((await waiting).text, /431\[\{"success":true\}\]/);
        await alice.submit(['sushi-spot']);

        let text = '';

        while (!text.includes('session:results')) {
            text += (await call('GET', url)).text;
        }

        assert.match(text, /participant:submitted.*session:results/s);
        assert.deepStrictEqual(await call('POST', url, '1'),
            { status: 200, text: 'ok' });
        await alice.next('participant:left');

        const gone = await call('GET', '/api/sessions/QQQQQ7');

        assert.strictEqual(gone.status, 404);
        session.close();
    });
});


describe('transports: origins', () => {
    const server = useServer({ before, after, afterEach }, {
        rooms: 'rooms_origin http://a.example https://b.example:8443;' });
    const poll = '/socket.io/?EIO=4&transport=polling';

    it('an origin of the list is served and named', async () => {
        for (const origin of ['http://a.example',
            'https://b.example:8443']) {
            const res = await server.rest.get(poll, { origin });

            assert.strictEqual(res.status, 200, res.text);
            assert.strictEqual(res.headers['access-control-allow-origin'],
                origin);

            const ws = new RawSocket(server.url, '', { origin });

            await ws.packet('0');
            ws.close();
        }
    });

    it('another origin is refused with 403 and counted', async () => {
        const was = (await server.dinner()).refused.origin;
        const bad = ['http://c.example', 'https://a.example',
            'http://a.example:81', 'http://a.example.evil.example', 'null'];

        for (const origin of bad) {
            const ws = new RawSocket(server.url, '', { origin });

            await ws.over();
            assert.strictEqual(ws.status, 403, origin);

            const res = await server.rest.get(poll, { origin });

            assert.strictEqual(res.status, 403, origin);
            assert.strictEqual(res.json.code, 4);
        }

        assert.strictEqual((await server.dinner()).refused.origin,
            was + 2 * bad.length);
    });

    it('without an Origin the client is no browser and is served',
        async () => {
            assert.strictEqual((await server.rest.get(poll)).status, 200);
        });

    it('a preflight is answered', async () => {
        const res = await server.rest.send('OPTIONS', poll, undefined, {
            'origin': 'http://a.example',
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type' });

        assert.ok(res.status === 200 || res.status === 204, `${res.status}`);
        assert.strictEqual(res.headers['access-control-allow-origin'],
            'http://a.example');
    });
});


describe('transports: any origin', () => {
    const server = useServer({ before, after, afterEach },
        { rooms: 'rooms_origin *;' });

    it('every origin is served with CORS headers', async () => {
        for (const origin of ['http://x.example', 'null']) {
            const res = await server.rest.get(
                '/socket.io/?EIO=4&transport=polling', { origin });

            assert.strictEqual(res.status, 200);
            assert.ok(['*', origin].includes(
                res.headers['access-control-allow-origin']));

            const ws = new RawSocket(server.url, '', { origin });

            await ws.packet('0');
            ws.close();
        }

        const error = await server.rest.get(
            '/socket.io/?EIO=4&transport=polling&sid=nobody',
            { origin: 'http://x.example' });

        assert.strictEqual(error.status, 400);
        assert.ok(error.headers['access-control-allow-origin']);
    });
});
