import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type FailedTry, isLost, nextRehostDelay } from './rehost-policy.ts'

const FAILED: FailedTry = { failure: 'gone', status: 404, tries: 1, expiresIn: 600, age: 60 }
const HOUR = 3_600

const CASES: [string, Partial<FailedTry>, boolean][] = [
  ['not there, before the expiry, once', { tries: 1 }, false],
  ['not there, before the expiry, twice', { tries: 2 }, false],
  ['not there, before the expiry, three times', { tries: 3 }, true],
  ['gone, before the expiry, three times', { tries: 3, status: 410 }, true],
  ['not allowed, before the expiry, however often', { tries: 50, status: 403 }, false],
  ['not allowed, after the expiry', { status: 403, expiresIn: -1 }, true],
  ['not there, after the expiry', { expiresIn: -1 }, true],
  ['not there, no expiry announced, once', { expiresIn: null }, false],
  ['not there, no expiry announced, three times', { expiresIn: null, tries: 3 }, true],
  ['broken, just after the expiry', { failure: 'retryable', status: null, expiresIn: -60 }, false],
  ['broken, an hour after the expiry', { failure: 'retryable', status: null, expiresIn: -HOUR - 1 }, true],
  ['unusable, an hour after the expiry', { failure: 'unusable', status: null, expiresIn: -HOUR - 1 }, true],
  ['broken, no expiry, a day', { failure: 'retryable', status: 500, expiresIn: null, age: 24 * HOUR }, false],
  ['broken, no expiry, eight days', { failure: 'retryable', status: 500, expiresIn: null, age: 8 * 24 * HOUR }, true],
]
for (const [name, unusual, lost] of CASES) {
  test(`${name}: ${lost ? 'lost' : 'tried again'}`, () => expect(isLost({ ...FAILED, ...unusual })).toBe(lost))
}

const anyTry = fc.record({
  status: fc.option(fc.constantFrom(401, 403, 404, 410)),
  tries: fc.integer({ min: 1, max: 2_000 }),
  expiresIn: fc.option(fc.double({ min: -1e7, max: 1e7, noNaN: true })),
  age: fc.double({ min: 0, max: 1e8, noNaN: true }),
})

test('what our own store did never makes an output lost', () => {
  fc.assert(fc.property(anyTry, failed => !isLost({ ...failed, failure: 'store' })))
})

test('an address that has expired long ago and fails is lost, whatever the failure', () => {
  const failures = fc.constantFrom('retryable', 'gone', 'unusable' as const)
  fc.assert(
    fc.property(anyTry, failures, (failed, failure) =>
      isLost({ ...failed, failure, expiresIn: -HOUR - 1 } as FailedTry),
    ),
  )
})

test('pauses grow to an hour, and no further', () => {
  const longest = (tries: number) => nextRehostDelay({ tries, expiresIn: null }, { base: 30_000, random: () => 1 })
  expect([1, 2, 3, 7, 8, 9, 2_000].map(longest)).toEqual([
    30_000,
    60_000,
    120_000,
    1_920_000,
    HOUR * 1e3,
    HOUR * 1e3,
    HOUR * 1e3,
  ])
  expect(nextRehostDelay({ tries: 5, expiresIn: null }, { base: 30_000, random: () => 0 })).toBe(0)
})

test('there is always a try in the last minute before an address expires', () => {
  const base = 30_000
  const chance = fc.double({ min: 0, max: 1, noNaN: true })
  const lives = fc.double({ min: 61, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(lives, fc.array(chance, { minLength: 1, maxLength: 50 }), (life, chances) => {
      let expiresIn = life
      for (let tries = 1; expiresIn > 60; tries++) {
        const random = () => Math.max(0.01, chances[tries % chances.length] ?? 1)
        expiresIn -= nextRehostDelay({ tries, expiresIn }, { base, random }) / 1_000
      }
      return expiresIn > 0
    }),
  )
})
