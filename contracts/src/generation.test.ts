import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ASPECT_RATIOS, RESOLUTIONS } from './enums.ts'
import { Submission } from './generation.ts'
import { LIMITS } from './limits.ts'

const ID = '0190a3a0-0000-7000-8000-000000000000'

/** Returns the paths that validation rejects; empty if the submission is valid. */
function rejectedPaths(submission: unknown): string[] {
  const parsed = Submission.safeParse(submission)
  return parsed.success ? [] : parsed.error.issues.map(issue => issue.path.join('.'))
}

/** Returns the same for JSON text, in which `__proto__` is a key and 1e999 a number. */
function rejectedPathsOfJson(json: string): string[] {
  return rejectedPaths(JSON.parse(json))
}

test('only the prompt is required', () => {
  expect(Submission.parse({ prompt: 'low cloud' })).toEqual({
    prompt: 'low cloud',
    parameters: { aspectRatio: '1:1', resolution: 1024, numOutputs: 1 },
  })
  expect(Submission.parse({ prompt: 'x', parameters: { numOutputs: 4 } }).parameters).toEqual({
    aspectRatio: '1:1',
    resolution: 1024,
    numOutputs: 4,
  })
})

test('accepts every key and changes no value', () => {
  const whole = {
    clientId: ID,
    prompt: ' two\n lines\t',
    model: 'demo',
    parameters: {
      aspectRatio: '21:9',
      resolution: 2048,
      numOutputs: 10,
      duration: 5,
      seed: 0,
      negativePrompt: '',
      settings: { style: 'calm', steps: 3, hd: false },
    },
    referenceImages: ['data:image/png;base64,AAAA', ID, 'https://a.example/b.png'],
    referenceImage: ID,
    parent: { generationId: ID, outputIndex: 0, verb: 'variation' },
  }
  expect(Submission.parse(whole) as unknown).toEqual(whole)
})

for (const prompt of [
  '👩‍👩‍👧‍👦 at sea',
  'שלום עולם',
  'مرحبا',
  'क्षि',
  'e\u0301',
  '\u202eabc',
  'a\u200db',
  'x'.repeat(LIMITS.promptCharacters),
  'the data: a chart',
  '<script>',
  "'; drop table generations; --",
  '%00',
  '\\u0000',
  '$1 {0} %s',
]) {
  test(`accepts ${JSON.stringify(prompt.slice(0, 40))} as a prompt`, () => {
    expect(Submission.parse({ prompt }).prompt).toBe(prompt)
  })
}

for (const [name, prompt] of [
  ['empty', ''],
  ['blank', ' \n\t\u00a0\u2003'],
  ['with NUL', 'a\0b'],
  ['with a lone high surrogate', 'a\ud83d'],
  ['with a lone low surrogate', '\ude00a'],
  ['too long', 'x'.repeat(LIMITS.promptCharacters + 1)],
  ['with an embedded file', 'see data:image/png;base64,AAAA'],
  ['with an embedded file in capitals', 'see DATA:IMAGE/PNG;BASE64,AAAA'],
  ['a number', 1],
  ['a list', ['a']],
  ['null', null],
  ['missing', undefined],
] as const) {
  test(`rejects a prompt that is ${name}`, () => expect(rejectedPaths({ prompt })).toContain('prompt'))
}

for (const [path, json] of [
  ['', '{"prompt":"a","imageData":"x"}'],
  ['', '{"prompt":"a","__proto__":{"admin":true}}'],
  ['', '{"prompt":"a","constructor":{}}'],
  ['parameters', '{"prompt":"a","parameters":{"referenceImageUrl":"/media/a"}}'],
  ['parameters', '{"prompt":"a","parameters":{"__proto__":{"seed":1}}}'],
  ['parent', `{"prompt":"a","parent":{"generationId":"${ID}","outputIndex":0,"verb":"edit","x":1}}`],
] as const) {
  test(`rejects an unknown key: ${json}`, () => expect(rejectedPathsOfJson(json)).toEqual([path]))
}

test('drops a setting called __proto__ and leaves the prototype', () => {
  const { parameters } = Submission.parse(
    JSON.parse('{"prompt":"a","parameters":{"settings":{"__proto__":{"x":1},"b":1}}}'),
  )
  expect(Object.getPrototypeOf(parameters.settings)).toBe(Object.prototype)
  expect(JSON.stringify(parameters.settings)).toBe('{"b":1}')
})

for (const [path, json] of [
  ['clientId', '"1"'],
  ['clientId', 'null'],
  ['model', '""'],
  ['model', `"${'m'.repeat(201)}"`],
  ['parameters', 'null'],
  ['parameters', '[]'],
  ['parameters.numOutputs', '0'],
  ['parameters.numOutputs', '11'],
  ['parameters.numOutputs', '1.5'],
  ['parameters.numOutputs', '"4"'],
  ['parameters.numOutputs', '1e999'],
  ['parameters.resolution', '0'],
  ['parameters.resolution', '1000.5'],
  ['parameters.resolution', '65537'],
  ['parameters.resolution', '"1024 x 768"'],
  ['parameters.resolution', '"1000000000000000000"'],
  ['parameters.aspectRatio', '1'],
  ['parameters.duration', '0'],
  ['parameters.duration', '3601'],
  ['parameters.duration', '2.5'],
  ['parameters.seed', '-1'],
  ['parameters.seed', '9007199254740992'],
  ['parameters.seed', '1e999'],
  ['parameters.negativePrompt', '"a\\u0000"'],
  ['parameters.negativePrompt', '"a\\ud800"'],
  ['parameters.negativePrompt', '"Data:image/png,x"'],
  ['parameters.negativePrompt', `"${'x'.repeat(LIMITS.promptCharacters + 1)}"`],
  ['parameters.settings', '[]'],
  ['parameters.settings.steps', '1e999'],
  ['parameters.settings.steps', 'null'],
  ['parameters.settings.steps', '{"a":1}'],
  ['parameters.settings.steps', '"x;BASE64,AAAA"'],
  ['parameters.settings.steps', `"${'x'.repeat(1_001)}"`],
  ['parameters.settings.a b', '1'],
  [`parameters.settings.${'a'.repeat(65)}`, '1'],
  ['referenceImages', '"/media/a.png"'],
  ['referenceImages', JSON.stringify(Array.from({ length: LIMITS.references + 1 }, () => ID))],
  ['referenceImages.0', '[""]'],
  ['referenceImages.0', '[{"url":"x"}]'],
  ['referenceImage', '""'],
  ['parent.generationId', '"1"'],
  ['parent.outputIndex', '-1'],
  ['parent.verb', '"Make it so"'],
] as const) {
  test(`rejects ${json.slice(0, 40)} as ${path}`, () => {
    const [first = '', ...rest] = path.split('.')
    const named = path.startsWith('referenceImages') ? ['referenceImages'] : [first, ...rest]
    const base = path.startsWith('parent.') ? { generationId: ID, outputIndex: 0, verb: 'edit' } : undefined
    expect(
      rejectedPaths(withValue({ prompt: 'a', ...(base ? { parent: base } : {}) }, named, JSON.parse(json))),
    ).toContain(path)
  })
}

test('accepts every offered ratio, resolution and number of outputs', () => {
  const parameters = fc.record({
    aspectRatio: fc.constantFrom(...ASPECT_RATIOS),
    resolution: fc.constantFrom(...RESOLUTIONS),
    numOutputs: fc.integer({ min: 1, max: LIMITS.outputs }),
    seed: fc.maxSafeNat(),
  })
  fc.assert(
    fc.property(parameters, chosen =>
      expect(Submission.parse({ prompt: 'a', parameters: chosen }).parameters).toEqual(chosen),
    ),
  )
})

test('accepts any value or rejects it with a message, and never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      for (const body of [value, { prompt: 'a', parameters: value }, { prompt: value }]) {
        const parsed = Submission.safeParse(body)
        if (!parsed.success) expect(parsed.error.issues.every(issue => issue.message.length > 0)).toBe(true)
      }
    }),
  )
})

function withValue(
  target: Record<string, unknown>,
  [key = '', ...rest]: string[],
  value: unknown,
): Record<string, unknown> {
  const inner = target[key] as Record<string, unknown> | undefined
  return { ...target, [key]: rest.length === 0 ? value : withValue(inner ?? {}, rest, value) }
}
