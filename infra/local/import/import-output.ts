import type { ImportMessage } from '@darkroom/contracts/history/import-report'
import { formatProgress } from './format-report.ts'

type ProgressMessage = Extract<ImportMessage, { type: 'progress' }>

/** Time between two lines of progress where there is no terminal. */
const LINE_INTERVAL_MS = 10_000
const DEFAULT_COLUMNS = 80
const CLEAR_LINE = '\r\u001b[2K'

/** Writes the failures of an import as lines, and its progress as the last line of a terminal, else as a line now and then. */
export function createImportOutput(
  stream: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean; columns?: number },
  now: () => number = () => performance.now(),
) {
  const startedAt = now()
  let [writtenAt, bar] = [startedAt, '']
  const writeLine = (line: string) => stream.write(stream.isTTY ? `${CLEAR_LINE}${line}\n${bar}` : `${line}\n`)
  const writeProgress = (progress: ProgressMessage) => {
    const text = formatProgress(progress, now() - startedAt)
    if (stream.isTTY) {
      // A line that is broken in two would not be cleared.
      bar = text.slice(0, (stream.columns ?? DEFAULT_COLUMNS) - 1)
      stream.write(`${CLEAR_LINE}${bar}`)
    } else if (now() - writtenAt >= LINE_INTERVAL_MS) {
      writtenAt = now()
      writeLine(text)
    }
  }
  return {
    write: (message: Exclude<ImportMessage, { type: 'report' }>) => {
      if (message.type === 'progress') writeProgress(message)
      else if (message.type === 'failure') writeLine(`${message.failure.name}: ${message.failure.reason}`)
      else writeLine(`The import broke off: ${message.reason}. What was imported stays. Run it again.`)
    },
    /** Leaves the terminal without the progress. */
    end: () => {
      if (bar) stream.write(CLEAR_LINE)
    },
  }
}
