import { BackfillMessage } from '@darkroom/contracts/backfill'
import { BACKFILL_CONSUMER, BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Delivery, JobConsumer } from '@darkroom/infra/bus/consumer'
import { transaction } from '@darkroom/infra/database/connection'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import { handleBatch } from './handle-batch.ts'
import { makeNextPreviews } from './previews.ts'
import { countCandidates } from './row-migration/generation-raw-rows.ts'
import { countManifestEntries } from './row-migration/manifest-rows.ts'
import type { MigrateDeps } from './row-migration/migrate-row.ts'
import { beginRun, enqueueStalledBatches, resumeRun, stopRun } from './run-rows.ts'

export interface WorkerDeps extends MigrateDeps {
  bus: Bus
}

const ACK_WAIT_SECONDS = 30
const [PULL_TIMEOUT_MS, SHORT_PULL_TIMEOUT_MS] = [1_000, 50]
const RETRY_DELAY_MS = 1_000
/** A batch, and beside it whatever is asked meanwhile. */
const CONCURRENCY = 2
/** In each slot; each waits for the store most of the time, and the budget holds their memory. */
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

/**
 * Works on backfills until the signal is aborted, or until nothing was asked for a while. Any number may run: each message goes
 * to one of them.
 *
 * @param options `idleMs` without anything to do after which it ends; never unless given; `ackWaitSeconds` after which what a
 *   worker that has fallen silent was at goes to another
 */
export async function runBackfillWorker(
  deps: WorkerDeps,
  { idleMs = Number.POSITIVE_INFINITY, ackWaitSeconds = ACK_WAIT_SECONDS } = {},
): Promise<void> {
  let lastActiveAt = Date.now()
  const isIdle = () => Date.now() - lastActiveAt > idleMs
  for (let failures = 0; !deps.signal.aborted && !isIdle(); failures++) {
    try {
      const consumer = await openBackfillConsumer(deps.bus, ackWaitSeconds)
      failures = 0
      const slots = Array.from({ length: CONCURRENCY }, () =>
        runSlot(deps, consumer, isIdle, () => (lastActiveAt = Date.now())),
      )
      await Promise.all(slots)
    } catch (err) {
      deps.log[failures < 3 ? 'info' : 'error']({ err }, 'the backfill lane broke off')
      await sleep(backoff(failures, { base: 250, most: 5_000 }) + 50, deps.signal)
    }
  }
}

/** The consumer that all workers of backfills share. */
export async function openBackfillConsumer(bus: Bus, ackWaitSeconds = ACK_WAIT_SECONDS): Promise<JobConsumer> {
  await bus.ensureStreams()
  return await bus.consumer({
    name: BACKFILL_CONSUMER,
    subject: BACKFILL_SUBJECT,
    ackWaitSeconds,
  })
}

async function runSlot(
  deps: WorkerDeps,
  consumer: JobConsumer,
  isIdle: () => boolean,
  onActivity: () => void,
): Promise<void> {
  let pullMs = PULL_TIMEOUT_MS
  while (!deps.signal.aborted && !isIdle()) {
    const delivery = await consumer.next(pullMs, deps.signal)
    if (!delivery) {
      await enqueueStalledBatches(deps.database)
      const hasMade = await makePreviewsForAWhile(deps)
      if (hasMade) onActivity()
      pullMs = hasMade ? SHORT_PULL_TIMEOUT_MS : PULL_TIMEOUT_MS
      continue
    }
    onActivity()
    await handleDelivery(deps, delivery).catch(err => {
      deps.log[deps.signal.aborted ? 'info' : 'error']({ err }, 'a step of a backfill broke off')
      delivery.nak(deps.signal.aborted ? 0 : RETRY_DELAY_MS)
    })
    onActivity()
  }
}

/** What nobody has asked for now is done while there is nothing else, and not for long before that is looked at again. */
async function makePreviewsForAWhile(deps: WorkerDeps): Promise<boolean> {
  const deadline = Date.now() + PULL_TIMEOUT_MS
  const make = async () => {
    let made = false
    while (Date.now() < deadline && !deps.signal.aborted && (await makeNextPreviews(deps))) made = true
    return made
  }
  const made = await Promise.all(Array.from({ length: PREVIEW_CONCURRENCY }, make))
  return made.includes(true)
}

async function handleDelivery(deps: WorkerDeps, delivery: Delivery): Promise<void> {
  const message = BackfillMessage.safeParse(delivery.data)
  if (message.success) return await getHandler(message.data)(deps, message.data, delivery)
  deps.log.warn('a message that is none was discarded')
  delivery.term()
}

function getHandler<Type extends BackfillMessage['type']>(message: { type: Type }): Handler<BackfillMessage['type']> {
  return HANDLERS[message.type] as Handler<BackfillMessage['type']>
}
