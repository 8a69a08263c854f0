// Copyright (C) nginx rooms contributors
//
// The audience of a comparison of applications: processes with sockets that
// speak just enough, count what comes, and say so when they are asked.

'use strict';

const { fork } = require('node:child_process');
const http = require('node:http');

const { frame, listener } =
    require('../../t/integration/lib/listener.js');

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));


function call(port, method, where, token, body, headers) {
    return new Promise((resolve, reject) => {
        const req = http.request({ port, method, agent, path: where,
            host: '127.0.0.1', headers: {
                'content-type': 'application/json',
                ...(token ? { authorization: `Bearer ${token}` } : {}),
                ...headers } }, (res) => {
            let text = '';

            res.on('data', (data) => {
                text += data;
            });
            res.on('end', () => (res.statusCode < 300
                ? resolve(JSON.parse(text)) : reject(new Error(text))));
        });

        req.on('error', reject);
        req.end(JSON.stringify(body));
    });
}


// A client that speaks just enough: it says the texts one after the other, each
// when something has come back, and then hands over the length of each event.
// The last text is a CONNECT, or asks for an ack.

function listen(port, where, says, seen) {
    return new Promise((resolve, reject) => {
        const last = says.at(-1).startsWith('40') ? 0x30 : 0x33;
        let said = 0;

        const socket = listener(port, `${where}?EIO=4&transport=websocket`,
            (buf, at, len) => {
                if (buf[at] === 0x32) {
                    socket.write(frame('3'));
                } else if (said < says.length) {
                    if (buf[at] === 0x30 || buf[at + 1] === 0x30 ||
                        buf[at + 1] === 0x33) {
                        socket.write(frame(says[said++]));
                    }
                } else if (buf[at + 1] === last) {
                    const text = buf.latin1Slice(at, at + len);

                    if (text.includes('"success":false')) {
                        reject(new Error(text));
                    }

                    resolve(socket);
                } else if (buf[at + 1] === 0x32) {
                    seen(len, buf.latin1Slice(at, at + Math.min(len, 60)));
                }
            });

        socket.on('error', reject);
        socket.on('close', () => reject(new Error('closed')));
    });
}


// A process of its own with sockets: {port, clients: [{where, says}], event}.
// Tells how many frames of that event have come when it is asked, how many of
// any, and how long the last was.

async function child() {
    let all = 0;
    let frames = 0;
    let length = 0;
    let event = '';

    const seen = (len, text) => {
        all++;

        if (text.includes(event)) {
            frames++;
            length = len;
        }
    };

    process.on('message', async (message) => {
        if (message.clients) {
            event = `["${message.event}"`;

            for (let i = 0; i < message.clients.length; i += 50) {
                await Promise.all(message.clients.slice(i, i + 50).map((c) =>
                    listen(message.port, c.where, c.says, seen)));
            }

            process.send({ ready: true });
        } else {
            process.send({ all, frames, length });
        }
    });
}


const told = (who) => new Promise((resolve) => {
    who.once('message', resolve);
});

const ask = (who) => {
    const answer = told(who);

    who.send({ ask: 1 });
    return answer;
};


// Waits for so many frames of the event; resolves to what the process tells.

async function settled(who, want) {
    for (let i = 0; ; i++) {
        const found = await ask(who);

        if (found.frames >= want) {
            return found;
        }

        if (i > 30000) {
            throw new Error(`${found.frames} of ${want} frames`);
        }

        await sleep(2);
    }
}


// Such a process, when all of its sockets are connected.

async function start(port, event, clients) {
    const who = fork(__filename);

    who.send({ port, event, clients });
    await told(who);
    return who;
}


module.exports = { call, frame, listen, settled, start };

if (require.main === module) {
    child().catch((error) => {
        console.error(error);
        process.exit(1);
    });
}
