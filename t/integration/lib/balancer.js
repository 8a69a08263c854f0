'use strict';

/*
 * A TCP balancer that knows nothing of HTTP: Debian's nginx with its stream
 * module, one connection to each server by turns.
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { until } = require('./player');
const { freePort } = require('./server');

const NGINX = '/usr/sbin/nginx';
const STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';


class Balancer {
    constructor(ports) {
        this.ports = ports;
        this.stderr = '';
    }

    async start() {
        const port = await freePort();

        this.url = `http://127.0.0.1:${port}`;
        this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rooms-b-'));
        fs.writeFileSync(path.join(this.dir, 'nginx.conf'), `
            load_module ${STREAM};
            daemon off;
            ${process.getuid() === 0 ? 'user root;' : ''}
            pid nginx.pid;
            error_log error.log;
            events { worker_connections 2048; }
            stream {
                upstream all {
                    ${this.ports.map((p) => `server 127.0.0.1:${p};`)
        .join('\n')}
                }
                server { listen 127.0.0.1:${port}; proxy_pass all; }
            }
        `);
        this.child = spawn(NGINX, ['-p', `${this.dir}/`,
            '-c', path.join(this.dir, 'nginx.conf'),
            '-e', path.join(this.dir, 'error.log')],
        { stdio: ['ignore', 'ignore', 'pipe'] });
        this.child.stderr.on('data', (data) => {
            this.stderr += data;
        });
        this.gone = new Promise((resolve) => this.child.on('exit', resolve));
        await until(() => new Promise((resolve) => {
            const probe = net.connect(port, '127.0.0.1');

            probe.on('connect', () => {
                probe.destroy();
                resolve(true);
            });
            probe.on('error', () => resolve(false));
        }), 'the balancer').catch((e) => {
            throw new Error(`${e.message}: ${this.stderr}`);
        });
        return this;
    }

    async stop() {
        this.child.kill('SIGTERM');
        await this.gone;
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}


module.exports = { Balancer };
