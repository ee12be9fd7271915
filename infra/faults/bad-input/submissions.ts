import { type BadInputCase, createSubmissionRequest, SECRET } from './case.ts'

const MIB = 1024 * 1024
const DEPTH = 100_000

/** Returns submissions whose syntax, type, fields, numbers or size are invalid. */
export function badSubmissions(): BadInputCase[] {
  return [...badBodies(), ...badTypes(), ...badFields(), ...badNumbers(), ...hugeBodies()]
}

function badBodies(): BadInputCase[] {
  const bodies: [string, string | Buffer, number][] = [
    ['not JSON', `prompt=${SECRET}`, 400],
    ['JSON that breaks off', `{"prompt":"${SECRET}`, 400],
    ['two values', '{"prompt":"a"}{"prompt":"a"}', 400],
    ['a comment', '{"prompt":"a"/* b */}', 400],
    ['NaN', '{"prompt":"a","parameters":{"seed":NaN}}', 400],
    ['an unescaped line break', '{"prompt":"a\nb"}', 400],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400],
    ['UTF-16', Buffer.from('{"prompt":"a"}', 'utf16le'), 400],
    ['nothing', '', 422],
    ['null', 'null', 422],
    ['a list', '[{"prompt":"a"}]', 422],
    ['a text', `"${SECRET}"`, 422],
    ['a number', '1', 422],
    ['an empty object', '{}', 422],
  ]
  return bodies.map(([name, body, status]) => ({
    name: `a body that is ${name}`,
    request: createSubmissionRequest('', { body: Buffer.from(body as Uint8Array) }),
    status,
  }))
}

function badTypes(): BadInputCase[] {
  const types: [string, string[], number][] = [
    ['no type', [], 415],
    ['text/plain', ['Content-Type: text/plain'], 415],
    ['a form of pairs', ['Content-Type: application/x-www-form-urlencoded'], 415],
    ['a type that is nearly right', ['Content-Type: application/json5'], 415],
    ['a type of garbage', ['Content-Type: ;;;=,"'], 415],
    ['gzip', ['Content-Type: application/json', 'Content-Encoding: gzip'], 415],
    ['another site’s page', ['Content-Type: application/json', 'Origin: http://evil.example'], 403],
    ['a page without an origin', ['Content-Type: application/json', 'Origin: null'], 403],
    ['a longer name of ours', ['Content-Type: application/json', 'Origin: http://localhost.evil.example'], 403],
    ['a foreign host', ['Content-Type: application/json', 'Host: evil.example'], 403],
    ['two hosts', ['Content-Type: application/json', 'Host: localhost', 'Host: evil.example'], 403],
  ]
  return types.map(([name, lines, status]) => ({
    name: `a submission from or as ${name}`,
    request: createSubmissionRequest({ prompt: SECRET }, { headers: lines.map(parseHeader) }),
    status,
  }))
}

function badFields(): BadInputCase[] {
  const bodies: [string, unknown, RegExp?][] = [
    ['a name that is not known', { prompt: SECRET, colour: SECRET }, /colour/],
    ['a parameter that is not known', { prompt: 'a', parameters: { colour: SECRET } }, /colour/],
    ['status, which is not theirs to set', { prompt: 'a', status: 'completed', attempt: 999 }, /status/],
    ['__proto__', '{"prompt":"a","__proto__":{"isAdmin":true}}', /__proto__/],
    ['__proto__ in escapes', '{"prompt":"a","\\u005f_proto__":{"isAdmin":true}}', /__proto__/],
    ['__proto__ among the parameters', '{"prompt":"a","parameters":{"__proto__":{"numOutputs":3}}}', /__proto__/],
    ['__proto__ among the settings', '{"prompt":"a","parameters":{"settings":{"__proto__":1}}}', /__proto__/],
    ['constructor', '{"prompt":"a","constructor":{"prototype":{"a":1}}}', /constructor/],
    ['constructor among the settings', { prompt: 'a', parameters: { settings: { constructor: 1 } } }, /constructor/],
    ['a second prompt that is wrong', '{"prompt":"a","prompt":7}', /^prompt/],
    ['no prompt', { parameters: {} }, /^prompt is missing/],
    ['an empty prompt', { prompt: '' }, /^prompt is empty/],
    ['a blank prompt', { prompt: ' \n\t\u00a0\u3000' }, /^prompt is empty/],
    ['a prompt that is a number', { prompt: 7 }, /^prompt/],
    ['a prompt that is a list', { prompt: [SECRET] }, /^prompt/],
    ['a prompt that is too long', { prompt: 'ä'.repeat(32_001) }, /32000/],
    ['NUL in the prompt', { prompt: `${SECRET}\0` }, /^prompt/],
    ['half of a pair in the prompt', '{"prompt":"\\ud83d"}', /^prompt/],
    ['a pair the wrong way round', '{"prompt":"\\ude00\\ud83d"}', /^prompt/],
    ['a picture as a prompt', { prompt: 'data:image/png;BASE64,AAAA' }, /^prompt/],
    ['NUL in the negative prompt', { prompt: 'a', parameters: { negativePrompt: 'a\0b' } }],
    ['a picture in the negative prompt', { prompt: 'a', parameters: { negativePrompt: 'DATA:image/png' } }],
    ['a model that is not there', { prompt: 'a', model: SECRET }, /^model/],
    ['NUL in the model', { prompt: 'a', model: 'demo\0' }, /^model/],
    ['a model that is too long', { prompt: 'a', model: 'm'.repeat(201) }, /^model/],
    ['SQL as a model', { prompt: 'a', model: "demo'; drop table generations; --" }, /^model/],
    ['a ratio that is not there', { prompt: 'a', parameters: { aspectRatio: SECRET } }, /aspectRatio can be 1:1/],
    ['a resolution that is not there', { prompt: 'a', parameters: { resolution: 1023 } }, /resolution/],
    ['parameters that are a list', { prompt: 'a', parameters: [] }, /^parameters/],
    ['parameters that are null', { prompt: 'a', parameters: null }, /^parameters/],
    ['a duration for a picture', { prompt: 'a', parameters: { duration: 5 } }, /duration/],
    ['a setting that is not there', { prompt: 'a', parameters: { settings: { shine: 1 } } }, /shine/],
    ['a setting with a bad name', { prompt: 'a', parameters: { settings: { '../x': 1 } } }],
    ['a setting that is an object', { prompt: 'a', parameters: { settings: { grain: { a: SECRET } } } }, /grain/],
    ['a client’s id that is none', { prompt: 'a', clientId: SECRET }, /^clientId/],
    ['a parent that is none', { prompt: 'a', parent: { generationId: SECRET, outputIndex: 0, verb: 'vary' } }],
    [
      'a parent of nobody',
      { prompt: 'a', parent: { generationId: crypto.randomUUID(), outputIndex: 0, verb: 'vary' } },
      /^parent/,
    ],
    [
      'an output of a parent that no row can have',
      { prompt: 'a', parent: { generationId: crypto.randomUUID(), outputIndex: 1e15, verb: 'vary' } },
      /^parent/,
    ],
    [
      'a verb that is none',
      { prompt: 'a', parent: { generationId: crypto.randomUUID(), outputIndex: 0, verb: 'A B' } },
    ],
  ]
  return bodies.map(([name, body, detail]) => ({
    name: `a submission with ${name}`,
    request: createSubmissionRequest(body),
    status: 422,
    ...(detail ? { detail } : {}),
  }))
}

function badNumbers(): BadInputCase[] {
  const outputs = ['0', '-1', '1.5', '11', '1000', '1e999', '-1e999', '"3"', 'null', 'true', '[1]', '1e-9', '"NaN"']
  const seeds = ['-1', '0.5', '1e999', '9007199254740992', '"7"']
  const grains = ['-0.1', '1.1', '1e999', '"0.5"', 'null']
  const parameters = [
    ...outputs.map(value => `"numOutputs":${value}`),
    ...seeds.map(value => `"seed":${value}`),
    ...grains.map(value => `"settings":{"grain":${value}}`),
    '"resolution":"1024"',
    '"resolution":1e999',
  ]
  return parameters.map(written => ({
    name: `a submission with ${written}`,
    request: createSubmissionRequest(`{"prompt":"a","parameters":{${written}}}`),
    status: 422,
    detail: /^parameters\./,
  }))
}

function hugeBodies(): BadInputCase[] {
  const deep = (open: string, close: string) =>
    `{"prompt":"a","parameters":${open.repeat(DEPTH)}1${close.repeat(DEPTH)}}`
  const keys = Array.from({ length: DEPTH }, (_, index) => `"k${index}":1`).join()
  const bodies: [string, string, number, RegExp][] = [
    ['100,000 lists in one another', '['.repeat(DEPTH) + ']'.repeat(DEPTH), 422, /nested/],
    ['100,000 objects in one another', deep('{"a":', '}'), 422, /nested/],
    ['100,000 lists that never close', '['.repeat(DEPTH), 422, /nested/],
    ['100,000 names', `{"prompt":"a",${keys}}`, 422, /values/],
    ['100,000 settings', `{"prompt":"a","parameters":{"settings":{${keys}}}}`, 422, /values/],
    ['ten million lists', `[${'[],'.repeat(10_000_000)}1]`, 422, /values/],
    ['a prompt of 31 MiB', `{"prompt":"${'x'.repeat(31 * MIB)}"}`, 422, /32000/],
    ['33 MiB', `{"prompt":"${'x'.repeat(33 * MIB)}"}`, 413, /32 MiB/],
  ]
  const cases = bodies.map(([name, body, status, detail]) => ({
    name: `a submission of ${name}`,
    request: createSubmissionRequest(body),
    status,
    detail,
  }))
  const unsaid = createSubmissionRequest(`{"prompt":"${'x'.repeat(33 * MIB)}"}`, { framing: 'chunked' })
  return [
    ...cases,
    { name: 'a submission of 33 MiB that does not say so', request: unsaid, status: 413, detail: /32 MiB/ },
  ]
}

function parseHeader(line: string): readonly [string, string] {
  return [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]
}
