'use strict';

/*
 * A line to a server that can be cut, so that what is on its way is lost: the
 * server has sent it, the client never gets it, and each of the two learns of
 * the cut at a time of its own.
 */

const net = require('node:net');


class Line {
    constructor(port) {
        this.port = port;
        this.pairs = new Set();
        this.cuts = 0;
    }

    async open() {
        this.listener = net.createServer((down) => this.join(down));
        await new Promise((resolve) =>
            this.listener.listen(0, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.listener.address().port}`;
        return this;
    }

    join(down) {
        const up = net.connect(this.port, '127.0.0.1');
        const pair = { down, up, lost: false };

        this.pairs.add(pair);
        down.on('data', (data) => pair.lost || up.write(data));
        up.on('data', (data) => pair.lost || down.write(data));

        for (const [one, other] of [[down, up], [up, down]]) {
            one.setNoDelay(true);
            one.on('error', () => {});
            one.on('close', () => pair.lost || other.destroy());
        }

        down.on('close', () => this.pairs.delete(pair));
    }

    /*
     * From now on everything is lost; the client notices after so many ms,
     * the server after so many others.
     */

    cut(client, server) {
        this.cuts++;

        for (const pair of this.pairs) {
            pair.lost = true;
            setTimeout(() => pair.down.destroy(), client);
            setTimeout(() => pair.up.destroy(), server);
        }
    }

    close() {
        for (const { down, up } of this.pairs) {
            down.destroy();
            up.destroy();
        }

        return new Promise((resolve) => this.listener.close(resolve));
    }
}


module.exports = { Line };
