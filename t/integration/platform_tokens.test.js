'use strict';

/* Keys of every kind, and tokens that claim to be of another. */

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, before, after, afterEach } = require('node:test');

const { SECRET, jsonFile, usePlatform } = require('./lib/platform');
const { tempDir } = require('./lib/server');

const rsa = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const SIZES = ['256', '384', '512'];
const CURVES = { 256: 'P-256', 384: 'P-384', 512: 'P-521' };

const b64 = (value) => Buffer.from(value).toString('base64url');


/* A key of the set for each algorithm, and how it signs. */

function keySet() {
    const keys = [{ kty: 'oct', alg: 'HS256', kid: 'own', k: b64(SECRET) }];
    const signers = {};

    for (const size of SIZES) {
        const hash = `sha${size}`;
        const secret = crypto.randomBytes(64);
        const ec = crypto.generateKeyPairSync('ec',
            { namedCurve: CURVES[size] });
        const jwk = rsa.publicKey.export({ format: 'jwk' });

        keys.push(
            { kty: 'oct', k: b64(secret), alg: `HS${size}`, kid: `hs${size}` },
            { ...jwk, alg: `RS${size}`, kid: `rs${size}` },
            { ...jwk, alg: `PS${size}`, kid: `ps${size}` },
            { ...ec.publicKey.export({ format: 'jwk' }), alg: `ES${size}`,
                kid: `es${size}` });

        signers[`HS${size}`] = (text) => crypto.createHmac(hash, secret)
            .update(text).digest();
        signers[`RS${size}`] = (text) => crypto.sign(hash, text,
            rsa.privateKey);
        signers[`PS${size}`] = (text) => crypto.sign(hash, text, {
            key: rsa.privateKey,
            padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
            saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST });
        signers[`ES${size}`] = (text) => crypto.sign(hash, text, {
            key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
    }

    return { keys, signers };
}


function token(header, claims, sign) {
    const now = Math.floor(Date.now() / 1000);
    const text = `${b64(JSON.stringify(header))}.${b64(JSON.stringify({
        userId: 'usr_bob', exp: now + 600, aud: ['other', 'rooms'],
        iss: 'https://issuer.example.com', ...claims }))}`;

    return `${text}.${b64(sign(Buffer.from(text)))}`;
}


describe('platform: keys', () => {
    const dir = tempDir();
    const { keys, signers } = keySet();
    const server = usePlatform({ before, after, afterEach }, {
        jwks: jsonFile(dir, 'jwks.json', { keys }),
        options: ['option rate_public 0;', 'option rate_user 0;',
            'option audience rooms;', 'option leeway 5s;',
            'option issuer https://issuer.example.com;'] });
    const algs = Object.keys(signers);
    const seconds = () => Math.floor(Date.now() / 1000);

    after(() => fs.rmSync(dir, { recursive: true }));

    async function invalid(what, text) {
        const e = await server.refused(what);

        assert.strictEqual(e.message,
            `Authentication failed: ${text || 'Invalid token'}`);
    }

    it('L-1 RS, PS, ES and HS of 256, 384 and 512', async () => {
        for (const alg of algs) {
            for (const kid of [alg.toLowerCase(), undefined]) {
                const socket = await server.join(token({ alg, kid }, {},
                    signers[alg]));

                assert.ok(socket.connected, alg);
                socket.disconnect();
            }
        }
    });

    it('L-3 the key says the algorithm, not the token', async () => {
        for (const alg of algs) {
            for (const other of algs.filter((a) => a !== alg)) {

                /* another key's id, or another algorithm's name */
                for (const header of [
                    { alg, kid: other.toLowerCase() },
                    { alg: other, kid: alg.toLowerCase() },
                ]) {
                    const res = await server.call('GET', '/api/auth/me',
                        token(header, {}, signers[alg]));

                    assert.strictEqual(res.status, 401, `${alg} ${other}`);
                }
            }
        }
    });

    it('L-3 an HMAC with the public key, none, and headers', async () => {
        const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' });
        const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' });
        const jwk = rsa.publicKey.export({ format: 'jwk' });

        for (const secret of [spki, spki.trim(), pkcs1, jwk.n,
            Buffer.from(jwk.n, 'base64url'), JSON.stringify(jwk), '']) {
            for (const kid of ['rs256', 'ps256', 'hs256', undefined]) {
                await invalid(token({ alg: 'HS256', kid }, {}, (text) =>
                    crypto.createHmac('sha256', secret).update(text)
                        .digest()));
            }
        }

        for (const alg of ['none', 'None', 'NONE', '', null, 7]) {
            await invalid(token({ alg }, {}, () => ''));
            await invalid(token({ alg, kid: 'own' }, {}, signers.HS256));
        }

        for (const header of [
            { kid: '../../etc/passwd' }, { kid: '' }, { kid: 7 },
            { kid: 'hs256\0' }, { crit: ['exp'] },
            { kid: 'x', jwk: { kty: 'oct', k: b64('x') } },
            { kid: 'x', jku: 'https://example.com/keys' },
        ]) {
            await invalid(token({ alg: 'HS256', ...header }, {},
                signers.HS256));
        }
    });

    it('L-4 expiry, its leeway, and times that are none', async () => {
        const header = { alg: 'ES256', kid: 'es256' };
        const make = (claims) => token(header, claims, signers.ES256);

        for (const claims of [{ exp: seconds() - 2 },
            { nbf: seconds() + 2 }, { aud: 'rooms' }]) {
            assert.ok((await server.join(make(claims))).id);
        }

        await invalid(make({ exp: seconds() - 6 }), 'Token expired');
        await invalid(make({ exp: 0 }), 'Token expired');

        for (const claims of [{ nbf: seconds() + 60 }, { exp: undefined },
            { exp: `${seconds() + 60}` }, { exp: null }, { nbf: 'x' },
            { aud: 'other' }, { aud: [] }, { aud: undefined },
            { iss: 'https://issuer.example.com/' }, { iss: undefined },
            { iss: ['https://issuer.example.com'] }]) {
            await invalid(make(claims));
        }

        /* tokens that never expire, for all that a clock can say */
        assert.ok((await server.join(make({ exp: 1e300 }))).id);
    });

    it('L-16 tokens of the server say audience and issuer', async () => {
        const res = await server.call('POST', '/api/auth/login', null,
            { email: 'bob@example.com', password: 'password' });
        const [head, body] = res.json.accessToken.split('.').map((part) =>
            Buffer.from(part, 'base64url').toString());

        assert.strictEqual(JSON.parse(head).kid, 'own');
        assert.strictEqual(JSON.parse(body).aud, 'rooms');
        assert.strictEqual(JSON.parse(body).iss,
            'https://issuer.example.com');
        assert.ok((await server.join(res.json.accessToken)).id);
    });

    it('L-3 a key that has left the set is refused after a reload',
        async () => {
            const old = token({ alg: 'PS512', kid: 'ps512' }, {},
                signers.PS512);
            const kept = token({ alg: 'RS512', kid: 'rs512' }, {},
                signers.RS512);

            assert.ok((await server.join(old)).id);
            fs.writeFileSync(path.join(dir, 'jwks.json'), JSON.stringify({
                keys: keys.filter((k) => k.kid !== 'ps512') }));
            await server.reload();
            await invalid(old);
            assert.ok((await server.join(kept)).id);
        });
});
