import type { Validators } from '../conditional/conditions.ts'
import { isEntityTag } from '../conditional/entity-tags.ts'
import { parseHttpDate } from '../conditional/http-date.ts'

const CONTENT_RANGE = /^bytes \d+-\d+\/(\d+|\*)$/
const UNSATISFIED_RANGE = /^bytes \*\/(\d+)$/

/** Returns what another server says about the version of a file, and the headers that say it to the client: those that are well-formed. */
export function describeRemote(remote: Readonly<Record<string, string>>): {
  validators: Validators
  headers: Record<string, string>
} {
  const { etag = '', 'last-modified': modified = '', 'accept-ranges': ranges } = remote
  const seconds = parseHttpDate(modified, Date.now())
  const lastModified = seconds === undefined ? undefined : new Date(seconds * 1_000)
  return {
    validators: { etag: isEntityTag(etag) ? etag : undefined, lastModified },
    headers: {
      ...(isEntityTag(etag) && { etag }),
      ...(lastModified && { 'last-modified': lastModified.toUTCString() }),
      ...(ranges === 'bytes' && { 'accept-ranges': 'bytes' }),
    },
  }
}

/** Returns the header that says which part was sent; undefined unless it is well-formed. */
export function parseContentRange(text = ''): Record<string, string> | undefined {
  return CONTENT_RANGE.test(text) ? { 'content-range': text, 'accept-ranges': 'bytes' } : undefined
}

/** Returns the size of a file of which no part was sent, as the server says it. */
export function readSize(text = ''): number | undefined {
  const [, size] = UNSATISFIED_RANGE.exec(text) ?? []
  return size === undefined ? undefined : Number(size)
}
