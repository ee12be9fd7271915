import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Where a process writes: to a file, which goes on working when the launcher is gone, or line by line to a listener. */
export type Output = { file: string } | { line: (text: string) => void }

const ROTATE_BYTES = 10 * 1024 * 1024
const KEPT_LINES = 20
const TAIL_BYTES = 16 * 1024

export function openOutput(output: Output) {
  return 'file' in output ? openFile(output.file) : openLines(output.line)
}

function openFile(file: string) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (existsSync(file) && statSync(file).size > ROTATE_BYTES) renameSync(file, `${file}.1`)
  const descriptor = openSync(file, 'a', 0o600)
  const start = fstatSync(descriptor).size
  return {
    stdio: descriptor,
    // The child has its own copy by now.
    follow: (_: Bun.Subprocess) => closeSync(descriptor),
    finished: async () => {},
    last: async () => {
      const written = Bun.file(file)
      return lastOf((await written.slice(Math.max(start, written.size - TAIL_BYTES)).text()).split('\n'))
    },
  }
}

function openLines(say: (text: string) => void) {
  const kept: string[] = []
  const reading: Promise<void>[] = []
  const keep = (line: string) => {
    kept.push(line)
    if (kept.length > KEPT_LINES) kept.shift()
    say(line)
  }
  return {
    stdio: 'pipe' as const,
    follow: (child: Bun.Subprocess) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream instanceof ReadableStream) reading.push(eachLine(stream, keep))
      }
    },
    finished: async () => {
      await Promise.all(reading)
    },
    last: async () => lastOf(kept),
  }
}

/** Hands on each line of a stream of bytes. */
export async function eachLine(stream: ReadableStream<Uint8Array>, say: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) say(line)
  }
  if (rest !== '') say(rest)
}

function lastOf(lines: string[]): string[] {
  return lines.filter(line => line.trim() !== '').slice(-KEPT_LINES)
}
