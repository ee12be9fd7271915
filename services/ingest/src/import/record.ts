import type { Kind, Status } from '@darkroom/contracts/enums'
import { publicError } from '@darkroom/contracts/failures'
import { ImportLine } from '@darkroom/contracts/history/import'
import { LIMITS } from '@darkroom/contracts/limits'
import { isStorable, sanitizeParameters, toStorableText } from '@darkroom/contracts/parameters'

/** A generation of another system, in the terms of this one. */
export interface ImportRecord {
  externalId: string
  prompt: string
  model: string
  kind: Kind
  status: Extract<Status, 'completed' | 'failed' | 'cancelled'>
  error: { code: string; message: string } | null
  parameters: Record<string, unknown>
  outputs: RecordOutput[]
  /** Times in UTC as Postgres reads them, as exact as they were there: `2024-05-01T10:00:00.123456Z`. */
  createdAt: string
  completedAt: string | null
}

/** An output of a record: a file of the folder, or an address. */
export interface RecordOutput {
  url: string | null
  file: string | null
  width: number | null
  height: number | null
  isFavourite: boolean
}

/** A record that cannot be imported. Its message is shown to the person who runs the import. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
}

const STATUS_ALIASES: ReadonlyMap<string, ImportRecord['status']> = new Map([
  ['completed', 'completed'],
  ['complete', 'completed'],
  ['succeeded', 'completed'],
  ['success', 'completed'],
  ['done', 'completed'],
  ['failed', 'failed'],
  ['error', 'failed'],
  ['cancelled', 'cancelled'],
  ['canceled', 'cancelled'],
  ['aborted', 'cancelled'],
])

const MAX_MODEL = 200
const UNFINISHED_ERROR = publicError('imported_unfinished')
const EMPTY_ERROR = publicError('imported_empty')
const FAILED_ERROR = publicError('imported_failed')

/** Parses a line. @throws RecordError naming the first invalid key */
export function parseRecord(line: unknown, now: Date): ImportRecord {
  const parsed = ImportLine.safeParse(line)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new RecordError(`${issue?.path.join('.') || 'the line'}: ${issue?.message}`)
  }
  const { id, prompt, model, modelId, kind, parameters, outputs, createdAt, completedAt } = parsed.data
  const outputRecords = (outputs ?? []).map(({ url, fileUrl, file, width, height }) => ({
    url: url ?? fileUrl ?? null,
    file: file ?? null,
    width: width ?? null,
    height: height ?? null,
    isFavourite: false,
  }))
  if (outputRecords.some(({ url, file }) => !url && !file)) throw new RecordError('outputs: each needs a url or a file')
  assertStorable(parameters ?? {}, 'parameters')
  return {
    externalId: id,
    prompt: sanitizePrompt(prompt ?? ''),
    model: toStorableText(model ?? modelId ?? '', MAX_MODEL) || 'unknown',
    kind: kind ?? 'image',
    ...resolveOutcome(parsed.data, outputRecords.length),
    parameters: parameters ?? {},
    outputs: outputRecords,
    createdAt: (createdAt ?? now).toISOString(),
    completedAt: (completedAt ?? createdAt ?? now).toISOString(),
  }
}

/** Maps the status of another system to an outcome. A generation that is unfinished there counts as failed: it never finishes here. */
function resolveOutcome(line: ImportLine, outputs: number): Pick<ImportRecord, 'status' | 'error'> {
  const status = STATUS_ALIASES.get((line.status ?? 'completed').toLowerCase())
  if (status === 'completed' && outputs > 0) return { status: 'completed', error: null }
  if (status === 'completed') return { status: 'failed', error: EMPTY_ERROR }
  if (status === 'cancelled') return { status: 'cancelled', error: null }
  if (status === undefined && outputs > 0) return { status: 'completed', error: null }
  const errorText = typeof line.error === 'string' ? line.error : line.error?.message
  const message = sanitizeParameters({ error: errorText?.slice(0, LIMITS.errorCharacters) }).error
  return {
    status: 'failed',
    error: message ? { ...FAILED_ERROR, message } : status === 'failed' ? FAILED_ERROR : UNFINISHED_ERROR,
  }
}

/** Returns a prompt without characters that the database cannot store. @throws RecordError if it contains a file */
export function sanitizePrompt(prompt: string): string {
  const text = toStorableText(prompt, LIMITS.promptCharacters)
  if (/;base64,/i.test(text)) throw new RecordError('prompt: holds a file as text')
  return text
}

/**
 * Throws if a text or a key anywhere in a value is one that the database cannot store.
 *
 * @throws RecordError naming where it is
 */
function assertStorable(value: unknown, path: string): void {
  if (typeof value === 'string' && !isStorable(value))
    throw new RecordError(`${path}: has a character that cannot be stored`)
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value)) {
    if (!isStorable(key)) throw new RecordError(`${path}: has a key with a character that cannot be stored`)
    assertStorable(part, `${path}.${key}`)
  }
}
