import { join } from 'node:path'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import { arePreviewsDue } from './preview-rows.ts'
import { enqueueStalledBatches } from './run-rows.ts'
import { openBackfillConsumer } from './worker.ts'

export interface SupervisorDeps {
  bus: Bus
  database: Database
  log: Log
  signal: AbortSignal
}

const PULL_TIMEOUT_MS = 5_000
const STOP_TIMEOUT_MS = 4_000
const WORKER_MAIN = join(import.meta.dirname, 'main.ts')

/**
 * Starts the process that works on backfills whenever something is asked of one, until the signal is aborted. What was asked
 * stays on the bus for that process to take.
 */
export async function superviseBackfillProcess(deps: SupervisorDeps): Promise<void> {
  for (let failures = 0; !deps.signal.aborted; failures++) {
    try {
      const consumer = await openBackfillConsumer(deps.bus)
      while (!deps.signal.aborted) {
        const delivery = await consumer.next(PULL_TIMEOUT_MS, deps.signal)
        if (!delivery) await enqueueStalledBatches(deps.database)
        delivery?.nak(0)
        const hasWork = delivery !== undefined || (await arePreviewsDue(deps.database))
        if (hasWork && !deps.signal.aborted) await runBackfillProcess(deps)
        failures = 0
      }
    } catch (err) {
      if (deps.signal.aborted) return
      deps.log[failures < 3 ? 'info' : 'error']({ err }, 'backfills cannot be worked on right now')
      await sleep(backoff(failures, { base: 250, most: 10_000 }) + 50, deps.signal)
    }
  }
}

/** Least of all processes, where the system can: people's work goes first. */
async function runBackfillProcess({ signal, log }: SupervisorDeps): Promise<void> {
  const command = [...(Bun.which('nice') ? ['nice', '-n', '19'] : []), process.execPath, WORKER_MAIN]
  const child = Bun.spawn(command, { stdin: 'pipe', stdout: 'inherit', stderr: 'inherit' })
  log.info({ pid: child.pid }, 'backfill begins')
  const stop = () => {
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS).unref()
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const code = await child.exited.finally(() => signal.removeEventListener('abort', stop))
  if (code !== 0 && !signal.aborted) throw new Error(`the process ended with code ${code}`)
}
