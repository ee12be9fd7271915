import { isTimestamp } from '@darkroom/contracts/history/time'

/** A keyset position in a list: the creation time of a generation, as text with microseconds, and its id. */
export interface Cursor {
  createdAt: string
  id: string
}

const CURSOR_PATTERN =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)\|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/
const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** Encodes a cursor for a URL. The time stays text throughout: a `Date` has no microseconds and would lose rows. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.createdAt}|${cursor.id}`).toString('base64url')
}

/** Decodes the text that `encodeCursor` returns; anything else gives undefined. */
export function decodeCursor(text: string): Cursor | undefined {
  const match = CURSOR_PATTERN.exec(Buffer.from(text, 'base64url').toString('latin1'))
  const [, createdAt, id] = match ?? []
  if (createdAt === undefined || id === undefined) return undefined
  const cursor = { createdAt, id }
  return encodeCursor(cursor) === text && isTimestamp(createdAt) ? cursor : undefined
}

/**
 * Returns the cursor just before everything created at or after a time; undefined for a time that does not exist.
 *
 * @param timestamp ISO 8601: a date, or a date and time with an offset
 */
export function createCursorAt(timestamp: string): Cursor | undefined {
  const time = new Date(timestamp)
  if (Number.isNaN(time.getTime())) return undefined
  const createdAt = time.toISOString().replace('Z', '000Z')
  return CURSOR_PATTERN.test(`${createdAt}|${NIL_UUID}`) && isTimestamp(createdAt)
    ? { createdAt, id: NIL_UUID }
    : undefined
}
