/** Beginnings of images in base64, and their types. */
const BEGINNINGS: readonly [string, string][] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['UklGR', 'image/webp'],
  ['R0lGOD', 'image/gif'],
]
/** A shorter text may be a path. */
const MIN_CHARACTERS = 64
const SAMPLE_CHARACTERS = 1_000

/** Returns the data URL of an image that some systems have as base64 alone; undefined for other texts. */
export function findBareImage(text: string): string | undefined {
  const base64 = text.trimStart()
  const type = BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1]
  if (type === undefined || base64.length < MIN_CHARACTERS) return undefined
  return /^[A-Za-z0-9+/=\s]+$/.test(base64.slice(0, SAMPLE_CHARACTERS)) ? `data:${type};base64,${base64}` : undefined
}
