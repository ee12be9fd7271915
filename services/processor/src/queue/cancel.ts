import { GenerationCancelled } from '@darkroom/contracts/events'
import { CANCEL_SUBJECT, STREAMS } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import type { CallsInFlight } from '../answers/calls-in-flight.ts'
import { toIdempotencyKey } from '../generate/call-name.ts'
import type { LivePreviews } from '../live-previews/live-previews.ts'
import type { Adapter } from '../providers/adapter.ts'
import type { Connections } from '../providers/connections.ts'
import { gatherReceipt } from '../providers/gather-receipt.ts'
import type { ActiveJobs } from './active-jobs.ts'
import { type CancellableCall, recordCancelOutcome, recordLateEnd, takeCancellableCalls } from './cancel-rows.ts'

export interface CancelCallDeps {
  database: Database
  log: Log
  connections: Pick<Connections, 'list' | 'find'>
  stopping: AbortSignal
}

export interface FollowCancelDeps extends CancelCallDeps {
  bus: Pick<Bus, 'consumeMessages'>
  activeJobs: Pick<ActiveJobs, 'recheck'>
  callsInFlight: Pick<CallsInFlight, 'list'>
  livePreviews: Pick<LivePreviews, 'endGeneration'>
}

const CANCEL_TIMEOUT_MS = 15_000
const CANCEL_SOURCE = { stream: STREAMS.jobs.name, subject: CANCEL_SUBJECT }

/**
 * Handles the messages of cancelled generations until `stopping` is aborted: a job in this process ends at once, and its
 * provider is asked to stop. The messages are only hints: without them the next renewal of the lease fails, and
 * `cancelOpenCalls` finds the calls in the database.
 */
export async function followCancelMessages(deps: FollowCancelDeps): Promise<void> {
  const { bus, log, stopping } = deps
  const options = { name: 'cancel_subscription', policy: RETRY_POLICIES.subscription, ids: CANCEL_SOURCE, log }
  await runForever({ ...options, signal: stopping }, async () => {
    for await (const { data } of bus.consumeMessages(CANCEL_SOURCE, stopping)) await handleCancel(deps, data)
    stopping.throwIfAborted()
    throw new Error(`the subscription to ${CANCEL_SUBJECT} ended`)
  })
}

/**
 * Asks the providers to stop the open calls of cancelled generations. A call that cannot be cancelled now is tried again later.
 *
 * @returns the number of calls
 */
export async function cancelOpenCalls(deps: CancelCallDeps): Promise<number> {
  const calls = await takeCancellableCalls(
    deps.database,
    deps.connections.list().map(({ adapter }) => adapter.connection),
  )
  await Promise.all(calls.map(call => cancelCall(deps, call)))
  return calls.length
}

async function handleCancel(deps: FollowCancelDeps, data: unknown): Promise<void> {
  const message = GenerationCancelled.safeParse(data)
  if (!message.success) return
  const { id } = message.data
  deps.activeJobs.recheck(id)
  deps.livePreviews.endGeneration(id)
  await interruptCalls(deps, id)
  await cancelOpenCalls(deps).catch(err => deps.log.warn({ err, generation: id }, 'cancel_open_calls_failed'))
}

/** Asks servers that answer at once to stop the calls of a generation that this process has sent. A call is over when its answer is there. */
async function interruptCalls({ callsInFlight, connections, log, stopping }: FollowCancelDeps, id: string) {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(CANCEL_TIMEOUT_MS)])
  await Promise.all(
    callsInFlight.list(id).map(async ({ generationId, call, provider }) => {
      const submitting = connections.find(provider)?.submitting
      if (submitting?.kind !== 'remote' || !submitting.interrupt) return
      await submitting
        .interrupt(toIdempotencyKey(generationId, call), signal)
        .catch(err =>
          log.warn({ err, generation: generationId, call, connection: provider }, 'provider_interrupt_failed'),
        )
    }),
  )
}

async function cancelCall({ database, log, connections, stopping }: CancelCallDeps, cancelled: CancellableCall) {
  const { generationId, call, connection, requestId } = cancelled
  const adapter = connections.find(connection)
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(CANCEL_TIMEOUT_MS)])
  try {
    if (!adapter) return
    const result = cancelled.outcome === null ? await adapter.cancel(requestId, signal) : undefined
    if (result) await recordCancelOutcome(database, cancelled, result)
    if (result?.kind !== 'cancelled') await settleLateCall(database, adapter, cancelled, signal)
  } catch (err) {
    log.warn({ err, generation: generationId, call, connection }, 'provider_cancel_failed')
  }
}

/** Polls a call that was cancelled too late, for its cost: a provider may report that only once the call has ended. */
async function settleLateCall(database: Database, adapter: Adapter, call: CancellableCall, signal: AbortSignal) {
  const { receipt, onReceipt } = gatherReceipt()
  const { kind } = await adapter.check(call.requestId, signal, { onReceipt })
  if (kind !== 'waiting') await recordLateEnd(database, call, { isMade: kind === 'finished', receipt })
}
