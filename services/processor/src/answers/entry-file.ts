import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { toUndefinedIfMissing } from '@darkroom/infra/runtime/error-code'
import { isProcessAlive } from '@darkroom/infra/runtime/process-liveness'
import { z } from 'zod'
import { ProviderError } from '../providers/adapter.ts'

const FAILURE_CODES = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]]

/** The small file beside an answer: the call, its writer, and the answer's headers. */
export const EntryFile = z.object({
  v: z.literal(1),
  generationId: z.uuid(),
  call: z.int().min(0),
  attempt: z.int().min(0),
  provider: z.string(),
  model: z.string(),
  writer: z.object({ id: z.uuid(), pid: z.int(), host: z.string() }),
  /** Whether the call was about to be sent, or was sent. */
  sent: z.boolean(),
  /** Null until the answer has begun. */
  headers: z.record(z.string(), z.string()).nullable(),
  /** Whether the answer has ended: its last byte is on the disk, or there is no more to come. */
  ended: z.boolean(),
  failure: z
    .object({
      code: z.enum(FAILURE_CODES),
      failure: z.enum(['retryable', 'permanent', 'unknown']),
      message: z.string(),
      retryAfterSeconds: z.number().nullable(),
    })
    .nullable(),
})
export type EntryFile = z.infer<typeof EntryFile>

/** The writer touches its file this often while the call is under way, in milliseconds. */
export const HEARTBEAT_MS = 3_000
/** A writer of this machine that has not touched its file for this long is frozen, or its pid is another process by now. */
const FROZEN_MS = 60_000
/** A writer of another container, whose pid cannot be looked up, is gone after this. */
const SILENT_MS = 12_000
/** After this the connection of a frozen writer has ended as well, and no more of an answer comes. */
const GONE_MS = 2 * 3_600_000

/** Reads an entry's file; undefined if there is none. @throws ZodError or SyntaxError for one that is unreadable */
export async function readEntryFile(path: string): Promise<EntryFile | undefined> {
  const text = await readFile(path, 'utf8').catch(toUndefinedIfMissing)
  return text === undefined ? undefined : EntryFile.parse(JSON.parse(text))
}

/** State of the process that writes an entry. `silent`: it is frozen, or it runs where this process cannot look. */
export type WriterState = 'alive' | 'silent' | 'dead'

/** The identity of this process, and the paths of the entries that it is writing. */
export interface OwnWriter {
  id: string
  open: ReadonlySet<string>
}

/** Returns the state of the process that writes an entry. */
export async function getWriterState(path: string, file: EntryFile, own: OwnWriter): Promise<WriterState> {
  const { writer } = file
  // An end that could not be written, because the disk was full for example, is one.
  if (writer.id === own.id) return own.open.has(path) ? 'alive' : 'dead'
  const isHere = writer.host === hostname()
  // In a container, earlier processes may have had the same pid.
  if (isHere && (writer.pid === process.pid || !isProcessAlive(writer.pid))) return 'dead'
  const ageMs = await getAgeMs(path)
  if (ageMs > GONE_MS) return 'dead'
  return ageMs < (isHere ? FROZEN_MS : SILENT_MS) ? 'alive' : 'silent'
}

/** Returns the time since a file was written, by the clock of the file system: the clock of a process may be wrong. */
async function getAgeMs(path: string): Promise<number> {
  const probe = `${path}.${crypto.randomUUID()}.new`
  await writeFile(probe, '')
  try {
    const [written, now] = await Promise.all([stat(path).catch(toUndefinedIfMissing), stat(probe)])
    return written ? now.mtimeMs - written.mtimeMs : Number.POSITIVE_INFINITY
  } finally {
    await rm(probe, { force: true })
  }
}

export function toEntryFailure(error: unknown): EntryFile['failure'] {
  const known = error instanceof ProviderError ? error : new ProviderError('unknown_outcome', { cause: error })
  const { code, failure, message, retryAfterSeconds } = known
  return { code, failure, message, retryAfterSeconds }
}

export function toProviderError({ code, ...options }: NonNullable<EntryFile['failure']>): ProviderError {
  return new ProviderError(code, options)
}
