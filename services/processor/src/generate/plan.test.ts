import { expect, test } from 'bun:test'
import { OUTPUT_STATES } from '@darkroom/contracts/enums'
import fc from 'fast-check'
import type { JobCall, JobOutput } from '../queue/job.ts'
import { createPlan, getOutputIndices, type JournalState } from './plan.ts'

const OWN_HOST = 'this host'
const EMPTY: JournalState = { hostId: OWN_HOST, calls: new Map() }

const journals = fc
  .dictionary(fc.constantFrom('0', '1', '2', '3'), fc.constantFrom('in-flight' as const, 'answered' as const))
  .map((calls): JournalState => {
    return { hostId: OWN_HOST, calls: new Map(Object.entries(calls).map(([call, state]) => [Number(call), state])) }
  })

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
        posterUrl: null,
        needsAuth: false,
      }),
    ),
  )

/** Calls as they are in the rows: each output belongs to at most one unfinished call. */
const calls = (count: number): fc.Arbitrary<JobCall[]> =>
  fc
    .array(
      fc.record({
        count: fc.integer({ min: 1, max: 4 }),
        known: fc.boolean(),
        outcome: fc.constantFrom(null, 'finished', 'failed', 'unknown', 'cancelled'),
        round: fc.integer({ min: 1, max: 2 }),
        host: fc.constantFrom(null, OWN_HOST, 'another host'),
        hostSilentSeconds: fc.constantFrom(0, 599, 601),
      }),
    )
    .map(given => {
      const made: JobCall[] = []
      let firstIndex = 0
      for (const { count: wanted, known, ...rest } of given) {
        const size = Math.min(wanted, count - firstIndex)
        if (size <= 0) break
        const requestId = known ? `r${made.length}` : null
        const finished = rest.outcome !== null
        made.push({
          ...rest,
          call: made.length,
          firstIndex,
          count: size,
          requestId,
          finished,
          ageSeconds: 0,
          cancelRequested: false,
          attempt: 1,
        })
        firstIndex += size
      }
      return made
    })

const jobs = outputs.chain(given =>
  fc.record({
    outputs: fc.constant(given),
    calls: calls(given.length),
    round: fc.constant(2),
    mode: fc.constantFrom('make' as const, 'check' as const),
  }),
)
const limits = fc.record({
  outputsPerCall: fc.integer({ min: 1, max: 4 }),
  isFree: fc.boolean(),
  canRecover: fc.boolean(),
  maxSubmits: fc.integer({ min: 1, max: 3 }),
})

test('never covers an output twice, and never submits one that is stored or has a URL', () => {
  fc.assert(
    fc.property(jobs, limits, journals, (job, given, journal) => {
      const plan = createPlan(job, given, journal)
      const missing = job.outputs.filter(isMissing).map(({ index }) => index)
      const covered = [
        ...[...plan.recover, ...plan.pending, ...plan.resume, ...plan.unknown, ...plan.submit].flatMap(
          getOutputIndices,
        ),
        ...plan.lostOutputs,
      ]
      for (const index of missing) expect(covered.filter(other => other === index).length).toBeLessThanOrEqual(1)
      expect(plan.submit.flatMap(getOutputIndices).filter(index => !missing.includes(index))).toEqual([])
    }),
  )
})

test('covers every missing output with a free provider, and leaves no call without an end', () => {
  fc.assert(
    fc.property(jobs, limits, (job, given) => {
      const plan = createPlan({ ...job, mode: 'make' }, { ...given, isFree: true, canRecover: false }, EMPTY)
      const seen = [...plan.resume, ...plan.pending, ...plan.submit].flatMap(getOutputIndices)
      expect(job.outputs.filter(output => isMissing(output) && !seen.includes(output.index))).toEqual([])
      expect([plan.unknown, plan.lostOutputs]).toEqual([[], []])
      const missing = job.outputs.filter(isMissing).map(({ index }) => index)
      const open = job.calls.filter(
        call => !call.finished && getOutputIndices(call).some(index => missing.includes(index)),
      )
      const handled = [...plan.resume, ...plan.pending, ...plan.resubmitted]
      expect(open.filter(call => !handled.includes(call))).toEqual([])
    }),
  )
})

test('never reuses the number of a call, and never exceeds the outputs of one call', () => {
  fc.assert(
    fc.property(jobs, limits, journals, (job, given, journal) => {
      const { submit } = createPlan(job, given, journal)
      const used = job.calls.map(call => call.call)
      expect(submit.filter(call => used.includes(call.call) || call.count > given.outputsPerCall)).toEqual([])
      expect(submit.every(call => call.round === job.round)).toBe(true)
    }),
  )
})

test('polls calls with a request id, and never buys twice what may have begun', () => {
  fc.assert(
    fc.property(jobs, limits, journals, (job, given, journal) => {
      const plan = createPlan(job, { ...given, isFree: false, maxSubmits: 1 }, journal)
      const begun = job.calls
        .filter(call => !call.finished || (call.round === job.round && isPaid(call)))
        .flatMap(getOutputIndices)
      expect(plan.submit.flatMap(getOutputIndices).filter(index => begun.includes(index))).toEqual([])
      expect(plan.resume.every(call => call.requestId !== null)).toBe(true)
    }),
  )
})

test('submits an output with an unknown outcome at most `maxSubmits` times in a round', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), maxSubmits => {
      const calls: JobCall[] = []
      const output = {
        index: 0,
        state: 'pending',
        width: 8,
        height: 8,
        providerUrl: null,
        posterUrl: null,
        needsAuth: false,
      } as const
      for (let tries = 0; tries < 6; tries++) {
        const plan = createPlan(
          { outputs: [output], calls, round: 1, mode: 'make' },
          { outputsPerCall: 1, isFree: false, canRecover: false, maxSubmits },
          EMPTY,
        )
        for (const { call } of plan.resubmitted)
          Object.assign(calls[call] ?? {}, { finished: true, outcome: 'unknown' })
        calls.push(...plan.submit)
      }
      expect(calls).toHaveLength(maxSubmits)
    }),
  )
})

test('submits nothing in mode `check`', () => {
  fc.assert(
    fc.property(jobs, limits, journals, (job, given, journal) => {
      const plan = createPlan({ ...job, mode: 'check' }, given, journal)
      expect([plan.submit, plan.resubmitted]).toEqual([[], []])
    }),
  )
})

test('neither buys nor gives up an output whose answer is in a journal, or may still come', () => {
  fc.assert(
    fc.property(jobs, limits, journals, (job, given, journal) => {
      const plan = createPlan(job, given, journal)
      const expected = job.calls
        .filter(({ call, requestId }) => requestId === null && journal.calls.has(call))
        .flatMap(getOutputIndices)
      const abandoned = [...plan.submit, ...plan.unknown].flatMap(getOutputIndices)
      expect([...abandoned, ...plan.lostOutputs].filter(index => expected.includes(index))).toEqual([])
    }),
  )
})

test('waits for the journal of another host for ten minutes of its silence', () => {
  const output = {
    index: 0,
    state: 'pending',
    width: 8,
    height: 8,
    providerUrl: null,
    posterUrl: null,
    needsAuth: false,
  } as const
  const call = { call: 0, firstIndex: 0, count: 1, round: 1, requestId: null, finished: false, outcome: null }
  const plan = (host: string | null, hostSilentSeconds: number) => {
    const sent = { ...call, ageSeconds: 0, cancelRequested: false, attempt: 1, host, hostSilentSeconds }
    const job = { outputs: [output], calls: [sent], round: 1, mode: 'make' as const }
    return createPlan(job, { outputsPerCall: 1, isFree: false, canRecover: false, maxSubmits: 1 }, EMPTY)
  }
  expect(plan('another host', 599).pending).toHaveLength(1)
  expect(plan('another host', 601).unknown).toHaveLength(1)
  expect(plan(OWN_HOST, 0).unknown).toHaveLength(1)
  expect(plan(null, 0).unknown).toHaveLength(1)
})

function isMissing({ state, providerUrl }: JobOutput): boolean {
  return state === 'pending' || (state === 'saving' && !providerUrl)
}

function isPaid({ outcome }: JobCall): boolean {
  return outcome === 'finished' || outcome === 'failed'
}
