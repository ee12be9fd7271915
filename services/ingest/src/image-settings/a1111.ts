import { createMetadata, type ImageMetadata } from './metadata.ts'

/** Longest line of settings that is read, in characters, and most settings of it. */
const [MAX_LINE, MAX_PAIRS] = [20_000, 500]
const FIRST_NAME = 'Steps: '
const NEGATIVE = 'Negative prompt:'

/**
 * Reads the format of A1111 and its descendants: a prompt, a line `Negative prompt:` and a line of `Name: value` pairs. No step reads a
 * part of the text more often than a fixed number of times.
 */
export function readA1111({ parameters }: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const lines = parameters?.split('\n') ?? []
  const settingsIndex = lines.findLastIndex(isSettingsLine)
  if (settingsIndex < 0) return undefined
  const { Seed: seed, Model: model, Size: size = '', ...rest } = readPairs(lines[settingsIndex] ?? '')
  const [width, height] = size.split('x', 3)
  return createMetadata({
    source: 'A1111',
    ...splitPrompts(lines.slice(0, settingsIndex)),
    seed,
    model,
    width,
    height,
    rest,
  })
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
function readPairs(line: string): Record<string, string> {
  const pairs = splitPairs(line.slice(0, MAX_LINE)).slice(0, MAX_PAIRS)
  return Object.fromEntries(pairs.flatMap(readPair))
}

function readPair(pair: string): [string, string][] {
  const colon = pair.indexOf(':')
  const name = pair.slice(0, Math.max(0, colon)).trim()
  return /^[A-Za-z][\w .-]{0,99}$/.test(name) ? [[name, unquote(pair.slice(colon + 1).trim()).trim()]] : []
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/** Splits a line at its commas, except those in a value that begins with a quotation mark and ends with another. */
function splitPairs(line: string): string[] {
  const pairs: string[] = []
  let [start, isAtValue] = [0, false]
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at]
    if (character === ',') {
      pairs.push(line.slice(start, at))
      start = at + 1
    } else if (character === '"' && isAtValue) {
      at = findClosingQuote(line, at + 1)
    }
    isAtValue = character === ':' || (isAtValue && character === ' ')
  }
  return [...pairs, line.slice(start)]
}

/** Returns the position of the quotation mark that closes a value; that before the value if none does. */
function findClosingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '\\') at += 1
    else if (line[at] === '"') return at
  }
  return from - 1
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
