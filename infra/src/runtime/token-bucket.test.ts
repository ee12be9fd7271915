import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createTokenBucket } from './token-bucket.ts'

test('in no span of time are more tokens taken than it holds and gets in that time', () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat(500), tokens: fc.nat(12) }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, all => {
      let time = 0
      const bucket = createTokenBucket({ capacity: 10, perSecond: 5, now: () => time })
      const taken: { at: number; tokens: number }[] = []
      for (const { waitMs, tokens } of all) {
        time += waitMs
        if (bucket.take(tokens)) taken.push({ at: time, tokens })
      }
      for (const [position, first] of taken.entries()) {
        let sum = 0
        for (const { at, tokens } of taken.slice(position)) {
          sum += tokens
          expect(sum).toBeLessThanOrEqual(10 + ((at - first.at) / 1_000) * 5 + 1e-6)
        }
      }
    }),
  )
})

test('it is full at the beginning, and fills up again', () => {
  let time = 0
  const bucket = createTokenBucket({ capacity: 2, perSecond: 1, now: () => time })
  expect([bucket.take(2), bucket.take(1)]).toEqual([true, false])
  time = 1_000
  expect([bucket.take(1), bucket.take(1)]).toEqual([true, false])
})
