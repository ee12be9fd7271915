/** Where a launcher tells people how far it is. */
export interface Progress {
  /** One part; gives back how to say that it is ready. */
  part(name: string): Step
  line(text: string): void
}

export interface Step {
  ready(): void
  say(text: string): void
}

export interface ProgressOptions {
  write: (text: string) => void
  colour: boolean
  now?: () => number
}

const COLUMN = 14

/** Calm progress: a line when a part is ready, and one for whatever takes long enough to be explained. */
export function createProgress({ write, colour, now = () => performance.now() }: ProgressOptions): Progress {
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const line = (text: string) => write(`${text}\n`)
  return {
    line,
    part: name => {
      const began = now()
      const column = name.padEnd(COLUMN)
      return {
        ready: () =>
          line(`  ${column} ${paint(32, 'ready')}  ${paint(2, `${((now() - began) / 1_000).toFixed(1)} s`)}`),
        say: text => line(`  ${column} ${paint(2, text)}`),
      }
    },
  }
}
