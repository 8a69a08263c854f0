'use strict';

/* rediss://: certificates that are trusted, and those that are not. */

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, it, before, after, afterEach } = require('node:test');

const { certificates, secure } = require('./lib/certificates');
const { outage, round, seat, usePair } = require('./lib/pair');
const { Redis } = require('./lib/redis');
const { Server } = require('./lib/server');
const { until } = require('./lib/player');


function client(dir) {
    return [`redis_ssl_certificate ${dir}/client.pem;`,
        `redis_ssl_certificate_key ${dir}/client.key;`];
}


describe('redis: TLS', () => {
    const dir = certificates();

    const pair = usePair({ before, after, afterEach }, (p) => ({
        redis: p.redis.url.replace('redis:', 'rediss:'),
        app: [...client(dir), 'redis_timeout 1s;',
            `redis_ssl_trusted_certificate ${dir}/ca.pem;`],
    }), () => new Redis(secure(dir, 'server')).start());

    after(() => fs.rmSync(dir, { recursive: true }));

    it('D-26 D-52 a dinner, both sides with a certificate', async () => {
        await round((await seat(pair)).players);
    });

    it('D-73 killed and started again', () => outage(pair, {
        go: () => pair.redis.kill(), back: () => pair.redis.run(),
        within: 5000, timeout: 1000 }));

    it('D-73 stopped in the middle of what it says', () => outage(pair, {
        go: () => pair.redis.pause(),
        back: async () => pair.redis.resume(),
        within: 5000, timeout: 1000 }));
});


describe('redis: TLS, who is trusted', () => {
    const dir = certificates();
    const other = certificates();
    let redis;

    before(async () => {
        redis = await new Redis(secure(dir, 'name')).start();
    });
    after(async () => {
        await redis.stop();
        fs.rmSync(dir, { recursive: true });
        fs.rmSync(other, { recursive: true });
    });

    /* o: lines of the block; says: what is in the log, or null: it works */

    async function tried(app, says, allow) {
        const server = await new Server({ allow,
            redis: redis.url.replace('redis:', 'rediss:'), app }).start();

        try {
            if (says) {
                await until(() => says.test(server.errorLog()),
                    `${says} in the log`);
                assert.strictEqual((await server.rest.post('/api/sessions',
                    { hostName: 'Alice' })).status, 503);

            } else {
                await until(async () => (await server.rest.post(
                    '/api/sessions', { hostName: 'Alice' })).status === 201,
                'a session');
            }

        } finally {
            await server.stop();
        }
    }

    const trusted = `redis_ssl_trusted_certificate ${dir}/ca.pem;`;

    it('by the name that is configured', () => tried([...client(dir),
        trusted, 'redis_ssl_name redis.test;'], null));

    it('not by another name', () => tried([...client(dir), trusted,
        'redis_ssl_name other.test;'],
    /certificate does not match "other\.test"/));

    it('not by an address that is not in it', () => tried([...client(dir),
        trusted], /certificate does not match "127\.0\.0\.1"/));

    it('not when somebody else has signed it', () => tried([...client(dir),
        `redis_ssl_trusted_certificate ${other}/ca.pem;`,
        'redis_ssl_name redis.test;'], /certificate verify error/));

    it('nor by the authorities of the system', () => tried([...client(dir),
        'redis_ssl_name redis.test;'], /certificate verify error/));

    it('at all, where nobody looks', () => tried([...client(dir),
        'redis_ssl_verify off;'], null));

    it('and without a certificate of our own Redis refuses',
        () => tried([trusted, 'redis_ssl_name redis.test;'],
            /redis .* (closed the connection|does not agree on TLS)/,
            /certificate required/));

    it('of protocols only those that are allowed', () => tried([
        ...client(dir), trusted, 'redis_ssl_name redis.test;',
        'redis_ssl_protocols TLSv1.2;',
        'redis_ssl_ciphers ECDHE+AESGCM;'], null));
});
