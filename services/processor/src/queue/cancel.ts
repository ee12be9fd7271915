import { GenerationCancelled } from '@darkroom/contracts/events'
import { CANCEL_SUBJECT, STREAMS } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import type { Provider } from '../providers/provider.ts'
import type { ActiveJobs } from './active-jobs.ts'
import { type CancellableCall, recordCancelOutcome, takeCancellableCalls } from './cancel-rows.ts'

export interface CancelDeps {
  database: Database
  bus: Bus
  log: Log
  activeJobs: ActiveJobs
  providers: readonly Provider[]
  stopping: AbortSignal
}

const CANCEL_TIMEOUT_MS = 15_000

/**
 * Follows what people cancel, until `stopping` is aborted: work on it in this process ends at once, and the provider is
 * asked to stop. The message is only a hint; without it the lease's next renewal tells, and `stopCancelled` finds the calls.
 */
export async function followCancelMessages(deps: CancelDeps): Promise<void> {
  for (let failures = 0; !deps.stopping.aborted; failures++) {
    try {
      const cancelMessages = deps.bus.consumeMessages(
        { stream: STREAMS.jobs.name, subject: CANCEL_SUBJECT },
        deps.stopping,
      )
      for await (const { data } of cancelMessages) await handleCancel(deps, data)
    } catch (err) {
      deps.log[failures < 3 ? 'info' : 'error']({ err }, 'cancels are not heard of')
    }
    await sleep(backoff(Math.min(failures, 5), { base: 100, most: 3_000 }) + 50, deps.stopping)
  }
}

/** Asks the providers to stop what was cancelled and is still open with them. What cannot be asked now is asked again. */
export async function cancelOpenCalls(deps: CancelDeps): Promise<void> {
  const calls = await takeCancellableCalls(
    deps.database,
    deps.providers.map(({ name }) => name),
  )
  await Promise.all(calls.map(call => cancelCall(deps, call)))
}

async function handleCancel(deps: CancelDeps, data: unknown): Promise<void> {
  const message = GenerationCancelled.safeParse(data)
  if (!message.success) return
  deps.activeJobs.recheck(message.data.id)
  await cancelOpenCalls(deps).catch(err => deps.log.warn({ err }, 'a cancelled generation was not stopped'))
}

async function cancelCall(deps: CancelDeps, call: CancellableCall): Promise<void> {
  const provider = deps.providers.find(({ name }) => name === call.provider)
  const signal = AbortSignal.any([deps.stopping, AbortSignal.timeout(CANCEL_TIMEOUT_MS)])
  try {
    const result = await provider?.cancel(call.requestId, signal)
    if (result) await recordCancelOutcome(deps.database, call, result === 'cancelled' ? 'cancelled' : 'too-late')
  } catch (err) {
    deps.log.warn({ err, id: call.generationId }, 'the provider was not asked to stop')
  }
}
