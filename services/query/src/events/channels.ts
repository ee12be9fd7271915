import { ProblemError } from '@darkroom/infra/http/problem'
import type { ServerSentEvent } from './event.ts'
import { createEventStream, type EventStream, type EventStreamOptions } from './event-stream.ts'

/** The open event streams, by workspace. */
export interface Channels {
  /**
   * Opens a stream. It receives no published events before `subscribe`.
   *
   * @throws ProblemError `too_many` when the workspace has `maxStreams` open streams
   */
  openStream(workspaceId: string, options: Omit<EventStreamOptions, 'onClose'>): EventStream
  subscribe(workspaceId: string, stream: EventStream): void
  /** Whether a workspace has subscribed streams. */
  hasSubscribers(workspaceId: string): boolean
  /** Returns the subscribed streams of a workspace, in the order in which they were subscribed. */
  listSubscribed(workspaceId: string): Iterable<EventStream>
  /** Offers an event to all subscribed streams of a workspace: `EventStream.offer`. */
  offer(workspaceId: string, event: ServerSentEvent): void
  /** Returns the workspaces that have subscribed streams. */
  listWorkspaces(): string[]
  /** Returns all open streams, subscribed or not. */
  openStreams(): EventStream[]
  /** Drops the streams of clients that do not read. @returns the workspace and the silence, in ms, of each */
  dropStalled(limits: StallLimits): { workspaceId: string; stalledMs: number }[]
  subscribers(): EventStream[]
}

/** Times after which a client that reads nothing is dropped, in ms. */
export interface StallLimits {
  /** With a send queue that was too full for all events. */
  fullMs: number
  /** With events that wait. A slow client takes nothing for a while either: the connection buffers some megabytes. */
  waitingMs: number
}

/** @param maxStreams limit of open streams per workspace */
export function createChannels(maxStreams: number): Channels {
  const openByWorkspace = new Map<string, Set<EventStream>>()
  const subscribedByWorkspace = new Map<string, Set<EventStream>>()
  return {
    openStream: (workspaceId, options) => {
      if ((openByWorkspace.get(workspaceId)?.size ?? 0) >= maxStreams) {
        throw new ProblemError('too_many', 'Too many windows of this studio are open.', { retryAfterSeconds: 10 })
      }
      const removeStream = () => {
        deleteStream(openByWorkspace, workspaceId, stream)
        deleteStream(subscribedByWorkspace, workspaceId, stream)
      }
      const stream = createEventStream({ ...options, onClose: removeStream })
      addStream(openByWorkspace, workspaceId, stream)
      return stream
    },
    subscribe: (workspaceId, stream) => {
      if (!stream.signal.aborted) addStream(subscribedByWorkspace, workspaceId, stream)
    },
    hasSubscribers: workspaceId => subscribedByWorkspace.has(workspaceId),
    listSubscribed: workspaceId => subscribedByWorkspace.get(workspaceId) ?? [],
    offer: (workspaceId, event) => {
      for (const stream of subscribedByWorkspace.get(workspaceId) ?? []) stream.offer(event)
    },
    listWorkspaces: () => [...subscribedByWorkspace.keys()],
    openStreams: () => [...openByWorkspace.values()].flatMap(streams => [...streams]),
    dropStalled: limits =>
      [...openByWorkspace].flatMap(([workspaceId, streams]) =>
        [...streams].flatMap(stream => {
          const stall = stream.stall()
          if (!stall || stall.ms < (stall.isFull ? limits.fullMs : limits.waitingMs)) return []
          stream.drop()
          return [{ workspaceId, stalledMs: Math.round(stall.ms) }]
        }),
      ),
    subscribers: () => [...subscribedByWorkspace.values()].flatMap(streams => [...streams]),
  }
}

function addStream(channels: Map<string, Set<EventStream>>, workspaceId: string, stream: EventStream): void {
  const streams = channels.get(workspaceId) ?? new Set()
  channels.set(workspaceId, streams.add(stream))
}

function deleteStream(channels: Map<string, Set<EventStream>>, workspaceId: string, stream: EventStream): void {
  const streams = channels.get(workspaceId)
  streams?.delete(stream)
  if (streams?.size === 0) channels.delete(workspaceId)
}
