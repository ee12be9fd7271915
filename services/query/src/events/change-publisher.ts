import type { BatchedReader } from './batched-reader.ts'
import type { Channels } from './channels.ts'
import { createGenerationEvent, createPositionEvent, createRemovalEvent, type ServerSentEvent } from './event.ts'
import type { EventStream } from './event-stream.ts'
import type { Change } from './replay-buffer.ts'
import { createSentDocuments, hashDocument } from './sent-documents.ts'
import type { StreamPosition } from './stream-position.ts'

export interface ChangePublisher {
  /**
   * Sends changes, in order, to the subscribed streams of their workspaces: the document that a generation has by now, or its removal. A
   * stream that has this document is sent the position alone.
   *
   * @param epoch null: the changes have no position
   */
  publish(changes: readonly Change[], epoch: number | null): Promise<void>
  /** Sends a subscribed stream what it missed, before all that is published meanwhile. */
  sendFirst(stream: EventStream, missed: MissedChanges): Promise<void>
}

export interface MissedChanges {
  missed: readonly Change[]
  /** Changes that the bus has not delivered, so that they have no position. */
  undelivered: readonly Change[]
  /** Epoch of the positions. */
  epoch: number
}

export interface ChangePublisherDeps {
  reader: BatchedReader
  channels: Pick<Channels, 'hasSubscribers' | 'listSubscribed'>
}

interface DocumentEvent {
  workspaceId: string
  id: string
  /** Hash of the document. */
  hash: number | bigint
  position: StreamPosition | null
  event: ServerSentEvent
  /** The event for a stream that is at this position or a later one already. */
  unpositionedEvent: ServerSentEvent
  /** The event for a stream that has the document; null: none. */
  positionEvent: ServerSentEvent | null
}

/**
 * Creates a publisher. It publishes one call after the other, because a document that was read earlier must not be sent later.
 */
export function createChangePublisher({ reader, channels }: ChangePublisherDeps): ChangePublisher {
  const sent = createSentDocuments()
  /** Position of what a stream was sent first. A publication that was under way then has changes up to it as well. */
  const starts = new WeakMap<EventStream, StreamPosition>()
  let previous: Promise<void> = Promise.resolve()
  const publishNow = async (changes: readonly Change[], epoch: number | null) => {
    const watched = findLastChanges(changes).filter(change => channels.hasSubscribers(change.workspaceId))
    for (const change of await createEvents(reader, watched, epoch)) {
      const hasReceived = sent.record(change.id, change.hash)
      for (const stream of channels.listSubscribed(change.workspaceId)) {
        const isPassed = isAtOrBefore(change.position, starts.get(stream))
        const event = chooseEvent(change, { hasReceived: hasReceived(stream), isPassed })
        if (event) stream.send(event)
      }
    }
  }
  return {
    publish: async (changes, epoch) => {
      const publishing = previous.then(() => publishNow(changes, epoch))
      previous = publishing.catch(() => {})
      await publishing
    },
    sendFirst: async (stream, { missed, undelivered, epoch }) => {
      const positioned = new Set(missed.map(({ id }) => id))
      const last = missed.at(-1)
      if (last) starts.set(stream, { epoch, sequence: last.sequence })
      const others = findLastChanges(undelivered).filter(({ id }) => !positioned.has(id))
      const create = async () => {
        const events = [...(await createEvents(reader, missed, epoch)), ...(await createEvents(reader, others, null))]
        for (const { id, hash } of events) sent.recordMissed(stream, id, hash)
        return events.map(({ event }) => event)
      }
      await stream.sendFirst(create())
    },
  }
}

function chooseEvent(
  { event, unpositionedEvent, positionEvent }: DocumentEvent,
  { hasReceived, isPassed }: { hasReceived: boolean; isPassed: boolean },
): ServerSentEvent | null {
  if (isPassed) return hasReceived ? null : unpositionedEvent
  return hasReceived ? positionEvent : event
}

function isAtOrBefore(position: StreamPosition | null, start: StreamPosition | undefined): boolean {
  return position !== null && position.epoch === start?.epoch && position.sequence <= start.sequence
}

/** Returns the last change of each generation, in the order of these. */
function findLastChanges(changes: readonly Change[]): Change[] {
  const last = new Map<string, Change>()
  for (const change of changes) {
    last.delete(change.id)
    last.set(change.id, change)
  }
  return [...last.values()]
}

async function createEvents(
  reader: BatchedReader,
  changes: readonly Change[],
  epoch: number | null,
): Promise<DocumentEvent[]> {
  const documents = await readDocumentsByWorkspace(reader, changes)
  return changes.map(({ workspaceId, id, sequence }) => {
    const document = documents.get(workspaceId)?.get(id)
    const position = epoch === null ? null : { epoch, sequence }
    return {
      ...{ workspaceId, id, hash: hashDocument(document), position },
      event: createDocumentEvent(id, document, position),
      // Seldom needed.
      get unpositionedEvent() {
        return createDocumentEvent(id, document, null)
      },
      positionEvent: position && createPositionEvent(position),
    }
  })
}

/** Creates the event of a document. A generation without one is purged. */
function createDocumentEvent(
  id: string,
  document: string | undefined,
  position: StreamPosition | null,
): ServerSentEvent {
  return document === undefined ? createRemovalEvent(id, position) : createGenerationEvent(id, document, position)
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
