/**
 * Blanks may stand between its parts: people paste it from files whose lines are broken. A parameter in quotes may have commas
 * in it. No text matches both forms of a parameter: one of many would be read in very many ways.
 */
const DATA_URL_HEADER =
  /^data:\s*([a-z]+\/[a-z0-9.+-]+)?\s*(?:;\s*[a-z0-9-]+\s*=(?:\s*"[^"]*"\s*(?=;)|(?!\s*"[^"]*"\s*;)[^;,]*))*;\s*base64\s*,/i
/** Longest text before the bytes. */
const MAX_HEADER_CHARACTERS = 512
/** Characters of base64, and blanks, as URLs may have them. */
const ESCAPED = /%(?:2B|2F|3D|0D|0A|20)/gi
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
 * Decodes a base64 data URL strictly: blanks and line breaks are skipped, other characters that are not base64 are refused.
 *
 * @returns the bytes, and the claimed MIME type, which the caller must verify
 * @throws DataUrlError
 * @see https://www.rfc-editor.org/rfc/rfc2397
 */
export function parseDataUrl(url: string): { bytes: Uint8Array; claimedType: string | null } {
  const text = url.trimStart()
  const header = DATA_URL_HEADER.exec(text.slice(0, MAX_HEADER_CHARACTERS))
  if (!header) throw new DataUrlError('is not a base64 data URL')
  const claimed = header[1]?.toLowerCase() ?? null
  return {
    bytes: decodeBase64(text.slice(header[0].length)),
    claimedType: claimed && (TYPE_ALIASES[claimed] ?? claimed),
  }
}

function decodeBase64(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64.includes('%') ? base64.replace(ESCAPED, decodeURIComponent) : base64)
  } catch (cause) {
    throw new DataUrlError('has characters that are not base64', { cause })
  }
}
