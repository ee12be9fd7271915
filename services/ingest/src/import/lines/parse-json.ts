import { measureJson } from '@darkroom/infra/http/body/json-body'
import { RecordError } from '../record.ts'

/** Limits of a line. Images as text make lines long, but neither deep nor of many values. */
export const LINE_LIMITS = { bytes: 256 * 1024 * 1024, depth: 64, values: 200_000 }
const NO_JSON = 'is not JSON'

/** Parses the JSON of a line, measured before. Numbers that JavaScript has none for become their digits. @throws RecordError */
export function parseJson(bytes: Uint8Array, limits: typeof LINE_LIMITS): unknown {
  const { depth, values } = measureJson(bytes, limits)
  if (depth > limits.depth) throw new RecordError(`is nested deeper than ${limits.depth} levels`)
  if (values > limits.values) throw new RecordError(`has more than ${limits.values} values`)
  const text = decodeUtf8(bytes)
  try {
    return JSON.parse(text, reviveValue)
  } catch (cause) {
    throw cause instanceof RecordError ? cause : new RecordError(NO_JSON, { cause })
  }
}

/**
 * Parses a text that may be JSON, and again if that is the text of an object or a list: some programs write JSON twice.
 *
 * @returns the text itself if it is no JSON
 * @throws RecordError if it is nested too deeply, or has too many values
 */
export function parseNestedJson(text: string): unknown {
  const value = parseIfJson(text)
  return typeof value === 'string' && /^\s*[[{]/.test(value) ? parseIfJson(value) : value
}

function parseIfJson(text: string): unknown {
  try {
    return parseJson(Buffer.from(text), LINE_LIMITS)
  } catch (error) {
    if (error instanceof RecordError && error.message === NO_JSON) return text
    throw error
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new RecordError('is not UTF-8', { cause })
  }
}

/**
 * Keeps the digits of an integer beyond 2^53, such as a seed, and of a number that would be infinite.
 *
 * @throws RecordError for the key that copying an object would silently drop, or take for its prototype
 * @see https://tc39.es/proposal-json-parse-with-source/
 */
function reviveValue(key: string, value: unknown, context?: { source?: string }): unknown {
  if (key === '__proto__') throw new RecordError('has a key `__proto__`, which is not taken')
  if (typeof value !== 'number') return value
  const isLost = !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))
  return isLost ? (context?.source ?? String(value)) : value
}
