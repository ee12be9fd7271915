import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import { waitUntil } from '../../local/process/wait-until.ts'
import type { Bus } from '../../src/bus/bus.ts'
import { type BackfillReport, readReport } from '../../src/database/backfill-report.ts'
import type { Database } from '../../src/database/connection.ts'
import { listProcessTree } from '../../testing/installs/processes.ts'
import { startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { type LineProcess, startLineProcess } from '../kit/line-process.ts'
import { readPeakBytes } from '../kit/process-use.ts'
import { openStudioClients } from '../kit/studio-clients.ts'

/** A studio whose object store is slow, and the connections that the measurements need. */
export interface BackfillStudio extends AsyncDisposable {
  studio: TestStudio
  sql: Database
  bus: Bus
  storeUrl: string
}

const RUN_TIMEOUT_MS = 600_000
const neverAborted = new AbortController().signal

/** Starts a studio with the slow store and the fake provider. */
export async function startBackfillStudio(): Promise<BackfillStudio> {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(await startNiceProcess('backfill-store.ts'))
  const fake = stack.use(await startFakeProvider())
  const s3 = {
    S3_ENDPOINT: store.firstLine,
    S3_ACCESS_KEY_ID: 'bench',
    S3_SECRET_ACCESS_KEY: 'bench-secret',
    S3_BUCKET: 'bench',
  }
  const studio = stack.use(await startTestStudio({ ...fake.env, ...s3 }))
  const { database, bus } = stack.use(await openStudioClients(studio))
  const disposables = stack.move()
  return {
    studio,
    sql: database,
    bus,
    storeUrl: store.firstLine,
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

/**
 * Starts a program of this folder with the priority of the backfill's own process: otherwise the variants would not be comparable
 * on a busy machine.
 */
export async function startNiceProcess(file: string, ...args: string[]): Promise<LineProcess> {
  return await startLineProcess(join(import.meta.dirname, file), args, { isNice: true })
}

/** Requests a run and waits until it has ended. @returns its report, and the peak memory of its process, in bytes */
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
    what: `backfill run ${id}`,
    milliseconds: RUN_TIMEOUT_MS,
    signal: neverAborted,
  })
  return { ...report, memory: await readBackfillPeak(await studio.pidOf('ingest')) }
}

/** Returns the peak memory of the backfill's process, in bytes; 0 if it is not running. */
async function readBackfillPeak(ingest: number): Promise<number> {
  for (const pid of await listProcessTree(ingest)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!command.includes(join('backfill', 'main.ts'))) continue
    return await readPeakBytes(pid).catch(() => 0)
  }
  return 0
}
