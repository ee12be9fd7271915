import { createMetadata, type ImageMetadata } from './metadata.ts'

/** Longest line of settings that is read. */
const MAX_LINE = 20_000

/** Reads the format of A1111 and its descendants: a prompt, a line `Negative prompt:` and a line of `Name: value` pairs. */
export function readA1111({ parameters }: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const lines = parameters?.split('\n') ?? []
  const settingsIndex = lines.findLastIndex(line => /^Steps: \d+/.test(line.trim()))
  if (settingsIndex < 0) return undefined
  const pairs = Object.fromEntries(readPairs((lines[settingsIndex] ?? '').slice(0, MAX_LINE)))
  const text = lines.slice(0, settingsIndex).join('\n')
  const [prompt = '', negative] = text.split(/^Negative prompt: ?/m)
  const { Seed: seed, Model: model, Size: size = '', ...rest } = pairs
  const [width, height] = size.split('x')
  return createMetadata({ source: 'A1111', prompt, negative, seed, model, width, height, rest })
}

/** Reads `Name: value, Name: "quoted, value"` in one pass. */
function readPairs(line: string): [string, string][] {
  return splitPairs(line).flatMap(pair => {
    const colon = pair.indexOf(':')
    const name = pair.slice(0, Math.max(0, colon)).trim()
    const value = pair.slice(colon + 1).trim()
    return /^[A-Za-z][\w .-]*$/.test(name) ? [[name, value.replace(/^"(.*)"$/, '$1').trim()] as [string, string]] : []
  })
}

/** Splits a line at its commas, except those in a value that begins with a quotation mark and ends with another. */
function splitPairs(line: string): string[] {
  const pairs: string[] = []
  let [start, at] = [0, 0]
  while (at < line.length) {
    if (line[at] === ',') {
      pairs.push(line.slice(start, at))
      start = at + 1
    } else if (line[at] === '"' && line.slice(start, at).trimEnd().endsWith(':')) {
      at = findClosingQuote(line, at + 1)
    }
    at += 1
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
