import { BackfillMessage } from '@darkroom/contracts/history/backfill'
import { BACKFILL_CONSUMER, BACKFILL_SUBJECT, STREAMS } from '@darkroom/contracts/subjects'
import type { Delivery, JobConsumer } from '@darkroom/infra/bus/consumer'
import { transaction } from '@darkroom/infra/database/transaction'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'
import { type ConsumerBus, openBackfillConsumer } from './consumer.ts'
import { type BatchDeps, handleBatch } from './handle-batch.ts'
import { makeNextPreviews } from './previews.ts'
import { countCandidates } from './row-migration/generation-raw-rows.ts'
import { countManifestEntries } from './row-migration/manifest-rows.ts'
import { beginRun, enqueueStalledBatches, resumeRun, stopRun } from './run-rows.ts'

export interface WorkerDeps extends BatchDeps {
  bus: ConsumerBus
  /** Whether the disk is nearly full. No message is taken meanwhile. Absent: never. */
  isDiskFull?: () => Promise<boolean>
}

const [PULL_TIMEOUT_MS, SHORT_PULL_TIMEOUT_MS] = [1_000, 50]
const RETRY_DELAY_MS = 1_000
/** One slot for a batch, and one for requests that arrive meanwhile. */
const SLOTS = 2
/** Previews made at once in each slot. Each waits for the store most of the time; the byte budget bounds their memory. */
const PREVIEW_CONCURRENCY = 6

type Handler<Type extends BackfillMessage['type']> = (
  deps: WorkerDeps,
  message: Extract<BackfillMessage, { type: Type }>,
  delivery: Delivery,
) => Promise<void>

const HANDLERS: { [Type in BackfillMessage['type']]: Handler<Type> } = {
  'backfill.requested': async (deps, { id, options }, delivery) => {
    const total =
      options.kind === 'move'
        ? await countCandidates(deps.database)
        : await countManifestEntries(deps.database, options.of)
    await transaction(deps.database, tx => beginRun(tx, id, options, total))
    await delivery.ack()
  },
  'backfill.stop': async (deps, { id }, delivery) => {
    await transaction(deps.database, tx => stopRun(tx, id))
    await delivery.ack()
  },
  'backfill.resume': async (deps, { id }, delivery) => {
    await transaction(deps.database, tx => resumeRun(tx, id))
    await delivery.ack()
  },
  'backfill.batch': handleBatch,
}

/** Whether a worker has had nothing to do for so long that it ends. */
interface Activity {
  isIdle: () => boolean
  onActivity: () => void
}

/**
 * Handles backfill messages until the signal is aborted, or until there was nothing to do for `idleMs`. Any number of workers
 * may run: each message goes to one of them.
 *
 * @param options `idleMs`: without end unless given; `ackWaitSeconds`: time after which the message of a silent worker goes to
 *   another one
 */
export async function runBackfillWorker(
  deps: WorkerDeps,
  { idleMs = Number.POSITIVE_INFINITY, ackWaitSeconds }: { idleMs?: number; ackWaitSeconds?: number } = {},
): Promise<void> {
  const idle = new AbortController()
  const activity = trackActivity(idleMs)
  const ids = { stream: STREAMS.jobs.name, consumer: BACKFILL_CONSUMER }
  const signal = AbortSignal.any([deps.signal, idle.signal])
  const options = { name: 'backfill_consumer', policy: RETRY_POLICIES.consumer, log: deps.log, ids, signal }
  await runForever(options, async succeeded => {
    if (activity.isIdle()) {
      idle.abort()
      return 'idle'
    }
    const consumer = await openBackfillConsumer(deps.bus, ackWaitSeconds)
    succeeded()
    await Promise.all(Array.from({ length: SLOTS }, () => runSlot(deps, consumer, activity)))
    return 'busy'
  })
}

function trackActivity(idleMs: number): Activity {
  let lastActiveAt = Date.now()
  return {
    isIdle: () => Date.now() - lastActiveAt > idleMs,
    onActivity: () => {
      lastActiveAt = Date.now()
    },
  }
}

async function runSlot(deps: WorkerDeps, consumer: JobConsumer, { isIdle, onActivity }: Activity): Promise<void> {
  let pullMs = PULL_TIMEOUT_MS
  while (!deps.signal.aborted && !isIdle()) {
    if (await deps.isDiskFull?.()) {
      await sleep(PULL_TIMEOUT_MS, deps.signal)
      continue
    }
    const delivery = await consumer.next(pullMs, deps.signal)
    if (delivery) {
      onActivity()
      await handleDelivery(deps, delivery)
      onActivity()
    } else {
      await enqueueStalledBatches(deps.database)
      const hasMade = await makePreviewsForAWhile(deps)
      if (hasMade) onActivity()
      pullMs = hasMade ? SHORT_PULL_TIMEOUT_MS : PULL_TIMEOUT_MS
    }
  }
}

/** Makes previews while no message waits, for the length of a pull at most: then the slot looks for messages again. */
async function makePreviewsForAWhile(deps: WorkerDeps): Promise<boolean> {
  const deadline = Date.now() + PULL_TIMEOUT_MS
  const makePreviews = async () => {
    let hasMade = false
    while (Date.now() < deadline && !deps.signal.aborted && (await makeNextPreviews(deps))) hasMade = true
    return hasMade
  }
  const results = await Promise.all(Array.from({ length: PREVIEW_CONCURRENCY }, makePreviews))
  return results.includes(true)
}

async function handleDelivery(deps: WorkerDeps, delivery: Delivery): Promise<void> {
  const { data: message } = BackfillMessage.safeParse(delivery.data)
  try {
    if (message) return await getHandler(message)(deps, message, delivery)
    deps.log.warn({ consumer: BACKFILL_CONSUMER, subject: BACKFILL_SUBJECT }, 'backfill_message_invalid')
    delivery.term()
  } catch (err) {
    const { aborted } = deps.signal
    deps.log[aborted ? 'info' : 'error']({ err, run: message?.id, type: message?.type }, 'backfill_message_failed')
    delivery.nak(aborted ? 0 : RETRY_DELAY_MS)
  }
}

function getHandler<Type extends BackfillMessage['type']>(message: { type: Type }): Handler<BackfillMessage['type']> {
  return HANDLERS[message.type] as Handler<BackfillMessage['type']>
}
