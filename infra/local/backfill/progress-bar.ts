import cliProgress from 'cli-progress'
import type { BackfillReport } from '../../src/database/backfill-report.ts'
import { computeProgress } from './format.ts'

/** Display of a run's progress. */
export interface ProgressBar {
  update(report: BackfillReport): void
  writeLine(line: string): void
  stop(): void
}

const LINE_INTERVAL_MS = 2_000

/** Creates a progress bar on a terminal, elsewhere a writer of at most one line every `LINE_INTERVAL_MS`. */
export function createProgressBar(stream: NodeJS.WriteStream): ProgressBar {
  return stream.isTTY ? createTerminalBar(stream) : createLineOutput(stream)
}

function createTerminalBar(stream: NodeJS.WriteStream): ProgressBar {
  const bar = new cliProgress.SingleBar({
    stream,
    format: ' {bar} {percentage}%  {text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    etaBuffer: 1,
  })
  bar.start(1, 0, { text: 'waiting for the studio' })
  return {
    update: report => {
      const { done, total, text } = computeProgress(report)
      bar.setTotal(Math.max(1, total))
      bar.update(total === 0 ? 1 : done, { text })
    },
    writeLine: line => bar.update({ text: line }),
    stop: () => bar.stop(),
  }
}

function createLineOutput(stream: NodeJS.WriteStream): ProgressBar {
  let [line, lastWritten, lastWrittenAt] = ['', '', 0]
  const write = () => {
    if (line !== lastWritten) stream.write(`${line}\n`)
    ;[lastWritten, lastWrittenAt] = [line, Date.now()]
  }
  return {
    update: report => {
      const { done, total, text } = computeProgress(report)
      line = `${done}/${total} ${text}`
      if (Date.now() - lastWrittenAt >= LINE_INTERVAL_MS) write()
    },
    writeLine: text => void stream.write(`${text}\n`),
    stop: write,
  }
}
