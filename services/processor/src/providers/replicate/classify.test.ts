import { expect, test } from 'bun:test'
import { MAX_LINEAR_GROWTH, measureGrowth } from '@darkroom/infra/testing/measure-cpu'
import { toPredictionError } from './classify.ts'

test.each([
  ['The prompt violates our usage policy.', 'content_refused'],
  ['NSFW content detected', 'content_refused'],
  ['CUDA out of memory', 'provider_failed'],
] as const)('a prediction that failed with %s is %s', (words, code) => {
  expect(toPredictionError(words).code).toBe(code)
})

test.each(['violat ', 'violat', 'safety ', 'content '])('reads long words in linear time: %s', unit => {
  const create = (length: number) => unit.repeat(length / unit.length)
  expect(measureGrowth(create, 800_000, toPredictionError)).toBeLessThan(MAX_LINEAR_GROWTH)
})
