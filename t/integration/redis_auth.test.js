'use strict';

/* Who nginx is to Redis, where its keys are, and what nginx -t refuses. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { configTest } = require('./lib/conftest');
const { round, seat, usePair } = require('./lib/pair');
const { Redis } = require('./lib/redis');
const { tempDir } = require('./lib/server');
const { until } = require('./lib/player');

const HOOKS = { before, after, afterEach };

/* what conf/directives.md says a user needs */
const ACL = 'user rooms on >p@ss:word ~{rooms:dinner}:* ~session:* ' +
    '~participant:* &{rooms:dinner}:* -@all +auth +select +ping +role ' +
    '+exists +script|load +evalsha +subscribe +unsubscribe +publish +@hash ' +
    '+@stream +@set +@sortedset +del +expire +pexpire +pexpireat +persist ' +
    '+time';


describe('redis: a password from a file', () => {
    const secret = 'c0rrect h0rse';

    const pair = usePair(HOOKS, (p) => ({ redis: p.redis.url
        .replace(/0$/, '3'), app: ['redis_prefix staging;',
        `redis_password_file ${p.redis.dir}/secret;`] }),
    async () => {
        const redis = await new Redis({ args: ['--requirepass', secret],
            auth: ['AUTH', secret] }).start();

        fs.writeFileSync(path.join(redis.dir, 'secret'),
            `${secret}\nof the staging machine\n`);
        return redis;
    });

    it('D-52 AUTH, SELECT and a prefix', async () => {
        const { players } = await seat(pair);

        await round(players);

        const info = await pair.redis.ask('INFO', 'keyspace');

        assert.match(info, /^db3:/m);
        assert.doesNotMatch(info, /^db0:/m);

        for (const server of pair.servers) {
            assert.doesNotMatch(server.errorLog(), new RegExp(secret));
        }
    });

    it('D-73 a password that is not right any more', async () => {
        const { players } = await seat(pair);
        const other = ['CONFIG', 'SET', 'requirepass', 'another'];

        await pair.redis.ask(...other);
        pair.redis.o.auth = ['AUTH', 'another'];
        await pair.redis.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME',
            'yes');
        await pair.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await until(() => pair.servers.every((s) => /refuses: WRONGPASS/.test(
            s.errorLog())), 'the refusal in the log');
        assert.strictEqual((await players[0].submit(['sushi-spot'])).success,
            false);

        await pair.redis.ask('CONFIG', 'SET', 'requirepass', secret);
        pair.redis.o.auth = ['AUTH', secret];
        await until(async () => {
            const ack = await players[0].submit(['sushi-spot']);

            return ack.success || ack.code === 'ALREADY_SUBMITTED';
        }, 'a command that is taken again');
        assert.ok(players.every((p) => p.socket.connected));
    });
});


describe('redis: an ACL user in the URL', () => {
    const pair = usePair(HOOKS, (p) => ({ redis: p.redis.url
        .replace('//', '//rooms:p%40ss%3Aword@') }),
    async () => {
        const dir = tempDir();
        const file = path.join(dir, 'users.acl');

        fs.writeFileSync(file, `user default on nopass ~* &* +@all\n${ACL}\n`);

        const redis = await new Redis({ args: ['--aclfile', file] }).start();

        fs.rmSync(dir, { recursive: true });
        return redis;
    });

    it('D-52 with no more than it needs', async () => {
        const { players } = await seat(pair);

        await round(players);
        assert.match(await pair.redis.ask('CLIENT', 'LIST'), /user=rooms/);

        for (const server of pair.servers) {
            assert.doesNotMatch(server.errorLog(), /NOPERM|p@ss|p%40ss/);
        }
    });
});


describe('redis: nginx -t', () => {
    const url = 'redis redis://127.0.0.1:6379/0;';

    const bad = [
        ['redis http://host/0;', /must begin with redis:/],
        ['redis redis://;', /host or port is malformed/],
        ['redis redis://a,,b;', /host or port is malformed/],
        ['redis redis://127.0.0.1:0;', /host or port is malformed/],
        ['redis redis://127.0.0.1/x;', /database must be a number/],
        ['redis sentinel://127.0.0.1;', /name of the master/],
        ['redis redis://%zz@127.0.0.1;', /user or password is malformed/],
        [`${url} ${url}`, /is duplicate/],
        [`${url} redis_timeout 1ms;`, /at least 10ms/],
        [`${url} redis_timeout x;`, /invalid value/],
        [`${url} redis_keep 10ms;`, /at least 1s/],
        [`${url} redis_keep 2m;`, /longer than "rooms_recovery"/],
        [`${url} redis_history 0;`, /number of records/],
        [`${url} redis_history x;`, /invalid number/],
        [`${url} redis_prefix "a}";`, /without "}"/],
        [`${url} redis_password_file /nowhere;`, /open.* "\/nowhere"/],
        [`${url} redis_sentinel_password_file /dev/null;`,
            /no password of 1 to/],
        [`${url} redis_ssl maybe;`, /it must be "on" or "off"/],
        [`${url} redis_ssl_verify maybe;`, /it must be "on" or "off"/],
        [`${url} redis_ssl_verify_depth x;`, /invalid number/],
        [`${url} redis_ssl_protocols SSLv9;`, /invalid value "SSLv9"/],
        [`${url} redis_ssl_protocols;`, /invalid number of arguments/],
        [`${url} redis_ssl on; redis_ssl_ciphers NOSUCH;`,
            /SSL_CTX_set_cipher_list/],
        [`${url} redis_ssl on; redis_ssl_trusted_certificate /nowhere;`,
            /"\/nowhere"/],
        [`${url} redis_ssl on; redis_ssl_crl /nowhere;`, /"\/nowhere"/],
        [`${url} redis_ssl on; redis_ssl_certificate /nowhere;`,
            /redis_ssl_certificate_key/],
        ['redis redis://no-such-name.invalid;', /host not found in redis/],
        ['redis_ssl on;', /needs a "redis" directive/],
    ];

    for (const [lines, reason] of bad) {
        it(`refuses ${lines.replace(url, '...')}`, () => {
            const t = configTest({ app: lines.split(/(?<=;) /) });

            assert.ok(!t.ok, t.output);
            assert.match(t.output, /\[emerg\]/);
            assert.match(t.output, reason);

            /* what only OpenSSL or the system can say has no line */
            assert.match(t.output,
                /nginx\.conf:\d+|SSL_|"\/nowhere"|dev\/null/);
        });
    }

    it('takes names without asking for them where there is a resolver',
        () => {
            const t = configTest({ http: 'resolver 127.0.0.1;',
                app: 'redis sentinel://a.invalid,b.invalid:1/main;' });

            assert.ok(t.ok, t.output);
        });
});
