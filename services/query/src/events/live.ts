import type { Database } from '@darkroom/infra/database/connection'
import type { Identity } from '@darkroom/infra/http/identity'
import type { Log } from '@darkroom/infra/log'
import { type BatchedReader, createBatchedReader } from './batched-reader.ts'
import { createChannels, type StallLimits } from './channels.ts'
import {
  createGenerationEvent,
  createGreetingEvent,
  createNoticeEvent,
  createRemovalEvent,
  createResyncEvent,
  type Notice,
  PING,
} from './event.ts'
import { createEventFollower, type EventFollowerDeps } from './event-follower.ts'
import type { EventStream } from './event-stream.ts'
import { createPreviewForwarder, type PreviewForwarderDeps } from './preview-forwarder.ts'
import type { Change } from './replay-buffer.ts'
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
/** A client that missed changes of more generations than this gets a resync instead. */
const MAX_REPLAYED = 500
/** Time that a client waits for this process to reach a position that another process issued. */
const CATCH_UP_TIMEOUT_MS = 2_000

/**
 * Creates the live events of this process. The process follows the bus once and reads a changed row once, for any number of
 * clients. An event carries the same document as the list; that of a purged generation its id alone. The event's id is the position of the change: a client that received it has
 * received every earlier change.
 */
export function createLiveEvents(deps: LiveEventsDeps): LiveEvents {
  const channels = createChannels(deps.maxStreams)
  const administrators = new WeakSet<EventStream>()
  const reader = createBatchedReader(deps.database, deps.onRead ?? (() => {}))
  const publishChanges: EventFollowerDeps['onChanges'] = async (changes, epoch) => {
    const watched = changes.filter(change => channels.hasSubscribers(change.workspaceId))
    for (const { workspaceId, event } of await createEvents(reader, watched, epoch))
      channels.publish(workspaceId, event)
  }
  const publishResync = (position: StreamPosition) => {
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
  const follower = createEventFollower({
    ...deps,
    onChanges: publishChanges,
    onGap: publishResync,
    onNotice: publishNotice,
  })
  const previews = createPreviewForwarder({ ...deps, channels })

  const catchUp = async (stream: EventStream, workspaceId: string, from: StreamPosition) => {
    await follower.waitForPosition(from, CATCH_UP_TIMEOUT_MS, stream.signal)
    const missed = follower.getChangesSince(from, workspaceId)
    // Subscribed in the same tick in which the missed changes are determined: no change falls between the two.
    channels.subscribe(workspaceId, stream)
    if (!missed || missed.length > MAX_REPLAYED) return sendResync(stream)
    await stream.sendFirst(createEvents(reader, missed, from.epoch).then(all => all.map(({ event }) => event)))
  }
  const sendResync = (stream: EventStream) => stream.send(createResyncEvent(follower.position()))

  const open: LiveEvents['open'] = ({ workspaceId, admin }, lastEventId, disconnect) => {
    const onOverflow = () => createResyncEvent(follower.position())
    const stream = channels.openStream(workspaceId, { onOverflow, disconnect })
    if (admin) administrators.add(stream)
    const from = lastEventId === null ? null : parseEventId(lastEventId)
    // A client that reconnects stays at its position until it has received what it missed.
    stream.send(createGreetingEvent(from ? null : follower.position()))
    if (from) {
      void catchUp(stream, workspaceId, from).catch(err => {
        deps.log.warn({ err, workspaceId, ...from }, 'client_catch_up_failed')
        stream.close()
      })
    } else {
      if (from === undefined) sendResync(stream)
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
    await Promise.all([follower.run(), previews.run()]).finally(() => clearInterval(pingTimer))
    for (const stream of channels.openStreams()) stream.close()
  }
  return { open, countStreams: () => channels.openStreams().length, run }
}

/** Creates the event of each change, with the present document of its generation. */
async function createEvents(reader: BatchedReader, changes: readonly Change[], epoch: number) {
  const documents = await readDocumentsByWorkspace(reader, changes)
  return changes.map(({ workspaceId, id, sequence }) => {
    const document = documents.get(workspaceId)?.get(id)
    const position = { epoch, sequence }
    // One without a document is purged.
    const event =
      document === undefined ? createRemovalEvent(id, position) : createGenerationEvent(id, document, position)
    return { workspaceId, event }
  })
}

/** Reads the documents of changed generations, by workspace and id. */
async function readDocumentsByWorkspace(
  reader: BatchedReader,
  changes: readonly Change[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const changesByWorkspace = Map.groupBy(changes, change => change.workspaceId)
  const read = [...changesByWorkspace].map(async ([workspaceId, changed]) => {
    const ids = changed.map(change => change.id)
    return [workspaceId, await reader.read(workspaceId, ids)] as const
  })
  return new Map(await Promise.all(read))
}
