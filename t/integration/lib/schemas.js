'use strict';

/* The shapes that the dinner contract gives its events, for ajv. */

const Ajv = require('ajv');

const OPTION = {
    type: 'object',
    properties: {
        optionId: { type: 'string' },
        displayName: { type: 'string' },
        description: { type: 'string' },
    },
    required: ['optionId', 'displayName'],
    additionalProperties: false,
};

const PERSON = {
    type: 'object',
    properties: {
        participantId: { type: 'string', minLength: 1 },
        displayName: { type: 'string', minLength: 1, maxLength: 50 },
        isHost: { type: 'boolean' },
    },
    required: ['participantId', 'displayName', 'isHost'],
    additionalProperties: false,
};

const CODE = { type: 'string', pattern: '^[A-Z0-9]{6}$' };
const COUNT = { type: 'integer', minimum: 1, maximum: 4 };


function object(properties, optional) {
    return {
        type: 'object',
        properties: { ...properties, ...(optional || {}) },
        required: Object.keys(properties),
        additionalProperties: false,
    };
}


const SCHEMAS = {
    'participant:joined': object({
        participantId: { type: 'string' }, displayName: { type: 'string' },
        participantCount: COUNT }),
    'participant:left': object({
        participantId: { type: 'string' }, displayName: { type: 'string' },
        participantCount: COUNT }),
    'participant:submitted': object({
        participantId: { type: 'string' }, submittedCount: COUNT,
        participantCount: COUNT }),
    'session:results': object({
        sessionCode: CODE,
        overlappingOptions: { type: 'array', items: OPTION },
        allSelections: {
            type: 'object',
            additionalProperties: { type: 'array',
                items: { type: 'string' } },
        },
        hasOverlap: { type: 'boolean' } }),
    'session:restarted': object({
        sessionCode: CODE, message: { type: 'string' } }),
    'session:expired': object({
        sessionCode: CODE, reason: { type: 'string' },
        message: { type: 'string' } }),
    'error': object({
        code: { type: 'string' }, message: { type: 'string' } },
    { details: { type: 'object' } }),
    'ack session:join': {
        anyOf: [
            object({
                success: { const: true }, participantId: { type: 'string' },
                sessionCode: CODE, displayName: { type: 'string' },
                participantCount: COUNT,
                participants: { type: 'array', items: PERSON, minItems: 1,
                    maxItems: 4 } },
            { state: { type: 'string' }, hasSubmitted: { type: 'boolean' } }),
            { $ref: '#/definitions/failure' },
        ],
        definitions: { failure: object({
            success: { const: false }, error: { type: 'string' },
            code: { type: 'string' } }, { details: { type: 'object' } }) },
    },
};

for (const name of ['selection:submit', 'session:restart']) {
    SCHEMAS[`ack ${name}`] = {
        anyOf: [object({ success: { const: true } }),
            SCHEMAS['ack session:join'].definitions.failure],
    };
}


const ajv = new Ajv({ allErrors: true });
const compiled = Object.fromEntries(Object.entries(SCHEMAS)
    .map(([name, schema]) => [name, ajv.compile(schema)]));


/* What is wrong with one payload, as text, or null. */

function fault(name, payload) {
    const check = compiled[name];

    if (!check) {
        return `${name}: not in the contract`;
    }

    return check(payload) ? null
        : `${name}: ${ajv.errorsText(check.errors)} ${JSON.stringify(payload)}`;
}


/* Every fault in what a player received. */

function faults(player) {
    return player.log.filter((e) => e.kind === 'event' || e.kind === 'ack')
        .map((e) => fault(e.kind === 'ack' ? `ack ${e.name}` : e.name,
            e.data))
        .filter((f) => f !== null);
}


module.exports = { fault, faults };
