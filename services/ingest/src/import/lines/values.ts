import { RecordError } from '../record.ts'

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the text of a key, or undefined if it is absent. @throws RecordError if it is something else */
export function toOptionalText(value: unknown, key: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new RecordError(`${key}: is not a text`)
}
