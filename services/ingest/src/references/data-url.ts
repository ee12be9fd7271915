const DATA_URL_HEADER = /^data:([a-z]+\/[a-z0-9.+-]+)?(?:;[a-z0-9-]+=[^;,]*)*;base64,/i
const TYPE_ALIASES: Record<string, string> = { 'image/jpg': 'image/jpeg', 'image/pjpeg': 'image/jpeg' }

/** An invalid data URL. Its message can follow the name of the field in a sentence. */
export class DataUrlError extends Error {
  override readonly name = 'DataUrlError'
}

/** Returns whether a text begins like a data URL. */
export function isDataUrl(text: string): boolean {
  return /^\s*data:/i.test(text)
}

/**
 * Decodes a base64 data URL strictly: characters that are not base64 are refused, not skipped.
 *
 * @returns the bytes, and the claimed MIME type, which the caller must verify
 * @throws DataUrlError
 * @see https://www.rfc-editor.org/rfc/rfc2397
 */
export function parseDataUrl(text: string): { bytes: Uint8Array; claimedType: string | null } {
  const header = DATA_URL_HEADER.exec(text.slice(0, 512))
  if (!header) throw new DataUrlError('is not a base64 data URL')
  const claimed = header[1]?.toLowerCase() ?? null
  return {
    bytes: decodeBase64(text.slice(header[0].length)),
    claimedType: claimed && (TYPE_ALIASES[claimed] ?? claimed),
  }
}

function decodeBase64(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64)
  } catch (cause) {
    throw new DataUrlError('has characters that are not base64', { cause })
  }
}
