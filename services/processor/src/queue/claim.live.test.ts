import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { openDatabase } from '@darkroom/infra/database/connection'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { transition } from '@darkroom/infra/generations/generations'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { type ClaimResult, claimGeneration } from './claim.ts'
import type { Job } from './job.ts'
import { LeaseLostError, releaseLease, rescheduleJob, withLease } from './lease.ts'
import { insertQueuedGeneration } from './queued.fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let database: ReturnType<typeof openDatabase>
const neverAborted = new AbortController().signal
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
const take = (id: string, leaseSeconds = 30) =>
  claimGeneration({ database, owner: 'test', leaseSeconds, maxFailures: 2 }, id)

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

test('renews the lease during the work, and aborts the work when the lease is lost', async () => {
  const id = await insertQueuedGeneration(database)
  const job = jobOf(await take(id, 1))
  let beats = 0
  const beaten = Promise.withResolvers<void>()
  const onRenewal = () => {
    beats++
    if (beats === 6) beaten.resolve()
  }
  const work = withLease(
    { database, log, job, leaseSeconds: 1, onRenewal, signal: neverAborted, onStale },
    async lease => {
      await beaten.promise
      expect((await take(id)).kind).toBe('not-now')
      await database`update generation_jobs set attempt = attempt + 1 where generation_id = ${id}`
      const { promise, reject } = Promise.withResolvers<never>()
      lease.signal.addEventListener('abort', () => reject(lease.signal.reason))
      return await promise
    },
  )
  await expect(work).rejects.toBeInstanceOf(LeaseLostError)
})

function jobOf(taken: ClaimResult): Job {
  if (taken.kind !== 'claimed') throw new Error(`not claimed: ${taken.kind}`)
  return taken.job
}

async function withLeaseOf(job: Job, use: (write: Promise<string>) => Promise<string>): Promise<string> {
  const options = { database, log, job, leaseSeconds: 30, onRenewal: () => {}, signal: neverAborted, onStale }
  return await withLease(options, lease => use(lease.write(async () => 'written')))
}

async function expire(id: string): Promise<void> {
  await database`update generation_jobs set lease_until = clock_timestamp() - interval '1 ms' where generation_id = ${id}`
}

async function history(id: string): Promise<unknown[][]> {
  const rows = await database<{ from: string; to: string; attempt: number }[]>`
    select from_status as "from", to_status as "to", attempt from generation_events where generation_id = ${id} order by id`
  return rows.map(({ from, to, attempt }) => [from, to, attempt])
}
