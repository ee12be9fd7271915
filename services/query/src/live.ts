import { GenerationChanged } from '@darkroom/contracts/events'
import { STREAMS, workspaceOf } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus'
import type { Database } from '@darkroom/infra/database'
import { backoff, sleep } from '@darkroom/infra/deadline'
import { readGeneration } from '@darkroom/infra/generations'
import type { Log } from '@darkroom/infra/log'
import { ProblemError } from '@darkroom/infra/problem'
import { createStream, type EventStream } from './event-stream.ts'

export interface LiveDeps {
  database: Database
  bus: Bus
  log: Log
  /** Streams open at once, a workspace. */
  maxStreams: number
  signal: AbortSignal
}

export interface Live {
  /** Opens a stream of a workspace's changes. @param lastEventId where the client left off, if it was here before */
  open(workspaceId: string, lastEventId: string | null): Promise<Response>
  /** Follows the bus until the signal is aborted; then every stream is closed. */
  run(): Promise<void>
}

/** A client that was away longer than this many changes reads the list again instead. */
const REPLAY_MOST = 500

/**
 * Live events. However many clients there are, this process follows the bus once and reads a changed row once; what it sends
 * is the same text that the list gives.
 */
export function createLive(deps: LiveDeps): Live {
  const rooms = new Map<string, Set<EventStream>>()
  let place = { epoch: 0, sequence: 0 }

  const tell = (workspaceId: string, text: string) => {
    for (const stream of rooms.get(workspaceId) ?? []) stream.send(text)
  }
  const follow = async () => {
    place = await whereTheBusIs(deps)
    for (const room of rooms.values()) for (const stream of room) stream.send(resync(place))
    for await (const notice of deps.bus.notices({ sequence: place.sequence + 1 }, deps.signal)) {
      place = { ...place, sequence: notice.sequence }
      const workspaceId = workspaceOf(notice.subject)
      const message = GenerationChanged.safeParse(notice.data)
      if (!workspaceId || !message.success || !rooms.get(workspaceId)?.size) continue
      const document = await readGeneration(deps.database, { id: message.data.id, workspaceId })
      if (document !== null) tell(workspaceId, event('generation', document, place))
    }
  }
  const run = async () => {
    for (let failures = 0; !deps.signal.aborted; failures++) {
      await follow().catch(err => deps.log[failures < 3 ? 'info' : 'error']({ err }, 'events broke off'))
      await sleep(backoff(Math.min(failures, 5), { base: 100, most: 3_000 }) + 50, deps.signal)
    }
    for (const room of rooms.values()) for (const stream of room) stream.close()
  }
  const open = async (workspaceId: string, lastEventId: string | null) => {
    const room = rooms.get(workspaceId) ?? new Set()
    if (room.size >= deps.maxStreams) {
      throw new ProblemError('too_many', 'Too many windows of this studio are open.', { retryAfterSeconds: 10 })
    }
    const stream = createStream({ onClose: () => room.delete(stream) })
    room.add(stream)
    rooms.set(workspaceId, room)
    stream.send(`retry: 1000\nid: ${idOf(place)}\n\n`)
    if (lastEventId !== null) await replay(deps, stream, workspaceId, lastEventId, place)
    return stream.response
  }
  return { open, run }
}

/** Sends each generation that changed since the client was here, once, in its present state, or says to read all again. */
async function replay(
  deps: LiveDeps,
  stream: EventStream,
  workspaceId: string,
  lastEventId: string,
  place: { epoch: number; sequence: number },
): Promise<void> {
  const [epoch, sequence] = lastEventId.split('.').map(Number)
  const missed = place.sequence - (sequence ?? Number.NaN)
  if (epoch !== place.epoch || !(missed >= 0) || missed > REPLAY_MOST) return stream.send(resync(place))
  if (missed === 0) return
  const ids = new Set<string>()
  for await (const notice of deps.bus.notices({ sequence: place.sequence - missed + 1 }, stream.signal)) {
    const message = GenerationChanged.safeParse(notice.data)
    if (message.success && workspaceOf(notice.subject) === workspaceId) ids.add(message.data.id)
    if (notice.sequence >= place.sequence) break
  }
  for (const id of ids) {
    const document = await readGeneration(deps.database, { id, workspaceId })
    if (document !== null) stream.send(event('generation', document, place))
  }
}

async function whereTheBusIs({ bus, database }: LiveDeps): Promise<{ epoch: number; sequence: number }> {
  await bus.ensureStreams()
  const [row] = await database<{ epoch: number }[]>`select epoch from bus_epoch where stream = ${STREAMS.events.name}`
  return { epoch: row?.epoch ?? 1, sequence: await bus.lastSequence() }
}

function event(name: string, data: string, place: { epoch: number; sequence: number }): string {
  return `event: ${name}\nid: ${idOf(place)}\ndata: ${data}\n\n`
}

function resync(place: { epoch: number; sequence: number }): string {
  return event('resync', '{}', place)
}

function idOf(place: { epoch: number; sequence: number }): string {
  return `${place.epoch}.${place.sequence}`
}
