'use strict';

/* The page of a participant. */

(() => {
    const { Client, call, element, bars, arrange, summary } = PollsClient;
    const $ = (id) => document.getElementById(id);
    const WORDS = { draft: 'Waiting for the presenter to start.',
        active: 'The session is on.', paused: 'The session is paused.',
        ended: 'The session has ended. These are the results.' };

    let client = null;

    /* polls on which this page has voted, or need not try again */
    const done = new Map();


    function show(id, text) {
        $(id).textContent = text;
        $(id).hidden = !text;
    }


    function choices(poll) {
        const list = element('div', 'choices');

        if (poll.pollType === 'open_text') {
            const text = element('input');

            text.type = 'text';
            text.name = 'text';
            text.maxLength = 2000;
            text.required = true;
            text.setAttribute('aria-label', poll.question);
            list.append(text);
            return list;
        }

        const entries = poll.pollType === 'rating_scale'
            ? Array.from({ length: poll.maxRating - poll.minRating + 1 },
                (_, i) => [poll.minRating + i, poll.minRating + i])
            : poll.options.map((o) => [o.optionId, o.optionText]);

        for (const [value, text] of entries) {
            const label = element('label', 'choice');
            const input = element('input');

            input.type = poll.allowMultiple ? 'checkbox' : 'radio';
            input.name = 'choice';
            input.value = value;
            label.append(input, element('span', '', text));
            list.append(label);
        }

        return list;
    }


    function voteData(poll, form) {
        const data = new FormData(form);

        if (poll.pollType === 'open_text') {
            return { textResponse: data.get('text') };
        }

        return poll.pollType === 'rating_scale'
            ? { ratingValue: Number(data.get('choice')) }
            : { selectedOptionIds: data.getAll('choice') };
    }


    function ballot(poll) {
        const form = element('form');
        const button = element('button', '', 'Vote');

        button.type = 'submit';
        form.append(choices(poll), button);
        form.addEventListener('submit', (event) => {
            event.preventDefault();
            done.set(poll.pollId, 'Sending your vote …');
            client.submit(poll, voteData(poll, form));
            render(client.state);
        });
        return form;
    }


    /*
     * The card of a poll stays the same one, also a form that is being filled
     * in, until the poll opens or closes or the vote is sent.
     */

    function card(poll, session) {
        const open = poll.status === 'active' && session.status === 'active';
        const kind = open && !done.has(poll.pollId) ? 'form' : poll.status;
        const old = document.querySelector(`[data-poll="${poll.pollId}"]`);
        const made = old && old.dataset.kind === kind ? old
            : start(poll, kind);

        if (kind === 'active' || kind === 'closed') {
            const note = made.querySelector('.note');

            bars(poll, made.querySelector('.bars'));
            made.querySelector('.soft').textContent = summary(poll);
            note.textContent = done.get(poll.pollId) || '';
            note.hidden = !note.textContent;
        }

        return made;
    }

    function start(poll, kind) {
        const made = element('article', 'card poll');

        made.dataset.poll = poll.pollId;
        made.dataset.kind = kind;
        made.append(element('h2', '', poll.question));

        if (kind === 'form') {
            made.append(ballot(poll));
        } else if (kind === 'draft') {
            made.append(element('p', 'soft', 'Not open yet.'));
        } else {
            made.append(bars(poll, null), element('p', 'soft'),
                element('p', 'note'));
        }

        return made;
    }


    /* What can be voted on first, then what is to come, then the latest. */

    function order(a, b) {
        const rank = ['active', 'draft', 'closed'];

        return rank.indexOf(a.status) - rank.indexOf(b.status) ||
            (a.status === 'draft' ? a.sequenceOrder - b.sequenceOrder
                : b.sequenceOrder - a.sequenceOrder);
    }


    function render({ session, polls }) {
        if (!session) {
            return;
        }

        show('title', session.title || 'A session');
        show('status', WORDS[session.status]);
        arrange($('polls'), [...polls.values()].sort(order)
            .map((poll) => card(poll, session)));
    }


    const handlers = {
        change: render,
        trouble: (text) => show('trouble', text),
        connection: (text) => show('connection', text),
        accepted: (e) => done.set(e.pollId, 'Your vote counts.'),

        /* what cannot succeed is not tried again */
        rejected: (e) => {
            if (e.reason === 'duplicate_vote' || e.reason === 'poll_closed') {
                done.set(e.pollId, e.message);
            } else {
                done.delete(e.pollId);
                show('trouble', e.message);
            }
        },
    };


    async function enter(who) {
        client = new Client({ sessionId: who.sessionId,
            participantId: who.participantId,
            token: who.participantToken }, handlers);
        await client.load();
        $('join').hidden = true;
        $('session').hidden = false;
    }


    $('join').addEventListener('submit', async (event) => {
        event.preventDefault();
        show('trouble', '');

        try {
            const name = $('name').value.trim();
            const who = await call('POST', '/sessions/' +
                `${encodeURIComponent($('code').value.toUpperCase())}/join`,
            name ? { displayName: name } : {});

            sessionStorage.setItem('polls', JSON.stringify(who));
            await enter(who);
        } catch (error) {
            show('trouble', error.message);
        }
    });

    $('code').value = new URLSearchParams(location.search).get('code') || '';

    const kept = sessionStorage.getItem('polls');

    if (kept && !$('code').value) {
        enter(JSON.parse(kept)).catch(() => {
            sessionStorage.removeItem('polls');
            location.reload();
        });
    }
})();
