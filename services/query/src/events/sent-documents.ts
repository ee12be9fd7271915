import type { EventStream } from './event-stream.ts'

/** The documents that were sent last, so that a stream is not sent the same one twice. */
export interface SentDocuments {
  /**
   * Records that a generation's document is sent to all streams of its workspace. To be called once for each publication, and the returned
   * function for each of these streams.
   *
   * @returns a function that returns whether a stream has received this document before
   */
  record(id: string, hash: number | bigint): (stream: EventStream) => boolean
  /** Records that a document is sent to one stream, as one that it missed. */
  recordMissed(stream: EventStream, id: string, hash: number | bigint): void
}

/** A document that is forgotten is sent once more. */
const MAX_DOCUMENTS = 10_000
const REMOVED = 0n

/** Returns the hash of a document (JSON text); of none, that of a generation that is purged. */
export function hashDocument(document: string | undefined): number | bigint {
  return document === undefined ? REMOVED : Bun.hash(document)
}

export function createSentDocuments(): SentDocuments {
  const last = new Map<string, { hash: number | bigint; at: number }>()
  /** The publication that was the first one of a stream. */
  const joined = new WeakMap<EventStream, number>()
  const missed = new WeakMap<EventStream, Map<string, number | bigint>>()
  let publications = 0
  const join = (stream: EventStream, at: number) => {
    const first = joined.get(stream) ?? at
    joined.set(stream, first)
    return first
  }
  const takeMissed = (stream: EventStream, id: string) => {
    const documents = missed.get(stream)
    const hash = documents?.get(id)
    documents?.delete(id)
    return hash
  }
  return {
    record: (id, hash) => {
      const at = ++publications
      const before = last.get(id)
      last.delete(id)
      last.set(id, { hash, at })
      const [oldest] = last.keys()
      if (last.size > MAX_DOCUMENTS && oldest !== undefined) last.delete(oldest)
      const sentAt = before?.hash === hash ? before.at : Number.NEGATIVE_INFINITY
      return stream => {
        const hasReceived = join(stream, at) <= sentAt
        return takeMissed(stream, id) === hash || hasReceived
      }
    },
    recordMissed: (stream, id, hash) => {
      const documents = missed.get(stream) ?? new Map()
      missed.set(stream, documents.set(id, hash))
    },
  }
}
