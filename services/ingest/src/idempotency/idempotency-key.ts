import { Uuid } from '@darkroom/contracts/generation'
import { throwValidationError } from '../validation-error.ts'

const MAX_CHARACTERS = 255
/** A text in quotes, with escapes of quotes and backslashes. @see https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3 */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/
/** Printable characters but quotes, and what separates several values or their parameters. */
const BARE = /^[!#-+.-:<-~-]+$/

/**
 * Reads the header `Idempotency-Key`: a text in quotes, as its draft has it, or without, as many clients send it. A UUID is used itself, any
 * other text becomes the UUID that its workspace always has for it.
 *
 * @returns undefined without the header
 * @throws ProblemError `invalid` for a value that is no single text, or too long
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function readIdempotencyKey({ headers }: Request, workspaceId: string): string | undefined {
  const header = headers.get('idempotency-key')
  if (header === null) return undefined
  const key = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1') ?? BARE.exec(header)?.[0]
  if (!key || key.length > MAX_CHARACTERS) {
    const message = `must be one text of 1 to ${MAX_CHARACTERS} printable characters, in quotes if it has blanks, commas or semicolons`
    throwValidationError([{ path: 'Idempotency-Key', message }])
  }
  return Uuid.safeParse(key).data ?? Bun.randomUUIDv5(key, workspaceId)
}
