import { hasEmbeddedFile, type Scalar } from '@darkroom/contracts/parameters'

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

/** Converts what a file records: values of other types than they should have are left out. */
export function createMetadata({ source, prompt, model, ...raw }: RawMetadata): ImageMetadata {
  const digits = /^\d{1,20}$/.test(String(raw.seed ?? '')) ? String(raw.seed) : null
  const isLarge = digits !== null && !Number.isSafeInteger(Number(digits))
  const negative = typeof raw.negative === 'string' ? raw.negative.trim() : ''
  const settings = Object.fromEntries(Object.entries(raw.rest).flatMap(toSetting))
  return {
    source,
    prompt: prompt.trim(),
    model: typeof model === 'string' && model !== '' ? model.slice(0, 200) : null,
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

/** Parses JSON as other programs write it; undefined if it is none. */
export function parseLooseJson(text: string | undefined): unknown {
  try {
    // ComfyUI writes NaN for inputs that have not changed, which is no JSON.
    return JSON.parse((text ?? '').replaceAll(/\bNaN\b/g, 'null'))
  } catch {
    return undefined
  }
}

/** Returns the digits of an integer that was too large for the number as which it was parsed; any other value as it is. */
export function restoreDigits(text: string, value: unknown): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value
  for (const [digits] of text.matchAll(/\d{16,20}/g)) if (Number(digits) === value) return digits
  return value
}

export function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function toPixels(value: unknown): number | null {
  const pixels = Number(value ?? Number.NaN)
  return Number.isInteger(pixels) && pixels > 0 && pixels <= 65_536 ? pixels : null
}

/** Converts a name and a value to a setting: `CFG scale` becomes `cfgScale`; values other than scalars are dropped. */
function toSetting([name, value]: [string, unknown]): [string, Scalar][] {
  const words = name.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  const key = words
    .map((word, index) => (index === 0 ? word.toLowerCase() : word[0]?.toUpperCase() + word.slice(1)))
    .join('')
  if (!/^[A-Za-z]/.test(key)) return []
  if (typeof value === 'number' || typeof value === 'boolean') return [[key, value]]
  if (typeof value !== 'string' || value === '' || value.length > 1_000 || hasEmbeddedFile(value)) return []
  return [[key, /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value]]
}
