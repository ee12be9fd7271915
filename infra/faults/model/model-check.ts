import { expect } from 'bun:test'
import type { Status } from '@darkroom/contracts/enums'
import { canTransition } from '@darkroom/contracts/lifecycle'
import type { GenerationModel } from './lifecycle-model.ts'
import type { RealGeneration } from './model-steps.ts'

interface RecordedTransition {
  detail: string | null
  from: Status | null
  to: Status
  attempt: number
}

/** Entry of the history for an output that was deleted or restored: the status stays, and nothing is claimed. */
const OUTPUT_CHANGE = /^output \d+ (deleted|restored)$/

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
  if (model.isPurged) return await checkPurged(real, before)
  await checkRows(model, real)
  await checkHistory(model, real)
  await checkLeases(model, real)
  await checkObjects(real)
  const observation = await observe(real)
  const isPurged = (index: number) => model.outputs[index] === 'deleted' && model.deletedFrom[index] === null
  expect(observation.stored).toEqual(expect.arrayContaining(before.stored.filter(index => !isPurged(index))))
  if (observation.shown !== before.shown) expect(observation.version).toBeGreaterThan(before.version)
  return observation
}

async function checkRows(model: GenerationModel, { env: { sql }, id }: RealGeneration): Promise<void> {
  const [row] = await sql`
    select g.status, j.attempt, j.failures, g.deleted_at is not null as trashed, j.lease_until is not null as leased
    from generations g join generation_jobs j on j.generation_id = g.id where g.id = ${id}`
  const { status, attempt, failures, isTrashed, lease } = model
  expect({ ...row }).toEqual({ status, attempt, failures, trashed: isTrashed, leased: lease !== 'none' })
  const outputs = await sql<{ state: string; from: string | null; tried: boolean }[]>`
    select o.state, o.deleted_from as "from", r.generation_id is not null as tried
    from generation_outputs o left join rehosts r on r.generation_id = o.generation_id and r.index = o.index
    where o.generation_id = ${id} order by o.index`
  const states = model.outputs.map(output => output.split(' ')[0] ?? output)
  expect(outputs.map(({ state }) => state)).toEqual(states)
  // The rehost of a deleted output stays until it is purged.
  const isTemporary = model.outputs.map((state, at) => [state, model.deletedFrom[at]].includes('temporary'))
  expect(outputs.map(({ tried }) => tried)).toEqual(isTemporary)
  expect(outputs.map(({ from }) => from)).toEqual(model.deletedFrom)
  // A generation whose output was temporary and lost later, or deleted, stays completed.
  const made = ['stored', 'temporary', 'lost', 'deleted']
  if (status === 'completed') expect(states.some(state => made.includes(state))).toBe(true)
}

/** Checks that the history is the model's, has legal transitions only, and starts each attempt with a higher number. */
async function checkHistory(model: GenerationModel, { env: { sql }, id }: RealGeneration): Promise<void> {
  const events = await sql<RecordedTransition[]>`
    select from_status as "from", to_status as "to", attempt, detail from generation_events where generation_id = ${id} order by id`
  expect(events.map(({ from, to }) => `${from ?? ''}→${to}`)).toEqual(model.transitions)
  for (const [at, { from, to, attempt, detail }] of events.entries()) {
    const before = events[at - 1]
    expect(from).toBe(before?.to ?? null)
    if (from === null) continue
    if (OUTPUT_CHANGE.test(detail ?? '')) {
      expect([from, attempt]).toEqual([to, before?.attempt ?? 0])
      continue
    }
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

/** Checks that each object that a row names is in the store, whatever was deleted, restored and purged. */
async function checkObjects({ env, id }: RealGeneration): Promise<void> {
  const named = await env.sql<{ key: string }[]>`
    select key from generation_outputs where generation_id = ${id} and key is not null and 'stored' in (state, deleted_from)`
  const unnamed = await env.sql`
    select from generation_outputs where generation_id = ${id} and key is null and 'stored' in (state, deleted_from)`
  expect(unnamed).toHaveLength(0)
  if (named.length === 0) return
  const objects = (await env.runWorkerCommand({ action: 'listObjects' })) as string[]
  expect(objects).toEqual(expect.arrayContaining(named.map(({ key }) => key)))
}

/** Checks that nothing of a purged generation is left: no row, and no object. */
async function checkPurged({ env, id }: RealGeneration, before: Observation): Promise<Observation> {
  const rows = await env.sql`
    select from generations where id = ${id} union all select from generation_documents where generation_id = ${id}`
  expect(rows).toHaveLength(0)
  const objects = (await env.runWorkerCommand({ action: 'listObjects' })) as string[]
  expect(objects.filter(key => key.includes(id))).toEqual([])
  return before
}

async function observe({ env: { sql }, id }: RealGeneration): Promise<Observation> {
  const [row] = await sql<{ shown: string; version: number; stored: number[] }[]>`
    select (generation_document(g)::jsonb - 'version' - 'attempt' - 'progress')::text as shown, g.version,
           array(select index from generation_outputs o where o.generation_id = g.id and 'stored' in (o.state, o.deleted_from)) as stored
    from generations g where g.id = ${id}`
  if (!row) throw new Error('the generation is gone')
  return row
}
