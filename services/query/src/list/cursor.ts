/** A place between two generations of a list: the time of one, in microseconds, as text, and its id. */
export interface Cursor {
  createdAt: string
  id: string
}

const CURSOR_PATTERN =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)\|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/
const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** A cursor as people pass it on. Time is text all the way: a `Date` has no microseconds and would lose rows. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.createdAt}|${cursor.id}`).toString('base64url')
}

/** What `encodeCursor` gave, or undefined for anything it did not give. */
export function decodeCursor(text: string): Cursor | undefined {
  const match = CURSOR_PATTERN.exec(Buffer.from(text, 'base64url').toString('latin1'))
  const [, createdAt, id] = match ?? []
  if (createdAt === undefined || id === undefined) return undefined
  const cursor = { createdAt, id }
  return encodeCursor(cursor) === text && isValidTime(createdAt) ? cursor : undefined
}

/** The place just before everything that was made from a moment on. @param timestamp in ISO 8601, a day or with its zone */
export function createCursorAt(timestamp: string): Cursor | undefined {
  const time = new Date(timestamp)
  if (Number.isNaN(time.getTime())) return undefined
  const createdAt = time.toISOString().replace('Z', '000Z')
  return CURSOR_PATTERN.test(`${createdAt}|${NIL_UUID}`) && isValidTime(createdAt)
    ? { createdAt, id: NIL_UUID }
    : undefined
}

/** Whether there is such a moment: `Date` turns the 31st of February into March, and knows a year 0, both of which Postgres refuses. */
function isValidTime(text: string): boolean {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()) || text.startsWith('0000')) return false
  return time.toISOString().slice(0, 23) === text.slice(0, 23)
}
