import { expect, test } from 'bun:test'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import fc from 'fast-check'
import type { Job, JobCall } from '../queue/job.ts'
import { createProviderRequest } from './provider-request.ts'

const RANGE = { min: 0, max: 65_535 }
const model = createTestModel({ id: 'a/b', name: 'B', connection: 'a', seed: RANGE })

/** Returns the seed of each call of a generation whose calls make one output each. */
function seedsOf(seed: number | undefined, outputs: number, spec: typeof model | null = model): number[] {
  const parameters = seed === undefined ? {} : { seed }
  const job = { id: 'g', prompt: '', model: 'a/b', kind: 'image', parameters, outputs: [], verb: null } as Partial<Job>
  const calls = Array.from({ length: outputs }, (_, firstIndex) => ({ firstIndex, count: 1 }) as Partial<JobCall>)
  return calls.map(call => createProviderRequest(job as Job, call as JobCall, [], spec ?? undefined).seed)
}

test('each call of a generation has a seed of its own: a model would make the same output again, and bill it', () => {
  expect(seedsOf(7, 4)).toEqual([7, 8, 9, 10])
  expect(seedsOf(RANGE.max - 1, 4)).toEqual([65_534, 65_535, 0, 1])
  expect(new Set(seedsOf(undefined, 4)).size).toBe(4)
  expect(seedsOf(undefined, 4)).toEqual(seedsOf(undefined, 4))
  const { max } = RANGE
  fc.assert(
    fc.property(fc.option(fc.nat({ max }), { nil: undefined }), fc.integer({ min: 1, max: 10 }), (seed, outputs) => {
      const seeds = seedsOf(seed, outputs)
      expect(new Set(seeds).size).toBe(outputs)
      expect(seeds.every(value => value >= RANGE.min && value <= max)).toBe(true)
      expect(seeds[0]).toBe(seed ?? seeds[0] ?? 0)
    }),
  )
})

test('the largest seeds, and those of a model that is not listed any more, differ as well', () => {
  const wide = createTestModel({
    id: 'a/b',
    name: 'B',
    connection: 'a',
    seed: { min: 0, max: Number.MAX_SAFE_INTEGER },
  })
  expect(seedsOf(Number.MAX_SAFE_INTEGER, 2, wide)).toEqual([Number.MAX_SAFE_INTEGER, 0])
  expect(seedsOf(5, 2, null)).toEqual([5, 6])
})
