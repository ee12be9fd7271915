import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { createBatchedReader } from './batched-reader.ts'
import { createChannels } from './channels.ts'
import { createGenerationEvent, createGreetingEvent, createResyncEvent, PING } from './event.ts'
import { createEventFollower, type EventFollowerDeps } from './event-follower.ts'
import type { EventStream } from './event-stream.ts'
import type { Change } from './replay-buffer.ts'
import { parseEventId, type StreamPosition } from './stream-position.ts'

export interface LiveEventsDeps {
  database: Database
  bus: Bus
  log: Log
  /** Streams open at once, a workspace. */
  maxStreams: number
  signal: AbortSignal
  /** How often the place of the bus is compared with what has come. */
  stallCheckMs?: number
  /** Is told how many rows were read, whenever some are. */
  onRead?: (rows: number) => void
}

export interface LiveEvents {
  /** Opens a stream of a workspace's changes. @param lastEventId where the client left off, if it was here before */
  open(workspaceId: string, lastEventId: string | null): Response
  /** How many streams are open. */
  countStreams(): number
  /** Follows the bus until the signal is aborted; then every stream is closed. */
  run(): Promise<void>
}

const PING_MS = 15_000
/** A client that was away longer than this many generations reads the list again instead. */
const MAX_REPLAYED = 500
/** How long a client waits for this process to know of what another one told it. */
const CATCH_UP_TIMEOUT_MS = 2_000

/**
 * Live events. However many clients there are, this process follows the bus once and reads a changed row once; what it sends
 * is the same text that the list gives. An event's id is the place of its change: who has it has everything up to there.
 */
export function createLiveEvents(deps: LiveEventsDeps): LiveEvents {
  const channels = createChannels(deps.maxStreams)
  const reader = createBatchedReader(deps.database, deps.onRead ?? (() => {}))
  /** Generations that are no more are left out. */
  const createEvents = async (changes: readonly Change[], epoch: number) => {
    const documents = await readDocumentsByWorkspace(reader, changes)
    return changes.flatMap(({ workspaceId, id, sequence }) => {
      const document = documents.get(workspaceId)?.get(id)
      return document === undefined
        ? []
        : [{ workspaceId, event: createGenerationEvent(id, document, { epoch, sequence }) }]
    })
  }
  const publishChanges: EventFollowerDeps['onChanges'] = async (changes, epoch) => {
    const watched = changes.filter(change => channels.hasSubscribers(change.workspaceId))
    for (const { workspaceId, event } of await createEvents(watched, epoch)) channels.publish(workspaceId, event)
  }
  const publishResync = (position: StreamPosition) => {
    const event = createResyncEvent(position)
    // Whoever is being brought up to date finds out by itself whether that is still possible.
    for (const stream of channels.subscribers()) stream.send(event)
  }
  const follower = createEventFollower({ ...deps, onChanges: publishChanges, onGap: publishResync })

  const catchUp = async (stream: EventStream, workspaceId: string, from: StreamPosition) => {
    await follower.waitForPosition(from, CATCH_UP_TIMEOUT_MS, stream.signal)
    const missed = follower.getChangesSince(from, workspaceId)
    // From here on it is told what comes: in the same instant in which what it missed is known.
    channels.subscribe(workspaceId, stream)
    if (!missed || missed.length > MAX_REPLAYED) return sendResync(stream)
    await stream.sendFirst(createEvents(missed, from.epoch).then(all => all.map(({ event }) => event)))
  }
  const sendResync = (stream: EventStream) => stream.send(createResyncEvent(follower.position()))

  const open = (workspaceId: string, lastEventId: string | null) => {
    const stream = channels.openStream(workspaceId, () => createResyncEvent(follower.position()))
    const from = lastEventId === null ? null : parseEventId(lastEventId)
    // Who comes back is where it was until it has been brought further.
    stream.send(createGreetingEvent(from ? null : follower.position()))
    if (from) {
      void catchUp(stream, workspaceId, from).catch(err => {
        deps.log.warn({ err }, 'a client could not be brought up to date')
        stream.close()
      })
    } else {
      if (from === undefined) sendResync(stream)
      channels.subscribe(workspaceId, stream)
    }
    return stream.response
  }
  const run = async () => {
    const pingTimer = setInterval(() => {
      for (const stream of channels.openStreams()) stream.send(PING)
    }, PING_MS)
    await follower.run().finally(() => clearInterval(pingTimer))
    for (const stream of channels.openStreams()) stream.close()
  }
  return { open, countStreams: () => channels.openStreams().length, run }
}

/** The texts of what changed, by workspace. */
async function readDocumentsByWorkspace(
  reader: ReturnType<typeof createBatchedReader>,
  changes: readonly Change[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const changesByWorkspace = Map.groupBy(changes, change => change.workspaceId)
  const read = [...changesByWorkspace].map(async ([workspaceId, changed]) => {
    const ids = changed.map(change => change.id)
    return [workspaceId, await reader.read(workspaceId, ids)] as const
  })
  return new Map(await Promise.all(read))
}
