import type { ChangePublisher } from './change-publisher.ts'
import type { Channels } from './channels.ts'
import { createResyncEvent } from './event.ts'
import type { EventFollower } from './event-follower.ts'
import type { EventStream } from './event-stream.ts'
import type { OutboxTail } from './outbox-tail.ts'
import { parseChange } from './parse-event.ts'
import type { StreamPosition } from './stream-position.ts'

export interface CatchUpDeps {
  channels: Pick<Channels, 'subscribe'>
  follower: Pick<EventFollower, 'position' | 'getChangesSince' | 'waitForPosition'>
  tail: Pick<OutboxTail, 'listUndelivered'>
  publisher: Pick<ChangePublisher, 'sendFirst'>
}

/** A client that missed changes of more generations than this gets a resync instead. */
const MAX_REPLAYED = 500
/** Time that a client waits for this process to reach a position that another process issued. */
const CATCH_UP_TIMEOUT_MS = 2_000

/** Subscribes the stream of a client that reconnects, and sends it what it missed since its position, or a resync. */
export async function catchUp(
  { channels, follower, tail, publisher }: CatchUpDeps,
  stream: EventStream,
  { workspaceId, from }: { workspaceId: string; from: StreamPosition },
): Promise<void> {
  await follower.waitForPosition(from, CATCH_UP_TIMEOUT_MS, stream.signal)
  const missed = follower.getChangesSince(from, workspaceId)
  const late = tail.listUndelivered().flatMap(event => parseChange(event, 0) ?? [])
  const undelivered = late.filter(change => change.workspaceId === workspaceId)
  // Subscribed in the same tick in which the missed changes are determined: no change falls between the two.
  channels.subscribe(workspaceId, stream)
  if (missed && missed.length + undelivered.length <= MAX_REPLAYED)
    return await publisher.sendFirst(stream, { missed, undelivered, epoch: from.epoch })
  stream.send(createResyncEvent(follower.position()))
}
