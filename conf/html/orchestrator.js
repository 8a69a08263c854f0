'use strict';

/* Two stations and a player's scanner, on one page. */

(() => {
    const port = Number(location.port ||
        (location.protocol === 'https:' ? 443 : 80)) + 4;
    const server = `${location.protocol}//${location.hostname}:${port}`;
    const $ = (id) => document.getElementById(id);


    function trouble(text) {
        $('trouble').textContent = text || '';
        $('trouble').hidden = !text;
    }


    function item(list, text) {
        const li = document.createElement('li');

        li.textContent = text;
        list.append(li);
        return li;
    }


    function show(state) {
        $('scores').replaceChildren();

        for (const score of [...state.scores].sort((a, b) =>
            b.currentScore - a.currentScore)) {
            item($('scores'), `${score.teamId}: ${score.currentScore}` +
                (score.bonusPoints ? ` (bonus ${score.bonusPoints})` : ''));
        }
    }


    function choose(select, tokens) {
        for (const token of tokens) {
            select.add(new Option(`${token.id}, ${token.value}`, token.id));
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
                log.prepend(item(log, `${tx.tokenId} ${tx.teamId} ` +
                    `${tx.status} ${tx.points}`));
            }
        };

        view.id = id;
        view.querySelector('h2').textContent = id;
        choose(view.querySelector('.token'), tokens);
        $('stations').append(view);

        socket.on('connect', () => socket.emit('gm:identify', {
            stationId: id, version: '1.0.0' }));
        socket.on('gm:identified', (d) => {
            state.textContent = 'connected';
            trouble();
            show(d.state);
            d.state.recentTransactions.forEach(told);
        });
        socket.on('disconnect', () => {
            state.textContent = 'away';
        });
        socket.on('state:update', (m) => show(m.data));
        socket.on('sync:full', (m) => {
            show(m.data.state);
            m.data.transactions.forEach(told);
        });
        socket.on('transaction:new', (m) => told(m.data));
        socket.on('video:status', (m) => {
            $('video').textContent = m.data.tokenId
                ? `${m.data.status} ${m.data.tokenId}` : m.data.status;
        });
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
