import { createHash } from 'node:crypto'

/**
 * Returns the `prompt_id` of a call: a UUID that follows from its idempotency key, so that it is known before the call is made, and is
 * the same in every process.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.8
 */
export function createPromptId(idempotencyKey: string): string {
  const bytes = createHash('sha256').update(`darkroom prompt ${idempotencyKey}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
