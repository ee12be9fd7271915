import cliProgress from 'cli-progress'

/** The progress of a command. */
export interface ProgressState {
  done: number
  total: number
  text: string
}

/** Display of a command's progress. */
export interface ProgressBar {
  update(progress: ProgressState): void
  /** Shows a message beside the progress. The same one again is not repeated. */
  writeLine(line: string): void
  stop(): void
}

export interface ProgressBarOptions {
  stream: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean }
  /** Text that a terminal shows before the first progress. */
  initialText?: string
  /** Precedes the bar. */
  name?: string
  /** The progress is of no use once it has ended: a terminal is cleared of it, and elsewhere only a long one is shown. */
  isTransient?: boolean
  now?: () => number
}

/** Time between the first lines where there is no terminal. Later ones follow ever more slowly. */
const FIRST_LINE_INTERVAL_MS = 2_000
const MAX_LINE_INTERVAL_MS = 60_000

/** Creates a progress bar on a terminal. Elsewhere each progress is a line of its own, and there are not many of them. */
export function createProgressBar(options: ProgressBarOptions): ProgressBar {
  return options.stream.isTTY ? createTerminalBar(options) : createLineOutput(options)
}

function createTerminalBar({
  stream,
  initialText = '',
  name = '',
  isTransient = false,
}: ProgressBarOptions): ProgressBar {
  const bar = new cliProgress.SingleBar({
    stream: stream as NodeJS.WriteStream,
    format: ` ${name}{bar} {percentage}%  {text}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    etaBuffer: 1,
    clearOnComplete: isTransient,
  })
  bar.start(1, 0, { text: initialText })
  return {
    update: ({ done, total, text }) => {
      bar.setTotal(Math.max(1, total))
      bar.update(total === 0 ? 1 : done, { text })
    },
    writeLine: line => bar.update({ text: line }),
    stop: () => bar.stop(),
  }
}

function createLineOutput({
  stream,
  isTransient = false,
  now = () => performance.now(),
}: ProgressBarOptions): ProgressBar {
  let [line, lastWritten, lastMessage] = ['', '', '']
  let interval = FIRST_LINE_INTERVAL_MS
  let nextAt = isTransient ? now() + interval : Number.NEGATIVE_INFINITY
  const write = () => {
    if (line !== lastWritten) stream.write(`${line}\n`)
    lastWritten = line
  }
  return {
    update: ({ done, total, text }) => {
      line = `${done}/${total}${text && ` ${text}`}`
      if (now() < nextAt) return
      write()
      nextAt = now() + interval
      interval = Math.min(interval * 1.5, MAX_LINE_INTERVAL_MS)
    },
    writeLine: text => {
      if (text !== lastMessage) stream.write(`${text}\n`)
      lastMessage = text
    },
    stop: () => {
      if (!isTransient) write()
    },
  }
}
