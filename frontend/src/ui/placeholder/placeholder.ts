import { decodeBase64, encodeBase64 } from '../base64.ts'
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
    const icon = drawThumbhash(decodeBase64(hash), LONGEST_EDGE)
    return icon && `data:image/x-icon;base64,${encodeBase64(icon)}`
  } catch {
    return undefined
  }
}

function cacheUrl(hash: string, url: string) {
  const [oldest] = cachedUrls.keys()
  if (cachedUrls.size >= MAX_CACHED && oldest !== undefined) cachedUrls.delete(oldest)
  cachedUrls.set(hash, url)
}
