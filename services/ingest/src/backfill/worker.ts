import { BackfillMessage } from '@darkroom/contracts/backfill'
import { BACKFILL_CONSUMER, BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Delivery, Lane } from '@darkroom/infra/bus/consumer'
import { transaction } from '@darkroom/infra/database/connection'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import { countCandidates } from './generation-raw-rows.ts'
import { countEntries } from './manifest-rows.ts'
import type { MoveDeps } from './migrate-row.ts'
import { makeNextPreviews } from './previews.ts'
import { workOnBatch } from './run-batch.ts'
import { announceStalled, beginRun, resumeRun, stopRun } from './run-rows.ts'

export interface WorkerDeps extends MoveDeps {
  bus: Bus
}

const ACK_WAIT_SECONDS = 30
const [PULL_MS, SHORT_PULL_MS] = [1_000, 50]
const RETRY_MS = 1_000
/** A batch, and beside it whatever is asked meanwhile. */
const AT_ONCE = 2
/** In each slot; each waits for the store most of the time, and the budget holds their memory. */
const PREVIEWS_AT_ONCE = 6

type Handler<Type extends BackfillMessage['type']> = (
  deps: WorkerDeps,
  message: Extract<BackfillMessage, { type: Type }>,
  delivery: Delivery,
) => Promise<void>

const HANDLERS: { [Type in BackfillMessage['type']]: Handler<Type> } = {
  'backfill.requested': async (deps, { id, options }, delivery) => {
    const total =
      options.kind === 'move' ? await countCandidates(deps.database) : await countEntries(deps.database, options.of)
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
  'backfill.batch': workOnBatch,
}

/**
 * Works on backfills until the signal is aborted, or until nothing was asked for a while. Any number may run: each message goes
 * to one of them.
 *
 * @param options `idleMs` without anything to do after which it ends; never unless given; `ackWaitSeconds` after which what a
 *   worker that has fallen silent was at goes to another
 */
export async function workOnBackfills(
  deps: WorkerDeps,
  { idleMs = Number.POSITIVE_INFINITY, ackWaitSeconds = ACK_WAIT_SECONDS } = {},
): Promise<void> {
  let active = Date.now()
  const isIdle = () => Date.now() - active > idleMs
  for (let failures = 0; !deps.signal.aborted && !isIdle(); failures++) {
    try {
      const lane = await openBackfillLane(deps.bus, ackWaitSeconds)
      failures = 0
      const slots = Array.from({ length: AT_ONCE }, () => runSlot(deps, lane, isIdle, () => (active = Date.now())))
      await Promise.all(slots)
    } catch (err) {
      deps.log[failures < 3 ? 'info' : 'error']({ err }, 'the backfill lane broke off')
      await sleep(backoff(failures, { base: 250, most: 5_000 }) + 50, deps.signal)
    }
  }
}

/** The consumer that all workers of backfills share. */
export async function openBackfillLane(bus: Bus, ackWaitSeconds = ACK_WAIT_SECONDS): Promise<Lane> {
  await bus.ensureStreams()
  return await bus.lane({
    consumer: BACKFILL_CONSUMER,
    subject: BACKFILL_SUBJECT,
    ackWaitSeconds,
  })
}

async function runSlot(deps: WorkerDeps, lane: Lane, isIdle: () => boolean, beat: () => void): Promise<void> {
  let pullMs = PULL_MS
  while (!deps.signal.aborted && !isIdle()) {
    const delivery = await lane.next(pullMs, deps.signal)
    if (!delivery) {
      await announceStalled(deps.database)
      const made = await makeSomePreviews(deps)
      if (made) beat()
      pullMs = made ? SHORT_PULL_MS : PULL_MS
      continue
    }
    beat()
    await handle(deps, delivery).catch(err => {
      deps.log[deps.signal.aborted ? 'info' : 'error']({ err }, 'a step of a backfill broke off')
      delivery.later(deps.signal.aborted ? 0 : RETRY_MS)
    })
    beat()
  }
}

/** What nobody has asked for now is done while there is nothing else, and not for long before that is looked at again. */
async function makeSomePreviews(deps: WorkerDeps): Promise<boolean> {
  const until = Date.now() + PULL_MS
  const make = async () => {
    let made = false
    while (Date.now() < until && !deps.signal.aborted && (await makeNextPreviews(deps))) made = true
    return made
  }
  const made = await Promise.all(Array.from({ length: PREVIEWS_AT_ONCE }, make))
  return made.includes(true)
}

async function handle(deps: WorkerDeps, delivery: Delivery): Promise<void> {
  const message = BackfillMessage.safeParse(delivery.data)
  if (message.success) return await handlerOf(message.data)(deps, message.data, delivery)
  deps.log.warn('a message that is none was discarded')
  delivery.discard()
}

function handlerOf<Type extends BackfillMessage['type']>(message: { type: Type }): Handler<BackfillMessage['type']> {
  return HANDLERS[message.type] as Handler<BackfillMessage['type']>
}
