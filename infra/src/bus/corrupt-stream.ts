import { STREAMS } from '@darkroom/contracts/subjects'
import type { JetStreamManager, NatsError } from 'nats'
import { sleep } from '../runtime/timers.ts'
import { nullIfNotFound } from './null-if-not-found.ts'

const STREAM_NAMES: readonly string[] = Object.values(STREAMS).map(({ name }) => name)
const MISSING_STREAM_FILE = /\/streams\/(\w+)\/.*no such file/i

/**
 * A server before 2.10 that is asked to make a stream while it is still clearing away a deleted one of the same name takes the
 * new one's files along. What is left takes messages as if nothing were wrong, or refuses them for ever, and gives none out.
 * Such a wreck is deleted, to be made anew by whoever needs it next: what was in it follows from rows.
 */
export interface StreamAdmin {
  manager: JetStreamManager
  /** Aborted when the bus is left. */
  signal: AbortSignal
}

/** How long a server may take to clear a deleted stream away. Made before that, it would be the next wreck. */
export const STREAM_DELETION_MS = 500

/** Deletes the wreck that an error tells of. @param error what the server said; nothing is done if that is anything else */
export async function deleteCorruptStream({ manager, signal }: StreamAdmin, error: unknown): Promise<void> {
  const name = parseCorruptStreamName(error)
  if (name === undefined) return
  await manager.streams.delete(name).catch(() => {})
  await sleep(STREAM_DELETION_MS, signal)
}

/**
 * Deletes a stream that has messages and cannot give them out.
 *
 * @throws Error if it was one
 */
export async function deleteUnreadableStream({ manager, signal }: StreamAdmin, name: string): Promise<void> {
  const first = await readFirstSequence(manager, name)
  if (first === 0 || (await nullIfNotFound(manager.streams.getMessage(name, { seq: first })))) return
  // It may have been too old just now, and thrown away.
  if ((await readFirstSequence(manager, name)) !== first) return
  await manager.streams.delete(name).catch(() => {})
  await sleep(STREAM_DELETION_MS, signal)
  throw new Error(`the stream ${name} could not be read any more and was deleted, to be made anew`)
}

/** The sequence of the first message that a stream says it has; 0 if it has none. */
async function readFirstSequence(manager: JetStreamManager, name: string): Promise<number> {
  const { state } = await manager.streams.info(name)
  return state.messages === 0 ? 0 : state.first_seq
}

function parseCorruptStreamName(error: unknown): string | undefined {
  const description = (error as Partial<NatsError>)?.api_error?.description ?? ''
  const name = MISSING_STREAM_FILE.exec(description)?.[1]?.toUpperCase()
  return name !== undefined && STREAM_NAMES.includes(name) ? name : undefined
}
