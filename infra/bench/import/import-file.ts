import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

/** Lines of the file, and which of them are bad: one in so many. */
export const [LINES, BAD_EVERY] = [100_000, 100]
export const MODEL = 'bench-import'

/** Kinds of bad lines, in turns. */
const BAD_LINES: readonly ((id: string) => string)[] = [
  id => JSON.stringify({ id, createdAt: 1_714_979_289_123_456 }),
  id => JSON.stringify({ id, parameters: { note: 'a\0b' } }),
  id => `{"id":"${id}"`,
  id => JSON.stringify({ id, outputs: [{ file: 'absent.png' }] }),
]

/** Returns whether a line of the file, from 1, is bad. */
export function isBad(line: number): boolean {
  return line % BAD_EVERY === BAD_EVERY / 2
}

/** Writes a file of generations with an output each, of which one in a hundred is bad. */
export async function writeImportFile(path: string): Promise<void> {
  await pipeline(createLines, createWriteStream(path))
}

function* createLines(): Generator<string> {
  for (let line = 1; line <= LINES; line += 1) {
    const id = `bench-${line}`
    yield `${isBad(line) ? BAD_LINES[Math.floor(line / BAD_EVERY) % BAD_LINES.length]?.(id) : createLine(id, line)}\n`
  }
}

function createLine(id: string, line: number): string {
  return JSON.stringify({
    id,
    prompt: `a red fox in fresh snow, number ${line}, low cloud, morning light, film grain`,
    model: MODEL,
    seed: line,
    createdAt: new Date(Date.UTC(2024, 0) + line * 1_000).toISOString(),
    outputs: [{ url: `https://example.com/${line}.png`, width: 1_024, height: 1_024 }],
    parameters: { aspectRatio: '1:1', steps: 20, cfgScale: 7 },
  })
}
