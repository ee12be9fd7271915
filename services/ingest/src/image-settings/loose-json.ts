/** Limits on JSON that other programs wrote: a workflow of thousands of nodes stays far below. */
const JSON_LIMITS = { depth: 100, values: 500_000 }

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_ARRAY, OPEN_OBJECT, CLOSE_ARRAY, CLOSE_OBJECT] = [0x5b, 0x7b, 0x5d, 0x7d]
const [COMMA, COLON, UPPER_N, UPPER_I, MINUS] = [0x2c, 0x3a, 0x4e, 0x49, 0x2d]
/** Numbers that Python writes and that are no JSON, by their first character. */
const NO_NUMBERS: ReadonlyMap<number, string> = new Map([
  [UPPER_N, 'NaN'],
  [UPPER_I, 'Infinity'],
  [MINUS, '-Infinity'],
])
/** Digits that a number may be too small for. */
const MANY_DIGITS = /\d{16}/

/**
 * Parses JSON as other programs write it: `NaN` and `Infinity`, which are no JSON, become null, and an integer that is too large for a
 * number becomes its digits.
 *
 * @returns undefined if it is none, is nested too deep, or has too many values. The text is measured before anything is parsed
 */
export function parseLooseJson(text: string | undefined): unknown {
  const strict = text === undefined ? undefined : toStrictJson(text)
  if (strict === undefined) return undefined
  try {
    return MANY_DIGITS.test(strict) ? JSON.parse(strict, preserveDigits) : JSON.parse(strict)
  } catch {
    return undefined
  }
}

/** @see https://tc39.es/proposal-json-parse-with-source/ */
function preserveDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const isLarge = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return isLarge && /^-?\d+$/.test(context?.source ?? '') ? context?.source : value
}

/** Replaces each number that is no JSON outside of strings, in one pass; undefined if a limit is exceeded. */
function toStrictJson(text: string): string | undefined {
  const parts: string[] = []
  let [open, values, start] = [0, 1, 0]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = findStringEnd(text, at)
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) open += 1
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) open -= 1
    else if (code === COMMA || code === COLON) values += 1
    else {
      const word = NO_NUMBERS.get(code)
      if (word === undefined || !text.startsWith(word, at)) continue
      parts.push(text.slice(start, at), 'null')
      start = at + word.length
      at = start - 1
    }
    if (open > JSON_LIMITS.depth || values > JSON_LIMITS.values) return undefined
  }
  return parts.length === 0 ? text : [...parts, text.slice(start)].join('')
}

/** Returns the position of the quotation mark that closes a string; the end of the text if none does. */
function findStringEnd(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}
