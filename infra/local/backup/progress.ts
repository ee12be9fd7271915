import cliProgress from 'cli-progress'
import { formatBytes } from '../backfill/format.ts'

/** Progress of a backup or a restore, on standard error. */
export interface BackupProgress {
  startStep(name: string, total: number, unit: string): ProgressStep
  line(text: string): void
}

export interface ProgressStep {
  advance(count: number, bytes: number): void
  /** Ends the step with a line about what was done. */
  end(summary: string): void
}

interface Rate {
  done: number
  bytes: number
  seconds: number
}

const BAR_INTERVAL_MS = 100
const NAME_WIDTH = 10

/** Creates a progress with a bar on a terminal, and a line a step elsewhere. */
export function createBackupProgress(stream: NodeJS.WriteStream): BackupProgress {
  const writeLine = (text: string) => void stream.write(`${text}\n`)
  return {
    line: writeLine,
    startStep: (name, total, unit) => {
      const startedAt = performance.now()
      const rate: Rate = { done: 0, bytes: 0, seconds: 0 }
      const bar = stream.isTTY ? createBar(stream, name, total) : undefined
      let drawnAt = 0
      return {
        advance: (count, bytes) => {
          rate.done += count
          rate.bytes += bytes
          const now = performance.now()
          if (!bar || now - drawnAt < BAR_INTERVAL_MS) return
          drawnAt = now
          bar.update(rate.done, { text: formatRate({ ...rate, seconds: (now - startedAt) / 1_000 }, unit) })
        },
        end: summary => {
          bar?.stop()
          const seconds = (performance.now() - startedAt) / 1_000
          const speed = rate.bytes > 0 ? `, ${formatBytes(rate.bytes)} (${formatBytes(rate.bytes / seconds)}/s)` : ''
          writeLine(`${name.padEnd(NAME_WIDTH)} ${summary}${speed}, ${seconds.toFixed(1)} s`)
        },
      }
    },
  }
}

function createBar(stream: NodeJS.WriteStream, name: string, total: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar({
    stream,
    format: ` ${name.padEnd(NAME_WIDTH)} {bar} {percentage}%  {text}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
  })
  bar.start(Math.max(1, total), 0, { text: '' })
  return bar
}

function formatRate({ done, bytes, seconds }: Rate, unit: string): string {
  const perSecond = seconds > 0 ? done / seconds : 0
  const speed = seconds > 0 ? `${formatBytes(bytes / seconds)}/s` : ''
  return `${done} ${unit}, ${perSecond.toFixed(0)} ${unit}/s, ${formatBytes(bytes)}, ${speed}`
}
