import { ProblemError } from '../problem.ts'

/** Limits on the nesting and the number of values of JSON. */
export interface JsonLimits {
  depth: number
  values: number
}

/** Limits of a body: well above what any valid request has. The longest is a download of ten thousand ids. */
const JSON_LIMITS: JsonLimits = { depth: 8, values: 20_000 }

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const OPENING_BRACKETS = new Set([0x5b, 0x7b])
const CLOSING_BRACKETS = new Set([0x5d, 0x7d])
const SEPARATORS = new Set([0x2c, 0x3a])

/**
 * Parses a JSON body. Its depth and number of values are measured on the bytes before it is parsed: a few megabytes of brackets
 * become a gigabyte of objects, and nesting that the parser accepts overflows the stack of recursive code behind it.
 *
 * @param bytes UTF-8
 * @throws ProblemError `malformed` when it is not JSON; `invalid` when it is too deep, has too many values, or has a key
 *   `__proto__`, which copying the value would silently drop
 */
export function readJson(bytes: Uint8Array): unknown {
  const { depth, values } = measureJson(bytes)
  if (depth > JSON_LIMITS.depth)
    throw new ProblemError('invalid', `The body is nested deeper than ${JSON_LIMITS.depth} levels.`)
  if (values > JSON_LIMITS.values)
    throw new ProblemError('invalid', `The body has more than ${JSON_LIMITS.values} values.`)
  return decodeJson(bytes)
}

/** Returns the depth of JSON and an upper bound of its keys and values. Stops counting once a limit is exceeded. */
export function measureJson(bytes: Uint8Array, limits = JSON_LIMITS): { depth: number; values: number } {
  let [open, depth, values] = [0, 0, 1]
  for (let at = 0; at < bytes.length && depth <= limits.depth && values <= limits.values; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) at = findStringEnd(bytes, at)
    if (OPENING_BRACKETS.has(byte)) depth = Math.max(depth, ++open)
    if (CLOSING_BRACKETS.has(byte)) open -= 1
    if (SEPARATORS.has(byte)) values += 1
  }
  return { depth, values }
}

/** Finds the closing quote of a string. Strings are most of a body: they contain whole images. */
function findStringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), rejectProtoKey)
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    throw new ProblemError('malformed', 'The body is not JSON.', { cause })
  }
}

function rejectProtoKey(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new ProblemError('invalid', 'The body has a key `__proto__`, which is not taken.')
  return value
}
