'use strict';

/*
 * REST calls on node's own http, one TCP connection per request, so that each
 * call may land on either worker and no pooled connection hides a fault.
 */

const http = require('node:http');


/*
 * Sends one request.  body: undefined, a Buffer or string sent as it is, or
 * any other value, sent as JSON.  Resolves to {status, headers, text, json};
 * json is undefined where the answer is not JSON.
 */

function request(base, method, path, body, headers) {
    const url = new URL(path, base);
    const raw = body === undefined || typeof body === 'string' ||
        Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const head = { ...(headers || {}) };

    if (raw !== undefined && head['content-type'] === undefined) {
        head['content-type'] = 'application/json';
    }

    if (head['content-type'] === null) {
        delete head['content-type'];
    }

    if (raw !== undefined && head['transfer-encoding'] === undefined) {
        head['content-length'] = Buffer.byteLength(raw);
    }

    return new Promise((resolve, reject) => {
        const req = http.request({
            host: url.hostname,
            port: url.port,
            path,
            method,
            agent: false,
            headers: head,
            timeout: 20000,
        }, (res) => {
            const chunks = [];

            res.on('data', (chunk) => chunks.push(chunk));
            res.on('error', reject);
            res.on('end', () => {
                const text = Buffer.concat(chunks).toString('utf8');
                let json;

                try {
                    json = JSON.parse(text);
                } catch (e) {
                    json = undefined;
                }

                resolve({ status: res.statusCode, headers: res.headers,
                    text, json });
            });
        });

        req.on('timeout', () => req.destroy(
            new Error(`${method} ${path}: no answer in 20 s`)));
        req.on('error', reject);
        req.end(raw);
    });
}


/* The same calls bound to one server. */

class Rest {
    constructor(base) {
        this.base = base;
    }

    get(path, headers) {
        return request(this.base, 'GET', path, undefined, headers);
    }

    post(path, body, headers) {
        return request(this.base, 'POST', path, body, headers);
    }

    send(method, path, body, headers) {
        return request(this.base, method, path, body, headers);
    }

    /* POST /api/sessions; throws unless 201. */

    async create(hostName) {
        const res = await this.post('/api/sessions',
            { hostName: hostName || 'Alice' });

        if (res.status !== 201) {
            throw new Error(`create: ${res.status} ${res.text}`);
        }

        return res.json;
    }

    session(code) {
        return this.get(`/api/sessions/${code}`);
    }

    join(code, participantName) {
        return this.post(`/api/sessions/${code}/join`, { participantName });
    }
}


module.exports = { request, Rest };
