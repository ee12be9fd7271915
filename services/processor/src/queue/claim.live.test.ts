import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { openDatabase } from '@darkroom/infra/database/connection'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { transition } from '@darkroom/infra/generations/generations'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { type ClaimResult, claimGeneration } from './claim.ts'
import type { Job } from './job.ts'
import { LeaseLostError, releaseLease, rescheduleJob, withLease } from './lease.ts'
import { insertQueuedGeneration } from './queued.fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let database: ReturnType<typeof openDatabase>
const neverAborted = new AbortController().signal
/** Length of a lease, in seconds. It is renewed every quarter of it. */
const LEASE_SECONDS = 4
let stale = 0

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())
beforeEach(() => {
  stale = 0
})

const onStale = () => {
  stale++
}
const take = async (id: string, leaseSeconds = 30) => {
  const [row] = await database<{ provider: string }[]>`select provider from generations where id = ${id}`
  return await takeAs(row?.provider ?? '', id, leaseSeconds)
}
const takeAs = (connection: string, id: string, leaseSeconds = 30) =>
  claimGeneration({ database, connection, owner: 'test', leaseSeconds, maxFailures: 2 }, id)

test('gives a generation to one of many concurrent claims', async () => {
  const id = await insertQueuedGeneration(database)
  const claims = await Promise.all(Array.from({ length: 12 }, () => take(id)))
  expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
  expect(claims.filter(({ kind }) => kind === 'not-now')).toHaveLength(11)
  expect(await history(id)).toEqual([['queued', 'processing', 1]])
})

test('returns `unknown` for a missing generation, and `nothing-to-do` for an ended one', async () => {
  expect(await take(crypto.randomUUID())).toEqual({ kind: 'unknown' })
  const workspaceId = crypto.randomUUID()
  const id = await insertQueuedGeneration(database, { workspaceId })
  await transaction(database, tx => transition(tx, { id, workspaceId, to: 'cancelled', attempt: 0 }))
  expect(await take(id)).toEqual({ kind: 'nothing-to-do' })
})

test('leaves a generation to the adapter of its own connection, whatever message names it', async () => {
  const id = await insertQueuedGeneration(database, { provider: 'own' })
  expect(await takeAs('another', id)).toEqual({ kind: 'nothing-to-do' })
  expect(await history(id)).toEqual([])
  expect((await takeAs('own', id)).kind).toBe('claimed')
})

test('claims nothing in a restored copy until it has taken over', async () => {
  const id = await insertQueuedGeneration(database)
  await database`update studio set mode = 'restored'`
  expect(await take(id)).toEqual({ kind: 'not-now', seconds: 30 })
  await takeOver(database)
  expect(await take(id)).toMatchObject({ kind: 'claimed' })
})

test('claims a generation whose lease expired, and refuses the writes of the previous worker', async () => {
  const id = await insertQueuedGeneration(database)
  const first = jobOf(await take(id))
  await expire(id)
  const second = jobOf(await take(id))
  expect([first.attempt, second.attempt, second.failures]).toEqual([1, 2, 1])
  await expect(withLeaseOf(first, write => write)).rejects.toBeInstanceOf(LeaseLostError)
  expect(await withLeaseOf(second, async write => await write)).toBe('written')
  expect(await history(id)).toEqual([
    ['queued', 'processing', 1],
    ['processing', 'processing', 2],
  ])
})

test('claims a rescheduled job only when it is due, without counting a failure', async () => {
  const id = await insertQueuedGeneration(database)
  const job = jobOf(await take(id))
  await transaction(database, tx => rescheduleJob(tx, job, 60))
  const early = await take(id)
  expect(early.kind === 'not-now' && early.seconds > 50).toBe(true)
  await database`update generation_jobs set next_check_at = clock_timestamp() where generation_id = ${id}`
  expect(jobOf(await take(id))).toMatchObject({ attempt: 2, failures: 0 })
  expect(await history(id)).toHaveLength(1)
})

test('claims a released job at once, as another attempt without a failure', async () => {
  const id = await insertQueuedGeneration(database)
  const job = jobOf(await take(id))
  await transaction(database, tx => releaseLease(tx, job))
  expect(jobOf(await take(id))).toMatchObject({ attempt: 2, failures: 0 })
  expect(await history(id)).toEqual([
    ['queued', 'processing', 1],
    ['processing', 'processing', 2],
  ])
})

test('fences off the worker of a cancelled generation that nobody else has claimed', async () => {
  const id = await insertQueuedGeneration(database)
  const job = jobOf(await take(id))
  await transaction(database, async tx => {
    await tx`update generation_jobs set lease_until = null, lease_owner = null where generation_id = ${id}`
    await transition(tx, { id, workspaceId: job.workspaceId, to: 'cancelled', attempt: job.attempt })
  })
  await expect(withLeaseOf(job, write => write)).rejects.toBeInstanceOf(LeaseLostError)
  expect(stale).toBe(1)
  await transaction(database, tx => rescheduleJob(tx, job, 0))
  expect(await take(id)).toEqual({ kind: 'nothing-to-do' })
})

test('fails a generation with an error after several workers have died of it', async () => {
  const id = await insertQueuedGeneration(database, { outputs: 2 })
  for (let deaths = 0; deaths < 3; deaths++) {
    expect((await take(id)).kind).toBe('claimed')
    await expire(id)
  }
  expect(await take(id)).toEqual({ kind: 'nothing-to-do' })
  const [row] = await database`select status, error from generations where id = ${id}`
  expect(row).toMatchObject({ status: 'failed', error: { code: 'gave_up' } })
  const states = await database<{ state: string }[]>`select state from generation_outputs where generation_id = ${id}`
  expect(states.map(({ state }) => state)).toEqual(['failed', 'failed'])
})

test('claims no more generations at once than calls may be open, and shows what the others wait for', async () => {
  const provider = await insertConnection(2)
  const ids = await Promise.all(Array.from({ length: 4 }, () => insertQueuedGeneration(database, { provider })))
  const claims = await Promise.all(ids.map(id => take(id)))
  const waiting = ids.filter((_, index) => claims[index]?.kind === 'not-now')
  expect(waiting).toHaveLength(2)
  const rows = await database`select status, waiting from generations where id = any(${waiting}::uuid[])`
  const reason = { reason: 'connection-full', until: null }
  expect(rows.map(row => ({ ...row }))).toEqual(waiting.map(() => ({ status: 'queued', waiting: reason })))
})

test('lets a generation with an open call, or without one to make, through where no other call may be open', async () => {
  const provider = await insertConnection(1)
  const [open, waiting, stored] = [
    await insertQueuedGeneration(database, { provider }),
    await insertQueuedGeneration(database, { provider }),
    await insertQueuedGeneration(database, { provider }),
  ]
  const job = jobOf(await take(open))
  await insertOpenCall(open)
  await transaction(database, tx => rescheduleJob(tx, job, 0))
  expect((await take(waiting)).kind).toBe('not-now')
  await database`update generations set status = 'uploading' where id = ${stored}`
  expect((await take(stored)).kind).toBe('claimed')
  expect((await take(open)).kind).toBe('claimed')
  await database`update provider_calls set finished_at = now(), outcome = 'finished' where generation_id = ${open}`
  expect((await take(waiting)).kind).toBe('not-now')
  await database`update generation_jobs set next_check_at = null where generation_id = ${waiting}`
  // The claimed one may make its next call.
  expect((await take(waiting)).kind).toBe('not-now')
  await database`update generation_jobs set lease_until = null, next_check_at = null where generation_id = any(${[open, waiting]}::uuid[])`
  expect((await take(waiting)).kind).toBe('claimed')
})

test('does not count calls that are given up: of failed generations, cancelled at the provider, or older than a day', async () => {
  const provider = await insertConnection(1)
  const [failed, cancelled, old, next] = [
    await insertQueuedGeneration(database, { provider }),
    await insertQueuedGeneration(database, { provider }),
    await insertQueuedGeneration(database, { provider }),
    await insertQueuedGeneration(database, { provider }),
  ]
  for (const id of [failed, cancelled, old]) await insertOpenCall(id)
  await database`update generations set status = 'failed' where id = ${failed}`
  await database`update generations set status = 'processing' where id = ${old}`
  await database`update provider_calls set submitted_at = now() - interval '25 hours' where generation_id = ${old}`
  await database`update generations set status = 'cancelled' where id = ${cancelled}`
  // It still runs at the provider.
  expect((await take(next)).kind).toBe('not-now')
  await database`update provider_calls set finished_at = now(), outcome = 'cancelled' where generation_id = ${cancelled}`
  await database`update generation_jobs set next_check_at = null where generation_id = ${next}`
  expect((await take(next)).kind).toBe('claimed')
})

test('a new generation takes its turn after those that wait for capacity', async () => {
  const provider = await insertConnection(1)
  const first = await insertQueuedGeneration(database, { provider })
  const [waiting, late] = [
    await insertQueuedGeneration(database, { provider }),
    await insertQueuedGeneration(database, { provider }),
  ]
  const job = jobOf(await take(first))
  expect((await take(waiting)).kind).toBe('not-now')
  const { id, workspaceId } = job
  await transaction(database, async tx => {
    await tx`update generation_jobs set lease_until = null, lease_owner = null where generation_id = ${id}`
    await transition(tx, { id, workspaceId, to: 'cancelled', attempt: job.attempt })
  })
  expect((await take(late)).kind).toBe('not-now')
  await database`update generation_jobs set next_check_at = null where generation_id = ${waiting}`
  expect((await take(waiting)).kind).toBe('claimed')
})

test('leaves the probe of a half-open breaker to a generation that may make a call, or has one to poll', async () => {
  const provider = await insertConnection(1)
  const [open, waiting] = [
    await insertQueuedGeneration(database, { provider }),
    await insertQueuedGeneration(database, { provider }),
  ]
  const job = jobOf(await take(open))
  await insertOpenCall(open)
  await transaction(database, tx => rescheduleJob(tx, job, 0))
  await database`
    insert into provider_lanes (provider, failures, paused_until) values (${provider}, 3, now() - interval '1 second')`
  expect((await take(waiting)).kind).toBe('not-now')
  expect((await take(open)).kind).toBe('claimed')
})

test('renews the lease during the work, and aborts the work when the lease is lost', async () => {
  const id = await insertQueuedGeneration(database)
  const job = jobOf(await take(id, LEASE_SECONDS))
  const first = await readLeaseEnd(id)
  let beats = 0
  const work = withLease(
    { database, log, job, leaseSeconds: LEASE_SECONDS, onRenewal: () => beats++, signal: neverAborted, onStale },
    async lease => {
      await waitFor('renewals', 60_000, async () => beats > 1 && (await readLeaseEnd(id)) > first)
      expect((await take(id)).kind).toBe('not-now')
      await database`update generation_jobs set attempt = attempt + 1 where generation_id = ${id}`
      const { promise, reject } = Promise.withResolvers<never>()
      lease.signal.throwIfAborted()
      lease.signal.addEventListener('abort', () => reject(lease.signal.reason))
      return await promise
    },
  )
  await expect(work).rejects.toBeInstanceOf(LeaseLostError)
})

/** Inserts a connection with a limit of open calls. @returns its id */
async function insertConnection(maxOpenCalls: number): Promise<string> {
  const id = `limited-${crypto.randomUUID().slice(0, 8)}`
  await database`
    insert into connections (id, kind, name, source, max_open) values (${id}, 'fake', 'Fake', 'stored', ${maxOpenCalls})`
  return id
}

async function insertOpenCall(id: string): Promise<void> {
  await database`
    insert into provider_calls (generation_id, call, first_index, count, request_id, submitted_at)
    values (${id}, 0, 0, 1, 'r', now())`
}

function jobOf(taken: ClaimResult): Job {
  if (taken.kind !== 'claimed') throw new Error(`not claimed: ${taken.kind}`)
  return taken.job
}

async function withLeaseOf(job: Job, use: (write: Promise<string>) => Promise<string>): Promise<string> {
  const options = { database, log, job, leaseSeconds: 30, onRenewal: () => {}, signal: neverAborted, onStale }
  return await withLease(options, lease => use(lease.write(async () => 'written')))
}

/** Reads the end of a lease, in ms. */
async function readLeaseEnd(id: string): Promise<number> {
  const [row] = await database<{ end: number }[]>`
    select (extract(epoch from lease_until) * 1000)::float as "end" from generation_jobs where generation_id = ${id}`
  return row?.end ?? 0
}

async function expire(id: string): Promise<void> {
  await database`update generation_jobs set lease_until = clock_timestamp() - interval '1 ms' where generation_id = ${id}`
}

async function history(id: string): Promise<unknown[][]> {
  const rows = await database<{ from: string; to: string; attempt: number }[]>`
    select from_status as "from", to_status as "to", attempt from generation_events where generation_id = ${id} order by id`
  return rows.map(({ from, to, attempt }) => [from, to, attempt])
}
