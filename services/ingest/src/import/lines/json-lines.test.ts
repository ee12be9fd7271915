import { afterAll, beforeAll, expect, test } from 'bun:test'
import { appendFile, mkdtemp, rm, truncate, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseTimeZone, UTC } from '@darkroom/contracts/history/time-zone'
import type { ImportEntry } from '../entry.ts'
import { createNotes } from '../notes.ts'
import type { ImportRecord } from '../record.ts'
import { openLines } from './json-lines.ts'
import { LINE_LIMITS } from './parse-json.ts'

const NOW = new Date('2026-01-02T03:04:05Z')
const NO_TIME = 'createdAt: is not a time from 1970 to 9999'
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'import-lines-'))
})
afterAll(() => rm(directory, { recursive: true }))

test('each line that cannot be read is named by its number, and the others are read', async () => {
  const lines: [string | Uint8Array, string][] = [
    ['\ufeff{"id":"first"}', 'first'],
    ['', ''],
    ['not json', 'is not JSON'],
    [new Uint8Array([0x7b, 0xff, 0x7d]), 'is not UTF-8'],
    [new Uint8Array([0x7b, 0x00, 0x7d]), 'is not JSON'],
    [`{"id":"${'x'.repeat(3_000)}"}`, 'is longer than 0.001953125 MB'],
    ['{"id":"crlf"}\r', 'crlf'],
    [`{"id":"deep","parameters":${'['.repeat(99)}${']'.repeat(99)}}`, 'is nested deeper than 64 levels'],
    [`{"id":"many","parameters":{"a":[${'0,'.repeat(600)}0]}}`, 'has more than 500 values'],
    ['{"id":"proto","parameters":{"__proto__":{"a":1}}}', 'has a key `__proto__`, which is not taken'],
    ['{"id":"nul","parameters":{"note":["a\\u0000b"]}}', 'parameters.note.0: has a character that cannot be stored'],
    ['{"id":"half","parameters":{"\\ud800":1}}', 'parameters: has a key with a character that cannot be stored'],
    ['[1,2]', 'is not a JSON object'],
    ['{"prompt":"x"}', 'id: is missing'],
    ['{"id":null}', 'id: is missing'],
    ['{"id":true}', 'id: is neither a text nor a number'],
    ['{"id":"constructor","status":"constructor"}', 'constructor'],
    ['{"id":12345678901234567890}', '12345678901234567890'],
    ['{"id":"number","prompt":5}', 'prompt: is not a text'],
    ['{"id":"audio","kind":"audio"}', 'kind: is neither `image` nor `video`'],
    ['{"id":"list","parameters":[1]}', 'parameters: is not an object'],
    ['{"id":"file","prompt":"a;base64,b"}', 'prompt: holds a file as text'],
    [
      `{"id":"deep-text","parameters":"${'{\\"a\\":'.repeat(200)}1${'}'.repeat(200)}"}`,
      'is nested deeper than 64 levels',
    ],
    ['{"id":"proto-text","parameters":"{\\"__proto__\\":1}"}', 'has a key `__proto__`, which is not taken'],
    [
      '{"id":"blob","outputs":[{"url":"blob:x"}]}',
      'outputs.0.url: is an address that begins with blob:, which is not read',
    ],
    ['{"id":"nothing","outputs":[{}]}', 'outputs.0: has neither a url nor a file'],
    [`{"id":"outputs","outputs":[${'"a.png",'.repeat(10)}"a.png"]}`, 'outputs: are more than 10'],
    ['{"id":"last"}', 'last'],
  ]
  const bytes = lines.flatMap(([line]) => [Buffer.from(line), Buffer.from('\n')]).slice(0, -1)
  const limits = { bytes: 2_048, depth: 64, values: 500 }
  const entries = await readText(Buffer.concat(bytes), { limits })
  expect(entries.map(entry => [entry.name, 'error' in entry ? entry.error.message : entry.record.externalId])).toEqual(
    lines.flatMap(([, outcome], index) => (outcome === '' ? [] : [[`line ${index + 1}`, outcome]])),
  )
  expect(await readText('')).toEqual([])
})

test('reads a JSON list item by item, whatever is between them, and lines after it', async () => {
  const text = '\n [ {"id":"a","prompt":"[}\\"{"},\n5,null ,{"id":"b","x":{"y":[{}]}}{"id":"c"}]\n{"id":"d"}\n'
  const expected: [string, string][] = [
    ['item 1', 'a'],
    ['item 2', 'is not a JSON object'],
    ['item 3', 'is not a JSON object'],
    ['item 4', 'b'],
    ['item 5', 'c'],
    ['line 4', 'd'],
  ]
  for (const chunkBytes of [1, 7, 1_000])
    expect([chunkBytes, await readNames(text, { chunkBytes })]).toEqual([chunkBytes, expected])
  expect(await readNames('[]')).toEqual([])
  expect(await readNames('[{"id":"a"},{"id":')).toEqual([
    ['item 1', 'a'],
    ['item 2', 'is not JSON'],
  ])
  expect(await readNames('[broken\n{"id":"a"}')).toEqual([
    ['line 1', 'is not JSON'],
    ['line 2', 'a'],
  ])
})

test('reads lines that end with a return alone', async () => {
  const expected: [string, string][] = [
    ['line 1', 'a'],
    ['line 3', 'is not JSON'],
    ['line 4', 'b'],
  ]
  expect(await readNames('{"id":"a"}\r\rbroken\r{"id":"b"}\r')).toEqual(expected)
  expect(await readNames('[{"id":"a"},\r{"id":"b"}]\r{"id":"c"}\r')).toEqual([
    ['item 1', 'a'],
    ['item 2', 'b'],
    ['line 3', 'c'],
  ])
})

test('names a file of another encoding, and one that becomes shorter', async () => {
  const utf16 = Buffer.from('\ufeff{"id":"a"}\n', 'utf16le')
  for (const bytes of [utf16, utf16.subarray(2), Buffer.from(utf16).swap16()])
    expect(await readNames(bytes)).toEqual([['file.jsonl', 'is UTF-16: save it as UTF-8 and import that']])
  for (const [bytes, reason] of [
    [Bun.gzipSync('{"id":"a"}'), 'compressed'],
    [Buffer.from('PK\x03\x04 generations.jsonl'), 'compressed'],
    [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'a picture'],
  ] as const)
    expect(await readNames(bytes)).toMatchObject([['file.jsonl', expect.stringContaining(`is ${reason}: `)]])
  const path = join(directory, 'short.jsonl')
  await Bun.write(path, `{"id":"a"}\n${' '.repeat(3_000_000)}`)
  const source = await openLines(path, { ...createOptions() })
  await truncate(path, 11)
  const entries = await Array.fromAsync(source.entries)
  expect(entries.map(toOutcome)).toEqual([
    ['line 1', 'a'],
    ['short.jsonl', 'became shorter while it was read'],
  ])
})

test('a line without an end takes no more memory than the longest that is read', async () => {
  const path = join(directory, 'endless.jsonl')
  // A sparse file: its zeros take no space.
  if ((await Bun.spawn(['truncate', '-s', '1G', path]).exited) !== 0) throw new Error('truncate failed')
  await appendFile(path, '\n{"id":"after"}')
  const before = process.memoryUsage().rss
  const limits = { ...LINE_LIMITS, bytes: 16 * 1024 * 1024 }
  const { entries } = await openLines(path, { ...createOptions(), limits })
  expect((await Array.fromAsync(entries)).map(toOutcome)).toEqual([
    ['line 1', 'is longer than 16 MB'],
    ['line 2', 'after'],
  ])
  expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000)
})

const TIMES: [unknown, string][] = [
  ['2024-05-06T07:08:09.123456Z', '2024-05-06T07:08:09.123456Z'],
  ['2024-05-06T07:08:09.1234567+02:00', '2024-05-06T05:08:09.123456Z'],
  ['2024-05-06 07:08:09', '2024-05-06T07:08:09.000000Z'],
  [1_714_979_289_123, '2024-05-06T07:08:09.123000Z'],
  [1_714_979_289_123.456, '2024-05-06T07:08:09.123456Z'],
  [1_714_979_289, '2024-05-06T07:08:09.000000Z'],
  [1_714_979_289.5, '2024-05-06T07:08:09.500000Z'],
  ['1714979289123', '2024-05-06T07:08:09.123000Z'],
  [0, '1970-01-01T00:00:00.000000Z'],
  [null, NOW.toISOString()],
  [1_714_979_289_123_456, NO_TIME],
  ['1714979289123456789', NO_TIME],
  [-1, NO_TIME],
  [253_402_300_800_000, NO_TIME],
  ['2026-02-30', NO_TIME],
  ['1969-12-31T23:59:59Z', NO_TIME],
  ['yesterday', NO_TIME],
  [true, NO_TIME],
]

test.each(TIMES)('reads a time as exact as it is, or names it: %p', async (time, expected) => {
  const [entry] = await readText(JSON.stringify({ id: 'a', createdAt: time }))
  expect(entry && ('error' in entry ? entry.error.message : entry.record.createdAt)).toBe(expected)
})

test('a time without a zone is in the zone of the command', async () => {
  const zone = parseTimeZone('America/New_York')
  const [entry] = await readText('{"id":"a","createdAt":"2024-05-06 07:08:09.25"}', { ...(zone && { timeZone: zone }) })
  expect(entry).toMatchObject({ record: { createdAt: '2024-05-06T11:08:09.250000Z' } })
})

const STORED = { url: null, file: 'a.png', width: null, height: null, isFavourite: false }
const REMOTE = { ...STORED, url: 'https://example.com/a.png', file: null }
const BARE = `iVBORw0KGgo${'A'.repeat(80)}\n${'A'.repeat(9)}==`
const RECORDS: [string, object, object][] = [
  ['null', { prompt: null, status: null, parameters: { a: null }, outputs: null }, { prompt: '', parameters: {} }],
  ['sizes of 0', { outputs: [{ file: 'a.png', width: 0, height: -1 }] }, { outputs: [STORED] }],
  [
    'sizes as text',
    { outputs: [{ file: 'a.png', width: '64', height: 64.5 }] },
    { outputs: [{ ...STORED, width: 64 }] },
  ],
  ['sizes beside', { width: 64, height: 32, outputs: ['a.png'] }, { outputs: [{ ...STORED, width: 64, height: 32 }] }],
  ['one output', { output: 'https://example.com/a.png' }, { outputs: [REMOTE], status: 'completed' }],
  ['an address beside', { image_url: 'https://example.com/a.png' }, { outputs: [REMOTE] }],
  [
    'an address and a file',
    {
      outputs: [
        { url: REMOTE.url, filename: 'a.png' },
        { url: 'blob:x', file: 'a.png' },
      ],
    },
    { outputs: [{ ...STORED, url: REMOTE.url }, STORED] },
  ],
  [
    'a file and its picture',
    { outputs: [{ file: 'a.png', url: 'data:image/png;base64,AAAA' }] },
    { outputs: [{ file: null, dataUrl: 'data:image/png;base64,AAAA' }] },
  ],
  ['a name', { files: [{ name: 'a.png' }, { name: 'b.png', url: REMOTE.url }] }, { outputs: [STORED, REMOTE] }],
  ['no scheme', { outputs: ['//example.com/a.png'] }, { outputs: [REMOTE] }],
  [
    'a data URL',
    { outputs: [{ url: ' data:image/png;base64,AAAA' }] },
    { outputs: [{ dataUrl: 'data:image/png;base64,AAAA' }] },
  ],
  ['a file with a colon', { outputs: [{ file: 'take: 2.png' }] }, { outputs: [{ ...STORED, file: 'take: 2.png' }] }],
  [
    'favourites',
    { liked: 1, outputs: ['a.png', { file: 'a.png', isFavorite: false }] },
    { outputs: [{ isFavourite: true }, { isFavourite: false }] },
  ],
  ['kinds', { kind: 'Text_to video' }, { kind: 'video' }],
  ['media types', { kind: 'image/webp' }, { kind: 'image' }],
  [
    'an error',
    { status: 'FAILED', error: { error: { detail: 'no credit' } } },
    { status: 'failed', error: { message: 'no credit' } },
  ],
  ['an odd error', { status: 'failed', error: { a: 1 } }, { status: 'failed' }],
  ['a large seed', { seed: '18446744073709551615' }, { parameters: { seed: '18446744073709551615' } }],
  ['a seed as text', { parameters: { seed: ' 42 ' } }, { parameters: { seed: 42 } }],
  [
    'settings',
    { steps: 20, parameters: { cfg_scale: 7, negative_prompt: 'bad' } },
    { parameters: { negativePrompt: 'bad', settings: { steps: 20, cfgScale: 7 } } },
  ],
  [
    'parameters as text',
    { parameters: '{"seed":18446744073709551615}' },
    { parameters: { seed: '18446744073709551615' } },
  ],
  ['parameters as text of a text', { parameters: JSON.stringify('{"seed":1}') }, { parameters: { seed: 1 } }],
  ['no parameters as a list', { parameters: [] }, { parameters: {} }],
  ['no parameters as text', { parameters: ' ' }, { parameters: {} }],
  [
    'outputs as text',
    { favorite: 'TRUE', outputs: '["https://example.com/a.png","{\\"file\\":\\"a.png\\"}","[a].png"]' },
    {
      outputs: [REMOTE, STORED, { ...STORED, file: '[a].png' }].map(output => ({ ...output, isFavourite: true })),
    },
  ],
  [
    'a completion before its creation',
    { createdAt: '2024-05-06T07:08:10Z', completedAt: 1_714_979_289 },
    { completedAt: '2024-05-06T07:08:10.000000Z' },
  ],
  [
    'references by other names and as objects',
    {
      aspect_ratio: '3:2',
      reference_image_url: '/r.png',
      parameters: { reference_images: [{ url: 'data:,a', weight: 1 }, { id: 7 }, 'https://example.com/b.png'] },
    },
    {
      parameters: {
        aspectRatio: '3:2',
        referenceImageUrl: '/r.png',
        referenceImages: ['data:,a', { id: 7 }, 'https://example.com/b.png'],
      },
    },
  ],
  [
    'a single reference of several',
    { parameters: { referenceImages: '/a.png', referenceImage: { src: '/b.png' }, reference_image: 'x' } },
    { parameters: { referenceImages: ['/a.png'], referenceImage: '/b.png', reference_image: 'x' } },
  ],
  [
    'references as text',
    { parameters: { referenceImages: '["/a.png","/b.png"]', seed: 5 }, referenceImages: null, seed: 6 },
    { parameters: { referenceImages: ['/a.png', '/b.png'], seed: 5 } },
  ],
  [
    'pictures that are base64 alone, and a path that begins like one',
    {
      images: [{ url: BARE, filename: 'a.png' }, `/9j/${'a'.repeat(80)}.png`],
      parameters: { referenceImage: BARE, referenceImages: [{ data: BARE }] },
    },
    {
      outputs: [{ dataUrl: `data:image/png;base64,${BARE}` }, { file: `/9j/${'a'.repeat(80)}.png` }],
      parameters: {
        referenceImage: `data:image/png;base64,${BARE}`,
        referenceImages: [`data:image/png;base64,${BARE}`],
      },
    },
  ],
  ['a model', { model: { name: 'flux' } }, { model: 'flux' }],
]

test.each(RECORDS)('reads the keys of other systems: %s', async (_name, line, expected) => {
  const [entry] = await readText(JSON.stringify({ id: 'a', ...line }))
  expect(entry).toMatchObject({ record: expected as Partial<ImportRecord> })
})

test('keeps the digits of a seed that is too large for a number, and counts the keys that are dropped', async () => {
  const options = createOptions()
  const lines =
    '{"id":1,"seed":18446744073709551615,"foo":1}\n{"id":2,"foo":2,"Seed":1,"bar":null,"outputs":[{"file":"a.png","etag":"x"}]}'
  const [entry] = await readText(lines, options)
  expect(entry).toMatchObject({ record: { parameters: { seed: '18446744073709551615' } } })
  expect(options.notes.unknownKeys.toObject()).toEqual({ foo: 2, bar: 1, 'outputs.etag': 1 })
})

function createOptions() {
  return { folder: directory, timeZone: UTC, notes: createNotes() }
}

async function readText(
  text: string | Uint8Array,
  options: Partial<Parameters<typeof openLines>[1]> & { chunkBytes?: number } = {},
): Promise<ImportEntry[]> {
  const path = join(directory, 'file.jsonl')
  await Bun.write(path, text)
  await utimes(path, NOW, NOW)
  const { entries } = await openLines(path, { ...createOptions(), ...options })
  return await Array.fromAsync(entries)
}

async function readNames(text: string | Uint8Array, options: { chunkBytes?: number } = {}) {
  return (await readText(text, options)).map(toOutcome)
}

function toOutcome(entry: ImportEntry): [string, string] {
  return [entry.name, 'error' in entry ? entry.error.message : entry.record.externalId]
}
