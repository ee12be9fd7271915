import type { OutputState, Status } from '@darkroom/contracts/enums'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'

/** State of a generation to be written. */
export interface GenerationFixture {
  workspaceId: string
  status: Status
  outputs: OutputState[]
  calls?: CallFixture[]
  attempt?: number
  isFree?: boolean
  /** Whether a worker has a lease on its job. */
  isLeased?: boolean
}

/** A provider call for `count` outputs from `first` on. */
export interface CallFixture {
  first?: number
  count?: number
  requestId?: string
  /** Undefined if it has not ended. */
  outcome?: 'finished' | 'failed' | 'unknown' | 'cancelled' | 'too-late'
  round?: number
}

const ERROR = { code: 'gave_up', message: 'This was tried several times and never finished.' }

/**
 * Writes a generation in any state, for tests. Outputs that are stored, temporary, being saved or lost have a provider URL.
 *
 * @returns its id
 */
export async function writeGeneration(sql: Database, fixture: GenerationFixture): Promise<string> {
  const id = Bun.randomUUIDv7()
  const { attempt = 1, isFree = false, isLeased = false } = fixture
  const micros = isFree ? 0 : 10_000
  const cost = isFree ? null : sql.json({ amount: 0.01, currency: 'USD', estimated: true })
  const error = fixture.status === 'failed' ? sql.json(ERROR) : null
  await transaction(sql, async tx => {
    await tx`
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, num_outputs,
                               cost, output_micros, error)
      values (${id}, ${fixture.workspaceId}, ${id}, ${id}, '', ${fixture.status}, 'image', 'demo', 'demo', 'a prompt',
              ${fixture.outputs.length}, ${cost}, ${micros}, ${error})`
    await tx`
      insert into generation_jobs (generation_id, attempt, failures, lease_owner, lease_until)
      values (${id}, ${attempt}, 2, ${isLeased ? 'test' : null},
              ${isLeased ? sql`now() + interval '30 s'` : null})`
    for (const [index, state] of fixture.outputs.entries()) {
      const isFailed = state === 'failed' || state === 'lost'
      await tx`
        insert into generation_outputs (generation_id, index, state, kind, width, height, key, provider_url, error)
        values (${id}, ${index}, ${state}, 'image', 64, 64, ${state === 'stored' ? `w/${id}/${index}.png` : null},
                ${state === 'pending' || state === 'failed' ? null : `https://provider.example/${index}.png`},
                ${isFailed ? tx.json(ERROR) : null})`
    }
    for (const [call, { first = 0, count = 1, requestId, outcome, round = 1 }] of (fixture.calls ?? []).entries()) {
      await tx`
        insert into provider_calls (generation_id, call, first_index, count, request_id, submitted_at, finished_at, outcome, round)
        values (${id}, ${call}, ${first}, ${count}, ${requestId ?? null}, now(), ${outcome ? sql`now()` : null},
                ${outcome ?? null}, ${round})`
    }
  })
  return id
}

/** Reads the rows of a generation that are not part of its document. */
export async function readInternalState(sql: Database, id: string) {
  const [job] = await sql<{ attempt: number; round: number; mode: string; failures: number; lease: boolean }[]>`
    select attempt, round, mode, failures, lease_until is not null or lease_owner is not null as lease
    from generation_jobs where generation_id = ${id}`
  const transitions = await sql<{ transition: string }[]>`
    select from_status || '→' || to_status as transition from generation_events where generation_id = ${id} order by id`
  const messages = await sql<{ subject: string; type: string }[]>`
    select subject, payload->>'type' as type from outbox where payload->>'id' = ${id} order by id`
  const calls = await sql<{ requestId: string | null; outcome: string | null; open: boolean }[]>`
    select request_id as "requestId", outcome, finished_at is null as open from provider_calls
    where generation_id = ${id} order by call`
  const rehosts = await sql<{ index: number }[]>`select index from rehosts where generation_id = ${id} order by index`
  return {
    job,
    transitions: transitions.map(({ transition }) => transition),
    messages: messages.map(({ subject, type }) => (type === 'generation.changed' ? type : `${type} ${subject}`)),
    calls: calls.map(call => ({ ...call })),
    rehosts: rehosts.map(({ index }) => index),
  }
}
