import { hasEmbeddedFile, type Scalar, toStorableText } from '@darkroom/contracts/parameters'

/** The prompt, model and settings that an image file records. */
export interface ImageMetadata {
  /** The program that wrote them. */
  source: string
  prompt: string
  model: string | null
  /** Size as it was requested, in pixels; null if it is not recorded. */
  width: number | null
  height: number | null
  /** The seed where it is too large for a number, in digits. */
  largeSeed: string | null
  parameters: {
    seed?: number
    negativePrompt?: string
    settings?: Record<string, Scalar>
  }
}

/** The fields that a reader has found in a file, unchecked. */
export interface RawMetadata {
  source: string
  prompt: string
  model: unknown
  negative: unknown
  seed: unknown
  width: unknown
  height: unknown
  /** All other settings. */
  rest: object
}

/** Longest names of models and values of settings that are read, in characters, and most settings. */
const [MAX_MODEL, MAX_VALUE, MAX_SETTINGS] = [200, 1_000, 64]
const MAX_SETTING_NAME = 64
/** Most names that are looked at for settings: a file may have any number. */
const MAX_NAMES = 1_000

/**
 * Converts what a file records: values of other types than they should have are left out, and characters that the database cannot
 * store.
 */
export function createMetadata({ source, prompt, model, ...raw }: RawMetadata): ImageMetadata {
  const seedText = toText(raw.seed)
  const digits = /^\d{1,20}$/.test(seedText) ? seedText : null
  const isLarge = digits !== null && !Number.isSafeInteger(Number(digits))
  const negative = typeof raw.negative === 'string' ? toStorable(raw.negative).trim() : ''
  const settings = Object.fromEntries(
    Object.entries(raw.rest).slice(0, MAX_NAMES).flatMap(toSetting).slice(0, MAX_SETTINGS),
  )
  return {
    source,
    prompt: toStorable(prompt).trim(),
    model: typeof model === 'string' && model !== '' ? toStorableText(model, MAX_MODEL) : null,
    width: toPixels(raw.width),
    height: toPixels(raw.height),
    largeSeed: isLarge ? digits : null,
    parameters: {
      ...(digits !== null && !isLarge ? { seed: Number(digits) } : {}),
      ...(negative ? { negativePrompt: negative } : {}),
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
    },
  }
}

function toStorable(text: string): string {
  return toStorableText(text, text.length)
}

/** Returns the text of a scalar, and nothing for other values: an object may have a `toString` that is no function. */
export function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

export function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function toPixels(value: unknown): number | null {
  const text = toText(value)
  const pixels = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0
  return pixels > 0 && pixels <= 65_536 ? pixels : null
}

/** Converts a name and a value to a setting: `CFG scale` becomes `cfgScale`; values other than scalars are dropped. */
function toSetting([name, value]: [string, unknown]): [string, Scalar][] {
  if (name.length > MAX_SETTING_NAME) return []
  const words = name.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  const key = words
    .map((word, index) => (index === 0 ? word.toLowerCase() : word[0]?.toUpperCase() + word.slice(1)))
    .join('')
  if (!/^[A-Za-z]/.test(key)) return []
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return [[key, value]]
  if (typeof value !== 'string' || value === '' || value.length > MAX_VALUE || hasEmbeddedFile(value)) return []
  return [[key, toNumber(value) ?? toStorable(value)]]
}

/** Returns the number that a text is, unless it is too large for one. */
function toNumber(text: string): number | undefined {
  const number = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}
