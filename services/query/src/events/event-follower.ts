import { GenerationChanged } from '@darkroom/contracts/events'
import { parseWorkspaceId } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import { createChangeBatcher } from './change-batcher.ts'
import { type Change, createReplayBuffer } from './replay-buffer.ts'
import { type BusPosition, readBusPosition, type StreamPosition } from './stream-position.ts'

export interface EventFollowerDeps {
  database: Database
  bus: Bus
  log: Log
  signal: AbortSignal
  /** Takes changes in order, each generation once. When it has returned they count as told; if it throws they come again. */
  onChanges(changes: readonly Change[], epoch: number): Promise<void>
  /** What happened until this place is not known. */
  onGap(position: StreamPosition): void
  /** How often the place of the bus is compared with what has come. */
  stallCheckMs?: number
}

export interface EventFollower {
  /** Up to here everything has been told; null while the bus was never seen. */
  position(): StreamPosition | null
  /** What changed in a workspace after a place; undefined if that is not known. */
  getChangesSince(position: StreamPosition, workspaceId: string): Change[] | undefined
  /**
   * Waits until it is known what changed lately, and then for a place that another process may have given, but for that no
   * longer than `milliseconds`.
   */
  waitForPosition(position: StreamPosition, milliseconds: number, signal: AbortSignal): Promise<void>
  /** Until the signal is aborted. */
  run(): Promise<void>
}

/** Changes remembered, and read again from the bus by a process that begins. */
const REPLAY_CAPACITY = 10_000
const STALL_CHECK_MS = 2_000
const POLL_MS = 25

/**
 * Follows the events of the whole studio over one consumer, whatever becomes of the bus: after a break it goes on where it was,
 * and where that is not possible, because the bus begins anew or has forgotten that far, it says so.
 */
export function createEventFollower(deps: EventFollowerDeps): EventFollower {
  const replayBuffer = createReplayBuffer(REPLAY_CAPACITY)
  let position: StreamPosition | null = null
  let replayState: 'empty' | 'loading' | 'ready' = 'empty'

  /** The sequence to go on from. */
  const resumeFrom = (busPosition: BusPosition): number => {
    const canGoOn =
      position?.epoch === busPosition.epoch &&
      position.sequence <= busPosition.sequence &&
      position.sequence + 1 >= busPosition.first &&
      replayState === 'ready'
    if (position && canGoOn) return position.sequence + 1
    // A stream that never had a message says that its first is 0; the first that it gets is 1.
    const start = Math.max(1, busPosition.first, busPosition.sequence - REPLAY_CAPACITY + 1)
    position = { epoch: busPosition.epoch, sequence: busPosition.sequence }
    replayState = start > busPosition.sequence ? 'ready' : 'loading'
    replayBuffer.reset(start - 1)
    deps.onGap(position)
    return start
  }

  const consumeOnce = async (signal: AbortSignal, onError: (reason: unknown) => void) => {
    await deps.bus.ensureStreams()
    const busPosition = await readBusPosition(deps)
    const start = resumeFrom(busPosition)
    const batcher = createChangeBatcher({
      onBatch: changes => deps.onChanges(changes, busPosition.epoch),
      onProcessed: sequence => {
        position = { epoch: busPosition.epoch, sequence }
      },
      // What cannot be told is not passed over: following breaks off, and begins with it again.
      onError,
      signal,
    })
    const received = { sequence: start - 1 }
    void watchForStall(deps, busPosition.epoch, received, signal).catch(onError)
    for await (const event of deps.bus.consumeEvents({ sequence: start }, signal)) {
      received.sequence = event.sequence
      const change = parseChange(event)
      if (change) replayBuffer.add(change)
      if (event.sequence >= busPosition.sequence) replayState = 'ready'
      if (event.sequence > (position?.sequence ?? 0)) batcher.add(event.sequence, change)
    }
  }

  const run = async () => {
    for (let failures = 0; !deps.signal.aborted; failures++) {
      const attemptController = new AbortController()
      const onError = (reason: unknown) => attemptController.abort(reason)
      const startedAt = performance.now()
      await consumeOnce(AbortSignal.any([deps.signal, attemptController.signal]), onError).catch(onError)
      attemptController.abort(new Error('the bus broke off'))
      if (deps.signal.aborted) return
      if (performance.now() - startedAt > 10 * STALL_CHECK_MS) failures = 0
      deps.log[failures < 3 ? 'info' : 'error']({ err: attemptController.signal.reason }, 'events broke off')
      await sleep(backoff(Math.min(failures, 5), { base: 100, most: 3_000 }) + 50, deps.signal)
    }
  }

  const getChangesSince = (from: StreamPosition, workspaceId: string) => {
    const isCovered = replayState === 'ready' && position?.epoch === from.epoch && from.sequence <= position.sequence
    return isCovered ? replayBuffer.getChangesSince(from.sequence, workspaceId) : undefined
  }
  const waitForPosition = async (target: StreamPosition, milliseconds: number, signal: AbortSignal) => {
    while (replayState !== 'ready' && !signal.aborted) await sleep(POLL_MS, signal)
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])
    const isBehind = () => position?.epoch === target.epoch && position.sequence < target.sequence
    while (isBehind() && !deadline.aborted) await sleep(POLL_MS, deadline)
  }
  return { position: () => position, getChangesSince, waitForPosition, run }
}

/**
 * Compares now and then: a consumer that was lost, or stands beyond the end of a stream that began anew, is silent for ever.
 *
 * @throws Error if the bus is elsewhere than what was received
 */
async function watchForStall(
  deps: EventFollowerDeps,
  epoch: number,
  received: { sequence: number },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const before = received.sequence
    await sleep(deps.stallCheckMs ?? STALL_CHECK_MS, signal)
    if (signal.aborted) return
    const busPosition = await readBusPosition(deps)
    if (busPosition.epoch !== epoch || busPosition.sequence < before) throw new Error('the stream of events began anew')
    if (
      received.sequence === before &&
      busPosition.sequence > before &&
      (await isStalled(deps, received, before, signal))
    ) {
      throw new Error('the stream of events went on without telling')
    }
  }
}

async function isStalled(deps: EventFollowerDeps, received: { sequence: number }, before: number, signal: AbortSignal) {
  await sleep(deps.stallCheckMs ?? STALL_CHECK_MS, signal)
  return received.sequence === before && !signal.aborted
}

function parseChange(event: { subject: string; sequence: number; data: unknown }): Change | undefined {
  const workspaceId = parseWorkspaceId(event.subject)
  const message = GenerationChanged.safeParse(event.data)
  return workspaceId && message.success ? { sequence: event.sequence, workspaceId, id: message.data.id } : undefined
}
