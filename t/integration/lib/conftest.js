'use strict';

/* nginx -t on one generated configuration. */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { CONTRACTS, nginxConf } = require('./conf');
const { certificate, nginxBin, tempDir } = require('./server');


/*
 * Runs nginx -t.  o: the options of nginxConf; or text: a whole nginx.conf.
 * Resolves to {ok, output, line(text)}; line is the number of the first line
 * of the configuration that contains the text.
 */

function configTest(o, text) {
    const dir = tempDir();
    const file = path.join(dir, 'nginx.conf');
    const conf = text || nginxConf(o, { http: 18080 });

    fs.writeFileSync(file, conf);

    if (o && o.tls) {
        certificate(dir);
    }

    const run = spawnSync(nginxBin(), ['-t', '-p', `${dir}/`, '-c', file,
        '-e', path.join(dir, 'error.log')], { encoding: 'utf8' });

    const result = {
        ok: run.status === 0,
        status: run.status,
        signal: run.signal,
        output: run.stderr,
        file,
        line: (what) => conf.split('\n').findIndex((l) =>
            l.includes(what)) + 1,
    };

    fs.rmSync(dir, { recursive: true, force: true });
    return result;
}


function contract(name) {
    return JSON.parse(fs.readFileSync(path.join(CONTRACTS, name), 'utf8'));
}


/*
 * A directory with both contracts of dinner, changed: change gets the parsed
 * documents {asyncapi, openapi} and may return texts by the same names,
 * written as they are.
 */

function changedContracts(change) {
    const dir = tempDir();
    const docs = {
        asyncapi: contract('dinner.asyncapi.json'),
        openapi: contract('dinner.openapi.json'),
    };
    const texts = change(docs) || {};

    for (const kind of ['asyncapi', 'openapi']) {
        fs.writeFileSync(path.join(dir, `dinner.${kind}.json`),
            texts[kind] === undefined ? JSON.stringify(docs[kind], null, 2)
                : texts[kind]);
    }

    return dir;
}


/* The first value at any depth for which test(key, value, parent) holds. */

function find(value, test, pointer) {
    const at = pointer || '';

    if (value === null || typeof value !== 'object') {
        return null;
    }

    for (const [key, inner] of Object.entries(value)) {
        const here = `${at}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`;

        if (test(key, inner, value)) {
            return { key, value: inner, parent: value, pointer: here };
        }

        const deeper = find(inner, test, here);

        if (deeper) {
            return deeper;
        }
    }

    return null;
}


module.exports = { configTest, changedContracts, contract, find };
