import { formatBytes } from '../backfill/format.ts'
import { createProgressBar } from '../process/progress-bar.ts'

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

/** Creates a progress with a bar on a terminal; elsewhere with a line a step, and some more in a step that takes long. */
export function createBackupProgress(stream: NodeJS.WriteStream): BackupProgress {
  const writeLine = (text: string) => void stream.write(`${text}\n`)
  return {
    line: writeLine,
    startStep: (name, total, unit) => {
      const startedAt = performance.now()
      const rate: Rate = { done: 0, bytes: 0, seconds: 0 }
      const bar = createProgressBar({ stream, name: `${name.padEnd(NAME_WIDTH)} `, isTransient: true })
      let drawnAt = 0
      return {
        advance: (count, bytes) => {
          rate.done += count
          rate.bytes += bytes
          const now = performance.now()
          if (now - drawnAt < BAR_INTERVAL_MS) return
          drawnAt = now
          bar.update({
            done: rate.done,
            total,
            text: formatRate({ ...rate, seconds: (now - startedAt) / 1_000 }, unit),
          })
        },
        end: summary => {
          bar.stop()
          const seconds = (performance.now() - startedAt) / 1_000
          const speed = rate.bytes > 0 ? `, ${formatBytes(rate.bytes)} (${formatBytes(rate.bytes / seconds)}/s)` : ''
          writeLine(`${name.padEnd(NAME_WIDTH)} ${summary}${speed}, ${seconds.toFixed(1)} s`)
        },
      }
    },
  }
}

function formatRate({ done, bytes, seconds }: Rate, unit: string): string {
  const perSecond = seconds > 0 ? done / seconds : 0
  const speed = seconds > 0 ? `${formatBytes(bytes / seconds)}/s` : ''
  return `${done} ${unit}, ${perSecond.toFixed(0)} ${unit}/s, ${formatBytes(bytes)}, ${speed}`
}
