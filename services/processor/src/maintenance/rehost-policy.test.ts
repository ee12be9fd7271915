import { expect, test } from 'bun:test'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import fc from 'fast-check'
import { type FailedTry, isLost, nextRehostDelay } from './rehost-policy.ts'

const FAILED: FailedTry = { failure: 'gone', status: 404, isForbidden: false, tries: 1, expiresIn: 600, age: 60 }
const HOUR = 3_600

const CASES: [string, Partial<FailedTry>, boolean][] = [
  ['404, before the expiry, once', { tries: 1 }, false],
  ['404, before the expiry, twice', { tries: 2 }, false],
  ['404, before the expiry, three times', { tries: 3 }, true],
  ['410, before the expiry, three times', { tries: 3, status: 410 }, true],
  ['403, before the expiry, many times', { tries: 50, status: 403 }, false],
  ['403, after the expiry', { status: 403, expiresIn: -1 }, true],
  ['404, after the expiry', { expiresIn: -1 }, true],
  ['404, no expiry announced, once', { expiresIn: null }, false],
  ['404, no expiry announced, three times', { expiresIn: null, tries: 3 }, true],
  ['retryable, just after the expiry', { failure: 'retryable', status: null, expiresIn: -60 }, false],
  ['retryable, an hour after the expiry', { failure: 'retryable', status: null, expiresIn: -HOUR - 1 }, true],
  ['refused, before the expiry, many times', { failure: 'refused', status: null, tries: 50 }, false],
  ['refused, an hour after the expiry', { failure: 'refused', status: null, expiresIn: -HOUR - 1 }, true],
  ['refused for ever, once', { failure: 'refused', status: null, isForbidden: true }, true],
  ['unusable, an hour after the expiry', { failure: 'unusable', status: null, expiresIn: -HOUR - 1 }, true],
  [
    'retryable, no expiry announced, a day',
    { failure: 'retryable', status: 500, expiresIn: null, age: 24 * HOUR },
    false,
  ],
  [
    'retryable, no expiry announced, eight days',
    { failure: 'retryable', status: 500, expiresIn: null, age: 8 * 24 * HOUR },
    true,
  ],
]
for (const [name, unusual, lost] of CASES) {
  test(`${name}: ${lost ? 'lost' : 'tried again'}`, () => expect(isLost({ ...FAILED, ...unusual })).toBe(lost))
}

const anyTry = fc.record({
  status: fc.option(fc.constantFrom(401, 403, 404, 410)),
  isForbidden: fc.boolean(),
  tries: fc.integer({ min: 1, max: 2_000 }),
  expiresIn: fc.option(fc.double({ min: -1e7, max: 1e7, noNaN: true })),
  age: fc.double({ min: 0, max: 1e8, noNaN: true }),
})

test('never loses an output because of a failure of our own store', () => {
  fc.assert(fc.property(anyTry, failed => !isLost({ ...failed, failure: 'store' })))
})

test('loses an output that fails in any way long after its URL has expired', () => {
  const failures = fc.constantFrom('retryable', 'gone', 'refused', 'unusable' as const)
  fc.assert(
    fc.property(anyTry, failures, (failed, failure) =>
      isLost({ ...failed, failure, expiresIn: -HOUR - 1 } as FailedTry),
    ),
  )
})

test('increases the pauses up to an hour', () => {
  const longest = (tries: number) => nextRehostDelay({ tries, expiresIn: null }, RETRY_POLICIES.rehost, () => 1)
  expect([1, 2, 3, 7, 8, 9, 2_000].map(longest)).toEqual([
    30_000,
    60_000,
    120_000,
    1_920_000,
    HOUR * 1e3,
    HOUR * 1e3,
    HOUR * 1e3,
  ])
  expect(nextRehostDelay({ tries: 5, expiresIn: null }, RETRY_POLICIES.rehost, () => 0)).toBe(0)
})

test('always tries in the last minute before a URL expires', () => {
  const randoms = fc.double({ min: 0, max: 1, noNaN: true })
  const lifetimes = fc.double({ min: 61, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(lifetimes, fc.array(randoms, { minLength: 1, maxLength: 50 }), (lifetime, values) => {
      let expiresIn = lifetime
      for (let tries = 1; expiresIn > 60; tries++) {
        const random = () => Math.max(0.01, values[tries % values.length] ?? 1)
        expiresIn -= nextRehostDelay({ tries, expiresIn }, RETRY_POLICIES.rehost, random) / 1_000
      }
      return expiresIn > 0
    }),
  )
})
