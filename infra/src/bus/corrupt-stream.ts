import { STREAMS } from '@darkroom/contracts/subjects'
import type { JetStreamManager, NatsError } from 'nats'
import { sleep } from '../runtime/timers.ts'
import { nullIfNotFound } from './null-if-not-found.ts'

const STREAM_NAMES: readonly string[] = Object.values(STREAMS).map(({ name }) => name)
const MISSING_STREAM_FILE = /\/streams\/(\w+)\/.*no such file/i

/**
 * Access to the streams for repairs. A NATS server before 2.10 that creates a stream while it still removes a deleted one of the same
 * name deletes files of the new stream as well. Such a corrupt stream accepts messages or rejects them without end, and delivers none.
 * It is deleted, and the next `ensureStreams` creates it again. Nothing is lost: its messages follow from rows.
 */
export interface StreamAdmin {
  manager: JetStreamManager
  /** Aborted when the bus is closed. */
  signal: AbortSignal
}

/** Time within which a server removes a deleted stream, in ms. A stream that is created sooner could be corrupt again. */
export const STREAM_DELETION_MS = 500

/** Deletes the corrupt stream that a server's error names. Does nothing for any other error. */
export async function deleteCorruptStream({ manager, signal }: StreamAdmin, error: unknown): Promise<void> {
  const name = parseCorruptStreamName(error)
  if (name === undefined) return
  await manager.streams.delete(name).catch(() => {})
  await sleep(STREAM_DELETION_MS, signal)
}

/**
 * Deletes a stream that has messages but cannot deliver them. One that is stored on several servers is left to them: they repair it from
 * one another, and a new leader may not have read all of it yet.
 *
 * @returns the number of servers that the stream is stored on
 * @throws Error if the stream was deleted
 */
export async function deleteUnreadableStream({ manager, signal }: StreamAdmin, name: string): Promise<number> {
  const { first, replicas } = await readStream(manager, name)
  if (replicas > 1 || first === 0) return replicas
  if (await nullIfNotFound(manager.streams.getMessage(name, { seq: first }))) return replicas
  // The message may have expired a moment ago.
  if ((await readStream(manager, name)).first !== first) return replicas
  await manager.streams.delete(name).catch(() => {})
  await sleep(STREAM_DELETION_MS, signal)
  throw new Error(`stream ${name} could not deliver message ${first} and was deleted, to be created again`)
}

/** Returns the sequence of the first message that a stream reports, 0 if it has none, and the number of servers it is stored on. */
async function readStream(manager: JetStreamManager, name: string): Promise<{ first: number; replicas: number }> {
  const { state, config } = await manager.streams.info(name)
  return { first: state.messages === 0 ? 0 : state.first_seq, replicas: config.num_replicas }
}

function parseCorruptStreamName(error: unknown): string | undefined {
  const description = (error as Partial<NatsError>)?.api_error?.description ?? ''
  const name = MISSING_STREAM_FILE.exec(description)?.[1]?.toUpperCase()
  return name !== undefined && STREAM_NAMES.includes(name) ? name : undefined
}
