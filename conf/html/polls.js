'use strict';

/* The page of a participant. */

(() => {
    const { Client, call, element, bars, summary } = PollsClient;
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


    /* A poll, as its state has it; a form that is being filled in stays. */

    function card(poll, session) {
        const open = poll.status === 'active' && session.status === 'active';
        const form = open && !done.has(poll.pollId);
        const old = document.querySelector(`[data-poll="${poll.pollId}"]`);

        if (form && old && old.dataset.kind === 'form') {
            return old;
        }

        const made = element('article', 'card poll');

        made.dataset.poll = poll.pollId;
        made.dataset.kind = form ? 'form' : poll.status;
        made.append(element('h2', '', poll.question));

        if (form) {
            made.append(ballot(poll));
            return made;
        }

        if (poll.status === 'draft') {
            made.append(element('p', 'soft', 'Not open yet.'));
            return made;
        }

        made.append(bars(poll), element('p', 'soft', summary(poll)));

        if (done.get(poll.pollId)) {
            made.append(element('p', 'note', done.get(poll.pollId)));
        }

        return made;
    }


    function render({ session, polls }) {
        if (!session) {
            return;
        }

        show('title', session.title || 'A session');
        show('status', WORDS[session.status]);
        $('polls').replaceChildren(...[...polls.values()]
            .sort((a, b) => b.sequenceOrder - a.sequenceOrder)
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
