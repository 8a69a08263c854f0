'use strict';

/* Two stations and a player's scanner, on one page. */

(() => {
    const port = new URLSearchParams(location.search).get('port') ||
        Number(location.port || (location.protocol === 'https:' ? 443 : 80)) +
        4;
    const server = `${location.protocol}//${location.hostname}:${port}`;
    const $ = (id) => document.getElementById(id);


    function trouble(text) {
        $('trouble').textContent = text || '';
        $('trouble').hidden = !text;
    }


    function item(parts) {
        const li = document.createElement('li');

        for (const [name, text] of parts) {
            const span = document.createElement('span');

            span.className = name;
            span.textContent = text;
            li.append(span);
        }

        return li;
    }


    function show(state) {
        const scores = [...state.scores].sort((a, b) =>
            b.currentScore - a.currentScore);
        const most = Math.max(1, ...scores.map((s) => s.currentScore));

        $('no-scores').hidden = scores.length > 0;
        $('scores').replaceChildren(...scores.map((score) => {
            const li = item([['team', score.teamId], ['points',
                score.currentScore + (score.bonusPoints
                    ? ` (bonus ${score.bonusPoints})` : '')],
            ['meter', '']]);

            li.lastChild.style.setProperty('--part',
                `${score.currentScore / most * 100}%`);
            return li;
        }));
    }


    /* Told at each change; in between, the page counts for itself. */

    const video = { status: 'idle', from: 0, progress: 0, duration: 0 };

    function screen(data) {
        video.status = data.status;
        video.progress = data.progress || 0;
        video.duration = data.duration || 0;
        video.from = Date.now();
        $('screen').dataset.status = data.status;
        $('video').textContent = data.status;
        $('video-token').textContent = data.error || data.tokenId || '';
    }

    function playing(state) {
        const now = state.currentVideo;

        if (now && video.status === 'idle') {
            const start = Date.parse(now.startTime);
            const end = Date.parse(now.expectedEndTime);

            screen({ status: 'playing', tokenId: now.tokenId,
                duration: (end - start) / 1000,
                progress: Math.min(100, Math.max(0, (Date.now() - start) /
                    (end - start) * 100)) });
        }
    }

    setInterval(() => {
        const more = video.status === 'playing' && video.duration
            ? (Date.now() - video.from) / video.duration / 10 : 0;

        $('progress').value = Math.min(100, video.progress + more);
    }, 200);


    function choose(select, tokens) {
        for (const token of tokens) {
            select.add(new Option(`${token.id} (${token.value})`, token.id));
        }
    }


    function station(id, tokens) {
        const view = $('station').content.cloneNode(true).firstElementChild;
        const log = view.querySelector('.log');
        const state = view.querySelector('.state');
        const seen = new Set();
        const socket = io(server, { transports: ['websocket'],
            forceNew: true, reconnectionDelay: 1000,
            reconnectionDelayMax: 30000 });

        const told = (tx) => {
            if (!seen.has(tx.id)) {
                seen.add(tx.id);
                log.prepend(item([['what', `${tx.tokenId} ${tx.teamId}`],
                    [tx.status, tx.status], ['points', tx.points]]));
            }
        };

        const is = (text, on) => {
            state.textContent = text;
            state.toggleAttribute('data-on', on);
        };

        view.id = id;
        view.querySelector('h2').textContent = id;
        choose(view.querySelector('.token'), tokens);
        $('stations').append(view);

        socket.on('connect', () => socket.emit('gm:identify', {
            stationId: id, version: '1.0.0' }));
        socket.on('gm:identified', (d) => {
            is('connected', true);
            trouble();
            show(d.state);
            playing(d.state);

            if (seen.size === 0) {
                socket.emit('state:request', {});
            }
        });
        socket.on('disconnect', (reason) => {
            is('away', false);

            if (reason === 'io server disconnect') {
                is('closed by the server', false);
            }
        });
        socket.on('connect_error', () => is('away', false));
        socket.on('state:update', (m) => show(m.data));
        socket.on('sync:full', (m) => {
            show(m.data.state);
            m.data.transactions.forEach(told);
        });
        socket.on('transaction:new', (m) => told(m.data));
        socket.on('video:status', (m) => screen(m.data));
        socket.on('error', (m) => trouble(m.message));

        setInterval(() => socket.connected && socket.emit('heartbeat',
            { stationId: id }), 10000);

        view.querySelector('form').addEventListener('submit', (e) => {
            e.preventDefault();
            trouble();
            socket.emit('transaction:submit', {
                tokenId: view.querySelector('.token').value,
                teamId: view.querySelector('.team').value,
                scannerId: id });
        });
        view.querySelector('.cut').addEventListener('click', () =>
            socket.io.engine.close());
    }


    async function start() {
        const res = await fetch(`${server}/api/tokens`);
        const { tokens } = await res.json();

        choose($('scan-token'), tokens.filter((t) => t.mediaAssets.video));
        station('GM_DEMO_1', tokens);
        station('GM_DEMO_2', tokens);

        $('scan').addEventListener('submit', async (e) => {
            e.preventDefault();
            trouble();

            const answer = await fetch(`${server}/api/scan`, {
                method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ tokenId: $('scan-token').value,
                    teamId: 'TEAM_A', scannerId: 'PLAYER_DEMO' }) });

            if (!answer.ok) {
                trouble((await answer.json()).message);
            }
        });
    }


    start().catch(() => trouble('The orchestrator does not answer.'));
})();
