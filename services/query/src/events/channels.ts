import { ProblemError } from '@darkroom/infra/http/problem'
import type { Event } from './event.ts'
import { createStream, type EventStream } from './event-stream.ts'

/** The open streams, by workspace. */
export interface Rooms {
  /** Opens a stream. It is told nothing before it has joined. @throws ProblemError `too_many` */
  open(workspaceId: string, overflow: () => Event): EventStream
  join(workspaceId: string, stream: EventStream): void
  /** Whether anybody is to be told of a workspace. */
  isWatched(workspaceId: string): boolean
  /** Sends the same event to all who have joined. */
  tell(workspaceId: string, event: Event): void
  /** All that are open, whether they have joined or not. */
  everyone(): EventStream[]
  joined(): EventStream[]
}

/** @param maxStreams open at once, a workspace */
export function createRooms(maxStreams: number): Rooms {
  const open = new Map<string, Set<EventStream>>()
  const joined = new Map<string, Set<EventStream>>()
  return {
    open: (workspaceId, overflow) => {
      if ((open.get(workspaceId)?.size ?? 0) >= maxStreams) {
        throw new ProblemError('too_many', 'Too many windows of this studio are open.', { retryAfterSeconds: 10 })
      }
      const leave = () => {
        remove(open, workspaceId, stream)
        remove(joined, workspaceId, stream)
      }
      const stream = createStream({ onClose: leave, overflow })
      add(open, workspaceId, stream)
      return stream
    },
    join: (workspaceId, stream) => {
      if (!stream.signal.aborted) add(joined, workspaceId, stream)
    },
    isWatched: workspaceId => joined.has(workspaceId),
    tell: (workspaceId, event) => {
      for (const stream of joined.get(workspaceId) ?? []) stream.send(event)
    },
    everyone: () => [...open.values()].flatMap(streams => [...streams]),
    joined: () => [...joined.values()].flatMap(streams => [...streams]),
  }
}

function add(rooms: Map<string, Set<EventStream>>, workspaceId: string, stream: EventStream): void {
  const room = rooms.get(workspaceId) ?? new Set()
  rooms.set(workspaceId, room.add(stream))
}

function remove(rooms: Map<string, Set<EventStream>>, workspaceId: string, stream: EventStream): void {
  const room = rooms.get(workspaceId)
  room?.delete(stream)
  if (room?.size === 0) rooms.delete(workspaceId)
}
