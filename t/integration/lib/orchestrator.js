'use strict';

/* nginx with the orchestrator, and what its tests do first. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const Ajv = require('ajv');

const { CONTRACTS, TOP } = require('./conf');
const { Player, until } = require('./player');
const { Server, tempDir } = require('./server');

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const PASSWORD = 'orchestrator-demo';


/* The contract without its limits of requests; made once. */

let openapi = null;

function unlimited() {
    if (openapi === null) {
        const dir = tempDir();

        openapi = path.join(dir, 'orchestrator.openapi.json');
        fs.writeFileSync(openapi, JSON.stringify(JSON.parse(fs.readFileSync(
            path.join(CONTRACTS, 'orchestrator.openapi.json'), 'utf8')),
        (key, value) => (key === 'x-rooms-rate' ? undefined : value)));
        process.on('exit', () => fs.rmSync(dir, { recursive: true,
            force: true }));
    }

    return openapi;
}


/* o.limits: with the limits of requests. */

function appText(o) {
    const options = Object.entries({ video_loading: '50ms',
        video_rest: '50ms', ...o.options });

    return `rooms_app orchestrator {
    contract ${CONTRACTS}/orchestrator.asyncapi.json;
    contract ${o.limits ? `${CONTRACTS}/orchestrator.openapi.json`
        : unlimited()};
    zone ${o.zone || '32m'};
    option_file tokens ${o.tokens || `${TOP}/conf/orchestrator.tokens.json`};
    option_file admin ${TOP}/conf/orchestrator.admin.json;
    ${options.map((e) => `option ${e.join(' ')};`).join('\n    ')}
}`;
}


function locationsText(o) {
    return ['/socket.io/', '/ws/'].map((path) => `
        location ${path} {
            rooms orchestrator;
            rooms_deflate on;
            rooms_deflate_threshold 1024;
            rooms_recovery 30s;
            ${(o.rooms || []).join('\n            ')}
        }
`).join('') + `
        ${o.locations || ''}

        location / {
            rooms_api orchestrator;
        }

        location = /status {
            rooms_status;
        }
`;
}


/* The schemas of everything that the server sends. */

function contract() {
    const text = fs.readFileSync(path.join(CONTRACTS,
        'orchestrator.asyncapi.json'), 'utf8');
    const doc = JSON.parse(text);
    const ajv = new Ajv({ strict: false, allErrors: true, formats: {
        'date-time': true, uuid: UUID } });
    const schemas = new Map();

    for (const message of Object.values(doc.components.messages)) {
        const name = message.name.replace(/^(.*) acknowledgement$/, 'ack $1');

        schemas.set(name, ajv.compile({ ...message.payload,
            components: doc.components }));
    }

    return schemas;
}

const SCHEMAS = contract();


/* What is wrong with what a client was sent, as texts. */

function faults(player) {
    return player.log.filter((e) => e.kind === 'event' || e.kind === 'ack')
        .map((e) => {
            const name = e.kind === 'ack' ? `ack ${e.name}` : e.name;
            const check = SCHEMAS.get(name);

            return !check ? `${name}: not in the contract` : check(e.data)
                ? null : `${name}: ${JSON.stringify(check.errors)} ` +
                JSON.stringify(e.data);
        }).filter((text) => text !== null);
}


class OrchestratorServer extends Server {
    constructor(o) {
        super({ ...o, appText: appText(o || {}),
            locationsText: locationsText(o || {}) });
    }

    /* What the inherited functions ask of the status. */

    async dinner() {
        return (await this.status()).apps.orchestrator;
    }

    async admin() {
        const res = await this.rest.post('/api/admin/auth',
            { password: PASSWORD });

        assert.strictEqual(res.status, 200, res.text);
        this.token = res.json.token;
        return { authorization: `Bearer ${this.token}` };
    }

    /* A new session, so that a test has tokens and scores of its own. */

    async session(body) {
        const res = await this.rest.post('/api/session',
            { name: 'Test', ...body }, await this.admin());

        assert.strictEqual(res.status, 201, res.text);
        return res.json;
    }

    async control(command, tokenId) {
        return this.rest.post('/api/video/control', { command,
            ...(tokenId && { tokenId }) }, await this.admin());
    }

    scan(tokenId, scannerId) {
        return this.rest.post('/api/scan', { tokenId, teamId: 'TEAM_A',
            scannerId: scannerId || 'PLAYER_01' });
    }

    /* A station of that id on worker 0 or 1 that has identified itself. */

    async station(id, side, opts) {
        const player = await this.player({ side, name: id, ...opts });
        const ack = await player.ask('gm:identify', { stationId: id,
            version: '1.0.0' });

        assert.strictEqual(ack.success, true, JSON.stringify(ack));
        player.session = ack.sessionId;

        /* an answer comes after all that the identification brought */

        await player.socket.emitWithAck('barrier');
        return player;
    }

    /* Stations on both workers by turns, their logs empty. */

    async stations(...ids) {
        const list = [];

        for (const [i, id] of ids.entries()) {
            list.push(await this.station(id, i % 2));
        }

        for (const [i, player] of list.entries()) {
            await until(() => player.all('device:connected').length ===
                list.length - 1 - i, 'all stations seen');
        }

        list.forEach((player) => player.clear());
        return list;
    }

    /* Nobody is there, nobody is held. */

    async fresh() {
        await this.clean();
        await until(async () => {
            const res = await this.rest.get('/api/session');

            return res.status === 404 ||
                res.json.metadata.gmStations === 0;
        }, 'no station is held', 40000);
    }
}


function submit(player, tokenId, teamId) {
    return player.ask('transaction:submit', { tokenId,
        teamId: teamId || 'TEAM_A', scannerId: 'SCANNER_01' });
}


/* Starts a server before the tests of a block and stops it after them. */

function useOrchestrator(hooks, o) {
    const server = new OrchestratorServer({ ...o,
        options: { hold: '400ms', ...(o && o.options) } });

    hooks.before(() => server.start());
    hooks.afterEach(() => server.fresh());
    hooks.after(() => server.stop());

    return server;
}


module.exports = { useOrchestrator, OrchestratorServer, submit, faults, UUID,
    ISO, PASSWORD, Player };
