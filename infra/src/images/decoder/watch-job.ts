import type { KillReason } from './decoder-error.ts'
import { lowerPriority, readCpuMs, readResidentBytes } from './process-usage.ts'

export interface JobWatchOptions {
  pid: number
  /** Time for the job, in ms. */
  deadlineMs: number
  /** Memory of the process above which it is ended. */
  maxBytes: number
  /** Called once when the job has taken long. Its process yields to others from then on. */
  onSlow: () => void
  /** Called once when the process has to be ended. */
  onExceeded: (reason: KillReason) => void
}

/** Time after which a job counts as slow, in ms. */
const SLOW_MS = 1_500
const CHECK_MS = 100
const SLOW_NICENESS = 10
/** Deadlines that a job has while it has used less than half of one in CPU time, because others use the CPU. */
const STARVED_FACTOR = 3

/**
 * Watches the process of a running job. What counts for its deadline is time; a process that a busy machine has given little CPU time
 * has longer.
 *
 * @returns what ends the watch
 */
export function watchJob(options: JobWatchOptions): Disposable {
  const { pid, deadlineMs, maxBytes } = options
  const startedAt = performance.now()
  const cpuAtStart = readCpuMs(pid)
  let isSlow = false
  const isOverdue = () => {
    const elapsed = performance.now() - startedAt
    if (elapsed < deadlineMs) return false
    const cpu = readCpuMs(pid)
    const isStarved = cpu !== undefined && cpuAtStart !== undefined && cpu - cpuAtStart < deadlineMs / 2
    return !isStarved || elapsed >= deadlineMs * STARVED_FACTOR
  }
  const exceed = (reason: KillReason) => {
    clearInterval(timer)
    options.onExceeded(reason)
  }
  const check = () => {
    if (!isSlow && performance.now() - startedAt >= SLOW_MS) {
      isSlow = true
      lowerPriority(pid, SLOW_NICENESS)
      options.onSlow()
    }
    if ((readResidentBytes(pid) ?? 0) > maxBytes) exceed('memory')
    else if (isOverdue()) exceed('deadline')
  }
  const timer = setInterval(check, CHECK_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
