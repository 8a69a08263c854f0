'use strict';

/* nginx -t refuses each bad value, and says where. */

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, it } = require('node:test');

const { configTest, changedContracts, find } = require('./lib/conftest');
const { CONTRACTS } = require('./lib/conf');
const { Server } = require('./lib/server');


/* Refused with [emerg], the reason, and the line where `where` stands. */

function refusedAt(o, where, reason) {
    const t = configTest(o);

    assert.strictEqual(t.signal, null, t.output);
    assert.ok(!t.ok, `accepted: ${where}`);

    const line = t.line(where);

    assert.ok(line > 0, where);
    assert.match(t.output, /\[emerg\]/);
    assert.ok(t.output.includes(`${t.file}:${line}`),
        `line ${line} of ${where} not in: ${t.output}`);
    assert.match(t.output, reason);
}


/* Bad values of directives that stand in the location of rooms. */

const BAD = {
    rooms_ping_interval: ['abc', '-1s', '0', '2d', '', '1s 2s'],
    rooms_ping_timeout: ['abc', '-1s', '0', '2d', '5x'],
    rooms_connect_timeout: ['abc', '-1s', '0', '2d'],
    rooms_upgrade_timeout: ['abc', '-1s', '0', '2d'],
    rooms_recovery: ['on', 'abc', '-1s', '1ms', '2d'],
    rooms_shutdown_time: ['abc', '-1s', '2h'],
    rooms_coalesce: ['on', 'abc', '-1ms', '1001ms', '2s', '', '1ms 2ms'],
    rooms_max_payload: ['abc', '0', '-1', '2g', '1x'],
    rooms_send_queue: ['abc', '0', '1k', '-5', '2g'],
    rooms_max_fragments: ['abc', '0', '-1', '99999999'],
    rooms_max_attachments: ['abc', '-1', '1025', '1.5'],
    rooms_max_rooms: ['abc', '0', '-1'],
    rooms_max_namespaces: ['abc', '0', '-1'],
    rooms_max_nodes: ['abc', '0', '-1'],
    rooms_parser: ['abc', 'cbor', '', 'json msgpack'],
    rooms_events: ['abc', '-1', '1.5'],
    rooms_handshakes: ['abc', '-1', '0', '1048577'],
    rooms_origin: ['', 'example.com', 'http://', 'http://a.example/path',
        '* http://a.example', 'http://a.example *', 'http://*.example',
        'http://u@a.example', '"http://a b"', 'http://a.example?x'],
    rooms_credentials: ['yes', '1', ''],
    rooms_methods: ['""', '"GET;POST"', ''],
    rooms_cookie: ['""', '"a b"', '"a;b"', '"a=b"', ''],
    rooms_deflate: ['yes', '1', ''],
    rooms_deflate_threshold: ['abc', '-1'],
    rooms_deflate_bits: ['abc', '8', '16', '0'],
};


describe('configuration: values of the directives', () => {
    it('the configuration of the tests is accepted', () => {
        const t = configTest({});

        assert.ok(t.ok, t.output);
        assert.match(t.output, /test is successful/);
    });

    for (const [name, values] of Object.entries(BAD)) {
        it(`${name} refuses bad values with file and line`, () => {
            for (const value of values) {
                const text = `${name}${value ? ` ${value}` : ''};`;

                refusedAt({ rooms: text }, text, new RegExp(name +
                    '|invalid|must'));
            }
        });
    }

    it('good values of each are accepted, also in http and server', () => {
        const good = ['rooms_ping_interval 300ms;', 'rooms_ping_timeout 1s;',
            'rooms_connect_timeout 1s;', 'rooms_upgrade_timeout 1s;',
            'rooms_recovery off;', 'rooms_max_payload 1m;',
            'rooms_coalesce 1ms;',
            'rooms_send_queue 64k;', 'rooms_max_attachments 0;',
            'rooms_origin http://a.example https://b.example:8443;',
            'rooms_credentials on;', 'rooms_methods GET,POST;',
            'rooms_cookie io;', 'rooms_deflate on;',
            'rooms_deflate_threshold 0;', 'rooms_deflate_bits 10;'];

        for (const place of ['rooms', 'server', 'http']) {
            const t = configTest({ [place]: good });

            assert.ok(t.ok, t.output);
        }
    });

    it('a directive given twice is refused', () => {
        for (const [a, b] of [['rooms_ping_interval 1s;',
            'rooms_ping_interval 2s;'], ['rooms_recovery off;',
            'rooms_recovery 2m;'], ['rooms_origin *;', 'rooms_origin off;'],
        ['rooms_max_payload 1m;', 'rooms_max_payload 2m;']]) {
            refusedAt({ rooms: [a, b] }, b, /is duplicate/);
        }
    });

    it('rooms refuses an unknown application and a second handler', () => {
        for (const [inner, reason] of [['rooms nothing;', /nothing/],
            ['rooms;', /arguments/], ['rooms dinner x y;', /arguments/],
            ['rooms dinner carrier-pigeon;', /carrier-pigeon/]]) {
            refusedAt({ server: ['location /x/ {', inner, '}'] }, inner,
                reason);
        }

        refusedAt({ rooms: 'rooms_api dinner;#second' },
            'rooms_api dinner;#second', /./);
    });

    it('rooms_api refuses an unknown application', () => {
        for (const inner of ['rooms_api nothing;', 'rooms_api;',
            'rooms_api dinner more;']) {
            refusedAt({ server: ['location /x/ {', inner, '}'] }, inner,
                /nothing|arguments/);
        }
    });

    it('rooms_status refuses an unknown format', () => {
        for (const inner of ['rooms_status xml;', 'rooms_status json more;']) {
            refusedAt({ server: ['location /x/ {', inner, '}'] }, inner,
                /xml|arguments/);
        }
    });

    it('rooms outside a location is refused', () => {
        refusedAt({ server: 'rooms dinner;#here' }, 'rooms dinner;#here',
            /not allowed here/);
        refusedAt({ http: 'rooms_status;#here' }, 'rooms_status;#here',
            /not allowed here/);
        refusedAt({ main: 'rooms_app dinner { }#here' },
            'rooms_app dinner { }#here', /not allowed here/);
    });
});


describe('configuration: rooms_app', () => {
    it('a bad name, a missing one, the same one twice', () => {
        for (const [text, reason] of [['rooms_app { }', /arguments/],
            ['rooms_app "a b" { }', /name/], ['rooms_app "" { }', /name/],
            ['rooms_app a/b { application dinner; }', /name/],
            ['rooms_app dinner more { }', /arguments/],
            [`rooms_app ${'x'.repeat(65)} { application dinner; }`, /name/],
            ['rooms_app dinner { zone 2m; }', /duplicate/]]) {
            refusedAt({ http: text }, text,
                text.includes('zone 2m') ? /rooms_app|duplicate/ : reason);
        }
    });

    it('a name that is no application needs an application', () => {
        const text = 'rooms_app supper { zone 1m; }';
        const t = configTest({ http: text });

        assert.ok(!t.ok);
        assert.match(t.output, /supper/);
        assert.ok(t.output.includes(`${t.file}:${t.line(text)}`), t.output);

        const ok = configTest({ http: ['rooms_app supper {',
            'application dinner;', `contract ${CONTRACTS}/` +
            'dinner.asyncapi.json;', `contract ${CONTRACTS}/` +
            'dinner.openapi.json;', '}'] });

        assert.ok(ok.ok, ok.output);
    });

    it('application refuses what it does not know', () => {
        for (const line of ['application breakfast;', 'application;',
            'application dinner lunch;']) {
            refusedAt({ http: ['rooms_app other {', line, '}'] }, line,
                /breakfast|arguments/);
        }
    });

    it('contract refuses a missing file, a directory, a third', () => {
        for (const line of ['contract /nowhere/at/all.json;', 'contract;',
            'contract a b;', `contract ${CONTRACTS};`]) {
            refusedAt({ appText: `rooms_app dinner {\n${line}\n}` }, line,
                /nowhere|arguments|not a file/);
        }

        const third = `contract ${CONTRACTS}/dinner.openapi.json;#third`;

        refusedAt({ app: third }, third, /contract/);
    });

    it('zone refuses nonsense and too little', () => {
        for (const line of ['zone abc;', 'zone 0;', 'zone 4k;', 'zone -1m;',
            'zone;', 'zone 1m 2m;']) {
            refusedAt({ appText: `rooms_app dinner {\n${line}\n}` }, line,
                /zone/);
        }

        refusedAt({ app: 'zone 2m;' }, 'zone 2m;', /duplicate/);
    });

    it('option ttl refuses what is no time', () => {
        for (const line of ['option ttl abc;', 'option ttl 0;',
            'option ttl -5s;', 'option ttl 2y;', 'option ttl "";',
            'option ttl;', 'option;', 'option ttl 1s 2s;',
            'option ttl 400d;']) {
            refusedAt({ ttl: null, app: line }, line, /ttl|arguments/);
        }

        refusedAt({ app: 'option ttl 5m;' }, 'option ttl 5m;', /duplicate/);
    });

    it('option frontend refuses what is no URL', () => {
        for (const value of ['abc', '""', 'ftp://x.example', 'http://',
            '//x.example', '"http://a b"', 'http://x.example?code=1']) {
            refusedAt({ app: `option frontend ${value};` },
                `option frontend ${value};`, /frontend/);
        }
    });

    it('option refuses a name that dinner does not have', () => {
        refusedAt({ app: 'option colour red;' }, 'option colour red;',
            /colour/);
    });

    it('an unknown directive in the block is refused', () => {
        refusedAt({ app: 'nonsense 1;' }, 'nonsense 1;', /nonsense/);
        refusedAt({ app: 'listen 80;' }, 'listen 80;',
            /listen/);
    });

    it('rooms_app that is used but not there is refused', () => {
        const t = configTest({ appText: '' });

        assert.ok(!t.ok);
        assert.match(t.output, /dinner/);
        assert.ok(t.output.includes(t.file), t.output);
    });
});


/* Refused with the contract's file, and the pointer or the line in it. */

function contractRefused(change, where, reason) {
    const dir = changedContracts(change);
    const t = configTest({ contracts: dir });

    fs.rmSync(dir, { recursive: true, force: true });
    assert.strictEqual(t.signal, null, t.output);
    assert.ok(!t.ok, `accepted, wanted ${reason}`);
    assert.match(t.output, /\[emerg\]/);
    assert.ok(t.output.includes(dir), t.output);
    assert.match(t.output, where);
    assert.match(t.output, reason);
}


/* Some schema with properties, of a message payload. */

function someSchema(doc) {
    return find(doc, (key, value) => value !== null &&
        typeof value === 'object' && value.type === 'object' &&
        value.properties);
}


describe('configuration: contracts', () => {
    it('the contracts themselves, copied, are accepted', () => {
        const dir = changedContracts(() => {});
        const t = configTest({ contracts: dir });

        assert.ok(t.ok, t.output);
        fs.rmSync(dir, { recursive: true, force: true });
    });

    it('D-18 startup with a duplicate option id fails', async () => {
        const change = (docs) => {
            const list = docs.asyncapi['x-rooms-options'] ||
                docs.openapi['x-rooms-options'];

            list.push({ optionId: 'sushi-spot', displayName: 'Again' });
        };

        contractRefused(change, /dinner\.(asyncapi|openapi)\.json/,
            /duplicate option id "sushi-spot"/);

        /* and so does the start itself */
        const dir = changedContracts(change);
        const server = new Server({ contracts: dir });

        await assert.rejects(server.start(), /duplicate option id/);
        fs.rmSync(dir, { recursive: true, force: true });
        fs.rmSync(server.dir, { recursive: true, force: true });
    });

    it('D-18 an option list that is none is refused', () => {
        for (const bad of [[], 'text', {}, [1], [{}], [{ optionId: 'x' }],
            [{ optionId: '', displayName: 'X' }],
            [{ optionId: 'x', displayName: 'X', description: 5 }]]) {
            contractRefused((docs) => {
                for (const doc of [docs.asyncapi, docs.openapi]) {
                    if (doc['x-rooms-options'] !== undefined) {
                        doc['x-rooms-options'] = bad;
                    }
                }
            }, /dinner/, /x-rooms-options/);
        }
    });

    it('an event that the application does not have is refused', () => {
        contractRefused((docs) => ({ asyncapi: JSON.stringify(docs.asyncapi)
            .replaceAll('session:restart', 'session:restrat') }),
        /dinner\.asyncapi\.json/,
        /#\/[^ ]*messages\/[^ ]+: .* no event "session:restrat"/);
    });

    it('so is an operation', () => {
        contractRefused((docs) => ({ openapi: JSON.stringify(docs.openapi)
            .replaceAll('"listOptions"', '"listOption"') }),
        /dinner\.openapi\.json/,
        /#\/paths\/[^ ]*\/get: .* no operation "listOption"/);
    });

    for (const kind of ['asyncapi', 'openapi']) {
        it(`${kind}: broken JSON, with its line`, () => {
            contractRefused((docs) => {
                const lines = JSON.stringify(docs[kind], null, 2).split('\n');

                lines.splice(6, 0, '  "broken": ,');
                return { [kind]: lines.join('\n') };
            }, new RegExp(`dinner\\.${kind}\\.json":7:`), /./);
        });

        it(`${kind}: no JSON at all, empty, cut off`, () => {
            for (const text of ['', '   ', 'hello', '[]', '42', '{}',
                '{"a":1', '{"a":1}{"b":2}']) {
                contractRefused(() => ({ [kind]: text }),
                    new RegExp(`dinner\\.${kind}\\.json`), /./);
            }
        });

        it(`${kind}: a member twice, too deep, bad UTF-8`, () => {
            for (const text of ['{"x":1,"x":2}',
                `{"x":${'['.repeat(3000)}${']'.repeat(3000)}}`,
                Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]) {
                contractRefused(() => ({ [kind]: text }),
                    new RegExp(`dinner\\.${kind}\\.json":1:`), /./);
            }
        });

        it(`${kind}: an unknown schema keyword, with its pointer`, () => {
            contractRefused((docs) => {
                someSchema(docs[kind]).value.minLenght = 3;
            }, new RegExp(`dinner\\.${kind}\\.json": #?/`), /minLenght/);
        });

        it(`${kind}: a $ref that leads nowhere, outside, in a circle`,
            () => {
                for (const ref of ['#/components/schemas/Nobody',
                    'http://x.example/schema.json', 'other.json#/x', 7]) {
                    contractRefused((docs) => {
                        const { value } = someSchema(docs[kind]);
                        const [name] = Object.keys(value.properties);

                        value.properties[name] = { $ref: ref };
                    }, new RegExp(`dinner\\.${kind}\\.json": #?/`), /./);
                }
            });

        it(`${kind}: keywords with values of a wrong type`, () => {
            for (const [key, value] of [['type', 'strang'], ['required', 'x'],
                ['properties', []], ['maxProperties', -1], ['enum', 5],
                ['additionalProperties', 'no'], ['minProperties', 1.5]]) {
                contractRefused((docs) => {
                    someSchema(docs[kind]).value[key] = value;
                }, new RegExp(`dinner\\.${kind}\\.json": #?/`), /./);
            }
        });

        it(`${kind}: a pattern that is no pattern`, () => {
            contractRefused((docs) => {
                const { value } = someSchema(docs[kind]);
                const [name] = Object.keys(value.properties);

                value.properties[name] = { type: 'string',
                    pattern: '^[A-Z' };
            }, new RegExp(`dinner\\.${kind}\\.json": #?/`), /pattern/);
        });
    }

    it('two documents of one kind are refused', () => {
        const line = `contract ${CONTRACTS}/dinner.openapi.json;#b`;

        refusedAt({ appText: ['rooms_app dinner {',
            `contract ${CONTRACTS}/dinner.openapi.json;`, line, '}']
            .join('\n') }, line, /second|duplicate/);
    });

    it('without a contract dinner does not start', () => {
        const text = 'rooms_app dinner { }';
        const t = configTest({ appText: text });

        assert.ok(!t.ok, 'accepted');
        assert.match(t.output, /contract/);
    });
});
