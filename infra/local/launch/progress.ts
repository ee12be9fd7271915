/** Progress of a start, shown to users. */
export interface Progress {
  /** Starts the clock of one step. */
  startStep(name: string): ProgressStep
  line(text: string): void
}

export interface ProgressStep {
  markReady(): void
  report(text: string): void
}

export interface ProgressOptions {
  write: (text: string) => void
  color: boolean
  now?: () => number
}

const NAME_WIDTH = 14

/** Creates a progress that writes a line when a step is ready, and one for each action that takes long enough to be explained. */
export function createProgress({ write, color, now = () => performance.now() }: ProgressOptions): Progress {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  const writeLine = (text: string) => write(`${text}\n`)
  return {
    line: writeLine,
    startStep: name => {
      const startedAt = now()
      const column = name.padEnd(NAME_WIDTH)
      return {
        markReady: () =>
          writeLine(`  ${column} ${paint(32, 'ready')}  ${paint(2, `${((now() - startedAt) / 1_000).toFixed(1)} s`)}`),
        report: text => writeLine(`  ${column} ${paint(2, text)}`),
      }
    },
  }
}
