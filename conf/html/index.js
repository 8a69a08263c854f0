'use strict';

/* Live figures of the landing page, from /status. */

(() => {
    const PERIOD = 2000;

    const $ = (id) => document.getElementById(id);

    let last = null;


    function number(n) {
        return n.toLocaleString('en');
    }


    function bytes(n) {
        const units = ['B', 'KB', 'MB', 'GB'];
        let i = 0;

        while (n >= 1024 && i < units.length - 1) {
            n /= 1024;
            i++;
        }

        return `${n.toFixed(n < 10 && i > 0 ? 1 : 0)} ${units[i]}`;
    }


    function duration(ms) {
        const s = Math.round(ms / 1000);

        if (s < 90) {
            return `${s} s`;
        }

        return s < 5400 ? `${Math.round(s / 60)} min`
            : `${Math.round(s / 3600)} h`;
    }


    function rows(table, list) {
        table.tBodies[0].replaceChildren(...list.map((cells) => {
            const row = document.createElement('tr');

            row.append(...cells.map((text) => {
                const cell = document.createElement('td');

                cell.textContent = text;
                return cell;
            }));
            return row;
        }));
    }


    function sum(apps, pick) {
        return apps.reduce((n, app) => n + (pick(app) || 0), 0);
    }


    function rate(id, now, before, seconds) {
        $(id).textContent = before === undefined ? '\u00a0'
            : `${number(Math.max(0, Math.round((now - before) / seconds)))} ` +
              'per second';
    }


    /* Workers of all applications, one line per slot. */

    function workers(apps) {
        const bySlot = new Map();

        for (const app of apps) {
            for (const worker of app.workers || []) {
                const line = bySlot.get(worker.slot) ||
                    { pid: worker.pid, websocket: 0, polling: 0 };

                line.websocket += worker.websocket;
                line.polling += worker.polling;
                bySlot.set(worker.slot, line);
            }
        }

        return [...bySlot].sort((a, b) => a[0] - b[0]).map(([slot, w]) =>
            [String(slot), String(w.pid), number(w.websocket),
                number(w.polling)]);
    }


    function journals(entries) {
        return entries.filter(([, app]) => app.journal).map(([name, app]) => {
            const { size, used, window_ms: kept } = app.journal;
            const part = size ? ` (${Math.round((used / size) * 100)} %)`
                : '';

            return [name, `${bytes(used)} of ${bytes(size)}${part}`,
                duration(kept)];
        });
    }


    function show(status) {
        const entries = Object.entries(status.apps);
        const apps = entries.map(([, app]) => app);
        const now = {
            at: performance.now(),
            in: sum(apps, (a) => a.events.in),
            out: sum(apps, (a) => a.events.out),
        };
        const seconds = last ? (now.at - last.at) / 1000 : 1;

        $('sockets').textContent = number(sum(apps, (a) => a.sockets));
        $('transports').textContent =
            `${number(sum(apps, (a) => a.transports.websocket))} WebSocket, ` +
            `${number(sum(apps, (a) => a.transports.polling))} polling`;
        $('rooms').textContent = number(sum(apps, (a) => a.rooms));
        $('events-in').textContent = number(now.in);
        $('events-out').textContent = number(now.out);
        rate('rate-in', now.in, last?.in, seconds);
        rate('rate-out', now.out, last?.out, seconds);
        rows($('workers'), workers(apps));
        rows($('journals'), journals(entries));
        last = now;
    }


    async function refresh() {
        try {
            const res = await fetch('status', { cache: 'no-store' });

            if (!res.ok) {
                throw new Error(`/status answered ${res.status}`);
            }

            show(await res.json());
            $('trouble').hidden = true;
            $('pulse').classList.add('on');

        } catch (error) {
            $('trouble').textContent =
                `No figures at the moment: ${error.message}`;
            $('trouble').hidden = false;
            $('pulse').classList.remove('on');
        }

        setTimeout(refresh, PERIOD);
    }


    refresh();
})();
