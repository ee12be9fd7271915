/** Limits on JSON that other programs wrote: a workflow of thousands of nodes stays far below. */
const JSON_LIMITS = { depth: 100, values: 500_000 }

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_ARRAY, OPEN_OBJECT, CLOSE_ARRAY, CLOSE_OBJECT] = [0x5b, 0x7b, 0x5d, 0x7d]
const [COMMA, COLON, UPPER_N] = [0x2c, 0x3a, 0x4e]
const NAN = 'NaN'

/**
 * Parses JSON as other programs write it. ComfyUI writes `NaN` for inputs that have not changed, which is no JSON and becomes null.
 *
 * @returns undefined if it is none, is nested too deep, or has too many values. The text is measured before anything is parsed
 */
export function parseLooseJson(text: string | undefined): unknown {
  const strict = text === undefined ? undefined : toStrictJson(text)
  if (strict === undefined) return undefined
  try {
    return JSON.parse(strict)
  } catch {
    return undefined
  }
}

/** Replaces each `NaN` outside of strings, in one pass; undefined if a limit is exceeded. */
function toStrictJson(text: string): string | undefined {
  const parts: string[] = []
  let [open, values, start] = [0, 1, 0]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = findStringEnd(text, at)
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) open += 1
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) open -= 1
    else if (code === COMMA || code === COLON) values += 1
    else if (code === UPPER_N && text.startsWith(NAN, at)) {
      parts.push(text.slice(start, at), 'null')
      start = at + NAN.length
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
