import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackfillOptions } from '@darkroom/contracts/history/backfill'
import { BACKFILL_CONSUMER, BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import { type Bus, openBus } from '@darkroom/infra/bus/bus'
import { type BackfillReport, readReport } from '@darkroom/infra/database/backfill-report'
import { sleep, withDeadline } from '@darkroom/infra/runtime/timers'
import { startTestNats, type TestNats } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { type BackfillEnv, openBackfillEnv } from './backfill-env.fixture.ts'
import { FAILPOINTS } from './failpoints.ts'
import { migrateBatch } from './migrate-batch.ts'
import { computeSha256, createImage, insertOldRow, toDataUrl } from './old-row.fixture.ts'

const WORKER_MAIN = join(import.meta.dirname, 'worker.fixture.ts')
const DONE_TIMEOUT_MS = 60_000
const neverAborted = new AbortController().signal

test.each(FAILPOINTS)(
  'resumes a run after a kill at `%s` with every byte stored and nothing uploaded twice',
  async failpoint => {
    await using env = await openWorkerEnv()
    const rows = await writeRows(env, 12)
    await using dead = startWorker(env, failpoint)
    const id = await startRun(env, { batch: 5 })
    await withDeadline(dead.exited, { milliseconds: DONE_TIMEOUT_MS, operation: 'waiting for the worker to die' })
    await using _ = startWorker(env, 'never')
    const report = await waitUntilDone(env, id)
    expect(report).toMatchObject({ updated: 12, images: 24, failures: [] })
    await expectMoved(env, rows)
    await expectPutOnce(env)
  },
)

test('loses, counts twice and uploads twice nothing with two workers, the endpoint and concurrent edits', async () => {
  await using env = await openWorkerEnv()
  const rows = await writeRows(env, 40)
  await using _first = startWorker(env, 'never')
  await using _second = startWorker(env, 'never')
  const runs = await Promise.all([startRun(env, { batch: 7 }), startRun(env, { batch: 9 })])
  const stop = new AbortController()
  const editing = editUntilAborted(
    env,
    rows.map(({ id }) => id),
    stop.signal,
  )
  const endpoint = async () => {
    const options = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 10 }
    for (let batch = 0; batch < 4; batch++) await migrateBatch(env.deps, options)
  }
  const [reports] = await Promise.all([Promise.all(runs.map(id => waitUntilDone(env, id))), endpoint()])
  stop.abort()
  const edits = await editing
  await expectMoved(env, rows)
  const [row] = await env.sql<{ rows: number; edited: number }[]>`
    select count(distinct m.generation_id)::int as rows,
      (select sum((parameters ->> 'edits')::int)::int from generation_raw) as edited
    from backfill_manifest m`
  expect(row?.rows).toBe(40)
  expect(row?.edited).toBe(edits)
  const runRows = reports.reduce((sum, { updated }) => sum + updated, 0)
  const [endpointRows] = await env.sql<{ count: number }[]>`
    select count(distinct generation_id)::int as count from backfill_manifest where run_id is null`
  expect(runRows + (endpointRows?.count ?? 0)).toBe(40)
})

test('finishes a run after the bus was away and lost everything', async () => {
  await using env = await openWorkerEnv()
  const rows = await writeRows(env, 30)
  await using worker = startWorker(env, 'never')
  const id = await startRun(env, { batch: 3 })
  await waitUntilStarted(env, id)
  await env.nats.kill()
  await env.nats.start()
  await waitUntilDone(env, id)
  expect(worker.isRunning()).toBe(true)
  await expectMoved(env, rows)
})

test('finishes a run after its database connections were cut', async () => {
  await using env = await openWorkerEnv()
  const rows = await writeRows(env, 30)
  await using _ = startWorker(env, 'never')
  const id = await startRun(env, { batch: 5 })
  await waitUntilStarted(env, id)
  await env.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'worker%'`
  const report = await waitUntilDone(env, id)
  expect(report).toMatchObject({ updated: 30, failures: [] })
  await expectMoved(env, rows)
})

test('migrates no further rows of a stopped run until it is resumed', async () => {
  await using env = await openWorkerEnv()
  const rows = await writeRows(env, 30)
  await using _ = startWorker(env, 'never')
  let id = ''
  await env.sql.begin(async tx => {
    await tx`set local idle_in_transaction_session_timeout = 0`
    // The run needs this row too, so that it cannot end before it is stopped.
    await tx`select from generations where id = ${rows[9]?.id ?? ''} for no key update`
    id = await startRun(env, { batch: 2, concurrency: 1 })
    await waitUntilStarted(env, id)
    await publish(env, { v: 1, type: 'backfill.stop', id })
    await waitForReport(env, id, ({ state }) => state !== 'running')
  })
  await waitFor(
    'the end of the batch',
    DONE_TIMEOUT_MS,
    async () => (await env.bus.countBacklog(BACKFILL_CONSUMER)) === 0,
  )
  const stopped = await readReport(env.sql, id)
  expect(stopped?.state).toBe('stopped')
  expect(stopped?.updated).toBeLessThan(30)
  await publish(env, { v: 1, type: 'backfill.resume', id })
  expect(await waitUntilDone(env, id)).toMatchObject({ updated: 30, images: 60 })
  await expectMoved(env, rows)
})

test('reports missing and changed objects in a verification', async () => {
  await using env = await openWorkerEnv()
  const rows = await writeRows(env, 4)
  await using _ = startWorker(env, 'never')
  const moved = await startRun(env, {})
  await waitUntilDone(env, moved)
  const fine = await startRun(env, { kind: 'verify', of: moved })
  expect(await waitUntilDone(env, fine)).toMatchObject({ images: 8, failures: [] })
  const [missing = '', other = ''] = await Promise.all(
    [rows[0], rows[3]].map(row => findKey(env, row?.images[row === rows[0] ? 0 : 1] ?? Buffer.of())),
  )
  await env.deps.store.remove(missing)
  await env.deps.store.put(other, await createImage(), { signal: neverAborted })
  const wrong = await startRun(env, { kind: 'verify', of: moved })
  const { failures } = await waitUntilDone(env, wrong)
  expect(new Map(failures.map(({ id, reason }) => [id, reason]))).toEqual(
    new Map([
      [rows[0]?.id ?? '', `${missing} is not in the store`],
      [rows[3]?.id ?? '', `${other} is not what was moved there`],
    ]),
  )
})

test('finishes a run with a store that fails three times in ten and stores truncated objects', async () => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  await using env = await openWorkerEnv()
  const rows = await writeRows(env, 30)
  await using _ = startWorker(env, 'never', seed)
  const id = await startRun(env, { batch: 8 })
  const report = await waitUntilDone(env, id).catch(cause => {
    throw new Error(`with the seed ${seed}`, { cause })
  })
  expect([seed, report]).toMatchObject([seed, { updated: 30, images: 60, failures: [] }])
  await expectMoved(env, rows)
})

/** A backfill environment with a bus of its own: the bus would drop messages of another database as duplicates. */
type WorkerEnv = BackfillEnv & { nats: TestNats; bus: Bus }

async function openWorkerEnv(): Promise<WorkerEnv> {
  await using stack = new AsyncDisposableStack()
  const env = stack.use(await openBackfillEnv())
  const nats = stack.use(await startTestNats())
  const bus = await openBus({ url: nats.url, name: 'test', log: env.deps.log })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  const disposables = stack.move()
  return { ...env, nats, bus, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}

interface InsertedRow {
  id: string
  images: Buffer[]
}

/** Writes rows with two images each, one of which the next row has too. */
async function writeRows({ sql }: BackfillEnv, count: number): Promise<InsertedRow[]> {
  const workspaceId = crypto.randomUUID()
  const images = await Promise.all(Array.from({ length: count + 1 }, () => createImage()))
  const rows: InsertedRow[] = []
  for (let at = 0; at < count; at++) {
    const rowImages = images.slice(at, at + 2)
    const parameters = { edits: 0, referenceImages: rowImages.map(bytes => toDataUrl(bytes)) }
    const createdAt = new Date(1_600_000_000_000 + at * 1_000).toISOString()
    rows.push({ id: await insertOldRow(sql, parameters, { workspaceId, createdAt }), images: rowImages })
  }
  return rows
}

/** @param seed of the failures of its store, which never fails unless given */
function startWorker(env: WorkerEnv, failpoint: string, seed?: number) {
  const args = [env.databaseUrl, env.nats.url, env.directory, failpoint, ...(seed === undefined ? [] : [`${seed}`])]
  const command = [process.execPath, WORKER_MAIN, ...args]
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' })
  const stop = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  return { exited: child.exited, isRunning: () => child.exitCode === null, [Symbol.asyncDispose]: stop }
}

async function startRun(env: WorkerEnv, options: Partial<BackfillOptions>): Promise<string> {
  const id = Bun.randomUUIDv7()
  const defaults = { kind: 'move', of: null, dryRun: false, batch: 20, concurrency: 4, limit: null } as const
  await publish(env, { v: 1, type: 'backfill.requested', id, options: { ...defaults, ...options } })
  return id
}

async function publish({ bus }: WorkerEnv, message: Parameters<Bus['publish']>[1]): Promise<void> {
  await bus.publish(BACKFILL_SUBJECT, message, crypto.randomUUID())
}

async function waitUntilDone(env: BackfillEnv, id: string): Promise<BackfillReport> {
  return await waitForReport(env, id, ({ state }) => state === 'done')
}

async function waitUntilStarted(env: BackfillEnv, id: string): Promise<void> {
  await waitForReport(env, id, ({ updated }) => updated > 0)
}

async function waitForReport(env: BackfillEnv, id: string, matches: (report: BackfillReport) => boolean) {
  const deadline = AbortSignal.timeout(DONE_TIMEOUT_MS)
  for (;;) {
    const report = await readReport(env.sql, id)
    if (report && matches(report)) return report
    if (deadline.aborted) throw new Error(`run ${id} did not reach the expected state: ${JSON.stringify(report)}`)
    await sleep(25, deadline)
  }
}

/** Checks that no row embeds an image any more, and that each image is in the store, byte for byte. */
async function expectMoved(env: BackfillEnv, rows: InsertedRow[]): Promise<void> {
  const left = await env.sql`select generation_id from generation_raw where parameters::text ~* '(data:|;base64,)'`
  expect(left).toHaveLength(0)
  for (const { id, images } of rows) {
    const [row] = await env.sql`
      select parameters -> 'referenceImages' as images,
        (select json_agg(encode(i.sha256, 'hex') order by r.position) from generation_references r
         join reference_images i on i.id = r.reference_id where r.generation_id = ${id}) as hashes
      from generation_raw where generation_id = ${id}`
    expect(row?.hashes).toEqual(images.map(computeSha256))
    const keys = ((row?.images ?? []) as string[]).map(url => url.slice('/media/'.length))
    expect(await Promise.all(keys.map(key => env.readBytes(key)))).toEqual(images)
  }
}

async function expectPutOnce({ directory }: BackfillEnv): Promise<void> {
  const puts = (await readFile(join(directory, 'puts.log'), 'utf8')).trim().split('\n')
  const imagePuts = puts.filter(key => !key.endsWith('.webp'))
  expect(imagePuts.toSorted()).toEqual([...new Set(imagePuts)].toSorted())
}

async function findKey({ sql }: BackfillEnv, bytes: Buffer): Promise<string> {
  const [row] = await sql<{ key: string }[]>`
    select key from reference_images where sha256 = decode(${computeSha256(bytes)}, 'hex')`
  return row?.key ?? ''
}

/** Edits rows during their migration. @returns number of edits */
async function editUntilAborted({ sql }: BackfillEnv, ids: string[], signal: AbortSignal): Promise<number> {
  let edits = 0
  for (let at = 0; !signal.aborted; at++) {
    const id = ids[at % ids.length] ?? ''
    await sql`
      update generation_raw set parameters = jsonb_set(parameters, '{edits}', to_jsonb((parameters ->> 'edits')::int + 1))
      where generation_id = ${id}`
    edits += 1
    await sleep(1, signal)
  }
  return edits
}
