import { createMetadata, type ImageMetadata } from '../metadata.ts'

/** Longest settings that are read, in characters, and most of them. */
const [MAX_SETTINGS_TEXT, MAX_PAIRS] = [20_000, 500]
const FIRST_NAME = 'Steps: '
/** Names of which a line of settings without steps has two: upscalers and some descendants write none. */
const OTHER_NAMES = ['Sampler: ', 'CFG scale: ', 'Seed: ', 'Size: ', 'Model: ']
const MIN_OTHER_NAMES = 3
const NEGATIVE = 'Negative prompt:'
const [OPENING, CLOSING] = ['[{', ']}']

/**
 * Reads the format of A1111 and its descendants: a prompt, a line `Negative prompt:` and a line of `Name: value` pairs. No step reads a
 * part of the text more often than a fixed number of times.
 *
 * @see https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/master/modules/infotext_utils.py
 */
export function readA1111({ parameters }: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const lines = parameters?.replaceAll('\r\n', '\n').split('\n') ?? []
  const settingsIndex = findSettings(lines)
  if (settingsIndex < 0) return undefined
  const pairs = readPairs(lines.slice(settingsIndex).join('\n'))
  const { Seed: seed, Model: model, Size: size = '', 'Base Model': baseModel, ...rest } = pairs
  const [width, height] = size.split('x', 3)
  return createMetadata({
    source: 'A1111',
    ...splitPrompts(lines.slice(0, settingsIndex)),
    seed,
    model: model ?? baseModel,
    width,
    height,
    rest,
  })
}

/** Returns the index of the last line that begins like settings; else that of the last line, if it looks like them; else -1. */
function findSettings(lines: readonly string[]): number {
  const index = lines.findLastIndex(isSettingsLine)
  if (index >= 0) return index
  const lastIndex = lines.findLastIndex(line => line.trim() !== '')
  const last = lines[lastIndex]?.slice(0, MAX_SETTINGS_TEXT) ?? ''
  return OTHER_NAMES.filter(name => last.includes(name)).length >= MIN_OTHER_NAMES ? lastIndex : -1
}

function isSettingsLine(line: string): boolean {
  const start = line.trimStart()
  return start.startsWith(FIRST_NAME) && isDigit(start.charCodeAt(FIRST_NAME.length))
}

/** Splits the lines before the settings at the last that begins a negative prompt: a prompt may speak of one. */
function splitPrompts(lines: readonly string[]): { prompt: string; negative: string | undefined } {
  const start = lines.findLastIndex(line => line.startsWith(NEGATIVE))
  if (start < 0) return { prompt: lines.join('\n'), negative: undefined }
  return { prompt: lines.slice(0, start).join('\n'), negative: lines.slice(start).join('\n').slice(NEGATIVE.length) }
}

/** Reads `Name: value, Name: "quoted, value"`. */
function readPairs(text: string): Record<string, string> {
  const pairs = splitPairs(text.slice(0, MAX_SETTINGS_TEXT)).slice(0, MAX_PAIRS)
  return Object.fromEntries(pairs.flatMap(readPair))
}

function readPair(pair: string): [string, string][] {
  const colon = pair.indexOf(':')
  const name = pair.slice(0, Math.max(0, colon)).trim()
  return /^[A-Za-z][\w .-]{0,99}$/.test(name) ? [[name, unquote(pair.slice(colon + 1).trim()).trim()]] : []
}

/** Returns a value without its quotation marks. It is written as JSON, but may have line breaks. */
function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value
  try {
    return String(JSON.parse(value.replaceAll('\n', '\\n')))
  } catch {
    return value.slice(1, -1)
  }
}

/**
 * Splits settings at their commas, and at line breaks before a further `Name:`, except those in a value that begins with a quotation
 * mark or a bracket and ends with another.
 */
function splitPairs(text: string): string[] {
  const pairs: string[] = []
  let [start, isAtValue, hasOpenBracket] = [0, false, false]
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === ',' || (character === '\n' && isNameAt(text, at + 1))) {
      pairs.push(text.slice(start, at))
      start = at + 1
    } else if (isAtValue && character === '"') {
      at = findClosingQuote(text, at + 1)
    } else if (isAtValue && OPENING.includes(character) && !hasOpenBracket) {
      const end = findClosingBracket(text, at)
      // One that is never closed would be looked for again from each further one.
      hasOpenBracket = end === at
      at = end
    }
    isAtValue = character === ':' || (isAtValue && character === ' ')
  }
  return [...pairs, text.slice(start)]
}

/** Returns whether a name and a colon begin at a position. */
function isNameAt(text: string, at: number): boolean {
  return /^[A-Z][\w ]{0,40}: /.test(text.slice(at, at + 44))
}

/** Returns the position of the quotation mark that closes a value; that before the value if none does. */
function findClosingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at
  }
  return from - 1
}

/** Returns the position of the bracket that closes a value of JSON; that of the opening one if none does. */
function findClosingBracket(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === '"') {
      const end = findClosingQuote(text, at + 1)
      if (end === at) return from
      at = end
    } else if (OPENING.includes(character)) depth += 1
    else if (CLOSING.includes(character)) depth -= 1
    if (depth === 0) return at
  }
  return from
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
