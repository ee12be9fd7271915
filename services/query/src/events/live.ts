import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { createReader } from './batched-reader.ts'
import { createRooms } from './channels.ts'
import { generationEvent, greeting, PING, resyncEvent } from './event.ts'
import { type FollowDeps, follow } from './event-follower.ts'
import type { EventStream } from './event-stream.ts'
import type { Change } from './replay-buffer.ts'
import { type Place, parseId } from './stream-position.ts'

export interface LiveDeps {
  database: Database
  bus: Bus
  log: Log
  /** Streams open at once, a workspace. */
  maxStreams: number
  signal: AbortSignal
  /** How often the place of the bus is compared with what has come. */
  watchMs?: number
  /** Is told how many rows were read, whenever some are. */
  onRead?: (rows: number) => void
}

export interface Live {
  /** Opens a stream of a workspace's changes. @param lastEventId where the client left off, if it was here before */
  open(workspaceId: string, lastEventId: string | null): Response
  /** How many streams are open. */
  streams(): number
  /** Follows the bus until the signal is aborted; then every stream is closed. */
  run(): Promise<void>
}

const PING_MS = 15_000
/** A client that was away longer than this many generations reads the list again instead. */
const REPLAY_MOST = 500
/** How long a client waits for this process to know of what another one told it. */
const BEHIND_MS = 2_000

/**
 * Live events. However many clients there are, this process follows the bus once and reads a changed row once; what it sends
 * is the same text that the list gives. An event's id is the place of its change: who has it has everything up to there.
 */
export function createLive(deps: LiveDeps): Live {
  const rooms = createRooms(deps.maxStreams)
  const reader = createReader(deps.database, deps.onRead ?? (() => {}))
  /** Generations that are no more are left out. */
  const eventsOf = async (changes: readonly Change[], epoch: number) => {
    const documents = await readAll(reader, changes)
    return changes.flatMap(({ workspaceId, id, sequence }) => {
      const document = documents.get(workspaceId)?.get(id)
      return document === undefined ? [] : [{ workspaceId, event: generationEvent(id, document, { epoch, sequence }) }]
    })
  }
  const tellChanges: FollowDeps['onChanges'] = async (changes, epoch) => {
    const watched = changes.filter(change => rooms.isWatched(change.workspaceId))
    for (const { workspaceId, event } of await eventsOf(watched, epoch)) rooms.tell(workspaceId, event)
  }
  const tellGap = (place: Place) => {
    const event = resyncEvent(place)
    // Whoever is being brought up to date finds out by itself whether that is still possible.
    for (const stream of rooms.joined()) stream.send(event)
  }
  const following = follow({ ...deps, onChanges: tellChanges, onGap: tellGap })

  const catchUp = async (stream: EventStream, workspaceId: string, from: Place) => {
    await following.reach(from, BEHIND_MS, stream.signal)
    const missed = following.since(from, workspaceId)
    // From here on it is told what comes: in the same instant in which what it missed is known.
    rooms.join(workspaceId, stream)
    if (!missed || missed.length > REPLAY_MOST) return sendResync(stream)
    await stream.sendFirst(eventsOf(missed, from.epoch).then(all => all.map(({ event }) => event)))
  }
  const sendResync = (stream: EventStream) => stream.send(resyncEvent(following.place()))

  const open = (workspaceId: string, lastEventId: string | null) => {
    const stream = rooms.open(workspaceId, () => resyncEvent(following.place()))
    const from = lastEventId === null ? null : parseId(lastEventId)
    // Who comes back is where it was until it has been brought further.
    stream.send(greeting(from ? null : following.place()))
    if (from) {
      void catchUp(stream, workspaceId, from).catch(err => {
        deps.log.warn({ err }, 'a client could not be brought up to date')
        stream.close()
      })
    } else {
      if (from === undefined) sendResync(stream)
      rooms.join(workspaceId, stream)
    }
    return stream.response
  }
  const run = async () => {
    const pinging = setInterval(() => {
      for (const stream of rooms.everyone()) stream.send(PING)
    }, PING_MS)
    await following.run().finally(() => clearInterval(pinging))
    for (const stream of rooms.everyone()) stream.close()
  }
  return { open, streams: () => rooms.everyone().length, run }
}

/** The texts of what changed, by workspace. */
async function readAll(
  reader: ReturnType<typeof createReader>,
  changes: readonly Change[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const rooms = Map.groupBy(changes, change => change.workspaceId)
  const read = [...rooms].map(async ([workspaceId, changed]) => {
    const ids = changed.map(change => change.id)
    return [workspaceId, await reader.read(workspaceId, ids)] as const
  })
  return new Map(await Promise.all(read))
}
