// Copyright (C) nginx rooms contributors
//
// check.js TOOL DIRECTORY: see scripts/check-contracts.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import parserModule from '@asyncapi/parser';
import redocly from '@redocly/openapi-core';

const { Parser } = parserModule;
const [, , tool, directory] = process.argv;

let passed = 0;
let failed = 0;

function check(what, problems) {
  if (problems.length === 0) {
    passed++;
    return;
  }

  failed++;
  console.log(`FAIL ${what}`);
  problems.forEach((problem) => console.log(`     ${problem}`));
}

// Documents and places in them

class Document {
  constructor(kind, file) {
    this.kind = kind;
    this.file = file;
    this.text = readFileSync(file, 'utf8');
    this.json = JSON.parse(this.text);
  }

  at(pointer) {
    return pointer.split('/').slice(1).reduce(
      (value, token) =>
        value?.[token.replaceAll('~1', '/').replaceAll('~0', '~')],
      this.json);
  }

  // the pointer where a chain of "$ref" ends
  follow(pointer) {
    const ref = this.at(pointer)?.$ref;
    return ref === undefined ? pointer : this.follow(ref.slice(1));
  }

  // all objects that have examples beside a schema, and schemas with examples
  *examples(pointer = '', value = this.json) {
    if (value === null || typeof value !== 'object') {
      return;
    }

    const isSchema = !('payload' in value) && !('schema' in value);

    if (Array.isArray(value.examples)) {
      for (const example of value.examples) {
        if (isSchema) {
          yield { pointer, value: example };
        } else {
          yield { pointer: `${pointer}/payload`, value: example.payload };
        }
      }
    }

    if ('schema' in value && 'example' in value) {
      yield { pointer: `${pointer}/schema`, value: value.example };
    }

    if ('schema' in value && !Array.isArray(value.examples)) {
      for (const example of Object.values(value.examples ?? {})) {
        yield { pointer: `${pointer}/schema`, value: example.value };
      }
    }

    for (const [key, below] of Object.entries(value)) {
      if (!['examples', 'example', 'default', 'const', 'enum'].includes(key)) {
        const token = key.replaceAll('~', '~0').replaceAll('/', '~1');
        yield* this.examples(`${pointer}/${token}`, below);
      }
    }
  }
}

// A contract as the public validator sees it

class Contract {
  constructor(name, asyncapi, openapi) {
    this.name = name;
    this.asyncapi = asyncapi;
    this.openapi = openapi;
    this.ajv = new Ajv({ strict: false, unicodeRegExp: true });
    addFormats(this.ajv);

    for (const document of [asyncapi, openapi]) {
      if (document) {
        // AsyncAPI's "id" is not that of an old schema
        const { id, ...json } = document.json;

        this.ajv.addSchema(json, document.kind, false, false);
      }
    }
  }

  valid(document, pointer, value) {
    const fragment = pointer.split('/').map(encodeURIComponent).join('/');
    const id = `${document.kind}#${fragment}`;

    return this.ajv.getSchema(id)(value);
  }

  // pointers of all messages of that name, with the operation's for replies
  message(name) {
    for (const [key, operation] of
         Object.entries(this.asyncapi.json.operations)) {
      for (const { $ref } of operation.messages ?? []) {
        const pointer = this.asyncapi.follow($ref.slice(1));
        const message = this.asyncapi.at(pointer);

        if ((message['x-rooms-event'] ?? message.name) === name) {
          return { pointer, message, operation, key };
        }
      }
    }

    throw new Error(`${this.name}: no message "${name}"`);
  }

  args(name, args) {
    const { pointer, message } = this.message(name);
    const schemas = [];

    if ('payload' in message) {
      schemas.push(`${pointer}/payload`);
    }

    (message['x-rooms-args'] ?? []).forEach(
      (_, i) => schemas.push(`${pointer}/x-rooms-args/${i}`));

    const least = message['x-rooms-min-args'] ?? schemas.length;

    return args.length >= least && schemas.every(
      (schema, i) => i >= args.length
                     || this.valid(this.asyncapi, schema, args[i]));
  }

  reply(name, value) {
    const { pointer, message, operation } = this.message(name);

    if ('x-rooms-ack' in message) {
      return this.valid(this.asyncapi, `${pointer}/x-rooms-ack`, value);
    }

    const answer = this.asyncapi.follow(
      operation.reply.messages[0].$ref.slice(1));

    return this.valid(this.asyncapi, `${answer}/payload`, value);
  }

  operation(id) {
    for (const [path, item] of Object.entries(this.openapi.json.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (operation.operationId === id) {
          return `/paths/${path.replaceAll('/', '~1')}/${method}`;
        }
      }
    }

    throw new Error(`${this.name}: no operation "${id}"`);
  }

  body(id, present, value) {
    const body = this.openapi.follow(`${this.operation(id)}/requestBody`);

    if (!present) {
      return !this.openapi.at(body).required;
    }

    return this.valid(this.openapi,
                      `${body}/content/application~1json/schema`, value);
  }

  response(id, status, value) {
    const responses = `${this.operation(id)}/responses`;
    const key = status in this.openapi.at(responses) ? status : 'default';
    const response = this.openapi.follow(`${responses}/${key}`);

    return this.valid(this.openapi,
                      `${response}/content/application~1json/schema`, value);
  }

  // What the tool is asked, with what the answer must be

  *cases() {
    for (const document of [this.asyncapi, this.openapi]) {
      for (const { pointer, value } of document?.examples() ?? []) {
        yield {
          what: `${document.file}: example of ${pointer}`,
          expected: true,
          public: () => this.valid(document, pointer, value),
          ask: { document: document.kind, pointer, value },
        };
      }
    }

    const samples = join(directory, 'samples', this.name);

    for (const file of existsSync(samples) ? readdirSync(samples).sort()
                                           : []) {
      yield* this.samples(join(samples, file));
    }
  }

  *samples(file) {
    const samples = JSON.parse(readFileSync(file, 'utf8'));

    for (const expected of [true, false]) {
      const kind = expected ? 'valid' : 'invalid';

      for (const sample of samples[kind]) {
        yield this.sample(file, samples, expected, sample);
      }

      for (const value of samples.reply?.[kind] ?? []) {
        yield {
          what: `${file}: ${kind} reply ${JSON.stringify(value)}`,
          expected,
          public: () => this.reply(samples.event, value),
          ask: { reply: samples.event, value },
        };
      }

      for (const [status, of] of Object.entries(samples.responses ?? {})) {
        for (const value of of[kind]) {
          yield {
            what: `${file}: ${kind} ${status} ${JSON.stringify(value)}`,
            expected,
            public: () => this.response(samples.operation, status, value),
            ask: { operation: samples.operation, status: Number(status),
                   value },
          };
        }
      }
    }
  }

  sample(file, samples, expected, sample) {
    const { about, message, ...given } = sample;
    const what = `${file}: ${expected ? 'valid' : 'invalid'}: ${about}`;

    if (samples.operation) {
      return {
        what, expected, message,
        public: () => this.body(samples.operation, 'body' in sample,
                                sample.body),
        ask: { operation: samples.operation, ...given },
      };
    }

    const key = samples.event ? 'event' : 'message';

    return {
      what, expected, message,
      public: () => this.args(samples[key], sample.args),
      ask: { [key]: samples[key], ...given },
    };
  }
}

function compare(one, answer) {
  const problems = [];
  const words = answer && (answer.error ?? answer.message);

  if (one.public() !== one.expected) {
    problems.push(`ajv says it is ${one.expected ? 'invalid' : 'valid'}`);
  }

  if (answer?.error || (answer === null) !== one.expected) {
    problems.push(`the module says: ${words ?? 'valid'}`);

  } else if (one.message !== undefined && one.message !== words) {
    problems.push(`the module says "${words}", not "${one.message}"`);
  }

  return problems;
}

function checkValues(contract) {
  const cases = [...contract.cases()];

  const run = spawnSync(
    tool, [contract.asyncapi?.file ?? '-', contract.openapi?.file ?? '-'],
    { input: JSON.stringify(cases.map((one) => one.ask)),
      encoding: 'utf8', maxBuffer: 1 << 26 });

  if (run.status !== 0) {
    check(`${contract.name}: the module reads it`,
          [run.stderr || `status ${run.status}, signal ${run.signal}`]);
    return;
  }

  check(`${contract.name}: the module reads it`, []);

  const answers = JSON.parse(run.stdout);

  cases.forEach((one, i) => check(one.what, compare(one, answers[i])));
}

// The public parser and the public linter

async function checkAsyncapi(document) {
  const diagnostics = await new Parser().validate(document.text);

  check(`${document.file}: AsyncAPI parser`,
        diagnostics.filter((one) => one.severity <= 1).map(
          (one) => `${one.path.join('/')}: ${one.message}`));
}

async function checkOpenapi(document) {
  const config = await redocly.createConfig({
    extends: ['recommended-strict'],
    // literal segments of a path go before parameters
    rules: {
      'no-server-example.com': 'off',
      'no-ambiguous-paths': 'off',
    },
  });

  const problems = await redocly.lint({ ref: document.file, config });

  check(`${document.file}: OpenAPI linter`,
        problems.map((one) => `${one.location[0]?.pointer}: ${one.message}`));
}

// All applications that have a document

function open(kind, name) {
  const file = join(directory, `${name}.${kind}.json`);

  return existsSync(file) ? new Document(kind, file) : undefined;
}

const names = new Set(
  readdirSync(directory)
    .filter((file) => /\.(asyncapi|openapi)\.json$/.test(file))
    .map((file) => basename(file).split('.')[0]));

for (const name of [...names].sort()) {
  const contract = new Contract(name, open('asyncapi', name),
                                open('openapi', name));

  if (contract.asyncapi) {
    await checkAsyncapi(contract.asyncapi);
  }

  if (contract.openapi) {
    await checkOpenapi(contract.openapi);
  }

  checkValues(contract);
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
