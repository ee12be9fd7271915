import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import { readRunFile } from '../../local/launch/run-file.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { type Bus, openBus } from '../../src/bus/bus.ts'
import { type BackfillReport, readReport } from '../../src/database/backfill-report.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { listProcessTree } from '../../testing/installs/processes.ts'
import { type FakeProvider, startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { readPeakBytes } from '../kit/process-use.ts'

/** A studio that keeps its pictures in the slow store, and what measures need of it. */
export interface BackfillStudio extends AsyncDisposable {
  studio: TestStudio
  sql: Database
  bus: Bus
  storeUrl: string
}

const RUN_TIMEOUT_MS = 600_000
const neverAborted = new AbortController().signal

export async function startBackfillStudio(): Promise<BackfillStudio> {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(await startProcess('backfill-store.ts'))
  const fake: FakeProvider = stack.use(await startFakeProvider())
  const s3 = {
    S3_ENDPOINT: store.firstLine,
    S3_ACCESS_KEY_ID: 'bench',
    S3_SECRET_ACCESS_KEY: 'bench-secret',
    S3_BUCKET: 'bench',
  }
  const studio = stack.use(await startTestStudio({ ...fake.env, ...s3 }))
  const log = createLog({ service: 'bench', level: 'silent' })
  const sql = openDatabase({ url: studio.databaseUrl, name: 'bench', connections: 2, log })
  stack.defer(() => sql.end({ timeout: 1 }))
  await sql`set statement_timeout = 0`
  const natsUrl = (await readRunFile(studio.dataDir))?.natsUrl ?? ''
  const bus = await openBus({ url: natsUrl, name: 'bench', log })
  stack.defer(() => bus.close())
  const disposables = stack.move()
  return { studio, sql, bus, storeUrl: store.firstLine, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}

/** Asks for a run and waits until it is over. @returns how it went, and the most memory that its process has had, in bytes */
export async function runBackfill(
  { studio, sql, bus }: Pick<BackfillStudio, 'studio' | 'sql' | 'bus'>,
  { batch, concurrency }: { batch: number; concurrency: number },
): Promise<BackfillReport & { memory: number }> {
  const id = Bun.randomUUIDv7()
  const options = { kind: 'move', of: null, dryRun: false, batch, concurrency, limit: null } as const
  await bus.publish(BACKFILL_SUBJECT, { v: 1, type: 'backfill.requested', id, options }, id)
  const findFinishedReport = async () => {
    const report = await readReport(sql, id)
    return report?.state === 'done' ? report : undefined
  }
  const report = await waitUntil(findFinishedReport, {
    what: 'The run',
    milliseconds: RUN_TIMEOUT_MS,
    signal: neverAborted,
  })
  return { ...report, memory: await readBackfillPeak(await studio.pidOf('ingest')) }
}

/** Starts a program of this folder. @returns its first line, and the lines that follow */
export async function startProcess(file: string, ...args: string[]) {
  // As little in a hurry as the process of the backfill, or the arms would not be alike on a machine that is busy.
  const child = Bun.spawn(['nice', '-n', '19', process.execPath, join(import.meta.dirname, file), ...args], {
    stdin: 'pipe',
    stdout: 'pipe',
  })
  const lines = splitLines(child.stdout)
  const next = async () => (await lines.next()).value ?? ''
  return {
    firstLine: await next(),
    request: async () => {
      child.stdin.write('\n')
      await child.stdin.flush()
      return await next()
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await child.exited
    },
  }
}

/** The most memory that the process of the backfill has had. */
async function readBackfillPeak(ingest: number): Promise<number> {
  for (const pid of await listProcessTree(ingest)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!command.includes(join('backfill', 'main.ts'))) continue
    return await readPeakBytes(pid).catch(() => 0)
  }
  return 0
}

async function* splitLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    yield* lines
  }
}
