import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Target of a process' output: a file, which still works when the launcher is gone, or a listener for each line. */
export type ProcessOutput = { file: string } | { onLine: (text: string) => void }

const ROTATE_BYTES = 10 * 1024 * 1024
const TAIL_LINES = 20
const TAIL_BYTES = 16 * 1024

export function openProcessOutput(output: ProcessOutput) {
  return 'file' in output ? openFileOutput(output.file) : openLineOutput(output.onLine)
}

function openFileOutput(file: string) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (existsSync(file) && statSync(file).size > ROTATE_BYTES) renameSync(file, `${file}.1`)
  const descriptor = openSync(file, 'a', 0o600)
  const start = fstatSync(descriptor).size
  return {
    stdio: descriptor,
    // The child has its own copy of the descriptor.
    attach: (_: Bun.Subprocess) => closeSync(descriptor),
    waitUntilRead: async () => {},
    readLastLines: async () => {
      const written = Bun.file(file)
      return takeLastLines((await written.slice(Math.max(start, written.size - TAIL_BYTES)).text()).split('\n'))
    },
  }
}

function openLineOutput(onLine: (text: string) => void) {
  const tail: string[] = []
  const readers: Promise<void>[] = []
  const addLine = (line: string) => {
    tail.push(line)
    if (tail.length > TAIL_LINES) tail.shift()
    onLine(line)
  }
  return {
    stdio: 'pipe' as const,
    attach: (child: Bun.Subprocess) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream instanceof ReadableStream) readers.push(forEachLine(stream, addLine))
      }
    },
    waitUntilRead: async () => {
      await Promise.all(readers)
    },
    readLastLines: async () => takeLastLines(tail),
  }
}

/** Calls `onLine` for each line of a stream of bytes. */
export async function forEachLine(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
  if (rest !== '') onLine(rest)
}

function takeLastLines(lines: string[]): string[] {
  return lines.filter(line => line.trim() !== '').slice(-TAIL_LINES)
}
