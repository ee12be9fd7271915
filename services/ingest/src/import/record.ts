import type { Kind, Status } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import { toStorableText } from '@darkroom/contracts/parameters'

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
  /** Name of who made it. */
  author?: string
  /** External id of the generation that it was made from, which is imported before. */
  parentId?: string
  /** Whether it is deleted there: here it is in the trash. */
  isTrashed?: boolean
}

/** An output of a record: a file of the folder, an address, or the image itself as text. With both, the address is for a file that is absent. */
export interface RecordOutput {
  url: string | null
  file: string | null
  /** The image as a base64 data URL. */
  dataUrl?: string
  width: number | null
  height: number | null
  isFavourite: boolean
}

/** A record that cannot be imported. Its message is shown to the person who runs the import. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
}

/** Returns a prompt without characters that the database cannot store. @throws RecordError if it contains a file */
export function sanitizePrompt(prompt: string): string {
  const text = toStorableText(prompt, LIMITS.promptCharacters)
  if (/;base64,/i.test(text)) throw new RecordError('prompt: holds a file as text')
  return text
}
