import { drawThumbhash } from './thumbhash-icon.ts'

const MAX_CACHED = 400
/** In pixels. It is blurred anyway, and a longer URL takes the browser longer to read, at each tile that comes into view. */
const LONGEST_EDGE = 16
const cachedUrls = new Map<string, string>()

/**
 * Returns the blurred image of a thumbhash as a data URL; undefined if the hash is null or cannot be decoded.
 *
 * @param hash base64
 * @see https://evanw.github.io/thumbhash/
 */
export function placeholderUrl(hash: string | null): string | undefined {
  if (hash === null) return undefined
  const cached = cachedUrls.get(hash)
  if (cached !== undefined) return cached
  const url = decode(hash)
  if (url !== undefined) cacheUrl(hash, url)
  return url
}

function decode(hash: string): string | undefined {
  try {
    const icon = drawThumbhash(fromBase64(hash), LONGEST_EDGE)
    return icon && `data:image/x-icon;base64,${toBase64(icon)}`
  } catch {
    return undefined
  }
}

function fromBase64(base64: string): Uint8Array {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** Encodes bytes as base64. Browsers of before 2025 have no method for it. */
function toBase64(bytes: Uint8Array): string {
  return typeof bytes.toBase64 === 'function' ? bytes.toBase64() : btoa(String.fromCharCode(...bytes))
}

function cacheUrl(hash: string, url: string) {
  const [oldest] = cachedUrls.keys()
  if (cachedUrls.size >= MAX_CACHED && oldest !== undefined) cachedUrls.delete(oldest)
  cachedUrls.set(hash, url)
}
