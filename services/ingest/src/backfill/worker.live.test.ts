import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackfillOptions } from '@darkroom/contracts/backfill'
import { BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import { type Bus, openBus } from '@darkroom/infra/bus/bus'
import { type BackfillReport, readReport } from '@darkroom/infra/database/backfill-report'
import { sleep, withDeadline } from '@darkroom/infra/runtime/timers'
import { type TestNats, testNats } from '@darkroom/infra/testing/test-resources'
import { type TestGround, testGround } from './backfill-env.fixture.ts'
import { runBatch } from './batch.ts'
import { STEPS } from './failpoints.ts'
import { asText, insertOldRow, picture, sha256Of } from './old-row.fixture.ts'

const WORKER = join(import.meta.dirname, 'worker.fixture.ts')
const DONE_MS = 30_000
const TEST_MS = 90_000
const never = new AbortController().signal

test.each(STEPS)(
  'killed at `%s`, a run is taken up again: every byte is there, nothing is uploaded twice',
  async step => {
    await using ground = await testScene()
    const given = await writeRows(ground, 12)
    await using dead = startWorker(ground, step)
    const id = await begin(ground, { batch: 5 })
    await withDeadline(dead.exited, { milliseconds: DONE_MS, what: 'the death of a worker' })
    await using _ = startWorker(ground, 'never')
    const report = await untilDone(ground, id)
    expect(report).toMatchObject({ updated: 12, images: 24, failures: [] })
    await expectMoved(ground, given)
    await expectPutOnce(ground)
  },
  TEST_MS,
)

test(
  'two workers, the endpoint and rows that are written meanwhile: nothing is lost, counted twice or uploaded twice',
  async () => {
    await using ground = await testScene()
    const given = await writeRows(ground, 40)
    await using _one = startWorker(ground, 'never')
    await using _two = startWorker(ground, 'never')
    const runs = await Promise.all([begin(ground, { batch: 7 }), begin(ground, { batch: 9 })])
    const stop = new AbortController()
    const editing = keepEditing(
      ground,
      given.map(({ id }) => id),
      stop.signal,
    )
    const endpoint = async () => {
      const options = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 10 }
      for (let round = 0; round < 4; round++) await runBatch(ground.deps, options)
    }
    const [reports] = await Promise.all([Promise.all(runs.map(id => untilDone(ground, id))), endpoint()])
    stop.abort()
    const edits = await editing
    await expectMoved(ground, given)
    const [row] = await ground.sql<{ rows: number; edited: number }[]>`
    select count(distinct m.generation_id)::int as rows,
      (select sum((parameters ->> 'edits')::int)::int from generation_raw) as edited
    from backfill_manifest m`
    expect(row?.rows).toBe(40)
    expect(row?.edited).toBe(edits)
    const byRuns = reports.reduce((sum, { updated }) => sum + updated, 0)
    const [endpointRows] = await ground.sql<{ count: number }[]>`
    select count(distinct generation_id)::int as count from backfill_manifest where run_id is null`
    expect(byRuns + (endpointRows?.count ?? 0)).toBe(40)
  },
  TEST_MS,
)

test(
  'a bus that loses everything, and one that is away, only hold a run up',
  async () => {
    await using ground = await testScene()
    const given = await writeRows(ground, 30)
    await using worker = startWorker(ground, 'never')
    const id = await begin(ground, { batch: 3 })
    await untilSome(ground, id)
    await ground.nats.kill()
    await ground.nats.start()
    await untilDone(ground, id)
    expect(worker.isRunning()).toBe(true)
    await expectMoved(ground, given)
  },
  TEST_MS,
)

test(
  'connections to the database that are cut only hold a run up',
  async () => {
    await using ground = await testScene()
    const given = await writeRows(ground, 30)
    await using _ = startWorker(ground, 'never')
    const id = await begin(ground, { batch: 5 })
    await untilSome(ground, id)
    await ground.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'worker%'`
    const report = await untilDone(ground, id)
    expect(report).toMatchObject({ updated: 30, failures: [] })
    await expectMoved(ground, given)
  },
  TEST_MS,
)

test(
  'a run that is stopped goes no further until it is resumed',
  async () => {
    await using ground = await testScene()
    const given = await writeRows(ground, 30)
    await using _ = startWorker(ground, 'never')
    const id = await begin(ground, { batch: 2, concurrency: 1 })
    await untilSome(ground, id)
    await publish(ground, { v: 1, type: 'backfill.stop', id })
    const stopped = await untilReport(ground, id, ({ state }) => state !== 'running')
    expect(stopped.state).toBe('stopped')
    expect(stopped.updated).toBeLessThan(30)
    await publish(ground, { v: 1, type: 'backfill.resume', id })
    expect(await untilDone(ground, id)).toMatchObject({ updated: 30, images: 60 })
    await expectMoved(ground, given)
  },
  TEST_MS,
)

test(
  'a verification tells what is missing and what is not as it was moved',
  async () => {
    await using ground = await testScene()
    const given = await writeRows(ground, 4)
    await using _ = startWorker(ground, 'never')
    const moved = await begin(ground, {})
    await untilDone(ground, moved)
    const fine = await begin(ground, { kind: 'verify', of: moved })
    expect(await untilDone(ground, fine)).toMatchObject({ images: 8, failures: [] })
    const [missing = '', other = ''] = await Promise.all(
      [given[0], given[3]].map(row => keyOf(ground, row?.pictures[row === given[0] ? 0 : 1] ?? Buffer.of())),
    )
    await ground.deps.store.remove(missing)
    await ground.deps.store.put(other, await picture(), { signal: never })
    const wrong = await begin(ground, { kind: 'verify', of: moved })
    const { failures } = await untilDone(ground, wrong)
    expect(new Map(failures.map(({ id, reason }) => [id, reason]))).toEqual(
      new Map([
        [given[0]?.id ?? '', `${missing} is not in the store`],
        [given[3]?.id ?? '', `${other} is not what was moved there`],
      ]),
    )
  },
  TEST_MS,
)

test(
  'with a store that fails three times in ten and keeps wrong sizes, a run moves everything all the same',
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    await using ground = await testScene()
    const given = await writeRows(ground, 30)
    await using _ = startWorker(ground, 'never', seed)
    const id = await begin(ground, { batch: 8 })
    const report = await untilDone(ground, id).catch(cause => {
      throw new Error(`with the seed ${seed}`, { cause })
    })
    expect([seed, report]).toMatchObject([seed, { updated: 30, images: 60, failures: [] }])
    await expectMoved(ground, given)
  },
  TEST_MS,
)

/** A ground with a bus of its own: messages of another database would be taken for repetitions. */
type Scene = TestGround & { nats: TestNats; bus: Bus }

async function testScene(): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const ground = undo.use(await testGround())
  const nats = undo.use(await testNats())
  const bus = await openBus({ url: nats.url, name: 'test', log: ground.deps.log })
  undo.defer(() => bus.close())
  await bus.ensureStreams()
  const owned = undo.move()
  return { ...ground, nats, bus, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

interface Given {
  id: string
  pictures: Buffer[]
}

/** Rows with two pictures each, one of which the next row has, too. */
async function writeRows({ sql }: TestGround, count: number): Promise<Given[]> {
  const workspaceId = crypto.randomUUID()
  const pictures = await Promise.all(Array.from({ length: count + 1 }, () => picture()))
  const rows: Given[] = []
  for (let at = 0; at < count; at++) {
    const mine = pictures.slice(at, at + 2)
    const given = { edits: 0, referenceImages: mine.map(bytes => asText(bytes)) }
    const createdAt = new Date(1_600_000_000_000 + at * 1_000).toISOString()
    rows.push({ id: await insertOldRow(sql, given, { workspaceId, createdAt }), pictures: mine })
  }
  return rows
}

/** @param seed of the chance by which its store fails; it never does unless given */
function startWorker(ground: Scene, step: string, seed?: number) {
  const given = [
    ground.databaseUrl,
    ground.nats.url,
    ground.directory,
    step,
    ...(seed === undefined ? [] : [`${seed}`]),
  ]
  const command = [process.execPath, WORKER, ...given]
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' })
  const stop = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  return { exited: child.exited, isRunning: () => child.exitCode === null, [Symbol.asyncDispose]: stop }
}

async function begin(scene: Scene, options: Partial<BackfillOptions>): Promise<string> {
  const id = Bun.randomUUIDv7()
  const usual = { kind: 'move', of: null, dryRun: false, batch: 20, concurrency: 4, limit: null } as const
  await publish(scene, { v: 1, type: 'backfill.requested', id, options: { ...usual, ...options } })
  return id
}

async function publish({ bus }: Scene, message: Parameters<Bus['publish']>[1]): Promise<void> {
  await bus.publish(BACKFILL_SUBJECT, message, crypto.randomUUID())
}

async function untilDone(ground: TestGround, id: string): Promise<BackfillReport> {
  return await untilReport(ground, id, ({ state }) => state === 'done')
}

async function untilSome(ground: TestGround, id: string): Promise<void> {
  await untilReport(ground, id, ({ updated }) => updated > 0)
}

async function untilReport(ground: TestGround, id: string, matches: (report: BackfillReport) => boolean) {
  const deadline = AbortSignal.timeout(DONE_MS)
  for (;;) {
    const report = await readReport(ground.sql, id)
    if (report && matches(report)) return report
    if (deadline.aborted) throw new Error(`the run is not as it should be: ${JSON.stringify(report)}`)
    await sleep(25, deadline)
  }
}

/** No picture is left in any row, and each is in the store, byte for byte. */
async function expectMoved(ground: TestGround, given: Given[]): Promise<void> {
  const left = await ground.sql`select generation_id from generation_raw where parameters::text ~* '(data:|;base64,)'`
  expect(left).toHaveLength(0)
  for (const { id, pictures } of given) {
    const [row] = await ground.sql`
      select parameters -> 'referenceImages' as images,
        (select json_agg(encode(i.sha256, 'hex') order by r.position) from generation_references r
         join reference_images i on i.id = r.reference_id where r.generation_id = ${id}) as hashes
      from generation_raw where generation_id = ${id}`
    expect(row?.hashes).toEqual(pictures.map(sha256Of))
    const keys = ((row?.images ?? []) as string[]).map(url => url.slice('/media/'.length))
    expect(await Promise.all(keys.map(key => ground.bytesOf(key)))).toEqual(pictures)
  }
}

async function expectPutOnce({ directory }: TestGround): Promise<void> {
  const puts = (await readFile(join(directory, 'puts.log'), 'utf8')).trim().split('\n')
  const pictures = puts.filter(key => !key.endsWith('.webp'))
  expect(pictures.toSorted()).toEqual([...new Set(pictures)].toSorted())
}

async function keyOf({ sql }: TestGround, bytes: Buffer): Promise<string> {
  const [row] = await sql<{ key: string }[]>`
    select key from reference_images where sha256 = decode(${sha256Of(bytes)}, 'hex')`
  return row?.key ?? ''
}

/** Writes rows while they are moved, as nobody should. @returns how often */
async function keepEditing({ sql }: TestGround, ids: string[], signal: AbortSignal): Promise<number> {
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
