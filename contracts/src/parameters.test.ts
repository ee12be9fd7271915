import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ASPECT_RATIOS, RESOLUTIONS } from './enums.ts'
import { SubmittedParameters } from './generation.ts'
import { LIMITS } from './limits.ts'
import {
  hasEmbeddedFile,
  isStorable,
  type PublicParameters,
  SANITIZER_VERSION,
  sanitizeParameters,
} from './parameters.ts'

const PUBLIC = [
  'aspectRatio',
  'numOutputs',
  'resolution',
  'duration',
  'seed',
  'negativePrompt',
  'settings',
  'error',
  'referenceImageUrl',
  'referenceImageId',
  'referenceImagePath',
  'referenceImageBucket',
  'referenceImageMimeType',
  'referenceImageChecksum',
  'referenceImages',
] as const satisfies (keyof PublicParameters)[]

const DATA_URL = 'data:image/png;base64,iVBORw0KGgo='
const UUID = '0190a3a0-0000-7000-8000-000000000000'

/** An embedded file, disguised by letter case and surrounding text. */
const smuggled = fc
  .tuple(
    fc.constantFrom(
      'data:',
      ';base64,',
      DATA_URL,
      `https://a.example/${DATA_URL}`,
      `/media/${DATA_URL}`,
      `${UUID};base64,`,
    ),
    fc.infiniteStream(fc.boolean()),
    fc.string(),
    fc.string(),
  )
  .map(([text, capitals, before, after]) => {
    const cased = Array.from(text, letter =>
      capitals.next().value ? letter.toUpperCase() : letter.toLowerCase(),
    ).join('')
    return before.slice(0, before.length % 4) + cased + after
  })

const text = fc.oneof(
  { weight: 3, arbitrary: smuggled },
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.constantFrom(
    'x'.repeat(100_000),
    `${DATA_URL}${'A'.repeat(100_000)}`,
    '\0',
    '\ud800',
    '👩‍👩‍👧‍👦',
    'שלום',
    '16:9',
    '/media/w/a.png',
  ),
)

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PUBLIC) },
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'imageData', 'SETTINGS'),
  fc.string(),
)

const { hostile } = fc.letrec<{ hostile: unknown }>(tie => ({
  hostile: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.constantFrom(null, undefined, 1e308, -0)),
    fc.array(tie('hostile'), { maxLength: 5 }),
    dictionary(tie('hostile')),
  ),
}))

/** Generates objects with `__proto__` and the like as own keys, as `JSON.parse` does. */
function dictionary(value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  return fc.array(fc.tuple(key, value), { maxLength: 8 }).map(entries => Object.fromEntries(entries))
}

/** Any value, but mostly an object with keys of the allowlist. */
const input = fc.oneof({ weight: 9, arbitrary: dictionary(hostile) }, hostile)

const legal = fc.record(
  {
    aspectRatio: fc.constantFrom(...ASPECT_RATIOS),
    numOutputs: fc.integer({ min: 1, max: LIMITS.outputs }),
    resolution: fc.constantFrom(...RESOLUTIONS),
    duration: fc.integer({ min: 1, max: 3_600 }),
    seed: fc.maxSafeNat(),
    negativePrompt: plainText(LIMITS.promptCharacters),
    settings: fc.dictionary(
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/).filter(name => name !== 'constructor'),
      fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), plainText(1_000)),
      { maxKeys: 16 },
    ),
    error: plainText(LIMITS.errorCharacters),
    referenceImageUrl: url(),
    referenceImageId: fc.uuid(),
    referenceImagePath: fc.stringMatching(/^w\/[a-f0-9-]{8}\/ref\/[a-f0-9]{64}\.png$/),
    referenceImageBucket: fc.stringMatching(/^[a-z][a-z0-9-]{2,40}$/),
    referenceImageMimeType: fc.constantFrom('image/png', 'image/jpeg', 'image/webp', 'image/avif', 'image/svg+xml'),
    referenceImageChecksum: fc.stringMatching(/^[a-f0-9]{64}$/),
    referenceImages: fc.array(url(), { maxLength: LIMITS.references }),
  },
  { requiredKeys: [] },
)

function plainText(most: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'grapheme', maxLength: most }).filter(value => value.length <= most && isStorable(value))
}

function url(): fc.Arbitrary<string> {
  const host = fc.domain().filter(domain => domain.length < 200)
  return fc.oneof(
    fc.stringMatching(/^\/media\/w\/[a-z0-9-]{8}\/ref\/[a-f0-9]{64}\.(png|webp)$/),
    fc
      .tuple(fc.constantFrom('https', 'http'), host, fc.stringMatching(/^\/[a-z0-9?=&%#]{0,40}$/))
      .map(([scheme, domain, path]) => `${scheme}://${domain}${path}`),
  )
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [name, ...stringsIn(inner)])
}

test('no string of the result contains data: or ;base64, in any letter case', () => {
  fc.assert(
    fc.property(input, parameters => {
      const strings = stringsIn(sanitizeParameters(parameters)).map(text => text.toLowerCase())
      expect(strings.filter(text => text.includes('data:') || text.includes(';base64,'))).toEqual([])
    }),
    { numRuns: 2_000 },
  )
})

test('the result is a plain object with keys of the allowlist only, and no prototype changes', () => {
  const untouched = Object.getOwnPropertyNames(Object.prototype)
  fc.assert(
    fc.property(input, parameters => {
      const sanitized = sanitizeParameters(parameters)
      expect(Object.getPrototypeOf(sanitized)).toBe(Object.prototype)
      expect(PUBLIC).toEqual(expect.arrayContaining(Reflect.ownKeys(sanitized)))
      if (sanitized.settings) expect(Object.getPrototypeOf(sanitized.settings)).toBe(Object.prototype)
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(untouched)
    }),
    { numRuns: 1_000 },
  )
})

test('the result is small and valid JSON, and sanitizing it again changes nothing', () => {
  fc.assert(
    fc.property(input, parameters => {
      const sanitized = sanitizeParameters(parameters)
      expect(sanitizeParameters(sanitized)).toEqual(sanitized)
      const json = JSON.stringify(sanitized)
      expect(JSON.stringify(JSON.parse(json))).toBe(json)
      expect(sanitizeParameters(JSON.parse(json))).toEqual(JSON.parse(json))
      expect(stringsIn(sanitized).filter(string => string.length > LIMITS.promptCharacters)).toEqual([])
      expect(json.isWellFormed() && !json.includes('\\u0000')).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

test('every legal value is unchanged, in an object that shares nothing with the input', () => {
  fc.assert(
    fc.property(legal, parameters => {
      const sanitized = sanitizeParameters(parameters)
      expect(sanitized as unknown).toEqual(parameters)
      if (sanitized.settings) expect(sanitized.settings as unknown).not.toBe(parameters.settings)
      if (sanitized.referenceImages) expect(sanitized.referenceImages).not.toBe(parameters.referenceImages as string[])
    }),
  )
})

test('every parameter of a submission is public', () => {
  const submitted = legal.map(({ error, ...parameters }) =>
    Object.fromEntries(Object.entries(parameters).filter(([name]) => !name.startsWith('reference'))),
  )
  fc.assert(
    fc.property(submitted, parameters => {
      const parsed = SubmittedParameters.parse(parameters)
      expect(sanitizeParameters(parsed) as unknown).toEqual(parsed)
    }),
  )
})

test('a value that is no object has no parameters', () => {
  const nothing = [undefined, null, '', DATA_URL, 0, true, [], [{ aspectRatio: '1:1' }], () => ({ aspectRatio: '1:1' })]
  expect(nothing.map(sanitizeParameters)).toEqual(nothing.map(() => ({})))
})

test('ignores inherited keys', () => {
  expect(sanitizeParameters(Object.create({ aspectRatio: '1:1', settings: { style: 'calm' } }))).toEqual({})
})

test('a key called __proto__ or constructor becomes no prototype', () => {
  const parsed = JSON.parse(
    '{"__proto__":{"aspectRatio":"1:1"},"constructor":{"prototype":{"seed":1}},"settings":{"__proto__":{"style":"x"},"constructor":"y","calm":1}}',
  )
  const sanitized = sanitizeParameters(parsed)
  expect(JSON.stringify(sanitized)).toBe('{"settings":{"calm":1}}')
  expect('style' in (sanitized.settings ?? {})).toBe(false)
})

for (const key of PUBLIC) {
  test(`drops ${key} if its value has another type`, () => {
    const wrong = [
      DATA_URL,
      `x ${DATA_URL.toUpperCase()}`,
      null,
      {},
      { url: DATA_URL },
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '\0',
      '\ud800',
    ]
    const survivors = wrong
      .map(value => sanitizeParameters({ [key]: value }))
      .filter(sanitized => Object.keys(sanitized).length > 0)
    expect(survivors).toEqual(key === 'settings' ? [{ settings: {} }, { settings: {} }] : [])
  })
}

test('settings are scalars with plain names, at most 64', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`knob${index}`, index]))
  expect(Object.keys(sanitizeParameters({ settings: many }).settings ?? {})).toHaveLength(64)
  const settings = {
    style: 'calm',
    steps: 30,
    hd: true,
    nested: { a: 1 },
    list: [1],
    none: null,
    endless: Number.POSITIVE_INFINITY,
    nan: Number.NaN,
    'a b': 1,
    'data:': 1,
    embedded: DATA_URL,
  }
  expect(sanitizeParameters({ settings })).toEqual({ settings: { style: 'calm', steps: 30, hd: true } })
})

test('keeps only the URLs of reference images, in their order', () => {
  const referenceImages = [
    '/media/a.png',
    DATA_URL,
    { url: '/media/b.png' },
    'https://a.example/b.png',
    null,
    ['/media/c.png'],
  ]
  expect(sanitizeParameters({ referenceImages })).toEqual({
    referenceImages: ['/media/a.png', 'https://a.example/b.png'],
  })
})

test('takes a seed that is too large for a number as its digits, and no other text', () => {
  const read = (seed: unknown) => sanitizeParameters({ seed }).seed
  expect(['18446744073709551615', '-9223372036854775808'].map(read)).toEqual([
    '18446744073709551615',
    '-9223372036854775808',
  ])
  expect(
    ['9007199254740991', '42', '0018446744073709551615', '184467440737095516150', '1e20', 2 ** 53].map(read),
  ).toEqual(Array(6).fill(undefined))
})

test('detects an embedded file in any letter case, and no ordinary words', () => {
  expect(['data:', 'x Data:y', ';base64,', 'a;BaSe64,b'].filter(hasEmbeddedFile)).toHaveLength(4)
  expect(['data', 'database', 'base64', ';base64 ,', 'metadata ; x'].filter(hasEmbeddedFile)).toEqual([])
})

/**
 * A failure means that the rule has changed. Stored parameters follow the previous rule: raise SANITIZER_VERSION, so that
 * `bun run migrate` applies the new rule to them, and write the new sum here.
 */
test('a change of the rule raises its version', () => {
  const strings = [
    '',
    'a',
    '1:1',
    '16:9',
    '1024',
    'low cloud',
    UUID,
    'w/a/b.png',
    '../a',
    'image/png',
    'a+b/c=',
    DATA_URL,
    'a\0',
    '18446744073709551615',
    '9007199254740991',
  ]
  const urls = [
    '/media/w/a.png',
    '/media/../a',
    'https://a.example/b?c=d',
    'http://a.example:80',
    'ftp://a',
    'blob:a',
    '//a',
  ]
  const sizes = [32, 33, 500, 501, 1_000, 1_001, 2_048, 2_049, 32_000, 32_001].map(length => 'x'.repeat(length))
  const numbers = [-1, 0, 1, 1.5, 10, 11, 64, 65_536, 65_537, 86_400, 86_401, Number.MAX_SAFE_INTEGER, Number.NaN]
  const odd = [null, true, [], ['/media/a.png', DATA_URL, 1], {}, { steps: 4, sampler: 'a', 'no name': 1, deep: {} }]
  const values = [...strings, ...urls, ...sizes, ...numbers, ...odd]
  const sanitized = [...PUBLIC, 'referenceImage', '__proto__', 'settings.x'].map(key =>
    values.map(value => sanitizeParameters(Object.fromEntries([[key, value]]))),
  )
  const sum = new Bun.CryptoHasher('sha256').update(JSON.stringify(sanitized)).digest('hex').slice(0, 16)
  expect({ rule: SANITIZER_VERSION, sum }).toEqual({ rule: 2, sum: '80de4cd270875ce1' })
})
