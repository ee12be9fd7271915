import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { measureCpu } from '../../../testing/measure-cpu.ts'
import { ProblemError } from '../problem.ts'
import { measureJson, readJson } from './json-body.ts'

test('parses every value, whatever characters its strings contain', () => {
  const text = fc.string({
    unit: fc.constantFrom('"', '\\', '[', '{', ',', ':', '}', ']', 'ä', '👩‍🎨', '\ud800', '\0'),
  })
  const value = fc.letrec(tie => ({
    any: fc.oneof({ maxDepth: 4 }, text, fc.integer(), fc.constant(null), tie('list'), tie('record')),
    list: fc.array(tie('any'), { maxLength: 4 }),
    record: fc.dictionary(text, tie('any'), { maxKeys: 4 }),
  })).any
  fc.assert(fc.property(value, value => expect(readJson(encode(JSON.stringify(value)))).toEqual(value)))
})

test('measures depth and values without parsing', () => {
  const shapes: [string, { depth: number; values: number }][] = [
    ['1', { depth: 0, values: 1 }],
    ['[]', { depth: 1, values: 1 }],
    ['[1,2,3]', { depth: 1, values: 3 }],
    ['{"a":{"b":[1]}}', { depth: 3, values: 3 }],
    ['["[[[[","\\"]]{{","\\\\"]', { depth: 1, values: 3 }],
    ['"not closed [[[[', { depth: 0, values: 1 }],
    ['"\\', { depth: 0, values: 1 }],
  ]
  for (const [text, shape] of shapes) expect([text, measureJson(encode(text))]).toEqual([text, shape])
})

test('accepts eight levels and twenty thousand values, and no more', () => {
  expect(readJson(encode(nested(8)))).toBeArray()
  expect(getRejection(nested(9))).toMatchObject({
    code: 'invalid',
    message: 'The body is nested deeper than 8 levels.',
  })
  expect(readJson(encode(list(20_000)))).toHaveLength(20_000)
  expect(getRejection(list(20_001))).toMatchObject({ code: 'invalid', message: 'The body has more than 20000 values.' })
})

test('rejects a bomb of brackets or values before parsing it', () => {
  const parsed = measureCpu(() => JSON.parse(list(2_000_000)))
  for (const bomb of [nested(100_000), list(10_000_000), '{"a":'.repeat(5_000_000), '[[],'.repeat(5_000_000)]) {
    const bytes = encode(bomb)
    expect(measureCpu(() => expect(getRejection(bytes)).toMatchObject({ code: 'invalid' }))).toBeLessThan(parsed)
  }
})

test('rejects a key `__proto__` at any depth, escaped or not', () => {
  for (const text of ['{"__proto__":1}', '{"a":[{"__proto__":{"b":1}}]}', '{"\\u005f_proto__":1}']) {
    expect(getRejection(text)).toMatchObject({ code: 'invalid', message: expect.stringContaining('__proto__') })
  }
  expect(readJson(encode('["__proto__"]'))).toEqual(['__proto__'])
})

test('text that is not JSON is malformed', () => {
  for (const text of ['', '{', '{"a":NaN}', "{'a':1}", '[1,]', '1 2', '\u0000', encode('"ä"').subarray(0, 2)]) {
    expect(getRejection(text)).toMatchObject({ code: 'malformed', message: 'The body is not JSON.' })
  }
})

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

function list(length: number): string {
  return `[${'1,'.repeat(length - 1)}1]`
}

function getRejection(text: string | Uint8Array): ProblemError | undefined {
  try {
    readJson(typeof text === 'string' ? encode(text) : text)
  } catch (error) {
    expect(error).toBeInstanceOf(ProblemError)
    return error as ProblemError
  }
  return undefined
}
