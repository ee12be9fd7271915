import type { Database } from '@darkroom/infra/database/connection'
import type { Identity } from '@darkroom/infra/http/identity'
import type { Log } from '@darkroom/infra/log'
import { createBatchedReader } from './batched-reader.ts'
import { catchUp } from './catch-up.ts'
import { createChangePublisher } from './change-publisher.ts'
import { createChannels, type StallLimits } from './channels.ts'
import { createGreetingEvent, createNoticeEvent, createResyncEvent, type Notice, PING } from './event.ts'
import { createEventFollower, type EventFollowerDeps } from './event-follower.ts'
import type { EventStream } from './event-stream.ts'
import { createOutboxTail, type OutboxTailDeps } from './outbox-tail.ts'
import { parseChange, parseNotice } from './parse-event.ts'
import { createPreviewForwarder, type PreviewForwarderDeps } from './preview-forwarder.ts'
import { parseEventId, type StreamPosition } from './stream-position.ts'

export interface LiveEventsDeps {
  database: Database
  bus: EventFollowerDeps['bus'] & PreviewForwarderDeps['bus']
  activity?: NonNullable<EventFollowerDeps['activity']>
  log: Log
  /** Limit of open streams per workspace. */
  maxStreams: number
  signal: AbortSignal
  /** Time between two comparisons of the bus's position with what was received, in ms. */
  stallCheckMs?: number
  /** Times and limits of the reading of the outbox. */
  tail?: Pick<OutboxTailDeps, 'pollMs' | 'graceMs' | 'limits'>
  /** Time after which a client that reconnects is not kept waiting for a bus that was never reached, in ms. */
  unreachableMs?: number
  /** Time between two pings, and between two looks for clients that do not read, in ms. */
  pingMs?: number
  /** When a client that does not read is dropped; `STALL_LIMITS` unless given. */
  stallLimits?: StallLimits
  /** Called with the number of rows that each statement requests. */
  onRead?: (rows: number) => void
  /** Called with the number of clients that were dropped because they did not read. */
  onDropped?: (clients: number) => void
}

export interface LiveEvents {
  /**
   * Opens a stream of a workspace's changes. Those of connections reach administrators only.
   *
   * @param lastEventId the `last-event-id` of a client that reconnects
   * @param disconnect closes the connection of the client, read or not
   * @throws ProblemError `too_many` when the workspace has `maxStreams` open streams
   */
  open(identity: Pick<Identity, 'workspaceId' | 'admin'>, lastEventId: string | null, disconnect: () => void): Response
  /** Returns the number of open streams. */
  countStreams(): number
  /** Follows the bus until the signal is aborted, then closes every stream. */
  run(): Promise<void>
}

const PING_MS = 15_000
/** A client that lost events has 30 s to read on; one that only has some waiting may be slow. */
const STALL_LIMITS: StallLimits = { fullMs: 30_000, waitingMs: 180_000 }

/**
 * Creates the live events of this process. The process follows the bus once and reads a changed row once, for any number of
 * clients. An event carries the same document as the list; that of a purged generation its id alone. The event's id is the position of the
 * change: a client that received it has received every earlier change. An event that the bus is late with is read from the outbox and sent
 * without an id; when the bus delivers it, clients receive its position alone.
 */
export function createLiveEvents(deps: LiveEventsDeps): LiveEvents {
  const channels = createChannels(deps.maxStreams)
  const administrators = new WeakSet<EventStream>()
  const reader = createBatchedReader(deps.database, deps.onRead ?? (() => {}))
  const publisher = createChangePublisher({ reader, channels })
  const publishResync = (position: StreamPosition) => {
    tail.clearUndelivered()
    const event = createResyncEvent(position)
    // A stream that is still catching up is not subscribed: `catchUp` detects the gap itself.
    for (const stream of channels.subscribers()) stream.send(event)
  }
  const publishNotice = (notice: Notice) => {
    const event = createNoticeEvent(notice)
    for (const stream of channels.subscribers()) {
      if (notice.kind === 'models' || administrators.has(stream)) stream.send(event)
    }
  }
  const tail = createOutboxTail({
    ...deps,
    ...deps.tail,
    isWatched: () => channels.listWorkspaces().length > 0,
    onEvents: async events => {
      for (const notice of events.flatMap(event => parseNotice(event) ?? [])) publishNotice(notice)
      await publisher.publish(
        events.flatMap(event => parseChange(event, 0) ?? []),
        null,
      )
    },
  })
  const follower = createEventFollower({
    ...deps,
    receive: tail.receive,
    onChanges: publisher.publish,
    onGap: publishResync,
    onNotice: publishNotice,
  })
  const previews = createPreviewForwarder({ ...deps, channels })

  const open: LiveEvents['open'] = ({ workspaceId, admin }, lastEventId, disconnect) => {
    const onOverflow = () => createResyncEvent(follower.position())
    const stream = channels.openStream(workspaceId, { onOverflow, disconnect })
    if (admin) administrators.add(stream)
    const from = lastEventId === null ? null : parseEventId(lastEventId)
    // A client that reconnects stays at its position until it has received what it missed.
    stream.send(createGreetingEvent(from ? null : follower.position()))
    if (from) {
      void catchUp({ channels, follower, tail, publisher }, stream, { workspaceId, from }).catch(err => {
        deps.log.warn({ err, workspaceId, ...from }, 'client_catch_up_failed')
        stream.close()
      })
    } else {
      if (from === undefined) stream.send(createResyncEvent(follower.position()))
      channels.subscribe(workspaceId, stream)
    }
    previews.announce(workspaceId)
    return stream.response
  }
  const dropStalled = () => {
    const dropped = channels.dropStalled(deps.stallLimits ?? STALL_LIMITS)
    for (const ids of dropped) deps.log.warn(ids, 'event_client_dropped')
    deps.onDropped?.(dropped.length)
  }
  const run = async () => {
    const pingTimer = setInterval(() => {
      dropStalled()
      for (const stream of channels.openStreams()) stream.send(PING)
    }, deps.pingMs ?? PING_MS)
    await Promise.all([follower.run(), tail.run(), previews.run()]).finally(() => clearInterval(pingTimer))
    for (const stream of channels.openStreams()) stream.close()
  }
  return { open, countStreams: () => channels.openStreams().length, run }
}
