import { thumbHashToDataURL } from 'thumbhash'

const MOST_KEPT = 400
const kept = new Map<string, string>()

/**
 * The blurred picture that a thumbhash stands for, as a data URL; undefined if there is none or it cannot be read.
 *
 * @param hash base64
 * @see https://evanw.github.io/thumbhash/
 */
export function placeholderUrl(hash: string | null): string | undefined {
  if (hash === null) return undefined
  const known = kept.get(hash)
  if (known !== undefined) return known
  const url = decode(hash)
  if (url !== undefined) keep(hash, url)
  return url
}

function decode(hash: string): string | undefined {
  try {
    return thumbHashToDataURL(Uint8Array.from(atob(hash), character => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}

function keep(hash: string, url: string) {
  const [oldest] = kept.keys()
  if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest)
  kept.set(hash, url)
}
