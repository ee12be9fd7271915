import { closeSync } from 'node:fs'
import { forEachLine } from './line-splitter.ts'
import { openLogFile } from './log-file.ts'

/** Target of a process' output: a file, which still works when the launcher is gone, or a listener for each line. */
export type ProcessOutput = { file: string } | { onLine: (text: string) => void }

const TAIL_LINES = 20
const TAIL_BYTES = 16 * 1024

export function openProcessOutput(output: ProcessOutput) {
  return 'file' in output ? openFileOutput(output.file) : openLineOutput(output.onLine)
}

function openFileOutput(file: string) {
  const log = openLogFile(file)
  return {
    stdio: log.descriptor,
    // The child has its own copy of the descriptor.
    attach: (_: Bun.Subprocess) => closeSync(log.descriptor),
    discard: () => {
      closeSync(log.descriptor)
      log.unwatch()
    },
    waitUntilRead: async () => log.unwatch(),
    readLastLines: async () => takeLastLines((await log.readTail(TAIL_BYTES)).split('\n')),
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
    discard: () => {},
    waitUntilRead: async () => {
      await Promise.all(readers)
    },
    readLastLines: async () => takeLastLines(tail),
  }
}

function takeLastLines(lines: string[]): string[] {
  return lines.filter(line => line.trim() !== '').slice(-TAIL_LINES)
}
