'use strict';

/*
 * Writes the nginx.conf of one test server.  Every option has a default that
 * gives dinner on two workers; a test names only what it is about.
 */

const path = require('node:path');

const TOP = path.resolve(__dirname, '..', '..', '..');
const CONTRACTS = path.join(TOP, 'contracts');
const CLIENT = path.join(__dirname, '..', 'node_modules', 'socket.io-client',
    'dist');


function modulePath() {
    return process.env.ROOMS_MODULE ||
        path.join(TOP, 'build', 'ngx_http_rooms_module.so');
}


function indent(text, by) {
    return [].concat(text || []).join('\n').split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => ' '.repeat(by) + line.trim())
        .join('\n');
}


/* The rooms_app block; o.contracts replaces the directory of the contracts. */

function appBlock(o) {
    const dir = o.contracts || CONTRACTS;
    const lines = [
        `contract ${dir}/dinner.asyncapi.json;`,
        `contract ${dir}/dinner.openapi.json;`,
        `zone ${o.zone || '16m'};`,
    ];

    if (o.ttl !== null) {
        lines.push(`option ttl ${o.ttl || '30m'};`);
    }

    if (o.redis) {
        lines.push(`redis ${o.redis};`);
    }

    if (o.frontend) {
        lines.push(`option frontend ${o.frontend};`);
    }

    return ['rooms_app dinner {', indent(lines.concat(o.app || []), 4), '}']
        .join('\n');
}


/*
 * The blocks of a test's own, their journals where o.redis says, with the
 * lines of o.redisLines.
 */

function inRedis(o) {
    const lines = [`redis ${o.redis};`, ...(o.redisLines || [])];

    return o.redis ? o.appText.replace(/^(\s*rooms_app [^{]*\{)/gm,
        `$1\n    ${lines.join('\n    ')}`) : o.appText;
}


/* ROOMS_COALESCE=5ms: the same tests with rooms that hold what they say. */

function held() {
    const time = process.env.ROOMS_COALESCE;

    return time ? `rooms_coalesce ${time};` : '';
}


function locations(o) {
    const recovery = /rooms_recovery/.test([].concat(o.rooms || []).join())
        ? '' : 'rooms_recovery 2m;';

    return `
        location /socket.io/ {
            rooms dinner;
            ${recovery}
${indent(o.rooms, 12)}
        }

        location /api/ {
            rooms_api dinner;
${indent(o.api, 12)}
        }

        location = /health {
            rooms_api dinner;
        }

        location = /status {
            rooms_status;
        }

        location = /metrics {
            rooms_status prometheus;
        }
`;
}


function pagesServer(o, ports) {
    if (!ports.pages) {
        return '';
    }

    return `
    server {
        listen 127.0.0.1:${ports.pages} reuseport;
        root ${path.join(TOP, 'conf', 'html')};

        location / {
            try_files $uri $uri.html $uri/index.html =404;
        }

        location /client/ {
            alias ${CLIENT}/;
        }

        location = /status {
            rooms_status;
        }
    }
`;
}


/*
 * o: workers, zone, ttl, frontend, contracts, app (lines in rooms_app), rooms,
 * api (lines in the locations), http, main (lines in http and at the top),
 * server (lines in server), listen (parameters of the first listen), before
 * (modules loaded first), appText (the whole
 * rooms_app text), locationsText, logLevel.
 * ports: http, and where wanted tls, h2c, proxied, pages.
 */

function nginxConf(o, ports) {
    const listens = [`listen 127.0.0.1:${ports.http} reuseport` +
        `${o.listen ? ` ${o.listen}` : ''};`];

    if (ports.tls) {
        listens.push(`listen 127.0.0.1:${ports.tls} ssl http2 reuseport;`);
    }

    if (ports.proxied) {
        listens.push(`listen 127.0.0.1:${ports.proxied} proxy_protocol ` +
            'reuseport;');
    }

    if (ports.h2c) {
        listens.push(`listen 127.0.0.1:${ports.h2c} http2 reuseport;`);
    }

    return `${(o.before || []).map((m) => `load_module ${m};\n`).join('')}\
load_module ${modulePath()};
daemon off;
master_process on;
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes ${o.workers || 2};
worker_shutdown_timeout ${o.shutdown || '5s'};
pid nginx.pid;
error_log error.log ${o.logLevel || 'info'};
${indent(o.main, 0)}

events {
    worker_connections ${o.connections || 2048};
}

http {
    client_body_temp_path tmp-body;
    proxy_temp_path tmp-proxy;
    fastcgi_temp_path tmp-fastcgi;
    uwsgi_temp_path tmp-uwsgi;
    scgi_temp_path tmp-scgi;
    types { text/html html; text/css css; application/javascript js; }
    access_log off;
${indent(held(), 4)}
${indent(o.http, 4)}

${o.appText === undefined ? appBlock(o) : inRedis(o)}

    server {
        ${listens.join('\n        ')}
${ports.tls ? indent(['ssl_certificate cert.pem;',
        'ssl_certificate_key key.pem;'], 8) : ''}
${indent(o.server, 8)}
${o.locationsText === undefined ? locations(o) : o.locationsText}
    }
${pagesServer(o, ports)}
}
`;
}


module.exports = { nginxConf, appBlock, modulePath, TOP, CONTRACTS };
