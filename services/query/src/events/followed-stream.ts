import { sleep } from '@darkroom/infra/runtime/timers'
import { type Change, createReplayBuffer } from './replay-buffer.ts'
import type { BusPosition, StreamPosition } from './stream-position.ts'

/** The event stream as this process has followed it: the position that it reached, and the changes that it can replay. */
export interface FollowedStream {
  /** Returns the position up to which every change was handled; null until the bus was first reached. */
  position(): StreamPosition | null
  /**
   * Returns the sequence to consume from. It is the one after the current position; where the bus has begun a new epoch or no
   * longer has that message, the stream is reset to the bus's position, `onGap` is called, and the replay buffer is filled anew.
   */
  resume(busPosition: BusPosition): number
  /** Records a message that was received. @param change undefined if the message is not a change */
  receive(sequence: number, change: Change | undefined): void
  /** Whether a message is beyond the current position; older ones are received only to fill the replay buffer. */
  isNew(sequence: number): boolean
  markProcessed(position: StreamPosition): void
  /** Returns the changes of a workspace since a position; undefined where they are not all known. */
  getChangesSince(position: StreamPosition, workspaceId: string): Change[] | undefined
  /**
   * Waits until the replay buffer is filled, and then up to `milliseconds` for a position that another process may have issued.
   * Returns without an error when the time is up, the signal is aborted, or the bus was not reached once in some seconds.
   */
  waitForPosition(position: StreamPosition, milliseconds: number, signal: AbortSignal): Promise<void>
}

export interface FollowedStreamDeps {
  /** Changes that the replay buffer holds. */
  capacity: number
  /** Called when the changes up to this position are unknown. */
  onGap(position: StreamPosition): void
  /** Time after which nobody waits for a bus that was never reached, in ms. */
  unreachableMs?: number
}

const POLL_MS = 25
/** A client is not kept waiting for a bus that is away: the outbox has its events. */
const UNREACHABLE_MS = 5_000

export function createFollowedStream(deps: FollowedStreamDeps): FollowedStream {
  const { capacity, onGap, unreachableMs = UNREACHABLE_MS } = deps
  const replayBuffer = createReplayBuffer(capacity)
  let position: StreamPosition | null = null
  let replayUntil = 0
  let replayState: 'empty' | 'loading' | 'ready' = 'empty'

  const reset = ({ epoch, sequence, first }: BusPosition): number => {
    // A stream that never had a message reports 0 as its first; the first that it gets is 1.
    const start = Math.max(1, first, sequence - capacity + 1)
    position = { epoch, sequence }
    replayState = start > sequence ? 'ready' : 'loading'
    replayBuffer.reset(start - 1)
    onGap(position)
    return start
  }
  const resume = (busPosition: BusPosition) => {
    replayUntil = busPosition.sequence
    const canResume = replayState === 'ready' && position && isAvailable(position, busPosition)
    return position && canResume ? position.sequence + 1 : reset(busPosition)
  }
  const receive = (sequence: number, change: Change | undefined) => {
    if (change) replayBuffer.add(change)
    if (sequence >= replayUntil) replayState = 'ready'
  }
  const getChangesSince = (from: StreamPosition, workspaceId: string) => {
    const isCovered = replayState === 'ready' && position?.epoch === from.epoch && from.sequence <= position.sequence
    return isCovered ? replayBuffer.getChangesSince(from.sequence, workspaceId) : undefined
  }
  const waitForPosition = async (target: StreamPosition, milliseconds: number, signal: AbortSignal) => {
    const reachedBy = performance.now() + unreachableMs
    const isUnreachable = () => position === null && performance.now() > reachedBy
    while (replayState !== 'ready' && !isUnreachable() && !signal.aborted) await sleep(POLL_MS, signal)
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])
    const isBehind = () => position?.epoch === target.epoch && position.sequence < target.sequence
    while (isBehind() && !deadline.aborted) await sleep(POLL_MS, deadline)
  }
  return {
    position: () => position,
    resume,
    receive,
    isNew: sequence => sequence > (position?.sequence ?? 0),
    markProcessed: processed => {
      position = processed
    },
    getChangesSince,
    waitForPosition,
  }
}

/** Returns whether the bus still has the message after a position. */
function isAvailable({ epoch, sequence }: StreamPosition, bus: BusPosition): boolean {
  return epoch === bus.epoch && sequence <= bus.sequence && sequence + 1 >= bus.first
}
