import { join } from 'node:path'
import { BACKFILL_CONSUMER } from '@darkroom/contracts/subjects'
import type { JobConsumer } from '@darkroom/infra/bus/consumer'
import { readPartEnvironment } from '@darkroom/infra/config'
import type { Activity } from '@darkroom/infra/database/activity'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'
import { type ConsumerBus, openBackfillConsumer } from './consumer.ts'
import { arePreviewsDue } from './preview-rows.ts'
import { enqueueStalledBatches } from './run-rows.ts'

export interface SupervisorDeps {
  bus: ConsumerBus
  database: Database
  activity: Pick<Activity, 'isQuiet'>
  log: Log
  /** Whether the disk is nearly full. No process is started meanwhile. */
  isDiskFull: () => Promise<boolean>
  signal: AbortSignal
  /** Runs the backfill process until it ends; a process of its own unless given. */
  runProcess?: (deps: Pick<SupervisorDeps, 'signal' | 'log'>) => Promise<void>
}

const PULL_TIMEOUT_MS = 5_000
/** A message ends a pull at once; stalled runs and due previews, which are looked for after an empty one, can wait. */
const QUIET_PULL_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 4_000
const DISK_FULL_PAUSE_MS = 10_000
const WORKER_MAIN = join(import.meta.dirname, 'main.ts')

/**
 * Starts the backfill process whenever a backfill message or a due preview waits, until the signal is aborted. The messages stay
 * on the bus: the process takes them.
 */
export async function superviseBackfillProcess(deps: SupervisorDeps): Promise<void> {
  const { bus, log, signal } = deps
  const policy = RETRY_POLICIES.backfillProcess
  const options = { name: 'backfill_process', policy, log, ids: { consumer: BACKFILL_CONSUMER }, signal }
  await runForever(options, async succeeded => {
    const consumer = await openBackfillConsumer(bus)
    while (!signal.aborted) {
      await runProcessIfNeeded(deps, consumer)
      succeeded()
    }
    return 'busy'
  })
}

async function runProcessIfNeeded(deps: SupervisorDeps, consumer: JobConsumer): Promise<void> {
  const { activity, database, signal, runProcess = runBackfillProcess } = deps
  if (await deps.isDiskFull()) return await sleep(DISK_FULL_PAUSE_MS, signal)
  const delivery = await consumer.next(activity.isQuiet() ? QUIET_PULL_TIMEOUT_MS : PULL_TIMEOUT_MS, signal)
  delivery?.nak(0)
  if (!delivery) await enqueueStalledBatches(database)
  const isNeeded = delivery !== null || (await arePreviewsDue(database))
  if (isNeeded && !signal.aborted) await runProcess(deps)
}

/** Runs the backfill process until it ends, at the lowest priority where `nice` exists: requests of people go first. */
async function runBackfillProcess({ signal, log }: Pick<SupervisorDeps, 'signal' | 'log'>): Promise<void> {
  const command = [...(Bun.which('nice') ? ['nice', '-n', '19'] : []), process.execPath, '--no-env-file', WORKER_MAIN]
  const child = Bun.spawn(command, {
    env: readPartEnvironment('backfill'),
    stdin: 'pipe',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  log.info({ pid: child.pid }, 'backfill_process_started')
  const stop = () => {
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS).unref()
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const code = await child.exited.finally(() => signal.removeEventListener('abort', stop))
  if (code !== 0 && !signal.aborted) throw new Error(`backfill process ended with code ${code}`)
}
