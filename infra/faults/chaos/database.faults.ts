import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { lockGenerations } from '../../testing/lock-generations.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createImageDraft, type Load, startLoad } from './load.ts'

/** A database that is killed, ends connections, freezes, is locked, loses responses and is restored from a backup. */

const LIMIT_MS = 150_000

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ isDurable: true, env: { PROVIDER_CONCURRENCY: '4' } })
})
afterEach(() => stack.clearFaults())
afterAll(() => stack[Symbol.asyncDispose]())

test('F16: a database that is killed under load has every accepted submission once it is back', async () => {
  await using load = startLoad(stack.client)
  await waitForSubmissions(4)
  await stack.database.kill()
  await waitUntilRejected()
  await stack.database.start()
  await waitForSubmissions(4)
  await expectInvariants(load)
})

test('F17: reopens connections that the database ends again and again', async () => {
  await using load = startLoad(stack.client)
  for (let cuts = 0; cuts < 10; cuts++) {
    await stack.sql`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'darkroom-%'`
    await Bun.sleep(200)
  }
  await expectInvariants(load)
})

test('F18: a frozen session of the database delays requests briefly at most', async () => {
  const frozen = await stack.sql<{ pid: number }[]>`
    select distinct on (application_name) pid from pg_stat_activity
    where application_name like 'darkroom-%' and state = 'idle' order by application_name, pid`
  expect(frozen.length).toBeGreaterThan(0)
  const signal = (name: NodeJS.Signals) => {
    for (const { pid } of frozen) process.kill(pid, name)
  }
  // Thaws once: a session may end right after.
  using thawing = new DisposableStack()
  thawing.defer(() => signal('SIGCONT'))
  signal('SIGSTOP')
  const submissions = Array.from({ length: 12 }, (_, at) =>
    stack.client.log.addSubmission(createImageDraft(`over a frozen session ${at}`)),
  )
  const statuses = submissions.map(submission => stack.client.trySubmit(submission))
  // At most one request waits for each frozen session.
  await waitForSubmissions(submissions.length - frozen.length)
  const next = await stack.client.submit(createImageDraft('while a session is frozen'))
  await waitUntilCompleted(next.id)
  thawing.dispose()
  expect((await Promise.all(statuses)).filter(status => ![202, 503].includes(status))).toEqual([])
  await expectInvariants()
})

test('F19: a repeated submission finds a commit whose response was lost, under the same id', async () => {
  const submission = stack.client.log.addSubmission(createImageDraft('committed without a response'))
  stack.proxies.database.setFault({ kind: 'lost-response', after: submission.draft.prompt, response: 'COMMIT' })
  const lost = stack.proxies.database.waitForLostResponse()
  expect(await stack.client.trySubmit(submission)).toBe(503)
  await lost
  const [row] = await stack.sql<{ id: string }[]>`select id from generations where client_id = ${submission.clientId}`
  expect(await stack.client.trySubmit(submission)).toBe(200)
  expect([...submission.ids]).toEqual([row?.id ?? ''])
  await expectInvariants()
})

test('F20: refuses requests that wait for a lock with 503 and Retry-After, and stays alive', async () => {
  await using lock = await lockGenerations(stack.sql)
  const body = JSON.stringify(createImageDraft('behind a lock'))
  const headers = { 'content-type': 'application/json' }
  const submissions = Array.from({ length: 4 }, () =>
    stack.client.fetch('/api/generate', { method: 'POST', headers, body }),
  )
  expect((await fetch(`${stack.ingest.url}/healthz`)).status).toBe(200)
  for (const response of await Promise.all(submissions)) {
    expect([response.status, response.headers.has('retry-after')]).toEqual([503, true])
  }
  await lock.release()
  await stack.client.submit(createImageDraft('after a lock'))
  await expectInvariants()
})

test('a database that is restored from a backup continues from there, whatever the bus has', async () => {
  await stack.fake.setBehavior({ delayMs: 3_000, lookAgainSeconds: 2 })
  const open = await stack.client.submit(createImageDraft('open in the backup'))
  await waitForRequestId(open.id)
  await stack.database.stop()
  await stack.database.takeSnapshot()
  await stack.database.start()
  await stack.fake.setBehavior({ delayMs: 0, lookAgainSeconds: 0.05 })
  const since = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(at => stack.client.submit(createImageDraft(`since the backup ${at}`))),
  )
  for (const { id } of since) await stack.client.waitForGeneration(id, isFinished)
  await stack.database.stop()
  await stack.database.restoreSnapshot()
  await stack.database.start()
  for (const { clientId } of since) stack.client.log.submissions.delete(clientId)
  const after = await Promise.all(
    [1, 2, 3, 4].map(at => stack.client.submit(createImageDraft(`after the backup ${at}`))),
  )
  for (const { id } of [open, ...after]) {
    expect((await stack.client.waitForGeneration(id, isFinished)).status).toBe('completed')
  }
  await expectInvariants()
})

/** Waits until `count` more submissions were accepted. */
async function waitForSubmissions(count: number): Promise<void> {
  const wanted = stack.client.log.listAccepted().length + count
  await waitFor('More submissions', LIMIT_MS, async () => stack.client.log.listAccepted().length >= wanted)
}

/** Waits until the request id of a generation is stored. */
async function waitForRequestId(id: string): Promise<void> {
  const isStored = async () => {
    const rows = await stack.sql`select from provider_calls where generation_id = ${id} and request_id is not null`
    return rows.length > 0
  }
  await waitFor('A request id', LIMIT_MS, isStored)
}

/** Waits until the database has the generation as completed. HTTP is not used: requests may be waiting for a session. */
async function waitUntilCompleted(id: string): Promise<void> {
  const isCompleted = async () => {
    const rows = await stack.sql`select from generations where id = ${id} and status = 'completed'`
    return rows.length > 0
  }
  await waitFor('Its completion', LIMIT_MS, isCompleted)
}

/** Waits until a submission is refused with 503. */
async function waitUntilRejected(): Promise<void> {
  const submission = stack.client.log.addSubmission(createImageDraft('without a database'))
  await waitFor('A refusal', LIMIT_MS, async () => (await stack.client.trySubmit(submission)) === 503)
}

async function expectInvariants(load?: Load): Promise<void> {
  await load?.stop()
  expect(await checkInvariants(stack)).toEqual([])
}
