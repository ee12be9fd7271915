import { STREAMS } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Activity } from '@darkroom/infra/database/activity'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'
import { createChangeBatcher } from './change-batcher.ts'
import type { Notice } from './event.ts'
import { createFollowedStream, type FollowedStream } from './followed-stream.ts'
import type { OutboxTail } from './outbox-tail.ts'
import { parseChange, parseNotice } from './parse-event.ts'
import type { Change } from './replay-buffer.ts'
import { readBusPosition, type StreamPosition } from './stream-position.ts'

export interface EventFollowerDeps {
  database: Database
  bus: Pick<Bus, 'eventBounds' | 'consumeEvents'>
  /** Absent: positions are compared as often in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  log: Log
  signal: AbortSignal
  /**
   * Handles a batch of changes in order, at most one per generation. Resolving acknowledges the batch; rejecting redelivers it.
   */
  onChanges(changes: readonly Change[], epoch: number): Promise<void>
  /** Records that the bus has delivered a message. @returns whether its event was sent before, from the outbox */
  receive?: OutboxTail['receive']
  /** Called with each change of a connection or of the list of models. */
  onNotice?(notice: Notice): void
  /** Called when the changes up to this position are unknown. */
  onGap(position: StreamPosition): void
  /** Time after which nobody waits for a bus that was never reached, in ms. */
  unreachableMs?: number
  /** Time between two comparisons of the bus's position with what was received, in ms. */
  stallCheckMs?: number
}

export interface EventFollower extends Pick<FollowedStream, 'position' | 'getChangesSince' | 'waitForPosition'> {
  /** Follows the stream until the signal is aborted. It never throws. */
  run(): Promise<void>
}

/** Changes in the replay buffer. A process that starts reads this many from the bus again. */
const REPLAY_CAPACITY = 10_000
const STALL_CHECK_MS = 2_000
/** A subscription that lasted this long was working: the back-off after it starts from the beginning. */
const STABLE_MS = 20_000

/**
 * Follows the events of all workspaces over one consumer. After a disconnect it resumes at its position. Where that is not
 * possible, because the bus began a new epoch or no longer has those messages, it reports the gap.
 */
export function createEventFollower(deps: EventFollowerDeps): EventFollower {
  const { log, signal } = deps
  const stream = createFollowedStream({ capacity: REPLAY_CAPACITY, ...deps })
  const { position, getChangesSince, waitForPosition } = stream
  const ids = { stream: STREAMS.events.name }
  const run = () =>
    runForever({ name: 'event_follower', policy: RETRY_POLICIES.subscription, log, ids, signal }, succeeded =>
      consumeUntilFailure(deps, stream, succeeded),
    )
  return { position, getChangesSince, waitForPosition, run }
}

/** @throws always: the error that ended the subscription */
async function consumeUntilFailure(
  deps: EventFollowerDeps,
  stream: FollowedStream,
  succeeded: () => void,
): Promise<never> {
  const subscription = new AbortController()
  const fail = (reason: unknown) => subscription.abort(reason)
  const startedAt = performance.now()
  await consume(deps, stream, AbortSignal.any([deps.signal, subscription.signal]), fail).catch(fail)
  fail(new Error('event subscription ended'))
  if (performance.now() - startedAt > STABLE_MS) succeeded()
  throw subscription.signal.reason
}

async function consume(
  deps: EventFollowerDeps,
  stream: FollowedStream,
  signal: AbortSignal,
  onError: (reason: unknown) => void,
): Promise<void> {
  const busPosition = await readBusPosition(deps)
  const { epoch } = busPosition
  const start = stream.resume(busPosition)
  const batcher = createChangeBatcher({
    onBatch: changes => deps.onChanges(changes, epoch),
    onProcessed: sequence => stream.markProcessed({ epoch, sequence }),
    // A batch that failed is not skipped: the subscription ends, and the next one begins with that batch.
    onError,
    signal,
  })
  const received = { sequence: start - 1 }
  void watchForStall(deps, epoch, received, signal).catch(onError)
  for await (const event of deps.bus.consumeEvents({ sequence: start }, signal)) {
    received.sequence = event.sequence
    const wasRead = deps.receive?.(event.id) ?? false
    const change = parseChange(event, event.sequence)
    stream.receive(event.sequence, change)
    if (!stream.isNew(event.sequence)) continue
    const notice = wasRead ? undefined : parseNotice(event)
    if (notice) deps.onNotice?.(notice)
    batcher.add(event.sequence, change)
  }
}

/**
 * Compares the bus's position with what was received, periodically: a consumer that was lost, or whose start is beyond the end
 * of a stream that was reset, delivers nothing and reports no error.
 *
 * @throws Error if the stream was reset, or has messages that were not delivered
 */
async function watchForStall(
  deps: EventFollowerDeps,
  epoch: number,
  received: { sequence: number },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const before = received.sequence
    await (deps.activity?.wait ?? sleep)(deps.stallCheckMs ?? STALL_CHECK_MS, signal)
    if (signal.aborted) return
    const bus = await readBusPosition(deps)
    if (bus.epoch !== epoch || bus.sequence < before) {
      throw new Error(`event stream was reset: from ${epoch}.${before} to ${bus.epoch}.${bus.sequence}`)
    }
    if (received.sequence === before && bus.sequence > before && (await isStalled(deps, received, before, signal))) {
      throw new Error(`event consumer delivered nothing after sequence ${before}; the stream is at ${bus.sequence}`)
    }
  }
}

async function isStalled(
  { stallCheckMs = STALL_CHECK_MS }: EventFollowerDeps,
  received: { sequence: number },
  before: number,
  signal: AbortSignal,
): Promise<boolean> {
  await sleep(stallCheckMs, signal)
  return received.sequence === before && !signal.aborted
}
