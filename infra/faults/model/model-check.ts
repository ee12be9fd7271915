import { expect } from 'bun:test'
import type { Status } from '@darkroom/contracts/enums'
import { canTransition } from '@darkroom/contracts/lifecycle'
import type { GenerationModel } from './lifecycle-model.ts'
import type { RealGeneration } from './model-steps.ts'

interface RecordedTransition {
  from: Status | null
  to: Status
  attempt: number
}

/** Observations of the previous step. */
export interface Observation {
  stored: number[]
  version: number
  /** The document as users see it, without the fields that change without an event. */
  shown: string
}

export const NO_OBSERVATION: Observation = { stored: [], version: 0, shown: '' }

/**
 * Compares the rows with the model, and both with the invariants of every generation.
 *
 * @returns the observations, for the next step
 */
export async function checkGeneration(
  model: GenerationModel,
  real: RealGeneration,
  before: Observation,
): Promise<Observation> {
  await checkRows(model, real)
  await checkHistory(model, real)
  await checkLeases(model, real)
  const observation = await observe(real)
  expect(observation.stored).toEqual(expect.arrayContaining(before.stored))
  if (observation.shown !== before.shown) expect(observation.version).toBeGreaterThan(before.version)
  return observation
}

async function checkRows(model: GenerationModel, { env: { sql }, id }: RealGeneration): Promise<void> {
  const [row] = await sql`
    select g.status, j.attempt, j.failures, g.deleted_at is not null as trashed, j.lease_until is not null as leased
    from generations g join generation_jobs j on j.generation_id = g.id where g.id = ${id}`
  const { status, attempt, failures, isTrashed, lease } = model
  expect({ ...row }).toEqual({ status, attempt, failures, trashed: isTrashed, leased: lease !== 'none' })
  const outputs = await sql<{ state: string; tried: boolean }[]>`
    select o.state, r.generation_id is not null as tried
    from generation_outputs o left join rehosts r on r.generation_id = o.generation_id and r.index = o.index
    where o.generation_id = ${id} order by o.index`
  const states = model.outputs.map(output => output.split(' ')[0] ?? output)
  expect(outputs.map(({ state }) => state)).toEqual(states)
  expect(outputs.map(({ tried }) => tried)).toEqual(states.map(state => state === 'temporary'))
  // A generation whose output was temporary and lost later stays completed.
  if (status === 'completed') expect(states.some(state => ['stored', 'temporary', 'lost'].includes(state))).toBe(true)
}

/** Checks that the history is the model's, has legal transitions only, and starts each attempt with a higher number. */
async function checkHistory(model: GenerationModel, { env: { sql }, id }: RealGeneration): Promise<void> {
  const events = await sql<RecordedTransition[]>`
    select from_status as "from", to_status as "to", attempt from generation_events where generation_id = ${id} order by id`
  expect(events.map(({ from, to }) => `${from ?? ''}→${to}`)).toEqual(model.transitions)
  for (const [at, { from, to, attempt }] of events.entries()) {
    const before = events[at - 1]
    expect(from).toBe(before?.to ?? null)
    if (from === null) continue
    expect(canTransition(from, to)).toBe(true)
    const isClaim = from === to || (from === 'queued' && to === 'processing')
    expect(attempt - (before?.attempt ?? 0)).toBeGreaterThanOrEqual(isClaim ? 1 : 0)
  }
}

/** Checks that of all leases at most one may write, and that it is the model's. */
async function checkLeases(model: GenerationModel, { env, leases }: RealGeneration): Promise<void> {
  const results = await Promise.all(leases.map(lease => env.runWorkerCommand({ action: 'nothing', lease })))
  expect(results).toEqual(leases.map((_, at) => (at === model.leaseHolder ? 'written' : 'refused')))
}

async function observe({ env: { sql }, id }: RealGeneration): Promise<Observation> {
  const [row] = await sql<{ shown: string; version: number; stored: number[] }[]>`
    select (generation_document(g)::jsonb - 'version' - 'attempt' - 'progress')::text as shown, g.version,
           array(select index from generation_outputs o where o.generation_id = g.id and o.state = 'stored') as stored
    from generations g where g.id = ${id}`
  if (!row) throw new Error('the generation is gone')
  return row
}
