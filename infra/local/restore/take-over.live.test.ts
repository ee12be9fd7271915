import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Problem } from '@darkroom/contracts/problem'
import type { Database } from '../../src/database/connection.ts'
import { startLauncher, waitForLine } from '../../testing/installs/launcher.ts'
import { type FakeProvider, type FakeRequestLog, startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { createStudioClient, isFinished, postJson } from '../../testing/studio/studio-client.ts'
import { createTestEnv } from '../../testing/studio/test-env.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { openRestored, openSql, readAllRows, runChecked } from '../backup/backup-env.fixture.ts'
import { readRunFile } from '../launch/run-file.ts'
import { findFreePort } from '../process/free-ports.ts'

const stack = new AsyncDisposableStack()
let fake: FakeProvider
let dataDir: string
let folder: string
/** A generation that the provider was working on when the backup was made. */
let open: string
let failed: string

beforeAll(async () => {
  fake = stack.use(await startFakeProvider())
  dataDir = stack.use(await createTestDirectory()).path
  folder = stack.use(await createTestDirectory()).path
  await using studio = await startTestStudio(fake.env)
  await fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 60 })
  open = (await submit(studio)).id
  await studio.waitForGeneration(open, ({ status }) => status === 'processing')
  await fake.waitForRequests(({ submits }) => submits.length === 1)
  const sql = openSql(stack, studio.databaseUrl)
  await waitForRequestId(sql)
  failed = (await submit(studio)).id
  await fake.waitForRequests(({ submits }) => submits.length === 2)
  await studio.fetch(`/api/generate/${failed}/cancel`, { method: 'POST' })
  await runChecked('backup', [folder], { DATA_DIR: studio.dataDir })
})
afterAll(() => stack.disposeAsync())

test('a backup of a stopped studio starts its database for the time, and is the same', async () => {
  await using test = new AsyncDisposableStack()
  await runChecked('restore', [folder], { DATA_DIR: dataDir })
  const copy = test.use(await createTestDirectory()).path
  expect(await runChecked('backup', [copy], { DATA_DIR: dataDir })).toContain('its database is started for the time')
  const target = test.use(await createTestDirectory()).path
  await runChecked('restore', [copy], { DATA_DIR: target })
  const [first, second] = [await openRestored(test, dataDir), await openRestored(test, target)]
  expect(await readAllRows(second)).toEqual(await readAllRows(first))
})

test('a restored studio says what it is and asks the provider nothing, until it has taken over', async () => {
  await using test = new AsyncDisposableStack()
  const before = await fake.readRequestLog()
  const env = { ...(process.env as Record<string, string>), ...fake.env }
  const settings = createTestEnv({ dataDir, port: await findFreePort() })
  const launcher = test.use(startLauncher({ env: { ...env, ...settings } }))
  const client = createStudioClient(await launcher.url)
  await client.waitForGeneration(open, ({ status }) => status === 'processing')
  const refusals = [
    await postJson(client.fetch, '/api/generate', { prompt: 'new', model: 'fake-image' }),
    await client.fetch(`/api/generate/${failed}/retry`, { method: 'POST' }),
  ]
  for (const refusal of refusals) {
    const problem = Problem.parse(await refusal.json())
    expect([problem.status, problem.detail]).toEqual([409, expect.stringContaining('bun run restore --take-over')])
  }
  // The line comes after the one with the address.
  await waitForLine(launcher, 'It is a restored copy', 60_000)
  await fake.setBehavior({ readyOutputs: null, lookAgainSeconds: 0.1 })
  await offerAgain(openSql(test, (await readRunFile(dataDir))?.databaseUrl ?? ''))
  expect(countRequests(await fake.readRequestLog())).toEqual(countRequests(before))
  expect(await runChecked('restore', ['--take-over'], { DATA_DIR: dataDir })).toContain('has taken over')
  const done = await client.waitForGeneration(open, isFinished, 90_000)
  expect(done.status).toBe('completed')
  expect((await fake.readRequestLog()).submits).toHaveLength(before.submits.length)
  expect(await runChecked('restore', ['--take-over'], { DATA_DIR: dataDir })).toContain('nothing was changed')
  const { id } = await client.submit({ prompt: 'new', model: 'fake-image' })
  expect((await client.waitForGeneration(id, isFinished, 60_000)).status).toBe('completed')
})

async function submit(studio: Pick<ReturnType<typeof createStudioClient>, 'submit'>) {
  return await studio.submit({ prompt: 'open at the provider', model: 'fake-image' })
}

async function waitForRequestId(sql: Database): Promise<void> {
  const find = async () => (await sql`select from provider_calls where request_id is not null`).length > 0
  await waitFor('The request id', 60_000, find)
}

/** Makes every job due, and waits until its message has been published again and a worker has had time for it. */
async function offerAgain(sql: Database): Promise<void> {
  await sql`update generation_jobs set next_check_at = now() - interval '5 seconds', announced_at = now() - interval '1 hour'`
  await waitFor('The message', 60_000, async () => {
    const rows = await sql`select from generation_jobs where announced_at > now() - interval '1 minute'`
    const unpublished = await sql`select from outbox where published_at is null`
    return rows.length > 0 && unpublished.length === 0
  })
  await Bun.sleep(2_000)
}

function countRequests({ submits, checks, cancels, files }: FakeRequestLog) {
  return { submits: submits.length, checks: checks.length, cancels: cancels.length, files: files.length }
}
