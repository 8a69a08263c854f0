'use strict';

/* Certificates for servers, signed by an authority of the test's own. */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');


function openssl(...args) {
    const run = spawnSync('openssl', args, { encoding: 'utf8' });

    assert.strictEqual(run.status, 0, run.stderr);
}


/*
 * In a new directory: ca.pem, and signed by it server.pem for the name
 * redis.test and 127.0.0.1, name.pem for the name only, and client.pem.
 */

function certificates() {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rooms-c-'));
    const at = (name) => path.join(dir, name);
    const key = ['-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:prime256v1', '-nodes'];

    openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=tests',
        '-keyout', at('ca.key'), '-out', at('ca.pem'));

    for (const [i, [name, san]] of Object.entries({
        server: 'DNS:redis.test,IP:127.0.0.1',
        name: 'DNS:redis.test',
        client: 'DNS:nginx.test' }).entries()) {
        fs.writeFileSync(at('ext'), `subjectAltName=${san}\n`);
        openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout',
            at(`${name}.key`), '-out', at('csr'));
        openssl('x509', '-req', '-in', at('csr'), '-CA', at('ca.pem'),
            '-CAkey', at('ca.key'), '-days', '2', '-extfile', at('ext'),
            '-set_serial', String(i + 1), '-out', at(`${name}.pem`));
    }

    return dir;
}


/* Options of a Redis that speaks TLS with that certificate. */

function secure(dir, name) {
    return { tls: { ca: `${dir}/ca.pem`, cert: `${dir}/${name}.pem`,
        key: `${dir}/${name}.key` } };
}


module.exports = { certificates, secure };
