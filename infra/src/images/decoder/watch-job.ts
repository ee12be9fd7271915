import type { KillReason } from './decoder-error.ts'
import { readCpuMs, readResidentBytes } from './process-usage.ts'

export interface JobWatchOptions {
  pid: number
  /** Time for the job, in ms. */
  deadlineMs: number
  /** Memory of the process above which it is ended. */
  maxBytes: number
  /** Called once when the job has taken long. */
  onSlow: () => void
  /** Called once when the process has to be ended. */
  onExceeded: (reason: KillReason) => void
}

/** CPU time and time after which a job counts as slow, in ms: on a busy machine every job takes long. */
const SLOW = { cpuMs: 1_000, ms: 5_000 }
const CHECK_MS = 100
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
  const measure = () => {
    const cpu = readCpuMs(pid)
    const cpuMs = cpu === undefined || cpuAtStart === undefined ? undefined : cpu - cpuAtStart
    return { elapsedMs: performance.now() - startedAt, cpuMs }
  }
  const isOverdue = ({ elapsedMs, cpuMs = deadlineMs }: ReturnType<typeof measure>) =>
    elapsedMs >= deadlineMs && (cpuMs >= deadlineMs / 2 || elapsedMs >= deadlineMs * STARVED_FACTOR)
  const exceed = (reason: KillReason) => {
    clearInterval(timer)
    options.onExceeded(reason)
  }
  const check = () => {
    const used = measure()
    if (!isSlow && (used.elapsedMs >= SLOW.ms || (used.cpuMs ?? 0) >= SLOW.cpuMs)) {
      isSlow = true
      options.onSlow()
    }
    if ((readResidentBytes(pid) ?? 0) > maxBytes) exceed('memory')
    else if (isOverdue(used)) exceed('deadline')
  }
  const timer = setInterval(check, CHECK_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
