'use strict';

/* The module as a guest in nginx: loaded but unused, beside others, logged. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { freePort } = require('./lib/port');
const { Server, useServer } = require('./lib/server');
const { until } = require('./lib/player');
const { configTest } = require('./lib/conftest');
const { CONTRACTS, modulePath } = require('./lib/conf');
const { RawPolling, RawSocket } = require('./lib/raw');
const { table, playRound } = require('./lib/play');

const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so';


function plain(port, more) {
    return `load_module ${modulePath()};
daemon off;
pid nginx.pid;
error_log error.log info;
worker_processes 2;
events { }
${more === undefined ? `http {
    access_log off;
    client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c;
    uwsgi_temp_path d; scgi_temp_path e;
    server { listen 127.0.0.1:${port}; location / { return 200 "plain"; } }
}` : more}
`;
}


/* A Server whose nginx.conf is the given text. */

class Plain extends Server {
    constructor(text) {
        super({});
        this.text = text;
    }

    write() {
        fs.writeFileSync(path.join(this.dir, 'nginx.conf'),
            this.text(this.ports.http));
    }
}


describe('house: loaded but unused', () => {
    it('serves as if it were not there, through reload and stop',
        async () => {
            const server = new Plain((port) => plain(port));

            await server.start();

            assert.strictEqual((await server.rest.get('/')).text, 'plain');
            server.child.kill('SIGHUP');
            await until(() => /gracefully shutting down|reconfiguring/
                .test(server.errorLog()), 'the reload');
            await until(async () => (await server.rest.get('/')
                .catch(() => ({}))).text === 'plain', 'service');
            assert.doesNotMatch(server.errorLog(), /rooms/);
            await server.stop();
        });

    it('is accepted without an http block', () => {
        const t = configTest(null, plain(0, ''));

        assert.ok(t.ok, t.output);
    });

    it('runs without an http block', async () => {
        const server = new Server({});

        server.ports = { http: await freePort() };
        server.dir = fs.mkdtempSync('/tmp/rooms-t-');
        fs.writeFileSync(path.join(server.dir, 'nginx.conf'),
            plain(0, ''));
        server.run();
        await until(() => fs.existsSync(path.join(server.dir, 'nginx.pid')),
            'the pid file');
        await server.stop();
    });

    it('an http block with rooms_app that no location uses', async () => {
        const server = new Server({ locationsText:
            'location = /status { rooms_status; }' });

        await server.start();
        assert.strictEqual((await server.dinner()).sockets, 0);
        await server.stop();
    });
});


describe('house: beside nchan, loaded before', () => {
    const server = useServer({ before, after, afterEach },
        { before: [NCHAN], server: ['location = /pub { nchan_publisher; ' +
            'nchan_channel_id x; }', 'location = /sub { nchan_subscriber; ' +
            'nchan_channel_id x; }'] });

    it('both work', async () => {
        assert.ok(fs.existsSync(NCHAN), NCHAN);

        const { players } = await table(server, ['Alice', 'Bob'], 'mixed');
        const all = await playRound(players, [['sushi-spot']]);

        assert.ok(all.every((r) => r.hasOverlap));

        const got = server.rest.get('/sub');
        const sent = await server.rest.post('/pub', 'hello',
            { 'content-type': 'text/plain' });

        assert.ok(sent.status >= 200 && sent.status < 300, sent.text);
        assert.strictEqual((await got).text, 'hello');
    });
});


describe('house: variables in the access log', () => {
    const server = useServer({ before, after, afterEach }, {
        http: ['log_format rooms \'{"app":"$rooms_app","sid":"$rooms_sid",' +
            '"t":"$rooms_transport","in":"$rooms_in","out":"$rooms_out",' +
            '"close":"$rooms_close","status":"$status","m":' +
            '"$request_method","uri":"$uri"}\';'],
        server: ['access_log access.log rooms;'],
    });

    function lines() {
        try {
            return fs.readFileSync(path.join(server.dir, 'access.log'),
                'utf8').trim().split('\n').map((l) => JSON.parse(l));
        } catch (e) {
            return [];
        }
    }

    it('a WebSocket is one line, written at its end', async () => {
        const { players: [alice] } = await table(server, ['Alice']);
        const sid = alice.socket.io.engine.id;

        await alice.submit(['sushi-spot']);
        await alice.next('session:results');
        alice.close();

        const line = await until(() => lines().find((l) =>
            l.sid === sid && l.t === 'websocket'), 'the line');

        assert.strictEqual(line.app, 'dinner');
        assert.strictEqual(line.status, '101');
        assert.ok(Number(line.in) >= 2, line.in);
        assert.ok(Number(line.out) >= 1, line.out);
        assert.ok(line.close.length > 1, line.close);
    });

    it('the reason of the end is told apart', async () => {
        const reasons = [];

        for (const end of [(p) => p.close(), (p) => p.drop()]) {
            const player = await server.player({});
            const sid = player.socket.io.engine.id;

            player.socket.io.reconnection(false);
            end(player);
            reasons.push((await until(() => lines().find((l) =>
                l.sid === sid), 'the line')).close);
        }

        assert.notStrictEqual(reasons[0], reasons[1]);
        assert.ok(reasons.every((r) => r && r !== '-'), `${reasons}`);
    });

    it('polling requests name their session, on whichever worker',
        async () => {
            const raws = [];

            for (let i = 0; i < 6; i++) {
                const raw = new RawPolling(server.url);

                raws.push(raw);
                await raw.open();
                await raw.post('40');
                await raw.packets();
                await raw.post('1');
            }

            for (const raw of raws) {
                const own = await until(() => {
                    const some = lines().filter((l) => l.sid === raw.sid);

                    return some.length >= 4 && some;
                }, 'four lines of a session');

                assert.ok(own.every((l) => l.app === 'dinner' &&
                    l.t === 'polling'), JSON.stringify(own));
                assert.deepStrictEqual(own.map((l) => l.m).sort(),
                    ['GET', 'GET', 'POST', 'POST']);
            }
        });

    it('REST has the application, other paths have nothing', async () => {
        await server.rest.get('/api/options');
        await server.rest.get('/nothing-here');

        const [api, none] = await until(() => {
            const got = ['/api/options', '/nothing-here'].map((uri) =>
                lines().find((l) => l.uri === uri));

            return got.every(Boolean) && got;
        }, 'two lines');

        assert.strictEqual(api.app, 'dinner');
        assert.ok(['', '-'].includes(none.app), none.app);
        assert.ok(['', '-'].includes(none.sid), none.sid);
    });

    it('a refused handshake is logged too', async () => {
        const raw = new RawSocket(server.url, '&sid=nobody');

        await raw.over();
        await until(() => lines().some((l) => l.status === '400'),
            'the line');
    });
});


describe('house: two applications in one nginx', () => {
    const server = useServer({ before, after, afterEach }, {
        http: ['rooms_app supper {', 'application dinner;',
            `contract ${CONTRACTS}/dinner.asyncapi.json;`,
            `contract ${CONTRACTS}/dinner.openapi.json;`, 'zone 2m;', '}'],
        server: ['location /supper/socket.io/ { rooms supper; }'],
    });

    it('share nothing', async () => {
        const { code } = await table(server, ['Alice', 'Bob']);
        const other = await server.player({ path: '/supper/socket.io/',
            name: 'Bob' });

        assert.strictEqual((await other.join(code)).code,
            'SESSION_NOT_FOUND');

        const status = await server.status();

        assert.strictEqual(status.apps.dinner.sockets, 2);
        assert.strictEqual(status.apps.supper.sockets, 1);
        assert.strictEqual(status.apps.supper.application, 'dinner');
        assert.strictEqual(status.apps.supper.rooms, 0);
    });
});
