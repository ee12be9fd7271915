import { join } from 'node:path'
import postgres from 'postgres'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { startLauncher } from '../../testing/installs/launcher.ts'
import { countWakeups, listProcessStarts, type ProcessCounters } from '../../testing/installs/process-counters.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { measureProcessMemory } from '../kit/memory.ts'
import type { BenchOptions, BenchResult } from '../kit/report.ts'
import { findStudioParts, type Part, startFloors } from './idle-parts.ts'
import { createIdleReport, type IdleSamples } from './idle-report.ts'
import { readWrites, subtractWrites } from './idle-writes.ts'

type Reading = Map<number, ProcessCounters>

const REST_SECONDS = 90
const MINUTES = 3
const SAMPLE_MS = 60_000
const TICKS_PER_SECOND = 100
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]))
const neverAborted = new AbortController().signal

/** Measures a studio that nobody uses, beside the least that processes of its kinds do. */
export async function run({ minutes = MINUTES }: BenchOptions): Promise<BenchResult> {
  await using stack = new AsyncDisposableStack()
  const { path } = stack.use(await createTestDirectory())
  const floors = await startFloors(path, stack)
  const dataDir = join(path, 'studio')
  const launcher = stack.use(startLauncher({ env: await createEnvironment(dataDir) }))
  await launcher.url
  // One session for the whole benchmark, without a time limit, so that it starts no process while it measures.
  const sql = postgres((await readRunFile(dataDir))?.databaseUrl ?? '', { max: 1, max_lifetime: null })
  stack.defer(() => sql.end({ timeout: 1 }))
  const [session] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
  const parts = [
    ...(await findStudioParts({ launcher: launcher.pid, dataDir, ignoredPid: session?.pid ?? 0 })),
    ...floors,
  ]
  await sleep(REST_SECONDS * 1_000, neverAborted)
  const before = await readWrites(sql, dataDir)
  const samples = await takeSamples(parts, minutes)
  const writes = subtractWrites(await readWrites(sql, dataDir), before)
  return createIdleReport({ parts: samples, writes, minutes, restSeconds: REST_SECONDS })
}

async function takeSamples(parts: readonly Part[], minutes: number): Promise<IdleSamples[]> {
  const measured = parts.map(({ name, floor }) => {
    const samples: IdleSamples = { name, floor, wakeups: [], cpuPercent: [], bytes: [], starts: [] }
    return samples
  })
  let readings = await Promise.all(parts.map(part => part.read()))
  let readAt = performance.now()
  for (let minute = 0; minute < minutes; minute++) {
    await sleep(SAMPLE_MS, neverAborted)
    const seconds = (performance.now() - readAt) / 1_000
    const next = await Promise.all(parts.map(part => part.read()))
    readAt = performance.now()
    for (const [at, samples] of measured.entries()) {
      await addSample(samples, { before: readings[at] ?? new Map(), after: next[at] ?? new Map(), seconds })
    }
    readings = next
  }
  return measured
}

async function addSample(
  samples: IdleSamples,
  { before, after, seconds }: { before: Reading; after: Reading; seconds: number },
): Promise<void> {
  const ticks = [...after].reduce((sum, [pid, counters]) => sum + counters.ticks - (before.get(pid)?.ticks ?? 0), 0)
  const memory = await Promise.all([...after.keys()].map(measureProcessMemory))
  samples.wakeups.push(countWakeups(before, after) / seconds)
  samples.cpuPercent.push((ticks / TICKS_PER_SECOND / seconds) * 100)
  samples.bytes.push(memory.reduce((sum, bytes) => sum + bytes, 0))
  samples.starts.push(...listProcessStarts(before, after))
}

/** Creates the environment of the launcher, without a parent process to watch: only those of tests have one. */
async function createEnvironment(dataDir: string): Promise<Record<string, string>> {
  const port = String(await findFreePort())
  return { ...ENVIRONMENT, DATA_DIR: dataDir, PORT: port, NODE_ENV: 'production', DARKROOM_PARENT_PID: '' }
}
