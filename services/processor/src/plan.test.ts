import { expect, test } from 'bun:test'
import { OUTPUT_STATES } from '@darkroom/contracts/vocabulary'
import fc from 'fast-check'
import type { JobCall, JobOutput } from './job.ts'
import { indicesOf, planOf } from './plan.ts'

const outputs = fc
  .array(fc.record({ state: fc.constantFrom(...OUTPUT_STATES), hasUrl: fc.boolean() }), { minLength: 1, maxLength: 10 })
  .map(states =>
    states.map(
      ({ state, hasUrl }, index): JobOutput => ({
        index,
        state,
        width: 8,
        height: 8,
        providerUrl: hasUrl ? `https://provider.example/${index}` : null,
        providerHeaders: null,
      }),
    ),
  )

/** Calls as rows hold them: each output belongs to at most one that is not finished. */
const calls = (count: number): fc.Arbitrary<JobCall[]> =>
  fc
    .array(fc.record({ count: fc.integer({ min: 1, max: 4 }), known: fc.boolean(), finished: fc.boolean() }))
    .map(given => {
      const made: JobCall[] = []
      let firstIndex = 0
      for (const { count: wanted, known, finished } of given) {
        const size = Math.min(wanted, count - firstIndex)
        if (size <= 0) break
        made.push({ call: made.length, firstIndex, count: size, requestId: known ? `r${made.length}` : null, finished })
        firstIndex += size
      }
      return made
    })

const jobs = outputs.chain(given => calls(given.length).map(made => ({ outputs: given, calls: made })))

test('what is missing is covered exactly once, what is there or has an address is never asked for', () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 4 }), fc.boolean(), (job, outputsPerCall, free) => {
      const plan = planOf(job, { outputsPerCall, free })
      const missing = job.outputs.filter(
        ({ state, providerUrl }) => state === 'pending' || (state === 'saving' && !providerUrl),
      )
      const covered = [...plan.adopt, ...plan.unknown, ...plan.submit].flatMap(indicesOf)
      for (const { index } of missing) expect(covered.filter(other => other === index)).toEqual([index])
      const submitted = plan.submit.flatMap(indicesOf)
      expect(submitted.filter(index => !missing.some(output => output.index === index))).toEqual([])
    }),
  )
})

test('a call is never submitted under a number that was used, nor for more than the provider makes at once', () => {
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 4 }), fc.boolean(), (job, outputsPerCall, free) => {
      const { submit } = planOf(job, { outputsPerCall, free })
      const used = job.calls.map(call => call.call)
      expect(submit.filter(call => used.includes(call.call) || call.count > outputsPerCall)).toEqual([])
    }),
  )
})

test('a request id that is known is asked about, and no provider that bills is asked twice for what may have begun', () => {
  fc.assert(
    fc.property(jobs, job => {
      const plan = planOf(job, { outputsPerCall: 4, free: false })
      const begun = job.calls.filter(call => !call.finished).flatMap(indicesOf)
      expect(plan.submit.flatMap(indicesOf).filter(index => begun.includes(index))).toEqual([])
      expect(plan.adopt.every(call => call.requestId !== null)).toBe(true)
    }),
  )
})
